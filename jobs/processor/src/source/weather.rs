//! Weather: timeline snapshots and CSV exports of Visual Crossing, one record per day.
//!
//! The latest snapshot that contains the day wins, and any snapshot outranks `batch/`. If its record is rejected, the next earlier record
//! is used.

use std::sync::Arc;

use contract::Reason;

use crate::context::DayContext;
use crate::order::file_order;
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

/// CSV with one row per day or hour. The constants in [`record`] are indexes into this list.
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

/// The record that the day's figures use.
#[derive(Debug, Clone)]
pub(crate) struct SelectedRecord {
    pub(crate) record: Arc<DayRecord>,
    /// Whether it was collected after the end of the day, so that it is an observation.
    pub(crate) collected_after: bool,
}

/// The records of the day in all files.
#[derive(Debug, Default)]
pub(crate) struct DayRecords {
    /// The last record that is not rejected.
    pub(crate) selected: Option<SelectedRecord>,
    pub(crate) quality: QualityCounter,
    /// First valid records: one for the day, or one per hour.
    pub(crate) cells: u64,
    /// Later records equal to the previous one.
    pub(crate) repeats: u64,
    /// Later records that differ from the previous one.
    pub(crate) conflicts: u64,
    /// The last day that has a record.
    pub(crate) last_day: Option<chrono::NaiveDate>,
    /// Whether a snapshot was collected after the end of the day.
    pub(crate) collected_after: bool,
    /// The time zone of the selected snapshot if it differs from the city's.
    pub(crate) foreign_zone: Option<String>,
}

/// # Errors
/// A file of `batch/` is not an export of the weather, or no snapshot is readable.
pub(crate) fn collect_day(files: &[Arc<ParsedFile>], context: &DayContext<'_>) -> Result<DayRecords, SourceError> {
    let mut files: Vec<&ParsedFile> = files.iter().map(Arc::as_ref).collect();
    // `None` sorts first: `batch/` comes before the snapshots.
    files.sort_by(|a, b| a.collected.cmp(&b.collected).then_with(|| file_order(a.key(), b.key())));
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
                "none of the {} snapshots is readable (last: {last}): they are empty, truncated or not weather timelines; check the collection",
                unreadable.len()
            ),
        }),
        _ => Ok(day_records),
    }
}

impl DayRecords {
    /// Adds a file; files come in order.
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
                        // A record without a source comes from a historical export.
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

    /// Selects a record of the day; records come in order.
    fn offer(&mut self, selected: SelectedRecord) {
        match self.selected.as_ref().filter(|before| !before.record.from_hours) {
            None => self.cells += 1,
            Some(before) if before.record == selected.record => self.repeats += 1,
            Some(_) => self.conflicts += 1,
        }
        self.selected = Some(selected);
    }
}
