//! One parsed file of bike counts: its records in hour order, interned names and the rejected rows.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use contract::{Reason, ServiceDay, Tz};

use super::record::{ApiRecord, DATE, Fields, Point, PublishedCount, Record};
use super::{COLUMNS, LISTS, TOTALS};
use crate::city::City;
use crate::quality::{DaySpan, RowCounts};
use crate::raw_file::{RawFile, SourceError};
use crate::source::acceptance::Acceptance;
use crate::source::parsed_file::{self, FileRecords};
use crate::source::rejected::FileRejections;
use crate::source::text::json_records::Answer;
use crate::source::text::table::Table;
use crate::source::text::timestamp::rejected_time;

/// Index of a missing entry.
const NONE: u32 = u32::MAX;

/// One file of bike counts, parsed for all days.
pub(crate) type ParsedFile = parsed_file::ParsedFile<Records>;

/// The records of a file.
#[derive(Debug, Default)]
pub(crate) struct Records {
    /// Rows and objects, including rejected ones.
    pub(crate) rows: u64,
    /// Rejections that do not depend on the day.
    pub(crate) rejected: FileRejections,
    acceptance: Acceptance,
    /// Rejected values by day.
    pub(crate) values: BTreeMap<NaiveDate, FileRejections>,
    /// The number of records that the pages say their answer has.
    pub(crate) announced: Option<u64>,
    /// Distinct counter ids.
    pub(crate) counters: Vec<Arc<str>>,
    names: Vec<Arc<str>>,
    points: Vec<Point>,
    /// In hour order; records of the same hour keep file order.
    records: Vec<CounterRecord>,
}

/// One record.
#[derive(Debug)]
pub(crate) struct CounterRecord {
    /// Start of the hour, seconds since the epoch.
    pub(crate) hour: i64,
    pub(crate) row: u32,
    /// Index in [`Records::counters`].
    pub(crate) counter: u32,
    name: u32,
    point: u32,
    pub(crate) count: PublishedCount,
}

#[must_use]
pub(crate) fn parse(file: &RawFile, city: &City) -> ParsedFile {
    ParsedFile::parse(file, |file| parse_snapshot(&file.bytes, city.tz), |file| parse_export(file, city.tz))
}

impl FileRecords for Records {
    fn row_counts(&self) -> RowCounts {
        let of_days = self.values.values().flat_map(FileRejections::counts);
        RowCounts::of(self.rows, self.rejected.counts().chain(of_days))
    }

    fn days(&self, tz: Tz) -> Option<DaySpan> {
        DaySpan::of_instants(self.records.first()?.hour, self.records.last()?.hour, tz)
    }

    fn acceptance(&self) -> &Acceptance {
        &self.acceptance
    }
}

fn parse_export(file: &RawFile, tz: Tz) -> Result<Records, SourceError> {
    let table = Table::open(&file.key, &file.bytes, &COLUMNS)?;
    let mut builder = RecordsBuilder::default();
    for row in table.rows() {
        match &row {
            Ok(row) => {
                let wrong = |reason| rejected_time(row, &[DATE], reason);
                builder.add(Record::of_row(row, tz), row.line, row.raw(), wrong, tz);
            }
            Err(bad) => builder.add(Err(bad.reason), bad.line, bad.raw, |_| bad.raw, tz),
        }
    }
    Ok(builder.finish())
}

/// The error says why the snapshot is unreadable; none of its rows are counted then.
fn parse_snapshot(bytes: &[u8], tz: Tz) -> Result<Records, String> {
    let answer = Answer::split(bytes, &LISTS).map_err(|shape| format!("resembles {shape}"))?;
    let mut builder = RecordsBuilder::default();
    let mut recognized = answer.elements().next().is_none();
    for element in answer.elements() {
        let fields = element.parse().and_then(|ApiRecord(fields)| fields.ok_or(Reason::UnreadableRecord));
        recognized |= fields.as_ref().is_ok_and(Fields::has_counter_field);
        let record = fields.as_ref().map_err(|reason| *reason).and_then(|fields| Record::of_json(fields, tz));
        let date = fields.as_ref().ok().and_then(Fields::date).unwrap_or_default();
        let wrong = |reason| if reason == Reason::UnreadableDate { date.as_bytes() } else { element.raw };
        builder.add(record, element.line, element.raw, wrong, tz);
    }
    let announced = answer.pages.iter().filter_map(|page| TOTALS.iter().find_map(|name| page.entry(name))).max();
    if !recognized {
        return Err(format!("resembles {} without a bike count", answer.shape));
    }
    Ok(Records { announced, ..builder.finish() })
}

#[derive(Default)]
struct RecordsBuilder {
    records: Records,
    /// Index of the counter by id.
    known: HashMap<Arc<str>, u32>,
    /// By counter: indexes of its latest name and point, which rarely change.
    last: Vec<(u32, u32)>,
}

impl RecordsBuilder {
    /// `wrong` gives the part of the text that is wrong, for a reason.
    fn add<'r>(
        &mut self,
        record: Result<Record<'_>, Reason>,
        line: u64,
        raw: &[u8],
        wrong: impl FnOnce(Reason) -> &'r [u8],
        tz: Tz,
    ) {
        let records = &mut self.records;
        let row = u32::try_from(records.rows).unwrap_or(NONE);
        records.rows += 1;
        let record = match record {
            Ok(record) => record,
            Err(reason) => {
                records.acceptance.reject(reason, wrong(reason));
                return records.rejected.add(row, line, reason, raw);
            }
        };
        records.acceptance.accept();
        for reason in [record.point.err(), record.count.value().err()].into_iter().flatten() {
            let day = ServiceDay::of(record.hour, tz).date();
            records.values.entry(day).or_default().add(row, line, reason, raw);
        }
        let counter = match self.known.get(&*record.id) {
            Some(counter) => *counter,
            None => {
                let (id, counter): (Arc<str>, u32) = (record.id.into(), index(records.counters.len()));
                records.counters.push(Arc::clone(&id));
                self.known.insert(id, counter);
                self.last.push((NONE, NONE));
                counter
            }
        };
        let mut entry =
            CounterRecord { hour: record.hour.timestamp(), row, counter, name: NONE, point: NONE, count: record.count };
        let Some((name, point)) = self.last.get_mut(counter as usize) else { return };
        if let Some(published) = record.name {
            if at(&records.names, *name).is_none_or(|last| **last != *published) {
                *name = index(records.names.len());
                records.names.push(published.into());
            }
            entry.name = *name;
        }
        if record.point != Ok(None) {
            if at(&records.points, *point) != Some(&record.point) {
                *point = index(records.points.len());
                records.points.push(record.point);
            }
            entry.point = *point;
        }
        records.records.push(entry);
    }

    fn finish(self) -> Records {
        let mut records = self.records;
        if !records.records.is_sorted_by_key(|entry| entry.hour) {
            records.records.sort_by_key(|entry| entry.hour);
        }
        records.records.shrink_to_fit();
        records
    }
}

impl Records {
    /// The records in `[from, to)`, in hour order.
    pub(crate) fn between(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> &[CounterRecord] {
        let place = |instant: DateTime<Utc>| self.records.partition_point(|entry| entry.hour < instant.timestamp());
        let Range { start, end } = place(from)..place(to);
        self.records.get(start..end).unwrap_or_default()
    }

    /// All records.
    pub(crate) fn all(&self) -> &[CounterRecord] {
        &self.records
    }

    /// The hour of the newest record.
    pub(crate) fn newest(&self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp(self.records.last()?.hour, 0)
    }

    pub(crate) fn name(&self, entry: &CounterRecord) -> Option<&Arc<str>> {
        at(&self.names, entry.name)
    }

    /// `(lon, lat)` of the counter; `None` if missing or unreadable.
    pub(crate) fn point(&self, entry: &CounterRecord) -> Option<(f64, f64)> {
        at(&self.points, entry.point).and_then(|point| point.ok().flatten())
    }
}

fn at<T>(list: &[T], index: u32) -> Option<&T> {
    (index != NONE).then(|| list.get(index as usize)).flatten()
}

fn index(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(NONE)
}
