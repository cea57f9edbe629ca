//! Weather: timeline snapshots and CSV exports of Visual Crossing, one record per day.
//!
//! A snapshot collected after the end of the day outranks the exports, which outrank forecasts; among equals the later one wins. If its record
//! is rejected, the next lower one is used.

use std::sync::Arc;

use contract::Reason;

use crate::context::DayContext;
use crate::quality::QualityCounter;
use crate::raw_file::SourceError;
use crate::source::parsed_file::{Readable, readable};
use crate::source::rejected::RejectedRow;
use crate::source::text::table::Column;
use crate::units::Units;

mod hourly;
mod humidity;
mod parsed;
mod record;
mod timeline;

use hourly::HourlyRows;
pub(crate) use parsed::{ParsedFile, RecordPeriod, parse};
use parsed::{Records, WeatherRecord};
pub(crate) use record::{DayRecord, HourRecord};

/// CSV with one row per day or hour. The constants in [`record`] are indexes into this list.
const COLUMNS: [Column; 12] = [
    Column::required(&["datetime"]),
    Column::required(&["temp"]),
    Column::optional(&["tempmin"]),
    Column::optional(&["tempmax"]),
    Column::optional(&["precip"]),
    Column::optional(&["windspeed"]),
    Column::optional(&["windspeedmean"]),
    Column::optional(&["conditions"]),
    Column::optional(&["source"]),
    Column::optional(&["dew"]),
    Column::optional(&["humidity"]),
    Column::optional(&["unitGroup"]),
];

/// The record that the day's figures use.
#[derive(Debug, Clone)]
pub(crate) struct SelectedRecord {
    /// In metric units.
    pub(crate) record: Arc<DayRecord>,
    /// Whether it was collected after the end of the day, so that it is an observation.
    pub(crate) collected_after: bool,
    /// The units that it was converted from, and how they are known.
    pub(crate) converted: Option<(Units, UnitOrigin)>,
    /// The time zone of its timeline if it differs from the city's.
    pub(crate) foreign_zone: Option<String>,
    /// Whether it was aggregated from rows of one hour each.
    of_hourly_rows: bool,
}

/// Why a record is read in some units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UnitOrigin {
    Parameter,
    Profile,
    Record,
    Humidity,
    Default,
}

/// The records of the day in all files.
#[derive(Debug, Default)]
pub(crate) struct DayRecords {
    /// The record of the highest rank that is not rejected.
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
    /// About the files as a whole.
    pub(crate) warnings: Vec<String>,
}

/// Which record is preferred, whatever the order of the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// Of a snapshot, and collected before the day was over, or called a forecast.
    Forecast,
    Export,
    Observation,
}

/// A valid record of the day.
struct Candidate<'a> {
    rank: Rank,
    file: &'a ParsedFile,
    foreign_zone: Option<&'a String>,
    converted: Option<(Units, UnitOrigin)>,
    period: RecordPeriod,
}

/// # Errors
/// A file of `batch/` is not an export of the weather, or no snapshot is readable.
pub(crate) fn collect_day(files: &[Arc<ParsedFile>], context: &DayContext<'_>) -> Result<DayRecords, SourceError> {
    let mut day_records = DayRecords::default();
    let Readable { files, warnings } = readable(files, "weather timelines", &mut day_records.quality)?;
    day_records.warnings = warnings;
    let mut candidates = Vec::new();
    for (file, records) in files {
        day_records.judge(file, records, context, &mut candidates);
    }
    // Stable: files stay in their order within a rank.
    candidates.sort_by_key(|candidate| candidate.rank);
    day_records.select(candidates, context);
    Ok(day_records)
}

impl DayRecords {
    /// Counts the records of the day in a file, and adds the valid ones to the candidates.
    fn judge<'a>(
        &mut self,
        file: &'a ParsedFile,
        records: &'a Records,
        context: &DayContext<'_>,
        candidates: &mut Vec<Candidate<'a>>,
    ) {
        self.quality.rows += records.rows;
        self.last_day = self.last_day.max(records.last_day());
        let after = file.collected.map(|collected| collected > context.day.end());
        self.collected_after |= after == Some(true);
        let parameters = &context.parameters.weather;
        let mut of_day = Vec::new();
        for entry in records.days.get(&context.day.date()).into_iter().flatten() {
            self.quality.rows_of_day += 1;
            let mut reject = |reason: Reason| {
                let WeatherRecord { row, line, ref excerpt, .. } = *entry;
                of_day.push(RejectedRow { row, line, reason, excerpt: excerpt.clone() });
            };
            (0..entry.unread).for_each(|_| reject(Reason::UnreadableValue));
            let (units, origin) = units_of(entry, records, context);
            let (period, source, rejection) = match &entry.period {
                RecordPeriod::Day(record) => {
                    let mut record = record.in_metric(units);
                    if !record.is_complete() {
                        record.hours.retain(|hour| match hour.rejection(parameters) {
                            Some(reason) => {
                                reject(reason);
                                false
                            }
                            None => true,
                        });
                    }
                    let record = record.completed();
                    let rejection = record.rejection(parameters);
                    (RecordPeriod::Day(Arc::new(record)), record_source(&entry.period), rejection)
                }
                RecordPeriod::Hour(start, hour) => {
                    let hour = hour.in_metric(units);
                    let rejection = hour.rejection(parameters);
                    (RecordPeriod::Hour(*start, hour), record_source(&entry.period), rejection)
                }
            };
            if let Some(reason) = rejection {
                reject(reason);
                continue;
            }
            let rank = match after {
                None => Rank::Export,
                Some(true) if source != Some("fcst") => Rank::Observation,
                Some(_) => Rank::Forecast,
            };
            let converted = (units != Units::Metric).then_some((units, origin));
            let foreign_zone = records.foreign_zone.as_ref();
            candidates.push(Candidate { rank, file, foreign_zone, converted, period });
        }
        of_day.iter().for_each(|quote| self.quality.count(quote.reason, 1));
        records.rejected.count_into(&of_day, file.key(), &mut self.quality);
    }

    /// Selects among the candidates, which come in order of their rank: the last day, or the hours of all files up to the last one that has any.
    fn select(&mut self, candidates: Vec<Candidate<'_>>, context: &DayContext<'_>) {
        let mut hourly = HourlyRows::default();
        for Candidate { rank: _, file, foreign_zone, converted, period } in candidates {
            let after = file.collected.map(|collected| collected > context.day.end());
            // A record of an export without a source is an observation.
            let selected = |record: Arc<DayRecord>, of_hourly_rows| SelectedRecord {
                collected_after: after.unwrap_or(record.source.is_none()),
                record,
                converted,
                foreign_zone: foreign_zone.cloned(),
                of_hourly_rows,
            };
            let seen = match period {
                RecordPeriod::Day(record) => {
                    let before = self.selected.as_ref().filter(|before| !before.of_hourly_rows);
                    let seen = before.map(|before| before.record.equals(&record));
                    self.selected = Some(selected(record, false));
                    seen
                }
                RecordPeriod::Hour(start, hour) => {
                    let seen = hourly.add(start, hour);
                    if let Some(day) = hourly.day() {
                        self.selected = Some(selected(Arc::new(day), true));
                    }
                    seen
                }
            };
            match seen {
                None => self.cells += 1,
                Some(true) => self.repeats += 1,
                Some(false) => self.conflicts += 1,
            }
        }
    }
}

fn record_source(period: &RecordPeriod) -> Option<&str> {
    match period {
        RecordPeriod::Day(record) => record.source.as_deref(),
        RecordPeriod::Hour(_, hour) => hour.source.as_deref(),
    }
}

fn units_of(entry: &WeatherRecord, records: &Records, context: &DayContext<'_>) -> (Units, UnitOrigin) {
    let known = [
        (context.parameters.weather.unites, UnitOrigin::Parameter),
        (context.city.weather_units, UnitOrigin::Profile),
        (entry.declared, UnitOrigin::Record),
        (records.inferred, UnitOrigin::Humidity),
    ];
    let first = known.into_iter().find_map(|(units, origin)| Some((units?, origin)));
    first.unwrap_or((Units::Metric, UnitOrigin::Default))
}
