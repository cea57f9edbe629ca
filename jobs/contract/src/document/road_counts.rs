//! `comptages`: the road counts of a day.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Comparison;
use crate::Stamp;
use crate::number::{Degrees, Fixed1, Fixed2, Fixed3};

/// What is the road counts' own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RoadCounts {
    /// Detectors whose values were set aside, by arc, then begin.
    #[serde(rename = "capteurs_defaillants")]
    pub sensor_failures: Vec<FailingDetector>,
    /// One per arc seen in the day, by arc id.
    pub metrics: Vec<ArcMetrics>,
    /// The whole city.
    pub global_metrics: RoadGlobal,
    /// By total flow.
    #[serde(rename = "top_10_troncons")]
    pub top_10_arcs: Vec<TopArc>,
    /// Zones by lost time.
    #[serde(rename = "top_10_zones_congestionnees")]
    pub top_10_congested_zones: Vec<ZoneMetrics>,
    /// Zones by vehicles.
    #[serde(rename = "top_zones_affluence")]
    pub busiest_zones: Vec<ZoneMetrics>,
    /// Every zone that has an arc, by code.
    pub zones: Vec<ZoneMetrics>,
    /// Worst first.
    #[serde(rename = "alertes_congestion")]
    pub congestion_alerts: Vec<CongestionAlert>,
    /// Flows far above the arc's own habit; null without history.
    #[serde(rename = "debits_exceptionnels")]
    pub exceptional_flows: Option<Vec<ExceptionalFlow>>,
    /// The usual day; null without history.
    #[serde(rename = "profils")]
    pub profiles: Option<BTreeMap<String, serde_json::Value>>,
    /// Against last week and the usual day.
    pub evolution: RoadEvolution,
}

/// Why a detector is failing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DetectorFault {
    /// Expected, and no measure for more than 6 consecutive hours.
    #[serde(rename = "silencieux")]
    Silent,
    /// The same value for more than 12 consecutive hours.
    #[serde(rename = "fige")]
    Stuck,
    /// A flow or a pair of values that cannot be.
    #[serde(rename = "incoherent")]
    Inconsistent,
}

/// Which of the two measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum Measure {
    /// Flow.
    #[serde(rename = "q")]
    Flow,
    /// Occupancy.
    #[serde(rename = "k")]
    Occupancy,
    /// Both.
    #[serde(rename = "q et k")]
    Both,
}

/// A detector and the hours in which it failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FailingDetector {
    /// The arc.
    #[serde(rename = "identifiant_arc")]
    pub arc_id: String,
    /// Its label.
    #[serde(rename = "libelle")]
    pub label: Option<String>,
    /// Which measure.
    #[serde(rename = "grandeur")]
    pub measure: Measure,
    /// Why.
    #[serde(rename = "raison")]
    pub reason: DetectorFault,
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

/// Traffic state; later is worse, but for the unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum TrafficState {
    /// Unknown.
    #[serde(rename = "Inconnu")]
    Unknown,
    /// Below 15 % occupancy.
    #[serde(rename = "Fluide")]
    FreeFlow,
    /// From 15 %.
    #[serde(rename = "Pré-saturé")]
    PreSaturated,
    /// From 30 %.
    #[serde(rename = "Saturé")]
    Saturated,
    /// From 50 %.
    #[serde(rename = "Bloqué")]
    Blocked,
}

/// Whether the open/closed status of an arc is known. It says nothing of its counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum ArcStatus {
    /// Unknown.
    #[serde(rename = "Inconnu")]
    Unknown,
    /// Open.
    #[serde(rename = "Ouvert")]
    Open,
    /// Closed to traffic.
    #[serde(rename = "Barré")]
    Closed,
    /// The status itself is not valid.
    #[serde(rename = "Invalide")]
    Invalid,
}

/// The day of one arc.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ArcMetrics {
    /// The day.
    pub date: NaiveDate,
    /// The arc.
    #[serde(rename = "identifiant_arc")]
    pub arc_id: String,
    /// Its label.
    #[serde(rename = "libelle")]
    pub label: Option<String>,
    /// `lat, lon`, 5 decimals.
    pub geo_point_2d: Option<String>,
    /// Mean flow over the cells that have it, vehicles per hour.
    #[serde(rename = "debit_horaire_moyen")]
    pub mean_hourly_flow: Option<Fixed2>,
    /// Sum of the flow, vehicles.
    #[serde(rename = "debit_journalier_total")]
    pub total_daily_flow: Option<Fixed2>,
    /// Largest flow.
    #[serde(rename = "debit_max")]
    pub max_flow: Option<Fixed2>,
    /// Start of the first hour that has it.
    #[serde(rename = "heure_pic")]
    pub peak_hour: Option<Stamp>,
    /// Mean occupancy over the cells that have it, percent.
    #[serde(rename = "taux_occupation_moyen")]
    pub mean_occupancy: Option<Fixed2>,
    /// Most frequent state, a tie to the worse.
    #[serde(rename = "etat_trafic_dominant")]
    pub dominant_state: TrafficState,
    /// Most frequent status, a tie to the last seen.
    #[serde(rename = "etat_arc")]
    pub arc_status: ArcStatus,
    /// Cells with a flow or an occupancy.
    #[serde(rename = "heures_mesurees")]
    pub measured_hours: u32,
    /// Flow by local hour, 24.
    #[serde(rename = "debit_par_heure")]
    pub hourly_flow: Vec<Option<Fixed2>>,
    /// Occupancy by local hour, 24.
    #[serde(rename = "taux_par_heure")]
    pub hourly_occupancy: Vec<Option<Fixed2>>,
    /// Haversine length, m.
    #[serde(rename = "longueur_metres")]
    pub length_m: Option<Fixed1>,
    /// Lost time, minutes.
    #[serde(rename = "temps_perdu_total_minutes")]
    pub total_delay_minutes: Option<Fixed1>,
    /// Lost time per vehicle, minutes.
    #[serde(rename = "temps_perdu_minutes")]
    pub delay_minutes: Option<Fixed3>,
    /// Flow times length.
    #[serde(rename = "vehicules_km")]
    pub vehicle_km: Option<Fixed1>,
    /// Percent of the hours of the day with a measure, before detectors are set aside.
    #[serde(rename = "part_observee")]
    pub observed_percent: Fixed2,
    /// Whether a `congestion` or `blocage` alert of the arc touches the day.
    #[serde(rename = "congestion_alerte")]
    pub has_congestion_alert: bool,
    /// Code of the zone that holds the point.
    #[serde(rename = "arrondissement")]
    pub district: Option<String>,
    /// Its name; "Hors zone" where none holds it.
    pub zone: Option<String>,
    /// The line, `[lon, lat]`, for an arc that the network does not have.
    pub trace: Option<Vec<[Degrees; 2]>>,
    /// Total with missing hours filled from the arc's profile; null without history.
    #[serde(rename = "debit_journalier_estime")]
    pub estimated_daily_flow: Option<Fixed2>,
    /// The total against the day type, percent; null without history.
    #[serde(rename = "ecart_jour_type_pourcent")]
    pub day_type_deviation_percent: Option<Fixed2>,
}

/// Hours and share of one traffic state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StateShare {
    /// Cells.
    #[serde(rename = "heures")]
    pub hours: u64,
    /// Percent of all cells.
    #[serde(rename = "pourcent")]
    pub percent: Fixed2,
}

/// The whole city.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RoadGlobal {
    /// The day.
    pub date: NaiveDate,
    /// Sum of the arcs' totals; null if no arc has one.
    #[serde(rename = "total_vehicules_jour")]
    pub total_vehicles: Option<Fixed2>,
    /// Sum of the arcs' veh·km.
    #[serde(rename = "vehicules_km")]
    pub vehicle_km: Option<Fixed1>,
    /// Arcs seen.
    #[serde(rename = "nombre_troncons")]
    pub arc_count: u64,
    /// Arcs with a measure.
    #[serde(rename = "nombre_troncons_actifs")]
    pub active_arc_count: u64,
    /// Total ÷ arcs with a flow.
    #[serde(rename = "moyenne_debit_par_troncon")]
    pub mean_flow_per_arc: Option<Fixed2>,
    /// Over all cells that have one.
    #[serde(rename = "taux_occupation_moyen")]
    pub mean_occupancy: Option<Fixed2>,
    /// Arcs with an hour at or above the saturation threshold.
    #[serde(rename = "nombre_troncons_satures")]
    pub saturated_arc_count: u64,
    /// Arcs with `congestion_alerte`.
    #[serde(rename = "nombre_troncons_en_alerte")]
    pub alerted_arc_count: u64,
    /// Arcs seen in the day and not expected (no measure in 28 days).
    #[serde(rename = "nombre_troncons_muets")]
    pub silent_arc_count: u64,
    /// Measured ÷ expected cells, percent.
    #[serde(rename = "part_observee")]
    pub observed_percent: Option<Fixed2>,
    /// Measured and not set aside ÷ expected cells up to `complet_jusqu_a`, percent.
    #[serde(rename = "taux_disponibilite_capteurs")]
    pub sensor_availability: Option<Fixed2>,
    /// The same over the arcs expected to have a flow.
    #[serde(rename = "disponibilite_debit")]
    pub flow_availability: Option<Fixed2>,
    /// The same over the arcs expected to have an occupancy.
    #[serde(rename = "disponibilite_taux")]
    pub occupancy_availability: Option<Fixed2>,
    /// Lost time, minutes.
    #[serde(rename = "temps_perdu_total_paris")]
    pub total_delay_minutes: Option<Fixed1>,
    /// Lost time, hours.
    #[serde(rename = "temps_perdu_total_heures")]
    pub total_delay_hours: Option<Fixed1>,
    /// Sum over arcs by local hour, 24.
    #[serde(rename = "debit_par_heure")]
    pub hourly_flow: Vec<Option<Fixed2>>,
    /// Local hour of the largest.
    #[serde(rename = "heure_pic")]
    pub peak_hour: Option<u8>,
    /// State that occurs → hours and share.
    #[serde(rename = "repartition_etat_trafic")]
    pub state_distribution: BTreeMap<String, StateShare>,
    /// Status that occurs → cells.
    #[serde(rename = "repartition_etat_arc")]
    pub status_distribution: BTreeMap<String, u64>,
}

/// One of the busiest arcs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TopArc {
    /// The arc.
    #[serde(rename = "identifiant_arc")]
    pub arc_id: String,
    /// Its label.
    #[serde(rename = "libelle")]
    pub label: Option<String>,
    /// Its zone.
    pub zone: Option<String>,
    /// Total flow.
    #[serde(rename = "debit_journalier_total")]
    pub total_daily_flow: Fixed2,
    /// Mean occupancy.
    #[serde(rename = "taux_occupation_moyen")]
    pub mean_occupancy: Option<Fixed2>,
    /// Most frequent state.
    #[serde(rename = "etat_trafic_dominant")]
    pub dominant_state: TrafficState,
    /// Percent of the hours with a measure.
    #[serde(rename = "part_observee")]
    pub observed_percent: Fixed2,
}

/// The day of one zone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ZoneMetrics {
    /// Name.
    pub zone: String,
    /// Code; null outside every zone.
    #[serde(rename = "arrondissement")]
    pub district: Option<String>,
    /// Arcs seen.
    #[serde(rename = "nombre_troncons")]
    pub arc_count: u64,
    /// Sum of flows; null if no arc has one.
    #[serde(rename = "total_vehicules")]
    pub total_vehicles: Option<Fixed2>,
    /// Sum of veh·km.
    #[serde(rename = "vehicules_km")]
    pub vehicle_km: Option<Fixed1>,
    /// Sum of lost time.
    #[serde(rename = "temps_perdu_total_minutes")]
    pub total_delay_minutes: Option<Fixed1>,
    /// Saturated arcs.
    #[serde(rename = "nombre_troncons_satures")]
    pub saturated_arc_count: u64,
    /// Percent of the zone's arcs with an occupancy.
    #[serde(rename = "taux_saturation")]
    pub saturation_percent: Option<Fixed2>,
    /// At most 5 ids, by lost time, those that have some.
    #[serde(rename = "top_troncons")]
    pub top_arcs: Vec<String>,
}

/// Type of a congestion alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlertType {
    /// Occupancy very high in consecutive hours.
    Congestion,
    /// Occupancy high for longer.
    #[serde(rename = "blocage")]
    Blockage,
    /// Many arcs of a zone saturated at once.
    #[serde(rename = "zone_saturee")]
    SaturatedZone,
}

/// How bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum AlertSeverity {
    /// High.
    #[serde(rename = "Élevée")]
    High,
    /// Critical.
    #[serde(rename = "Critique")]
    Critical,
}

/// A run of congested hours.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CongestionAlert {
    /// Type.
    #[serde(rename = "type")]
    pub kind: AlertType,
    /// The arc; null for a zone.
    #[serde(rename = "identifiant_arc")]
    pub arc_id: Option<String>,
    /// Its label; null for a zone.
    #[serde(rename = "libelle")]
    pub label: Option<String>,
    /// Name of the zone.
    pub zone: Option<String>,
    /// Code of the zone.
    #[serde(rename = "arrondissement")]
    pub district: Option<String>,
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
    /// Largest occupancy of the run.
    #[serde(rename = "taux_occupation_max")]
    pub max_occupancy: Fixed2,
    /// Largest flow of the run; null for a zone.
    #[serde(rename = "debit_max")]
    pub max_flow: Option<Fixed2>,
    /// Lost time within the day, minutes.
    #[serde(rename = "temps_perdu_minutes")]
    pub delay_minutes: Option<Fixed1>,
    /// How bad.
    #[serde(rename = "severite")]
    pub severity: AlertSeverity,
    /// Saturated arcs in the worst hour; 1 for an arc.
    #[serde(rename = "nombre_troncons")]
    pub arc_count: u64,
}

/// A flow far above the arc's own habit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ExceptionalFlow {
    /// The arc.
    #[serde(rename = "identifiant_arc")]
    pub arc_id: String,
    /// Its label.
    #[serde(rename = "libelle")]
    pub label: Option<String>,
    /// Its zone.
    pub zone: Option<String>,
    /// Start.
    #[serde(rename = "debut")]
    pub start: Stamp,
    /// End.
    #[serde(rename = "fin")]
    pub end: Stamp,
    /// Largest flow.
    #[serde(rename = "debit_max")]
    pub max_flow: Fixed2,
    /// 95th percentile of the habit.
    pub reference: Fixed2,
    /// Difference, percent.
    #[serde(rename = "ecart_pourcent")]
    pub deviation_percent: Fixed2,
}

/// Against last week and the usual day.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct RoadEvolution {
    /// D−7; null without history.
    #[serde(rename = "semaine_precedente")]
    pub previous_week: Option<RoadComparisons>,
    /// The day type; null without history.
    #[serde(rename = "jour_type")]
    pub usual_day: Option<RoadComparisons>,
}

/// The compared figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RoadComparisons {
    /// Vehicles.
    #[serde(rename = "total_vehicules")]
    pub total_vehicles: Option<Comparison>,
    /// Lost time.
    #[serde(rename = "temps_perdu")]
    pub delay: Option<Comparison>,
    /// Occupancy.
    #[serde(rename = "taux_occupation")]
    pub occupancy: Option<Comparison>,
}
