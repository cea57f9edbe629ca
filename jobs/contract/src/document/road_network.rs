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
    pub statistiques: NetworkStatistics,
    /// By code; none last.
    pub by_arrondissement: Vec<NetworkZone>,
    /// Outlines of the zones, for the map, by code; null where none is known.
    pub zones: Option<Vec<ZoneOutline>>,
}

/// One arc of the network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NetworkArc {
    /// Label.
    pub libelle: Option<String>,
    /// Haversine length, m.
    pub longueur_metres: Option<Fixed1>,
    /// Upstream node.
    pub noeud_amont: Option<String>,
    /// Downstream node.
    pub noeud_aval: Option<String>,
    /// `lat, lon`, 5 decimals.
    pub geo_point_2d: Option<String>,
    /// Its lines, `[lon, lat]`.
    pub trace: Option<Vec<Vec<[Degrees; 2]>>>,
    /// Code of the zone.
    pub arrondissement: Option<String>,
    /// Name of the zone.
    pub zone: Option<String>,
    /// Whether a period of validity covers the day.
    pub actif: bool,
}

/// Over the whole network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NetworkStatistics {
    /// Arcs.
    pub nombre_troncons: u64,
    /// Sum of lengths, m.
    pub longueur_totale_metres: Fixed1,
    /// Mean over the arcs that have a length, m.
    pub longueur_moyenne_metres: Option<Fixed1>,
}

/// The network in one zone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NetworkZone {
    /// Code.
    pub arrondissement: Option<String>,
    /// Name.
    pub zone: Option<String>,
    /// Arcs.
    pub nombre_troncons: u64,
    /// Sum of lengths, m.
    pub longueur_metres: Fixed1,
}

/// The outline of a zone, simplified to 5 m.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ZoneOutline {
    /// Code.
    pub arrondissement: String,
    /// Name.
    pub zone: String,
    /// A GeoJSON geometry (MultiPolygon) with 5 decimals.
    pub geometrie: serde_json::Value,
}
