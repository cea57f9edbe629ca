//! What a disruption affects: a line, a section, stops or a lift, in both shapes.

use contract::document::disruptions::Scope;

use super::*;

const PERIOD: [(&str, &str); 1] = [("20240502T100000", "20240502T120000")];

/// A bulk file with one disruption, the objects of RER C that it affects, and the sections that it lists itself.
fn bulk_with(title: &str, objects: &[&str], sections: &[&str]) -> RawFile {
    let mut disruption = bulk_disruption("a", "20240502T080000", &PERIOD);
    disruption["title"] = json!(title);
    let section = |line: &&str| json!({"lineId": line, "from": {"name": "Nord"}, "to": {"name": "Sud"}});
    disruption["impactedSections"] = sections.iter().map(section).collect();
    let objects: Vec<Value> = objects.iter().map(|kind| json!({"type": kind, "disruptionIds": ["a"]})).collect();
    let body = json!({"lastUpdatedDate": "20240502T120000", "disruptions": [disruption], "lines": [
        {"id": "line:C", "shortName": "C", "mode": "RapidTransit", "impactedObjects": objects},
        {"id": "line:8", "shortName": "8", "mode": "Metro", "impactedObjects": []}]});
    file("a.json", "20240502T130000", body.to_string())
}

fn navitia_with(objects: Value) -> RawFile {
    let mut disruption = navitia_disruption("a", Value::Null);
    disruption["impacted_objects"] = objects;
    disruption["severity"]["effect"] = json!("NO_SERVICE");
    page("20240502T090000", 0, 1, &[disruption])
}

fn only(file: RawFile) -> (Scope, Vec<String>, bool) {
    let draft = read_on("2024-05-02", &[file]);
    let [one] = &draft.body.disruptions[..] else { panic!("{:?}", draft.body.disruptions) };
    let lines = one.lines.iter().map(|line| line.name.clone()).collect();
    (one.scope, lines, !draft.body.disrupted_line_hours.is_empty())
}

/// Scope, lines, and whether they count as disrupted.
fn expected(scope: Scope, lines: &[&str], counts: bool) -> (Scope, Vec<String>, bool) {
    (scope, lines.iter().map(|line| (*line).to_owned()).collect(), counts)
}

#[test]
fn bulk_scope_is_the_widest_object_of_the_line() {
    let rer = ["RER C"];
    for (objects, sections, scope) in [
        (&["stop_point", "stop_point"][..], &[][..], Scope::Stop),
        (&["stop_point", "line"], &[], Scope::Line),
        (&["network"], &[], Scope::Line),
        (&["line_section"], &[], Scope::Section),
        (&["stop_point"], &["line:C"], Scope::Section),
        (&[], &["line:C", "line:C"], Scope::Section),
        (&["line"], &["line:C"], Scope::Line),
    ] {
        let found = only(bulk_with("Métro 4 : travaux", objects, sections));
        assert_eq!(found, expected(scope, &rer, scope != Scope::Stop), "{objects:?} {sections:?}");
    }
    let both = only(bulk_with("x", &["stop_point"], &["line:8"]));
    assert_eq!(both, expected(Scope::Section, &["Métro 8", "RER C"], true));
}

#[test]
fn line_that_only_words_name_is_affected_as_a_whole() {
    assert_eq!(only(bulk_with("RER B : incident", &[], &[])), expected(Scope::Line, &["RER B"], true));
    assert_eq!(only(bulk_with("RER B : incident", &[], &["line:?"])), expected(Scope::Section, &["RER B"], true));
    assert_eq!(only(bulk_with("Incident", &[], &[])), expected(Scope::Line, &[], false));
}

#[test]
fn navitia_scope_follows_the_kind_of_object() {
    let stop = json!({"pt_object": {"name": "Val", "embedded_type": "stop_point", "stop_point": {"name": "Val"}}});
    let line = |section: &str| {
        let mut object = bus("8");
        object[section] = json!({"from": {}, "to": {}});
        object
    };
    let route =
        json!({"pt_object": {"name": "R", "embedded_type": "route", "route": {"line": bus("9")["pt_object"]["line"]}}});
    let network = json!({"pt_object": {"name": "N", "embedded_type": "network", "network": {}}});
    for (objects, scope, lines) in [
        (json!([bus("8"), stop]), Scope::Line, &["Bus 8"][..]),
        (json!([line("impacted_section")]), Scope::Section, &["Bus 8"]),
        (json!([line("impacted_rail_section")]), Scope::Section, &["Bus 8"]),
        (json!([line("impacted_section"), bus("8")]), Scope::Line, &["Bus 8"]),
        (json!([route]), Scope::Stop, &["Bus 9"]),
        (json!([stop]), Scope::Stop, &[]),
        (json!([stop, network]), Scope::Line, &[]),
        (json!([]), Scope::Line, &[]),
    ] {
        let counts = scope != Scope::Stop && !lines.is_empty();
        assert_eq!(only(navitia_with(objects.clone())), expected(scope, lines, counts), "{objects}");
    }
}

#[test]
fn lift_is_equipment_and_affects_no_line() {
    let mut lift = navitia_disruption("a", bus("8"));
    lift["tags"] = json!(["Ascenseur"]);
    assert_eq!(only(page("20240502T090000", 0, 1, &[lift])), expected(Scope::Equipment, &[], false));
}

#[test]
fn each_line_of_a_disruption_is_judged_by_its_own_objects() {
    let mut disruption = bulk_disruption("a", "20240502T080000", &PERIOD);
    disruption["impactedSections"] = json!([{"lineId": "line:C"}]);
    let line = |id: &str, code: &str, mode: &str, kind: &str| json!({"id": id, "shortName": code, "mode": mode, "impactedObjects": [{"type": kind, "disruptionIds": ["a"]}]});
    let lines = [line("line:C", "C", "RapidTransit", "stop_point"), line("line:8", "8", "Metro", "stop_point")];
    let body = json!({"lastUpdatedDate": "20240502T120000", "disruptions": [disruption], "lines": lines});
    let draft = read_on("2024-05-02", &[file("a.json", "20240502T130000", body.to_string())]);
    let top: Vec<_> = draft.body.top_affected_lines.iter().map(|line| line.name.as_str()).collect();
    assert_eq!(top, ["RER C"]);
    assert_eq!(serde_json::to_value(&draft.body.disrupted_line_hours).unwrap(), json!({"rer": 2}));
    assert!(draft.body.stop_disruptions.is_empty(), "the disruption is that of a section");
}
