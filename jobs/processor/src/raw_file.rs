//! A raw file in memory, and the error that makes it unusable.

use bytes::Bytes;
use chrono::{DateTime, Utc};

/// One raw file in memory, decompressed. Large ones (`comptages`) are streamed instead.
#[derive(Debug, Clone)]
pub(crate) struct RawFile {
    /// Key relative to the raw folder.
    pub(crate) key: String,
    /// Its content, decompressed.
    pub(crate) bytes: Bytes,
    /// For a snapshot under `api/`: the end of the hour of its folder, or of its day if the key has no hour. `None` in `batch/`.
    pub(crate) collected: Option<DateTime<Utc>>,
}

impl RawFile {
    /// Whether it is a snapshot under `api/`.
    #[must_use]
    pub(crate) fn is_snapshot(&self) -> bool {
        self.collected.is_some()
    }
}

/// A file that is not usable at all, which makes its source fail.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{reason}", if key.is_empty() { String::new() } else { format!("{key}: ") })]
pub(crate) struct SourceError {
    /// The file, relative to the raw folder; empty if the error concerns the source as a whole.
    pub(crate) key: String,
    /// The problem and what to do, without a final full stop.
    pub(crate) reason: String,
}
