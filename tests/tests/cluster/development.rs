//! The whole thing as a developer gets it: the values for development, an S3 server and a simulated city in the cluster, found by the
//! cluster's own DNS, and both CronJobs fired by their schedule.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdout, Stdio};

use acceptance::TestEnv;
use acceptance::cluster::{Cluster, Space};
use acceptance::s3server::TestS3;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

/// A way to the S3 server in the cluster, through `kubectl port-forward`.
struct Forward {
    child: Child,
    /// Kept open: kubectl ends where nobody hears what it says.
    _said: BufReader<ChildStdout>,
    endpoint: String,
}

impl Forward {
    fn to_s3(space: &Space) -> Self {
        let mut kubectl = space.cluster().tool("kubectl");
        kubectl.args(["--namespace", space.name(), "port-forward", "service/s3", ":7070"]);
        let mut child = kubectl.stdout(Stdio::piped()).spawn().expect("kubectl");
        let mut line = String::new();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        said.read_line(&mut line).unwrap();
        // Forwarding from 127.0.0.1:41234 -> 7070
        let address = line.split_whitespace().nth(2).unwrap_or_else(|| panic!("no port-forward: {line}"));
        Self { child, _said: said, endpoint: format!("http://{address}") }
    }
}

impl Drop for Forward {
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

/// When a Job that has ended was made, and when it was done.
fn times(job: &Value) -> (DateTime<Utc>, DateTime<Utc>) {
    let time =
        |part: &str| job.pointer(part).and_then(Value::as_str).and_then(|text| text.parse().ok()).expect("a time");
    (time("/metadata/creationTimestamp"), time("/status/completionTime"))
}

#[test]
fn the_values_for_development_end_with_the_reports_of_a_scheduled_night() {
    let Some(cluster) = Cluster::find() else { return };
    let space = Space::new(cluster, "development");
    let mut values = images(cluster);
    values["processor"]["schedule"] = "* * * * *".into();
    values["reporter"]["schedule"] = "* * * * *".into();
    // As by default, and written out to make the same city here.
    let last = Utc::now().date_naive();
    let first = last - chrono::Duration::days(2);
    values["development"]["city"]["from"] = first.to_string().into();
    values["development"]["city"]["to"] = last.to_string().into();
    // Placed as in production: this cluster has both kinds of nodes.
    values["processor"]["nodeSelector"] = json!({"cityflow.io/pool": "large"});
    values["reporter"]["nodeSelector"] = json!({"cityflow.io/pool": "small"});
    let said = space.try_install(&["values-dev.yaml"], &values).good();
    assert!(
        said.contains(&format!("kubectl create job -n {} --from=cronjob/process process-", space.name())),
        "{said}"
    );

    let done = |name: &str| {
        let name = name.to_owned();
        move |job: &Value| {
            let this = job["metadata"]["name"].as_str().unwrap_or_default();
            let scheduled = this.strip_prefix(&name).is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()));
            scheduled && job["status"]["succeeded"] == 1
        }
    };
    let process = space.until_selected("jobs", &[], done("process-"));
    let report = space.until_selected("jobs", &[], done("report-"));
    // The night has been seen; no more of them.
    space.kubectl(&["patch", "cronjob", "process", "--patch", r#"{"spec": {"suspend": true}}"#]);
    space.kubectl(&["patch", "cronjob", "report", "--patch", r#"{"spec": {"suspend": true}}"#]);
    for (job, pool) in [(&process, "large"), (&report, "small")] {
        let ended = space.ended(job["metadata"]["name"].as_str().unwrap());
        assert_eq!(ended.pool(cluster), pool, "{:?}", ended.nodes());
    }
    let (made, processed) = times(&process);
    println!("from the Job to the metrics: {} s", (processed - made).num_seconds());
    // The report that the handoff started, beside the one by schedule.
    let yesterday = made.with_timezone(&chrono_tz::Europe::Paris).date_naive().pred_opt().unwrap();
    let prefix = format!("report-{yesterday}-");
    let handed = space.until_selected("jobs", &[], |job| {
        job["metadata"]["name"].as_str().unwrap().starts_with(&prefix) && job["status"]["succeeded"] == 1
    });
    println!("from the Job to the published report: {} s", (times(&handed).1 - made).num_seconds());

    // What is in the server is what the same programs make on a folder.
    let forward = Forward::to_s3(&space);
    let s3 = TestS3 {
        endpoint: forward.endpoint.clone(),
        access_key: "test".into(),
        secret_key: "testtest".into(),
        server: None,
    };
    let there = TestEnv::in_bucket(s3, "cityflow-processed");
    let here = TestEnv::in_folder();
    here.simulator().args(["--from", &first.to_string(), "--to", &last.to_string()]).succeed();
    here.processor().arg(yesterday.to_string()).succeed();
    here.reporter().arg(yesterday.to_string()).succeed();
    for source in ["comptages", "bikes", "traffic", "weather", "chantiers", "referentiel", "contexte"] {
        let name = format!("metrics/{source}_metrics_{yesterday}.json");
        let of_cluster = there.get(&name).unwrap_or_else(|| panic!("no {name} in the cluster"));
        assert_eq!(Some(of_cluster), here.get(&format!("processed/{name}")), "{name}");
    }
    let report = |env: &TestEnv, key: String| {
        let mut report: Value = serde_json::from_slice(&env.get(&key).unwrap_or_else(|| panic!("no {key}"))).unwrap();
        acceptance::documents::remove_run_fields(&mut report);
        report
    };
    assert_eq!(
        report(&there, format!("reports/daily_report_{yesterday}.json")),
        report(&here, format!("processed/reports/daily_report_{yesterday}.json"))
    );
}
