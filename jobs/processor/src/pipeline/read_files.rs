//! What a run has read, file by file, for `processor check`. A run itself keeps no such list.

use std::sync::{Mutex, PoisonError};

use contract::Source;

use crate::quality::{DaySpan, RowCounts};
use crate::raw_file::SourceError;

/// A file that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReadFile {
    /// Key relative to the raw folder.
    pub(crate) key: String,
    /// What it was read as.
    pub(crate) source: Source,
    pub(crate) counts: RowCounts,
    /// The days of its rows, if they have any.
    pub(crate) days: Option<DaySpan>,
    /// Why it is unusable.
    pub(crate) error: Option<String>,
}

/// The files in the order in which they were read; a file that was read again is the last of its key.
#[derive(Debug, Default)]
pub(crate) struct ReadFiles {
    /// `None` while nobody asks for them.
    files: Mutex<Option<Vec<ReadFile>>>,
}

impl ReadFiles {
    /// Keeps the files from now on.
    pub(crate) fn keep(&self) {
        self.lock().get_or_insert_default();
    }

    pub(crate) fn add(&self, source: Source, key: &str, counts: RowCounts, days: Option<DaySpan>) {
        if let Some(files) = self.lock().as_mut() {
            files.push(ReadFile { key: key.to_owned(), source, counts, days, error: None });
        }
    }

    pub(crate) fn fail(&self, source: Source, error: &SourceError) {
        if let Some(files) = self.lock().as_mut().filter(|_| !error.key.is_empty()) {
            let (key, error) = (error.key.clone(), Some(error.reason.clone()));
            files.push(ReadFile { key, source, counts: RowCounts::default(), days: None, error });
        }
    }

    /// The files by key, each once.
    pub(crate) fn take(&self) -> Vec<ReadFile> {
        let mut files = self.lock().take().unwrap_or_default();
        files.reverse();
        files.sort_by(|a, b| a.key.cmp(&b.key));
        files.dedup_by(|later, first| later.key == first.key);
        files
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Vec<ReadFile>>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_reading_of_a_key_counts_and_nothing_is_kept_unasked() {
        let files = ReadFiles::default();
        files.add(Source::Weather, "a", RowCounts::of(1, []), None);
        assert_eq!(files.take(), []);
        files.keep();
        files.add(Source::Weather, "b", RowCounts::of(1, []), None);
        files.add(Source::Weather, "a", RowCounts::of(2, []), None);
        files.fail(Source::Weather, &SourceError { key: "b".to_owned(), reason: "cut short".to_owned() });
        files.fail(Source::Weather, &SourceError { key: String::new(), reason: "all of them".to_owned() });
        let found: Vec<(String, u64, bool)> =
            files.take().into_iter().map(|file| (file.key, file.counts.rows, file.error.is_some())).collect();
        assert_eq!(found, [("a".to_owned(), 2, false), ("b".to_owned(), 0, true)]);
    }
}
