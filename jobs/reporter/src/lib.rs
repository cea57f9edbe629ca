//! Builds the daily report of a city from the metrics documents of that day.
//!
//! ```text
//! manifest ─► collect ─► report ─► render ─► publish ─► store
//!             verified   pure      json csv  json last
//!             documents  models    tables
//! ```
//!
//! [`collect`] reads and verifies the documents, [`report`] builds the model (with [`sentences`] for the remarkable facts), [`render`]
//! turns the model into bytes, and [`publish`] writes them. [`run`] decides which days to process and how long to wait for them; [`check`]
//! tests settings and rights without writing a report. Only these two read the clock; `report`, `sentences` and `render` do no I/O.
//!
//! Not for computing figures: they come from the documents, unchanged.

pub mod args;
pub mod check;
pub mod city;
pub mod collect;
pub mod config;
mod failures;
pub mod publish;
pub mod render;
pub mod report;
pub mod run;
#[cfg(test)]
mod sample;
pub mod sentences;
pub mod telemetry;
mod terminal;
