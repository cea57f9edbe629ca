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
    pub capteurs_defaillants: Vec<FailingDetector>,
    /// One per arc seen in the day, by arc id.
    pub metrics: Vec<ArcMetrics>,
    /// The whole city.
    pub global_metrics: RoadGlobal,
    /// By total flow.
    pub top_10_troncons: Vec<TopArc>,
    /// Zones by lost time.
    pub top_10_zones_congestionnees: Vec<ZoneMetrics>,
    /// Zones by vehicles.
    pub top_zones_affluence: Vec<ZoneMetrics>,
    /// Every zone that has an arc, by code.
    pub zones: Vec<ZoneMetrics>,
    /// Worst first.
    pub alertes_congestion: Vec<CongestionAlert>,
    /// Flows far above the arc's own habit; null without history.
    pub debits_exceptionnels: Option<Vec<ExceptionalFlow>>,
    /// The usual day; null without history.
    pub profils: Option<BTreeMap<String, serde_json::Value>>,
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
    pub identifiant_arc: String,
    /// Its label.
    pub libelle: Option<String>,
    /// Which measure.
    pub grandeur: Measure,
    /// Why.
    pub raison: DetectorFault,
    /// Start of the first hour.
    pub debut: Stamp,
    /// End of the last hour.
    pub fin: Stamp,
    /// Hours.
    pub duree_heures: Fixed2,
    /// Whether the run reaches the edge of the window that was looked at.
    pub ouvert: bool,
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
    pub identifiant_arc: String,
    /// Its label.
    pub libelle: Option<String>,
    /// `lat, lon`, 5 decimals.
    pub geo_point_2d: Option<String>,
    /// Mean flow over the cells that have it, vehicles per hour.
    pub debit_horaire_moyen: Option<Fixed2>,
    /// Sum of the flow, vehicles.
    pub debit_journalier_total: Option<Fixed2>,
    /// Largest flow.
    pub debit_max: Option<Fixed2>,
    /// Start of the first hour that has it.
    pub heure_pic: Option<Stamp>,
    /// Mean occupancy over the cells that have it, percent.
    pub taux_occupation_moyen: Option<Fixed2>,
    /// Most frequent state, a tie to the worse.
    pub etat_trafic_dominant: TrafficState,
    /// Most frequent status, a tie to the last seen.
    pub etat_arc: ArcStatus,
    /// Cells with a flow or an occupancy.
    pub heures_mesurees: u32,
    /// Flow by local hour, 24.
    pub debit_par_heure: Vec<Option<Fixed2>>,
    /// Occupancy by local hour, 24.
    pub taux_par_heure: Vec<Option<Fixed2>>,
    /// Haversine length, m.
    pub longueur_metres: Option<Fixed1>,
    /// Lost time, minutes.
    pub temps_perdu_total_minutes: Option<Fixed1>,
    /// Lost time per vehicle, minutes.
    pub temps_perdu_minutes: Option<Fixed3>,
    /// Flow times length.
    pub vehicules_km: Option<Fixed1>,
    /// Percent of the hours of the day with a measure, before detectors are set aside.
    pub part_observee: Fixed2,
    /// Whether a `congestion` or `blocage` alert of the arc touches the day.
    pub congestion_alerte: bool,
    /// Code of the zone that holds the point.
    pub arrondissement: Option<String>,
    /// Its name; "Hors zone" where none holds it.
    pub zone: Option<String>,
    /// The line, `[lon, lat]`, for an arc that the network does not have.
    pub trace: Option<Vec<[Degrees; 2]>>,
    /// Total with missing hours filled from the arc's profile; null without history.
    pub debit_journalier_estime: Option<Fixed2>,
    /// The total against the day type, percent; null without history.
    pub ecart_jour_type_pourcent: Option<Fixed2>,
}

/// Hours and share of one traffic state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StateShare {
    /// Cells.
    pub heures: u64,
    /// Percent of all cells.
    pub pourcent: Fixed2,
}

/// The whole city.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RoadGlobal {
    /// The day.
    pub date: NaiveDate,
    /// Sum of the arcs' totals; null if no arc has one.
    pub total_vehicules_jour: Option<Fixed2>,
    /// Sum of the arcs' veh·km.
    pub vehicules_km: Option<Fixed1>,
    /// Arcs seen.
    pub nombre_troncons: u64,
    /// Arcs with a measure.
    pub nombre_troncons_actifs: u64,
    /// Total ÷ arcs with a flow.
    pub moyenne_debit_par_troncon: Option<Fixed2>,
    /// Over all cells that have one.
    pub taux_occupation_moyen: Option<Fixed2>,
    /// Arcs with an hour at or above the saturation threshold.
    pub nombre_troncons_satures: u64,
    /// Arcs with `congestion_alerte`.
    pub nombre_troncons_en_alerte: u64,
    /// Arcs seen in the day and not expected (no measure in 28 days).
    pub nombre_troncons_muets: u64,
    /// Measured ÷ expected cells, percent.
    pub part_observee: Option<Fixed2>,
    /// Measured and not set aside ÷ expected cells up to `complet_jusqu_a`, percent.
    pub taux_disponibilite_capteurs: Option<Fixed2>,
    /// The same over the arcs expected to have a flow.
    pub disponibilite_debit: Option<Fixed2>,
    /// The same over the arcs expected to have an occupancy.
    pub disponibilite_taux: Option<Fixed2>,
    /// Lost time, minutes.
    pub temps_perdu_total_paris: Option<Fixed1>,
    /// Lost time, hours.
    pub temps_perdu_total_heures: Option<Fixed1>,
    /// Sum over arcs by local hour, 24.
    pub debit_par_heure: Vec<Option<Fixed2>>,
    /// Local hour of the largest.
    pub heure_pic: Option<u8>,
    /// State that occurs → hours and share.
    pub repartition_etat_trafic: BTreeMap<String, StateShare>,
    /// Status that occurs → cells.
    pub repartition_etat_arc: BTreeMap<String, u64>,
}

/// One of the busiest arcs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TopArc {
    /// The arc.
    pub identifiant_arc: String,
    /// Its label.
    pub libelle: Option<String>,
    /// Its zone.
    pub zone: Option<String>,
    /// Total flow.
    pub debit_journalier_total: Fixed2,
    /// Mean occupancy.
    pub taux_occupation_moyen: Option<Fixed2>,
    /// Most frequent state.
    pub etat_trafic_dominant: TrafficState,
    /// Percent of the hours with a measure.
    pub part_observee: Fixed2,
}

/// The day of one zone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ZoneMetrics {
    /// Name.
    pub zone: String,
    /// Code; null outside every zone.
    pub arrondissement: Option<String>,
    /// Arcs seen.
    pub nombre_troncons: u64,
    /// Sum of flows; null if no arc has one.
    pub total_vehicules: Option<Fixed2>,
    /// Sum of veh·km.
    pub vehicules_km: Option<Fixed1>,
    /// Sum of lost time.
    pub temps_perdu_total_minutes: Option<Fixed1>,
    /// Saturated arcs.
    pub nombre_troncons_satures: u64,
    /// Percent of the zone's arcs with an occupancy.
    pub taux_saturation: Option<Fixed2>,
    /// At most 5 ids, by lost time, those that have some.
    pub top_troncons: Vec<String>,
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
    pub identifiant_arc: Option<String>,
    /// Its label; null for a zone.
    pub libelle: Option<String>,
    /// Name of the zone.
    pub zone: Option<String>,
    /// Code of the zone.
    pub arrondissement: Option<String>,
    /// Start of the first hour.
    pub debut: Stamp,
    /// End of the last hour.
    pub fin: Stamp,
    /// Hours.
    pub duree_heures: Fixed2,
    /// Whether the run reaches the edge of the window that was looked at.
    pub ouvert: bool,
    /// Largest occupancy of the run.
    pub taux_occupation_max: Fixed2,
    /// Largest flow of the run; null for a zone.
    pub debit_max: Option<Fixed2>,
    /// Lost time within the day, minutes.
    pub temps_perdu_minutes: Option<Fixed1>,
    /// How bad.
    pub severite: AlertSeverity,
    /// Saturated arcs in the worst hour; 1 for an arc.
    pub nombre_troncons: u64,
}

/// A flow far above the arc's own habit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ExceptionalFlow {
    /// The arc.
    pub identifiant_arc: String,
    /// Its label.
    pub libelle: Option<String>,
    /// Its zone.
    pub zone: Option<String>,
    /// Start.
    pub debut: Stamp,
    /// End.
    pub fin: Stamp,
    /// Largest flow.
    pub debit_max: Fixed2,
    /// 95th percentile of the habit.
    pub reference: Fixed2,
    /// Difference, percent.
    pub ecart_pourcent: Fixed2,
}

/// Against last week and the usual day.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct RoadEvolution {
    /// D−7; null without history.
    pub semaine_precedente: Option<RoadComparisons>,
    /// The day type; null without history.
    pub jour_type: Option<RoadComparisons>,
}

/// The compared figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RoadComparisons {
    /// Vehicles.
    pub total_vehicules: Option<Comparison>,
    /// Lost time.
    pub temps_perdu: Option<Comparison>,
    /// Occupancy.
    pub taux_occupation: Option<Comparison>,
}
