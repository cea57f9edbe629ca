//! The contract between the jobs: the types of the documents, the keys in the store, the service day.
//!
//! ```text
//! raw files ─► processor ─► documents, manifest ─► reporter ─► report
//!                               types and keys: this crate
//! ```
//!
//! The processor writes these types and the reporter reads them; the two crates do not depend on each other. Names in JSON are French
//! because existing readers use them; names in Rust are English (`#[serde(rename)]`). The JSON Schemas under `docs/schema/` are generated
//! from the types (see [`schema`]). This crate does no I/O and reads neither the clock nor the environment; it computes no figures.

#![warn(missing_docs)]

pub mod day;
pub mod document;
pub mod keys;
pub mod number;
pub mod reason;
pub mod report;
pub mod schema;
pub mod source;
pub mod zone;

pub use chrono::NaiveDate;
pub use day::{DayType, ServiceDay, Stamp};
pub use number::Fixed;
pub use reason::Reason;
pub use source::Source;
pub use zone::{Tz, tz_version};

/// Version of the documents and of the report (`major.minor`): a new key is a minor version, a changed meaning a major one.
pub const SCHEMA_VERSION: &str = "1.1";
