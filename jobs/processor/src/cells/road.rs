//! Cells of the road counts, one per arc and hour, for the requested days and the earlier days that they depend on.
//!
//! The last row of a cell in input order that has a flow or an occupancy wins; without one, the last row. Each row is compared with the
//! previous one, so that repeats and conflicts do not depend on how the input is split. Pages of 25 hours per arc and service day match the
//! order of rows in exports.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

mod attribute;
mod batch;
mod cell;
pub(crate) mod counts;
#[cfg(test)]
mod tests;

pub(crate) use attribute::{ArcAttribute, Trace};
pub(crate) use batch::Batch;
pub(crate) use cell::{Cell, HourValues};

pub(crate) const HOURS: usize = 25;

/// Days to aggregate, as day numbers of the Common Era.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DayRange {
    /// First day with cells.
    pub(crate) from: i32,
    /// First requested day.
    pub(crate) first: i32,
    /// Last requested day.
    pub(crate) last: i32,
}

impl DayRange {
    #[inline]
    #[must_use]
    pub(crate) fn asks_for(&self, day: i32) -> bool {
        (self.first..=self.last).contains(&day)
    }
}

/// Rows of one day in one file that have a flow or an occupancy: others supersede nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Overlap {
    pub(crate) rows: u64,
    /// Rows of cells that another file also has.
    pub(crate) shared: u64,
    /// Rows of cells that a later file replaces.
    pub(crate) superseded: u64,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct DayCounts {
    pub(crate) rows: u64,
    pub(crate) cells: u64,
    /// Rows equal to the previous row of the cell.
    pub(crate) repeats: u64,
    /// Rows that differ from the previous row of the cell.
    pub(crate) conflicts: u64,
    /// By file.
    pub(crate) files: BTreeMap<u16, Overlap>,
}

/// The hours of one arc and one day.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    /// By hour of the day.
    pub(crate) cells: [Cell; HOURS],
    attributes: [u32; 3],
}

/// Which measures exist.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Measures {
    pub(crate) flow: bool,
    pub(crate) occupancy: bool,
}

/// Pages per allocation; existing pages never move.
const BLOCK: usize = 128;

/// One day of one arc. `measures` is set by [`RoadCells::finish`].
#[derive(Debug, Clone, Copy)]
struct ArcDay {
    day: i32,
    page: u32,
    measures: Measures,
}

/// The days of one arc, in order.
#[derive(Debug, Clone, Default)]
struct ArcPages {
    days: Vec<ArcDay>,
    /// Index of the day of the last row.
    recent: usize,
}

/// The cells of the input so far.
#[derive(Debug, Clone)]
pub(crate) struct RoadCells {
    span: DayRange,
    index: HashMap<Box<[u8]>, u32>,
    arcs: Vec<ArcPages>,
    blocks: Vec<Vec<Page>>,
    counts: HashMap<i32, DayCounts>,
    texts: HashMap<Arc<[u8]>, u32>,
    by_number: Vec<ArcAttribute>,
    /// A bit per arc, by file: whether the file has rows of it.
    arcs_by_file: Vec<Vec<u64>>,
    /// Estimated memory of the texts and their parsed forms, bytes.
    text_bytes: usize,
    /// Rows of the last file for cells that exceed the counter in the cell, by page and hour.
    many: HashMap<(u32, u8), u32>,
    /// The last row of cells whose last row has no value and so replaced nothing, by page and hour.
    last: HashMap<(u32, u8), Cell>,
}

impl RoadCells {
    #[must_use]
    pub(crate) fn new(span: DayRange) -> Self {
        Self {
            span,
            index: HashMap::new(),
            arcs: Vec::new(),
            blocks: Vec::new(),
            counts: HashMap::new(),
            texts: HashMap::new(),
            by_number: vec![ArcAttribute::default()],
            arcs_by_file: Vec::new(),
            text_bytes: 0,
            many: HashMap::new(),
            last: HashMap::new(),
        }
    }

    /// Adds the next rows of one file. Files come in order; from the 65,536th on they are counted as one.
    pub(crate) fn fold(&mut self, file: u32, batch: &Batch) {
        let file = u16::try_from(file).unwrap_or(u16::MAX);
        let mut slots = vec![u32::MAX; batch.arc_count()];
        let mut texts = vec![u32::MAX; batch.text_count()];
        if self.arcs_by_file.len() <= usize::from(file) {
            self.arcs_by_file.resize(usize::from(file) + 1, Vec::new());
        }
        for (number, run) in batch.runs.iter().enumerate() {
            let to = batch.runs.get(number + 1).map_or(batch.rows.len(), |next| next.from as usize);
            let rows = batch.rows.get(run.from as usize..to).unwrap_or_default();
            let slot = known(&mut slots, run.arc, || {
                let slot = self.slot(batch.arc(run.arc));
                self.mark(file, slot);
                slot
            });
            let page = self.page(slot, run.day);
            let attributes = run.attributes.map(|attribute| match attribute {
                0 => 0,
                attribute => known(&mut texts, attribute, || self.text(batch.text(attribute))),
            });
            self.fold_run(file, page, run.day, rows, attributes);
        }
    }

    fn fold_run(&mut self, file: u16, number: u32, day: i32, rows: &[(u8, Cell)], attributes: [u32; 3]) {
        let Some(page) = page_mut(&mut self.blocks, number) else { return };
        for (slot, attribute) in page.attributes.iter_mut().zip(attributes) {
            if attribute != 0 {
                *slot = attribute;
            }
        }
        let mut counts = self.span.asks_for(day).then(|| self.counts.entry(day).or_default());
        if let Some(counts) = &mut counts {
            counts.rows += rows.len() as u64;
        }
        let mut measured_rows = 0;
        for &(hour, row) in rows {
            let Some(cell) = page.cells.get_mut(usize::from(hour)) else { continue };
            let next = row.of_file(file);
            let measured = next.is_measured();
            measured_rows += u64::from(measured);
            let replaces = measured || !cell.is_measured();
            let Some(counts) = &mut counts else {
                if replaces {
                    *cell = next;
                }
                continue;
            };
            if !cell.is_seen() {
                counts.cells += 1;
                *cell = next;
                continue;
            }
            let place = (number, hour);
            let last = if cell.is_followed() { self.last.get(&place).copied() } else { None };
            if last.unwrap_or(*cell).says_the_same(&next) {
                counts.repeats += 1;
            } else {
                counts.conflicts += 1;
            }
            if !replaces {
                self.last.insert(place, next);
                cell.set_followed();
                continue;
            }
            if !cell.is_measured() {
                *cell = next;
                continue;
            }
            let shared = cell.is_shared() || cell.file != file;
            let before = match cell.rows() {
                cell::MANY => self.many.get(&place).copied().unwrap_or(cell::MANY),
                rows => rows,
            };
            let rows = if cell.file == file { before + 1 } else { 1 };
            if cell.file != file {
                let earlier = counts.files.entry(cell.file).or_default();
                earlier.superseded += u64::from(before);
                earlier.shared += if cell.is_shared() { 0 } else { u64::from(before) };
            }
            if shared {
                counts.files.entry(file).or_default().shared += 1;
            }
            if rows >= cell::MANY {
                self.many.insert(place, rows);
            }
            *cell = next.with_past(shared, rows);
        }
        if let Some(counts) = counts.filter(|_| measured_rows > 0) {
            counts.files.entry(file).or_default().rows += measured_rows;
        }
    }

    /// Notes that a file has rows of an arc.
    fn mark(&mut self, file: u16, slot: u32) {
        let Some(marks) = self.arcs_by_file.get_mut(usize::from(file)) else { return };
        let word = slot as usize / 64;
        if marks.len() <= word {
            marks.resize(word + 1, 0);
        }
        marks[word] |= 1 << (slot % 64);
    }

    /// The files that have arcs, but none of those that `known` accepts.
    pub(crate) fn files_without(&self, known: impl Fn(&[u8]) -> bool) -> Vec<u16> {
        let marks = (0_u16..).zip(&self.arcs_by_file).filter(|(_, marks)| !marks.is_empty());
        let mut unknown: Vec<(u16, &Vec<u64>)> = marks.collect();
        let mut accepted = self.index.iter().filter(|(id, _)| known(id)).map(|(_, slot)| *slot);
        // Usually the first arcs are enough.
        while !unknown.is_empty()
            && let Some(slot) = accepted.next()
        {
            unknown.retain(|(_, marks)| marks.get(slot as usize / 64).is_none_or(|word| word & 1 << (slot % 64) == 0));
        }
        unknown.into_iter().map(|(file, _)| file).collect()
    }

    fn slot(&mut self, id: &[u8]) -> u32 {
        if let Some(slot) = self.index.get(id) {
            return *slot;
        }
        let slot = number_of(self.arcs.len());
        self.arcs.push(ArcPages::default());
        self.index.insert(id.into(), slot);
        slot
    }

    fn page(&mut self, slot: u32, day: i32) -> u32 {
        let Some(arc) = self.arcs.get_mut(slot as usize) else { return u32::MAX };
        if let Some(entry) = arc.days.get(arc.recent)
            && entry.day == day
        {
            return entry.page;
        }
        match arc.days.binary_search_by_key(&day, |entry| entry.day) {
            Ok(at) => {
                arc.recent = at;
                arc.days[at].page
            }
            Err(at) => {
                if self.blocks.last().is_none_or(|block| block.len() == BLOCK) {
                    self.blocks.push(Vec::with_capacity(BLOCK));
                }
                let page = number_of((self.blocks.len() - 1) * BLOCK + self.blocks.last().map_or(0, Vec::len));
                if let Some(block) = self.blocks.last_mut() {
                    block.push(Page { cells: [Cell::default(); HOURS], attributes: [0; 3] });
                }
                arc.days.insert(at, ArcDay { day, page, measures: Measures::default() });
                arc.recent = at;
                page
            }
        }
    }

    fn text(&mut self, text: &[u8]) -> u32 {
        if let Some(number) = self.texts.get(text) {
            return *number;
        }
        let number = number_of(self.by_number.len());
        let text: Arc<[u8]> = text.into();
        self.text_bytes += 3 * text.len() + 2 * size_of::<ArcAttribute>();
        self.by_number.push(ArcAttribute::new(text.clone()));
        self.texts.insert(text, number);
        number
    }

    /// Estimated memory, bytes.
    #[must_use]
    pub(crate) fn bytes(&self) -> u64 {
        let pages = self.blocks.len() * BLOCK * (size_of::<Page>() + size_of::<ArcDay>());
        (pages + self.arcs.len() * size_of::<ArcPages>() + self.text_bytes) as u64
    }

    /// Call after the last row: computes which measures each day has.
    pub(crate) fn finish(&mut self) {
        for entry in self.arcs.iter_mut().flat_map(|arc| &mut arc.days) {
            let cells = page(&self.blocks, entry.page).map_or_else(Default::default, |page| page.cells.as_slice());
            entry.measures = Measures {
                flow: cells.iter().any(|cell| cell.flow().is_some()),
                occupancy: cells.iter().any(|cell| cell.occupancy().is_some()),
            };
        }
    }

    /// The requested days that have a row.
    pub(crate) fn days(&self) -> impl Iterator<Item = i32> {
        self.counts.keys().copied()
    }

    /// Counts of a requested day.
    #[must_use]
    pub(crate) fn counts(&self, day: i32) -> DayCounts {
        self.counts.get(&day).cloned().unwrap_or_default()
    }

    /// The arcs that have a row in `from..=to`, unordered.
    pub(crate) fn arcs(&self, from: i32, to: i32) -> impl Iterator<Item = ArcDays<'_>> {
        self.index.iter().filter_map(move |(id, slot)| {
            let days = &self.arcs.get(*slot as usize)?.days;
            let begin = days.partition_point(|entry| entry.day < from);
            let end = days.partition_point(|entry| entry.day <= to);
            let days = days.get(begin..end).filter(|days| !days.is_empty())?;
            Some(ArcDays { id, days, cells: self })
        })
    }
}

/// Some days of one arc.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ArcDays<'a> {
    pub(crate) id: &'a [u8],
    days: &'a [ArcDay],
    cells: &'a RoadCells,
}

impl<'a> ArcDays<'a> {
    /// The hours of a day.
    #[must_use]
    pub(crate) fn page(&self, day: i32) -> Option<&'a Page> {
        let at = self.days.binary_search_by_key(&day, |entry| entry.day).ok()?;
        page(&self.cells.blocks, self.days.get(at)?.page)
    }

    /// The measures of all its days, after [`RoadCells::finish`].
    #[must_use]
    pub(crate) fn measures(&self) -> Measures {
        self.days.iter().fold(Measures::default(), |all, entry| Measures {
            flow: all.flow || entry.measures.flow,
            occupancy: all.occupancy || entry.measures.occupancy,
        })
    }

    /// Label, point and shape of the arc: for each the last non-empty value in the rows of the day.
    #[must_use]
    pub(crate) fn attributes(&self, day: i32) -> [&'a ArcAttribute; 3] {
        let numbers = self.page(day).map_or([0; 3], |page| page.attributes);
        let none = &self.cells.by_number[0];
        numbers.map(|number| self.cells.by_number.get(number as usize).unwrap_or(none))
    }
}

/// The cached number at an index, computed on first use.
fn known(numbers: &mut [u32], at: u32, find: impl FnOnce() -> u32) -> u32 {
    match numbers.get_mut(at as usize) {
        Some(number) if *number == u32::MAX => {
            *number = find();
            *number
        }
        Some(number) => *number,
        None => find(),
    }
}

fn number_of(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn page(blocks: &[Vec<Page>], number: u32) -> Option<&Page> {
    blocks.get(number as usize / BLOCK)?.get(number as usize % BLOCK)
}

fn page_mut(blocks: &mut [Vec<Page>], number: u32) -> Option<&mut Page> {
    blocks.get_mut(number as usize / BLOCK)?.get_mut(number as usize % BLOCK)
}
