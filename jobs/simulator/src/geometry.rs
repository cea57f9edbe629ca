//! Lengths, areas and point-in-polygon tests for the truth. A second implementation on purpose: the truth must not share code with the
//! processor.
//!
//! Points are `[lon, lat]` in degrees.

pub type Point = [f64; 2];

/// Earth radius for lengths, m, as the contract defines it.
const EARTH: f64 = 6_371_000.0;
/// WGS84: equatorial radius, m.
const SEMI_MAJOR: f64 = 6_378_137.0;
/// WGS84: flattening.
const FLATTENING: f64 = 1.0 / 298.257_223_563;

/// Great-circle length of a line by the haversine formula, m.
#[must_use]
pub fn length(line: &[Point]) -> f64 {
    line.windows(2).map(|pair| if let [a, b] = pair { haversine(*a, *b) } else { 0.0 }).sum()
}

fn haversine([lon1, lat1]: Point, [lon2, lat2]: Point) -> f64 {
    let (phi1, phi2) = (lat1.to_radians(), lat2.to_radians());
    let (dphi, dlambda) = ((lat2 - lat1).to_radians(), (lon2 - lon1).to_radians());
    let a = (dphi / 2.0).sin().powi(2) + phi1.cos() * phi2.cos() * (dlambda / 2.0).sin().powi(2);
    2.0 * EARTH * a.sqrt().min(1.0).asin()
}

/// Area of a polygon (exterior ring first, then its holes) on the ellipsoid, m². Edges are straight in longitude and latitude.
///
/// The area between a stretch of a parallel and the equator is `b²/2 · Δλ · q(φ)` (Snyder 1987, eq. 3-12, authalic latitude);
/// `q` is averaged over each edge by Simpson's rule. For shapes of a worksite's size this is the geodesic area to well below 1 dm².
#[must_use]
pub fn area(rings: &[Vec<Point>]) -> f64 {
    let mut areas = rings.iter().map(|ring| ring_area(ring));
    let outer = areas.next().unwrap_or(0.0);
    outer - areas.sum::<f64>()
}

fn ring_area(ring: &[Point]) -> f64 {
    let e2 = FLATTENING * (2.0 - FLATTENING);
    // Latitudes close to each other cancel in the sum; subtracting one of them first preserves precision.
    let reference = ring.first().map_or(0.0, |point| authalic(point[1], e2));
    let mut sum = 0.0;
    for pair in ring.windows(2) {
        if let [[lon1, lat1], [lon2, lat2]] = pair {
            let q = |lat: f64| authalic(lat, e2) - reference;
            let mean = (q(*lat1) + 4.0 * q((lat1 + lat2) / 2.0) + q(*lat2)) / 6.0;
            sum += (lon2 - lon1).to_radians() * mean;
        }
    }
    (SEMI_MAJOR * SEMI_MAJOR / 2.0 * sum).abs()
}

/// `q` of the authalic latitude: `(1 − e²) (sin φ / (1 − e² sin² φ) + artanh(e sin φ) / e)`.
fn authalic(latitude: f64, e2: f64) -> f64 {
    let (e, sine) = (e2.sqrt(), latitude.to_radians().sin());
    (1.0 - e2) * (sine / (1.0 - e2 * sine * sine) + (e * sine).atanh() / e)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PointPosition {
    Inside,
    Border,
    Outside,
}

/// Whether a polygon (exterior ring first, then its holes) contains the point; its border and those of its holes count as inside.
#[must_use]
pub fn contains(rings: &[Vec<Point>], point: Point) -> bool {
    let mut sides = rings.iter().map(|ring| side(ring, point));
    match sides.next() {
        None | Some(PointPosition::Outside) => false,
        Some(PointPosition::Border) => true,
        Some(PointPosition::Inside) => sides.all(|hole| hole != PointPosition::Inside),
    }
}

/// Winding number test. It is exact on the border for points with the coordinates of a vertex or on a vertical edge.
fn side(ring: &[Point], [x, y]: Point) -> PointPosition {
    let mut winding = 0_i32;
    for pair in ring.windows(2) {
        let [[x1, y1], [x2, y2]] = pair else { continue };
        let cross = (x2 - x1) * (y - y1) - (x - x1) * (y2 - y1);
        let within = x >= x1.min(*x2) && x <= x1.max(*x2) && y >= y1.min(*y2) && y <= y1.max(*y2);
        if cross == 0.0 && within {
            return PointPosition::Border;
        }
        if *y1 <= y && *y2 > y && cross > 0.0 {
            winding += 1;
        } else if *y1 > y && *y2 <= y && cross < 0.0 {
            winding -= 1;
        }
    }
    if winding == 0 { PointPosition::Outside } else { PointPosition::Inside }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(x: f64, y: f64, size: f64) -> Vec<Point> {
        vec![[x, y], [x + size, y], [x + size, y + size], [x, y + size], [x, y]]
    }

    #[test]
    fn one_degree_at_the_equator_has_its_known_length_and_area() {
        assert!((length(&[[0.0, 0.0], [1.0, 0.0]]) - 111_194.93).abs() < 0.01);
        // Karney's geodesic area of this square is 12,308,778,361.469 m²; its upper edge is a geodesic there and a parallel here.
        let area = area(&[square(0.0, 0.0, 1.0)]);
        assert!((area / 12_308_778_361.469 - 1.0).abs() < 1e-4, "{area}");
    }

    #[test]
    fn points_in_holes_are_outside_and_points_on_borders_are_inside() {
        let shape = [square(0.0, 0.0, 10.0), square(4.0, 4.0, 2.0)];
        assert!(contains(&shape, [1.0, 1.0]));
        assert!(!contains(&shape, [5.0, 5.0]));
        assert!(contains(&shape, [4.0, 5.0]));
        assert!(contains(&shape, [10.0, 5.0]));
        assert!(contains(&shape, [10.0, 10.0]));
        assert!(!contains(&shape, [10.1, 10.0]));
    }
}
