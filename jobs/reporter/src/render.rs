//! The forms of a report. Each renderer sees the report alone, does no I/O, and gives the same bytes for the same report.

pub mod csv;
pub mod json;
