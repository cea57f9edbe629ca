//! Where two JSON values differ: a line per path, all of them, so that one look shows what has gone wrong.

use serde_json::Value;

/// How far a number may be from the expected one, by its path: `metrics.*.longueur_metres` is for every member of `metrics`.
#[derive(Debug, Clone, Default)]
pub struct Tolerances(Vec<(Vec<String>, f64)>);

impl Tolerances {
    /// From path → largest difference.
    ///
    /// # Panics
    /// Where it is not an object of numbers.
    #[must_use]
    pub fn new(value: &Value) -> Self {
        let read = value.as_object().expect("tolerances are an object").iter().map(|(path, most)| {
            let path = path.split('.').map(str::to_owned).collect();
            (path, most.as_f64().expect("a tolerance is a number"))
        });
        Self(read.collect())
    }

    fn of(&self, path: &[String]) -> f64 {
        let covers = |pattern: &[String]| {
            pattern.len() == path.len()
                && pattern.iter().zip(path).all(|(wanted, part)| wanted == "*" || wanted == part)
        };
        self.0.iter().filter(|(pattern, _)| covers(pattern)).map(|(_, most)| *most).fold(0.0, f64::max)
    }
}

/// Every path at which `found` is not as `expected`.
#[must_use]
pub fn differences(expected: &Value, found: &Value, tolerances: &Tolerances) -> Vec<String> {
    let mut lines = Vec::new();
    compare(&mut Vec::new(), Some(expected), Some(found), tolerances, &mut lines);
    lines
}

fn compare(
    path: &mut Vec<String>,
    expected: Option<&Value>,
    found: Option<&Value>,
    tolerances: &Tolerances,
    lines: &mut Vec<String>,
) {
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
            if a != b && !((a - b).abs() <= tolerances.of(path) * (1.0 + 1e-9)) {
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
        let lines = differences(&expected, &found, &Tolerances::default());
        assert_eq!(
            lines,
            [
                "a: 2 members expected, 1 found",
                "a.0.c: 2 expected, 2.5 found",
                "a.1: {\"b\":3} expected, nothing found",
                "d: \"x\" expected, \"y\" found",
                "e: null expected, nothing found",
                "f: nothing expected, 1 found",
            ]
        );
    }

    #[test]
    fn a_tolerance_is_for_its_path_alone() {
        let tolerances = Tolerances::new(&json!({"a.*.b": 0.1}));
        let (expected, found) = (json!({"a": [{"b": 1.0}], "b": 1.0}), json!({"a": [{"b": 1.1}], "b": 1.1}));
        assert_eq!(differences(&expected, &found, &tolerances), ["b: 1.0 expected, 1.1 found"]);
    }
}
