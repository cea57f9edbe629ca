//! The forms of a report: JSON for programs, CSV for spreadsheets, an overview for the terminal.
//!
//! Each renderer reads the report model alone, does no I/O and returns the same bytes for the same report. A new form is a file here and
//! a field of `publish::RenderedReport`. [`number`] formats figures for people; the sentences use it as well.

pub mod csv;
pub mod json;
pub mod number;
pub mod overview;
