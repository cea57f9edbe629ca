//! OTLP JSON lines to traces. Unknown fields are ignored; lines that are not JSON are listed.

use std::collections::{BTreeMap, HashSet};
use std::io::{self, BufRead};
use std::sync::Arc;

use serde_json::Value;

use super::{Job, Span, Trace};

/// The content of a trace file.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct TraceFile {
    /// Ordered by id.
    pub traces: Vec<Trace>,
    /// Numbers, from 1, of the lines that are not JSON.
    pub unreadable: Vec<u64>,
    /// Whether the last line is one of them and has no line end: the writer was killed or is still writing.
    pub cut_off: bool,
}

/// Reads all traces.
///
/// # Errors
/// An I/O error of `input`. Lines that are not JSON are no error.
pub fn read(mut input: impl BufRead) -> io::Result<TraceFile> {
    let mut found = TraceFile::default();
    let mut traces: BTreeMap<String, (Trace, HashSet<String>)> = BTreeMap::new();
    let (mut line, mut number) = (Vec::new(), 0);
    while input.read_until(b'\n', &mut line)? > 0 {
        number += 1;
        if !line.trim_ascii().is_empty() {
            match serde_json::from_slice::<Value>(&line) {
                Ok(value) => add(&value, &mut traces),
                Err(_) => {
                    found.unreadable.push(number);
                    found.cut_off = !line.ends_with(b"\n");
                }
            }
        }
        line.clear();
    }
    found.traces = traces.into_values().map(|(trace, _)| trace).collect();
    Ok(found)
}

fn add(value: &Value, traces: &mut BTreeMap<String, (Trace, HashSet<String>)>) {
    for resource in list(&value["resourceSpans"]) {
        let attributes = attributes(&resource["resource"]["attributes"]);
        let of = |key: &str| attributes.get(key).cloned().unwrap_or_default();
        let job = Arc::new(Job {
            service: of("service.name"),
            version: of("service.version"),
            instance: of("service.instance.id"),
            name: of("k8s.job.name"),
        });
        for span in list(&resource["scopeSpans"]).iter().flat_map(|scope| list(&scope["spans"])) {
            let Some((id, span)) = read_span(span, &job) else { continue };
            let (trace, seen) =
                traces.entry(id.clone()).or_insert_with(|| (Trace { id, spans: Vec::new() }, HashSet::new()));
            // A retry of an exporter can write a span twice.
            if seen.insert(span.id.clone()) {
                trace.spans.push(span);
            }
        }
    }
}

/// A span with the id of its trace; `None` without ids.
fn read_span(value: &Value, job: &Arc<Job>) -> Option<(String, Span)> {
    let id = |key: &str| Some(line(value[key].as_str()?).to_ascii_lowercase()).filter(|id| !id.is_empty());
    let start = nanoseconds(&value["startTimeUnixNano"]);
    let attributes = attributes(&value["attributes"]);
    let span = Span {
        id: id("spanId")?,
        parent: id("parentSpanId"),
        name: line(value["name"].as_str().unwrap_or("(unnamed span)")),
        start,
        end: nanoseconds(&value["endTimeUnixNano"]).max(start),
        error: error(value, &attributes),
        attributes,
        links: list(&value["links"]).iter().filter_map(|link| Some(line(link["traceId"].as_str()?))).collect(),
        job: job.clone(),
    };
    Some((id("traceId")?, span))
}

/// Type and message of the error.
fn error(span: &Value, span_attributes: &BTreeMap<String, String>) -> Option<String> {
    let status = &span["status"];
    if status["code"] != 2 && status["code"] != "STATUS_CODE_ERROR" {
        return None;
    }
    let exception = list(&span["events"]).iter().rev().find(|event| event["name"] == "exception");
    let exception = exception.map(|event| attributes(&event["attributes"])).unwrap_or_default();
    let message = exception.get("exception.message").cloned().or_else(|| status["message"].as_str().map(line));
    let kind = span_attributes.get("error.type").or_else(|| exception.get("exception.type"));
    let words = [kind.cloned(), message].into_iter().flatten().filter(|words| !words.is_empty());
    Some(words.collect::<Vec<_>>().join(": "))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// OTLP JSON writes 64-bit integers as text; a number is accepted as well.
fn nanoseconds(value: &Value) -> u64 {
    value.as_str().map_or_else(|| value.as_u64(), |text| text.parse().ok()).unwrap_or_default()
}

fn attributes(value: &Value) -> BTreeMap<String, String> {
    let pair = |pair: &Value| {
        let (_, value) = pair["value"].as_object()?.iter().next()?;
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        Some((line(pair["key"].as_str()?), line(&text)))
    };
    list(value).iter().filter_map(pair).collect()
}

/// The text without control characters, so that a file cannot control the terminal.
fn line(text: &str) -> String {
    let harmless = |c: char| !c.is_control() && !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().map(|c| if harmless(c) { c } else { ' ' }).collect()
}
