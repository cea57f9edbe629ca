//! Metrics documents to the daily report.
//!
//! [`collect`] reads what the manifest of a day names, [`report`] makes the report of it, [`render`] gives it its forms, [`publish`]
//! writes them. Only [`run`] and [`check`] know the clock and the outside; nothing between `collect` and `publish` does.

pub mod args;
pub mod check;
pub mod city;
pub mod collect;
pub mod config;
pub mod lang;
mod notice;
pub mod publish;
pub mod render;
pub mod report;
pub mod run;
#[cfg(test)]
mod sample;
pub mod sentences;
pub mod telemetry;
