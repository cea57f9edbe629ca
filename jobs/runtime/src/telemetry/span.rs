//! Spans of a run's trace: bounded in number, with a day and a source that log lines within them carry too.
//!
//! A span ends when its last clone and its last child are dropped, or with the run. Work on another thread or task must take its span
//! along: see [`Span::instrument`], [`Span::in_scope`] and [`in_current_span`].
//!
//! Plain `tracing` spans do not suffice: OpenTelemetry's span limits bound attributes and events, not the number of spans; a sampler
//! that counts would replace `OTEL_TRACES_SAMPLER` and give log lines ids of spans that no collector receives; and a span that is open at
//! a panic or SIGTERM would never end, because `tracing` ends it when its last handle is dropped.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use opentelemetry::trace::{Status, TraceContextExt as _};
use opentelemetry::{Context, KeyValue, Value};
use tracing::{Instrument as _, Span as TracingSpan};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use super::error::SpanError;
use super::interrupt::InterruptGuard;
use super::labels::{RequestCounts, label, read_labels};
use super::spec::{Priority, SpanSpec};

/// The target of this project's spans, to distinguish them from those of libraries.
pub(crate) const TARGET: &str = "cityflow";
/// The target of spans that were left out of the trace and only label log lines.
pub(crate) const UNTRACED_TARGET: &str = "cityflow_beyond";

/// All open spans in the order of their start. Spans start and end under this lock, so that the end of the run comes before or after each
/// start and end, never in between.
static OPEN_SPANS: Mutex<BTreeMap<u64, Context>> = Mutex::new(BTreeMap::new());
static NEXT_NUMBER: AtomicU64 = AtomicU64::new(0);

/// Whether the trace has ended; no span starts afterwards.
static TRACE_ENDED: AtomicBool = AtomicBool::new(false);

fn open_spans() -> MutexGuard<'static, BTreeMap<u64, Context>> {
    OPEN_SPANS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends all open spans except the root span, inner spans first.
pub(super) fn end_all_except(root: Option<&Span>) {
    let root = root.and_then(|span| span.recording.as_ref()).map(|recording| recording.number);
    let mut open = open_spans();
    TRACE_ENDED.store(true, Ordering::SeqCst);
    let numbers: Vec<u64> = open.keys().rev().copied().filter(|number| Some(*number) != root).collect();
    for context in numbers.into_iter().filter_map(|number| open.remove(&number)) {
        let span = context.span();
        span.set_attribute(KeyValue::new("interrupted", true));
        span.end();
    }
}

/// A handle on a span. Clones refer to the same span.
#[derive(Debug, Clone)]
pub struct Span {
    // Declared first, so that it is dropped before the `tracing` span: attributes are added at its end.
    recording: Option<Arc<Recording>>,
    span: TracingSpan,
}

/// Ends the span when its last clone and its last child are dropped.
#[derive(Debug)]
pub(super) struct Recording {
    parent: Option<Arc<Self>>,
    number: u64,
    context: Context,
    calls: Arc<RequestCounts>,
    /// Declared last: when `tracing` closes this span, it would end the OpenTelemetry span out of order if that were still open.
    _open: TracingSpan,
}

impl Drop for Recording {
    fn drop(&mut self) {
        self.end();
    }
}

impl Recording {
    /// Ends the span; a second call does nothing.
    fn end(&self) {
        let mut open = open_spans();
        if open.remove(&self.number).is_some() {
            let requests = self.calls.requests.load(Ordering::Relaxed);
            let span = self.context.span();
            // The root span has the totals of the run.
            if requests > 0 && self.parent.is_some() {
                span.set_attribute(KeyValue::new("s3.requests", count(requests)));
                span.set_attribute(KeyValue::new("s3.retries", count(self.calls.retries.load(Ordering::Relaxed))));
            }
            span.end();
        }
    }
}

/// OpenTelemetry has no unsigned attribute values.
pub(super) fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

impl Span {
    /// Starts a span in the current one. It is left out of the trace if the bound of `spec` is reached.
    #[must_use]
    pub fn start(spec: &'static SpanSpec) -> Self {
        Self::start_named(spec, spec.name())
    }

    /// Like [`Self::start`], with a more specific name.
    #[must_use]
    pub fn start_named(spec: &'static SpanSpec, name: &str) -> Self {
        let parent = match TracingSpan::current() {
            current if current.is_none() => super::root(),
            current => current,
        };
        Self::new(spec, name, &parent)
    }

    /// Starts a span in this one, whatever the current span is.
    #[must_use]
    pub fn child(&self, spec: &'static SpanSpec, name: &str) -> Self {
        if self.span.is_none() { Self::start_named(spec, name) } else { Self::new(spec, name, &self.span) }
    }

    /// Like [`Self::child`], for an earlier day than the run's own: it and its descendants may use only a part of each bound.
    #[must_use]
    pub fn low_priority_child(&self, spec: &'static SpanSpec, name: &str) -> Self {
        let parent = if self.span.is_none() { super::root() } else { self.span.clone() };
        if !super::has_trace() {
            return Self::none();
        }
        let priority = match read_labels(&parent, |labels| labels.priority) {
            Some(Priority::Dropped) => Priority::Dropped,
            _ => Priority::Low,
        };
        Self::start_with_priority(spec, name, &parent, priority)
    }

    fn new(spec: &'static SpanSpec, name: &str, parent: &TracingSpan) -> Self {
        if !super::has_trace() {
            return Self::none();
        }
        let priority = read_labels(parent, |labels| labels.priority).unwrap_or_default();
        Self::start_with_priority(spec, name, parent, priority)
    }

    fn start_with_priority(spec: &'static SpanSpec, name: &str, parent: &TracingSpan, priority: Priority) -> Self {
        if !spec.has_room(priority) {
            let span = tracing::info_span!(target: UNTRACED_TARGET, parent: parent, "span");
            label(&span, |labels| labels.priority = Priority::Dropped);
            return Self { span, recording: None };
        }
        // Declared before the lock, so that it is dropped after it: dropping the last reference ends the parent, which takes the lock.
        let keep_open = keep_open(parent);
        let mut open = open_spans();
        if TRACE_ENDED.load(Ordering::SeqCst) {
            return Self::none();
        }
        let span = if spec.is_client() {
            tracing::info_span!(target: TARGET, parent: parent, "span", otel.name = name, otel.kind = "client")
        } else {
            tracing::info_span!(target: TARGET, parent: parent, "span", otel.name = name)
        };
        let span = Self::from_tracing(span, keep_open.clone(), &mut open);
        drop(open);
        label(&span.span, |labels| labels.priority = priority);
        panic_if_requested(name);
        span
    }

    /// The current span, to be passed to other threads.
    #[must_use]
    pub fn current() -> Self {
        Self { span: TracingSpan::current(), recording: None }
    }

    /// Ends it even if child spans are open.
    pub(super) fn end(&self) {
        if let Some(recording) = &self.recording {
            recording.end();
        }
    }

    /// No span: work in it belongs to the current one.
    #[must_use]
    pub fn none() -> Self {
        Self { span: TracingSpan::none(), recording: None }
    }

    /// The root span.
    pub(super) fn root(span: TracingSpan) -> Self {
        Self::from_tracing(span, None, &mut open_spans())
    }

    /// Registers a `tracing` span whose parent is final.
    fn from_tracing(span: TracingSpan, parent: Option<Arc<Recording>>, open: &mut BTreeMap<u64, Context>) -> Self {
        let context = super::is_tracing().then(|| span.context()).filter(Context::has_active_span);
        let calls = Arc::new(RequestCounts::default());
        let ids = context.as_ref().map(|context| {
            let ids = context.span().span_context().clone();
            (ids.trace_id().to_string(), ids.span_id().to_string())
        });
        let recording = context.map(|context| {
            let number = NEXT_NUMBER.fetch_add(1, Ordering::Relaxed);
            open.insert(number, context.clone());
            Arc::new(Recording { parent, number, context, calls: calls.clone(), _open: span.clone() })
        });
        label(&span, |labels| {
            labels.ids = ids;
            labels.calls = calls;
            labels.recording = recording.as_ref().map_or_else(Weak::new, Arc::downgrade);
        });
        Self { span, recording }
    }

    /// Sets the attribute `day`, also for its log lines.
    #[must_use]
    pub fn with_day(self, day: impl std::fmt::Display) -> Self {
        self.set("day", day.to_string());
        label(&self.span, |labels| labels.day = Some(day.to_string()));
        self
    }

    /// Sets the attribute `source`, also for its log lines.
    #[must_use]
    pub fn with_source(self, source: impl std::fmt::Display) -> Self {
        self.set("source", source.to_string());
        label(&self.span, |labels| labels.source = Some(source.to_string()));
        self
    }

    /// Sets an attribute.
    #[must_use]
    pub fn with(self, key: &'static str, value: impl Into<Value>) -> Self {
        self.set(key, value);
        self
    }

    /// Sets an attribute.
    pub fn set(&self, key: &'static str, value: impl Into<Value>) {
        if let Some(recording) = &self.recording {
            recording.context.span().set_attribute(KeyValue::new(key, value));
        }
    }

    /// Sets an unsigned attribute.
    pub fn set_count(&self, key: &'static str, number: u64) {
        self.set(key, count(number));
    }

    /// Links to a span of another trace, by its `traceparent`.
    pub fn add_link(&self, traceparent: &str) {
        if let (Some(recording), Some(other)) = (&self.recording, super::parent::parse(traceparent)) {
            recording.context.span().add_link(other, Vec::new());
        }
    }

    /// Marks it as failed, with a one-word `error.type` and a message of one sentence.
    pub fn fail(&self, error_type: &str, message: &str) {
        let Some(recording) = &self.recording else { return };
        let span = recording.context.span();
        span.set_attribute(KeyValue::new("error.type", error_type.to_owned()));
        let text = |key: &'static str, text: &str| KeyValue::new(key, text.to_owned());
        span.add_event("exception", vec![text("exception.type", error_type), text("exception.message", message)]);
        span.set_status(Status::error(message.to_owned()));
    }

    /// Runs a future in this span, which stays open until the future ends, and has `interrupted` if the future is dropped before.
    pub fn instrument<F: Future>(&self, work: F) -> impl Future<Output = F::Output> + use<F> {
        // Without a span the work belongs to the current one.
        let span = if self.span.is_none() { TracingSpan::current() } else { self.span.clone() };
        let (guard, work) = (InterruptGuard(Some(self.clone())), work.instrument(span));
        async move {
            let done = work.await;
            guard.disarm();
            done
        }
    }

    /// Like [`Self::instrument`]; the span fails if the future returns an error.
    pub fn instrument_result<T, E: SpanError, F: Future<Output = Result<T, E>>>(
        &self,
        work: F,
    ) -> impl Future<Output = Result<T, E>> + use<T, E, F> {
        let (span, work) = (self.clone(), self.instrument(work));
        async move { work.await.inspect_err(|error| span.fail_with(error)) }
    }

    /// Marks it as failed with an error, if the error counts as a failure.
    pub fn fail_with(&self, error: &impl SpanError) {
        if let Some(error_type) = error.error_type() {
            self.fail(error_type, &error.to_string());
        }
    }

    /// Runs a closure in this span, on this thread.
    pub fn in_scope<T>(&self, work: impl FnOnce() -> T) -> T {
        self.span.in_scope(work)
    }

    /// Its OpenTelemetry context; `None` without a trace.
    pub(super) fn context(&self) -> Option<Context> {
        self.recording.as_ref().map(|recording| recording.context.clone())
    }

    /// The `traceparent` with which another process can continue the trace.
    pub(super) fn traceparent(&self) -> Option<String> {
        let ids = self.recording.as_ref()?.context.span().span_context().clone();
        let sampled = u8::from(ids.is_sampled());
        Some(format!("00-{}-{}-{sampled:02x}", ids.trace_id(), ids.span_id()))
    }
}

/// Panics if `CITYFLOW_PANIC` names the span that has just started, so that tests can check how a run ends after a bug. Not in releases.
#[cfg(debug_assertions)]
#[expect(clippy::panic, reason = "requested by the variable")]
pub(super) fn panic_if_requested(name: &str) {
    if std::env::var("CITYFLOW_PANIC").is_ok_and(|at| at == name) {
        panic!("requested by CITYFLOW_PANIC, in {name}");
    }
}

#[cfg(not(debug_assertions))]
pub(super) fn panic_if_requested(_: &str) {}

/// Runs a future of another task in the current span, which stays open until the future ends.
pub fn in_current_span<F: Future>(work: F) -> impl Future<Output = F::Output> {
    let (keep_open, work) = (keep_open(&TracingSpan::current()), work.in_current_span());
    async move {
        let done = work.await;
        drop(keep_open);
        done
    }
}

/// Runs a closure of another thread in the current span, which stays open until the closure returns.
pub fn in_current_span_blocking<T>(work: impl FnOnce() -> T) -> impl FnOnce() -> T {
    let span = TracingSpan::current();
    let keep_open = keep_open(&span);
    move || {
        let done = span.in_scope(work);
        drop(keep_open);
        done
    }
}

/// A reference that keeps the span open.
fn keep_open(span: &TracingSpan) -> Option<Arc<Recording>> {
    read_labels(span, |labels| labels.recording.upgrade()).flatten()
}
