//! One parsed file of disruptions, for all days.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use contract::{Reason, keys};
use memchr::memmem;

use super::navitia::Page;
use super::record::{DisruptionContent, Rejection};
use super::snapshot::{self, Feed, Snapshot};
use crate::city::City;
use crate::quality::{EXAMPLES, RowCounts};
use crate::raw_file::RawFile;
use crate::source::acceptance::Acceptance;
use crate::source::rejected::FileRejections;

/// One snapshot, or one per line.
#[derive(Debug)]
pub(crate) struct ParsedFile {
    key: String,
    /// Entries of all lists, and those rejected whole.
    pub(crate) acceptance: Acceptance,
    pub(crate) rejected: FileRejections,
    /// Why the first unreadable snapshot is unreadable.
    pub(crate) first_error: Option<String>,
    /// Readable snapshots, in file order.
    pub(crate) snapshots: Vec<ParsedSnapshot>,
}

#[derive(Debug)]
pub(crate) struct ParsedSnapshot {
    pub(crate) feed: Feed,
    pub(crate) collected: DateTime<Utc>,
    pub(crate) page: Option<Page>,
    /// Disruptions that it lists, including rejected ones.
    pub(crate) listed: u64,
    /// Id and content; `None` if the record was rejected. It is still listed, so it has not ended.
    pub(crate) records: Vec<(Box<str>, Option<Arc<DisruptionContent>>)>,
}

/// Never fails: errors are kept in the result and evaluated when a day is measured.
#[must_use]
pub(crate) fn parse(file: &RawFile, city: &City) -> ParsedFile {
    let mut parsed = ParsedFile {
        key: file.key.clone(),
        acceptance: Acceptance::default(),
        rejected: FileRejections::default(),
        first_error: None,
        snapshots: Vec::new(),
    };
    for snapshot in snapshot::read(file, city.tz) {
        match snapshot {
            Ok(snapshot) => parsed.add(file, snapshot),
            Err(unreadable) => {
                parsed.rejected.add(0, unreadable.line, Reason::UnreadableSnapshot, &unreadable.excerpt);
                parsed.first_error.get_or_insert(unreadable.reason);
            }
        }
    }
    parsed
}

impl ParsedFile {
    /// Key relative to the raw folder.
    #[must_use]
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// Rows and rejections of all days.
    #[must_use]
    pub(crate) fn row_counts(&self) -> RowCounts {
        RowCounts::of(self.acceptance.rows(), self.rejected.counts())
    }

    /// The folder names the hour of collection.
    pub(crate) fn folder(&self) -> &str {
        self.key.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    fn add(&mut self, file: &RawFile, snapshot: Snapshot) {
        self.acceptance.merge(&snapshot.acceptance);
        // Only the first rejections can become examples; the lines of the others are not located.
        let mut line = snapshot.line;
        for (at, rejection) in snapshot.rejections.iter().enumerate() {
            if at < EXAMPLES {
                line = line_of(file, snapshot.line, rejection);
            }
            self.rejected.add(0, line, rejection.reason, &rejection.excerpt);
        }
        let records = snapshot.records.into_iter();
        let records = records.map(|record| (record.id.into(), record.content.map(Arc::new))).collect();
        let Snapshot { feed, collected, page, .. } = snapshot;
        let listed = snapshot.acceptance.rows();
        self.snapshots.push(ParsedSnapshot { feed, collected, page, listed, records });
    }
}

/// The physical line of a rejected record: that of its id, else that of its snapshot.
fn line_of(file: &RawFile, from: u64, rejection: &Rejection) -> u64 {
    if keys::is_json_lines(&file.key) {
        return from;
    }
    let at = rejection.id.as_deref().and_then(|id| memmem::find(&file.bytes, format!("\"{id}\"").as_bytes()));
    let before = at.and_then(|at| file.bytes.get(..at)).unwrap_or_default();
    from + before.iter().filter(|byte| **byte == b'\n').count() as u64
}
