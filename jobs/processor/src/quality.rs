//! Counts how every row was used. Counters merge, with the same result for any split of the input.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate};
use contract::document::{Example, Quality};
use contract::{Reason, ServiceDay, Tz};

/// Number of rejected rows that are quoted.
pub(crate) const EXAMPLES: usize = 10;
/// Length of each excerpt, characters.
const EXCERPT: usize = 200;

/// Rows and rejections, with the first [`EXAMPLES`] rejections in order of file and line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct QualityCounter {
    /// Rows of the whole input.
    pub(crate) rows: u64,
    /// Rows of the day.
    pub(crate) rows_of_day: u64,
    /// Rejected rows of the whole input.
    pub(crate) structure: BTreeMap<Reason, u64>,
    /// Rejected values and records of the day.
    pub(crate) values: BTreeMap<Reason, u64>,
    examples: Vec<Example>,
}

/// The first and the last local day of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DaySpan {
    pub(crate) first: NaiveDate,
    pub(crate) last: NaiveDate,
}

impl DaySpan {
    /// From a first and a last instant, seconds since the epoch.
    #[must_use]
    pub(crate) fn of_instants(first: i64, last: i64, tz: Tz) -> Option<Self> {
        let date = |instant| Some(ServiceDay::of(DateTime::from_timestamp(instant, 0)?, tz).date());
        Some(Self { first: date(first)?, last: date(last)? })
    }

    /// From any days in any order.
    #[must_use]
    pub(crate) fn of_dates(dates: impl IntoIterator<Item = NaiveDate>) -> Option<Self> {
        dates.into_iter().fold(None, |span: Option<Self>, date| {
            Some(span.map_or(Self { first: date, last: date }, |span| Self {
                first: span.first.min(date),
                last: span.last.max(date),
            }))
        })
    }
}

/// Rows of an input, and rejections by reason, for all days.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RowCounts {
    pub(crate) rows: u64,
    pub(crate) rejected: BTreeMap<Reason, u64>,
}

impl RowCounts {
    pub(crate) fn of(rows: u64, rejected: impl IntoIterator<Item = (Reason, u64)>) -> Self {
        let mut counted = Self { rows, rejected: BTreeMap::new() };
        counted.reject(rejected);
        counted
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.rows += other.rows;
        self.reject(other.rejected);
    }

    /// What was added after `before`.
    #[must_use]
    pub(crate) fn since(&self, before: &Self) -> Self {
        let rejected = self.rejected.iter().map(|(reason, n)| (*reason, n - before.rejected.get(reason).unwrap_or(&0)));
        Self::of(self.rows - before.rows, rejected.filter(|(_, n)| *n > 0))
    }

    fn reject(&mut self, rejected: impl IntoIterator<Item = (Reason, u64)>) {
        for (reason, number) in rejected {
            *self.rejected.entry(reason).or_default() += number;
        }
    }
}

/// Rejections of a chunk whose position in the file is not yet known; lines are counted from the start of the chunk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ChunkRejections {
    counts: BTreeMap<Reason, u64>,
    /// Line, reason and excerpt of the first rejections.
    examples: Vec<(u64, Reason, String)>,
}

impl ChunkRejections {
    /// Adds the next rejection, in order of lines and, within a line, of reasons.
    pub(crate) fn add(&mut self, reason: Reason, line: u64, excerpt: &[u8]) {
        *self.counts.entry(reason).or_default() += 1;
        if self.examples.len() < EXAMPLES {
            self.examples.push((line, reason, excerpt_of(excerpt)));
        }
    }
}

impl QualityCounter {
    #[must_use]
    pub(crate) fn row_counts(&self) -> RowCounts {
        let all = self.structure.iter().chain(&self.values);
        RowCounts::of(self.rows, all.map(|(reason, number)| (*reason, *number)))
    }

    /// Adds the rejections of a chunk that is preceded by `lines` lines.
    pub(crate) fn add(&mut self, file: &str, lines: u64, rejects: &ChunkRejections) {
        for (reason, n) in &rejects.counts {
            let counts = if reason.is_structural() { &mut self.structure } else { &mut self.values };
            *counts.entry(*reason).or_default() += n;
        }
        let before = |last: &Example, line: u64| (file, line) < (last.file.as_str(), last.line);
        for (line, reason, excerpt) in &rejects.examples {
            let line = line + lines;
            if self.examples.len() < EXAMPLES || self.examples.last().is_some_and(|last| before(last, line)) {
                let (file, excerpt) = (file.to_owned(), excerpt.clone());
                self.examples.push(Example { file, line, reason: *reason, excerpt });
            }
        }
        self.trim();
    }

    /// Counts a rejection and keeps it if it is among the first ones.
    pub(crate) fn reject(&mut self, reason: Reason, file: &str, line: u64, excerpt: &[u8]) {
        self.count(reason, 1);
        self.quote(reason, file, line, excerpt);
    }

    /// Counts rejections without an example.
    pub(crate) fn count(&mut self, reason: Reason, n: u64) {
        let counts = if reason.is_structural() { &mut self.structure } else { &mut self.values };
        *counts.entry(reason).or_default() += n;
    }

    /// Keeps an example if it is among the first ones, without counting it.
    pub(crate) fn quote(&mut self, reason: Reason, file: &str, line: u64, excerpt: &[u8]) {
        if self.examples.len() < EXAMPLES
            || self.examples.last().is_some_and(|last| (file, line) < (&last.file, last.line))
        {
            self.examples.push(Example { file: file.to_owned(), line, reason, excerpt: excerpt_of(excerpt) });
            self.trim();
        }
    }

    /// Adds the counts of another part of the same input.
    pub(crate) fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        self.rows_of_day += other.rows_of_day;
        for (reason, n) in other.structure {
            *self.structure.entry(reason).or_default() += n;
        }
        for (reason, n) in other.values {
            *self.values.entry(reason).or_default() += n;
        }
        self.examples.extend(other.examples);
        self.trim();
    }

    /// The quality section of a document; the caller adds cells, repeats and conflicts.
    #[must_use]
    pub(crate) fn finish(self) -> Quality {
        Quality {
            rows_read: self.rows,
            structural_rejects: self.structure,
            rows_of_day: self.rows_of_day,
            rejects: self.values,
            examples: self.examples,
            ..Quality::default()
        }
    }

    fn trim(&mut self) {
        self.examples.sort();
        self.examples.truncate(EXAMPLES);
    }
}

/// The first 200 characters of a row as valid UTF-8 without a final line break. Idempotent.
pub(crate) fn excerpt_of(bytes: &[u8]) -> String {
    let head = bytes.get(..EXCERPT * 4).unwrap_or(bytes);
    String::from_utf8_lossy(head).chars().take(EXCERPT).collect::<String>().trim_end_matches(['\r', '\n']).to_owned()
}
