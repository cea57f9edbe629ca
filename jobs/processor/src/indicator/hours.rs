//! The hours of a day: which are expected, and what a curve by local hour is.

use contract::ServiceDay;

/// Curves by local hour have this many entries.
pub(crate) const CURVE: usize = 24;

/// Which hours of the day are expected: all, less, on a clock-change day, those of the change (local 01 to 03) that nothing has a measure
/// of. `measured` says so of each hour of the day.
#[must_use]
pub(crate) fn expected(day: ServiceDay, measured: &[bool]) -> Vec<bool> {
    let changes = day.hour_count() != 24;
    day.local_hours()
        .into_iter()
        .enumerate()
        .map(|(at, local)| {
            let of_change = changes && (1..=3).contains(&local);
            !of_change || measured.get(at).copied().unwrap_or(false)
        })
        .collect()
}

/// The curve by local hour: the mean of the hours that bear that name and have a value (two on the autumn day, none in spring: null).
#[must_use]
pub(crate) fn curve(day: ServiceDay, values: &[Option<f64>]) -> Vec<Option<f64>> {
    let mut sums = [(0.0, 0_u32); CURVE];
    for (local, value) in day.local_hours().into_iter().zip(values) {
        if let (Some((sum, n)), Some(value)) = (sums.get_mut(local), value) {
            *sum += value;
            *n += 1;
        }
    }
    sums.into_iter().map(|(sum, n)| (n > 0).then(|| sum / f64::from(n))).collect()
}

/// The first of the largest values, by position.
#[must_use]
pub(crate) fn first_largest(values: &[Option<f64>]) -> Option<usize> {
    let mut best: Option<(usize, f64)> = None;
    for (at, value) in values.iter().enumerate() {
        if let Some(value) = *value
            && best.is_none_or(|(_, largest)| value > largest)
        {
            best = Some((at, value));
        }
    }
    best.map(|(at, _)| at)
}

#[cfg(test)]
mod tests {
    use chrono_tz::Europe::Paris;

    use super::*;

    fn day(date: &str) -> ServiceDay {
        ServiceDay::new(date.parse().unwrap(), Paris)
    }

    #[test]
    fn hours_of_the_change_are_expected_only_where_something_measured_them() {
        let expected_count = |date, measured: &[bool]| expected(day(date), measured).iter().filter(|yes| **yes).count();
        assert_eq!(expected_count("2024-03-30", &[false; 24]), 24);
        // 0, 1, 3, 4, …: 1 and 3 are of the change.
        assert_eq!(expected_count("2024-03-31", &[false; 23]), 21);
        assert_eq!(expected_count("2024-03-31", &[true; 23]), 23);
        let mut measured = [true; 25];
        measured[3] = false;
        assert_eq!(expected_count("2024-10-27", &measured), 24);
        measured[9] = false;
        assert_eq!(expected_count("2024-10-27", &measured), 24);
    }

    #[test]
    fn a_curve_means_the_two_hours_of_autumn_and_lacks_one_in_spring() {
        let values: Vec<_> = (0..25).map(|hour| Some(f64::from(hour))).collect();
        let autumn = curve(day("2024-10-27"), &values);
        assert_eq!((autumn[1], autumn[2], autumn[3], autumn[23]), (Some(1.0), Some(2.5), Some(4.0), Some(24.0)));
        let spring = curve(day("2024-03-31"), &values[..23]);
        assert_eq!((spring[1], spring[2], spring[3], spring[23]), (Some(1.0), None, Some(2.0), Some(22.0)));
    }

    #[test]
    fn of_equals_the_first_is_the_peak() {
        assert_eq!(first_largest(&[None, Some(2.0), Some(5.0), Some(5.0)]), Some(2));
        assert_eq!(first_largest(&[None]), None);
    }
}
