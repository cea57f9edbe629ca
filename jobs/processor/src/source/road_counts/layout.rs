//! Column positions of a road-count file, from its header.

use crate::raw_file::SourceError;
use crate::scan::head::Head;
use crate::source::text::normalize::folded;

/// Column positions in a file. Columns may come in any order; unknown columns are ignored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) columns: usize,
    pub(crate) arc: usize,
    pub(crate) time: usize,
    pub(crate) flow: usize,
    pub(crate) occupancy: usize,
    pub(crate) state: Option<usize>,
    pub(crate) status: Option<usize>,
    pub(crate) attributes: [Option<usize>; 3],
}

impl Layout {
    /// # Errors
    /// Lists the missing columns and quotes the header.
    pub(crate) fn of(key: &str, head: &Head) -> Result<Self, SourceError> {
        let error = |reason: String| SourceError { key: key.to_owned(), reason };
        if std::str::from_utf8(&head.record).is_err() {
            return Err(error("the header is not valid UTF-8; export the file again as UTF-8".to_owned()));
        }
        let names: Vec<String> = head.fields.iter().map(|name| folded(&String::from_utf8_lossy(name))).collect();
        let find = |known: [&str; 2]| names.iter().position(|name| known.contains(&name.as_str()));
        let mut missing = Vec::new();
        let mut need = |known: [&'static str; 2]| {
            find(known).unwrap_or_else(|| {
                missing.push(known[1]);
                0
            })
        };
        let layout = Self {
            columns: names.len(),
            arc: need(["identifiant arc", "iu_ac"]),
            time: need(["date et heure de comptage", "t_1h"]),
            flow: need(["debit horaire", "q"]),
            occupancy: need(["taux d'occupation", "k"]),
            state: find(["etat trafic", "etat_trafic"]),
            status: find(["etat arc", "etat_barre"]),
            attributes: ["libelle", "geo_point_2d", "geo_shape"].map(|name| find([name, name])),
        };
        if missing.is_empty() {
            return Ok(layout);
        }
        let shown: String = String::from_utf8_lossy(&head.record).chars().take(120).collect();
        Err(error(format!(
            "unrecognised header: missing column {} (found: \"{shown}\"); replace the file by an export of the road counts or remove it",
            missing.join(", ")
        )))
    }
}
