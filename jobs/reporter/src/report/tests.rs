use contract::document::manifest::EntryStatus;
use contract::document::road_counts::{AlertSeverity, TopArc};
use contract::number::Fixed2;
use serde_json::Value;

use super::*;
use crate::sample::SampleDay;

fn as_previous_edition(report: &DailyReport) -> PreviousEdition {
    serde_json::from_slice(&crate::render::json::render(report).unwrap()).unwrap()
}

#[test]
fn full_day_fills_every_section() {
    let report = SampleDay::full().report();
    let json = serde_json::to_value(&report).unwrap();
    let nulls: Vec<_> =
        json.as_object().unwrap().iter().filter(|(_, value)| value.is_null()).map(|(key, _)| key).collect();
    assert!(nulls.is_empty(), "{nulls:?}");
    assert_eq!(json["summary"]["total_vehicules_paris"], 1_234_567);
    assert_eq!(json["summary"]["total_velos_paris"], 98_765);
    for [key, earlier] in [["total_vehicules", "total_vehicules_paris"], ["total_velos", "total_velos_paris"]] {
        assert_eq!(json["summary"][key], json["summary"][earlier]);
    }
    assert_eq!((&json["ville"], &json["timezone"]), (&"Paris".into(), &"Europe/Paris".into()));
    assert_eq!(json["summary"]["faits_marquants"].as_array().unwrap().len(), 3);
    assert_eq!(json["evolution_vs_semaine_precedente"]["comptages"]["total_vehicules"]["ecart_pourcent"], 20);
    assert_eq!(json["evolution_vs_semaine_precedente"]["bikes"], Value::Null);
    assert_eq!(json["qualite"]["comptages"]["rejets"], serde_json::json!({ "date_illisible": 3, "debit_negatif": 4 }));
    assert!(json["qualite"].get("contexte").is_none());
    let kinds: Vec<_> =
        report.sensor_failures.unwrap().into_iter().map(|sensor| (sensor.kind, sensor.reason)).collect();
    assert_eq!(kinds, [(SensorType::Road, "silencieux".to_owned()), (SensorType::Bike, "fige".to_owned())]);
}

#[test]
fn missing_source_is_null_with_its_reason_and_never_zero() {
    let sections = |report: &DailyReport| serde_json::to_value(report).unwrap();
    let roads = sections(&SampleDay::full().without(Source::RoadCounts, "aucune_ligne_du_jour").report());
    for key in ["top_10_troncons_frequentes", "top_10_zones_congestionnees", "alertes_congestion"] {
        assert_eq!(roads[key], Value::Null, "{key}");
    }
    for key in ["total_vehicules_paris", "vehicules_km", "nombre_troncons_satures", "taux_disponibilite_capteurs"] {
        assert_eq!(roads["summary"][key], Value::Null, "{key}");
    }
    assert_eq!(roads["sources"]["comptages"]["statut"], "absent");
    assert_eq!(roads["sources"]["comptages"]["raison"], "aucune_ligne_du_jour");
    assert_eq!(roads["capteurs_defaillants"].as_array().unwrap().len(), 1);
    assert_eq!(roads["summary"]["faits_marquants"].as_array().unwrap().len(), 2);

    let both =
        SampleDay::full().without(Source::RoadCounts, "x").failing(Source::BikeCounts, "fichier_illisible").report();
    assert_eq!(both.sensor_failures, None);
    assert_eq!(both.sources[&Source::BikeCounts].status, EntryStatus::Error);
    for (source, key) in [
        (Source::Disruptions, "perturbations"),
        (Source::Weather, "meteo_impact"),
        (Source::Worksites, "chantiers_actifs"),
    ] {
        let report = sections(&SampleDay::full().without(source, "x").report());
        assert_eq!(report[key], Value::Null, "{key}");
    }
    let context = SampleDay::full().without(Source::Context, "x").report();
    assert_eq!((context.correlations, context.summary.highlights.len()), (None, 0));
}

#[test]
fn retained_document_is_used_and_its_reason_is_kept() {
    let report = SampleDay::full().retaining(Source::Weather, "fichier_illisible").report();
    assert!(report.weather_impact.is_some());
    assert_eq!(report.sources[&Source::Weather].reason.as_deref(), Some("fichier_illisible"));
}

#[test]
fn alerts_are_limited_to_twenty_and_worksites_are_not() {
    let mut day = SampleDay::full();
    let roads = &mut day.documents.road_counts.as_mut().unwrap().body;
    let alert = roads.congestion_alerts[0].clone();
    roads.congestion_alerts = vec![alert; 25];
    let worksites = &mut day.documents.worksites.as_mut().unwrap().body.active_worksites;
    let worksite = worksites[0].clone();
    *worksites = vec![worksite; 25];
    let report = day.report();
    assert_eq!((report.congestion_alerts.unwrap().len(), report.active_worksites.unwrap().len()), (20, 25));
}

#[test]
fn editions_count_from_one_and_list_changes() {
    let first = SampleDay::full().report();
    assert_eq!((first.edition, first.changes.len()), (1, 0));
    let day = SampleDay::full().with_vehicles(1_300_000.0);
    let second = day.report_after(Some(&as_previous_edition(&first)), Lang::Fr);
    assert_eq!(second.edition, 2);
    assert_eq!(
        serde_json::to_value(&second.changes).unwrap(),
        serde_json::json!([{ "cle": "total_vehicules", "avant": 1_234_567, "apres": 1_300_000 }])
    );
    // A rebuild keeps the edition and its changes.
    let again = day.report_after(Some(&as_previous_edition(&second)), Lang::Fr);
    assert_eq!((again.edition, &again.changes), (2, &second.changes));
}

#[test]
fn changes_cover_rankings_alerts_and_parameters() {
    let mut day = SampleDay::full();
    let roads = day.documents.road_counts.as_mut().unwrap();
    roads.header.parameters = BTreeMap::from([("seuil".into(), 50.into()), ("ancien".into(), 1.into())]);
    roads.body.top_10_arcs.push(TopArc { arc_id: "17".into(), ..roads.body.top_10_arcs[0].clone() });
    let first = as_previous_edition(&day.report());
    let roads = day.documents.road_counts.as_mut().unwrap();
    roads.header.parameters = BTreeMap::from([("nouveau".into(), "modele".into()), ("seuil".into(), 55.into())]);
    roads.body.top_10_arcs.reverse();
    roads.body.top_10_congested_zones.remove(1);
    roads.body.congestion_alerts[0].severity = AlertSeverity::High;
    roads.body.congestion_alerts.remove(1);
    let changes = day.report_after(Some(&first), Lang::Fr).changes;
    let alert = |severity: &str, delay: Value| {
        serde_json::json!({
            "fin": "2025-11-03T10:30:00+01:00", "severite": severity, "taux_occupation_max": 91.25,
            "temps_perdu_minutes": delay,
        })
    };
    let shown: Vec<_> = changes.into_iter().map(|change| (change.key, change.before, change.after)).collect();
    let row = |key: &str, before: Value, after: Value| (key.to_owned(), before, after);
    assert_eq!(
        shown,
        [
            row("top_10_troncons_frequentes/17", 2.into(), 1.into()),
            row("top_10_troncons_frequentes/4264", 1.into(), 2.into()),
            row("top_10_zones_congestionnees/75116", 2.into(), Value::Null),
            row(
                "alertes_congestion/congestion/4264/2025-11-03T08:00:00+01:00",
                alert("Critique", 1234.5.into()),
                alert("Élevée", 1234.5.into())
            ),
            row(
                "alertes_congestion/zone_saturee/75116/2025-11-03T08:00:00+01:00",
                alert("Élevée", Value::Null),
                Value::Null
            ),
            row("parametres/comptages/nouveau", Value::Null, "modele".into()),
            row("parametres/comptages/seuil", 50.into(), 55.into()),
            row("parametres/comptages/ancien", 1.into(), Value::Null),
        ]
    );
}

#[test]
fn lists_that_the_earlier_edition_lacks_are_not_compared() {
    let mut first = as_previous_edition(&SampleDay::full().report());
    for key in ["parametres", "alertes_congestion", "top_10_troncons_frequentes"] {
        first.report.remove(key);
    }
    first.report.insert("top_10_zones_congestionnees".into(), Value::Null);
    let changes = SampleDay::full().with_vehicles(1.0).report_after(Some(&first), Lang::Fr).changes;
    assert_eq!(changes.iter().map(|change| change.key.as_str()).collect::<Vec<_>>(), ["total_vehicules"]);
}

#[test]
fn new_version_makes_a_new_edition() {
    let mut before = as_previous_edition(&SampleDay::full().report());
    before.cityflow_version = "0.0.9".into();
    let report = SampleDay::full().report_after(Some(&before), Lang::Fr);
    assert_eq!((report.edition, report.changes.len()), (2, 0));
}

#[test]
fn report_is_up_to_date_only_for_same_metrics_version_language_and_documents() {
    let manifest = SampleDay::full().manifest();
    let previous = as_previous_edition(&SampleDay::full().report());
    assert!(previous.is_up_to_date(&manifest, "0.1.0", Lang::Fr));
    assert!(!previous.is_up_to_date(&manifest, "0.1.0", Lang::En));
    assert!(!previous.is_up_to_date(&manifest, "0.2.0", Lang::Fr));
    assert!(!previous.is_up_to_date(&SampleDay::full().with_vehicles(1.0).manifest(), "0.1.0", Lang::Fr));
    let mut incomplete = previous;
    incomplete.sources.insert("weather".into(), serde_json::json!({ "statut": "erreur" }));
    assert!(!incomplete.is_up_to_date(&manifest, "0.1.0", Lang::Fr));
}

#[test]
fn report_survives_a_json_round_trip() {
    let report = SampleDay::full().report();
    let back: DailyReport = serde_json::from_slice(&crate::render::json::render(&report).unwrap()).unwrap();
    assert_eq!(back.summary.total_vehicles, Fixed2::new(1_234_567.0));
    assert_eq!(crate::render::json::render(&back).unwrap(), crate::render::json::render(&report).unwrap());
    let summary = summarize(&report);
    assert_eq!((summary.metrics_digest, summary.summary), (report.metrics_digest.clone(), report.summary));
}
