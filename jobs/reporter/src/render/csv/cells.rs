//! Cells and sections: how text and numbers look in the CSV, and how the `csv` crate writes them.
//!
//! A cell is made from a typed value, so that text cannot pass for a number and escape the apostrophe.

use std::fmt::Display;

use contract::number::Fixed;
use csv::{Terminator, WriterBuilder};
use serde::Serialize;

use crate::report::serde_name;

/// One cell, not yet quoted. The default is empty: an unknown value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Cell(String);

impl Cell {
    /// Text. If a spreadsheet would run it as a formula, it gets a leading apostrophe.
    pub(super) fn text(text: &str) -> Self {
        // A line feed as well: spreadsheets skip it and see the character that follows.
        let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
        Self(if is_formula { format!("'{text}") } else { text.to_owned() })
    }

    /// An instant or a date.
    pub(super) fn display(value: impl Display) -> Self {
        Self::text(&value.to_string())
    }

    /// A figure, with the decimals of the documents.
    pub(super) fn number<const DP: usize>(value: Fixed<DP>) -> Self {
        Self::plain_number(&value.rounded().to_string())
    }

    pub(super) fn count(value: u64) -> Self {
        Self(value.to_string())
    }

    /// A number as JSON writes it.
    pub(super) fn plain_number(digits: &str) -> Self {
        Self(digits.replace('.', ","))
    }

    /// A unit variant of the contract, by its name in documents.
    pub(super) fn name(value: impl Serialize) -> Self {
        Self::optional_text(serde_name(value).as_deref())
    }

    pub(super) fn optional_text(text: Option<&str>) -> Self {
        text.map_or_else(Self::default, Self::text)
    }

    pub(super) fn optional_number<const DP: usize>(value: Option<Fixed<DP>>) -> Self {
        value.map_or_else(Self::default, Self::number)
    }
}

impl AsRef<[u8]> for Cell {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// A section of the report.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) title: &'static str,
    pub(super) columns: &'static [&'static str],
    /// Missing cells at the end of a row are empty.
    pub(super) rows: Vec<Vec<Cell>>,
}

/// The whole file: the byte order mark, by which spreadsheets recognise UTF-8, the first row and the sections.
///
/// # Errors
/// A row is longer than its header: a bug.
pub(super) fn write(sections: impl IntoIterator<Item = Section>) -> Result<Vec<u8>, csv::Error> {
    let mut out = Vec::from("\u{feff}");
    write_rows(&mut out, &["Section", "Valeur"], Vec::new())?;
    for Section { title, columns, rows } in sections {
        // Not through the writer, which has no empty rows.
        out.extend_from_slice(format!("\r\n=== {title} ===\r\n").as_bytes());
        write_rows(&mut out, columns, rows)?;
    }
    Ok(out)
}

fn write_rows(out: &mut Vec<u8>, columns: &[&str], rows: Vec<Vec<Cell>>) -> Result<(), csv::Error> {
    let mut writer = WriterBuilder::new().delimiter(b';').terminator(Terminator::CRLF).from_writer(out);
    writer.write_record(columns)?;
    for mut row in rows {
        row.resize(row.len().max(columns.len()), Cell::default());
        writer.write_record(&row)?;
    }
    writer.flush()?;
    Ok(())
}
