//! A table as CSV for programs: UTF-8 without BOM, comma, LF, RFC 4180 quoting, decimal point, empty cells for unknown values.
//!
//! Times are `2025-11-03 07:00:00`, which pandas, DuckDB, Polars and spreadsheets recognise. As in the report, text that a spreadsheet would
//! run as a formula gets a leading apostrophe; the Parquet file has the text unchanged.

use std::fmt::Display;

use bytes::Bytes;
use csv::WriterBuilder;

use super::table::{Table, Values};
use crate::render::csv::formula_safe;

/// Renders a table.
///
/// # Errors
/// Only a bug: columns of different lengths.
pub fn render(table: &Table) -> Result<Bytes, csv::Error> {
    let columns: Vec<Vec<String>> = table.columns.iter().map(|column| cells(&column.values)).collect();
    let mut writer = WriterBuilder::new().from_writer(Vec::new());
    writer.write_record(table.columns.iter().map(|column| &column.name))?;
    for row in 0..table.row_count() {
        writer.write_record(columns.iter().filter_map(|column| column.get(row)))?;
    }
    writer.flush()?;
    Ok(writer.into_inner().map_err(|error| error.into_error())?.into())
}

fn cells(values: &Values) -> Vec<String> {
    const TIME: &str = "%Y-%m-%d %H:%M:%S";
    match values {
        Values::Text(values) => {
            values.iter().map(|value| value.as_deref().map(formula_safe).unwrap_or_default()).collect()
        }
        Values::Integer(values) => written(values, |value| value),
        Values::Decimal(values) => written(values, |value| value),
        Values::Boolean(values) => written(values, |value| value),
        Values::Date(values) => written(values, |value| value),
        Values::LocalTime(values) => written(values, |value| value.format(TIME)),
        Values::Instant(values) => written(values, |value| value.format(TIME)),
    }
}

fn written<T: Copy, D: Display>(values: &[Option<T>], shown: impl Fn(T) -> D) -> Vec<String> {
    values.iter().map(|value| value.map(|value| shown(value).to_string()).unwrap_or_default()).collect()
}
