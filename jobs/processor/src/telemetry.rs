//! The metrics and spans of the processor. `docs/telemetry.md` describes each.

use contract::Source;
use runtime::telemetry::{BYTES, Job, Metric, SECONDS, SpanSpec};

pub static JOB: Job = Job { name: "processor", root: "process", duration: &DURATION, commands: COMMANDS };

/// Commands other than a run.
const COMMANDS: &[&str] = &["status", "check", "trace", "params", "completions", "man"];

static DURATION: Metric =
    Metric::histogram("cityflow.processing.duration", "s", "How long a run of the processor takes", SECONDS);
/// How long a source takes.
pub static SOURCE_DURATION: Metric = Metric::histogram(
    "cityflow.source.duration",
    "s",
    "From the beginning of all sources until the last of one was parsed and taken",
    SECONDS,
);
/// Pieces of input.
pub static CHUNKS: Metric =
    Metric::counter("cityflow.chunks.processed", "{chunk}", "Pieces of large files, and small files, that were parsed");
/// Rows of the input.
pub static ROWS: Metric =
    Metric::counter("cityflow.rows.read", "{row}", "Rows or records of the input, each once however many days");
/// Rows that were not used.
pub static REJECTED: Metric =
    Metric::counter("cityflow.rows.rejected", "{row}", "Rows that could not be used at all, by reason");
/// Bytes of the input.
pub static BYTES_READ: Metric = Metric::counter("cityflow.bytes.read", "By", "Bytes of the input as they are stored");
/// Sizes of the documents.
pub static SIZE: Metric = Metric::histogram("cityflow.metrics.size", "By", "Size of a published document", BYTES);
/// Days with a manifest.
pub static DAYS: Metric = Metric::counter("cityflow.days.published", "{day}", "Days that were published, by status");
/// How much of a day there is.
pub static COMPLETENESS: Metric =
    Metric::gauge("cityflow.day.completeness", "%", "Share of a day's expected cells that were measured");
/// Detectors that work.
pub static AVAILABILITY: Metric =
    Metric::gauge("cityflow.sensors.availability", "%", "Share of the detectors of a source that measured");
/// How late the input is.
pub static INPUT_AGE: Metric = Metric::gauge("cityflow.input.age", "s", "Age of the newest object of a source");

/// What is there.
pub static LIST: SpanSpec = SpanSpec::new("list", 4);
/// All that concerns the reading of one source.
pub static SOURCE: SpanSpec = SpanSpec::new("source", 6);
/// One object, from its first to its last byte.
pub static READ: SpanSpec = SpanSpec::new("read", 24);
/// The same of a snapshot, of which a day has hundreds: each source has its own bound.
static READ_SNAPSHOT: [SpanSpec; 3] = [SpanSpec::new("read", 12), SpanSpec::new("read", 12), SpanSpec::new("read", 12)];
/// Bytes to records.
pub static DECODE: SpanSpec = SpanSpec::new("decode", 24);
/// Records to cells.
pub static AGGREGATE: SpanSpec = SpanSpec::new("aggregate", 16);
/// A day from what was read.
pub static DAY: SpanSpec = SpanSpec::new("day", 31);
/// A day's figures of one source.
pub static INDICATORS: SpanSpec = SpanSpec::new("indicators", 28);
/// One of them by name.
pub static INDICATOR: SpanSpec = SpanSpec::new("indicator", 20);
/// A day into the store.
pub static PUBLISH: SpanSpec = SpanSpec::new("publish", 8);
/// One document.
pub static PUBLISH_DOCUMENT: SpanSpec = SpanSpec::new("publish document", 28);
/// The manifest.
pub static PUBLISH_MANIFEST: SpanSpec = SpanSpec::new("publish manifest", 8);
/// The names that do not change.
pub static PUBLISH_NAMES: SpanSpec = SpanSpec::new("publish fixed names", 8);
/// The report's Job.
pub static HANDOFF: SpanSpec = SpanSpec::new("handoff", 1);

/// The reads of a source's snapshots.
#[must_use]
pub fn read_of(source: Source) -> &'static SpanSpec {
    let [bikes, traffic, others] = &READ_SNAPSHOT;
    match source {
        Source::BikeCounts => bikes,
        Source::Disruptions => traffic,
        _ => others,
    }
}
