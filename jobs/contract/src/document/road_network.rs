//! `referentiel`: the road network of a day.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use crate::number::{Degrees, Fixed1};

/// What is the network's own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RoadNetwork {
    /// Arc id → arc.
    pub mapping: BTreeMap<String, NetworkArc>,
    /// Over the whole network.
    #[serde(rename = "statistiques")]
    pub statistics: NetworkStatistics,
    /// By code; none last.
    #[serde(rename = "by_arrondissement")]
    pub by_district: Vec<NetworkZone>,
    /// Outlines of the zones, for the map, by code; null where none is known.
    pub zones: Option<Vec<ZoneOutline>>,
}

/// One arc of the network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NetworkArc {
    /// Label.
    #[serde(rename = "libelle")]
    pub label: Option<String>,
    /// Haversine length, m.
    #[serde(rename = "longueur_metres")]
    pub length_m: Option<Fixed1>,
    /// Upstream node.
    #[serde(rename = "noeud_amont")]
    pub upstream_node: Option<String>,
    /// Downstream node.
    #[serde(rename = "noeud_aval")]
    pub downstream_node: Option<String>,
    /// `lat, lon`, 5 decimals.
    pub geo_point_2d: Option<String>,
    /// Its lines, `[lon, lat]`.
    pub trace: Option<Vec<Vec<[Degrees; 2]>>>,
    /// Code of the zone.
    #[serde(rename = "arrondissement")]
    pub district: Option<String>,
    /// Name of the zone.
    pub zone: Option<String>,
    /// Whether a period of validity covers the day.
    #[serde(rename = "actif")]
    pub active: bool,
}

/// Over the whole network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NetworkStatistics {
    /// Arcs.
    #[serde(rename = "nombre_troncons")]
    pub arc_count: u64,
    /// Sum of lengths, m.
    #[serde(rename = "longueur_totale_metres")]
    pub total_length_m: Fixed1,
    /// Mean over the arcs that have a length, m.
    #[serde(rename = "longueur_moyenne_metres")]
    pub mean_length_m: Option<Fixed1>,
}

/// The network in one zone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NetworkZone {
    /// Code.
    #[serde(rename = "arrondissement")]
    pub district: Option<String>,
    /// Name.
    pub zone: Option<String>,
    /// Arcs.
    #[serde(rename = "nombre_troncons")]
    pub arc_count: u64,
    /// Sum of lengths, m.
    #[serde(rename = "longueur_metres")]
    pub length_m: Fixed1,
}

/// The outline of a zone, simplified to 5 m.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ZoneOutline {
    /// Code.
    #[serde(rename = "arrondissement")]
    pub district: String,
    /// Name.
    pub zone: String,
    /// A GeoJSON geometry (MultiPolygon) with 5 decimals.
    #[serde(rename = "geometrie")]
    pub geometry: serde_json::Value,
}
