//! A small file of a source that has exports in `batch/` and snapshots in `api/`, parsed once for all days.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use contract::{Reason, Tz};

use crate::order::file_order;
use crate::quality::{DaySpan, QualityCounter, RowCounts};
use crate::raw_file::{RawFile, SourceError};
use crate::source::acceptance::Acceptance;
use crate::source::rejected::RejectedRow;

#[derive(Debug)]
pub(crate) struct ParsedFile<R> {
    key: String,
    /// Collection time of a snapshot; `None` in `batch/`.
    pub(crate) collected: Option<DateTime<Utc>>,
    content: FileContent<R>,
}

#[derive(Debug)]
enum FileContent<R> {
    Records(R),
    /// An unreadable snapshot, and why it is.
    Unreadable(RejectedRow, String),
    /// A file of `batch/` that is not an export of this source.
    Invalid(SourceError),
}

/// The records of a file.
pub(crate) trait FileRecords {
    /// Rows and rejections of all days.
    fn row_counts(&self) -> RowCounts;

    fn days(&self, tz: Tz) -> Option<DaySpan>;

    fn acceptance(&self) -> &Acceptance;
}

impl<R: FileRecords> ParsedFile<R> {
    /// Never fails: errors are kept in the result and evaluated when a day is measured. The error of `snapshot` is a clause about the file.
    pub(crate) fn parse(
        file: &RawFile,
        snapshot: impl FnOnce(&RawFile) -> Result<R, String>,
        export: impl FnOnce(&RawFile) -> Result<R, SourceError>,
    ) -> Self {
        let refused = |records: &R| records.acceptance().verdict(&file.key).err();
        let content = if file.is_snapshot() {
            let records = snapshot(file).and_then(|records| match refused(&records) {
                Some(error) => Err(format!("has {}", error.reason)),
                None => Ok(records),
            });
            let quote = || RejectedRow::of(0, 1, Reason::UnreadableSnapshot, &file.bytes);
            records.map_or_else(|why| FileContent::Unreadable(quote(), why), FileContent::Records)
        } else {
            let records = export(file).and_then(|records| refused(&records).map_or(Ok(records), Err));
            records.map_or_else(FileContent::Invalid, FileContent::Records)
        };
        Self { key: file.key.clone(), collected: file.collected, content }
    }

    /// Key relative to the raw folder.
    #[must_use]
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    #[must_use]
    pub(crate) fn days(&self, tz: Tz) -> Option<DaySpan> {
        match &self.content {
            FileContent::Records(records) => records.days(tz),
            FileContent::Unreadable(..) | FileContent::Invalid(_) => None,
        }
    }

    /// Rows and rejections of all days.
    #[must_use]
    pub(crate) fn row_counts(&self) -> RowCounts {
        match &self.content {
            FileContent::Records(records) => records.row_counts(),
            FileContent::Unreadable(quote, _) => RowCounts::of(0, [(quote.reason, 1)]),
            FileContent::Invalid(_) => RowCounts::default(),
        }
    }
}

/// The readable files of a source.
#[derive(Debug)]
pub(crate) struct Readable<'a, R> {
    /// With their records: `batch/` before the snapshots, which come by time of collection.
    pub(crate) files: Vec<(&'a ParsedFile<R>, &'a R)>,
    /// About exports, and about all snapshots together.
    pub(crate) warnings: Vec<String>,
}

/// The readable files; unreadable snapshots are counted.
///
/// # Errors
/// A file of `batch/` is not an export of the source, or no snapshot is readable. `kind` names what they should be.
pub(crate) fn readable<'a, R: FileRecords>(
    files: &'a [Arc<ParsedFile<R>>],
    kind: &str,
    quality: &mut QualityCounter,
) -> Result<Readable<'a, R>, SourceError> {
    let mut files: Vec<&ParsedFile<R>> = files.iter().map(Arc::as_ref).collect();
    // `None` sorts first.
    files.sort_by(|a, b| a.collected.cmp(&b.collected).then_with(|| file_order(a.key(), b.key())));
    let mut readable = Readable { files: Vec::new(), warnings: Vec::new() };
    let folder: String = files.last().map_or("", |file| file.key()).split_inclusive('/').take(2).collect();
    let (mut snapshots, mut unreadable) = (Acceptance::default(), Vec::new());
    for file in files {
        match &file.content {
            FileContent::Records(records) => {
                match file.collected {
                    Some(_) => snapshots.merge(records.acceptance()),
                    None => readable.warnings.extend(records.acceptance().verdict(file.key())?),
                }
                readable.files.push((file, records));
            }
            FileContent::Invalid(error) => return Err(error.clone()),
            FileContent::Unreadable(quote, why) => {
                quality.reject(quote.reason, file.key(), quote.line, quote.excerpt.as_bytes());
                unreadable.push((file.key(), why));
            }
        }
    }
    match unreadable.last() {
        Some((last, why)) if readable.files.is_empty() => Err(SourceError {
            key: String::new(),
            reason: format!(
                "none of the {} snapshots is readable (the last one, {last}, {why}); expected {kind}: check the collection",
                unreadable.len()
            ),
        }),
        _ => {
            readable.warnings.extend(snapshots.verdict(&folder).unwrap_or_default());
            Ok(readable)
        }
    }
}
