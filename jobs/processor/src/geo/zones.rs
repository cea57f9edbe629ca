//! The districts of a city, found by point.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use geo::{BoundingRect, Intersects, MultiPolygon, Point, Polygon, Validation};
use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};

use super::shape::short;

/// A district.
#[derive(Debug, Clone)]
pub(crate) struct Zone {
    /// Code as documents hold it (INSEE 751NN becomes 750NN).
    pub(crate) code: String,
    /// Name.
    pub(crate) name: String,
    /// Outline, degrees.
    pub(crate) outline: MultiPolygon<f64>,
}

/// The bounding box of one polygon, with the zone and which of the zone's polygons it is.
type PartBox = GeomWithData<Rectangle<[f64; 2]>, (usize, usize)>;

/// All districts of a city, indexed.
#[derive(Debug, Clone)]
pub(crate) struct Zones {
    zones: Vec<Zone>,
    index: RTree<PartBox>,
    warnings: Vec<String>,
    /// Which zone holds a point that was asked for before: the arcs and counters of a city stay where they are from day to day.
    located: Arc<RwLock<Located>>,
}

/// Zones by the bits of longitude and latitude.
type Located = HashMap<(u64, u64), Option<usize>>;

impl Zones {
    /// `key` names the file in warnings about outlines that are not valid polygons.
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

    /// What a reader of the documents should know of the outlines: those that are used although they cross themselves.
    #[must_use]
    pub(crate) fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The zone that holds the point; on a border the smallest code.
    #[must_use]
    pub(crate) fn locate(&self, lon: f64, lat: f64) -> Option<&Zone> {
        let name = (lon.to_bits(), lat.to_bits());
        // A lock that a panic has poisoned is as good as no memory.
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
            // Zones stand in the order of their codes.
            .min()
    }

    fn polygon(&self, (zone, part): (usize, usize)) -> Option<&Polygon<f64>> {
        self.zones.get(zone)?.outline.0.get(part)
    }

    /// The zone of a code.
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
