//! Reads shapes and points in the forms in which files and APIs wrap them: the one reader of all six sources.
//!
//! ```text
//!   shape   GeoJSON geometry or Feature │ the same as Python prints a dict │ either with doubled or outer quotes │ WKT, EWKT
//!   point   "lat, lon" │ [lat, lon] │ {lon, lat} │ any shape that is a point
//! ```
//!
//! GeoJSON and WKT give longitude first, a bare pair latitude first. `null`, `None`, `nan`, `{}` and empty coordinates are no geometry,
//! which is not an error.

use std::borrow::Cow;

use geo::Geometry;
use serde_json::Value;

use super::python;
use super::shape::{from_geojson, on_earth, shape_lines, short};
use super::wkt;

/// Lines of `(lon, lat)` positions.
pub(crate) type Lines = Vec<Vec<(f64, f64)>>;

/// A Point, LineString, MultiLineString, Polygon or MultiPolygon without altitudes; `None` if the text is no geometry.
///
/// # Errors
/// A phrase: not a known form, another type, too few positions, a position not in degrees.
pub(crate) fn parse_shape(text: &str) -> Result<Option<Geometry<f64>>, String> {
    match content(text) {
        Some(content) => shape_of(&value_of(&content)?),
        None => Ok(None),
    }
}

/// As [`parse_shape`], for a shape that must be a line.
///
/// # Errors
/// As [`parse_shape`]; a point or a polygon.
pub(crate) fn parse_lines(text: &str) -> Result<Option<Lines>, String> {
    let lines = |shape| shape_lines(&shape).ok_or_else(|| "it is not a line".to_owned());
    parse_shape(text)?.map(lines).transpose()
}

/// `(lon, lat)`; `None` if the text is no geometry.
///
/// # Errors
/// A phrase: not a known form, a position not in degrees.
pub(crate) fn parse_point(text: &str) -> Result<Option<(f64, f64)>, String> {
    let Some(content) = content(text) else { return Ok(None) };
    if let Some((lat, lon)) = content.split_once(',')
        && let (Ok(lat), Ok(lon)) = (lat.trim().parse::<f64>(), lon.trim().parse::<f64>())
    {
        return if lat.is_nan() && lon.is_nan() { Ok(None) } else { position(lon, lat).map(Some) };
    }
    point_of(&value_of(&content)?)
}

/// The point in a JSON value; see [`parse_point`].
pub(crate) fn point_of(value: &Value) -> Result<Option<(f64, f64)>, String> {
    let number = |value: Option<&Value>| match value? {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    match value {
        Value::String(text) => parse_point(text),
        Value::Array(pair) if is_empty(value) || pair.iter().all(Value::is_null) => Ok(None),
        Value::Array(pair) => match pair.as_slice() {
            [lat, lon] => pair_of(number(Some(lon)), number(Some(lat))),
            _ => Err("it is not a pair of numbers".to_owned()),
        },
        Value::Object(fields) if fields.contains_key("lon") || fields.contains_key("lat") => {
            if [fields.get("lon"), fields.get("lat")].into_iter().flatten().all(Value::is_null) {
                return Ok(None);
            }
            pair_of(number(fields.get("lon")), number(fields.get("lat")))
        }
        _ => match shape_of(value)? {
            Some(Geometry::Point(point)) => Ok(Some((point.x(), point.y()))),
            Some(_) => Err("it is not a point".to_owned()),
            None => Ok(None),
        },
    }
}

fn pair_of(lon: Option<f64>, lat: Option<f64>) -> Result<Option<(f64, f64)>, String> {
    let (Some(lon), Some(lat)) = (lon, lat) else { return Err("it has no longitude and latitude".to_owned()) };
    position(lon, lat).map(Some)
}

fn position(lon: f64, lat: f64) -> Result<(f64, f64), String> {
    on_earth(lon, lat).then_some((lon, lat)).ok_or_else(|| format!("{lat}, {lon} is not in degrees"))
}

/// The text without outer quotes; `None` if it is empty or a word for nothing.
fn content(text: &str) -> Option<Cow<'_, str>> {
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.is_empty() || ["null", "none", "nan"].iter().any(|word| text.eq_ignore_ascii_case(word)) {
        return None;
    }
    match text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        // Quoted once more: as a JSON text, or as a field of a delimited file.
        Some(inner) => {
            let once = serde_json::from_str(text).unwrap_or_else(|_| inner.replace("\"\"", "\""));
            Some(content(&once)?.into_owned().into())
        }
        None => Some(text.into()),
    }
}

fn value_of(content: &str) -> Result<Value, String> {
    match content.as_bytes().first() {
        Some(b'{' | b'[' | b'(') => json(content),
        _ => wkt::to_geojson(content),
    }
}

fn json(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).or_else(|error| {
        let repaired = if text.contains("\"\"") { text.replace("\"\"", "\"") } else { python::to_json(text) };
        serde_json::from_str(&repaired).map_err(|_| short(&error.to_string()))
    })
}

fn shape_of(value: &Value) -> Result<Option<Geometry<f64>>, String> {
    let Value::Object(fields) = value else {
        return if is_empty(value) { Ok(None) } else { Err("it is not a GeoJSON geometry".to_owned()) };
    };
    if fields.is_empty() {
        return Ok(None);
    }
    if fields.get("type").is_some_and(|kind| kind == "Feature") {
        return fields.get("geometry").map_or(Ok(None), shape_of);
    }
    if fields.get("coordinates").is_some_and(is_empty) {
        return Ok(None);
    }
    let geometry = geojson::Geometry::try_from(value.clone()).map_err(|error| short(&error.to_string()))?;
    from_geojson(&geometry.value).map(Some)
}

/// Null, or a list without anything in it.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.iter().all(|item| item.is_array() && is_empty(item)),
        _ => false,
    }
}

#[cfg(test)]
#[path = "parse/tests.rs"]
mod tests;
