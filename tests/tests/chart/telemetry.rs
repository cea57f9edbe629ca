//! Traces and metrics: what the pods are told about the collector, and that they are told nothing where there is none.

use std::collections::BTreeMap;

use acceptance::chart::Helm;
use serde_json::{Value, json};

use crate::jobs::{environment, pod};
use crate::rendered::ALL_ON;

/// The variables of both jobs that are about telemetry, and where each comes from.
fn telemetry(helm: &Helm, values: &Value) -> BTreeMap<String, Value> {
    let file = helm.values("telemetry.json", &json!({ "telemetry": values }).to_string());
    let objects = helm.objects(&[&file], &[]);
    let [processor, reporter] = ["process", "report"].map(|job| {
        let mut all = environment(pod(&objects, job));
        all.retain(|name, _| name.starts_with("OTEL_") || name == "CLUSTER_NAME");
        all
    });
    assert_eq!(processor, reporter, "the same for both");
    processor.into_iter().map(|(name, from)| (name, from.get("value").unwrap_or(&from["valueFrom"]).clone())).collect()
}

#[test]
fn the_collector_reaches_the_programs() {
    let Some(helm) = Helm::find() else { return };
    let values = json!({
        "endpoint": "http://collector.telemetry:4318",
        "protocol": "http/json",
        "clusterName": "night",
        "resourceAttributes": { "deployment.environment.name": "Ville de Paris", "cloud.provider": "aws" },
        // Null is the default.
        "headersSecret": { "name": "collector", "key": null },
    });
    let expected = json!({
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector.telemetry:4318",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json",
        "OTEL_EXPORTER_OTLP_HEADERS": { "secretKeyRef": { "name": "collector", "key": "headers" } },
        "CLUSTER_NAME": "night",
        // In the order of the names, so that an upgrade without a change changes nothing.
        "OTEL_RESOURCE_ATTRIBUTES": "cloud.provider=aws,deployment.environment.name=Ville de Paris",
    });
    assert_eq!(json!(telemetry(&helm, &values)), expected);
    // The programs choose the protocol by the port.
    let plain = json!({ "endpoint": "http://[fd00::1]:4317", "headersSecret": null, "resourceAttributes": null });
    assert_eq!(json!(telemetry(&helm, &plain)), json!({ "OTEL_EXPORTER_OTLP_ENDPOINT": "http://[fd00::1]:4317" }));
}

#[test]
fn without_an_endpoint_nothing_is_set() {
    let Some(helm) = Helm::find() else { return };
    let others = json!({
        "protocol": "grpc", "clusterName": "night", "resourceAttributes": { "cloud.provider": "aws" },
        "headersSecret": { "name": "collector" },
    });
    for values in [others, json!({}), Value::Null] {
        assert_eq!(telemetry(&helm, &values), BTreeMap::new(), "{values}");
    }
}

#[test]
fn who_runs_is_always_said_and_takes_no_token() {
    let Some(helm) = Helm::find() else { return };
    let objects = helm.objects(&[], &["--set", "telemetry.endpoint=http://collector.telemetry:4317"]);
    for job in ["process", "report"] {
        let pod = pod(&objects, job);
        assert_eq!(pod["automountServiceAccountToken"], false, "{job}");
        let set = environment(pod);
        for name in ["JOB_NAME", "JOB_UID", "POD_NAME", "POD_NAMESPACE", "NODE_NAME"] {
            assert!(set[name]["valueFrom"]["fieldRef"].is_object(), "{job}: {name}");
        }
    }
}

#[test]
fn a_variable_of_ones_own_wins() {
    let Some(helm) = Helm::find() else { return };
    let all_on = helm.values("all.yaml", ALL_ON);
    let own = r#"[{"name": "OTEL_EXPORTER_OTLP_ENDPOINT", "value": "http://elsewhere:4317"}]"#;
    let objects = helm.objects(&[&all_on], &["--set-json", &format!("processor.extraEnv={own}")]);
    let value = |job| environment(pod(&objects, job))["OTEL_EXPORTER_OTLP_ENDPOINT"]["value"].clone();
    assert_eq!(
        (value("process"), value("report")),
        (json!("http://elsewhere:4317"), json!("https://otlp.example.org:4317"))
    );
}
