//! Validation of the rendered objects by a cluster: kubeconform with the cluster's schemas, and a server-side dry run.
//!
//! The dry run needs a namespace, which is deleted after the test.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use acceptance::binaries::workspace;
use acceptance::chart::{Helm, folder};
use acceptance::cluster::KUBECONFIG;
use acceptance::tools::{self, ToolOutput};
use serde_json::{Value, json};

use crate::rendered::{ALL_ON, DAYS, FILES};

/// Path of the kubeconfig. Without a cluster the test is skipped, also if tools are required: the other chart tests do not need one.
fn cluster() -> Option<PathBuf> {
    let Some(file) = std::env::var_os(KUBECONFIG).filter(|file| !file.is_empty()) else {
        println!("SKIPPED: {KUBECONFIG} is not set");
        return None;
    };
    tools::require("kubectl").then(|| workspace().join(file))
}

fn kubectl(kubeconfig: &Path, arguments: &[&str], input: &str) -> ToolOutput {
    let mut command = Command::new("kubectl");
    tools::run_with_input(command.arg("--kubeconfig").arg(kubeconfig).args(arguments), input)
}

/// Converts the API's OpenAPI definitions to strict JSON Schema: no additional properties, and no extensions of Kubernetes.
fn strict(definition: &mut Value) {
    match definition {
        Value::Object(map) => {
            map.values_mut().for_each(strict);
            let preserve = map.get("x-kubernetes-preserve-unknown-fields") == Some(&json!(true));
            if map.get("properties").is_some_and(Value::is_object)
                && !map.contains_key("additionalProperties")
                && !preserve
            {
                map.insert("additionalProperties".to_owned(), json!(false));
            }
            if map.get("format") == Some(&json!("int-or-string")) {
                map.insert("type".to_owned(), json!(["integer", "string"]));
            }
            map.remove("format");
        }
        Value::Array(all) => all.iter_mut().for_each(strict),
        _ => {}
    }
}

/// Writes a schema for each kind, with the file name that kubeconform expects.
fn write_schemas(api: &Value, to: &Path, kinds: &BTreeSet<String>) -> usize {
    let mut definitions = api["definitions"].clone();
    strict(&mut definitions);
    definitions["io.k8s.apimachinery.pkg.api.resource.Quantity"] = json!({ "type": ["string", "number"] });
    let mut written = 0;
    for (name, definition) in definitions.as_object().unwrap() {
        for kind in definition["x-kubernetes-group-version-kind"].as_array().into_iter().flatten() {
            let part = |key: &str| kind[key].as_str().unwrap().to_lowercase();
            let group =
                part("group").split('.').next().map(|group| format!("-{group}")).filter(|group| group.len() > 1);
            let file = format!("{}{}-{}.json", part("kind"), group.unwrap_or_default(), part("version"));
            if kinds.contains(&part("kind")) {
                let schema = json!({ "$ref": format!("#/definitions/{name}"), "definitions": definitions });
                std::fs::write(to.join(file), schema.to_string()).unwrap();
                written += 1;
            }
        }
    }
    written
}

#[test]
fn kubeconform_accepts_every_object_with_the_schemas_of_the_cluster() {
    let (Some(helm), Some(kubeconfig)) = (Helm::find(), cluster()) else { return };
    if !tools::require("kubeconform") {
        return;
    }
    let output = kubectl(&kubeconfig, &["get", "--raw", "/openapi/v2"], "");
    let api: Value = serde_json::from_str(&output.expect_success()).unwrap();

    let all_on = helm.values("all.yaml", ALL_ON);
    let files: Vec<_> = FILES.iter().map(|(name, _)| folder().join(name)).chain([all_on]).collect();
    let texts: Vec<_> = files.iter().map(|file| helm.template(&[file], &DAYS)).collect();
    let kinds = texts
        .iter()
        .flat_map(|text| text.lines().filter_map(|line| line.strip_prefix("kind: ")))
        .map(str::to_lowercase);
    let kinds: BTreeSet<_> = kinds.collect();
    let schemas = tempfile::tempdir().unwrap();
    assert!(write_schemas(&api, schemas.path(), &kinds) >= kinds.len(), "{kinds:?}");

    let conform = |text: &str| {
        let path = helm.values("rendered.yaml", text);
        let mut location = schemas.path().to_str().unwrap().to_owned();
        location.push_str("/{{ .ResourceKind }}{{ .KindSuffix }}.json");
        let mut kubeconform = Command::new("kubeconform");
        tools::run(kubeconform.args(["-strict", "-summary", "-schema-location", &location]).arg(&path))
    };
    for (file, text) in files.iter().zip(&texts) {
        let summary = conform(text).expect_success();
        assert!(summary.contains("Skipped: 0"), "{}: {summary}", file.display());
    }
    // The schemas do reject invalid objects.
    for (right, wrong) in [
        ("backoffLimit:", "backofLimit:"),
        ("suspend: false", "suspend: perhaps"),
        ("backoffLimit: 6", "backoffLimit: six"),
    ] {
        assert!(texts[0].contains(right));
        let output = conform(&texts[0].replace(right, wrong));
        assert!(!output.success, "{wrong} is accepted: {}", output.text());
    }
}

/// A namespace with Pod Security `restricted`, deleted when it is dropped.
struct Namespace<'a> {
    kubeconfig: &'a Path,
    name: String,
}

impl<'a> Namespace<'a> {
    fn new(kubeconfig: &'a Path) -> Self {
        let name = format!("chart-{}", std::process::id());
        let labels =
            ["enforce", "warn"].map(|mode| (format!("pod-security.kubernetes.io/{mode}"), json!("restricted")));
        let namespace = json!({
            "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name, "labels": Value::from_iter(labels) },
        });
        let output = kubectl(kubeconfig, &["create", "-f", "-"], &namespace.to_string());
        let _ = output.expect_success();
        Self { kubeconfig, name }
    }
}

impl Drop for Namespace<'_> {
    fn drop(&mut self) {
        kubectl(self.kubeconfig, &["delete", "namespace", &self.name, "--wait=false"], "");
    }
}

#[test]
fn api_server_accepts_every_object_without_warnings() {
    let (Some(helm), Some(kubeconfig)) = (Helm::find(), cluster()) else { return };
    let namespace = Namespace::new(&kubeconfig);
    let apply = |text: &str| {
        let flags = [
            "apply",
            "--dry-run=server",
            "--validate=strict",
            "--warnings-as-errors",
            "-n",
            &namespace.name,
            "-f",
            "-",
        ];
        kubectl(&kubeconfig, &flags, text)
    };
    let all_on = helm.values("all.yaml", ALL_ON);
    for file in FILES.iter().map(|(name, _)| folder().join(name)).chain([all_on]) {
        // A Pod of the tests would need its priority class and ServiceAccount, which a dry run does not create.
        let text = helm.template(&[&file], &["--namespace", &namespace.name, "--skip-tests"]);
        let _ = apply(&text).expect_success();
    }
    let text = helm.template(&[], &["--namespace", &namespace.name, "--skip-tests"]);
    let output = apply(&text.replace("runAsNonRoot: true", "runAsNonRoot: false"));
    assert!(!output.success && output.stderr.contains("restricted"), "a root pod is accepted: {}", output.text());
}
