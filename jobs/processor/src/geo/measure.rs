//! Lengths and areas on the earth.

use geo::{GeodesicArea, Geometry, LineString, Polygon};

/// Length of a line in metres, along great circles of a sphere with the given radius (6,371,000 m in the contract).
///
/// Haversine: `d = 2 R · asin √(sin²(Δφ/2) + cos φ₁ · cos φ₂ · sin²(Δλ/2))`, added from the first position to the last.
#[must_use]
pub(crate) fn length_metres(line: &[(f64, f64)], radius: f64) -> f64 {
    line.windows(2)
        .map(|pair| match pair {
            [from, to] => haversine(*from, *to, radius),
            _ => 0.0,
        })
        .sum()
}

/// Total length of the lines, summed in order, metres; `None` without lines.
#[must_use]
pub(crate) fn lines_length_metres(lines: &[Vec<(f64, f64)>], radius: f64) -> Option<f64> {
    (!lines.is_empty()).then(|| lines.iter().map(|line| length_metres(line, radius)).sum())
}

fn haversine((lon1, lat1): (f64, f64), (lon2, lat2): (f64, f64), radius: f64) -> f64 {
    let (phi1, phi2) = (lat1.to_radians(), lat2.to_radians());
    let half_phi = ((phi2 - phi1) / 2.0).sin();
    let half_lambda = ((lon2 - lon1).to_radians() / 2.0).sin();
    let h = half_phi * half_phi + phi1.cos() * phi2.cos() * half_lambda * half_lambda;
    // Rounding can exceed 1 for antipodes, where asin is undefined.
    2.0 * radius * h.sqrt().min(1.0).asin()
}

/// Area of a shape in m² on the WGS84 ellipsoid (Karney's geodesic polygon area), holes subtracted, parts added, independent of the
/// winding of the rings. `None` for lines and points.
#[must_use]
pub(crate) fn area_m2(shape: &Geometry<f64>) -> Option<f64> {
    match shape {
        Geometry::Polygon(polygon) => Some(polygon_area(polygon)),
        Geometry::MultiPolygon(parts) => Some(parts.iter().map(polygon_area).sum()),
        _ => None,
    }
}

fn polygon_area(polygon: &Polygon<f64>) -> f64 {
    let holes: f64 = polygon.interiors().iter().map(ring_area).sum();
    (ring_area(polygon.exterior()) - holes).max(0.0)
}

/// Computed per ring, so that a hole is subtracted even if it is wound like its outer ring.
fn ring_area(ring: &LineString<f64>) -> f64 {
    Polygon::new(ring.clone(), Vec::new()).geodesic_area_signed().abs()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geo::parse_shape;

    const RADIUS: f64 = 6_371_000.0;

    #[test]
    fn degree_of_the_meridian_is_one_360th_of_the_circle() {
        let expected = RADIUS * std::f64::consts::PI / 180.0;
        assert!((length_metres(&[(2.0, 48.0), (2.0, 49.0)], RADIUS) - expected).abs() < 1e-6);
        assert!((length_metres(&[(2.0, 48.0), (2.0, 48.5), (2.0, 49.0)], RADIUS) - expected).abs() < 1e-6);
    }

    #[test]
    fn parallel_shrinks_with_latitude_and_antipodes_are_half_a_circle() {
        let equator = length_metres(&[(2.0, 0.0), (2.001, 0.0)], RADIUS);
        let at_60 = length_metres(&[(2.0, 60.0), (2.001, 60.0)], RADIUS);
        assert!((at_60 / equator - 0.5).abs() < 1e-9);
        assert!((length_metres(&[(0.0, 0.0), (180.0, 0.0)], RADIUS) - RADIUS * std::f64::consts::PI).abs() < 1e-3);
    }

    #[test]
    fn lengths_of_lines_are_added_and_no_lines_have_no_length() {
        let one = vec![(2.0, 48.0), (2.0, 48.001)];
        let single = length_metres(&one, RADIUS);
        assert!(
            lines_length_metres(&[one.clone(), one], RADIUS)
                .is_some_and(|sum| (sum - 2.0 * single).abs() < f64::EPSILON)
        );
        assert_eq!(lines_length_metres(&[], RADIUS), None);
        assert!(length_metres(&[(2.0, 48.0)], RADIUS).abs() < f64::EPSILON);
    }

    #[test]
    fn area_is_independent_of_winding_and_excludes_holes() {
        let area = |text: &str| parse_shape(text).ok().flatten().as_ref().and_then(area_m2).unwrap();
        let outer = "[[2.30,48.80],[2.31,48.80],[2.31,48.81],[2.30,48.81],[2.30,48.80]]";
        let reversed = "[[2.30,48.80],[2.30,48.81],[2.31,48.81],[2.31,48.80],[2.30,48.80]]";
        let hole = "[[2.302,48.802],[2.304,48.802],[2.304,48.804],[2.302,48.804],[2.302,48.802]]";
        let polygon = |rings: &[&str]| area(&format!(r#"{{"type":"Polygon","coordinates":[{}]}}"#, rings.join(",")));
        let plain = polygon(&[outer]);
        // 0.01° of the ellipsoid's meridian and parallel at 48.805°.
        assert!((plain / (1_111.99 * 734.2) - 1.0).abs() < 2e-3, "{plain}");
        assert!((plain - polygon(&[reversed])).abs() < 1e-3);
        let holed = polygon(&[outer, hole]);
        assert!((plain - holed - polygon(&[hole])).abs() < 1e-3);
        assert!((holed - polygon(&[reversed, hole])).abs() < 1e-3);
        let both = area(&format!(r#"{{"type":"MultiPolygon","coordinates":[[{outer}],[{hole}]]}}"#));
        assert!((both - plain - polygon(&[hole])).abs() < 1e-3, "overlaps are not merged");
    }

    #[test]
    fn a_line_has_no_area() {
        let line = parse_shape(r#"{"type":"LineString","coordinates":[[2.3,48.8],[2.4,48.8]]}"#).unwrap().unwrap();
        assert_eq!(area_m2(&line), None);
    }
}
