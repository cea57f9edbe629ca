//! The metrics and spans of the reporter. `docs/telemetry.md` explains each of them.
//!
//! Names and bounds only; `run::day`, `collect` and `publish` record them.

use runtime::telemetry::{BYTES, Job, Metric, SECONDS, SpanSpec};

pub static JOB: Job = Job { name: "reporter", root: "report", duration: &DURATION, commands: COMMANDS };

/// Commands that are not runs and have no telemetry.
const COMMANDS: &[&str] = &["check", "completions", "man"];

static DURATION: Metric = Metric::histogram(
    "cityflow.report.duration",
    "s",
    "How long a run of the reporter takes, waiting included",
    SECONDS,
);
pub static DELAY: Metric =
    Metric::gauge("cityflow.report.delay", "s", "From the end of the service day until its report was written");
pub static SIZE: Metric = Metric::histogram("cityflow.report.size", "By", "Size of a report, all its forms", BYTES);
pub static LOADED: Metric =
    Metric::counter("cityflow.metrics.loaded", "{document}", "Metrics documents that were read");
pub static LOAD_ERRORS: Metric =
    Metric::counter("cityflow.metrics.load_errors", "{error}", "Documents of a manifest that could not be used");

pub static DAY: SpanSpec = SpanSpec::new("day", 31);
pub static COLLECT: SpanSpec = SpanSpec::new("collect", 8);
pub static LOAD: SpanSpec = SpanSpec::new("load", 28);
pub static COMPOSE: SpanSpec = SpanSpec::new("compose", 8);
pub static RENDER: SpanSpec = SpanSpec::new("render", 24);
pub static PUBLISH: SpanSpec = SpanSpec::new("publish", 8);
pub static PUBLISH_FILE: SpanSpec = SpanSpec::new("publish file", 24);
