//! The cells of bike counters, one per counter and hour, in the window that a day's figures need.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use contract::ServiceDay;

use super::record::{Given, Record};
use crate::quality::Tally;

/// Longest window that a setting can ask for, days: beyond it lies the end of the calendar.
pub const LONGEST_WINDOW: i64 = 3660;

/// A counter and its hours.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Counter {
    /// Its name, of the last record that has it.
    pub name: Option<String>,
    /// Longitude and latitude, of the last record that has them.
    pub point: Option<(f64, f64)>,
    cells: BTreeMap<DateTime<Utc>, Cell>,
}

#[derive(Debug, Clone, PartialEq)]
struct Cell {
    given: Given,
    count: Option<u32>,
}

impl Counter {
    /// What is known of an hour: `None` without a record, `Some(None)` without a value.
    #[must_use]
    pub fn at(&self, hour: DateTime<Utc>) -> Option<Option<u32>> {
        self.cells.get(&hour).map(|cell| cell.count)
    }

    /// Whether any hour from an instant on has a value.
    #[must_use]
    pub fn has_value_since(&self, from: DateTime<Utc>) -> bool {
        self.cells.range(from..).any(|(_, cell)| cell.count.is_some())
    }

    /// How many records of a day were used.
    #[must_use]
    pub fn cells_of(&self, day: ServiceDay) -> usize {
        self.cells.range(day.start()..day.end()).count()
    }
}

/// All counters in the window that ends with the day.
#[derive(Debug, Clone, PartialEq)]
pub struct Cells {
    day: ServiceDay,
    from: DateTime<Utc>,
    counters: BTreeMap<String, Counter>,
    /// Rows and rejections.
    pub tally: Tally,
    /// Further records of a cell of the day, equal to the one before.
    pub repeats: u64,
    /// Further records of a cell of the day that differ from the one before.
    pub conflicts: u64,
    newest: Option<DateTime<Utc>>,
}

impl Cells {
    /// None yet; the window has `days` days.
    #[must_use]
    pub fn new(day: ServiceDay, days: i64) -> Self {
        Self {
            day,
            // Runs look back two days whatever is expected.
            from: day.plus(1 - days.clamp(3, LONGEST_WINDOW)).start(),
            counters: BTreeMap::new(),
            tally: Tally::default(),
            repeats: 0,
            conflicts: 0,
            newest: None,
        }
    }

    /// Adds a record; one of a cell that is known replaces it.
    pub(super) fn add(&mut self, record: Record, key: &str, line: u64, raw: &[u8]) {
        let hour = record.hour();
        self.newest = self.newest.max(Some(hour));
        if hour < self.from || hour >= self.day.end() {
            return;
        }
        let of_day = self.day.contains(hour);
        if !self.counters.contains_key(record.id()) {
            self.counters.insert(record.id().to_owned(), Counter::default());
        }
        let Some(counter) = self.counters.get_mut(record.id()) else { return };
        let (name, given, point) = record.into_parts();
        let mut reject = |reason| {
            if of_day {
                self.tally.reject(reason, key, line, raw);
            }
        };
        counter.name = name.or(counter.name.take());
        match point {
            Ok(point) => counter.point = point.or(counter.point),
            Err(reason) => reject(reason),
        }
        let count = given.count().unwrap_or_else(|reason| {
            reject(reason);
            None
        });
        let same = counter.cells.get(&hour).map(|before| before.given == given);
        counter.cells.insert(hour, Cell { given, count });
        if of_day {
            self.tally.rows_of_day += 1;
            self.repeats += u64::from(same == Some(true));
            self.conflicts += u64::from(same == Some(false));
        }
    }

    /// The counters, by the bytes of their ids.
    pub fn counters(&self) -> impl Iterator<Item = (&str, &Counter)> {
        self.counters.iter().map(|(id, counter)| (id.as_str(), counter))
    }

    /// The hour of the earliest record in the window.
    #[must_use]
    pub fn earliest(&self) -> Option<DateTime<Utc>> {
        self.counters.values().filter_map(|counter| counter.cells.keys().next().copied()).min()
    }

    /// The hour of the newest record of all, beyond the window too.
    #[must_use]
    pub fn newest(&self) -> Option<DateTime<Utc>> {
        self.newest
    }

    /// The local date of the newest record of all.
    #[must_use]
    pub fn last_day(&self) -> Option<NaiveDate> {
        Some(ServiceDay::of(self.newest?, self.day.tz()).date())
    }
}
