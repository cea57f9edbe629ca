//! Answers that announce more records than they have, files without a usable record, records without a value.

use super::*;

/// A page with one hour of two counters that announces `total` records, collected `hours` hours after the start of the day.
fn announcing(paris: &Paris, hours: i64, total: u64, part: &str, ids: &[&str]) -> RawFile {
    let collected = paris.day.start() + Duration::hours(hours);
    let hour = collected - Duration::hours(2);
    let records: Vec<_> = ids.iter().map(|id| record(id, hour, Some(5 + hours.unsigned_abs() as u32))).collect();
    let text = format!(r#"{{"results":[{}],"total_count":{total}}}"#, records.join(","));
    let folder = format!("{}/hour={}", collected.format("dt=%Y-%m-%d"), collected.format("%H"));
    snapshot(&format!("{folder}/{part}.json"), &collected.to_rfc3339(), text)
}

/// One page an hour that covers the whole day, each announcing `total`.
fn whole_day(paris: &Paris, total: u64) -> Vec<RawFile> {
    (2..=25).map(|hours| announcing(paris, hours, total, "a", &["1", "2"])).collect()
}

#[test]
fn incomplete_answers_make_the_day_provisional_with_one_warning() {
    let paris = Paris::on(DAY);
    let complete = paris.draft(&whole_day(&paris, 2));
    assert_eq!((complete.status, complete.completeness.unwrap().get()), (DayStatus::Final, 100.0));
    let files = whole_day(&paris, 3);
    let draft = paris.draft(&files);
    assert_eq!((draft.status, draft.completeness.unwrap().get()), (DayStatus::Provisional, 100.0));
    let warnings: Vec<_> = draft.quality.warnings.iter().filter(|text| text.contains("annoncés")).collect();
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].contains("24 heures") && warnings[0].contains("2 enregistrements sur les 3"), "{warnings:?}");
    assert_eq!(draft.body.global_metrics.daily_total, complete.body.global_metrics.daily_total);
}

#[test]
fn complete_answer_after_the_day_or_much_newer_records_make_it_final() {
    let paris = Paris::on(DAY);
    for (hours, total, status) in [
        (26, 2, DayStatus::Final),
        (26, 3, DayStatus::Provisional),
        // Before the end of the day.
        (23, 2, DayStatus::Provisional),
        (24 * 4 + 3, 3, DayStatus::Final),
    ] {
        let mut files = whole_day(&paris, 3);
        files.retain(|file| file.collected != Some(paris.day.start() + Duration::hours(hours)));
        files.push(announcing(&paris, hours, total, "a", &["1", "2"]));
        assert_eq!(paris.draft(&files).status, status, "{hours} {total}");
    }
}

#[test]
fn pages_of_an_hour_count_together_and_each_record_once() {
    let paris = Paris::on(DAY);
    let with = |second: &[&str]| {
        let mut files = whole_day(&paris, 4);
        files.extend((2..=25).map(|hours| announcing(&paris, hours, 4, "b", second)));
        paris.draft(&files)
    };
    assert_eq!(with(&["3", "4"]).status, DayStatus::Final);
    let again = with(&["1", "3"]);
    assert_eq!(again.status, DayStatus::Provisional);
    assert!(again.quality.warnings.iter().any(|text| text.contains("3 enregistrements sur les 4")));
    // The data set itself has a record twice.
    assert_eq!(with(&["3", "3"]).status, DayStatus::Final);
}

#[test]
fn total_of_the_data_set_is_mentioned_and_does_not_decide() {
    let paris = Paris::on(DAY);
    let draft = paris.draft(&whole_day(&paris, 10_001));
    assert_eq!(draft.status, DayStatus::Final);
    assert!(draft.quality.warnings.iter().any(|text| text.contains("10001")));
    assert_eq!(paris.draft(&whole_day(&paris, 10_000)).status, DayStatus::Provisional);
}

#[test]
fn record_without_a_value_never_replaces_a_value() {
    let paris = Paris::on(DAY);
    let hour = paris.day.start() + Duration::hours(8);
    let of = |values: &[&str]| {
        let records: Vec<_> =
            values.iter().map(|value| record("1", hour, Some(0)).replace(":0,", &format!(":{value},"))).collect();
        let draft = paris.draft(&[page(&records)]);
        let quality = draft.quality;
        (draft.body.metrics[0].daily_total, quality.cells, quality.duplicates, quality.conflicts)
    };
    assert_eq!(of(&["7", "null"]), (Some(7), 1, 0, 1));
    assert_eq!(of(&["7", "-1", "\"n/d\"", "null", "null"]), (Some(7), 1, 1, 3));
    assert_eq!(of(&["null", "7", "null", "8"]), (Some(8), 1, 0, 3));
    assert_eq!(of(&["null", "null"]), (None, 1, 1, 0));
    // Compared with the record before it, not with the one whose value is used.
    assert_eq!(of(&["7", "null", "7"]), (Some(7), 1, 0, 2));
}

#[test]
fn file_without_an_accepted_record_is_an_error_or_an_unreadable_snapshot() {
    let paris = Paris::on(DAY);
    let rows = "1;5;Nov 5, 2025 8:00 AM\n1;6;Nov 5, 2025 9:00 AM\n";
    let error =
        paris.read(&[export("comptage-velo.csv", &format!("id_compteur;sum_counts;date\n{rows}"))]).unwrap_err();
    assert_eq!(error.key, "batch/comptage-velo.csv");
    assert!(
        error.reason.starts_with("2 of 2 rows rejected: unreadable timestamp, such as \"Nov 5, 2025 8:00 AM\""),
        "{error}"
    );
    let bad = snapshot("a.json", "2025-11-06T01:00:00Z", r#"[{"id_compteur":"1","sum_counts":5,"date":"5 Nov"}]"#);
    let good = page(&paris.hours("1", 0, |_| Some(2)));
    let draft = paris.draft(&[bad.clone(), good]);
    assert_eq!(draft.quality.structural_rejects, [(Reason::UnreadableSnapshot, 1)].into());
    let error = paris.read(&[bad]).unwrap_err();
    assert!(error.reason.contains("1 of 1 rows rejected: unreadable timestamp, such as \"5 Nov\""), "{error}");
    let empty = export("comptage-velo.csv", "id_compteur;sum_counts;date\n");
    assert_eq!(paris.read(&[empty]), SourceResult::no_row_at_all());
}

#[test]
fn error_says_what_an_unreadable_snapshot_resembles() {
    let paris = Paris::on(DAY);
    for (text, shape) in [
        (
            r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"x":1}}]}"#,
            "a GeoJSON FeatureCollection",
        ),
        (r#"{"total_count":9,"results":[{"id_comp"#, "a truncated page of records"),
        ("{\"results\":[{\"x\":1}]}\n{\"results\":[]}\n", "one page a line"),
        (r#"{"x":1}{"x":2}"#, "objects run together"),
        (r#"[{"results":[{"x":1}]}]"#, "a list of pages"),
        ("", "an empty file"),
    ] {
        let error = paris.read(&[snapshot("a.json", "2025-11-06T01:00:00Z", text)]).unwrap_err();
        assert!(error.reason.contains(&format!("resembles {shape}")), "{shape}: {error}");
    }
}
