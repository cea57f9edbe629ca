//! Cells of the road counts: one arc and one hour.
//!
//! For the 28 days in which an arc with a measure is expected only three bits an hour are kept; whole rows only from D−2 on, where runs
//! of hours are looked for.

use std::collections::{BTreeMap, HashMap};

use contract::ServiceDay;
use contract::document::comptages::{ArcStatus, TrafficState};

/// The hours that are looked at, counted from the first hour of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// First instant, seconds since the epoch.
    pub start: i64,
    /// First hour of which whole rows are kept (D−2).
    pub rows_from: usize,
    /// First hour of D.
    pub day_from: usize,
    /// Number of hours.
    pub hours: usize,
}

impl Window {
    /// From `expected_days` days that end with D; whole rows from D−2.
    #[must_use]
    pub fn new(day: &ServiceDay, expected_days: i64) -> Self {
        let start = day.plus(1 - expected_days.max(3)).start();
        let hours_to =
            |instant: chrono::DateTime<chrono::Utc>| usize::try_from((instant - start).num_hours()).unwrap_or(0);
        Self {
            start: start.timestamp(),
            rows_from: hours_to(day.plus(-2).start()),
            day_from: hours_to(day.start()),
            hours: hours_to(day.end()),
        }
    }

    /// The hour in which an instant lies.
    #[must_use]
    pub fn hour_of(&self, instant: i64) -> Option<usize> {
        let hour = usize::try_from((instant - self.start).div_euclid(3600)).ok()?;
        (hour < self.hours).then_some(hour)
    }
}

/// A value of a row: there, not there, or there and not believable.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value {
    /// Empty.
    Absent,
    /// Rejected; a hash of it as given, so that two different ones are not taken for a repeat.
    Rejected(u64),
    /// A number.
    Known(f64),
}

impl Value {
    /// The number, if it is known.
    #[must_use]
    pub fn known(self) -> Option<f64> {
        match self {
            Self::Known(value) => Some(value),
            _ => None,
        }
    }
}

/// What one row says of its cell, as given.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// Flow, vehicles in the hour.
    pub flow: Value,
    /// Occupancy, percent.
    pub occupancy: Value,
    /// Given state.
    pub state: TrafficState,
    /// Given status.
    pub status: ArcStatus,
    /// A hash of a state or status as given that is none of the known ones; 0 where both are.
    pub unknown: u64,
}

const SEEN: u8 = 1;
const FLOW: u8 = 2;
const OCCUPANCY: u8 = 4;

impl Reading {
    fn presence(&self) -> u8 {
        SEEN | if self.flow.known().is_some() { FLOW } else { 0 }
            | if self.occupancy.known().is_some() { OCCUPANCY } else { 0 }
    }
}

/// One cell: the first and the last row, and what lay between.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    first: Reading,
    /// The row that wins.
    pub last: Reading,
    /// Further rows equal to the one before.
    pub repeats: u64,
    /// Further rows that differ from the one before.
    pub conflicts: u64,
    /// Rows by file, in the order of the files; only in D.
    files: Vec<(u32, u64)>,
}

impl Cell {
    fn follow(&mut self, next: Self) {
        if self.last == next.first {
            self.repeats += 1;
        } else {
            self.conflicts += 1;
        }
        self.repeats += next.repeats;
        self.conflicts += next.conflicts;
        self.last = next.last;
        for (file, rows) in next.files {
            match self.files.last_mut() {
                Some(last) if last.0 == file => last.1 += rows,
                _ => self.files.push((file, rows)),
            }
        }
    }
}

/// Rows of D of one file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Overlap {
    /// All.
    pub rows: u64,
    /// For cells that another file has too.
    pub shared: u64,
    /// For cells that a later file has too, and so without effect.
    pub superseded: u64,
}

/// What rows of D say of the arc itself, raw; the last in order that has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ArcFacts {
    /// Label.
    pub label: Option<Box<[u8]>>,
    /// `geo_point_2d`.
    pub point: Option<Box<[u8]>>,
    /// `geo_shape`, a field with its quotes.
    pub shape: Option<Box<[u8]>>,
}

impl ArcFacts {
    fn keep(slot: &mut Option<Box<[u8]>>, raw: &[u8]) {
        if slot.as_deref() != Some(raw) && !raw.iter().all(|byte| byte.is_ascii_whitespace() || *byte == b'"') {
            *slot = Some(raw.into());
        }
    }
}

/// All that is known of one arc.
#[derive(Debug, Clone, PartialEq)]
pub struct ArcCells {
    presence: Vec<u8>,
    /// Hour of the window → cell, from D−2 on.
    pub cells: BTreeMap<usize, Cell>,
    /// Label, point and shape.
    pub facts: ArcFacts,
}

impl ArcCells {
    /// Whether some hour of the window has a flow.
    #[must_use]
    pub fn has_flow(&self) -> bool {
        self.presence.iter().any(|bits| bits & FLOW != 0)
    }

    /// Whether some hour of the window has an occupancy.
    #[must_use]
    pub fn has_occupancy(&self) -> bool {
        self.presence.iter().any(|bits| bits & OCCUPANCY != 0)
    }
}

/// One row for a cell of the window.
#[derive(Debug, Clone, Copy)]
pub struct RoadRow<'a> {
    /// Arc id.
    pub arc: &'a [u8],
    /// Hour of the window.
    pub hour: usize,
    /// Its values.
    pub reading: Reading,
    /// Label, raw field.
    pub label: &'a [u8],
    /// Point, raw field.
    pub point: &'a [u8],
    /// Shape, raw field.
    pub shape: &'a [u8],
}

/// The cells of a part of the input.
#[derive(Debug, Clone, PartialEq)]
pub struct RoadCells {
    window: Window,
    index: HashMap<Box<[u8]>, usize>,
    arcs: Vec<ArcCells>,
    /// The arc of the row before: exports hold the rows of an arc together.
    recent: Option<(Box<[u8]>, usize)>,
}

impl RoadCells {
    /// No cells yet.
    #[must_use]
    pub fn new(window: Window) -> Self {
        Self { window, index: HashMap::new(), arcs: Vec::new(), recent: None }
    }

    /// The window that it covers.
    #[must_use]
    pub fn window(&self) -> Window {
        self.window
    }

    /// The next row of file number `file`, in the order of the input.
    pub fn add(&mut self, file: u32, row: &RoadRow<'_>) {
        let in_day = row.hour >= self.window.day_from;
        let rows_from = self.window.rows_from;
        let slot = self.slot(row.arc);
        let Some(arc) = self.arcs.get_mut(slot) else { return };
        if let Some(bits) = arc.presence.get_mut(row.hour) {
            *bits = row.reading.presence();
        }
        if row.hour < rows_from {
            return;
        }
        let files = if in_day { vec![(file, 1)] } else { Vec::new() };
        let cell = Cell { first: row.reading, last: row.reading, repeats: 0, conflicts: 0, files };
        match arc.cells.entry(row.hour) {
            std::collections::btree_map::Entry::Vacant(entry) => drop(entry.insert(cell)),
            std::collections::btree_map::Entry::Occupied(mut entry) => entry.get_mut().follow(cell),
        }
        if in_day {
            ArcFacts::keep(&mut arc.facts.label, row.label);
            ArcFacts::keep(&mut arc.facts.point, row.point);
            ArcFacts::keep(&mut arc.facts.shape, row.shape);
        }
    }

    /// Adds the cells of the part that follows.
    pub fn merge(&mut self, next: Self) {
        let mut theirs: Vec<Option<ArcCells>> = next.arcs.into_iter().map(Some).collect();
        let mut ids: Vec<_> = next.index.into_iter().collect();
        ids.sort_unstable_by_key(|(_, slot)| *slot);
        for (id, slot) in ids {
            let Some(arc) = theirs.get_mut(slot).and_then(Option::take) else { continue };
            let slot = self.slot(&id);
            let Some(ours) = self.arcs.get_mut(slot) else { continue };
            for (bits, later) in ours.presence.iter_mut().zip(arc.presence) {
                if later != 0 {
                    *bits = later;
                }
            }
            for (hour, cell) in arc.cells {
                match ours.cells.entry(hour) {
                    std::collections::btree_map::Entry::Vacant(entry) => drop(entry.insert(cell)),
                    std::collections::btree_map::Entry::Occupied(mut entry) => entry.get_mut().follow(cell),
                }
            }
            let facts = arc.facts;
            ours.facts.label = facts.label.or(ours.facts.label.take());
            ours.facts.point = facts.point.or(ours.facts.point.take());
            ours.facts.shape = facts.shape.or(ours.facts.shape.take());
        }
    }

    /// All arcs with their ids, in no order.
    pub fn arcs(&self) -> impl Iterator<Item = (&[u8], &ArcCells)> {
        self.index.iter().filter_map(|(id, slot)| Some((&**id, self.arcs.get(*slot)?)))
    }

    /// For each file with rows of D, how they lie over those of others.
    #[must_use]
    pub fn overlaps(&self) -> BTreeMap<u32, Overlap> {
        let mut overlaps: BTreeMap<u32, Overlap> = BTreeMap::new();
        for arc in &self.arcs {
            for cell in arc.cells.range(self.window.day_from..).map(|(_, cell)| cell) {
                let last = cell.files.last().map(|last| last.0);
                let shared = cell.files.first().map(|first| first.0) != last;
                for (file, rows) in &cell.files {
                    let entry = overlaps.entry(*file).or_default();
                    entry.rows += rows;
                    entry.shared += if shared { *rows } else { 0 };
                    entry.superseded += if Some(*file) == last { 0 } else { *rows };
                }
            }
        }
        overlaps
    }

    fn slot(&mut self, id: &[u8]) -> usize {
        if let Some((recent, slot)) = &self.recent
            && **recent == *id
        {
            return *slot;
        }
        let slot = match self.index.get(id) {
            Some(slot) => *slot,
            None => {
                let presence = vec![0; self.window.hours];
                self.arcs.push(ArcCells { presence, cells: BTreeMap::new(), facts: ArcFacts::default() });
                self.index.insert(id.into(), self.arcs.len() - 1);
                self.arcs.len() - 1
            }
        };
        self.recent = Some((id.into(), slot));
        slot
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn window() -> Window {
        Window::new(&ServiceDay::new("2025-11-03".parse().unwrap(), chrono_tz::Europe::Paris), 28)
    }

    type Input = (u8, usize, i8, u32, u8);

    fn cells(rows: &[Input]) -> RoadCells {
        let mut cells = RoadCells::new(window());
        for (arc, hour, flow, file, label) in rows {
            let flow = match flow {
                -1 => Value::Rejected(1),
                0 => Value::Absent,
                n => Value::Known(f64::from(*n)),
            };
            let reading = Reading {
                flow,
                occupancy: Value::Absent,
                state: TrafficState::Inconnu,
                status: ArcStatus::Invalide,
                unknown: 0,
            };
            let label: &[u8] = if *label == 0 { b"" } else { std::slice::from_ref(label) };
            cells.add(*file, &RoadRow { arc: &[*arc], hour: *hour, reading, label, point: b"", shape: b"" });
        }
        cells
    }

    fn comparable(cells: &RoadCells) -> BTreeMap<Vec<u8>, ArcCells> {
        cells.arcs().map(|(id, arc)| (id.to_vec(), arc.clone())).collect()
    }

    proptest! {
        #[test]
        fn merging_is_associative_for_any_split(
            mut rows in prop::collection::vec((0u8..3, 590usize..672, -1i8..3, 0u32..3, 0u8..3), 0..60),
            one in 0usize..60,
            two in 0usize..60,
        ) {
            rows.sort_by_key(|row| row.3);
            let one = one.min(rows.len());
            let two = two.clamp(one, rows.len().max(one));
            let (a, b, c) = (cells(&rows[..one]), cells(&rows[one..two]), cells(&rows[two..]));
            let mut left = a.clone();
            left.merge(b.clone());
            left.merge(c.clone());
            let mut right = b;
            right.merge(c);
            let mut all = a;
            all.merge(right);
            let whole = cells(&rows);
            prop_assert_eq!(comparable(&left), comparable(&whole));
            prop_assert_eq!(comparable(&all), comparable(&whole));
            prop_assert_eq!(all.overlaps(), whole.overlaps());
        }
    }

    #[test]
    fn the_last_row_wins_and_each_is_compared_with_the_one_before() {
        let hour = window().day_from;
        let whole = cells(&[(1, hour, 1, 0, 0), (1, hour, 1, 0, 0), (1, hour, 2, 1, 0), (1, hour, 1, 1, 0)]);
        let (_, arc) = whole.arcs().next().unwrap();
        let cell = &arc.cells[&hour];
        assert_eq!((cell.repeats, cell.conflicts, cell.last.flow), (1, 2, Value::Known(1.0)));
        let of = |superseded| Overlap { rows: 2, shared: 2, superseded };
        assert_eq!(whole.overlaps(), BTreeMap::from([(0, of(2)), (1, of(0))]));
    }
}
