//! Spans as a text tree and metrics as a text list, without times, ids and values, so that every run on the same input gives the same text.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};

use super::{Attributes, Metric, Span, SpanKind, Trace};

/// The attributes that distinguish spans of the same name.
const DISTINGUISHING: [&str; 3] = ["source", "status", "outcome"];
/// More levels than any real trace has: a span below this depth is its own ancestor.
const MAX_DEPTH: usize = 20;

/// One line for each path of names: `name [distinguishing values] ×number: attributes`. An attribute that only some of these spans have
/// is followed by `?`. Client spans have no number, because the number of requests varies between runs.
#[must_use]
pub fn tree(trace: &Trace) -> String {
    let mut text = String::new();
    branch(&mut text, trace, &trace.roots(), 0);
    text
}

fn branch(text: &mut String, trace: &Trace, spans: &[&Span], depth: usize) {
    if depth > MAX_DEPTH {
        return;
    }
    let mut by_label: BTreeMap<String, Vec<&Span>> = BTreeMap::new();
    for span in spans {
        by_label.entry(label(span)).or_default().push(span);
    }
    for (label, spans) in by_label {
        let number = match spans.len() {
            1 => String::new(),
            _ if spans.iter().any(|span| span.kind == SpanKind::Client) => String::new(),
            number => format!(" ×{number}"),
        };
        let names: BTreeSet<&String> = spans.iter().flat_map(|span| span.attributes.keys()).collect();
        let some = |name: &str| spans.iter().any(|span| !span.attributes.contains_key(name));
        let names: Vec<_> = names.iter().map(|name| format!("{name}{}", if some(name) { "?" } else { "" })).collect();
        let known = if names.is_empty() { String::new() } else { format!(": {}", names.join(", ")) };
        let _ = writeln!(text, "{}{label}{number}{known}", "  ".repeat(depth));
        let below: Vec<_> = spans.iter().flat_map(|span| trace.children(&span.id)).collect();
        branch(text, trace, &below, depth + 1);
    }
}

fn label(span: &Span) -> String {
    let values: Vec<_> = DISTINGUISHING.iter().map(|name| span.text(name)).filter(|value| !value.is_empty()).collect();
    let kind = match span.kind {
        SpanKind::Internal => String::new(),
        SpanKind::Client => " (client)".to_owned(),
        SpanKind::Other(number) => format!(" (kind {number})"),
    };
    match values.is_empty() {
        true => format!("{}{kind}", span.name),
        false => format!("{}{kind} [{}]", span.name, values.join(", ")),
    }
}

/// One line for each metric, `name: kind, unit, temporality`, followed by one indented line for each set of attributes.
#[must_use]
pub fn metrics(all: &[Metric]) -> String {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for metric in all {
        let head = format!("{}: {}, {}, {}", metric.name, metric.kind, metric.unit, metric.temporality);
        found.entry(head).or_default().extend(metric.points.iter().map(|point| pairs(&point.attributes)));
    }
    found.into_iter().fold(String::new(), |mut text, (head, sets)| {
        let _ = writeln!(text, "{head}");
        for set in sets {
            let _ = writeln!(text, "  {set}");
        }
        text
    })
}

fn pairs(attributes: &Attributes) -> String {
    let value = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let pairs: Vec<_> = attributes.iter().map(|(name, known)| format!("{name}={}", value(known))).collect();
    pairs.join(" ")
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&tree(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(name: &str, id: &str, parent: &str, attributes: &[&str]) -> String {
        let attributes: Vec<_> =
            attributes.iter().map(|name| serde_json::json!({"key": name, "value": {"stringValue": "v"}})).collect();
        serde_json::json!({"resourceSpans": [{"scopeSpans": [{"spans": [{
            "name": name, "traceId": "1".repeat(32), "spanId": id.repeat(16), "parentSpanId": parent.repeat(16), "kind": 1,
            "startTimeUnixNano": "1", "endTimeUnixNano": "2", "attributes": attributes,
        }]}]}]})
        .to_string()
    }

    fn trace(lines: &[String]) -> Trace {
        Trace::read(&lines.join("\n"))
    }

    #[test]
    fn tree_has_one_line_for_each_path_in_any_order_of_spans() {
        let lines = [
            span("read", "4", "3", &["source", "key"]),
            span("read", "5", "3", &["source"]),
            span("run", "1", "9", &["day"]),
            span("source", "2", "1", &["source"]),
            span("source", "3", "1", &["source"]),
            span("decode", "6", "2", &[]),
        ];
        let shown = "run: day\n  source [v] ×2: source\n    decode\n    read [v] ×2: key?, source\n";
        assert_eq!(tree(&trace(&lines)), shown);
        let mut other = lines;
        other.reverse();
        assert_eq!(tree(&trace(&other)), shown);
    }

    #[test]
    fn incomplete_traces_are_rejected() {
        let good = [span("run", "1", "", &[]), span("list", "2", "1", &[])];
        trace(&good).assert_complete(&["run"]);
        for (line, other) in [
            (1, span("list", "2", "8", &[])),
            (1, span("list", "1", "1", &[])),
            (1, span("list", "2", "1", &[]).replace(r#""endTimeUnixNano":"2""#, r#""endTimeUnixNano":"0""#)),
            (1, span("list", "2", "1", &[]).replace(r#""endTimeUnixNano":"2""#, r#""endTimeUnixNano":"3""#)),
            (
                1,
                span("list", "2", "1", &[])
                    .replace("11111111111111111111111111111111", "22222222222222222222222222222222"),
            ),
        ] {
            let mut lines = good.clone();
            lines[line] = other.clone();
            assert!(std::panic::catch_unwind(|| trace(&lines).assert_complete(&["run"])).is_err(), "{other}");
        }
    }

    #[test]
    fn metrics_are_rendered_by_name_and_attributes_without_values() {
        let metric = |value: u64, source: &str| Metric {
            name: "rows".to_owned(),
            unit: "{row}".to_owned(),
            kind: super::super::MetricKind::Counter,
            temporality: super::super::Temporality::Delta,
            points: vec![super::super::DataPoint {
                value: value as f64,
                count: 1,
                attributes: [("source".to_owned(), source.into()), ("job".to_owned(), "x".into())].into(),
            }],
            resource: Attributes::new(),
        };
        let text = metrics(&[metric(1, "b"), metric(2, "a"), metric(3, "b")]);
        assert_eq!(text, "rows: counter, {row}, delta\n  job=x source=a\n  job=x source=b\n");
    }
}
