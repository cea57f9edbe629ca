//! `traffic`: the transit disruptions of a day.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Stamp;
use crate::number::Fixed2;

/// What is the disruptions' own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Disruptions {
    /// Those that concern the day, by severity, then begin, then id.
    pub disruptions: Vec<Disruption>,
    /// Ids in the snapshots read.
    pub total_disruptions_count: u64,
    /// Those that concern the day.
    pub active_disruptions_count: u64,
    /// Severity → disruptions of the day.
    pub disruptions_by_severity: BTreeMap<Severity, u64>,
    /// Mode → disruptions of the day that touch it.
    pub disruptions_by_mode: BTreeMap<Mode, u64>,
    /// The 10 most disrupted lines, by hours, then count.
    #[serde(rename = "top_lignes_impactees")]
    pub top_affected_lines: Vec<DisruptedLine>,
    /// Mode → line-hours disrupted.
    #[serde(rename = "heures_ligne_perturbees")]
    pub disrupted_line_hours: BTreeMap<Mode, Fixed2>,
    /// 100 × (1 − disrupted ÷ service hours); null without lines.
    pub reliability_index: Option<Fixed2>,
    /// Critical, long and general disruptions.
    pub alerts: Vec<TransitAlert>,
    /// How many ran at some time in each local hour, 24.
    #[serde(rename = "debut_par_heure")]
    pub running_by_hour: Vec<Option<Fixed2>>,
}

/// How bad; the first is the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Severity {
    /// No service.
    #[serde(rename = "CRITIQUE")]
    Critical,
    /// Long delays, reduced service.
    #[serde(rename = "ELEVEE")]
    High,
    /// Detours and the like.
    #[serde(rename = "MOYENNE")]
    Medium,
    /// Information.
    #[serde(rename = "FAIBLE")]
    Low,
}

/// Mode of transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Anything else.
    #[serde(rename = "autre")]
    Other,
    /// Bus.
    Bus,
    /// Metro.
    Metro,
    /// Rail shuttle.
    #[serde(rename = "navette")]
    Shuttle,
    /// RER.
    Rer,
    /// Tram.
    #[serde(rename = "tramway")]
    Tram,
    /// Suburban rail.
    Transilien,
}

/// Whether it is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum DisruptionStatus {
    /// Still running at the end of the day.
    #[serde(rename = "en_cours")]
    Ongoing,
    /// Over by then.
    #[serde(rename = "terminee")]
    Ended,
}

/// A line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Line {
    /// Mode.
    pub mode: Mode,
    /// Code, such as `13` or `T3a`.
    pub code: String,
    /// Name for people, such as `Métro 13`.
    #[serde(rename = "nom")]
    pub name: String,
}

/// A stretch of time, begin inclusive, end exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Period {
    /// Begin.
    #[serde(rename = "debut")]
    pub start: Stamp,
    /// End; null where none is known.
    #[serde(rename = "fin")]
    pub end: Option<Stamp>,
}

/// One disruption that concerns the day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Disruption {
    /// Its id.
    pub id: String,
    /// Whether it is over.
    #[serde(rename = "statut")]
    pub status: DisruptionStatus,
    /// How bad.
    #[serde(rename = "gravite")]
    pub severity: Severity,
    /// Cause, as published.
    pub cause: Option<String>,
    /// Title, plain text.
    #[serde(rename = "titre")]
    pub title: Option<String>,
    /// Message, plain text.
    pub message: Option<String>,
    /// Lines it touches.
    #[serde(rename = "lignes")]
    pub lines: Vec<Line>,
    /// Begin of the whole disruption.
    #[serde(rename = "debut")]
    pub start: Stamp,
    /// End of the whole disruption; null where none is known.
    #[serde(rename = "fin")]
    pub end: Option<Stamp>,
    /// Union of its periods within the day, hours.
    #[serde(rename = "duree_heures")]
    pub duration_hours: Fixed2,
    /// All its periods, by begin.
    #[serde(rename = "periodes")]
    pub periods: Vec<Period>,
}

/// A line and how long it was disrupted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DisruptedLine {
    /// Mode.
    pub mode: Mode,
    /// Code.
    pub code: String,
    /// Name.
    #[serde(rename = "nom")]
    pub name: String,
    /// Disrupted hours of the day, overlaps merged.
    #[serde(rename = "heures")]
    pub hours: Fixed2,
    /// Disruptions.
    #[serde(rename = "nombre")]
    pub count: u64,
}

/// Type of a transit alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum TransitAlertType {
    /// Severity CRITIQUE.
    #[serde(rename = "critique")]
    Critical,
    /// ELEVEE for more than 2 hours of the day.
    #[serde(rename = "longue")]
    Long,
    /// More than 5 CRITIQUE or ELEVEE at one instant.
    #[serde(rename = "generalisee")]
    Widespread,
}

/// An alert.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TransitAlert {
    /// Type.
    #[serde(rename = "type")]
    pub kind: TransitAlertType,
    /// The disruption; null for a general one.
    pub id: Option<String>,
    /// Its title.
    #[serde(rename = "titre")]
    pub title: Option<String>,
    /// Lines.
    #[serde(rename = "lignes")]
    pub lines: Vec<Line>,
    /// Begin within the day.
    #[serde(rename = "debut")]
    pub start: Stamp,
    /// End within the day.
    #[serde(rename = "fin")]
    pub end: Stamp,
    /// Hours within the day.
    #[serde(rename = "duree_heures")]
    pub duration_hours: Fixed2,
    /// Disruptions that run at once at most; 1 for a single one.
    #[serde(rename = "nombre")]
    pub count: u64,
}
