//! Days and hours however their times are written, and days whose values come from their hours.

use super::*;

fn figures(draft: &Draft<Weather>) -> [Option<f64>; 5] {
    let metrics = &draft.body.metrics;
    let value = |figure: Option<contract::number::Fixed1>| figure.map(contract::number::Fixed1::get);
    [
        value(metrics.temp_mean),
        value(metrics.temp_min),
        value(metrics.temp_max),
        Some(metrics.precip_total.get()),
        value(metrics.wind_max),
    ]
}

#[test]
fn row_with_lowest_and_highest_temperature_is_a_day_whatever_its_time() {
    let expected = [Some(6.0), Some(2.5), Some(9.0), Some(1.5), Some(20.0)];
    for time in [
        "2025-11-05",
        "05/11/2025",
        "2025-11-05 00:00:00",
        "2025-11-05T00:00:00Z",
        "2025-11-05T00:00:00-05:00",
        "2025-11-04T23:00:00Z",
        "2025-11-05T12:00:00",
        "5/11/2025 00:00",
    ] {
        let text = format!("name;datetime;tempmax;tempmin;temp;precip;windspeed\nv;{time};9,0;2,5;6,0;1,5;20,0\n");
        let draft = draft_on(DAY, &[table("meteo.csv", &text)]);
        assert_eq!(figures(&draft), expected, "{time}");
        assert_eq!(draft.body.hours, None, "{time}");
        assert!(draft.quality.warnings.is_empty(), "{time}");
        let day = format!(r#"{{"datetime":"{time}","tempmax":9,"tempmin":2.5,"temp":6,"precip":1.5,"windspeed":20}}"#);
        assert_eq!(figures(&draft_on(DAY, &[timeline("2025-11-06T02:00:00Z", &day)])), expected, "{time}");
    }
}

#[test]
fn hourly_time_with_an_offset_is_an_instant() {
    let start: chrono::DateTime<chrono::Utc> = "2025-07-09T22:00:00Z".parse().unwrap();
    let rows = |offset: i32| -> String {
        let zone = chrono::FixedOffset::east_opt(offset * 3600).unwrap();
        let row = |at: i64| {
            let time = (start + chrono::Duration::hours(at)).with_timezone(&zone);
            format!("{},{}\n", time.to_rfc3339(), if (0..24).contains(&at) { at } else { 40 })
        };
        (-3..27).map(row).collect()
    };
    for offset in [0, 2, -5] {
        let draft = draft_on("2025-07-10", &[table("meteo.csv", &format!("datetime,temp\n{}", rows(offset)))]);
        assert_eq!(figures(&draft)[..3], [Some(11.5), Some(0.0), Some(23.0)], "{offset}");
        let hours = draft.body.hours.unwrap();
        assert_eq!((hours.len(), hours[0].time.as_str(), hours[23].time.as_str()), (24, "00:00:00", "23:00:00"));
    }
}

#[test]
fn hours_of_the_clock_change_with_offsets_are_distinct_and_a_skipped_one_is_rejected() {
    let text = "datetime,temp\n2024-10-27T02:00:00+02:00,4\n2024-10-27T02:00:00+01:00,8\n";
    let draft = draft_on("2024-10-27", &[table("meteo.csv", text)]);
    assert_eq!((draft.quality.cells, mean(&draft)), (2, 6.0));
    let text = "datetime,temp\n2024-03-31 01:00,4\n2024-03-31 02:00,8\n";
    let draft = draft_on("2024-03-31", &[table("meteo.csv", text)]);
    assert_eq!(draft.quality.structural_rejects, [(Reason::NonexistentTime, 1)].into());
    assert_eq!(mean(&draft), 4.0);
}

fn hours(temps: std::ops::Range<i32>, time: impl Fn(i32) -> String) -> String {
    let hour = |at: i32| format!(r#"{{"datetime":"{}","temp":{at},"precip":0.5,"windspeed":{}}}"#, time(at), 30 - at);
    temps.map(hour).collect::<Vec<_>>().join(",")
}

#[test]
fn missing_values_of_a_day_come_from_its_hours() {
    let listed = hours(0..24, |at| format!("{at:02}:00:00"));
    let after = "2025-11-06T02:00:00Z";
    let draft = draft_on(DAY, &[timeline(after, &format!(r#"{{"datetime":"{DAY}","hours":[{listed}]}}"#))]);
    assert_eq!(figures(&draft), [Some(11.5), Some(0.0), Some(23.0), Some(12.0), Some(30.0)]);
    assert_eq!(draft.body.metrics.wind_mean.unwrap().get(), 18.5);
    assert_eq!(draft.body.hours.as_ref().unwrap().len(), 24);
    assert!(draft.quality.warnings.is_empty());
    // The day's own values stay.
    let day = format!(r#"{{"datetime":"{DAY}","tempmax":25,"temp":null,"precip":3,"hours":[{listed}]}}"#);
    let draft = draft_on(DAY, &[timeline(after, &day)]);
    assert_eq!(figures(&draft), [Some(11.5), Some(0.0), Some(25.0), Some(3.0), Some(30.0)]);
    // An impossible hour is left out and counted.
    let bad = listed.replace(r#""temp":23"#, r#""temp":99"#);
    let draft = draft_on(DAY, &[timeline(after, &format!(r#"{{"datetime":"{DAY}","hours":[{bad}]}}"#))]);
    assert_eq!(figures(&draft)[..3], [Some(11.0), Some(0.0), Some(22.0)]);
    assert_eq!(draft.quality.rejects, [(Reason::TemperatureOutOfRange, 1)].into());
    assert_eq!(draft.quality.warnings, ["La météo du jour vient de 23 heures sur 24."]);
}

#[test]
fn hours_of_a_timeline_in_utc_go_to_the_local_day() {
    let instant = |day: u32, at: i32| format!("2025-11-{day:02}T{at:02}:00:00Z");
    let days: Vec<_> = (4..7)
        .map(|day| format!(r#"{{"datetime":"2025-11-{day:02}","hours":[{}]}}"#, hours(0..24, |at| instant(day, at))))
        .collect();
    let draft = draft_on(DAY, &[timeline("2025-11-07T02:00:00Z", &days.join(","))]);
    let found: Vec<_> = draft.body.hours.as_ref().unwrap().iter().map(|hour| hour.temp.unwrap().get()).collect();
    let expected: Vec<f64> = std::iter::once(23.0).chain((0..23).map(f64::from)).collect();
    assert_eq!(found, expected);
    assert_eq!(draft.body.hours.unwrap()[0].time, "00:00:00");
    assert!(draft.quality.warnings.is_empty());
}

#[test]
fn timelines_one_a_line_and_in_a_list_are_read() {
    let page = |date: &str, temp: f64| {
        format!(r#"{{"timezone":"Europe/Paris","days":[{{"datetime":"{date}","temp":{temp}}}]}}"#)
    };
    let pages = [page("2025-11-04", 3.0), page(DAY, 5.0)];
    for text in [pages.join("\n"), pages.concat(), format!("[{}]", pages.join(","))] {
        let draft = draft_on(DAY, &[snapshot("2025-11-06T02:00:00Z", text.clone())]);
        assert_eq!((mean(&draft), draft.quality.rows_read), (5.0, 2), "{text}");
    }
}

#[test]
fn file_without_an_accepted_row_is_an_error() {
    let text = "datetime,temp\n\"Feb 6, 2025 1:00 AM\",4\n\"Feb 6, 2025 2:00 AM\",5\n";
    let error = read_on(DAY, &[table("meteo.csv", text)]).unwrap_err();
    assert_eq!(error.key, "batch/meteo.csv");
    assert!(error.reason.starts_with("2 of 2 rows rejected: unreadable timestamp, such as \"Feb 6, 2025 1:00 AM\""));
    let bad = timeline("2025-11-06T02:00:00Z", r#"{"datetime":"tomorrow","temp":4}"#);
    let draft = draft_on(DAY, &[bad, timeline("2025-11-06T03:00:00Z", &day_of(5.0))]);
    assert_eq!(draft.quality.structural_rejects, [(Reason::UnreadableSnapshot, 1)].into());
}
