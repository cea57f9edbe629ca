//! Raw data to metrics documents: one per source and day.
//!
//! ```text
//!   main ─► args ─► config ─► command ─► pipeline ─► publish
//!                                           │
//!        input (bytes) ─► scan ─► source ─► cells ─► indicator ─► document
//! ```
//!
//! Imports point one way: `command`, `pipeline`, `publish`, `document`, `indicator`, `cells`, `source`, `scan`, `input`, then the modules that
//! every other one may use. `source`, `cells` and `indicator` do no I/O and read no clock and no environment.

pub mod args;
mod calendar;
mod cells;
mod city;
pub mod command;
pub mod config;
mod context;
pub mod crc;
mod document;
mod draft;
pub mod fuzzed;
mod geo;
mod holidays;
mod indicator;
mod input;
mod order;
mod parameters;
mod pipeline;
mod publish;
mod quality;
mod raw_file;
pub mod scan;
mod source;
pub mod telemetry;
mod transit_line;
mod units;
