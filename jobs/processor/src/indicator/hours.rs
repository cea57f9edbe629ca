//! Expected hours of a day, and curves by local hour.

use contract::ServiceDay;

/// Entries of a curve by local hour.
pub(crate) const CURVE: usize = 24;

/// Which hours of the day are expected: all, except the unmeasured hours of a clock change. `measured` is by hour of the day.
#[must_use]
pub(crate) fn expected(day: ServiceDay, measured: &[bool]) -> Vec<bool> {
    let of_change = day.clock_change_hours();
    (0..day.hour_count()).map(|at| !of_change.contains(&at) || measured.get(at).copied().unwrap_or(false)).collect()
}

/// Mean by local hour, over the hours with that local hour and a value (two in autumn, `None` for the skipped hour in spring).
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

/// Index of the first maximum.
#[must_use]
pub(crate) fn first_maximum(values: &[Option<f64>]) -> Option<usize> {
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
    use contract::Tz;

    use super::*;

    fn day(date: &str) -> ServiceDay {
        ServiceDay::new(date.parse().unwrap(), Tz::PARIS)
    }

    #[test]
    fn clock_change_hours_are_expected_only_if_measured() {
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
    fn curve_averages_the_repeated_hour_and_lacks_the_skipped_one() {
        let values: Vec<_> = (0..25).map(|hour| Some(f64::from(hour))).collect();
        let autumn = curve(day("2024-10-27"), &values);
        assert_eq!((autumn[1], autumn[2], autumn[3], autumn[23]), (Some(1.0), Some(2.5), Some(4.0), Some(24.0)));
        let spring = curve(day("2024-03-31"), &values[..23]);
        assert_eq!((spring[1], spring[2], spring[3], spring[23]), (Some(1.0), None, Some(2.0), Some(22.0)));
    }

    #[test]
    fn first_of_equal_maxima_is_the_peak() {
        assert_eq!(first_maximum(&[None, Some(2.0), Some(5.0), Some(5.0)]), Some(2));
        assert_eq!(first_maximum(&[None]), None);
    }
}
