//! The road network: the simulated arcs, and the file that lists them.
//!
//! An arc has attributes for the rows of counts and others for the network file, because the real ones differ: labels, geometry, and
//! arcs that are missing in the network. Not a routable graph: the nodes are only labels.

pub mod arc;
pub mod file;
