//! Bike counters: the open-data API's records and the export as CSV, to one cell per counter and hour, to the day's document.
//!
//! A record's time is an instant and marks the START of its hour. Files are taken in order (`batch/` by key, then snapshots by time of
//! collection, then key) and records by position: the last one of a cell wins whole.

use crate::source::text::table::Column;

pub(crate) mod parsed;
pub(crate) mod record;

pub(crate) use parsed::{ParsedFile, parse};

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
