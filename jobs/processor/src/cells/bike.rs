//! The cells of bike counters, one per counter and hour, in the window that a day's figures need.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use contract::ServiceDay;

use crate::context::DayContext;
use crate::quality::Tally;
use crate::raw_file::SourceError;
use crate::source::bike_counts::ParsedFile;
use crate::source::bike_counts::parsed::{Content, Entry, Records};
use crate::source::bike_counts::record::Given;
use crate::source::rejected::Rejected;

/// Longest window that a setting can ask for, days: beyond it lies the end of the calendar.
pub(crate) const LONGEST_WINDOW: i64 = 3660;

/// A counter and its hours.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Counter {
    /// Its id.
    pub(crate) id: Arc<str>,
    /// Its name, of the last record that has it.
    pub(crate) name: Option<Arc<str>>,
    /// Longitude and latitude, of the last record that has them.
    pub(crate) point: Option<(f64, f64)>,
    /// By hour.
    cells: Vec<Cell>,
}

#[derive(Debug, Clone, PartialEq)]
struct Cell {
    /// The start of the hour, seconds.
    hour: i64,
    given: Given,
    count: Option<u32>,
}

impl Counter {
    /// What is known of an hour: `None` without a record, `Some(None)` without a value.
    #[must_use]
    pub(crate) fn at(&self, hour: DateTime<Utc>) -> Option<Option<u32>> {
        let place = self.cells.binary_search_by_key(&hour.timestamp(), |cell| cell.hour).ok()?;
        self.cells.get(place).map(|cell| cell.count)
    }

    /// Whether any hour from an instant on has a value.
    #[must_use]
    pub(crate) fn has_value_since(&self, from: DateTime<Utc>) -> bool {
        self.cells.iter().rev().take_while(|cell| cell.hour >= from.timestamp()).any(|cell| cell.count.is_some())
    }

    /// How many records of a day were used.
    #[must_use]
    pub(crate) fn cells_of(&self, day: ServiceDay) -> usize {
        let before = |instant: DateTime<Utc>| self.cells.partition_point(|cell| cell.hour < instant.timestamp());
        before(day.end()) - before(day.start())
    }

    /// Puts a record into its cell; whether it equals the one that was there, `None` where none was.
    fn put(&mut self, entry: &Entry) -> Option<bool> {
        let cell = Cell { hour: entry.hour, given: entry.given.clone(), count: entry.given.count().unwrap_or(None) };
        // Records mostly come in the order of hours.
        if self.cells.last().is_none_or(|last| last.hour < cell.hour) {
            self.cells.push(cell);
            return None;
        }
        match self.cells.binary_search_by_key(&cell.hour, |known| known.hour) {
            Err(place) => {
                self.cells.insert(place, cell);
                None
            }
            Ok(place) => {
                let known = self.cells.get_mut(place)?;
                let same = known.given == cell.given;
                *known = cell;
                Some(same)
            }
        }
    }
}

/// All counters in the window that ends with the day.
#[derive(Debug, Clone)]
pub(crate) struct Cells {
    day: ServiceDay,
    from: DateTime<Utc>,
    counters: Vec<Counter>,
    places: HashMap<Arc<str>, usize>,
    /// Rows and rejections.
    pub(crate) tally: Tally,
    /// Further records of a cell of the day, equal to the one before.
    pub(crate) repeats: u64,
    /// Further records of a cell of the day that differ from the one before.
    pub(crate) conflicts: u64,
    newest: Option<DateTime<Utc>>,
}

impl Cells {
    /// None yet; the window has `days` days.
    #[must_use]
    pub(crate) fn new(day: ServiceDay, days: i64) -> Self {
        Self {
            day,
            // Runs look back two days whatever is expected.
            from: day.plus(1 - days.clamp(3, LONGEST_WINDOW)).start(),
            counters: Vec::new(),
            places: HashMap::new(),
            tally: Tally::default(),
            repeats: 0,
            conflicts: 0,
            newest: None,
        }
    }

    /// Adds a file, later than those before it: a record of a cell that is known replaces it.
    pub(crate) fn add(&mut self, file: &Records, key: &str) {
        self.tally.rows += file.rows;
        self.newest = self.newest.max(file.newest());
        let values = file.values.get(&self.day.date());
        for (reason, n) in values.into_iter().flat_map(Rejected::counts) {
            self.tally.count(reason, n);
        }
        file.rejected.tell(values.into_iter().flat_map(Rejected::quotes), key, &mut self.tally);

        // By counter of the file: its place here, and the last row that names it or says where it stands.
        let mut met: Vec<Option<(usize, Last, Last)>> = vec![None; file.counters.len()];
        for entry in file.between(self.from, self.day.end()) {
            let (Some(met), Some(id)) =
                (met.get_mut(entry.counter as usize), file.counters.get(entry.counter as usize))
            else {
                continue;
            };
            let (place, name, point) = met.get_or_insert_with(|| (self.place(id), None, None));
            let Some(counter) = self.counters.get_mut(*place) else { continue };
            // Records stand in the order of hours, and the last in the file counts.
            if name.is_none_or(|last| last < entry.row)
                && let Some(given) = file.name(entry)
            {
                if counter.name.as_ref() != Some(given) {
                    counter.name = Some(Arc::clone(given));
                }
                *name = Some(entry.row);
            }
            if point.is_none_or(|last| last < entry.row)
                && let Some(given) = file.point(entry)
            {
                counter.point = Some(given);
                *point = Some(entry.row);
            }
            let same = counter.put(entry);
            if (self.day.start().timestamp()..self.day.end().timestamp()).contains(&entry.hour) {
                self.tally.rows_of_day += 1;
                self.repeats += u64::from(same == Some(true));
                self.conflicts += u64::from(same == Some(false));
            }
        }
    }

    fn place(&mut self, id: &Arc<str>) -> usize {
        *self.places.entry(Arc::clone(id)).or_insert_with(|| {
            self.counters.push(Counter { id: Arc::clone(id), name: None, point: None, cells: Vec::new() });
            self.counters.len() - 1
        })
    }

    /// The counters, in no order that means anything.
    pub(crate) fn counters(&self) -> impl Iterator<Item = &Counter> {
        self.counters.iter()
    }

    /// The hour of the earliest record in the window.
    #[must_use]
    pub(crate) fn earliest(&self) -> Option<DateTime<Utc>> {
        let hour = self.counters.iter().filter_map(|counter| counter.cells.first()).map(|cell| cell.hour).min()?;
        DateTime::from_timestamp(hour, 0)
    }

    /// The hour of the newest record of all, beyond the window too.
    #[must_use]
    pub(crate) fn newest(&self) -> Option<DateTime<Utc>> {
        self.newest
    }

    /// The local date of the newest record of all.
    #[must_use]
    pub(crate) fn last_day(&self) -> Option<NaiveDate> {
        Some(ServiceDay::of(self.newest?, self.day.tz()).date())
    }
}

/// Position in a file of the last record that had something to say.
type Last = Option<u32>;

/// The cells of the window that the day needs, and the tally of all rows.
///
/// # Errors
/// As [`read`].
pub(crate) fn collect(files: &[Arc<ParsedFile>], context: &DayContext<'_>) -> Result<Cells, SourceError> {
    let mut files: Vec<&ParsedFile> = files.iter().map(Arc::as_ref).collect();
    // `None` comes before any time of collection: `batch/` first.
    files.sort_by(|a, b| (a.collected, a.key()).cmp(&(b.collected, b.key())));
    let mut cells = Cells::new(context.day, context.parameters.bikes.attendu_jours);
    let mut lost = Vec::new();
    for file in &files {
        match &file.content {
            Content::Records(records) => cells.add(records, file.key()),
            Content::Refused(error) => return Err(error.clone()),
            Content::Lost(quote) => {
                cells.tally.reject(quote.reason, file.key(), quote.line, quote.excerpt.as_bytes());
                lost.push(file.key());
            }
        }
    }
    match lost.last() {
        Some(last) if lost.len() == files.len() => Err(SourceError {
            key: String::new(),
            reason: format!(
                "none of the {} snapshots is readable, {last} neither; they are empty, cut short or not those of bike counters",
                lost.len()
            ),
        }),
        _ => Ok(cells),
    }
}
