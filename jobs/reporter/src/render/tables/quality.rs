//! The table of the row counts: one row per source and count, and for the count `rejets` one per reason.
//!
//! A source without a document has one row without a count, for its status and the reason.

use contract::document::Quality;
use contract::document::manifest::EntryStatus;
use contract::number::Fixed2;
use contract::{Reason, Source};

use super::TableInputs;
use super::table::Table;

/// One count of one source.
#[derive(Debug)]
struct Row<'a> {
    source: Source,
    status: EntryStatus,
    status_reason: Option<&'a str>,
    completeness: Option<Fixed2>,
    count: Option<&'static str>,
    reason: Option<Reason>,
    rows: Option<u64>,
}

pub(super) fn quality(inputs: TableInputs<'_>) -> Table {
    let mut rows = Vec::new();
    for (source, status) in inputs.sources {
        let row = |count, reason, rows| Row {
            source: *source,
            status: status.status,
            status_reason: status.reason.as_deref(),
            completeness: status.completeness,
            count,
            reason,
            rows,
        };
        match inputs.documents.header(*source).and_then(|header| header.quality.as_ref()) {
            None => rows.push(row(None, None, None)),
            Some(quality) => {
                rows.extend(counts(quality).map(|(name, count)| row(Some(name), None, Some(count))));
                let rejections = quality.structural_rejects.iter().map(|entry| ("rejets_structure", entry));
                let rejections = rejections.chain(quality.rejects.iter().map(|entry| ("rejets", entry)));
                rows.extend(rejections.map(|(name, (reason, count))| row(Some(name), Some(*reason), Some(*count))));
            }
        }
    }
    inputs
        .columns(&rows)
        .text("source", |row| Some(row.source.name()))
        .text("statut", |row| Some(row.status.name()))
        .text("raison_statut", |row| row.status_reason)
        .decimal("completude", |row| row.completeness)
        .text("compte", |row| row.count)
        .text("raison_rejet", |row| row.reason.map(Reason::name))
        .integer("lignes", |row| row.rows)
        .table("qualite")
}

/// The counts without a reason, by their names in the documents.
fn counts(quality: &Quality) -> [(&'static str, u64); 7] {
    [
        ("lignes_lues", quality.rows_read),
        ("lignes_du_jour", quality.rows_of_day),
        ("cellules", quality.cells),
        ("doublons", quality.duplicates),
        ("conflits", quality.conflicts),
        ("cellules_ecartees", quality.excluded_cells),
        ("etats_incoherents", quality.inconsistent_states),
    ]
}
