//! Where two JSON values differ: a line per path, all of them, so that one look shows what has gone wrong.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// Where less than equality is asked for, by path: `comptages.metrics.*.libelle` is for every member of `metrics`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tolerances {
    /// How far a number may be from the expected one.
    absolute: BTreeMap<String, f64>,
    /// Texts in which one white space is as good as another, and as several.
    whitespace_collapsed: Vec<String>,
    /// Only whether there is something counts, not what.
    null_or_not: Vec<String>,
    /// Not looked at.
    not_compared: Vec<String>,
}

impl Tolerances {
    fn of(&self, path: &[String]) -> f64 {
        let found = self.absolute.iter().filter(|(pattern, _)| covers(pattern, path));
        found.map(|(_, most)| *most).fold(0.0, f64::max)
    }

    /// Whether the two are as good as equal where a path has a rule of its own.
    fn excuses(&self, path: &[String], expected: Option<&Value>, found: Option<&Value>) -> bool {
        let listed = |list: &[String]| list.iter().any(|pattern| covers(pattern, path));
        let words = |value: Option<&Value>| {
            value.and_then(Value::as_str).map(|text| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
        };
        listed(&self.not_compared)
            || (listed(&self.null_or_not) && expected.is_some_and(Value::is_null) == found.is_some_and(Value::is_null))
            || (listed(&self.whitespace_collapsed) && words(expected).is_some() && words(expected) == words(found))
    }
}

fn covers(pattern: &str, path: &[String]) -> bool {
    let pattern: Vec<_> = pattern.split('.').collect();
    pattern.len() == path.len() && pattern.iter().zip(path).all(|(wanted, part)| *wanted == "*" || wanted == part)
}

/// Every path at which `found` is not as `expected`; `name` is what all paths begin with.
#[must_use]
pub fn differences(name: &str, expected: &Value, found: &Value, tolerances: &Tolerances) -> Vec<String> {
    let mut lines = Vec::new();
    compare(&mut vec![name.to_owned()], Some(expected), Some(found), tolerances, &mut lines);
    lines
}

fn compare(
    path: &mut Vec<String>,
    expected: Option<&Value>,
    found: Option<&Value>,
    tolerances: &Tolerances,
    lines: &mut Vec<String>,
) {
    if tolerances.excuses(path, expected, found) {
        return;
    }
    match (expected, found) {
        (Some(Value::Object(wanted)), Some(Value::Object(has))) => {
            let keys = wanted.keys().chain(has.keys().filter(|key| !wanted.contains_key(*key)));
            for key in keys {
                path.push(key.clone());
                compare(path, wanted.get(key), has.get(key), tolerances, lines);
                path.pop();
            }
        }
        (Some(Value::Array(wanted)), Some(Value::Array(has))) => {
            // A long list that lacks one member would otherwise differ in all that follow.
            if wanted.len() != has.len() {
                lines.push(format!("{}: {} members expected, {} found", path.join("."), wanted.len(), has.len()));
            }
            for index in 0..wanted.len().max(has.len()) {
                path.push(index.to_string());
                compare(path, wanted.get(index), has.get(index), tolerances, lines);
                path.pop();
            }
        }
        (Some(Value::Number(wanted)), Some(Value::Number(has))) => {
            let (a, b) = (wanted.as_f64().unwrap_or(f64::NAN), has.as_f64().unwrap_or(f64::NAN));
            // 1 and 1.0 are the same number; a hair more than the tolerance is the conversion's.
            let close = (a - b).abs() <= tolerances.of(path) * (1.0 + 1e-9);
            if a != b && !close {
                lines.push(format!("{}: {wanted} expected, {has} found", path.join(".")));
            }
        }
        (wanted, has) if wanted == has => {}
        (wanted, has) => {
            let shown =
                |value: Option<&Value>| value.map_or_else(|| "nothing".to_owned(), |value| short(&value.to_string()));
            lines.push(format!("{}: {} expected, {} found", path.join("."), shown(wanted), shown(has)));
        }
    }
}

fn short(text: &str) -> String {
    const LONGEST: usize = 160;
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_difference_is_a_line_with_its_path() {
        let expected = json!({"a": [{"b": 1.0, "c": 2}, {"b": 3}], "d": "x", "e": null});
        let found = json!({"a": [{"b": 1, "c": 2.5}], "d": "y", "f": 1});
        let lines = differences("z", &expected, &found, &Tolerances::default());
        assert_eq!(
            lines,
            [
                "z.a: 2 members expected, 1 found",
                "z.a.0.c: 2 expected, 2.5 found",
                "z.a.1: {\"b\":3} expected, nothing found",
                "z.d: \"x\" expected, \"y\" found",
                "z.e: null expected, nothing found",
                "z.f: nothing expected, 1 found",
            ]
        );
    }

    #[test]
    fn a_tolerance_is_for_its_path_alone() {
        let rules = json!({
            "absolute": {"z.a.*": 0.1}, "whitespace_collapsed": ["z.b"], "null_or_not": ["z.c"], "not_compared": ["z.d"],
        });
        let rules: Tolerances = serde_json::from_value(rules).unwrap();
        let expected = json!({"a": [1.0, 1.0], "b": "x  y", "c": "x", "d": 1, "e": 1.0});
        let found = json!({"a": [1.1, 1.2], "b": "x y", "c": "y", "d": 2, "e": 1.1});
        let lines = differences("z", &expected, &found, &rules);
        assert_eq!(lines, ["z.a.1: 1.0 expected, 1.2 found", "z.e: 1.0 expected, 1.1 found"]);
        let lines = differences("z", &json!({"b": "x y", "c": "x"}), &json!({"b": "xy", "c": null}), &rules);
        assert_eq!(lines.len(), 2, "{lines:?}");
    }
}
