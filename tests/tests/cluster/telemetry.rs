//! The night's trace from a cluster: both Jobs in one, each span with the place that it ran at, received by a collector beside the cluster.

use std::net::Ipv4Addr;

use acceptance::collector::{Collector, Protocol};
use acceptance::raw;
use acceptance::telemetry::{Attributes, Span, Trace};
use serde_json::{Value, json};

use super::{city, faulty_city};

const CLUSTER: &str = "nuit";

/// The spans of one program.
fn of<'a>(trace: &'a Trace, job: &str) -> Vec<&'a Span> {
    let name = format!("cityflow-{job}");
    trace.spans.iter().filter(|span| span.resource["service.name"] == name.as_str()).collect()
}

/// The place is that of a Job's one pod.
fn is_of_pod(resource: &Attributes, job: &Value, pod: &Value) {
    let place = [
        ("k8s.cluster.name", &json!(CLUSTER)),
        ("k8s.namespace.name", &pod["metadata"]["namespace"]),
        ("k8s.job.name", &job["metadata"]["name"]),
        ("k8s.job.uid", &job["metadata"]["uid"]),
        ("k8s.pod.name", &pod["metadata"]["name"]),
        ("k8s.node.name", &pod["spec"]["nodeName"]),
        ("cloud.region", &json!("us-east-1")),
    ];
    for (name, value) in place {
        assert!(value.is_string(), "{name} of {pod}");
        assert_eq!(resource.get(name), Some(value), "{name} of {resource:?}");
    }
}

#[test]
fn one_trace_from_raw_bytes_to_report_and_each_span_says_where_it_ran() {
    let Some((env, space)) = city("telemetry") else { return };
    for (protocol, day) in [(Protocol::Grpc, raw::DAY), (Protocol::Protobuf, raw::DAY_BEFORE)] {
        let Some(collector) = Collector::start_on(Ipv4Addr::UNSPECIFIED) else { return };
        let mut values = space.values(&env);
        let endpoint = format!("http://{}:{}", space.cluster().host(), collector.port(protocol));
        values["telemetry"] = json!({"endpoint": endpoint, "protocol": protocol.name(), "clusterName": CLUSTER});
        space.install(&values);
        let [process, report] = ["process", "report"].map(|job| (job, format!("{job}-{day}")));
        for (cronjob, job) in [&process, &report] {
            let ended = space.run(cronjob, job);
            assert!(ended.complete, "{ended:?}");
        }
        let told = collector.received();
        let trace = &told.trace;
        trace.assert_complete(&["process"]);
        assert_eq!(trace.ids().len(), 1);
        assert_eq!(trace.single_span("report").parent, trace.single_span("process").id);

        for (name, job) in [("processor", &process.1), ("reporter", &report.1)] {
            let (pods, object) = (space.pods(job), space.get(&["job", job]));
            let [pod] = &pods[..] else { panic!("{job} has {} pods", pods.len()) };
            let spans = of(trace, name);
            assert!(spans.len() > 5, "{name}: {trace}");
            spans.iter().for_each(|span| is_of_pod(&span.resource, &object, pod));
            let service = format!("cityflow-{name}");
            let metrics: Vec<_> =
                told.metrics.iter().filter(|metric| metric.resource["service.name"] == service.as_str()).collect();
            assert!(!metrics.is_empty(), "{name}");
            metrics.iter().for_each(|metric| is_of_pod(&metric.resource, &object, pod));
            // From a line of the log to the trace.
            assert!(space.log(job).contains(&format!(r#""trace_id":"{}""#, spans[0].trace)), "{}", space.log(job));
        }
    }
}

#[test]
fn a_report_that_the_processor_starts_goes_on_in_its_trace() {
    let Some((env, space)) = city("teltrace") else { return };
    let Some(collector) = Collector::start_on(Ipv4Addr::UNSPECIFIED) else { return };
    let mut values = space.values(&env);
    let endpoint = format!("http://{}:{}", space.cluster().host(), collector.port(Protocol::Protobuf));
    values["telemetry"] = json!({"endpoint": endpoint, "clusterName": CLUSTER});
    values["handoff"] = json!({"enabled": true});
    space.install(&values);
    assert!(space.run("process", "process-2025-11-04").complete);
    let digest = acceptance::PublishedDay::load(&env, raw::DAY).manifest.digest;
    let job = format!("report-2025-11-04-{}", &digest[..8]);
    let report = space.ended(&job);
    assert!(report.complete, "{report:?}");
    let trace = collector.received().trace;
    trace.assert_complete(&["process"]);
    assert_eq!(trace.ids().len(), 1);
    assert_eq!(trace.single_span("handoff").text("jobs"), job, "{trace}");
    assert!(trace.spans_named("report").next().is_some());
}

#[test]
fn a_pod_that_is_told_to_stop_leaves_a_whole_trace() {
    let Some((env, space)) = faulty_city("telstop") else { return };
    let Some(collector) = Collector::start_on(Ipv4Addr::UNSPECIFIED) else { return };
    let mut values = space.values(&env);
    let endpoint = format!("http://{}:{}", space.cluster().host(), collector.port(Protocol::Protobuf));
    values["telemetry"] = json!({"endpoint": endpoint, "clusterName": CLUSTER});
    space.install(&values);
    let asked = env.server().expect_request("GET", raw::ROAD_COUNTS);
    let hold = acceptance::s3server::InjectedFault::Delay(std::time::Duration::from_secs(3600));
    env.server().inject("GET", raw::ROAD_COUNTS, 1, hold);
    space.start("process", "process-2025-11-04");
    let pod = space.running("process-2025-11-04");
    asked.recv_timeout(std::time::Duration::from_secs(60)).expect("it reads the road counts");
    let pod = pod["metadata"]["name"].as_str().unwrap();
    space.kubectl(&["delete", "pod", pod, "--wait=false"]);
    assert!(space.ended("process-2025-11-04").complete);
    let trace = collector.received().trace;
    trace.assert_complete(&["process", "process"]);
    let codes: Vec<_> = trace.roots().iter().map(|root| root.number("process.exit.code")).collect();
    assert_eq!((codes, trace.ids().len()), (vec![Some(143), Some(0)], 2), "{trace}");
    assert_eq!(trace.roots()[0].resource["k8s.pod.name"], pod);
}

#[test]
fn a_collector_that_is_not_there_is_a_warning_and_the_night_is_done() {
    let Some((env, space)) = city("telnone") else { return };
    let mut values = space.values(&env);
    // A name that the cluster's DNS does not know.
    values["telemetry"] = json!({"endpoint": "http://collector.nowhere:4317", "clusterName": CLUSTER});
    space.install(&values);
    for cronjob in ["process", "report"] {
        let job = format!("{cronjob}-2025-11-04");
        let ended = space.run(cronjob, &job);
        assert_eq!((ended.complete, ended.codes()), (true, vec![Some(0)]), "{ended:?}");
        let log = space.log(&job);
        let warned = log.lines().filter(|line| line.contains(r#""level":"warn""#) && line.contains("telemetry"));
        assert_eq!(warned.count(), 1, "{log}");
    }
}
