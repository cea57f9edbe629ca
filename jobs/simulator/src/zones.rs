//! The districts of the synthetic city: an irregular grid with one straight border (so that points can lie exactly on it), a park
//! that belongs to no district, and an exclave.

use crate::geometry::{self, Point};
use crate::random::{self, Rng};

const COLUMNS: usize = 5;
const ROWS: usize = 4;
/// Lower left corner of the grid, degrees.
const ORIGIN: Point = [2.25, 48.81];
/// Width and height of a grid cell, degrees.
const CELL: Point = [0.034, 0.025];
/// The grid line between two columns that is straight, from south to north.
const STRAIGHT: usize = 2;
/// Index of the district with the park and the exclave.
const WITH_PARK: usize = 7;

/// The zone name of points outside all districts.
pub const OUTSIDE: &str = "Hors zone";

#[derive(Debug, Clone)]
pub struct Zone {
    /// Code in the zones file, `75112`.
    pub insee: String,
    /// Code in documents, `75012`.
    pub code: String,
    pub name: String,
    /// Each polygon is its exterior ring, then its holes.
    pub polygons: Vec<Vec<Vec<Point>>>,
    corners: [Point; 4],
}

/// All districts, by code.
#[derive(Debug, Clone)]
pub struct Zones(Vec<Zone>);

impl Zones {
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let corner = |column: usize, row: usize| {
            let mut rng = Rng::new(seed, random_topic(), (column * 100 + row) as u64);
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

    #[must_use]
    pub fn all(&self) -> &[Zone] {
        &self.0
    }

    /// The district that contains the point; on a border, the one with the smallest code.
    #[must_use]
    pub fn locate(&self, point: Point) -> Option<&Zone> {
        self.0.iter().find(|zone| zone.polygons.iter().any(|polygon| geometry::contains(polygon, point)))
    }

    /// Code and name as in the documents: outside all districts no code, and [`OUTSIDE`].
    #[must_use]
    pub fn code_and_name(&self, point: Option<Point>) -> (Option<String>, Option<String>) {
        match point.and_then(|point| self.locate(point)) {
            Some(zone) => (Some(zone.code.clone()), Some(zone.name.clone())),
            None => (None, Some(OUTSIDE.to_owned())),
        }
    }

    #[must_use]
    pub fn name(&self, code: &str) -> Option<String> {
        self.0.iter().find(|zone| zone.code == code).map(|zone| zone.name.clone())
    }

    /// A point of a district; `at` is in `0.0..1.0` on both axes, from its lower left corner.
    #[must_use]
    pub fn point(&self, zone: usize, at: Point) -> Point {
        self.0.get(zone % self.0.len().max(1)).map_or(ORIGIN, |zone| within(&zone.corners, at))
    }

    /// A point on the straight border; `at` is in `0.0..1.0` within the row.
    #[must_use]
    pub fn border(&self, row: usize, at: f64) -> Point {
        // The longitude has to equal that of the corners exactly; the latitude only has to lie between two of them.
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

/// Bilinear interpolation between four corners.
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
    fn every_district_contains_its_points_and_the_park_lies_in_none() {
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
