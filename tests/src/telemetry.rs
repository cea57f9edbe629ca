//! Spans and metrics of runs, read from OTLP/JSON lines as the collector's `file` exporter and `--trace-file` write them.
//!
//! [`otlp`] parses the lines, [`render`] prints them as text for comparison with expected files.

mod otlp;
pub mod render;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::Value;

pub type Attributes = BTreeMap<String, Value>;

/// Everything that a collector received.
#[derive(Debug, Clone, Default)]
pub struct Telemetry {
    pub trace: Trace,
    /// One entry for each time that a metric was sent.
    pub metrics: Vec<Metric>,
}

/// Spans of one or several traces.
#[derive(Debug, Clone, Default)]
pub struct Trace {
    /// In the order of their arrival.
    pub spans: Vec<Span>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpanKind {
    Internal,
    Client,
    /// Another kind, by its OTLP number.
    Other(u64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpanStatus {
    Unset,
    Ok,
    Error,
}

#[derive(Debug, Clone, PartialEq)]
pub struct SpanEvent {
    pub name: String,
    pub attributes: Attributes,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Span {
    pub name: String,
    pub kind: SpanKind,
    /// Trace id, hexadecimal.
    pub trace: String,
    /// Span id, hexadecimal.
    pub id: String,
    /// Span id of the parent; empty for a root.
    pub parent: String,
    pub attributes: Attributes,
    pub status: SpanStatus,
    /// The description of the status.
    pub message: String,
    pub events: Vec<SpanEvent>,
    /// Trace id and span id of each linked span.
    pub links: Vec<(String, String)>,
    /// Nanoseconds since the epoch.
    pub start: u64,
    /// Nanoseconds since the epoch; 0 if the span has not ended.
    pub end: u64,
    /// Attributes of the program that created the span.
    pub resource: Attributes,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MetricKind {
    /// A monotonic sum.
    Counter,
    UpDownCounter,
    Histogram,
    Gauge,
}

impl fmt::Display for MetricKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Counter => "counter",
            Self::UpDownCounter => "updowncounter",
            Self::Histogram => "histogram",
            Self::Gauge => "gauge",
        })
    }
}

/// The period that the data points of a metric cover.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Temporality {
    /// A moment: the metric is a gauge.
    None,
    /// Since the previous export.
    Delta,
    /// Since the start of the program.
    Cumulative,
}

impl fmt::Display for Temporality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "-",
            Self::Delta => "delta",
            Self::Cumulative => "cumulative",
        })
    }
}

/// One metric of one export.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    pub name: String,
    /// In UCUM notation.
    pub unit: String,
    pub kind: MetricKind,
    pub temporality: Temporality,
    /// One for each set of attributes.
    pub points: Vec<DataPoint>,
    /// Attributes of the program that created the metric.
    pub resource: Attributes,
}

#[derive(Debug, Clone, PartialEq)]
pub struct DataPoint {
    /// The value; for a histogram the sum of its values.
    pub value: f64,
    /// The number of values of a histogram, otherwise 1.
    pub count: u64,
    pub attributes: Attributes,
}

impl Telemetry {
    /// Reads the two files of a collector.
    ///
    /// # Panics
    /// When a line is not valid OTLP.
    #[must_use]
    pub fn read(traces: &str, metrics: &str) -> Self {
        Self { trace: Trace::read(traces), metrics: otlp::metrics(metrics) }
    }

    /// The sum of a counter's points with these attributes, or the last value of a gauge; `None` if there is no such point.
    #[must_use]
    pub fn value(&self, name: &str, attributes: &[(&str, &str)]) -> Option<f64> {
        let all = self.metrics.iter().filter(|metric| metric.name == name);
        let fits = |point: &&DataPoint| {
            attributes.iter().all(|(key, value)| point.attributes.get(*key) == Some(&(*value).into()))
        };
        all.flat_map(|metric| metric.points.iter().map(move |point| (metric.kind, point)))
            .filter(|(_, point)| fits(point))
            .fold(None, |sum, (kind, point)| match kind {
                MetricKind::Gauge => Some(point.value),
                _ => Some(sum.unwrap_or(0.0) + point.value),
            })
    }

    #[must_use]
    pub fn metric_names(&self) -> BTreeSet<&str> {
        self.metrics.iter().map(|metric| metric.name.as_str()).collect()
    }
}

impl Trace {
    /// Reads OTLP/JSON lines.
    ///
    /// # Panics
    /// When a line is not valid OTLP.
    #[must_use]
    pub fn read(text: &str) -> Self {
        Self { spans: otlp::spans(text) }
    }

    /// The distinct trace ids.
    #[must_use]
    pub fn ids(&self) -> BTreeSet<&str> {
        self.spans.iter().map(|span| span.trace.as_str()).collect()
    }

    pub fn spans_named<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a Span> + use<'a> {
        let name = name.to_owned();
        self.spans.iter().filter(move |span| span.name == name)
    }

    /// The only span with this name.
    ///
    /// # Panics
    /// When there is none or more than one.
    #[must_use]
    pub fn single_span(&self, name: &str) -> &Span {
        let all: Vec<_> = self.spans_named(name).collect();
        assert_eq!(all.len(), 1, "number of spans {name} in\n{self}");
        all[0]
    }

    /// The span with this id.
    #[must_use]
    pub fn span(&self, id: &str) -> Option<&Span> {
        self.spans.iter().find(|span| span.id == id)
    }

    /// The spans whose parent has this id, by start time.
    #[must_use]
    pub fn children(&self, id: &str) -> Vec<&Span> {
        let mut all: Vec<_> = self.spans.iter().filter(|span| span.parent == id).collect();
        all.sort_by_key(|span| span.start);
        all
    }

    /// The spans whose parent is not in the trace, by start time.
    #[must_use]
    pub fn roots(&self) -> Vec<&Span> {
        let ids: BTreeSet<_> = self.spans.iter().map(|span| span.id.as_str()).collect();
        let mut all: Vec<_> = self.spans.iter().filter(|span| !ids.contains(span.parent.as_str())).collect();
        all.sort_by_key(|span| span.start);
        all
    }

    /// Asserts that only these roots have no parent in the trace, that every span has ended, not before its start and within the time of
    /// its parent, and that no id occurs twice.
    ///
    /// # Panics
    /// When one of these does not hold.
    pub fn assert_complete(&self, roots: &[&str]) {
        let found: Vec<_> = self.roots().iter().map(|span| span.name.as_str()).collect();
        assert_eq!(found, roots, "spans without a parent in\n{self}");
        let mut ids = BTreeSet::new();
        for span in &self.spans {
            assert!(ids.insert((&span.trace, &span.id)), "{} {} occurs twice in\n{self}", span.name, span.id);
            assert!(span.start > 0 && span.end >= span.start, "{}: {} to {}", span.name, span.start, span.end);
            let Some(parent) = self.span(&span.parent) else { continue };
            assert_eq!(span.trace, parent.trace, "{} is in another trace than its parent {}", span.name, parent.name);
            // The report's parent is a span of the processor, which may have ended long ago.
            if span.resource == parent.resource {
                let [after, before] = [(span.start, parent.start), (parent.end, span.end)]
                    .map(|(later, earlier)| later.cast_signed() - earlier.cast_signed());
                assert!(
                    after >= 0 && before >= 0,
                    "{} is not within its parent {}: it starts {after} ns after and ends {before} ns before it, in\n{self}",
                    span.name,
                    parent.name
                );
            }
        }
    }
}

impl Span {
    /// The value of a text attribute; empty if there is none.
    #[must_use]
    pub fn text(&self, name: &str) -> &str {
        self.attributes.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// The program that created the span, such as `processor`.
    #[must_use]
    pub fn program(&self) -> &str {
        let name = self.resource.get("service.name").and_then(Value::as_str).unwrap_or_default();
        name.strip_prefix("cityflow-").unwrap_or(name)
    }

    /// The value of an integer attribute.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<i64> {
        self.attributes.get(name).and_then(Value::as_i64)
    }

    /// The W3C trace context of its children, sampled.
    #[must_use]
    pub fn traceparent(&self) -> String {
        format!("00-{}-{}-01", self.trace, self.id)
    }

    /// Start of the trace, seconds since the epoch: the first eight digits of the trace id, as X-Ray requires.
    ///
    /// # Panics
    /// When the trace id is not hexadecimal.
    #[must_use]
    pub fn trace_second(&self) -> u32 {
        u32::from_str_radix(&self.trace[..8], 16).expect("a hexadecimal id")
    }
}
