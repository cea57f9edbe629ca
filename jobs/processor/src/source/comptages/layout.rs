//! Where the columns of a road-count file are, by its header.

use std::borrow::Cow;

use super::super::table::folded;
use super::SourceError;
use crate::scan::record::{Fields, Records};
use crate::scan::split::Chunk;

/// Where the columns of a file are. Columns may come in any order; others are ignored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// Between fields.
    pub separator: u8,
    /// Number of columns.
    pub columns: usize,
    pub(super) arc: usize,
    pub(super) time: usize,
    pub(super) flow: usize,
    pub(super) occupancy: usize,
    pub(super) state: Option<usize>,
    pub(super) status: Option<usize>,
    pub(super) label: Option<usize>,
    pub(super) point: Option<usize>,
    pub(super) shape: Option<usize>,
}

impl Layout {
    /// From the first record of the file's first chunk.
    ///
    /// # Errors
    /// Says which columns are missing, and what the header holds.
    pub fn of_chunk(key: &str, chunk: &Chunk, separator: u8) -> Result<Self, SourceError> {
        let error = |reason: String| SourceError { key: key.to_owned(), reason };
        let header = Records::new(&chunk.bytes, separator, chunk.first_line)
            .next()
            .ok_or_else(|| error("the file is empty; export it again, with its header".to_owned()))?;
        if std::str::from_utf8(header.bytes).is_err() {
            return Err(error("the header is not valid UTF-8; export the file again as UTF-8".to_owned()));
        }
        let mut fields = Fields::default();
        fields.cut(header.bytes, separator);
        let names: Vec<String> =
            (0..fields.len()).map(|i| folded(&String::from_utf8_lossy(&fields.get(header.bytes, i)))).collect();
        let find = |known: [&str; 2]| names.iter().position(|name| known.contains(&name.as_str()));
        let mut missing = Vec::new();
        let mut need = |known: [&'static str; 2]| {
            find(known).unwrap_or_else(|| {
                missing.push(known[1]);
                0
            })
        };
        let layout = Self {
            separator,
            columns: names.len(),
            arc: need(["identifiant arc", "iu_ac"]),
            time: need(["date et heure de comptage", "t_1h"]),
            flow: need(["debit horaire", "q"]),
            occupancy: need(["taux d'occupation", "k"]),
            state: find(["etat trafic", "etat_trafic"]),
            status: find(["etat arc", "etat_barre"]),
            label: find(["libelle", "libelle"]),
            point: find(["geo_point_2d", "geo_point_2d"]),
            shape: find(["geo_shape", "geo_shape"]),
        };
        if missing.is_empty() {
            return Ok(layout);
        }
        let shown: String = String::from_utf8_lossy(header.bytes).chars().take(120).collect();
        Err(error(format!(
            "the header is not that of road counts, {} missing (read: \"{shown}\"); put the right file there or take this one away",
            missing.join(", ")
        )))
    }

    /// A column that may not be there, as empty.
    pub(super) fn optional<'a>(&self, fields: &Fields, record: &'a [u8], column: Option<usize>) -> Cow<'a, [u8]> {
        column.map_or(Cow::Borrowed(b"".as_slice()), |column| fields.get(record, column))
    }
}
