//! Each exit code once, and what the Job makes of it: what trying again cannot help ends it at once, with the reason where an operator looks.

use acceptance::cluster::{Ended, Space};
use acceptance::raw;
use acceptance::s3server::InjectedFault;
use serde_json::{Value, json};

use super::{city, faulty_city, manifests};

/// A Job that was ended at once by its first pod's code.
fn at_once(ended: &Ended, code: i64) {
    assert!(!ended.complete, "{ended:?}");
    assert_eq!((ended.codes(), ended.reason.as_str()), (vec![Some(code)], "PodFailurePolicy"), "{ended:?}");
    assert!(ended.message.contains(&format!("exit code {code}")), "{}", ended.message);
}

#[test]
fn wrong_settings_and_wrong_data_end_the_job_at_once_and_say_what_to_do() {
    let Some((env, space)) = city("wrong") else { return };
    let mut values = space.values(&env);

    env.remove(&format!("raw/{}", raw::ROAD_COUNTS));
    space.install(&values);
    let ended = space.run("process", "process-2025-11-04");
    at_once(&ended, 65);
    assert!(
        ended.words().contains("comptages has no file") && ended.words().contains("run the day again"),
        "{}",
        ended.words()
    );
    assert_eq!(manifests(&env), [raw::DAY], "what could be published was");

    let raw_place = values["storage"]["raw"].take();
    values["storage"]["raw"] = format!("{}/nothing-here", env.bucket()).into();
    space.install(&values);
    let ended = space.run("process", "process-2025-11-04-b");
    at_once(&ended, 66);
    assert!(ended.words().contains("no input at all"), "{}", ended.words());

    values["storage"]["raw"] = raw_place;
    values["storage"]["processed"] = "cityflow-no-such-bucket/processed".into();
    space.install(&values);
    let ended = space.run("process", "process-2025-11-04-c");
    at_once(&ended, 2);
    assert!(ended.words().contains("cityflow-no-such-bucket"), "{}", ended.words());
}

#[test]
fn a_bug_an_abort_or_no_program_end_the_job_at_once() {
    let Some((env, space)) = city("bug") else { return };
    let (repository, tag) = space.cluster().image("ending");
    let mut values = space.values(&env);
    for (ending, code) in [("exit:70", 70), ("panic", 101), ("exit:126", 126), ("exit:127", 127), ("exit:134", 134)] {
        values["processor"]["image"] = json!({"repository": repository, "tag": tag});
        values["processor"]["extraEnv"] = json!([{"name": "ENDING", "value": ending}]);
        space.install(&values);
        let ended = space.run("process", &format!("process-2025-11-04-{code}"));
        at_once(&ended, code);
        // Without a termination message of its own the end of the log stands in for it.
        assert!(ended.words().contains("ending as told"), "{}", ended.words());
    }
}

#[test]
fn a_job_that_the_kernel_ends_for_its_memory_is_not_tried_again() {
    let Some((env, space)) = city("memory") else { return };
    let (repository, tag) = space.cluster().image("ending");
    let mut values = space.values(&env);
    values["processor"]["image"] = json!({"repository": repository, "tag": tag});
    values["processor"]["extraEnv"] = json!([{"name": "ENDING", "value": "memory"}]);
    values["processor"]["resources"]["limits"]["memory"] = "96Mi".into();
    space.install(&values);
    let ended = space.run("process", "process-2025-11-04");
    at_once(&ended, 137);
    let state = &ended.pods[0]["status"]["containerStatuses"][0]["state"]["terminated"];
    assert_eq!(state["reason"], "OOMKilled");

    // The processor itself does not come to that: it sees the limit, and says what would do.
    let mut values = space.values(&env);
    values["processor"]["resources"]["limits"]["memory"] = "96Mi".into();
    space.install(&values);
    let ended = space.run("process", "process-2025-11-04-small");
    at_once(&ended, 2);
    assert!(ended.words().contains("memory"), "{}", ended.words());
}

#[test]
fn a_store_that_is_away_is_tried_again_as_often_as_is_said() {
    let Some((env, space)) = faulty_city("away") else { return };
    let mut values = space.values(&env);
    values["processor"]["backoffLimit"] = 1.into();
    values["processor"]["extraEnv"] = json!([{"name": "AWS_MAX_ATTEMPTS", "value": "1"}]);
    env.server().inject("*", "", usize::MAX, InjectedFault::Unavailable);
    space.install(&values);
    let ended = space.run("process", "process-2025-11-04");
    assert_eq!((ended.complete, ended.reason.as_str()), (false, "BackoffLimitExceeded"), "{ended:?}");
    assert_eq!(ended.codes(), [Some(69), Some(69)]);

    // The same, and the store comes back between the first pod and the second.
    space.start("process", "process-2025-11-04-b");
    space.until_selected("pods", &["--selector", "batch.kubernetes.io/job-name=process-2025-11-04-b"], |pod| {
        pod["status"]["phase"] == "Failed"
    });
    env.server().clear_faults();
    let ended = space.ended("process-2025-11-04-b");
    assert!(ended.complete, "{ended:?}");
    assert_eq!(ended.codes(), [Some(69), Some(0)]);
    env.check_documents();
}

#[test]
fn a_report_before_its_metrics_is_tried_again_and_done_when_they_come() {
    let Some((env, space)) = city("early") else { return };
    space.install(&space.values(&env));
    space.start("report", "report-2025-11-04");
    let early =
        space.until_selected("pods", &["--selector", "batch.kubernetes.io/job-name=report-2025-11-04"], |pod| {
            pod["status"]["phase"] == "Failed"
        });
    let state = &early["status"]["containerStatuses"][0]["state"]["terminated"];
    assert_eq!(state["exitCode"], 75);
    assert!(state["message"].as_str().unwrap().contains("not there yet"), "{state}");
    assert!(space.run("process", "process-2025-11-04").complete);
    let ended = space.ended("report-2025-11-04");
    assert!(ended.complete, "{ended:?}");
    assert_eq!((ended.codes().first(), ended.codes().last()), (Some(&Some(75)), Some(&Some(0))));
    assert!(env.get("processed/reports/daily_report_2025-11-04.json").is_some());

    // With the chart's own waiting it takes one pod.
    let mut values = space.values(&env);
    values["reporter"]["wait"] = "5m".into();
    space.install(&values);
    space.start("report", "report-2025-11-03");
    space.running("report-2025-11-03");
    assert!(space.run("process", "process-2025-11-03").complete);
    let ended = space.ended("report-2025-11-03");
    assert_eq!((ended.complete, ended.codes()), (true, vec![Some(0)]), "{ended:?}");
}

/// The chart's values are refused with the name of what is wrong, by Helm itself, before anything reaches the cluster.
#[test]
fn a_misspelt_value_reaches_no_cluster() {
    let Some((env, space)) = city("values") else { return };
    let mut values: Value = space.values(&env);
    values["processor"]["shedule"] = "0 0 * * *".into();
    let refused = space.try_install(&[], &values);
    assert!(!refused.ok && refused.stderr.contains("shedule"), "{refused:?}");
    assert!(nothing(&space));
}

fn nothing(space: &Space) -> bool {
    space.get(&["cronjobs,jobs"])["items"].as_array().is_some_and(Vec::is_empty)
}
