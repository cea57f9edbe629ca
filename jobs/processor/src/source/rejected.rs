//! The rejections of one file, kept for all days: counts by reason, and at most as many excerpts as documents quote.

use std::collections::BTreeMap;

use contract::Reason;

use crate::quality::{EXAMPLES, QualityCounter, excerpt_of};

/// A rejected row or value with its excerpt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RejectedRow {
    /// Position of the row in the file, from 0.
    pub(crate) row: u32,
    /// Physical line, from 1.
    pub(crate) line: u64,
    pub(crate) reason: Reason,
    pub(crate) excerpt: Box<str>,
}

impl RejectedRow {
    pub(crate) fn of(row: u32, line: u64, reason: Reason, raw: &[u8]) -> Self {
        Self { row, line, reason, excerpt: excerpt_of(raw).into() }
    }
}

/// Rejections of one file in row order: all are counted, and those that [`QualityCounter`] could quote are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct FileRejections {
    counts: BTreeMap<Reason, u64>,
    examples: Vec<RejectedRow>,
    /// The lowest lines so far: later lines cannot be quoted, whatever other files contain.
    lines: Vec<u64>,
}

impl FileRejections {
    pub(crate) fn add(&mut self, row: u32, line: u64, reason: Reason, raw: &[u8]) {
        *self.counts.entry(reason).or_default() += 1;
        if self.lines.len() == EXAMPLES && self.lines.last().is_some_and(|last| line >= *last) {
            return;
        }
        let place = self.lines.partition_point(|known| *known <= line);
        self.lines.insert(place, line);
        self.lines.truncate(EXAMPLES);
        self.examples.push(RejectedRow::of(row, line, reason, raw));
    }

    /// Adds these rejections and those of the day to a counter, merged in row order, which decides which of several rejections on one line
    /// are quoted.
    pub(crate) fn count_into<'a>(
        &'a self,
        of_day: impl IntoIterator<Item = &'a RejectedRow>,
        key: &str,
        quality: &mut QualityCounter,
    ) {
        for (reason, n) in &self.counts {
            quality.count(*reason, *n);
        }
        let mut of_day = of_day.into_iter().peekable();
        let quote = |quote: &RejectedRow, quality: &mut QualityCounter| {
            quality.quote(quote.reason, key, quote.line, quote.excerpt.as_bytes());
        };
        for always in &self.examples {
            while let Some(before) = of_day.next_if(|one| one.row < always.row) {
                quote(before, quality);
            }
            quote(always, quality);
        }
        of_day.for_each(|one| quote(one, quality));
    }

    /// Number of rejections by reason.
    pub(crate) fn counts(&self) -> impl Iterator<Item = (Reason, u64)> {
        self.counts.iter().map(|(reason, n)| (*reason, *n))
    }

    /// In row order.
    pub(crate) fn examples(&self) -> &[RejectedRow] {
        &self.examples
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const REASONS: [Reason; 4] =
        [Reason::MissingId, Reason::UnreadableDate, Reason::UnreadableCount, Reason::NegativeCount];

    /// File, line, reason, text.
    type TestRow = (usize, u64, usize, u8);

    proptest! {
        /// Files in any order of keys, rows on any lines (all on one, as in JSON on a single line, among them).
        #[test]
        fn counter_quotes_the_same_rejections_per_file_as_one_by_one(
            lists in prop::collection::vec(prop::collection::vec((0_u64..4, 0..REASONS.len(), 0_u8..4), 0..30), 1..5),
            order in Just([2_usize, 0, 3, 1, 4]).prop_shuffle(),
        ) {
            let files: Vec<Vec<TestRow>> = lists
                .into_iter()
                .zip(order)
                .map(|(list, file)| list.into_iter().map(|(line, reason, text)| (file, line, reason, text)).collect())
                .collect();
            let (mut one_by_one, mut per_file) = (QualityCounter::default(), QualityCounter::default());
            for rows in &files {
                // The last two reasons depend on the day; their lines never decrease.
                let (mut always, mut of_day, mut key) = (FileRejections::default(), FileRejections::default(), String::new());
                let mut rows = rows.clone();
                rows.sort_by_key(|row| row.1);
                for ((file, line, reason, text), row) in rows.into_iter().zip(0..) {
                    key = format!("{file}");
                    let (reason, raw) = (REASONS[reason], [b'a' + text]);
                    one_by_one.reject(reason, &key, line, &raw);
                    let list = if reason.is_structural() { &mut always } else { &mut of_day };
                    list.add(row, line, reason, &raw);
                }
                of_day.counts().for_each(|(reason, n)| per_file.count(reason, n));
                always.count_into(of_day.examples(), &key, &mut per_file);
            }
            prop_assert_eq!(one_by_one, per_file);
        }

        #[test]
        fn decreasing_lines_are_quoted_alike(
            before in prop::collection::vec((0_u64..9, 0..2_usize), 0..15),
            rows in prop::collection::vec((0_u64..9, 0..2_usize), 0..40),
        ) {
            let (mut one_by_one, mut per_file) = (QualityCounter::default(), QualityCounter::default());
            for (key, rows) in [("a", before), ("b", rows)] {
                let mut rejected = FileRejections::default();
                for ((line, reason), row) in rows.into_iter().zip(0_u32..) {
                    one_by_one.reject(REASONS[reason], key, line, &row.to_be_bytes());
                    rejected.add(row, line, REASONS[reason], &row.to_be_bytes());
                }
                rejected.count_into([], key, &mut per_file);
            }
            prop_assert_eq!(one_by_one, per_file);
        }
    }
}
