//! Precedence of records, rejections, hours of a day, history files.

use bytes::Bytes;
use contract::Reason;
use contract::document::DayStatus;
use proptest::prelude::*;

use super::*;
use crate::document::tests::drafted;

const DAY: &str = "2025-11-05";

fn read_on(date: &str, files: &[RawFile]) -> SourceResult<Draft<Weather>> {
    drafted::<WeatherSource>(date, files, None).0
}

fn draft_on(date: &str, files: &[RawFile]) -> Draft<Weather> {
    read_on(date, files).unwrap()
}

fn snapshot(collected: &str, text: impl Into<Vec<u8>>) -> RawFile {
    let key = format!("api/weather/{collected}.json");
    RawFile { key, bytes: Bytes::from(text.into()), collected: Some(collected.parse().unwrap()) }
}

fn timeline(collected: &str, days: &str) -> RawFile {
    snapshot(
        collected,
        format!(r#"{{"resolvedAddress":"Paris","timezone":"Europe/Paris","days":[{days}],"currentConditions":{{}}}}"#),
    )
}

fn day_of(temp: f64) -> String {
    format!(
        r#"{{"datetime":"{DAY}","tempmin":{},"tempmax":{},"temp":{temp},"precip":null,"windspeed":12.5}}"#,
        temp - 2.0,
        temp + 2.0
    )
}

fn table(name: &str, text: &str) -> RawFile {
    RawFile { key: format!("batch/{name}"), bytes: Bytes::from(text.to_owned()), collected: None }
}

fn mean(draft: &Draft<Weather>) -> f64 {
    draft.body.metrics.temp_mean.unwrap().get()
}

#[test]
fn timeline_gives_the_figures_of_the_day() {
    let days = r#"{"datetime":"2025-11-04","temp":1},
        {"datetime":"2025-11-05","tempmax":15.6,"tempmin":7.3,"temp":"11,6","precip":6.0,"preciptype":["rain"],"windspeed":32.5,
         "conditions":"Rain","source":"obs","hours":[
            {"datetime":"08:00:00","temp":9.1,"precip":null,"windspeed":12.2,"conditions":"Clear"},
            {"datetime":"09:00:00","temp":9.4,"precip":0.4,"windspeed":14.2}]}"#;
    let text = timeline("2025-11-05T09:00:00Z", days).bytes;
    let draft = draft_on(DAY, &[snapshot("2025-11-05T09:00:00Z", [b"\xef\xbb\xbf", text.as_ref()].concat())]);
    let metrics = &draft.body.metrics;
    assert_eq!(
        serde_json::to_value(metrics).unwrap(),
        serde_json::json!({
            "date": "2025-11-05", "temp_moyenne": 11.6, "temp_min": 7.3, "temp_max": 15.6, "precip_totale": 6,
            "vent_max": 32.5, "vent_moyen": 13.2, "conditions": "Rain",
        })
    );
    let hours = draft.body.hours.as_ref().unwrap();
    assert_eq!(hours.iter().map(|hour| hour.time.as_str()).collect::<Vec<_>>(), ["08:00:00", "09:00:00"]);
    assert_eq!(hours[0].precip, None);
    assert!(draft.body.observation);
    // Collected before the day was over.
    assert_eq!(draft.status, DayStatus::Provisional);
    assert_eq!((draft.complete_until, draft.completeness), (None, None));
    assert_eq!((draft.quality.rows_read, draft.quality.rows_of_day, draft.quality.cells), (2, 1, 1));
}

#[test]
fn latest_snapshot_wins_and_snapshots_outrank_batch() {
    let files = [
        timeline("2025-11-06T09:00:00Z", &day_of(8.0)),
        timeline("2025-11-07T09:00:00Z", r#"{"datetime":"2025-11-08","temp":1}"#),
        timeline("2025-11-04T09:00:00Z", &day_of(9.0)),
        table("meteo.csv", "name,datetime,tempmax,tempmin,temp\nparis,2025-11-05,9,3,6\n"),
    ];
    let draft = draft_on(DAY, &files);
    assert!((mean(&draft) - 8.0).abs() < 1e-9);
    assert_eq!((draft.quality.cells, draft.quality.conflicts), (1, 2));
    assert!(draft.body.observation);
    assert_eq!(draft.status, DayStatus::Final);
    assert_eq!(draft.body.hours, None);
}

#[test]
fn record_is_a_forecast_until_the_day_is_over() {
    // The day ends at 23:00 UTC.
    for (collected, observed) in [("2025-11-05T23:00:00Z", false), ("2025-11-06T00:00:00Z", true)] {
        let draft = draft_on(DAY, &[timeline(collected, &day_of(8.0))]);
        assert_eq!(draft.body.observation, observed);
        assert_eq!(draft.status == DayStatus::Final, observed);
    }
}

#[test]
fn latest_earlier_record_replaces_a_rejected_one() {
    let wrong = [
        (r#""tempmin":9,"tempmax":3,"temp":5"#, Reason::ReversedTemperatures),
        (r#""tempmin":-21,"tempmax":3,"temp":0"#, Reason::TemperatureOutOfRange),
        (r#""temp":45.1"#, Reason::TemperatureOutOfRange),
        (r#""temp":5,"windspeed":-1"#, Reason::NegativeWind),
        (r#""temp":5,"precip":-1"#, Reason::NegativeRain),
        (r#""precip":1"#, Reason::MissingTemperature),
    ];
    for (fields, reason) in wrong {
        let bad = timeline("2025-11-07T09:00:00Z", &format!(r#"{{"datetime":"{DAY}",{fields}}}"#));
        let files =
            [timeline("2025-11-04T09:00:00Z", &day_of(7.0)), timeline("2025-11-05T09:00:00Z", &day_of(8.0)), bad];
        let draft = draft_on(DAY, &files);
        assert!((mean(&draft) - 8.0).abs() < 1e-9, "{fields}");
        let quality = draft.quality;
        assert_eq!(quality.rejects, [(reason, 1)].into());
        assert_eq!((quality.rows_of_day, quality.cells, quality.conflicts), (3, 1, 1));
        assert!(!draft.body.observation);
    }
}

#[test]
fn day_with_only_rejected_records_is_an_error_and_not_absent() {
    let bad = timeline("2025-11-07T09:00:00Z", r#"{"datetime":"2025-11-05","temp":99}"#);
    let error = read_on(DAY, &[bad]).unwrap_err();
    assert_eq!(error.reason, "no record of 2025-11-05 is usable (1 temperature_hors_bornes)");
}

#[test]
fn unusable_snapshot_is_counted_and_only_unusable_ones_are_an_error() {
    let lost = [
        snapshot("2025-11-07T09:00:00Z", ""),
        snapshot("2025-11-07T10:00:00Z", r#"{"days":[{"datetime":"2025-11-05""#),
        snapshot("2025-11-07T11:00:00Z", r#"{"results":[{"sum_counts":1}]}"#),
    ];
    let mut files = lost.to_vec();
    files.push(timeline("2025-11-05T09:00:00Z", &day_of(8.0)));
    let draft = draft_on(DAY, &files);
    assert_eq!(draft.quality.structural_rejects, [(Reason::UnreadableSnapshot, 3)].into());
    assert_eq!(draft.status, DayStatus::Provisional);
    assert!(read_on(DAY, &lost).unwrap_err().reason.contains("none of the 3 snapshots"));
}

#[test]
fn timeline_of_another_time_zone_keeps_its_day_with_a_warning() {
    let text = format!(r#"{{"timezone":"Europe/Vienna","days":[{}]}}"#, day_of(8.0));
    let draft = draft_on(DAY, &[snapshot("2025-11-05T09:00:00Z", text)]);
    assert!(draft.quality.warnings[0].contains("Europe/Vienna"));
}

#[test]
fn daily_file_is_history() {
    let text = "\u{feff}name,datetime,tempmax,tempmin,temp,precip,windspeed,conditions,stations\r\n\
                paris,2025-11-04,9,3,6,0,10,Clear,\"a,b\"\r\n\
                paris,2025-11-05,\"9,5\",3,6,,10,\"Rain, Overcast\",\"a,b\"\r\n\
                paris,soon,9,3,6,0,10,Clear,x\r\n";
    let draft = draft_on(DAY, &[table("meteo-2025.csv", text)]);
    assert_eq!(draft.body.metrics.temp_max.unwrap().get(), 9.5);
    assert_eq!(draft.body.metrics.conditions.as_deref(), Some("Rain, Overcast"));
    assert_eq!(draft.body.metrics.wind_mean, None);
    assert!(draft.body.observation);
    assert_eq!(draft.status, DayStatus::Final);
    assert_eq!(draft.quality.structural_rejects, [(Reason::UnreadableDate, 1)].into());
    let absent = read_on("2025-11-09", &[table("meteo-2025.csv", text)]);
    assert_eq!(absent, SourceResult::no_row(DAY.parse().ok()));
    assert_eq!(read_on(DAY, &[table("meteo.csv", "a,b\n1,2\n")]).unwrap_err().key, "batch/meteo.csv");
}

#[test]
fn hourly_file_is_aggregated_to_the_day() {
    let text = "name,datetime,temp,precip,windspeed,conditions\n\
                paris,2025-11-04T23:00:00,30,9,99,Rain\n\
                paris,2025-11-05T00:00:00,4,0.5,10,Rain\n\
                paris,2025-11-05T01:00:00,6,,20,Clear\n\
                paris,2025-11-05T01:00:00,6,,20,Clear\n\
                paris,2025-11-05T02:00:00,8,1,12,Rain\n\
                paris,2025-11-05T03:00:00,99,1,12,Rain\n";
    let draft = draft_on(DAY, &[table("meteo.csv", text)]);
    let metrics = &draft.body.metrics;
    assert_eq!(
        serde_json::to_value(metrics).unwrap(),
        serde_json::json!({
            "date": "2025-11-05", "temp_moyenne": 6, "temp_min": 4, "temp_max": 8, "precip_totale": 1.5,
            "vent_max": 20, "vent_moyen": 14, "conditions": "Rain",
        })
    );
    let quality = &draft.quality;
    assert_eq!((quality.rows_read, quality.rows_of_day, quality.cells, quality.duplicates), (6, 5, 3, 1));
    assert_eq!(quality.rejects, [(Reason::TemperatureOutOfRange, 1)].into());
    assert_eq!(quality.warnings, ["La météo du jour vient de 3 heures sur 24."]);
    assert_eq!(draft.body.hours.as_ref().unwrap().len(), 3);
}

#[test]
fn clock_change_days_have_the_published_hours() {
    let rows = |date: &str, hours: &[u32]| {
        let rows: String = hours.iter().map(|hour| format!("{date}T{hour:02}:00:00,{hour}\n")).collect();
        table("meteo.csv", &format!("datetime,temp\n{rows}"))
    };
    let autumn: Vec<u32> = (0..3).chain(2..24).collect();
    let draft = draft_on("2024-10-27", &[rows("2024-10-27", &autumn)]);
    let hours = draft.body.hours.as_ref().unwrap();
    assert_eq!(hours.len(), 25);
    assert_eq!(
        (hours[2].time.as_str(), hours[3].time.as_str(), hours[4].time.as_str()),
        ("02:00:00", "02:00:00", "03:00:00")
    );
    assert!((mean(&draft) - (276.0 + 2.0) / 25.0).abs() < 1e-9);
    assert!(draft.quality.warnings.is_empty());

    let spring: Vec<u32> = (0..24).filter(|hour| *hour != 2).collect();
    let draft = draft_on("2024-03-31", &[rows("2024-03-31", &spring)]);
    assert_eq!(draft.body.hours.as_ref().unwrap().len(), 23);
    assert!(draft.quality.warnings.is_empty());

    // A timeline that contains the skipped hour is passed on unchanged.
    let hours: Vec<_> = (0..24).map(|hour| format!(r#"{{"datetime":"{hour:02}:00:00","temp":5}}"#)).collect();
    let day = format!(r#"{{"datetime":"2024-03-31","temp":5,"hours":[{}]}}"#, hours.join(","));
    let draft = draft_on("2024-03-31", &[timeline("2024-04-01T09:00:00Z", &day)]);
    assert_eq!(draft.body.hours.as_ref().unwrap().len(), 24);
}

#[path = "tests/precedence.rs"]
mod precedence;
#[path = "tests/shapes.rs"]
mod shapes;
#[path = "tests/units.rs"]
mod units;

proptest! {
    #[test]
    fn any_bytes_give_a_document_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..300), kind in 0..3) {
        let mut text = match kind {
            0 => Vec::new(),
            1 => b"datetime,temp\n2025-11-05,5\n".to_vec(),
            _ => br#"{"days":[{"datetime":"2025-11-05","temp":5},"#.to_vec(),
        };
        text.extend(bytes);
        let file = if kind == 1 {
            RawFile { key: "batch/meteo.csv".to_owned(), bytes: text.into(), collected: None }
        } else {
            snapshot("2025-11-05T09:00:00Z", text)
        };
        let _ = read_on(DAY, &[file]);
    }

    #[test]
    fn rows_add_up_and_indices_stay_within_their_bounds(
        rows in proptest::collection::vec(("2025-11-05(T0[0-3]:00:00)?", "-?[0-9]{0,2}", "-?[0-9]{0,2}", "-?[0-9]{0,2}"), 1..40)
    ) {
        let mut text = "datetime,temp,precip,windspeed\n".to_owned();
        for (when, temp, rain, wind) in &rows {
            text.push_str(&format!("{when},{temp},{rain},{wind}\n"));
        }
        if let SourceResult::Document(draft) = read_on(DAY, &[table("meteo.csv", &text)]) {
            let quality = draft.quality;
            let rejected: u64 = quality.rejects.iter().filter(|(reason, _)| **reason != Reason::UnreadableValue).map(|(_, n)| n).sum();
            prop_assert_eq!(quality.rows_read, rows.len() as u64);
            prop_assert_eq!(quality.rows_of_day, quality.cells + quality.duplicates + quality.conflicts + rejected);
            prop_assert!((0.0..=100.0).contains(&draft.body.cycling_index.get()));
            prop_assert!((0.0..=100.0).contains(&draft.body.mobility_impact.get()));
        }
    }
}
