//! The tally of what became of every row: mergeable, and the same for any split of the input.

use std::collections::BTreeMap;

use contract::Reason;
use contract::document::{Example, Quality};

/// How many rejected rows are quoted.
pub(crate) const EXAMPLES: usize = 10;
/// How much of each, in characters.
const EXCERPT: usize = 200;

/// Counts of rows and rejections, with the first few examples in order of file and line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct QualityCounter {
    /// Rows or records read, of the whole input.
    pub(crate) rows: u64,
    /// Rows of the day.
    pub(crate) rows_of_day: u64,
    /// Structural rejections, of the whole input.
    pub(crate) structure: BTreeMap<Reason, u64>,
    /// Values and records of the day not used.
    pub(crate) values: BTreeMap<Reason, u64>,
    /// The first few.
    examples: Vec<Example>,
}

/// How many rows an input has, whatever the day, and how many rejections by reason.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RowCounts {
    /// Rows or records.
    pub(crate) rows: u64,
    /// Rejections.
    pub(crate) rejected: BTreeMap<Reason, u64>,
}

impl RowCounts {
    /// Of a file with such rejections.
    pub(crate) fn of(rows: u64, rejected: impl IntoIterator<Item = (Reason, u64)>) -> Self {
        let mut counted = Self { rows, rejected: BTreeMap::new() };
        counted.reject(rejected);
        counted
    }

    /// Adds another input.
    pub(crate) fn add(&mut self, other: Self) {
        self.rows += other.rows;
        self.reject(other.rejected);
    }

    fn reject(&mut self, rejected: impl IntoIterator<Item = (Reason, u64)>) {
        for (reason, number) in rejected {
            *self.rejected.entry(reason).or_default() += number;
        }
    }
}

/// What was not used of a part of a file whose place in the file is not known yet: lines are counted from where the part begins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ChunkRejections {
    counts: BTreeMap<Reason, u64>,
    /// The first few: line, reason and excerpt.
    examples: Vec<(u64, Reason, String)>,
}

impl ChunkRejections {
    /// The next rejection, in the order of the lines and, of one line, of the reasons.
    pub(crate) fn add(&mut self, reason: Reason, line: u64, excerpt: &[u8]) {
        *self.counts.entry(reason).or_default() += 1;
        if self.examples.len() < EXAMPLES {
            self.examples.push((line, reason, excerpt_of(excerpt)));
        }
    }

    /// How many there are for a reason.
    #[must_use]
    pub(crate) fn count(&self, reason: Reason) -> u64 {
        self.counts.get(&reason).copied().unwrap_or(0)
    }
}

impl QualityCounter {
    /// Rows and rejections.
    #[must_use]
    pub(crate) fn row_counts(&self) -> RowCounts {
        let all = self.structure.iter().chain(&self.values);
        RowCounts::of(self.rows, all.map(|(reason, number)| (*reason, *number)))
    }

    /// Adds what was not used of a part of a file before which there are so many lines.
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
                self.examples.push(Example { file, line: line, reason: *reason, excerpt });
            }
        }
        self.trim();
    }

    /// Counts a rejection under its reason and keeps it as an example while there are few.
    pub(crate) fn reject(&mut self, reason: Reason, file: &str, line: u64, excerpt: &[u8]) {
        self.count(reason, 1);
        self.quote(reason, file, line, excerpt);
    }

    /// Counts rejections under their reason, quotes none.
    pub(crate) fn count(&mut self, reason: Reason, n: u64) {
        let counts = if reason.is_structural() { &mut self.structure } else { &mut self.values };
        *counts.entry(reason).or_default() += n;
    }

    /// Keeps a rejection that is counted elsewhere as an example while there are few.
    pub(crate) fn quote(&mut self, reason: Reason, file: &str, line: u64, excerpt: &[u8]) {
        if self.examples.len() < EXAMPLES
            || self.examples.last().is_some_and(|last| (file, line) < (&last.file, last.line))
        {
            self.examples.push(Example {
                file: file.to_owned(),
                line: line,
                reason: reason,
                excerpt: excerpt_of(excerpt),
            });
            self.trim();
        }
    }

    /// Adds another part of the same input.
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

    /// As documents hold it; cells, repeats and conflicts are the caller's to add.
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

/// The beginning of a row for people: valid text, no line breaks' mischief, at most 200 characters. That of an excerpt is itself.
pub(crate) fn excerpt_of(bytes: &[u8]) -> String {
    let head = bytes.get(..EXCERPT * 4).unwrap_or(bytes);
    String::from_utf8_lossy(head).chars().take(EXCERPT).collect::<String>().trim_end_matches(['\r', '\n']).to_owned()
}
