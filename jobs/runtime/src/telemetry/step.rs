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
use tracing::{Instrument as _, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use super::cut::Cut;
use super::fault::Fault;
use super::kind::{Kind, Place};
use super::labels::{Calls, label, read_labels};

/// The target of all spans of ours, by which logs and traces tell them from a library's.
pub(crate) const TARGET: &str = "cityflow";
/// The target of spans that only log lines know, since the trace has as many of their kind as it may.
pub(crate) const BEYOND: &str = "cityflow_beyond";

/// The spans that have begun and not ended, by the order in which they began. A span begins and ends while this is held, so that the end
/// of the run comes before or after each of them and never between.
static OPEN: Mutex<BTreeMap<u64, Context>> = Mutex::new(BTreeMap::new());
static NUMBER: AtomicU64 = AtomicU64::new(0);

/// Whether the run's trace has ended, and nothing begins in it any more.
static OVER: AtomicBool = AtomicBool::new(false);

fn all_open() -> MutexGuard<'static, BTreeMap<u64, Context>> {
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends what is still open but the run's own step, the inner before the outer.
pub(super) fn end_open(but: Option<&Step>) {
    let but = but.and_then(|step| step.inside.as_ref()).map(|inside| inside.number);
    let mut open = all_open();
    OVER.store(true, Ordering::SeqCst);
    let numbers: Vec<u64> = open.keys().rev().copied().filter(|number| Some(*number) != but).collect();
    for context in numbers.into_iter().filter_map(|number| open.remove(&number)) {
        let span = context.span();
        span.set_attribute(KeyValue::new("interrupted", true));
        span.end();
    }
}

/// One step of a run. Clones are the same step.
#[derive(Debug, Clone)]
pub struct Step {
    // Before the span, whose own end would come too early for what is said at the end.
    inside: Option<Arc<Inside>>,
    span: Span,
}

/// Ends the span with the last clone, and with the last step within it.
#[derive(Debug)]
pub(super) struct Inside {
    within: Option<Arc<Self>>,
    number: u64,
    context: Context,
    calls: Arc<Calls>,
    /// Last of all: a span that `tracing` closes is ended by it, beside all order, where it is not ended yet.
    _open: Span,
}

impl Drop for Inside {
    fn drop(&mut self) {
        self.end();
    }
}

impl Inside {
    /// Ends the span; twice is once.
    fn end(&self) {
        let mut open = all_open();
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

impl Step {
    /// Begins a step within the present one; nothing where there are as many of its kind as there may be.
    #[must_use]
    pub fn begin(kind: &'static Kind) -> Self {
        Self::named(kind, kind.name())
    }

    /// Begins a step whose name says more than its kind.
    #[must_use]
    pub fn named(kind: &'static Kind, name: &str) -> Self {
        let within = match Span::current() {
            present if present.is_none() => super::root(),
            present => present,
        };
        Self::new(kind, name, &within)
    }

    /// Begins a step within this one, whichever is the present one.
    #[must_use]
    pub fn child(&self, kind: &'static Kind, name: &str) -> Self {
        if self.span.is_none() { Self::named(kind, name) } else { Self::new(kind, name, &self.span) }
    }

    /// As `child`, for what the run does beside its own day: it takes a share of the room alone, and so does all within it.
    #[must_use]
    pub fn aside(&self, kind: &'static Kind, name: &str) -> Self {
        let within = if self.span.is_none() { super::root() } else { self.span.clone() };
        if !super::is_joined() {
            return Self::none();
        }
        let place = match read_labels(&within, |labels| labels.place) {
            Some(Place::Beyond) => Place::Beyond,
            _ => Place::Aside,
        };
        Self::placed(kind, name, &within, place)
    }

    fn new(kind: &'static Kind, name: &str, within: &Span) -> Self {
        if !super::is_joined() {
            return Self::none();
        }
        let place = read_labels(within, |labels| labels.place).unwrap_or_default();
        Self::placed(kind, name, within, place)
    }

    /// As `new`, at a place that is known.
    fn placed(kind: &'static Kind, name: &str, within: &Span, place: Place) -> Self {
        if !kind.has_room(place) {
            let span = tracing::info_span!(target: BEYOND, parent: within, "step");
            label(&span, |labels| labels.place = Place::Beyond);
            return Self { span, inside: None };
        }
        // Outlives what is held below: whoever lets go of a step last ends it.
        let held = held(within);
        let mut open = all_open();
        if OVER.load(Ordering::SeqCst) {
            return Self::none();
        }
        let span = if kind.is_client() {
            tracing::info_span!(target: TARGET, parent: within, "step", otel.name = name, otel.kind = "client")
        } else {
            tracing::info_span!(target: TARGET, parent: within, "step", otel.name = name)
        };
        let step = Self::started(span, held.clone(), &mut open);
        drop(open);
        label(&step.span, |labels| labels.place = place);
        fall_over(name);
        step
    }

    /// The step in which this is called, to be taken along to other threads.
    #[must_use]
    pub fn present() -> Self {
        Self { span: Span::current(), inside: None }
    }

    /// Ends it, whatever within it is still open.
    pub(super) fn end(&self) {
        if let Some(inside) = &self.inside {
            inside.end();
        }
    }

    /// No step: what is done in it belongs to the one around it.
    #[must_use]
    pub fn none() -> Self {
        Self { span: Span::none(), inside: None }
    }

    /// The step of a run as a whole.
    pub(super) fn of_run(span: Span) -> Self {
        Self::started(span, None, &mut all_open())
    }

    /// The step of a span whose parent stands.
    fn started(span: Span, within: Option<Arc<Inside>>, open: &mut BTreeMap<u64, Context>) -> Self {
        let context = super::is_tracing().then(|| span.context()).filter(Context::has_active_span);
        let calls = Arc::new(Calls::default());
        let ids = context.as_ref().map(|context| {
            let ids = context.span().span_context().clone();
            (ids.trace_id().to_string(), ids.span_id().to_string())
        });
        let inside = context.map(|context| {
            let number = NUMBER.fetch_add(1, Ordering::Relaxed);
            open.insert(number, context.clone());
            Arc::new(Inside { within, number, context, calls: calls.clone(), _open: span.clone() })
        });
        label(&span, |labels| {
            labels.ids = ids;
            labels.calls = calls;
            labels.inside = inside.as_ref().map_or_else(Weak::new, Arc::downgrade);
        });
        Self { span, inside }
    }

    /// Says which day it is for; its log lines say so too.
    #[must_use]
    pub fn day(self, day: impl std::fmt::Display) -> Self {
        self.set("day", day.to_string());
        label(&self.span, |labels| labels.day = Some(day.to_string()));
        self
    }

    /// Says which source it is for; its log lines say so too.
    #[must_use]
    pub fn source(self, source: impl std::fmt::Display) -> Self {
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
        if let Some(inside) = &self.inside {
            inside.context.span().set_attribute(KeyValue::new(key, value));
        }
    }

    /// Says how many of something it had.
    pub fn set_count(&self, key: &'static str, number: u64) {
        self.set(key, count(number));
    }

    /// Names the span of another trace that this one has to do with.
    pub fn link(&self, traceparent: &str) {
        if let (Some(inside), Some(other)) = (&self.inside, super::parent::parse(traceparent)) {
            inside.context.span().add_link(other, Vec::new());
        }
    }

    /// Says that it failed: of what kind in one word, and what happened in a sentence.
    pub fn fail(&self, kind: &str, what: &str) {
        let Some(inside) = &self.inside else { return };
        let span = inside.context.span();
        span.set_attribute(KeyValue::new("error.type", kind.to_owned()));
        let said = |key: &'static str, text: &str| KeyValue::new(key, text.to_owned());
        span.add_event("exception", vec![said("exception.type", kind), said("exception.message", what)]);
        span.set_status(Status::error(what.to_owned()));
    }

    /// Does something within the step, which lasts at least as long.
    pub fn run<F: Future>(&self, work: F) -> impl Future<Output = F::Output> + use<F> {
        // Where there is no step the one around it stays.
        let span = if self.span.is_none() { Span::current() } else { self.span.clone() };
        let (cut, work) = (Cut(Some(self.clone())), work.instrument(span));
        async move {
            let done = work.await;
            cut.done();
            done
        }
    }

    /// Does something within the step that fails as it does.
    pub fn attempt<T, E: Fault, F: Future<Output = Result<T, E>>>(
        &self,
        work: F,
    ) -> impl Future<Output = Result<T, E>> + use<T, E, F> {
        let (step, work) = (self.clone(), self.run(work));
        async move { work.await.inspect_err(|error| step.failed(error)) }
    }

    /// Says why it failed, where that is a failure.
    pub fn failed(&self, error: &impl Fault) {
        if let Some(kind) = error.kind() {
            self.fail(kind, &error.to_string());
        }
    }

    /// Does something within the step, on this thread.
    pub fn within<T>(&self, work: impl FnOnce() -> T) -> T {
        self.span.in_scope(work)
    }

    /// As OpenTelemetry knows it; nothing where there is no trace.
    pub(super) fn context(&self) -> Option<Context> {
        self.inside.as_ref().map(|inside| inside.context.clone())
    }

    /// `traceparent` of the step, by which another process can continue the trace.
    pub(super) fn traceparent(&self) -> Option<String> {
        let ids = self.inside.as_ref()?.context.span().span_context().clone();
        let sampled = u8::from(ids.is_sampled());
        Some(format!("00-{}-{}-{sampled:02x}", ids.trace_id(), ids.span_id()))
    }
}

/// Falls over where `CITYFLOW_PANIC` names the step that has just begun: by this tests see how a run with a bug ends. Not in a release.
#[cfg(debug_assertions)]
#[expect(clippy::panic, reason = "what it is for")]
pub(super) fn fall_over(name: &str) {
    if std::env::var("CITYFLOW_PANIC").is_ok_and(|at| at == name) {
        panic!("a test asked for it, in {name}");
    }
}

#[cfg(not(debug_assertions))]
pub(super) fn fall_over(_: &str) {}

/// Work for another task, within the present step.
pub fn follow<F: Future>(work: F) -> impl Future<Output = F::Output> {
    let (held, work) = (held(&Span::current()), work.in_current_span());
    async move {
        let done = work.await;
        drop(held);
        done
    }
}

/// Work for another thread, within the present step.
pub fn follow_on_thread<T>(work: impl FnOnce() -> T) -> impl FnOnce() -> T {
    let span = Span::current();
    let held = held(&span);
    move || {
        let done = span.in_scope(work);
        drop(held);
        done
    }
}

/// What keeps the step of a span open.
fn held(span: &Span) -> Option<Arc<Inside>> {
    read_labels(span, |labels| labels.inside.upgrade()).flatten()
}
