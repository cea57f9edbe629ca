//! One trace over both jobs: the report continues the trace of the processor, whose context is in the manifest.

use std::time::Duration;

use acceptance::collector::{Collector, Protocol};
use acceptance::{TestEnv, raw};
use serde_json::Value;

use super::{manifest, now, started_since};

const MANIFEST: &str = "processed/metrics/manifest_2025-11-04.json";

/// Replaces the trace context in the manifest.
fn set_traceparent(env: &TestEnv, traceparent: impl Into<Value>) {
    let mut manifest = manifest(env, raw::DAY);
    manifest["traceparent"] = traceparent.into();
    env.put(MANIFEST, manifest.to_string());
}

#[test]
fn report_two_days_later_starts_a_new_trace_with_a_link() {
    let env = TestEnv::in_folder();
    raw::write(&env);
    let Some(collector) = Collector::start() else { return };
    let variables = collector.variables(Protocol::Grpc);
    env.processor().envs(&variables).arg(raw::DAY).succeed();
    let later = chrono::Utc::now() + chrono::Duration::days(2);
    env.reporter().envs(&variables).env("CITYFLOW_NOW", later.to_rfc3339()).arg(raw::DAY).succeed();
    let telemetry = collector.received().trace;
    telemetry.assert_complete(&["process", "report"]);
    let [process, report] = ["process", "report"].map(|name| telemetry.single_span(name));
    assert_ne!(process.trace, report.trace);
    assert_eq!((report.parent.as_str(), &report.links), ("", &vec![(process.trace.clone(), process.id.clone())]));
    // All spans of the report are in the new trace.
    let of = |job: &str| telemetry.spans.iter().filter(|span| span.resource["service.name"] == job).collect::<Vec<_>>();
    assert!(of("cityflow-reporter").iter().all(|span| span.trace == report.trace));
    assert!(of("cityflow-processor").iter().all(|span| span.trace == process.trace));
}

#[test]
fn report_within_a_day_continues_the_trace() {
    let env = TestEnv::in_folder();
    raw::write(&env);
    let Some(collector) = Collector::start() else { return };
    let variables = collector.variables(Protocol::Grpc);
    env.processor().envs(&variables).arg(raw::DAY).succeed();
    let later = chrono::Utc::now() + chrono::Duration::hours(12);
    env.reporter().envs(&variables).env("CITYFLOW_NOW", later.to_rfc3339()).arg(raw::DAY).succeed();
    let telemetry = collector.received().trace;
    telemetry.assert_complete(&["process"]);
    assert_eq!(telemetry.single_span("report").parent, telemetry.single_span("process").id);
}

#[test]
fn invalid_traceparent_in_the_manifest_starts_a_new_trace() {
    let env = TestEnv::in_folder();
    raw::write(&env);
    env.processor().arg(raw::DAY).succeed();
    assert_eq!(manifest(&env, raw::DAY)["traceparent"], Value::Null);
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let invalid = [
        Value::Null,
        "".into(),
        "nonsense".into(),
        "é".repeat(55).into(),
        format!("00-{trace}-00f067aa0ba902b7").into(),
        format!("00-{trace}-0000000000000000-01").into(),
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01".into(),
        format!("ff-{trace}-00f067aa0ba902b7-01").into(),
        format!("00-{}-00f067aa0ba902b7-01", trace.replace('4', "g")).into(),
    ];
    for traceparent in invalid {
        let Some(collector) = Collector::start() else { return };
        set_traceparent(&env, traceparent.clone());
        let start = now();
        let job = env.reporter().envs(&collector.variables(Protocol::Grpc));
        job.args(["--force", raw::DAY]).succeed();
        let telemetry = collector.received().trace;
        telemetry.assert_complete(&["report"]);
        let report = telemetry.single_span("report");
        assert_eq!((report.parent.as_str(), report.links.len()), ("", 0), "{traceparent}");
        assert!(started_since(report, start), "{traceparent}: {}", report.trace);
    }
}

#[test]
fn report_of_an_unsampled_run_is_not_sampled() {
    let env = TestEnv::in_folder();
    raw::write(&env);
    let Some(collector) = Collector::start() else { return };
    let variables = collector.variables(Protocol::Grpc);
    let processor = env.processor().envs(&variables).env("OTEL_TRACES_SAMPLER", "always_off");
    processor.arg(raw::DAY).succeed();
    let traceparent = manifest(&env, raw::DAY)["traceparent"].clone();
    assert!(traceparent.is_null() || traceparent.as_str().unwrap().ends_with("-00"), "{traceparent}");
    if !traceparent.is_null() {
        env.reporter().envs(&variables).arg(raw::DAY).succeed();
    }
    let telemetry = collector.received();
    assert!(telemetry.trace.spans.is_empty(), "{}", telemetry.trace);
    assert!(telemetry.metrics.iter().any(|metric| metric.name == "cityflow.rows.read"), "metrics are not sampled");
}

#[test]
fn report_that_waited_for_the_manifest_continues_the_trace() {
    let env = TestEnv::on_test_server();
    raw::write(&env);
    let Some(collector) = Collector::start() else { return };
    let variables = collector.variables(Protocol::Grpc);
    let requested = env.server().expect_request("GET", "manifest_2025-11-04");
    let reporter = env.reporter().envs(&variables).args(["--wait", "2m", raw::DAY]).start();
    requested.recv_timeout(Duration::from_secs(60)).expect("a request for the manifest");
    env.processor().envs(&variables).arg(raw::DAY).succeed();
    let done = reporter.wait().expect_exit(0);
    let telemetry = collector.received().trace;
    let [process, report, wait] = ["process", "report", "wait"].map(|name| telemetry.single_span(name));
    assert_eq!((telemetry.ids().len(), &report.parent, &wait.parent), (1, &process.id, &report.id), "{telemetry}");
    assert!(report.attributes["waited"].as_f64().is_some_and(|seconds| seconds >= 1.0), "{:?}", report.attributes);
    assert!(wait.end - wait.start > 1_000_000_000, "{wait:?}");
    telemetry.assert_complete(&["process"]);
    // Lines that were logged before the manifest was read have no trace id.
    for event in &done.events {
        assert!(event["trace_id"].is_null() || event["trace_id"] == report.trace.as_str(), "{event}");
    }
}

#[test]
fn report_that_is_up_to_date_continues_the_trace() {
    let env = TestEnv::in_folder();
    raw::write(&env);
    let Some(collector) = Collector::start() else { return };
    let variables = collector.variables(Protocol::Grpc);
    env.processor().envs(&variables).arg(raw::DAY).succeed();
    for _ in 0..2 {
        env.reporter().envs(&variables).arg(raw::DAY).succeed();
    }
    let telemetry = collector.received().trace;
    telemetry.assert_complete(&["process"]);
    let reports = telemetry.spans_named("report").map(|report| telemetry.children(&report.id).into_iter());
    let outcomes: Vec<_> =
        reports.map(|mut below| below.find(|span| span.name == "day").unwrap().text("outcome")).collect();
    assert_eq!(outcomes, ["made", "up_to_date"], "{telemetry}");
}
