//! Publishing: immutable objects, then the manifest by conditional write, then the fixed names. A run that is killed anywhere and repeated
//! gives the same result; a reader that follows the manifest always sees one complete set.

use std::collections::BTreeSet;

use bytes::Bytes;
use chrono::{DateTime, Duration, Utc};
use contract::document::DayStatus;
use contract::document::manifest::{EntryStatus, Manifest, ManifestEntry};
use contract::number::Fixed2;
use contract::{NaiveDate, SCHEMA_VERSION, ServiceDay, Source, keys};
use futures::future::try_join_all;
use runtime::digest::sha256_hex;
use runtime::failure::{Code, Failure};
use runtime::store::{Condition, SharedStore, StoreError, Version};
use runtime::telemetry::{self, Span};
use serde::Deserialize;

use crate::draft::SourceResult;
use crate::telemetry::{PUBLISH_DOCUMENT, PUBLISH_MANIFEST, PUBLISH_NAMES};

mod written;

pub(crate) use written::{Written, kept_document, to_bytes};
use written::{new_documents, retried};

/// Objects that no manifest names are removed after this time.
const KEEP: Duration = Duration::days(7);

/// An entry of the manifest with the document's bytes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Resolved {
    pub(crate) entry: ManifestEntry,
    /// The document of this run, or the one kept from an earlier run.
    pub(crate) bytes: Option<Bytes>,
    pub(crate) state: Option<State>,
}

/// Status and completeness of a document, for the manifest.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub(crate) struct State {
    #[serde(rename = "statut_jour")]
    pub(crate) day_status: DayStatus,
    #[serde(rename = "completude")]
    pub(crate) completeness: Option<Fixed2>,
}

/// The state of the day: the worst of the required sources; a source without a document counts as provisional with 0 %.
#[must_use]
pub(crate) fn worst(documents: &[Resolved], required: &[Source]) -> State {
    let of = |source: &Source| {
        let found = documents.iter().find(|document| document.entry.source == *source);
        found
            .and_then(|document| document.state)
            .unwrap_or(State { day_status: DayStatus::Provisional, completeness: Some(Fixed2::of(0.0)) })
    };
    let states: Vec<State> = required.iter().map(of).collect();
    State {
        day_status: states.iter().map(|state| state.day_status).min().unwrap_or(DayStatus::Provisional),
        completeness: states
            .iter()
            .filter_map(|state| state.completeness)
            .reduce(|a, b| if b.get() < a.get() { b } else { a }),
    }
}

#[derive(Debug)]
pub(crate) struct Publisher<'a> {
    pub(crate) store: &'a SharedStore,
    pub(crate) now: DateTime<Utc>,
    /// Replace a good document even with none.
    pub(crate) force: bool,
    /// Write nothing.
    pub(crate) dry_run: bool,
    /// Sources that determine the state of the day.
    pub(crate) required: &'a [Source],
    /// Name of the city.
    pub(crate) city: &'a str,
    /// Warnings about the files of a source, for its entry of the manifest.
    pub(crate) warnings: &'a [(Source, Vec<String>)],
}

/// A published day.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Published {
    /// The manifest in the store.
    pub(crate) manifest: Manifest,
    /// This run changed the manifest, or a dry run would have.
    pub(crate) changed: bool,
    /// The sources whose document is not the one of the manifest before.
    pub(crate) new_documents: Vec<Source>,
}

impl Publisher<'_> {
    /// Publishes one day. `context` computes the document that needs the others, from those that the manifest will name.
    ///
    /// # Errors
    /// Those of the store and of `context`; exit code 75 if other runs write the manifest first, twice.
    pub(crate) async fn publish<C: Future<Output = Result<Option<Written>, Failure>>>(
        &self,
        day: &ServiceDay,
        fresh: &[(Source, SourceResult<Written>)],
        context: impl Fn(Vec<Resolved>) -> C,
    ) -> Result<Published, Failure> {
        for _ in 0..2 {
            if let Some(published) = self.attempt(day, fresh, &context).await? {
                return Ok(published);
            }
            tracing::info!(
                key = keys::manifest(day.date()),
                "another run wrote the manifest meanwhile; publishing against the new one"
            );
        }
        Err(Failure::new(
            Code::Later,
            "other runs of the same day wrote its manifest twice meanwhile",
            self.store.address(&keys::manifest(day.date())),
            "Run again; one run of a day at a time is enough",
        ))
    }

    /// One attempt against the current manifest; `None` if another run was faster.
    async fn attempt<C: Future<Output = Result<Option<Written>, Failure>>>(
        &self,
        day: &ServiceDay,
        fresh: &[(Source, SourceResult<Written>)],
        context: &impl Fn(Vec<Resolved>) -> C,
    ) -> Result<Option<Published>, Failure> {
        let date = day.date();
        let before = self.current(date).await?;
        let mut documents = Vec::new();
        for (source, fresh) in fresh {
            let mut document =
                self.resolve(date, *source, fresh, before.as_ref().map(|(manifest, _)| manifest)).await?;
            let of_source = self.warnings.iter().filter(|(of, _)| of == source);
            document.entry.warnings = of_source.flat_map(|(_, warnings)| warnings.clone()).collect();
            documents.push(document);
        }
        let made = context(documents.clone()).await?;
        let made = made.map_or_else(|| SourceResult::Absent("aucun_document".to_owned()), SourceResult::Document);
        documents
            .push(self.resolve(date, Source::Context, &made, before.as_ref().map(|(manifest, _)| manifest)).await?);

        let manifest = self.manifest(day, &documents);
        let same = before.as_ref().is_some_and(|(old, _)| {
            old.digest == manifest.digest
                && old.cityflow_version == manifest.cityflow_version
                && (old.day_status, &old.documents) == (manifest.day_status, &manifest.documents)
        });
        let new_documents = new_documents(&manifest, before.as_ref().map(|(manifest, _)| manifest));
        if self.dry_run {
            return Ok(Some(Published { manifest, changed: !same, new_documents }));
        }
        let named = before.as_ref().map(|(manifest, _)| manifest);
        try_join_all(documents.iter().map(|document| self.write_object(document, named))).await?;
        if !same {
            let condition =
                before.as_ref().map_or(Condition::Absent, |(_, version)| Condition::Matches(version.clone()));
            if !self.write_manifest(date, &manifest, condition).await? {
                return Ok(None);
            }
        }
        let naming = Span::start(&PUBLISH_NAMES);
        naming.instrument_result(self.write_fixed_names(date, &documents, &manifest.digest)).await?;
        if let Some((old, _)) = &before {
            self.drop_fixed_names(date, old, &manifest).await?;
            self.clean(date, old, &manifest).await;
        }
        let manifest = if same { before.map_or(manifest, |(old, _)| old) } else { manifest };
        Ok(Some(Published { manifest, changed: !same, new_documents }))
    }

    /// Whether all documents of a manifest exist under both names; if not, an earlier run was interrupted and the day is published again.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) async fn is_whole(&self, date: NaiveDate, manifest: &Manifest) -> Result<bool, Failure> {
        let there = async |key: &str, size: u64| match self.store.head(key).await {
            Ok(found) => Ok(found.size == size),
            Err(StoreError::NotFound { .. }) => Ok(false),
            Err(error) => Err(error.failure()),
        };
        for entry in &manifest.documents {
            let (Some(key), Some(size)) = (&entry.key, entry.size_bytes) else { continue };
            if !there(key, size).await? || !there(&keys::fixed(date, entry.source), size).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The current manifest.
    ///
    /// # Errors
    /// Those of the store; an unreadable manifest.
    pub(crate) async fn current(&self, date: NaiveDate) -> Result<Option<(Manifest, Version)>, Failure> {
        let key = keys::manifest(date);
        match self.store.get(&key).await {
            Err(StoreError::NotFound { .. }) => Ok(None),
            // A dry run into a missing folder or bucket: there is no manifest.
            Err(StoreError::NoSuchRoot { .. }) if self.dry_run => Ok(None),
            Err(error) => Err(error.failure()),
            Ok((bytes, object)) => match serde_json::from_slice(&bytes) {
                Ok(manifest) => Ok(Some((manifest, object.version))),
                Err(error) => Err(Failure::new(
                    Code::Data,
                    format!("the day's manifest cannot be read ({error})"),
                    self.store.address(&key),
                    "Restore it, or remove it and run again: the day is then published from this run alone",
                )),
            },
        }
    }

    /// The entry of one source: the document of this run, or the good document that it would otherwise lose.
    async fn resolve(
        &self,
        date: NaiveDate,
        source: Source,
        fresh: &SourceResult<Written>,
        before: Option<&Manifest>,
    ) -> Result<Resolved, Failure> {
        let (status, mut reason) = match fresh {
            SourceResult::Document(written) => {
                return Ok(resolved(date, source, written.clone(), EntryStatus::Ok, None));
            }
            SourceResult::Absent(reason) => (EntryStatus::Absent, reason.clone()),
            // First a code for programs, as for absent sources, then the cause for the operator.
            SourceResult::Failed(reason) => (EntryStatus::Error, format!("source_inutilisable ({reason})")),
        };
        let kept = before
            .filter(|_| !self.force)
            .and_then(|manifest| manifest.documents.iter().find(|entry| entry.source == source));
        if let Some((key, sha256)) = kept.and_then(|entry| entry.key.as_ref().zip(entry.sha256.as_ref())) {
            match self.store.get(key).await {
                Ok((bytes, _)) if sha256_hex(&bytes) == *sha256 => {
                    return Ok(resolved(date, source, Written::new(bytes), EntryStatus::Retained, Some(reason)));
                }
                Ok(_) | Err(StoreError::NotFound { .. }) => {
                    tracing::warn!(key, "the previous document is missing or damaged and cannot be kept");
                    reason.push_str(" ; le document précédent manque ou est abîmé");
                }
                Err(error) => return Err(error.failure()),
            }
        }
        let reason = Some(reason);
        let entry =
            ManifestEntry { source, key: None, sha256: None, size_bytes: None, status, reason, warnings: Vec::new() };
        Ok(Resolved { entry, bytes: None, state: None })
    }

    fn manifest(&self, day: &ServiceDay, documents: &[Resolved]) -> Manifest {
        let state = worst(documents, self.required);
        let entries: Vec<ManifestEntry> = documents.iter().map(|document| document.entry.clone()).collect();
        Manifest {
            schema_version: SCHEMA_VERSION.to_owned(),
            date: day.date(),
            generated_at: day.stamp(self.now),
            cityflow_version: env!("CARGO_PKG_VERSION").to_owned(),
            city: self.city.to_owned(),
            timezone: day.tz().name().to_owned(),
            tz_version: contract::tz_version().to_owned(),
            day_status: state.day_status,
            completeness: state.completeness,
            traceparent: telemetry::traceparent(),
            digest: sha256_hex(Manifest::digest_input(&entries).as_bytes()),
            documents: entries,
        }
    }

    /// Writes an immutable object. Its name is its digest, so an existing object that the manifest names is up to date. An object that no
    /// manifest names is written again, so that other runs see from its age that it is in use.
    async fn write_object(&self, document: &Resolved, before: Option<&Manifest>) -> Result<(), Failure> {
        let (Some(key), Some(bytes)) = (&document.entry.key, &document.bytes) else { return Ok(()) };
        let named = before.is_some_and(|before| before.documents.iter().any(|entry| entry.key.as_ref() == Some(key)));
        if named {
            match self.store.head(key).await {
                Ok(there) if there.size == bytes.len() as u64 => return Ok(()),
                Ok(_) | Err(StoreError::NotFound { .. }) => {}
                Err(error) => return Err(error.failure()),
            }
        }
        let span = Span::start(&PUBLISH_DOCUMENT).with_source(document.entry.source).with("key", key.clone());
        span.set_count("bytes", bytes.len() as u64);
        let written = span.instrument_result(retried(|| self.store.put(key, bytes.clone(), Condition::Always))).await;
        written.map(|_| ()).map_err(|error| error.failure())
    }

    /// Whether the manifest was written, by this run or with the same content by another one.
    async fn write_manifest(
        &self,
        date: NaiveDate,
        manifest: &Manifest,
        condition: Condition,
    ) -> Result<bool, Failure> {
        let key = keys::manifest(date);
        let bytes = Bytes::from(to_bytes(manifest)?);
        let span = Span::start(&PUBLISH_MANIFEST).with("key", key.clone());
        match span.instrument_result(retried(|| self.store.put(&key, bytes.clone(), condition.clone()))).await {
            Ok(_) => Ok(true),
            Err(StoreError::Changed { .. }) => {
                let now = self.current(date).await?;
                Ok(now.is_some_and(|(now, _)| now.digest == manifest.digest))
            }
            Err(error) => Err(error.failure()),
        }
    }

    /// Writes the fixed names. If another run wrote another manifest meanwhile, its documents are written instead, so that the last run to
    /// check leaves the names of the current manifest.
    async fn write_fixed_names(&self, date: NaiveDate, documents: &[Resolved], digest: &str) -> Result<(), Failure> {
        let written = documents.iter().filter_map(|document| {
            let bytes = document.bytes.clone()?;
            Some(self.write_fixed_name(date, document.entry.source, bytes))
        });
        try_join_all(written).await?;
        let Some((now, _)) = self.current(date).await?.filter(|(now, _)| now.digest != digest) else { return Ok(()) };
        for entry in &now.documents {
            let Some(key) = &entry.key else { continue };
            match self.store.get(key).await {
                Ok((bytes, _)) => self.write_fixed_name(date, entry.source, bytes).await?,
                // A third run is writing them.
                Err(StoreError::NotFound { .. }) => {}
                Err(error) => return Err(error.failure()),
            }
        }
        Ok(())
    }

    async fn write_fixed_name(&self, date: NaiveDate, source: Source, bytes: Bytes) -> Result<(), Failure> {
        let key = keys::fixed(date, source);
        let written = retried(|| self.store.put(&key, bytes.clone(), Condition::Always)).await;
        written.map(|_| ()).map_err(|error| error.failure())
    }

    /// Removes the fixed names of documents that the day no longer has, which only happens with `--force`.
    async fn drop_fixed_names(&self, date: NaiveDate, before: &Manifest, after: &Manifest) -> Result<(), Failure> {
        let has = |manifest: &Manifest, source: Source| {
            manifest.documents.iter().any(|entry| entry.source == source && entry.key.is_some())
        };
        for source in Source::ALL {
            if has(before, source) && !has(after, source) {
                self.store.delete(&keys::fixed(date, source)).await.map_err(|error| error.failure())?;
            }
        }
        Ok(())
    }

    /// Removes objects that no manifest has named for 7 days. Never makes a run fail.
    async fn clean(&self, date: NaiveDate, before: &Manifest, after: &Manifest) {
        if self.now - before.generated_at.instant() <= KEEP {
            return;
        }
        let named: BTreeSet<&str> = [before, after]
            .into_iter()
            .flat_map(|manifest| &manifest.documents)
            .filter_map(|entry| entry.key.as_deref())
            .collect();
        let Ok(objects) = self.store.list(&keys::objects(date)).await else { return };
        // Another run may have written a manifest meanwhile that names these objects.
        if !matches!(self.current(date).await, Ok(Some((now, _))) if now.digest == after.digest) {
            return;
        }
        for object in objects {
            if !named.contains(object.key.as_str()) && self.now - object.modified > KEEP {
                match self.store.delete(&object.key).await {
                    Ok(()) => tracing::info!(key = object.key, "object removed: no manifest has named it for 7 days"),
                    Err(error) => tracing::warn!(key = object.key, %error, "object could not be removed"),
                }
            }
        }
    }
}

fn resolved(
    date: NaiveDate,
    source: Source,
    written: Written,
    status: EntryStatus,
    reason: Option<String>,
) -> Resolved {
    let Written { bytes, sha256, state } = written;
    let entry = ManifestEntry {
        source,
        key: Some(keys::object(date, source, &sha256)),
        size_bytes: Some(bytes.len() as u64),
        sha256: Some(sha256),
        status,
        reason,
        warnings: Vec::new(),
    };
    Resolved { entry, bytes: Some(bytes), state }
}
