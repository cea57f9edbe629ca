//! The figures of the summary in their order, each with its unit: what the CSV lists, editions are compared by, and people are shown.
//!
//! Not for the sentences, which are words about figures.

use contract::document::DayStatus;
use contract::report::{Change, Summary};
use serde::Serialize;
use serde_json::{Map, Value};

/// One figure of the summary.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// Its key in the summary.
    pub key: &'static str,
    /// Its value; null where it is unknown.
    pub value: Value,
    /// Its unit; empty where it has none.
    pub unit: &'static str,
}

/// The figures in the order of the summary.
#[must_use]
pub fn figures(summary: &Summary) -> Vec<Figure> {
    // Taken apart by name, so that a figure that is added to the contract does not compile until it has its place here.
    let Summary {
        day_status,
        completeness,
        total_vehicles,
        vehicle_km,
        total_delay_minutes,
        saturated_arc_count,
        sensor_availability,
        total_bikes,
        active_disruptions,
        active_worksites,
        highlights: _,
    } = summary;
    vec![
        figure("statut_jour", Some(status_name(*day_status)), ""),
        figure("completude", *completeness, "%"),
        figure("total_vehicules_paris", *total_vehicles, "véhicules"),
        figure("vehicules_km", *vehicle_km, "véh·km"),
        figure("temps_perdu_total_minutes", *total_delay_minutes, "min"),
        figure("nombre_troncons_satures", *saturated_arc_count, "tronçons"),
        figure("taux_disponibilite_capteurs", *sensor_availability, "%"),
        figure("total_velos_paris", *total_bikes, "vélos"),
        figure("perturbations_actives", *active_disruptions, ""),
        figure("chantiers_actifs", *active_worksites, ""),
    ]
}

/// The name of a day's status in documents.
#[must_use]
pub fn status_name(status: DayStatus) -> &'static str {
    match status {
        DayStatus::Provisional => "provisoire",
        DayStatus::Final => "definitif",
    }
}

/// What changed against the summary of an earlier edition, as its JSON holds it. A figure that the earlier edition did not have yet
/// is no change of the day.
#[must_use]
pub fn changes(before: &Map<String, Value>, now: &Summary) -> Vec<Change> {
    let change = |figure: Figure| {
        let before = before.get(figure.key).filter(|before| **before != figure.value)?.clone();
        Some(Change { key: figure.key.to_owned(), before, after: figure.value })
    };
    figures(now).into_iter().filter_map(change).collect()
}

fn figure(key: &'static str, value: Option<impl Serialize>, unit: &'static str) -> Figure {
    // Numbers and words always serialize.
    Figure { key, value: serde_json::to_value(value).unwrap_or(Value::Null), unit }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::Day;

    #[test]
    fn every_key_is_one_of_the_summary_and_none_is_left_out() {
        let summary = Day::full().report().summary;
        let written = serde_json::to_value(&summary).unwrap();
        let mut keys: Vec<_> = figures(&summary).iter().map(|figure| figure.key.to_owned()).collect();
        for figure in figures(&summary) {
            assert_eq!(written[figure.key], figure.value, "{}", figure.key);
        }
        keys.push("faits_marquants".into());
        keys.sort();
        assert_eq!(keys, written.as_object().unwrap().keys().cloned().collect::<Vec<_>>());
    }

    #[test]
    fn only_what_differs_is_a_change() {
        let before = Day::full().report().summary;
        let mut now = before.clone();
        now.active_worksites = None;
        now.day_status = DayStatus::Provisional;
        let mut map = serde_json::to_value(&before).unwrap().as_object().unwrap().clone();
        map.remove("completude");
        let changes = changes(&map, &now);
        assert_eq!(
            serde_json::to_value(changes).unwrap(),
            serde_json::json!([
                { "cle": "statut_jour", "avant": "definitif", "apres": "provisoire" },
                { "cle": "chantiers_actifs", "avant": 2, "apres": null },
            ])
        );
    }
}
