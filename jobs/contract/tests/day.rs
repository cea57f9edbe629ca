//! The hours of a service day partition it, in every time zone.

use chrono::{Duration, NaiveDate};
use chrono_tz::{TZ_VARIANTS, Tz};
use contract::ServiceDay;
use proptest::prelude::*;

fn whole_hours_only(day: &ServiceDay) -> bool {
    (day.end() - day.start()).num_seconds() % 3600 == 0
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, ..ProptestConfig::default() })]

    #[test]
    fn hours_partition_the_day(zone in 0..TZ_VARIANTS.len(), offset in 0i64..29_000) {
        let tz = TZ_VARIANTS[zone];
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

#[test]
fn paris_has_days_of_23_24_and_25_hours() {
    let tz: Tz = "Europe/Paris".parse().unwrap();
    let hours = |date: &str| ServiceDay::new(date.parse().unwrap(), tz).hour_count();
    assert_eq!((hours("2024-03-31"), hours("2024-10-27"), hours("2024-10-28")), (23, 25, 24));
    let autumn = ServiceDay::new("2024-10-27".parse().unwrap(), tz);
    assert_eq!(autumn.local_hours()[..4], [0, 1, 2, 2]);
}
