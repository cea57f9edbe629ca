//! Reads the documents that the manifest of a day names, and verifies each of them.
//!
//! ```text
//! manifest_<day>.json ─► entry ─► objets/<day>/… ─► sha256 ─► schema version ─► source and day ─► Documents
//! ```
//!
//! A document that is missing, differs from its SHA-256 or does not parse costs the report that source only, with a reason. An error of the
//! whole store (access denied, unreachable) or of the manifest itself fails the day. Not for waiting: [`manifest`] returns `None` and `run`
//! tries again.

use std::collections::BTreeMap;

use bytes::Bytes;
use chrono::NaiveDate;
use contract::document::manifest::{EntryStatus, Manifest, ManifestEntry};
use contract::document::{
    Document, Header, bike_counts, context, disruptions, road_counts, road_network, weather, worksites,
};
use contract::report::SourceStatus;
use contract::{SCHEMA_VERSION, Source, Stamp, keys};
use futures::future::try_join_all;
use runtime::digest::sha256_hex;
use runtime::failure::{Code, Failure};
use runtime::store::{Object, Store, StoreError};
use runtime::telemetry::Span;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::telemetry::LOAD;

/// The verified documents of a day.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Documents {
    pub road_counts: Option<Document<road_counts::RoadCounts>>,
    pub bike_counts: Option<Document<bike_counts::BikeCounts>>,
    pub disruptions: Option<Document<disruptions::Disruptions>>,
    pub weather: Option<Document<weather::Weather>>,
    pub worksites: Option<Document<worksites::Worksites>>,
    pub road_network: Option<Document<road_network::RoadNetwork>>,
    pub context: Option<Document<context::Context>>,
}

impl Documents {
    /// The headers in the order of the sources.
    pub fn headers(&self) -> impl Iterator<Item = &Header> {
        Source::ALL.into_iter().filter_map(|source| self.header(source))
    }

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

    #[must_use]
    pub fn has(&self, source: Source) -> bool {
        self.header(source).is_some()
    }

    /// The instant up to which both hourly sources are complete: the earlier of the two.
    #[must_use]
    pub fn complete_until(&self) -> Option<Stamp> {
        [Source::RoadCounts, Source::BikeCounts]
            .into_iter()
            .filter_map(|source| self.header(source)?.complete_until)
            .min()
    }

    /// Parses a document; the error is the reason for the report.
    fn insert(&mut self, source: Source, day: NaiveDate, body: &[u8]) -> Result<(), String> {
        match source {
            Source::RoadCounts => self.road_counts = Some(parse(source, day, body)?),
            Source::BikeCounts => self.bike_counts = Some(parse(source, day, body)?),
            Source::Disruptions => self.disruptions = Some(parse(source, day, body)?),
            Source::Weather => self.weather = Some(parse(source, day, body)?),
            Source::Worksites => self.worksites = Some(parse(source, day, body)?),
            Source::RoadNetwork => self.road_network = Some(parse(source, day, body)?),
            Source::Context => self.context = Some(parse(source, day, body)?),
        }
        Ok(())
    }
}

/// The documents of a manifest, as far as they are usable.
#[derive(Debug, Clone, PartialEq)]
pub struct Collected {
    pub documents: Documents,
    /// One entry for each of the seven sources.
    pub sources: BTreeMap<Source, SourceStatus>,
    /// Sources whose document the manifest names, but which is missing or invalid.
    pub unusable: Vec<Source>,
    /// Size of the usable documents.
    pub bytes: u64,
}

/// The days that have a manifest, in order.
///
/// # Errors
/// The listing failed.
pub async fn days(store: &dyn Store) -> Result<Vec<NaiveDate>, StoreError> {
    let objects = store.list(keys::MANIFEST_PREFIX).await?;
    let mut days: Vec<_> = objects.iter().filter_map(|object| keys::manifest_day(&object.key)).collect();
    days.sort_unstable();
    Ok(days)
}

/// Reads the manifest of a day; `None` if there is none yet.
///
/// # Errors
/// The manifest is invalid ([`Code::Data`]), or the store failed.
pub async fn manifest(store: &dyn Store, day: NaiveDate) -> Result<Option<Manifest>, Failure> {
    const RERUN: &str = "Run the processor for that day again";
    let key = keys::manifest(day);
    let body = match store.get(&key).await {
        Ok((body, _)) => body,
        Err(StoreError::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(error.failure()),
    };
    let invalid = |what: String, todo: &str| Failure::new(Code::Data, what, store.address(&key), todo);
    let unreadable = |error: serde_json::Error| invalid(format!("the manifest is not valid ({error})"), RERUN);
    let version = schema_version(&body).map_err(unreadable)?;
    if !is_supported(&version) {
        let what = format!("the manifest has schema version {version}, but this reporter reads {SCHEMA_VERSION}");
        return Err(invalid(what, "Run the processor and the reporter in the same version"));
    }
    let manifest: Manifest = serde_json::from_slice(&body).map_err(unreadable)?;
    if manifest.date != day {
        return Err(invalid(format!("the manifest is for another day, {}", manifest.date), RERUN));
    }
    if sha256_hex(Manifest::digest_input(&manifest.documents).as_bytes()) != manifest.digest {
        // Not an error: each document is verified against its own SHA-256.
        tracing::warn!(key = store.address(&key), "the digest of the manifest does not match its entries");
    }
    Ok(Some(manifest))
}

/// Reads and verifies the documents that a manifest names.
///
/// # Errors
/// The store failed. A missing or invalid document is not an error: its source has the reason.
pub async fn documents(store: &dyn Store, manifest: &Manifest) -> Result<Collected, Failure> {
    let entries = Source::ALL.map(|source| (source, manifest.documents.iter().find(|entry| entry.source == source)));
    let bodies = try_join_all(entries.map(|(_, entry)| read_entry(store, entry))).await?;
    let mut collected =
        Collected { documents: Documents::default(), sources: BTreeMap::new(), unusable: Vec::new(), bytes: 0 };
    for ((source, entry), body) in entries.into_iter().zip(bodies) {
        let inserted = body.and_then(|body| {
            collected.documents.insert(source, manifest.date, &body)?;
            collected.bytes += body.len() as u64;
            Ok(())
        });
        let status = entry.map_or(EntryStatus::Absent, |entry| entry.status);
        let (status, reason) = match inserted {
            Ok(()) => (status, entry.and_then(|entry| entry.reason.clone())),
            Err(reason) if status.has_document() => {
                collected.unusable.push(source);
                (EntryStatus::Error, Some(reason))
            }
            Err(reason) => (status, entry.and_then(|entry| entry.reason.clone()).or(Some(reason))),
        };
        let completeness = collected.documents.header(source).and_then(|header| header.completeness);
        collected.sources.insert(source, SourceStatus { status, reason, completeness });
    }
    Ok(collected)
}

/// Fails if no raw source has a document: there is nothing to report.
///
/// # Errors
/// [`Code::NoInput`], with the reason of each source.
pub fn require_document(store: &dyn Store, manifest: &Manifest, collected: &Collected) -> Result<(), Failure> {
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
        format!("the manifest has no usable document of any source ({})", reasons.join("; ")),
        store.address(&keys::manifest(manifest.date)),
        "Check the raw files of that day and run the processor for it again",
    ))
}

/// Reads the document of an entry; the inner error is the reason for the report.
async fn read_entry(store: &dyn Store, entry: Option<&ManifestEntry>) -> Result<Result<Bytes, String>, Failure> {
    let Some(entry) = entry else { return Ok(Err("absent_du_manifeste".to_owned())) };
    let (Some(key), Some(sha256), true) = (&entry.key, &entry.sha256, entry.status.has_document()) else {
        return Ok(Err("document_non_nomme".to_owned()));
    };
    let span = Span::start(&LOAD).with_source(entry.source).with("key", key.clone());
    let body = verify(span.instrument_result(store.get(key)).await, key, sha256)?;
    match &body {
        Ok(body) => span.set_count("bytes", body.len() as u64),
        Err(reason) => span.fail("DocumentUnusable", reason),
    }
    Ok(body)
}

fn verify(
    response: Result<(Bytes, Object), StoreError>,
    key: &str,
    sha256: &str,
) -> Result<Result<Bytes, String>, Failure> {
    let body = match response {
        Ok((body, _)) => body,
        Err(StoreError::NotFound { .. }) => return Ok(Err(format!("document_introuvable : {key}"))),
        // An invalid key, or an answer that concerns this object alone.
        Err(StoreError::Other { detail, .. }) => return Ok(Err(format!("document_illisible : {key} ({detail})"))),
        Err(error) => return Err(error.failure()),
    };
    let actual = sha256_hex(&body);
    if actual != sha256 {
        let short = |digest: &str| digest.chars().take(16).collect::<String>();
        return Ok(Err(format!("empreinte_differente : {key} (attendue {}, lue {})", short(sha256), short(&actual))));
    }
    Ok(Ok(body))
}

/// Parses a document of a supported schema version and of the expected source and day.
fn parse<B: DeserializeOwned>(source: Source, day: NaiveDate, body: &[u8]) -> Result<Document<B>, String> {
    let version = schema_version(body).map_err(|error| format!("document_illisible : {error}"))?;
    if !is_supported(&version) {
        return Err(format!("version_inconnue : {version} (lue ici : {SCHEMA_VERSION})"));
    }
    let document: Document<B> =
        serde_json::from_slice(body).map_err(|error| format!("document_illisible : {error}"))?;
    if (document.header.source, document.header.date) != (source, day) {
        return Err(format!("autre_document : {} du {}", document.header.source, document.header.date));
    }
    Ok(document)
}

/// Parsed first and alone: the other keys of an unsupported version may differ in form.
fn schema_version(body: &[u8]) -> Result<String, serde_json::Error> {
    #[derive(Deserialize)]
    struct Versioned {
        schema_version: String,
    }
    serde_json::from_slice::<Versioned>(body).map(|versioned| versioned.schema_version)
}

/// Same major version: a minor one only adds keys.
fn is_supported(version: &str) -> bool {
    let major = |text: &str| text.split('.').next().and_then(|part| part.parse::<u32>().ok());
    major(version).is_some_and(|found| Some(found) == major(SCHEMA_VERSION))
}

#[cfg(test)]
mod tests;
