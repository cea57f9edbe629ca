//! Reads the raw folder: lists it, fetches objects at one version, decompresses them and computes their checksums. It knows keys, but not
//! the content of any source.

use std::io::Read;

use bytes::Bytes;
use contract::document::Input;
use runtime::failure::Failure;
use runtime::store::{Object, SharedStore, StoreError};
use runtime::telemetry::SpanError;

pub(crate) mod archive;
pub(crate) mod checksum;
mod decode;
mod inventory;
mod lookahead;
mod not_read;
pub(crate) mod prefetch;
mod ranges;
pub(crate) mod road_file;
mod selection;

pub(crate) use inventory::{API_SOURCES, Inventory, around};
pub(crate) use not_read::NotRead;
pub(crate) use selection::FileSelection;

use crate::raw_file::SourceError;
use checksum::Checksum;
pub(crate) use decode::Format;

/// Why an object could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InputError {
    /// The object was replaced while it was read; the source is read again from the start.
    #[error("{0} was replaced while it was read")]
    Replaced(String),
    /// A request to the store failed.
    #[error("{0}")]
    Store(StoreError),
    /// The content is not usable as the source.
    #[error("{0}")]
    Content(SourceError),
    /// The run has to end, for a reason that is not in the input.
    #[error("{0}")]
    Failed(Failure),
}

impl SpanError for InputError {
    fn error_type(&self) -> Option<&'static str> {
        match self {
            // Not an error: the source is read again.
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

/// Fetches one object into memory with one request, together with its entry in documents. A checksum that differs from the store's is an
/// error of the source.
pub(crate) async fn fetch(store: &SharedStore, object: &Object) -> Result<(Bytes, Input), InputError> {
    let (stored, kept) = store.get_with_checksum(object).await?;
    let mut sum = Checksum::default();
    sum.update(&stored);
    let input = Input { key: object.key.clone(), size_bytes: object.size, crc64nvme: sum.base64() };
    checksum::verify(&input, kept.as_deref())?;
    Ok((stored, input))
}

/// The content of an object, decompressed if its first bytes say that it is compressed.
pub(crate) fn content(key: &str, stored: Bytes) -> Result<Bytes, SourceError> {
    let Some(format) = Format::of(key, &stored) else { return Ok(stored) };
    let mut bytes = Vec::new();
    road_file::decoder(Some(format), std::io::Cursor::new(stored))
        .and_then(|mut decoder| decoder.read_to_end(&mut bytes))
        .map_err(|error| road_file::corrupt(key, &error))?;
    Ok(bytes.into())
}

/// Fetches a snapshot as it is stored. A snapshot with a wrong checksum is treated like an empty one, with a warning.
pub(crate) async fn snapshot(store: &SharedStore, object: &Object) -> Result<(Bytes, Input), InputError> {
    match fetch(store, object).await {
        Err(InputError::Content(error)) => {
            tracing::warn!(key = error.key, reason = error.reason, "snapshot is not usable");
            let input = Input { key: object.key.clone(), size_bytes: object.size, crc64nvme: String::new() };
            Ok((Bytes::new(), input))
        }
        fetched => fetched,
    }
}
