//! One parsed weather file: its records by day, as published.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use contract::Reason;

use super::COLUMNS;
use super::record::{self, DayRecord, HourRecord, Interner};
use crate::city::City;
use crate::quality::{RowCounts, excerpt_of};
use crate::raw_file::{RawFile, SourceError};
use crate::source::rejected::{FileRejections, RejectedRow};
use crate::source::text::json::Json;
use crate::source::text::json_records::elements;
use crate::source::text::table::{Table, without_bom};

/// One weather file, parsed for all days.
#[derive(Debug)]
pub(crate) struct ParsedFile {
    key: String,
    /// Collection time of a snapshot; `None` in `batch/`.
    pub(crate) collected: Option<DateTime<Utc>>,
    pub(crate) content: FileContent,
}

#[derive(Debug)]
pub(crate) enum FileContent {
    Records(Records),
    /// An unreadable snapshot.
    Unreadable(RejectedRow),
    /// A file of `batch/` that is not an export of this source.
    Invalid(SourceError),
}

/// The records of a file.
#[derive(Debug, Default)]
pub(crate) struct Records {
    /// Rows and objects, including rejected ones.
    pub(crate) rows: u64,
    /// Rejections that do not depend on the day.
    pub(crate) rejected: FileRejections,
    /// By local day; records of one day in file order.
    pub(crate) days: BTreeMap<NaiveDate, Vec<WeatherRecord>>,
    /// The timeline's time zone if it differs from the city's; its days are used unchanged.
    pub(crate) foreign_zone: Option<String>,
}

/// One record. Its validity depends on the parameters of the day, so an excerpt is kept for a later rejection.
#[derive(Debug)]
pub(crate) struct WeatherRecord {
    pub(crate) row: u32,
    /// Physical line, from 1.
    pub(crate) line: u64,
    /// Number of unreadable values.
    pub(crate) unread: u32,
    pub(crate) excerpt: Box<str>,
    pub(crate) period: RecordPeriod,
}

#[derive(Debug)]
pub(crate) enum RecordPeriod {
    Day(Arc<DayRecord>),
    /// An hour and its start in local time.
    Hour(NaiveTime, HourRecord),
}

/// Never fails: errors are kept in the result and evaluated when a day is measured.
#[must_use]
pub(crate) fn parse(file: &RawFile, city: &City) -> ParsedFile {
    let content = if file.is_snapshot() {
        match parse_timeline(&file.bytes, city) {
            Some(records) => FileContent::Records(records),
            None => FileContent::Unreadable(RejectedRow::of(0, 1, Reason::UnreadableSnapshot, &file.bytes)),
        }
    } else {
        parse_table(file).map_or_else(FileContent::Invalid, FileContent::Records)
    };
    ParsedFile { key: file.key.clone(), collected: file.collected, content }
}

impl ParsedFile {
    /// Key relative to the raw folder.
    #[must_use]
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// Rows and rejections of all days.
    #[must_use]
    pub(crate) fn row_counts(&self) -> RowCounts {
        match &self.content {
            FileContent::Records(records) => RowCounts::of(records.rows, records.rejected.counts()),
            FileContent::Unreadable(quote) => RowCounts::of(0, [(quote.reason, 1)]),
            FileContent::Invalid(_) => RowCounts::default(),
        }
    }
}

/// `None` if the snapshot is unreadable; none of its rows are counted then.
fn parse_timeline(bytes: &[u8], city: &City) -> Option<Records> {
    let days = elements(bytes, &["days"])?;
    let mut recognized = days.is_empty();
    let mut records = Records::default();
    let mut texts = Interner::default();
    for day in &days {
        let value = day.parse::<Json<'_>>();
        recognized |= value.as_ref().is_ok_and(|value| value.get("datetime").is_some());
        let read = value.and_then(|value| Ok((record::date_of_json(&value)?, value)));
        match read {
            Ok((date, value)) => {
                let (record, unread) = DayRecord::of_json(&value, &mut texts);
                records.add(date, day.line, unread, day.raw, RecordPeriod::Day(Arc::new(record)));
            }
            Err(reason) => records.reject(day.line, reason, day.raw),
        }
    }
    records.foreign_zone = foreign_zone(bytes, city);
    recognized.then_some(records)
}

fn foreign_zone(bytes: &[u8], city: &City) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Zone {
        timezone: Option<String>,
    }
    let zone = serde_json::from_slice::<Zone>(without_bom(bytes)).ok()?.timezone?;
    (zone != city.tz.name()).then_some(zone)
}

fn parse_table(file: &RawFile) -> Result<Records, SourceError> {
    let table = Table::open(&file.key, &file.bytes, &COLUMNS)?;
    let mut records = Records::default();
    let mut texts = Interner::default();
    for row in table.rows() {
        let row = match row {
            Ok(row) => row,
            Err(bad) => {
                records.reject(bad.line, bad.reason, bad.raw);
                continue;
            }
        };
        match record::timestamp_of_row(&row) {
            Ok(timestamp) => {
                let (period, unread) = match timestamp.time {
                    None => {
                        let (record, unread) = DayRecord::of_row(&row, &mut texts);
                        (RecordPeriod::Day(Arc::new(record)), unread)
                    }
                    Some(time) => {
                        let (record, unread) = HourRecord::of_row(&row, time, &mut texts);
                        (RecordPeriod::Hour(time, record), unread)
                    }
                };
                records.add(timestamp.date, row.line, unread, row.raw(), period);
            }
            Err(reason) => records.reject(row.line, reason, row.raw()),
        }
    }
    Ok(records)
}

impl Records {
    fn add(&mut self, date: NaiveDate, line: u64, unread: u32, raw: &[u8], period: RecordPeriod) {
        let row = self.next_row();
        let entry = WeatherRecord { row, line, unread, excerpt: excerpt_of(raw).into(), period };
        self.days.entry(date).or_default().push(entry);
    }

    fn reject(&mut self, line: u64, reason: Reason, raw: &[u8]) {
        let row = self.next_row();
        self.rejected.add(row, line, reason, raw);
    }

    fn next_row(&mut self) -> u32 {
        self.rows += 1;
        u32::try_from(self.rows).unwrap_or(u32::MAX)
    }

    /// The last day that has a record, valid or not.
    pub(crate) fn last_day(&self) -> Option<NaiveDate> {
        self.days.keys().next_back().copied()
    }
}
