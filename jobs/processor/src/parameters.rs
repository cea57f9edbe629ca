//! Every threshold, speed and model name that figures depend on, with the contract's defaults; all are settings (`--param KEY=VALUE`).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// All of them, by source.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Parameters {
    /// Road counts.
    pub(crate) comptages: RoadParameters,
    /// Bike counters.
    pub(crate) bikes: BikeParameters,
    /// Disruptions.
    pub(crate) traffic: DisruptionParameters,
    /// Weather.
    pub(crate) weather: WeatherParameters,
    /// Worksites.
    pub(crate) chantiers: WorksiteParameters,
    /// Network.
    pub(crate) referentiel: NetworkParameters,
    /// What needs several sources.
    pub(crate) contexte: ContextParameters,
}

macro_rules! parameters {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $field:ident: $type:ty = $default:expr,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub(crate) struct $name { $($(#[$doc])* pub $field: $type,)* }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default,)* }
            }
        }
    };
}

parameters! {
    /// Road counts. Occupancies in percent, flows in vehicles per hour, speeds in km/h, durations in hours.
    RoadParameters {
        /// Least part of the expected cells for a final day, percent.
        definitif_part: f64 = 95.0,
        /// Age of the newest record past the day that makes it final, days.
        definitif_jours: i64 = 3,
        /// Window in which an arc with a measure is expected, days.
        attendu_jours: i64 = 28,
        /// Hours of silence from which (exclusive) a detector fails.
        silence_heures: u32 = 6,
        /// Hours of the same value from which (exclusive) a detector is stuck.
        fige_heures: u32 = 12,
        /// Largest believable flow.
        debit_plafond: f64 = 10_000.0,
        /// Consecutive hours of flow without occupancy that cannot be.
        incoherent_heures: u32 = 3,
        /// Occupancy from which a state is Pré-saturé.
        seuil_pre_sature: f64 = 15.0,
        /// Occupancy from which a state is Saturé.
        seuil_sature: f64 = 30.0,
        /// Occupancy from which a state is Bloqué.
        seuil_bloque: f64 = 50.0,
        /// Occupancy of a `congestion`.
        congestion_taux: f64 = 80.0,
        /// Least hours of a `congestion`.
        congestion_heures: u32 = 2,
        /// Occupancy in some hour that makes it critical.
        congestion_critique_taux: f64 = 90.0,
        /// Occupancy of a `blocage`.
        blocage_taux: f64 = 50.0,
        /// Least hours of a `blocage`.
        blocage_heures: u32 = 3,
        /// Hours from which a `blocage` is critical.
        blocage_critique_heures: u32 = 6,
        /// Least part of a zone's measured arcs that are saturated, percent.
        zone_saturee_part: f64 = 25.0,
        /// Least number of them.
        zone_saturee_troncons: u32 = 6,
        /// Least hours.
        zone_saturee_heures: u32 = 2,
        /// Name of the model of lost time.
        modele_temps_perdu: String = "paliers_50".to_owned(),
        /// Speed at free flow.
        vitesse_libre: f64 = 50.0,
        /// Occupancies from which the speeds below hold.
        paliers_taux: [f64; 3] = [30.0, 50.0, 70.0],
        /// Speeds from those occupancies.
        paliers_vitesse: [f64; 3] = [40.0, 30.0, 20.0],
        /// Part of a file's rows of the day for cells of another file that calls for archiving it, percent.
        recouvrement_part: f64 = 10.0,
    }
}

parameters! {
    /// Bike counters.
    BikeParameters {
        /// Least part of the expected cells for a final day, percent.
        definitif_part: f64 = 95.0,
        /// Age of the newest record past the day that makes it final, days.
        definitif_jours: i64 = 3,
        /// Window in which a counter with a value is expected, days.
        attendu_jours: i64 = 28,
        /// Hours of the same value from which (exclusive) a counter is stuck.
        fige_heures: u32 = 12,
        /// Part of the mean below which an hour is quiet.
        heure_creuse_part: f64 = 0.5,
    }
}

parameters! {
    /// Disruptions.
    DisruptionParameters {
        /// Hours in the day from which (exclusive) an ELEVEE is an alert.
        longue_heures: f64 = 2.0,
        /// Number at one instant above which it is general.
        generalisee_nombre: u32 = 5,
        /// Begin of service where no file tells, minutes after midnight.
        service_debut_minutes: u32 = 330,
        /// End of service where no file tells, minutes after midnight of the next day.
        service_fin_minutes: u32 = 30,
    }
}

parameters! {
    /// Weather.
    WeatherParameters {
        /// Rain from which a day is Pluvieux, mm.
        pluvieux_mm: f64 = 5.0,
        /// Wind from which it is Venteux, km/h.
        venteux_kmh: f64 = 30.0,
        /// Mean below which it is Froid, °C.
        froid_temp: f64 = 10.0,
        /// Mean above which it is Chaud, °C.
        chaud_temp: f64 = 25.0,
        /// Lowest believable temperature.
        temp_min: f64 = -20.0,
        /// Highest believable temperature.
        temp_max: f64 = 45.0,
    }
}

parameters! {
    /// Worksites. Impacts in percent.
    WorksiteParameters {
        /// BARRAGE_TOTAL.
        impact_barrage_total: u32 = 100,
        /// IMPASSE.
        impact_impasse: u32 = 80,
        /// RESTREINTE.
        impact_restreinte: u32 = 50,
        /// SENS_UNIQUE.
        impact_sens_unique: u32 = 30,
        /// Number above which a zone is critical.
        zone_critique_nombre: u64 = 3,
        /// Days within which one is about to end.
        se_termine_jours: i64 = 7,
        /// Days above which one is long.
        long_jours: i64 = 30,
    }
}

parameters! {
    /// Network.
    NetworkParameters {
        /// Earth radius of haversine lengths, m.
        rayon_terre_metres: f64 = 6_371_000.0,
        /// Tolerance of the simplified outlines, m.
        simplification_metres: f64 = 5.0,
    }
}

parameters! {
    /// What needs several sources.
    ContextParameters {
        /// Distance within which an arc is near a worksite, m.
        distance_chantier_metres: f64 = 50.0,
    }
}

/// One set of parameters as documents hold it, sorted by key.
#[must_use]
pub(crate) fn as_map<T: Serialize>(parameters: &T) -> BTreeMap<String, Value> {
    match serde_json::to_value(parameters) {
        Ok(Value::Object(map)) => map.into_iter().collect(),
        _ => BTreeMap::new(),
    }
}

impl Parameters {
    /// Sets one by its name, `comptages.congestion_taux=80`.
    ///
    /// # Errors
    /// A sentence that says which name or value is wrong and what it could be.
    pub(crate) fn set(&mut self, assignment: &str) -> Result<(), String> {
        let (name, text) = assignment
            .split_once('=')
            .ok_or_else(|| format!("\"{assignment}\" is not KEY=VALUE, such as comptages.congestion_taux=80"))?;
        let (source, key) = name
            .split_once('.')
            .ok_or_else(|| format!("\"{name}\" names no source, such as comptages.congestion_taux"))?;
        let mut all = serde_json::to_value(&*self).map_err(|error| error.to_string())?;
        let slot = all
            .get_mut(source)
            .and_then(|set| set.get_mut(key))
            .ok_or_else(|| format!("there is no parameter \"{name}\"; documents list them all under \"parametres\""))?;
        *slot = serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()));
        *self = serde_json::from_value(all).map_err(|error| format!("{name}: {error}"))?;
        Ok(())
    }
}

impl Parameters {
    /// What is out of range, sentences: days from 3 to 366, speeds above 0, everything else but temperatures from 0 on.
    #[must_use]
    pub(crate) fn check(&self) -> Vec<String> {
        let mut mistakes = Vec::new();
        let Ok(Value::Object(sources)) = serde_json::to_value(self) else { return mistakes };
        for (source, set) in &sources {
            for (key, value) in set.as_object().into_iter().flatten() {
                let values = value.as_array().map_or_else(|| vec![value], |values| values.iter().collect());
                let (low, high) = match key.as_str() {
                    "attendu_jours" => (3.0, 366.0),
                    key if key.ends_with("_jours") => (0.0, 3660.0),
                    key if key.contains("vitesse") || key.starts_with("rayon") => (1e-3, 1e9),
                    key if key.contains("temp") => (-100.0, 100.0),
                    _ => (0.0, 1e9),
                };
                if values.iter().filter_map(|value| value.as_f64()).any(|value| !(low..=high).contains(&value)) {
                    mistakes.push(format!("{source}.{key} is {value}; it goes from {low} to {high}"));
                }
            }
        }
        mistakes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_out_of_range_are_told() {
        assert!(Parameters::default().check().is_empty());
        let mut parameters = Parameters::default();
        for wrong in
            ["comptages.attendu_jours=100000", "comptages.vitesse_libre=0", "comptages.paliers_vitesse=[40,30,0]"]
        {
            parameters.set(wrong).unwrap();
        }
        assert_eq!(parameters.check().len(), 3);
    }

    #[test]
    fn a_parameter_is_set_by_name_and_a_wrong_one_is_refused() {
        let mut parameters = Parameters::default();
        parameters.set("comptages.congestion_taux=70").unwrap();
        assert!((parameters.comptages.congestion_taux - 70.0).abs() < f64::EPSILON);
        for wrong in [
            "comptages.congestion=1",
            "congestion_taux=1",
            "comptages.congestion_taux",
            "comptages.congestion_taux=high",
        ] {
            assert!(parameters.set(wrong).is_err(), "{wrong}");
        }
    }
}
