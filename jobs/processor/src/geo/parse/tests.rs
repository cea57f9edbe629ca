use proptest::prelude::*;

use super::*;
use crate::geo::lines_length_metres;

const LINE: &str = r#"{"coordinates": [[2.30, 48.87], [2.31, 48.88]], "type": "LineString"}"#;

fn positions() -> Lines {
    vec![vec![(2.30, 48.87), (2.31, 48.88)]]
}

/// Every wrapping of a line.
fn wrappings(line: &[(f64, f64)]) -> Vec<String> {
    let pairs: Vec<String> = line.iter().map(|(lon, lat)| format!("[{lon}, {lat}]")).collect();
    let high: Vec<String> = line.iter().map(|(lon, lat)| format!("[{lon}, {lat}, 35.5]")).collect();
    let spaced: Vec<String> = line.iter().map(|(lon, lat)| format!("{lon} {lat}")).collect();
    let tuples: Vec<String> = line.iter().map(|(lon, lat)| format!("({lon}, {lat})")).collect();
    let (pairs, high, spaced, tuples) = (pairs.join(", "), high.join(","), spaced.join(", "), tuples.join(", "));
    let geometry = format!(r#"{{"coordinates": [{pairs}], "type": "LineString"}}"#);
    let feature = format!(r#"{{"type": "Feature", "geometry": {geometry}, "properties": {{"a": "b"}}}}"#);
    let python = format!(
        "{{'type': 'Feature', 'geometry': {{'coordinates': [{pairs}], 'type': 'LineString'}}, 'properties': {{'l': \"Rue de l'Est\", 'n': None, 't': True}}}}"
    );
    vec![
        format!(r#"{{"type":"LineString","coordinates":[{high}]}}"#),
        format!(r#"{{"type":"MultiLineString","coordinates":[[{pairs}]]}}"#),
        geometry.replace('"', "\"\""),
        feature.replace('"', "\"\""),
        format!("\"{}\"", feature.replace('"', "\"\"")),
        serde_json::Value::from(geometry.clone()).to_string(),
        geometry,
        feature,
        python,
        format!("{{'coordinates': ({tuples}), 'type': 'LineString'}}"),
        format!("LINESTRING ({spaced})"),
        format!("LineString({spaced})"),
        format!("linestring z ({})", spaced.replace(", ", " 35, ") + " 35"),
        format!("LINESTRINGZ({})", spaced.replace(", ", " 35, ") + " 35"),
        format!("LINESTRING ZM ({})", spaced.replace(", ", " 35 1, ") + " 35 1"),
        format!("LINESTRING({})", spaced.replace(", ", " 35, ") + " 35"),
        format!("SRID=4326;MULTILINESTRING(({spaced}))"),
        format!("\u{feff} LINESTRING( {spaced} ) "),
    ]
}

#[test]
fn line_is_the_same_in_every_wrapping() {
    assert_eq!(parse_lines(LINE), Ok(Some(positions())));
    for text in wrappings(&positions()[0]) {
        assert_eq!(parse_lines(&text), Ok(Some(positions())), "{text}");
    }
}

#[test]
fn point_is_the_same_in_every_wrapping() {
    for text in [
        "48.8480073438,2.25343813301",
        " 48.8480073438, 2.25343813301",
        "[48.8480073438, 2.25343813301]",
        "(48.8480073438, 2.25343813301)",
        r#"{"lon": 2.25343813301, "lat": 48.8480073438}"#,
        r#"{""lon"": 2.25343813301, ""lat"": 48.8480073438}"#,
        r#"{"lat": "48.8480073438", "lon": "2.25343813301"}"#,
        "{'lon': 2.25343813301, 'lat': 48.8480073438}",
        r#"{"type":"Point","coordinates":[2.25343813301,48.8480073438]}"#,
        r#"{"type":"Feature","properties":null,"geometry":{"type":"Point","coordinates":[2.25343813301,48.8480073438,3]}}"#,
        "POINT (2.25343813301 48.8480073438)",
        "SRID=4326;point z(2.25343813301 48.8480073438 35)",
        "\"48.8480073438, 2.25343813301\"",
    ] {
        assert_eq!(parse_point(text), Ok(Some((2.253_438_133_01, 48.848_007_343_8))), "{text}");
    }
}

#[test]
fn words_and_empty_coordinates_are_no_geometry() {
    for text in [
        "",
        " ",
        "null",
        "None",
        "nan",
        "NaN",
        "{}",
        "[]",
        r#""""#,
        r#"{"type":"LineString","coordinates":[]}"#,
        r#"{"type":"MultiPolygon","coordinates":[[[]]]}"#,
        r#"{"type":"Feature","geometry":null,"properties":{}}"#,
        "LINESTRING EMPTY",
        "{'type': 'Point', 'coordinates': []}",
    ] {
        assert_eq!(parse_shape(text), Ok(None), "{text}");
        assert_eq!(parse_point(text), Ok(None), "{text}");
    }
    for text in ["nan, nan", "{'lon': None, 'lat': None}", "[null, null]", "POINT EMPTY"] {
        assert_eq!(parse_point(text), Ok(None), "{text}");
    }
}

#[test]
fn invalid_shapes_are_errors() {
    for text in [
        "a line",
        "12",
        "[1, 2",
        r#"{"type":"LineString","coordinates":[[2.3,48.8]]}"#,
        r#"{"type":"LineString","coordinates":[[2.3],[2.4]]}"#,
        r#"{"type":"LineString","coordinates":[[652000.0,6862000.0],[652001.0,6862000.0]]}"#,
        r#"{"type":"LineString"}"#,
        r#"{"type":"Polygon","coordinates":[[[2.3,48.8],[2.4,48.8],[2.3,48.8]]]}"#,
        r#"{"type":"MultiPoint","coordinates":[[2.3,48.8]]}"#,
        r#"{"type":"GeometryCollection","geometries":[]}"#,
        r#"{"type":"LineString","coordinates":[["a","b"],[1,2]]}"#,
        r#"{"type":"LineString","coordinates":[[2.3,48.8],[2.4"#,
        "LINESTRING (2.3 48.8, 2.4)",
        "LINESTRING (2.3 48.8, 2.4 48.9",
        "LINESTRING (2.3 48.8, 2.4 48.9))",
        "LINESTRING (2.3 48.8 1 2 3, 2.4 48.9)",
        "CIRCULARSTRING (2.3 48.8, 2.4 48.9)",
        "SRID=2154;LINESTRING (2.3 48.8, 2.4 48.9)",
        "{'coordinates': [[2.3, 48.8], [2.4, 48.9]",
    ] {
        assert!(parse_shape(text).is_err(), "{text}");
    }
    assert!(parse_lines(r#"{"type":"Point","coordinates":[2.3,48.8]}"#).is_err());
}

#[test]
fn invalid_points_are_errors() {
    for text in ["48.8", "a, b", "95.0, 2.0", "48.0, 200.0", "NaN, 2.0", "inf, 2", "[48.8]", "{'lon': 2.3}", LINE] {
        assert!(parse_point(text).is_err(), "{text}");
    }
}

proptest! {
    #[test]
    fn wrapping_does_not_change_the_length(line in prop::collection::vec((2.0..2.6_f64, 48.5..49.1_f64), 2..12)) {
        let length = |lines: &Lines| lines_length_metres(lines, 6_371_000.0).unwrap();
        let expected = length(&vec![line.clone()]);
        for text in wrappings(&line) {
            let lines = parse_lines(&text).map_err(TestCaseError::fail)?.unwrap();
            prop_assert!((length(&lines) - expected).abs() <= 0.1, "{}", text);
        }
    }

    #[test]
    fn any_text_is_read_or_rejected(
        text in ".*",
        kind in "(Multi)?(Point|LineString|Polygon)",
        inner in "[\\[\\]0-9,.e-]{0,40}",
        marks in "[(){}\\[\\]'\"\\\\a-zA-Z0-9 ,.:;=-]{0,60}",
    ) {
        for text in [&text, &marks, &format!(r#"{{"type":"{kind}","coordinates":{inner}}}"#), &format!("{kind}{marks}")] {
            let _ = parse_shape(text);
            let _ = parse_point(text);
        }
    }
}
