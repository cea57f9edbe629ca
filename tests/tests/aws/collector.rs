//! The collector: manifests, configuration, rights and chart are consistent, and a real collector accepts the configuration.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use acceptance::chart::{Helm, folder as chart};
use acceptance::collector::{Collector, METRICS, Protocol, TRACES};
use serde_json::{Value, json};

use super::{json, text, yaml};

const PORTS: [u64; 2] = [4317, 4318];

fn config() -> Value {
    let [config] =
        yaml("telemetry/config.yaml").try_into().unwrap_or_else(|found| panic!("expected one document: {found:?}"));
    config
}

fn manifest(kind: &str) -> Value {
    let found = yaml("telemetry/collector.yaml").into_iter().find(|document| document["kind"] == kind);
    found.unwrap_or_else(|| panic!("no {kind}"))
}

fn port(address: &Value) -> u64 {
    address.as_str().unwrap().rsplit(':').next().unwrap().parse().unwrap()
}

#[test]
fn manifests_match_each_other_and_the_configuration() {
    let pod = manifest("Deployment")["spec"]["template"].clone();
    let container = &pod["spec"]["containers"][0];
    let image = container["image"].as_str().unwrap();
    assert!(
        image.starts_with("public.ecr.aws/aws-observability/aws-otel-collector:v"),
        "{image}: expected a fixed version"
    );

    let config = config();
    let protocols = &config["receivers"]["otlp"]["protocols"];
    assert_eq!([port(&protocols["grpc"]["endpoint"]), port(&protocols["http"]["endpoint"])], PORTS);
    let health = port(&config["extensions"]["health_check"]["endpoint"]);
    let ports: Vec<_> =
        container["ports"].as_array().unwrap().iter().map(|port| port["containerPort"].as_u64().unwrap()).collect();
    assert_eq!(ports, [PORTS[0], PORTS[1], health]);
    for probe in ["readinessProbe", "livenessProbe"] {
        assert_eq!(container[probe]["httpGet"]["port"], "health");
    }

    // The guide's command creates the ConfigMap from the file; its key is the file name.
    let command = "kubectl -n telemetry create configmap collector --from-file=telemetry/config.yaml";
    assert!(text("telemetry/README.md").contains(command));
    assert_eq!(pod["spec"]["volumes"], json!([{ "name": "config", "configMap": { "name": "collector" } }]));
    let mount = &container["volumeMounts"][0];
    assert_eq!(mount["name"], "config");
    assert_eq!(container["args"], json!([format!("--config={}/config.yaml", mount["mountPath"].as_str().unwrap())]));

    let service = manifest("Service");
    let labels = &pod["metadata"]["labels"];
    for selector in [
        &service["spec"]["selector"],
        &manifest("Deployment")["spec"]["selector"]["matchLabels"],
        &manifest("NetworkPolicy")["spec"]["podSelector"]["matchLabels"],
    ] {
        assert_eq!(selector, labels);
    }
    let open: Vec<_> =
        service["spec"]["ports"].as_array().unwrap().iter().map(|port| port["port"].as_u64().unwrap()).collect();
    assert_eq!(open, PORTS);
    let account = manifest("ServiceAccount");
    assert_eq!(pod["spec"]["serviceAccountName"], account["metadata"]["name"]);
    for document in yaml("telemetry/collector.yaml").iter().filter(|document| document["kind"] != "Namespace") {
        assert_eq!(document["metadata"]["namespace"], manifest("Namespace")["metadata"]["name"], "{document}");
    }
}

#[test]
fn collector_pod_meets_pod_security_restricted() {
    assert_eq!(manifest("Namespace")["metadata"]["labels"]["pod-security.kubernetes.io/enforce"], "restricted");
    let pod = manifest("Deployment")["spec"]["template"]["spec"].clone();
    assert_eq!(pod["automountServiceAccountToken"], false, "Pod Identity mounts its own token");
    assert_eq!(
        (&pod["securityContext"]["runAsNonRoot"], &pod["securityContext"]["seccompProfile"]["type"]),
        (&json!(true), &json!("RuntimeDefault"))
    );
    let expected = json!({
        "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": { "drop": ["ALL"] },
    });
    let container = &pod["containers"][0];
    assert_eq!(container["securityContext"], expected);
    assert_eq!(container["resources"]["limits"], json!({ "memory": container["resources"]["requests"]["memory"] }));
}

#[test]
fn policy_grants_only_sending() {
    let policy = json("policies/collector.json");
    let actions: Vec<_> =
        policy["Statement"].as_array().unwrap().iter().map(|statement| statement["Action"].clone()).collect();
    let logs = ["CreateLogGroup", "CreateLogStream", "PutLogEvents", "PutRetentionPolicy"]
        .map(|action| format!("logs:{action}"));
    assert_eq!(actions, [json!(["xray:PutTraceSegments", "xray:PutTelemetryRecords"]), json!(logs)]);
    // Rights that depend on the configuration.
    assert_eq!(
        config()["exporters"]["awsxray"]["telemetry"]["enabled"],
        true,
        "otherwise PutTelemetryRecords is not needed"
    );
    assert!(config()["exporters"]["awsemf"]["log_retention"].is_u64(), "otherwise PutRetentionPolicy is not needed");
}

/// The guide derives the collector's trust policy from that of the jobs with `sed`.
#[test]
fn role_trusts_only_the_service_account_of_the_collector() {
    let commands = text("telemetry/README.md");
    let script = commands.split("sed '").nth(1).and_then(|rest| rest.split('\'').next()).expect("the command");
    let output =
        Command::new("sed").arg(script).arg(super::folder().join("policies/trust-pod-identity.json")).output().unwrap();
    let policy: Value = serde_json::from_slice(&output.stdout).unwrap();
    let condition = &policy["Statement"][0]["Condition"]["StringEquals"];
    let account = manifest("ServiceAccount");
    assert_eq!(condition["aws:RequestTag/kubernetes-namespace"], account["metadata"]["namespace"]);
    assert_eq!(condition["aws:RequestTag/kubernetes-service-account"], account["metadata"]["name"]);
    assert_eq!(condition["aws:RequestTag/eks-cluster-name"], "cityflow");
}

#[test]
fn chart_sends_to_this_collector() {
    let Some(helm) = Helm::find() else { return };
    let service = manifest("Service");
    let [name, namespace] = ["name", "namespace"].map(|key| service["metadata"][key].as_str().unwrap().to_owned());
    let ingress = &manifest("NetworkPolicy")["spec"]["ingress"][0];
    let allowed_namespaces = ingress["from"][0]["namespaceSelector"]["matchExpressions"][0]["values"].clone();
    for (file, release) in [("values-prod.yaml", "cityflow"), ("values-staging.yaml", "cityflow-staging")] {
        let objects = helm.objects(&[&chart().join(file)], &[]);
        for job in ["process", "report"] {
            let template = &objects.get("CronJob", job)["spec"]["jobTemplate"]["spec"]["template"];
            let env = template["spec"]["containers"][0]["env"].as_array().unwrap();
            let endpoint =
                env.iter().find(|variable| variable["name"] == "OTEL_EXPORTER_OTLP_ENDPOINT").expect("an endpoint");
            assert_eq!(endpoint["value"], format!("http://{name}.{namespace}:{}", PORTS[0]), "{file}, {job}");
            let label = ingress["from"][0]["podSelector"]["matchLabels"].as_object().unwrap().iter().next().unwrap();
            assert_eq!(
                &template["metadata"]["labels"][label.0], label.1,
                "{file}, {job}: the collector's NetworkPolicy allows the pod"
            );
        }
        assert!(allowed_namespaces.as_array().unwrap().contains(&json!(release)), "{file}: {allowed_namespaces}");
        let rules = objects.get("NetworkPolicy", "cityflow")["spec"]["egress"].clone();
        let to = json!([{
            "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": namespace } },
            "podSelector": { "matchLabels": service["spec"]["selector"] },
        }]);
        let rule =
            rules.as_array().unwrap().iter().find(|rule| rule["to"] == to).unwrap_or_else(|| panic!("{file}: {rules}"));
        assert_eq!(rule["ports"], json!(PORTS.map(|port| json!({ "protocol": "TCP", "port": port }))), "{file}");
    }
}

/// The configuration for a local collector: without components that it does not have, and with file exporters instead of AWS.
fn local_config(known: &Value, folder: &Path, ports: [u16; 2]) -> Value {
    let mut config = config();
    let knows = |group: &str, name: &str| {
        let kind = name.split('/').next().unwrap_or_default();
        known[group].as_array().into_iter().flatten().any(|component| component["name"] == kind)
    };
    for group in ["extensions", "processors"] {
        config[group].as_object_mut().unwrap().retain(|name, _| knows(group, name));
    }
    config["service"]["extensions"].as_array_mut().unwrap().retain(|name| knows("extensions", name.as_str().unwrap()));
    for (pipeline, settings) in config["service"]["pipelines"].as_object_mut().unwrap() {
        settings["processors"].as_array_mut().unwrap().retain(|name| knows("processors", name.as_str().unwrap()));
        settings["exporters"] = json!([format!("file/{pipeline}")]);
    }
    let file = |name: &str| json!({ "path": folder.join(name) });
    config["exporters"] = json!({ "file/traces": file(TRACES), "file/metrics": file(METRICS) });
    for (protocol, port) in ["grpc", "http"].iter().zip(ports) {
        config["receivers"]["otlp"]["protocols"][protocol]["endpoint"] = json!(format!("127.0.0.1:{port}"));
    }
    config["service"]["telemetry"] = json!({ "metrics": { "level": "none" } });
    config
}

/// Posts JSON; returns the status line.
fn post(address: &str, path: &str, body: &Value) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    for set in [TcpStream::set_read_timeout, TcpStream::set_write_timeout] {
        set(&stream, Some(Duration::from_secs(30))).unwrap();
    }
    let body = body.to_string();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: collector\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all((head + &body).as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.lines().next().unwrap_or_default().to_owned()
}

#[test]
fn real_collector_accepts_the_configuration_and_exports_data() {
    let known = || -> Value {
        let components = Command::new("otelcol").arg("components").output().unwrap();
        serde_norway::from_slice(&components.stdout).unwrap()
    };
    let Some(collector) = Collector::with_configuration(|folder, ports| local_config(&known(), folder, ports)) else {
        return;
    };

    let span = json!({
        "traceId": "6909420ca1b2c3d4e5f60718293a4b5c", "spanId": "0102030405060708", "name": "process", "kind": 1,
        "startTimeUnixNano": "1762214412000000000", "endTimeUnixNano": "1762214413000000000",
    });
    let point = json!({
        "asInt": "1", "timeUnixNano": "1762214413000000000",
        "attributes": [{ "key": "job", "value": { "stringValue": "processor" } }],
    });
    let metric = json!({ "name": "cityflow.errors", "sum": { "aggregationTemporality": 1, "isMonotonic": true, "dataPoints": [point] } });
    let spans = json!({ "resourceSpans": [{ "scopeSpans": [{ "spans": [span] }] }] });
    let metrics = json!({ "resourceMetrics": [{ "scopeMetrics": [{ "metrics": [metric] }] }] });
    let endpoint = collector.endpoint(Protocol::Json);
    for (signal, body) in [("traces", spans), ("metrics", metrics)] {
        let status = post(endpoint.trim_start_matches("http://"), &format!("/v1/{signal}"), &body);
        assert!(status.contains(" 200 "), "{signal}: {status}");
    }
    let received = collector.received();
    assert_eq!(received.trace.single_span("process").trace, "6909420ca1b2c3d4e5f60718293a4b5c");
    assert_eq!(received.value("cityflow.errors", &[("job", "processor")]), Some(1.0));
}
