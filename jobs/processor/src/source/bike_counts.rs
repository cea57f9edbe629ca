//! Bike counts: records of the open-data API and CSV exports.
//!
//! The timestamp marks the START of the hour. Files are read in order (`batch/` by key, then snapshots by collection time and key), records
//! by position; the last record of a cell replaces the earlier ones completely.

use crate::source::text::table::Column;

pub(crate) mod parsed;
pub(crate) mod record;

pub(crate) use parsed::{ParsedFile, parse};

/// Exports use labels or field names. The constants in [`record`] are indexes into this list.
const COLUMNS: [Column; 5] = [
    Column::required(&["id_compteur", "Identifiant du compteur"]),
    Column::optional(&["nom_compteur", "Nom du compteur"]),
    Column::required(&["sum_counts", "Comptage horaire"]),
    Column::required(&["date", "Date et heure de comptage"]),
    Column::optional(&["coordinates", "Coordonnées géographiques"]),
];

/// Keys that hold the records of an API page, or of a GeoJSON FeatureCollection.
const LISTS: [&str; 3] = ["results", "records", "features"];
/// Keys that hold the number of records of the whole answer, in today's API and the older one.
const TOTALS: [&str; 2] = ["total_count", "nhits"];
