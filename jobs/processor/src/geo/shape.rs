//! Shapes from GeoJSON, and shapes and points as documents hold them, with 5 decimals.

use contract::number::Degrees;
use geo::{Coord, Geometry, LineString, MultiLineString, MultiPolygon, Point, Polygon};
use serde_json::{Value, json};

/// The lines of a line shape; `None` for a point or a polygon.
#[must_use]
pub(crate) fn shape_lines(shape: &Geometry<f64>) -> Option<Vec<Vec<(f64, f64)>>> {
    let positions = |line: &LineString<f64>| line.coords().map(|position| (position.x, position.y)).collect();
    match shape {
        Geometry::LineString(line) => Some(vec![positions(line)]),
        Geometry::MultiLineString(lines) => Some(lines.iter().map(positions).collect()),
        _ => None,
    }
}

/// A point as documents hold it: "lat, lon", each with 5 decimals (rounded like every coordinate, trailing zeros kept).
#[must_use]
pub(crate) fn format_point(lat: f64, lon: f64) -> String {
    // `rounded` turns a negative zero into zero.
    format!("{:.5}, {:.5}", Degrees::of(lat).rounded(), Degrees::of(lon).rounded())
}

/// Lines as documents hold them: `[lon, lat]` pairs.
#[must_use]
pub(crate) fn trace(lines: &[Vec<(f64, f64)>]) -> Vec<Vec<[Degrees; 2]>> {
    lines.iter().map(|line| line.iter().map(|(lon, lat)| [Degrees::of(*lon), Degrees::of(*lat)]).collect()).collect()
}

/// A shape as a GeoJSON geometry with 5 decimals; null for a type that [`parse_shape`] never returns.
#[must_use]
pub(crate) fn to_geojson(shape: &Geometry<f64>) -> Value {
    let (kind, coordinates) = match shape {
        Geometry::Point(point) => ("Point", position(point.0)),
        Geometry::LineString(line) => ("LineString", positions(line)),
        Geometry::MultiLineString(lines) => ("MultiLineString", lines.iter().map(positions).collect()),
        Geometry::Polygon(polygon) => ("Polygon", rings(polygon)),
        Geometry::MultiPolygon(parts) => ("MultiPolygon", parts.iter().map(rings).collect()),
        _ => return Value::Null,
    };
    json!({ "type": kind, "coordinates": coordinates })
}

fn rings(polygon: &Polygon<f64>) -> Value {
    std::iter::once(polygon.exterior()).chain(polygon.interiors()).map(positions).collect()
}

fn positions(line: &LineString<f64>) -> Value {
    line.coords().map(|coord| position(*coord)).collect()
}

fn position(coord: Coord<f64>) -> Value {
    json!([Degrees::of(coord.x), Degrees::of(coord.y)])
}

/// Converts the supported geometry types.
pub(crate) fn from_geojson(value: &geojson::Value) -> Result<Geometry<f64>, String> {
    Ok(match value {
        geojson::Value::Point(position) => Geometry::Point(Point(coord(position)?)),
        geojson::Value::LineString(positions) => Geometry::LineString(line(positions)?),
        geojson::Value::MultiLineString(lines) => {
            Geometry::MultiLineString(MultiLineString(all(lines, |positions| line(positions))?))
        }
        geojson::Value::Polygon(rings) => Geometry::Polygon(polygon(rings)?),
        geojson::Value::MultiPolygon(parts) => {
            Geometry::MultiPolygon(MultiPolygon(all(parts, |rings| polygon(rings))?))
        }
        geojson::Value::MultiPoint(_) | geojson::Value::GeometryCollection(_) => {
            return Err(format!("a {} is neither a point, a line nor a polygon", value.type_name()));
        }
    })
}

/// Converts all parts; an empty list is an error.
fn all<T, U>(parts: &[T], convert: impl Fn(&T) -> Result<U, String>) -> Result<Vec<U>, String> {
    if parts.is_empty() {
        return Err("it has no coordinates".to_owned());
    }
    parts.iter().map(convert).collect()
}

fn polygon(rings: &[Vec<Vec<f64>>]) -> Result<Polygon<f64>, String> {
    let mut rings = all(rings, |positions| ring(positions))?.into_iter();
    let Some(exterior) = rings.next() else { return Err("it has no coordinates".to_owned()) };
    Ok(Polygon::new(exterior, rings.collect()))
}

/// A ring, closed if necessary.
fn ring(positions: &[Vec<f64>]) -> Result<LineString<f64>, String> {
    let mut ring = line(positions)?;
    ring.close();
    if ring.0.len() < 4 {
        return Err("a ring has fewer than 3 corners".to_owned());
    }
    Ok(ring)
}

fn line(positions: &[Vec<f64>]) -> Result<LineString<f64>, String> {
    if positions.len() < 2 {
        return Err("a line has fewer than 2 positions".to_owned());
    }
    positions.iter().map(|position| coord(position)).collect::<Result<Vec<_>, _>>().map(LineString)
}

fn coord(position: &[f64]) -> Result<Coord<f64>, String> {
    match position {
        [lon, lat, ..] if on_earth(*lon, *lat) => Ok(Coord { x: *lon, y: *lat }),
        _ => Err(short(&format!("{position:?} is not a longitude and a latitude in degrees"))),
    }
}

#[must_use]
pub(crate) fn on_earth(lon: f64, lat: f64) -> bool {
    // NaN is in no range.
    (-180.0..=180.0).contains(&lon) && (-90.0..=90.0).contains(&lat)
}

/// Truncates an error text, which may quote a whole file.
pub(crate) fn short(text: &str) -> String {
    text.chars().take(160).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geo::parse_shape;

    #[test]
    fn open_ring_is_closed() {
        let shape = parse_shape(r#"{"type":"Polygon","coordinates":[[[2.3,48.8],[2.4,48.8],[2.4,48.9]]]}"#).unwrap();
        let Some(Geometry::Polygon(polygon)) = shape else { panic!("a polygon") };
        assert!(polygon.exterior().is_closed());
        assert_eq!(polygon.exterior().0.len(), 4);
    }

    #[test]
    fn point_is_written_latitude_first() {
        assert_eq!(format_point(48.897_567_218, 2.330_129_588), "48.89757, 2.33013");
        assert_eq!(format_point(48.5, -0.000_001), "48.50000, 0.00000");
    }

    #[test]
    fn shape_is_written_with_5_decimals() {
        let shape = parse_shape(
            r#"{"type":"Polygon","coordinates":[[[2.123456,48.8],[2.4,48.8],[2.4,48.9],[2.123456,48.8]]]}"#,
        )
        .unwrap()
        .unwrap();
        assert_eq!(
            to_geojson(&shape).to_string(),
            r#"{"coordinates":[[[2.12346,48.8],[2.4,48.8],[2.4,48.9],[2.12346,48.8]]],"type":"Polygon"}"#
        );
    }

    #[test]
    fn every_shape_type_round_trips() {
        for text in [
            r#"{"coordinates":[2.3,48.8],"type":"Point"}"#,
            r#"{"coordinates":[[2.3,48.8],[2.4,48.9]],"type":"LineString"}"#,
            r#"{"coordinates":[[[2.3,48.8],[2.4,48.9]]],"type":"MultiLineString"}"#,
            r#"{"coordinates":[[[[2.3,48.8],[2.4,48.8],[2.4,48.9],[2.3,48.8]]]],"type":"MultiPolygon"}"#,
        ] {
            assert_eq!(to_geojson(&parse_shape(text).unwrap().unwrap()).to_string(), text);
        }
    }
}
