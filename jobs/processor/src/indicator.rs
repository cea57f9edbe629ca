//! Figures: one pure module per document, formula, unit and origin in its doc comments. No I/O, no clock, no environment.

pub(crate) mod bike_counts;
pub(crate) mod context;
pub(crate) mod disruptions;
pub(crate) mod hours;
pub(crate) mod road_counts;
pub(crate) mod road_network;
pub(crate) mod runs;
pub(crate) mod weather;
pub(crate) mod worksites;
