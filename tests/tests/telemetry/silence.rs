//! Without an endpoint nothing is set up: nobody is called, and nothing has an id.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener};

use acceptance::collector::{Collector, Protocol};
use acceptance::{World, raw};
use serde_json::Value;

use super::{manifest, telling};

/// The ports that OpenTelemetry has for collectors.
const USUAL: [u16; 2] = [4317, 4318];

#[test]
fn without_an_endpoint_nobody_is_called() {
    let world = World::folder();
    raw::write(&world);
    let doors: Vec<_> = USUAL.iter().filter_map(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).ok()).collect();
    if doors.len() < USUAL.len() {
        println!("SKIPPED: the ports {USUAL:?} are another's, who alone could say whether they are called");
    }
    for variables in [&[][..], &[("OTEL_EXPORTER_OTLP_ENDPOINT", "")], &[("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")]] {
        for mut job in [world.processor(), world.reporter()] {
            for (name, value) in variables {
                job = job.env(name, value);
            }
            let done = job.args(["--force", raw::DAY]).succeed();
            assert!(!done.warns(&["elemetry"]), "{}", done.all());
            assert!(done.events.iter().all(|event| event["trace_id"] == Value::Null), "{}", done.all());
        }
        assert_eq!(manifest(&world, raw::DAY)["traceparent"], Value::Null);
    }
    for door in doors {
        door.set_nonblocking(true).unwrap();
        assert_eq!(door.accept().map(drop).map_err(|error| error.kind()), Err(ErrorKind::WouldBlock));
    }
}

#[test]
fn switched_off_nothing_is_sent() {
    let world = World::folder();
    raw::write(&world);
    let Some(collector) = Collector::find() else { return };
    let variables = collector.variables(Protocol::Grpc);
    telling(world.processor(), &variables).env("OTEL_SDK_DISABLED", "true").arg(raw::DAY).succeed();
    assert_eq!(manifest(&world, raw::DAY)["traceparent"], Value::Null);
    let told = collector.received();
    assert!(told.trace.spans.is_empty() && told.metrics.is_empty(), "{}", told.trace);
}

#[test]
fn each_half_can_be_switched_off_and_sent_elsewhere() {
    let world = World::folder();
    raw::write(&world);
    let Some(collector) = Collector::find() else { return };
    let variables = collector.variables(Protocol::Grpc);
    telling(world.processor(), &variables).env("OTEL_METRICS_EXPORTER", "none").arg(raw::DAY).succeed();
    let told = collector.received();
    assert!(!told.trace.spans.is_empty() && told.metrics.is_empty(), "{:?}", told.metrics);

    let Some(collector) = Collector::find() else { return };
    let variables = collector.variables(Protocol::Grpc);
    telling(world.processor(), &variables).env("OTEL_TRACES_EXPORTER", "none").arg(raw::DAY).succeed();
    let told = collector.received();
    assert!(told.trace.spans.is_empty() && !told.metrics.is_empty(), "{}", told.trace);

    // Only the metrics, by a variable of their own; over HTTP it is the whole address.
    let Some(collector) = Collector::find() else { return };
    let endpoint = format!("{}/v1/metrics", collector.endpoint(Protocol::Protobuf));
    let job = world.processor().env("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", endpoint);
    job.env("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "http/protobuf").arg(raw::DAY).succeed();
    let told = collector.received();
    assert!(told.trace.spans.is_empty() && !told.metrics.is_empty(), "{}", told.trace);
}

#[test]
fn commands_that_do_no_run_tell_nothing() {
    let world = World::folder();
    raw::write(&world);
    world.processor().arg(raw::DAY).succeed();
    let Some(collector) = Collector::find() else { return };
    let variables = collector.variables(Protocol::Grpc);
    for job in [
        world.processor().args(["status", "--last", "2"]),
        world.bare("processor").arg("--version"),
        world.bare("reporter").arg("--help"),
    ] {
        assert_eq!(telling(job, &variables).run().code, 0);
    }
    assert_eq!(collector.received().trace.spans.len(), 0);
}
