//! Which file holds which days, in which shape.

use super::row::Shape;
use crate::clock::{Days, HourInfo};
use crate::output::Compression;

/// Shape of the files of counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Shapes {
    /// Exports with labels.
    #[default]
    Labels,
    /// Exports with field names.
    Fields,
    /// Historical files.
    Historique,
    /// Historical files for the first third of the days, then field names, then labels.
    Mixed,
}

/// One file of counts.
#[derive(Debug, Clone)]
pub struct FilePlan {
    /// Its key.
    pub key: String,
    /// Its shape.
    pub shape: Shape,
    /// Its first day, by number.
    pub from: usize,
    /// The first day after it.
    pub to: usize,
}

/// The files, in the order of keys and days.
#[must_use]
pub fn files(days: &Days, arcs: usize, shapes: Shapes, limit: Option<u64>, compression: Compression) -> Vec<FilePlan> {
    let count = days.days().len();
    let shape_of = |day: usize| match shapes {
        Shapes::Labels => Shape::Labels,
        Shapes::Fields => Shape::Fields,
        Shapes::Historique => Shape::Historique,
        // The last days, which are looked at first, are in the shape of today; two days have two shapes, one has one.
        Shapes::Mixed => match (count - 1 - day) * 3 / count.max(3) {
            0 => Shape::Labels,
            1 => Shape::Fields,
            _ => Shape::Historique,
        },
    };
    let mut parts: Vec<(Shape, usize, usize)> = Vec::new();
    for day in 0..count {
        let shape = shape_of(day);
        let day_bytes = shape.row_bytes() * 24 * arcs as u64;
        let room = limit.map_or(usize::MAX, |limit| usize::try_from(limit / day_bytes.max(1)).unwrap_or(1).max(1));
        match parts.last_mut() {
            Some((last, from, to)) if *last == shape && *to - *from < room => *to = day + 1,
            _ => parts.push((shape, day, day + 1)),
        }
    }
    let digits = parts.len().to_string().len().max(2);
    let key = |number: usize| format!("batch/comptages-{number:0digits$}.csv{}", compression.suffix());
    parts
        .into_iter()
        .enumerate()
        .map(|(index, (shape, from, to))| FilePlan { key: key(index + 1), shape, from, to })
        .collect()
}

/// The file of a day.
#[must_use]
pub fn file_of(files: &[FilePlan], day: usize) -> Option<usize> {
    files.iter().position(|file| file.from <= day && day < file.to)
}

/// How many hours of the file before stand in a file once more.
const OVERLAP: usize = 3;

/// Whether an arc is one of those whose last hours stand in the next file once more.
#[must_use]
pub fn overlaps(arc: usize) -> bool {
    arc % 16 == 7
}

/// The hours that a file has of the file before.
#[must_use]
pub fn overlap<'a>(days: &'a Days, file: &FilePlan) -> &'a [HourInfo] {
    let before = days.hours_of(0, file.from);
    before.get(before.len().saturating_sub(OVERLAP)..).unwrap_or_default()
}
