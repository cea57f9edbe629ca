//! One parsed weather file: its records by day, as published.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use contract::{Reason, ServiceDay, Tz};

use super::COLUMNS;
use super::humidity::HumidityCheck;
use super::record::{self, DATETIME, DayRecord, HourRecord, Interner, Period, UnitEvidence};
use super::timeline::TimelineHours;
use crate::city::City;
use crate::quality::{DaySpan, RowCounts, excerpt_of};
use crate::raw_file::{RawFile, SourceError};
use crate::source::acceptance::Acceptance;
use crate::source::parsed_file::{self, FileRecords};
use crate::source::rejected::FileRejections;
use crate::source::text::json::Json;
use crate::source::text::json_records::{Answer, Element, Page};
use crate::source::text::table::{Row, Table};
use crate::source::text::timestamp::rejected_time;
use crate::units::Units;

/// One weather file, parsed for all days.
pub(crate) type ParsedFile = parsed_file::ParsedFile<Records>;

/// The records of a file.
#[derive(Debug, Default)]
pub(crate) struct Records {
    /// Rows and objects, including rejected ones.
    pub(crate) rows: u64,
    /// Rejections that do not depend on the day.
    pub(crate) rejected: FileRejections,
    acceptance: Acceptance,
    /// By local day; records of one day in file order.
    pub(crate) days: BTreeMap<NaiveDate, Vec<WeatherRecord>>,
    /// The units of records that declare none, inferred from all that have a humidity.
    pub(crate) inferred: Option<Units>,
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
    /// The units that the record declares.
    pub(crate) declared: Option<Units>,
    pub(crate) period: RecordPeriod,
}

#[derive(Debug)]
pub(crate) enum RecordPeriod {
    Day(Arc<DayRecord>),
    /// An hour and its start.
    Hour(DateTime<Utc>, HourRecord),
}

#[must_use]
pub(crate) fn parse(file: &RawFile, city: &City) -> ParsedFile {
    ParsedFile::parse(file, |file| parse_timelines(&file.bytes, city.tz), |file| parse_table(file, city.tz))
}

impl FileRecords for Records {
    fn row_counts(&self) -> RowCounts {
        RowCounts::of(self.rows, self.rejected.counts())
    }

    fn days(&self, _: Tz) -> Option<DaySpan> {
        DaySpan::of_dates(self.days.keys().copied())
    }

    fn acceptance(&self) -> &Acceptance {
        &self.acceptance
    }
}

/// The error says why the snapshot is unreadable; none of its rows are counted then.
fn parse_timelines(bytes: &[u8], tz: Tz) -> Result<Records, String> {
    let answer = Answer::split(bytes, &["days"]).map_err(|shape| format!("resembles {shape}"))?;
    let mut builder = Builder::new(tz);
    let mut recognized = answer.elements().next().is_none();
    for page in &answer.pages {
        for element in &page.elements {
            recognized |= builder.add_object(element, page);
        }
        if let Some(zone) = page.entry::<String>("timezone").filter(|zone| zone != tz.name()) {
            builder.records.foreign_zone = Some(zone);
        }
    }
    if !recognized {
        return Err(format!("resembles {} without a day of weather", answer.shape));
    }
    Ok(builder.finish())
}

fn parse_table(file: &RawFile, tz: Tz) -> Result<Records, SourceError> {
    let table = Table::open(&file.key, &file.bytes, &COLUMNS)?;
    let mut builder = Builder::new(tz);
    for row in table.rows() {
        match row {
            Ok(row) => builder.add_row(&row),
            Err(bad) => builder.reject(bad.line, bad.reason, bad.raw, bad.raw),
        }
    }
    Ok(builder.finish())
}

/// Where a record is: its day and its position there.
type Position = (NaiveDate, usize);

/// A row or an object with what concerns it as a whole.
#[derive(Clone, Copy)]
struct Entry<'a> {
    line: u64,
    raw: &'a [u8],
    /// Number of unreadable values.
    unread: u32,
    declared: Option<Units>,
}

struct Builder {
    tz: Tz,
    records: Records,
    texts: Interner,
    humidity: HumidityCheck,
    timeline: TimelineHours,
    /// The first record of each hour that the clock change repeats; `None` once there is a second one.
    repeated: HashMap<DateTime<Utc>, Option<Position>>,
}

impl Builder {
    fn new(tz: Tz) -> Self {
        Self {
            tz,
            records: Records::default(),
            texts: Interner::default(),
            humidity: HumidityCheck::default(),
            timeline: TimelineHours::default(),
            repeated: HashMap::new(),
        }
    }

    /// Adds an element of a timeline; returns whether it resembles one.
    fn add_object(&mut self, element: &Element<'_>, page: &Page<'_>) -> bool {
        let (line, raw) = (element.line, element.raw);
        let object = match element.parse::<Json<'_>>() {
            Ok(object) => object,
            Err(reason) => {
                self.reject(line, reason, raw, raw);
                return false;
            }
        };
        let (mut day, mut unread) = DayRecord::of_json(&object, &mut self.texts);
        let hours = object.get("hours").map(Json::items).unwrap_or_default();
        let is_day = page.is_page || day.has_extremes() || !hours.is_empty();
        let period = record::timestamp_of_json(&object).and_then(|timestamp| Period::of(timestamp, is_day, self.tz));
        let evidence = self.judge_units(UnitEvidence::of_json(&object));
        let declared = evidence.or_else(|| page.entry::<String>("unitGroup").and_then(|name| Units::parse(&name)));
        match period {
            Err(reason) => {
                let wrong = object.get("datetime").and_then(Json::as_str).map_or(raw, str::as_bytes);
                self.reject(line, reason, raw, if reason == Reason::UnreadableRecord { raw } else { wrong });
            }
            Ok(Period::Day(date)) => {
                for hour in hours {
                    self.judge_units(UnitEvidence::of_json(hour));
                    let own = self.timeline.read(hour, date, self.tz, &mut self.texts, &mut unread);
                    day.hours.extend(own);
                }
                self.add(date, Entry { line, raw, unread, declared }, RecordPeriod::Day(Arc::new(day)));
            }
            Ok(Period::Hour { start, uncertain }) => {
                let time = record::clock_time(start, self.tz, &mut self.texts);
                let mut unread = 0;
                let hour = HourRecord::of_json(&object, time, &mut self.texts, &mut unread);
                self.add_hour(start, uncertain, Entry { line, raw, unread, declared }, hour);
            }
        }
        object.get("datetime").is_some()
    }

    fn add_row(&mut self, row: &Row<'_>) {
        let (day, unread) = DayRecord::of_row(row, &mut self.texts);
        let period = record::timestamp_of_row(row).and_then(|stamp| Period::of(stamp, day.has_extremes(), self.tz));
        let declared = self.judge_units(UnitEvidence::of_row(row));
        let entry = |unread| Entry { line: row.line, raw: row.raw(), unread, declared };
        match period {
            Err(reason) => self.reject(row.line, reason, row.raw(), rejected_time(row, &[DATETIME], reason)),
            Ok(Period::Day(date)) => self.add(date, entry(unread), RecordPeriod::Day(Arc::new(day))),
            Ok(Period::Hour { start, uncertain }) => {
                let time = record::clock_time(start, self.tz, &mut self.texts);
                let (hour, unread) = HourRecord::of_row(row, time, &mut self.texts);
                self.add_hour(start, uncertain, entry(unread), hour);
            }
        }
    }

    /// Returns the declared units; those of a record that declares some decide nothing for the others.
    fn judge_units(&mut self, evidence: UnitEvidence) -> Option<Units> {
        if evidence.declared.is_none() {
            self.humidity.add(evidence.temperature, evidence.dew_point, evidence.humidity);
        }
        evidence.declared
    }

    fn add_hour(&mut self, start: DateTime<Utc>, uncertain: bool, entry: Entry<'_>, hour: HourRecord) {
        let date = ServiceDay::of(start, self.tz).date();
        if uncertain {
            let position = (date, self.records.days.get(&date).map_or(0, Vec::len));
            match self.repeated.insert(start, None) {
                None => _ = self.repeated.insert(start, Some(position)),
                Some(Some(first)) => self.move_to_first_occurrence(first),
                Some(None) => {}
            }
        }
        self.add(date, entry, RecordPeriod::Hour(start, hour));
    }

    /// Of two rows with the same local time without an offset, the first is the hour before the clock change.
    fn move_to_first_occurrence(&mut self, (date, at): Position) {
        let record = self.records.days.get_mut(&date).and_then(|records| records.get_mut(at));
        if let Some(WeatherRecord { period: RecordPeriod::Hour(start, _), .. }) = record {
            let wall = start.with_timezone(&self.tz).naive_local();
            if let Some(first) = chrono::TimeZone::from_local_datetime(&self.tz, &wall).earliest() {
                *start = first.with_timezone(&Utc);
            }
        }
    }

    fn add(&mut self, date: NaiveDate, Entry { line, raw, unread, declared }: Entry<'_>, period: RecordPeriod) {
        self.records.acceptance.accept();
        let row = self.next_row();
        let record = WeatherRecord { row, line, unread, excerpt: excerpt_of(raw).into(), declared, period };
        self.records.days.entry(date).or_default().push(record);
    }

    /// `wrong` is the part of the text that is wrong.
    fn reject(&mut self, line: u64, reason: Reason, raw: &[u8], wrong: &[u8]) {
        self.records.acceptance.reject(reason, wrong);
        let row = self.next_row();
        self.records.rejected.add(row, line, reason, raw);
    }

    fn next_row(&mut self) -> u32 {
        self.records.rows += 1;
        u32::try_from(self.records.rows).unwrap_or(u32::MAX)
    }

    fn finish(mut self) -> Records {
        self.timeline.distribute(&mut self.records.days);
        Records { inferred: self.humidity.units(), ..self.records }
    }
}

impl Records {
    /// The last day that has a record, valid or not.
    pub(crate) fn last_day(&self) -> Option<NaiveDate> {
        self.days.keys().next_back().copied()
    }
}
