//! A collector that does not do its work costs two seconds at most and one line of warning, and never a run.

use std::time::{Duration, Instant};

use acceptance::collector::fault::CollectorFault;
use acceptance::collector::{Collector, Protocol};
use acceptance::s3server::InjectedFault;
use acceptance::{ProgramOutput, PublishedDay, TestCommand, TestEnv, raw};
use serde_json::Value;

/// The most that telemetry may cost, by contract.
const MOST: Duration = Duration::from_secs(2);
/// What runs of the same program differ by on a machine that has other things to do.
const NOISE: Duration = Duration::from_millis(700);

/// Runs it; how long that took.
fn timed(job: TestCommand<'_>) -> (ProgramOutput, Duration) {
    let begun = Instant::now();
    let done = job.start().wait_unchecked();
    (done, begun.elapsed())
}

fn median(run: impl Fn() -> Duration) -> Duration {
    let mut times = [(); 3].map(|()| run());
    times.sort_unstable();
    times[1]
}

/// Expects that a run with a collector in trouble took at most so much longer than usual, and gives it. Once may be the machine's fault.
fn in_time(what: &str, usual: Duration, run: impl Fn() -> (ProgramOutput, Duration)) -> ProgramOutput {
    let (done, mut took) = run();
    if took > usual + MOST + NOISE {
        println!("{what}: {:.2} s, and once more", took.as_secs_f64());
        took = median(|| run().1);
    }
    println!("{what}: {:.2} s, usually {:.2} s", took.as_secs_f64(), usual.as_secs_f64());
    assert!(took <= usual + MOST + NOISE, "{what}: {took:?}, without {usual:?}\n{}", done.transcript());
    done
}

fn warnings(done: &ProgramOutput) -> Vec<&Value> {
    done.events.iter().filter(|event| event["level"] == "warn" || event["level"] == "error").collect()
}

/// One warning more than without, and it is about telemetry.
pub(super) fn warned_once(done: &ProgramOutput, without: &ProgramOutput) {
    assert_eq!(done.code, without.code, "{}", done.transcript());
    let [told, before] = [warnings(done), warnings(without)];
    assert_eq!(told.len(), before.len() + 1, "{}\n{}", done.transcript(), without.transcript());
    let about = told.iter().filter(|event| event["message"].as_str().unwrap().contains("telemetry")).count();
    assert_eq!(about, 1, "{}", done.transcript());
}

/// Both jobs with a collector that has this trouble, beside both without one.
fn costs_little(trouble: CollectorFault, protocol: Protocol) {
    let [with, without] = [TestEnv::in_folder(), TestEnv::in_folder()];
    raw::write(&with);
    raw::write(&without);
    let jobs: [fn(&TestEnv) -> TestCommand<'_>; 2] = [TestEnv::processor, TestEnv::reporter];
    for job in jobs {
        let plain = || timed(job(&without).args(["--force", raw::DAY]));
        let usual = median(|| plain().1);
        let endpoint = trouble.start(protocol);
        let run = || timed(job(&with).envs(&protocol.variables(&endpoint)).args(["--force", raw::DAY]));
        let done = in_time(&format!("{trouble:?}, {}", protocol.name()), usual, run);
        warned_once(&done, &plain().0);
    }
    let [with, without] = [&with, &without].map(|env| PublishedDay::load(env, raw::DAY));
    assert_eq!((with.manifest.digest, with.bytes), (without.manifest.digest, without.bytes));
}

#[test]
fn collector_that_does_not_listen_costs_little() {
    costs_little(CollectorFault::NotListening, Protocol::Grpc);
    costs_little(CollectorFault::NotListening, Protocol::Protobuf);
}

#[test]
fn unresponsive_collector_costs_little() {
    costs_little(CollectorFault::Unresponsive, Protocol::Grpc);
    costs_little(CollectorFault::Unresponsive, Protocol::Protobuf);
}

#[test]
fn unavailable_collector_costs_little() {
    costs_little(CollectorFault::Unavailable, Protocol::Grpc);
    costs_little(CollectorFault::Unavailable, Protocol::Protobuf);
    costs_little(CollectorFault::Unavailable, Protocol::Json);
}

#[test]
fn slowly_reading_collector_costs_little() {
    costs_little(CollectorFault::SlowReader, Protocol::Grpc);
    costs_little(CollectorFault::SlowReader, Protocol::Protobuf);
}

#[test]
fn unresolvable_collector_costs_little() {
    costs_little(CollectorFault::UnresolvableName, Protocol::Grpc);
    costs_little(CollectorFault::UnresolvableName, Protocol::Protobuf);
}

#[test]
fn unresponsive_collector_costs_little_when_exports_start_early() {
    let env = TestEnv::in_folder();
    raw::write(&env);
    let usual = median(|| timed(env.processor().args(["--force", raw::DAY])).1);
    for protocol in Protocol::ALL {
        let endpoint = CollectorFault::Unresponsive.start(protocol);
        in_time(protocol.name(), usual, || {
            let job = env.processor().envs(&protocol.variables(&endpoint)).args(["--force", raw::DAY]);
            // Requests are under way long before the end.
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
    env.put_raw(raw::ROAD_COUNTS, "not what it was");
    let usual = median(|| timed(env.processor().arg(raw::DAY)).1);
    let endpoint = CollectorFault::Unresponsive.start(Protocol::Grpc);
    let run = || timed(env.processor().envs(&Protocol::Grpc.variables(&endpoint)).arg(raw::DAY));
    let done = in_time("a failure", usual, run);
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
        let asked = env.server().expect_request("GET", raw::ROAD_COUNTS);
        let run = env.processor().envs(&Protocol::Grpc.variables(&endpoint)).arg(raw::DAY).start();
        asked.recv_timeout(Duration::from_secs(60)).expect("it reads the road counts");
        let begun = Instant::now();
        let id = rustix::process::Pid::from_raw(run.id().cast_signed()).unwrap();
        rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
        let done = run.wait().expect_exit(143);
        (done, begun.elapsed())
    };
    in_time("told to stop", Duration::ZERO, stopped);
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
        let left_alone = || {
            let mut collector = Collector::start().expect("it was there");
            slow();
            let asked = env.server().expect_request("GET", raw::ROAD_COUNTS);
            let begun = Instant::now();
            // So often that the two have spoken before.
            let job = env.processor().envs(&collector.variables(protocol)).env("OTEL_BSP_SCHEDULE_DELAY", "20");
            let run = job.env("OTEL_METRIC_EXPORT_INTERVAL", "20").args(["--force", raw::DAY]).start();
            asked.recv_timeout(Duration::from_secs(60)).expect("it reads the road counts");
            collector.kill();
            let done = run.wait_unchecked();
            (done, begun.elapsed())
        };
        let done = in_time(protocol.name(), usual, left_alone);
        warned_once(&done, &plain);
        env.check_documents();
    }
}

#[test]
fn invalid_telemetry_setting_is_a_warning() {
    let env = TestEnv::in_folder();
    raw::write(&env);
    let Some(collector) = Collector::start() else { return };
    let wrong = [
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "carrier-pigeon"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "not a url"),
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/no/such/file.pem"),
    ];
    let endpoint = collector.endpoint(Protocol::Protobuf);
    for job in [TestEnv::processor as fn(&TestEnv) -> TestCommand<'_>, TestEnv::reporter] {
        let plain = job(&env).args(["--force", raw::DAY]).run().expect_exit(0);
        for (name, value) in wrong {
            // A certificate is looked at where something is encrypted.
            let endpoint =
                endpoint.replace("http://", if name.ends_with("CERTIFICATE") { "https://" } else { "http://" });
            let job = job(&env).env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint).env(name, value);
            let done = job.args(["--force", raw::DAY]).run().expect_exit(0);
            warned_once(&done, &plain);
            assert!(done.has_warning(&[value]), "{name}={value}: {}", done.transcript());
        }
        // The last two are read by the libraries, which take their defaults.
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
    let nobody = CollectorFault::NotListening.start(Protocol::Protobuf);
    let endpoint = nobody.replace("http://", "http://name:secret-word@");
    let job = env.processor().envs(&Protocol::Protobuf.variables(&endpoint));
    let done =
        job.env("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20secret-token").arg(raw::DAY).run().expect_exit(0);
    assert!(done.has_warning(&["telemetry"]), "{}", done.transcript());
    assert!(!done.transcript().contains("secret-"), "{}", done.transcript());
}
