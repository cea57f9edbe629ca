//! The span tree and the list of metrics of one day are those of the files in `expected`.

use acceptance::TestEnv;
use acceptance::binaries::workspace;
use acceptance::collector::{Collector, Protocol};
use acceptance::golden;
use acceptance::telemetry::{Telemetry, render};

use super::{CITY_DAY, city, manifest, now, process_and_report, started_since};

/// Compares with a golden file of `expected`.
fn check_golden(name: &str, text: &str) {
    golden::check(&format!("tests/tests/telemetry/expected/{name}"), text);
}

/// The metrics without those of S3, which a run in a folder does not have.
fn without_s3(metrics: &str) -> String {
    let mut s3 = false;
    let kept = metrics.lines().filter(|line| {
        s3 = if line.starts_with(' ') { s3 } else { line.starts_with("cityflow.s3.") };
        !s3
    });
    kept.map(|line| format!("{line}\n")).collect()
}

/// Processes and reports a day in a folder; the spans are the same over each protocol.
fn compare_day_in_folder(protocol: Protocol) -> Option<Telemetry> {
    let env = TestEnv::in_folder();
    city(&env);
    let start = now();
    let telemetry = process_and_report(&env, protocol)?;
    telemetry.trace.assert_complete(&["process"]);
    assert_eq!(telemetry.trace.ids().len(), 1, "one trace for both jobs");
    let [process, report] = ["process", "report"].map(|name| telemetry.trace.single_span(name));
    assert_eq!(report.parent, process.id);
    assert!(started_since(process, start), "{} does not begin with the current second", process.trace);
    assert_eq!(manifest(&env, CITY_DAY)["traceparent"], process.traceparent());
    check_golden("tree-folder.txt", &render::tree(&telemetry.trace));
    Some(telemetry)
}

#[test]
fn spans_of_a_day_in_a_folder_match_over_grpc() {
    compare_day_in_folder(Protocol::Grpc);
}

#[test]
fn spans_of_a_day_in_a_folder_match_over_http() {
    compare_day_in_folder(Protocol::Protobuf);
}

#[test]
fn spans_of_a_day_in_a_folder_match_over_http_json() {
    compare_day_in_folder(Protocol::Json);
}

#[test]
fn spans_and_metrics_of_a_day_on_s3_match() {
    // The built-in server, because the size of an error response differs between servers.
    let env = TestEnv::on_test_server();
    city(&env);
    // One retry in each job.
    let fault = acceptance::s3server::InjectedFault::Unavailable;
    env.server().inject("PUT", "/objets/", 1, fault.clone());
    env.server().inject("PUT", "/daily_report_", 1, fault);
    let Some(telemetry) = process_and_report(&env, Protocol::Grpc) else { return };
    telemetry.trace.assert_complete(&["process"]);
    check_golden("tree-s3.txt", &render::tree(&telemetry.trace));
    check_golden("metrics.txt", &render::metrics(&telemetry.metrics));
}

#[test]
fn metrics_are_the_same_over_each_protocol() {
    for protocol in Protocol::ALL {
        let env = TestEnv::in_folder();
        city(&env);
        let Some(telemetry) = process_and_report(&env, protocol) else { return };
        let expected = workspace().join("tests/tests/telemetry/expected/metrics.txt");
        let expected = without_s3(&std::fs::read_to_string(expected).unwrap());
        assert_eq!(render::metrics(&telemetry.metrics), expected, "{}", protocol.name());
    }
}

#[test]
fn resource_attributes_identify_the_pod() {
    let env = TestEnv::in_folder();
    city(&env);
    let Some(collector) = Collector::start() else { return };
    let place = [
        ("CLUSTER_NAME", "nuit", "k8s.cluster.name"),
        ("POD_NAMESPACE", "mobilite", "k8s.namespace.name"),
        ("JOB_UID", "0b5f0b0e-5f0c-4c0e-9a55-0d7a3e1b1c55", "k8s.job.uid"),
        ("POD_NAME", "pod-xyz", "k8s.pod.name"),
        ("NODE_NAME", "large-1", "k8s.node.name"),
        ("AWS_REGION", "eu-west-3", "cloud.region"),
    ];
    let jobs = [(env.processor(), format!("process-{CITY_DAY}")), (env.reporter(), format!("report-{CITY_DAY}"))];
    for (job, name) in jobs {
        let job = job.envs(&collector.variables(Protocol::Grpc)).env("JOB_NAME", name);
        let job = place.iter().fold(job, |job, (name, value, _)| job.env(name, value));
        // These override the detected attributes.
        job.env("OTEL_RESOURCE_ATTRIBUTES", "cloud.provider=aws,cloud.platform=aws_eks,k8s.node.name=other").succeed();
    }
    let telemetry = collector.received();
    let spans = telemetry.trace.spans.iter().map(|span| &span.resource);
    let (mut instances, mut count) = (std::collections::BTreeSet::new(), 0);
    for resource in spans.chain(telemetry.metrics.iter().map(|metric| &metric.resource)) {
        let text = |name: &str| resource.get(name).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
        for (_, value, name) in place.iter().filter(|(_, _, name)| *name != "k8s.node.name") {
            assert_eq!(text(name), *value, "{name} of {resource:?}");
        }
        let job = text("service.name").strip_prefix("cityflow-").unwrap().to_owned();
        let name = if job == "processor" { "process" } else { "report" };
        assert_eq!(text("k8s.job.name"), format!("{name}-{CITY_DAY}"));
        assert_eq!((text("service.namespace").as_str(), text("k8s.node.name").as_str()), ("cityflow", "other"));
        assert_eq!((text("cloud.provider").as_str(), text("cloud.platform").as_str()), ("aws", "aws_eks"));
        assert!(!text("service.version").is_empty());
        instances.insert((job, text("service.instance.id")));
        count += 1;
    }
    assert!(count > 50, "{count} spans and metrics");
    assert_eq!(instances.len(), 2, "one instance per run: {instances:?}");
}

#[test]
fn service_name_can_be_set() {
    let env = TestEnv::in_folder();
    city(&env);
    let Some(collector) = Collector::start() else { return };
    let job = env.processor().envs(&collector.variables(Protocol::Protobuf));
    job.env("OTEL_SERVICE_NAME", "night").arg(CITY_DAY).succeed();
    assert_eq!(collector.received().trace.single_span("process").resource["service.name"], "night");
}
