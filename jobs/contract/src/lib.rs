//! What the two jobs agree on: the documents' types, every key in the store, the service day.
//!
//! The processor writes what is declared here and the reporter reads it; neither sees the other. Nothing here does I/O, and nothing reads
//! a clock or the environment. The JSON Schemas under `docs/schema/` are generated from these types (see [`schema`]).

#![warn(missing_docs)]

pub mod day;
pub mod document;
pub mod keys;
pub mod number;
pub mod reason;
pub mod report;
pub mod schema;
pub mod source;

pub use chrono::NaiveDate;
pub use day::{DayType, ServiceDay, Stamp};
pub use number::Fixed;
pub use reason::Reason;
pub use source::Source;

/// Version of the documents and of the report (`major.minor`): a new key is a minor version, a changed meaning a major one.
pub const SCHEMA_VERSION: &str = "1.0";
