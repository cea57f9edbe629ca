//! The districts of a city, with a lookup by point.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use geo::{BoundingRect, Intersects, MultiPolygon, Point, Polygon, Validation};
use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};

use super::shape::short;

#[derive(Debug, Clone)]
pub(crate) struct Zone {
    /// Code in documents (INSEE 751NN becomes 750NN).
    pub(crate) code: String,
    pub(crate) name: String,
    /// Degrees.
    pub(crate) outline: MultiPolygon<f64>,
}

/// The bounding box of one polygon, with the indexes of the zone and of the polygon within it.
type PartBox = GeomWithData<Rectangle<[f64; 2]>, (usize, usize)>;

/// All districts of a city, indexed.
#[derive(Debug, Clone)]
pub(crate) struct Zones {
    zones: Vec<Zone>,
    index: RTree<PartBox>,
    warnings: Vec<String>,
    /// Cache of lookups: the points of arcs and counters repeat every day.
    located: Arc<RwLock<Located>>,
}

/// Zones by the bits of longitude and latitude.
type Located = HashMap<(u64, u64), Option<usize>>;

impl Zones {
    /// `key` names the file in warnings about invalid outlines.
    pub(crate) fn new(key: &str, zones: Vec<Zone>) -> Self {
        let mut boxes = Vec::new();
        let mut warnings = Vec::new();
        for (zone_index, zone) in zones.iter().enumerate() {
            for (part_index, part) in zone.outline.iter().enumerate() {
                if let Some(bounds) = part.bounding_rect() {
                    let corners =
                        Rectangle::from_corners([bounds.min().x, bounds.min().y], [bounds.max().x, bounds.max().y]);
                    boxes.push(GeomWithData::new(corners, (zone_index, part_index)));
                }
                if let Err(problem) = part.check_validation() {
                    warnings.push(format!(
                        "{key} : le contour de la zone {} n'est pas un polygone valide ({}) ; ses points sont situés au mieux.",
                        zone.code,
                        short(&problem.to_string())
                    ));
                }
            }
        }
        Self { zones, index: RTree::bulk_load(boxes), warnings, located: Arc::default() }
    }

    /// All zones, by code.
    #[must_use]
    pub(crate) fn all(&self) -> &[Zone] {
        &self.zones
    }

    /// Warnings for the documents about outlines that cross themselves and are used nevertheless.
    #[must_use]
    pub(crate) fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The zone that contains the point; on a border the zone with the smallest code.
    #[must_use]
    pub(crate) fn locate(&self, lon: f64, lat: f64) -> Option<&Zone> {
        let name = (lon.to_bits(), lat.to_bits());
        // A poisoned lock disables the cache.
        let known = self.located.read().ok().and_then(|located| located.get(&name).copied());
        let found = known.unwrap_or_else(|| {
            let found = self.search(lon, lat);
            if let Ok(mut located) = self.located.write() {
                located.insert(name, found);
            }
            found
        });
        self.zones.get(found?)
    }

    fn search(&self, lon: f64, lat: f64) -> Option<usize> {
        let point = Point::new(lon, lat);
        self.index
            .locate_in_envelope_intersecting(&AABB::from_point([lon, lat]))
            .filter(|candidate| self.polygon(candidate.data).is_some_and(|polygon| polygon.intersects(&point)))
            .map(|candidate| candidate.data.0)
            // Zones are sorted by code.
            .min()
    }

    fn polygon(&self, (zone, part): (usize, usize)) -> Option<&Polygon<f64>> {
        self.zones.get(zone)?.outline.0.get(part)
    }

    #[must_use]
    pub(crate) fn by_code(&self, code: &str) -> Option<&Zone> {
        self.zones.iter().find(|zone| zone.code == code)
    }
}

/// The postal code of a Paris district's INSEE code: 75101 to 75120 become 75001 to 75020, everything else stays as it is.
#[must_use]
pub(crate) fn postal_code(code: &str) -> String {
    match code.strip_prefix("751") {
        Some(number) if number.len() == 2 && number.parse::<u8>().is_ok_and(|number| (1..=20).contains(&number)) => {
            format!("750{number}")
        }
        _ => code.to_owned(),
    }
}
