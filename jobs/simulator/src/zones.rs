//! The districts of the synthetic city: a grid with crooked lines, one straight border for points to lie on, a park that belongs to
//! nobody, and an exclave.

use crate::geometry::{self, Point};
use crate::random::{self, Rng};

const COLUMNS: usize = 5;
const ROWS: usize = 4;
/// Its lower left corner and the size of a cell, degrees.
const ORIGIN: Point = [2.25, 48.81];
const CELL: Point = [0.034, 0.025];
/// The line between columns that is straight, from south to north.
const STRAIGHT: usize = 2;
/// The district with the park and the exclave.
const WITH_PARK: usize = 7;

/// Name of the place that lies in no district.
pub const OUTSIDE: &str = "Hors zone";

/// A district.
#[derive(Debug, Clone)]
pub struct Zone {
    /// Code in the file, `75112`.
    pub insee: String,
    /// Code in documents, `75012`.
    pub code: String,
    /// Name.
    pub name: String,
    /// Polygons, each its exterior, then its holes.
    pub polygons: Vec<Vec<Vec<Point>>>,
    corners: [Point; 4],
}

/// All districts, by code.
#[derive(Debug, Clone)]
pub struct Zones(Vec<Zone>);

impl Zones {
    /// The districts of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let corner = |column: usize, row: usize| {
            let mut rng = Rng::of(seed, random_topic(), (column * 100 + row) as u64);
            let inner = column > 0 && column < COLUMNS && row > 0 && row < ROWS;
            let shake = if inner { 0.12 } else { 0.0 };
            let [x, y] = [grid(0, column), grid(1, row)];
            let dx = if column == STRAIGHT { 0.0 } else { rng.between(-shake, shake) * CELL[0] };
            [x + dx, y + rng.between(-shake, shake) * CELL[1]]
        };
        let zones = (0..COLUMNS * ROWS).map(|index| {
            let (column, row) = (index % COLUMNS, index / COLUMNS);
            let corners =
                [corner(column, row), corner(column + 1, row), corner(column + 1, row + 1), corner(column, row + 1)];
            let number = index + 1;
            let mut polygons = vec![vec![closed(&corners)]];
            if index == WITH_PARK {
                let park: Vec<_> =
                    [[0.4, 0.4], [0.4, 0.6], [0.6, 0.6], [0.6, 0.4]].map(|at| within(&corners, at)).into();
                polygons.iter_mut().for_each(|polygon| polygon.push(closed(&park)));
                polygons.push(vec![closed(&[[2.45, 48.82], [2.46, 48.82], [2.455, 48.83]])]);
            }
            Zone {
                insee: format!("751{number:02}"),
                code: format!("750{number:02}"),
                name: format!("Quartier {}{}", ["A", "B", "C", "D"].get(row).unwrap_or(&"Z"), column + 1),
                polygons,
                corners,
            }
        });
        Self(zones.collect())
    }

    /// All of them, by code.
    #[must_use]
    pub fn all(&self) -> &[Zone] {
        &self.0
    }

    /// The district that holds the point; on a border the smallest code.
    #[must_use]
    pub fn locate(&self, point: Point) -> Option<&Zone> {
        self.0.iter().find(|zone| zone.polygons.iter().any(|polygon| geometry::holds(polygon, point)))
    }

    /// Code and name as documents hold them.
    #[must_use]
    pub fn place(&self, point: Option<Point>) -> (Option<String>, Option<String>) {
        match point.and_then(|point| self.locate(point)) {
            Some(zone) => (Some(zone.code.clone()), Some(zone.name.clone())),
            None => (None, Some(OUTSIDE.to_owned())),
        }
    }

    /// Name of a code.
    #[must_use]
    pub fn name(&self, code: &str) -> Option<String> {
        self.0.iter().find(|zone| zone.code == code).map(|zone| zone.name.clone())
    }

    /// A point of a district, `at` in 0..1 both ways from its lower left corner.
    #[must_use]
    pub fn point(&self, zone: usize, at: Point) -> Point {
        self.0.get(zone % self.0.len().max(1)).map_or(ORIGIN, |zone| within(&zone.corners, at))
    }

    /// A point on the straight border, `at` in 0..1 within a row.
    #[must_use]
    pub fn border(&self, row: usize, at: f64) -> Point {
        // The line's longitude is that of its corners, digit for digit; the latitude only has to lie between two of them.
        [grid(0, STRAIGHT), grid(1, row % ROWS) + CELL[1] * (0.3 + 0.4 * at)]
    }

    /// `reference/zones.geojson`.
    #[must_use]
    pub fn file(&self) -> Vec<u8> {
        let features: Vec<_> = self
            .0
            .iter()
            .map(|zone| {
                let geometry = match zone.polygons.as_slice() {
                    [one] => serde_json::json!({"type": "Polygon", "coordinates": one}),
                    several => serde_json::json!({"type": "MultiPolygon", "coordinates": several}),
                };
                let properties = serde_json::json!({"c_ar": zone.code, "c_arinsee": zone.insee, "l_ar": zone.name});
                serde_json::json!({"type": "Feature", "geometry": geometry, "properties": properties})
            })
            .collect();
        serde_json::json!({"type": "FeatureCollection", "features": features}).to_string().into_bytes()
    }
}

fn random_topic() -> u64 {
    random::mix(0x5a6f)
}

#[expect(clippy::cast_precision_loss, reason = "a handful of columns")]
fn grid(axis: usize, index: usize) -> f64 {
    let (origin, cell) = if axis == 0 { (ORIGIN[0], CELL[0]) } else { (ORIGIN[1], CELL[1]) };
    origin + cell * index as f64
}

fn closed(corners: &[Point]) -> Vec<Point> {
    corners.iter().chain(corners.first()).copied().collect()
}

/// Between four corners, bilinear.
fn within([a, b, c, d]: &[Point; 4], [u, v]: Point) -> Point {
    let along = |axis: usize| {
        let pick = |point: &Point| point.get(axis).copied().unwrap_or(0.0);
        let (low, high) = (pick(a) * (1.0 - u) + pick(b) * u, pick(d) * (1.0 - u) + pick(c) * u);
        low * (1.0 - v) + high * v
    };
    [along(0), along(1)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_district_holds_its_middle_but_for_the_park() {
        let zones = Zones::new(1);
        for (index, zone) in zones.all().iter().enumerate() {
            let found = zones.locate(zones.point(index, [0.2, 0.2])).map(|zone| zone.code.clone());
            assert_eq!(found.as_ref(), Some(&zone.code));
        }
        assert!(zones.locate(zones.point(WITH_PARK, [0.5, 0.5])).is_none());
        assert_eq!(zones.locate([2.455, 48.822]).map(|zone| zone.code.as_str()), Some("75008"));
        let border = zones.border(1, 0.5);
        assert_eq!(zones.locate(border).map(|zone| zone.code.as_str()), Some("75007"));
        assert_eq!(zones.locate([border[0] + 1e-7, border[1]]).map(|zone| zone.code.as_str()), Some("75008"));
    }
}
