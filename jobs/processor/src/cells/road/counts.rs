//! Road counts: rows become cells, part by part. Counts what became of every row.

use std::borrow::Cow;
use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};
use contract::document::Quality;
use contract::{Reason, ServiceDay};

use crate::cells::road::{Batch, Cell, Overlap, Reading, RoadCells, Span};
use crate::quality::{Counted, Rejects, Tally};
use crate::raw_file::SourceError;
use crate::scan::{GivenUp, Reader, Row};
use crate::source::road_counts::{Clock, Layout, value};

/// Which days a pass over the input gathers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// From the first to the last of these days.
    Days {
        /// The first.
        first: NaiveDate,
        /// The last.
        last: NaiveDate,
    },
    /// Every day that has a row.
    All,
}

/// What a pass looks for in the rows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Search {
    tz: chrono_tz::Tz,
    span: Span,
    /// First and last second of what is kept, since the epoch.
    kept: (i64, i64),
}

impl Search {
    /// For days that each need the `before` days that end with themselves, three at least.
    #[must_use]
    pub(crate) fn new(scope: Scope, tz: chrono_tz::Tz, before: i64) -> Self {
        let number = |date: NaiveDate| date.num_days_from_ce();
        match scope {
            Scope::All => {
                Self { tz, span: Span { from: i32::MIN, first: i32::MIN, last: i32::MAX }, kept: (i64::MIN, i64::MAX) }
            }
            Scope::Days { first, last } => {
                let from = ServiceDay::new(first, tz).plus(1 - before.max(3));
                let kept = (from.start().timestamp(), ServiceDay::new(last, tz).end().timestamp() - 1);
                Self { tz, span: Span { from: number(from.date()), first: number(first), last: number(last) }, kept }
            }
        }
    }
}

/// Reads the rows of one file.
#[derive(Debug)]
pub(crate) struct RoadRows {
    search: Search,
    layout: Layout,
}

impl RoadRows {
    /// Of a file with such columns.
    #[must_use]
    pub(crate) fn new(search: Search, layout: Layout) -> Self {
        Self { search, layout }
    }

    /// Reads one row into the part, or says why it is rejected whole.
    #[inline]
    fn read(&self, clock: &mut Clock, part: &mut Part, row: &Row<'_>) -> Result<(), Reason> {
        let layout = &self.layout;
        if !row.is_text {
            return Err(Reason::InvalidUtf8);
        }
        if row.columns() != layout.columns {
            return Err(Reason::ColumnCount);
        }
        let arc = row.field(layout.arc);
        let arc = arc.trim_ascii();
        if arc.is_empty() {
            return Err(Reason::MissingId);
        }
        let start = clock.instant(row.field(layout.time).trim_ascii())? - 3600;
        part.newest = part.newest.max(start);
        let (from, to) = self.search.kept;
        if (from..=to).contains(&start) {
            self.keep(clock, part, row, arc, start);
        }
        Ok(())
    }

    /// A row of the days that are kept.
    fn keep(&self, clock: &mut Clock, part: &mut Part, row: &Row<'_>, arc: &[u8], start: i64) {
        let layout = &self.layout;
        let (day, hour) = clock.hour(start);
        let flow = value::flow(&row.field(layout.flow));
        let occupancy = value::occupancy(&row.field(layout.occupancy));
        let given = |column: Option<usize>| column.map_or(Cow::Borrowed(b"".as_slice()), |at| row.field(at));
        let (given_state, given_status) = (given(layout.state), given(layout.status));
        let (state, status) = (value::state(&given_state), value::status(&given_status));
        let hash = |reason: Option<Reason>, text: &[u8]| reason.map_or(0, |_| value::short_hash(text));
        let unknown = hash(state.1, &given_state) ^ hash(status.1, &given_status);
        let asked = self.search.span.asks_for(day);
        let rejections = [flow.1, occupancy.1, state.1, status.1];
        if asked && rejections.iter().any(Option::is_some) {
            let rejects = part.values.entry(day).or_default();
            rejections.into_iter().flatten().for_each(|reason| rejects.add(reason, row.line, row.bytes));
        }
        let reading = Reading { flow: flow.0, occupancy: occupancy.0, state: state.0, status: status.0, unknown };
        let raw = |column: Option<usize>| column.map_or(b"".as_slice(), |at| row.raw(at));
        let [label, point, shape] = layout.facts;
        let facts = asked.then(|| [raw(label), raw(point), raw(shape)]);
        part.batch.add(arc, day, hour, Cell::new(&reading), facts);
    }
}

impl Reader for RoadRows {
    type Part = Part;
    type Worker = Clock;

    fn part(&self) -> Part {
        Part {
            rows: 0,
            structure: Rejects::default(),
            values: BTreeMap::new(),
            newest: i64::MIN,
            batch: Batch::default(),
        }
    }

    fn clear(&self, part: &mut Part) {
        part.rows = 0;
        part.structure = Rejects::default();
        part.values.clear();
        part.newest = i64::MIN;
        part.batch.clear();
    }

    fn worker(&self) -> Clock {
        Clock::new(self.search.tz)
    }

    #[inline]
    fn row(&self, clock: &mut Clock, part: &mut Part, row: &Row<'_>) {
        part.rows += 1;
        if let Err(reason) = self.read(clock, part, row) {
            part.structure.add(reason, row.line, row.bytes);
        }
    }

    fn given_up(&self, part: &mut Part, line: u64, why: GivenUp, head: &[u8]) {
        part.rows += 1;
        let reason = match why {
            GivenUp::TooLong => Reason::RecordTooLong,
            GivenUp::OpenQuote => Reason::UnclosedQuote,
        };
        part.structure.add(reason, line, head);
    }
}

/// What a part of a file holds.
#[derive(Debug)]
pub(crate) struct Part {
    rows: u64,
    structure: Rejects,
    /// By day that is asked for.
    values: BTreeMap<i32, Rejects>,
    /// Start of the newest hour of any row, seconds since the epoch; the least number where there is none.
    newest: i64,
    batch: Batch,
}

/// The road counts of all days of a pass.
#[derive(Debug)]
pub(crate) struct RoadAccumulator {
    /// Cells.
    pub(crate) cells: RoadCells,
    /// All rows, and those rejected whole.
    whole: Tally,
    /// By day, what was not used of its rows.
    values: BTreeMap<i32, Tally>,
    /// Start of the newest hour of any row, seconds since the epoch.
    pub(crate) newest: Option<i64>,
    /// Of the present file: its rows, and those that are not valid text.
    file: (u64, u64),
}

impl RoadAccumulator {
    /// Nothing yet.
    #[must_use]
    pub(crate) fn new(search: Search) -> Self {
        Self {
            cells: RoadCells::new(search.span),
            whole: Tally::default(),
            values: BTreeMap::new(),
            newest: None,
            file: (0, 0),
        }
    }

    /// Adds the next part of a file; `lines` come before those that it counts.
    pub(crate) fn fold(&mut self, number: u32, key: &str, part: &Part, lines: u64) {
        self.whole.rows += part.rows;
        self.file.0 += part.rows;
        self.file.1 += part.structure.count(Reason::InvalidUtf8);
        self.whole.add(key, lines, &part.structure);
        for (day, rejects) in &part.values {
            self.values.entry(*day).or_default().add(key, lines, rejects);
        }
        if part.newest > i64::MIN {
            self.newest = self.newest.max(Some(part.newest));
        }
        self.cells.fold(number, &part.batch);
    }

    /// The file is at its end: whether so many of its rows are not valid text that it cannot be the source.
    ///
    /// # Errors
    /// Names the file, the number of rows and what to do.
    pub(crate) fn end_file(&mut self, key: &str) -> Result<(), SourceError> {
        let (rows, invalid) = std::mem::take(&mut self.file);
        check_text(key, rows, invalid)
    }

    /// Rows of all files, and rejections: of whole rows, and of values of the days that are asked for.
    #[must_use]
    pub(crate) fn counted(&self) -> Counted {
        let mut counted = self.whole.counted();
        for values in self.values.values() {
            counted.add(values.counted());
        }
        counted
    }

    /// The days that are asked for and have a row.
    pub(crate) fn days(&self) -> impl Iterator<Item = NaiveDate> {
        self.cells.days().filter_map(NaiveDate::from_num_days_from_ce_opt)
    }

    /// What became of the rows, as the document of a day tells it.
    #[must_use]
    pub(crate) fn quality(&self, day: NaiveDate) -> Quality {
        let number = day.num_days_from_ce();
        let counts = self.cells.counts(number);
        let mut tally = self.whole.clone();
        if let Some(values) = self.values.get(&number) {
            tally.merge(values.clone());
        }
        tally.rows_of_day = counts.rows;
        let mut quality = tally.finish();
        quality.cells = counts.cells;
        quality.duplicates = counts.repeats;
        quality.conflicts = counts.conflicts;
        quality
    }

    /// For each file with rows of a day, by its number, how they lie over those of others.
    #[must_use]
    pub(crate) fn overlaps(&self, day: NaiveDate) -> BTreeMap<u16, Overlap> {
        self.cells.counts(day.num_days_from_ce()).files
    }
}

/// More invalid rows than this part of all make a file unusable.
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
