//! The rendered objects against a cluster: kubeconform with the cluster's own schemas, strictly, and the API server's dry run.
//!
//! Nothing stays in the cluster but for the time of a test a namespace, because a dry run needs one.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use acceptance::binaries::workspace;
use acceptance::chart::{Helm, folder, has};
use serde_json::{Value, json};

use crate::rendered::{ALL_ON, DAYS, FILES};

/// The variable that names a kubeconfig.
const VARIABLE: &str = "CITYFLOW_TEST_KUBECONFIG";

fn cluster() -> Option<PathBuf> {
    let Some(file) = std::env::var_os(VARIABLE).filter(|file| !file.is_empty()) else {
        println!("SKIPPED: {VARIABLE} is not set; without a cluster its schemas are not compared with");
        return None;
    };
    has("kubectl").then(|| workspace().join(file))
}

fn kubectl(kubeconfig: &Path, arguments: &[&str], input: Option<&str>) -> Output {
    use std::io::Write as _;
    let mut command = Command::new("kubectl");
    command.arg("--kubeconfig").arg(kubeconfig).args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("kubectl can be started");
    let mut stdin = child.stdin.take().unwrap();
    let input = input.unwrap_or_default().to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().ok();
    output
}

/// Makes the API's description strict: no other properties, and what it says in words of its own is said in JSON Schema's.
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

/// Writes a schema for each kind that the cluster has, named as kubeconform's template below asks for it.
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
fn kubeconform_finds_nothing_by_the_schemas_of_the_cluster() {
    let (Some(helm), Some(kubeconfig)) = (Helm::find(), cluster()) else { return };
    if !has("kubeconform") {
        return;
    }
    let output = kubectl(&kubeconfig, &["get", "--raw", "/openapi/v2"], None);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let api: Value = serde_json::from_slice(&output.stdout).unwrap();

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
        let output = Command::new("kubeconform")
            .args(["-strict", "-summary", "-schema-location", &location])
            .arg(&path)
            .output();
        let output = output.expect("kubeconform can be started");
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        (output.status.success(), said)
    };
    for (file, text) in files.iter().zip(&texts) {
        let (good, said) = conform(text);
        assert!(good, "{}: {said}", file.display());
        assert!(said.contains("Skipped: 0"), "{}: {said}", file.display());
    }
    // It does see what is wrong.
    for (right, wrong) in [
        ("backoffLimit:", "backofLimit:"),
        ("suspend: false", "suspend: perhaps"),
        ("backoffLimit: 6", "backoffLimit: six"),
    ] {
        assert!(texts[0].contains(right));
        let (good, said) = conform(&texts[0].replace(right, wrong));
        assert!(!good, "{wrong} is taken: {said}");
    }
}

/// A namespace that is held to Pod Security `restricted`, removed in the end.
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
        let output = kubectl(kubeconfig, &["create", "-f", "-"], Some(&namespace.to_string()));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Self { kubeconfig, name }
    }
}

impl Drop for Namespace<'_> {
    fn drop(&mut self) {
        kubectl(self.kubeconfig, &["delete", "namespace", &self.name, "--wait=false"], None);
    }
}

#[test]
fn the_api_server_takes_every_object_and_warns_of_none() {
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
        let output = kubectl(&kubeconfig, &flags, Some(text));
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let all_on = helm.values("all.yaml", ALL_ON);
    for file in FILES.iter().map(|(name, _)| folder().join(name)).chain([all_on]) {
        // Priority classes and accounts of its own are not there for a Pod that is no more than tried.
        let text = helm.template(&[&file], &["--namespace", &namespace.name, "--skip-tests"]);
        let (good, said) = apply(&text);
        assert!(good, "{}: {said}", file.display());
    }
    let text = helm.template(&[], &["--namespace", &namespace.name, "--skip-tests"]);
    let (good, said) = apply(&text.replace("runAsNonRoot: true", "runAsNonRoot: false"));
    assert!(!good && said.contains("restricted"), "a pod that is not restricted is taken: {said}");
}
