//! Serialised documents: named by their sha256, read again as inputs of other documents.

use std::time::Duration;

use backon::{ExponentialBuilder, Retryable as _};
use bytes::Bytes;
use contract::document::manifest::{Manifest, ManifestEntry};
use contract::document::{Document, Header, Input};
use contract::{NaiveDate, Source, keys};
use runtime::digest::sha256_hex;
use runtime::failure::{Code, Failure};
use runtime::store::{SharedStore, StoreError};

use super::State;
use crate::input::checksum::Checksum;

/// A serialised document with its data for the manifest.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Written {
    pub(crate) bytes: Bytes,
    /// Lower-case hexadecimal.
    pub(crate) sha256: String,
    pub(crate) state: Option<State>,
}

impl Written {
    /// Serialises a document of this run.
    ///
    /// # Errors
    /// A bug: every document can be written as JSON.
    pub(crate) fn of<B: serde::Serialize>(document: &Document<B>) -> Result<Self, Failure> {
        let bytes = Bytes::from(to_bytes(document)?);
        let Header { day_status, completeness, .. } = document.header;
        Ok(Self { sha256: sha256_hex(&bytes), state: Some(State { day_status, completeness }), bytes })
    }

    /// A document of an earlier run.
    #[must_use]
    pub(crate) fn new(bytes: Bytes) -> Self {
        Self { sha256: sha256_hex(&bytes), state: serde_json::from_slice(&bytes).ok(), bytes }
    }
}

/// The published document of a source, as an input of another document; its key is relative to the metrics folder.
///
/// # Errors
/// Those of the store. A missing or unreadable manifest or document is `None`.
pub(crate) async fn kept_document<B: serde::de::DeserializeOwned>(
    store: &SharedStore,
    date: NaiveDate,
    source: Source,
) -> Result<Option<(B, Input)>, Failure> {
    let get = async |key: &str| match store.get(key).await {
        Ok((bytes, _)) => Ok(Some(bytes)),
        Err(StoreError::NotFound { .. } | StoreError::NoSuchRoot { .. }) => Ok(None),
        Err(error) => Err(error.failure()),
    };
    let manifest = get(&keys::manifest(date)).await?.and_then(|bytes| serde_json::from_slice::<Manifest>(&bytes).ok());
    let entry = manifest.and_then(|manifest| manifest.documents.into_iter().find(|entry| entry.source == source));
    let Some(key) = entry.and_then(|entry| entry.key) else { return Ok(None) };
    let Some(bytes) = get(&key).await? else { return Ok(None) };
    let mut sum = Checksum::default();
    sum.update(&bytes);
    let input = Input { key, size_bytes: bytes.len() as u64, crc64nvme: sum.base64() };
    Ok(serde_json::from_slice::<Document<B>>(&bytes).ok().map(|document| (document.body, input)))
}

/// The sources whose document is not the one of the manifest before.
#[must_use]
pub(super) fn new_documents(manifest: &Manifest, before: Option<&Manifest>) -> Vec<Source> {
    let known = |entry: &&ManifestEntry| {
        before.is_some_and(|before| {
            before.documents.iter().any(|old| old.source == entry.source && old.sha256 == entry.sha256)
        })
    };
    manifest.documents.iter().filter(|entry| entry.key.is_some() && !known(entry)).map(|entry| entry.source).collect()
}

/// Compact JSON with a line end.
///
/// # Errors
/// A bug: every document can be written as JSON.
pub(crate) fn to_bytes(document: &impl serde::Serialize) -> Result<Vec<u8>, Failure> {
    let mut bytes = serde_json::to_vec(document).map_err(|error| {
        Failure::new(Code::Bug, format!("a document cannot be written as JSON ({error})"), "", "Report it with the log")
    })?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Retries a write while the store reports another write to the same key (409).
pub(crate) async fn retried<T, F: Future<Output = Result<T, StoreError>>>(
    write: impl FnMut() -> F,
) -> Result<T, StoreError> {
    let pauses = ExponentialBuilder::default().with_min_delay(Duration::from_millis(100)).with_max_times(4);
    write.retry(pauses).when(|error| matches!(error, StoreError::Conflict { .. })).await
}
