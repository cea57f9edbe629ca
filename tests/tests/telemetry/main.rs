//! What the programs tell of themselves, as a real OpenTelemetry Collector receives it: spans, metrics, logs with their ids. And what it
//! may cost: nothing of the documents, no failure, two seconds at most.
//!
//! Needs `otelcol` on the PATH; without it each test says that it is skipped.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test ends where it cannot go on")]
#![allow(clippy::print_stdout, reason = "what was measured, or skipped, is said")]

mod bounds;
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
mod trouble;

use std::time::SystemTime;

use acceptance::collector::{Collector, Protocol};
use acceptance::telemetry::{Span, Telemetry};
use acceptance::{Job, World};

/// The simulated day.
const CITY_DAY: &str = "2025-11-03";

/// A small city on one day with everything that goes wrong in real data; its counts are compressed.
fn city(world: &World) {
    let size = ["--arcs", "12", "--counters", "4", "--worksites", "5", "--disruptions", "2", "--seed", "5"];
    let days = ["--from", CITY_DAY, "--to", CITY_DAY, "--faults", "all", "--shape", "mixed", "--compress", "gz"];
    world.simulator().args(size).args(days).arg("--quiet").succeed();
}

/// A program with these variables.
fn telling<'a>(job: Job<'a>, variables: &[(&'static str, String)]) -> Job<'a> {
    variables.iter().fold(job, |job, (name, value)| job.env(name, value))
}

/// Processor and reporter in the night after the simulated day, both to the same collector; what it received.
fn both(world: &World, protocol: Protocol) -> Option<Telemetry> {
    let collector = Collector::find()?;
    let mut variables = collector.variables(protocol);
    variables.push(("CITYFLOW_NOW", "2025-11-04T00:30:00Z".to_owned()));
    for job in [world.processor(), world.reporter()] {
        telling(job, &variables).arg(CITY_DAY).succeed();
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
    (then.saturating_sub(1)..=now() + 1).contains(&span.begun())
}

/// The manifest of a day, as it is.
fn manifest(world: &World, day: &str) -> serde_json::Value {
    let body = world.get(&format!("processed/metrics/manifest_{day}.json")).expect("a manifest");
    serde_json::from_slice(&body).unwrap()
}
