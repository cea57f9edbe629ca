//! Data attached to each span in the subscriber's registry: labels of its log lines, and properties that its child spans inherit.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use tracing::Span as TracingSpan;
use tracing_subscriber::Registry;
use tracing_subscriber::registry::LookupSpan as _;

use super::span::Recording;
use super::spec::Priority;

/// Labels and inherited properties of a span.
#[derive(Debug, Clone, Default)]
pub(crate) struct Labels {
    /// Trace id and span id, hexadecimal; `None` without a trace.
    pub(crate) ids: Option<(String, String)>,
    pub(crate) day: Option<String>,
    pub(crate) source: Option<String>,
    pub(super) calls: Arc<RequestCounts>,
    /// The span's recording, for its child spans to keep it open.
    pub(super) recording: Weak<Recording>,
    /// Priority of the child spans.
    pub(super) priority: Priority,
}

impl Labels {
    /// Fills missing labels from an enclosing span.
    pub(crate) fn complete(&mut self, outer: &Self) {
        self.day = self.day.take().or_else(|| outer.day.clone());
        self.source = self.source.take().or_else(|| outer.source.clone());
        self.ids = self.ids.take().or_else(|| outer.ids.clone());
    }
}

/// S3 calls within a span.
#[derive(Debug, Default)]
pub(super) struct RequestCounts {
    pub(super) requests: AtomicU64,
    pub(super) retries: AtomicU64,
}

/// Adds S3 calls and retries to the current span.
pub(crate) fn count_calls(requests: u64, retries: u64) {
    read_labels(&TracingSpan::current(), |labels| {
        labels.calls.requests.fetch_add(requests, Ordering::Relaxed);
        labels.calls.retries.fetch_add(retries, Ordering::Relaxed);
    });
}

/// Changes the labels of a span.
pub(super) fn label(span: &TracingSpan, change: impl FnOnce(&mut Labels)) {
    span.with_subscriber(|(id, subscriber)| {
        let Some(span) = subscriber.downcast_ref::<Registry>().and_then(|registry| registry.span(id)) else { return };
        let mut extensions = span.extensions_mut();
        if extensions.get_mut::<Labels>().is_none() {
            extensions.insert(Labels::default());
        }
        if let Some(labels) = extensions.get_mut::<Labels>() {
            change(labels);
        }
    });
}

/// Reads the labels of a span; `None` if it has none.
pub(crate) fn read_labels<T>(span: &TracingSpan, read: impl FnOnce(&Labels) -> T) -> Option<T> {
    span.with_subscriber(|(id, subscriber)| {
        let span = subscriber.downcast_ref::<Registry>()?.span(id)?;
        let extensions = span.extensions();
        extensions.get::<Labels>().map(read)
    })?
}
