//! Thresholds, speeds and model names of the figures, with the contract's defaults. Each is a setting (`--param KEY=VALUE`).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::units::Units;

/// By source. Keys are French, because documents list them under "parametres".
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Parameters {
    pub(crate) comptages: RoadParameters,
    pub(crate) bikes: BikeParameters,
    pub(crate) traffic: DisruptionParameters,
    pub(crate) weather: WeatherParameters,
    pub(crate) chantiers: WorksiteParameters,
    pub(crate) referentiel: NetworkParameters,
    /// Figures from several sources.
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
        /// Minimum percentage of expected cells for a final day.
        definitif_part: f64 = 95.0,
        /// Days from the day to the newest record after which the day is final.
        definitif_jours: i64 = 3,
        /// An arc with a measure in this window is expected, days.
        attendu_jours: i64 = 28,
        /// A detector that is silent for more hours fails.
        silence_heures: u32 = 6,
        /// A detector with the same value for more hours is stuck.
        fige_heures: u32 = 12,
        /// Maximum plausible flow.
        debit_plafond: f64 = 10_000.0,
        /// Consecutive hours of flow without occupancy that are inconsistent.
        incoherent_heures: u32 = 3,
        /// Minimum occupancy of the state Pré-saturé.
        seuil_pre_sature: f64 = 15.0,
        /// Minimum occupancy of the state Saturé.
        seuil_sature: f64 = 30.0,
        /// Minimum occupancy of the state Bloqué.
        seuil_bloque: f64 = 50.0,
        /// Minimum occupancy of a `congestion`.
        congestion_taux: f64 = 80.0,
        /// Minimum hours of a `congestion`.
        congestion_heures: u32 = 2,
        /// Occupancy in any hour that makes it critical.
        congestion_critique_taux: f64 = 90.0,
        /// Minimum occupancy of a `blocage`.
        blocage_taux: f64 = 50.0,
        /// Minimum hours of a `blocage`.
        blocage_heures: u32 = 3,
        /// Minimum hours of a critical `blocage`.
        blocage_critique_heures: u32 = 6,
        /// Minimum percentage of saturated arcs among a zone's measured arcs.
        zone_saturee_part: f64 = 25.0,
        /// Minimum number of saturated arcs.
        zone_saturee_troncons: u32 = 6,
        /// Minimum hours of saturation.
        zone_saturee_heures: u32 = 2,
        /// Name of the delay model.
        modele_temps_perdu: String = "paliers_50".to_owned(),
        /// Free-flow speed.
        vitesse_libre: f64 = 50.0,
        /// Occupancies from which the speeds below apply.
        paliers_taux: [f64; 3] = [30.0, 50.0, 70.0],
        /// Speeds at those occupancies.
        paliers_vitesse: [f64; 3] = [40.0, 30.0, 20.0],
        /// Percentage of a file's rows of the day that overlap another file, from which archiving is recommended.
        recouvrement_part: f64 = 10.0,
    }
}

parameters! {
    /// Bike counters.
    BikeParameters {
        /// Minimum percentage of expected cells for a final day.
        definitif_part: f64 = 95.0,
        /// Days from the day to the newest record after which the day is final.
        definitif_jours: i64 = 3,
        /// A counter with a value in this window is expected, days.
        attendu_jours: i64 = 28,
        /// A counter with nothing but zero or null in all hours of the day fails once these are more.
        silence_heures: u32 = 12,
        /// A counter with the same value for more hours is stuck.
        fige_heures: u32 = 12,
        /// Fraction of the mean below which an hour is off-peak.
        heure_creuse_part: f64 = 0.5,
    }
}

parameters! {
    /// Disruptions.
    DisruptionParameters {
        /// An ELEVEE that runs for more hours of the day is an alert.
        longue_heures: f64 = 2.0,
        /// More simultaneous disruptions are a general one.
        generalisee_nombre: u32 = 5,
        /// A snapshot speaks for these hours before and after it.
        instantane_heures: u32 = 3,
        /// Days from the day to the newest snapshot after which the day is final although pages are missing.
        definitif_jours: i64 = 3,
        /// Default start of service, minutes after midnight.
        service_debut_minutes: u32 = 330,
        /// Default end of service, minutes after midnight of the next day.
        service_fin_minutes: u32 = 30,
    }
}

parameters! {
    /// Weather.
    WeatherParameters {
        /// Minimum rain of Pluvieux, mm.
        pluvieux_mm: f64 = 5.0,
        /// Minimum wind of Venteux, km/h.
        venteux_kmh: f64 = 30.0,
        /// Upper limit (exclusive) of the mean for Froid, °C.
        froid_temp: f64 = 10.0,
        /// Lower limit (exclusive) of the mean for Chaud, °C.
        chaud_temp: f64 = 25.0,
        /// Minimum plausible temperature, °C.
        temp_min: f64 = -20.0,
        /// Maximum plausible temperature, °C.
        temp_max: f64 = 45.0,
        /// Units of all records: metric, uk or us. Null: those of the profile, of the record, or those that its humidity agrees with.
        unites: Option<Units> = None,
    }
}

/// Whether worksites that the city calls finished count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum FinishedWorksites {
    /// They are left out.
    #[serde(rename = "exclus")]
    Excluded,
    /// They are active as their dates say: today's file calls those finished that were active on an earlier day.
    #[serde(rename = "actifs")]
    Active,
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
        /// A zone with more worksites is critical.
        zone_critique_nombre: u64 = 3,
        /// A worksite that ends within these days is ending soon.
        se_termine_jours: i64 = 7,
        /// A worksite that lasts more days is long-running.
        long_jours: i64 = 30,
        /// Finished worksites (status 5) whose dates cover the day: `exclus`, or `actifs` to backfill from today's file.
        termines: FinishedWorksites = FinishedWorksites::Excluded,
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
    /// Figures from several sources.
    ContextParameters {
        /// Maximum distance between an arc and a worksite, m.
        distance_chantier_metres: f64 = 50.0,
    }
}

/// The parameters of one source in a document, sorted by key.
#[must_use]
pub(crate) fn as_map<T: Serialize>(parameters: &T) -> BTreeMap<String, Value> {
    match serde_json::to_value(parameters) {
        Ok(Value::Object(map)) => map.into_iter().collect(),
        _ => BTreeMap::new(),
    }
}

impl Parameters {
    /// Sets one parameter: `comptages.congestion_taux=80`.
    ///
    /// # Errors
    /// A sentence with the wrong name or value and the expected form.
    pub(crate) fn set(&mut self, assignment: &str) -> Result<(), String> {
        let (name, text) = assignment.split_once('=').ok_or_else(|| {
            format!(
                "\"{assignment}\" is not a valid parameter; expected KEY=VALUE, such as comptages.congestion_taux=80"
            )
        })?;
        let (source, key) = name.split_once('.').ok_or_else(|| {
            format!("\"{name}\" has no source; expected SOURCE.NAME, such as comptages.congestion_taux")
        })?;
        // The French name of the source, as in the names of its files.
        let source = if source == "meteo" { "weather" } else { source };
        let mut all = serde_json::to_value(&*self).map_err(|error| error.to_string())?;
        let slot = all.get_mut(source).and_then(|set| set.get_mut(key)).ok_or_else(|| {
            format!("unknown parameter \"{name}\"; documents list all parameters under \"parametres\"")
        })?;
        *slot = serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()));
        *self = serde_json::from_value(all).map_err(|error| format!("{name}: {error}"))?;
        Ok(())
    }
}

impl Parameters {
    /// One sentence per value out of range.
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
                    mistakes.push(format!("{source}.{key}: {value} is out of range; expected {low} to {high}"));
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
    fn units_of_the_weather_are_set_by_either_name_of_the_source() {
        for (assignment, units) in
            [("meteo.unites=us", Some(Units::Us)), ("weather.unites=uk", Some(Units::Uk)), ("meteo.unites=null", None)]
        {
            let mut parameters = Parameters::default();
            assert_eq!(parameters.set(assignment), Ok(()));
            assert_eq!(parameters.weather.unites, units);
        }
        let error = Parameters::default().set("meteo.unites=kelvin").unwrap_err();
        assert!(error.contains("`metric`, `uk`, `us`") && error.starts_with("meteo.unites"), "{error}");
    }

    #[test]
    fn values_out_of_range_are_reported() {
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
    fn parameter_is_set_by_name_and_unknown_one_is_refused() {
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
