//! `--trace-file`: the same spans in a file, and `processor trace` which shows it.

use std::collections::BTreeMap;

use acceptance::collector::{Collector, Protocol};
use acceptance::telemetry::{Span, Trace};
use acceptance::{World, raw};

use super::telling;

#[test]
fn the_file_has_the_spans_that_the_collector_got() {
    let world = World::faulty();
    raw::write(&world);
    let Some(collector) = Collector::find() else { return };
    let file = world.scratch("trace.jsonl");
    let variables = collector.variables(Protocol::Grpc);
    telling(world.processor(), &variables).env("CITYFLOW_TRACE_FILE", &file).arg(raw::DAY).succeed();
    telling(world.reporter(), &variables).arg("--trace-file").arg(&file).arg(raw::DAY).succeed();
    let written = Trace::read(&std::fs::read_to_string(&file).unwrap());
    written.is_whole(&["process"]);
    let by_id =
        |trace: Trace| trace.spans.into_iter().map(|span| (span.id.clone(), span)).collect::<BTreeMap<String, Span>>();
    let (sent, written) = (by_id(collector.received().trace), by_id(written));
    assert_eq!(sent.keys().collect::<Vec<_>>(), written.keys().collect::<Vec<_>>());
    for (id, span) in &sent {
        assert_eq!(*span, written[id]);
    }
}

#[test]
fn it_needs_no_collector_and_both_jobs_are_in_one_tree() {
    let world = World::folder();
    raw::write(&world);
    let file = world.scratch("trace.jsonl");
    // An older night comes first in the file, and is not what is asked for.
    world.processor().env("CITYFLOW_TRACE_FILE", &file).arg(raw::DAY_BEFORE).succeed();
    let done = world.processor().env("CITYFLOW_TRACE_FILE", &file).arg(raw::DAY).succeed();
    world.reporter().env("CITYFLOW_TRACE_FILE", &file).arg(raw::DAY).succeed();
    let trace = Trace::read(&std::fs::read_to_string(&file).unwrap());
    trace.is_whole(&["process", "process"]);
    let report = trace.only("report");
    let process = trace.span(&report.parent).unwrap();
    assert_eq!((process.name.as_str(), process.text("day")), ("process", raw::DAY));
    assert_eq!(done.events.last().unwrap()["trace_id"], process.trace.as_str());
    for argument in [true, false] {
        let job = world.bare("processor").arg("trace");
        let job = if argument { job.arg(&file) } else { job.env("CITYFLOW_TRACE_FILE", &file) };
        let shown = job.run().expect(0).stdout;
        assert!(shown.contains("process") && shown.contains("report"), "{shown}");
        assert!(shown.contains(raw::DAY) && !shown.contains(raw::DAY_BEFORE), "the last trace alone\n{shown}");
    }
}

#[test]
fn one_that_cannot_be_written_is_a_warning() {
    let world = World::folder();
    raw::write(&world);
    // A file in the place of a folder stops root, too.
    let file = world.scratch("file");
    std::fs::write(&file, "").unwrap();
    let below = file.join("trace.jsonl");
    for job in [world.processor(), world.reporter()] {
        let done = job.arg("--trace-file").arg(&below).arg(raw::DAY).succeed();
        let named = |event: &serde_json::Value| event.to_string().contains(below.to_str().unwrap());
        let told = done.events.iter().filter(|event| event["level"] == "warn" && named(event));
        assert_eq!(told.count(), 1, "{}", done.all());
    }
}

#[test]
fn a_file_that_is_not_there_or_is_none_is_told() {
    let world = World::folder();
    let no_trace = world.scratch("text");
    std::fs::write(&no_trace, "not a trace\n").unwrap();
    for path in [world.scratch("nothing"), no_trace] {
        let done = world.bare("processor").arg("trace").arg(&path).run();
        assert!([2, 65, 66].contains(&done.code), "{}", done.all());
        assert!(done.words.contains(path.to_str().unwrap()), "{}", done.all());
    }
}
