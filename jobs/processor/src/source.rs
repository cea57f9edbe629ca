//! From bytes to records, one module per source. A raw row is "not yet validated" until it is a record with private fields or a rejection.
//!
//! No I/O here: [`crate::input`] fetches, decompresses and sums up the files; what comes in is bytes, what goes out is a [`Draft`].
//!
//! The small sources go there in two steps. `parse` turns one file into what any day may ask of it, once, whatever number of days is
//! measured; it never fails, since whether a file matters is the day's to say. `read` makes a day of parsed files, at the cost of what
//! they hold of the day and its window. The road counts are streamed instead ([`comptages`]).

use std::collections::BTreeMap;

use bytes::Bytes;
use chrono::{DateTime, NaiveDate, Utc};
use contract::Stamp;
use contract::document::{DayStatus, Ignored, Quality};
use contract::number::Fixed2;

pub mod bikes;
pub mod chantiers;
pub mod comptages;
mod json;
pub mod referentiel;
mod rejected;
pub mod snapshot;
pub mod table;
#[cfg(test)]
mod tests;
pub mod traffic;
pub mod weather;

/// One raw file in memory, decompressed. Large ones (`comptages`) are streamed instead.
#[derive(Debug, Clone)]
pub struct RawFile {
    /// Key relative to the raw folder.
    pub key: String,
    /// Its content, decompressed.
    pub bytes: Bytes,
    /// For a snapshot under `api/`: the end of the hour of its folder, or of its day where it lies in no hour. `None` in `batch/`.
    pub collected: Option<DateTime<Utc>>,
}

impl RawFile {
    /// Whether it is a snapshot of `api/`.
    #[must_use]
    pub fn is_snapshot(&self) -> bool {
        self.collected.is_some()
    }
}

/// A file that cannot be the source at all: the source is in error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{reason}", if key.is_empty() { String::new() } else { format!("{key}: ") })]
pub struct SourceError {
    /// The file, relative to the raw folder; empty where it is the source as a whole.
    pub key: String,
    /// What is wrong with it and what to do, a sentence without its full stop.
    pub reason: String,
}

/// What a source has of the day.
#[derive(Debug, Clone, PartialEq)]
pub enum Measured<B> {
    /// A document.
    Document(Box<Draft<B>>),
    /// Readable, and no row of the day (`aucune_ligne_du_jour`).
    Absent {
        /// The last local day of which it has a row.
        last_day: Option<NaiveDate>,
    },
}

/// A document without what the run adds: schema, inputs, parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft<B> {
    /// Whether more is to be expected.
    pub status: DayStatus,
    /// End of the last hour with a measure.
    pub complete_until: Option<Stamp>,
    /// Percent of the expected cells.
    pub completeness: Option<Fixed2>,
    /// What became of every row.
    pub quality: Quality,
    /// Path of a null → reason.
    pub reasons: BTreeMap<String, String>,
    /// Files that were handed over and not used (earlier whole snapshots), beside those that the run never read.
    pub ignored: Vec<Ignored>,
    /// The source's figures.
    pub body: B,
}
