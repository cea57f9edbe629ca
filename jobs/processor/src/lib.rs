//! Raw data to metrics documents: one per source and day.
//!
//! The way of a day: [`input`] lists and fetches the raw files; [`source`] turns bytes into records and [`scan`] large delimited text into
//! rows; [`cells`] gather them; [`indicator`] computes figures; [`publish`] writes documents and the manifest. [`run`] tells it as a story.
//! `source`, `cells` and `indicator` do no I/O and read no clock and no environment.

pub mod args;
pub mod calendar;
pub mod cells;
pub mod city;
pub mod config;
pub mod context;
pub mod geo;
pub mod indicator;
pub mod input;
pub mod order;
pub mod parameters;
pub mod publish;
pub mod quality;
pub mod run;
pub mod scan;
pub mod source;
pub mod telemetry;
