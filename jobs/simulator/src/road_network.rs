//! The road network: the simulated arcs, and the file that lists them.

pub mod arc;
pub mod file;
