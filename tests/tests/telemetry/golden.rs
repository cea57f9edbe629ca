//! The whole of it on one day: the tree of spans and the list of metrics are those of the files in `expected`.

use acceptance::TestEnv;
use acceptance::binaries::workspace;
use acceptance::collector::{Collector, Protocol};
use acceptance::golden;
use acceptance::telemetry::{Telemetry, render};

use super::{CITY_DAY, both, city, is_since, manifest, now};

/// Compares with a golden file of `expected`.
fn check_golden(name: &str, text: &str) {
    golden::check(&format!("tests/tests/telemetry/expected/{name}"), text);
}

/// What has to do with S3, which a folder has not.
fn without_s3(metrics: &str) -> String {
    let mut s3 = false;
    let kept = metrics.lines().filter(|line| {
        s3 = if line.starts_with(' ') { s3 } else { line.starts_with("cityflow.s3.") };
        !s3
    });
    kept.map(|line| format!("{line}\n")).collect()
}

/// A day in a folder, over each protocol the same.
fn in_a_folder(protocol: Protocol) -> Option<Telemetry> {
    let env = TestEnv::in_folder();
    city(&env);
    let begun = now();
    let told = both(&env, protocol)?;
    told.trace.assert_complete(&["process"]);
    assert_eq!(told.trace.ids().len(), 1, "one trace from raw bytes to report");
    let [process, report] = ["process", "report"].map(|name| told.trace.single_span(name));
    assert_eq!(report.parent, process.id);
    assert!(is_since(process, begun), "{} does not begin with the present second", process.trace);
    assert_eq!(manifest(&env, CITY_DAY)["traceparent"], process.traceparent());
    check_golden("tree-folder.txt", &render::tree(&told.trace));
    Some(told)
}

#[test]
fn spans_of_a_day_in_a_folder_match_over_grpc() {
    in_a_folder(Protocol::Grpc);
}

#[test]
fn spans_of_a_day_in_a_folder_match_over_http() {
    in_a_folder(Protocol::Protobuf);
}

#[test]
fn spans_of_a_day_in_a_folder_match_over_http_json() {
    in_a_folder(Protocol::Json);
}

#[test]
fn spans_and_metrics_of_a_day_on_s3_match() {
    // The built-in server: which requests are made is the same on every other, how many bytes an error has is not.
    let env = TestEnv::on_test_server();
    city(&env);
    // Something to try again, for both jobs.
    let fault = acceptance::s3server::InjectedFault::Unavailable;
    env.server().inject("PUT", "/objets/", 1, fault.clone());
    env.server().inject("PUT", "/daily_report_", 1, fault);
    let Some(told) = both(&env, Protocol::Grpc) else { return };
    told.trace.assert_complete(&["process"]);
    check_golden("tree-s3.txt", &render::tree(&told.trace));
    check_golden("metrics.txt", &render::metrics(&told.metrics));
}

#[test]
fn metrics_are_the_same_over_each_protocol() {
    for protocol in Protocol::ALL {
        let env = TestEnv::in_folder();
        city(&env);
        let Some(told) = both(&env, protocol) else { return };
        let expected = workspace().join("tests/tests/telemetry/expected/metrics.txt");
        let expected = without_s3(&std::fs::read_to_string(expected).unwrap());
        assert_eq!(render::metrics(&told.metrics), expected, "{}", protocol.name());
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
        // What is said there goes before what is found.
        job.env("OTEL_RESOURCE_ATTRIBUTES", "cloud.provider=aws,cloud.platform=aws_eks,k8s.node.name=other").succeed();
    }
    let told = collector.received();
    let spans = told.trace.spans.iter().map(|span| &span.resource);
    let (mut instances, mut count) = (std::collections::BTreeSet::new(), 0);
    for resource in spans.chain(told.metrics.iter().map(|metric| &metric.resource)) {
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
    assert_eq!(instances.len(), 2, "each run is an instance: {instances:?}");
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
