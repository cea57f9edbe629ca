//! The whole source: formats, unusable snapshots, versions, absences, counts.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use contract::document::disruptions::{DisruptionStatus, Mode, Severity};
use contract::{Reason, Tz};
use serde_json::{Value, json};

use super::*;
use crate::document::tests::drafted;

mod coverage;
mod robustness;
mod scope;

fn at(text: &str) -> DateTime<Utc> {
    crate::source::disruptions::record::instant(text, Tz::PARIS).unwrap()
}

/// A file collected in the hour that ends at `hour_end`.
fn file(key: &str, hour_end: &str, body: impl Into<Vec<u8>>) -> RawFile {
    RawFile { key: format!("api/traffic/{key}"), bytes: Bytes::from(body.into()), collected: Some(at(hour_end)) }
}

fn bulk_disruption(id: &str, updated: &str, periods: &[(&str, &str)]) -> Value {
    let periods: Vec<_> = periods.iter().map(|(begin, end)| json!({"begin": begin, "end": end})).collect();
    json!({"id": id, "applicationPeriods": periods, "lastUpdate": updated, "cause": "TRAVAUX", "severity": "BLOQUANTE",
        "title": format!("Métro 4 : {id}"), "message": "<p>Trafic &#233;teint</p>"})
}

/// A bulk file collected at a local time, with disruptions of metro line 4.
fn bulk(snapshots: &str, disruptions: &[Value]) -> RawFile {
    let ids: Vec<_> = disruptions.iter().filter_map(|one| one.get("id")).collect();
    let body = json!({"lastUpdatedDate": snapshots, "disruptions": disruptions, "lines": [
        {"id": "line:4", "name": "4", "shortName": "4", "mode": "Metro", "impactedObjects": [{"type": "line", "disruptionIds": ids}]}]});
    file(&format!("{snapshots}.json"), snapshots, body.to_string())
}

fn navitia_disruption(id: &str, object: Value) -> Value {
    json!({"id": id, "status": "active", "updated_at": "20240502T080000", "cause": "travaux", "severity": {"effect": "DETOUR", "priority": 0},
        "application_periods": [{"begin": "20240502T060000", "end": "20240502T100000"}],
        "messages": [
            {"text": "Travaux", "channel": {"types": ["notification"]}},
            {"text": "<p>Bus d&eacute;vi&eacute;s</p>", "channel": {"types": ["web"]}},
            {"text": "Travaux", "channel": {"types": ["title"]}}],
        "impacted_objects": [object]})
}

fn page(folder: &str, number: u64, total: u64, disruptions: &[Value]) -> RawFile {
    let body = json!({"pagination": {"total_result": total, "start_page": number, "items_per_page": 1, "items_on_page": 1},
        "disruptions": disruptions});
    file(&format!("{folder}/page-{number}.json"), folder, body.to_string())
}

fn bus(code: &str) -> Value {
    json!({"pt_object": {"name": "Bus", "embedded_type": "line",
        "line": {"code": code, "name": "A - B", "commercial_mode": {"id": "commercial_mode:Bus", "name": "Bus"}}}})
}

fn measured(date: &str, files: &[RawFile]) -> SourceResult<Draft<Disruptions>> {
    drafted::<DisruptionsSource>(date, files, None).0
}

fn read_on(date: &str, files: &[RawFile]) -> Draft<Disruptions> {
    measured(date, files).unwrap()
}

fn periods(draft: &Draft<Disruptions>, at: usize) -> Vec<(String, String)> {
    let text = |stamp: contract::Stamp| stamp.local().format("%dT%H:%M").to_string();
    let periods = &draft.body.disruptions[at].periods;
    periods.iter().map(|period| (text(period.start), period.end.map(text).unwrap_or_default())).collect()
}

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(begin, end)| ((*begin).to_owned(), (*end).to_owned())).collect()
}

#[test]
fn bulk_format_is_read() {
    let files = [bulk(
        "20240502T120000",
        &[bulk_disruption("a", "20240502T080000", &[("20240502T100000", "20240502T133000")])],
    )];
    let draft = read_on("2024-05-02", &files);
    let one = &draft.body.disruptions[0];
    assert_eq!((one.severity, one.status), (Severity::Critical, DisruptionStatus::Ended));
    assert_eq!(one.message.as_deref(), Some("Trafic éteint"));
    assert_eq!(one.cause.as_deref(), Some("TRAVAUX"));
    assert_eq!(one.lines[0].name, "Métro 4");
    assert_eq!(serde_json::to_value(one.duration_hours).unwrap(), json!(3.5));
    assert_eq!(one.start.to_string(), "2024-05-02T10:00:00+02:00");
    assert_eq!(draft.status, DayStatus::Provisional);
    assert_eq!(draft.reasons["reliability_index"], "lignes_inconnues");
}

#[test]
fn navitia_format_is_read() {
    let mut section = bus("8");
    section["impacted_section"] = json!({"from": {}, "to": {}});
    let files = [page("20240502T090000", 0, 1, &[navitia_disruption("a", section)])];
    let draft = read_on("2024-05-02", &files);
    let one = &draft.body.disruptions[0];
    assert_eq!(one.severity, Severity::Medium);
    assert_eq!(one.title.as_deref(), Some("Travaux"));
    assert_eq!(one.message.as_deref(), Some("Bus déviés"), "a message that repeats the title is not the message");
    assert_eq!((one.lines[0].mode, one.lines[0].name.as_str()), (Mode::Bus, "Bus 8"));
}

#[test]
fn severity_comes_from_the_effect() {
    for (effect, severity) in [
        ("NO_SERVICE", Severity::Critical),
        ("SIGNIFICANT_DELAYS", Severity::High),
        ("REDUCED_SERVICE", Severity::High),
        ("STOP_MOVED", Severity::Medium),
        ("ADDITIONAL_SERVICE", Severity::Low),
        ("NEW_EFFECT", Severity::Low),
    ] {
        let mut disruption = navitia_disruption("a", bus("8"));
        disruption["severity"]["effect"] = json!(effect);
        let draft = read_on("2024-05-02", &[page("20240502T090000", 0, 1, &[disruption])]);
        assert_eq!(draft.body.disruptions[0].severity, severity, "{effect}");
    }
}

#[test]
fn lift_failure_is_minor_and_affects_no_line() {
    let stop = json!({"pt_object": {"name": "Val d'Argenteuil", "embedded_type": "stop_area", "stop_area": {"name": "RER A"}}});
    let mut disruption = navitia_disruption("a", stop);
    disruption["tags"] = json!(["Ascenseur"]);
    disruption["severity"]["effect"] = json!("SIGNIFICANT_DELAYS");
    disruption["messages"][1]["text"] = json!("Ascenseur du RER A en panne");
    let draft = read_on("2024-05-02", &[page("20240502T090000", 0, 1, &[disruption])]);
    assert_eq!(draft.body.disruptions[0].severity, Severity::Low);
    assert!(draft.body.disruptions[0].lines.is_empty());
}

#[test]
fn lines_come_from_the_text_only_if_no_object_names_one() {
    let network = json!({"pt_object": {"name": "RATP", "embedded_type": "network", "network": {}}});
    let mut disruption = navitia_disruption("a", network);
    disruption["messages"][2]["text"] = json!("RER B : incident");
    disruption["messages"][1]["text"] = json!("Empruntez la ligne 4");
    let draft = read_on("2024-05-02", &[page("20240502T090000", 0, 1, &[disruption])]);
    let names: Vec<_> = draft.body.disruptions[0].lines.iter().map(|line| line.name.as_str()).collect();
    assert_eq!(names, ["RER B"]);
    assert!(draft.body.disrupted_line_hours.is_empty(), "a line in the text is not an impacted line");
}

#[test]
fn unusable_snapshot_is_counted_and_ends_no_disruption() {
    let running = bulk_disruption("a", "20240502T080000", &[("20240502T100000", "20240503T100000")]);
    let files = [
        bulk("20240502T120000", &[running]),
        file("20240502T13.json", "20240502T140000", ""),
        file("20240502T15.json", "20240502T160000", r#"{"disruptions":[{"id":"b","appli"#),
        file("20240502T16.json", "20240502T170000", r#"{"days":[]}"#),
        file(
            "20240502T17.json",
            "20240502T180000",
            r#"{"statusCode":404,"error":"Not Found","message":"NO_NEWS_FOUND","disruptions":null,"lines":null}"#,
        ),
        file("20240502T18.json", "20240503T010000", r#"{"statusCode":404,"message":"NO_NEWS_FOUND"}"#),
    ];
    let draft = read_on("2024-05-02", &files);
    assert_eq!(draft.quality.structural_rejects[&Reason::UnreadableSnapshot], 3);
    assert_eq!(periods(&draft, 0), pairs(&[("02T10:00", "03T10:00")]));
    assert_eq!(draft.body.disruptions[0].status, DisruptionStatus::Ongoing);
    assert_eq!(draft.status, DayStatus::Final, "an empty snapshot is valid, and it is later than the day");
}

#[test]
fn source_fails_without_a_readable_snapshot() {
    let files = [file("a.json", "20240502T140000", ""), file("b.json", "20240502T150000", "[1")];
    let error = measured("2024-05-02", &files).unwrap_err();
    assert_eq!(error.key, "api/traffic/a.json");
    assert!(error.reason.contains("empty"), "{error}");
}

#[test]
fn last_changed_version_wins_then_the_last_collected() {
    let older = bulk_disruption("a", "20240502T080000", &[("20240502T100000", "20240502T110000")]);
    let mut newer = bulk_disruption("a", "20240502T090000", &[("20240502T100000", "20240502T120000")]);
    newer["title"] = json!("Nouveau");
    let mut same_time = newer.clone();
    same_time["title"] = json!("Plus nouveau");
    // The older version arrives again, from a cache: it has no effect.
    let files = [
        bulk("20240502T100500", std::slice::from_ref(&older)),
        bulk("20240502T101000", std::slice::from_ref(&older)),
        bulk("20240502T101500", &[newer]),
        bulk("20240502T102000", &[same_time]),
        bulk("20240502T102500", &[older]),
    ];
    let draft = read_on("2024-05-02", &files);
    assert_eq!(draft.body.disruptions[0].title.as_deref(), Some("Plus nouveau"));
    assert_eq!(periods(&draft, 0), pairs(&[("02T10:00", "02T12:00")]));
    let quality = &draft.quality;
    assert_eq!((quality.rows_read, quality.rows_of_day), (5, 5));
    assert_eq!((quality.cells, quality.duplicates, quality.conflicts), (1, 1, 3));
}

#[test]
fn only_periods_that_had_begun_are_kept() {
    let first = bulk_disruption(
        "a",
        "20240502T080000",
        &[
            ("20240502T090000", "20240502T093000"),
            ("20240502T140000", "20240502T150000"),
            ("20240502T100000", "20240502T123000"),
        ],
    );
    let second = bulk_disruption(
        "a",
        "20240502T110000",
        &[("20240502T100000", "20240502T120000"), ("20240502T160000", "20240502T170000")],
    );
    let files = [bulk("20240502T100500", &[first]), bulk("20240502T110500", &[second])];
    let kept = [("02T09:00", "02T09:30"), ("02T10:00", "02T12:30"), ("02T16:00", "02T17:00")];
    assert_eq!(periods(&read_on("2024-05-02", &files), 0), pairs(&kept));
}

#[test]
fn disruption_ends_with_the_first_complete_snapshot_without_it() {
    let one = |id: &str| {
        bulk_disruption(
            id,
            "20240502T080000",
            &[("20240502T100000", "20240502T180000"), ("20240502T200000", "20240502T210000")],
        )
    };
    let files = [
        bulk("20240502T110000", &[one("a"), one("b")]),
        bulk("20240502T120000", &[one("b")]),
        bulk("20240502T130000", &[one("a"), one("b")]),
        bulk("20240502T140000", &[one("b")]),
        bulk("20240502T150000", &[one("b")]),
    ];
    let draft = read_on("2024-05-02", &files);
    assert_eq!(periods(&draft, 0).len(), 2, "b, the longer one, comes first");
    assert_eq!(periods(&draft, 1), pairs(&[("02T10:00", "02T14:00")]));
}

#[test]
fn pages_are_complete_if_one_folder_has_all_of_them() {
    let two = [navitia_disruption("a", bus("1")), navitia_disruption("b", bus("2"))];
    let complete = |folder: &str, ids: &[usize]| -> Vec<RawFile> {
        ids.iter()
            .zip(0..)
            .map(|(id, number)| page(folder, number, ids.len() as u64, std::slice::from_ref(&two[*id])))
            .collect()
    };
    let first = complete("20240502T080000", &[0, 1]);
    let partial = [page("20240502T083000", 0, 2, &two[1..])];
    let only_b = complete("20240502T090000", &[1]);
    let unended = read_on("2024-05-02", &[&first[..], &partial[..]].concat());
    assert_eq!(periods(&unended, 0), pairs(&[("02T06:00", "02T10:00")]));
    let ended = read_on("2024-05-02", &[&first[..], &partial[..], &only_b[..]].concat());
    assert_eq!(periods(&ended, 0), pairs(&[("02T06:00", "02T10:00")]), "b, the longer one, comes first");
    assert_eq!(periods(&ended, 1), pairs(&[("02T06:00", "02T09:00")]));
}

#[test]
fn feeds_are_independent() {
    let files = [
        page("20240502T080000", 0, 1, &[navitia_disruption("a", bus("1"))]),
        bulk("20240502T083000", &[bulk_disruption("b", "20240502T080000", &[("20240502T080000", "20240502T090000")])]),
    ];
    assert_eq!(periods(&read_on("2024-05-02", &files), 1), pairs(&[("02T06:00", "02T10:00")]));
}

#[test]
fn collection_time_comes_from_the_body_else_from_the_folder() {
    let running = bulk_disruption("a", "20240502T080000", &[("20240502T100000", "20240502T200000")]);
    let mut late = bulk("2024-05-02T10:00:00.123Z", &[]);
    late.collected = Some(at("20240502T150000"));
    let draft = read_on("2024-05-02", &[bulk("20240502T110000", std::slice::from_ref(&running)), late]);
    assert_eq!(periods(&draft, 0), pairs(&[("02T10:00", "02T12:00")]));
    let bare = file("z.json", "20240502T150000", r#"{"disruptions":[],"lines":[]}"#);
    let draft = read_on("2024-05-02", &[bulk("20240502T110000", &[running]), bare]);
    assert_eq!(periods(&draft, 0), pairs(&[("02T10:00", "02T15:00")]));
}

#[test]
fn unusable_records_are_counted_with_their_line() {
    let body = "{\"lines\":[],\"disruptions\":[\n{\"id\":\"inv\",\"applicationPeriods\":[{\"begin\":\"20240502T100000\",\"end\":\"20240502T090000\"}]},\n\
                {\"applicationPeriods\":[]},\n7,\n{\"id\":\"dst\",\"applicationPeriods\":[{\"begin\":\"20240331T023000\"},{\"begin\":\"x\"}]},\n\
                {\"id\":\"good\",\"applicationPeriods\":[{\"begin\":\"20240502T100000\"}]}]}";
    let draft = read_on("2024-05-02", &[file("a.json", "20240502T150000", body)]);
    let counts: Vec<_> = draft.quality.structural_rejects.iter().map(|(reason, n)| (*reason, *n)).collect();
    use Reason::{MissingId, NoPeriod, NonexistentTime, ReversedPeriod, UnreadableDate, UnreadableRecord};
    let expected = [
        (MissingId, 1),
        (UnreadableDate, 1),
        (NonexistentTime, 1),
        (UnreadableRecord, 1),
        (ReversedPeriod, 1),
        (NoPeriod, 2),
    ];
    assert_eq!(counts, expected);
    assert_eq!(draft.quality.rows_read, 5);
    assert_eq!(draft.body.total_disruptions_count, 3);
    let lines: Vec<_> = draft.quality.examples.iter().map(|example| (example.reason, example.line)).collect();
    assert!(lines.contains(&(ReversedPeriod, 2)) && lines.contains(&(UnreadableDate, 5)), "{lines:?}");
}

#[test]
fn invalid_utf8_rejects_a_record_and_lone_surrogate_replaces_a_letter() {
    let record = |id: &str, title: &str| {
        format!(
            r#"{{"id":"{id}","title":"{title}","applicationPeriods":[{{"begin":"20240502T100000","end":"20240502T110000"}}]}}"#
        )
    };
    let emoji = record("a", r"d\ud83d fin \\ud83d \ud83d\ude8d");
    let body = format!(r#"{{"lines":[],"disruptions":[{emoji}]}}"#);
    let draft = read_on("2024-05-02", &[file("a.json", "20240502T150000", body)]);
    assert_eq!(draft.body.disruptions[0].title.as_deref(), Some("d\u{FFFD} fin \\ud83d 🚍"));

    let body = format!(r#"{{"lines":[],"disruptions":[{},{}]}}"#, record("a", "X"), record("b", "bon"));
    let body: Vec<u8> = body.bytes().map(|byte| if byte == b'X' { 0xE9 } else { byte }).collect();
    let draft = read_on("2024-05-02", &[file("a.json", "20240502T150000", body)]);
    assert_eq!(draft.body.disruptions.len(), 1);
    assert_eq!(draft.quality.structural_rejects[&Reason::InvalidUtf8], 1);
}

#[test]
fn result_does_not_depend_on_the_order_of_files() {
    let one = |id: &str, updated: &str| bulk_disruption(id, updated, &[("20240502T100000", "20240502T180000")]);
    let mut files = vec![
        bulk("20240502T110000", &[one("a", "20240502T080000"), one("10", "20240502T080000")]),
        bulk("20240502T120000", &[one("9", "20240502T080000"), one("a", "20240502T090000")]),
        file("x.json", "20240502T130000", "{"),
    ];
    let draft = read_on("2024-05-02", &files);
    let ids: Vec<_> = draft.body.disruptions.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(ids, ["9", "a", "10"]);
    files.reverse();
    assert_eq!(read_on("2024-05-02", &files), draft);
}

#[test]
fn each_line_of_a_json_lines_file_is_a_snapshot() {
    let running = bulk_disruption("a", "20240502T080000", &[("20240502T100000", "20240502T200000")]);
    let with = bulk("20240502T110000", &[running]);
    let without = bulk("20240502T120000", &[]);
    let body = [&with.bytes[..], b"\n\n{\n", &without.bytes[..], b"\n"].concat();
    let draft = read_on("2024-05-02", &[file("a.jsonl", "20240502T150000", body)]);
    assert_eq!(periods(&draft, 0), pairs(&[("02T10:00", "02T12:00")]));
    assert_eq!(draft.quality.examples[0].line, 3);
}

#[test]
fn unusable_record_still_counts_as_listed() {
    let running = bulk_disruption("a", "20240502T080000", &[("20240502T100000", "20240502T200000")]);
    let broken = json!({"id": "a", "applicationPeriods": []});
    let other = bulk_disruption("b", "20240502T080000", &[("20240501T100000", "20240501T110000")]);
    let files = [bulk("20240502T110000", &[running]), bulk("20240502T120000", &[broken, other])];
    let draft = read_on("2024-05-02", &files);
    assert_eq!(periods(&draft, 0), pairs(&[("02T10:00", "02T20:00")]));
    assert_eq!((draft.quality.rows_read, draft.quality.rows_of_day), (3, 1));
}

#[test]
fn snapshot_without_a_usable_record_is_unreadable_and_ends_nothing() {
    let running = bulk_disruption("a", "20240502T080000", &[("20240502T100000", "20240502T200000")]);
    let broken = json!({"id": "b", "applicationPeriods": [{"begin": "soon"}]});
    let broken = bulk("20240502T120000", &[broken]);
    let draft = read_on("2024-05-02", &[bulk("20240502T110000", &[running]), broken.clone()]);
    assert_eq!(periods(&draft, 0), pairs(&[("02T10:00", "02T20:00")]));
    assert_eq!(draft.quality.structural_rejects, [(Reason::UnreadableSnapshot, 1)].into());
    assert_eq!(draft.quality.rows_read, 1);
    let error = measured("2024-05-02", &[broken]).unwrap_err();
    assert!(error.reason.starts_with("the snapshot has 1 of 1 rows rejected: unreadable timestamp"), "{error}");
}

#[test]
fn disruption_withdrawn_before_its_start_affects_no_day() {
    let planned = bulk_disruption("a", "20240502T080000", &[("20240502T200000", "20240502T210000")]);
    let draft = read_on("2024-05-02", &[bulk("20240502T110000", &[planned]), bulk("20240502T120000", &[])]);
    assert_eq!((draft.body.total_disruptions_count, draft.body.active_disruptions_count), (1, 0));
}

#[test]
fn error_of_the_service_is_not_no_news() {
    let error = file("a.json", "20240502T150000", r#"{"statusCode":503,"disruptions":null,"lines":null}"#);
    assert!(matches!(measured("2024-05-02", &[error]), SourceResult::Failed(_)), "an error is not \"no news\"");
}
