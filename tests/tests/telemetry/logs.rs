//! Each log line has the ids of its span, and the last line has the result of the run.

use acceptance::collector::{Collector, Protocol};
use acceptance::environment::for_each_store;
use acceptance::telemetry::Trace;
use acceptance::{ProgramOutput, TestEnv, raw};
use serde_json::Value;

use super::{CITY_DAY, city};

/// Asserts that each line has a time, a level, a message and the ids of an exported span, and that the last line has the attributes of the
/// root span.
fn assert_lines_have_spans(done: &ProgramOutput, trace: &Trace, root: &str) {
    let root = trace.single_span(root);
    assert!(done.events.len() > 2, "{}", done.transcript());
    for event in &done.events {
        let text = |name: &str| event[name].as_str().unwrap_or_default();
        assert!(text("time").parse::<chrono::DateTime<chrono::Utc>>().is_ok(), "{event}");
        assert!(["debug", "info", "warn", "error"].contains(&text("level")), "{event}");
        assert!(!text("message").is_empty(), "{event}");
        assert_eq!(text("trace_id"), root.trace, "{event}");
        let span = trace.span(text("span_id")).unwrap_or_else(|| panic!("no span of {event}\n{}", done.transcript()));
        assert_eq!(span.resource, root.resource, "{event} in {}", span.name);
        // A line has the day and the source of its span.
        for name in ["day", "source"] {
            if let Some(known) = span.attributes.get(name).filter(|_| span.id != root.id) {
                assert_eq!(event[name], *known, "{name} in {}: {event}", span.name);
            }
        }
    }
    // In a failed run the error follows the line with the result.
    let last = &done.events[done.events.len() - if done.code == 0 { 1 } else { 2 }];
    assert_eq!(
        (&last["message"], &last["span_id"]),
        (&"run ended".into(), &root.id.as_str().into()),
        "{}",
        done.transcript()
    );
    assert!(last["seconds"].is_number(), "{last}");
    for (name, value) in &root.attributes {
        assert_eq!(last[name], *value, "{name} of {last}");
    }
}

#[test]
fn log_lines_of_a_successful_day_have_the_ids_of_their_spans() {
    for_each_store(|env| {
        city(env);
        let Some(collector) = Collector::start() else { return };
        let variables = collector.variables(Protocol::Grpc);
        let processed = env.processor().envs(&variables).arg(CITY_DAY).succeed();
        let reported = env.reporter().envs(&variables).arg(CITY_DAY).succeed();
        let trace = collector.received().trace;
        assert_lines_have_spans(&processed, &trace, "process");
        assert_lines_have_spans(&reported, &trace, "report");
        let about = |outcome: &ProgramOutput, message: &str, name: &str| {
            let lines = outcome.events.iter().filter(|event| event["message"] == message);
            let values: Vec<_> = lines.map(|event| event[name].as_str().unwrap_or_default().to_owned()).collect();
            assert!(
                !values.is_empty() && values.iter().all(|value| !value.is_empty()),
                "{message}: {}",
                outcome.transcript()
            );
            values
        };
        assert_eq!(about(&processed, "document", "source").len(), 7);
        assert_eq!(about(&processed, "day done", "day"), [CITY_DAY]);
        let manifest = env.address(&format!("processed/metrics/manifest_{CITY_DAY}.json"));
        assert_eq!(about(&processed, "day done", "manifest"), [manifest]);
        // Spans and log lines use the same names.
        let day = trace.spans_named("day").find(|span| span.attributes.contains_key("completeness")).unwrap();
        let line = processed.events.iter().find(|event| event["message"] == "day done").unwrap();
        for name in ["status", "completeness", "changed"] {
            assert_eq!(line[name], day.attributes[name], "{name} of {line}");
        }
        for (done, root) in [(&processed, "process"), (&reported, "report")] {
            let origin = &trace.single_span(root).attributes["day.origin"];
            let lines = done.events.iter().filter(|event| event["day.origin"] == *origin).count();
            assert_eq!(lines, 2, "the first and the last line: {}", done.transcript());
        }
        assert_eq!(about(&reported, "written", "day"), [CITY_DAY; 4], "tables, JSON, CSV and summary");
    });
}

#[test]
fn log_lines_of_a_failed_run_have_the_ids_of_their_spans() {
    let env = TestEnv::in_folder();
    raw::write(&env);
    env.put_raw(raw::ROAD_COUNTS, "unreadable");
    let Some(collector) = Collector::start() else { return };
    let done = env.processor().envs(&collector.variables(Protocol::Grpc)).arg(raw::DAY).run().expect_exit(65);
    assert_lines_have_spans(&done, &collector.received().trace, "process");
    done.expect_failure(65, &[raw::ROAD_COUNTS]);
}

#[test]
fn log_lines_without_a_collector_have_no_ids() {
    let env = TestEnv::in_folder();
    raw::write(&env);
    for job in [env.processor(), env.reporter()] {
        let done = job.arg(raw::DAY).succeed();
        let ids = ["trace_id", "span_id"];
        let with: Vec<_> = done.events.iter().filter(|event| ids.iter().any(|id| event[*id] != Value::Null)).collect();
        assert!(with.is_empty(), "{with:?}");
        let last = done.events.last().unwrap();
        assert_eq!((&last["message"], &last["process.exit.code"]), (&"run ended".into(), &0.into()), "{last}");
    }
}

#[test]
fn log_lines_of_libraries_add_no_spans() {
    let env = TestEnv::on_test_server();
    raw::write(&env);
    let Some(collector) = Collector::start() else { return };
    let job = env.processor().envs(&collector.variables(Protocol::Grpc));
    let done = job.env("RUST_LOG", "trace").arg(raw::DAY).succeed();
    assert!(done.events.len() > 200, "too few lines: {}", done.events.len());
    let telemetry = collector.received();
    telemetry.trace.assert_complete(&["process"]);
    let calls = telemetry.trace.spans.iter().filter(|span| span.name.starts_with("S3.")).count();
    assert!(calls > 10, "{}", telemetry.trace);
    let read = telemetry.trace.spans_named("read").find(|read| read.text("source") == "bikes").unwrap();
    assert_eq!(read.number("s3.requests"), Some(1), "{read:?}");
}

#[test]
fn log_lines_of_a_waiting_report_have_the_day() {
    let env = TestEnv::on_test_server();
    env.put("processed/metrics/README.txt", "nothing here yet");
    // Unchecked, because README.txt is not a document.
    let done = env.reporter().args(["--wait", "1s", raw::DAY]).start().wait_unchecked().expect_exit(75);
    assert!(done.events.iter().any(|event| event["message"] == "waiting for the metrics"), "{}", done.transcript());
    assert!(done.events.iter().all(|event| event["day"] == raw::DAY), "{}", done.transcript());
}
