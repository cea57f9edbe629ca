//! `--trace-file` writes the spans of the collector to a file, and `processor trace` shows it.

use std::collections::BTreeMap;

use acceptance::collector::{Collector, Protocol};
use acceptance::telemetry::{Span, Trace};
use acceptance::{TestEnv, raw};

#[test]
fn trace_file_has_the_spans_of_the_collector() {
    let env = TestEnv::on_test_server();
    raw::write(&env);
    let Some(collector) = Collector::start() else { return };
    let file = env.scratch_path("trace.jsonl");
    let variables = collector.variables(Protocol::Grpc);
    env.processor().envs(&variables).env("CITYFLOW_TRACE_FILE", &file).arg(raw::DAY).succeed();
    env.reporter().envs(&variables).arg("--trace-file").arg(&file).arg(raw::DAY).succeed();
    let written = Trace::read(&std::fs::read_to_string(&file).unwrap());
    written.assert_complete(&["process"]);
    let by_id =
        |trace: Trace| trace.spans.into_iter().map(|span| (span.id.clone(), span)).collect::<BTreeMap<String, Span>>();
    let (sent, written) = (by_id(collector.received().trace), by_id(written));
    assert_eq!(sent.keys().collect::<Vec<_>>(), written.keys().collect::<Vec<_>>());
    for (id, span) in &sent {
        assert_eq!(*span, written[id]);
    }
}

#[test]
fn trace_file_needs_no_collector_and_has_both_jobs_in_one_tree() {
    let env = TestEnv::in_folder();
    raw::write(&env);
    let file = env.scratch_path("trace.jsonl");
    // The file begins with an older trace, which `processor trace` does not show.
    env.processor().env("CITYFLOW_TRACE_FILE", &file).arg(raw::DAY_BEFORE).succeed();
    let done = env.processor().env("CITYFLOW_TRACE_FILE", &file).arg(raw::DAY).succeed();
    env.reporter().env("CITYFLOW_TRACE_FILE", &file).arg(raw::DAY).succeed();
    let trace = Trace::read(&std::fs::read_to_string(&file).unwrap());
    trace.assert_complete(&["process", "process"]);
    let report = trace.single_span("report");
    let process = trace.span(&report.parent).unwrap();
    assert_eq!((process.name.as_str(), process.text("day")), ("process", raw::DAY));
    assert_eq!(done.events.last().unwrap()["trace_id"], process.trace.as_str());
    for argument in [true, false] {
        let job = env.program("processor").arg("trace");
        let job = if argument { job.arg(&file) } else { job.env("CITYFLOW_TRACE_FILE", &file) };
        let shown = job.run().expect_exit(0).stdout;
        assert!(shown.contains("process") && shown.contains("report"), "{shown}");
        assert!(shown.contains(raw::DAY) && !shown.contains(raw::DAY_BEFORE), "not only the last trace\n{shown}");
    }
}

#[test]
fn unwritable_trace_file_is_a_warning() {
    let env = TestEnv::in_folder();
    raw::write(&env);
    // Root ignores permissions; a file instead of the folder fails for every user.
    let file = env.scratch_path("file");
    std::fs::write(&file, "").unwrap();
    let below = file.join("trace.jsonl");
    for job in [env.processor(), env.reporter()] {
        let done = job.arg("--trace-file").arg(&below).arg(raw::DAY).succeed();
        let named = |event: &serde_json::Value| event.to_string().contains(below.to_str().unwrap());
        let warnings = done.events.iter().filter(|event| event["level"] == "warn" && named(event));
        assert_eq!(warnings.count(), 1, "{}", done.transcript());
    }
}

#[test]
fn missing_or_invalid_trace_file_is_an_error() {
    let env = TestEnv::in_folder();
    let no_trace = env.scratch_path("text");
    std::fs::write(&no_trace, "not a trace\n").unwrap();
    for path in [env.scratch_path("nothing"), no_trace] {
        let done = env.program("processor").arg("trace").arg(&path).run();
        assert!([2, 65, 66].contains(&done.code), "{}", done.transcript());
        assert!(done.termination_message.contains(path.to_str().unwrap()), "{}", done.transcript());
    }
}
