//! Simplified outlines for the map, with valid rings.
//!
//! Not for measurements: neighbours are simplified separately, so their common border may differ by the tolerance.

use contract::number::Degrees;
use geo::{Centroid, Coord, Geometry, LineString, MultiPolygon, Polygon, Validation};
use serde_json::Value;

use super::{Plane, to_geojson};

/// An outline simplified to `tolerance` metres, as a GeoJSON MultiPolygon with 5 decimals.
///
/// Douglas–Peucker in the local plane at the outline's centroid. If a polygon becomes invalid (a ring crosses itself or
/// another), the tolerance is halved up to three times, then only rounding applies. Holes and parts smaller than the tolerance are dropped,
/// except the last part.
#[must_use]
pub(crate) fn simplified_outline(outline: &MultiPolygon<f64>, tolerance: f64, radius: f64) -> Value {
    let Some(centre) = outline.centroid() else { return to_geojson(&Geometry::MultiPolygon(outline.clone())) };
    let plane = Plane::at((centre.x(), centre.y()), radius);
    let mut parts: Vec<Polygon<f64>> = outline.iter().filter_map(|part| simplified(part, tolerance, plane)).collect();
    if parts.is_empty() {
        parts.clone_from(&outline.0);
    }
    to_geojson(&Geometry::MultiPolygon(MultiPolygon(parts)))
}

fn simplified(polygon: &Polygon<f64>, tolerance: f64, plane: Plane) -> Option<Polygon<f64>> {
    let attempt = |tolerance: f64| {
        let exterior = simplified_ring(polygon.exterior(), tolerance, plane)?;
        let holes = polygon.interiors().iter().filter_map(|ring| simplified_ring(ring, tolerance, plane)).collect();
        Some(Polygon::new(exterior, holes))
    };
    let mut coarse = attempt(tolerance)?;
    // The last resort is rounding alone: 5 decimals move a corner by at most half a metre.
    for tolerance in [tolerance / 2.0, tolerance / 4.0, tolerance / 8.0, 0.0] {
        if coarse.is_valid() {
            break;
        }
        coarse = attempt(tolerance)?;
    }
    Some(coarse)
}

/// A simplified and rounded ring; `None` if fewer than 3 corners are left.
fn simplified_ring(ring: &LineString<f64>, tolerance: f64, plane: Plane) -> Option<LineString<f64>> {
    let flat: Vec<Coord<f64>> = ring.coords().map(|coord| plane.project(*coord)).collect();
    let kept = douglas_peucker(&flat, tolerance);
    let mut corners: Vec<Coord<f64>> =
        ring.coords().zip(kept).filter(|(_, kept)| *kept).map(|(coord, _)| rounded(*coord)).collect();
    corners.dedup();
    (corners.len() >= 4).then_some(LineString(corners))
}

fn rounded(coord: Coord<f64>) -> Coord<f64> {
    Coord { x: Degrees::of(coord.x).rounded(), y: Degrees::of(coord.y).rounded() }
}

/// Which positions of a line to keep, so that every dropped position is within `tolerance` of the result.
///
/// Iterative, so that a line of a million positions cannot overflow the stack.
fn douglas_peucker(line: &[Coord<f64>], tolerance: f64) -> Vec<bool> {
    let last = line.len().saturating_sub(1);
    let mut kept: Vec<bool> = (0..line.len()).map(|index| index == 0 || index == last).collect();
    let mut spans = vec![(0, last)];
    while let Some((from, to)) = spans.pop() {
        let (Some(&start), Some(&end)) = (line.get(from), line.get(to)) else { continue };
        let inner = line.iter().enumerate().take(to).skip(from + 1);
        let farthest = inner
            .map(|(index, position)| (index, squared_distance(*position, start, end)))
            .reduce(|best, next| if next.1 > best.1 { next } else { best });
        if let Some((index, squared)) = farthest
            && squared > tolerance * tolerance
        {
            if let Some(keep) = kept.get_mut(index) {
                *keep = true;
            }
            spans.push((from, index));
            spans.push((index, to));
        }
    }
    kept
}

/// Squared distance from a position to a segment, which may be a single point, such as the two ends of a ring.
fn squared_distance(position: Coord<f64>, start: Coord<f64>, end: Coord<f64>) -> f64 {
    let along = end - start;
    let length = along.x * along.x + along.y * along.y;
    let from_start = position - start;
    let part =
        if length > 0.0 { ((from_start.x * along.x + from_start.y * along.y) / length).clamp(0.0, 1.0) } else { 0.0 };
    let off = from_start - along * part;
    off.x * off.x + off.y * off.y
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::geo::parse_shape;

    const RADIUS: f64 = 6_371_000.0;

    fn outline(text: &str) -> MultiPolygon<f64> {
        match parse_shape(text).unwrap().unwrap() {
            Geometry::Polygon(polygon) => MultiPolygon(vec![polygon]),
            Geometry::MultiPolygon(parts) => parts,
            other => panic!("{other:?}"),
        }
    }

    fn back(value: &Value) -> MultiPolygon<f64> {
        outline(&value.to_string())
    }

    #[test]
    fn positions_within_the_tolerance_are_dropped_and_corners_kept() {
        // The middle of the south side is 2 m off, that of the north side 20 m.
        let text = r#"{"type":"Polygon","coordinates":[[[2.30,48.80],[2.31,48.799982],[2.32,48.80],[2.32,48.81],[2.31,48.81018],[2.30,48.81],[2.30,48.80]]]}"#;
        let simple = back(&simplified_outline(&outline(text), 5.0, RADIUS));
        assert_eq!(simple.0[0].exterior().0.len(), 6);
        assert!(simple.is_valid());
    }

    #[test]
    fn small_hole_is_dropped_and_small_zone_kept() {
        let holed = r#"{"type":"Polygon","coordinates":[[[2.30,48.80],[2.32,48.80],[2.32,48.81],[2.30,48.81],[2.30,48.80]],
            [[2.31,48.805],[2.31002,48.805],[2.31002,48.80502],[2.31,48.805]]]}"#;
        assert!(back(&simplified_outline(&outline(holed), 5.0, RADIUS)).0[0].interiors().is_empty());
        let tiny =
            r#"{"type":"Polygon","coordinates":[[[2.31,48.805],[2.31002,48.805],[2.31002,48.80502],[2.31,48.805]]]}"#;
        assert_eq!(back(&simplified_outline(&outline(tiny), 5.0, RADIUS)).0.len(), 1);
    }

    #[test]
    fn ring_that_would_cross_itself_is_simplified_less() {
        // A slit 6 m wide whose tip comes within 1 m of the opposite side: at 5 m the side would cut across it.
        let text = r#"{"type":"Polygon","coordinates":[[[2.3000,48.8000],[2.3010,48.79997],[2.3020,48.8000],[2.3020,48.8010],
            [2.30104,48.8010],[2.3010,48.79998],[2.30096,48.8010],[2.3000,48.8010],[2.3000,48.8000]]]}"#;
        assert!(outline(text).is_valid());
        assert!(back(&simplified_outline(&outline(text), 5.0, RADIUS)).is_valid());
    }

    #[test]
    fn a_long_line_is_simplified_without_recursion() {
        let line: Vec<Coord<f64>> =
            (0..3_000).map(|n| Coord { x: f64::from(n) * 100.0, y: if n % 2 == 0 { 0.0 } else { 100.0 } }).collect();
        assert!(douglas_peucker(&line, 5.0).iter().all(|kept| *kept));
        assert!(douglas_peucker(&[], 5.0).is_empty());
    }

    proptest! {
        #[test]
        fn a_valid_outline_stays_valid_and_near(
            rays in prop::collection::vec((0.0..std::f64::consts::TAU, 20.0..400.0_f64), 6..60),
            tolerance in 1.0..60.0_f64,
        ) {
            // A star around its centre never crosses itself, and its spikes are what simplifying breaks.
            let mut rays = rays;
            rays.sort_by(|a, b| a.0.total_cmp(&b.0));
            rays.dedup_by(|a, b| (a.0 - b.0).abs() < 0.01);
            let corner = |(angle, metres): &(f64, f64)| Coord { x: 2.3 + metres * angle.cos() / 73_000.0, y: 48.8 + metres * angle.sin() / 111_000.0 };
            let outline = MultiPolygon(vec![Polygon::new(rays.iter().map(corner).collect(), Vec::new())]);
            prop_assume!(outline.is_valid());
            let rounded = MultiPolygon(vec![simplified(&outline.0[0], 0.0, Plane::at((2.3, 48.8), RADIUS)).unwrap()]);
            prop_assume!(rounded.is_valid());
            let simple = back(&simplified_outline(&outline, tolerance, RADIUS));
            prop_assert!(simple.is_valid());
            let plane = Plane::at((2.3, 48.8), RADIUS);
            let flat = simple.0[0].exterior().coords().map(|coord| plane.project(*coord)).collect::<Vec<_>>();
            for corner in outline.0[0].exterior().coords() {
                let nearest = flat
                    .windows(2)
                    .map(|side| squared_distance(plane.project(*corner), side[0], side[1]).sqrt())
                    .fold(f64::INFINITY, f64::min);
                // One metre for the rounding to 5 decimals.
                prop_assert!(nearest <= tolerance + 1.0, "{nearest}");
            }
        }
    }
}
