//! `chantiers`: the worksites of a day.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::number::Fixed1;

/// What is the worksites' own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Worksites {
    /// Active on the day, by id.
    #[serde(rename = "chantiers_actifs")]
    pub active_worksites: Vec<Worksite>,
    /// How many.
    #[serde(rename = "total_chantiers_actifs")]
    pub active_worksite_count: u64,
    /// By code; none last.
    #[serde(rename = "by_arrondissement")]
    pub by_district: Vec<WorksiteZone>,
    /// Impact → count, none as `NON_RENSEIGNE`.
    pub by_impact: BTreeMap<String, u64>,
    /// Zones with more than 3, by code.
    #[serde(rename = "zones_critiques")]
    pub critical_zones: Vec<CriticalZone>,
    /// Geodesic areas added, m².
    #[serde(rename = "surface_totale_impactee_m2")]
    pub affected_area_m2: Fixed1,
    /// Ids that start on the day.
    #[serde(rename = "nouveaux")]
    pub starting: Vec<String>,
    /// Ids that end within 7 days.
    #[serde(rename = "se_terminent")]
    pub ending_soon: Vec<String>,
    /// Ids that last more than 30 days.
    #[serde(rename = "longs")]
    pub long_running: Vec<String>,
}

/// One worksite.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Worksite {
    /// Its id.
    #[serde(rename = "identifiant")]
    pub id: String,
    /// Type, as published.
    #[serde(rename = "typologie")]
    pub category: Option<String>,
    /// Object, as published.
    #[serde(rename = "objet")]
    pub purpose: Option<String>,
    /// Streets.
    #[serde(rename = "voies")]
    pub streets: Option<String>,
    /// Impact on traffic, as published.
    pub impact: Option<String>,
    /// 0 to 100.
    #[serde(rename = "impact_pourcent")]
    pub impact_percent: u32,
    /// Level of disturbance, as published.
    #[serde(rename = "niveau")]
    pub level: Option<String>,
    /// Postal code.
    #[serde(rename = "arrondissement")]
    pub district: Option<String>,
    /// Name of that zone.
    pub zone: Option<String>,
    /// Start; null: has begun.
    #[serde(rename = "date_debut")]
    pub start_date: Option<NaiveDate>,
    /// End; null: open.
    #[serde(rename = "date_fin")]
    pub end_date: Option<NaiveDate>,
    /// Geodesic area, m²; null without a shape.
    #[serde(rename = "surface_m2")]
    pub area_m2: Option<Fixed1>,
    /// `lat, lon`, 5 decimals.
    pub geo_point_2d: Option<String>,
    /// The shape, a GeoJSON geometry with 5 decimals.
    #[serde(rename = "geometrie")]
    pub geometry: Option<serde_json::Value>,
}

/// The worksites of one zone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WorksiteZone {
    /// Code.
    #[serde(rename = "arrondissement")]
    pub district: Option<String>,
    /// Name.
    pub zone: Option<String>,
    /// Worksites.
    #[serde(rename = "nombre")]
    pub count: u64,
    /// Sum of percents.
    pub impact_total: u64,
    /// Area, m²; null without any shape.
    #[serde(rename = "surface_m2")]
    pub area_m2: Option<Fixed1>,
}

/// A zone with many worksites.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CriticalZone {
    /// Code.
    #[serde(rename = "arrondissement")]
    pub district: Option<String>,
    /// Name.
    pub zone: Option<String>,
    /// Worksites.
    #[serde(rename = "nombre")]
    pub count: u64,
}
