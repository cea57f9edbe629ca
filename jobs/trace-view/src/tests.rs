use std::collections::{BTreeSet, HashMap};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const NIGHT: &str = include_str!("../tests/night.ndjson");
const DRAWN: Style = Style { drawn: true, colour: false };
const PLAIN: Style = Style { drawn: false, colour: false };

fn night() -> Vec<Trace> {
    read(NIGHT.as_bytes()).unwrap().traces
}

/// One line of a file with these spans.
fn line(spans: &[Value]) -> String {
    json!({"resourceSpans": [{"resource": {}, "scopeSpans": [{"spans": spans}]}]}).to_string()
}

fn drawn(spans: &[Value]) -> String {
    render(&read(line(spans).as_bytes()).unwrap().traces, 80, DRAWN)
}

#[test]
fn night_renders_as_recorded() {
    for (width, style, name, expected) in [
        (80, DRAWN, "80", include_str!("../tests/night-80.txt")),
        (140, DRAWN, "140", include_str!("../tests/night-140.txt")),
        (80, PLAIN, "plain", include_str!("../tests/night-plain.txt")),
    ] {
        let now = render(&night(), width, style);
        let difference = similar::TextDiff::from_lines(expected, &now).unified_diff().to_string();
        assert!(now == expected, "tests/night-{name}.txt differs from the output:\n{difference}");
    }
}

#[test]
fn terminal_lines_fit_its_width_and_a_pipe_gets_ascii_with_whole_keys() {
    for width in 50..200 {
        for text in render(&night(), width, DRAWN).lines().skip_while(|line| !line.is_empty()) {
            assert!(text.chars().count() <= width, "{width}: {text}");
        }
    }
    let plain = render(&night(), 80, PLAIN);
    assert!(plain.is_ascii(), "{plain}");
    assert!(plain.contains("read api/bikes/dt=2025-11-03/hour=08/bikes-2025-11-03T08-15-00Z.json.gz"), "{plain}");
}

#[test]
fn coloured_output_has_the_same_text() {
    let coloured = render(&night(), 120, Style { drawn: true, colour: true });
    let mut bare = String::new();
    for (index, part) in coloured.split('\x1b').enumerate() {
        bare += if index == 0 { part } else { part.split_once('m').unwrap().1 };
    }
    assert_eq!(bare, render(&night(), 120, DRAWN));
    assert!(coloured.contains("\x1b[31mBadData: api/bikes"), "errors are red: {coloured}");
    assert!(coloured.contains("\x1b[33mexit 143 (Stopped)"), "{coloured}");
}

#[test]
fn trace_that_ended_last_is_shown() {
    let traces = night();
    assert_eq!(traces.len(), 2);
    assert_eq!(latest(&traces).unwrap().id, "69094c20bd862e3fe1be46a994272793");
    let earlier: Vec<_> = traces.into_iter().filter(|trace| trace.id.starts_with("69092")).collect();
    let text = render(&earlier, 80, DRAWN);
    assert!(text.contains("→ linked to trace 1-00000000-000000000000000000000000"), "{text}");
    assert!(text.contains("cityflow-reporter 0.1.0 (report-2025-11-03), its end is not in the file"), "{text}");
    assert_eq!(render(&[], 80, DRAWN), "");
}

#[test]
fn lines_that_are_not_json_are_listed_and_the_rest_is_read() {
    let span = line(&[json!({"traceId": "AB", "spanId": "CD", "name": "x", "later": {"unknown": []}, "kind": 1})]);
    let found = read(format!("{span}\nnot json\n\n{{}}\n[]\n\"text\"\n{}", &span[..40]).as_bytes()).unwrap();
    assert_eq!((found.unreadable, found.cut_off), (vec![2, 7], true));
    assert_eq!((found.traces.len(), found.traces[0].id.as_str()), (1, "ab"));
    let found = read(format!("{span}\nnot json\n{span}").as_bytes()).unwrap();
    assert_eq!((found.unreadable, found.cut_off), (vec![2], false));
    assert_eq!(found.traces[0].spans.len(), 1, "a span that was written twice is read once");
    let found = read(&b"\xff\xfe{}\n"[..]).unwrap();
    assert_eq!(found.unreadable, [1], "bytes that are not UTF-8");
}

#[test]
fn attributes_of_any_type_and_times_of_either_form_are_read() {
    let attributes = json!([
        {"key": "bytes", "value": {"intValue": "7"}}, {"key": "rows", "value": {"intValue": 8}},
        {"key": "interrupted", "value": {"boolValue": true}}, {"key": "x", "value": {"doubleValue": 1.5}},
        {"key": "none", "value": {}}, {"value": {"intValue": 1}}, 3
    ]);
    let span = json!({"traceId": "1", "spanId": "2", "name": "a\u{1b}[2J\nb", "startTimeUnixNano": 5, "endTimeUnixNano": "3",
        "attributes": attributes, "status": {"code": "STATUS_CODE_ERROR"}});
    let found = read(line(&[span, json!({"traceId": "1"}), json!(null)]).as_bytes()).unwrap();
    let [span] = &found.traces[0].spans[..] else { panic!("{found:?}") };
    assert_eq!(
        (span.name.as_str(), span.start, span.end),
        ("a [2J b", 5, 5),
        "no terminal escapes, no end before the start"
    );
    let values: Vec<_> = span.attributes.iter().map(|(key, value)| format!("{key}={value}")).collect();
    assert_eq!(values, ["bytes=7", "interrupted=true", "rows=8", "x=1.5"]);
    assert_eq!(span.error.as_deref(), Some(""), "an error without a message is still an error");
}

#[test]
fn error_is_shown_once_where_it_began() {
    let failed = |id: &str, parent: &str, message: &str| json!({"traceId": "1", "spanId": id, "parentSpanId": parent, "name": id, "status": {"code": 2, "message": message}});
    let text =
        drawn(&[failed("run", "", "no disk"), failed("source", "run", "no disk"), failed("other", "run", "no net")]);
    assert_eq!((text.matches("no disk").count(), text.matches("no net").count()), (1, 1), "{text}");
    assert!(text.find("source").unwrap() < text.find("no disk").unwrap(), "{text}");
    assert_eq!(text.matches('✗').count(), 3, "each failed span is marked: {text}");
}

#[test]
fn cycles_and_deep_trees_are_rendered() {
    let span = |id: usize, parent: usize| json!({"traceId": "1", "spanId": id.to_string(), "parentSpanId": parent.to_string(), "name": format!("span{id}."), "startTimeUnixNano": id});
    let text = drawn(&[span(1, 2), span(2, 3), span(3, 1), span(4, 4), span(5, 3)]);
    for id in 1..=5 {
        assert_eq!(text.matches(&format!("span{id}.")).count(), 1, "{text}");
    }
    let deep: Vec<_> = (1..20_000).map(|id| span(id, id - 1)).collect();
    let text = drawn(&deep);
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    assert_eq!(text.matches("span").count(), deep.len() + 1, "and `spans` in the head");
}

#[test]
fn more_than_twelve_like_siblings_share_a_line_and_failed_ones_keep_theirs() {
    let span = |id: u64, parent: u64, name: &str, failed: bool| {
        let key = if name == "day" { "day" } else { "key" };
        json!({
            "traceId": "1", "spanId": format!("s{id}"), "parentSpanId": format!("s{parent}"), "name": name,
            "startTimeUnixNano": (1_000_000 * id).to_string(), "endTimeUnixNano": (1_000_000 * (id + 1)).to_string(),
            "attributes": [
                {"key": "bytes", "value": {"intValue": "100"}}, {"key": key, "value": {"stringValue": format!("of-{id}")}},
            ],
            "status": {"code": if failed { 2 } else { 0 }, "message": "no such key"},
        })
    };
    let reads = |number: u64, failed: Option<u64>| {
        let mut spans = vec![span(1, 0, "process", false)];
        for id in 0..number {
            spans.push(span(100 + id, 1, "read", failed == Some(id)));
            spans.push(span(200 + id, 100 + id, "S3.GetObject", failed == Some(id)));
        }
        render(&read(line(&spans).as_bytes()).unwrap().traces, 120, DRAWN)
    };
    let few = reads(12, None);
    assert_eq!((few.matches(" read").count(), few.matches("S3.GetObject").count()), (12, 12), "{few}");
    let many = reads(30, None);
    assert!(many.contains("30 x read") && many.contains("3.0 kB"), "{many}");
    assert_eq!(many.matches("S3.GetObject").count(), 0, "{many}");
    let failed = reads(30, Some(7));
    assert!(failed.contains("29 x read"), "{failed}");
    assert_eq!((failed.matches("read").count(), failed.matches("no such key").count()), (2, 1), "{failed}");

    // Spans of days are not reads: each stays.
    let days: Vec<_> =
        std::iter::once(span(1, 0, "process", false)).chain((100..130).map(|id| span(id, 1, "day", false))).collect();
    assert_eq!(drawn(&days).matches("day of-").count(), 30, "{}", drawn(&days));

    let mut retried: Vec<_> =
        std::iter::once(span(1, 0, "process", false)).chain((100..130).map(|id| span(id, 1, "read", false))).collect();
    retried[5]["attributes"][0] = json!({"key": "s3.retries", "value": {"intValue": "2"}});
    let text = drawn(&retried);
    assert!(text.contains("29 x read") && text.contains("read of-104"), "{text}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// For any part of a trace, in any order.
    #[test]
    fn every_span_is_shown_once_below_its_parent(
        picked in prop::collection::btree_map(0_usize..40, (0_usize..60, 0_u64..50, 0_u64..50, any::<bool>()), 0..40),
        order in any::<prop::sample::Index>(),
        cut in 1_usize..7,
        forwards in any::<bool>(),
        (width, style) in (0_usize..200, prop::sample::select(vec![DRAWN, PLAIN])),
    ) {
        let mut spans: Vec<Value> = picked.iter().map(|(id, (parent, start, end, failed))| json!({
            "traceId": "1", "spanId": format!("s{id}"), "parentSpanId": format!("s{}", if forwards { parent % (id + 1) } else { *parent }),
            "name": format!("<{id}>"), "startTimeUnixNano": start.to_string(), "endTimeUnixNano": end.to_string(),
            "status": {"code": if *failed { 2 } else { 0 }, "message": "went wrong"},
        })).collect();
        if !spans.is_empty() {
            let by = order.index(spans.len());
            spans.rotate_left(by);
        }
        let file: String = spans.chunks(cut).map(|spans| line(spans) + "\n").collect();
        let traces = read(file.as_bytes()).unwrap().traces;
        let text = render(&traces, width, style);
        let shown: Vec<usize> = text.split('<').skip(1).map(|rest| rest.split('>').next().unwrap().parse().unwrap()).collect();
        prop_assert_eq!(shown.iter().copied().collect::<BTreeSet<_>>(), picked.keys().copied().collect());
        prop_assert_eq!(shown.len(), picked.len());
        let Some(trace) = latest(&traces) else { return Ok(()) };
        let rows = rows::of(trace);
        let line_of: HashMap<usize, usize> = rows.iter().enumerate().map(|(line, row)| (row.span, line)).collect();
        for (line, row) in rows.iter().enumerate() {
            let there = trace.spans.iter().position(|span| Some(&span.id) == trace.spans[row.span].parent.as_ref());
            match row.parent {
                Some(parent) => {
                    prop_assert_eq!(Some(parent), there);
                    let above = line_of[&parent];
                    prop_assert!(above < line);
                    prop_assert!(rows[above + 1..=line].iter().all(|between| between.depth() > rows[above].depth()), "rows between them are in the subtree");
                }
                // A root has no parent in the file, or is where a cycle was opened.
                None => prop_assert!(there.is_none() || !forwards || there == Some(row.span)),
            }
        }
    }
}
