//! Mergeable aggregates: `add`, `merge`, `finish`. `merge(a, b)` is associative, and a cell keeps its first and its last row, so that any
//! split of the input into consecutive parts gives the same answer, counts of repeats and conflicts included.

pub mod roads;
