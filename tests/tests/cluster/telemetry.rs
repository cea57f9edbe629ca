//! Traces from a cluster: both Jobs in one trace, and Kubernetes attributes on each span. The collector runs outside the cluster.

use std::net::Ipv4Addr;

use acceptance::collector::{Collector, Protocol};
use acceptance::raw;
use acceptance::telemetry::{Attributes, Span, Trace};
use serde_json::{Value, json};

use super::{city, faulty_city};

const CLUSTER: &str = "test-cluster";

/// The spans of one program.
fn spans_of<'a>(trace: &'a Trace, job: &str) -> Vec<&'a Span> {
    let name = format!("cityflow-{job}");
    trace.spans.iter().filter(|span| span.resource["service.name"] == name.as_str()).collect()
}

/// Asserts that the resource attributes are those of the Job and its pod.
fn assert_resource_is_pod(resource: &Attributes, job: &Value, pod: &Value) {
    let attributes = [
        ("k8s.cluster.name", &json!(CLUSTER)),
        ("k8s.namespace.name", &pod["metadata"]["namespace"]),
        ("k8s.job.name", &job["metadata"]["name"]),
        ("k8s.job.uid", &job["metadata"]["uid"]),
        ("k8s.pod.name", &pod["metadata"]["name"]),
        ("k8s.node.name", &pod["spec"]["nodeName"]),
        ("cloud.region", &json!("us-east-1")),
    ];
    for (name, value) in attributes {
        assert!(value.is_string(), "{name} of {pod}");
        assert_eq!(resource.get(name), Some(value), "{name} of {resource:?}");
    }
}

#[test]
fn both_jobs_share_a_trace_and_spans_have_kubernetes_attributes() {
    let Some((env, namespace)) = city("telemetry") else { return };
    for (protocol, day) in [(Protocol::Grpc, raw::DAY), (Protocol::Protobuf, raw::DAY_BEFORE)] {
        let Some(collector) = Collector::start_on(Ipv4Addr::UNSPECIFIED) else { return };
        let mut values = namespace.chart_values(&env);
        let endpoint = format!("http://{}:{}", namespace.cluster().host(), collector.port(protocol));
        values["telemetry"] = json!({"endpoint": endpoint, "protocol": protocol.name(), "clusterName": CLUSTER});
        namespace.install(&values);
        let [process, report] = ["process", "report"].map(|job| (job, format!("{job}-{day}")));
        for (cronjob, job) in [&process, &report] {
            let finished = namespace.run_job(cronjob, job);
            assert!(finished.complete, "{finished:?}");
        }
        let received = collector.received();
        let trace = &received.trace;
        trace.assert_complete(&["process"]);
        assert_eq!(trace.ids().len(), 1);
        assert_eq!(trace.single_span("report").parent, trace.single_span("process").id);

        for (name, job) in [("processor", &process.1), ("reporter", &report.1)] {
            let (pods, object) = (namespace.pods(job), namespace.get(&["job", job]));
            let [pod] = &pods[..] else { panic!("{job} has {} pods", pods.len()) };
            let spans = spans_of(trace, name);
            assert!(spans.len() > 5, "{name}: {trace}");
            spans.iter().for_each(|span| assert_resource_is_pod(&span.resource, &object, pod));
            let service = format!("cityflow-{name}");
            let metrics: Vec<_> =
                received.metrics.iter().filter(|metric| metric.resource["service.name"] == service.as_str()).collect();
            assert!(!metrics.is_empty(), "{name}");
            metrics.iter().for_each(|metric| assert_resource_is_pod(&metric.resource, &object, pod));
            // Log lines have the trace id.
            assert!(
                namespace.log(job).contains(&format!(r#""trace_id":"{}""#, spans[0].trace)),
                "{}",
                namespace.log(job)
            );
        }
    }
}

#[test]
fn report_started_by_handoff_continues_the_trace() {
    let Some((env, namespace)) = city("teltrace") else { return };
    let Some(collector) = Collector::start_on(Ipv4Addr::UNSPECIFIED) else { return };
    let mut values = namespace.chart_values(&env);
    let endpoint = format!("http://{}:{}", namespace.cluster().host(), collector.port(Protocol::Protobuf));
    values["telemetry"] = json!({"endpoint": endpoint, "clusterName": CLUSTER});
    values["handoff"] = json!({"enabled": true});
    namespace.install(&values);
    assert!(namespace.run_job("process", "process-2025-11-04").complete);
    let digest = acceptance::PublishedDay::load(&env, raw::DAY).manifest.digest;
    let job = format!("report-2025-11-04-{}", &digest[..8]);
    let report = namespace.wait_for_job(&job);
    assert!(report.complete, "{report:?}");
    let trace = collector.received().trace;
    trace.assert_complete(&["process"]);
    assert_eq!(trace.ids().len(), 1);
    assert_eq!(trace.single_span("handoff").text("jobs"), job, "{trace}");
    assert!(trace.spans_named("report").next().is_some());
}

#[test]
fn pod_stopped_by_sigterm_sends_a_complete_trace() {
    let Some((env, namespace)) = faulty_city("telstop") else { return };
    let Some(collector) = Collector::start_on(Ipv4Addr::UNSPECIFIED) else { return };
    let mut values = namespace.chart_values(&env);
    let endpoint = format!("http://{}:{}", namespace.cluster().host(), collector.port(Protocol::Protobuf));
    values["telemetry"] = json!({"endpoint": endpoint, "clusterName": CLUSTER});
    namespace.install(&values);
    let requested = env.server().expect_request("GET", raw::ROAD_COUNTS);
    let delay = acceptance::s3server::InjectedFault::Delay(std::time::Duration::from_secs(3600));
    env.server().inject("GET", raw::ROAD_COUNTS, 1, delay);
    namespace.create_job("process", "process-2025-11-04");
    let pod = namespace.wait_for_running_pod("process-2025-11-04");
    requested.recv_timeout(std::time::Duration::from_secs(60)).expect("the pod reads the road counts");
    let pod = pod["metadata"]["name"].as_str().unwrap();
    namespace.kubectl(&["delete", "pod", pod, "--wait=false"]);
    assert!(namespace.wait_for_job("process-2025-11-04").complete);
    let trace = collector.received().trace;
    trace.assert_complete(&["process", "process"]);
    let codes: Vec<_> = trace.roots().iter().map(|root| root.number("process.exit.code")).collect();
    assert_eq!((codes, trace.ids().len()), (vec![Some(143), Some(0)], 2), "{trace}");
    assert_eq!(trace.roots()[0].resource["k8s.pod.name"], pod);
}

#[test]
fn unreachable_collector_is_only_a_warning() {
    let Some((env, namespace)) = city("telnone") else { return };
    let mut values = namespace.chart_values(&env);
    // A name that the cluster's DNS cannot resolve.
    values["telemetry"] = json!({"endpoint": "http://collector.nowhere:4317", "clusterName": CLUSTER});
    namespace.install(&values);
    for cronjob in ["process", "report"] {
        let job = format!("{cronjob}-2025-11-04");
        let finished = namespace.run_job(cronjob, &job);
        assert_eq!((finished.complete, finished.exit_codes()), (true, vec![Some(0)]), "{finished:?}");
        let log = namespace.log(&job);
        let warnings = log.lines().filter(|line| line.contains(r#""level":"warn""#) && line.contains("telemetry"));
        assert_eq!(warnings.count(), 1, "{log}");
    }
}
