//! Positions of arcs, counters and zones, for the coordinates in each row.

use std::collections::HashMap;

use contract::number::Degrees;
use serde_json::Value;

use crate::collect::Documents;

/// A point in WGS84.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Position {
    pub(super) lat: Degrees,
    pub(super) lon: Degrees,
}

impl Position {
    /// Parses `lat, lon`, as the documents write a point.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (lat, lon) = text.split_once(',')?;
        let degrees = |text: &str| text.trim().parse().ok().and_then(Degrees::new);
        Some(Self { lat: degrees(lat)?, lon: degrees(lon)? })
    }

    /// The centroid of the outer rings of a GeoJSON polygon or multipolygon. Plane geometry is enough for the size of a district.
    pub(super) fn centre(geometry: &Value) -> Option<Self> {
        let coordinates = geometry.get("coordinates")?;
        let polygons = match geometry.get("type")?.as_str()? {
            "Polygon" => std::slice::from_ref(coordinates),
            "MultiPolygon" => coordinates.as_array()?.as_slice(),
            _ => return None,
        };
        // Twice the area, and six times the moments.
        let (mut area, mut east, mut north) = (0.0, 0.0, 0.0);
        for ring in polygons.iter().filter_map(|polygon| polygon.get(0)?.as_array()) {
            let points: Vec<(f64, f64)> =
                ring.iter().filter_map(|point| Some((point.get(0)?.as_f64()?, point.get(1)?.as_f64()?))).collect();
            // Relative to its first point: the products of degrees would lose digits.
            let Some(&(lon, lat)) = points.first() else { continue };
            let (mut ring_area, mut ring_east, mut ring_north) = (0.0, 0.0, 0.0);
            for pair in points.windows(2) {
                let [(x0, y0), (x1, y1)] = [pair[0], pair[1]].map(|(x, y)| (x - lon, y - lat));
                let cross = x0 * y1 - x1 * y0;
                ring_area += cross;
                ring_east += (x0 + x1) * cross;
                ring_north += (y0 + y1) * cross;
            }
            // Rings may run in either direction.
            let sign = if ring_area < 0.0 { -1.0 } else { 1.0 };
            area += sign * ring_area;
            east += sign * (ring_east + 3.0 * lon * ring_area);
            north += sign * (ring_north + 3.0 * lat * ring_area);
        }
        (area > 0.0)
            .then(|| Some(Self { lat: Degrees::new(north / (3.0 * area))?, lon: Degrees::new(east / (3.0 * area))? }))?
    }
}

/// The known positions of a day.
#[derive(Debug, Default)]
pub(super) struct Positions<'a> {
    pub(super) arcs: HashMap<&'a str, Place<'a>>,
    pub(super) counters: HashMap<&'a str, Place<'a>>,
    /// Code of the zone → centre of its outline.
    pub(super) zones: HashMap<&'a str, Position>,
}

/// Where an arc or a counter is.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Place<'a> {
    pub(super) position: Option<Position>,
    pub(super) district: Option<&'a str>,
    pub(super) zone: Option<&'a str>,
}

impl<'a> Positions<'a> {
    pub(super) fn new(documents: &'a Documents) -> Self {
        let arcs = documents.road_counts.iter().flat_map(|document| &document.body.metrics).map(|arc| {
            let position = arc.geo_point_2d.as_deref().and_then(Position::parse);
            let place = Place { position, district: arc.district.as_deref(), zone: arc.zone.as_deref() };
            (arc.arc_id.as_str(), place)
        });
        let counters = documents.bike_counts.iter().flat_map(|document| &document.body.metrics).map(|counter| {
            let position = counter.coordinates.map(|point| Position { lat: point.lat, lon: point.lon });
            let place = Place { position, district: counter.district.as_deref(), zone: counter.zone.as_deref() };
            (counter.counter_id.as_str(), place)
        });
        let outlines = documents.road_network.iter().flat_map(|document| document.body.zones.iter().flatten());
        let zones =
            outlines.filter_map(|outline| Some((outline.district.as_str(), Position::centre(&outline.geometry)?)));
        Self { arcs: arcs.collect(), counters: counters.collect(), zones: zones.collect() }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn shown(position: Option<Position>) -> Option<(f64, f64)> {
        position.map(|position| (position.lat.rounded(), position.lon.rounded()))
    }

    #[test]
    fn point_of_the_documents_is_latitude_then_longitude() {
        assert_eq!(shown(Position::parse("48.85661, 2.35222")), Some((48.85661, 2.35222)));
        assert_eq!(Position::parse("48.85661"), None);
        assert_eq!(Position::parse("48.85661, x"), None);
    }

    #[test]
    fn centre_weighs_the_parts_of_a_zone_by_their_area() {
        let square =
            |x: f64, y: f64, side: f64| json!([[[x, y], [x + side, y], [x + side, y + side], [x, y + side], [x, y]]]);
        let one = json!({ "type": "Polygon", "coordinates": square(2.0, 48.0, 1.0) });
        assert_eq!(shown(Position::centre(&one)), Some((48.5, 2.5)));
        let both = json!({ "type": "MultiPolygon", "coordinates": [square(0.0, 0.0, 2.0), square(10.0, 0.0, 1.0)] });
        assert_eq!(shown(Position::centre(&both)), Some((0.9, 2.9)));
        assert_eq!(Position::centre(&json!({ "type": "Point", "coordinates": [2.0, 48.0] })), None);
        assert_eq!(Position::centre(&json!({ "type": "Polygon", "coordinates": [] })), None);
    }

    proptest! {
        #[test]
        fn centre_depends_neither_on_direction_nor_on_the_first_point(
            corners in prop::collection::vec((2.0_f64..3.0, 48.0_f64..49.0), 3..8), turn in 0_usize..8,
        ) {
            // A convex ring: the corners in the order of their direction from their mean.
            let n = corners.len();
            let mean = corners.iter().fold((0.0, 0.0), |sum, point| (sum.0 + point.0 / n as f64, sum.1 + point.1 / n as f64));
            let mut ring = corners;
            ring.sort_by(|a, b| (a.1 - mean.1).atan2(a.0 - mean.0).total_cmp(&(b.1 - mean.1).atan2(b.0 - mean.0)));
            let closed = |mut ring: Vec<(f64, f64)>| {
                ring.push(ring[0]);
                Position::centre(&json!({ "type": "Polygon", "coordinates": [ring] }))
            };
            let centre = closed(ring.clone());
            ring.rotate_left(turn % n);
            let rotated = closed(ring.clone());
            ring.reverse();
            let reversed = closed(ring);
            if let (Some(a), Some(b), Some(c)) = (centre, rotated, reversed) {
                for other in [b, c] {
                    prop_assert!((a.lat.get() - other.lat.get()).abs() < 1e-6 && (a.lon.get() - other.lon.get()).abs() < 1e-6);
                }
            }
        }
    }
}
