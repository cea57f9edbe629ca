//! A table as CSV for programs: UTF-8 without BOM, comma, LF, RFC 4180, decimal point, empty cells for unknown values.
//!
//! Text is always quoted, so that a program which heeds quotes does not take an identifier for a number. Times are `2025-11-03 07:00:00`,
//! which pandas, DuckDB, Polars and spreadsheets recognise. As in the report, text that a spreadsheet would run as a formula gets a leading
//! apostrophe; the Parquet file has the text unchanged.

use std::fmt::Display;

use bytes::Bytes;

use super::table::{Table, Values};
use crate::render::csv::formula_safe;

/// Renders a table.
#[must_use]
pub fn render(table: &Table) -> Bytes {
    let columns: Vec<Vec<String>> = table.columns.iter().map(|column| cells(&column.values)).collect();
    let names: Vec<_> = table.columns.iter().map(|column| column.name.as_str()).collect();
    let mut out = names.join(",");
    out.push('\n');
    for row in 0..table.row_count() {
        let cells: Vec<_> = columns.iter().map(|column| column.get(row).map_or("", String::as_str)).collect();
        out.push_str(&cells.join(","));
        out.push('\n');
    }
    out.into()
}

fn cells(values: &Values) -> Vec<String> {
    const TIME: &str = "%Y-%m-%d %H:%M:%S";
    match values {
        Values::Text(values) => values.iter().map(|value| value.as_deref().map(quoted).unwrap_or_default()).collect(),
        Values::Integer(values) => written(values, |value| value),
        Values::Decimal(values) => written(values, |value| value),
        Values::Boolean(values) => written(values, |value| value),
        Values::Date(values) => written(values, |value| value),
        Values::LocalTime(values) => written(values, |value| value.format(TIME)),
        Values::Instant(values) => written(values, |value| value.format(TIME)),
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", formula_safe(text).replace('"', "\"\""))
}

fn written<T: Copy, D: Display>(values: &[Option<T>], shown: impl Fn(T) -> D) -> Vec<String> {
    values.iter().map(|value| value.map(|value| shown(value).to_string()).unwrap_or_default()).collect()
}
