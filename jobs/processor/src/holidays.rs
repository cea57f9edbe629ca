//! Computes public holidays.

use chrono::{Datelike, NaiveDate};

/// Easter Sunday, by the anonymous Gregorian algorithm (Meeus, *Astronomical Algorithms*, chapter 8).
#[must_use]
pub(crate) fn easter(year: i32) -> Option<NaiveDate> {
    let (a, b, c) = (year.rem_euclid(19), year.div_euclid(100), year.rem_euclid(100));
    let (d, e) = (b.div_euclid(4), b.rem_euclid(4));
    let f = (b + 8).div_euclid(25);
    let g = (b - f + 1).div_euclid(3);
    let h = (19 * a + b - d - g + 15).rem_euclid(30);
    let (i, k) = (c.div_euclid(4), c.rem_euclid(4));
    let l = (32 + 2 * e + 2 * i - h - k).rem_euclid(7);
    let m = (a + 11 * h + 22 * l).div_euclid(451);
    let n = h + l - 7 * m + 114;
    NaiveDate::from_ymd_opt(year, u32::try_from(n / 31).ok()?, u32::try_from(n % 31 + 1).ok()?)
}

/// The French public holiday on a date (Code du travail, article L3133-1).
#[must_use]
pub(crate) fn french_holiday(date: NaiveDate) -> Option<&'static str> {
    let fixed = match (date.month(), date.day()) {
        (1, 1) => Some("Jour de l'An"),
        (5, 1) => Some("Fête du Travail"),
        (5, 8) => Some("Victoire 1945"),
        (7, 14) => Some("Fête nationale"),
        (8, 15) => Some("Assomption"),
        (11, 1) => Some("Toussaint"),
        (11, 11) => Some("Armistice 1918"),
        (12, 25) => Some("Noël"),
        _ => None,
    };
    fixed.or_else(|| match (date - easter(date.year())?).num_days() {
        1 => Some("Lundi de Pâques"),
        39 => Some("Ascension"),
        50 => Some("Lundi de Pentecôte"),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use chrono::Weekday;
    use proptest::prelude::*;

    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn public_holidays_of_2024_are_eleven() {
        let days: Vec<_> = date("2024-01-01")
            .iter_days()
            .take(366)
            .filter_map(|day| french_holiday(day).map(|name| (day.format("%m-%d").to_string(), name)))
            .collect();
        let expected = [
            ("01-01", "Jour de l'An"),
            ("04-01", "Lundi de Pâques"),
            ("05-01", "Fête du Travail"),
            ("05-08", "Victoire 1945"),
            ("05-09", "Ascension"),
            ("05-20", "Lundi de Pentecôte"),
            ("07-14", "Fête nationale"),
            ("08-15", "Assomption"),
            ("11-01", "Toussaint"),
            ("11-11", "Armistice 1918"),
            ("12-25", "Noël"),
        ];
        assert_eq!(days.iter().map(|(day, name)| (day.as_str(), *name)).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn easter_is_correct_at_its_limits() {
        for day in ["1818-03-22", "1943-04-25", "2000-04-23", "2008-03-23", "2025-04-20", "2026-04-05", "2038-04-25"] {
            assert_eq!(easter(date(day).year()), Some(date(day)));
        }
    }

    proptest! {
        #[test]
        fn easter_is_a_sunday_of_spring(year in 1583_i32..4000) {
            let day = easter(year).unwrap();
            prop_assert_eq!(day.weekday(), Weekday::Sun);
            prop_assert!((22 + 31 * 2..=25 + 31 * 3).contains(&(day.month0() * 31 + day.day())));
        }
    }
}
