//! The steps of a run: spans of its trace, bounded in number, whose day and source the log lines within them carry as well.
//!
//! A step ends when it is dropped, or with the run. Work that moves to another thread or task takes its step along: see [`Step::run`],
//! [`Step::within`] and [`follow`].

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

/// The target of all spans of ours, by which logs and traces tell them from a library's.
pub(crate) const TARGET: &str = "cityflow";
/// The target of spans that only log lines know, since the trace has as many of their kind as it may.
pub(crate) const UNTRACED_TARGET: &str = "cityflow_beyond";

/// The spans that have begun and not ended, by the order in which they began. A span begins and ends while this is held, so that the end
/// of the run comes before or after each of them and never between.
static OPEN_SPANS: Mutex<BTreeMap<u64, Context>> = Mutex::new(BTreeMap::new());
static NEXT_NUMBER: AtomicU64 = AtomicU64::new(0);

/// Whether the run's trace has ended, and nothing begins in it any more.
static TRACE_ENDED: AtomicBool = AtomicBool::new(false);

fn open_spans() -> MutexGuard<'static, BTreeMap<u64, Context>> {
    OPEN_SPANS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends what is still open but the run's own step, the inner before the outer.
pub(super) fn end_all_except(but: Option<&Span>) {
    let but = but.and_then(|span| span.recording.as_ref()).map(|recording| recording.number);
    let mut open = open_spans();
    TRACE_ENDED.store(true, Ordering::SeqCst);
    let numbers: Vec<u64> = open.keys().rev().copied().filter(|number| Some(*number) != but).collect();
    for context in numbers.into_iter().filter_map(|number| open.remove(&number)) {
        let span = context.span();
        span.set_attribute(KeyValue::new("interrupted", true));
        span.end();
    }
}

/// One step of a run. Clones are the same step.
#[derive(Debug, Clone)]
pub struct Span {
    // Before the span, whose own end would come too early for what is said at the end.
    recording: Option<Arc<Recording>>,
    span: TracingSpan,
}

/// Ends the span with the last clone, and with the last step within it.
#[derive(Debug)]
pub(super) struct Recording {
    within: Option<Arc<Self>>,
    number: u64,
    context: Context,
    calls: Arc<RequestCounts>,
    /// Last of all: a span that `tracing` closes is ended by it, beside all order, where it is not ended yet.
    _open: TracingSpan,
}

impl Drop for Recording {
    fn drop(&mut self) {
        self.end();
    }
}

impl Recording {
    /// Ends the span; twice is once.
    fn end(&self) {
        let mut open = open_spans();
        if open.remove(&self.number).is_some() {
            let requests = self.calls.requests.load(Ordering::Relaxed);
            let span = self.context.span();
            // The run's own has those of all.
            if requests > 0 && self.within.is_some() {
                span.set_attribute(KeyValue::new("s3.requests", count(requests)));
                span.set_attribute(KeyValue::new("s3.retries", count(self.calls.retries.load(Ordering::Relaxed))));
            }
            span.end();
        }
    }
}

/// OpenTelemetry knows no unsigned numbers.
pub(super) fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

impl Span {
    /// Begins a step within the present one; nothing where there are as many of its kind as there may be.
    #[must_use]
    pub fn start(spec: &'static SpanSpec) -> Self {
        Self::start_named(spec, spec.name())
    }

    /// Begins a step whose name says more than its kind.
    #[must_use]
    pub fn start_named(spec: &'static SpanSpec, name: &str) -> Self {
        let within = match TracingSpan::current() {
            current if current.is_none() => super::root(),
            current => current,
        };
        Self::new(spec, name, &within)
    }

    /// Begins a step within this one, whichever is the present one.
    #[must_use]
    pub fn child(&self, spec: &'static SpanSpec, name: &str) -> Self {
        if self.span.is_none() { Self::start_named(spec, name) } else { Self::new(spec, name, &self.span) }
    }

    /// As `child`, for what the run does beside its own day: it takes a share of the room alone, and so does all within it.
    #[must_use]
    pub fn low_priority_child(&self, spec: &'static SpanSpec, name: &str) -> Self {
        let within = if self.span.is_none() { super::root() } else { self.span.clone() };
        if !super::has_trace() {
            return Self::none();
        }
        let priority = match read_labels(&within, |labels| labels.priority) {
            Some(Priority::Dropped) => Priority::Dropped,
            _ => Priority::Low,
        };
        Self::start_with_priority(spec, name, &within, priority)
    }

    fn new(spec: &'static SpanSpec, name: &str, within: &TracingSpan) -> Self {
        if !super::has_trace() {
            return Self::none();
        }
        let priority = read_labels(within, |labels| labels.priority).unwrap_or_default();
        Self::start_with_priority(spec, name, within, priority)
    }

    /// As `new`, at a place that is known.
    fn start_with_priority(spec: &'static SpanSpec, name: &str, within: &TracingSpan, priority: Priority) -> Self {
        if !spec.has_room(priority) {
            let span = tracing::info_span!(target: UNTRACED_TARGET, parent: within, "step");
            label(&span, |labels| labels.priority = Priority::Dropped);
            return Self { span, recording: None };
        }
        // Outlives what is held below: whoever lets go of a step last ends it.
        let keep_open = keep_open(within);
        let mut open = open_spans();
        if TRACE_ENDED.load(Ordering::SeqCst) {
            return Self::none();
        }
        let span = if spec.is_client() {
            tracing::info_span!(target: TARGET, parent: within, "step", otel.name = name, otel.kind = "client")
        } else {
            tracing::info_span!(target: TARGET, parent: within, "step", otel.name = name)
        };
        let span = Self::from_tracing(span, keep_open.clone(), &mut open);
        drop(open);
        label(&span.span, |labels| labels.priority = priority);
        panic_if_requested(name);
        span
    }

    /// The step in which this is called, to be taken along to other threads.
    #[must_use]
    pub fn current() -> Self {
        Self { span: TracingSpan::current(), recording: None }
    }

    /// Ends it, whatever within it is still open.
    pub(super) fn end(&self) {
        if let Some(recording) = &self.recording {
            recording.end();
        }
    }

    /// No step: what is done in it belongs to the one around it.
    #[must_use]
    pub fn none() -> Self {
        Self { span: TracingSpan::none(), recording: None }
    }

    /// The step of a run as a whole.
    pub(super) fn root(span: TracingSpan) -> Self {
        Self::from_tracing(span, None, &mut open_spans())
    }

    /// The step of a span whose parent stands.
    fn from_tracing(span: TracingSpan, within: Option<Arc<Recording>>, open: &mut BTreeMap<u64, Context>) -> Self {
        let context = super::is_tracing().then(|| span.context()).filter(Context::has_active_span);
        let calls = Arc::new(RequestCounts::default());
        let ids = context.as_ref().map(|context| {
            let ids = context.span().span_context().clone();
            (ids.trace_id().to_string(), ids.span_id().to_string())
        });
        let recording = context.map(|context| {
            let number = NEXT_NUMBER.fetch_add(1, Ordering::Relaxed);
            open.insert(number, context.clone());
            Arc::new(Recording { within, number, context, calls: calls.clone(), _open: span.clone() })
        });
        label(&span, |labels| {
            labels.ids = ids;
            labels.calls = calls;
            labels.recording = recording.as_ref().map_or_else(Weak::new, Arc::downgrade);
        });
        Self { span, recording }
    }

    /// Says which day it is for; its log lines say so too.
    #[must_use]
    pub fn with_day(self, day: impl std::fmt::Display) -> Self {
        self.set("day", day.to_string());
        label(&self.span, |labels| labels.day = Some(day.to_string()));
        self
    }

    /// Says which source it is for; its log lines say so too.
    #[must_use]
    pub fn with_source(self, source: impl std::fmt::Display) -> Self {
        self.set("source", source.to_string());
        label(&self.span, |labels| labels.source = Some(source.to_string()));
        self
    }

    /// Says more of it.
    #[must_use]
    pub fn with(self, key: &'static str, value: impl Into<Value>) -> Self {
        self.set(key, value);
        self
    }

    /// Says more of it.
    pub fn set(&self, key: &'static str, value: impl Into<Value>) {
        if let Some(recording) = &self.recording {
            recording.context.span().set_attribute(KeyValue::new(key, value));
        }
    }

    /// Says how many of something it had.
    pub fn set_count(&self, key: &'static str, number: u64) {
        self.set(key, count(number));
    }

    /// Names the span of another trace that this one has to do with.
    pub fn add_link(&self, traceparent: &str) {
        if let (Some(recording), Some(other)) = (&self.recording, super::parent::parse(traceparent)) {
            recording.context.span().add_link(other, Vec::new());
        }
    }

    /// Says that it failed: of what kind in one word, and what happened in a sentence.
    pub fn fail(&self, error_type: &str, message: &str) {
        let Some(recording) = &self.recording else { return };
        let span = recording.context.span();
        span.set_attribute(KeyValue::new("error.type", error_type.to_owned()));
        let text = |key: &'static str, text: &str| KeyValue::new(key, text.to_owned());
        span.add_event("exception", vec![text("exception.type", error_type), text("exception.message", message)]);
        span.set_status(Status::error(message.to_owned()));
    }

    /// Does something within the step, which lasts at least as long.
    pub fn instrument<F: Future>(&self, work: F) -> impl Future<Output = F::Output> + use<F> {
        // Where there is no step the one around it stays.
        let span = if self.span.is_none() { TracingSpan::current() } else { self.span.clone() };
        let (guard, work) = (InterruptGuard(Some(self.clone())), work.instrument(span));
        async move {
            let done = work.await;
            guard.disarm();
            done
        }
    }

    /// Does something within the step that fails as it does.
    pub fn instrument_result<T, E: SpanError, F: Future<Output = Result<T, E>>>(
        &self,
        work: F,
    ) -> impl Future<Output = Result<T, E>> + use<T, E, F> {
        let (span, work) = (self.clone(), self.instrument(work));
        async move { work.await.inspect_err(|error| span.fail_with(error)) }
    }

    /// Says why it failed, where that is a failure.
    pub fn fail_with(&self, error: &impl SpanError) {
        if let Some(error_type) = error.error_type() {
            self.fail(error_type, &error.to_string());
        }
    }

    /// Does something within the step, on this thread.
    pub fn in_scope<T>(&self, work: impl FnOnce() -> T) -> T {
        self.span.in_scope(work)
    }

    /// As OpenTelemetry knows it; nothing where there is no trace.
    pub(super) fn context(&self) -> Option<Context> {
        self.recording.as_ref().map(|recording| recording.context.clone())
    }

    /// `traceparent` of the step, by which another process can continue the trace.
    pub(super) fn traceparent(&self) -> Option<String> {
        let ids = self.recording.as_ref()?.context.span().span_context().clone();
        let sampled = u8::from(ids.is_sampled());
        Some(format!("00-{}-{}-{sampled:02x}", ids.trace_id(), ids.span_id()))
    }
}

/// Falls over where `CITYFLOW_PANIC` names the step that has just begun: by this tests see how a run with a bug ends. Not in a release.
#[cfg(debug_assertions)]
#[expect(clippy::panic, reason = "what it is for")]
pub(super) fn panic_if_requested(name: &str) {
    if std::env::var("CITYFLOW_PANIC").is_ok_and(|at| at == name) {
        panic!("a test asked for it, in {name}");
    }
}

#[cfg(not(debug_assertions))]
pub(super) fn panic_if_requested(_: &str) {}

/// Work for another task, within the present step.
pub fn in_current_span<F: Future>(work: F) -> impl Future<Output = F::Output> {
    let (keep_open, work) = (keep_open(&TracingSpan::current()), work.in_current_span());
    async move {
        let done = work.await;
        drop(keep_open);
        done
    }
}

/// Work for another thread, within the present step.
pub fn in_current_span_blocking<T>(work: impl FnOnce() -> T) -> impl FnOnce() -> T {
    let span = TracingSpan::current();
    let keep_open = keep_open(&span);
    move || {
        let done = span.in_scope(work);
        drop(keep_open);
        done
    }
}

/// What keeps the step of a span open.
fn keep_open(span: &TracingSpan) -> Option<Arc<Recording>> {
    read_labels(span, |labels| labels.recording.upgrade()).flatten()
}
