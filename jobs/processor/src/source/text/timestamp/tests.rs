use contract::Tz;
use proptest::prelude::*;

use super::*;

fn read(text: &str) -> Result<String, Reason> {
    Timestamp::parse(text)?.instant(Tz::PARIS).map(|instant| instant.to_rfc3339())
}

#[test]
fn every_form_of_one_time_is_the_same_instant() {
    for text in [
        "2025-11-03T08:00:00+01:00",
        "2025-11-03 08:00:00+0100",
        "2025-11-03 08:00+01",
        "2025-11-03T07:00:00Z",
        "2025-11-03T07:00:00.000z",
        "2025-11-03T07:00:00,25Z",
        "2025-11-03 08:00:00",
        "2025-11-03 8:00",
        "2025-11-3T08:00",
        "20251103T080000",
        "20251103T0800",
        "20251103T070000Z",
        "20251103T080000+0100",
        "03/11/2025 08:00",
        "3/11/2025 8:00:00",
        " 2025-11-03 08:00 ",
    ] {
        let instant =
            Timestamp::parse(text).and_then(|timestamp| timestamp.instant(Tz::PARIS)).map(|at| at.timestamp());
        assert_eq!(instant, Ok(1_762_153_200), "{text}");
    }
}

#[test]
fn hour_24_is_midnight_of_the_next_day() {
    for text in ["2025-11-03 24:00", "03/11/2025 24:00", "20251103T240000", "2025-11-03T24:00:00+01:00"] {
        assert_eq!(read(text).unwrap(), "2025-11-03T23:00:00+00:00", "{text}");
    }
    assert_eq!(read("2025-11-03 24:00:01"), Err(Reason::UnreadableDate));
}

#[test]
fn date_alone_is_a_day_and_not_an_hour() {
    for text in ["2025-11-03", "03/11/2025", "20251103", "2025-11-3"] {
        let timestamp = Timestamp::parse(text).unwrap();
        assert_eq!(timestamp.instant(Tz::PARIS), Err(Reason::UnreadableDate), "{text}");
        assert_eq!(timestamp.instant_or_start_of_day(Tz::PARIS).unwrap().to_rfc3339(), "2025-11-02T23:00:00+00:00");
        assert_eq!(timestamp.local_date(Tz::PARIS).unwrap().to_string(), "2025-11-03");
    }
}

#[test]
fn date_alone_is_the_start_of_its_day_where_a_clock_change_skips_or_repeats_midnight() {
    let start = |text: &str, zone: &str| {
        Timestamp::parse(text).unwrap().instant_or_start_of_day(zone.parse().unwrap()).unwrap().to_rfc3339()
    };
    assert_eq!(start("2024-09-08", "America/Santiago"), "2024-09-08T04:00:00+00:00");
    assert_eq!(start("2024-11-03", "America/Havana"), "2024-11-03T04:00:00+00:00");
}

#[test]
fn local_date_is_that_of_the_instant_if_there_is_an_offset() {
    let date = |text: &str| Timestamp::parse(text).unwrap().local_date(Tz::PARIS).unwrap().to_string();
    assert_eq!(date("2024-12-20T23:00:00+00:00"), "2024-12-21");
    assert_eq!(date("2024-12-20 23:00"), "2024-12-20");
}

#[test]
fn local_date_needs_a_time_that_exists_but_midnight_is_the_day() {
    let date = |text: &str, zone: &str| Timestamp::parse(text).unwrap().local_date(zone.parse().unwrap());
    assert_eq!(date("2024-03-31 02:30", "Europe/Paris"), Err(Reason::NonexistentTime));
    // In Cairo the clock skips the hour after midnight.
    assert_eq!(date("2024-04-26 00:00", "Africa/Cairo").unwrap().to_string(), "2024-04-26");
    assert_eq!(date("2024-04-26 00:30", "Africa/Cairo"), Err(Reason::NonexistentTime));
}

#[test]
fn skipped_local_time_is_rejected_and_repeated_one_is_the_later() {
    for text in ["2024-03-31 02:30", "31/03/2024 02:30", "20240331T023000"] {
        assert_eq!(read(text), Err(Reason::NonexistentTime), "{text}");
    }
    for text in ["2024-10-27 02:30", "27/10/2024 02:30", "20241027T0230"] {
        assert_eq!(read(text).unwrap(), "2024-10-27T01:30:00+00:00", "{text}");
    }
}

#[test]
fn other_forms_are_unreadable() {
    for text in [
        "",
        "hier",
        "Feb 6, 2023 1:00 AM",
        "06/02/23 01:00",
        "06/02/2023 1:00 AM",
        "06/02/2023T01:00",
        "06/02/2023 01:00+01:00",
        "06/13/23",
        "13/13/2023",
        "02/32/2023",
        "00/13/2023",
        "24-01-01 00:00:00",
        "0001-01-01T00:00:00",
        "1899-12-30",
        "2024-02-30T00:00:00Z",
        "2024-13-01 00:00:00",
        "2024-01-01T00:00:00+99:00",
        "2024-01-01T00:00:60Z",
        "2024-01-01T",
        "2024-01-01T00",
        "2024-01-01T00:0",
        "2024-01-01T00:00:",
        "2024-01-01T00:00:00.",
        "2024-01-01T00:00:00 UTC",
        "20240101 000000",
        "20240101T00:00:00",
        "+262142-01-01T00:00:00Z",
        "2024",
        "202401",
        "1762153200",
        "é024-01-01",
    ] {
        assert_eq!(Timestamp::parse(text), Err(Reason::UnreadableDate), "{text}");
    }
    assert_eq!(Timestamp::parse_bytes(b"\xff2024-01-01"), Err(Reason::UnreadableDate));
}

#[test]
fn date_that_can_only_be_month_first_has_its_own_reason() {
    for text in ["02/13/2023", "2/13/2023 01:00", "12/31/2023 1:00 AM"] {
        assert_eq!(Timestamp::parse(text), Err(Reason::MonthFirstDate), "{text}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_rejected(bytes in prop::collection::vec(any::<u8>(), 0..40), text in "[0-9/:.,TZ +-]{0,32}") {
        let _ = Timestamp::parse_bytes(&bytes);
        let _ = Timestamp::parse(&text).and_then(|timestamp| timestamp.instant(Tz::PARIS));
    }

    #[test]
    fn usual_form_is_read_as_by_the_full_reader(text in "[12][0-9]{3}-[01][0-9]-[0-3][0-9][T ][012][0-9]:[0-6][0-9]:[0-6][0-9]([Zz]|[+-][0-9]{2}:?[0-9]{2}|[+-][0-9]{2}|x)?") {
        if let Some(timestamp) = Timestamp::usual(text.as_bytes()) {
            prop_assert_eq!(Ok(timestamp), Timestamp::any(text.as_bytes()), "{}", text);
        }
    }

    #[test]
    fn written_times_are_read_back(seconds in -1_900_000_000_i64..200_000_000_000, minutes in -1439_i32..1440) {
        let utc = DateTime::from_timestamp(seconds, 0).unwrap();
        prop_assert_eq!(Timestamp::parse(&utc.to_rfc3339()).and_then(|at| at.instant(Tz::PARIS)), Ok(utc));
        let offset = chrono::FixedOffset::east_opt(minutes * 60).unwrap();
        let local = utc.with_timezone(&offset);
        for format in ["%Y-%m-%dT%H:%M:%S%:z", "%Y-%m-%d %H:%M:%S%z", "%Y%m%dT%H%M%S%z", "%Y-%m-%d %-H:%M:%S.%3f%:z"] {
            let text = local.format(format).to_string();
            prop_assert_eq!(Timestamp::parse(&text).and_then(|at| at.instant(Tz::PARIS)), Ok(utc), "{}", text);
        }
        let wall = utc.with_timezone(&Tz::PARIS);
        let expected = wall_to_instant(wall.naive_local(), Tz::PARIS).ok_or(Reason::NonexistentTime);
        for format in ["%d/%m/%Y %H:%M:%S", "%-d/%-m/%Y %-H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y%m%dT%H%M%S"] {
            let text = wall.format(format).to_string();
            prop_assert_eq!(Timestamp::parse(&text).and_then(|at| at.instant(Tz::PARIS)), expected, "{}", text);
        }
    }
}
