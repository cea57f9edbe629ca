//! The forms of a report: JSON for programs, CSV for spreadsheets, an overview for the terminal, and the tidy tables of the day.
//!
//! Each renderer does no I/O and returns the same bytes for the same input: the report model, or for [`tables`] the documents, because a
//! table has all their rows. A new form is a file here and a field of `publish::RenderedReport`. [`number`] formats figures for people; the sentences use it as well.

pub mod csv;
pub mod json;
pub mod number;
pub mod overview;
pub mod tables;

#[cfg(test)]
mod tests;
