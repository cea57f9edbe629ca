//! Formats, precedence of records, counts, failing counters, clock changes.

use bytes::Bytes;
use chrono::{DateTime, Duration, Utc};
use contract::document::DayStatus;
use contract::document::bike_counts::{BikeCounts, CounterFault};
use contract::{DayType, Reason, ServiceDay};

use super::*;
use crate::document::tests::parsed as parsed_as;
use crate::source::reference::zones::tests::by_default;

/// A day of Paris without zones.
struct Paris {
    city: City,
    parameters: Parameters,
    day: ServiceDay,
}

impl Paris {
    fn on(date: &str) -> Self {
        let city = City::paris();
        let day = ServiceDay::new(date.parse().unwrap(), city.tz);
        Self { city, parameters: Parameters::default(), day }
    }

    fn context(&self) -> DayContext<'_> {
        DayContext {
            day: self.day,
            day_type: DayType::Workday,
            city: &self.city,
            zones: None,
            service_lines: &[],
            parameters: &self.parameters,
        }
    }

    fn read(&self, files: &[RawFile]) -> SourceResult<Draft<BikeCounts>> {
        draft(&parsed(files, &self.city), &self.context())
    }

    fn draft(&self, files: &[RawFile]) -> Draft<BikeCounts> {
        self.read(files).unwrap()
    }

    /// A list of records, one per hour of the day plus `offset` days, of one counter.
    fn hours(&self, id: &str, offset: i64, value: impl Fn(usize) -> Option<u32>) -> Vec<String> {
        let day = self.day.plus(offset);
        day.hours().enumerate().map(|(at, hour)| record(id, hour, value(at))).collect()
    }
}

fn parsed(files: &[RawFile], city: &City) -> Vec<Arc<ParsedFile>> {
    parsed_as::<BikeCountsSource>(files, city)
}

fn record(id: &str, hour: DateTime<Utc>, value: Option<u32>) -> String {
    let value = value.map_or("null".to_owned(), |value| value.to_string());
    format!(r#"{{"id_compteur":"{id}","nom_compteur":"Rue {id}","sum_counts":{value},"date":"{}"}}"#, hour.to_rfc3339())
}

fn snapshot(key: &str, collected: &str, text: impl Into<Vec<u8>>) -> RawFile {
    RawFile {
        key: format!("api/bikes/{key}"),
        bytes: Bytes::from(text.into()),
        collected: Some(collected.parse().unwrap()),
    }
}

fn page(records: &[String]) -> RawFile {
    snapshot("p.json", "2025-11-06T01:00:00Z", format!(r#"{{"total_count":1,"results":[{}]}}"#, records.join(",\n")))
}

fn export(key: &str, text: &str) -> RawFile {
    RawFile { key: format!("batch/{key}"), bytes: Bytes::from(text.to_owned()), collected: None }
}

const DAY: &str = "2025-11-05";

#[test]
fn every_format_gives_the_same_hour() {
    let fields = r#""id_compteur":"1-2","nom_compteur":"Rue","sum_counts":25.0,"date":"2025-11-05T08:00:00+00:00""#;
    let shapes = [
        format!(r#"{{"results":[{{{fields},"coordinates":{{"lon":2.37559,"lat":48.84613}}}}]}}"#),
        format!(r#"{{"records":[{{"recordid":"x","fields":{{{fields},"coordinates":[48.84613,2.37559]}}}}]}}"#),
        format!(r#"[{{{fields},"coordinates":"48.84613,2.37559"}}]"#),
        format!("\u{feff}{{{fields},\"coordinates\":{{\"lon\":2.37559,\"lat\":48.84613}}}}\n"),
        format!(
            r#"{{"type":"FeatureCollection","features":[{{"type":"Feature","properties":{{{fields}}},
                "geometry":{{"type":"Point","coordinates":[2.37559,48.84613]}}}}]}}"#
        ),
        format!(r#"[{{"total_count":1,"results":[{{{fields},"coordinates":"48.84613,2.37559"}}]}}]"#),
    ];
    let mut files: Vec<_> =
        shapes.iter().map(|text| snapshot("a.json", "2025-11-06T01:00:00Z", text.clone())).collect();
    files.push(export(
        "comptage-velo.csv",
        "\u{feff}Identifiant du compteur;Nom du compteur;Comptage horaire;Date et heure de comptage;Coordonnées géographiques\r\n\
         1-2;Rue;25,0;2025-11-05T09:00:00+01:00;48.84613,2.37559\r\n",
    ));
    files.push(export(
        "comptage-velo.csv",
        "date,id_compteur,sum_counts,nom_compteur,coordinates\n2025-11-05 09:00:00,1-2,25,Rue,\"48.84613,2.37559\"\n",
    ));
    for file in files {
        let draft = Paris::on(DAY).draft(std::slice::from_ref(&file));
        let counter = &draft.body.metrics[0];
        assert_eq!(draft.body.metrics.len(), 1);
        assert_eq!((counter.counter_id.as_str(), counter.counter_name.as_deref()), ("1-2", Some("Rue")));
        assert_eq!((counter.daily_total, counter.peak_hour), (Some(25), Some(9)), "{}", file.key);
        let at = counter.coordinates.unwrap();
        assert!((at.lon.get() - 2.37559).abs() < 1e-9 && (at.lat.get() - 48.84613).abs() < 1e-9);
        assert_eq!((draft.quality.rows_read, draft.quality.cells), (1, 1));
    }
}

#[test]
fn last_record_wins_by_batch_then_collection_time_then_key() {
    let hour = "2025-11-05T08:00:00Z".parse().unwrap();
    let one = |value| format!("[{}]", record("1", hour, Some(value)));
    let files = [
        snapshot("z.json", "2025-11-05T10:00:00Z", one(1)),
        snapshot("a.json", "2025-11-06T10:00:00Z", one(2)),
        snapshot("b.json", "2025-11-06T10:00:00Z", one(3)),
        export("comptage-velo-b.csv", "id_compteur;sum_counts;date\n1;5;2025-11-05T08:00:00Z\n"),
        export("comptage-velo-a.csv", "id_compteur;sum_counts;date\n1;5;2025-11-05T08:00:00Z\n"),
    ];
    let draft = Paris::on(DAY).draft(&files);
    assert_eq!(draft.body.metrics[0].daily_total, Some(3));
    let quality = draft.quality;
    // 5, 5, 1, 2, 3
    assert_eq!((quality.cells, quality.duplicates, quality.conflicts, quality.rows_of_day), (1, 1, 3, 5));
}

#[test]
fn invalid_value_is_dropped_and_record_without_id_or_time_is_rejected() {
    let text = r#"[
        {"id_compteur":"1","sum_counts":-3,"date":"2025-11-05T08:00:00Z"},
        {"id_compteur":"1","sum_counts":2.5,"date":"2025-11-05T09:00:00Z"},
        {"id_compteur":"1","sum_counts":4,"date":"2025-11-05T10:00:00Z","coordinates":[480,2]},
        {"id_compteur":null,"sum_counts":4,"date":"2025-11-05T10:00:00Z"},
        {"id_compteur":"1","sum_counts":4,"date":"soon"},
        {"id_compteur":"1","sum_counts":-4,"date":"2025-11-04T10:00:00Z"},
        7
    ]"#;
    let draft = Paris::on(DAY).draft(&[snapshot("a.json", "2025-11-06T10:00:00Z", text)]);
    let quality = draft.quality;
    assert_eq!(draft.body.metrics[0].daily_total, Some(4));
    assert_eq!((quality.rows_read, quality.rows_of_day, quality.cells), (7, 3, 3));
    let values = [Reason::UnreadableCount, Reason::NegativeCount, Reason::UnreadableGeometry];
    assert_eq!(quality.rejects, values.map(|reason| (reason, 1)).into());
    let structure = [Reason::MissingId, Reason::UnreadableDate, Reason::UnreadableRecord];
    assert_eq!(quality.structural_rejects, structure.map(|reason| (reason, 1)).into());
    assert_eq!(quality.examples[0].line, 2);
}

#[test]
fn unusable_snapshot_is_counted_and_the_others_are_used() {
    let paris = Paris::on(DAY);
    let lost = |key: &str, text: &str| snapshot(key, "2025-11-07T01:00:00Z", text);
    let bad = [
        lost("0.json", ""),
        lost("1.json", r#"{"results":[{"id_compteur":"1""#),
        lost("2.json", r#"{"error_code":"ODSQL"}"#),
        lost("3.json", r#"[{"datetime":"2025-11-05"}]"#),
    ];
    let mut files = bad.to_vec();
    files.push(page(&paris.hours("1", 0, |_| Some(2))[..3]));
    let draft = paris.draft(&files);
    assert_eq!(draft.quality.structural_rejects, [(Reason::UnreadableSnapshot, 4)].into());
    assert_eq!(draft.quality.rows_read, 3);
    let error = paris.read(&bad).unwrap_err();
    assert!(error.key.is_empty() && error.reason.contains("none of the 4 snapshots"), "{error}");
}

#[test]
fn unusable_batch_file_fails_the_source() {
    let paris = Paris::on(DAY);
    let good = page(&paris.hours("1", 0, |_| Some(2)));
    let error = paris.read(&[good, export("comptage-velo.csv", "a;b\n1;2\n")]).unwrap_err();
    assert_eq!(error.key, "batch/comptage-velo.csv");
}

#[test]
fn day_without_records_is_absent_with_the_last_day() {
    let paris = Paris::on(DAY);
    let absent = paris.read(&[page(&paris.hours("1", -1, |_| Some(2)))]);
    assert_eq!(absent, SourceResult::no_row("2025-11-04".parse().ok()));
}

#[test]
fn one_counter_gives_the_figures_of_the_day() {
    let paris = Paris::on(DAY);
    let draft = paris.draft(&[page(&paris.hours("1", 0, |hour| match hour {
        0..6 => Some(1),
        8 | 18 => Some(30),
        23 => None,
        _ => Some(10),
    }))]);
    let counter = &draft.body.metrics[0];
    // 6 × 1 + 2 × 30 + 15 × 10
    assert_eq!(counter.daily_total, Some(216));
    assert!((counter.hourly_mean.unwrap().get() - 216.0 / 23.0).abs() < 1e-9);
    assert_eq!(counter.peak_hour, Some(8));
    assert_eq!(counter.off_peak_hours, [0, 1, 2, 3, 4, 5]);
    assert_eq!(counter.hourly_flow[23], None);
    assert!((counter.observed_percent.get() - 100.0 * 23.0 / 24.0).abs() < 1e-9);
    assert!(!counter.failing);
    assert_eq!(draft.complete_until.unwrap().to_string(), "2025-11-05T23:00:00+01:00");
    assert_eq!(draft.reasons["metrics.zone"], "zones_inconnues");
    assert_eq!(draft.reasons["evolution.annee_precedente"], "historique_absent");
    assert_eq!(draft.quality.warnings.len(), 1);
}

#[test]
fn counters_of_28_days_are_expected_and_availability_ends_with_the_known_hours() {
    let paris = Paris::on(DAY);
    let mut records = paris.hours("1", 0, |hour| Some(u32::try_from(hour).unwrap() + 1));
    records.truncate(12);
    records.push(record("2", paris.day.plus(-27).start(), Some(3)));
    records.push(record("3", paris.day.plus(-28).start(), Some(3)));
    let draft = paris.draft(&[page(&records)]);
    let global = &draft.body.global_metrics;
    assert!((draft.completeness.unwrap().get() - 25.0).abs() < 1e-9);
    assert_eq!(global.observed_percent, draft.completeness);
    assert!((global.availability.unwrap().get() - 50.0).abs() < 1e-9);
    assert_eq!((global.counter_count, global.active_counter_count), (1, 1));
    assert_eq!(draft.status, DayStatus::Provisional);
    // 12 hours do not distinguish a failing counter from a quiet one.
    assert!(draft.body.failing_sensors.is_empty());
    records.push(record("1", paris.day.start() + Duration::hours(12), Some(1)));
    assert_eq!(paris.draft(&[page(&records)]).body.failing_sensors, ["2"]);
}

#[test]
fn day_is_final_if_complete_or_if_records_are_more_than_3_days_newer() {
    let paris = Paris::on(DAY);
    let all = paris.hours("1", 0, |hour| Some(u32::try_from(hour).unwrap() + 1));
    assert_eq!(paris.draft(&[page(&all)]).status, DayStatus::Final);
    for (days, status) in [(3, DayStatus::Provisional), (4, DayStatus::Final)] {
        let mut some = all[..5].to_vec();
        some.push(record("1", paris.day.plus(days).start(), Some(1)));
        assert_eq!(paris.draft(&[page(&some)]).status, status);
    }
}

#[test]
fn counters_stuck_at_a_value_fail_and_are_excluded_from_the_totals() {
    let paris = Paris::on(DAY);
    let varied = |hour: usize| Some(u32::try_from(hour).unwrap() + 1);
    let mut records = paris.hours("10", 0, varied);
    records.extend(paris.hours("9", 0, |hour| (hour % 2 == 0).then_some(0)));
    records.extend(paris.hours("9", -1, |hour| Some(u32::from(hour == 20))));
    // 13 hours with the value 7, from the day before on.
    records.extend(paris.hours("8", -1, |hour| Some(if hour >= 20 { 7 } else { 70 + u32::try_from(hour).unwrap() })));
    records.extend(paris.hours("8", 0, |hour| Some(if hour < 9 { 7 } else { 90 + u32::try_from(hour).unwrap() })));
    // 12 hours are within the limit.
    records.extend(paris.hours("7", 0, |hour| Some(if hour < 12 { 5 } else { 90 + u32::try_from(hour).unwrap() })));
    let draft = paris.draft(&[page(&records)]);
    assert_eq!(draft.body.failing_sensors, ["8", "9"]);
    let failures: Vec<_> = draft
        .body
        .sensor_failures
        .iter()
        .map(|fault| {
            (fault.reason, fault.start.to_string(), fault.end.to_string(), fault.duration_hours.get(), fault.open)
        })
        .collect();
    let at = |text: &str| format!("2025-11-{text}:00:00+01:00");
    assert_eq!(
        failures,
        [
            (CounterFault::Stuck, at("04T20"), at("05T09"), 13.0, false),
            (CounterFault::Silent, at("04T21"), at("06T00"), 27.0, true),
        ]
    );
    let total = (1..=24).sum::<u64>() + 12 * 5 + (102..=113).sum::<u64>();
    assert_eq!(draft.body.global_metrics.daily_total, Some(total));
    assert_eq!(draft.body.global_metrics.active_counter_count, 3);
    let top: Vec<_> = draft.body.top_counters.iter().map(|top| top.counter_id.as_str()).collect();
    assert_eq!(top, ["7", "10"]);
    let ids: Vec<_> = draft.body.metrics.iter().map(|counter| (counter.counter_id.as_str(), counter.failing)).collect();
    assert_eq!(ids, [("7", false), ("8", true), ("9", true), ("10", false)]);
    assert_eq!(draft.quality.excluded_cells, 24 + 12);
}

#[test]
fn zones_are_listed_by_code_and_no_zone_comes_last() {
    let square = |code: &str, west: u32| {
        format!(
            r#"{{"type":"Feature","properties":{{"c_arinsee":{code},"l_ar":"Z{code}"}},"geometry":{{"type":"Polygon","coordinates":
               [[[{west},48],[{},48],[{},49],[{west},49],[{west},48]]]}}}}"#,
            west + 1,
            west + 1
        )
    };
    let squares = [square("75112", 2), square("75104", 3), square("75119", 4)].join(",");
    let text = format!(r#"{{"type":"FeatureCollection","features":[{squares}]}}"#);
    let zones = by_default("reference/zones.geojson", text.as_bytes()).unwrap();
    let paris = Paris::on(DAY);
    let context = DayContext { zones: Some(&zones), ..paris.context() };
    let at = |id: &str, value: &str, lon: &str| {
        format!(
            r#"{{"id_compteur":"{id}","sum_counts":{value},"date":"2025-11-05T14:00:00Z","coordinates":{{"lon":{lon},"lat":48.5}}}}"#
        )
    };
    // The last two fail.
    let records = [
        at("1", "5", "9.5"),
        at("2", "6", "2.5"),
        at("3", "7", "3.5"),
        at("4", "8", "2.6"),
        at("5", "0", "2.6"),
        at("6", "null", "4.5"),
    ];
    let draft = super::draft(&parsed(&[page(&records)], &paris.city), &context).unwrap();
    let list: Vec<_> = draft
        .body
        .by_district
        .iter()
        .map(|zone| (zone.district.as_deref(), zone.zone.as_deref(), zone.counter_count, zone.daily_total))
        .collect();
    assert_eq!(
        list,
        [
            (Some("75004"), Some("Z75104"), 1, Some(7)),
            (Some("75012"), Some("Z75112"), 3, Some(14)),
            (Some("75019"), Some("Z75119"), 1, None),
            (None, Some("Hors zone"), 1, Some(5)),
        ]
    );
    assert!(!draft.reasons.contains_key("metrics.zone"));
}

#[test]
fn failure_that_fills_the_window_is_open() {
    let paris = Paris::on(DAY);
    let mut records = Vec::new();
    for offset in -3..=0 {
        records.extend(paris.hours("1", offset, |_| Some(7)));
    }
    let fault = &paris.draft(&[page(&records)]).body.sensor_failures[0];
    assert_eq!(
        (fault.start.to_string().as_str(), fault.duration_hours.get(), fault.open),
        ("2025-11-03T00:00:00+01:00", 72.0, true)
    );
}

#[test]
fn spring_day_has_23_hours_and_autumn_day_25() {
    let spring = Paris::on("2024-03-31");
    let draft = spring.draft(&[page(&spring.hours("1", 0, |hour| Some(u32::try_from(hour).unwrap())))]);
    let counter = &draft.body.metrics[0];
    assert_eq!((counter.daily_total, counter.hourly_flow[2]), (Some((0..23).sum()), None));
    assert_eq!((counter.peak_hour, counter.observed_percent.get()), (Some(23), 100.0));
    assert_eq!(draft.complete_until.unwrap().to_string(), "2024-04-01T00:00:00+02:00");

    let autumn = Paris::on("2024-10-27");
    let draft = autumn.draft(&[page(&autumn.hours("1", 0, |hour| Some(u32::try_from(hour).unwrap())))]);
    let counter = &draft.body.metrics[0];
    assert_eq!(counter.daily_total, Some((0..25).sum()));
    assert_eq!(counter.hourly_flow[2].unwrap().get(), 2.5);
    assert_eq!(counter.peak_hour, Some(23));

    // No counter has one of the two repeated hours, so it is not expected.
    let records = autumn.hours("1", 0, |hour| (hour != 3).then_some(u32::try_from(hour).unwrap()));
    assert_eq!(autumn.draft(&[page(&records)]).completeness.unwrap().get(), 100.0);
}

#[test]
fn skipped_local_time_is_rejected_and_repeated_one_means_the_later() {
    let spring = Paris::on("2024-03-31");
    let file =
        export("comptage-velo.csv", "id_compteur;sum_counts;date\n1;5;2024-03-31 02:00:00\n1;6;2024-03-31 04:00:00\n");
    let draft = spring.draft(&[file]);
    assert_eq!(draft.quality.structural_rejects, [(Reason::NonexistentTime, 1)].into());
    let autumn = Paris::on("2024-10-27");
    let file = export("comptage-velo.csv", "id_compteur;sum_counts;date\n1;5;2024-10-27 02:00:00\n");
    let draft = autumn.draft(&[file]);
    assert_eq!(draft.complete_until.unwrap().to_string(), "2024-10-27T03:00:00+01:00");
}

#[test]
fn minutes_are_truncated_to_the_start_of_the_hour() {
    let paris = Paris::on(DAY);
    let at = paris.day.start() + Duration::minutes(59);
    let draft = paris.draft(&[page(&[record("1", at, Some(4)), record("1", paris.day.end(), Some(9))])]);
    assert_eq!((draft.body.metrics[0].daily_total, draft.body.metrics[0].peak_hour), (Some(4), Some(0)));
}

#[path = "tests/answers.rs"]
mod answers;
#[path = "tests/properties.rs"]
mod properties;
