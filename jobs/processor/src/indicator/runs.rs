//! Runs of consecutive hours.

use std::ops::Range;

/// All maximal runs of hours for which `holds`, as half-open ranges, in order.
#[must_use]
pub(crate) fn runs(hours: Range<usize>, mut holds: impl FnMut(usize) -> bool) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for hour in hours {
        if !holds(hour) {
            continue;
        }
        match found.last_mut() {
            Some(last) if last.end == hour => last.end = hour + 1,
            _ => found.push(hour..hour + 1),
        }
    }
    found
}

/// All maximal runs of the same value; an hour without a value ends a run.
#[must_use]
pub(crate) fn equal_runs(hours: Range<usize>, value: impl Fn(usize) -> Option<f64>) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for hour in hours {
        let Some(now) = value(hour) else { continue };
        match found.last_mut() {
            Some(last) if last.end == hour && value(hour - 1) == Some(now) => last.end = hour + 1,
            _ => found.push(hour..hour + 1),
        }
    }
    found
}

/// Whether two ranges share an hour.
#[must_use]
pub(crate) fn touch(a: &Range<usize>, b: &Range<usize>) -> bool {
    a.start < b.end && b.start < a.end
}

/// Whether a run reaches an edge of the window.
#[must_use]
pub(crate) fn reaches(run: &Range<usize>, window: &Range<usize>) -> bool {
    run.start <= window.start || run.end >= window.end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_maximal() {
        let hours = [true, true, false, true];
        assert_eq!(runs(0..4, |hour| hours[hour]), [0..2, 3..4]);
        let values = [Some(1.0), Some(1.0), None, Some(1.0), Some(2.0), Some(2.0)];
        assert_eq!(equal_runs(0..6, |hour| values[hour]), [0..2, 3..4, 4..6]);
    }
}
