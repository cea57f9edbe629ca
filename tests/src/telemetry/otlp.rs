//! Parses OTLP/JSON lines.

use serde_json::Value;

use super::{Attributes, DataPoint, Metric, MetricKind, Span, SpanEvent, SpanKind, SpanStatus, Temporality};

/// The spans of all lines.
pub(super) fn spans(text: &str) -> Vec<Span> {
    lines(text)
        .flat_map(|line| nested(&line, ["resourceSpans", "scopeSpans", "spans"]).map(span).collect::<Vec<_>>())
        .collect()
}

/// The metrics of all lines.
pub(super) fn metrics(text: &str) -> Vec<Metric> {
    lines(text)
        .flat_map(|line| nested(&line, ["resourceMetrics", "scopeMetrics", "metrics"]).map(metric).collect::<Vec<_>>())
        .collect()
}

fn lines(text: &str) -> impl Iterator<Item = Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("not JSON ({error}): {line}")))
}

/// The values of the lists `resources`/`scopes`/`inner`, each with the attributes of its resource.
fn nested<'a>(
    line: &'a Value,
    [resources, scopes, inner]: [&'static str; 3],
) -> impl Iterator<Item = (Attributes, &'a Value)> {
    line[resources].as_array().unwrap_or_else(|| panic!("no {resources}: {line}")).iter().flat_map(move |resource| {
        let known = attributes(&resource["resource"]);
        let scopes = resource[scopes].as_array().into_iter().flatten();
        scopes
            .flat_map(move |scope| scope[inner].as_array().into_iter().flatten())
            .map(move |value| (known.clone(), value))
    })
}

fn span((resource, value): (Attributes, &Value)) -> Span {
    let events = value["events"].as_array().into_iter().flatten();
    let links = value["links"].as_array().into_iter().flatten();
    Span {
        name: text(value, "name"),
        kind: match value["kind"].as_u64() {
            Some(1) => SpanKind::Internal,
            Some(3) => SpanKind::Client,
            other => SpanKind::Other(other.unwrap_or(0)),
        },
        trace: id(value, "traceId", 32),
        id: id(value, "spanId", 16),
        parent: text(value, "parentSpanId"),
        attributes: attributes(value),
        status: match value["status"]["code"].as_u64() {
            None | Some(0) => SpanStatus::Unset,
            Some(1) => SpanStatus::Ok,
            Some(_) => SpanStatus::Error,
        },
        message: text(&value["status"], "message"),
        events: events.map(|event| SpanEvent { name: text(event, "name"), attributes: attributes(event) }).collect(),
        links: links.map(|link| (text(link, "traceId"), text(link, "spanId"))).collect(),
        start: whole(&value["startTimeUnixNano"]),
        end: whole(&value["endTimeUnixNano"]),
        resource,
    }
}

fn metric((resource, value): (Attributes, &Value)) -> Metric {
    let kinds = ["sum", "gauge", "histogram", "exponentialHistogram"];
    let kind = kinds.into_iter().find(|kind| value[*kind].is_object()).unwrap_or_else(|| panic!("no metric: {value}"));
    let data = &value[kind];
    let points = data["dataPoints"].as_array().into_iter().flatten();
    Metric {
        name: text(value, "name"),
        unit: text(value, "unit"),
        kind: match kind {
            "sum" if data["isMonotonic"] == true => MetricKind::Counter,
            "sum" => MetricKind::UpDownCounter,
            "gauge" => MetricKind::Gauge,
            _ => MetricKind::Histogram,
        },
        temporality: match data["aggregationTemporality"].as_u64() {
            None | Some(0) => Temporality::None,
            Some(1) => Temporality::Delta,
            Some(_) => Temporality::Cumulative,
        },
        points: points.map(point).collect(),
        resource,
    }
}

fn point(value: &Value) -> DataPoint {
    let number = ["asDouble", "sum"].into_iter().find_map(|name| value[name].as_f64());
    let count = if value["count"].is_null() { 1 } else { whole(&value["count"]) };
    DataPoint { value: number.unwrap_or_else(|| whole(&value["asInt"]) as f64), count, attributes: attributes(value) }
}

fn attributes(of: &Value) -> Attributes {
    let all = of["attributes"].as_array().into_iter().flatten();
    all.map(|pair| (text(pair, "key"), plain(&pair["value"]))).collect()
}

/// An attribute value without the name of its type. OTLP/JSON writes 64-bit integers as text.
fn plain(value: &Value) -> Value {
    let (kind, inner) =
        value.as_object().and_then(|object| object.iter().next()).unwrap_or_else(|| panic!("no value: {value}"));
    match (kind.as_str(), inner) {
        ("intValue", Value::String(text)) => text.parse::<i64>().expect("an integer").into(),
        // Exporters write 100 or 100.0.
        ("doubleValue", number) => number.as_f64().into(),
        ("arrayValue", list) => list["values"].as_array().into_iter().flatten().map(plain).collect(),
        (_, inner) => inner.clone(),
    }
}

fn text(of: &Value, name: &str) -> String {
    of[name].as_str().unwrap_or_default().to_owned()
}

/// An id of `length` hexadecimal digits, not all zero.
fn id(of: &Value, name: &str, length: usize) -> String {
    let id = text(of, name);
    let good =
        id.len() == length && id.bytes().all(|byte| byte.is_ascii_hexdigit()) && id.bytes().any(|byte| byte != b'0');
    assert!(good, "{name} {id:?} in {of}");
    id
}

fn whole(value: &Value) -> u64 {
    let number = value.as_str().map_or_else(|| value.as_u64(), |text| text.parse().ok());
    number.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    // Written by the collector's `file` exporter.
    const SPANS: &str = r#"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"x"}}]},"scopeSpans":[{"scope":{"name":"s"},"spans":[{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","parentSpanId":"eee19b7ec3c1b173","name":"n","kind":3,"startTimeUnixNano":"1544712660000000000","endTimeUnixNano":"1544712661000000000","attributes":[{"key":"a","value":{"intValue":"5"}},{"key":"b","value":{"boolValue":true}},{"key":"d","value":{"doubleValue":1.5}},{"key":"e","value":{"arrayValue":{"values":[{"stringValue":"f"}]}}}],"events":[{"timeUnixNano":"1544712660500000000","name":"exception"}],"links":[{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b175"}],"status":{"message":"m","code":2}}]}]}]}"#;
    const METRICS: &str = r#"{"resourceMetrics":[{"resource":{},"scopeMetrics":[{"scope":{"name":"s"},"metrics":[{"name":"c","description":"dd","unit":"{row}","sum":{"dataPoints":[{"attributes":[{"key":"source","value":{"stringValue":"bikes"}}],"startTimeUnixNano":"1544712660000000000","timeUnixNano":"1544712661000000000","asInt":"5"}],"aggregationTemporality":1,"isMonotonic":true}},{"name":"g","unit":"%","gauge":{"dataPoints":[{"timeUnixNano":"1544712661000000000","asDouble":5.5}]}},{"name":"h","unit":"s","histogram":{"dataPoints":[{"timeUnixNano":"1544712661000000000","count":"2","sum":3,"bucketCounts":["2","0"],"explicitBounds":[5],"min":1,"max":2}],"aggregationTemporality":1}},{"name":"e","unit":"s","exponentialHistogram":{"dataPoints":[{"timeUnixNano":"1544712661000000000","count":"1","sum":3,"scale":1,"positive":{"offset":1,"bucketCounts":["1"]},"negative":{}}],"aggregationTemporality":2}}]}]}]}"#;

    #[test]
    fn span_is_read_with_attributes_events_links_and_resource() {
        let found = spans(SPANS);
        let [span] = &found[..] else { panic!("{found:?}") };
        assert_eq!((span.name.as_str(), span.kind, span.status), ("n", SpanKind::Client, SpanStatus::Error));
        assert_eq!((span.parent.as_str(), span.message.as_str()), ("eee19b7ec3c1b173", "m"));
        assert_eq!(
            (span.number("a"), span.attributes["e"][0].as_str(), span.trace_second()),
            (Some(5), Some("f"), 0x5b8e_fff7)
        );
        assert_eq!((span.end - span.start, span.events[0].name.as_str()), (1_000_000_000, "exception"));
        assert_eq!((span.links[0].1.as_str(), &span.resource["service.name"]), ("eee19b7ec3c1b175", &"x".into()));
    }

    #[test]
    fn each_kind_of_metric_is_read_with_its_value() {
        let found = metrics(METRICS);
        let values = found.iter().map(|metric| (metric.kind, metric.temporality, metric.points[0].value));
        assert_eq!(
            values.collect::<Vec<_>>(),
            [
                (MetricKind::Counter, Temporality::Delta, 5.0),
                (MetricKind::Gauge, Temporality::None, 5.5),
                (MetricKind::Histogram, Temporality::Delta, 3.0),
                (MetricKind::Histogram, Temporality::Cumulative, 3.0),
            ]
        );
        assert_eq!((found[2].points[0].count, &found[0].points[0].attributes["source"]), (2, &"bikes".into()));
    }

    #[test]
    #[should_panic(expected = "spanId")]
    fn id_of_zeros_is_rejected() {
        let _ = spans(&SPANS.replace("eee19b7ec3c1b174", "0000000000000000"));
    }
}
