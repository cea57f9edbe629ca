//! What the times of collection say: absent days, hours that nobody looked at, answers that lack pages.

use super::*;

const PAST: [(&str, &str); 1] = [("20240428T100000", "20240428T110000")];

fn past() -> Value {
    bulk_disruption("a", "20240428T080000", &PAST)
}

#[test]
fn no_disruption_is_a_result_if_a_snapshot_of_the_day_lists_none() {
    let draft = read_on("2024-05-02", &[bulk("20240502T120000", &[past()])]);
    assert!(draft.body.disruptions.is_empty());
    assert_eq!((draft.body.total_disruptions_count, draft.quality.rows_read, draft.quality.rows_of_day), (1, 1, 0));
}

#[test]
fn day_without_a_snapshot_and_a_disruption_is_absent() {
    let absent = |files: &[RawFile], last: &str| {
        assert_eq!(measured("2024-05-02", files), SourceResult::no_row(last.parse().ok()));
    };
    absent(&[bulk("20240501T120000", &[past()])], "2024-05-01");
    absent(&[bulk("20240504T120000", &[past()])], "2024-05-04");
    absent(&[bulk("20240501T120000", &[past()]), bulk("20240503T000100", &[])], "2024-05-03");
    absent(&[], "");
}

#[test]
fn disruption_listed_on_another_day_makes_a_document_without_an_index() {
    let through = bulk_disruption("a", "20240501T080000", &[("20240501T100000", "20240504T100000")]);
    let draft = read_on("2024-05-02", &[bulk("20240503T120000", &[through])]);
    assert_eq!((draft.body.active_disruptions_count, draft.body.reliability_index), (1, None));
    let warning = |part: &str| draft.quality.warnings.iter().any(|warning| warning.contains(part));
    assert!(warning("Aucun instantané n'a été collecté"), "{:?}", draft.quality.warnings);
    assert!(warning("aucun instantané ne couvre 00:00–24:00"), "{:?}", draft.quality.warnings);
}

#[test]
fn hours_without_a_snapshot_are_named() {
    let files = [bulk("20240502T021500", &[]), bulk("20240502T120000", &[]), bulk("20240503T020000", &[])];
    let warnings = read_on("2024-05-02", &files).quality.warnings;
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].contains("ne couvre 05:15–09:00, 15:00–23:00 :"), "{warnings:?}");
    let hourly: Vec<RawFile> = (0..24).map(|hour| bulk(&format!("20240502T{hour:02}3000"), &[])).collect();
    assert!(read_on("2024-05-02", &hourly).quality.warnings.is_empty());
}

#[test]
fn hours_that_lack_pages_are_one_warning_with_the_worst() {
    let one = |id: &str| navitia_disruption(id, bus("1"));
    let files = [
        page("20240502T080000", 0, 7, &[one("a")]),
        page("20240502T090000", 0, 42, &[one("a")]),
        page("20240502T090000", 3, 42, &[one("b")]),
        // Both pages of an answer, and one more of a second answer in the same hour.
        page("20240502T100000", 0, 2, &[one("a")]),
        page("20240502T100000", 1, 2, &[one("b")]),
        page("20240502T100000", 2, 9, &[one("c")]),
    ];
    let draft = read_on("2024-05-02", &files);
    let incomplete: Vec<_> = draft.quality.warnings.iter().filter(|warning| warning.contains("incomplète")).collect();
    assert_eq!(incomplete.len(), 1, "{:?}", draft.quality.warnings);
    assert!(incomplete[0].starts_with("2 heures de collecte sont incomplètes (au pire 2 des 42 perturbations)"));
}

#[test]
fn day_is_final_after_a_complete_hour_or_three_days() {
    let one = || [navitia_disruption("a", bus("1"))];
    let status = |files: &[RawFile]| read_on("2024-05-02", files).status;
    let of_day = page("20240502T080000", 0, 1, &one());
    let partial = |time: &str| page(time, 0, 2, &one());
    assert_eq!(status(std::slice::from_ref(&of_day)), DayStatus::Provisional);
    assert_eq!(status(&[of_day.clone(), partial("20240503T080000")]), DayStatus::Provisional);
    assert_eq!(status(&[of_day.clone(), partial("20240505T235900")]), DayStatus::Provisional);
    assert_eq!(status(&[of_day.clone(), partial("20240506T000000")]), DayStatus::Final);
    assert_eq!(status(&[of_day, partial("20240503T080000"), page("20240503T090000", 0, 1, &one())]), DayStatus::Final);
}

#[test]
fn navitia_answer_without_pagination_ends_no_disruption() {
    let listed = page("20240502T070000", 0, 1, &[navitia_disruption("a", bus("1"))]);
    let body = json!({"context": {"current_datetime": "20240502T080000"}, "disruptions": []});
    let files = [listed, file("x/a.json", "20240502T080000", body.to_string())];
    assert_eq!(periods(&read_on("2024-05-02", &files), 0), pairs(&[("02T06:00", "02T10:00")]));
}

#[test]
fn absence_from_a_feed_ends_only_what_that_feed_listed() {
    let of_page = page("20240502T070000", 0, 1, &[navitia_disruption("a", bus("1"))]);
    let of_bulk = bulk_disruption("b", "20240502T060000", &[("20240502T060000", "20240502T100000")]);
    let files = [
        of_page,
        bulk("20240502T071500", &[of_bulk]),
        bulk("20240502T080000", &[]),
        page("20240502T090000", 0, 0, &[]),
    ];
    let draft = read_on("2024-05-02", &files);
    let end = |id: &str| draft.body.disruptions.iter().find(|one| one.id == id).unwrap().end.unwrap().to_string();
    assert_eq!(end("b"), "2024-05-02T08:00:00+02:00");
    assert_eq!(end("a"), "2024-05-02T09:00:00+02:00");
}
