//! Telemetry as a real OpenTelemetry Collector receives it: spans, metrics, and log lines with trace ids. It must not change a document or
//! make a run fail, and may cost at most two seconds.
//!
//! Requires `otelcol` on the PATH; without it each test is skipped.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test ends when it cannot go on")]
#![allow(clippy::print_stdout, reason = "tests print measurements")]

mod bounds;
mod collector_faults;
mod continued;
mod documented;
mod documents;
mod encrypted;
mod endings;
mod figures;
mod file;
mod golden;
mod logs;
mod silence;

use std::time::SystemTime;

use acceptance::TestEnv;
use acceptance::collector::{Collector, Protocol};
use acceptance::telemetry::{Span, Telemetry};

/// The day of [`city`].
const CITY_DAY: &str = "2025-11-03";

/// Simulates a small city for one day with all faults and compressed road counts.
fn city(env: &TestEnv) {
    let size = ["--arcs", "12", "--counters", "4", "--worksites", "5", "--disruptions", "2", "--seed", "5"];
    let days = ["--from", CITY_DAY, "--to", CITY_DAY, "--faults", "all", "--shape", "mixed", "--compress", "gz"];
    env.simulator().args(size).args(days).arg("--quiet").succeed();
}

/// Runs processor and reporter in the night after [`CITY_DAY`] with one collector; `None` without `otelcol`.
fn process_and_report(env: &TestEnv, protocol: Protocol) -> Option<Telemetry> {
    let collector = Collector::start()?;
    let mut variables = collector.variables(protocol);
    variables.push(("CITYFLOW_NOW", "2025-11-04T00:30:00Z".to_owned()));
    for job in [env.processor(), env.reporter()] {
        job.envs(&variables).arg(CITY_DAY).succeed();
    }
    Some(collector.received())
}

/// Seconds since the epoch.
fn now() -> u32 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    u32::try_from(since.as_secs()).unwrap()
}

/// Whether the trace of a span started after `start`, give or take a second.
fn started_since(span: &Span, start: u32) -> bool {
    (start.saturating_sub(1)..=now() + 1).contains(&span.trace_second())
}

/// The JSON of a day's manifest.
fn manifest(env: &TestEnv, day: &str) -> serde_json::Value {
    let body = env.get(&format!("processed/metrics/manifest_{day}.json")).expect("a manifest");
    serde_json::from_slice(&body).unwrap()
}
