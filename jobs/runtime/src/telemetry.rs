//! What a run tells of itself while it works: one trace, metrics, and the ids by which its log lines are found in the trace. OpenTelemetry,
//! sent by OTLP to a collector, or a trace into a file. Nothing is set up where nobody asks for it, and whatever is wrong with a collector,
//! a run neither fails nor takes more than two seconds longer.
//!
//! A process has one run: [`init`] before the log is set up, [`begin`] before the work, [`join`] where it continues another trace, and at
//! the end `exit::finish`. What every reader has to know of names and attributes stands in `docs/telemetry.md`.

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

/// The most that sending may hold up the end of a run. What a collector costs at all, since everything else is done beside the work.
const PATIENCE: Duration = Duration::from_millis(1800);
/// The variable that names a file for the run's spans.
pub const TRACE_FILE: &str = "CITYFLOW_TRACE_FILE";
/// Name of the thread that sends. A panic there is nothing that the run has to do with.
const THREAD: &str = "telemetry";

/// What a person has to look at, by source; `run` where it is of none. Not what another try may mend.
pub static ERRORS: Metric =
    Metric::counter("cityflow.errors", "{error}", "What went wrong that another try does not mend, by source");

/// A job, as far as telemetry has to know it.
#[derive(Debug)]
pub struct Job {
    /// Its name: the attribute `job` of all metrics.
    pub name: &'static str,
    /// Name of its root span.
    pub root: &'static str,
    /// How long a run takes, seconds.
    pub duration: &'static Metric,
    /// Commands that are no run.
    pub commands: &'static [&'static str],
}

/// What was set up.
struct Telemetry {
    job: &'static Job,
    traces: Option<(SdkTracerProvider, SdkTracer)>,
    metrics: Option<(SdkMeterProvider, Meter)>,
    /// Where exporters connect and wait.
    _threads: Option<tokio::runtime::Runtime>,
    warning: Arc<ExportWarning>,
    warnings: Vec<String>,
}

static TELEMETRY: OnceLock<Telemetry> = OnceLock::new();

/// The run.
struct Run {
    tracing_span: TracingSpan,
    /// Set once the parent is known.
    span: Option<Span>,
    job: &'static Job,
    begun: Instant,
    attributes: summary::RunAttributes,
    /// Since when it waits, or how long it has waited, before it had a trace.
    waiting: Option<Waiting>,
    ended: bool,
}

/// A wait at the beginning of a run.
#[derive(Debug, Clone, Copy)]
struct Waiting {
    since: SystemTime,
    over: bool,
}

static RUN: Mutex<Option<Run>> = Mutex::new(None);
/// What a run has to say when it ends.
static ON_FINISH: Mutex<Option<Box<dyn FnOnce() + Send>>> = Mutex::new(None);
/// Whether the run's own span has an id, so that others can be within it.
static HAS_TRACE: AtomicBool = AtomicBool::new(false);

fn run() -> MutexGuard<'static, Option<Run>> {
    RUN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sets up what the variables and `trace_file` ask for. Before the log, for that is where spans go through. A second call changes nothing.
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
            warn(format!("no thread to send on ({error})"));
            None
        }
    };
    let handle = threads.as_ref().map(tokio::runtime::Runtime::handle);
    let _inside = handle.map(tokio::runtime::Handle::enter);
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
        // CloudWatch sums up what each run adds.
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

/// Where spans go through, for the log's subscriber.
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
            // Nothing here looks for the present span anywhere but in `tracing`.
            .with_context_activation(false),
    )
}

/// The meter and the name of the job, where metrics are sent.
fn meter() -> Option<(&'static Meter, &'static str)> {
    let telemetry = TELEMETRY.get()?;
    telemetry.metrics.as_ref().map(|(_, meter)| (meter, telemetry.job.name))
}

fn is_tracing() -> bool {
    TELEMETRY.get().is_some_and(|telemetry| telemetry.traces.is_some())
}

/// Begins the run. Its trace begins with [`join`]; until then there are no other spans.
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
        tracing::warn!("telemetry: {}; the run itself is not affected", telemetry.warnings.join("; "));
    }
}

/// The trace that a run may continue: the `traceparent` of a manifest, and when that was written.
#[derive(Debug, Clone, Copy)]
pub struct ParentTrace<'a> {
    /// `traceparent` of W3C Trace Context; what is none is no trace.
    pub traceparent: &'a str,
    /// When it was written.
    pub written: DateTime<Utc>,
    /// Now, on the same clock.
    pub now: DateTime<Utc>,
}

/// Begins the run's trace, or continues an earlier one where that is not too old; to one that is, the run's span is linked. The second
/// call does nothing.
pub fn start_trace(earlier: Option<ParentTrace<'_>>) {
    let mut guard = run();
    let Some(run) = guard.as_mut().filter(|run| run.span.is_none() && !run.ended) else { return };
    let earlier = earlier.and_then(|earlier| Some((parent::parse(earlier.traceparent)?, earlier)));
    match earlier {
        Some((context, ParentTrace { written, now, .. })) if is_tracing() => {
            if parent::is_old(&context, written, now) {
                run.tracing_span.add_link(context);
            } else {
                // Fails where there is no layer, and then there is no trace.
                let _ = run.tracing_span.set_parent(Context::new().with_remote_span_context(context));
            }
        }
        _ => {}
    }
    let span = Span::root(run.tracing_span.clone());
    if let (Some(Waiting { since, over }), Some(context), Some((_, tracer))) =
        (run.waiting.take(), span.context(), TELEMETRY.get().and_then(|telemetry| telemetry.traces.as_ref()))
    {
        let mut wait = tracer.span_builder("wait").with_start_time(since).start_with_context(tracer, &context);
        if !over {
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

/// Says that the run waits for what it is to continue. The trace that it then joins has a span of it.
pub fn wait_started() {
    if let Some(run) = run().as_mut().filter(|run| run.span.is_none()) {
        run.waiting.get_or_insert(Waiting { since: SystemTime::now(), over: false });
    }
}

/// Says that it waits no longer.
pub fn wait_finished() {
    if let Some(waiting) = run().as_mut().and_then(|run| run.waiting.as_mut()) {
        waiting.over = true;
    }
}

/// Whether the run has its trace.
#[must_use]
pub fn has_trace() -> bool {
    HAS_TRACE.load(Ordering::SeqCst)
}

/// The run's own span.
pub(crate) fn root() -> TracingSpan {
    if !has_trace() {
        return TracingSpan::none();
    }
    run().as_ref().map_or_else(TracingSpan::none, |run| run.tracing_span.clone())
}

/// Does the work of the run within its span.
pub fn in_run_span<F: Future>(work: F) -> impl Future<Output = F::Output> {
    let span = run().as_ref().map_or_else(TracingSpan::none, |run| run.tracing_span.clone());
    tracing::Instrument::instrument(work, span)
}

/// By which another process continues this trace; nothing where there is none.
#[must_use]
pub fn traceparent() -> Option<String> {
    run().as_ref()?.span.as_ref()?.traceparent()
}

/// Says something of the whole run: an attribute of its span, and a field of its last log line.
pub fn set(key: &'static str, value: impl Into<Value>) {
    if let Some(run) = run().as_mut().filter(|run| !run.ended) {
        run.attributes.set(key, value.into());
    }
}

/// Says which day the run is for; its log lines say so too.
pub fn set_day(day: impl std::fmt::Display) {
    set("day", day.to_string());
    // Also of a run that has no trace yet.
    let span = run().as_ref().map(|run| run.tracing_span.clone());
    if let Some(span) = span {
        labels::label(&span, |labels| labels.day = Some(day.to_string()));
    }
}

/// Adds to a figure of the whole run.
pub fn add(key: &'static str, number: u64) {
    if let Some(run) = run().as_mut().filter(|run| !run.ended) {
        run.attributes.add(key, number);
    }
}

/// Leaves something to be said when the run ends, in whatever way, before it is said what it has come to.
pub fn on_finish(say: impl FnOnce() + Send + 'static) {
    *ON_FINISH.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(say));
}

/// Is this a thread that sends? What goes wrong there has nothing to do with the run.
pub(crate) fn is_telemetry_thread() -> bool {
    std::thread::current().name().is_some_and(|name| name == THREAD || name.starts_with("OpenTelemetry"))
}

/// Says what the run has come to: in its log, in its metrics, and in its span. From then on nothing more can be said of it.
pub(crate) fn finish(ended: &Result<String, Failure>) {
    start_trace(None);
    let last = ON_FINISH.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(last) = last {
        last();
    }
    let (end, span) = {
        let mut guard = run();
        let Some(run) = guard.as_mut().filter(|run| !run.ended) else { return };
        run.ended = true;
        (summary::RunEnd::of(run, ended, spec::left_out_count()), run.span.clone())
    };
    end.tell(span.as_ref(), ended);
}

/// Ends the run's span and those that are still open, and sends all that is to be sent.
pub(crate) fn shutdown() {
    let span = run().as_mut().and_then(|run| run.span.take());
    let Some(telemetry) = TELEMETRY.get() else { return };
    if telemetry.traces.is_none() && telemetry.metrics.is_none() {
        return;
    }
    let (sender, done) = std::sync::mpsc::channel();
    let sending = std::thread::Builder::new().name(THREAD.to_owned()).spawn(move || {
        // What is within a step may not outlive it, so that the run's own comes last.
        span::end_all_except(span.as_ref());
        if let Some(span) = span {
            span.end();
        }
        let all_sent = std::thread::scope(|scope| {
            // By its name, what falls over here is known to have nothing to do with the run.
            let named = || std::thread::Builder::new().name(THREAD.to_owned());
            let traces = telemetry
                .traces
                .as_ref()
                .map(|(provider, _)| named().spawn_scoped(scope, || provider.shutdown_with_timeout(PATIENCE).is_ok()));
            let metrics = telemetry
                .metrics
                .as_ref()
                .map(|(provider, _)| named().spawn_scoped(scope, || provider.shutdown_with_timeout(PATIENCE).is_ok()));
            [traces, metrics].into_iter().flatten().all(|sent| sent.is_ok_and(|thread| thread.join().unwrap_or(false)))
        });
        let _ = sender.send(all_sent);
    });
    if sending.is_err() || done.recv_timeout(PATIENCE) != Ok(true) {
        telemetry.warning.tell("not everything could be sent or written within 2 s");
    }
}
