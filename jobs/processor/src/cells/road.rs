//! Cells of the road counts: one arc and one hour, for all days that a run asks for and those before them that they need.
//!
//! The last row of a cell in the order of the input wins; each row is compared with the one before it, so that repeats and conflicts are
//! counted the same for any split of the input. Cells lie by arc and service day in pages of 25 hours: rows of an arc and a day come
//! together in exports, and a day's figures want them so.

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

/// Hours of the longest day.
pub(crate) const HOURS: usize = 25;

/// Which days count, as days of the Common Era.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DayRange {
    /// First day whose cells are kept.
    pub(crate) from: i32,
    /// First day that is asked for.
    pub(crate) first: i32,
    /// Last day of both.
    pub(crate) last: i32,
}

impl DayRange {
    /// Whether the day itself is asked for.
    #[inline]
    #[must_use]
    pub(crate) fn asks_for(&self, day: i32) -> bool {
        (self.first..=self.last).contains(&day)
    }
}

/// Rows of a day of one file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Overlap {
    /// All.
    pub(crate) rows: u64,
    /// For cells that another file has too.
    pub(crate) shared: u64,
    /// For cells that a later file has too, and so without effect.
    pub(crate) superseded: u64,
}

/// What is counted of a day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct DayCounts {
    /// Rows.
    pub(crate) rows: u64,
    /// Cells.
    pub(crate) cells: u64,
    /// Further rows of a cell equal to the one before.
    pub(crate) repeats: u64,
    /// Further rows of a cell that differ from the one before.
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

/// Whether there is any of each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Measures {
    /// A flow.
    pub(crate) flow: bool,
    /// An occupancy.
    pub(crate) occupancy: bool,
}

/// Pages are made by so many at once: what is there is never moved.
const BLOCK: usize = 128;

/// One day of one arc: its page and, at the end, what the page has.
#[derive(Debug, Clone, Copy)]
struct ArcDay {
    day: i32,
    page: u32,
    measures: Measures,
}

/// One arc: its days in order.
#[derive(Debug, Clone, Default)]
struct ArcPages {
    days: Vec<ArcDay>,
    /// Where the last row was.
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
    /// Memory of the texts, with what is made of them.
    text_bytes: usize,
    /// Rows of the last file of cells that have more than a cell can count, by page and hour.
    many: HashMap<(u32, u8), u32>,
}

impl RoadCells {
    /// No cells yet.
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
            text_bytes: 0,
            many: HashMap::new(),
        }
    }

    /// Adds the next rows of the input, all of one file. Files come in order; from the 65,536th on they count as one.
    pub(crate) fn fold(&mut self, file: u32, batch: &Batch) {
        let file = u16::try_from(file).unwrap_or(u16::MAX);
        let mut slots = vec![u32::MAX; batch.arc_count()];
        let mut texts = vec![u32::MAX; batch.text_count()];
        for (number, run) in batch.runs.iter().enumerate() {
            let to = batch.runs.get(number + 1).map_or(batch.rows.len(), |next| next.from as usize);
            let rows = batch.rows.get(run.from as usize..to).unwrap_or_default();
            let slot = known(&mut slots, run.arc, || self.slot(batch.arc(run.arc)));
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
            counts.files.entry(file).or_default().rows += rows.len() as u64;
        }
        for &(hour, row) in rows {
            let Some(cell) = page.cells.get_mut(usize::from(hour)) else { continue };
            let next = row.of_file(file);
            let Some(counts) = &mut counts else {
                *cell = next;
                continue;
            };
            if !cell.is_seen() {
                counts.cells += 1;
                *cell = next;
                continue;
            }
            if cell.says_the_same(&next) {
                counts.repeats += 1;
            } else {
                counts.conflicts += 1;
            }
            let shared = cell.is_shared() || cell.file != file;
            let before = match cell.rows() {
                cell::MANY => self.many.get(&(number, hour)).copied().unwrap_or(cell::MANY),
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
                self.many.insert((number, hour), rows);
            }
            *cell = next.with_past(shared, rows);
        }
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

    /// About how much memory it takes.
    #[must_use]
    pub(crate) fn bytes(&self) -> u64 {
        let pages = self.blocks.len() * BLOCK * (size_of::<Page>() + size_of::<ArcDay>());
        (pages + self.arcs.len() * size_of::<ArcPages>() + self.text_bytes) as u64
    }

    /// After the last row: what days need to know of the days before them.
    pub(crate) fn finish(&mut self) {
        for entry in self.arcs.iter_mut().flat_map(|arc| &mut arc.days) {
            let cells = page(&self.blocks, entry.page).map_or_else(Default::default, |page| page.cells.as_slice());
            entry.measures = Measures {
                flow: cells.iter().any(|cell| cell.flow().is_some()),
                occupancy: cells.iter().any(|cell| cell.occupancy().is_some()),
            };
        }
    }

    /// The days that are asked for and have a row.
    pub(crate) fn days(&self) -> impl Iterator<Item = i32> {
        self.counts.keys().copied()
    }

    /// What is counted of a day that is asked for.
    #[must_use]
    pub(crate) fn counts(&self, day: i32) -> DayCounts {
        self.counts.get(&day).cloned().unwrap_or_default()
    }

    /// The arcs with a row in the days from `from` to `to`, in no order.
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
    /// Its id.
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

    /// What all its days have, after [`RoadCells::finish`].
    #[must_use]
    pub(crate) fn measures(&self) -> Measures {
        self.days.iter().fold(Measures::default(), |all, entry| Measures {
            flow: all.flow || entry.measures.flow,
            occupancy: all.occupancy || entry.measures.occupancy,
        })
    }

    /// What rows of a day say of the arc itself, the last in order that says something: label, point and shape.
    #[must_use]
    pub(crate) fn attributes(&self, day: i32) -> [&'a ArcAttribute; 3] {
        let numbers = self.page(day).map_or([0; 3], |page| page.attributes);
        let none = &self.cells.by_number[0];
        numbers.map(|number| self.cells.by_number.get(number as usize).unwrap_or(none))
    }
}

/// The number at a place, found when it is first asked for.
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
