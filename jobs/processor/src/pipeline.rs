//! A run: which days, the inputs, one document per source and day, publication. All days of a run come from one pass over the input, each
//! document byte for byte that of a run for its day alone.
//!
//! ```text
//!   plan ─► inventory ─► batch_inputs (once per run) ──┐
//!                   └──► snapshots (day after day) ────┴─► day ─► publish ─► finish ─► run_summary, outcome
//! ```

mod batch_inputs;
mod changed_inputs;
mod day;
mod day_metrics;
mod days;
pub(crate) mod engine;
mod finish;
mod outcome;
mod plan;
mod progress;
pub(crate) mod read_files;
mod reference;
mod road_counts;
mod run_summary;
mod snapshots;
pub(crate) mod terminal;

pub(crate) use days::run;
