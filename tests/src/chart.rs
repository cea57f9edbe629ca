//! The Helm chart from outside: what it renders, as text and as objects. Helm itself reads the YAML, so that there is one reader of it.
//!
//! Not for what the objects do in a cluster.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use crate::binaries::workspace;

/// The variable that makes a missing tool a failure.
pub const REQUIRE: &str = "CITYFLOW_REQUIRE_TOOLS";
/// The variable that makes the tests write what they else compare with.
pub const UPDATE: &str = "UPDATE_CHART";

/// The folder of the chart.
#[must_use]
pub fn folder() -> PathBuf {
    workspace().join("helm/cityflow")
}

/// Whether a program is on the PATH. Where it is not, that is said, or it fails where [`REQUIRE`] is set.
///
/// # Panics
/// Where it is not there and [`REQUIRE`] is set.
#[must_use]
pub fn has(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    if std::env::split_paths(&path).any(|folder| folder.join(program).is_file()) {
        return true;
    }
    assert!(
        std::env::var_os(REQUIRE).is_none_or(|set| set != "1"),
        "{program} is not on the PATH, and {REQUIRE} is set"
    );
    println!("SKIPPED: {program} is not on the PATH");
    false
}

/// Helm, with this chart.
#[derive(Debug)]
pub struct Helm {
    scratch: TempDir,
}

impl Helm {
    /// Helm, where it is on the PATH; else `None`, and it is said.
    #[must_use]
    pub fn find() -> Option<Self> {
        has("helm").then(|| Self { scratch: tempfile::tempdir().expect("a folder") })
    }

    /// Helm with these arguments; it cannot reach a cluster.
    #[must_use]
    pub fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new("helm");
        command.args(arguments).current_dir(folder()).env("KUBECONFIG", self.scratch.path().join("no-kubeconfig"));
        command.output().expect("helm can be started")
    }

    /// What `helm template` writes, with the values of `files`, the later over the earlier, and further arguments.
    ///
    /// # Errors
    /// What it says where it refuses.
    pub fn try_template(&self, files: &[&Path], more: &[&str]) -> Result<String, String> {
        let mut arguments = vec!["template", "cityflow", ".", "--namespace", "cityflow"];
        for file in files {
            arguments.extend(["--values", file.to_str().expect("a path of text")]);
        }
        arguments.extend(more);
        let output = self.run(&arguments);
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("helm writes UTF-8");
        if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
    }

    /// The same, where it has to work.
    ///
    /// # Panics
    /// Where it does not.
    #[must_use]
    pub fn template(&self, files: &[&Path], more: &[&str]) -> String {
        self.try_template(files, more).unwrap_or_else(|said| panic!("helm template {files:?} {more:?}: {said}"))
    }

    /// The objects of [`Helm::template`].
    #[must_use]
    pub fn objects(&self, files: &[&Path], more: &[&str]) -> Objects {
        Objects(self.read(&self.template(files, more)))
    }

    /// A file of values in a folder that goes with this.
    #[must_use]
    pub fn values(&self, name: &str, text: &str) -> PathBuf {
        let path = self.scratch.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path
    }

    /// The documents of a YAML text: a chart of its own that does nothing else prints them as JSON.
    ///
    /// # Panics
    /// Where it is no YAML.
    #[must_use]
    pub fn read(&self, yaml: &str) -> Vec<Value> {
        let chart = tempfile::tempdir_in(self.scratch.path()).expect("a folder");
        let put = |name: &str, text: &str| std::fs::write(chart.path().join(name), text).expect("a file");
        put("Chart.yaml", "apiVersion: v2\nname: reader\nversion: 0.0.0\n");
        std::fs::create_dir(chart.path().join("templates")).expect("a folder");
        std::fs::create_dir(chart.path().join("documents")).expect("a folder");
        put(
            "templates/all.yaml",
            "{{ $all := list }}{{ range $path, $_ := .Files.Glob \"documents/*\" }}\
             {{ $all = append $all ($.Files.Get $path | fromYaml) }}{{ end }}documents: {{ $all | toJson }}\n",
        );
        for (number, document) in documents(yaml).iter().enumerate() {
            put(&format!("documents/{number:04}"), document);
        }
        let output = self.run(&["template", chart.path().to_str().expect("a path of text")]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        let json = text.lines().find_map(|line| line.strip_prefix("documents: ")).expect("the documents");
        let all: Vec<Value> = serde_json::from_str(json).expect("JSON");
        let wrong =
            all.iter().find(|value| value.as_object().is_some_and(|map| map.len() == 1 && map.contains_key("Error")));
        assert!(wrong.is_none(), "{}", wrong.unwrap_or(&Value::Null));
        all
    }
}

/// The texts between `---`, without those that have nothing but comments.
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
    let says = |text: &String| text.lines().any(|line| !line.trim().is_empty() && !line.starts_with('#'));
    all.retain(says);
    all
}

/// What a chart renders.
#[derive(Debug, Clone)]
pub struct Objects(pub Vec<Value>);

impl Objects {
    /// The object of that kind and name, if there is one.
    #[must_use]
    pub fn find(&self, kind: &str, name: &str) -> Option<&Value> {
        self.0.iter().find(|object| object["kind"] == kind && object["metadata"]["name"] == name)
    }

    /// The object of that kind and name.
    ///
    /// # Panics
    /// Where there is none.
    #[must_use]
    pub fn get(&self, kind: &str, name: &str) -> &Value {
        self.find(kind, name).unwrap_or_else(|| panic!("no {kind} {name} among {:?}", self.names()))
    }

    /// `Kind/name` of each.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        self.0.iter().map(|object| format!("{}/{}", text(&object["kind"]), text(&object["metadata"]["name"]))).collect()
    }

    /// `Kind/name` and spec of every pod, also of those that are only a template in another object.
    #[must_use]
    pub fn pods(&self) -> Vec<(String, &Value)> {
        let places = ["/spec/jobTemplate/spec/template/spec", "/spec/template/spec", "/spec"];
        let spec = |object| {
            places.iter().find_map(|place| Value::pointer(object, place).filter(|spec| spec["containers"].is_array()))
        };
        self.names().into_iter().zip(&self.0).filter_map(|(name, object)| Some((name, spec(object)?))).collect()
    }
}

/// Compares a file of the chart with what it should be, or writes it where [`UPDATE`] is set.
///
/// # Panics
/// Where they differ, with the first line that does and how to update.
pub fn same_or_updated(path: &str, expected: &str) {
    let file = folder().join(path);
    if std::env::var_os(UPDATE).is_some_and(|set| set == "1") {
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        std::fs::write(&file, expected).expect("the file can be written");
        return;
    }
    let found = std::fs::read_to_string(&file).unwrap_or_default();
    if found == expected {
        return;
    }
    let (mut found, mut wanted) = (found.lines(), expected.lines());
    let mut number = 0;
    let (there, here) = loop {
        number += 1;
        match (found.next(), wanted.next()) {
            (there, here) if there == here && there.is_some() => {}
            (there, here) => break (there.unwrap_or("(the end)"), here.unwrap_or("(the end)")),
        }
    };
    panic!(
        "helm/cityflow/{path} is not up to date, line {number}:\n  there: {there}\n  now:   {here}\nIf that is meant: \
         {UPDATE}=1 cargo test --workspace --test chart, then look at the difference and commit it"
    );
}
