//! Aggregates rows of road counts into cells, chunk by chunk, and counts how every row was used.

use std::borrow::Cow;
use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};
use contract::document::Quality;
use contract::{Reason, ServiceDay};

use crate::cells::road::{Batch, Cell, DayRange, HourValues, Overlap, RoadCells};
use crate::order::whole_id_bytes;
use crate::quality::{ChunkRejections, DaySpan, QualityCounter, RowCounts};
use crate::raw_file::SourceError;
use crate::scan::{Reader, Row, Unreadable};
use crate::source::acceptance::Acceptance;
use crate::source::road_counts::{Clock, GeometryCache, Layout, value};

/// Days to aggregate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Both inclusive.
    Days { first: NaiveDate, last: NaiveDate },
    /// Every day that has a row.
    All,
}

/// Selects rows by time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RowFilter {
    tz: contract::Tz,
    span: DayRange,
    /// First and last second to keep, since the epoch.
    kept: (i64, i64),
}

impl RowFilter {
    /// Each day depends on the `before` days that end with it, at least three.
    #[must_use]
    pub(crate) fn new(scope: Scope, tz: contract::Tz, before: i64) -> Self {
        let number = |date: NaiveDate| date.num_days_from_ce();
        match scope {
            Scope::All => Self {
                tz,
                span: DayRange { from: i32::MIN, first: i32::MIN, last: i32::MAX },
                kept: (i64::MIN, i64::MAX),
            },
            Scope::Days { first, last } => {
                let from = ServiceDay::new(first, tz).plus(1 - before.max(3));
                let kept = (from.start().timestamp(), ServiceDay::new(last, tz).end().timestamp() - 1);
                Self {
                    tz,
                    span: DayRange { from: number(from.date()), first: number(first), last: number(last) },
                    kept,
                }
            }
        }
    }
}

/// Reads the rows of one file.
#[derive(Debug)]
pub(crate) struct RoadRows {
    filter: RowFilter,
    layout: Layout,
}

impl RoadRows {
    #[must_use]
    pub(crate) fn new(filter: RowFilter, layout: Layout) -> Self {
        Self { filter, layout }
    }

    /// Adds one row to the chunk, or returns why the whole row is rejected.
    #[inline]
    fn read(&self, worker: &mut RowWorker, chunk: &mut ParsedChunk, row: &Row<'_>) -> Result<(), Reason> {
        let layout = &self.layout;
        if !row.is_text {
            return Err(Reason::InvalidUtf8);
        }
        if row.columns() != layout.columns {
            return Err(Reason::ColumnCount);
        }
        let arc = row.field(layout.arc);
        let arc = whole_id_bytes(arc.trim_ascii());
        if arc.is_empty() {
            return Err(Reason::MissingId);
        }
        let start = worker.clock.instant(row.field(layout.time).trim_ascii())? - 3600;
        chunk.oldest = chunk.oldest.min(start);
        chunk.newest = chunk.newest.max(start);
        let (from, to) = self.filter.kept;
        if (from..=to).contains(&start) {
            self.keep(worker, chunk, row, arc, start);
        }
        Ok(())
    }

    fn keep(&self, worker: &mut RowWorker, chunk: &mut ParsedChunk, row: &Row<'_>, arc: &[u8], start: i64) {
        let layout = &self.layout;
        let (day, hour) = worker.clock.hour(start);
        let flow = value::flow(&row.field(layout.flow));
        let occupancy = value::occupancy(&row.field(layout.occupancy));
        let given = |column: Option<usize>| column.map_or(Cow::Borrowed(b"".as_slice()), |at| row.field(at));
        let (given_state, given_status) = (given(layout.state), given(layout.status));
        let (state, status) = (value::state(&given_state), value::status(&given_status));
        let hash = |reason: Option<Reason>, text: &[u8]| reason.map_or(0, |_| value::short_hash(text));
        let unknown = hash(state.1, &given_state) ^ hash(status.1, &given_status);
        let asked = self.filter.span.asks_for(day);
        let rejections = [flow.1, occupancy.1, state.1, status.1];
        if asked && rejections.iter().any(Option::is_some) {
            let rejects = chunk.values.entry(day).or_default();
            rejections.into_iter().flatten().for_each(|reason| rejects.add(reason, row.line, row.bytes));
        }
        let values = HourValues { flow: flow.0, occupancy: occupancy.0, state: state.0, status: status.0, unknown };
        let raw = |column: Option<usize>| column.map_or(b"".as_slice(), |at| row.raw(at));
        let [label, point, shape] = layout.attributes;
        let attributes = asked.then(|| [raw(label), raw(point), raw(shape)]);
        let unreadable = chunk.batch.add(arc, day, hour, Cell::new(&values), attributes, &mut worker.geometry);
        if unreadable {
            chunk.values.entry(day).or_default().add(Reason::UnreadableGeometry, row.line, row.bytes);
        }
    }

    #[cold]
    fn reject(&self, chunk: &mut ParsedChunk, row: &Row<'_>, reason: Reason) {
        chunk.structure.add(reason, row.line, row.bytes);
        let time = row.field(self.layout.time);
        let value = match reason {
            Reason::UnreadableDate | Reason::MonthFirstDate | Reason::NonexistentTime => &*time,
            _ => row.bytes,
        };
        chunk.accepted.reject(reason, value);
    }

    /// Adds a record that is no row.
    pub(crate) fn reject_record(&self, chunk: &mut ParsedChunk, line: u64, reason: Reason, raw: &[u8]) {
        chunk.structure.add(reason, line, raw);
        chunk.accepted.reject(reason, raw);
    }
}

/// The caches of one thread.
#[derive(Debug)]
pub(crate) struct RowWorker {
    clock: Clock,
    geometry: GeometryCache,
}

impl Reader for RoadRows {
    type Partial = ParsedChunk;
    type Worker = RowWorker;

    fn new_partial(&self) -> ParsedChunk {
        ParsedChunk {
            accepted: Acceptance::default(),
            structure: ChunkRejections::default(),
            values: BTreeMap::new(),
            oldest: i64::MAX,
            newest: i64::MIN,
            batch: Batch::default(),
        }
    }

    fn clear(&self, chunk: &mut ParsedChunk) {
        chunk.accepted = Acceptance::default();
        chunk.structure = ChunkRejections::default();
        chunk.values.clear();
        chunk.oldest = i64::MAX;
        chunk.newest = i64::MIN;
        chunk.batch.clear();
    }

    fn worker(&self) -> RowWorker {
        RowWorker { clock: Clock::new(self.filter.tz), geometry: GeometryCache::default() }
    }

    #[inline]
    fn row(&self, worker: &mut RowWorker, chunk: &mut ParsedChunk, row: &Row<'_>) {
        match self.read(worker, chunk, row) {
            Ok(()) => chunk.accepted.accept(),
            Err(reason) => self.reject(chunk, row, reason),
        }
    }

    fn unreadable(&self, chunk: &mut ParsedChunk, line: u64, why: Unreadable, head: &[u8]) {
        let reason = match why {
            Unreadable::TooLong => Reason::RecordTooLong,
            Unreadable::OpenQuote => Reason::UnclosedQuote,
        };
        chunk.structure.add(reason, line, head);
        chunk.accepted.reject(reason, head);
    }
}

/// The rows of one chunk of a file.
#[derive(Debug)]
pub(crate) struct ParsedChunk {
    accepted: Acceptance,
    structure: ChunkRejections,
    /// Rejected values by requested day.
    values: BTreeMap<i32, ChunkRejections>,
    /// Start of the oldest hour of any row, seconds since the epoch; `i64::MAX` without rows.
    oldest: i64,
    /// Start of the newest hour of any row, seconds since the epoch; `i64::MIN` without rows.
    newest: i64,
    batch: Batch,
}

/// The road counts of all requested days.
#[derive(Debug)]
pub(crate) struct RoadAccumulator {
    pub(crate) cells: RoadCells,
    /// All rows and fully rejected rows.
    whole: QualityCounter,
    /// Rejected values by day.
    values: BTreeMap<i32, QualityCounter>,
    /// Start of the newest hour of any row, seconds since the epoch.
    pub(crate) newest: Option<i64>,
    /// Keys of the files so far; of an entry of an archive with its name.
    pub(crate) files: Vec<String>,
    /// Rows of the current file.
    file: Acceptance,
    /// Starts of the oldest and the newest hour since they were last taken.
    hours: Option<(i64, i64)>,
    /// About files as a whole.
    pub(crate) warnings: Vec<String>,
}

impl RoadAccumulator {
    #[must_use]
    pub(crate) fn new(filter: RowFilter) -> Self {
        Self {
            cells: RoadCells::new(filter.span),
            whole: QualityCounter::default(),
            values: BTreeMap::new(),
            newest: None,
            files: Vec::new(),
            file: Acceptance::default(),
            hours: None,
            warnings: Vec::new(),
        }
    }

    /// Begins the next file or entry of an archive.
    pub(crate) fn begin_file(&mut self, key: &str) {
        self.files.push(key.to_owned());
    }

    /// Adds the next chunk of the current file; `lines` is the number of lines before it.
    pub(crate) fn fold(&mut self, chunk: &ParsedChunk, lines: u64) {
        let key = self.files.last().map_or("", String::as_str);
        self.whole.rows += chunk.accepted.rows();
        self.file.merge(&chunk.accepted);
        self.whole.add(key, lines, &chunk.structure);
        for (day, rejects) in &chunk.values {
            self.values.entry(*day).or_default().add(key, lines, rejects);
        }
        if chunk.newest > i64::MIN {
            self.newest = self.newest.max(Some(chunk.newest));
            let (oldest, newest) = self.hours.unwrap_or((chunk.oldest, chunk.newest));
            self.hours = Some((oldest.min(chunk.oldest), newest.max(chunk.newest)));
        }
        self.cells.fold(u32::try_from(self.files.len().saturating_sub(1)).unwrap_or(u32::MAX), &chunk.batch);
    }

    /// Ends the current file.
    ///
    /// # Errors
    /// None of its rows is accepted, or more than 1 % are not UTF-8.
    pub(crate) fn end_file(&mut self) -> Result<(), SourceError> {
        let key = self.files.last().map_or("", String::as_str);
        let file = std::mem::take(&mut self.file);
        check_text(key, file.rows(), file.count(Reason::InvalidUtf8))?;
        self.warnings.extend(file.verdict(key)?);
        Ok(())
    }

    /// The days of the rows since the last call.
    pub(crate) fn take_days(&mut self, tz: contract::Tz) -> Option<DaySpan> {
        let (oldest, newest) = self.hours.take()?;
        DaySpan::of_instants(oldest, newest, tz)
    }

    /// Rows of all files, and rejections of whole rows and of values of requested days.
    #[must_use]
    pub(crate) fn row_counts(&self) -> RowCounts {
        let mut counted = self.whole.row_counts();
        for values in self.values.values() {
            counted.add(values.row_counts());
        }
        counted
    }

    /// The requested days that have a row.
    pub(crate) fn days(&self) -> impl Iterator<Item = NaiveDate> {
        self.cells.days().filter_map(NaiveDate::from_num_days_from_ce_opt)
    }

    /// The quality section of the day's document.
    #[must_use]
    pub(crate) fn quality(&self, day: NaiveDate) -> Quality {
        let number = day.num_days_from_ce();
        let counts = self.cells.counts(number);
        let mut quality = self.whole.clone();
        if let Some(values) = self.values.get(&number) {
            quality.merge(values.clone());
        }
        quality.rows_of_day = counts.rows;
        let mut quality = quality.finish();
        quality.cells = counts.cells;
        quality.duplicates = counts.repeats;
        quality.conflicts = counts.conflicts;
        quality
    }

    /// Overlaps of each file with the others on a day, by file number.
    #[must_use]
    pub(crate) fn overlaps(&self, day: NaiveDate) -> BTreeMap<u16, Overlap> {
        self.cells.counts(day.num_days_from_ce()).files
    }
}

/// Maximum fraction of rows that are not UTF-8.
const INVALID_TEXT_PART: f64 = 0.01;

fn check_text(key: &str, rows: u64, invalid: u64) -> Result<(), SourceError> {
    #[expect(clippy::cast_precision_loss, reason = "row counts are far below 2^53")]
    if invalid as f64 > rows as f64 * INVALID_TEXT_PART {
        let reason = format!("{invalid} of {rows} rows are not valid UTF-8; export the file again as UTF-8");
        return Err(SourceError { key: key.to_owned(), reason });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
