//! `referentiel`: the road network as of one day.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use crate::number::{Degrees, Fixed1};

/// Body of the `referentiel` document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RoadNetwork {
    /// Arc id → arc.
    pub mapping: BTreeMap<String, NetworkArc>,
    /// Figures of the whole network.
    #[serde(rename = "statistiques")]
    pub statistics: NetworkStatistics,
    /// Totals per district, by code; arcs without a code last.
    #[serde(rename = "by_arrondissement")]
    pub by_district: Vec<NetworkZone>,
    /// Outlines of the zones, for maps, by code; null if the zones are unknown.
    pub zones: Option<Vec<ZoneOutline>>,
}

/// One arc of the network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NetworkArc {
    /// Label; null if not published.
    #[serde(rename = "libelle")]
    pub label: Option<String>,
    /// Haversine length, m; null without a line.
    #[serde(rename = "longueur_metres")]
    pub length_m: Option<Fixed1>,
    /// Id of the upstream node; null if not published.
    #[serde(rename = "noeud_amont")]
    pub upstream_node: Option<String>,
    /// Id of the downstream node; null if not published.
    #[serde(rename = "noeud_aval")]
    pub downstream_node: Option<String>,
    /// `lat, lon` in degrees with 5 decimals; null if unknown.
    pub geo_point_2d: Option<String>,
    /// Lines of `[lon, lat]` in degrees; null if unknown.
    pub trace: Option<Vec<Vec<[Degrees; 2]>>>,
    /// Code of the zone that contains the point; null if none does or the zones are unknown.
    #[serde(rename = "arrondissement")]
    pub district: Option<String>,
    /// Name of that zone; `Hors zone` if no zone contains the point, null if the zones are unknown.
    pub zone: Option<String>,
    /// Whether a period of validity covers the day.
    #[serde(rename = "actif")]
    pub active: bool,
}

/// Figures of the whole network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NetworkStatistics {
    /// Arcs.
    #[serde(rename = "nombre_troncons")]
    pub arc_count: u64,
    /// Sum of the lengths, m.
    #[serde(rename = "longueur_totale_metres")]
    pub total_length_m: Fixed1,
    /// Mean over the arcs that have a length, m; null if none has.
    #[serde(rename = "longueur_moyenne_metres")]
    pub mean_length_m: Option<Fixed1>,
}

/// The network within one zone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NetworkZone {
    /// Code of the zone; null for arcs without one.
    #[serde(rename = "arrondissement")]
    pub district: Option<String>,
    /// Name of the zone; null if the zones are unknown.
    pub zone: Option<String>,
    /// Arcs.
    #[serde(rename = "nombre_troncons")]
    pub arc_count: u64,
    /// Sum of the lengths, m.
    #[serde(rename = "longueur_metres")]
    pub length_m: Fixed1,
}

/// Outline of a zone, simplified to 5 m.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ZoneOutline {
    /// Code of the zone.
    #[serde(rename = "arrondissement")]
    pub district: String,
    /// Name of the zone.
    pub zone: String,
    /// GeoJSON geometry (MultiPolygon) with 5 decimals.
    #[serde(rename = "geometrie")]
    pub geometry: serde_json::Value,
}
