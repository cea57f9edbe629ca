//! From the raw folder to bytes: what is there, fetched at one version, decompressed, summed up. Knows keys, and no source's content.

use std::io::Read;

use bytes::Bytes;
use contract::document::Input;
use runtime::failure::Failure;
use runtime::store::{Object, SharedStore, StoreError};
use runtime::telemetry::SpanError;

pub(crate) mod checksum;
mod decode;
mod inventory;
mod lookahead;
pub(crate) mod prefetch;
mod ranges;
pub(crate) mod road_file;

pub(crate) use inventory::{Inventory, OF_THE_API, around};

use crate::raw_file::SourceError;
use checksum::Checksum;

/// Why an object could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InputError {
    /// It was replaced while it was read: the source starts again.
    #[error("{0} was replaced while it was read")]
    Replaced(String),
    /// The store did not give it.
    #[error("{0}")]
    Store(StoreError),
    /// Its content cannot be the source.
    #[error("{0}")]
    Content(SourceError),
    /// The run cannot go on, whatever the input.
    #[error("{0}")]
    Failed(Failure),
}

impl SpanError for InputError {
    fn error_type(&self) -> Option<&'static str> {
        match self {
            // Its source starts again.
            Self::Replaced(_) => None,
            Self::Store(error) => error.error_type(),
            Self::Content(_) => Some("SourceUnusable"),
            Self::Failed(failure) => failure.error_type(),
        }
    }
}

impl From<StoreError> for InputError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Changed { key } | StoreError::NotFound { key } => Self::Replaced(key),
            other => Self::Store(other),
        }
    }
}

/// One object in memory with what documents say of it, in one request. Bytes that are not those which the store took in are an error of
/// the source.
///
/// # Errors
/// See [`InputError`].
pub(crate) async fn fetch(store: &SharedStore, object: &Object) -> Result<(Bytes, Input), InputError> {
    let (stored, kept) = store.get_with_checksum(object).await?;
    let mut sum = Checksum::default();
    sum.update(&stored);
    let input = Input { key: object.key.clone(), size_bytes: object.size, crc64nvme: sum.base64() };
    checksum::equal(&input, kept.as_deref())?;
    Ok((stored, input))
}

/// The content of an object: decompressed where its name says that it is compressed.
///
/// # Errors
/// A sentence that says what is wrong and what to do.
pub(crate) fn content(key: &str, stored: Bytes) -> Result<Bytes, SourceError> {
    if !key.ends_with(".gz") && !key.ends_with(".zst") {
        return Ok(stored);
    }
    let mut bytes = Vec::new();
    road_file::decoder(key, std::io::Cursor::new(stored))
        .and_then(|mut decoder| decoder.read_to_end(&mut bytes))
        .map_err(|error| road_file::corrupt(key, &error))?;
    Ok(bytes.into())
}

/// A snapshot as it is stored. One that was damaged on its way into the store is as lost as an empty one.
///
/// # Errors
/// See [`InputError`].
pub(crate) async fn snapshot(store: &SharedStore, object: &Object) -> Result<(Bytes, Input), InputError> {
    match fetch(store, object).await {
        Err(InputError::Content(error)) => {
            tracing::warn!(key = error.key, reason = error.reason, "snapshot not usable");
            let input = Input { key: object.key.clone(), size_bytes: object.size, crc64nvme: String::new() };
            Ok((Bytes::new(), input))
        }
        fetched => fetched,
    }
}
