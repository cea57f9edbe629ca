//! Writes the files of road counts. Blocks of arcs and days are generated in parallel and written in order, so that the bytes do not
//! depend on the number of threads.

use std::sync::mpsc;

use rayon::prelude::*;
use runtime::failure::Failure;

use super::cell::{Defect, RoadSimulation};
use super::file_plan::{self, FilePlan};
use super::row::{RowFormat, RowTemplate};
use crate::clock::{HourInfo, SimulatedDays};
use crate::faults::Fault;
use crate::output::{Compression, Output};

/// Days and arcs per block; a block is about 2 MB of rows.
const BLOCK_DAYS: usize = 7;
const BLOCK_ARCS: usize = 32;
/// Blocks generated in parallel.
const BATCH_BLOCKS: usize = 16;
/// Length of a label that makes a row longer than the limit of 1 MiB.
const LONG_LABEL: usize = (1 << 20) + 4096;

/// Writes one file. `progress` receives the number of bytes after each block.
///
/// # Errors
/// The store or the file system rejects the request.
pub fn write(
    roads: &RoadSimulation,
    days: &SimulatedDays,
    file: &FilePlan,
    output: &Output,
    compression: Compression,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<(), Failure> {
    let templates: Vec<_> = roads.arcs.par_iter().map(|arc| RowTemplate::new(arc, file.format)).collect();
    let mut target = output.create(&file.key, compression)?;
    target.write(&opening(roads, days, file, &templates))?;
    let blocks: Vec<(usize, usize)> = (file.first_day..file.end_day)
        .step_by(BLOCK_DAYS)
        .flat_map(|day| (0..roads.arcs.len()).step_by(BLOCK_ARCS).map(move |arc| (day, arc)))
        .collect();
    // One batch is written while the next one is generated.
    std::thread::scope(|scope| {
        let (sender, receiver) = mpsc::sync_channel::<Vec<Vec<u8>>>(1);
        let writer = scope.spawn(move || {
            for batch in receiver {
                for block in batch {
                    target.write(&block)?;
                    progress(block.len() as u64);
                }
            }
            target.write(&ending(roads, file))?;
            target.finish()
        });
        for batch in blocks.chunks(BATCH_BLOCKS) {
            let generated =
                batch.par_iter().map(|(day, arc)| block(roads, days, file, &templates, *day, *arc)).collect();
            if sender.send(generated).is_err() {
                break;
            }
        }
        drop(sender);
        writer.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// The header, the row that is too long, and the repeated hours of the previous file.
fn opening(roads: &RoadSimulation, days: &SimulatedDays, file: &FilePlan, templates: &[RowTemplate]) -> Vec<u8> {
    let mut out = file.format.header().as_bytes().to_vec();
    if roads.faults.has(Fault::LongLine)
        && let (Some(arc), Some(hour)) = (roads.arcs.first(), days.hours_of(file.first_day, file.end_day).first())
    {
        let mut long = arc.clone();
        long.label = "x".repeat(LONG_LABEL);
        let cell = roads.cell(arc, hour);
        RowTemplate::new(&long, file.format).write_row(&mut out, &cell, hour);
    }
    for (arc, template) in
        roads.arcs.iter().zip(templates).filter(|(arc, _)| has_repeated_hours(roads, file, arc.index))
    {
        for hour in file_plan::repeated_hours(days, file) {
            let cell = roads.cell(arc, hour);
            if cell.defect == Defect::None {
                template.write_row(&mut out, &cell, hour);
            }
        }
    }
    out
}

/// A row with a quote that is never closed, and after it a separate row that is too short.
fn ending(roads: &RoadSimulation, file: &FilePlan) -> Vec<u8> {
    if !roads.faults.has(Fault::OpenQuote) {
        return Vec::new();
    }
    let end = file.format.line_end();
    format!("\"jamais ferm\u{e9};1;2{end}trop;court{end}").into_bytes()
}

/// Whether a file begins with the last hours of the previous file for this arc.
#[must_use]
pub fn has_repeated_hours(roads: &RoadSimulation, file: &FilePlan, arc: usize) -> bool {
    file.first_day > 0 && roads.faults.has(Fault::Overlap) && file_plan::repeats_hours(arc)
}

fn block(
    roads: &RoadSimulation,
    days: &SimulatedDays,
    file: &FilePlan,
    templates: &[RowTemplate],
    day: usize,
    arc: usize,
) -> Vec<u8> {
    let hours = days.hours_of(day, (day + BLOCK_DAYS).min(file.end_day));
    let rows = hours.len() * BLOCK_ARCS.min(roads.arcs.len() - arc);
    let mut out = Vec::with_capacity(rows * usize::try_from(file.format.row_bytes() + 40).unwrap_or(400));
    for (arc, template) in roads.arcs.iter().zip(templates).skip(arc).take(BLOCK_ARCS) {
        let mut repeated: Vec<&HourInfo> = Vec::new();
        for hour in shuffled(hours, arc.index, file.format) {
            let cell = roads.cell(arc, hour);
            template.write_cell(&mut out, &cell, |cell| roads.conflicting_cell(cell), hour);
            if matches!(cell.defect, Defect::Duplicate(times) if times > 1) {
                repeated.push(hour);
            }
        }
        for hour in repeated {
            template.write_repeats(&mut out, &roads.cell(arc, hour), hour);
        }
    }
    out
}

/// The hours out of order, as in the real exports; in order for the historical files.
fn shuffled(hours: &[HourInfo], start: usize, format: RowFormat) -> impl Iterator<Item = &HourInfo> {
    let count = hours.len();
    let step = if format.is_historical() {
        1
    } else {
        [5, 11, 13, 17].into_iter().find(|step| !count.is_multiple_of(*step)).unwrap_or(1)
    };
    let first = if format.is_historical() { 0 } else { start };
    (0..count).filter_map(move |index| hours.get((first + index * step) % count))
}
