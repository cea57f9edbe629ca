//! The size of a trace is bounded for any number of days and objects, and the root span counts the omitted spans.

use std::collections::BTreeMap;

use acceptance::collector::{Collector, Protocol};
use acceptance::environment::for_each_store;
use acceptance::telemetry::{Telemetry, Trace};
use acceptance::{TestEnv, raw};

/// Limit for the spans of one run.
const MAX_SPANS: usize = 500;
/// X-Ray rejects larger traces, bytes.
const MAX_BYTES: usize = 500_000;

/// Simulates two months of a small city.
fn simulate_two_months(env: &TestEnv) {
    let size = ["--arcs", "3", "--counters", "2", "--worksites", "2", "--disruptions", "1"];
    env.simulator().args(size).args(["--from", "2025-09-01", "--to", "2025-10-30", "--quiet"]).succeed();
}

/// Asserts that the trace is complete, within its limit, and counts its omitted spans.
fn assert_bounded(telemetry: &Telemetry, root: &str) {
    telemetry.trace.assert_complete(&[root]);
    let found = telemetry.trace.single_span(root);
    let spans = telemetry.trace.spans.len();
    let bytes: usize = telemetry.trace.spans.iter().map(|span| format!("{span:?}").len()).sum();
    println!("{spans} spans, about {bytes} bytes, {:?}", found.number("spans.left_out"));
    assert!(spans <= MAX_SPANS, "{spans} spans\n{}", telemetry.trace);
    assert!(found.number("spans.left_out").is_some_and(|left| left > 0), "{found:?}");
    assert!(by_name(&telemetry.trace).contains_key("day"), "{}", telemetry.trace);
}

fn by_name(trace: &Trace) -> BTreeMap<&str, usize> {
    trace.spans.iter().fold(BTreeMap::new(), |mut names, span| {
        *names.entry(span.name.as_str()).or_default() += 1;
        names
    })
}

#[test]
fn trace_of_two_months_is_bounded() {
    for_each_store(|env| {
        simulate_two_months(env);
        let Some(collector) = Collector::start() else { return };
        let file = env.scratch_path("trace.jsonl");
        let job = env.processor().envs(&collector.variables(Protocol::Grpc));
        job.env("CITYFLOW_TRACE_FILE", &file).arg("all").succeed();
        let telemetry = collector.received();
        assert_bounded(&telemetry, "process");
        let sources = telemetry.trace.spans.iter().filter(|span| span.name.starts_with("source ")).count();
        assert_eq!(sources, 6, "{:?}", by_name(&telemetry.trace));
        assert!(telemetry.trace.spans_named("list").next().is_some());
        // JSON is larger than the format of X-Ray.
        let size = std::fs::metadata(&file).unwrap().len();
        assert!(size < 2 * MAX_BYTES as u64, "{size} bytes as JSON");
        // The metrics include omitted spans.
        let days = telemetry.value("cityflow.days.published", &[]).unwrap();
        assert!(days >= 60.0, "{days} days");
        let process = telemetry.trace.single_span("process");
        assert_eq!(process.number("documents"), Some(7 * days as i64));

        let Some(collector) = Collector::start() else { return };
        env.reporter().envs(&collector.variables(Protocol::Protobuf)).arg("all").succeed();
        let telemetry = collector.received();
        // The parent of the report was sent to the first collector.
        assert_bounded(&telemetry, "report");
    });
}

#[test]
fn trace_of_a_day_with_many_snapshots_is_bounded() {
    let env = TestEnv::on_test_server();
    raw::write(&env);
    for hour in 0..24 {
        for part in 0..16 {
            let key = format!("api/bikes/dt=2025-11-05/hour={hour:02}/part-{part:02}.json");
            env.put_raw(&key, raw::bike_counts(raw::DAY));
        }
    }
    let Some(collector) = Collector::start() else { return };
    env.processor().envs(&collector.variables(Protocol::Grpc)).arg(raw::DAY).succeed();
    let telemetry = collector.received();
    assert_bounded(&telemetry, "process");
    let names = by_name(&telemetry.trace);
    let calls: usize = names.iter().filter(|(name, _)| name.starts_with("S3.")).map(|(_, count)| count).sum();
    assert!(calls > 0 && calls <= 150, "{names:?}");
    // The PUT calls of publishing are not displaced by the reads, and every call is below the span that made it.
    let puts = telemetry
        .trace
        .spans_named("S3.PutObject")
        .map(|call| telemetry.trace.span(&call.parent).unwrap().name.as_str());
    let puts: Vec<_> = puts.filter(|parent| parent.starts_with("publish ")).collect();
    assert!(puts.len() >= 8, "{puts:?}: {names:?}");
    let strays = telemetry.trace.spans_named("S3.GetObject").filter(|call| call.text("aws.s3.key").contains("/api/"));
    let strays: Vec<_> = strays.filter(|call| telemetry.trace.span(&call.parent).unwrap().name != "read").collect();
    assert!(strays.is_empty(), "{} calls whose read span is omitted: {:?}", strays.len(), strays[0]);
    // The many reads of one source leave room for the other sources.
    for source in ["comptages", "bikes", "traffic", "weather", "chantiers", "referentiel"] {
        let read = telemetry.trace.spans_named("read").filter(|span| span.text("source") == source).count();
        assert!((1..=40).contains(&read), "{read} reads of {source}");
    }
    assert!(names.contains_key("publish manifest"), "{names:?}");
    // The counters include omitted spans.
    let bikes = telemetry.trace.single_span("source bikes");
    assert_eq!(bikes.number("objects"), Some(24 * 16 + 1));
    let listed = telemetry.trace.single_span("list");
    assert!(listed.number("objects").is_some_and(|objects| objects > 24 * 16), "{listed:?}");
}

#[test]
fn trace_of_a_small_day_omits_no_span() {
    let env = TestEnv::on_test_server();
    raw::write(&env);
    let Some(collector) = Collector::start() else { return };
    let variables = collector.variables(Protocol::Grpc);
    env.processor().envs(&variables).arg(raw::DAY).succeed();
    env.reporter().envs(&variables).arg(raw::DAY).succeed();
    let telemetry = collector.received().trace;
    for root in ["process", "report"] {
        assert_eq!(
            telemetry.single_span(root).number("spans.left_out").unwrap_or(0),
            0,
            "{:?}",
            telemetry.single_span(root)
        );
    }
}

#[test]
fn trace_of_a_night_that_catches_up_shows_the_scheduled_day() {
    const OWN: &str = "2025-10-30";
    let env = TestEnv::on_test_server();
    let size = ["--arcs", "3", "--counters", "2", "--worksites", "2", "--disruptions", "1"];
    env.simulator().args(size).args(["--from", "2025-10-15", "--to", OWN, "--quiet"]).succeed();
    let Some(collector) = Collector::start() else { return };
    let job = env.processor().envs(&collector.variables(Protocol::Grpc));
    let scheduled: chrono::DateTime<chrono::Utc> = "2025-10-31T00:00:00Z".parse().unwrap();
    let name = format!("process-{}", scheduled.timestamp() / 60);
    job.env("JOB_NAME", name).env("CITYFLOW_NOW", "2025-10-31T00:01:00Z").succeed();
    let telemetry = collector.received();
    assert_bounded(&telemetry, "process");
    let trace = &telemetry.trace;
    assert_eq!(telemetry.value("cityflow.days.published", &[]), Some(15.0), "missed days and the scheduled day");
    let day = trace.spans_named("day").find(|span| span.text("day") == OWN).unwrap_or_else(|| panic!("{trace}"));
    let below =
        |id: &str, name: &str| trace.children(id).into_iter().filter(|span| span.name.starts_with(name)).count();
    assert_eq!(below(&day.id, "indicators "), 7, "{trace}");
    let roads = trace.children(&day.id).into_iter().find(|span| span.name == "indicators comptages").unwrap();
    assert_eq!(below(&roads.id, "indicator "), 5, "{trace}");
    let publish = trace.children(&day.id).into_iter().find(|span| span.name == "publish").unwrap();
    assert_eq!(
        ["publish document", "publish manifest", "publish fixed"].map(|name| below(&publish.id, name)),
        [7, 1, 1]
    );
    let written = trace.children(&publish.id).into_iter().map(|child| below(&child.id, "S3.PutObject")).sum::<usize>();
    assert!(written >= 8, "{written} PUT calls of publishing\n{trace}");
    for source in ["bikes", "traffic", "weather"] {
        let own = |span: &&acceptance::telemetry::Span| span.text("source") == source && span.text("key").contains(OWN);
        assert!(
            trace.spans_named("read").any(|span| own(&span)),
            "no snapshot of {source} of the scheduled day\n{trace}"
        );
    }
    // The age of the input is reported for a night, and not for a rerun of a day long ago.
    assert!(telemetry.value("cityflow.input.age", &[]).is_some());
    let Some(collector) = Collector::start() else { return };
    let job = env.processor().envs(&collector.variables(Protocol::Grpc));
    job.env("CITYFLOW_NOW", "2025-11-20T00:00:00Z").args(["--force", OWN]).succeed();
    assert_eq!(collector.received().value("cityflow.input.age", &[]), None);
}
