//! The hours of a service day partition it, in every time zone.

#![allow(clippy::unwrap_used, reason = "a test ends when it cannot go on")]

use std::sync::OnceLock;

use chrono::{Duration, NaiveDate};
use contract::{ServiceDay, Tz};
use proptest::prelude::*;

static ALL: OnceLock<Vec<Tz>> = OnceLock::new();

fn whole_hours_only(day: &ServiceDay) -> bool {
    (day.end() - day.start()).num_seconds() % 3600 == 0
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, ..ProptestConfig::default() })]

    #[test]
    fn hours_partition_the_day(zone in 0usize..10_000, offset in 0i64..29_000) {
        let zones = ALL.get_or_init(|| Tz::all().collect());
        let tz = zones[zone % zones.len()];
        let date = NaiveDate::from_ymd_opt(1970, 1, 1).unwrap() + Duration::days(offset);
        let day = ServiceDay::new(date, tz);
        prop_assert_eq!(day.end(), day.plus(1).start());
        prop_assume!(whole_hours_only(&day));
        let mut expected = day.start();
        for (index, hour) in day.hours().enumerate() {
            prop_assert_eq!(hour, expected);
            prop_assert_eq!(day.hour_index(hour), Some(index));
            prop_assert_eq!(day.hour_index(hour + Duration::minutes(59)), Some(index));
            prop_assert_eq!(ServiceDay::of(hour, tz), day);
            expected += Duration::hours(1);
        }
        prop_assert_eq!(expected, day.end());
        prop_assert_eq!(day.hour_index(day.end()), None);
    }
}

/// Local names of the hours of a clock change.
fn change_hours(zone: &str, date: &str) -> Vec<usize> {
    let day = ServiceDay::new(date.parse().unwrap(), zone.parse().unwrap());
    let local = day.local_hours();
    day.clock_change_hours().into_iter().map(|index| local[index]).collect()
}

#[test]
fn hours_of_a_clock_change_are_those_next_to_the_zones_own_change() {
    assert_eq!(change_hours("Europe/Paris", "2024-03-31"), [1, 3]);
    assert_eq!(change_hours("Europe/Paris", "2024-10-27"), [1, 2, 2, 3]);
    assert_eq!(change_hours("Europe/Lisbon", "2024-03-31"), [0, 2]);
    // Midnight is skipped or repeated; the hour before it belongs to the day before.
    assert_eq!(change_hours("Africa/Cairo", "2024-04-26"), [1]);
    assert_eq!(change_hours("Atlantic/Azores", "2024-03-31"), [1]);
    assert_eq!(change_hours("Atlantic/Azores", "2024-10-27"), [0, 0, 1]);
    assert_eq!(change_hours("America/Santiago", "2024-04-06"), [22, 23, 23]);
    assert_eq!(change_hours("America/Santiago", "2024-09-08"), [1]);
    // Half an hour.
    assert_eq!(change_hours("Australia/Lord_Howe", "2024-10-06"), [1, 2, 3]);
    for (zone, date) in [("Europe/Paris", "2024-10-28"), ("Asia/Tokyo", "2024-03-31")] {
        assert!(change_hours(zone, date).is_empty(), "{zone} {date}");
    }
}

#[test]
fn rest_of_an_hour_counts_as_one_hour() {
    let day = |date: &str| ServiceDay::new(date.parse().unwrap(), "Australia/Lord_Howe".parse().unwrap());
    let (spring, autumn) = (day("2024-10-06"), day("2024-04-07"));
    assert_eq!((spring.hour_count(), autumn.hour_count()), (24, 25));
    assert!(!spring.is_regular() && !autumn.is_regular());
    assert_eq!(spring.hour_index(spring.end() - Duration::minutes(1)), Some(23));
    assert_eq!(spring.hours().last().unwrap() + Duration::minutes(30), spring.end());
}

#[test]
fn paris_has_days_of_23_24_and_25_hours() {
    let tz: Tz = "Europe/Paris".parse().unwrap();
    let hours = |date: &str| ServiceDay::new(date.parse().unwrap(), tz).hour_count();
    assert_eq!((hours("2024-03-31"), hours("2024-10-27"), hours("2024-10-28")), (23, 25, 24));
    let autumn = ServiceDay::new("2024-10-27".parse().unwrap(), tz);
    assert_eq!(autumn.local_hours()[..4], [0, 1, 2, 2]);
}
