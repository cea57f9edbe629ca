//! A failing collector costs a run at most two seconds and one warning, and never makes it fail.

use std::time::{Duration, Instant};

use acceptance::collector::fault::CollectorFault;
use acceptance::collector::{Collector, Protocol};
use acceptance::s3server::InjectedFault;
use acceptance::{ProgramOutput, PublishedDay, TestCommand, TestEnv, raw};

/// The contract's limit for the cost of telemetry.
const MAX_COST: Duration = Duration::from_secs(2);
/// Variation of the run time on a busy machine.
const NOISE: Duration = Duration::from_millis(700);

/// Runs a program and measures its time.
fn timed(job: TestCommand<'_>) -> (ProgramOutput, Duration) {
    let start = Instant::now();
    let done = job.start().wait_unchecked();
    (done, start.elapsed())
}

fn median(run: impl Fn() -> Duration) -> Duration {
    let mut times = [(); 3].map(|()| run());
    times.sort_unstable();
    times[1]
}

/// Asserts that a run with a failing collector takes at most [`MAX_COST`] and [`NOISE`] longer than `usual`. A slow run may be the fault of
/// the machine, so then the median of three more runs counts.
fn assert_in_time(what: &str, usual: Duration, run: impl Fn() -> (ProgramOutput, Duration)) -> ProgramOutput {
    let (done, mut took) = run();
    if took > usual + MAX_COST + NOISE {
        println!("{what}: {:.2} s, measuring again", took.as_secs_f64());
        took = median(|| run().1);
    }
    println!("{what}: {:.2} s, usually {:.2} s", took.as_secs_f64(), usual.as_secs_f64());
    assert!(took <= usual + MAX_COST + NOISE, "{what}: {took:?}, without {usual:?}\n{}", done.transcript());
    done
}

/// Asserts the same exit code as without telemetry, and one additional warning, which is about telemetry.
pub(super) fn assert_warned_once(done: &ProgramOutput, without: &ProgramOutput) {
    assert_eq!(done.code, without.code, "{}", done.transcript());
    let [with, before] = [done, without].map(|output| output.warnings().collect::<Vec<_>>());
    assert_eq!(with.len(), before.len() + 1, "{}\n{}", done.transcript(), without.transcript());
    let about = with.iter().filter(|event| event["message"].as_str().unwrap().contains("telemetry")).count();
    assert_eq!(about, 1, "{}", done.transcript());
}

/// Runs both jobs with a failing collector and without one: time, warnings and documents.
fn assert_costs_little(fault: CollectorFault, protocol: Protocol) {
    let [with, without] = [TestEnv::in_folder(), TestEnv::in_folder()];
    raw::write(&with);
    raw::write(&without);
    let jobs: [fn(&TestEnv) -> TestCommand<'_>; 2] = [TestEnv::processor, TestEnv::reporter];
    for job in jobs {
        let plain = || timed(job(&without).args(["--force", raw::DAY]));
        let usual = median(|| plain().1);
        let endpoint = fault.start(protocol);
        let run = || timed(job(&with).envs(&protocol.variables(&endpoint)).args(["--force", raw::DAY]));
        let done = assert_in_time(&format!("{fault:?}, {}", protocol.name()), usual, run);
        assert_warned_once(&done, &plain().0);
    }
    let [with, without] = [&with, &without].map(|env| PublishedDay::load(env, raw::DAY));
    assert_eq!((with.manifest.digest, with.bytes), (without.manifest.digest, without.bytes));
}

#[test]
fn collector_that_does_not_listen_costs_little() {
    assert_costs_little(CollectorFault::NotListening, Protocol::Grpc);
    assert_costs_little(CollectorFault::NotListening, Protocol::Protobuf);
}

#[test]
fn unresponsive_collector_costs_little() {
    assert_costs_little(CollectorFault::Unresponsive, Protocol::Grpc);
    assert_costs_little(CollectorFault::Unresponsive, Protocol::Protobuf);
}

#[test]
fn unavailable_collector_costs_little() {
    assert_costs_little(CollectorFault::Unavailable, Protocol::Grpc);
    assert_costs_little(CollectorFault::Unavailable, Protocol::Protobuf);
    assert_costs_little(CollectorFault::Unavailable, Protocol::Json);
}

#[test]
fn slowly_reading_collector_costs_little() {
    assert_costs_little(CollectorFault::SlowReader, Protocol::Grpc);
    assert_costs_little(CollectorFault::SlowReader, Protocol::Protobuf);
}

#[test]
fn unresolvable_collector_costs_little() {
    assert_costs_little(CollectorFault::UnresolvableName, Protocol::Grpc);
    assert_costs_little(CollectorFault::UnresolvableName, Protocol::Protobuf);
}

#[test]
fn unresponsive_collector_costs_little_when_exports_start_early() {
    let env = TestEnv::in_folder();
    raw::write(&env);
    let usual = median(|| timed(env.processor().args(["--force", raw::DAY])).1);
    for protocol in Protocol::ALL {
        let endpoint = CollectorFault::Unresponsive.start(protocol);
        assert_in_time(protocol.name(), usual, || {
            let job = env.processor().envs(&protocol.variables(&endpoint)).args(["--force", raw::DAY]);
            // The first export starts long before the end of the run.
            let job = job.env("OTEL_BSP_SCHEDULE_DELAY", "5").env("OTEL_METRIC_EXPORT_INTERVAL", "5");
            timed(job.env("OTEL_EXPORTER_OTLP_TIMEOUT", "60000"))
        })
        .expect_exit(0);
    }
}

#[test]
fn failed_run_with_unresponsive_collector_ends_in_time_with_its_message() {
    let env = TestEnv::in_folder();
    raw::write(&env);
    env.put_raw(raw::ROAD_COUNTS, "unreadable");
    let usual = median(|| timed(env.processor().arg(raw::DAY)).1);
    let endpoint = CollectorFault::Unresponsive.start(Protocol::Grpc);
    let run = || timed(env.processor().envs(&Protocol::Grpc.variables(&endpoint)).arg(raw::DAY));
    let done = assert_in_time("a failure", usual, run);
    assert_eq!((done.code, done.termination_message.lines().count()), (65, 1), "{}", done.transcript());
    assert!(done.termination_message.contains(raw::ROAD_COUNTS), "{}", done.transcript());
}

#[test]
fn sigterm_with_unresponsive_collector_ends_in_time() {
    let env = TestEnv::on_test_server();
    raw::write(&env);
    env.server().inject("GET", raw::ROAD_COUNTS, usize::MAX, InjectedFault::Delay(Duration::from_secs(600)));
    let endpoint = CollectorFault::Unresponsive.start(Protocol::Grpc);
    let stopped = || {
        let requested = env.server().expect_request("GET", raw::ROAD_COUNTS);
        let run = env.processor().envs(&Protocol::Grpc.variables(&endpoint)).arg(raw::DAY).start();
        requested.recv_timeout(Duration::from_secs(60)).expect("a request for the road counts");
        let start = Instant::now();
        run.terminate();
        let done = run.wait().expect_exit(143);
        (done, start.elapsed())
    };
    assert_in_time("SIGTERM", Duration::ZERO, stopped);
}

#[test]
fn collector_killed_during_the_run_costs_little() {
    if Collector::start().is_none() {
        return;
    }
    for protocol in [Protocol::Grpc, Protocol::Protobuf] {
        let env = TestEnv::on_test_server();
        raw::write(&env);
        let slow = || env.server().inject("GET", raw::ROAD_COUNTS, 1, InjectedFault::Delay(Duration::from_secs(1)));
        slow();
        let (plain, usual) = timed(env.processor().args(["--force", raw::DAY]));
        let killed = || {
            let mut collector = Collector::start().expect("otelcol was on the PATH");
            slow();
            let requested = env.server().expect_request("GET", raw::ROAD_COUNTS);
            let start = Instant::now();
            // Short export intervals, so that a connection exists before the collector is killed.
            let job = env.processor().envs(&collector.variables(protocol)).env("OTEL_BSP_SCHEDULE_DELAY", "20");
            let run = job.env("OTEL_METRIC_EXPORT_INTERVAL", "20").args(["--force", raw::DAY]).start();
            requested.recv_timeout(Duration::from_secs(60)).expect("a request for the road counts");
            collector.kill();
            let done = run.wait_unchecked();
            (done, start.elapsed())
        };
        let done = assert_in_time(protocol.name(), usual, killed);
        assert_warned_once(&done, &plain);
        env.check_documents();
    }
}

#[test]
fn invalid_telemetry_setting_is_a_warning() {
    let env = TestEnv::in_folder();
    raw::write(&env);
    let Some(collector) = Collector::start() else { return };
    let invalid = [
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "carrier-pigeon"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "not a url"),
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/no/such/file.pem"),
    ];
    let endpoint = collector.endpoint(Protocol::Protobuf);
    for job in [TestEnv::processor as fn(&TestEnv) -> TestCommand<'_>, TestEnv::reporter] {
        let plain = job(&env).args(["--force", raw::DAY]).run().expect_exit(0);
        for (name, value) in invalid {
            // The certificate is read only for https.
            let endpoint =
                endpoint.replace("http://", if name.ends_with("CERTIFICATE") { "https://" } else { "http://" });
            let job = job(&env).env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint).env(name, value);
            let done = job.args(["--force", raw::DAY]).run().expect_exit(0);
            assert_warned_once(&done, &plain);
            assert!(done.has_warning(&[value]), "{name}={value}: {}", done.transcript());
        }
        // These two are read by the OpenTelemetry libraries, which fall back to their defaults.
        for (name, value) in [("OTEL_EXPORTER_OTLP_TIMEOUT", "soon"), ("OTEL_TRACES_SAMPLER", "perhaps")] {
            let job = job(&env).env("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint).env(name, value);
            job.args(["--force", raw::DAY]).run().expect_exit(0);
        }
    }
}

#[test]
fn warnings_contain_no_credentials() {
    let env = TestEnv::in_folder();
    raw::write(&env);
    let unused = CollectorFault::NotListening.start(Protocol::Protobuf);
    let endpoint = unused.replace("http://", "http://name:secret-word@");
    let job = env.processor().envs(&Protocol::Protobuf.variables(&endpoint));
    let done =
        job.env("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20secret-token").arg(raw::DAY).run().expect_exit(0);
    assert!(done.has_warning(&["telemetry"]), "{}", done.transcript());
    assert!(!done.transcript().contains("secret-"), "{}", done.transcript());
}
