//! The tidy tables of a day, for pandas, DuckDB, Polars, QGIS and a spreadsheet's pivot: one file per subject, one header, all rows.
//!
//! Each table is rendered as CSV and as Parquet, with the city and the day in each row, and with coordinates if the subject has a place.
//! Columns have the names of the documents' keys, whatever the language of the report. A table of a source without a document has no row;
//! `qualite` has the reason. `docs/documents.md` explains every column.

pub mod csv;
pub mod parquet;
mod positions;
mod quality;
mod roads;
pub mod table;
mod transit;

use std::collections::BTreeMap;

use chrono::NaiveDate;
use contract::Source;
use contract::report::SourceStatus;

use crate::collect::Documents;
use positions::{Place, Position, Positions};
use table::{Columns, Table};

/// What the tables of a day depend on.
#[derive(Debug, Clone, Copy)]
pub struct TableInputs<'a> {
    pub city: &'a str,
    pub date: NaiveDate,
    pub documents: &'a Documents,
    pub sources: &'a BTreeMap<Source, SourceStatus>,
}

/// The eight tables of a day.
#[must_use]
pub fn tables(inputs: TableInputs<'_>) -> Vec<Table> {
    let positions = Positions::new(inputs.documents);
    vec![
        roads::arcs(inputs, &positions),
        roads::districts(inputs, &positions),
        roads::counters(inputs, &positions),
        roads::alerts(inputs, &positions),
        transit::disruptions(inputs),
        transit::worksites(inputs),
        roads::sensors(inputs, &positions),
        quality::quality(inputs),
    ]
}

impl TableInputs<'_> {
    /// The columns of a table, beginning with the city and the day.
    fn columns<R>(self, rows: &[R]) -> Columns<'_, R> {
        Columns::new(rows).text("ville", |_| Some(self.city)).date("date", |_| Some(self.date))
    }
}

impl<'a, R> Columns<'a, R> {
    /// District, zone and coordinates.
    fn place<'p>(self, place: impl Fn(&'a R) -> Place<'p>) -> Self {
        self.text("arrondissement", |row| place(row).district)
            .text("zone", |row| place(row).zone)
            .position(|row| place(row).position)
    }

    /// Latitude and longitude.
    fn position(self, position: impl Fn(&'a R) -> Option<Position>) -> Self {
        self.decimal("lat", |row| position(row).map(|point| point.lat))
            .decimal("lon", |row| position(row).map(|point| point.lon))
    }
}

#[cfg(test)]
mod tests;
