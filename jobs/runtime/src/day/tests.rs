use proptest::prelude::*;

use super::*;

const PARIS: Tz = Tz::PARIS;

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn now() -> DateTime<Utc> {
    at("2025-11-13T00:30:00Z")
}

fn by_name(name: &str) -> Result<DayChoice, Failure> {
    choose(None, Some(name), now(), PARIS)
}

fn minute(text: &str) -> i64 {
    at(text).timestamp() / 60
}

#[test]
fn argument_takes_precedence() {
    for (text, days) in [
        ("2025-11-03", Days::One(date("2025-11-03"))),
        (" 2025-11-03\n", Days::One(date("2025-11-03"))),
        ("2025-11-01..2025-11-07", Days::Range(date("2025-11-01"), date("2025-11-07"))),
        ("2025-11-03..2025-11-03", Days::One(date("2025-11-03"))),
        ("all", Days::All),
        ("2024-02-29", Days::One(date("2024-02-29"))),
        ("today", Days::One(date("2025-11-13"))),
        ("yesterday", Days::One(date("2025-11-12"))),
        ("today-13", Days::One(date("2025-10-31"))),
        ("2025-11-10..yesterday", Days::Range(date("2025-11-10"), date("2025-11-12"))),
    ] {
        assert_eq!(
            choose(Some(text), None, now(), PARIS),
            Ok(DayChoice { days, origin: DayOrigin::Argument }),
            "{text}"
        );
    }
}

#[test]
fn invalid_argument_error_has_an_example() {
    for (text, part) in [
        ("2025-02-30", "there is no day 2025-02-30"),
        ("2025-13-01", "there is no day 2025-13-01"),
        ("2025-11-3", "`2025-11-3` is not a valid day"),
        ("20251103", "is not a valid day"),
        ("today-", "`today-` is not a valid day"),
        ("today--1", "is not a valid day"),
        ("today-99999999999999999999", "is not a valid day"),
        ("today-9999999999", "there is no day today-9999999999"),
        ("ALL", "is not a valid day"),
        ("2025-11-07..2025-11-01", "ends before it begins"),
        ("2025-11-01..", "`` is not a valid day"),
        ("2025-11-01...2025-11-02", "is not a valid day"),
        ("+2025-11-03", "is not a valid day"),
        ("２０２５-11-03", "is not a valid day"),
    ] {
        let failure = choose(Some(text), None, now(), PARIS).unwrap_err();
        assert_eq!(failure.code, Code::Usage, "{text}");
        let line = failure.to_string();
        assert!(line.contains(part) && line.contains("2025-11-01..2025-11-07"), "{text}: {line}");
    }
}

#[test]
fn default_is_yesterday_in_the_city() {
    let yesterday = |instant: &str, tz| choose(None, None, at(instant), tz).unwrap();
    let expected = DayChoice { days: Days::One(date("2025-11-02")), origin: DayOrigin::Yesterday };
    assert_eq!(yesterday("2025-11-03T00:30:00Z", PARIS), expected);
    // Half past midnight in Paris is still the evening before in Greenwich.
    assert_eq!(yesterday("2025-11-02T23:30:00Z", PARIS), expected);
    assert_eq!(yesterday("2025-11-02T23:30:00Z", Tz::UTC).days, Days::One(date("2025-11-01")));
    assert_eq!(
        choose(Some(""), None, at("2025-11-03T00:30:00Z"), PARIS),
        Ok(expected),
        "an empty REPORT_DATE is not set"
    );
}

#[test]
fn job_name_with_a_date_means_that_day() {
    for name in [
        "report-2025-11-03",
        "report-2025-11-03-again",
        "report-2025-11-03-a1b2c3d4",
        // A digest of digits alone, which could be a scheduled minute.
        "report-2025-11-03-29383230",
        "report-2025-11-03-20251104",
        "report-2025-11-03-2025-11",
        "my-own-report-2025-11-03-because-it-was-late",
        "report.v2-2025-11-03",
        "r-2025-11-03-again-and-again-x2",
        "--2025-11-03",
    ] {
        let expected = DayChoice { days: Days::One(date("2025-11-03")), origin: DayOrigin::JobName(name.into()) };
        assert_eq!(by_name(name), Ok(expected), "{name}");
    }
}

#[test]
fn job_name_with_two_dates_means_the_range() {
    for name in [
        "process-2025-11-01-to-2025-11-07",
        "process-2025-11-01-to-2025-11-07-again",
        "a-b-2025-11-01-to-2025-11-07-to-x",
    ] {
        let expected = Days::Range(date("2025-11-01"), date("2025-11-07"));
        match by_name(name) {
            Ok(choice) => assert_eq!(choice.days, expected, "{name}"),
            // A suffix must not begin like a second range.
            Err(failure) => assert!(name.ends_with("-to-x"), "{name}: {failure}"),
        }
    }
    assert_eq!(by_name("report-2025-11-03-to-2025-11-03").unwrap().days, Days::One(date("2025-11-03")));
}

#[test]
fn scheduled_job_name_means_the_day_before() {
    // 29383230 is 2025-11-13T00:30Z.
    assert_eq!(minute("2025-11-13T00:30:00Z"), 29_383_230);
    for name in
        ["report-29383230", "a-very-long-release-name-report-29383230", "report-2025-11-3-29383230", "x-29383230"]
    {
        let choice = by_name(name).unwrap();
        assert_eq!(choice.days, Days::One(date("2025-11-12")), "{name}");
        assert_eq!(choice.origin, DayOrigin::Schedule(name.into()));
    }
    // Midnight in Paris is 23:00 or 22:00 in Greenwich; the schedule's own day there must not matter.
    let name = format!("report-{}", minute("2025-10-02T22:30:00Z"));
    assert_eq!(by_name(&name).unwrap().days, Days::One(date("2025-10-02")));
    let name = format!("report-{}", minute("2025-10-02T21:30:00Z"));
    assert_eq!(by_name(&name).unwrap().days, Days::One(date("2025-10-01")));
}

#[test]
fn scheduled_minute_counts_from_45_days_before_to_one_hour_after_now() {
    for (instant, counts) in [
        ("2025-09-29T00:29:00Z", false),
        ("2025-09-29T00:30:00Z", true),
        ("2025-11-13T01:30:00Z", true),
        ("2025-11-13T01:31:00Z", false),
    ] {
        assert_eq!(by_name(&format!("report-{}", minute(instant))).is_ok(), counts, "{instant}");
    }
}

#[test]
fn job_started_by_hand_does_what_the_schedule_would_do_now() {
    for name in [
        "process-manual-x7k",
        "process-manual-1763000000",
        "process-manual-20251103",
        "a-b-manual-1-manual-2",
        "p-202511130029",
    ] {
        let choice = by_name(name).unwrap();
        assert_eq!(
            (choice.days, choice.scheduled_day()),
            (Days::One(date("2025-11-12")), Some(date("2025-11-12"))),
            "{name}"
        );
        assert_eq!(choice.origin, DayOrigin::Manual(name.to_owned()));
        assert!(choice.result("done".to_owned()).contains(name), "{name}");
    }
    assert_eq!(by_name("p-202511120029").unwrap().days, Days::One(date("2025-11-11")), "created a day earlier");
    assert_eq!(by_name("p-2025-11-03-manual-x7k").unwrap().days, Days::One(date("2025-11-03")));
    assert_eq!(
        by_name("p-2025-11-03-202511130029").unwrap().origin,
        DayOrigin::JobName("p-2025-11-03-202511130029".into())
    );
    assert!(choose(Some("2025-11-03"), Some("process-manual-x7k"), now(), PARIS).is_err());
    assert_eq!(by_name("report-29383230").unwrap().result("done".to_owned()), "done");
}

#[test]
fn other_job_names_are_errors_with_both_forms() {
    let long = format!("report-{}", "9".repeat(100_000));
    for name in [
        "",
        "-",
        "report",
        "report-",
        "report-again",
        "2025-11-03",
        "-2025-11-03",
        "29383230",
        "-29383230",
        "report-2025-02-30",
        "report-2025-11-00",
        "report-0000-00-00",
        "report-2025-02-29-again",
        "report-2025-11-03-to-2025-02-30",
        "report-2025-02-30-29383230",
        "report-20251103",
        "report-2025-11-3",
        "report-2025-11-03x",
        "report-x2025-11-03",
        "report-12025-11-03",
        "report-2025-11-031",
        "report2025-11-03",
        "report-2025_11_03",
        "report-2025-11-03-",
        "report-2025-11-03_again",
        "report-2025-11-03-2025-11-04",
        "report-2025-11-03-again-2025-11-04",
        "backup-2025-01-01-report-2025-11-03",
        "report-2025-11-01-to-2025-11-03-to-2025-11-04",
        "report-2025-11-07-to-2025-11-01",
        "report-2025-11-03-to",
        "report-2025-11-03-to-",
        "report-2025-11-03-to-2025-11-3",
        "report-2025-11-03-to-tomorrow",
        "report-26297280",
        "report-28112025",
        "report-11282025",
        "report-28112025-29383230",
        "report-28112025-manual-x7k",
        "report-manual-",
        "report-manual",
        "-manual-x7k",
        "report-202513130029",
        "report-202510130029999",
        "report-202411130029",
        "report-20251113002900",
        "report-029383230",
        "report-+29383230",
        "report--1",
        "report-29383230-x",
        "report-9223372036854775808",
        "report-99999999999999999999999999",
        "report-٢٩٣٨٣٢٣٠",
        "rapport-２０２５-１１-０３",
        "é-2025-11-0é",
        "report-2025-11-0\u{301}3",
        "report\n-again",
        &long,
    ] {
        let failure = by_name(name).expect_err(name);
        assert_eq!(failure.code, Code::Usage);
        let line = failure.to_string();
        assert!(line.contains("report-2025-11-03") && line.contains("report-2025-11-01-to-2025-11-07"), "{line}");
        assert!(line.len() < 600 && !line.contains('\n'), "{line}");
        assert!(choose(Some("2025-11-03"), Some(name), now(), PARIS).is_err(), "an argument does not excuse {name}");
    }
    let failure = by_name("report-2025-02-30").unwrap_err();
    assert!(failure.to_string().contains("there is no day 2025-02-30"), "{failure}");
}

#[test]
fn disagreement_of_argument_and_job_name_is_an_error() {
    let both = |argument: &str, name: &str| choose(Some(argument), Some(name), now(), PARIS);
    for (argument, name) in [
        ("2025-11-03", "report-2025-11-03-again"),
        ("2025-11-01..2025-11-07", "process-2025-11-01-to-2025-11-07"),
        ("2025-11-03..2025-11-03", "report-2025-11-03"),
        ("2025-11-12", "report-29383230"),
        ("2025-11-01..2025-11-12", "report-29383230"),
        ("all", "process-29383230"),
    ] {
        assert_eq!(both(argument, name).unwrap().origin, DayOrigin::Argument, "{argument} {name}");
    }
    for (argument, name) in [
        ("2025-11-04", "report-2025-11-03"),
        ("2025-11-01..2025-11-07", "report-2025-11-03"),
        ("2025-11-03", "report-2025-11-01-to-2025-11-07"),
        ("all", "report-2025-11-03"),
        ("2025-11-03", "report-29383230"),
        ("2025-11-01..2025-11-11", "report-29383230"),
    ] {
        let failure = both(argument, name).expect_err(name);
        assert_eq!(failure.code, Code::Usage);
        assert!(failure.to_string().contains(argument) && failure.to_string().contains(name), "{failure}");
    }
}

#[test]
fn days_are_listed_and_displayed() {
    let range = Days::Range(date("2024-02-28"), date("2024-03-01"));
    assert_eq!(range.list().unwrap(), ["2024-02-28", "2024-02-29", "2024-03-01"].map(date));
    assert_eq!(range.to_string(), "2024-02-28..2024-03-01");
    assert_eq!(Days::All.list(), None);
    assert!(Days::All.contains(date("1999-01-01")) && !range.contains(date("2024-03-02")));
}

/// Strings that nearly have one of the forms.
fn nearly() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        Just("-".to_owned()),
        Just("to".to_owned()),
        Just("..".to_owned()),
        "[0-9]{1,12}",
        "20[0-9]{2}-[0-9]{2}-[0-9]{2}",
        "[a-zé٣]{0,3}",
    ];
    prop::collection::vec(part, 0..8).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn no_string_panics(argument in ".*", name in ".*", seconds in -62_000_000_000_i64..250_000_000_000) {
        let now = DateTime::from_timestamp(seconds, 0).unwrap();
        let _ = choose(Some(&argument), Some(&name), now, PARIS);
        let _ = choose(None, Some(&name), now, PARIS);
        let _ = choose(Some(&argument), None, now, PARIS);
    }

    #[test]
    fn near_misses_never_select_another_day(argument in nearly(), name in nearly()) {
        let _ = choose(Some(&argument), None, now(), PARIS);
        if let Ok(choice) = by_name(&name) {
            match (choice.origin, choice.days) {
                (DayOrigin::JobName(_), Days::One(day)) => {
                    let text = format!("-{}", day);
                    prop_assert!(name.contains(&text));
                }
                (DayOrigin::JobName(_), Days::Range(first, last)) => {
                    let text = format!("-{}-to-{}", first, last);
                    prop_assert!(first < last && name.contains(&text));
                }
                (DayOrigin::Schedule(_) | DayOrigin::Manual(_), Days::One(_)) => prop_assert!(name.ends_with(|c: char| c.is_ascii_digit())),
                other => prop_assert!(false, "{:?}", other),
            }
        }
    }

    #[test]
    fn every_date_is_parsed_back(offset in 0_u64..40_000, suffix in "(-[a-z]{1,8})?") {
        let day = date("1990-01-01") + Later::new(offset);
        prop_assume!(!suffix.starts_with("-to"));
        let name = format!("report-{}{}", day, suffix);
        prop_assert_eq!(by_name(&name).unwrap().days, Days::One(day));
        prop_assert_eq!(choose(Some(&day.to_string()), None, now(), PARIS).unwrap().days, Days::One(day));
    }
}

#[test]
fn misspelt_command_is_recognised_and_a_day_is_not() {
    let commands = ["check", "status", "trace"];
    for (text, command) in [("statsu", "status"), ("chek", "check"), ("Trace", "trace")] {
        assert_eq!(similar_command(text, &commands), Some(command), "{text}");
    }
    for text in ["2025-11-3", "yesterdy", ""] {
        assert_eq!(similar_command(text, &commands), None, "{text}");
    }
}
