//! Aggregates of rows, added in input order: any split of the input into consecutive chunks gives the same cells and the same counts of
//! repeats, conflicts and overlapping rows.

pub(crate) mod bike;
pub(crate) mod road;
