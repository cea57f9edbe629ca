//! Cells and rows: what text and numbers look like in the CSV, and how they are quoted.
//!
//! The only way to a cell is by its type, so that no text can pass for a number and escape the apostrophe.

use std::fmt::Display;

use contract::number::Fixed;
use serde::Serialize;

/// One cell, not yet quoted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell(String);

impl Cell {
    /// Nothing: what is unknown.
    #[must_use]
    pub fn empty() -> Self {
        Self(String::new())
    }

    /// Text; one that a spreadsheet would run gets an apostrophe before it.
    #[must_use]
    pub fn text(text: &str) -> Self {
        // A line feed is as good a beginning as a return for what follows it.
        let runs = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
        Self(if runs { format!("'{text}") } else { text.to_owned() })
    }

    /// What shows itself as text: an instant, a date.
    #[must_use]
    pub fn shown(value: impl Display) -> Self {
        Self::text(&value.to_string())
    }

    /// A figure, with the decimals of the documents.
    #[must_use]
    pub fn number<const DP: usize>(value: Fixed<DP>) -> Self {
        Self::plain_number(value.rounded().to_string())
    }

    /// A count.
    #[must_use]
    pub fn count(value: u64) -> Self {
        Self(value.to_string())
    }

    /// A number as JSON writes it.
    #[must_use]
    pub(super) fn plain_number(digits: String) -> Self {
        Self(digits.replace('.', ","))
    }
}

/// Text that may be unknown.
pub(super) fn optional_text(text: Option<&str>) -> Cell {
    text.map_or_else(Cell::empty, Cell::text)
}

/// A figure that may be unknown.
pub(super) fn optional_number<const DP: usize>(value: Option<Fixed<DP>>) -> Cell {
    value.map_or_else(Cell::empty, Cell::number)
}

/// A named value of the contract, by the name it has in documents.
pub(super) fn word(value: impl Serialize) -> Cell {
    let name = serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned));
    optional_text(name.as_deref())
}

/// The rows, and how wide those of the present section are.
#[derive(Debug)]
pub(super) struct Table {
    out: String,
    width: usize,
}

impl Table {
    /// The mark of UTF-8, by which spreadsheets know the accents, and the first row.
    pub(super) fn new() -> Self {
        let mut table = Self { out: String::from('\u{feff}'), width: 2 };
        table.row(&[Cell::text("Section"), Cell::text("Valeur")]);
        table
    }

    /// Begins a section.
    pub(super) fn section(&mut self, title: &str, columns: &[&str]) {
        self.out.push_str("\r\n=== ");
        self.out.push_str(title);
        self.out.push_str(" ===\r\n");
        self.width = columns.len();
        let columns: Vec<_> = columns.iter().map(|column| Cell::text(column)).collect();
        self.row(&columns);
    }

    /// Adds a row; cells that are left out at its end are empty.
    pub(super) fn row(&mut self, cells: &[Cell]) {
        debug_assert!(cells.len() <= self.width, "a row of {} cells in a section of {}", cells.len(), self.width);
        for at in 0..self.width {
            if at > 0 {
                self.out.push(';');
            }
            if let Some(Cell(text)) = cells.get(at) {
                quoted(text, &mut self.out);
            }
        }
        self.out.push_str("\r\n");
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.out.into_bytes()
    }
}

fn quoted(text: &str, out: &mut String) {
    if text.contains([';', '"', '\r', '\n']) {
        out.push('"');
        out.push_str(&text.replace('"', "\"\""));
        out.push('"');
    } else {
        out.push_str(text);
    }
}
