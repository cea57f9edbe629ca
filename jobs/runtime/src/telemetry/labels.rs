//! What is known of a step beside its span: what log lines within it say, and what holds for the steps within it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use tracing::Span as TracingSpan;
use tracing_subscriber::Registry;
use tracing_subscriber::registry::LookupSpan as _;

use super::span::Recording;
use super::spec::Priority;

/// What log lines within a step say of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Labels {
    /// Trace id and span id, hexadecimal; only where there is a trace.
    pub(crate) ids: Option<(String, String)>,
    pub(crate) day: Option<String>,
    pub(crate) source: Option<String>,
    pub(super) calls: Arc<RequestCounts>,
    /// Keeps the step open while one within it is.
    pub(super) recording: Weak<Recording>,
    /// Where the steps within it are.
    pub(super) priority: Priority,
}

impl Labels {
    /// Takes what is not known yet from a step around it.
    pub(crate) fn complete(&mut self, outer: &Self) {
        let take = |mine: &mut Option<String>, theirs: &Option<String>| {
            if mine.is_none() {
                mine.clone_from(theirs);
            }
        };
        take(&mut self.day, &outer.day);
        take(&mut self.source, &outer.source);
        if self.ids.is_none() {
            self.ids.clone_from(&outer.ids);
        }
    }
}

/// Requests of the store within a step.
#[derive(Debug, Default)]
pub(super) struct RequestCounts {
    pub(super) requests: AtomicU64,
    pub(super) retries: AtomicU64,
}

/// Counts calls of the store, and how often one was made again, within the present step.
pub(crate) fn count_calls(requests: u64, retries: u64) {
    read_labels(&TracingSpan::current(), |labels| {
        labels.calls.requests.fetch_add(requests, Ordering::Relaxed);
        labels.calls.retries.fetch_add(retries, Ordering::Relaxed);
    });
}

/// Changes what log lines say of a span.
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

/// What log lines say of a span.
pub(crate) fn read_labels<T>(span: &TracingSpan, read: impl FnOnce(&Labels) -> T) -> Option<T> {
    span.with_subscriber(|(id, subscriber)| {
        let span = subscriber.downcast_ref::<Registry>()?.span(id)?;
        let extensions = span.extensions();
        extensions.get::<Labels>().map(read)
    })?
}
