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
    #[serde(rename = "capteurs_defaillants")]
    pub sensor_failures: Vec<FailingCounter>,
    /// The 10 busiest, failing ones left out.
    pub top_counters: Vec<TopCounter>,
    /// By code of the arrondissement.
    #[serde(rename = "by_arrondissement")]
    pub by_district: Vec<BikeZone>,
    /// The whole city, failing counters left out.
    pub global_metrics: BikeGlobal,
    /// Percentile rank of the day among days of its type; null without history.
    #[serde(rename = "frequentation_index")]
    pub ridership_index: Option<Fixed2>,
    /// Counters far from their habit; null without history.
    pub anomalies: Option<Vec<BikeAnomaly>>,
    /// The usual day; null without history.
    #[serde(rename = "profils")]
    pub profiles: Option<BTreeMap<String, serde_json::Value>>,
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
    #[serde(rename = "id_compteur")]
    pub counter_id: String,
    /// Its name.
    #[serde(rename = "nom_compteur")]
    pub counter_name: Option<String>,
    /// Sum of the counts; null if no hour has one.
    #[serde(rename = "total_jour")]
    pub daily_total: Option<u64>,
    /// Mean over the hours that have a value.
    #[serde(rename = "moyenne_horaire")]
    pub hourly_mean: Option<Fixed2>,
    /// Local hour of the largest single hour, the first of equals.
    #[serde(rename = "pic_horaire")]
    pub peak_hour: Option<u8>,
    /// Local hours with a value below half of the mean.
    #[serde(rename = "heures_creuses")]
    pub off_peak_hours: Vec<u8>,
    /// By local hour, 24.
    #[serde(rename = "debit_par_heure")]
    pub hourly_flow: Vec<Option<Fixed2>>,
    /// Percent of the hours of the day with a value.
    #[serde(rename = "part_observee")]
    pub observed_percent: Fixed2,
    /// Code of the zone.
    #[serde(rename = "arrondissement")]
    pub district: Option<String>,
    /// Name of the zone.
    pub zone: Option<String>,
    /// Where it stands.
    pub coordinates: Option<Coordinates>,
    /// Far from its habit; null without history.
    #[serde(rename = "anomalie_detectee")]
    pub is_anomalous: Option<bool>,
    /// Whether it fails, and so is left out of the totals.
    #[serde(rename = "defaillant")]
    pub failing: bool,
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
    #[serde(rename = "id_compteur")]
    pub counter_id: String,
    /// Its name.
    #[serde(rename = "nom_compteur")]
    pub counter_name: Option<String>,
    /// Why.
    #[serde(rename = "raison")]
    pub reason: CounterFault,
    /// Start of the first hour.
    #[serde(rename = "debut")]
    pub start: Stamp,
    /// End of the last hour.
    #[serde(rename = "fin")]
    pub end: Stamp,
    /// Hours.
    #[serde(rename = "duree_heures")]
    pub duration_hours: Fixed2,
    /// Whether the run reaches the edge of the window that was looked at.
    #[serde(rename = "ouvert")]
    pub open: bool,
}

/// One of the busiest counters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TopCounter {
    /// The counter.
    #[serde(rename = "id_compteur")]
    pub counter_id: String,
    /// Its name.
    #[serde(rename = "nom_compteur")]
    pub counter_name: Option<String>,
    /// Sum of the counts.
    #[serde(rename = "total_jour")]
    pub daily_total: u64,
    /// Name of the zone.
    pub zone: Option<String>,
}

/// The counters of one zone, failing ones left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BikeZone {
    /// Code.
    #[serde(rename = "arrondissement")]
    pub district: Option<String>,
    /// Name.
    pub zone: Option<String>,
    /// Counters.
    #[serde(rename = "nombre_compteurs")]
    pub counter_count: u64,
    /// Sum; null if no counter has one.
    #[serde(rename = "total_jour")]
    pub daily_total: Option<u64>,
}

/// The whole city.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BikeGlobal {
    /// The day.
    pub date: NaiveDate,
    /// Sum over the counters that do not fail; null if none has a value.
    #[serde(rename = "total_jour")]
    pub daily_total: Option<u64>,
    /// Counters seen in the day.
    #[serde(rename = "nombre_compteurs")]
    pub counter_count: u64,
    /// Counters with a value above 0.
    #[serde(rename = "compteurs_actifs")]
    pub active_counter_count: u64,
    /// Cells with a value ÷ expected cells, percent.
    #[serde(rename = "part_observee")]
    pub observed_percent: Option<Fixed2>,
    /// The same without failing counters, up to `complet_jusqu_a`.
    #[serde(rename = "taux_disponibilite")]
    pub availability: Option<Fixed2>,
    /// Local hour of the largest.
    #[serde(rename = "pic_horaire")]
    pub peak_hour: Option<u8>,
    /// By local hour, 24.
    #[serde(rename = "debit_par_heure")]
    pub hourly_flow: Vec<Option<Fixed2>>,
}

/// A counter far from its habit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BikeAnomaly {
    /// The counter.
    #[serde(rename = "id_compteur")]
    pub counter_id: String,
    /// Its name.
    #[serde(rename = "nom_compteur")]
    pub counter_name: Option<String>,
    /// Sum of the counts.
    #[serde(rename = "total_jour")]
    pub daily_total: u64,
    /// Median of the last 8 same weekdays.
    pub reference: Fixed2,
    /// Difference, percent.
    #[serde(rename = "ecart_pourcent")]
    pub deviation_percent: Fixed2,
}

/// Against last week, the usual day and last year.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct BikeEvolution {
    /// D−7; null without history.
    #[serde(rename = "semaine_precedente")]
    pub previous_week: Option<BikeComparisons>,
    /// The day type; null without history.
    #[serde(rename = "jour_type")]
    pub usual_day: Option<BikeComparisons>,
    /// The same weekday 52 weeks before; null without history.
    #[serde(rename = "annee_precedente")]
    pub previous_year: Option<BikeComparisons>,
}

/// The compared figure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BikeComparisons {
    /// Bikes counted.
    #[serde(rename = "total_jour")]
    pub daily_total: Option<Comparison>,
}
