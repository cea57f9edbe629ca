//! Without an endpoint telemetry is off: no connection, no ids.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener};

use acceptance::collector::{Collector, Protocol};
use acceptance::{TestEnv, raw};
use serde_json::Value;

use super::manifest;

/// The standard OTLP ports.
const OTLP_PORTS: [u16; 2] = [4317, 4318];

#[test]
fn no_endpoint_makes_no_connection() {
    let env = TestEnv::in_folder();
    raw::write(&env);
    let listeners: Vec<_> =
        OTLP_PORTS.iter().filter_map(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).ok()).collect();
    if listeners.len() < OTLP_PORTS.len() {
        println!("SKIPPED: another program listens on the ports {OTLP_PORTS:?}");
    }
    for variables in [&[][..], &[("OTEL_EXPORTER_OTLP_ENDPOINT", "")], &[("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")]] {
        for mut job in [env.processor(), env.reporter()] {
            for (name, value) in variables {
                job = job.env(name, value);
            }
            let done = job.args(["--force", raw::DAY]).succeed();
            assert!(!done.has_warning(&["elemetry"]), "{}", done.transcript());
            assert!(done.events.iter().all(|event| event["trace_id"] == Value::Null), "{}", done.transcript());
        }
        assert_eq!(manifest(&env, raw::DAY)["traceparent"], Value::Null);
    }
    for listener in listeners {
        listener.set_nonblocking(true).unwrap();
        assert_eq!(listener.accept().map(drop).map_err(|error| error.kind()), Err(ErrorKind::WouldBlock));
    }
}

#[test]
fn disabled_sdk_sends_nothing() {
    let env = TestEnv::in_folder();
    raw::write(&env);
    let Some(collector) = Collector::start() else { return };
    let variables = collector.variables(Protocol::Grpc);
    env.processor().envs(&variables).env("OTEL_SDK_DISABLED", "true").arg(raw::DAY).succeed();
    assert_eq!(manifest(&env, raw::DAY)["traceparent"], Value::Null);
    let telemetry = collector.received();
    assert!(telemetry.trace.spans.is_empty() && telemetry.metrics.is_empty(), "{}", telemetry.trace);
}

#[test]
fn traces_and_metrics_can_be_disabled_and_directed_separately() {
    let env = TestEnv::in_folder();
    raw::write(&env);
    let Some(collector) = Collector::start() else { return };
    let variables = collector.variables(Protocol::Grpc);
    env.processor().envs(&variables).env("OTEL_METRICS_EXPORTER", "none").arg(raw::DAY).succeed();
    let telemetry = collector.received();
    assert!(!telemetry.trace.spans.is_empty() && telemetry.metrics.is_empty(), "{:?}", telemetry.metrics);

    let Some(collector) = Collector::start() else { return };
    let variables = collector.variables(Protocol::Grpc);
    env.processor().envs(&variables).env("OTEL_TRACES_EXPORTER", "none").arg(raw::DAY).succeed();
    let telemetry = collector.received();
    assert!(telemetry.trace.spans.is_empty() && !telemetry.metrics.is_empty(), "{}", telemetry.trace);

    // The endpoint for metrics alone; for HTTP it is the complete URL.
    let Some(collector) = Collector::start() else { return };
    let endpoint = format!("{}/v1/metrics", collector.endpoint(Protocol::Protobuf));
    let job = env.processor().env("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", endpoint);
    job.env("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "http/protobuf").arg(raw::DAY).succeed();
    let telemetry = collector.received();
    assert!(telemetry.trace.spans.is_empty() && !telemetry.metrics.is_empty(), "{}", telemetry.trace);
}

#[test]
fn status_version_and_help_send_nothing() {
    let env = TestEnv::in_folder();
    raw::write(&env);
    env.processor().arg(raw::DAY).succeed();
    let Some(collector) = Collector::start() else { return };
    let variables = collector.variables(Protocol::Grpc);
    for job in [
        env.processor().args(["status", "--last", "2"]),
        env.program("processor").arg("--version"),
        env.program("reporter").arg("--help"),
    ] {
        assert_eq!(job.envs(&variables).run().code, 0);
    }
    assert_eq!(collector.received().trace.spans.len(), 0);
}
