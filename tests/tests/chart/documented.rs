//! Documentation of the values: values.yaml, values.schema.json and the tables of the README describe the same values.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use acceptance::binaries::workspace;
use acceptance::chart::{Helm, folder};
use acceptance::golden;
use serde_json::Value;

const BEGIN: &str = "<!-- Generated from values.yaml by: UPDATE_GOLDEN=1 cargo test --workspace --test chart -->\n";
const END: &str = "<!-- End of the generated tables. -->\n";

/// A value with its comment.
struct DocumentedValue {
    section: String,
    path: Vec<String>,
    description: String,
}

/// The values of values.yaml with their comments, in order. `## ` begins a section, `# -- ` the comment of the next key.
fn documented_values(text: &str) -> Vec<DocumentedValue> {
    let (mut all, mut section, mut description) = (Vec::<DocumentedValue>::new(), String::new(), None::<String>);
    let mut path = Vec::<String>::new();
    for line in text.lines() {
        let inner = line.trim_start();
        let depth = (line.len() - inner.len()) / 2;
        if let Some(heading) = line.strip_prefix("## ") {
            heading.clone_into(&mut section);
        } else if let Some(first) = inner.strip_prefix("# -- ") {
            description = Some(first.to_owned());
        } else if let (Some(next), Some(description)) = (inner.strip_prefix("# "), description.as_mut()) {
            description.push(' ');
            description.push_str(next);
        } else if let Some((key, _)) = inner.split_once(':').filter(|_| !inner.starts_with(['#', '-'])) {
            path.truncate(depth);
            path.push(key.to_owned());
            let inside = all.iter().any(|above| path.len() > above.path.len() && path.starts_with(&above.path));
            match description.take() {
                Some(description) => {
                    all.push(DocumentedValue { section: section.clone(), path: path.clone(), description });
                }
                // A group of values, or part of a value with a comment.
                None if inside || inner.ends_with(':') => {}
                None => panic!("values.yaml: {} has no `# -- …` comment", path.join(".")),
            }
        }
    }
    all
}

/// The schema of a value.
fn schema_at<'a>(schema: &'a Value, path: &[String]) -> Option<&'a Value> {
    let resolved = |at: &'a Value| at["$ref"].as_str().map_or(Some(at), |name| schema.pointer(&name[1..]));
    path.iter().try_fold(schema, |at, key| resolved(at.get("properties")?.get(key)?))
}

/// The type of a value, in words for the README.
fn type_name(schema: &Value) -> String {
    let one = |name: &str| {
        match name {
            "object" => "map",
            "array" => "list",
            "null" => "",
            other => other,
        }
        .to_owned()
    };
    let mut names = match &schema["type"] {
        Value::Array(names) => names.iter().map(|name| one(name.as_str().unwrap())).collect(),
        Value::String(name) => vec![one(name)],
        _ => vec!["string".to_owned()],
    };
    names.retain(|name| !name.is_empty());
    names.join(" or ")
}

fn tables(values: &[DocumentedValue], defaults: &Value, schema: &Value) -> String {
    let mut text = String::new();
    let mut section = "";
    for value in values {
        let key = value.path.join(".");
        if value.section != section {
            section = &value.section;
            write!(text, "\n### {section}\n\n| key | type | default | description |\n| --- | --- | --- | --- |\n")
                .unwrap();
        }
        let default = defaults.pointer(&format!("/{}", value.path.join("/"))).unwrap_or(&Value::Null);
        let schema = schema_at(schema, &value.path).unwrap_or_else(|| panic!("values.schema.json has no {key}"));
        let cell = |text: &str| text.replace('|', "\\|");
        writeln!(
            text,
            "| `{key}` | {} | `{}` | {} |",
            type_name(schema),
            cell(&default.to_string()),
            cell(&value.description)
        )
        .unwrap();
    }
    text.push('\n');
    text
}

fn values(helm: &Helm) -> (Vec<DocumentedValue>, Value, Value) {
    let text = std::fs::read_to_string(folder().join("values.yaml")).unwrap();
    let schema = std::fs::read_to_string(folder().join("values.schema.json")).unwrap();
    (documented_values(&text), helm.parse(&text).remove(0), serde_json::from_str(&schema).unwrap())
}

#[test]
fn readme_tables_match_values_yaml() {
    let Some(helm) = Helm::find() else { return };
    let (values, defaults, schema) = values(&helm);
    let readme = std::fs::read_to_string(folder().join("README.md")).unwrap();
    let (head, rest) = readme.split_once(BEGIN).expect("README.md has the line before the tables");
    let (_, tail) = rest.split_once(END).expect("README.md has the line after the tables");
    let tables = tables(&values, &defaults, &schema);
    golden::check("helm/cityflow/README.md", &format!("{head}{BEGIN}{tables}{END}{tail}"));
}

#[test]
fn every_value_of_the_schema_is_in_values_yaml() {
    let Some(helm) = Helm::find() else { return };
    let (values, _, schema) = values(&helm);
    let known: BTreeSet<_> = values.iter().map(|value| value.path.clone()).collect();
    let mut groups = vec![Vec::new()];
    let mut missing = Vec::new();
    while let Some(group) = groups.pop() {
        let inner = schema_at(&schema, &group).unwrap()["properties"].as_object();
        for key in inner.into_iter().flatten().map(|(key, _)| key) {
            let path = [group.clone(), vec![key.clone()]].concat();
            if known.iter().any(|known| known.len() > path.len() && known.starts_with(&path)) {
                groups.push(path);
            } else if !known.contains(&path) && key != "global" {
                missing.push(path.join("."));
            }
        }
    }
    assert!(missing.is_empty(), "not in values.yaml: {missing:?}");
}

#[test]
fn schema_rejects_unknown_keys_at_any_depth() {
    let schema: Value =
        serde_json::from_str(&std::fs::read_to_string(folder().join("values.schema.json")).unwrap()).unwrap();
    let mut open = Vec::new();
    let mut stack = vec![(String::new(), &schema)];
    while let Some((path, at)) = stack.pop() {
        let Some(map) = at.as_object() else { continue };
        if map.contains_key("properties") && map.get("additionalProperties") != Some(&Value::Bool(false)) {
            open.push(path.clone());
        }
        stack.extend(map.iter().map(|(key, inner)| (format!("{path}/{key}"), inner)));
    }
    assert!(open.is_empty(), "`additionalProperties: false` is missing at {open:?}");
}

#[test]
fn app_version_is_the_version_of_the_programs() {
    let text = std::fs::read_to_string(folder().join("Chart.yaml")).unwrap();
    let line = format!("appVersion: \"{}\"", env!("CARGO_PKG_VERSION"));
    assert!(text.lines().any(|found| found == line), "Chart.yaml has no `{line}`");
    assert!(workspace().join("helm/cityflow/.helmignore").is_file());
}
