//! A namespace of a test's own, in which Pod Security is enforced as strictly as there is, with the chart in it.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use super::{Answer, Cluster, run, watch};
use crate::binaries::workspace;
use crate::environment::TestEnv;

/// The longest that anything here may take, images pulled and backed off from.
const PATIENCE: Duration = Duration::from_secs(180);
/// The Secret with the keys of the tests' S3 server.
const SECRET: &str = "s3";
/// The name that the chart is installed under.
const RELEASE: &str = "cityflow";

/// A namespace. It is removed when it is dropped; where its test has failed, after having been described.
#[derive(Debug)]
pub struct Space {
    cluster: &'static Cluster,
    name: String,
}

/// A Job that has ended.
#[derive(Debug, Clone)]
pub struct Ended {
    /// Whether it is complete and not failed.
    pub complete: bool,
    /// The reason of the condition that ended it.
    pub reason: String,
    /// The message of that condition.
    pub message: String,
    /// Its pods, the earliest first.
    pub pods: Vec<Value>,
}

impl Ended {
    /// How the pods' containers ended, the earliest first; nothing for one of which nobody knows.
    #[must_use]
    pub fn codes(&self) -> Vec<Option<i64>> {
        self.pods.iter().map(|pod| terminated(pod)["exitCode"].as_i64()).collect()
    }

    /// The last words of the last pod.
    #[must_use]
    pub fn words(&self) -> String {
        let last = self.pods.last().map(terminated);
        last.and_then(|state| state["message"].as_str()).unwrap_or_default().to_owned()
    }

    /// The nodes that the pods ran on.
    #[must_use]
    pub fn nodes(&self) -> Vec<&str> {
        self.pods.iter().filter_map(|pod| pod["spec"]["nodeName"].as_str()).collect()
    }

    /// The kind of node that the last pod ran on.
    #[must_use]
    pub fn pool(&self, cluster: &Cluster) -> String {
        let node = self.nodes().pop().expect("a pod ran");
        cluster.kubectl(&["get", "node", node, "--output=jsonpath={.metadata.labels.cityflow\\.io/pool}"])
    }
}

/// How the one container of a pod ended.
fn terminated(pod: &Value) -> &Value {
    &pod["status"]["containerStatuses"][0]["state"]["terminated"]
}

impl Space {
    /// A namespace for a test.
    #[must_use]
    pub fn new(cluster: &'static Cluster, label: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let (process, count) = (std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let name = format!("cityflow-{label}-{process}-{count}");
        let _ = cluster.kubectl(&["create", "namespace", &name]);
        let space = Self { cluster, name };
        let _ = space.cluster.kubectl(&[
            "label",
            "namespace",
            &space.name,
            "pod-security.kubernetes.io/enforce=restricted",
            "pod-security.kubernetes.io/warn=restricted",
        ]);
        // Pods are admitted once their service account is there.
        space.until("serviceaccount", "default", |_| true);
        space
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The cluster.
    #[must_use]
    pub fn cluster(&self) -> &'static Cluster {
        self.cluster
    }

    /// A command of `kubectl` in the namespace, however it ends.
    pub fn try_kubectl(&self, args: &[&str]) -> Answer {
        run(self.cluster.tool("kubectl").args(["--namespace", &self.name]).args(args))
    }

    /// A command of `kubectl` in the namespace.
    ///
    /// # Panics
    /// Where it fails.
    pub fn kubectl(&self, args: &[&str]) -> String {
        self.try_kubectl(args).good()
    }

    /// An object, or a list of some.
    #[must_use]
    pub fn get(&self, args: &[&str]) -> Value {
        let text = self.kubectl(&[&["get"], args, &["--output=json"]].concat());
        serde_json::from_str(&text).expect("kubectl writes JSON")
    }

    /// Values that let the chart work on the place of a test: both jobs, suspended schedules, the nodes that they are meant for.
    #[must_use]
    pub fn values(&self, env: &TestEnv) -> Value {
        let keys =
            ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"].map(|name| env.variable(name).expect("a world on S3"));
        let _ = self.try_kubectl(&["delete", "secret", SECRET, "--ignore-not-found"]);
        self.kubectl(&[
            "create",
            "secret",
            "generic",
            SECRET,
            &format!("--from-literal=accessKeyId={}", keys[0]),
            &format!("--from-literal=secretAccessKey={}", keys[1]),
        ]);
        let endpoint = env.variable("AWS_ENDPOINT_URL").expect("a world on S3");
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

    /// Installs the chart or changes its values, as `helm upgrade --install` does, however it ends.
    pub fn try_install(&self, files: &[&str], values: &Value) -> Answer {
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

    /// Installs the chart or changes its values; what Helm said.
    ///
    /// # Panics
    /// Where it fails.
    pub fn install(&self, values: &Value) -> String {
        self.try_install(&[], values).good()
    }

    /// A command of Helm on the release, however it ends.
    pub fn try_helm(&self, command: &[&str], args: &[&str]) -> Answer {
        run(self.cluster.tool("helm").args(command).arg(RELEASE).args(["--namespace", &self.name]).args(args))
    }

    /// A command of Helm on the release.
    ///
    /// # Panics
    /// Where it fails.
    pub fn helm(&self, command: &[&str], args: &[&str]) -> String {
        self.try_helm(command, args).good()
    }

    /// `kubectl create job --from=cronjob/… …`, as people type it.
    pub fn start(&self, cronjob: &str, job: &str) {
        self.kubectl(&["create", "job", &format!("--from=cronjob/{cronjob}"), job]);
    }

    /// Waits until an object of that name is as wanted.
    ///
    /// # Panics
    /// Where it is not in time.
    pub fn until(&self, kind: &str, name: &str, wanted: impl FnMut(&Value) -> bool) -> Value {
        self.until_selected(kind, &["--field-selector", &format!("metadata.name={name}")], wanted)
    }

    /// Waits until one of the selected objects is as wanted.
    ///
    /// # Panics
    /// Where none is in time.
    pub fn until_selected(&self, kind: &str, select: &[&str], wanted: impl FnMut(&Value) -> bool) -> Value {
        let mut get = self.cluster.tool("kubectl");
        get.args(["--namespace", &self.name, "get", kind]).args(select);
        watch::until(&mut get, PATIENCE, wanted).unwrap_or_else(|seen| {
            panic!("no {kind} {select:?} of {} came to be as wanted; last seen: {seen:#?}", self.name)
        })
    }

    /// Waits for the first pod of a Job that runs.
    pub fn running(&self, job: &str) -> Value {
        self.until_selected("pods", &["--selector", &of_job(job)], |pod| pod["status"]["phase"] == "Running")
    }

    /// Waits for the end of a Job.
    pub fn ended(&self, job: &str) -> Ended {
        let ending = |condition: &&Value| {
            condition["status"] == "True" && (condition["type"] == "Complete" || condition["type"] == "Failed")
        };
        let found =
            |object: &Value| object["status"]["conditions"].as_array().into_iter().flatten().find(ending).cloned();
        let object = self.until("jobs", job, |object| found(object).is_some());
        let condition = found(&object).expect("it has just ended");
        let text = |name: &str| condition[name].as_str().unwrap_or_default().to_owned();
        Ended {
            complete: condition["type"] == "Complete",
            reason: text("reason"),
            message: text("message"),
            pods: self.pods(job),
        }
    }

    /// Starts a Job from a CronJob and waits for its end.
    pub fn run(&self, cronjob: &str, job: &str) -> Ended {
        self.start(cronjob, job);
        self.ended(job)
    }

    /// The pods of a Job, the earliest first.
    #[must_use]
    pub fn pods(&self, job: &str) -> Vec<Value> {
        let list = self.get(&["pods", "--selector", &of_job(job)]);
        let mut pods = list["items"].as_array().cloned().unwrap_or_default();
        let made = |pod: &Value| pod["metadata"]["creationTimestamp"].as_str().unwrap_or_default().to_owned();
        // Of one second the one that ended first.
        let ended = |pod: &Value| terminated(pod)["finishedAt"].as_str().unwrap_or("z").to_owned();
        pods.sort_by_key(|pod| (made(pod), ended(pod)));
        pods
    }

    /// The log of a Job's pods.
    #[must_use]
    pub fn log(&self, job: &str) -> String {
        self.kubectl(&["logs", "--selector", &of_job(job), "--tail=-1", "--prefix"])
    }

    /// What the Events on a Job say: reason and note.
    #[must_use]
    pub fn events(&self, job: &str) -> Vec<(String, String)> {
        let list =
            self.get(&["events", "--field-selector", &format!("involvedObject.kind=Job,involvedObject.name={job}")]);
        let text = |event: &Value, name: &str| event[name].as_str().unwrap_or_default().to_owned();
        let items = list["items"].as_array().cloned().unwrap_or_default();
        items.iter().map(|event| (text(event, "reason"), text(event, "message"))).collect()
    }
}

/// The selector of a Job's pods.
fn of_job(job: &str) -> String {
    format!("batch.kubernetes.io/job-name={job}")
}

impl Drop for Space {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for args in [
                &["get", "cronjobs,jobs,pods", "--output=wide"] as &[&str],
                &["describe", "jobs"],
                &["describe", "pods"],
                &["logs", "--selector", "batch.kubernetes.io/job-name", "--tail=25", "--prefix"],
            ] {
                let answer = self.try_kubectl(args);
                eprintln!("--- {}\n{}{}", answer.line, answer.stdout, answer.stderr);
            }
        }
        let _ = run(self.cluster.tool("kubectl").args(["delete", "namespace", &self.name, "--wait=false"]));
    }
}
