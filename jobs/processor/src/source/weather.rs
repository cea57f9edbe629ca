//! Weather: the timeline snapshots of Visual Crossing and its CSV, to the one record of the day.
//!
//! The latest snapshot that holds the day wins, and any snapshot outranks `batch/`; a record that is rejected gives way to the latest
//! earlier one.

use contract::Reason;
use contract::document::weather::Weather;

use super::snapshot::elements;
use super::table::{Column, Table};
use super::{Measured, RawFile, SourceError};
use crate::context::DayContext;
use crate::indicator;
use crate::quality::Tally;

mod hourly;
mod record;

use hourly::HourlyRows;
pub use record::{DayRecord, HourRecord};

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

/// All that the files have of the day.
#[derive(Debug, Default)]
pub struct Gathered {
    /// The record that counts: the last that is not rejected.
    pub chosen: Option<DayRecord>,
    /// Rows and rejections.
    pub tally: Tally,
    /// Records of the day that were usable on first sight: one for the day, or one per hour.
    pub cells: u64,
    /// Further ones, equal to the one before.
    pub repeats: u64,
    /// Further ones that differ.
    pub conflicts: u64,
    /// The last day of which there is a record.
    pub last_day: Option<chrono::NaiveDate>,
    /// Whether a snapshot was collected after the end of the day.
    pub collected_after: bool,
    /// The time zone of the snapshot that counts, where it is not the city's.
    pub foreign_zone: Option<String>,
}

/// The weather of a day.
///
/// # Errors
/// Names the file of `batch/` that cannot be the source, or says that no snapshot is readable, or that every record of the day is rejected.
pub fn read(files: &[RawFile], context: &DayContext<'_>) -> Result<Measured<Weather>, SourceError> {
    let gathered = gather(files, context)?;
    if gathered.chosen.is_none() && gathered.tally.rows_of_day > 0 {
        // There are records of the day: to say that there are none would send people looking for the wrong thing.
        let reasons: Vec<_> =
            gathered.tally.values.iter().map(|(reason, n)| format!("{n} {}", reason.name())).collect();
        let reason = format!("no record of {} is usable ({})", context.day.date(), reasons.join(", "));
        return Err(SourceError { key: String::new(), reason });
    }
    Ok(indicator::weather::measure(gathered, context))
}

fn gather(files: &[RawFile], context: &DayContext<'_>) -> Result<Gathered, SourceError> {
    let mut files: Vec<_> = files.iter().collect();
    // `None` comes before any time of collection: `batch/` first.
    files.sort_by(|a, b| (a.collected, &a.key).cmp(&(b.collected, &b.key)));
    let mut gathered = Gathered::default();
    let mut hourly = HourlyRows::default();
    let mut lost = Vec::new();
    for file in &files {
        if !file.is_snapshot() {
            read_table(file, context, &mut gathered, &mut hourly)?;
        } else if read_timeline(file, context, &mut gathered).is_some() {
            gathered.collected_after |= file.collected.is_some_and(|collected| collected > context.day.end());
        } else {
            gathered.tally.reject(Reason::InstantaneIllisible, &file.key, 1, &file.bytes);
            lost.push(file.key.as_str());
        }
    }
    match lost.last() {
        Some(last) if lost.len() == files.len() => Err(SourceError {
            key: String::new(),
            reason: format!(
                "none of the {} snapshots is readable, {last} neither; they are empty, cut short or not weather timelines",
                lost.len()
            ),
        }),
        _ => Ok(gathered),
    }
}

/// `None` where the snapshot is not readable; nothing of it is counted then.
fn read_timeline(file: &RawFile, context: &DayContext<'_>, gathered: &mut Gathered) -> Option<()> {
    let days = elements(&file.bytes, &["days"])?;
    let values: Vec<_> = days.iter().map(|day| (day, day.value())).collect();
    if !values.is_empty()
        && !values.iter().any(|(_, value)| value.as_ref().is_ok_and(|day| day.get("datetime").is_some()))
    {
        return None;
    }
    for (element, value) in values {
        gathered.tally.rows += 1;
        let read = value.and_then(|value| {
            let date = record::date_of_json(&value)?;
            gathered.last_day = gathered.last_day.max(Some(date));
            Ok((date == context.day.date()).then_some(value))
        });
        match read {
            Ok(None) => {}
            Ok(Some(value)) => {
                gathered.tally.rows_of_day += 1;
                let (mut record, bad) = DayRecord::of_json(&value);
                for reason in bad {
                    gathered.tally.reject(reason, &file.key, element.line, element.raw);
                }
                record.collected_after = file.collected.is_some_and(|collected| collected > context.day.end());
                if gathered.offer(record, context, &file.key, element.line, element.raw) {
                    gathered.foreign_zone = foreign_zone(file, context);
                }
            }
            Err(reason) => gathered.tally.reject(reason, &file.key, element.line, element.raw),
        }
    }
    Some(())
}

/// The timeline's own time zone where it is not the city's: its days are taken as they are.
fn foreign_zone(file: &RawFile, context: &DayContext<'_>) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Zone {
        timezone: Option<String>,
    }
    let bytes = super::table::without_bom(&file.bytes);
    let zone = serde_json::from_slice::<Zone>(bytes).ok()?.timezone?;
    (zone != context.city.tz.name()).then_some(zone)
}

fn read_table(
    file: &RawFile,
    context: &DayContext<'_>,
    gathered: &mut Gathered,
    hourly: &mut HourlyRows,
) -> Result<(), SourceError> {
    let table = Table::open(&file.key, &file.bytes, &COLUMNS)?;
    let hours_before = hourly.len();
    hourly.begin_file();
    for row in table.rows() {
        gathered.tally.rows += 1;
        let row = match row {
            Ok(row) => row,
            Err(bad) => {
                bad.count(&mut gathered.tally, &file.key);
                continue;
            }
        };
        let when = match record::when_of_row(&row) {
            Ok(when) => when,
            Err(reason) => {
                gathered.tally.reject(reason, &file.key, row.line, row.raw());
                continue;
            }
        };
        gathered.last_day = gathered.last_day.max(Some(when.date));
        if when.date != context.day.date() {
            continue;
        }
        gathered.tally.rows_of_day += 1;
        match when.time {
            None => {
                let (mut record, bad) = DayRecord::of_row(&row);
                for reason in bad {
                    gathered.tally.reject(reason, &file.key, row.line, row.raw());
                }
                // A file that does not say when it was made is one of history.
                record.collected_after = record.source.is_none();
                gathered.offer(record, context, &file.key, row.line, row.raw());
            }
            Some(time) => {
                let (hour, bad) = HourRecord::of_row(&row, time);
                for reason in bad {
                    gathered.tally.reject(reason, &file.key, row.line, row.raw());
                }
                match hour.rejection(&context.parameters.weather) {
                    Some(reason) => gathered.tally.reject(reason, &file.key, row.line, row.raw()),
                    None => match hourly.add(hour, context.day) {
                        None => gathered.cells += 1,
                        Some(true) => gathered.repeats += 1,
                        Some(false) => gathered.conflicts += 1,
                    },
                }
            }
        }
    }
    if hourly.len() > hours_before || hourly.touched() {
        gathered.chosen = hourly.day().or(gathered.chosen.take());
    }
    Ok(())
}

impl Gathered {
    /// Takes a record of the day, later than those before it, unless it is to be rejected; says whether it did.
    fn offer(&mut self, record: DayRecord, context: &DayContext<'_>, key: &str, line: u64, raw: &[u8]) -> bool {
        if let Some(reason) = record.rejection(&context.parameters.weather) {
            self.tally.reject(reason, key, line, raw);
            return false;
        }
        match self.chosen.as_ref().filter(|before| !before.from_hours) {
            None => self.cells += 1,
            Some(before) if before.says_the_same(&record) => self.repeats += 1,
            Some(_) => self.conflicts += 1,
        }
        self.chosen = Some(record);
        true
    }
}

#[cfg(test)]
#[path = "weather/tests.rs"]
mod tests;
