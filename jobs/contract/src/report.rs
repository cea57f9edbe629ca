//! The daily report as JSON, and the small summary of it that the index is made of.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::document::DayStatus;
use crate::document::bike_counts::BikeComparisons;
use crate::document::context::Correlation;
use crate::document::disruptions::Disruption;
use crate::document::manifest::EntryStatus;
use crate::document::road_counts::{CongestionAlert, Measure, RoadComparisons, TopArc, ZoneMetrics};
use crate::document::weather::{WeatherCategory, WeatherMetrics};
use crate::document::worksites::Worksite;
use crate::number::{Fixed1, Fixed2};
use crate::{Reason, Source, Stamp};

/// The daily report. A section whose source is missing is null, and `sources` says why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DailyReport {
    /// `major.minor` of the report's form.
    pub schema_version: String,
    /// The day.
    pub date: NaiveDate,
    /// When it was written.
    pub generated_at: Stamp,
    /// Version of the reporter.
    pub cityflow_version: String,
    /// Language of the sentences.
    #[serde(rename = "langue")]
    pub language: String,
    /// Counts from 1.
    pub edition: u64,
    /// What changed in the summary since the edition before.
    #[serde(rename = "changements")]
    pub changes: Vec<Change>,
    /// Source → what became of it.
    pub sources: BTreeMap<Source, SourceStatus>,
    /// The headline figures.
    pub summary: Summary,
    /// The busiest arcs.
    #[serde(rename = "top_10_troncons_frequentes")]
    pub top_10_arcs: Option<Vec<TopArc>>,
    /// Zones by lost time.
    #[serde(rename = "top_10_zones_congestionnees")]
    pub top_10_congested_zones: Option<Vec<ZoneMetrics>>,
    /// Failing road detectors and bike counters; null where neither source is there.
    #[serde(rename = "capteurs_defaillants")]
    pub sensor_failures: Option<Vec<FailingSensor>>,
    /// At most 20.
    #[serde(rename = "alertes_congestion")]
    pub congestion_alerts: Option<Vec<CongestionAlert>>,
    /// Worksites of the day.
    #[serde(rename = "chantiers_actifs")]
    pub active_worksites: Option<Vec<Worksite>>,
    /// At most 20 disruptions.
    #[serde(rename = "perturbations")]
    pub disruptions: Option<Vec<Disruption>>,
    /// Against last week.
    #[serde(rename = "evolution_vs_semaine_precedente")]
    pub evolution_vs_previous_week: ReportEvolution,
    /// Against the usual day.
    #[serde(rename = "evolution_vs_jour_type")]
    pub evolution_vs_usual_day: ReportEvolution,
    /// Weather.
    #[serde(rename = "meteo_impact")]
    pub weather_impact: Option<WeatherImpact>,
    /// Associations.
    pub correlations: Option<Vec<Correlation>>,
    /// Source → what became of its rows.
    #[serde(rename = "qualite")]
    pub quality: BTreeMap<Source, SourceQuality>,
    /// Digest of the manifest that it is made from.
    pub metrics_digest: String,
}

/// One figure of the summary that changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// Its key in the summary.
    #[serde(rename = "cle")]
    pub key: String,
    /// Before.
    #[serde(rename = "avant")]
    pub before: serde_json::Value,
    /// Now.
    #[serde(rename = "apres")]
    pub after: serde_json::Value,
}

/// What became of a source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SourceStatus {
    /// As in the manifest.
    #[serde(rename = "statut")]
    pub status: EntryStatus,
    /// Why it is not `ok`.
    #[serde(rename = "raison")]
    pub reason: Option<String>,
    /// Percent; null for snapshots and missing sources.
    #[serde(rename = "completude")]
    pub completeness: Option<Fixed2>,
}

/// The headline figures; null where the source is missing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// Of the manifest.
    #[serde(rename = "statut_jour")]
    pub day_status: DayStatus,
    /// Of the manifest, percent.
    #[serde(rename = "completude")]
    pub completeness: Option<Fixed2>,
    /// Vehicles counted.
    #[serde(rename = "total_vehicules_paris")]
    pub total_vehicles: Option<Fixed2>,
    /// Vehicle-kilometres.
    #[serde(rename = "vehicules_km")]
    pub vehicle_km: Option<Fixed1>,
    /// Lost time, minutes.
    #[serde(rename = "temps_perdu_total_minutes")]
    pub total_delay_minutes: Option<Fixed1>,
    /// Saturated arcs.
    #[serde(rename = "nombre_troncons_satures")]
    pub saturated_arc_count: Option<u64>,
    /// Percent.
    #[serde(rename = "taux_disponibilite_capteurs")]
    pub sensor_availability: Option<Fixed2>,
    /// Bikes counted.
    #[serde(rename = "total_velos_paris")]
    pub total_bikes: Option<u64>,
    /// Disruptions of the day.
    #[serde(rename = "perturbations_actives")]
    pub active_disruptions: Option<u64>,
    /// Worksites of the day.
    #[serde(rename = "chantiers_actifs")]
    pub active_worksites: Option<u64>,
    /// 0 to 7 sentences, most unusual first.
    #[serde(rename = "faits_marquants")]
    pub highlights: Vec<Sentence>,
}

/// A sentence, with what it says for programs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Sentence {
    /// The fact's key.
    #[serde(rename = "cle")]
    pub key: String,
    /// The sentence.
    #[serde(rename = "phrase")]
    pub text: String,
    /// The fact's value.
    #[serde(rename = "valeur")]
    pub value: Fixed2,
    /// What it is compared with.
    pub reference: Option<Fixed2>,
    /// Difference, percent.
    #[serde(rename = "ecart")]
    pub deviation: Option<Fixed2>,
}

/// What sort of sensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SensorType {
    /// Road detector.
    #[serde(rename = "route")]
    Road,
    /// Bike counter.
    #[serde(rename = "velo")]
    Bike,
}

/// A failing sensor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FailingSensor {
    /// Road or bike.
    #[serde(rename = "type")]
    pub kind: SensorType,
    /// Arc or counter.
    pub id: String,
    /// Label.
    #[serde(rename = "libelle")]
    pub label: Option<String>,
    /// Which measure, of a road detector.
    #[serde(rename = "grandeur")]
    pub measure: Option<Measure>,
    /// Why.
    #[serde(rename = "raison")]
    pub reason: String,
    /// Start.
    #[serde(rename = "debut")]
    pub start: Stamp,
    /// End.
    #[serde(rename = "fin")]
    pub end: Stamp,
    /// Hours.
    #[serde(rename = "duree_heures")]
    pub duration_hours: Fixed2,
}

/// Of roads and bikes.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct ReportEvolution {
    /// Roads: `semaine_precedente` or `jour_type` of their document.
    #[serde(rename = "comptages")]
    pub road_counts: Option<RoadComparisons>,
    /// Bikes: the same.
    #[serde(rename = "bikes")]
    pub bike_counts: Option<BikeComparisons>,
}

/// Weather, as in its document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WeatherImpact {
    /// Figures.
    pub metrics: WeatherMetrics,
    /// Categories.
    pub categories: Vec<WeatherCategory>,
    /// 0 to 100.
    #[serde(rename = "impact_mobilite")]
    pub mobility_impact: Fixed1,
    /// 0 to 100.
    #[serde(rename = "indice_cyclable")]
    pub cycling_index: Fixed1,
    /// Observed, not forecast.
    pub observation: bool,
}

/// What became of a source's rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SourceQuality {
    /// Of its document.
    #[serde(rename = "statut_jour")]
    pub day_status: DayStatus,
    /// Percent; null for snapshots.
    #[serde(rename = "completude")]
    pub completeness: Option<Fixed2>,
    /// Rows read.
    #[serde(rename = "lignes_lues")]
    pub rows_read: u64,
    /// Rows of the day.
    #[serde(rename = "lignes_du_jour")]
    pub rows_of_day: u64,
    /// Repeats.
    #[serde(rename = "doublons")]
    pub duplicates: u64,
    /// Conflicts.
    #[serde(rename = "conflits")]
    pub conflicts: u64,
    /// Reason → rows and values not used, structure and values together.
    #[serde(rename = "rejets")]
    pub rejects: BTreeMap<Reason, u64>,
    /// Sentences.
    #[serde(rename = "avertissements")]
    pub warnings: Vec<String>,
}

/// What the index needs of one report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DailySummary {
    /// `major.minor` of the report's form.
    pub schema_version: String,
    /// The day.
    pub date: NaiveDate,
    /// When the report was written.
    pub generated_at: Stamp,
    /// Its edition.
    pub edition: u64,
    /// Digest of the manifest that it is made from.
    pub metrics_digest: String,
    /// The headline figures.
    pub summary: Summary,
}
