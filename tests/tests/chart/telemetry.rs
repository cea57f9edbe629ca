//! Traces and metrics: what the pods are told about the collector, that they are told nothing where there is none, and that staging's metrics
//! stay away from production's.

use std::collections::BTreeMap;

use acceptance::chart::{Helm, folder};
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
        "metrics": false,
        "clusterName": "night",
        "resourceAttributes": { "deployment.environment.name": "Ville de Paris", "cloud.provider": "aws" },
        // Null is the default.
        "headersSecret": { "name": "collector", "key": null },
    });
    let expected = json!({
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector.telemetry:4318",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json",
        "OTEL_METRICS_EXPORTER": "none",
        "OTEL_EXPORTER_OTLP_HEADERS": { "secretKeyRef": { "name": "collector", "key": "headers" } },
        "CLUSTER_NAME": "night",
        // In the order of the names, so that an upgrade without a change changes nothing.
        "OTEL_RESOURCE_ATTRIBUTES": "cloud.provider=aws,deployment.environment.name=Ville de Paris",
    });
    assert_eq!(json!(telemetry(&helm, &values)), expected);
    // The programs choose the protocol by the port.
    let plain = json!({
        "endpoint": "http://[fd00::1]:4317", "metrics": null, "headersSecret": null, "resourceAttributes": null,
    });
    assert_eq!(json!(telemetry(&helm, &plain)), json!({ "OTEL_EXPORTER_OTLP_ENDPOINT": "http://[fd00::1]:4317" }));
}

#[test]
fn without_an_endpoint_nothing_is_set() {
    let Some(helm) = Helm::find() else { return };
    let others = json!({
        "protocol": "grpc", "metrics": false, "clusterName": "night", "resourceAttributes": { "cloud.provider": "aws" },
        "headersSecret": { "name": "collector" },
    });
    for values in [others, json!({}), Value::Null] {
        assert_eq!(telemetry(&helm, &values), BTreeMap::new(), "{values}");
    }
}

/// Both speak to one collector, which sends on to one namespace of CloudWatch with the dimensions `job` and `source` alone: staging's metrics would
/// ring production's alarms, or keep them still.
#[test]
fn metrics_are_of_production_alone() {
    let Some(helm) = Helm::find() else { return };
    for (file, stage, exporter) in
        [("values-prod.yaml", "production", Value::Null), ("values-staging.yaml", "staging", json!("none"))]
    {
        let objects = helm.objects(&[&folder().join(file)], &[]);
        for job in ["process", "report"] {
            let set = environment(pod(&objects, job));
            let value = |name: &str| set.get(name).map_or(Value::Null, |variable| variable["value"].clone());
            assert_eq!(value("OTEL_METRICS_EXPORTER"), exporter, "{file}, {job}");
            assert_eq!(value("OTEL_EXPORTER_OTLP_ENDPOINT"), "http://collector.telemetry:4317", "{file}, {job}");
            assert_eq!(value("OTEL_TRACES_EXPORTER"), Value::Null, "{file}, {job}: traces say whose they are");
            let attributes = value("OTEL_RESOURCE_ATTRIBUTES");
            let stage = format!("deployment.environment.name={stage}");
            assert!(attributes.as_str().unwrap().split(',').any(|part| part == stage), "{file}, {job}: {attributes}");
        }
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
