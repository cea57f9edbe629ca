//! `bikes`: the bike counters of a day.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use super::Comparison;
use crate::Stamp;
use crate::number::{Degrees, Fixed2};

/// What is the bike counters' own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BikeCounts {
    /// One per counter seen in the day, by id, failing ones too.
    pub metrics: Vec<CounterMetrics>,
    /// Ids of the failing counters.
    pub failing_sensors: Vec<String>,
    /// Why and when they fail.
    pub capteurs_defaillants: Vec<FailingCounter>,
    /// The 10 busiest, failing ones left out.
    pub top_counters: Vec<TopCounter>,
    /// By code of the arrondissement.
    pub by_arrondissement: Vec<BikeZone>,
    /// The whole city, failing counters left out.
    pub global_metrics: BikeGlobal,
    /// Percentile rank of the day among days of its type; null without history.
    pub frequentation_index: Option<Fixed2>,
    /// Counters far from their habit; null without history.
    pub anomalies: Option<Vec<BikeAnomaly>>,
    /// The usual day; null without history.
    pub profils: Option<BTreeMap<String, serde_json::Value>>,
    /// Against last week, the usual day and last year.
    pub evolution: BikeEvolution,
}

/// A point.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Coordinates {
    /// Longitude, degrees.
    pub lon: Degrees,
    /// Latitude, degrees.
    pub lat: Degrees,
}

/// The day of one counter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CounterMetrics {
    /// The day.
    pub date: NaiveDate,
    /// The counter.
    pub id_compteur: String,
    /// Its name.
    pub nom_compteur: Option<String>,
    /// Sum of the counts; null if no hour has one.
    pub total_jour: Option<u64>,
    /// Mean over the hours that have a value.
    pub moyenne_horaire: Option<Fixed2>,
    /// Local hour of the largest single hour, the first of equals.
    pub pic_horaire: Option<u8>,
    /// Local hours with a value below half of the mean.
    pub heures_creuses: Vec<u8>,
    /// By local hour, 24.
    pub debit_par_heure: Vec<Option<Fixed2>>,
    /// Percent of the hours of the day with a value.
    pub part_observee: Fixed2,
    /// Code of the zone.
    pub arrondissement: Option<String>,
    /// Name of the zone.
    pub zone: Option<String>,
    /// Where it stands.
    pub coordinates: Option<Coordinates>,
    /// Far from its habit; null without history.
    pub anomalie_detectee: Option<bool>,
    /// Whether it fails, and so is left out of the totals.
    pub defaillant: bool,
}

/// Why a counter is failing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum CounterFault {
    /// Nothing but zero or null all day.
    #[serde(rename = "silencieux")]
    Silent,
    /// The same value other than zero for more than 12 consecutive hours.
    #[serde(rename = "fige")]
    Stuck,
}

/// A counter and the hours in which it failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FailingCounter {
    /// The counter.
    pub id_compteur: String,
    /// Its name.
    pub nom_compteur: Option<String>,
    /// Why.
    pub raison: CounterFault,
    /// Start of the first hour.
    pub debut: Stamp,
    /// End of the last hour.
    pub fin: Stamp,
    /// Hours.
    pub duree_heures: Fixed2,
    /// Whether the run reaches the edge of the window that was looked at.
    pub ouvert: bool,
}

/// One of the busiest counters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TopCounter {
    /// The counter.
    pub id_compteur: String,
    /// Its name.
    pub nom_compteur: Option<String>,
    /// Sum of the counts.
    pub total_jour: u64,
    /// Name of the zone.
    pub zone: Option<String>,
}

/// The counters of one zone, failing ones left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BikeZone {
    /// Code.
    pub arrondissement: Option<String>,
    /// Name.
    pub zone: Option<String>,
    /// Counters.
    pub nombre_compteurs: u64,
    /// Sum; null if no counter has one.
    pub total_jour: Option<u64>,
}

/// The whole city.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BikeGlobal {
    /// The day.
    pub date: NaiveDate,
    /// Sum over the counters that do not fail; null if none has a value.
    pub total_jour: Option<u64>,
    /// Counters seen in the day.
    pub nombre_compteurs: u64,
    /// Counters with a value above 0.
    pub compteurs_actifs: u64,
    /// Cells with a value ÷ expected cells, percent.
    pub part_observee: Option<Fixed2>,
    /// The same without failing counters, up to `complet_jusqu_a`.
    pub taux_disponibilite: Option<Fixed2>,
    /// Local hour of the largest.
    pub pic_horaire: Option<u8>,
    /// By local hour, 24.
    pub debit_par_heure: Vec<Option<Fixed2>>,
}

/// A counter far from its habit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BikeAnomaly {
    /// The counter.
    pub id_compteur: String,
    /// Its name.
    pub nom_compteur: Option<String>,
    /// Sum of the counts.
    pub total_jour: u64,
    /// Median of the last 8 same weekdays.
    pub reference: Fixed2,
    /// Difference, percent.
    pub ecart_pourcent: Fixed2,
}

/// Against last week, the usual day and last year.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct BikeEvolution {
    /// D−7; null without history.
    pub semaine_precedente: Option<BikeComparisons>,
    /// The day type; null without history.
    pub jour_type: Option<BikeComparisons>,
    /// The same weekday 52 weeks before; null without history.
    pub annee_precedente: Option<BikeComparisons>,
}

/// The compared figure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BikeComparisons {
    /// Bikes counted.
    pub total_jour: Option<Comparison>,
}
