//! Compact rows of one chunk of the input, in order: the result of a worker thread.

use std::collections::HashMap;

use super::cell::Cell;
use crate::source::road_counts::{Content, GeometryCache, Place};

/// Raw fields that describe the arc: label, `geo_point_2d`, `geo_shape`.
pub(crate) type RawAttributes<'a> = [&'a [u8]; 3];

/// Consecutive rows of one arc and one day.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ArcDayRows {
    /// Index of the arc in the batch.
    pub(crate) arc: u32,
    pub(crate) day: i32,
    /// Index of its first row in the batch.
    pub(crate) from: u32,
    /// Indexes of its last attributes in the batch; 0 is none.
    pub(crate) attributes: [u32; 3],
}

/// Rows in input order.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    arcs: Texts,
    numbers: HashMap<Box<[u8]>, u32>,
    pub(crate) runs: Vec<ArcDayRows>,
    /// Hour of the day and values of each row.
    pub(crate) rows: Vec<(u8, Cell)>,
    texts: Texts,
    /// Last attributes of the current arc.
    recent: [u32; 3],
}

impl Batch {
    /// Adds the next row; attributes are given for requested days only. Returns whether the point or the shape is unreadable; such a text
    /// does not replace that of an earlier row.
    #[inline]
    pub(crate) fn add(
        &mut self,
        arc: &[u8],
        day: i32,
        hour: u8,
        cell: Cell,
        attributes: Option<RawAttributes<'_>>,
        geometry: &mut GeometryCache,
    ) -> bool {
        let mut unreadable = false;
        let same_arc = self.runs.last().is_some_and(|run| self.arcs.get(run.arc) == arc);
        if !same_arc || self.runs.last().is_some_and(|run| run.day != day) {
            self.begin(arc, day, same_arc);
        }
        if let (Some(attributes), Some(run)) = (attributes, self.runs.last_mut()) {
            #[expect(
                clippy::needless_range_loop,
                reason = "iterators over three arrays cost tens of instructions per row"
            )]
            for column in 0..attributes.len() {
                let (raw, recent) = (attributes[column], &mut self.recent[column]);
                if *recent == 0 || self.texts.get(*recent) != raw {
                    match content(column, raw, geometry) {
                        Content::Usable => *recent = self.texts.push(raw),
                        Content::Nothing => continue,
                        Content::Unreadable => {
                            unreadable = true;
                            continue;
                        }
                    }
                }
                run.attributes[column] = *recent;
            }
        }
        self.rows.push((hour, cell));
        unreadable
    }

    /// Removes all rows and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.arcs.clear();
        self.numbers.clear();
        self.runs.clear();
        self.rows.clear();
        self.texts.clear();
        self.recent = [0; 3];
    }

    fn begin(&mut self, arc: &[u8], day: i32, same_arc: bool) {
        let number = match self.runs.last() {
            Some(run) if same_arc => run.arc,
            _ => {
                self.recent = [0; 3];
                self.number(arc)
            }
        };
        let from = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
        self.runs.push(ArcDayRows { arc: number, day, from, attributes: [0; 3] });
    }

    fn number(&mut self, arc: &[u8]) -> u32 {
        if let Some(number) = self.numbers.get(arc) {
            return *number;
        }
        let number = self.arcs.push(arc);
        self.numbers.insert(arc.into(), number);
        number
    }

    pub(crate) fn arc(&self, number: u32) -> &[u8] {
        self.arcs.get(number)
    }

    /// Number of arcs plus one: indexes start at 1.
    pub(crate) fn arc_count(&self) -> usize {
        self.arcs.ends.len() + 1
    }

    pub(crate) fn text(&self, number: u32) -> &[u8] {
        self.texts.get(number)
    }

    /// Number of attributes plus one: indexes start at 1.
    pub(crate) fn text_count(&self) -> usize {
        self.texts.ends.len() + 1
    }
}

/// What a raw attribute says that differs from the one before it. Not inlined: most rows repeat theirs.
#[inline(never)]
fn content(column: usize, raw: &[u8], geometry: &mut GeometryCache) -> Content {
    if says_nothing(raw) {
        return Content::Nothing;
    }
    match column {
        1 => geometry.content(Place::Point, raw),
        2 => geometry.content(Place::Shape, raw),
        _ => Content::Usable,
    }
}

fn says_nothing(raw: &[u8]) -> bool {
    raw.iter().all(|byte| byte.is_ascii_whitespace() || *byte == b'"')
}

/// Concatenated texts, numbered from 1.
#[derive(Debug, Default)]
struct Texts {
    bytes: Vec<u8>,
    ends: Vec<u32>,
}

impl Texts {
    fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    fn push(&mut self, text: &[u8]) -> u32 {
        self.bytes.extend_from_slice(text);
        self.ends.push(u32::try_from(self.bytes.len()).unwrap_or(u32::MAX));
        u32::try_from(self.ends.len()).unwrap_or(u32::MAX)
    }

    /// Empty for 0.
    #[inline]
    fn get(&self, number: u32) -> &[u8] {
        let number = number as usize;
        let end = number.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |end| *end as usize);
        let begin = number.checked_sub(2).and_then(|before| self.ends.get(before)).map_or(0, |end| *end as usize);
        self.bytes.get(begin..end).unwrap_or_default()
    }
}
