//! What the jobs leave behind, judged: every document against its schema and its types, every manifest against what it names.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use bytes::Bytes;
use chrono::NaiveDate;
use contract::document::manifest::{EntryStatus, Manifest, ManifestEntry};
use contract::document::{Document, bikes, chantiers, comptages, contexte, referentiel, traffic, weather};
use contract::report::{DailyReport, DailySummary};
use contract::{Source, keys};
use jsonschema::Validator;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::binaries::workspace;
use crate::world::{PROCESSED, World};

/// One complete set of documents, as a reader finds it who goes by the manifest.
#[derive(Debug, Clone)]
pub struct Published {
    /// The manifest.
    pub manifest: Manifest,
    /// The bytes of each document.
    pub bytes: BTreeMap<Source, Bytes>,
}

impl Published {
    /// What the manifest of a day names; `None` where there is none.
    ///
    /// # Panics
    /// Where the set is not complete, or something does not fit.
    #[must_use]
    pub fn find(world: &World, day: &str) -> Option<Self> {
        let date: NaiveDate = day.parse().expect("a day");
        let body = world.get(&format!("{PROCESSED}/metrics/{}", keys::manifest(date)))?;
        let manifest: Manifest = serde_json::from_slice(&body).expect("a manifest");
        let mut bytes = BTreeMap::new();
        for entry in &manifest.documents {
            if let Some(key) = &entry.cle {
                let body = world.get(&format!("{PROCESSED}/metrics/{key}"));
                let body = body.unwrap_or_else(|| panic!("the manifest names {key}, and it is not there"));
                assert_eq!(entry.sha256.as_deref(), Some(sha256(&body).as_str()), "sha256 of {key}");
                assert_eq!(entry.taille_octets, Some(body.len() as u64), "size of {key}");
                assert_eq!(*key, keys::object(date, entry.source, &sha256(&body)), "name of {key}");
                bytes.insert(entry.source, body);
            }
        }
        Some(Self { manifest, bytes })
    }

    /// [`Published::find`] of a day that has a manifest, with the fixed names the same as what it names.
    ///
    /// # Panics
    /// Where there is none, or a fixed name holds something else.
    #[must_use]
    pub fn of(world: &World, day: &str) -> Self {
        let found = Self::find(world, day).unwrap_or_else(|| panic!("there is no manifest of {day}"));
        for source in Source::ALL {
            let fixed = world.get(&format!("{PROCESSED}/metrics/{}", keys::fixed(found.manifest.date, source)));
            assert_eq!(
                fixed.as_ref(),
                found.bytes.get(&source),
                "the fixed name of {source} is what the manifest names"
            );
        }
        found
    }

    /// What the manifest says of a source.
    #[must_use]
    pub fn entry(&self, source: Source) -> &ManifestEntry {
        self.manifest.documents.iter().find(|entry| entry.source == source).expect("a manifest names every source")
    }

    /// The status of each source, in order.
    #[must_use]
    pub fn statuses(&self) -> [EntryStatus; 7] {
        Source::ALL.map(|source| self.entry(source).statut)
    }

    /// A document.
    ///
    /// # Panics
    /// Where there is none.
    #[must_use]
    pub fn document(&self, source: Source) -> Value {
        let body =
            self.bytes.get(&source).unwrap_or_else(|| panic!("no document of {source}: {:?}", self.entry(source)));
        serde_json::from_slice(body).expect("a document is JSON")
    }
}

/// Lower-case hexadecimal sha256.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What is wrong with the object at a key of the processed folder.
#[must_use]
pub fn check(key: &str, body: &[u8]) -> Vec<String> {
    let Some((folder, name)) = key.strip_prefix("processed/").and_then(|key| key.split_once('/')) else {
        return vec!["a key that the contract does not know".to_owned()];
    };
    let kind = match folder {
        "metrics" => metrics_kind(name),
        "reports" if name.ends_with(".csv") => return check_csv(body),
        "reports" => ["daily_report", "daily_summary"].into_iter().find(|kind| dated(name, &format!("{kind}_"))),
        _ => None,
    };
    match kind {
        Some(kind) => check_as(kind, key, body),
        None => vec!["a key that the contract does not know".to_owned()],
    }
}

fn dated(name: &str, prefix: &str) -> bool {
    let day = name.strip_prefix(prefix).and_then(|rest| rest.strip_suffix(".json"));
    day.is_some_and(|day| day.parse::<NaiveDate>().is_ok())
}

fn metrics_kind(name: &str) -> Option<&'static str> {
    if dated(name, keys::MANIFEST_PREFIX) {
        return Some("manifest");
    }
    Source::ALL.into_iter().map(Source::name).find(|source| {
        let object = name.strip_prefix(keys::OBJECTS).and_then(|rest| rest.split_once('/'));
        object.is_some_and(|(_, object)| object.starts_with(&format!("{source}-")) && object.ends_with(".json"))
            || dated(name, &format!("{source}_metrics_"))
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
        "comptages" => reread::<Document<comptages::Comptages>>(body, &value),
        "bikes" => reread::<Document<bikes::Bikes>>(body, &value),
        "traffic" => reread::<Document<traffic::Traffic>>(body, &value),
        "weather" => reread::<Document<weather::Weather>>(body, &value),
        "chantiers" => reread::<Document<chantiers::Chantiers>>(body, &value),
        "referentiel" => reread::<Document<referentiel::Referentiel>>(body, &value),
        "contexte" => reread::<Document<contexte::Contexte>>(body, &value),
        "daily_report" => reread::<DailyReport>(body, &value),
        "daily_summary" => reread::<DailySummary>(body, &value),
        _ => reread::<Manifest>(body, &value),
    };
    wrong.extend(typed);
    wrong.extend(check_place(kind, key, body, &value));
    wrong
}

/// Read as its type and written again it is the same.
fn reread<T: DeserializeOwned + Serialize>(body: &[u8], value: &Value) -> Option<String> {
    match serde_json::from_slice::<T>(body).and_then(serde_json::to_value) {
        Err(error) => Some(format!("cannot be read as its type: {error}")),
        Ok(again) if again != *value => Some("is another when read and written again".to_owned()),
        Ok(_) => None,
    }
}

/// What the name says is what it is.
fn check_place(kind: &str, key: &str, body: &[u8], value: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    let date = value["date"].as_str().unwrap_or_default();
    if date.is_empty() || !key.contains(date) {
        wrong.push(format!("is of the day {date}"));
    }
    if key.contains(keys::OBJECTS) && !key.contains(&sha256(body)[..16]) {
        wrong.push("is not what its name says".to_owned());
    }
    if Source::ALL.iter().any(|source| source.name() == kind) && value["source"] != kind {
        wrong.push(format!("is of the source {}", value["source"]));
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
        wrong.push("names not the seven sources in their order".to_owned());
    }
    if manifest.digest != sha256(Manifest::digest_input(&manifest.documents).as_bytes()) {
        wrong.push("has another digest than its documents".to_owned());
    }
    for entry in &manifest.documents {
        let there = matches!(entry.statut, EntryStatus::Ok | EntryStatus::Conserve);
        if [entry.cle.is_some(), entry.sha256.is_some(), entry.taille_octets.is_some()] != [there; 3] {
            wrong.push(format!("{} is {} and names {:?}", entry.source, entry.statut.name(), entry.cle));
        }
        if entry.raison.is_some() == (entry.statut == EntryStatus::Ok) {
            wrong.push(format!("{} is {} for the reason {:?}", entry.source, entry.statut.name(), entry.raison));
        }
    }
    wrong
}

/// The form of the CSV; what is in it is a test's own.
fn check_csv(body: &[u8]) -> Vec<String> {
    let Ok(text) = std::str::from_utf8(body) else { return vec!["not UTF-8".to_owned()] };
    let mut wrong = Vec::new();
    if !text.starts_with("\u{feff}Section;Valeur\r\n") {
        wrong.push("does not begin with a BOM and Section;Valeur".to_owned());
    }
    if text.replace("\r\n", "").contains('\r') || !text.ends_with("\r\n") {
        wrong.push("has other line ends than CRLF".to_owned());
    }
    wrong
}

/// The committed schema of a kind of document.
fn schema(kind: &str) -> &'static Validator {
    static SCHEMAS: OnceLock<BTreeMap<String, Validator>> = OnceLock::new();
    let schemas = SCHEMAS.get_or_init(|| {
        let folder = workspace().join("docs/schema");
        let files = std::fs::read_dir(&folder).expect("the folder of schemas");
        let read = files.map(|file| {
            let path = file.expect("a schema").path();
            let schema: Value = serde_json::from_slice(&std::fs::read(&path).expect("a schema")).expect("JSON");
            let validator = jsonschema::options().should_validate_formats(true).build(&schema).expect("a valid schema");
            (path.file_stem().unwrap_or_default().to_string_lossy().into_owned(), validator)
        });
        read.collect()
    });
    schemas.get(kind).unwrap_or_else(|| panic!("docs/schema/{kind}.json is missing"))
}

/// Takes out of a report when it was made: of two runs over the same input nothing else may differ.
pub fn forget_the_run(report: &mut Value) {
    if let Some(report) = report.as_object_mut() {
        report.remove("generated_at");
    }
}
