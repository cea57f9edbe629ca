//! What a developer's cluster and the checks on a change are made with: skaffold.yaml, tests/kind.yaml, `first-report`, the workflows.
//! That they work is for a cluster to show; here, that they name what there is, and that each tool takes its own file.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test ends where it cannot go on")]
#![allow(clippy::print_stdout, reason = "what was looked at, or not, is said")]

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

use acceptance::binaries::workspace;
use acceptance::cluster::{run, skipped};
use serde_json::Value;

/// Names the published JSON schema of skaffold.yaml's `apiVersion`, for where Skaffold itself is not.
const SCHEMA: &str = "CITYFLOW_SKAFFOLD_SCHEMA";
/// The schema that is taken otherwise: what of it skaffold.yaml has to do with.
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

/// A tool of the PATH; without it, `None`, and it is said.
fn tool(name: &str) -> Option<Command> {
    let found = here(name);
    if !found {
        skipped(&format!("{name} is not on the PATH"));
    }
    found.then(|| {
        let mut command = Command::new(name);
        command.current_dir(workspace());
        command
    })
}

/// Is a tool on the PATH?
fn here(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(name).is_file())
}

/// The files of a folder, by their path in the project.
fn files(folder: &str) -> Vec<String> {
    let entries = std::fs::read_dir(workspace().join(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
    entries.map(|entry| format!("{folder}/{}", entry.unwrap().file_name().to_str().unwrap())).collect()
}

/// The releases that skaffold.yaml installs.
fn releases(skaffold: &Value) -> &[Value] {
    let releases = list(&skaffold["deploy"]["helm"]["releases"]);
    assert!(!releases.is_empty(), "skaffold.yaml installs nothing");
    releases
}

#[test]
fn each_image_is_a_stage_of_its_dockerfile() {
    let skaffold = skaffold();
    let artifacts = list(&skaffold["build"]["artifacts"]);
    let mut targets = BTreeSet::new();
    for artifact in artifacts {
        let docker = &artifact["docker"];
        let target = docker["target"].as_str().expect("an artifact names its target");
        let stages = text(docker["dockerfile"].as_str().unwrap());
        let stage = |line: &str| line.starts_with("FROM ") && line.ends_with(&format!(" AS {target}"));
        assert!(stages.lines().any(stage), "there is no stage {target}");
        assert_eq!(artifact["image"].as_str(), Some(format!("cityflow/{target}").as_str()));
        targets.insert(target);
    }
    assert_eq!(targets, BTreeSet::from(["processor", "reporter", "simulator"]));
}

/// Where a value such as `reporter.extraEnv[0].name` would be put: it has to be there, or in a list that is.
fn known(values: &Value, name: &str) -> bool {
    let mut place = values;
    for step in name.split('.') {
        let (key, index) = step.split_once('[').map_or((step, None), |(key, index)| (key, Some(index)));
        let Some(next) = place.get(key) else { return false };
        if index.is_some() {
            return next.is_array();
        }
        place = next;
    }
    !place.is_object()
}

#[test]
fn each_value_that_skaffold_sets_is_one_of_the_chart() {
    let skaffold = skaffold();
    let mut set = BTreeSet::new();
    for release in releases(&skaffold) {
        let values = yaml(&format!("{}/values.yaml", release["chartPath"].as_str().unwrap()));
        for file in texts(&release["valuesFiles"]) {
            assert!(workspace().join(file).is_file(), "there is no {file}");
        }
        for key in ["setValues", "setValueTemplates"] {
            for name in release[key].as_object().into_iter().flat_map(serde_json::Map::keys) {
                assert!(known(&values, name), "{key}: the chart has no value {name}");
                set.insert(name.clone());
            }
        }
    }
    for image in ["processor", "reporter", "development.city"] {
        for part in ["repository", "tag", "digest"] {
            assert!(set.contains(&format!("{image}.image.{part}")), "the {part} of {image} is not set");
        }
    }
}

#[test]
fn each_template_speaks_of_an_image_that_is_built() {
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
            let end = if part == "REPO" { "repository".to_owned() } else { part.to_lowercase() };
            assert!(name.ends_with(&format!(".image.{end}")), "{name} is not what {template} gives");
        }
    }
}

#[test]
fn nothing_is_pushed_from_a_developers_cluster() {
    let skaffold = skaffold();
    for (name, context, other) in
        [("kind", "kind-cityflow", "arn:aws:eks:production"), ("minikube", "minikube", "kind-minikube-like")]
    {
        let profile = list(&skaffold["profiles"]).iter().find(|profile| profile["name"] == name);
        let profile = profile.unwrap_or_else(|| panic!("there is no profile {name}"));
        assert_eq!(profile["build"]["local"]["push"], false, "{name}");
        let pattern = profile["activation"][0]["kubeContext"].as_str().unwrap();
        let active = |context: &str| match (pattern.strip_prefix('^'), pattern.strip_suffix('$')) {
            (Some(_), Some(whole)) => whole.trim_start_matches('^') == context,
            (Some(start), None) => context.starts_with(start),
            _ => panic!("{name}: {pattern} would be found anywhere in a name"),
        };
        assert!(active(context) && !active(other), "{name}: {pattern}");
    }
}

#[test]
fn hooks_run_what_is_there() {
    let skaffold = skaffold();
    let hooks = list(&skaffold["deploy"]["helm"]["hooks"]["after"]);
    assert!(!hooks.is_empty(), "nobody makes a first report");
    for hook in hooks {
        let command = texts(&hook["host"]["command"]);
        assert!(workspace().join(command[1]).is_file(), "{command:?}");
        assert_eq!(Some(command[2]), releases(&skaffold)[0]["namespace"].as_str(), "{command:?}");
    }
}

#[test]
fn the_forwarded_service_is_the_charts() {
    let skaffold = skaffold();
    let release = &releases(&skaffold)[0];
    let values = yaml(&format!("{}/values.yaml", release["chartPath"].as_str().unwrap()));
    let forward = &skaffold["portForward"][0];
    assert_eq!(forward["resourceName"], values["development"]["s3"]["name"]);
    assert_eq!(forward["namespace"], release["namespace"]);
}

#[test]
fn skaffold_takes_its_file() {
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
    assert!(!validator.is_valid(&misspelt), "a schema that takes anything proves nothing");

    // Where Skaffold itself is at hand it has the last word.
    if !here("skaffold") {
        println!("SKIPPED: skaffold is not on the PATH, so that its schema alone was asked");
        return;
    }
    let mut skaffold = Command::new("skaffold");
    skaffold.current_dir(workspace());
    for profile in ["kind", "minikube"] {
        let answer = run(skaffold.args(["diagnose", "--yaml-only", "--profile", profile]));
        assert!(answer.good().contains("cityflow/processor"), "{profile}");
    }
}

#[test]
fn the_nodes_of_kind_carry_the_pools() {
    let kind = yaml("tests/kind.yaml");
    let pools: Vec<_> =
        list(&kind["nodes"]).iter().filter_map(|node| node["labels"]["cityflow.io/pool"].as_str()).collect();
    assert_eq!(pools, ["large", "large", "small"]);
}

#[test]
fn workflows_have_few_rights_and_run_nothing_that_can_change_under_them() {
    let mut actions = 0;
    for path in files(".github/workflows") {
        let workflow = yaml(&path);
        assert_eq!(workflow["permissions"], serde_json::json!({"contents": "read"}), "{path}: more is for single jobs");
        assert_eq!(
            workflow["defaults"]["run"]["shell"], "bash",
            "{path}: a pipe would hide that its first command failed"
        );
        let on = &workflow["on"];
        assert!(on.get("pull_request_target").is_none() && on != "pull_request_target", "{path}: strangers' code");
        for (name, job) in workflow["jobs"].as_object().unwrap() {
            let called = job["uses"].as_str();
            assert!(called.is_some() || job["timeout-minutes"].is_u64(), "{path}: {name} may run forever");
            let steps = list(&job["steps"]).iter().filter_map(|step| step["uses"].as_str());
            for action in steps.chain(called) {
                if action.starts_with("./") {
                    continue;
                }
                let commit = action.split_once('@').map_or("", |(_, commit)| commit);
                let whole = commit.len() == 40 && commit.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
                assert!(whole, "{path}: {action} is not named by a commit");
                actions += 1;
            }
        }
        let named = |line: &&str| line.contains("uses:") && line.contains('@') && !line.contains("@v");
        for line in text(&path).lines().filter(named) {
            assert!(line.contains(" # v"), "{path}: {} does not say its version", line.trim());
        }
    }
    assert!(actions > 0, "no workflow uses an action?");
}

#[test]
fn actionlint_takes_the_workflows() {
    let Some(mut actionlint) = tool("actionlint") else { return };
    let _ = run(&mut actionlint).good();
}

#[test]
fn shellcheck_takes_the_scripts() {
    let Some(mut shellcheck) = tool("shellcheck") else { return };
    let _ =
        run(shellcheck.args(["--severity", "warning", "tests/tools/first-report", "docker/images", "docker/programs"]))
            .good();
}
