//! The Helm chart as `helm` renders it, as text and as objects. Helm itself parses the YAML, so that there is one reader of it.
//!
//! Not for the behaviour of the objects in a cluster: see [`crate::cluster`].

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::binaries::workspace;
use crate::tools::{self, ToolOutput};

/// The folder of the chart.
#[must_use]
pub fn folder() -> PathBuf {
    workspace().join("helm/cityflow")
}

/// Runs `helm` on the chart.
#[derive(Debug)]
pub struct Helm {
    scratch: TempDir,
}

impl Helm {
    /// `None` if Helm is not on the PATH; the test is then skipped.
    #[must_use]
    pub fn find() -> Option<Self> {
        tools::require("helm").then(|| Self { scratch: tempfile::tempdir().expect("a folder") })
    }

    /// Runs Helm with these arguments, without access to a cluster.
    #[must_use]
    pub fn run(&self, arguments: &[&str]) -> ToolOutput {
        let mut command = Command::new("helm");
        command.args(arguments).current_dir(folder()).env("KUBECONFIG", self.scratch.path().join("no-kubeconfig"));
        tools::run(&mut command)
    }

    /// Output of `helm template` with values files, of which later ones override earlier ones, and more arguments.
    ///
    /// # Errors
    /// Helm's error output.
    pub fn try_template(&self, files: &[&Path], more: &[&str]) -> Result<String, String> {
        let mut arguments = vec!["template", "cityflow", ".", "--namespace", "cityflow"];
        for file in files {
            arguments.extend(["--values", file.to_str().expect("a path of text")]);
        }
        arguments.extend(more);
        let output = self.run(&arguments);
        if output.success { Ok(output.stdout) } else { Err(output.stderr) }
    }

    /// Like [`Helm::try_template`], for values that must be accepted.
    ///
    /// # Panics
    /// If Helm fails.
    #[must_use]
    pub fn template(&self, files: &[&Path], more: &[&str]) -> String {
        self.try_template(files, more).unwrap_or_else(|error| panic!("helm template {files:?} {more:?}: {error}"))
    }

    /// The objects of [`Helm::template`].
    #[must_use]
    pub fn objects(&self, files: &[&Path], more: &[&str]) -> Objects {
        Objects(self.parse(&self.template(files, more)))
    }

    /// Writes a values file to a temporary folder, which is deleted with `self`.
    #[must_use]
    pub fn values(&self, name: &str, text: &str) -> PathBuf {
        let path = self.scratch.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path
    }

    /// The documents of a YAML text, converted to JSON by a temporary chart.
    ///
    /// # Panics
    /// If the text is not valid YAML.
    #[must_use]
    pub fn parse(&self, yaml: &str) -> Vec<Value> {
        let chart = tempfile::tempdir_in(self.scratch.path()).expect("a folder");
        let write = |name: &str, text: &str| std::fs::write(chart.path().join(name), text).expect("a file");
        write("Chart.yaml", "apiVersion: v2\nname: reader\nversion: 0.0.0\n");
        std::fs::create_dir(chart.path().join("templates")).expect("a folder");
        std::fs::create_dir(chart.path().join("documents")).expect("a folder");
        write(
            "templates/all.yaml",
            "{{ $all := list }}{{ range $path, $_ := .Files.Glob \"documents/*\" }}\
             {{ $all = append $all ($.Files.Get $path | fromYaml) }}{{ end }}documents: {{ $all | toJson }}\n",
        );
        for (number, document) in documents(yaml).iter().enumerate() {
            write(&format!("documents/{number:04}"), document);
        }
        let text = self.run(&["template", chart.path().to_str().expect("a path of text")]).expect_success();
        let json = text.lines().find_map(|line| line.strip_prefix("documents: ")).expect("the documents");
        let all: Vec<Value> = serde_json::from_str(json).expect("JSON");
        // fromYaml does not fail, but returns {"Error": …}.
        let error =
            all.iter().find(|value| value.as_object().is_some_and(|map| map.len() == 1 && map.contains_key("Error")));
        assert!(error.is_none(), "{}", error.unwrap_or(&Value::Null));
        all
    }
}

/// The texts between `---`, except those with nothing but comments.
fn documents(yaml: &str) -> Vec<String> {
    let mut all = vec![String::new()];
    for line in yaml.lines() {
        if line == "---" {
            all.push(String::new());
        } else if let Some(last) = all.last_mut() {
            last.push_str(line);
            last.push('\n');
        }
    }
    let has_content = |text: &String| text.lines().any(|line| !line.trim().is_empty() && !line.starts_with('#'));
    all.retain(has_content);
    all
}

/// The objects that a chart renders.
#[derive(Debug, Clone)]
pub struct Objects(pub Vec<Value>);

impl Objects {
    #[must_use]
    pub fn find(&self, kind: &str, name: &str) -> Option<&Value> {
        self.0.iter().find(|object| object["kind"] == kind && object["metadata"]["name"] == name)
    }

    /// Like [`Objects::find`], for an object that must exist.
    ///
    /// # Panics
    /// If it does not.
    #[must_use]
    pub fn get(&self, kind: &str, name: &str) -> &Value {
        self.find(kind, name).unwrap_or_else(|| panic!("no {kind} {name} among {:?}", self.names()))
    }

    /// `Kind/name` of each object.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        self.0.iter().map(|object| format!("{}/{}", text(&object["kind"]), text(&object["metadata"]["name"]))).collect()
    }

    /// `Kind/name` and pod spec of every object that is a pod or has a pod template.
    #[must_use]
    pub fn pods(&self) -> Vec<(String, &Value)> {
        let paths = ["/spec/jobTemplate/spec/template/spec", "/spec/template/spec", "/spec"];
        let spec = |object| {
            paths.iter().find_map(|path| Value::pointer(object, path).filter(|spec| spec["containers"].is_array()))
        };
        self.names().into_iter().zip(&self.0).filter_map(|(name, object)| Some((name, spec(object)?))).collect()
    }
}
