//! From the manifest of a day to its documents, each compared with the sha256 that the manifest gives it.
//!
//! A document that is not there, is not the one meant or cannot be read costs the report that source, with the reason, and nothing
//! else. What concerns the whole store (no right, no answer) or the manifest itself ends the day. Waiting for a manifest is not done
//! here but in `run`.

use std::collections::BTreeMap;

use bytes::Bytes;
use chrono::NaiveDate;
use contract::document::manifest::{EntryStatus, Manifest, ManifestEntry};
use contract::document::{
    Document, Header, bike_counts, context, disruptions, road_counts, road_network, weather, worksites,
};
use contract::report::SourceStatus;
use contract::{SCHEMA_VERSION, Source, keys};
use futures::future::try_join_all;
use runtime::digest::sha256_hex;
use runtime::failure::{Code, Failure};
use runtime::store::{Object, Store, StoreError};
use runtime::telemetry::Span;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::telemetry::LOAD;

/// The documents of a day that were found whole.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Documents {
    /// Road counts.
    pub road_counts: Option<Document<road_counts::RoadCounts>>,
    /// Bike counters.
    pub bike_counts: Option<Document<bike_counts::BikeCounts>>,
    /// Transit disruptions.
    pub disruptions: Option<Document<disruptions::Disruptions>>,
    /// Weather.
    pub weather: Option<Document<weather::Weather>>,
    /// Worksites.
    pub worksites: Option<Document<worksites::Worksites>>,
    /// The road network.
    pub road_network: Option<Document<road_network::RoadNetwork>>,
    /// What needs several sources.
    pub context: Option<Document<context::Context>>,
}

impl Documents {
    /// What each document begins with, in the order of the sources.
    pub fn headers(&self) -> impl Iterator<Item = &Header> {
        Source::ALL.into_iter().filter_map(|source| self.header(source))
    }

    /// What the document of a source begins with, if it is there.
    #[must_use]
    pub fn header(&self, source: Source) -> Option<&Header> {
        match source {
            Source::RoadCounts => self.road_counts.as_ref().map(|document| &document.header),
            Source::BikeCounts => self.bike_counts.as_ref().map(|document| &document.header),
            Source::Disruptions => self.disruptions.as_ref().map(|document| &document.header),
            Source::Weather => self.weather.as_ref().map(|document| &document.header),
            Source::Worksites => self.worksites.as_ref().map(|document| &document.header),
            Source::RoadNetwork => self.road_network.as_ref().map(|document| &document.header),
            Source::Context => self.context.as_ref().map(|document| &document.header),
        }
    }

    /// Whether the document of a source is there.
    #[must_use]
    pub fn has(&self, source: Source) -> bool {
        self.header(source).is_some()
    }

    /// Takes a document in.
    fn read(&mut self, source: Source, day: NaiveDate, body: &[u8]) -> Result<(), String> {
        match source {
            Source::RoadCounts => self.road_counts = Some(document(source, day, body)?),
            Source::BikeCounts => self.bike_counts = Some(document(source, day, body)?),
            Source::Disruptions => self.disruptions = Some(document(source, day, body)?),
            Source::Weather => self.weather = Some(document(source, day, body)?),
            Source::Worksites => self.worksites = Some(document(source, day, body)?),
            Source::RoadNetwork => self.road_network = Some(document(source, day, body)?),
            Source::Context => self.context = Some(document(source, day, body)?),
        }
        Ok(())
    }
}

/// What a manifest names, as far as it was there.
#[derive(Debug, Clone, PartialEq)]
pub struct Collected {
    /// The documents.
    pub documents: Documents,
    /// What became of each of the seven sources.
    pub sources: BTreeMap<Source, SourceStatus>,
    /// Those whose document the manifest names and that was not usable all the same.
    pub lost: Vec<Source>,
    /// Bytes of the documents.
    pub bytes: u64,
}

/// The manifest of a day; `None` while there is none.
///
/// # Errors
/// A manifest that cannot be read, and what the store could not do.
pub async fn manifest(store: &dyn Store, day: NaiveDate) -> Result<Option<Manifest>, Failure> {
    let key = keys::manifest(day);
    let body = match store.get(&key).await {
        Ok((body, _)) => body,
        Err(StoreError::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(error.failure()),
    };
    let unusable = |what: String, todo: &str| Failure::new(Code::Data, what, store.address(&key), todo);
    const AGAIN: &str = "Run the processor for that day again";
    match version_of(&body) {
        Err(error) => return Err(unusable(format!("the manifest cannot be read ({error})"), AGAIN)),
        Ok(version) if !understood(&version) => {
            let what = format!("the manifest has the form {version}, this reporter reads {SCHEMA_VERSION}");
            return Err(unusable(what, "Run the reporter and the processor in the same version"));
        }
        Ok(_) => {}
    }
    let manifest: Manifest = serde_json::from_slice(&body)
        .map_err(|error| unusable(format!("the manifest cannot be read ({error})"), AGAIN))?;
    if manifest.date != day {
        return Err(unusable(format!("the manifest is that of another day, {}", manifest.date), AGAIN));
    }
    if sha256_hex(Manifest::digest_input(&manifest.documents).as_bytes()) != manifest.digest {
        // The documents are checked one by one against their own sha256, so the report is right all the same.
        tracing::warn!(key = store.address(&key), "the manifest's digest is not that of the documents it names");
    }
    Ok(Some(manifest))
}

/// The documents that a manifest names, verified.
///
/// # Errors
/// What the store could not do. A document that is missing or wrong is none: its source says so.
pub async fn documents(store: &dyn Store, manifest: &Manifest) -> Result<Collected, Failure> {
    let collected = read(store, manifest).await?;
    usable(store, manifest, &collected)?;
    Ok(collected)
}

/// As `documents`, also where none of them can be used.
///
/// # Errors
/// What the store could not do.
pub async fn read(store: &dyn Store, manifest: &Manifest) -> Result<Collected, Failure> {
    let entries = Source::ALL.map(|source| (source, manifest.documents.iter().find(|entry| entry.source == source)));
    let bodies = try_join_all(entries.map(|(_, entry)| verified(store, entry))).await?;
    let mut collected =
        Collected { documents: Documents::default(), sources: BTreeMap::new(), lost: Vec::new(), bytes: 0 };
    for ((source, entry), body) in entries.into_iter().zip(bodies) {
        let read = body.and_then(|body| {
            collected.documents.read(source, manifest.date, &body)?;
            collected.bytes += body.len() as u64;
            Ok(())
        });
        let stated = entry.map_or(EntryStatus::Absent, |entry| entry.status);
        let (status, reason) = match read {
            Ok(()) => (stated, entry.and_then(|entry| entry.reason.clone())),
            Err(reason) if has_document(stated) => {
                collected.lost.push(source);
                (EntryStatus::Error, Some(reason))
            }
            Err(reason) => (stated, entry.and_then(|entry| entry.reason.clone()).or(Some(reason))),
        };
        let completeness = collected.documents.header(source).and_then(|header| header.completeness);
        collected.sources.insert(source, SourceStatus { status, reason, completeness });
    }
    Ok(collected)
}

/// Whether there is a document of a source.
///
/// # Errors
/// [`Code::NoInput`], with the reasons, where there is none.
pub fn usable(store: &dyn Store, manifest: &Manifest, collected: &Collected) -> Result<(), Failure> {
    if Source::RAW.iter().any(|source| collected.documents.has(*source)) {
        return Ok(());
    }
    let reasons: Vec<_> = collected
        .sources
        .iter()
        .filter(|(source, _)| **source != Source::Context)
        .map(|(source, status)| format!("{source} {}", status.reason.as_deref().unwrap_or(status.status.name())))
        .collect();
    Err(Failure::new(
        Code::NoInput,
        format!("the manifest has not one usable document of a source ({})", reasons.join("; ")),
        store.address(&keys::manifest(manifest.date)),
        "Check the raw files of that day and run the processor for it again",
    ))
}

/// Whether an entry of this status names a document.
#[must_use]
pub fn has_document(status: EntryStatus) -> bool {
    matches!(status, EntryStatus::Ok | EntryStatus::Retained)
}

/// The bytes of an entry's document if they are those meant, else the reason why there are none.
async fn verified(store: &dyn Store, entry: Option<&ManifestEntry>) -> Result<Result<Bytes, String>, Failure> {
    let Some(entry) = entry else { return Ok(Err("absent_du_manifeste".to_owned())) };
    let (Some(key), Some(sha256)) = (&entry.key, &entry.sha256) else {
        return Ok(Err("document_non_nomme".to_owned()));
    };
    if !has_document(entry.status) {
        return Ok(Err("document_non_nomme".to_owned()));
    }
    let span = Span::start(&LOAD).with_source(entry.source).with("key", key.clone());
    let found = span.instrument_result(store.get(key)).await;
    let body = sound(found, key, sha256)?;
    match &body {
        Ok(body) => span.set_count("bytes", body.len() as u64),
        Err(reason) => span.fail("DocumentUnusable", reason),
    }
    Ok(body)
}

/// What was got, if it is what was meant.
fn sound(
    found: Result<(Bytes, Object), StoreError>,
    key: &str,
    sha256: &str,
) -> Result<Result<Bytes, String>, Failure> {
    let body = match found {
        Ok((body, _)) => body,
        Err(StoreError::NotFound { .. }) => return Ok(Err(format!("document_introuvable : {key}"))),
        // A key that cannot be one, or an answer that says nothing of the store as a whole.
        Err(StoreError::Other { detail, .. }) => return Ok(Err(format!("document_illisible : {key} ({detail})"))),
        Err(error) => return Err(error.failure()),
    };
    let found = sha256_hex(&body);
    if found != sha256 {
        let short = |digest: &str| digest.chars().take(16).collect::<String>();
        return Ok(Err(format!("empreinte_differente : {key} (attendue {}, lue {})", short(sha256), short(&found))));
    }
    Ok(Ok(body))
}

/// A document, if it is one that this reporter understands and that of the source and day.
fn document<B: DeserializeOwned>(source: Source, day: NaiveDate, body: &[u8]) -> Result<Document<B>, String> {
    let version = version_of(body).map_err(|error| format!("document_illisible : {error}"))?;
    if !understood(&version) {
        return Err(format!("version_inconnue : {version} (lue ici : {SCHEMA_VERSION})"));
    }
    let document: Document<B> =
        serde_json::from_slice(body).map_err(|error| format!("document_illisible : {error}"))?;
    if (document.header.source, document.header.date) != (source, day) {
        return Err(format!("autre_document : {} du {}", document.header.source, document.header.date));
    }
    Ok(document)
}

/// Read on its own and before anything else: of a form that is not understood, nothing else may be taken for granted.
fn version_of(body: &[u8]) -> Result<String, serde_json::Error> {
    #[derive(Deserialize)]
    struct Versioned {
        schema_version: String,
    }
    serde_json::from_slice::<Versioned>(body).map(|versioned| versioned.schema_version)
}

/// A minor version only adds keys.
fn understood(version: &str) -> bool {
    let major = |text: &str| text.split('.').next().and_then(|part| part.parse::<u32>().ok());
    major(version).is_some_and(|found| Some(found) == major(SCHEMA_VERSION))
}

#[cfg(test)]
mod tests;
