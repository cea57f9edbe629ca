//! Every way to end a run: all spans are sent and ended, and the root span has the exit code and the error.

use std::time::Duration;

use acceptance::collector::{Collector, Protocol};
use acceptance::s3server::InjectedFault;
use acceptance::telemetry::{Span, SpanKind, SpanStatus, Telemetry};
use acceptance::{TestCommand, TestEnv, raw};

/// A collector for one run, and the protocol to reach it.
struct Recorder {
    collector: Collector,
    protocol: Protocol,
}

impl Recorder {
    fn new(protocol: Protocol) -> Option<Self> {
        Some(Self { collector: Collector::start()?, protocol })
    }

    /// Makes a program send its telemetry to the collector.
    fn job<'a>(&self, job: TestCommand<'a>) -> TestCommand<'a> {
        job.envs(&self.collector.variables(self.protocol))
    }

    /// The telemetry of the one run; asserts its root span, exit code and error type.
    fn finish(self, root: &str, code: i64, kind: &str) -> Telemetry {
        let telemetry = self.collector.received();
        telemetry.trace.assert_complete(&[root]);
        let found = telemetry.trace.single_span(root);
        assert_eq!((found.number("process.exit.code"), found.text("error.type")), (Some(code), kind), "{found:?}");
        if kind.is_empty() {
            assert_ne!(found.status, SpanStatus::Error, "{found:?}");
        } else {
            assert_failed(found, kind);
        }
        // Only failures that need attention count: not a run that is retried later or was stopped.
        let job = if root == "process" { "processor" } else { "reporter" };
        let counted = telemetry.value("cityflow.errors", &[("job", job), ("error.type", kind)]).unwrap_or(0.0);
        assert_eq!(
            counted >= 1.0,
            ![0, 69, 75, 143].contains(&code),
            "{counted} errors {kind}: {:?}",
            telemetry.metrics
        );
        telemetry
    }
}

/// The program with this root span.
fn program<'a>(env: &'a TestEnv, root: &str) -> TestCommand<'a> {
    if root == "process" { env.processor() } else { env.reporter() }
}

/// Asserts that a span has failed, with an error type, a message and an exception event.
fn assert_failed(span: &Span, kind: &str) {
    assert_eq!((span.status, span.text("error.type")), (SpanStatus::Error, kind), "{span:?}");
    assert!(!span.message.is_empty(), "{span:?}");
    let exception = span.events.iter().find(|event| event.name == "exception").unwrap_or_else(|| panic!("{span:?}"));
    for name in ["exception.type", "exception.message"] {
        assert!(exception.attributes.get(name).is_some_and(|value| value != ""), "{name} of {exception:?}");
    }
    assert_eq!(exception.attributes["exception.type"], kind);
}

#[test]
fn successful_run_ends_without_an_error() {
    let env = TestEnv::in_folder();
    raw::write(&env);
    for (root, protocol) in [("process", Protocol::Grpc), ("report", Protocol::Protobuf)] {
        let Some(recorder) = Recorder::new(protocol) else { return };
        let job = program(&env, root);
        recorder.job(job).arg(raw::DAY).succeed();
        // The parent of the report was sent to the first collector.
        let telemetry = recorder.finish(root, 0, "");
        assert!(telemetry.trace.spans.iter().all(|span| !span.attributes.contains_key("interrupted")));
    }
}

#[test]
fn usage_error_ends_the_root_span_with_code_2() {
    let env = TestEnv::in_folder();
    raw::write(&env);
    for (root, wrong) in
        [("process", &["--required", "rivers"]), ("report", &["--lang", "la"]), ("report", &["--no-such", "flag"])]
    {
        let Some(recorder) = Recorder::new(Protocol::Grpc) else { return };
        let job = program(&env, root);
        assert_eq!(recorder.job(job).args(wrong).arg(raw::DAY).run().code, 2);
        recorder.finish(root, 2, "WrongSettings");
    }
}

#[test]
fn missing_bucket_ends_the_root_span_with_code_2() {
    let env = TestEnv::on_test_server();
    raw::write(&env);
    let Some(recorder) = Recorder::new(Protocol::Grpc) else { return };
    let out = env.address("processed");
    let job = env.program("processor").args(["--raw", "s3://cityflow-no-such-bucket", "--out", &out, raw::DAY]);
    assert_eq!(recorder.job(job).run().code, 2);
    let telemetry = recorder.finish("process", 2, "WrongSettings");
    let mut calls = telemetry.trace.spans.iter().filter(|span| span.name.starts_with("S3."));
    let call = calls.find(|call| call.number("http.response.status_code") == Some(404));
    assert_failed(call.unwrap_or_else(|| panic!("{}", telemetry.trace)), "NoSuchBucket");
}

#[test]
fn forbidden_read_ends_the_root_span_with_code_2() {
    let env = TestEnv::on_test_server();
    raw::write(&env);
    env.server().inject("GET", raw::ROAD_COUNTS, usize::MAX, InjectedFault::Forbidden);
    let Some(recorder) = Recorder::new(Protocol::Protobuf) else { return };
    assert_eq!(recorder.job(env.processor()).arg(raw::DAY).run().code, 2);
    let telemetry = recorder.finish("process", 2, "WrongSettings");
    // The forbidden request is a range of an object, which has no span; the read span has the error.
    let wrong: Vec<_> = telemetry.trace.spans.iter().filter(|span| span.status == SpanStatus::Error).collect();
    let read = wrong.iter().find(|span| span.name == "read" && span.text("key") == raw::ROAD_COUNTS);
    let read = read.unwrap_or_else(|| panic!("{:#?}", telemetry.trace.spans));
    assert!(!read.text("error.type").is_empty(), "{read:?}");
}

#[test]
fn forbidden_write_ends_the_root_span_with_code_2() {
    let env = TestEnv::on_test_server();
    raw::write(&env);
    env.server().inject("PUT", "/objets/", usize::MAX, InjectedFault::Forbidden);
    let Some(recorder) = Recorder::new(Protocol::Protobuf) else { return };
    assert_eq!(recorder.job(env.processor()).arg(raw::DAY).run().code, 2);
    let telemetry = recorder.finish("process", 2, "WrongSettings");
    let refused = telemetry.trace.spans.iter().find(|span| span.number("http.response.status_code") == Some(403));
    let refused = refused.unwrap_or_else(|| panic!("{}", telemetry.trace));
    assert_eq!((refused.status, refused.kind), (SpanStatus::Error, SpanKind::Client), "{refused:?}");
    assert_failed(refused, "AccessDenied");
}

#[test]
fn unreadable_required_source_ends_the_root_span_with_code_65() {
    let env = TestEnv::in_folder();
    raw::write(&env);
    env.put_raw(raw::ROAD_COUNTS, "unreadable");
    let Some(recorder) = Recorder::new(Protocol::Protobuf) else { return };
    assert_eq!(recorder.job(env.processor()).arg(raw::DAY).run().code, 65);
    let telemetry = recorder.finish("process", 65, "BadData");
    assert_eq!(telemetry.value("cityflow.errors", &[("source", "comptages")]), Some(1.0), "{:?}", telemetry.metrics);
    let source = telemetry.trace.spans_named("source").find(|span| span.text("source") == "comptages");
    let source = source.or_else(|| telemetry.trace.spans_named("source comptages").next()).unwrap();
    assert_eq!(source.status, SpanStatus::Error, "{source:?}");
    assert!(!source.text("error.type").is_empty());
    // The other sources are published.
    assert!(telemetry.trace.spans_named("publish manifest").next().is_some(), "{}", telemetry.trace);
}

#[test]
fn unreadable_optional_source_does_not_fail_the_root_span() {
    let env = TestEnv::in_folder();
    raw::write(&env);
    env.put_raw(raw::WORKSITES, "unreadable");
    let Some(recorder) = Recorder::new(Protocol::Grpc) else { return };
    assert_eq!(recorder.job(env.processor()).arg(raw::DAY).run().code, 0);
    let telemetry = recorder.collector.received();
    telemetry.trace.assert_complete(&["process"]);
    assert_ne!(telemetry.trace.single_span("process").status, SpanStatus::Error);
    let wrong: Vec<_> = telemetry.trace.spans.iter().filter(|span| span.status == SpanStatus::Error).collect();
    assert!(!wrong.is_empty() && wrong.iter().all(|span| span.text("source") == "chantiers"), "{wrong:?}");
    assert_eq!(telemetry.value("cityflow.errors", &[("source", "chantiers")]), Some(1.0), "{:?}", telemetry.metrics);
}

#[test]
fn missing_input_ends_the_root_span_with_code_66() {
    let env = TestEnv::in_folder();
    env.put("raw/README.txt", "nothing here yet");
    let Some(recorder) = Recorder::new(Protocol::Grpc) else { return };
    assert_eq!(recorder.job(env.processor()).arg(raw::DAY).run().code, 66);
    let telemetry = recorder.finish("process", 66, "NoInput");
    assert_eq!(telemetry.value("cityflow.errors", &[("source", "run")]), Some(1.0), "{:?}", telemetry.metrics);
}

#[test]
fn report_without_a_document_ends_the_root_span_with_code_66() {
    let env = TestEnv::in_folder();
    raw::write(&env);
    env.processor().arg(raw::DAY).succeed();
    for key in env.list("processed/metrics/objets/") {
        env.put(&key, "unreadable");
    }
    let Some(recorder) = Recorder::new(Protocol::Grpc) else { return };
    // Unchecked, because the documents are invalid.
    assert_eq!(recorder.job(env.reporter()).arg(raw::DAY).start().wait_unchecked().code, 66);
    let telemetry = recorder.finish("report", 66, "NoInput");
    assert_eq!(telemetry.value("cityflow.metrics.load_errors", &[]), Some(7.0), "{:?}", telemetry.metrics);
    let loads: Vec<_> = telemetry.trace.spans_named("load").collect();
    assert!(loads.len() == 7 && loads.iter().all(|load| load.status == SpanStatus::Error), "{loads:?}");
}

#[test]
fn unreachable_store_ends_the_root_span_with_code_69() {
    let env = TestEnv::on_test_server();
    raw::write(&env);
    let unused = acceptance::collector::fault::CollectorFault::NotListening.start(Protocol::Protobuf);
    for root in ["process", "report"] {
        let Some(recorder) = Recorder::new(Protocol::Grpc) else { return };
        let job = program(&env, root);
        let job = job.env("AWS_ENDPOINT_URL", &unused).env("AWS_MAX_ATTEMPTS", "2");
        assert_eq!(recorder.job(job).arg(raw::DAY).run().code, 69);
        let telemetry = recorder.finish(root, 69, "StoreUnavailable");
        let call = telemetry.trace.spans.iter().find(|span| span.name.starts_with("S3.")).unwrap();
        assert_eq!(call.number("http.request.resend_count"), Some(1), "{call:?}");
        assert!(
            telemetry.value("cityflow.s3.retries", &[]).is_some_and(|retries| retries >= 1.0),
            "{:?}",
            telemetry.metrics
        );
    }
}

#[test]
fn missing_manifest_ends_the_root_span_with_code_75() {
    let env = TestEnv::in_folder();
    std::fs::create_dir_all(env.path("processed/metrics")).unwrap();
    let Some(recorder) = Recorder::new(Protocol::Grpc) else { return };
    assert_eq!(recorder.job(env.reporter()).arg(raw::DAY).run().code, 75);
    let telemetry = recorder.finish("report", 75, "TryAgainLater");
    // Polling for the manifest creates no day span.
    assert!(telemetry.trace.spans_named("day").next().is_none(), "{}", telemetry.trace);
}

#[test]
fn input_replaced_during_read_ends_the_root_span_with_code_75() {
    let env = TestEnv::on_test_server();
    raw::write(&env);
    for flow in ["111.0", "112.0"] {
        let changed = raw::road_counts(raw::DAY).replace(";110.0;", &format!(";{flow};"));
        env.server().inject("GET", raw::ROAD_COUNTS, 1, InjectedFault::ReplaceBefore(changed.into()));
    }
    let Some(recorder) = Recorder::new(Protocol::Protobuf) else { return };
    assert_eq!(recorder.job(env.processor()).arg(raw::DAY).run().code, 75);
    recorder.finish("process", 75, "TryAgainLater");
}

#[test]
fn sigterm_ends_the_open_spans_as_interrupted() {
    for protocol in Protocol::ALL {
        let env = TestEnv::on_test_server();
        raw::write(&env);
        let Some(recorder) = Recorder::new(protocol) else { return };
        env.server().clear_requests();
        let requested = env.server().expect_request("GET", raw::ROAD_COUNTS);
        env.server().inject("GET", raw::ROAD_COUNTS, usize::MAX, InjectedFault::Delay(Duration::from_secs(600)));
        let run = recorder.job(env.processor()).arg(raw::DAY).start();
        requested.recv_timeout(Duration::from_secs(60)).expect("a request for the road counts");
        let received = env.server().requests().len();
        run.terminate();
        let _ = run.wait().expect_exit(143);
        let telemetry = recorder.finish("process", 143, "Stopped");
        let open: Vec<_> =
            telemetry.trace.spans.iter().filter(|span| span.attributes.contains_key("interrupted")).collect();
        assert!(open.iter().all(|span| span.attributes["interrupted"] == true), "{open:?}");
        let mut names: Vec<_> = open.iter().map(|span| span.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert!(["read", "source comptages"].iter().all(|name| names.contains(name)), "{names:?}");
        // Cancelled requests count.
        let counted: f64 = ["requests", "retries"]
            .map(|of| telemetry.value(&format!("cityflow.s3.{of}"), &[]).unwrap_or(0.0))
            .iter()
            .sum();
        assert!(counted >= received as f64, "{counted} calls, of {received}");
    }
}

#[test]
fn sigterm_during_wait_ends_the_open_spans_as_interrupted() {
    let env = TestEnv::on_test_server();
    env.put("processed/metrics/README.txt", "nothing here yet");
    let Some(recorder) = Recorder::new(Protocol::Grpc) else { return };
    let next_poll = || env.server().expect_request("GET", "manifest_2025-11-04");
    let mut polled = next_poll();
    let run = recorder.job(env.reporter()).args(["--wait", "5m", raw::DAY]).start();
    // The first two requests, for the trace and for the day, come in immediate succession; the third is a poll.
    for _ in 0..3 {
        polled.recv_timeout(Duration::from_secs(60)).expect("a request for the manifest");
        polled = next_poll();
    }
    run.terminate();
    // Unchecked, because README.txt is not a document.
    let _ = run.wait_unchecked().expect_exit(143);
    let telemetry = recorder.finish("report", 143, "Stopped");
    assert_eq!(telemetry.trace.single_span("wait").attributes["interrupted"], true, "{}", telemetry.trace);
}

#[test]
fn panic_ends_the_root_span_with_code_70() {
    let env = TestEnv::in_folder();
    raw::write(&env);
    env.processor().arg(raw::DAY).succeed();
    for (root, at) in [("process", "aggregate"), ("process", "day"), ("report", "compose")] {
        let Some(recorder) = Recorder::new(Protocol::Grpc) else { return };
        let job = program(&env, root);
        // Panics inside the span of this name.
        let outcome = recorder.job(job).env("CITYFLOW_PANIC", at).args(["--force", raw::DAY]).run();
        assert_eq!(outcome.code, 70, "{}", outcome.transcript());
        let telemetry = recorder.finish(root, 70, "Bug");
        if at == "aggregate" {
            // The figures until the panic are recorded.
            let source = telemetry.trace.single_span("source comptages");
            assert!(source.number("objects").is_some() && source.attributes.contains_key("interrupted"), "{source:?}");
            assert!(
                telemetry.trace.single_span(root).number("rows").is_some(),
                "{:?}",
                telemetry.trace.single_span(root)
            );
        }
        assert!(
            telemetry.trace.spans_named(at).any(|span| span.attributes.get("interrupted") == Some(&true.into())),
            "{}",
            telemetry.trace
        );
    }
}
