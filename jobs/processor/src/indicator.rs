//! Figures of the documents, one pure module per document: no I/O, no clock, no environment. Doc comments state formula, unit and origin.

pub(crate) mod bike_counts;
pub(crate) mod context;
pub(crate) mod disruptions;
pub(crate) mod hours;
pub(crate) mod road_counts;
pub(crate) mod road_network;
pub(crate) mod runs;
pub(crate) mod weather;
pub(crate) mod worksites;
