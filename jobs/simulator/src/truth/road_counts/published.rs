//! What a careful reader gets out of the rows of each cell, told from the cell and its defect.

use std::collections::BTreeMap;

use contract::Reason;
use rayon::prelude::*;

use crate::City;
use crate::clock::{Hour, HourInfo};
use crate::faults::Fault;
use crate::roads::arc::Arc;
use crate::roads::cell::{Cell, Defect, UNKNOWN_STATE};
use crate::roads::file;
use crate::roads::plan;
use crate::roads::row::Shape;

/// The row that holds for a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Reading {
    /// Flow.
    pub(super) q: Option<u32>,
    /// Occupancy, hundred-thousandths of a percent.
    pub(super) k: Option<u32>,
    /// Given state, 0 where none is known.
    pub(super) state: u8,
    /// Status.
    pub(super) status: u8,
}

impl Reading {
    /// Whether it has a measure.
    pub(super) fn measured(&self) -> bool {
        self.q.is_some() || self.k.is_some()
    }
}

/// All rows of a cell.
#[derive(Debug, Default)]
struct Told {
    reading: Option<Reading>,
    repeats: u64,
    conflicts: u64,
    structure: Option<Reason>,
    value: Option<Reason>,
    /// How many rows have that bad value.
    values: u64,
}

fn told(cell: &Cell, earlier: impl FnOnce(&Cell) -> Cell, shape: Shape, again: bool) -> Told {
    let mut told = Told::default();
    let mut reading = Reading {
        q: cell.q,
        k: cell.k,
        state: if cell.state == UNKNOWN_STATE { 0 } else { cell.state },
        status: cell.status,
    };
    let mut bad = |value: Reason| {
        told.value = Some(value);
        told.values = 1;
    };
    match cell.defect {
        Defect::NoRow => return told,
        Defect::Columns => return structural(Reason::ColumnCount),
        Defect::Date => return structural(Reason::UnreadableDate),
        Defect::NoId => return structural(Reason::MissingId),
        Defect::Utf8 => return structural(Reason::InvalidUtf8),
        Defect::Skipped if shape == Shape::Historique => told.structure = Some(Reason::NonexistentTime),
        Defect::FlowText => bad(Reason::UnreadableFlow),
        Defect::FlowNegative => bad(Reason::NegativeFlow),
        Defect::OccupancyText => bad(Reason::UnreadableOccupancy),
        Defect::OccupancyAbove | Defect::OccupancyBelow => bad(Reason::OccupancyOutOfRange),
        Defect::Duplicate(times) => told.repeats = times.into(),
        Defect::Conflict => {
            let before = earlier(cell);
            if (before.q, before.k, before.state) == (cell.q, cell.k, cell.state) {
                told.repeats = 1;
            } else {
                told.conflicts = 1;
            }
        }
        Defect::None | Defect::Skipped | Defect::Comma => {}
    }
    match told.value {
        Some(Reason::UnreadableFlow | Reason::NegativeFlow) => reading.q = None,
        Some(_) => reading.k = None,
        None => {}
    }
    if again && cell.defect == Defect::None {
        told.repeats += 1;
    }
    if cell.state == UNKNOWN_STATE {
        told.value = Some(Reason::UnknownState);
        told.values = 1 + told.repeats;
    }
    told.reading = Some(reading);
    told
}

fn structural(reason: Reason) -> Told {
    Told { structure: Some(reason), ..Told::default() }
}

/// Flags of an arc on a day.
pub(super) const SEEN: u8 = 1;
/// It has a flow.
pub(super) const FLOW: u8 = 2;
/// It has an occupancy.
pub(super) const OCCUPANCY: u8 = 4;

/// What became of the rows of a day.
#[derive(Debug, Default, Clone)]
pub(super) struct DayRows {
    /// Rows that are usable, and cells, repeats, conflicts.
    pub(super) cells: u64,
    /// Repeats.
    pub(super) repeats: u64,
    /// Conflicts.
    pub(super) conflicts: u64,
    /// Rows rejected whole, by reason.
    pub(super) structure: BTreeMap<Reason, u64>,
    /// Values rejected, by reason.
    pub(super) values: BTreeMap<Reason, u64>,
    /// Flags by arc.
    pub(super) flags: Vec<u8>,
    /// The last hour that has a measure.
    pub(super) last: Option<Hour>,
}

impl DayRows {
    /// Rows of the day that can be told to be of it.
    pub(super) fn rows(&self) -> u64 {
        self.cells + self.repeats + self.conflicts
    }

    /// Rows written for the day.
    fn written(&self) -> u64 {
        self.rows() + self.structure.values().sum::<u64>()
    }
}

/// What became of the rows of every day, in parallel.
pub(super) fn days(city: &City) -> Vec<DayRows> {
    (0..city.days.days().len()).into_par_iter().map(|day| day_rows(city, day)).collect()
}

/// Rows of the whole input, and those rejected whole by reason.
pub(super) fn whole(city: &City, days: &[DayRows]) -> (u64, BTreeMap<Reason, u64>) {
    let mut structure = BTreeMap::new();
    for day in days {
        day.structure.iter().for_each(|(reason, n)| *structure.entry(*reason).or_default() += n);
    }
    let mut rows = days.iter().map(DayRows::written).sum();
    if city.roads.faults.has(Fault::LongLine) && !city.roads.arcs.is_empty() {
        let files = city.files.len() as u64;
        structure.insert(Reason::RecordTooLong, files);
        rows += files;
    }
    if city.roads.faults.has(Fault::OpenQuote) {
        // What follows the quote is read again, as a row of its own.
        let files = city.files.len() as u64;
        for reason in [Reason::UnclosedQuote, Reason::ColumnCount] {
            *structure.entry(reason).or_default() += files;
            rows += files;
        }
    }
    (rows, structure)
}

fn day_rows(city: &City, day: usize) -> DayRows {
    let mut rows = DayRows { flags: vec![0; city.roads.arcs.len()], ..DayRows::default() };
    for (arc, flags) in city.roads.arcs.iter().zip(&mut vec![0_u8; city.roads.arcs.len()]) {
        for hour in city.days.hours_of(day, day + 1) {
            let told = of(city, arc, hour);
            if let Some(reason) = told.structure {
                *rows.structure.entry(reason).or_default() += 1;
            }
            let Some(reading) = told.reading else { continue };
            rows.cells += 1;
            rows.repeats += told.repeats;
            rows.conflicts += told.conflicts;
            if let Some(reason) = told.value {
                *rows.values.entry(reason).or_default() += told.values;
            }
            *flags |=
                SEEN | if reading.q.is_some() { FLOW } else { 0 } | if reading.k.is_some() { OCCUPANCY } else { 0 };
            if reading.measured() {
                rows.last = rows.last.max(Some(hour.hour));
            }
        }
        if let Some(slot) = rows.flags.get_mut(arc.index) {
            *slot = *flags;
        }
    }
    rows
}

/// The row that holds for a cell, if there is one.
pub(super) fn reading(city: &City, arc: &Arc, hour: &HourInfo) -> Option<Reading> {
    of(city, arc, hour).reading
}

fn of(city: &City, arc: &Arc, hour: &HourInfo) -> Told {
    let number = plan::file_of(&city.files, hour.day).unwrap_or(0);
    let shape = city.files.get(number).map_or(Shape::Labels, |file| file.shape);
    let again = city.files.get(number + 1).is_some_and(|next| {
        file::overlapping(&city.roads, next, arc.index)
            && plan::overlap(&city.days, next).iter().any(|again| again.hour == hour.hour)
    });
    told(&city.roads.cell(arc, hour), |cell| city.roads.earlier(cell), shape, again)
}
