//! Figures of the road counts, one file per indicator.
//!
//! The order matters: failing detectors are found first, and their values are excluded from all other figures ([`failing::exclude`]).

use std::cmp::Ordering;

use contract::number::Fixed2;

pub(crate) mod alerts;
pub(crate) mod arcs;
pub(crate) mod city;
pub(crate) mod failing;
pub(crate) mod hours;
pub(crate) mod zones;

pub(crate) use hours::RoadDay;

/// Percent; `None` if the whole is 0.
#[must_use]
pub(crate) fn percent(part: u64, whole: u64) -> Option<Fixed2> {
    #[expect(clippy::cast_precision_loss, reason = "counts of cells are far below 2^53")]
    (whole > 0).then(|| Fixed2::of(100.0 * part as f64 / whole as f64))
}

/// Descending, `None` last.
fn larger_first(a: Option<f64>, b: Option<f64>) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => b.total_cmp(&a),
        (a, b) => a.is_none().cmp(&b.is_none()),
    }
}
