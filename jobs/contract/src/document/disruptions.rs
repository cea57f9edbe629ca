//! `traffic`: the transit disruptions of one day.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Stamp;
use crate::number::{Fixed1, Fixed2};

/// Body of the `traffic` document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Disruptions {
    /// Disruptions that concern the day: by severity, then by what they affect (lines first), rail before bus, those that began on the day
    /// before older ones, the longer in the day first, then by id.
    pub disruptions: Vec<Disruption>,
    /// Distinct disruption ids in the snapshots that were read.
    pub total_disruptions_count: u64,
    /// Disruptions that concern the day.
    pub active_disruptions_count: u64,
    /// Severity → disruptions of the day.
    pub disruptions_by_severity: BTreeMap<Severity, u64>,
    /// Mode → disruptions of the day that affect it.
    pub disruptions_by_mode: BTreeMap<Mode, u64>,
    /// The 10 most disrupted lines, by disrupted hours, then number of disruptions; disruptions of stops do not count.
    #[serde(rename = "top_lignes_impactees")]
    pub top_affected_lines: Vec<DisruptedLine>,
    /// Mode → disrupted line-hours, CRITIQUE and ELEVEE disruptions of a line or a section of it.
    #[serde(rename = "heures_ligne_perturbees")]
    pub disrupted_line_hours: BTreeMap<Mode, Fixed2>,
    /// 100 × (1 − disrupted line-hours ÷ service hours), 0 to 100, over the hours that a snapshot speaks for; null without such an hour, or if
    /// no service lines are known.
    pub reliability_index: Option<Fixed1>,
    /// Critical, long and widespread disruptions of lines and sections.
    pub alerts: Vec<TransitAlert>,
    /// Mode → disruptions that affect stops only.
    #[serde(rename = "arrets_non_desservis", default)]
    pub stop_disruptions: BTreeMap<Mode, StopDisruptions>,
    /// Disruptions running in each local hour, 24 values; null for an hour that the clock change skips.
    #[serde(rename = "debut_par_heure")]
    pub running_by_hour: Vec<Option<Fixed2>>,
}

/// Severity of a disruption, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Severity {
    /// No service.
    #[serde(rename = "CRITIQUE")]
    Critical,
    /// Long delays or reduced service.
    #[serde(rename = "ELEVEE")]
    High,
    /// Detours and similar.
    #[serde(rename = "MOYENNE")]
    Medium,
    /// Information only.
    #[serde(rename = "FAIBLE")]
    Low,
}

/// What a disruption affects, widest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema)]
pub enum Scope {
    /// A whole line or network, or lines that only the text names.
    #[default]
    #[serde(rename = "ligne")]
    Line,
    /// A section of a line.
    #[serde(rename = "section")]
    Section,
    /// Stops.
    #[serde(rename = "arret")]
    Stop,
    /// A lift.
    #[serde(rename = "equipement")]
    Equipment,
}

impl Scope {
    /// Whether trains or buses do not run along some part of a line, not only past a stop.
    #[must_use]
    pub fn disrupts_line(self) -> bool {
        matches!(self, Self::Line | Self::Section)
    }
}

/// Mode of transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Any other mode.
    #[serde(rename = "autre")]
    Other,
    /// Bus.
    Bus,
    /// Metro.
    Metro,
    /// Rail shuttle.
    #[serde(rename = "navette")]
    Shuttle,
    /// Regional express (RER).
    Rer,
    /// Tram.
    #[serde(rename = "tramway")]
    Tram,
    /// Suburban rail (Transilien).
    Transilien,
}

impl Mode {
    /// Whether it runs on rails or a guideway.
    #[must_use]
    pub fn is_rail(self) -> bool {
        match self {
            Self::Metro | Self::Rer | Self::Transilien | Self::Tram | Self::Shuttle => true,
            Self::Bus | Self::Other => false,
        }
    }
}

/// Whether a disruption had ended by the end of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum DisruptionStatus {
    /// Still running at the end of the day.
    #[serde(rename = "en_cours")]
    Ongoing,
    /// Ended before the end of the day.
    #[serde(rename = "terminee")]
    Ended,
}

/// A transit line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Line {
    /// Mode of transport.
    pub mode: Mode,
    /// Code, such as `13` or `T3a`.
    pub code: String,
    /// Display name, such as `Métro 13`.
    #[serde(rename = "nom")]
    pub name: String,
}

/// A period with inclusive start and exclusive end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Period {
    /// Start.
    #[serde(rename = "debut")]
    pub start: Stamp,
    /// End; null if open.
    #[serde(rename = "fin")]
    pub end: Option<Stamp>,
}

/// One disruption that concerns the day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Disruption {
    /// Disruption id.
    pub id: String,
    /// Whether it had ended by the end of the day.
    #[serde(rename = "statut")]
    pub status: DisruptionStatus,
    /// Severity.
    #[serde(rename = "gravite")]
    pub severity: Severity,
    /// What it affects; of several lines, the widest.
    #[serde(rename = "portee", default)]
    pub scope: Scope,
    /// Cause as published; null if not published.
    pub cause: Option<String>,
    /// Title, plain text; null if not published.
    #[serde(rename = "titre")]
    pub title: Option<String>,
    /// Message, plain text; null if not published.
    pub message: Option<String>,
    /// Affected lines.
    #[serde(rename = "lignes")]
    pub lines: Vec<Line>,
    /// Start of the whole disruption.
    #[serde(rename = "debut")]
    pub start: Stamp,
    /// End of the whole disruption; null if open.
    #[serde(rename = "fin")]
    pub end: Option<Stamp>,
    /// Length of the union of its periods within the day, hours.
    #[serde(rename = "duree_heures")]
    pub duration_hours: Fixed2,
    /// All its periods, by start.
    #[serde(rename = "periodes")]
    pub periods: Vec<Period>,
}

/// Disrupted hours of one line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DisruptedLine {
    /// Mode of transport.
    pub mode: Mode,
    /// Code of the line.
    pub code: String,
    /// Display name of the line.
    #[serde(rename = "nom")]
    pub name: String,
    /// Disrupted hours of the day, overlaps merged.
    #[serde(rename = "heures")]
    pub hours: Fixed2,
    /// Disruptions that affect the line.
    #[serde(rename = "nombre")]
    pub count: u64,
}

/// The disruptions of one mode that affect stops only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct StopDisruptions {
    /// Disruptions.
    #[serde(rename = "nombre")]
    pub count: u64,
    /// Distinct lines.
    #[serde(rename = "lignes")]
    pub lines: u64,
}

/// Type of a transit alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum TransitAlertType {
    /// A disruption of severity CRITIQUE.
    #[serde(rename = "critique")]
    Critical,
    /// A disruption of severity ELEVEE for more than 2 hours of the day.
    #[serde(rename = "longue")]
    Long,
    /// More than 5 disruptions of rail lines, of severity CRITIQUE or ELEVEE, at the same time.
    #[serde(rename = "generalisee")]
    Widespread,
}

/// A transit alert.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TransitAlert {
    /// Type of the alert.
    #[serde(rename = "type")]
    pub kind: TransitAlertType,
    /// Disruption id; null for a widespread alert.
    pub id: Option<String>,
    /// Title of the disruption; null for a widespread alert, or if not published.
    #[serde(rename = "titre")]
    pub title: Option<String>,
    /// Affected lines.
    #[serde(rename = "lignes")]
    pub lines: Vec<Line>,
    /// Start within the day.
    #[serde(rename = "debut")]
    pub start: Stamp,
    /// End within the day.
    #[serde(rename = "fin")]
    pub end: Stamp,
    /// Duration within the day, hours.
    #[serde(rename = "duree_heures")]
    pub duration_hours: Fixed2,
    /// Largest number of disruptions at the same time; 1 for a single disruption.
    #[serde(rename = "nombre")]
    pub count: u64,
}
