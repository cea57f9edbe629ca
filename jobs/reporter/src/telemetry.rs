//! What this job tells of itself: the metrics and the steps of its trace. What each means stands in `docs/telemetry.md`.

use runtime::telemetry::{BYTES, Job, Metric, SECONDS, SpanSpec};

/// This job.
pub static JOB: Job = Job { name: "reporter", root: "report", duration: &DURATION, commands: COMMANDS };

/// What the program does beside runs.
const COMMANDS: &[&str] = &["check"];

static DURATION: Metric = Metric::histogram(
    "cityflow.report.duration",
    "s",
    "How long a run of the reporter takes, waiting included",
    SECONDS,
);
/// How late a report is.
pub static DELAY: Metric =
    Metric::gauge("cityflow.report.delay", "s", "From the end of the service day until its report was written");
/// Sizes of reports.
pub static SIZE: Metric = Metric::histogram("cityflow.report.size", "By", "Size of a report, all its forms", BYTES);
/// Documents read.
pub static LOADED: Metric =
    Metric::counter("cityflow.metrics.loaded", "{document}", "Metrics documents that were read");
/// Documents that could not be.
pub static LOAD_ERRORS: Metric =
    Metric::counter("cityflow.metrics.load_errors", "{error}", "Documents of a manifest that could not be used");

/// A day.
pub static DAY: SpanSpec = SpanSpec::new("day", 31);
/// The documents of a day.
pub static COLLECT: SpanSpec = SpanSpec::new("collect", 8);
/// One of them.
pub static LOAD: SpanSpec = SpanSpec::new("load", 28);
/// Documents to a report.
pub static COMPOSE: SpanSpec = SpanSpec::new("compose", 8);
/// A report to one of its forms.
pub static RENDER: SpanSpec = SpanSpec::new("render", 24);
/// A report into the store.
pub static PUBLISH: SpanSpec = SpanSpec::new("publish", 8);
/// One of its forms.
pub static PUBLISH_FILE: SpanSpec = SpanSpec::new("publish file", 24);
