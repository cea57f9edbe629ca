//! Road counts: the flow and occupancy that every arc publishes for every hour, the faults in them, and the files of counts.
//!
//! [`cell::RoadSimulation::cell`] decides what happened in an hour. [`mod@file`] writes it and the truth counts it, neither through the
//! other.
//!
//! ```text
//! episode (hours of congestion or failure) ─┐
//! arc, hour, seed ──────────────────────────┴─> cell ─┬─> row ─> file   one CSV per entry of file_plan
//!                                                     └─> truth
//! ```

pub mod cell;
pub mod episode;
pub mod file;
pub mod file_plan;
pub mod row;
