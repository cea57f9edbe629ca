//! What happens to a Job from outside while it works: its pod deleted or evicted, its time over, held up and let go, the release changed
//! under it. Whatever it is, nothing is half published.

use std::time::Duration;

use acceptance::cluster::Space;
use acceptance::s3server::InjectedFault;
use acceptance::{TestEnv, raw};
use serde_json::json;

use super::{documents, faulty_city, manifests};

/// Starts a Job that is held up in the middle of its day, at the road counts; the pod's name.
fn held_up(env: &TestEnv, space: &Space, job: &str) -> String {
    let asked = env.server().expect_request("GET", raw::ROAD_COUNTS);
    env.server().inject("GET", raw::ROAD_COUNTS, usize::MAX, InjectedFault::Delay(Duration::from_secs(3600)));
    space.start("process", job);
    let pod = space.running(job);
    // It is in the middle once it has asked.
    asked.recv_timeout(Duration::from_secs(60)).unwrap_or_else(|_| panic!("{job} does not read the road counts"));
    pod["metadata"]["name"].as_str().unwrap().to_owned()
}

/// The day is there, whole, and as a run that nobody disturbed makes it.
fn done_as_if_undisturbed(env: &TestEnv) {
    env.check_documents();
    assert_eq!(manifests(env), [raw::DAY]);
    let here = TestEnv::in_folder();
    raw::write(&here);
    here.processor().arg(raw::DAY).succeed();
    let [there, here] = [env, &here].map(|env| {
        let mut all = documents(env);
        all.retain(|(key, _)| !key.contains("/manifest_"));
        all
    });
    assert_eq!(there, here);
}

#[test]
fn a_pod_deleted_midway_is_told_to_stop_and_another_does_the_day() {
    let Some((env, space)) = faulty_city("deleted") else { return };
    space.install(&space.values(&env));
    let pod = held_up(&env, &space, "process-2025-11-04");
    space.kubectl(&["delete", "pod", &pod, "--wait=false"]);
    let stopped =
        space.until("pods", &pod, |pod| !pod["status"]["containerStatuses"][0]["state"]["terminated"].is_null());
    let state = &stopped["status"]["containerStatuses"][0]["state"]["terminated"];
    assert_eq!(state["exitCode"], 143, "{state}");
    assert!(
        state["message"].as_str().unwrap().contains("told to stop (SIGTERM). Nothing is left half-written"),
        "{state}"
    );
    assert!(documents(&env).is_empty(), "nothing of a day that is not done");
    env.server().clear_faults();
    let ended = space.ended("process-2025-11-04");
    assert!(ended.complete, "{ended:?}");
    done_as_if_undisturbed(&env);
}

#[test]
fn an_eviction_is_no_failure() {
    let Some((env, space)) = faulty_city("evicted") else { return };
    let mut values = space.values(&env);
    // Not one try more than the first: an eviction must not count.
    values["processor"]["backoffLimit"] = 0.into();
    space.install(&values);
    let pod = held_up(&env, &space, "process-2025-11-04");
    let folder = tempfile::tempdir().unwrap();
    let eviction = folder.path().join("eviction.json");
    let body =
        json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod, "namespace": space.name()}});
    std::fs::write(&eviction, body.to_string()).unwrap();
    let path = format!("/api/v1/namespaces/{}/pods/{pod}/eviction", space.name());
    space.kubectl(&["create", "--raw", &path, "--filename", eviction.to_str().unwrap()]);
    env.server().clear_faults();
    let ended = space.ended("process-2025-11-04");
    assert!(ended.complete, "{ended:?}");
    done_as_if_undisturbed(&env);
}

#[test]
fn a_job_whose_time_is_over_is_stopped_and_says_so() {
    let Some((env, space)) = faulty_city("deadline") else { return };
    let mut values = space.values(&env);
    values["processor"]["activeDeadlineSeconds"] = 8.into();
    space.install(&values);
    held_up(&env, &space, "process-2025-11-04");
    let ended = space.ended("process-2025-11-04");
    assert_eq!((ended.complete, ended.reason.as_str()), (false, "DeadlineExceeded"), "{ended:?}");
    assert!(documents(&env).is_empty());
    // By hand, without the old obstacle.
    env.server().clear_faults();
    assert!(space.run("process", "process-2025-11-04-again").complete);
    done_as_if_undisturbed(&env);
}

#[test]
fn a_job_can_be_suspended_and_resumed() {
    let Some((env, space)) = faulty_city("suspended") else { return };
    space.install(&space.values(&env));
    let pod = held_up(&env, &space, "process-2025-11-04");
    space.kubectl(&["patch", "job", "process-2025-11-04", "--patch", r#"{"spec": {"suspend": true}}"#]);
    space.until("jobs", "process-2025-11-04", |job| {
        let conditions = job["status"]["conditions"].as_array().cloned().unwrap_or_default();
        conditions.iter().any(|condition| condition["type"] == "Suspended" && condition["status"] == "True")
    });
    space.kubectl(&["wait", "--for=delete", &format!("pod/{pod}"), "--timeout=60s"]);
    assert!(documents(&env).is_empty());
    env.server().clear_faults();
    space.kubectl(&["patch", "job", "process-2025-11-04", "--patch", r#"{"spec": {"suspend": false}}"#]);
    let ended = space.ended("process-2025-11-04");
    assert!(ended.complete, "{ended:?}");
    done_as_if_undisturbed(&env);
}

#[test]
fn the_release_is_upgraded_rolled_back_and_removed_while_jobs_run_and_the_data_stay() {
    let Some((env, space)) = faulty_city("upgrade") else { return };
    let mut values = space.values(&env);
    space.install(&values);
    let first = held_up(&env, &space, "process-2025-11-04");
    values["processor"]["backoffLimit"] = 3.into();
    values["processor"]["podLabels"] = json!({"team": "mobility"});
    space.install(&values);
    let template =
        |space: &Space| space.get(&["cronjob", "process"])["spec"]["jobTemplate"]["spec"]["backoffLimit"].clone();
    assert_eq!(template(&space), 3);
    space.helm(&["rollback"], &["1"]);
    assert_eq!(template(&space), 6);
    // The Job works on as it was begun.
    let pod = space.get(&["pod", &first]);
    assert_eq!((&pod["status"]["phase"], &pod["metadata"]["deletionTimestamp"]), (&"Running".into(), &json!(null)));
    env.server().clear_faults();
    let ended = space.ended("process-2025-11-04");
    assert_eq!((ended.complete, ended.codes()), (true, vec![Some(0)]), "{ended:?}");
    assert_eq!(ended.pods[0]["metadata"]["name"].as_str(), Some(first.as_str()));

    let before = documents(&env);
    space.helm(&["uninstall"], &["--wait"]);
    assert!(space.get(&["cronjobs"])["items"].as_array().unwrap().is_empty());
    assert_eq!(documents(&env), before, "the data are not the release's");
    done_as_if_undisturbed(&env);
}
