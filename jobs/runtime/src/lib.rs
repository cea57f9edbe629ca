//! What any job needs, with no knowledge of traffic: stores, settings, the day of a run, logs, telemetry, exit codes, signals, memory,
//! and the calls of the Kubernetes API.

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
pub mod progress;
pub mod settings;
pub mod signals;
pub mod store;
pub mod telemetry;
mod tls;
