//! Bike counters: the open-data API's records and the export as CSV, to one cell per counter and hour, to the day's document.
//!
//! A record's time is an instant and marks the START of its hour. Files are taken in order (`batch/` by key, then snapshots by time of
//! collection, then key) and records by position: the last one of a cell wins whole.

use std::sync::Arc;

use contract::document::bike_counts::BikeCounts;

use super::table::Column;
use super::{Measured, SourceError};
use crate::context::DayContext;
use crate::indicator;

pub mod cells;
mod parsed;
mod record;

use cells::Cells;
use parsed::Content;
pub use parsed::{ParsedFile, parse};

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
pub fn read(files: &[Arc<ParsedFile>], context: &DayContext<'_>) -> Result<Measured<BikeCounts>, SourceError> {
    Ok(indicator::bikes::measure(&collect(files, context)?, context))
}

/// The cells of the window that the day needs, and the tally of all rows.
///
/// # Errors
/// As [`read`].
pub fn collect(files: &[Arc<ParsedFile>], context: &DayContext<'_>) -> Result<Cells, SourceError> {
    let mut files: Vec<&ParsedFile> = files.iter().map(Arc::as_ref).collect();
    // `None` comes before any time of collection: `batch/` first.
    files.sort_by(|a, b| (a.collected, a.key()).cmp(&(b.collected, b.key())));
    let mut cells = Cells::new(context.day, context.parameters.bikes.attendu_jours);
    let mut lost = Vec::new();
    for file in &files {
        match &file.content {
            Content::Records(records) => cells.add(records, file.key()),
            Content::Refused(error) => return Err(error.clone()),
            Content::Lost(quote) => {
                cells.tally.reject(quote.reason, file.key(), quote.line, quote.excerpt.as_bytes());
                lost.push(file.key());
            }
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

#[cfg(test)]
#[path = "bikes/tests.rs"]
mod tests;
