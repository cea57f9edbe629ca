//! Bike counters: the open-data API's records and the export as CSV, to one cell per counter and hour, to the day's document.
//!
//! A record's time is an instant and marks the START of its hour. Files are taken in order (`batch/` by key, then snapshots by time of
//! collection, then key) and records by position: the last one of a cell wins whole.

use contract::Reason;
use contract::document::bikes::Bikes;

use super::snapshot::elements;
use super::table::{Column, Table};
use super::{Measured, RawFile, SourceError};
use crate::context::DayContext;
use crate::indicator;

pub mod cells;
mod record;

use cells::Cells;
use record::Record;

/// The export with labels, or with field names; the numbers are those of [`record`].
const COLUMNS: [Column; 5] = [
    Column::required(&["id_compteur", "Identifiant du compteur"]),
    Column::optional(&["nom_compteur", "Nom du compteur"]),
    Column::required(&["sum_counts", "Comptage horaire"]),
    Column::required(&["date", "Date et heure de comptage"]),
    Column::optional(&["coordinates", "Coordonnées géographiques"]),
];

/// The keys under which an API page has its records.
const LISTS: [&str; 2] = ["results", "records"];

/// The bike counters of a day.
///
/// # Errors
/// Names the file of `batch/` that cannot be the source, or says that no snapshot is readable.
pub fn read(files: &[RawFile], context: &DayContext<'_>) -> Result<Measured<Bikes>, SourceError> {
    Ok(indicator::bikes::measure(&collect(files, context)?, context))
}

/// The cells of the window that the day needs, and the tally of all rows.
///
/// # Errors
/// As [`read`].
pub fn collect(files: &[RawFile], context: &DayContext<'_>) -> Result<Cells, SourceError> {
    let mut files: Vec<_> = files.iter().collect();
    // `None` comes before any time of collection: `batch/` first.
    files.sort_by(|a, b| (a.collected, &a.key).cmp(&(b.collected, &b.key)));
    let mut cells = Cells::new(context.day, context.parameters.bikes.attendu_jours);
    let mut lost = Vec::new();
    for file in &files {
        if !file.is_snapshot() {
            read_export(file, context, &mut cells)?;
        } else if read_snapshot(file, context, &mut cells).is_none() {
            cells.tally.reject(Reason::InstantaneIllisible, &file.key, 1, &file.bytes);
            lost.push(file.key.as_str());
        }
    }
    match lost.last() {
        Some(last) if lost.len() == files.len() => Err(SourceError {
            key: String::new(),
            reason: format!(
                "none of the {} snapshots is readable, {last} neither; they are empty, cut short or not those of bike counters",
                lost.len()
            ),
        }),
        _ => Ok(cells),
    }
}

fn read_export(file: &RawFile, context: &DayContext<'_>, cells: &mut Cells) -> Result<(), SourceError> {
    let table = Table::open(&file.key, &file.bytes, &COLUMNS)?;
    for row in table.rows() {
        cells.tally.rows += 1;
        match row {
            Ok(row) => match Record::of_row(&row, context.city.tz) {
                Ok(record) => cells.add(record, &file.key, row.line, row.raw()),
                Err(reason) => cells.tally.reject(reason, &file.key, row.line, row.raw()),
            },
            Err(bad) => bad.count(&mut cells.tally, &file.key),
        }
    }
    Ok(())
}

/// `None` where the snapshot is not readable; nothing of it is counted then.
fn read_snapshot(file: &RawFile, context: &DayContext<'_>, cells: &mut Cells) -> Option<()> {
    let elements = elements(&file.bytes, &LISTS)?;
    let mut ours = elements.is_empty();
    let mut records = Vec::with_capacity(elements.len());
    for element in &elements {
        let record = element.value().and_then(|value| {
            let fields = record::fields(&value).ok_or(Reason::EnregistrementIllisible)?;
            ours |= fields.contains_key("id_compteur") || fields.contains_key("sum_counts");
            Record::of_json(fields, context.city.tz)
        });
        records.push((element, record));
    }
    if !ours {
        return None;
    }
    for (element, record) in records {
        cells.tally.rows += 1;
        match record {
            Ok(record) => cells.add(record, &file.key, element.line, element.raw),
            Err(reason) => cells.tally.reject(reason, &file.key, element.line, element.raw),
        }
    }
    Some(())
}

#[cfg(test)]
#[path = "bikes/tests.rs"]
mod tests;
