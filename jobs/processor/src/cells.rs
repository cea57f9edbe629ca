//! Aggregates of rows, told part by part in the order of the input: any split of it into consecutive parts gives the same cells, and the
//! same counts of repeats, conflicts and rows that another file has too.

pub(crate) mod bike;
pub(crate) mod road;
