//! Interruptions of a running Job: deleted and evicted pods, deadline, suspension, upgrade of the release. None of them leaves partial results.

use std::time::Duration;

use acceptance::cluster::TestNamespace;
use acceptance::s3server::InjectedFault;
use acceptance::{TestEnv, raw};
use serde_json::json;

use super::{documents, faulty_city, manifests};

/// Starts a Job that blocks on reading the road counts; returns the name of its pod.
fn start_blocked_job(env: &TestEnv, namespace: &TestNamespace, job: &str) -> String {
    let requested = env.server().expect_request("GET", raw::ROAD_COUNTS);
    env.server().inject("GET", raw::ROAD_COUNTS, usize::MAX, InjectedFault::Delay(Duration::from_secs(3600)));
    namespace.create_job("process", job);
    let pod = namespace.wait_for_running_pod(job);
    requested.recv_timeout(Duration::from_secs(60)).unwrap_or_else(|_| panic!("{job} does not read the road counts"));
    pod["metadata"]["name"].as_str().unwrap().to_owned()
}

/// Asserts that the published day is the same as that of an uninterrupted run.
fn assert_published_as_if_uninterrupted(env: &TestEnv) {
    env.check_documents();
    assert_eq!(manifests(env), [raw::DAY]);
    let local = TestEnv::in_folder();
    raw::write(&local);
    local.processor().arg(raw::DAY).succeed();
    let [published, expected] = [env, &local].map(|env| {
        let mut all = documents(env);
        all.retain(|(key, _)| !key.contains("/manifest_"));
        all
    });
    assert_eq!(published, expected);
}

#[test]
fn deleted_pod_stops_cleanly_and_is_replaced() {
    let Some((env, namespace)) = faulty_city("deleted") else { return };
    namespace.install(&namespace.chart_values(&env));
    let pod = start_blocked_job(&env, &namespace, "process-2025-11-04");
    namespace.kubectl(&["delete", "pod", &pod, "--wait=false"]);
    let stopped =
        namespace.wait_for("pods", &pod, |pod| !pod["status"]["containerStatuses"][0]["state"]["terminated"].is_null());
    let state = &stopped["status"]["containerStatuses"][0]["state"]["terminated"];
    assert_eq!(state["exitCode"], 143, "{state}");
    assert!(state["message"].as_str().unwrap().contains("received SIGTERM. Nothing is left half-written"), "{state}");
    assert!(documents(&env).is_empty(), "no partial results");
    env.server().clear_faults();
    let finished = namespace.wait_for_job("process-2025-11-04");
    assert!(finished.complete, "{finished:?}");
    assert_published_as_if_uninterrupted(&env);
}

#[test]
fn eviction_does_not_count_as_failure() {
    let Some((env, namespace)) = faulty_city("evicted") else { return };
    let mut values = namespace.chart_values(&env);
    // No retries: an eviction must not count.
    values["processor"]["backoffLimit"] = 0.into();
    namespace.install(&values);
    let pod = start_blocked_job(&env, &namespace, "process-2025-11-04");
    let folder = tempfile::tempdir().unwrap();
    let eviction = folder.path().join("eviction.json");
    let body = json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod, "namespace": namespace.name()}});
    std::fs::write(&eviction, body.to_string()).unwrap();
    let path = format!("/api/v1/namespaces/{}/pods/{pod}/eviction", namespace.name());
    namespace.kubectl(&["create", "--raw", &path, "--filename", eviction.to_str().unwrap()]);
    env.server().clear_faults();
    let finished = namespace.wait_for_job("process-2025-11-04");
    assert!(finished.complete, "{finished:?}");
    assert_published_as_if_uninterrupted(&env);
}

#[test]
fn job_fails_after_its_deadline() {
    let Some((env, namespace)) = faulty_city("deadline") else { return };
    let mut values = namespace.chart_values(&env);
    values["processor"]["activeDeadlineSeconds"] = 8.into();
    namespace.install(&values);
    start_blocked_job(&env, &namespace, "process-2025-11-04");
    let finished = namespace.wait_for_job("process-2025-11-04");
    assert_eq!((finished.complete, finished.reason.as_str()), (false, "DeadlineExceeded"), "{finished:?}");
    assert!(documents(&env).is_empty());
    // A rerun by hand succeeds.
    env.server().clear_faults();
    assert!(namespace.run_job("process", "process-2025-11-04-again").complete);
    assert_published_as_if_uninterrupted(&env);
}

#[test]
fn job_can_be_suspended_and_resumed() {
    let Some((env, namespace)) = faulty_city("suspended") else { return };
    namespace.install(&namespace.chart_values(&env));
    let pod = start_blocked_job(&env, &namespace, "process-2025-11-04");
    namespace.kubectl(&["patch", "job", "process-2025-11-04", "--patch", r#"{"spec": {"suspend": true}}"#]);
    namespace.wait_for("jobs", "process-2025-11-04", |job| {
        let conditions = job["status"]["conditions"].as_array().cloned().unwrap_or_default();
        conditions.iter().any(|condition| condition["type"] == "Suspended" && condition["status"] == "True")
    });
    namespace.kubectl(&["wait", "--for=delete", &format!("pod/{pod}"), "--timeout=60s"]);
    assert!(documents(&env).is_empty());
    env.server().clear_faults();
    namespace.kubectl(&["patch", "job", "process-2025-11-04", "--patch", r#"{"spec": {"suspend": false}}"#]);
    let finished = namespace.wait_for_job("process-2025-11-04");
    assert!(finished.complete, "{finished:?}");
    assert_published_as_if_uninterrupted(&env);
}

#[test]
fn upgrade_rollback_and_uninstall_affect_neither_running_jobs_nor_data() {
    let Some((env, namespace)) = faulty_city("upgrade") else { return };
    let mut values = namespace.chart_values(&env);
    namespace.install(&values);
    let first = start_blocked_job(&env, &namespace, "process-2025-11-04");
    values["processor"]["backoffLimit"] = 3.into();
    values["processor"]["podLabels"] = json!({"team": "mobility"});
    namespace.install(&values);
    let template = |namespace: &TestNamespace| {
        namespace.get(&["cronjob", "process"])["spec"]["jobTemplate"]["spec"]["backoffLimit"].clone()
    };
    assert_eq!(template(&namespace), 3);
    namespace.helm(&["rollback"], &["1"]);
    assert_eq!(template(&namespace), 6);
    // The Job continues with its original settings.
    let pod = namespace.get(&["pod", &first]);
    assert_eq!((&pod["status"]["phase"], &pod["metadata"]["deletionTimestamp"]), (&"Running".into(), &json!(null)));
    env.server().clear_faults();
    let finished = namespace.wait_for_job("process-2025-11-04");
    assert_eq!((finished.complete, finished.exit_codes()), (true, vec![Some(0)]), "{finished:?}");
    assert_eq!(finished.pods[0]["metadata"]["name"].as_str(), Some(first.as_str()));

    let before = documents(&env);
    namespace.helm(&["uninstall"], &["--wait"]);
    assert!(namespace.list(&["cronjobs"]).is_empty());
    assert_eq!(documents(&env), before, "uninstall keeps the data");
    assert_published_as_if_uninterrupted(&env);
}
