//! What the programs tell of themselves, as a real OpenTelemetry Collector receives it: spans, metrics, logs with their ids. And what it
//! may cost: nothing of the documents, no failure, two seconds at most.
//!
//! Needs `otelcol` on the PATH; without it each test says that it is skipped.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test ends where it cannot go on")]
#![allow(clippy::print_stdout, reason = "what was measured, or skipped, is said")]

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

/// The simulated day.
const CITY_DAY: &str = "2025-11-03";

/// A small city on one day with everything that goes wrong in real data; its counts are compressed.
fn city(env: &TestEnv) {
    let size = ["--arcs", "12", "--counters", "4", "--worksites", "5", "--disruptions", "2", "--seed", "5"];
    let days = ["--from", CITY_DAY, "--to", CITY_DAY, "--faults", "all", "--shape", "mixed", "--compress", "gz"];
    env.simulator().args(size).args(days).arg("--quiet").succeed();
}

/// Processor and reporter in the night after the simulated day, both to the same collector; what it received.
fn both(env: &TestEnv, protocol: Protocol) -> Option<Telemetry> {
    let collector = Collector::start()?;
    let mut variables = collector.variables(protocol);
    variables.push(("CITYFLOW_NOW", "2025-11-04T00:30:00Z".to_owned()));
    for job in [env.processor(), env.reporter()] {
        job.envs(&variables).arg(CITY_DAY).succeed();
    }
    Some(collector.received())
}

/// The seconds of the epoch at this moment.
fn now() -> u32 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    u32::try_from(since.as_secs()).unwrap()
}

/// Whether a trace's id begins with a second since then.
fn is_since(span: &Span, then: u32) -> bool {
    (then.saturating_sub(1)..=now() + 1).contains(&span.trace_second())
}

/// The manifest of a day, as it is.
fn manifest(env: &TestEnv, day: &str) -> serde_json::Value {
    let body = env.get(&format!("processed/metrics/manifest_{day}.json")).expect("a manifest");
    serde_json::from_slice(&body).unwrap()
}
