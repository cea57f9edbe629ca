//! All differences between two JSON values, one line for each path, with [`Tolerances`] for chosen paths.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// Rules for paths that need not be equal. `*` matches one segment: `comptages.metrics.*.libelle` is every member of `metrics`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tolerances {
    /// Largest absolute difference of a number.
    absolute: BTreeMap<String, f64>,
    /// Texts that are equal if they have the same words.
    whitespace_collapsed: Vec<String>,
    /// Values that are equal if both or neither are null.
    null_or_not: Vec<String>,
    /// Values that always count as equal.
    not_compared: Vec<String>,
}

impl Tolerances {
    fn absolute_at(&self, path: &[String]) -> f64 {
        let rules = self.absolute.iter().filter(|(pattern, _)| matches(pattern, path));
        rules.map(|(_, largest)| *largest).fold(0.0, f64::max)
    }

    /// Whether a rule for this path, other than `absolute`, makes the two values equal.
    fn accept(&self, path: &[String], expected: Option<&Value>, found: Option<&Value>) -> bool {
        let listed = |list: &[String]| list.iter().any(|pattern| matches(pattern, path));
        let words = |value: Option<&Value>| {
            value.and_then(Value::as_str).map(|text| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
        };
        listed(&self.not_compared)
            || (listed(&self.null_or_not) && expected.is_some_and(Value::is_null) == found.is_some_and(Value::is_null))
            || (listed(&self.whitespace_collapsed) && words(expected).is_some() && words(expected) == words(found))
    }
}

fn matches(pattern: &str, path: &[String]) -> bool {
    let pattern: Vec<_> = pattern.split('.').collect();
    pattern.len() == path.len() && pattern.iter().zip(path).all(|(wanted, part)| *wanted == "*" || wanted == part)
}

/// One line for every path at which `found` differs from `expected`; all paths begin with `name`.
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
    if tolerances.accept(path, expected, found) {
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
            // A missing member shifts all that follow, so the lengths explain the other differences.
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
            // 1 and 1.0 are equal. The margin is for rounding in the conversion to f64.
            let close = (a - b).abs() <= tolerances.absolute_at(path) * (1.0 + 1e-9);
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
    const MAX_CHARS: usize = 160;
    match text.char_indices().nth(MAX_CHARS) {
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
    fn tolerance_applies_only_to_its_path() {
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
