//! The figures of the summary in the order of the report, each with its unit.
//!
//! The CSV lists them, and editions are compared by them. Not for sentences: `sentences` words the facts of the day.

use contract::report::{Change, Summary};
use serde::Serialize;
use serde_json::{Map, Value};

#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// Key in the summary.
    pub key: &'static str,
    /// `null` if unknown.
    pub value: Value,
    /// French, as the CSV writes it; empty for a count without a unit.
    pub unit: &'static str,
}

#[must_use]
pub fn figures(summary: &Summary) -> Vec<Figure> {
    // Exhaustive: a figure that is added to the contract does not compile until it is listed here.
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
        figure("statut_jour", Some(*day_status), ""),
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

/// The figures that differ from those of an earlier edition, whose summary is given as its JSON. A figure that the earlier edition did not
/// have at all is left out: a newer version added it.
#[must_use]
pub fn changes(before: &Map<String, Value>, now: &Summary) -> Vec<Change> {
    let change = |figure: Figure| {
        let before = before.get(figure.key).filter(|before| **before != figure.value)?.clone();
        Some(Change { key: figure.key.to_owned(), before, after: figure.value })
    };
    figures(now).into_iter().filter_map(change).collect()
}

fn figure(key: &'static str, value: Option<impl Serialize>, unit: &'static str) -> Figure {
    // Numbers and enum names always serialize.
    Figure { key, value: serde_json::to_value(value).unwrap_or(Value::Null), unit }
}

#[cfg(test)]
mod tests {
    use contract::document::DayStatus;

    use super::*;
    use crate::sample::SampleDay;

    #[test]
    fn figures_list_every_key_of_the_summary() {
        let summary = SampleDay::full().report().summary;
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
    fn only_figures_that_differ_are_changes() {
        let before = SampleDay::full().report().summary;
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
