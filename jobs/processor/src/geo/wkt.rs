//! Well-known text (OGC 06-103r4) as GeoJSON, with PostGIS' `SRID=…;` before it: any case, `Z`, `M` and `ZM`, or further coordinates
//! without a letter.

use serde_json::{Value, json};

/// GeoJSON name and depth of the lists of positions.
const TYPES: [(&str, usize); 5] =
    [("Point", 0), ("LineString", 1), ("Polygon", 2), ("MultiLineString", 2), ("MultiPolygon", 3)];
/// The reference system of longitude and latitude.
const WGS84: &str = "4326";

/// # Errors
/// A phrase: another type or reference system, or a syntax error.
pub(super) fn to_geojson(text: &str) -> Result<Value, String> {
    let text = match text.split_once(';') {
        Some((srid, rest)) => match srid.trim().split_once('=') {
            Some((name, WGS84)) if name.eq_ignore_ascii_case("srid") => rest.trim(),
            Some((name, id)) if name.eq_ignore_ascii_case("srid") => return Err(format!("SRID {id} is not {WGS84}")),
            _ => return Err(unknown()),
        },
        None => text,
    };
    let letters = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    let (word, mut rest) = text.split_at(letters);
    let word = ["zm", "z", "m"]
        .iter()
        .find_map(|suffix| {
            Some(word).filter(|word| kind(word).is_none())?.to_ascii_lowercase().strip_suffix(suffix).map(str::to_owned)
        })
        .unwrap_or_else(|| word.to_owned());
    let (name, depth) = kind(&word).ok_or_else(unknown)?;
    rest = rest.trim_start();
    for dimension in ["zm", "z", "m"] {
        if let Some((head, tail)) = rest.split_at_checked(dimension.len())
            && head.eq_ignore_ascii_case(dimension)
        {
            rest = tail.trim_start();
            break;
        }
    }
    if rest.eq_ignore_ascii_case("empty") {
        return Ok(json!({ "type": name, "coordinates": [] }));
    }
    // A point is a list of one position.
    let mut coordinates = list(&mut rest, depth.max(1))?;
    if depth == 0 {
        coordinates = coordinates.get_mut(0).map(Value::take).unwrap_or_default();
    }
    if !rest.trim().is_empty() {
        return Err(unknown());
    }
    Ok(json!({ "type": name, "coordinates": coordinates }))
}

fn kind(word: &str) -> Option<(&'static str, usize)> {
    TYPES.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(word))
}

fn unknown() -> String {
    "it is neither GeoJSON nor WKT".to_owned()
}

/// A list in parentheses; at depth 1 of positions.
fn list(rest: &mut &str, depth: usize) -> Result<Value, String> {
    let mut items = Vec::new();
    *rest = rest.trim_start().strip_prefix('(').ok_or_else(unknown)?;
    loop {
        items.push(if depth > 1 { list(rest, depth - 1)? } else { position(rest)? });
        *rest = rest.trim_start();
        match rest.strip_prefix(',') {
            Some(next) => *rest = next,
            None => break,
        }
    }
    *rest = rest.strip_prefix(')').ok_or_else(unknown)?;
    Ok(Value::Array(items))
}

fn position(rest: &mut &str) -> Result<Value, String> {
    let end = rest.find([',', ')', '(']).ok_or_else(unknown)?;
    let (numbers, after) = rest.split_at(end);
    *rest = after;
    let numbers: Option<Vec<f64>> = numbers.split_ascii_whitespace().map(|number| number.parse().ok()).collect();
    match numbers {
        Some(numbers) if (2..=4).contains(&numbers.len()) => Ok(json!(numbers)),
        _ => Err("a position is not two to four numbers".to_owned()),
    }
}
