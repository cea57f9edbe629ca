//! The files of road counts: which days each one holds, and in which format.

use super::row::RowFormat;
use crate::clock::{HourInfo, SimulatedDays};
use crate::output::Compression;
use crate::shapes::Shapes;

/// The formats of the files of road counts (`--shape`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum FormatOption {
    /// Exports with labels.
    #[default]
    Labels,
    /// Exports with field names.
    Fields,
    /// Historical files.
    #[value(name = "historique")]
    Historical,
    /// Historical files for the first third of the days, then field names, then labels.
    Mixed,
}

/// A file of road counts with the days `first_day..end_day`.
#[derive(Debug, Clone)]
pub struct FilePlan {
    pub key: String,
    pub format: RowFormat,
    pub first_day: usize,
    pub end_day: usize,
}

/// The files in the order of their keys, which is that of the days. A file that reaches `limit` bytes ends with that day. With
/// [`Shapes::All`], every second file is one that another tool has saved, as `.txt`, and of the exports among the others every second one has
/// times in UTC.
#[must_use]
pub fn files(
    days: &SimulatedDays,
    arcs: usize,
    formats: FormatOption,
    limit: Option<u64>,
    compression: Compression,
    shapes: Shapes,
) -> Vec<FilePlan> {
    let count = days.days().len();
    let format_of = |day: usize| match formats {
        FormatOption::Labels => RowFormat::Labels,
        FormatOption::Fields => RowFormat::Fields,
        FormatOption::Historical => RowFormat::Historical,
        // The last days have the current format. Two days get two formats, one day gets one.
        FormatOption::Mixed => match (count - 1 - day) * 3 / count.max(3) {
            0 => RowFormat::Labels,
            1 => RowFormat::Fields,
            _ => RowFormat::Historical,
        },
    };
    let mut parts: Vec<(RowFormat, usize, usize)> = Vec::new();
    for day in 0..count {
        let format = format_of(day);
        let day_bytes = format.row_bytes() * 24 * arcs as u64;
        let days_per_file =
            limit.map_or(usize::MAX, |limit| usize::try_from(limit / day_bytes.max(1)).unwrap_or(1).max(1));
        match parts.last_mut() {
            Some((last, first_day, end_day)) if *last == format && *end_day - *first_day < days_per_file => {
                *end_day = day + 1
            }
            _ => parts.push((format, day, day + 1)),
        }
    }
    let digits = parts.len().to_string().len().max(2);
    let key =
        |number: usize, ending: &str| format!("batch/comptages-{number:0digits$}.{ending}{}", compression.suffix());
    parts
        .into_iter()
        .enumerate()
        .map(|(index, (format, first_day, end_day))| {
            let saved = shapes == Shapes::All && index % 2 == 0;
            let in_utc = shapes == Shapes::All && index % 4 == 1 && format.has_geometry();
            let (format, ending) = match (saved, in_utc) {
                (true, _) => (saved_format(format), "txt"),
                (false, true) => (RowFormat::FieldsInUtc, "csv"),
                (false, false) => (format, "csv"),
            };
            FilePlan { key: key(index + 1, ending), format, first_day, end_day }
        })
        .collect()
}

/// The format of a file after another tool has saved it.
fn saved_format(format: RowFormat) -> RowFormat {
    if format.has_geometry() { RowFormat::DataFrame } else { RowFormat::Spreadsheet }
}

/// The index of the file that holds a day.
#[must_use]
pub fn file_of(files: &[FilePlan], day: usize) -> Option<usize> {
    files.iter().position(|file| file.first_day <= day && day < file.end_day)
}

/// Hours of the previous file that a file repeats.
const OVERLAP_HOURS: usize = 3;

/// Whether the last hours of an arc are repeated in the next file.
#[must_use]
pub fn repeats_hours(arc: usize) -> bool {
    arc % 16 == 7
}

/// The hours of the previous file that a file repeats.
#[must_use]
pub fn repeated_hours<'a>(days: &'a SimulatedDays, file: &FilePlan) -> &'a [HourInfo] {
    let before = days.hours_of(0, file.first_day);
    before.get(before.len().saturating_sub(OVERLAP_HOURS)..).unwrap_or_default()
}
