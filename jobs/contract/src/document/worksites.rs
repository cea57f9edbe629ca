//! `chantiers`: the worksites of one day.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::number::Fixed1;

/// Body of the `chantiers` document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Worksites {
    /// Worksites active on the day, by id.
    #[serde(rename = "chantiers_actifs")]
    pub active_worksites: Vec<Worksite>,
    /// Number of active worksites.
    #[serde(rename = "total_chantiers_actifs")]
    pub active_worksite_count: u64,
    /// Totals per district, by code; worksites without a code last.
    #[serde(rename = "by_arrondissement")]
    pub by_district: Vec<WorksiteZone>,
    /// Impact → worksites; those without one as `NON_RENSEIGNE`.
    pub by_impact: BTreeMap<String, u64>,
    /// Zones with more than 3 worksites, by code.
    #[serde(rename = "zones_critiques")]
    pub critical_zones: Vec<CriticalZone>,
    /// Sum of the geodesic areas, m²; overlaps are not merged.
    #[serde(rename = "surface_totale_impactee_m2")]
    pub affected_area_m2: Fixed1,
    /// Ids of the worksites that start on the day.
    #[serde(rename = "nouveaux")]
    pub starting: Vec<String>,
    /// Ids of the worksites that end within 7 days.
    #[serde(rename = "se_terminent")]
    pub ending_soon: Vec<String>,
    /// Ids of the worksites that last more than 30 days.
    #[serde(rename = "longs")]
    pub long_running: Vec<String>,
}

/// One worksite; texts as published, null if not published.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Worksite {
    /// Worksite id.
    #[serde(rename = "identifiant")]
    pub id: String,
    /// Type of the works.
    #[serde(rename = "typologie")]
    pub category: Option<String>,
    /// Purpose of the works.
    #[serde(rename = "objet")]
    pub purpose: Option<String>,
    /// Affected streets.
    #[serde(rename = "voies")]
    pub streets: Option<String>,
    /// Impact on traffic.
    pub impact: Option<String>,
    /// Weight of the impact, 0 to 100.
    #[serde(rename = "impact_pourcent")]
    pub impact_percent: u32,
    /// Level of disturbance.
    #[serde(rename = "niveau")]
    pub level: Option<String>,
    /// Progress: `1` planned, `2` running, `3` halted, `4` extended, `5` finished.
    #[serde(rename = "statut")]
    pub status: Option<String>,
    /// Postal code, as published, else of the zone that contains the point; null without either.
    #[serde(rename = "arrondissement")]
    pub district: Option<String>,
    /// Name of the zone with that code; null if unknown.
    pub zone: Option<String>,
    /// First day; null if it has begun at an unknown date.
    #[serde(rename = "date_debut")]
    pub start_date: Option<NaiveDate>,
    /// Last day; null if open-ended.
    #[serde(rename = "date_fin")]
    pub end_date: Option<NaiveDate>,
    /// Geodesic area, m²; null without a shape.
    #[serde(rename = "surface_m2")]
    pub area_m2: Option<Fixed1>,
    /// `lat, lon` in degrees with 5 decimals; null if unknown.
    pub geo_point_2d: Option<String>,
    /// Shape as a GeoJSON geometry with 5 decimals; null if unknown.
    #[serde(rename = "geometrie")]
    pub geometry: Option<serde_json::Value>,
}

/// The worksites of one zone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WorksiteZone {
    /// Code of the zone; null for worksites without one.
    #[serde(rename = "arrondissement")]
    pub district: Option<String>,
    /// Name of the zone; null if unknown.
    pub zone: Option<String>,
    /// Worksites.
    #[serde(rename = "nombre")]
    pub count: u64,
    /// Sum of the impact weights.
    pub impact_total: u64,
    /// Area, m²; null if no worksite has a shape.
    #[serde(rename = "surface_m2")]
    pub area_m2: Option<Fixed1>,
}

/// A zone with more than 3 worksites.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CriticalZone {
    /// Code of the zone; null for worksites without one.
    #[serde(rename = "arrondissement")]
    pub district: Option<String>,
    /// Name of the zone; null if unknown.
    pub zone: Option<String>,
    /// Worksites.
    #[serde(rename = "nombre")]
    pub count: u64,
}
