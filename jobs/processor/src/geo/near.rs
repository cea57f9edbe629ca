//! Distances from lines to a shape, in the local plane at the shape's centroid; an R-tree skips distant lines.

use geo::{BoundingRect, Centroid, Coord, Distance, Euclidean, Geometry, LineString, MapCoords, Point};
use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};

/// A local plane: metres east and north of its origin, on a sphere.
///
/// Equirectangular: `x = R · cos φ₀ · Δλ`, `y = R · Δφ`. Within a few hundred metres of the origin the error is below a centimetre.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plane {
    origin: (f64, f64),
    east: f64,
    north: f64,
}

impl Plane {
    /// The plane tangent to a sphere of the given radius, m.
    #[must_use]
    pub(crate) fn at((lon, lat): (f64, f64), radius: f64) -> Self {
        let north = radius * std::f64::consts::PI / 180.0;
        Self { origin: (lon, lat), east: north * lat.to_radians().cos(), north }
    }

    #[must_use]
    pub(crate) fn project(&self, degrees: Coord<f64>) -> Coord<f64> {
        Coord { x: (degrees.x - self.origin.0) * self.east, y: (degrees.y - self.origin.1) * self.north }
    }
}

/// Spatial index of lines.
#[derive(Debug)]
pub(crate) struct LineIndex<'a> {
    lines: Vec<&'a [(f64, f64)]>,
    boxes: RTree<GeomWithData<Rectangle<[f64; 2]>, usize>>,
    radius: f64,
}

impl<'a> LineIndex<'a> {
    /// Indexes lines of `(lon, lat)` for an earth radius in metres. Results refer to indexes in `lines`.
    #[must_use]
    pub(crate) fn new(lines: Vec<&'a [(f64, f64)]>, radius: f64) -> Self {
        let boxes = lines
            .iter()
            .enumerate()
            .filter_map(|(index, line)| {
                let (first, rest) = line.split_first()?;
                let start = ([first.0, first.1], [first.0, first.1]);
                let (low, high) = rest.iter().fold(start, |(low, high), (lon, lat)| {
                    ([low[0].min(*lon), low[1].min(*lat)], [high[0].max(*lon), high[1].max(*lat)])
                });
                Some(GeomWithData::new(Rectangle::from_corners(low, high), index))
            })
            .collect();
        Self { lines, boxes: RTree::bulk_load(boxes), radius }
    }

    /// The lines at most `metres` from the shape, in index order, with their distance: 0 if they touch it, cross it or lie inside.
    #[must_use]
    pub(crate) fn within(&self, shape: &Geometry<f64>, metres: f64) -> Vec<(usize, f64)> {
        let (Some(centre), Some(bounds)) = (shape.centroid(), shape.bounding_rect()) else { return Vec::new() };
        let plane = Plane::at((centre.x(), centre.y()), self.radius);
        // Slightly more than `metres`, so that rounding cannot exclude a line that the exact distance includes.
        let margin = metres * 1.01 + 0.01;
        let (lon, lat) = (margin / plane.east.max(1.0), margin / plane.north.max(1.0));
        let area = AABB::from_corners(
            [bounds.min().x - lon, bounds.min().y - lat],
            [bounds.max().x + lon, bounds.max().y + lat],
        );
        let flat = shape.map_coords(|coord| plane.project(coord));
        let mut found: Vec<(usize, f64)> = self
            .boxes
            .locate_in_envelope_intersecting(&area)
            .filter_map(|candidate| {
                let line = self.lines.get(candidate.data)?;
                let distance = distance(&flat, line, plane);
                (distance <= metres).then_some((candidate.data, distance))
            })
            .collect();
        found.sort_by_key(|(index, _)| *index);
        found
    }
}

fn distance(flat: &Geometry<f64>, line: &[(f64, f64)], plane: Plane) -> f64 {
    let positions: Vec<Coord<f64>> = line.iter().map(|(lon, lat)| plane.project(Coord { x: *lon, y: *lat })).collect();
    let other = match positions.as_slice() {
        [] => return f64::INFINITY,
        [only] => Geometry::Point(Point(*only)),
        _ => Geometry::LineString(LineString(positions)),
    };
    Euclidean.distance(flat, &other)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::geo::parse_shape;

    const RADIUS: f64 = 6_371_000.0;
    /// One metre of the meridian, in degrees.
    const METRE: f64 = 180.0 / (std::f64::consts::PI * RADIUS);

    fn square() -> Geometry<f64> {
        parse_shape(
            r#"{"type":"Polygon","coordinates":[[[2.300,48.800],[2.302,48.800],[2.302,48.802],[2.300,48.802],[2.300,48.800]],
                [[2.3005,48.8005],[2.3015,48.8005],[2.3015,48.8015],[2.3005,48.8015],[2.3005,48.8005]]]}"#,
        )
        .unwrap().unwrap()
    }

    fn distances(lines: &[Vec<(f64, f64)>], metres: f64) -> Vec<(usize, f64)> {
        LineIndex::new(lines.iter().map(Vec::as_slice).collect(), RADIUS).within(&square(), metres)
    }

    #[test]
    fn line_that_touches_crosses_or_lies_inside_has_distance_zero() {
        let found = distances(
            &[
                vec![(2.302, 48.801), (2.310, 48.801)],
                vec![(2.290, 48.801), (2.310, 48.801)],
                vec![(2.3001, 48.8001), (2.3002, 48.8001)],
            ],
            50.0,
        );
        assert_eq!(found, vec![(0, 0.0), (1, 0.0), (2, 0.0)]);
    }

    #[test]
    fn a_line_outside_is_found_up_to_the_distance_and_not_beyond() {
        let north = |metres: f64| vec![(2.300, 48.802 + metres * METRE), (2.301, 48.802 + metres * METRE)];
        let found = distances(&[north(49.9), north(50.1), north(10.0), north(5_000.0)], 50.0);
        let near: Vec<usize> = found.iter().map(|(index, _)| *index).collect();
        assert_eq!(near, vec![0, 2]);
        assert!((found[0].1 - 49.9).abs() < 1e-6 && (found[1].1 - 10.0).abs() < 1e-6, "{found:?}");
    }

    #[test]
    fn line_in_a_hole_is_measured_to_the_edge() {
        let found = distances(&[vec![(2.3005 + 1e-4, 48.801), (2.3005 + 2e-4, 48.801)]], 50.0);
        let expected = 1e-4 / METRE * 48.801_f64.to_radians().cos();
        assert!((found[0].1 - expected).abs() < 0.01, "{found:?} {expected}");
    }

    #[test]
    fn points_and_empty_lines_are_accepted() {
        assert_eq!(distances(&[vec![], vec![(2.301, 48.8001)]], 50.0), vec![(1, 0.0)]);
        let point = parse_shape(r#"{"type":"Point","coordinates":[2.3,48.8]}"#).unwrap().unwrap();
        let line = [(2.3, 48.8 + 20.0 * METRE), (2.301, 48.8 + 20.0 * METRE)];
        let found = LineIndex::new(vec![&line], RADIUS).within(&point, 50.0);
        assert!((found[0].1 - 20.0).abs() < 1e-6);
    }

    proptest! {
        #[test]
        fn index_finds_every_near_line(
            lines in prop::collection::vec(prop::collection::vec((2.295..2.307_f64, 48.795..48.807_f64), 1..5), 0..20),
            metres in 0.0..500.0_f64,
        ) {
            let shape = square();
            let centre = shape.centroid().unwrap();
            let plane = Plane::at((centre.x(), centre.y()), RADIUS);
            let flat = shape.map_coords(|coord| plane.project(coord));
            let all: Vec<(usize, f64)> = lines
                .iter()
                .enumerate()
                .map(|(index, line)| (index, distance(&flat, line, plane)))
                .filter(|(_, distance)| *distance <= metres)
                .collect();
            prop_assert_eq!(distances(&lines, metres), all);
        }
    }
}
