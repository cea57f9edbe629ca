//! The road network: its arcs, and the file that lists them.

pub mod arc;
pub mod file;
