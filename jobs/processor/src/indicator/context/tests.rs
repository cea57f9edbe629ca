use contract::Tz;
use contract::number::Degrees;
use serde_json::{Value, json};

use super::*;
use crate::city::City;
use crate::context::DayContext;
use crate::document::{FileSource as _, RawSource as _, RoadNetworkSource};
use crate::geo::parse_shape;
use crate::raw_file::RawFile;

/// One metre of the meridian, degrees.
const METRE: f64 = 180.0 / (std::f64::consts::PI * 6_371_000.0);

/// A network of straight lines to the east, each so many metres north of 48.801°.
fn network(arcs: &[(&str, f64)]) -> Network {
    let rows: Vec<String> = arcs
        .iter()
        .map(|(id, metres)| {
            let lat = 48.801 + metres * METRE;
            format!(r#"{id};A;1;2;"{{""type"":""LineString"",""coordinates"":[[2.3,{lat}],[2.301,{lat}]]}}""#)
        })
        .collect();
    let text = format!("iu_ac;libelle;iu_nd_amont;iu_nd_aval;geo_shape\n{}\n", rows.join("\n"));
    let (city, parameters) = (City::paris(), Parameters::default());
    let day = day();
    let context = DayContext {
        day,
        day_type: DayType::Workday,
        city: &city,
        zones: None,
        service_lines: &[],
        parameters: &parameters,
    };
    let file = RawFile { key: "batch/referentiel-1.csv".to_owned(), bytes: text.into(), collected: None };
    RoadNetworkSource::draft(&[std::sync::Arc::new(RoadNetworkSource::parse(&file, &city))], &context).1
}

fn day() -> ServiceDay {
    ServiceDay::new("2025-11-03".parse().unwrap(), Tz::PARIS)
}

/// A square from 48.800° to 48.801°.
fn square(id: &str) -> WorksiteShape {
    let text = r#"{"type":"Polygon","coordinates":[[[2.3,48.8],[2.301,48.8],[2.301,48.801],[2.3,48.801],[2.3,48.8]]]}"#;
    WorksiteShape { id: id.to_owned(), shape: parse_shape(text).unwrap().unwrap() }
}

fn roads(arcs: &[(&str, f64)]) -> RoadFigures {
    let arc = |(id, total): &(&str, f64)| {
        json!({
            "date": "2025-11-03", "identifiant_arc": id, "debit_journalier_total": total, "etat_trafic_dominant": "Fluide",
            "etat_arc": "Ouvert", "heures_mesurees": 24, "debit_par_heure": [], "taux_par_heure": [], "part_observee": 100,
            "congestion_alerte": false, "ecart_jour_type_pourcent": null
        })
    };
    read(json!({
        "capteurs_defaillants": [], "metrics": arcs.iter().map(arc).collect::<Value>(), "top_10_troncons": [],
        "top_10_zones_congestionnees": [], "top_zones_affluence": [], "zones": [], "alertes_congestion": [], "evolution": {},
        "global_metrics": {
            "date": "2025-11-03", "total_vehicules_jour": 1200.0, "nombre_troncons": 2, "nombre_troncons_actifs": 2,
            "nombre_troncons_satures": 1, "nombre_troncons_en_alerte": 0, "nombre_troncons_muets": 0, "debit_par_heure": [],
            "repartition_etat_trafic": {}, "repartition_etat_arc": {}
        }
    }))
}

fn worksites() -> Worksites {
    read(json!({
        "chantiers_actifs": [], "total_chantiers_actifs": 5, "by_arrondissement": [], "by_impact": {}, "zones_critiques": [],
        "surface_totale_impactee_m2": 0, "nouveaux": ["1", "2"], "se_terminent": [], "longs": []
    }))
}

fn read<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

#[test]
fn arcs_near_a_worksite_sort_by_distance_then_id() {
    let network = network(&[("20", 10.0), ("9", 10.0), ("3", 49.5), ("4", 51.0), ("5", -20.0)]);
    let roads = roads(&[("9", 500.0)]);
    let near = worksite_arcs(&[square("w")], &network, Some(&roads), &Parameters::default()).unwrap();
    let found: Vec<(&str, f64)> =
        near[0].arcs.iter().map(|arc| (arc.arc_id.as_str(), arc.distance_m.rounded())).collect();
    assert_eq!(found, [("5", 0.0), ("9", 10.0), ("20", 10.0), ("3", 49.5)]);
    let totals: Vec<Option<f64>> = near[0].arcs.iter().map(|arc| arc.total_daily_flow.map(Fixed::get)).collect();
    assert_eq!(totals, [None, Some(500.0), None, None]);
}

#[test]
fn distance_of_an_arc_is_that_of_its_nearest_piece() {
    let network = network(&[("1", 40.0), ("1", 15.0), ("1", 30.0)]);
    let near = worksite_arcs(&[square("w")], &network, None, &Parameters::default()).unwrap();
    assert_eq!(near[0].arcs.len(), 1);
    assert!((near[0].arcs[0].distance_m.rounded() - 15.0).abs() < f64::EPSILON);
}

#[test]
fn an_arc_that_only_the_counts_have_is_found_by_its_trace() {
    let mut roads = roads(&[("1", 10.0), ("2", 20.0)]);
    let lat = 48.801 + 30.0 * METRE;
    let trace = vec![[Degrees::of(2.3), Degrees::of(lat)], [Degrees::of(2.301), Degrees::of(lat)]];
    for arc in &mut roads.metrics {
        arc.trace = Some(trace.clone());
    }
    let near = worksite_arcs(&[square("w")], &network(&[("1", 5.0)]), Some(&roads), &Parameters::default()).unwrap();
    let found: Vec<(&str, f64)> =
        near[0].arcs.iter().map(|arc| (arc.arc_id.as_str(), arc.distance_m.rounded())).collect();
    assert_eq!(found, [("1", 5.0), ("2", 30.0)], "the network comes first");
    let alone = worksite_arcs(&[square("w")], &Network::default(), Some(&roads), &Parameters::default()).unwrap();
    assert_eq!(alone[0].arcs.len(), 2);
}

#[test]
fn a_worksite_far_from_every_arc_is_listed_with_none() {
    let near = worksite_arcs(&[square("w")], &network(&[("1", 500.0)]), None, &Parameters::default()).unwrap();
    assert_eq!((near[0].id.as_str(), near[0].arcs.len()), ("w", 0));
    assert_eq!(worksite_arcs(&[square("w")], &Network::default(), None, &Parameters::default()), None);
}

#[test]
fn facts_with_a_value_sort_by_key() {
    let (roads, worksites) = (roads(&[]), worksites());
    let facts = facts(Documents { comptages: Some(&roads), chantiers: Some(&worksites), ..Documents::default() });
    let found: Vec<(&str, f64)> = facts.iter().map(|fact| (fact.key.as_str(), fact.value.get())).collect();
    assert_eq!(
        found,
        [
            ("chantiers.nouveaux", 2.0),
            ("chantiers.se_terminent", 0.0),
            ("chantiers.total_chantiers_actifs", 5.0),
            ("chantiers.zones_critiques", 0.0),
            ("comptages.capteurs_defaillants", 0.0),
            ("comptages.nombre_troncons_en_alerte", 0.0),
            ("comptages.nombre_troncons_satures", 1.0),
            ("comptages.total_vehicules_jour", 1200.0),
        ]
    );
    assert!(facts.iter().all(|fact| fact.reference.is_none() && fact.deviation.is_none() && fact.z.is_none()));
}

#[test]
fn facts_cover_bikes_transit_and_weather() {
    let bikes: BikeCounts = read(json!({
        "metrics": [], "failing_sensors": ["a"], "capteurs_defaillants": [], "top_counters": [], "by_arrondissement": [], "evolution": {},
        "global_metrics": {"date": "2025-11-03", "total_jour": 321, "nombre_compteurs": 2, "compteurs_actifs": 1, "debit_par_heure": []}
    }));
    let traffic: Disruptions = read(json!({
        "disruptions": [], "total_disruptions_count": 9, "active_disruptions_count": 4, "disruptions_by_severity": {},
        "disruptions_by_mode": {}, "top_lignes_impactees": [], "heures_ligne_perturbees": {}, "reliability_index": 98.7, "alerts": [],
        "debut_par_heure": []
    }));
    let weather: Weather = read(json!({
        "metrics": {"date": "2025-11-03", "temp_moyenne": 11.6, "precip_totale": 0}, "categories": [], "impact_mobilite": 50,
        "indice_cyclable": 90, "observation": true
    }));
    let facts = facts(Documents {
        bikes: Some(&bikes),
        traffic: Some(&traffic),
        weather: Some(&weather),
        ..Documents::default()
    });
    let found: Vec<(&str, f64, Source)> =
        facts.iter().map(|fact| (fact.key.as_str(), fact.value.get(), fact.source)).collect();
    assert_eq!(
        found,
        [
            ("bikes.failing_sensors", 1.0, Source::BikeCounts),
            ("bikes.total_jour", 321.0, Source::BikeCounts),
            ("traffic.active_disruptions_count", 4.0, Source::Disruptions),
            ("traffic.alerts", 0.0, Source::Disruptions),
            ("traffic.reliability_index", 98.7, Source::Disruptions),
            ("weather.precip_totale", 0.0, Source::Weather),
            ("weather.temp_moyenne", 11.6, Source::Weather),
        ]
    );
}

#[test]
fn most_unusual_fact_comes_first_regardless_of_sign() {
    let fact = |key: &str, z: Option<f64>| Fact {
        key: key.to_owned(),
        value: Fixed2::of(1.0),
        reference: None,
        deviation: None,
        z: z.map(Fixed2::of),
        source: Source::BikeCounts,
    };
    let mut facts =
        [fact("b", None), fact("c", Some(1.0)), fact("e", Some(0.0)), fact("a", None), fact("d", Some(-2.5))];
    facts.sort_by(most_unusual_first);
    assert_eq!(facts.map(|fact| fact.key), ["d", "c", "e", "a", "b"]);
}

#[test]
fn day_facts_have_weekday_and_hour_count() {
    let facts = |date: &str| {
        day_facts(
            ServiceDay::new(date.parse().unwrap(), Tz::PARIS),
            DayType::SundayOrHoliday,
            Some("Fête".to_owned()),
            None,
        )
    };
    assert_eq!((facts("2025-10-26").weekday.as_str(), facts("2025-10-26").hours), ("dimanche", 25));
    assert_eq!((facts("2025-03-30").hours, facts("2025-11-03").hours), (23, 24));
    assert_eq!(facts("2025-11-03").weekday, "lundi");
}

#[test]
fn every_null_has_its_reason() {
    let that_day = || day_facts(day(), DayType::Workday, None, None);
    let (parameters, network) = (Parameters::default(), network(&[("1", 0.0)]));
    let why = |worksites: Option<&[WorksiteShape]>, network: &Network| {
        let (body, reasons) = measure(that_day(), Documents::default(), worksites, network, &parameters);
        assert_eq!(body.correlations, None);
        assert_eq!(reasons.get("correlations").map(String::as_str), Some("historique_absent"));
        (body.worksite_arcs.map(|list| list.len()), reasons.get("chantiers_troncons").cloned())
    };
    assert_eq!(why(Some(&[square("w")]), &network), (Some(1), None));
    assert_eq!(why(Some(&[]), &network), (Some(0), None));
    assert_eq!(why(None, &network), (None, Some("chantiers_absents".to_owned())));
    assert_eq!(why(Some(&[square("w")]), &Network::default()), (None, Some("troncons_absents".to_owned())));
}
