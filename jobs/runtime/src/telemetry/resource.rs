//! Who sends: the service and where it runs, as far as the pod knows.

use opentelemetry::KeyValue;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::resource::{EnvResourceDetector, TelemetryResourceDetector};

/// Attributes that stand in a variable of the pod, by OpenTelemetry's names (semantic conventions for Kubernetes and cloud resources).
const OF_THE_POD: [(&str, &str); 7] = [
    ("k8s.cluster.name", "CLUSTER_NAME"),
    ("k8s.namespace.name", "POD_NAMESPACE"),
    ("k8s.job.name", "JOB_NAME"),
    ("k8s.job.uid", "JOB_UID"),
    ("k8s.pod.name", "POD_NAME"),
    ("k8s.node.name", "NODE_NAME"),
    ("cloud.region", "AWS_REGION"),
];

/// The resource of a job's spans and metrics. `OTEL_RESOURCE_ATTRIBUTES` and `OTEL_SERVICE_NAME` go before what is found here.
pub(super) fn resource(job: &str, version: &'static str, variable: impl Fn(&str) -> Option<String>) -> Resource {
    let set = |name: &str| variable(name).filter(|text| !text.trim().is_empty());
    let mut own = vec![
        KeyValue::new("service.name", format!("cityflow-{job}")),
        KeyValue::new("service.namespace", "cityflow"),
        KeyValue::new("service.version", version),
        KeyValue::new("service.instance.id", set("POD_NAME").unwrap_or_else(random_id)),
    ];
    own.extend(OF_THE_POD.iter().filter_map(|(key, name)| Some(KeyValue::new(*key, set(name)?))));
    let known = Resource::builder_empty()
        .with_attributes(own)
        .with_detector(Box::new(TelemetryResourceDetector))
        // Reads the process's own variables.
        .with_detector(Box::new(EnvResourceDetector::new()));
    match set("OTEL_SERVICE_NAME") {
        Some(name) => known.with_service_name(name).build(),
        None => known.build(),
    }
}

/// A run outside a cluster has no name of its own.
fn random_id() -> String {
    format!("{:032x}", fastrand::u128(..))
}

#[cfg(test)]
mod tests {
    use opentelemetry::{Key, Value};

    use super::*;

    #[test]
    fn what_the_pod_knows_is_said_and_nothing_else() {
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
