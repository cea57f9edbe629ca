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
    pub langue: String,
    /// Counts from 1.
    pub edition: u64,
    /// What changed in the summary since the edition before.
    pub changements: Vec<Change>,
    /// Source → what became of it.
    pub sources: BTreeMap<Source, SourceStatus>,
    /// The headline figures.
    pub summary: Summary,
    /// The busiest arcs.
    pub top_10_troncons_frequentes: Option<Vec<TopArc>>,
    /// Zones by lost time.
    pub top_10_zones_congestionnees: Option<Vec<ZoneMetrics>>,
    /// Failing road detectors and bike counters; null where neither source is there.
    pub capteurs_defaillants: Option<Vec<FailingSensor>>,
    /// At most 20.
    pub alertes_congestion: Option<Vec<CongestionAlert>>,
    /// Worksites of the day.
    pub chantiers_actifs: Option<Vec<Worksite>>,
    /// At most 20 disruptions.
    pub perturbations: Option<Vec<Disruption>>,
    /// Against last week.
    pub evolution_vs_semaine_precedente: ReportEvolution,
    /// Against the usual day.
    pub evolution_vs_jour_type: ReportEvolution,
    /// Weather.
    pub meteo_impact: Option<WeatherImpact>,
    /// Associations.
    pub correlations: Option<Vec<Correlation>>,
    /// Source → what became of its rows.
    pub qualite: BTreeMap<Source, SourceQuality>,
    /// Digest of the manifest that it is made from.
    pub metrics_digest: String,
}

/// One figure of the summary that changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// Its key in the summary.
    pub cle: String,
    /// Before.
    pub avant: serde_json::Value,
    /// Now.
    pub apres: serde_json::Value,
}

/// What became of a source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SourceStatus {
    /// As in the manifest.
    pub statut: EntryStatus,
    /// Why it is not `ok`.
    pub raison: Option<String>,
    /// Percent; null for snapshots and missing sources.
    pub completude: Option<Fixed2>,
}

/// The headline figures; null where the source is missing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// Of the manifest.
    pub statut_jour: DayStatus,
    /// Of the manifest, percent.
    pub completude: Option<Fixed2>,
    /// Vehicles counted.
    pub total_vehicules_paris: Option<Fixed2>,
    /// Vehicle-kilometres.
    pub vehicules_km: Option<Fixed1>,
    /// Lost time, minutes.
    pub temps_perdu_total_minutes: Option<Fixed1>,
    /// Saturated arcs.
    pub nombre_troncons_satures: Option<u64>,
    /// Percent.
    pub taux_disponibilite_capteurs: Option<Fixed2>,
    /// Bikes counted.
    pub total_velos_paris: Option<u64>,
    /// Disruptions of the day.
    pub perturbations_actives: Option<u64>,
    /// Worksites of the day.
    pub chantiers_actifs: Option<u64>,
    /// 0 to 7 sentences, most unusual first.
    pub faits_marquants: Vec<Sentence>,
}

/// A sentence, with what it says for programs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Sentence {
    /// The fact's key.
    pub cle: String,
    /// The sentence.
    pub phrase: String,
    /// The fact's value.
    pub valeur: Fixed2,
    /// What it is compared with.
    pub reference: Option<Fixed2>,
    /// Difference, percent.
    pub ecart: Option<Fixed2>,
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
    pub libelle: Option<String>,
    /// Which measure, of a road detector.
    pub grandeur: Option<Measure>,
    /// Why.
    pub raison: String,
    /// Start.
    pub debut: Stamp,
    /// End.
    pub fin: Stamp,
    /// Hours.
    pub duree_heures: Fixed2,
}

/// Of roads and bikes.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct ReportEvolution {
    /// Roads: `semaine_precedente` or `jour_type` of their document.
    pub comptages: Option<RoadComparisons>,
    /// Bikes: the same.
    pub bikes: Option<BikeComparisons>,
}

/// Weather, as in its document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WeatherImpact {
    /// Figures.
    pub metrics: WeatherMetrics,
    /// Categories.
    pub categories: Vec<WeatherCategory>,
    /// 0 to 100.
    pub impact_mobilite: Fixed1,
    /// 0 to 100.
    pub indice_cyclable: Fixed1,
    /// Observed, not forecast.
    pub observation: bool,
}

/// What became of a source's rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SourceQuality {
    /// Of its document.
    pub statut_jour: DayStatus,
    /// Percent; null for snapshots.
    pub completude: Option<Fixed2>,
    /// Rows read.
    pub lignes_lues: u64,
    /// Rows of the day.
    pub lignes_du_jour: u64,
    /// Repeats.
    pub doublons: u64,
    /// Conflicts.
    pub conflits: u64,
    /// Reason → rows and values not used, structure and values together.
    pub rejets: BTreeMap<Reason, u64>,
    /// Sentences.
    pub avertissements: Vec<String>,
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
