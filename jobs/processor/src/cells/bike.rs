//! Cells of bike counters, one per counter and hour, in the window that a day depends on.

mod answers;

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use contract::ServiceDay;

use self::answers::answers;
pub(crate) use self::answers::{Answers, IncompleteAnswers};
use crate::context::DayContext;
use crate::quality::QualityCounter;
use crate::raw_file::SourceError;
use crate::source::bike_counts::ParsedFile;
use crate::source::bike_counts::parsed::{CounterRecord, Records};
use crate::source::bike_counts::record::PublishedCount;
use crate::source::parsed_file::{Readable, readable};
use crate::source::rejected::FileRejections;

/// Longest window, days; longer ones could overflow the calendar.
pub(crate) const LONGEST_WINDOW: i64 = 3660;

/// A counter and its hours.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Counter {
    pub(crate) id: Arc<str>,
    /// Of the last record that has one.
    pub(crate) name: Option<Arc<str>>,
    /// `(lon, lat)` of the last record that has one.
    pub(crate) point: Option<(f64, f64)>,
    /// By hour.
    cells: Vec<BikeCell>,
}

#[derive(Debug, Clone, PartialEq)]
struct BikeCell {
    /// Start of the hour, seconds since the epoch.
    hour: i64,
    /// In the last record.
    published: PublishedCount,
    /// Of the last record that has a value.
    count: Option<u32>,
}

impl Counter {
    /// `None` without a record, `Some(None)` without a value.
    #[must_use]
    pub(crate) fn at(&self, hour: DateTime<Utc>) -> Option<Option<u32>> {
        let position = self.cells.binary_search_by_key(&hour.timestamp(), |cell| cell.hour).ok()?;
        self.cells.get(position).map(|cell| cell.count)
    }

    /// Whether any hour since `from` has a value.
    #[must_use]
    pub(crate) fn has_value_since(&self, from: DateTime<Utc>) -> bool {
        self.cells.iter().rev().take_while(|cell| cell.hour >= from.timestamp()).any(|cell| cell.count.is_some())
    }

    /// Number of cells of a day.
    #[must_use]
    pub(crate) fn cells_of(&self, day: ServiceDay) -> usize {
        let before = |instant: DateTime<Utc>| self.cells.partition_point(|cell| cell.hour < instant.timestamp());
        before(day.end()) - before(day.start())
    }

    /// Replaces the cell of a record, except that a record without a value leaves the value before it; returns whether the record equals the one
    /// before it, `None` if the cell is new.
    fn insert(&mut self, entry: &CounterRecord) -> Option<bool> {
        let cell =
            BikeCell { hour: entry.hour, published: entry.count.clone(), count: entry.count.value().unwrap_or(None) };
        // Records mostly come in hour order.
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
                *known = BikeCell { count: cell.count.or(known.count), ..cell };
                Some(same)
            }
        }
    }
}

/// All counters in the window ending with the day.
#[derive(Debug, Clone)]
pub(crate) struct BikeCells {
    day: ServiceDay,
    from: DateTime<Utc>,
    counters: Vec<Counter>,
    positions: HashMap<Arc<str>, usize>,
    pub(crate) quality: QualityCounter,
    /// Records of the day equal to the previous record of the cell.
    pub(crate) repeats: u64,
    /// Records of the day that differ from the previous record of the cell.
    pub(crate) conflicts: u64,
    newest: Option<DateTime<Utc>>,
    pub(crate) answers: Answers,
    /// About the files as a whole.
    pub(crate) warnings: Vec<String>,
}

impl BikeCells {
    /// The window has `days` days.
    #[must_use]
    pub(crate) fn new(day: ServiceDay, days: i64) -> Self {
        Self {
            day,
            // Failing periods look back two days.
            from: day.plus(1 - days.clamp(3, LONGEST_WINDOW)).start(),
            counters: Vec::new(),
            positions: HashMap::new(),
            quality: QualityCounter::default(),
            repeats: 0,
            conflicts: 0,
            newest: None,
            answers: Answers::default(),
            warnings: Vec::new(),
        }
    }

    /// Adds a file; files come in order, and later records replace earlier ones of the same cell.
    pub(crate) fn add(&mut self, file: &Records, key: &str) {
        self.quality.rows += file.rows;
        self.newest = self.newest.max(file.newest());
        let values = file.values.get(&self.day.date());
        for (reason, n) in values.into_iter().flat_map(FileRejections::counts) {
            self.quality.count(reason, n);
        }
        file.rejected.count_into(values.into_iter().flat_map(FileRejections::examples), key, &mut self.quality);

        // By counter of the file: its index here, and the last rows with its name and point.
        let mut counter_positions: Vec<Option<(usize, LastRow, LastRow)>> = vec![None; file.counters.len()];
        for entry in file.between(self.from, self.day.end()) {
            let (Some(counter_positions), Some(id)) =
                (counter_positions.get_mut(entry.counter as usize), file.counters.get(entry.counter as usize))
            else {
                continue;
            };
            let (position, name, point) = counter_positions.get_or_insert_with(|| (self.position(id), None, None));
            let Some(counter) = self.counters.get_mut(*position) else { continue };
            // Records are in hour order, but the last one in file order counts.
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

    /// Unordered.
    pub(crate) fn counters(&self) -> impl Iterator<Item = &Counter> {
        self.counters.iter()
    }

    /// The hour of the earliest record in the window.
    #[must_use]
    pub(crate) fn earliest(&self) -> Option<DateTime<Utc>> {
        let hour = self.counters.iter().filter_map(|counter| counter.cells.first()).map(|cell| cell.hour).min()?;
        DateTime::from_timestamp(hour, 0)
    }

    /// The hour of the newest record, including those outside the window.
    #[must_use]
    pub(crate) fn newest(&self) -> Option<DateTime<Utc>> {
        self.newest
    }

    /// The local date of the newest record.
    #[must_use]
    pub(crate) fn last_day(&self) -> Option<NaiveDate> {
        Some(ServiceDay::of(self.newest?, self.day.tz()).date())
    }
}

/// Position in the file of the last record that has the value.
type LastRow = Option<u32>;

/// Aggregates the files in the window that the day depends on.
///
/// # Errors
/// A file of `batch/` is not an export of bike counts, or no snapshot is readable.
pub(crate) fn aggregate(files: &[Arc<ParsedFile>], context: &DayContext<'_>) -> Result<BikeCells, SourceError> {
    let mut cells = BikeCells::new(context.day, context.parameters.bikes.attendu_jours);
    let Readable { files, warnings } = readable(files, "bike counts", &mut cells.quality)?;
    for (file, records) in &files {
        cells.add(records, file.key());
    }
    cells.warnings = warnings;
    cells.answers = answers(&files, context.day);
    Ok(cells)
}
