//! Writes the files of counts: blocks of arcs and days are made in parallel and written in order, so that the bytes do not depend on
//! the number of threads.

use std::sync::mpsc;

use rayon::prelude::*;
use runtime::failure::Failure;

use super::cell::{Defect, Roads};
use super::plan::{self, FilePlan};
use super::row::{RowText, Shape};
use crate::clock::{Days, HourInfo};
use crate::faults::Fault;
use crate::output::{Compression, Output};

/// Days and arcs of a block: about 2 MB of rows.
const BLOCK_DAYS: usize = 7;
const BLOCK_ARCS: usize = 32;
/// Blocks made at once.
const BATCH: usize = 16;
/// Length of the label that makes a row too long.
pub const LONG_LABEL: usize = (1 << 20) + 4096;

/// Writes one file. `done` hears how many bytes were written each time.
///
/// # Errors
/// What the store says.
pub fn write(
    roads: &Roads,
    days: &Days,
    file: &FilePlan,
    output: &Output,
    compression: Compression,
    done: &(dyn Fn(u64) + Sync),
) -> Result<(), Failure> {
    let texts: Vec<_> = roads.arcs.par_iter().map(|arc| RowText::new(arc, file.shape)).collect();
    let mut target = output.create(&file.key, compression)?;
    target.write(&opening(roads, days, file, &texts))?;
    let blocks: Vec<(usize, usize)> = (file.from..file.to)
        .step_by(BLOCK_DAYS)
        .flat_map(|day| (0..roads.arcs.len()).step_by(BLOCK_ARCS).map(move |arc| (day, arc)))
        .collect();
    // One batch is written while the next one is made.
    std::thread::scope(|scope| {
        let (sender, receiver) = mpsc::sync_channel::<Vec<Vec<u8>>>(1);
        let writer = scope.spawn(move || {
            for batch in receiver {
                for block in batch {
                    target.write(&block)?;
                    done(block.len() as u64);
                }
            }
            target.write(&ending(roads, file))?;
            target.finish()
        });
        for batch in blocks.chunks(BATCH) {
            let made = batch.par_iter().map(|(day, arc)| block(roads, days, file, &texts, *day, *arc)).collect();
            if sender.send(made).is_err() {
                break;
            }
        }
        drop(sender);
        writer.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// Header, the row that is too long, and the last hours of the file before once more.
fn opening(roads: &Roads, days: &Days, file: &FilePlan, texts: &[RowText]) -> Vec<u8> {
    let mut out = file.shape.header().as_bytes().to_vec();
    if roads.faults.has(Fault::LongLine)
        && let (Some(arc), Some(hour)) = (roads.arcs.first(), days.hours_of(file.from, file.to).first())
    {
        let mut long = arc.clone();
        long.label = "x".repeat(LONG_LABEL);
        let cell = roads.cell(arc, hour);
        RowText::new(&long, file.shape).row(&mut out, &cell, hour);
    }
    for (arc, text) in roads.arcs.iter().zip(texts).filter(|(arc, _)| overlapping(roads, file, arc.index)) {
        for hour in plan::overlap(days, file) {
            let cell = roads.cell(arc, hour);
            if cell.defect == Defect::None {
                text.row(&mut out, &cell, hour);
            }
        }
    }
    out
}

/// A row with a quote that nothing closes, and one that is too short but is a row of its own.
fn ending(roads: &Roads, file: &FilePlan) -> Vec<u8> {
    if !roads.faults.has(Fault::OpenQuote) {
        return Vec::new();
    }
    let end = file.shape.line_end();
    format!("\"jamais ferm\u{e9};1;2{end}trop;court{end}").into_bytes()
}

/// Whether a file begins with hours of the one before for this arc.
#[must_use]
pub fn overlapping(roads: &Roads, file: &FilePlan, arc: usize) -> bool {
    file.from > 0 && roads.faults.has(Fault::Overlap) && plan::overlaps(arc)
}

fn block(roads: &Roads, days: &Days, file: &FilePlan, texts: &[RowText], day: usize, arc: usize) -> Vec<u8> {
    let hours = days.hours_of(day, (day + BLOCK_DAYS).min(file.to));
    let rows = hours.len() * BLOCK_ARCS.min(roads.arcs.len() - arc);
    let mut out = Vec::with_capacity(rows * usize::try_from(file.shape.row_bytes() + 40).unwrap_or(400));
    for (arc, text) in roads.arcs.iter().zip(texts).skip(arc).take(BLOCK_ARCS) {
        let mut repeated: Vec<&HourInfo> = Vec::new();
        for hour in shuffled(hours, arc.index, file.shape) {
            let cell = roads.cell(arc, hour);
            text.cell(&mut out, &cell, |cell| roads.earlier(cell), hour);
            if matches!(cell.defect, Defect::Duplicate(times) if times > 1) {
                repeated.push(hour);
            }
        }
        for hour in repeated {
            text.later(&mut out, &roads.cell(arc, hour), hour);
        }
    }
    out
}

/// The hours out of order, as in the real exports; in order in the historical files.
fn shuffled(hours: &[HourInfo], start: usize, shape: Shape) -> impl Iterator<Item = &HourInfo> {
    let count = hours.len();
    let step = if shape == Shape::Historique {
        1
    } else {
        [5, 11, 13, 17].into_iter().find(|step| !count.is_multiple_of(*step)).unwrap_or(1)
    };
    let first = if shape == Shape::Historique { 0 } else { start };
    (0..count).filter_map(move |index| hours.get((first + index * step) % count))
}
