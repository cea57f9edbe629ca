//! Each line of the log leads to its span, and the last one tells the run.

use acceptance::collector::{Collector, Protocol};
use acceptance::telemetry::Trace;
use acceptance::world::everywhere;
use acceptance::{Outcome, World, raw};
use serde_json::Value;

use super::{CITY_DAY, city, telling};

/// Each line has a time, a level, a message and the ids of a span that was exported; the last one the figures of the root.
fn lead_to_spans(done: &Outcome, trace: &Trace, root: &str) {
    let root = trace.only(root);
    assert!(done.events.len() > 2, "{}", done.all());
    for event in &done.events {
        let text = |name: &str| event[name].as_str().unwrap_or_default();
        assert!(text("time").parse::<chrono::DateTime<chrono::Utc>>().is_ok(), "{event}");
        assert!(["debug", "info", "warn", "error"].contains(&text("level")), "{event}");
        assert!(!text("message").is_empty(), "{event}");
        assert_eq!(text("trace_id"), root.trace, "{event}");
        let span = trace.span(text("span_id")).unwrap_or_else(|| panic!("no span of {event}\n{}", done.all()));
        assert_eq!(span.resource, root.resource, "{event} in {}", span.name);
        // What the span is about, the line is about, unless it says otherwise itself.
        for name in ["day", "source"] {
            if let Some(known) = span.attributes.get(name).filter(|_| span.id != root.id) {
                assert_eq!(event[name], *known, "{name} in {}: {event}", span.name);
            }
        }
    }
    // Why a run failed comes last, and before it what it came to.
    let last = &done.events[done.events.len() - if done.code == 0 { 1 } else { 2 }];
    assert_eq!((&last["message"], &last["span_id"]), (&"run ended".into(), &root.id.as_str().into()), "{}", done.all());
    assert!(last["seconds"].is_number(), "{last}");
    for (name, value) in &root.attributes {
        assert_eq!(last[name], *value, "{name} of {last}");
    }
}

#[test]
fn of_a_day_that_is_done() {
    everywhere(|world| {
        city(world);
        let Some(collector) = Collector::find() else { return };
        let variables = collector.variables(Protocol::Grpc);
        let processed = telling(world.processor(), &variables).arg(CITY_DAY).succeed();
        let reported = telling(world.reporter(), &variables).arg(CITY_DAY).succeed();
        let trace = collector.received().trace;
        lead_to_spans(&processed, &trace, "process");
        lead_to_spans(&reported, &trace, "report");
        let about = |outcome: &Outcome, message: &str, name: &str| {
            let told = outcome.events.iter().filter(|event| event["message"] == message);
            let values: Vec<_> = told.map(|event| event[name].as_str().unwrap_or_default().to_owned()).collect();
            assert!(!values.is_empty() && values.iter().all(|value| !value.is_empty()), "{message}: {}", outcome.all());
            values
        };
        assert_eq!(about(&processed, "document", "source").len(), 7);
        assert_eq!(about(&processed, "day done", "day"), [CITY_DAY]);
        // The same thing has the same name in a span and in a line.
        let day = trace.named("day").find(|span| span.attributes.contains_key("completeness")).unwrap();
        let line = processed.events.iter().find(|event| event["message"] == "day done").unwrap();
        for name in ["status", "completeness", "changed"] {
            assert_eq!(line[name], day.attributes[name], "{name} of {line}");
        }
        for (done, root) in [(&processed, "process"), (&reported, "report")] {
            let origin = &trace.only(root).attributes["day.origin"];
            let said = done.events.iter().filter(|event| event["day.origin"] == *origin).count();
            assert_eq!(said, 2, "the first line and the last: {}", done.all());
        }
        assert_eq!(about(&reported, "written", "day"), [CITY_DAY; 3]);
    });
}

#[test]
fn of_a_run_that_failed() {
    let world = World::folder();
    raw::write(&world);
    world.put_raw(raw::COUNTS, "not what it was");
    let Some(collector) = Collector::find() else { return };
    let done = telling(world.processor(), &collector.variables(Protocol::Grpc)).arg(raw::DAY).run().expect(65);
    lead_to_spans(&done, &collector.received().trace, "process");
    done.fails(65, &[raw::COUNTS]);
}

#[test]
fn of_a_run_that_tells_nobody_have_no_ids() {
    let world = World::folder();
    raw::write(&world);
    for job in [world.processor(), world.reporter()] {
        let done = job.arg(raw::DAY).succeed();
        let ids = ["trace_id", "span_id"];
        let with: Vec<_> = done.events.iter().filter(|event| ids.iter().any(|id| event[*id] != Value::Null)).collect();
        assert!(with.is_empty(), "{with:?}");
        let last = done.events.last().unwrap();
        assert_eq!((&last["message"], &last["process.exit.code"]), (&"run ended".into(), &0.into()), "{last}");
    }
}

#[test]
fn of_a_library_are_no_part_of_the_trace() {
    let world = World::faulty();
    raw::write(&world);
    let Some(collector) = Collector::find() else { return };
    let job = telling(world.processor(), &collector.variables(Protocol::Grpc));
    let done = job.env("RUST_LOG", "trace").arg(raw::DAY).succeed();
    assert!(done.events.len() > 200, "it says all it can: {}", done.events.len());
    let told = collector.received();
    told.trace.is_whole(&["process"]);
    let calls = told.trace.spans.iter().filter(|span| span.name.starts_with("S3.")).count();
    assert!(calls > 10, "{}", told.trace);
    let read = told.trace.named("read").find(|read| read.text("source") == "bikes").unwrap();
    assert_eq!(read.number("s3.requests"), Some(1), "{read:?}");
}

#[test]
fn of_a_report_that_waits_say_for_which_day() {
    let world = World::faulty();
    world.put("processed/metrics/README.txt", "nothing here yet");
    // Nobody looks at a text that is no document.
    let done = world.reporter().args(["--wait", "1s", raw::DAY]).start().wait_unchecked().expect(75);
    assert!(done.events.iter().any(|event| event["message"] == "waiting for the metrics"), "{}", done.all());
    assert!(done.events.iter().all(|event| event["day"] == raw::DAY), "{}", done.all());
}
