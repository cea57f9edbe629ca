//! The section `QUALITÉ`: one row per source and reason of rejection.
//!
//! The row counts of a source are in its first row only, so that the sum of a column is right. `Raison` is the reason of the rejections in
//! `Rejets`; in a row without rejections it is the reason of the status.

use contract::Source;
use contract::report::{SourceQuality, SourceStatus};

use super::View;
use super::cells::{Cell, Section};
use super::headings;
use crate::sentences::words;

impl View<'_> {
    pub(super) fn quality(self) -> Section {
        let report = self.report;
        let sources = report.sources.iter();
        let rows = sources.flat_map(|(source, status)| self.source_rows(*source, status, report.quality.get(source)));
        Section { title: headings::QUALITY, columns: headings::QUALITY_COLUMNS, rows: rows.collect() }
    }

    fn source_rows(self, source: Source, status: &SourceStatus, quality: Option<&SourceQuality>) -> Vec<Vec<Cell>> {
        let lang = self.lang;
        let rejections = quality.iter().flat_map(|quality| &quality.rejects);
        let mut reasons: Vec<_> = rejections
            .map(|(reason, count)| (Cell::count(*count), Cell::text(&words::rejection(lang, *reason))))
            .collect();
        if status.reason.is_some() || reasons.is_empty() {
            let rejected = match quality {
                Some(quality) if quality.rejects.is_empty() => Cell::count(0),
                _ => Cell::default(),
            };
            let reason = status.reason.as_deref().map(|reason| words::source_reason(lang, reason));
            reasons.insert(0, (rejected, Cell::optional_text(reason.as_deref())));
        }
        let count = |count: Option<u64>| count.map_or_else(Cell::default, Cell::count);
        let mut counts = vec![
            Cell::optional_number(status.completeness),
            count(quality.map(|quality| quality.rows_read)),
            count(quality.map(|quality| quality.rows_of_day)),
            count(quality.map(|quality| quality.duplicates)),
            count(quality.map(|quality| quality.conflicts)),
        ];
        let mut rows = Vec::new();
        for (rejected, reason) in reasons {
            let mut row =
                vec![Cell::text(words::source(lang, source)), Cell::text(words::entry_status(lang, status.status))];
            row.append(&mut counts);
            row.extend([rejected, reason]);
            counts = vec![Cell::default(); 5];
            rows.push(row);
        }
        rows
    }
}
