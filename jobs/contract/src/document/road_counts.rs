//! `comptages`: the road counts of one day, from hourly detector data. A cell is one arc and one hour.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Comparison;
use crate::Stamp;
use crate::number::{Degrees, Fixed1, Fixed2, Fixed3};

mod alerts;

pub use alerts::{AlertSeverity, AlertType, CongestionAlert, ExceptionalFlow};

/// Body of the `comptages` document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RoadCounts {
    /// Detector failures, whose values are excluded from all other figures; by arc id, then start.
    #[serde(rename = "capteurs_defaillants")]
    pub sensor_failures: Vec<FailingDetector>,
    /// One entry per arc seen on the day, by arc id.
    pub metrics: Vec<ArcMetrics>,
    /// Figures of the whole city.
    pub global_metrics: RoadGlobal,
    /// The 10 arcs with the largest total flow; arcs without a flow are left out.
    #[serde(rename = "top_10_troncons")]
    pub top_10_arcs: Vec<TopArc>,
    /// The 10 zones with the largest delay; zones without a delay are left out.
    #[serde(rename = "top_10_zones_congestionnees")]
    pub top_10_congested_zones: Vec<ZoneMetrics>,
    /// The 10 zones with the most vehicles; zones without vehicles are left out.
    #[serde(rename = "top_zones_affluence")]
    pub busiest_zones: Vec<ZoneMetrics>,
    /// Every zone that has an arc, by code.
    pub zones: Vec<ZoneMetrics>,
    /// Congestion alerts that touch the day, worst first: by delay, maximum occupancy, start, id.
    #[serde(rename = "alertes_congestion")]
    pub congestion_alerts: Vec<CongestionAlert>,
    /// Flows far above the usual flow of the arc; null without history.
    #[serde(rename = "debits_exceptionnels")]
    pub exceptional_flows: Option<Vec<ExceptionalFlow>>,
    /// Profiles of the usual day; null without history.
    #[serde(rename = "profils")]
    pub profiles: Option<BTreeMap<String, serde_json::Value>>,
    /// Comparison with the previous week and with the usual day.
    pub evolution: RoadEvolution,
}

/// Why a detector counts as failing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum DetectorFault {
    /// Expected, but without any measurement for more than 6 consecutive hours.
    #[serde(rename = "silencieux")]
    Silent,
    /// The same value for more than 12 consecutive hours.
    #[serde(rename = "fige")]
    Stuck,
    /// An impossible flow, or a flow with zero occupancy.
    #[serde(rename = "incoherent")]
    Inconsistent,
}

/// Which of the two measurements of a detector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum Measure {
    /// Flow, in vehicles per hour.
    #[serde(rename = "q")]
    Flow,
    /// Occupancy, in percent of time.
    #[serde(rename = "k")]
    Occupancy,
    /// Flow and occupancy.
    #[serde(rename = "q et k")]
    Both,
}

/// One detector failure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FailingDetector {
    /// Arc id.
    #[serde(rename = "identifiant_arc")]
    pub arc_id: String,
    /// Label of the arc; null if neither the network nor the rows have one.
    #[serde(rename = "libelle")]
    pub label: Option<String>,
    /// Which measurement failed.
    #[serde(rename = "grandeur")]
    pub measure: Measure,
    /// Why the detector counts as failing.
    #[serde(rename = "raison")]
    pub reason: DetectorFault,
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

/// Traffic state of a cell, from its occupancy; the known states are in ascending order of severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum TrafficState {
    /// Neither an occupancy nor a usable published state.
    #[serde(rename = "Inconnu")]
    Unknown,
    /// Occupancy below 15 %.
    #[serde(rename = "Fluide")]
    FreeFlow,
    /// Occupancy from 15 %.
    #[serde(rename = "Pré-saturé")]
    PreSaturated,
    /// Occupancy from 30 %.
    #[serde(rename = "Saturé")]
    Saturated,
    /// Occupancy from 50 %.
    #[serde(rename = "Bloqué")]
    Blocked,
}

/// Published open/closed status of an arc. It is independent of its counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum ArcStatus {
    /// Not published.
    #[serde(rename = "Inconnu")]
    Unknown,
    /// Open to traffic.
    #[serde(rename = "Ouvert")]
    Open,
    /// Closed to traffic.
    #[serde(rename = "Barré")]
    Closed,
    /// Published as invalid.
    #[serde(rename = "Invalide")]
    Invalid,
}

/// One arc on the day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ArcMetrics {
    /// Service day.
    pub date: NaiveDate,
    /// Arc id.
    #[serde(rename = "identifiant_arc")]
    pub arc_id: String,
    /// Label, from the network, else from the rows; null if neither has one.
    #[serde(rename = "libelle")]
    pub label: Option<String>,
    /// `lat, lon` in degrees with 5 decimals; null if unknown.
    pub geo_point_2d: Option<String>,
    /// Mean flow over the cells that have one, vehicles per hour; null if none has.
    #[serde(rename = "debit_horaire_moyen")]
    pub mean_hourly_flow: Option<Fixed2>,
    /// Sum of the flows, vehicles; null if no cell has one. Missing hours are not filled.
    #[serde(rename = "debit_journalier_total")]
    pub total_daily_flow: Option<Fixed2>,
    /// Largest hourly flow, vehicles per hour; null if no cell has a flow.
    #[serde(rename = "debit_max")]
    pub max_flow: Option<Fixed2>,
    /// Start of the first hour with the largest flow; null if no cell has a flow.
    #[serde(rename = "heure_pic")]
    pub peak_hour: Option<Stamp>,
    /// Mean occupancy over the cells that have one, percent; null if none has.
    #[serde(rename = "taux_occupation_moyen")]
    pub mean_occupancy: Option<Fixed2>,
    /// Most frequent known state; of equally frequent ones the worst.
    #[serde(rename = "etat_trafic_dominant")]
    pub dominant_state: TrafficState,
    /// Most frequent status; of equally frequent ones the last seen.
    #[serde(rename = "etat_arc")]
    pub arc_status: ArcStatus,
    /// Cells with a flow or an occupancy.
    #[serde(rename = "heures_mesurees")]
    pub measured_hours: u32,
    /// Flow by local hour, 24 values, vehicles per hour; null for hours without a flow.
    #[serde(rename = "debit_par_heure")]
    pub hourly_flow: Vec<Option<Fixed2>>,
    /// Occupancy by local hour, 24 values, percent; null for hours without an occupancy.
    #[serde(rename = "taux_par_heure")]
    pub hourly_occupancy: Vec<Option<Fixed2>>,
    /// Haversine length of the line, m; null if no line is known.
    #[serde(rename = "longueur_metres")]
    pub length_m: Option<Fixed1>,
    /// Delay of all vehicles, minutes; null without a length or without a cell that has flow and occupancy.
    #[serde(rename = "temps_perdu_total_minutes")]
    pub total_delay_minutes: Option<Fixed1>,
    /// Delay per vehicle, minutes; null if the total is null or no vehicle was counted.
    #[serde(rename = "temps_perdu_minutes")]
    pub delay_minutes: Option<Fixed3>,
    /// Total flow × length, vehicle-kilometres; null without either.
    #[serde(rename = "vehicules_km")]
    pub vehicle_km: Option<Fixed1>,
    /// Percent of the hours of the day with a measurement, before detector failures are excluded.
    #[serde(rename = "part_observee")]
    pub observed_percent: Fixed2,
    /// Whether a `congestion` or `blocage` alert of the arc touches the day.
    #[serde(rename = "congestion_alerte")]
    pub has_congestion_alert: bool,
    /// Code of the zone that contains the point; null if none does or the zones are unknown.
    #[serde(rename = "arrondissement")]
    pub district: Option<String>,
    /// Name of that zone; `Hors zone` if no zone contains the point, null if the zones are unknown.
    pub zone: Option<String>,
    /// Line as `[lon, lat]` in degrees, for arcs that the network does not have; null for all others.
    pub trace: Option<Vec<[Degrees; 2]>>,
    /// Total flow with missing hours filled from the profile of the arc, vehicles; null without history.
    #[serde(rename = "debit_journalier_estime")]
    pub estimated_daily_flow: Option<Fixed2>,
    /// Deviation of the total flow from the usual day, percent; null without history.
    #[serde(rename = "ecart_jour_type_pourcent")]
    pub day_type_deviation_percent: Option<Fixed2>,
}

/// Frequency of one traffic state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StateShare {
    /// Cells in this state.
    #[serde(rename = "heures")]
    pub hours: u64,
    /// Percent of all cells.
    #[serde(rename = "pourcent")]
    pub percent: Fixed2,
}

/// The whole city on the day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RoadGlobal {
    /// Service day.
    pub date: NaiveDate,
    /// Sum of the total flows of the arcs, vehicles; null if no arc has one.
    #[serde(rename = "total_vehicules_jour")]
    pub total_vehicles: Option<Fixed2>,
    /// Sum over the arcs, vehicle-kilometres; null if no arc has a value.
    #[serde(rename = "vehicules_km")]
    pub vehicle_km: Option<Fixed1>,
    /// Arcs seen on the day.
    #[serde(rename = "nombre_troncons")]
    pub arc_count: u64,
    /// Arcs with a measurement.
    #[serde(rename = "nombre_troncons_actifs")]
    pub active_arc_count: u64,
    /// Total ÷ arcs with a flow, vehicles; null if no arc has a flow.
    #[serde(rename = "moyenne_debit_par_troncon")]
    pub mean_flow_per_arc: Option<Fixed2>,
    /// Mean over all cells that have an occupancy, percent; null if none has.
    #[serde(rename = "taux_occupation_moyen")]
    pub mean_occupancy: Option<Fixed2>,
    /// Arcs with at least one hour at or above the saturation threshold.
    #[serde(rename = "nombre_troncons_satures")]
    pub saturated_arc_count: u64,
    /// Arcs with `congestion_alerte`.
    #[serde(rename = "nombre_troncons_en_alerte")]
    pub alerted_arc_count: u64,
    /// Arcs seen on the day but not expected (no measurement in 28 days).
    #[serde(rename = "nombre_troncons_muets")]
    pub silent_arc_count: u64,
    /// Measured ÷ expected cells, percent; null if no cell is expected.
    #[serde(rename = "part_observee")]
    pub observed_percent: Option<Fixed2>,
    /// Measured and not excluded ÷ expected cells up to `complet_jusqu_a`, percent; null if no cell is expected.
    #[serde(rename = "taux_disponibilite_capteurs")]
    pub sensor_availability: Option<Fixed2>,
    /// Availability over the arcs expected to have a flow, percent; null if there are none.
    #[serde(rename = "disponibilite_debit")]
    pub flow_availability: Option<Fixed2>,
    /// Availability over the arcs expected to have an occupancy, percent; null if there are none.
    #[serde(rename = "disponibilite_taux")]
    pub occupancy_availability: Option<Fixed2>,
    /// Delay of all vehicles, minutes; null if no arc has one.
    #[serde(rename = "temps_perdu_total_paris")]
    pub total_delay_minutes: Option<Fixed1>,
    /// The same delay in hours.
    #[serde(rename = "temps_perdu_total_heures")]
    pub total_delay_hours: Option<Fixed1>,
    /// Sum of the flows of all arcs by local hour, 24 values, vehicles per hour; null for hours without a flow.
    #[serde(rename = "debit_par_heure")]
    pub hourly_flow: Vec<Option<Fixed2>>,
    /// Local hour (0–23) with the largest flow; null if no hour has one.
    #[serde(rename = "heure_pic")]
    pub peak_hour: Option<u8>,
    /// State → hours and share; only states that occur.
    #[serde(rename = "repartition_etat_trafic")]
    pub state_distribution: BTreeMap<String, StateShare>,
    /// Arc status → cells; only statuses that occur.
    #[serde(rename = "repartition_etat_arc")]
    pub status_distribution: BTreeMap<String, u64>,
}

/// One of the busiest arcs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TopArc {
    /// Arc id.
    #[serde(rename = "identifiant_arc")]
    pub arc_id: String,
    /// Label of the arc; null if unknown.
    #[serde(rename = "libelle")]
    pub label: Option<String>,
    /// Name of the zone; null if the zones are unknown.
    pub zone: Option<String>,
    /// Total flow, vehicles.
    #[serde(rename = "debit_journalier_total")]
    pub total_daily_flow: Fixed2,
    /// Mean occupancy, percent; null if no cell has one.
    #[serde(rename = "taux_occupation_moyen")]
    pub mean_occupancy: Option<Fixed2>,
    /// Most frequent known state.
    #[serde(rename = "etat_trafic_dominant")]
    pub dominant_state: TrafficState,
    /// Percent of the hours of the day with a measurement.
    #[serde(rename = "part_observee")]
    pub observed_percent: Fixed2,
}

/// One zone on the day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ZoneMetrics {
    /// Name of the zone.
    pub zone: String,
    /// Code of the zone; null outside every zone.
    #[serde(rename = "arrondissement")]
    pub district: Option<String>,
    /// Arcs seen on the day.
    #[serde(rename = "nombre_troncons")]
    pub arc_count: u64,
    /// Sum of the flows, vehicles; null if no arc has one.
    #[serde(rename = "total_vehicules")]
    pub total_vehicles: Option<Fixed2>,
    /// Sum over the arcs, vehicle-kilometres; null if no arc has a value.
    #[serde(rename = "vehicules_km")]
    pub vehicle_km: Option<Fixed1>,
    /// Delay of all vehicles, minutes; null if no arc has one.
    #[serde(rename = "temps_perdu_total_minutes")]
    pub total_delay_minutes: Option<Fixed1>,
    /// Arcs with at least one hour at or above the saturation threshold.
    #[serde(rename = "nombre_troncons_satures")]
    pub saturated_arc_count: u64,
    /// Saturated arcs in percent of the arcs with an occupancy; null if there are none.
    #[serde(rename = "taux_saturation")]
    pub saturation_percent: Option<Fixed2>,
    /// Ids of at most 5 arcs with a delay, largest delay first.
    #[serde(rename = "top_troncons")]
    pub top_arcs: Vec<String>,
}

/// Comparison with the previous week and with the usual day.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct RoadEvolution {
    /// Comparison with D−7; null without history.
    #[serde(rename = "semaine_precedente")]
    pub previous_week: Option<RoadComparisons>,
    /// Comparison with the usual day of the same day type; null without history.
    #[serde(rename = "jour_type")]
    pub usual_day: Option<RoadComparisons>,
}

/// Compared figures, each null if either side is unknown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RoadComparisons {
    /// Vehicles.
    #[serde(rename = "total_vehicules")]
    pub total_vehicles: Option<Comparison>,
    /// Delay, minutes.
    #[serde(rename = "temps_perdu")]
    pub delay: Option<Comparison>,
    /// Mean occupancy, percent.
    #[serde(rename = "taux_occupation")]
    pub occupancy: Option<Comparison>,
}
