//! The rows of each cell as a correct reader interprets them, derived from the cell and its defect.

use std::collections::BTreeMap;

use contract::Reason;
use rayon::prelude::*;

use crate::City;
use crate::clock::{Hour, HourInfo};
use crate::faults::Fault;
use crate::road_counts::cell::{Defect, HourCell, UNKNOWN_STATE};
use crate::road_counts::file;
use crate::road_counts::file_plan;
use crate::road_counts::row::RowFormat;
use crate::road_network::arc::Arc;

/// The row that counts for a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct PublishedRow {
    pub(super) q: Option<u32>,
    /// Hundred-thousandths of a percent.
    pub(super) k: Option<u32>,
    /// 0 if missing or unknown.
    pub(super) state: u8,
    pub(super) status: u8,
}

impl PublishedRow {
    /// Whether it has a flow or an occupancy.
    pub(super) fn measured(&self) -> bool {
        self.q.is_some() || self.k.is_some()
    }
}

/// All rows of a cell.
#[derive(Debug, Default)]
struct CellRows {
    row: Option<PublishedRow>,
    repeats: u64,
    conflicts: u64,
    /// The reason for which one of the rows is rejected.
    rejected_row: Option<Reason>,
    /// The reason for which a value is rejected, in this number of rows.
    rejected_value: Option<(Reason, u64)>,
}

impl CellRows {
    fn rejected(reason: Reason) -> Self {
        Self { rejected_row: Some(reason), ..Self::default() }
    }
}

/// `repeated_in_next_file`: the next file starts with another copy of the row.
fn interpret(
    cell: &HourCell,
    conflicting: impl FnOnce(&HourCell) -> HourCell,
    format: RowFormat,
    repeated_in_next_file: bool,
) -> CellRows {
    let mut rows = CellRows::default();
    let mut row = PublishedRow {
        q: cell.q,
        k: cell.k,
        state: if cell.state == UNKNOWN_STATE { 0 } else { cell.state },
        status: cell.status,
    };
    let mut reject_value = |reason: Reason| rows.rejected_value = Some((reason, 1));
    match cell.defect {
        Defect::MissingRow => return rows,
        Defect::ColumnCount => return CellRows::rejected(Reason::ColumnCount),
        Defect::UnreadableDate => return CellRows::rejected(Reason::UnreadableDate),
        Defect::MissingId => return CellRows::rejected(Reason::MissingId),
        Defect::InvalidUtf8 => return CellRows::rejected(Reason::InvalidUtf8),
        Defect::SkippedWallTime if format.is_historical() => rows.rejected_row = Some(Reason::NonexistentTime),
        Defect::FlowText => reject_value(Reason::UnreadableFlow),
        Defect::FlowNegative => reject_value(Reason::NegativeFlow),
        Defect::OccupancyText => reject_value(Reason::UnreadableOccupancy),
        Defect::OccupancyAbove | Defect::OccupancyBelow => reject_value(Reason::OccupancyOutOfRange),
        Defect::Duplicate(times) => rows.repeats = times.into(),
        Defect::Conflict => {
            let before = conflicting(cell);
            if (before.q, before.k, before.state) == (cell.q, cell.k, cell.state) {
                rows.repeats = 1;
            } else {
                rows.conflicts = 1;
            }
        }
        Defect::None | Defect::SkippedWallTime | Defect::DecimalComma => {}
    }
    match rows.rejected_value {
        Some((Reason::UnreadableFlow | Reason::NegativeFlow, _)) => row.q = None,
        Some(_) => row.k = None,
        None => {}
    }
    if repeated_in_next_file && cell.defect == Defect::None {
        rows.repeats += 1;
    }
    if cell.state == UNKNOWN_STATE {
        rows.rejected_value = Some((Reason::UnknownState, 1 + rows.repeats));
    }
    rows.row = Some(row);
    rows
}

/// Flag of an arc with a flow on the day.
pub(super) const FLOW: u8 = 1;
/// Flag of an arc with an occupancy on the day.
pub(super) const OCCUPANCY: u8 = 2;

/// Totals of the rows of a day.
#[derive(Debug, Default, Clone)]
pub(super) struct DayRows {
    pub(super) cells: u64,
    pub(super) repeats: u64,
    pub(super) conflicts: u64,
    pub(super) rejected_rows: BTreeMap<Reason, u64>,
    pub(super) rejected_values: BTreeMap<Reason, u64>,
    /// [`FLOW`] and [`OCCUPANCY`] by arc index.
    pub(super) flags: Vec<u8>,
    /// The last hour with a flow or an occupancy.
    pub(super) last_hour: Option<Hour>,
}

impl DayRows {
    /// The rows of the day, without rejected rows: their day cannot be determined.
    pub(super) fn usable(&self) -> u64 {
        self.cells + self.repeats + self.conflicts
    }

    /// The rows of the day in the files, including rejected ones.
    fn written(&self) -> u64 {
        self.usable() + self.rejected_rows.values().sum::<u64>()
    }
}

/// The totals of every day.
pub(super) fn days(city: &City) -> Vec<DayRows> {
    (0..city.days.days().len()).into_par_iter().map(|day| day_rows(city, day)).collect()
}

/// The number of rows of the whole input, and the rejected rows by reason.
pub(super) fn input_totals(city: &City, days: &[DayRows]) -> (u64, BTreeMap<Reason, u64>) {
    let mut rejected = BTreeMap::new();
    for day in days {
        day.rejected_rows.iter().for_each(|(reason, n)| *rejected.entry(*reason).or_default() += n);
    }
    let mut rows = days.iter().map(DayRows::written).sum();
    let files = city.count_files.len() as u64;
    if city.roads.faults.has(Fault::LongLine) && !city.roads.arcs.is_empty() {
        rejected.insert(Reason::RecordTooLong, files);
        rows += files;
    }
    if city.roads.faults.has(Fault::OpenQuote) {
        // The reader resumes after the open quote, and reads the rest as a separate row.
        for reason in [Reason::UnclosedQuote, Reason::ColumnCount] {
            *rejected.entry(reason).or_default() += files;
            rows += files;
        }
    }
    (rows, rejected)
}

fn day_rows(city: &City, day: usize) -> DayRows {
    let mut totals = DayRows { flags: vec![0; city.roads.arcs.len()], ..DayRows::default() };
    for arc in &city.roads.arcs {
        let mut flags = 0;
        for hour in city.days.hours_of(day, day + 1) {
            let rows = cell_rows(city, arc, hour);
            if let Some(reason) = rows.rejected_row {
                *totals.rejected_rows.entry(reason).or_default() += 1;
            }
            let Some(row) = rows.row else { continue };
            totals.cells += 1;
            totals.repeats += rows.repeats;
            totals.conflicts += rows.conflicts;
            if let Some((reason, n)) = rows.rejected_value {
                *totals.rejected_values.entry(reason).or_default() += n;
            }
            flags |= if row.q.is_some() { FLOW } else { 0 } | if row.k.is_some() { OCCUPANCY } else { 0 };
            if row.measured() {
                totals.last_hour = totals.last_hour.max(Some(hour.hour));
            }
        }
        if let Some(slot) = totals.flags.get_mut(arc.index) {
            *slot = flags;
        }
    }
    totals
}

/// The row that counts for a cell, if any.
pub(super) fn row(city: &City, arc: &Arc, hour: &HourInfo) -> Option<PublishedRow> {
    cell_rows(city, arc, hour).row
}

fn cell_rows(city: &City, arc: &Arc, hour: &HourInfo) -> CellRows {
    let number = file_plan::file_of(&city.count_files, hour.day).unwrap_or(0);
    let format = city.count_files.get(number).map_or(RowFormat::Labels, |file| file.format);
    let repeated_in_next_file = city.count_files.get(number + 1).is_some_and(|next| {
        file::has_repeated_hours(&city.roads, next, arc.index)
            && file_plan::repeated_hours(&city.days, next).iter().any(|repeated| repeated.hour == hour.hour)
    });
    let conflicting = |cell: &HourCell| city.roads.conflicting_cell(cell);
    interpret(&city.roads.cell(arc, hour), conflicting, format, repeated_in_next_file)
}
