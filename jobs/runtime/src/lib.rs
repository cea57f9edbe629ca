//! The parts of a job that have nothing to do with traffic: the one `main`, settings, the days of a run, stores, logs, telemetry, exit
//! codes, signals, the memory budget, and the calls of the Kubernetes API.
//!
//! [`job::main`] is the way in. Not for anything that knows a source, an indicator or a document.

#![warn(missing_docs)]

pub mod clock;
pub mod cluster;
pub mod day;
pub mod digest;
pub mod exit;
pub mod failure;
pub mod job;
pub mod lang;
pub mod location;
pub mod log;
pub mod memory;
pub mod output;
pub mod progress;
pub mod settings;
pub mod signals;
pub mod store;
pub mod telemetry;
pub mod terminal;
mod tls;
pub mod version;
