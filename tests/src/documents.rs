//! The published documents: [`PublishedDay`] loads what a manifest names, [`check`] verifies any document, manifest or report against its
//! schema, its Rust type and its key.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use bytes::Bytes;
use chrono::NaiveDate;
use contract::document::manifest::{EntryStatus, Manifest, ManifestEntry};
use contract::document::{Document, bike_counts, context, disruptions, road_counts, road_network, weather, worksites};
use contract::report::{DailyReport, DailySummary};
use contract::{Source, keys};
use jsonschema::Validator;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::binaries::workspace;
use crate::environment::{PROCESSED, TestEnv};

/// The manifest of a day and the documents that it names.
#[derive(Debug, Clone)]
pub struct PublishedDay {
    pub manifest: Manifest,
    pub bytes: BTreeMap<Source, Bytes>,
}

impl PublishedDay {
    /// Reads a day; `None` if it has no manifest.
    ///
    /// # Panics
    /// When a document is missing, or differs from its entry in size, sha256 or key.
    #[must_use]
    pub fn find(env: &TestEnv, day: &str) -> Option<Self> {
        let date: NaiveDate = day.parse().expect("a day");
        let body = env.get(&format!("{PROCESSED}/metrics/{}", keys::manifest(date)))?;
        let manifest: Manifest = serde_json::from_slice(&body).expect("a valid manifest");
        let mut bytes = BTreeMap::new();
        for entry in &manifest.documents {
            if let Some(key) = &entry.key {
                let body = env.get(&format!("{PROCESSED}/metrics/{key}"));
                let body = body.unwrap_or_else(|| panic!("the manifest names {key}, which does not exist"));
                assert_eq!(entry.sha256.as_deref(), Some(sha256(&body).as_str()), "sha256 of {key}");
                assert_eq!(entry.size_bytes, Some(body.len() as u64), "size of {key}");
                assert_eq!(*key, keys::object(date, entry.source, &sha256(&body)), "key of {key}");
                bytes.insert(entry.source, body);
            }
        }
        Some(Self { manifest, bytes })
    }

    /// [`PublishedDay::find`] for a day that must have a manifest; also compares the documents under their fixed names.
    ///
    /// # Panics
    /// When there is no manifest, or a document under a fixed name differs from the one that the manifest names.
    #[must_use]
    pub fn load(env: &TestEnv, day: &str) -> Self {
        let found = Self::find(env, day).unwrap_or_else(|| panic!("{day} has no manifest"));
        for source in Source::ALL {
            let fixed = env.get(&format!("{PROCESSED}/metrics/{}", keys::fixed(found.manifest.date, source)));
            assert_eq!(
                fixed.as_ref(),
                found.bytes.get(&source),
                "{source} under its fixed name differs from the manifest"
            );
        }
        found
    }

    /// The entry of a source in the manifest.
    #[must_use]
    pub fn entry(&self, source: Source) -> &ManifestEntry {
        self.manifest.documents.iter().find(|entry| entry.source == source).expect("an entry for every source")
    }

    /// The status of each source, in the order of [`Source::ALL`].
    #[must_use]
    pub fn statuses(&self) -> [EntryStatus; 7] {
        Source::ALL.map(|source| self.entry(source).status)
    }

    /// The document of a source.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn document(&self, source: Source) -> Value {
        let body =
            self.bytes.get(&source).unwrap_or_else(|| panic!("no document of {source}: {:?}", self.entry(source)));
        serde_json::from_slice(body).expect("a JSON document")
    }
}

/// Lower-case hexadecimal sha256.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The violations of the contract by the object at a key in the processed folder; empty if it is valid.
#[must_use]
pub fn check(key: &str, body: &[u8]) -> Vec<String> {
    let Some((folder, name)) = key.strip_prefix("processed/").and_then(|key| key.split_once('/')) else {
        return vec!["the contract has no such key".to_owned()];
    };
    let kind = match folder {
        "metrics" => kind_in_metrics(name),
        "reports" if name.starts_with(keys::TABLES) => return check_table(name, body),
        "reports" if name.ends_with(".csv") => return check_csv(name, body),
        "reports" => ["daily_report", "daily_summary"].into_iter().find(|kind| {
            let french = name.replace(".en.json", ".json");
            is_dated_json(&french, &format!("{kind}_"))
        }),
        _ => None,
    };
    match kind {
        Some(kind) => check_as(kind, key, body),
        None => vec!["the contract has no such key".to_owned()],
    }
}

fn is_dated_json(name: &str, prefix: &str) -> bool {
    let day = name.strip_prefix(prefix).and_then(|rest| rest.strip_suffix(".json"));
    day.is_some_and(|day| day.parse::<NaiveDate>().is_ok())
}

fn kind_in_metrics(name: &str) -> Option<&'static str> {
    if is_dated_json(name, keys::MANIFEST_PREFIX) {
        return Some("manifest");
    }
    Source::ALL.into_iter().map(Source::name).find(|source| {
        let object = name.strip_prefix(keys::OBJECTS).and_then(|rest| rest.split_once('/'));
        object.is_some_and(|(_, object)| object.starts_with(&format!("{source}-")) && object.ends_with(".json"))
            || is_dated_json(name, &format!("{source}_metrics_"))
    })
}

fn check_as(kind: &str, key: &str, body: &[u8]) -> Vec<String> {
    let value: Value = match serde_json::from_slice(body) {
        Ok(value) => value,
        Err(error) => return vec![format!("not JSON: {error}")],
    };
    let mut wrong: Vec<_> =
        schema(kind).iter_errors(&value).take(20).map(|error| format!("{}: {error}", error.instance_path())).collect();
    let typed = match kind {
        "comptages" => round_trip::<Document<road_counts::RoadCounts>>(body, &value),
        "bikes" => round_trip::<Document<bike_counts::BikeCounts>>(body, &value),
        "traffic" => round_trip::<Document<disruptions::Disruptions>>(body, &value),
        "weather" => round_trip::<Document<weather::Weather>>(body, &value),
        "chantiers" => round_trip::<Document<worksites::Worksites>>(body, &value),
        "referentiel" => round_trip::<Document<road_network::RoadNetwork>>(body, &value),
        "contexte" => round_trip::<Document<context::Context>>(body, &value),
        "daily_report" => round_trip::<DailyReport>(body, &value),
        "daily_summary" => round_trip::<DailySummary>(body, &value),
        _ => round_trip::<Manifest>(body, &value),
    };
    wrong.extend(typed);
    wrong.extend(check_key(kind, key, body, &value));
    wrong
}

/// Parses the document as its type and serializes it again: the result must be equal.
fn round_trip<T: DeserializeOwned + Serialize>(body: &[u8], value: &Value) -> Option<String> {
    match serde_json::from_slice::<T>(body).and_then(serde_json::to_value) {
        Err(error) => Some(format!("cannot be parsed as its type: {error}")),
        Ok(again) if again != *value => Some("differs after parsing and serializing".to_owned()),
        Ok(_) => None,
    }
}

/// Day, sha256 and source in the key must be those of the document.
fn check_key(kind: &str, key: &str, body: &[u8], value: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    let date = value["date"].as_str().unwrap_or_default();
    if date.is_empty() || !key.contains(date) {
        wrong.push(format!("has another day than its key: {date}"));
    }
    if key.contains(keys::OBJECTS) && !key.contains(&sha256(body)[..16]) {
        wrong.push("has another sha256 than its key".to_owned());
    }
    if Source::ALL.iter().any(|source| source.name() == kind) && value["source"] != kind {
        wrong.push(format!("has another source than its key: {}", value["source"]));
    }
    if kind == "manifest" && wrong.is_empty() {
        wrong.extend(check_manifest(body));
    }
    wrong
}

fn check_manifest(body: &[u8]) -> Vec<String> {
    let Ok(manifest) = serde_json::from_slice::<Manifest>(body) else { return Vec::new() };
    let mut wrong = Vec::new();
    if manifest.documents.iter().map(|entry| entry.source).ne(Source::ALL) {
        wrong.push("does not have the seven sources in order".to_owned());
    }
    if manifest.digest != sha256(Manifest::digest_input(&manifest.documents).as_bytes()) {
        wrong.push("has a digest that does not match its documents".to_owned());
    }
    for entry in &manifest.documents {
        let has_document = matches!(entry.status, EntryStatus::Ok | EntryStatus::Retained);
        if [entry.key.is_some(), entry.sha256.is_some(), entry.size_bytes.is_some()] != [has_document; 3] {
            wrong.push(format!("{} is {}, with the key {:?}", entry.source, entry.status.name(), entry.key));
        }
        if entry.reason.is_some() == (entry.status == EntryStatus::Ok) {
            wrong.push(format!("{} is {}, with the reason {:?}", entry.source, entry.status.name(), entry.reason));
        }
    }
    wrong
}

/// Checks the format of the CSV report; individual tests check its content.
fn check_csv(name: &str, body: &[u8]) -> Vec<String> {
    let Ok(text) = std::str::from_utf8(body) else { return vec!["not UTF-8".to_owned()] };
    let mut wrong = Vec::new();
    let first = if name.ends_with(".en.csv") { "Section,Value" } else { "Section;Valeur" };
    if !text.starts_with(&format!("\u{feff}{first}\r\n")) {
        wrong.push(format!("does not begin with a BOM and {first}"));
    }
    if text.replace("\r\n", "").contains('\r') || !text.ends_with("\r\n") {
        wrong.push("has line ends other than CRLF".to_owned());
    }
    wrong
}

/// Checks the format of a tidy table; individual tests check its content.
fn check_table(name: &str, body: &[u8]) -> Vec<String> {
    let is_format = if name.ends_with(".parquet") {
        body.starts_with(b"PAR1") && body.ends_with(b"PAR1")
    } else {
        body.starts_with(b"ville,date,") && body.ends_with(b"\n")
    };
    if is_format { Vec::new() } else { vec!["is neither a CSV table nor a Parquet file".to_owned()] }
}

/// The schema in `docs/schema`.
fn schema(kind: &str) -> &'static Validator {
    static SCHEMAS: OnceLock<BTreeMap<String, Validator>> = OnceLock::new();
    let schemas = SCHEMAS.get_or_init(|| {
        let folder = workspace().join("docs/schema");
        let files = std::fs::read_dir(&folder).expect("read docs/schema");
        let read = files.map(|file| {
            let path = file.expect("list docs/schema").path();
            let schema: Value = serde_json::from_slice(&std::fs::read(&path).expect("read a schema")).expect("JSON");
            let validator = jsonschema::options().should_validate_formats(true).build(&schema).expect("a valid schema");
            (path.file_stem().unwrap_or_default().to_string_lossy().into_owned(), validator)
        });
        read.collect()
    });
    schemas.get(kind).unwrap_or_else(|| panic!("docs/schema/{kind}.json is missing"))
}

/// Removes `generated_at`, the only field of a report that may differ between two runs on the same input.
pub fn remove_run_fields(report: &mut Value) {
    if let Some(report) = report.as_object_mut() {
        report.remove("generated_at");
    }
}
