//! Sets of disjoint, sorted, non-empty time intervals within a day.

use chrono::{DateTime, Utc};
use contract::ServiceDay;

use crate::source::disruptions::ActivePeriod;

/// A union of half-open intervals.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct IntervalSet(Vec<(DateTime<Utc>, DateTime<Utc>)>);

impl IntervalSet {
    /// The union of any intervals; empty and inverted ones are ignored.
    pub(crate) fn of(intervals: impl IntoIterator<Item = (DateTime<Utc>, DateTime<Utc>)>) -> Self {
        let mut sorted: Vec<_> = intervals.into_iter().filter(|(begin, end)| begin < end).collect();
        sorted.sort_unstable();
        let mut union: Vec<(DateTime<Utc>, DateTime<Utc>)> = Vec::with_capacity(sorted.len());
        for (begin, end) in sorted {
            match union.last_mut() {
                Some(last) if begin <= last.1 => last.1 = last.1.max(end),
                _ => union.push((begin, end)),
            }
        }
        Self(union)
    }

    /// The union of the periods within the day.
    pub(crate) fn within(periods: &[ActivePeriod], day: ServiceDay) -> Self {
        Self::of(periods.iter().map(|period| {
            let end = period.end.unwrap_or(day.end());
            (period.begin.max(day.start()), end.min(day.end()))
        }))
    }

    /// The parts of `[from, to)` outside it.
    pub(crate) fn gaps(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Self {
        let begins = std::iter::once(from).chain(self.0.iter().map(|(_, end)| *end));
        let ends = self.0.iter().map(|(begin, _)| *begin).chain(std::iter::once(to));
        Self::of(begins.zip(ends).map(|(begin, end)| (begin.max(from), end.min(to))))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn add(&mut self, other: &Self) {
        *self = Self::of(self.0.iter().chain(&other.0).copied());
    }

    pub(crate) fn intersection(&self, other: &Self) -> Self {
        // A day has few of them: every pair.
        Self::of(self.0.iter().flat_map(|one| other.0.iter().map(move |two| (one.0.max(two.0), one.1.min(two.1)))))
    }

    /// Whether it overlaps `[from, to)`.
    pub(crate) fn touches(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> bool {
        self.0.iter().any(|(begin, end)| *begin < to && *end > from)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (DateTime<Utc>, DateTime<Utc>)> {
        self.0.iter().copied()
    }

    /// From the first begin to the last end.
    pub(crate) fn hull(&self) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        Some((self.0.first()?.0, self.0.last()?.1))
    }

    /// Total length.
    pub(crate) fn seconds(&self) -> i64 {
        self.0.iter().map(|(begin, end)| (*end - *begin).num_seconds()).sum()
    }

    /// Total length.
    pub(crate) fn hours(&self) -> f64 {
        hours(self.seconds())
    }
}

/// Converts seconds to hours.
#[expect(clippy::cast_precision_loss, reason = "seconds of days are far below 2^53")]
pub(crate) fn hours(seconds: i64) -> f64 {
    seconds as f64 / 3600.0
}
