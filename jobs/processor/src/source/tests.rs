//! Holds the examples of `docs/sources.md` to the readers.

use contract::keys::batch_source;
use contract::{Source, Tz};

use super::text::timestamp::Timestamp;
use crate::geo::{parse_lines, parse_point, parse_shape};

fn page() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/sources.md")).unwrap()
}

/// The lines of the block after `<!-- test: name … -->`, without the fences.
fn block(name: &str) -> Vec<String> {
    let page = page();
    let (_, after) = page.split_once(&format!("<!-- test: {name}")).unwrap_or_else(|| panic!("no block {name}"));
    let lines = after.lines().skip(1).skip_while(|line| line.starts_with("```"));
    let lines: Vec<_> =
        lines.take_while(|line| !line.starts_with("```") && !line.is_empty()).map(str::to_owned).collect();
    assert!(lines.len() >= 3, "block {name} is almost empty");
    lines
}

#[test]
fn documented_names_are_read_as_documented() {
    for line in block("names").iter().skip(2) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, key, source, _] = cells[..] else { panic!("{line}") };
        let expected = match source {
            "road counts" => Some(Source::RoadCounts),
            "bike counters" => Some(Source::BikeCounts),
            "worksites" => Some(Source::Worksites),
            "road network" => Some(Source::RoadNetwork),
            "weather" => Some(Source::Weather),
            "nothing" => None,
            other => panic!("{other}"),
        };
        assert_eq!(batch_source(key.trim_matches('`')), expected, "{line}");
    }
}

#[test]
fn documented_times_are_one_instant_or_refused() {
    let instant = |text: &str| Timestamp::parse(text).and_then(|timestamp| timestamp.instant(Tz::PARIS));
    let expected = instant("2025-11-03T07:00:00Z").unwrap();
    for text in block("times accepted") {
        assert_eq!(instant(&text), Ok(expected), "{text}");
    }
    for text in block("times refused") {
        assert!(instant(&text).is_err(), "{text}");
    }
}

#[test]
fn documented_shapes_and_points_are_the_same_or_refused() {
    for text in block("lines accepted") {
        assert_eq!(parse_lines(&text), Ok(Some(vec![vec![(2.35, 48.85), (2.351, 48.8509)]])), "{text}");
    }
    for text in block("points accepted") {
        assert_eq!(parse_point(&text), Ok(Some((2.35, 48.85))), "{text}");
    }
    for text in block("no geometry") {
        assert_eq!(parse_shape(&text), Ok(None), "{text}");
    }
    for text in block("shapes refused") {
        assert!(parse_shape(&text).is_err(), "{text}");
    }
}
