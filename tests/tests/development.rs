//! Files for development and CI: skaffold.yaml, tests/kind.yaml, scripts, workflows. They must be valid and refer to existing files, images
//! and values. The cluster tests show that they work.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::print_stdout, reason = "a test reports that it is skipped")]

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

use acceptance::binaries::{program, workspace};
use acceptance::tools::{self, run};
use serde_json::Value;

/// Path of the published JSON schema for the `apiVersion` of skaffold.yaml.
const SCHEMA: &str = "CITYFLOW_SKAFFOLD_SCHEMA";
/// The default schema: the part of the published one that skaffold.yaml uses.
const OWN_SCHEMA: &str = "tests/skaffold.schema.json";

fn text(path: &str) -> String {
    std::fs::read_to_string(workspace().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn yaml(path: &str) -> Value {
    serde_norway::from_str(&text(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn skaffold() -> Value {
    yaml("skaffold.yaml")
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn texts(value: &Value) -> Vec<&str> {
    list(value).iter().map(|text| text.as_str().unwrap()).collect()
}

/// A tool that runs in the root of the repository. Without it the test is skipped.
fn tool(name: &str) -> Option<Command> {
    let mut command = Command::new(name);
    command.current_dir(workspace());
    tools::require(name).then_some(command)
}

/// The files of a folder, as paths relative to the repository.
fn files(folder: &str) -> Vec<String> {
    let entries = std::fs::read_dir(workspace().join(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
    entries.map(|entry| format!("{folder}/{}", entry.unwrap().file_name().to_str().unwrap())).collect()
}

fn releases(skaffold: &Value) -> &[Value] {
    let releases = list(&skaffold["deploy"]["helm"]["releases"]);
    assert!(!releases.is_empty(), "skaffold.yaml installs nothing");
    releases
}

/// With the programs of the tests instead of those of a release.
#[test]
fn archive_has_programs_completions_and_manual_pages() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    for name in ["processor", "reporter", "simulator"] {
        let path = folder.path().join(name);
        std::fs::write(&path, format!("#!/bin/sh\nexec {} \"$@\"\n", program(name).display())).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let version = format!("test-{}", std::process::id());
    let mut archive = Command::new("docker/archive");
    let printed = run(archive.arg(&version).current_dir(workspace()).env("PROGRAMS", folder.path())).expect_success();
    assert!(printed.starts_with("archive: target/archive/"), "{printed}");
    let name = format!("cityflow-{version}-linux-{}", std::env::consts::ARCH);
    let file = workspace().join(format!("target/archive/{name}.tar.gz"));
    let listed = run(Command::new("tar").arg("-tzf").arg(&file)).expect_success();
    let pages =
        run(Command::new("tar").arg("-xzOf").arg(&file).arg(format!("{name}/share/man/man1/processor-status.1")))
            .expect_success();
    std::fs::remove_file(&file).unwrap();
    for path in [
        "bin/processor",
        "bin/reporter",
        "bin/simulator",
        "share/bash-completion/completions/processor",
        "share/zsh/site-functions/_reporter",
        "share/fish/vendor_completions.d/simulator.fish",
        "share/man/man1/processor.1",
        "share/man/man1/reporter-check.1",
    ] {
        assert!(listed.lines().any(|line| line == format!("{name}/{path}")), "{path} is missing:\n{listed}");
    }
    assert!(pages.contains(".TH processor-status 1") && pages.contains("json"), "{pages}");
}

#[test]
fn skaffold_images_are_stages_of_the_dockerfile() {
    let skaffold = skaffold();
    let artifacts = list(&skaffold["build"]["artifacts"]);
    let mut targets = BTreeSet::new();
    for artifact in artifacts {
        let docker = &artifact["docker"];
        let target = docker["target"].as_str().expect("an artifact names its target");
        let stages = text(docker["dockerfile"].as_str().unwrap());
        let stage = |line: &str| line.starts_with("FROM ") && line.ends_with(&format!(" AS {target}"));
        assert!(stages.lines().any(stage), "no stage {target}");
        assert_eq!(artifact["image"].as_str(), Some(format!("cityflow/{target}").as_str()));
        targets.insert(target);
    }
    assert_eq!(targets, BTreeSet::from(["processor", "reporter", "simulator"]));
}

/// Whether the chart has a value such as `reporter.extraEnv[0].name`, or the list that contains it.
fn has_value(values: &Value, name: &str) -> bool {
    let mut at = values;
    for part in name.split('.') {
        let (key, index) = part.split_once('[').map_or((part, None), |(key, index)| (key, Some(index)));
        let Some(next) = at.get(key) else { return false };
        if index.is_some() {
            return next.is_array();
        }
        at = next;
    }
    !at.is_object()
}

#[test]
fn skaffold_sets_existing_values_of_the_chart() {
    let skaffold = skaffold();
    let mut set = BTreeSet::new();
    for release in releases(&skaffold) {
        let values = yaml(&format!("{}/values.yaml", release["chartPath"].as_str().unwrap()));
        for file in texts(&release["valuesFiles"]) {
            assert!(workspace().join(file).is_file(), "{file} does not exist");
        }
        for key in ["setValues", "setValueTemplates"] {
            for name in release[key].as_object().into_iter().flat_map(serde_json::Map::keys) {
                assert!(has_value(&values, name), "{key}: the chart has no value {name}");
                set.insert(name.clone());
            }
        }
    }
    for image in ["processor", "reporter", "development.city"] {
        for part in ["repository", "tag", "digest"] {
            assert!(set.contains(&format!("{image}.image.{part}")), "{part} of {image} is not set");
        }
    }
}

#[test]
fn skaffold_templates_refer_to_built_images() {
    let skaffold = skaffold();
    let built: BTreeSet<_> = list(&skaffold["build"]["artifacts"])
        .iter()
        .map(|artifact| artifact["image"].as_str().unwrap().replace(['/', '-', '.', ':'], "_"))
        .collect();
    for release in releases(&skaffold) {
        for (name, template) in release["setValueTemplates"].as_object().unwrap() {
            let inner = template.as_str().unwrap().trim_start_matches("{{.IMAGE_").trim_end_matches("}}");
            let (part, image) = inner.split_once('_').unwrap();
            assert!(built.contains(image), "{name}: {template}");
            let suffix = if part == "REPO" { "repository".to_owned() } else { part.to_lowercase() };
            assert!(name.ends_with(&format!(".image.{suffix}")), "{name} does not match {template}");
        }
    }
}

#[test]
fn local_profiles_do_not_push_images() {
    let skaffold = skaffold();
    for (name, context, other) in
        [("kind", "kind-cityflow", "arn:aws:eks:production"), ("minikube", "minikube", "kind-minikube-like")]
    {
        let profile = list(&skaffold["profiles"]).iter().find(|profile| profile["name"] == name);
        let profile = profile.unwrap_or_else(|| panic!("no profile {name}"));
        assert_eq!(profile["build"]["local"]["push"], false, "{name}");
        let pattern = profile["activation"][0]["kubeContext"].as_str().unwrap();
        let active = |context: &str| match (pattern.strip_prefix('^'), pattern.strip_suffix('$')) {
            (Some(_), Some(whole)) => whole.trim_start_matches('^') == context,
            (Some(start), None) => context.starts_with(start),
            _ => panic!("{name}: {pattern} is not anchored"),
        };
        assert!(active(context) && !active(other), "{name}: {pattern}");
    }
}

#[test]
fn skaffold_hooks_run_existing_scripts() {
    let skaffold = skaffold();
    let hooks = list(&skaffold["deploy"]["helm"]["hooks"]["after"]);
    assert!(!hooks.is_empty(), "no hook creates the first report");
    for hook in hooks {
        let command = texts(&hook["host"]["command"]);
        assert!(workspace().join(command[1]).is_file(), "{command:?}");
        assert_eq!(Some(command[2]), releases(&skaffold)[0]["namespace"].as_str(), "{command:?}");
    }
}

#[test]
fn forwarded_service_is_a_service_of_the_chart() {
    let skaffold = skaffold();
    let release = &releases(&skaffold)[0];
    let values = yaml(&format!("{}/values.yaml", release["chartPath"].as_str().unwrap()));
    let forward = &skaffold["portForward"][0];
    assert_eq!(forward["resourceName"], values["development"]["s3"]["name"]);
    assert_eq!(forward["namespace"], release["namespace"]);
}

#[test]
fn skaffold_yaml_matches_its_schema() {
    let path = std::env::var_os(SCHEMA).filter(|path| !path.is_empty()).unwrap_or_else(|| OWN_SCHEMA.into());
    let path = workspace().join(PathBuf::from(path));
    let schema: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).expect("a JSON schema");
    let file = skaffold();
    let wrong: Vec<_> =
        validator.iter_errors(&file).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let mut misspelt = file.clone();
    misspelt["deploy"]["helms"] = misspelt["deploy"]["helm"].take();
    assert!(!validator.is_valid(&misspelt), "the schema must reject unknown keys");

    if !tools::is_installed("skaffold") {
        println!("SKIPPED: skaffold is not on the PATH; only the schema was checked");
        return;
    }
    let mut skaffold = Command::new("skaffold");
    skaffold.current_dir(workspace());
    for profile in ["kind", "minikube"] {
        let output = run(skaffold.args(["diagnose", "--yaml-only", "--profile", profile]));
        assert!(output.expect_success().contains("cityflow/processor"), "{profile}");
    }
}

#[test]
fn kind_nodes_have_the_pool_labels() {
    let kind = yaml("tests/kind.yaml");
    let pools: Vec<_> =
        list(&kind["nodes"]).iter().filter_map(|node| node["labels"]["cityflow.io/pool"].as_str()).collect();
    assert_eq!(pools, ["large", "large", "small"]);
}

#[test]
fn workflows_have_minimal_permissions_and_pinned_actions() {
    let mut actions = 0;
    for path in files(".github/workflows") {
        let workflow = yaml(&path);
        assert_eq!(
            workflow["permissions"],
            serde_json::json!({"contents": "read"}),
            "{path}: grant more to single jobs only"
        );
        assert_eq!(workflow["defaults"]["run"]["shell"], "bash", "{path}: bash sets pipefail");
        let on = &workflow["on"];
        assert!(
            on.get("pull_request_target").is_none() && on != "pull_request_target",
            "{path}: pull_request_target would run untrusted code with secrets"
        );
        for (name, job) in workflow["jobs"].as_object().unwrap() {
            let called = job["uses"].as_str();
            assert!(called.is_some() || job["timeout-minutes"].is_u64(), "{path}: {name} has no timeout");
            let steps = list(&job["steps"]).iter().filter_map(|step| step["uses"].as_str());
            for action in steps.chain(called) {
                if action.starts_with("./") {
                    continue;
                }
                let commit = action.split_once('@').map_or("", |(_, commit)| commit);
                let whole = commit.len() == 40 && commit.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
                assert!(whole, "{path}: {action} is not pinned to a commit");
                actions += 1;
            }
        }
        let named = |line: &&str| line.contains("uses:") && line.contains('@') && !line.contains("@v");
        for line in text(&path).lines().filter(named) {
            assert!(line.contains(" # v"), "{path}: {} has no comment with its version", line.trim());
        }
    }
    assert!(actions > 0, "no action found");
}

#[test]
fn actionlint_accepts_the_workflows() {
    let Some(mut actionlint) = tool("actionlint") else { return };
    let _ = run(&mut actionlint).expect_success();
}

#[test]
fn shellcheck_accepts_the_scripts() {
    let Some(mut shellcheck) = tool("shellcheck") else { return };
    let _ =
        run(shellcheck.args(["--severity", "warning", "tests/tools/first-report", "docker/images", "docker/programs"]))
            .expect_success();
}
