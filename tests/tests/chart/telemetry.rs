//! Telemetry settings of the pods.

use std::collections::BTreeMap;

use acceptance::chart::{Helm, folder};
use serde_json::{Value, json};

use crate::jobs::{environment, pod};
use crate::rendered::ALL_ON;

/// The telemetry variables of the jobs, with value or source.
fn telemetry(helm: &Helm, values: &Value) -> BTreeMap<String, Value> {
    let file = helm.values("telemetry.json", &json!({ "telemetry": values }).to_string());
    let objects = helm.objects(&[&file], &[]);
    let [processor, reporter] = ["process", "report"].map(|job| {
        let mut all = environment(pod(&objects, job));
        all.retain(|name, _| name.starts_with("OTEL_") || name == "CLUSTER_NAME");
        all
    });
    assert_eq!(processor, reporter, "both jobs have the same settings");
    processor.into_iter().map(|(name, from)| (name, from.get("value").unwrap_or(&from["valueFrom"]).clone())).collect()
}

#[test]
fn collector_settings_become_environment_variables() {
    let Some(helm) = Helm::find() else { return };
    let values = json!({
        "endpoint": "http://collector.telemetry:4318",
        "protocol": "http/json",
        "metrics": false,
        "clusterName": "paris",
        "resourceAttributes": { "deployment.environment.name": "Ville de Paris", "cloud.provider": "aws" },
        // null resets to the default.
        "headersSecret": { "name": "collector", "key": null },
    });
    let expected = json!({
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector.telemetry:4318",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json",
        "OTEL_METRICS_EXPORTER": "none",
        "OTEL_EXPORTER_OTLP_HEADERS": { "secretKeyRef": { "name": "collector", "key": "headers" } },
        "CLUSTER_NAME": "paris",
        // Sorted by name, so that an upgrade without changes gives the same manifest.
        "OTEL_RESOURCE_ATTRIBUTES": "cloud.provider=aws,deployment.environment.name=Ville de Paris",
    });
    assert_eq!(json!(telemetry(&helm, &values)), expected);
    // Without a protocol the programs derive it from the port.
    let plain = json!({
        "endpoint": "http://[fd00::1]:4317", "metrics": null, "headersSecret": null, "resourceAttributes": null,
    });
    assert_eq!(json!(telemetry(&helm, &plain)), json!({ "OTEL_EXPORTER_OTLP_ENDPOINT": "http://[fd00::1]:4317" }));
}

#[test]
fn without_endpoint_no_telemetry_variable_is_set() {
    let Some(helm) = Helm::find() else { return };
    let others = json!({
        "protocol": "grpc", "metrics": false, "clusterName": "paris", "resourceAttributes": { "cloud.provider": "aws" },
        "headersSecret": { "name": "collector" },
    });
    for values in [others, json!({}), Value::Null] {
        assert_eq!(telemetry(&helm, &values), BTreeMap::new(), "{values}");
    }
}

/// Both environments use the same collector, which exports to one CloudWatch namespace with the dimensions `job` and `source` only. Metrics of
/// staging would trigger or mask production's alarms.
#[test]
fn only_production_sends_metrics() {
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
            assert_eq!(
                value("OTEL_TRACES_EXPORTER"),
                Value::Null,
                "{file}, {job}: traces have the attribute of their environment"
            );
            let attributes = value("OTEL_RESOURCE_ATTRIBUTES");
            let stage = format!("deployment.environment.name={stage}");
            assert!(attributes.as_str().unwrap().split(',').any(|part| part == stage), "{file}, {job}: {attributes}");
        }
    }
}

#[test]
fn identity_of_the_run_is_set_without_api_token() {
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
fn extra_env_overrides_telemetry_variables() {
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
