//! The figures of the summary in the order of the report, each with its unit.
//!
//! The CSV lists them, and editions are compared by them. Not for sentences: `sentences` words the facts of the day.

use contract::report::{Change, Summary};
use runtime::lang::Lang;
use serde::Serialize;
use serde_json::{Map, Value};

#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// Key in the summary.
    pub key: &'static str,
    /// Key in summaries that an earlier version wrote, if it was another one.
    earlier_key: &'static str,
    english_name: &'static str,
    /// `null` if unknown.
    pub value: Value,
    /// French and English; empty for a count without a unit.
    unit: [&'static str; 2],
}

impl Figure {
    /// The name in the CSV; in French that of the key.
    #[must_use]
    pub fn name(&self, lang: Lang) -> &'static str {
        lang.pick(self.key, self.english_name)
    }

    /// The unit in the CSV.
    #[must_use]
    pub fn unit(&self, lang: Lang) -> &'static str {
        lang.pick(self.unit[0], self.unit[1])
    }
}

#[must_use]
pub fn figures(summary: &Summary) -> Vec<Figure> {
    // Exhaustive: a figure that is added to the contract does not compile until it is listed here.
    let Summary {
        day_status,
        completeness,
        total_vehicles,
        total_vehicles_paris: _,
        vehicle_km,
        total_delay_minutes,
        total_delay_hours,
        saturated_arc_count,
        sensor_availability,
        total_bikes,
        total_bikes_paris: _,
        active_disruptions,
        active_worksites,
        highlights: _,
    } = summary;
    vec![
        figure("statut_jour", "day_status", Some(*day_status), ""),
        figure("completude", "completeness", *completeness, "%"),
        figure("total_vehicules", "total_vehicles", *total_vehicles, "véhicules")
            .with_english_unit("vehicles")
            .with_earlier_key("total_vehicules_paris"),
        figure("vehicules_km", "vehicle_km", *vehicle_km, "véh·km").with_english_unit("veh·km"),
        figure("temps_perdu_total_minutes", "lost_time_minutes", *total_delay_minutes, "min"),
        figure("temps_perdu_total_heures", "lost_time_hours", *total_delay_hours, "h"),
        figure("nombre_troncons_satures", "saturated_sections", *saturated_arc_count, "tronçons")
            .with_english_unit("sections"),
        figure("taux_disponibilite_capteurs", "sensor_availability", *sensor_availability, "%"),
        figure("total_velos", "total_bikes", *total_bikes, "vélos")
            .with_english_unit("bikes")
            .with_earlier_key("total_velos_paris"),
        figure("perturbations_actives", "active_disruptions", *active_disruptions, ""),
        figure("chantiers_actifs", "active_worksites", *active_worksites, ""),
    ]
}

/// The figures that differ from those of an earlier edition, whose summary is given as its JSON. A figure that the earlier edition did not
/// have at all is left out: a newer version added it.
#[must_use]
pub fn changes(before: &Map<String, Value>, now: &Summary) -> Vec<Change> {
    let change = |figure: Figure| {
        let before = before.get(figure.key).or_else(|| before.get(figure.earlier_key))?;
        let changed = *before != figure.value;
        changed.then(|| Change { key: figure.key.to_owned(), before: before.clone(), after: figure.value })
    };
    figures(now).into_iter().filter_map(change).collect()
}

fn figure(key: &'static str, english_name: &'static str, value: Option<impl Serialize>, unit: &'static str) -> Figure {
    // Numbers and enum names always serialize.
    let value = serde_json::to_value(value).unwrap_or(Value::Null);
    Figure { key, earlier_key: key, english_name, value, unit: [unit; 2] }
}

impl Figure {
    fn with_english_unit(self, unit: &'static str) -> Self {
        Self { unit: [self.unit[0], unit], ..self }
    }

    fn with_earlier_key(self, earlier_key: &'static str) -> Self {
        Self { earlier_key, ..self }
    }
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
        keys.extend(["faits_marquants", "total_vehicules_paris", "total_velos_paris"].map(str::to_owned));
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
        // An earlier version wrote the total under another key only.
        map.remove("total_velos");
        map.insert("total_velos_paris".to_owned(), 5.into());
        let changes = changes(&map, &now);
        assert_eq!(
            serde_json::to_value(changes).unwrap(),
            serde_json::json!([
                { "cle": "statut_jour", "avant": "definitif", "apres": "provisoire" },
                { "cle": "total_velos", "avant": 5, "apres": 98_765 },
                { "cle": "chantiers_actifs", "avant": 2, "apres": null },
            ])
        );
    }
}
