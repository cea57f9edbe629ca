//! Congestion alerts and exceptional flows of the road counts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Stamp;
use crate::number::{Fixed1, Fixed2};

/// Type of a congestion alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlertType {
    /// Occupancy of 80 % or more in at least 2 consecutive hours (default thresholds).
    Congestion,
    /// Occupancy of 50 % or more in at least 3 consecutive hours (default thresholds).
    #[serde(rename = "blocage")]
    Blockage,
    /// Many arcs of a zone saturated in the same hours.
    #[serde(rename = "zone_saturee")]
    SaturatedZone,
}

/// Severity of a congestion alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum AlertSeverity {
    /// High.
    #[serde(rename = "Élevée")]
    High,
    /// Critical: an hour of very high occupancy, or a long blockage.
    #[serde(rename = "Critique")]
    Critical,
}

/// Consecutive congested hours of an arc or a zone, up to the end of the day. They may begin before the day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CongestionAlert {
    /// Type of the alert.
    #[serde(rename = "type")]
    pub kind: AlertType,
    /// Arc id; null for a zone.
    #[serde(rename = "identifiant_arc")]
    pub arc_id: Option<String>,
    /// Label of the arc; null for a zone, or if unknown.
    #[serde(rename = "libelle")]
    pub label: Option<String>,
    /// Name of the zone; null if the zones are unknown.
    pub zone: Option<String>,
    /// Code of the zone; null outside every zone.
    #[serde(rename = "arrondissement")]
    pub district: Option<String>,
    /// Start of the first hour.
    #[serde(rename = "debut")]
    pub start: Stamp,
    /// End of the last hour.
    #[serde(rename = "fin")]
    pub end: Stamp,
    /// Duration, hours.
    #[serde(rename = "duree_heures")]
    pub duration_hours: Fixed2,
    /// Whether the alert reaches the edge of the observed window, and so may be longer.
    #[serde(rename = "ouvert")]
    pub open: bool,
    /// Largest occupancy during the alert, percent.
    #[serde(rename = "taux_occupation_max")]
    pub max_occupancy: Fixed2,
    /// Largest flow during the alert, vehicles per hour; null for a zone, or without a flow.
    #[serde(rename = "debit_max")]
    pub max_flow: Option<Fixed2>,
    /// Delay within the day, minutes; null if it cannot be computed.
    #[serde(rename = "temps_perdu_minutes")]
    pub delay_minutes: Option<Fixed1>,
    /// Severity.
    #[serde(rename = "severite")]
    pub severity: AlertSeverity,
    /// Saturated arcs in the worst hour; 1 for an arc.
    #[serde(rename = "nombre_troncons")]
    pub arc_count: u64,
}

/// A flow far above the usual flow of the arc.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ExceptionalFlow {
    /// Arc id.
    #[serde(rename = "identifiant_arc")]
    pub arc_id: String,
    /// Label of the arc; null if unknown.
    #[serde(rename = "libelle")]
    pub label: Option<String>,
    /// Name of the zone; null if the zones are unknown.
    pub zone: Option<String>,
    /// Start of the first hour.
    #[serde(rename = "debut")]
    pub start: Stamp,
    /// End of the last hour.
    #[serde(rename = "fin")]
    pub end: Stamp,
    /// Largest flow, vehicles per hour.
    #[serde(rename = "debit_max")]
    pub max_flow: Fixed2,
    /// 95th percentile of the flow at the same local hour and day type, vehicles per hour.
    pub reference: Fixed2,
    /// Deviation of the largest flow from the reference, percent.
    #[serde(rename = "ecart_pourcent")]
    pub deviation_percent: Fixed2,
}
