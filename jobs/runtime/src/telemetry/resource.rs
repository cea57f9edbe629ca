//! The OpenTelemetry resource: the service, and where it runs.

use opentelemetry::KeyValue;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::resource::{EnvResourceDetector, TelemetryResourceDetector};

/// Attributes (semantic conventions for Kubernetes and cloud resources) and the variables of the pod that hold them.
const POD_ATTRIBUTES: [(&str, &str); 7] = [
    ("k8s.cluster.name", "CLUSTER_NAME"),
    ("k8s.namespace.name", "POD_NAMESPACE"),
    ("k8s.job.name", "JOB_NAME"),
    ("k8s.job.uid", "JOB_UID"),
    ("k8s.pod.name", "POD_NAME"),
    ("k8s.node.name", "NODE_NAME"),
    ("cloud.region", "AWS_REGION"),
];

/// The resource of a job's spans and metrics. `OTEL_RESOURCE_ATTRIBUTES` and `OTEL_SERVICE_NAME` override these attributes.
pub(super) fn resource(job: &str, version: &'static str, variable: impl Fn(&str) -> Option<String>) -> Resource {
    let set = |name: &str| variable(name).filter(|text| !text.trim().is_empty());
    let mut attributes = vec![
        KeyValue::new("service.name", format!("cityflow-{job}")),
        KeyValue::new("service.namespace", "cityflow"),
        KeyValue::new("service.version", version),
        KeyValue::new("service.instance.id", set("POD_NAME").unwrap_or_else(random_id)),
    ];
    attributes.extend(POD_ATTRIBUTES.iter().filter_map(|(key, name)| Some(KeyValue::new(*key, set(name)?))));
    let builder = Resource::builder_empty()
        .with_attributes(attributes)
        .with_detector(Box::new(TelemetryResourceDetector))
        // Reads OTEL_RESOURCE_ATTRIBUTES from the process environment, not through `variable`.
        .with_detector(Box::new(EnvResourceDetector::new()));
    match set("OTEL_SERVICE_NAME") {
        Some(name) => builder.with_service_name(name).build(),
        None => builder.build(),
    }
}

/// Instance id of a run outside a cluster.
fn random_id() -> String {
    format!("{:032x}", fastrand::u128(..))
}

#[cfg(test)]
mod tests {
    use opentelemetry::{Key, Value};

    use super::*;

    #[test]
    fn resource_has_exactly_the_attributes_that_are_set() {
        let variable = |name: &str| match name {
            "JOB_NAME" => Some("process-2025-11-03".to_owned()),
            "NODE_NAME" => Some(" ".to_owned()),
            "CLUSTER_NAME" => Some("city".to_owned()),
            _ => None,
        };
        let resource = resource("processor", "1.2.3", variable);
        let get = |key: &'static str| resource.get(&Key::new(key));
        assert_eq!(get("service.name"), Some(Value::from("cityflow-processor")));
        assert_eq!(get("k8s.job.name"), Some(Value::from("process-2025-11-03")));
        assert_eq!(get("k8s.cluster.name"), Some(Value::from("city")));
        assert_eq!(get("k8s.node.name"), None);
        let named = super::resource("processor", "1", |name| (name == "OTEL_SERVICE_NAME").then(|| "mine".to_owned()));
        assert_eq!(named.get(&Key::new("service.name")), Some(Value::from("mine")));
    }
}
