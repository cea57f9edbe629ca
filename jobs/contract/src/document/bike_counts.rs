//! `bikes`: the bike counters of one day.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use super::Comparison;
use crate::Stamp;
use crate::number::{Degrees, Fixed1, Fixed2};

/// Body of the `bikes` document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BikeCounts {
    /// One entry per counter seen on the day, failing ones included, by id.
    pub metrics: Vec<CounterMetrics>,
    /// Ids of the failing counters.
    pub failing_sensors: Vec<String>,
    /// When and why these counters failed.
    #[serde(rename = "capteurs_defaillants")]
    pub sensor_failures: Vec<FailingCounter>,
    /// The 10 busiest counters; failing ones are left out.
    pub top_counters: Vec<TopCounter>,
    /// Totals per district, by code.
    #[serde(rename = "by_arrondissement")]
    pub by_district: Vec<BikeZone>,
    /// Figures of the whole city; failing counters are left out.
    pub global_metrics: BikeGlobal,
    /// Percentile rank (0–100) of the total of the day among days of its type; null without history.
    #[serde(rename = "frequentation_index")]
    pub ridership_index: Option<Fixed1>,
    /// Counters far from their usual total; null without history.
    pub anomalies: Option<Vec<BikeAnomaly>>,
    /// Profiles of the usual day; null without history.
    #[serde(rename = "profils")]
    pub profiles: Option<BTreeMap<String, serde_json::Value>>,
    /// Comparison with the previous week, the usual day and the previous year.
    pub evolution: BikeEvolution,
}

/// A point in WGS84.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Coordinates {
    /// Longitude, degrees.
    pub lon: Degrees,
    /// Latitude, degrees.
    pub lat: Degrees,
}

/// One counter on the day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CounterMetrics {
    /// Service day.
    pub date: NaiveDate,
    /// Counter id.
    #[serde(rename = "id_compteur")]
    pub counter_id: String,
    /// Name of the counter; null if the source has none.
    #[serde(rename = "nom_compteur")]
    pub counter_name: Option<String>,
    /// Sum of the counts; null if no hour has one.
    #[serde(rename = "total_jour")]
    pub daily_total: Option<u64>,
    /// Mean over the hours that have a count; null if none has.
    #[serde(rename = "moyenne_horaire")]
    pub hourly_mean: Option<Fixed2>,
    /// Local hour (0–23) of the largest hourly count, the first of equal ones; null if no hour has a count.
    #[serde(rename = "pic_horaire")]
    pub peak_hour: Option<u8>,
    /// Local hours with a count below half of the mean.
    #[serde(rename = "heures_creuses")]
    pub off_peak_hours: Vec<u8>,
    /// Count by local hour, 24 values; null for hours without a count.
    #[serde(rename = "debit_par_heure")]
    pub hourly_flow: Vec<Option<Fixed2>>,
    /// Percent of the hours of the day with a count.
    #[serde(rename = "part_observee")]
    pub observed_percent: Fixed2,
    /// Code of the zone that contains the counter; null if none does or the zones are unknown.
    #[serde(rename = "arrondissement")]
    pub district: Option<String>,
    /// Name of that zone; `Hors zone` if no zone contains the counter, null if the zones are unknown.
    pub zone: Option<String>,
    /// Position of the counter; null if unknown.
    pub coordinates: Option<Coordinates>,
    /// Whether the total is far from the usual total; null without history.
    #[serde(rename = "anomalie_detectee")]
    pub is_anomalous: Option<bool>,
    /// Whether the counter is failing, and so left out of the totals.
    #[serde(rename = "defaillant")]
    pub failing: bool,
}

/// Why a counter counts as failing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum CounterFault {
    /// Only zero or null in every hour up to `complet_jusqu_a`, more than 12 of them.
    #[serde(rename = "silencieux")]
    Silent,
    /// The same non-zero value for more than 12 consecutive hours.
    #[serde(rename = "fige")]
    Stuck,
}

/// One counter failure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FailingCounter {
    /// Counter id.
    #[serde(rename = "id_compteur")]
    pub counter_id: String,
    /// Name of the counter; null if the source has none.
    #[serde(rename = "nom_compteur")]
    pub counter_name: Option<String>,
    /// Why the counter counts as failing.
    #[serde(rename = "raison")]
    pub reason: CounterFault,
    /// Start of the first failing hour.
    #[serde(rename = "debut")]
    pub start: Stamp,
    /// End of the last failing hour.
    #[serde(rename = "fin")]
    pub end: Stamp,
    /// Duration, hours.
    #[serde(rename = "duree_heures")]
    pub duration_hours: Fixed2,
    /// Whether the failure reaches the edge of the observed window, and so may be longer.
    #[serde(rename = "ouvert")]
    pub open: bool,
}

/// One of the busiest counters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TopCounter {
    /// Counter id.
    #[serde(rename = "id_compteur")]
    pub counter_id: String,
    /// Name of the counter; null if the source has none.
    #[serde(rename = "nom_compteur")]
    pub counter_name: Option<String>,
    /// Sum of the counts.
    #[serde(rename = "total_jour")]
    pub daily_total: u64,
    /// Name of the zone; null if the zones are unknown.
    pub zone: Option<String>,
}

/// The counters of one zone that have a record of the day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BikeZone {
    /// Code of the zone; null outside every zone.
    #[serde(rename = "arrondissement")]
    pub district: Option<String>,
    /// Name of the zone; null if the zones are unknown.
    pub zone: Option<String>,
    /// Counters, failing ones included.
    #[serde(rename = "nombre_compteurs")]
    pub counter_count: u64,
    /// Sum of the counts without failing counters; null if no other counter has one.
    #[serde(rename = "total_jour")]
    pub daily_total: Option<u64>,
}

/// The whole city on the day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BikeGlobal {
    /// Service day.
    pub date: NaiveDate,
    /// Sum over the counters that do not fail; null if none has a count.
    #[serde(rename = "total_jour")]
    pub daily_total: Option<u64>,
    /// Counters seen on the day.
    #[serde(rename = "nombre_compteurs")]
    pub counter_count: u64,
    /// Counters with a count above 0.
    #[serde(rename = "compteurs_actifs")]
    pub active_counter_count: u64,
    /// Cells with a count ÷ expected cells, percent; null if no cell is expected.
    #[serde(rename = "part_observee")]
    pub observed_percent: Option<Fixed2>,
    /// The same without failing counters, up to `complet_jusqu_a`, percent; null if no cell is expected.
    #[serde(rename = "taux_disponibilite")]
    pub availability: Option<Fixed2>,
    /// Local hour (0–23) with the largest count; null if no hour has one.
    #[serde(rename = "pic_horaire")]
    pub peak_hour: Option<u8>,
    /// Sum of the counts by local hour, 24 values; null for hours without a count.
    #[serde(rename = "debit_par_heure")]
    pub hourly_flow: Vec<Option<Fixed2>>,
}

/// A counter far from its usual total.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BikeAnomaly {
    /// Counter id.
    #[serde(rename = "id_compteur")]
    pub counter_id: String,
    /// Name of the counter; null if the source has none.
    #[serde(rename = "nom_compteur")]
    pub counter_name: Option<String>,
    /// Sum of the counts.
    #[serde(rename = "total_jour")]
    pub daily_total: u64,
    /// Median of the last 8 days with the same weekday.
    pub reference: Fixed2,
    /// Deviation from the reference, percent.
    #[serde(rename = "ecart_pourcent")]
    pub deviation_percent: Fixed2,
}

/// Comparison with the previous week, the usual day and the previous year.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct BikeEvolution {
    /// Comparison with D−7; null without history.
    #[serde(rename = "semaine_precedente")]
    pub previous_week: Option<BikeComparisons>,
    /// Comparison with the usual day of the same day type; null without history.
    #[serde(rename = "jour_type")]
    pub usual_day: Option<BikeComparisons>,
    /// Comparison with the same weekday 52 weeks before; null without history.
    #[serde(rename = "annee_precedente")]
    pub previous_year: Option<BikeComparisons>,
}

/// Compared figures, each null if either side is unknown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BikeComparisons {
    /// Bikes counted.
    #[serde(rename = "total_jour")]
    pub daily_total: Option<Comparison>,
}
