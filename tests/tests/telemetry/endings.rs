//! However a run ends, all of its spans are there and ended, and the root says how.

use std::time::Duration;

use acceptance::collector::{Collector, Protocol};
use acceptance::command::RunningProgram;
use acceptance::s3server::InjectedFault;
use acceptance::telemetry::{Span, SpanKind, SpanStatus, Telemetry};
use acceptance::{ProgramOutput, TestCommand, TestEnv, raw};

/// The runs of a test, told to one collector.
struct Told {
    collector: Collector,
    protocol: Protocol,
}

impl Told {
    fn new(protocol: Protocol) -> Option<Self> {
        Some(Self { collector: Collector::start()?, protocol })
    }

    fn job<'a>(&self, job: TestCommand<'a>) -> TestCommand<'a> {
        job.envs(&self.collector.variables(self.protocol))
    }

    /// All of it; the one run that it is of has this root, and ended so.
    fn ended(self, root: &str, code: i64, kind: &str) -> Telemetry {
        let told = self.collector.received();
        told.trace.assert_complete(&[root]);
        let found = told.trace.single_span(root);
        assert_eq!((found.number("process.exit.code"), found.text("error.type")), (Some(code), kind), "{found:?}");
        if kind.is_empty() {
            assert_ne!(found.status, SpanStatus::Error, "{found:?}");
        } else {
            failed(found, kind);
        }
        // What is tried again or was stopped is no error that somebody has to look at.
        let job = if root == "process" { "processor" } else { "reporter" };
        let counted = told.value("cityflow.errors", &[("job", job), ("error.type", kind)]).unwrap_or(0.0);
        assert_eq!(counted >= 1.0, ![0, 69, 75, 143].contains(&code), "{counted} errors {kind}: {:?}", told.metrics);
        told
    }
}

/// A span that failed says so, with what happened.
fn failed(span: &Span, kind: &str) {
    assert_eq!((span.status, span.text("error.type")), (SpanStatus::Error, kind), "{span:?}");
    assert!(!span.message.is_empty(), "{span:?}");
    let exception = span.events.iter().find(|event| event.name == "exception").unwrap_or_else(|| panic!("{span:?}"));
    for name in ["exception.type", "exception.message"] {
        assert!(exception.attributes.get(name).is_some_and(|value| value != ""), "{name} of {exception:?}");
    }
    assert_eq!(exception.attributes["exception.type"], kind);
}

/// Tells a run to stop.
fn stop(run: RunningProgram<'_>) -> ProgramOutput {
    let id = rustix::process::Pid::from_raw(run.id().cast_signed()).unwrap();
    rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
    run.wait().expect_exit(143)
}

#[test]
fn successful_run_ends_without_an_error() {
    let env = TestEnv::in_folder();
    raw::write(&env);
    for (root, protocol) in [("process", Protocol::Grpc), ("report", Protocol::Protobuf)] {
        let Some(told) = Told::new(protocol) else { return };
        let job = if root == "process" { env.processor() } else { env.reporter() };
        told.job(job).arg(raw::DAY).succeed();
        // The report's own parent was sent to another collector.
        let told = told.ended(root, 0, "");
        assert!(told.trace.spans.iter().all(|span| !span.attributes.contains_key("interrupted")));
    }
}

#[test]
fn usage_error_ends_the_root_span_with_code_2() {
    let env = TestEnv::in_folder();
    raw::write(&env);
    for (root, wrong) in
        [("process", &["--required", "rivers"]), ("report", &["--lang", "la"]), ("report", &["--no-such", "flag"])]
    {
        let Some(told) = Told::new(Protocol::Grpc) else { return };
        let job = if root == "process" { env.processor() } else { env.reporter() };
        assert_eq!(told.job(job).args(wrong).arg(raw::DAY).run().code, 2);
        told.ended(root, 2, "WrongSettings");
    }
}

#[test]
fn missing_bucket_ends_the_root_span_with_code_2() {
    let env = TestEnv::on_test_server();
    raw::write(&env);
    let Some(told) = Told::new(Protocol::Grpc) else { return };
    let out = env.address("processed");
    let job = env.program("processor").args(["--raw", "s3://cityflow-no-such-bucket", "--out", &out, raw::DAY]);
    assert_eq!(told.job(job).run().code, 2);
    let told = told.ended("process", 2, "WrongSettings");
    let mut calls = told.trace.spans.iter().filter(|span| span.name.starts_with("S3."));
    let call = calls.find(|call| call.number("http.response.status_code") == Some(404));
    failed(call.unwrap_or_else(|| panic!("{}", told.trace)), "NoSuchBucket");
}

#[test]
fn forbidden_read_ends_the_root_span_with_code_2() {
    let env = TestEnv::on_test_server();
    raw::write(&env);
    env.server().inject("GET", raw::ROAD_COUNTS, usize::MAX, InjectedFault::Forbidden);
    let Some(told) = Told::new(Protocol::Protobuf) else { return };
    assert_eq!(told.job(env.processor()).arg(raw::DAY).run().code, 2);
    let told = told.ended("process", 2, "WrongSettings");
    // What was refused is a range, which is no span of its own: the read that it belongs to says so.
    let wrong: Vec<_> = told.trace.spans.iter().filter(|span| span.status == SpanStatus::Error).collect();
    let read = wrong.iter().find(|span| span.name == "read" && span.text("key") == raw::ROAD_COUNTS);
    let read = read.unwrap_or_else(|| panic!("{:#?}", told.trace.spans));
    assert!(!read.text("error.type").is_empty(), "{read:?}");
}

#[test]
fn forbidden_write_ends_the_root_span_with_code_2() {
    let env = TestEnv::on_test_server();
    raw::write(&env);
    env.server().inject("PUT", "/objets/", usize::MAX, InjectedFault::Forbidden);
    let Some(told) = Told::new(Protocol::Protobuf) else { return };
    assert_eq!(told.job(env.processor()).arg(raw::DAY).run().code, 2);
    let told = told.ended("process", 2, "WrongSettings");
    let refused = told.trace.spans.iter().find(|span| span.number("http.response.status_code") == Some(403));
    let refused = refused.unwrap_or_else(|| panic!("{}", told.trace));
    assert_eq!((refused.status, refused.kind), (SpanStatus::Error, SpanKind::Client), "{refused:?}");
    failed(refused, "AccessDenied");
}

#[test]
fn unreadable_required_source_ends_the_root_span_with_code_65() {
    let env = TestEnv::in_folder();
    raw::write(&env);
    env.put_raw(raw::ROAD_COUNTS, "not what it was");
    let Some(told) = Told::new(Protocol::Protobuf) else { return };
    assert_eq!(told.job(env.processor()).arg(raw::DAY).run().code, 65);
    let told = told.ended("process", 65, "BadData");
    assert_eq!(told.value("cityflow.errors", &[("source", "comptages")]), Some(1.0), "{:?}", told.metrics);
    let source = told.trace.spans_named("source").find(|span| span.text("source") == "comptages");
    let source = source.or_else(|| told.trace.spans_named("source comptages").next()).unwrap();
    assert_eq!(source.status, SpanStatus::Error, "{source:?}");
    assert!(!source.text("error.type").is_empty());
    // What could be published was.
    assert!(told.trace.spans_named("publish manifest").next().is_some(), "{}", told.trace);
}

#[test]
fn unreadable_optional_source_does_not_fail_the_root_span() {
    let env = TestEnv::in_folder();
    raw::write(&env);
    env.put_raw(raw::WORKSITES, "not what it was");
    let Some(told) = Told::new(Protocol::Grpc) else { return };
    assert_eq!(told.job(env.processor()).arg(raw::DAY).run().code, 0);
    let told = told.collector.received();
    told.trace.assert_complete(&["process"]);
    assert_ne!(told.trace.single_span("process").status, SpanStatus::Error);
    let wrong: Vec<_> = told.trace.spans.iter().filter(|span| span.status == SpanStatus::Error).collect();
    assert!(!wrong.is_empty() && wrong.iter().all(|span| span.text("source") == "chantiers"), "{wrong:?}");
    assert_eq!(told.value("cityflow.errors", &[("source", "chantiers")]), Some(1.0), "{:?}", told.metrics);
}

#[test]
fn missing_input_ends_the_root_span_with_code_66() {
    let env = TestEnv::in_folder();
    env.put("raw/README.txt", "nothing here yet");
    let Some(told) = Told::new(Protocol::Grpc) else { return };
    assert_eq!(told.job(env.processor()).arg(raw::DAY).run().code, 66);
    let told = told.ended("process", 66, "NoInput");
    assert_eq!(told.value("cityflow.errors", &[("source", "run")]), Some(1.0), "{:?}", told.metrics);
}

#[test]
fn report_without_a_document_ends_the_root_span_with_code_66() {
    let env = TestEnv::in_folder();
    raw::write(&env);
    env.processor().arg(raw::DAY).succeed();
    for key in env.list("processed/metrics/objets/") {
        env.put(&key, "not what it was");
    }
    let Some(told) = Told::new(Protocol::Grpc) else { return };
    // The documents are spoilt on purpose, so nobody looks at them.
    assert_eq!(told.job(env.reporter()).arg(raw::DAY).start().wait_unchecked().code, 66);
    let told = told.ended("report", 66, "NoInput");
    assert_eq!(told.value("cityflow.metrics.load_errors", &[]), Some(7.0), "{:?}", told.metrics);
    let loads: Vec<_> = told.trace.spans_named("load").collect();
    assert!(loads.len() == 7 && loads.iter().all(|load| load.status == SpanStatus::Error), "{loads:?}");
}

#[test]
fn unreachable_store_ends_the_root_span_with_code_69() {
    let env = TestEnv::on_test_server();
    raw::write(&env);
    let nobody = acceptance::collector::fault::CollectorFault::NotListening.start(Protocol::Protobuf);
    for root in ["process", "report"] {
        let Some(told) = Told::new(Protocol::Grpc) else { return };
        let job = if root == "process" { env.processor() } else { env.reporter() };
        let job = job.env("AWS_ENDPOINT_URL", &nobody).env("AWS_MAX_ATTEMPTS", "2");
        assert_eq!(told.job(job).arg(raw::DAY).run().code, 69);
        let told = told.ended(root, 69, "StoreUnavailable");
        let call = told.trace.spans.iter().find(|span| span.name.starts_with("S3.")).unwrap();
        assert_eq!(call.number("http.request.resend_count"), Some(1), "{call:?}");
        assert!(told.value("cityflow.s3.retries", &[]).is_some_and(|retries| retries >= 1.0), "{:?}", told.metrics);
    }
}

#[test]
fn missing_manifest_ends_the_root_span_with_code_75() {
    let env = TestEnv::in_folder();
    std::fs::create_dir_all(env.path("processed/metrics")).unwrap();
    let Some(told) = Told::new(Protocol::Grpc) else { return };
    assert_eq!(told.job(env.reporter()).arg(raw::DAY).run().code, 75);
    let told = told.ended("report", 75, "TryAgainLater");
    // However often a run that waits looks for them.
    assert!(told.trace.spans_named("day").next().is_none(), "{}", told.trace);
}

#[test]
fn input_replaced_during_read_ends_the_root_span_with_code_75() {
    let env = TestEnv::on_test_server();
    raw::write(&env);
    for flow in ["111.0", "112.0"] {
        let changed = raw::road_counts(raw::DAY).replace(";110.0;", &format!(";{flow};"));
        env.server().inject("GET", raw::ROAD_COUNTS, 1, InjectedFault::ReplaceBefore(changed.into()));
    }
    let Some(told) = Told::new(Protocol::Protobuf) else { return };
    assert_eq!(told.job(env.processor()).arg(raw::DAY).run().code, 75);
    told.ended("process", 75, "TryAgainLater");
}

#[test]
fn sigterm_ends_the_open_spans_as_interrupted() {
    for protocol in Protocol::ALL {
        let env = TestEnv::on_test_server();
        raw::write(&env);
        let Some(told) = Told::new(protocol) else { return };
        env.server().clear_requests();
        let asked = env.server().expect_request("GET", raw::ROAD_COUNTS);
        env.server().inject("GET", raw::ROAD_COUNTS, usize::MAX, InjectedFault::Delay(Duration::from_secs(600)));
        let run = told.job(env.processor()).arg(raw::DAY).start();
        asked.recv_timeout(Duration::from_secs(60)).expect("it reads the road counts");
        let received = env.server().requests().len();
        stop(run);
        let told = told.ended("process", 143, "Stopped");
        let open: Vec<_> = told.trace.spans.iter().filter(|span| span.attributes.contains_key("interrupted")).collect();
        assert!(open.iter().all(|span| span.attributes["interrupted"] == true), "{open:?}");
        let mut names: Vec<_> = open.iter().map(|span| span.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert!(["read", "source comptages"].iter().all(|name| names.contains(name)), "{names:?}");
        // Those that were given up too.
        let counted: f64 =
            ["requests", "retries"].map(|of| told.value(&format!("cityflow.s3.{of}"), &[]).unwrap_or(0.0)).iter().sum();
        assert!(counted >= received as f64, "{counted} calls, of {received}");
    }
}

#[test]
fn sigterm_during_wait_ends_the_open_spans_as_interrupted() {
    let env = TestEnv::on_test_server();
    env.put("processed/metrics/README.txt", "nothing here yet");
    let Some(told) = Told::new(Protocol::Grpc) else { return };
    let look = || env.server().expect_request("GET", "manifest_2025-11-04");
    let mut asked = look();
    let run = told.job(env.reporter()).args(["--wait", "5m", raw::DAY]).start();
    // The first two looks, for its trace and for its day, are one after the other.
    for _ in 0..3 {
        asked.recv_timeout(Duration::from_secs(60)).expect("it looks for the manifest");
        asked = look();
    }
    // Nobody looks at a text that is no document.
    let id = rustix::process::Pid::from_raw(run.id().cast_signed()).unwrap();
    rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
    let _ = run.wait_unchecked().expect_exit(143);
    let told = told.ended("report", 143, "Stopped");
    assert_eq!(told.trace.single_span("wait").attributes["interrupted"], true, "{}", told.trace);
}

#[test]
fn panic_ends_the_root_span_with_code_70() {
    let env = TestEnv::in_folder();
    raw::write(&env);
    env.processor().arg(raw::DAY).succeed();
    for (root, at) in [("process", "aggregate"), ("process", "day"), ("report", "compose")] {
        let Some(told) = Told::new(Protocol::Grpc) else { return };
        let job = if root == "process" { env.processor() } else { env.reporter() };
        // In any thread, in the middle of the span of that name.
        let outcome = told.job(job).env("CITYFLOW_PANIC", at).args(["--force", raw::DAY]).run();
        assert_eq!(outcome.code, 70, "{}", outcome.transcript());
        let told = told.ended(root, 70, "Bug");
        if at == "aggregate" {
            // What was read until then is known all the same.
            let source = told.trace.single_span("source comptages");
            assert!(source.number("objects").is_some() && source.attributes.contains_key("interrupted"), "{source:?}");
            assert!(told.trace.single_span(root).number("rows").is_some(), "{:?}", told.trace.single_span(root));
        }
        assert!(
            told.trace.spans_named(at).any(|span| span.attributes.get("interrupted") == Some(&true.into())),
            "{}",
            told.trace
        );
    }
}
