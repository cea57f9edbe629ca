//! Weather: the timeline snapshots of Visual Crossing and its CSV, to the one record of the day.
//!
//! The latest snapshot that holds the day wins, and any snapshot outranks `batch/`; a record that is rejected gives way to the latest
//! earlier one.

use std::sync::Arc;

use contract::Reason;

use crate::context::DayContext;
use crate::quality::QualityCounter;
use crate::raw_file::SourceError;
use crate::source::rejected::RejectedRow;
use crate::source::text::table::Column;

mod hourly;
mod parsed;
mod record;

use hourly::HourlyRows;
use parsed::{FileContent, RecordPeriod, Records, WeatherRecord};
pub(crate) use parsed::{ParsedFile, parse};
pub(crate) use record::{DayRecord, HourRecord};

/// The CSV of one row a day or an hour; the numbers are those of [`record`].
const COLUMNS: [Column; 9] = [
    Column::required(&["datetime"]),
    Column::required(&["temp"]),
    Column::optional(&["tempmin"]),
    Column::optional(&["tempmax"]),
    Column::optional(&["precip"]),
    Column::optional(&["windspeed"]),
    Column::optional(&["windspeedmean"]),
    Column::optional(&["conditions"]),
    Column::optional(&["source"]),
];

/// The record that counts.
#[derive(Debug, Clone)]
pub(crate) struct SelectedRecord {
    /// What it says.
    pub(crate) record: Arc<DayRecord>,
    /// Whether it was collected after the end of the day.
    pub(crate) collected_after: bool,
}

/// All that the files have of the day.
#[derive(Debug, Default)]
pub(crate) struct DayRecords {
    /// The record that counts: the last that is not rejected.
    pub(crate) selected: Option<SelectedRecord>,
    /// Rows and rejections.
    pub(crate) quality: QualityCounter,
    /// Records of the day that were usable on first sight: one for the day, or one per hour.
    pub(crate) cells: u64,
    /// Further ones, equal to the one before.
    pub(crate) repeats: u64,
    /// Further ones that differ.
    pub(crate) conflicts: u64,
    /// The last day of which there is a record.
    pub(crate) last_day: Option<chrono::NaiveDate>,
    /// Whether a snapshot was collected after the end of the day.
    pub(crate) collected_after: bool,
    /// The time zone of the snapshot that counts, where it is not the city's.
    pub(crate) foreign_zone: Option<String>,
}

/// Gathers the records of the day.
///
/// # Errors
/// Names the file of `batch/` that cannot be the source, or says that no snapshot is readable.
pub(crate) fn collect_day(files: &[Arc<ParsedFile>], context: &DayContext<'_>) -> Result<DayRecords, SourceError> {
    let mut files: Vec<&ParsedFile> = files.iter().map(Arc::as_ref).collect();
    // `None` comes before any time of collection: `batch/` first.
    files.sort_by(|a, b| (a.collected, a.key()).cmp(&(b.collected, b.key())));
    let mut day_records = DayRecords::default();
    let mut hourly = HourlyRows::default();
    let mut unreadable = Vec::new();
    for file in &files {
        match &file.content {
            FileContent::Records(records) => day_records.add(file, records, context, &mut hourly),
            FileContent::Invalid(error) => return Err(error.clone()),
            FileContent::Unreadable(quote) => {
                day_records.quality.reject(quote.reason, file.key(), quote.line, quote.excerpt.as_bytes());
                unreadable.push(file.key());
            }
        }
    }
    match unreadable.last() {
        Some(last) if unreadable.len() == files.len() => Err(SourceError {
            key: String::new(),
            reason: format!(
                "none of the {} snapshots is readable, {last} neither; they are empty, cut short or not weather timelines",
                unreadable.len()
            ),
        }),
        _ => Ok(day_records),
    }
}

impl DayRecords {
    /// Adds a file, later than those before it.
    fn add(&mut self, file: &ParsedFile, records: &Records, context: &DayContext<'_>, hourly: &mut HourlyRows) {
        self.quality.rows += records.rows;
        self.last_day = self.last_day.max(records.last_day());
        let after = file.collected.map(|collected| collected > context.day.end());
        self.collected_after |= after == Some(true);
        let hours_before = hourly.len();
        hourly.begin_file();
        let mut of_day = Vec::new();
        for entry in records.days.get(&context.day.date()).into_iter().flatten() {
            self.quality.rows_of_day += 1;
            let mut reject = |reason: Reason| {
                let WeatherRecord { row, line, ref excerpt, .. } = *entry;
                of_day.push(RejectedRow { row, line, reason, excerpt: excerpt.clone() });
            };
            (0..entry.unread).for_each(|_| reject(Reason::UnreadableValue));
            match &entry.period {
                RecordPeriod::Day(record) => match record.rejection(&context.parameters.weather) {
                    Some(reason) => reject(reason),
                    None => {
                        // A file that does not say when it was made is one of history.
                        let collected_after = after.unwrap_or(record.source.is_none());
                        self.offer(SelectedRecord { record: Arc::clone(record), collected_after });
                        if file.collected.is_some() {
                            self.foreign_zone.clone_from(&records.foreign_zone);
                        }
                    }
                },
                RecordPeriod::Hour(time, hour) => match hour.rejection(&context.parameters.weather) {
                    Some(reason) => reject(reason),
                    None => match hourly.add(*time, hour, context.day) {
                        None => self.cells += 1,
                        Some(true) => self.repeats += 1,
                        Some(false) => self.conflicts += 1,
                    },
                },
            }
        }
        of_day.iter().for_each(|quote| self.quality.count(quote.reason, 1));
        records.rejected.count_into(&of_day, file.key(), &mut self.quality);
        if hourly.len() > hours_before || hourly.touched() {
            let selected = hourly.day().map(|record| {
                let collected_after = record.source.is_none();
                SelectedRecord { record: Arc::new(record), collected_after }
            });
            self.selected = selected.or(self.selected.take());
        }
    }

    /// Takes a record of the day, later than those before it.
    fn offer(&mut self, selected: SelectedRecord) {
        match self.selected.as_ref().filter(|before| !before.record.from_hours) {
            None => self.cells += 1,
            Some(before) if before.record == selected.record => self.repeats += 1,
            Some(_) => self.conflicts += 1,
        }
        self.selected = Some(selected);
    }
}
