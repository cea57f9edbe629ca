//! The cells of bike counters, one per counter and hour, in the window that a day's figures need.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use contract::ServiceDay;

use crate::context::DayContext;
use crate::quality::QualityCounter;
use crate::raw_file::SourceError;
use crate::source::bike_counts::ParsedFile;
use crate::source::bike_counts::parsed::{CounterRecord, FileContent, Records};
use crate::source::bike_counts::record::PublishedCount;
use crate::source::rejected::FileRejections;

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
    cells: Vec<BikeCell>,
}

#[derive(Debug, Clone, PartialEq)]
struct BikeCell {
    /// The start of the hour, seconds.
    hour: i64,
    published: PublishedCount,
    count: Option<u32>,
}

impl Counter {
    /// What is known of an hour: `None` without a record, `Some(None)` without a value.
    #[must_use]
    pub(crate) fn at(&self, hour: DateTime<Utc>) -> Option<Option<u32>> {
        let position = self.cells.binary_search_by_key(&hour.timestamp(), |cell| cell.hour).ok()?;
        self.cells.get(position).map(|cell| cell.count)
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
    fn insert(&mut self, entry: &CounterRecord) -> Option<bool> {
        let cell =
            BikeCell { hour: entry.hour, published: entry.count.clone(), count: entry.count.value().unwrap_or(None) };
        // Records mostly come in the order of hours.
        if self.cells.last().is_none_or(|last| last.hour < cell.hour) {
            self.cells.push(cell);
            return None;
        }
        match self.cells.binary_search_by_key(&cell.hour, |known| known.hour) {
            Err(position) => {
                self.cells.insert(position, cell);
                None
            }
            Ok(position) => {
                let known = self.cells.get_mut(position)?;
                let same = known.published == cell.published;
                *known = cell;
                Some(same)
            }
        }
    }
}

/// All counters in the window that ends with the day.
#[derive(Debug, Clone)]
pub(crate) struct BikeCells {
    day: ServiceDay,
    from: DateTime<Utc>,
    counters: Vec<Counter>,
    positions: HashMap<Arc<str>, usize>,
    /// Rows and rejections.
    pub(crate) quality: QualityCounter,
    /// Further records of a cell of the day, equal to the one before.
    pub(crate) repeats: u64,
    /// Further records of a cell of the day that differ from the one before.
    pub(crate) conflicts: u64,
    newest: Option<DateTime<Utc>>,
}

impl BikeCells {
    /// None yet; the window has `days` days.
    #[must_use]
    pub(crate) fn new(day: ServiceDay, days: i64) -> Self {
        Self {
            day,
            // Runs look back two days whatever is expected.
            from: day.plus(1 - days.clamp(3, LONGEST_WINDOW)).start(),
            counters: Vec::new(),
            positions: HashMap::new(),
            quality: QualityCounter::default(),
            repeats: 0,
            conflicts: 0,
            newest: None,
        }
    }

    /// Adds a file, later than those before it: a record of a cell that is known replaces it.
    pub(crate) fn add(&mut self, file: &Records, key: &str) {
        self.quality.rows += file.rows;
        self.newest = self.newest.max(file.newest());
        let values = file.values.get(&self.day.date());
        for (reason, n) in values.into_iter().flat_map(FileRejections::counts) {
            self.quality.count(reason, n);
        }
        file.rejected.count_into(values.into_iter().flat_map(FileRejections::examples), key, &mut self.quality);

        // By counter of the file: its position here, and the last row that names it or says where it stands.
        let mut counter_positions: Vec<Option<(usize, LastRow, LastRow)>> = vec![None; file.counters.len()];
        for entry in file.between(self.from, self.day.end()) {
            let (Some(counter_positions), Some(id)) =
                (counter_positions.get_mut(entry.counter as usize), file.counters.get(entry.counter as usize))
            else {
                continue;
            };
            let (position, name, point) = counter_positions.get_or_insert_with(|| (self.position(id), None, None));
            let Some(counter) = self.counters.get_mut(*position) else { continue };
            // Records stand in the order of hours, and the last in the file counts.
            if name.is_none_or(|last| last < entry.row)
                && let Some(published) = file.name(entry)
            {
                if counter.name.as_ref() != Some(published) {
                    counter.name = Some(Arc::clone(published));
                }
                *name = Some(entry.row);
            }
            if point.is_none_or(|last| last < entry.row)
                && let Some(published) = file.point(entry)
            {
                counter.point = Some(published);
                *point = Some(entry.row);
            }
            let same = counter.insert(entry);
            if (self.day.start().timestamp()..self.day.end().timestamp()).contains(&entry.hour) {
                self.quality.rows_of_day += 1;
                self.repeats += u64::from(same == Some(true));
                self.conflicts += u64::from(same == Some(false));
            }
        }
    }

    fn position(&mut self, id: &Arc<str>) -> usize {
        *self.positions.entry(Arc::clone(id)).or_insert_with(|| {
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
type LastRow = Option<u32>;

/// The cells of the window that the day needs, and the tally of all rows.
///
/// # Errors
/// As [`read`].
pub(crate) fn aggregate(files: &[Arc<ParsedFile>], context: &DayContext<'_>) -> Result<BikeCells, SourceError> {
    let mut files: Vec<&ParsedFile> = files.iter().map(Arc::as_ref).collect();
    // `None` comes before any time of collection: `batch/` first.
    files.sort_by(|a, b| (a.collected, a.key()).cmp(&(b.collected, b.key())));
    let mut cells = BikeCells::new(context.day, context.parameters.bikes.attendu_jours);
    let mut unreadable = Vec::new();
    for file in &files {
        match &file.content {
            FileContent::Records(records) => cells.add(records, file.key()),
            FileContent::Invalid(error) => return Err(error.clone()),
            FileContent::Unreadable(quote) => {
                cells.quality.reject(quote.reason, file.key(), quote.line, quote.excerpt.as_bytes());
                unreadable.push(file.key());
            }
        }
    }
    match unreadable.last() {
        Some(last) if unreadable.len() == files.len() => Err(SourceError {
            key: String::new(),
            reason: format!(
                "none of the {} snapshots is readable, {last} neither; they are empty, cut short or not those of bike counters",
                unreadable.len()
            ),
        }),
        _ => Ok(cells),
    }
}
