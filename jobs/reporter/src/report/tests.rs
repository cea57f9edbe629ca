use contract::document::manifest::EntryStatus;
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
        serde_json::json!([{ "cle": "total_vehicules_paris", "avant": 1_234_567, "apres": 1_300_000 }])
    );
    // A rebuild, also in the other language, keeps the edition and its changes.
    for lang in [Lang::Fr, Lang::En] {
        let again = day.report_after(Some(&as_previous_edition(&second)), lang);
        assert_eq!((again.edition, &again.changes), (2, &second.changes));
    }
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
