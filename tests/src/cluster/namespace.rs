//! A namespace per test, with Pod Security `restricted` enforced, in which the chart is installed.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use super::{Cluster, watch};
use crate::binaries::workspace;
use crate::environment::TestEnv;
use crate::tools::{ToolOutput, run};

/// Timeout of every wait; covers image pulls and their back-off.
const TIMEOUT: Duration = Duration::from_secs(180);
/// The Secret with the credentials of the tests' S3 server.
const SECRET: &str = "s3";
/// The release name of the chart.
const RELEASE: &str = "cityflow";

/// A namespace, deleted when it is dropped. If the test has failed, its objects are printed first.
#[derive(Debug)]
pub struct TestNamespace {
    cluster: &'static Cluster,
    name: String,
}

/// A Job that has completed or failed.
#[derive(Debug, Clone)]
pub struct FinishedJob {
    /// Whether it completed.
    pub complete: bool,
    /// Reason and message of its last condition.
    pub reason: String,
    pub message: String,
    /// Its pods, the oldest first.
    pub pods: Vec<Value>,
}

impl FinishedJob {
    /// Exit codes of the pods, the oldest first; `None` if the exit code of a pod is unknown.
    #[must_use]
    pub fn exit_codes(&self) -> Vec<Option<i64>> {
        self.pods.iter().map(|pod| terminated(pod)["exitCode"].as_i64()).collect()
    }

    /// Termination message of the last pod.
    #[must_use]
    pub fn termination_message(&self) -> String {
        let last = self.pods.last().map(terminated);
        last.and_then(|state| state["message"].as_str()).unwrap_or_default().to_owned()
    }

    /// The nodes of the pods.
    #[must_use]
    pub fn nodes(&self) -> Vec<&str> {
        self.pods.iter().filter_map(|pod| pod["spec"]["nodeName"].as_str()).collect()
    }

    /// Value of the label `cityflow.io/pool` of the last pod's node.
    #[must_use]
    pub fn node_pool(&self, cluster: &Cluster) -> String {
        let node = self.nodes().pop().expect("a pod ran");
        cluster.kubectl(&["get", "node", node, "--output=jsonpath={.metadata.labels.cityflow\\.io/pool}"])
    }
}

/// The `terminated` state of a pod's only container.
fn terminated(pod: &Value) -> &Value {
    &pod["status"]["containerStatuses"][0]["state"]["terminated"]
}

impl TestNamespace {
    /// Creates a namespace whose name contains `label`.
    #[must_use]
    pub fn new(cluster: &'static Cluster, label: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let (process, count) = (std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let name = format!("cityflow-{label}-{process}-{count}");
        let _ = cluster.kubectl(&["create", "namespace", &name]);
        let namespace = Self { cluster, name };
        let _ = namespace.cluster.kubectl(&[
            "label",
            "namespace",
            &namespace.name,
            "pod-security.kubernetes.io/enforce=restricted",
            "pod-security.kubernetes.io/warn=restricted",
        ]);
        // Pods are admitted only after the default service account exists.
        namespace.wait_for("serviceaccount", "default", |_| true);
        namespace
    }

    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    #[must_use]
    pub fn cluster(&self) -> &'static Cluster {
        self.cluster
    }

    /// Runs `kubectl` in the namespace.
    pub fn try_kubectl(&self, args: &[&str]) -> ToolOutput {
        run(self.cluster.tool("kubectl").args(["--namespace", &self.name]).args(args))
    }

    /// Runs a `kubectl` command that must succeed.
    ///
    /// # Panics
    /// If it fails.
    pub fn kubectl(&self, args: &[&str]) -> String {
        self.try_kubectl(args).expect_success()
    }

    /// Output of `kubectl get` as JSON.
    #[must_use]
    pub fn get(&self, args: &[&str]) -> Value {
        let text = self.kubectl(&[&["get"], args, &["--output=json"]].concat());
        serde_json::from_str(&text).expect("kubectl writes JSON")
    }

    /// The items of `kubectl get` for a kind or a list of kinds.
    #[must_use]
    pub fn list(&self, args: &[&str]) -> Vec<Value> {
        self.get(args)["items"].as_array().cloned().unwrap_or_default()
    }

    /// Chart values for the S3 location of a test: both jobs with suspended schedules, on the node pools that they are meant for.
    #[must_use]
    pub fn chart_values(&self, env: &TestEnv) -> Value {
        let keys =
            ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"].map(|name| env.variable(name).expect("a store on S3"));
        let _ = self.try_kubectl(&["delete", "secret", SECRET, "--ignore-not-found"]);
        self.kubectl(&[
            "create",
            "secret",
            "generic",
            SECRET,
            &format!("--from-literal=accessKeyId={}", keys[0]),
            &format!("--from-literal=secretAccessKey={}", keys[1]),
        ]);
        let endpoint = env.variable("AWS_ENDPOINT_URL").expect("a store on S3");
        let port = endpoint.rsplit_once(':').expect("a port").1;
        let bucket = env.bucket();
        let job = |name: &str, pool: &str| {
            let (repository, tag) = self.cluster.image(name);
            json!({
                "suspend": true,
                "image": {"repository": repository, "tag": tag},
                "nodeSelector": {"cityflow.io/pool": pool},
                "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "512Mi"}},
            })
        };
        let mut values = json!({
            "storage": {
                "raw": format!("{bucket}/raw"), "processed": format!("{bucket}/processed"),
                "metrics": format!("{bucket}/processed/metrics"), "reports": format!("{bucket}/processed/reports"),
                "endpoint": format!("http://{}:{port}", self.cluster.host()), "region": "us-east-1", "pathStyle": true,
                "existingSecret": SECRET,
            },
            "processor": job("processor", "large"),
            "reporter": job("reporter", "small"),
        });
        values["reporter"]["wait"] = "0".into();
        values
    }

    /// Installs or upgrades the chart with values files of the chart and more values.
    pub fn try_install(&self, files: &[&str], values: &Value) -> ToolOutput {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("values.json");
        std::fs::write(&path, values.to_string()).expect("a file");
        let chart = workspace().join("helm/cityflow");
        let mut helm = self.cluster.tool("helm");
        helm.args(["upgrade", "--install", RELEASE, "--namespace", &self.name]).arg(&chart);
        for file in files {
            helm.arg("--values").arg(chart.join(file));
        }
        run(helm.arg("--values").arg(&path))
    }

    /// Installs or upgrades the chart with values that must be accepted.
    ///
    /// # Panics
    /// If Helm fails.
    pub fn install(&self, values: &Value) -> String {
        self.try_install(&[], values).expect_success()
    }

    /// Runs a Helm command on the release.
    pub fn try_helm(&self, command: &[&str], args: &[&str]) -> ToolOutput {
        run(self.cluster.tool("helm").args(command).arg(RELEASE).args(["--namespace", &self.name]).args(args))
    }

    /// Runs a Helm command that must succeed.
    ///
    /// # Panics
    /// If it fails.
    pub fn helm(&self, command: &[&str], args: &[&str]) -> String {
        self.try_helm(command, args).expect_success()
    }

    /// Creates a Job with `kubectl create job --from=cronjob/…`.
    pub fn create_job(&self, cronjob: &str, job: &str) {
        self.kubectl(&["create", "job", &format!("--from=cronjob/{cronjob}"), job]);
    }

    /// Waits until the object of that name matches.
    ///
    /// # Panics
    /// After a timeout.
    pub fn wait_for(&self, kind: &str, name: &str, matches: impl FnMut(&Value) -> bool) -> Value {
        self.wait_for_any(kind, &["--field-selector", &format!("metadata.name={name}")], matches)
    }

    /// Waits until one of the selected objects matches.
    ///
    /// # Panics
    /// After a timeout.
    pub fn wait_for_any(&self, kind: &str, select: &[&str], matches: impl FnMut(&Value) -> bool) -> Value {
        let mut get = self.cluster.tool("kubectl");
        get.args(["--namespace", &self.name, "get", kind]).args(select);
        watch::wait_for(&mut get, TIMEOUT, matches).unwrap_or_else(|seen| {
            panic!("timeout: no {kind} {select:?} in {} reached the expected state; last states: {seen:#?}", self.name)
        })
    }

    /// Waits until a pod of a Job runs.
    pub fn wait_for_running_pod(&self, job: &str) -> Value {
        self.wait_for_any("pods", &["--selector", &selector(job)], |pod| pod["status"]["phase"] == "Running")
    }

    /// Waits until a pod of a Job has failed; returns its `terminated` state.
    pub fn wait_for_failed_pod(&self, job: &str) -> Value {
        let failed = |pod: &Value| pod["status"]["phase"] == "Failed";
        terminated(&self.wait_for_any("pods", &["--selector", &selector(job)], failed)).clone()
    }

    /// Waits until a Job has completed or failed.
    pub fn wait_for_job(&self, job: &str) -> FinishedJob {
        let is_final = |condition: &&Value| {
            condition["status"] == "True" && (condition["type"] == "Complete" || condition["type"] == "Failed")
        };
        let last =
            |object: &Value| object["status"]["conditions"].as_array().into_iter().flatten().find(is_final).cloned();
        let object = self.wait_for("jobs", job, |object| last(object).is_some());
        let condition = last(&object).expect("the Job has finished");
        let text = |name: &str| condition[name].as_str().unwrap_or_default().to_owned();
        FinishedJob {
            complete: condition["type"] == "Complete",
            reason: text("reason"),
            message: text("message"),
            pods: self.pods(job),
        }
    }

    /// Creates a Job from a CronJob and waits until it has finished.
    pub fn run_job(&self, cronjob: &str, job: &str) -> FinishedJob {
        self.create_job(cronjob, job);
        self.wait_for_job(job)
    }

    /// The pods of a Job, the oldest first.
    #[must_use]
    pub fn pods(&self, job: &str) -> Vec<Value> {
        let mut pods = self.list(&["pods", "--selector", &selector(job)]);
        let created = |pod: &Value| pod["metadata"]["creationTimestamp"].as_str().unwrap_or_default().to_owned();
        // Timestamps have seconds only; pods of the same second are ordered by their end.
        let finished = |pod: &Value| terminated(pod)["finishedAt"].as_str().unwrap_or("z").to_owned();
        pods.sort_by_key(|pod| (created(pod), finished(pod)));
        pods
    }

    /// The log of a Job's pods.
    #[must_use]
    pub fn log(&self, job: &str) -> String {
        self.kubectl(&["logs", "--selector", &selector(job), "--tail=-1", "--prefix"])
    }

    /// Reason and message of each Event on a Job.
    #[must_use]
    pub fn events(&self, job: &str) -> Vec<(String, String)> {
        let selector = format!("involvedObject.kind=Job,involvedObject.name={job}");
        let text = |event: &Value, name: &str| event[name].as_str().unwrap_or_default().to_owned();
        let events = self.list(&["events", "--field-selector", &selector]);
        events.iter().map(|event| (text(event, "reason"), text(event, "message"))).collect()
    }
}

/// The label selector of a Job's pods.
fn selector(job: &str) -> String {
    format!("batch.kubernetes.io/job-name={job}")
}

impl Drop for TestNamespace {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for args in [
                &["get", "cronjobs,jobs,pods", "--output=wide"] as &[&str],
                &["describe", "jobs"],
                &["describe", "pods"],
                &["logs", "--selector", "batch.kubernetes.io/job-name", "--tail=25", "--prefix"],
            ] {
                let output = self.try_kubectl(args);
                eprintln!("--- {}\n{}", output.command, output.text());
            }
        }
        let _ = run(self.cluster.tool("kubectl").args(["delete", "namespace", &self.name, "--wait=false"]));
    }
}
