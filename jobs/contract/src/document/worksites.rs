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
    pub chantiers_actifs: Vec<Worksite>,
    /// How many.
    pub total_chantiers_actifs: u64,
    /// By code; none last.
    pub by_arrondissement: Vec<WorksiteZone>,
    /// Impact → count, none as `NON_RENSEIGNE`.
    pub by_impact: BTreeMap<String, u64>,
    /// Zones with more than 3, by code.
    pub zones_critiques: Vec<CriticalZone>,
    /// Geodesic areas added, m².
    pub surface_totale_impactee_m2: Fixed1,
    /// Ids that start on the day.
    pub nouveaux: Vec<String>,
    /// Ids that end within 7 days.
    pub se_terminent: Vec<String>,
    /// Ids that last more than 30 days.
    pub longs: Vec<String>,
}

/// One worksite.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Worksite {
    /// Its id.
    pub identifiant: String,
    /// Type, as published.
    pub typologie: Option<String>,
    /// Object, as published.
    pub objet: Option<String>,
    /// Streets.
    pub voies: Option<String>,
    /// Impact on traffic, as published.
    pub impact: Option<String>,
    /// 0 to 100.
    pub impact_pourcent: u32,
    /// Level of disturbance, as published.
    pub niveau: Option<String>,
    /// Postal code.
    pub arrondissement: Option<String>,
    /// Name of that zone.
    pub zone: Option<String>,
    /// Start; null: has begun.
    pub date_debut: Option<NaiveDate>,
    /// End; null: open.
    pub date_fin: Option<NaiveDate>,
    /// Geodesic area, m²; null without a shape.
    pub surface_m2: Option<Fixed1>,
    /// `lat, lon`, 5 decimals.
    pub geo_point_2d: Option<String>,
    /// The shape, a GeoJSON geometry with 5 decimals.
    pub geometrie: Option<serde_json::Value>,
}

/// The worksites of one zone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WorksiteZone {
    /// Code.
    pub arrondissement: Option<String>,
    /// Name.
    pub zone: Option<String>,
    /// Worksites.
    pub nombre: u64,
    /// Sum of percents.
    pub impact_total: u64,
    /// Area, m²; null without any shape.
    pub surface_m2: Option<Fixed1>,
}

/// A zone with many worksites.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CriticalZone {
    /// Code.
    pub arrondissement: Option<String>,
    /// Name.
    pub zone: Option<String>,
    /// Worksites.
    pub nombre: u64,
}
