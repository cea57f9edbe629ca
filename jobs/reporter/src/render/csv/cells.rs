//! Cells and sections: how text, numbers and times look in the CSV, and how the `csv` crate writes them.
//!
//! A cell is made from a typed value, so that text cannot pass for a number and escape the apostrophe.

use std::fmt::Display;

use chrono::Timelike as _;
use contract::Stamp;
use contract::number::Fixed;
use csv::{Terminator, WriterBuilder};
use runtime::lang::Lang;

/// One cell, not yet quoted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Cell {
    /// An unknown value.
    #[default]
    Empty,
    Text(String),
    /// With a decimal point, as JSON writes it.
    Number(String),
}

impl Cell {
    pub(super) fn text(text: &str) -> Self {
        Self::Text(formula_safe(text))
    }

    /// A date.
    pub(super) fn display(value: impl Display) -> Self {
        Self::text(&value.to_string())
    }

    /// A local time without its offset, which no spreadsheet reads as a time; seconds only if they are not 0.
    pub(super) fn time(stamp: Stamp) -> Self {
        let local = stamp.local();
        let format = if local.second() == 0 { "%Y-%m-%d %H:%M" } else { "%Y-%m-%d %H:%M:%S" };
        Self::display(local.format(format))
    }

    /// A figure, with the decimals of the documents.
    pub(super) fn number<const DP: usize>(value: Fixed<DP>) -> Self {
        Self::plain_number(&value.rounded().to_string())
    }

    pub(super) fn count(value: u64) -> Self {
        Self::plain_number(&value.to_string())
    }

    /// A number as JSON writes it.
    pub(super) fn plain_number(digits: &str) -> Self {
        Self::Number(digits.to_owned())
    }

    pub(super) fn optional_text(text: Option<&str>) -> Self {
        text.map_or_else(Self::default, Self::text)
    }

    pub(super) fn optional_number<const DP: usize>(value: Option<Fixed<DP>>) -> Self {
        value.map_or_else(Self::default, Self::number)
    }

    fn written(self, lang: Lang) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Text(text) => text,
            Self::Number(digits) => lang.pick(digits.replace('.', ","), digits),
        }
    }
}

/// Text with a leading apostrophe if a spreadsheet would run it as a formula.
pub(crate) fn formula_safe(text: &str) -> String {
    // A line feed as well: spreadsheets skip it and see the character that follows.
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    if is_formula { format!("'{text}") } else { text.to_owned() }
}

/// A French heading and its English one.
pub(super) type Heading = (&'static str, &'static str);

/// A section of the report.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) title: Heading,
    pub(super) columns: &'static [Heading],
    /// Missing cells at the end of a row are empty.
    pub(super) rows: Vec<Vec<Cell>>,
}

/// The whole file: the byte order mark, by which spreadsheets recognise UTF-8, the first rows and the sections.
///
/// # Errors
/// A row is longer than its header: a bug.
pub(super) fn write(
    lang: Lang,
    first: Vec<Vec<Cell>>,
    sections: impl IntoIterator<Item = Section>,
) -> Result<Vec<u8>, csv::Error> {
    let mut out = Vec::from("\u{feff}");
    write_rows(&mut out, lang, &[("Section", "Section"), ("Valeur", "Value")], first)?;
    for Section { title: (fr, en), columns, rows } in sections {
        // Not through the writer, which has no empty rows.
        out.extend_from_slice(format!("\r\n# {}\r\n", lang.pick(fr, en)).as_bytes());
        write_rows(&mut out, lang, columns, rows)?;
    }
    Ok(out)
}

fn write_rows(out: &mut Vec<u8>, lang: Lang, columns: &[Heading], rows: Vec<Vec<Cell>>) -> Result<(), csv::Error> {
    let mut writer =
        WriterBuilder::new().delimiter(lang.pick(b';', b',')).terminator(Terminator::CRLF).from_writer(out);
    writer.write_record(columns.iter().map(|(fr, en)| lang.pick(*fr, *en)))?;
    for mut row in rows {
        row.resize(row.len().max(columns.len()), Cell::default());
        writer.write_record(row.into_iter().map(|cell| cell.written(lang)))?;
    }
    writer.flush()?;
    Ok(())
}
