//! The daily report as JSON, and its summary for the index.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::document::DayStatus;
use crate::document::bike_counts::BikeComparisons;
use crate::document::context::Correlation;
use crate::document::disruptions::{Disruption, Mode, StopDisruptions};
use crate::document::manifest::EntryStatus;
use crate::document::road_counts::{CongestionAlert, Measure, RoadComparisons, TopArc, ZoneMetrics};
use crate::document::weather::{WeatherCategory, WeatherMetrics};
use crate::document::worksites::Worksite;
use crate::number::{Fixed1, Fixed2};
use crate::{Reason, Source, Stamp};

/// The daily report. A section is null if its source is missing; `sources` has the reason.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DailyReport {
    /// `major.minor` of the format.
    pub schema_version: String,
    /// Name of the city, from the profile or `--city-name`.
    #[serde(rename = "ville")]
    pub city: String,
    /// Service day.
    pub date: NaiveDate,
    /// IANA name of the city's time zone.
    pub timezone: String,
    /// Time of writing.
    pub generated_at: Stamp,
    /// Version of the reporter.
    pub cityflow_version: String,
    /// Language of the sentences.
    #[serde(rename = "langue")]
    pub language: String,
    /// Number of the edition, from 1.
    pub edition: u64,
    /// Changes since the previous edition: figures of the summary, then rankings, alerts and parameters.
    #[serde(rename = "changements")]
    pub changes: Vec<Change>,
    /// Source → its state.
    pub sources: BTreeMap<Source, SourceStatus>,
    /// Headline figures.
    pub summary: Summary,
    /// The 10 busiest arcs.
    #[serde(rename = "top_10_troncons_frequentes")]
    pub top_10_arcs: Option<Vec<TopArc>>,
    /// The 10 zones with the largest delay.
    #[serde(rename = "top_10_zones_congestionnees")]
    pub top_10_congested_zones: Option<Vec<ZoneMetrics>>,
    /// Failing road detectors and bike counters; null if both sources are missing.
    #[serde(rename = "capteurs_defaillants")]
    pub sensor_failures: Option<Vec<FailingSensor>>,
    /// At most 20 congestion alerts, worst first.
    #[serde(rename = "alertes_congestion")]
    pub congestion_alerts: Option<Vec<CongestionAlert>>,
    /// Worksites active on the day.
    #[serde(rename = "chantiers_actifs")]
    pub active_worksites: Option<Vec<Worksite>>,
    /// At most 20 disruptions, worst first.
    #[serde(rename = "perturbations")]
    pub disruptions: Option<Vec<Disruption>>,
    /// Mode → disruptions that affect stops only.
    #[serde(rename = "arrets_non_desservis", default)]
    pub stop_disruptions: Option<BTreeMap<Mode, StopDisruptions>>,
    /// Comparison with the previous week.
    #[serde(rename = "evolution_vs_semaine_precedente")]
    pub evolution_vs_previous_week: ReportEvolution,
    /// Comparison with the usual day of the same day type.
    #[serde(rename = "evolution_vs_jour_type")]
    pub evolution_vs_usual_day: ReportEvolution,
    /// Weather figures and indices.
    #[serde(rename = "meteo_impact")]
    pub weather_impact: Option<WeatherImpact>,
    /// Associations of the `contexte` document; null without history.
    pub correlations: Option<Vec<Correlation>>,
    /// Source → row counts.
    #[serde(rename = "qualite")]
    pub quality: BTreeMap<Source, SourceQuality>,
    /// Source → every threshold, speed and model name that its figures depend on.
    #[serde(rename = "parametres")]
    pub parameters: BTreeMap<Source, BTreeMap<String, serde_json::Value>>,
    /// Digest of the manifest that the report was made from.
    pub metrics_digest: String,
}

/// One change since the previous edition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// Key in the summary; or `<list>/<id>` for a rank (`top_10_troncons_frequentes/5462`), for an alert
    /// (`alertes_congestion/congestion/5462/2025-11-03T08:00:00+01:00`) and for a parameter (`parametres/comptages/seuil_saturation`).
    #[serde(rename = "cle")]
    pub key: String,
    /// Value in the previous edition: a figure, the rank from 1, the alert, or the parameter; null if it was unknown or not listed.
    #[serde(rename = "avant")]
    pub before: serde_json::Value,
    /// Value in this edition; null if it is unknown or no longer listed.
    #[serde(rename = "apres")]
    pub after: serde_json::Value,
}

/// State of one source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SourceStatus {
    /// Status, as in the manifest.
    #[serde(rename = "statut")]
    pub status: EntryStatus,
    /// Why the status is not `ok`; null if it is.
    #[serde(rename = "raison")]
    pub reason: Option<String>,
    /// Percent of the expected cells; null for snapshots and missing sources.
    #[serde(rename = "completude")]
    pub completeness: Option<Fixed2>,
}

/// Headline figures; each is null if its source is missing or has no value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// Status of the manifest.
    #[serde(rename = "statut_jour")]
    pub day_status: DayStatus,
    /// Completeness of the manifest, percent.
    #[serde(rename = "completude")]
    pub completeness: Option<Fixed2>,
    /// Passages of vehicles: each vehicle counts once at each detector that it passes.
    #[serde(rename = "total_vehicules")]
    pub total_vehicles: Option<Fixed2>,
    /// The same as `total_vehicules`, for readers of earlier versions; also in other cities.
    #[serde(rename = "total_vehicules_paris")]
    pub total_vehicles_paris: Option<Fixed2>,
    /// Vehicle-kilometres.
    #[serde(rename = "vehicules_km")]
    pub vehicle_km: Option<Fixed1>,
    /// Delay of all vehicles, minutes.
    #[serde(rename = "temps_perdu_total_minutes")]
    pub total_delay_minutes: Option<Fixed1>,
    /// The same delay in hours, as reports for people show it.
    #[serde(rename = "temps_perdu_total_heures")]
    pub total_delay_hours: Option<Fixed1>,
    /// Saturated arcs.
    #[serde(rename = "nombre_troncons_satures")]
    pub saturated_arc_count: Option<u64>,
    /// Availability of the road detectors, percent.
    #[serde(rename = "taux_disponibilite_capteurs")]
    pub sensor_availability: Option<Fixed2>,
    /// Bikes counted.
    #[serde(rename = "total_velos")]
    pub total_bikes: Option<u64>,
    /// The same as `total_velos`, for readers of earlier versions; also in other cities.
    #[serde(rename = "total_velos_paris")]
    pub total_bikes_paris: Option<u64>,
    /// Disruptions that concern the day.
    #[serde(rename = "perturbations_actives")]
    pub active_disruptions: Option<u64>,
    /// Worksites active on the day.
    #[serde(rename = "chantiers_actifs")]
    pub active_worksites: Option<u64>,
    /// 0 to 7 sentences, most unusual first.
    #[serde(rename = "faits_marquants")]
    pub highlights: Vec<Sentence>,
}

/// A sentence, with its figures for programs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Sentence {
    /// Key of the fact.
    #[serde(rename = "cle")]
    pub key: String,
    /// The sentence.
    #[serde(rename = "phrase")]
    pub text: String,
    /// Value of the fact.
    #[serde(rename = "valeur")]
    pub value: Fixed2,
    /// Value it is compared with; null without one.
    pub reference: Option<Fixed2>,
    /// Deviation from the reference, percent; null without a reference.
    #[serde(rename = "ecart")]
    pub deviation: Option<Fixed2>,
}

/// Type of a sensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum SensorType {
    /// Road detector.
    #[serde(rename = "route")]
    Road,
    /// Bike counter.
    #[serde(rename = "velo")]
    Bike,
}

/// One sensor failure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FailingSensor {
    /// Type of the sensor.
    #[serde(rename = "type")]
    pub kind: SensorType,
    /// Arc id or counter id.
    pub id: String,
    /// Label of the arc or name of the counter; null if unknown.
    #[serde(rename = "libelle")]
    pub label: Option<String>,
    /// Measurement that failed; null for bike counters.
    #[serde(rename = "grandeur")]
    pub measure: Option<Measure>,
    /// Why the sensor counts as failing.
    #[serde(rename = "raison")]
    pub reason: String,
    /// Start of the first failing hour.
    #[serde(rename = "debut")]
    pub start: Stamp,
    /// End of the last failing hour.
    #[serde(rename = "fin")]
    pub end: Stamp,
    /// Duration, hours.
    #[serde(rename = "duree_heures")]
    pub duration_hours: Fixed2,
}

/// Comparisons of roads and bikes.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct ReportEvolution {
    /// Roads, from the `comptages` document; null without history.
    #[serde(rename = "comptages")]
    pub road_counts: Option<RoadComparisons>,
    /// Bikes, from the `bikes` document; null without history.
    #[serde(rename = "bikes")]
    pub bike_counts: Option<BikeComparisons>,
}

/// Weather, from the `weather` document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WeatherImpact {
    /// Figures of the day.
    pub metrics: WeatherMetrics,
    /// Categories that apply to the day.
    pub categories: Vec<WeatherCategory>,
    /// 0 to 100; 50 is neutral.
    #[serde(rename = "impact_mobilite")]
    pub mobility_impact: Fixed1,
    /// 0 to 100; 100 is best.
    #[serde(rename = "indice_cyclable")]
    pub cycling_index: Fixed1,
    /// Whether the values are observed; false for a forecast.
    pub observation: bool,
}

/// Row counts of one source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SourceQuality {
    /// Status of its document.
    #[serde(rename = "statut_jour")]
    pub day_status: DayStatus,
    /// Percent of the expected cells; null for snapshots.
    #[serde(rename = "completude")]
    pub completeness: Option<Fixed2>,
    /// Rows or records of the whole input.
    #[serde(rename = "lignes_lues")]
    pub rows_read: u64,
    /// Rows or records of the day.
    #[serde(rename = "lignes_du_jour")]
    pub rows_of_day: u64,
    /// Further rows of a cell that equal the row before.
    #[serde(rename = "doublons")]
    pub duplicates: u64,
    /// Further rows of a cell that differ from the row before.
    #[serde(rename = "conflits")]
    pub conflicts: u64,
    /// Reason → rows and values that were not used, structural ones included.
    #[serde(rename = "rejets")]
    pub rejects: BTreeMap<Reason, u64>,
    /// Warnings for the reader, as sentences.
    #[serde(rename = "avertissements")]
    pub warnings: Vec<String>,
}

/// One report as the index needs it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DailySummary {
    /// `major.minor` of the format.
    pub schema_version: String,
    /// Name of the city.
    #[serde(rename = "ville")]
    pub city: String,
    /// Service day.
    pub date: NaiveDate,
    /// Time of writing of the report.
    pub generated_at: Stamp,
    /// Edition of the report.
    pub edition: u64,
    /// Digest of the manifest that the report was made from.
    pub metrics_digest: String,
    /// Headline figures.
    pub summary: Summary,
}
