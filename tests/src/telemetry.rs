//! What was told of runs: spans and metrics out of OTLP as JSON, one object per line, as the collector's `file` exporter and
//! `--trace-file` write it.
//!
//! How they are read is in [`read`], how they are shown as text in [`shown`].

mod read;
pub mod shown;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::Value;

/// Names with their values: text, numbers, truth.
pub type Attributes = BTreeMap<String, Value>;

/// All that a collector received.
#[derive(Debug, Clone, Default)]
pub struct Telemetry {
    /// The spans, in the order in which they came.
    pub trace: Trace,
    /// The metrics, a point's name once for each time that it was sent.
    pub metrics: Vec<Metric>,
}

/// Spans, of one trace or of several.
#[derive(Debug, Clone, Default)]
pub struct Trace {
    /// In the order in which they came.
    pub spans: Vec<Span>,
}

/// What a span is to another service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpanKind {
    /// Nothing.
    Internal,
    /// It calls one.
    Client,
    /// Another one of OpenTelemetry's, by its number.
    Other(u64),
}

/// How a span ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Nothing was said.
    Unset,
    /// Well.
    Ok,
    /// With an error.
    Error,
}

/// Something that happened in a span, or another span that it has to do with.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The name.
    pub name: String,
    /// What is known about it.
    pub attributes: Attributes,
}

/// One span.
#[derive(Debug, Clone, PartialEq)]
pub struct Span {
    /// The name.
    pub name: String,
    /// What it is to another service.
    pub kind: SpanKind,
    /// The trace's id, hexadecimal.
    pub trace: String,
    /// Its own id, hexadecimal.
    pub id: String,
    /// The id of its parent, empty where it has none.
    pub parent: String,
    /// What is known about it.
    pub attributes: Attributes,
    /// How it ended.
    pub status: Status,
    /// What was said of how it ended.
    pub message: String,
    /// What happened in it.
    pub events: Vec<Event>,
    /// Trace and span of those that it has to do with.
    pub links: Vec<(String, String)>,
    /// Nanoseconds since the epoch.
    pub start: u64,
    /// Nanoseconds since the epoch; 0 where it has not ended.
    pub end: u64,
    /// What is known about the program that made it.
    pub resource: Attributes,
}

/// What a metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MetricKind {
    /// A sum that only grows.
    Counter,
    /// A sum that may shrink.
    UpDownCounter,
    /// A distribution.
    Histogram,
    /// The last value.
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

/// What the points of a metric stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Temporality {
    /// A moment.
    None,
    /// What came since the last time it was sent.
    Delta,
    /// All since the beginning.
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

/// One metric, as it was sent once.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    /// The name.
    pub name: String,
    /// The unit, in UCUM.
    pub unit: String,
    /// What it is.
    pub kind: MetricKind,
    /// What its points stand for.
    pub temporality: Temporality,
    /// One for each set of attributes.
    pub points: Vec<Point>,
    /// What is known about the program that made it.
    pub resource: Attributes,
}

/// One value of a metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// The value; of a histogram the sum.
    pub value: f64,
    /// Of a histogram how many values it holds, else 1.
    pub count: u64,
    /// By what it is told apart.
    pub attributes: Attributes,
}

impl Telemetry {
    /// Reads what the two files of a collector hold.
    ///
    /// # Panics
    /// Where a line is no OTLP.
    #[must_use]
    pub fn read(traces: &str, metrics: &str) -> Self {
        Self { trace: Trace::read(traces), metrics: read::metrics(metrics) }
    }

    /// The value of a counter, or the last one of a gauge, with these attributes; `None` where there is none.
    #[must_use]
    pub fn value(&self, name: &str, attributes: &[(&str, &str)]) -> Option<f64> {
        let all = self.metrics.iter().filter(|metric| metric.name == name);
        let fits =
            |point: &&Point| attributes.iter().all(|(key, value)| point.attributes.get(*key) == Some(&(*value).into()));
        all.flat_map(|metric| metric.points.iter().map(move |point| (metric.kind, point)))
            .filter(|(_, point)| fits(point))
            .fold(None, |sum, (kind, point)| match kind {
                MetricKind::Gauge => Some(point.value),
                _ => Some(sum.unwrap_or(0.0) + point.value),
            })
    }

    /// The names of the metrics.
    #[must_use]
    pub fn metric_names(&self) -> BTreeSet<&str> {
        self.metrics.iter().map(|metric| metric.name.as_str()).collect()
    }
}

impl Trace {
    /// Reads lines with spans.
    ///
    /// # Panics
    /// Where a line is no OTLP.
    #[must_use]
    pub fn read(text: &str) -> Self {
        Self { spans: read::spans(text) }
    }

    /// The ids of the traces.
    #[must_use]
    pub fn ids(&self) -> BTreeSet<&str> {
        self.spans.iter().map(|span| span.trace.as_str()).collect()
    }

    /// The spans of that name.
    pub fn named<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a Span> + use<'a> {
        let name = name.to_owned();
        self.spans.iter().filter(move |span| span.name == name)
    }

    /// The one span of that name.
    ///
    /// # Panics
    /// Where there is none, or more than one.
    #[must_use]
    pub fn only(&self, name: &str) -> &Span {
        let all: Vec<_> = self.named(name).collect();
        assert_eq!(all.len(), 1, "spans called {name} in\n{self}");
        all[0]
    }

    /// The span with that id.
    #[must_use]
    pub fn span(&self, id: &str) -> Option<&Span> {
        self.spans.iter().find(|span| span.id == id)
    }

    /// The spans below one, in the order of their beginning.
    #[must_use]
    pub fn children(&self, id: &str) -> Vec<&Span> {
        let mut all: Vec<_> = self.spans.iter().filter(|span| span.parent == id).collect();
        all.sort_by_key(|span| span.start);
        all
    }

    /// The spans whose parent is not among them, in the order of their beginning.
    #[must_use]
    pub fn roots(&self) -> Vec<&Span> {
        let ids: BTreeSet<_> = self.spans.iter().map(|span| span.id.as_str()).collect();
        let mut all: Vec<_> = self.spans.iter().filter(|span| !ids.contains(span.parent.as_str())).collect();
        all.sort_by_key(|span| span.start);
        all
    }

    /// Expects that it is whole: all spans are of known parents but these roots, each has ended and not before it began, within its parent
    /// as far as the clock says so, and no id is there twice.
    ///
    /// # Panics
    /// Where it is not.
    pub fn is_whole(&self, roots: &[&str]) {
        let found: Vec<_> = self.roots().iter().map(|span| span.name.as_str()).collect();
        assert_eq!(found, roots, "what has no parent here, in\n{self}");
        let mut ids = BTreeSet::new();
        for span in &self.spans {
            assert!(ids.insert((&span.trace, &span.id)), "{} {} is there twice in\n{self}", span.name, span.id);
            assert!(span.start > 0 && span.end >= span.start, "{}: {} to {}", span.name, span.start, span.end);
            let Some(parent) = self.span(&span.parent) else { continue };
            assert_eq!(span.trace, parent.trace, "{} is of another trace than {}", span.name, parent.name);
            // A job is below another that has ended long ago.
            if span.resource == parent.resource {
                let [after, before] = [(span.start, parent.start), (parent.end, span.end)]
                    .map(|(later, earlier)| later.cast_signed() - earlier.cast_signed());
                assert!(
                    after >= 0 && before >= 0,
                    "{} is not within {}: it begins {after} ns after it and ends {before} ns before it, in\n{self}",
                    span.name,
                    parent.name
                );
            }
        }
    }
}

impl Span {
    /// An attribute of text, empty where there is none.
    #[must_use]
    pub fn text(&self, name: &str) -> &str {
        self.attributes.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// The program that made it, such as `processor`.
    #[must_use]
    pub fn program(&self) -> &str {
        let name = self.resource.get("service.name").and_then(Value::as_str).unwrap_or_default();
        name.strip_prefix("cityflow-").unwrap_or(name)
    }

    /// An attribute that is a number.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<i64> {
        self.attributes.get(name).and_then(Value::as_i64)
    }

    /// The W3C trace context of its children, sampled.
    #[must_use]
    pub fn traceparent(&self) -> String {
        format!("00-{}-{}-01", self.trace, self.id)
    }

    /// The second of the epoch that its trace's id begins with.
    ///
    /// # Panics
    /// Where it is no id.
    #[must_use]
    pub fn begun(&self) -> u32 {
        u32::from_str_radix(&self.trace[..8], 16).expect("a hexadecimal id")
    }
}
