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
    ($(#[$meta:meta])* $name:ident { $($(#[doc = $doc:literal])* $field:ident: $type:ty = $default:expr,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub(crate) struct $name { $($(#[doc = $doc])* pub $field: $type,)* }

        impl $name {
            /// Key and meaning of each parameter.
            const MEANINGS: &'static [(&'static str, &'static str)] = &[$((stringify!($field), concat!($($doc),*)),)*];
        }

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
            let nearest = Self::nearest(name);
            format!("unknown parameter \"{name}\"; the nearest is {nearest}, and `processor params` lists all")
        })?;
        *slot = serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()));
        *self = serde_json::from_value(all).map_err(|error| format!("{name}: {error}"))?;
        Ok(())
    }
}

/// Unit and range of a number, by its key; `None` for texts.
fn unit_and_range(key: &str) -> Option<(&'static str, f64, f64)> {
    let ends = |endings: &[&str]| endings.iter().any(|ending| key.ends_with(ending));
    Some(match key {
        "attendu_jours" => ("days", 3.0, 366.0),
        "heure_creuse_part" => ("of the mean", 0.0, 1.0),
        "rayon_terre_metres" => ("m", 1.0, 1e9),
        "debit_plafond" => ("vehicles/h", 0.0, 1e9),
        "modele_temps_perdu" | "termines" | "unites" => return None,
        _ if ends(&["_part", "_taux"]) || key.starts_with("seuil_") || key.starts_with("impact_") => ("%", 0.0, 100.0),
        _ if key.contains("vitesse") => ("km/h", 1e-3, 1000.0),
        _ if ends(&["_jours"]) => ("days", 0.0, 3660.0),
        _ if ends(&["_heures"]) => ("hours", 0.0, 8784.0),
        _ if ends(&["_minutes"]) => ("minutes", 0.0, 2880.0),
        _ if ends(&["_metres"]) => ("m", 0.0, 1e6),
        _ if ends(&["_mm"]) => ("mm", 0.0, 1000.0),
        _ if ends(&["_kmh"]) => ("km/h", 0.0, 1000.0),
        _ if key.contains("temp") => ("°C", -100.0, 100.0),
        _ if ends(&["_nombre", "_troncons"]) => ("", 0.0, 1e6),
        _ => return None,
    })
}

/// One parameter for a person.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Description {
    /// As in `--param`.
    pub(crate) name: String,
    pub(crate) default: Value,
    pub(crate) unit: &'static str,
    pub(crate) range: Option<(f64, f64)>,
    pub(crate) meaning: &'static str,
}

impl Parameters {
    /// All parameters in the order of the sources.
    #[must_use]
    pub(crate) fn descriptions() -> Vec<Description> {
        let defaults = serde_json::to_value(Self::default()).unwrap_or_default();
        let sources = [
            ("comptages", RoadParameters::MEANINGS),
            ("bikes", BikeParameters::MEANINGS),
            ("traffic", DisruptionParameters::MEANINGS),
            ("weather", WeatherParameters::MEANINGS),
            ("chantiers", WorksiteParameters::MEANINGS),
            ("referentiel", NetworkParameters::MEANINGS),
            ("contexte", ContextParameters::MEANINGS),
        ];
        let described = |source: &str, (key, meaning): &(&'static str, &'static str)| {
            let known = unit_and_range(key);
            Description {
                name: format!("{source}.{key}"),
                default: defaults.get(source).and_then(|set| set.get(*key)).cloned().unwrap_or_default(),
                unit: known.map_or("", |(unit, ..)| unit),
                range: known.map(|(_, low, high)| (low, high)),
                meaning: meaning.trim(),
            }
        };
        sources.iter().flat_map(|(source, all)| all.iter().map(|one| described(source, one))).collect()
    }

    /// The known name that is most like `name`.
    fn nearest(name: &str) -> String {
        let all = Self::descriptions().into_iter().map(|described| described.name);
        all.min_by_key(|known| strsim::damerau_levenshtein(name, known)).unwrap_or_default()
    }

    /// One sentence per value out of range.
    #[must_use]
    pub(crate) fn check(&self) -> Vec<String> {
        let mut mistakes = Vec::new();
        let Ok(Value::Object(sources)) = serde_json::to_value(self) else { return mistakes };
        for (source, set) in &sources {
            for (key, value) in set.as_object().into_iter().flatten() {
                let Some((unit, low, high)) = unit_and_range(key) else { continue };
                let values = value.as_array().map_or_else(|| vec![value], |values| values.iter().collect());
                if values.iter().filter_map(|value| value.as_f64()).any(|value| !(low..=high).contains(&value)) {
                    let text = format!("{source}.{key}: {value} is out of range; expected {low} to {high} {unit}");
                    mistakes.push(text.trim_end().to_owned());
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
    fn every_parameter_has_a_meaning_and_every_number_a_range_with_its_default() {
        let all = Parameters::descriptions();
        let defaults = serde_json::to_value(Parameters::default()).unwrap();
        let number: usize = defaults.as_object().unwrap().values().map(|set| set.as_object().unwrap().len()).sum();
        assert_eq!(all.len(), number);
        for described in all {
            assert!(!described.meaning.is_empty(), "{}", described.name);
            let values = described.default.as_array().cloned().unwrap_or_else(|| vec![described.default.clone()]);
            for value in values.iter().filter_map(Value::as_f64) {
                let (low, high) = described.range.unwrap_or_else(|| panic!("{} has no range", described.name));
                assert!((low..=high).contains(&value), "{} is out of its range", described.name);
            }
        }
    }

    #[test]
    fn unknown_parameter_suggests_the_nearest() {
        let error = Parameters::default().set("comptages.congestion_tau=70").unwrap_err();
        assert!(error.contains("the nearest is comptages.congestion_taux,"), "{error}");
        let error = Parameters::default().set("comptage.fige_heures=70").unwrap_err();
        assert!(error.contains("the nearest is comptages.fige_heures,"), "{error}");
    }

    #[test]
    fn values_out_of_range_are_reported() {
        assert!(Parameters::default().check().is_empty());
        let mut parameters = Parameters::default();
        for wrong in [
            "comptages.attendu_jours=100000",
            "comptages.vitesse_libre=0",
            "comptages.paliers_vitesse=[40,30,0]",
            "comptages.congestion_taux=800",
        ] {
            parameters.set(wrong).unwrap();
        }
        assert_eq!(parameters.check().len(), 4);
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
