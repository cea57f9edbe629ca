//! The development environment: S3 server and simulated city in the cluster, found by cluster DNS, and both CronJobs started by their schedule.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdout, Stdio};

use acceptance::TestEnv;
use acceptance::cluster::{Cluster, TestNamespace};
use acceptance::s3server::TestS3;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

/// `kubectl port-forward` to the S3 server in the cluster.
struct PortForward {
    child: Child,
    /// Kept open, because kubectl exits if it cannot write.
    _stdout: BufReader<ChildStdout>,
    endpoint: String,
}

impl PortForward {
    fn to_s3(namespace: &TestNamespace) -> Self {
        let mut kubectl = namespace.cluster().tool("kubectl");
        kubectl.args(["--namespace", namespace.name(), "port-forward", "service/s3", ":7070"]);
        let mut child = kubectl.stdout(Stdio::piped()).spawn().expect("kubectl");
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.read_line(&mut line).unwrap();
        // Forwarding from 127.0.0.1:41234 -> 7070
        let address = line.split_whitespace().nth(2).unwrap_or_else(|| panic!("no port-forward: {line}"));
        Self { child, _stdout: stdout, endpoint: format!("http://{address}") }
    }
}

impl Drop for PortForward {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn images(cluster: &Cluster) -> Value {
    let image = |name: &str| {
        let (repository, tag) = cluster.image(name);
        json!({"image": {"repository": repository, "tag": tag}})
    };
    let (s3, tag) = cluster.image("versitygw");
    json!({
        "processor": image("processor"),
        "reporter": image("reporter"),
        "development": {"city": image("simulator"), "s3": {"image": {"registry": "", "repository": s3, "tag": tag}}},
    })
}

/// Creation and completion time of a Job.
fn times(job: &Value) -> (DateTime<Utc>, DateTime<Utc>) {
    let time =
        |part: &str| job.pointer(part).and_then(Value::as_str).and_then(|text| text.parse().ok()).expect("a time");
    (time("/metadata/creationTimestamp"), time("/status/completionTime"))
}

#[test]
fn development_values_produce_a_report_on_schedule() {
    let Some(cluster) = Cluster::find() else { return };
    let namespace = TestNamespace::new(cluster, "development");
    let mut values = images(cluster);
    values["processor"]["schedule"] = "* * * * *".into();
    values["reporter"]["schedule"] = "* * * * *".into();
    // The same days as by default, set explicitly to simulate the same city locally.
    let last = Utc::now().date_naive();
    let first = last - chrono::Duration::days(2);
    values["development"]["city"]["from"] = first.to_string().into();
    values["development"]["city"]["to"] = last.to_string().into();
    // Node pools as in production.
    values["processor"]["nodeSelector"] = json!({"cityflow.io/pool": "large"});
    values["reporter"]["nodeSelector"] = json!({"cityflow.io/pool": "small"});
    let notes = namespace.try_install(&["values-dev.yaml"], &values).expect_success();
    assert!(
        notes.contains(&format!("kubectl create job -n {} --from=cronjob/process process-", namespace.name())),
        "{notes}"
    );

    let is_complete = |name: &str| {
        let name = name.to_owned();
        move |job: &Value| {
            let job_name = job["metadata"]["name"].as_str().unwrap_or_default();
            let scheduled =
                job_name.strip_prefix(&name).is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()));
            scheduled && job["status"]["succeeded"] == 1
        }
    };
    let process = namespace.wait_for_any("jobs", &[], is_complete("process-"));
    let report = namespace.wait_for_any("jobs", &[], is_complete("report-"));
    // No further scheduled runs.
    namespace.kubectl(&["patch", "cronjob", "process", "--patch", r#"{"spec": {"suspend": true}}"#]);
    namespace.kubectl(&["patch", "cronjob", "report", "--patch", r#"{"spec": {"suspend": true}}"#]);
    for (job, pool) in [(&process, "large"), (&report, "small")] {
        let finished = namespace.wait_for_job(job["metadata"]["name"].as_str().unwrap());
        assert_eq!(finished.node_pool(cluster), pool, "{:?}", finished.nodes());
    }
    let (created, processed) = times(&process);
    println!("from the Job to the metrics: {} s", (processed - created).num_seconds());
    // The report that the handoff started, in addition to the scheduled one.
    let yesterday = created.with_timezone(&contract::Tz::PARIS).date_naive().pred_opt().unwrap();
    let prefix = format!("report-{yesterday}-");
    let handed_off = namespace.wait_for_any("jobs", &[], |job| {
        job["metadata"]["name"].as_str().unwrap().starts_with(&prefix) && job["status"]["succeeded"] == 1
    });
    println!("from the Job to the published report: {} s", (times(&handed_off).1 - created).num_seconds());

    // The documents are those of the same programs in a local folder.
    let port_forward = PortForward::to_s3(&namespace);
    let s3 = TestS3 {
        endpoint: port_forward.endpoint.clone(),
        access_key: "test".into(),
        secret_key: "testtest".into(),
        server: None,
    };
    let remote = TestEnv::in_bucket(s3, "cityflow-processed");
    let local = TestEnv::in_folder();
    local.simulator().args(["--from", &first.to_string(), "--to", &last.to_string()]).succeed();
    local.processor().arg(yesterday.to_string()).succeed();
    local.reporter().arg(yesterday.to_string()).succeed();
    for source in ["comptages", "bikes", "traffic", "weather", "chantiers", "referentiel", "contexte"] {
        let name = format!("metrics/{source}_metrics_{yesterday}.json");
        let document = remote.get(&name).unwrap_or_else(|| panic!("no {name} in the cluster"));
        assert_eq!(Some(document), local.get(&format!("processed/{name}")), "{name}");
    }
    let report = |env: &TestEnv, key: String| {
        let mut report: Value = serde_json::from_slice(&env.get(&key).unwrap_or_else(|| panic!("no {key}"))).unwrap();
        acceptance::documents::remove_run_fields(&mut report);
        report
    };
    assert_eq!(
        report(&remote, format!("reports/daily_report_{yesterday}.json")),
        report(&local, format!("processed/reports/daily_report_{yesterday}.json"))
    );
}
