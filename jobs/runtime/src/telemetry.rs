//! The telemetry of a run: one trace, metrics, and the trace ids in its log lines. OpenTelemetry over OTLP to a collector, and the trace
//! also to a file. It is off by default, and a faulty collector neither makes a run fail nor delays it by more than two seconds.
//!
//! A process has one run: [`init`] before the log is initialised, [`start_run`] before the work, [`start_trace`] once the parent trace is
//! known, and `exit::finish` at the end. `docs/telemetry.md` lists all names and attributes.

mod error;
mod export;
mod file;
mod ids;
mod interrupt;
mod labels;
mod metric;
mod parent;
mod resource;
mod settings;
mod span;
mod spec;
mod summary;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use chrono::{DateTime, Utc};
use opentelemetry::metrics::{Meter, MeterProvider as _};
use opentelemetry::trace::{Span as _, TraceContextExt as _, Tracer as _, TracerProvider as _};
use opentelemetry::{Context, KeyValue, Value};
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider, Temporality};
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use tracing::Span as TracingSpan;
use tracing_opentelemetry::{OpenTelemetryLayer, OpenTelemetrySpanExt as _};
use tracing_subscriber::registry::LookupSpan;

use crate::failure::Failure;
use export::ExportWarning;
use settings::Settings;

pub use error::SpanError;
pub(crate) use labels::{Labels, count_calls, read_labels};
pub use metric::{BYTES, Metric, SECONDS};
pub use span::{Span, in_current_span, in_current_span_blocking};
pub(crate) use span::{TARGET, UNTRACED_TARGET};
pub use spec::SpanSpec;
pub(crate) use summary::RUN_ATTRIBUTES;

/// Longest delay of the end of a run by sending. All other sending happens in the background.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_millis(1800);
/// The variable with the path of the trace file.
pub const TRACE_FILE: &str = "CITYFLOW_TRACE_FILE";
/// Name of the sending threads. A panic there does not affect the run.
const THREAD: &str = "telemetry";

/// Errors that a retry cannot fix, by source; the source is `run` if the whole run failed.
pub static ERRORS: Metric = Metric::counter("cityflow.errors", "{error}", "Errors that a retry cannot fix, by source");

/// The telemetry of a program, declared once as a constant.
#[derive(Debug)]
pub struct Job {
    /// Value of the attribute `job` of all metrics.
    pub name: &'static str,
    /// Name of the root span.
    pub root: &'static str,
    /// Histogram of the duration of a run, seconds.
    pub duration: &'static Metric,
    /// Subcommands that are not runs and have no telemetry.
    pub commands: &'static [&'static str],
}

struct Telemetry {
    job: &'static Job,
    traces: Option<(SdkTracerProvider, SdkTracer)>,
    metrics: Option<(SdkMeterProvider, Meter)>,
    /// Drives the connections of the exporters.
    _threads: Option<tokio::runtime::Runtime>,
    warning: Arc<ExportWarning>,
    warnings: Vec<String>,
}

static TELEMETRY: OnceLock<Telemetry> = OnceLock::new();

struct Run {
    tracing_span: TracingSpan,
    /// Set once the parent is known.
    span: Option<Span>,
    job: &'static Job,
    begun: Instant,
    attributes: summary::RunAttributes,
    /// The wait for the parent trace, if there was one.
    waiting: Option<Waiting>,
    ended: bool,
}

/// A wait before the trace starts.
#[derive(Debug, Clone, Copy)]
struct Waiting {
    since: SystemTime,
    finished: bool,
}

static RUN: Mutex<Option<Run>> = Mutex::new(None);
static ON_FINISH: Mutex<Option<Box<dyn FnOnce() + Send>>> = Mutex::new(None);
/// Whether the root span has an id, so that other spans can start.
static HAS_TRACE: AtomicBool = AtomicBool::new(false);

fn run() -> MutexGuard<'static, Option<Run>> {
    RUN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sets up the exporters that the variables and `trace_file` request. Must be called before `log::init`, because spans pass through the
/// log's subscriber. A second call does nothing.
pub fn init(job: &'static Job, trace_file: Option<&Path>) {
    TELEMETRY.get_or_init(|| set_up(job, trace_file, |name| std::env::var(name).ok()));
}

fn set_up(job: &'static Job, trace_file: Option<&Path>, variable: impl Fn(&str) -> Option<String>) -> Telemetry {
    let Settings { traces, metrics, mut warnings } = Settings::read(&variable);
    let warning = Arc::new(ExportWarning::default());
    let mut telemetry =
        Telemetry { job, traces: None, metrics: None, _threads: None, warning: warning.clone(), warnings: Vec::new() };
    let resource = || resource::resource(job.name, env!("CARGO_PKG_VERSION"), &variable);
    let mut warn = |warning: String| warnings.push(warning);
    let threads = (traces.is_some() || metrics.is_some()).then(|| {
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).thread_name(THREAD).enable_all().build()
    });
    let threads = match threads.transpose() {
        Ok(threads) => threads,
        Err(error) => {
            warn(format!("cannot start the sending thread ({error})"));
            None
        }
    };
    let handle = threads.as_ref().map(tokio::runtime::Runtime::handle);
    let _guard = handle.map(tokio::runtime::Handle::enter);
    let sender = traces.zip(handle).and_then(|(to, handle)| {
        export::spans(&to, handle, &warning).map_err(|why| warn(format!("{}: {why}", to.shown()))).ok()
    });
    if sender.is_some() || trace_file.is_some() {
        let mut provider = SdkTracerProvider::builder().with_id_generator(ids::TimedIds).with_resource(resource());
        if let Some(path) = trace_file {
            provider = provider.with_batch_exporter(file::TraceFile::new(path, &warning));
        }
        if let Some(sender) = sender {
            provider = provider.with_batch_exporter(sender);
        }
        let provider = provider.build();
        let tracer = provider.tracer("cityflow");
        telemetry.traces = Some((provider, tracer));
    }
    let temporality = match variable("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE") {
        Some(text) if text.eq_ignore_ascii_case("cumulative") => Temporality::Cumulative,
        // CloudWatch adds up the deltas of the runs.
        _ => Temporality::Delta,
    };
    let sender = metrics.zip(handle).and_then(|(to, handle)| {
        let built = export::metrics(&to, temporality, handle, &warning);
        built.map_err(|why| warn(format!("{}: {why}", to.shown()))).ok()
    });
    if let Some(sender) = sender {
        let reader = PeriodicReader::builder(sender).build();
        let provider = SdkMeterProvider::builder().with_reader(reader).with_resource(resource()).build();
        let meter = provider.meter("cityflow");
        telemetry.metrics = Some((provider, meter));
    }
    warnings.dedup();
    telemetry.warnings = warnings;
    telemetry._threads = threads;
    telemetry
}

/// The layer of the log's subscriber that records spans, if traces are enabled.
pub(crate) fn layer<S>() -> Option<OpenTelemetryLayer<S, SdkTracer>>
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
{
    let (_, tracer) = TELEMETRY.get()?.traces.as_ref()?;
    Some(
        tracing_opentelemetry::layer()
            .with_tracer(tracer.clone())
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_level(false)
            .with_tracked_inactivity(false)
            // Only `tracing` is asked for the current span.
            .with_context_activation(false),
    )
}

/// The meter and the name of the job, if metrics are enabled.
fn meter() -> Option<(&'static Meter, &'static str)> {
    let telemetry = TELEMETRY.get()?;
    telemetry.metrics.as_ref().map(|(_, meter)| (meter, telemetry.job.name))
}

fn is_tracing() -> bool {
    TELEMETRY.get().is_some_and(|telemetry| telemetry.traces.is_some())
}

/// Starts the run. Its trace starts with [`start_trace`]; until then there are no other spans.
pub fn start_run(job: &'static Job) {
    let tracing_span = tracing::info_span!(target: TARGET, parent: None, "run", otel.name = job.root);
    *run() = Some(Run {
        tracing_span,
        span: None,
        job,
        begun: Instant::now(),
        attributes: summary::RunAttributes::default(),
        waiting: None,
        ended: false,
    });
    set("version", env!("CARGO_PKG_VERSION"));
    if let Some(telemetry) = TELEMETRY.get().filter(|telemetry| !telemetry.warnings.is_empty()) {
        tracing::warn!("telemetry: {}; the run is not affected", telemetry.warnings.join("; "));
    }
}

/// The trace that a run may continue, from the `traceparent` of a manifest.
#[derive(Debug, Clone, Copy)]
pub struct ParentTrace<'a> {
    /// In the format of W3C Trace Context; an invalid value is ignored.
    pub traceparent: &'a str,
    /// Time at which the manifest was written.
    pub written: DateTime<Utc>,
    /// Current time of the same clock.
    pub now: DateTime<Utc>,
}

/// Starts the run's trace. Continues `parent` if that is at most one day old, else links to it. A second call does nothing.
pub fn start_trace(parent: Option<ParentTrace<'_>>) {
    let mut guard = run();
    let Some(run) = guard.as_mut().filter(|run| run.span.is_none() && !run.ended) else { return };
    let parent = parent.and_then(|parent| Some((parent::parse(parent.traceparent)?, parent)));
    match parent {
        Some((context, ParentTrace { written, now, .. })) if is_tracing() => {
            if parent::is_old(&context, written, now) {
                run.tracing_span.add_link(context);
            } else {
                // Fails only without a layer, when there is no trace.
                let _ = run.tracing_span.set_parent(Context::new().with_remote_span_context(context));
            }
        }
        _ => {}
    }
    let span = Span::root(run.tracing_span.clone());
    if let (Some(Waiting { since, finished }), Some(context), Some((_, tracer))) =
        (run.waiting.take(), span.context(), TELEMETRY.get().and_then(|telemetry| telemetry.traces.as_ref()))
    {
        let mut wait = tracer.span_builder("wait").with_start_time(since).start_with_context(tracer, &context);
        if !finished {
            wait.set_attribute(KeyValue::new("interrupted", true));
        }
        wait.end();
    }
    run.span = Some(span);
    HAS_TRACE.store(true, Ordering::SeqCst);
    let name = run.job.root;
    drop(guard);
    span::panic_if_requested(name);
}

/// Records that the run starts to wait for its parent trace. The trace will have a span `wait`.
pub fn wait_started() {
    if let Some(run) = run().as_mut().filter(|run| run.span.is_none()) {
        run.waiting.get_or_insert(Waiting { since: SystemTime::now(), finished: false });
    }
}

/// Records that the wait has ended.
pub fn wait_finished() {
    if let Some(waiting) = run().as_mut().and_then(|run| run.waiting.as_mut()) {
        waiting.finished = true;
    }
}

/// Whether [`start_trace`] has been called.
#[must_use]
pub fn has_trace() -> bool {
    HAS_TRACE.load(Ordering::SeqCst)
}

/// The root span, or none before the trace starts.
pub(crate) fn root() -> TracingSpan {
    if !has_trace() {
        return TracingSpan::none();
    }
    run().as_ref().map_or_else(TracingSpan::none, |run| run.tracing_span.clone())
}

/// Runs `work` in the root span.
pub fn in_run_span<F: Future>(work: F) -> impl Future<Output = F::Output> {
    let span = run().as_ref().map_or_else(TracingSpan::none, |run| run.tracing_span.clone());
    tracing::Instrument::instrument(work, span)
}

/// The `traceparent` with which another process continues this trace; `None` without a trace.
#[must_use]
pub fn traceparent() -> Option<String> {
    run().as_ref()?.span.as_ref()?.traceparent()
}

/// Sets an attribute of the root span, which is also a field of the log line `run ended`.
pub fn set(key: &'static str, value: impl Into<Value>) {
    if let Some(run) = run().as_mut().filter(|run| !run.ended) {
        run.attributes.set(key, value.into());
    }
}

/// Sets the day of the run, also for all its log lines.
pub fn set_day(day: impl std::fmt::Display) {
    set("day", day.to_string());
    // Log lines have the day even if the run has no trace yet.
    let span = run().as_ref().map(|run| run.tracing_span.clone());
    if let Some(span) = span {
        labels::label(&span, |labels| labels.day = Some(day.to_string()));
    }
}

/// Adds to a numeric attribute of the root span, which is also a field of the log line `run ended`.
pub fn add(key: &'static str, number: u64) {
    if let Some(run) = run().as_mut().filter(|run| !run.ended) {
        run.attributes.add(key, number);
    }
}

/// Registers a callback for the end of the run, including a panic or a signal, before its result is recorded.
pub fn on_finish(callback: impl FnOnce() + Send + 'static) {
    *ON_FINISH.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(callback));
}

/// Whether this is a sending thread, whose errors do not affect the run.
pub(crate) fn is_telemetry_thread() -> bool {
    std::thread::current().name().is_some_and(|name| name == THREAD || name.starts_with("OpenTelemetry"))
}

/// Records the result of the run in its log, its metrics and its root span. Later attributes are ignored.
pub(crate) fn finish(result: &Result<String, Failure>) {
    start_trace(None);
    let callback = ON_FINISH.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(callback) = callback {
        callback();
    }
    let (end, span) = {
        let mut guard = run();
        let Some(run) = guard.as_mut().filter(|run| !run.ended) else { return };
        run.ended = true;
        (summary::RunEnd::new(run, result, spec::left_out_count()), run.span.clone())
    };
    end.record(span.as_ref(), result);
}

/// Ends the root span and all open spans, and flushes the exporters. Blocks for at most [`SHUTDOWN_TIMEOUT`].
pub(crate) fn shutdown() {
    let span = run().as_mut().and_then(|run| run.span.take());
    let Some(telemetry) = TELEMETRY.get() else { return };
    if telemetry.traces.is_none() && telemetry.metrics.is_none() {
        return;
    }
    let (sender, done) = std::sync::mpsc::channel();
    let sending = std::thread::Builder::new().name(THREAD.to_owned()).spawn(move || {
        // A span must not outlive its parent, so the root span ends last.
        span::end_all_except(span.as_ref());
        if let Some(span) = span {
            span.end();
        }
        let all_sent = std::thread::scope(|scope| {
            // The panic hook recognises these threads by their name.
            let named = || std::thread::Builder::new().name(THREAD.to_owned());
            let traces = telemetry.traces.as_ref().map(|(provider, _)| {
                named().spawn_scoped(scope, || provider.shutdown_with_timeout(SHUTDOWN_TIMEOUT).is_ok())
            });
            let metrics = telemetry.metrics.as_ref().map(|(provider, _)| {
                named().spawn_scoped(scope, || provider.shutdown_with_timeout(SHUTDOWN_TIMEOUT).is_ok())
            });
            [traces, metrics].into_iter().flatten().all(|sent| sent.is_ok_and(|thread| thread.join().unwrap_or(false)))
        });
        let _ = sender.send(all_sent);
    });
    if sending.is_err() || done.recv_timeout(SHUTDOWN_TIMEOUT) != Ok(true) {
        telemetry.warning.log("not everything could be sent or written within 2 s");
    }
}
