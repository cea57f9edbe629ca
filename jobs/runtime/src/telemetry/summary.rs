//! The result of a run: attributes of its root span, which are also the fields of the log line `run ended`.

use std::collections::BTreeMap;

use opentelemetry::Value;

use super::span::{Span, count};
use super::{ERRORS, Metric, Run};
use crate::failure::{Code, Failure};

/// The field of `run ended` that holds all attributes as one JSON object, because `tracing` requires field names known at compile time.
pub(crate) const RUN_ATTRIBUTES: &str = "figures";

/// Attributes of the run, ordered by name.
#[derive(Debug, Default)]
pub(super) struct RunAttributes(BTreeMap<&'static str, Value>);

impl RunAttributes {
    pub(super) fn set(&mut self, key: &'static str, value: Value) {
        self.0.insert(key, value);
    }

    pub(super) fn add(&mut self, key: &'static str, number: u64) {
        let previous = match self.0.get(key) {
            Some(Value::I64(previous)) => *previous,
            _ => 0,
        };
        self.0.insert(key, Value::I64(previous.saturating_add(count(number))));
    }

    /// As one JSON object.
    fn json(&self) -> String {
        let of = |value: &Value| match value {
            Value::Bool(is) => (*is).into(),
            Value::I64(number) => (*number).into(),
            Value::F64(number) => (*number).into(),
            other => serde_json::Value::from(other.as_str().into_owned()),
        };
        let all: serde_json::Map<_, _> = self.0.iter().map(|(key, value)| ((*key).to_owned(), of(value))).collect();
        serde_json::Value::from(all).to_string()
    }
}

/// The result of a run, ready to be recorded.
#[derive(Debug)]
pub(super) struct RunEnd {
    attributes: RunAttributes,
    seconds: f64,
    duration: &'static Metric,
}

impl RunEnd {
    /// The result of a run whose trace lacks `left_out` spans.
    pub(super) fn new(run: &Run, result: &Result<String, Failure>, left_out: u64) -> Self {
        let mut attributes = RunAttributes(run.attributes.0.clone());
        let code = result.as_ref().map_or_else(|failure| failure.code as i64, |_| 0);
        attributes.set("process.exit.code", Value::I64(code));
        if left_out > 0 {
            attributes.set("spans.left_out", Value::I64(count(left_out)));
        }
        Self { attributes, seconds: run.begun.elapsed().as_secs_f64(), duration: run.job.duration }
    }

    /// Records it in the root span, the metrics and the log.
    pub(super) fn record(mut self, span: Option<&Span>, result: &Result<String, Failure>) {
        if let Some(span) = span {
            for (key, value) in &self.attributes.0 {
                span.set(key, value.clone());
            }
        }
        self.duration.record(self.seconds, &[]);
        if let Err(failure) = result {
            let error_type = failure.code.name();
            if let Some(span) = span {
                span.fail(error_type, &failure.to_string());
            }
            self.attributes.set("error.type", Value::from(error_type));
            // Kubernetes retries these.
            if !matches!(failure.code, Code::Unavailable | Code::Later | Code::Stopped) {
                ERRORS.add(1, &[("source", "run"), ("error.type", error_type)]);
            }
        }
        self.attributes.set("seconds", Value::F64((self.seconds * 1000.0).round() / 1000.0));
        tracing::info!(figures = self.attributes.json(), "run ended");
    }
}
