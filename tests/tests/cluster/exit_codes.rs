//! Exit codes and their effect on the Job: permanent errors fail it immediately, with the reason in the termination message.

use acceptance::cluster::FinishedJob;
use acceptance::raw;
use acceptance::s3server::InjectedFault;
use serde_json::{Value, json};

use super::{city, faulty_city, manifests};

/// Asserts that the Job failed after its first pod.
fn assert_failed_immediately(job: &FinishedJob, code: i64) {
    assert!(!job.complete, "{job:?}");
    assert_eq!((job.exit_codes(), job.reason.as_str()), (vec![Some(code)], "PodFailurePolicy"), "{job:?}");
    assert!(job.message.contains(&format!("exit code {code}")), "{}", job.message);
}

#[test]
fn job_fails_immediately_on_invalid_settings_or_data() {
    let Some((env, namespace)) = city("wrong") else { return };
    let mut values = namespace.chart_values(&env);

    env.remove(&format!("raw/{}", raw::ROAD_COUNTS));
    namespace.install(&values);
    let finished = namespace.run_job("process", "process-2025-11-04");
    assert_failed_immediately(&finished, 65);
    assert!(
        finished.termination_message().contains("comptages has no file")
            && finished.termination_message().contains("run the day again"),
        "{}",
        finished.termination_message()
    );
    assert_eq!(manifests(&env), [raw::DAY], "the other sources are published");

    let raw_location = values["storage"]["raw"].take();
    values["storage"]["raw"] = format!("{}/nothing-here", env.bucket()).into();
    namespace.install(&values);
    let finished = namespace.run_job("process", "process-2025-11-04-b");
    assert_failed_immediately(&finished, 66);
    assert!(finished.termination_message().contains("no input at all"), "{}", finished.termination_message());

    values["storage"]["raw"] = raw_location;
    values["storage"]["processed"] = "cityflow-no-such-bucket/processed".into();
    namespace.install(&values);
    let finished = namespace.run_job("process", "process-2025-11-04-c");
    assert_failed_immediately(&finished, 2);
    assert!(finished.termination_message().contains("cityflow-no-such-bucket"), "{}", finished.termination_message());
}

#[test]
fn job_fails_immediately_on_panic_abort_or_missing_program() {
    let Some((env, namespace)) = city("bug") else { return };
    let (repository, tag) = namespace.cluster().image("ending");
    let mut values = namespace.chart_values(&env);
    for (ending, code) in [("exit:70", 70), ("panic", 101), ("exit:126", 126), ("exit:127", 127), ("exit:134", 134)] {
        values["processor"]["image"] = json!({"repository": repository, "tag": tag});
        values["processor"]["extraEnv"] = json!([{"name": "ENDING", "value": ending}]);
        namespace.install(&values);
        let finished = namespace.run_job("process", &format!("process-2025-11-04-{code}"));
        assert_failed_immediately(&finished, code);
        // Without a termination message Kubernetes uses the end of the log.
        assert!(finished.termination_message().contains("ending as requested"), "{}", finished.termination_message());
    }
}

#[test]
fn job_fails_immediately_after_out_of_memory_kill() {
    let Some((env, namespace)) = city("memory") else { return };
    let (repository, tag) = namespace.cluster().image("ending");
    let mut values = namespace.chart_values(&env);
    values["processor"]["image"] = json!({"repository": repository, "tag": tag});
    values["processor"]["extraEnv"] = json!([{"name": "ENDING", "value": "memory"}]);
    values["processor"]["resources"]["limits"]["memory"] = "96Mi".into();
    namespace.install(&values);
    let finished = namespace.run_job("process", "process-2025-11-04");
    assert_failed_immediately(&finished, 137);
    let state = &finished.pods[0]["status"]["containerStatuses"][0]["state"]["terminated"];
    assert_eq!(state["reason"], "OOMKilled");

    // The processor detects a limit that is too low, and exits with a usage error.
    let mut values = namespace.chart_values(&env);
    values["processor"]["resources"]["limits"]["memory"] = "96Mi".into();
    namespace.install(&values);
    let finished = namespace.run_job("process", "process-2025-11-04-small");
    assert_failed_immediately(&finished, 2);
    assert!(finished.termination_message().contains("memory"), "{}", finished.termination_message());
}

#[test]
fn unreachable_store_is_retried_up_to_the_backoff_limit() {
    let Some((env, namespace)) = faulty_city("unreachable") else { return };
    let mut values = namespace.chart_values(&env);
    values["processor"]["backoffLimit"] = 1.into();
    values["processor"]["extraEnv"] = json!([{"name": "AWS_MAX_ATTEMPTS", "value": "1"}]);
    env.server().inject("*", "", usize::MAX, InjectedFault::Unavailable);
    namespace.install(&values);
    let finished = namespace.run_job("process", "process-2025-11-04");
    assert_eq!((finished.complete, finished.reason.as_str()), (false, "BackoffLimitExceeded"), "{finished:?}");
    assert_eq!(finished.exit_codes(), [Some(69), Some(69)]);

    // The store becomes available between the first and the second pod.
    namespace.create_job("process", "process-2025-11-04-b");
    namespace.wait_for_failed_pod("process-2025-11-04-b");
    env.server().clear_faults();
    let finished = namespace.wait_for_job("process-2025-11-04-b");
    assert!(finished.complete, "{finished:?}");
    assert_eq!(finished.exit_codes(), [Some(69), Some(0)]);
    env.check_documents();
}

#[test]
fn report_is_retried_until_its_metrics_are_published() {
    let Some((env, namespace)) = city("early") else { return };
    namespace.install(&namespace.chart_values(&env));
    namespace.create_job("report", "report-2025-11-04");
    let state = namespace.wait_for_failed_pod("report-2025-11-04");
    assert_eq!(state["exitCode"], 75);
    assert!(state["message"].as_str().unwrap().contains("do not exist yet"), "{state}");
    assert!(namespace.run_job("process", "process-2025-11-04").complete);
    let finished = namespace.wait_for_job("report-2025-11-04");
    assert!(finished.complete, "{finished:?}");
    assert_eq!((finished.exit_codes().first(), finished.exit_codes().last()), (Some(&Some(75)), Some(&Some(0))));
    assert!(env.get("processed/reports/daily_report_2025-11-04.json").is_some());

    // With reporter.wait, one pod is enough.
    let mut values = namespace.chart_values(&env);
    values["reporter"]["wait"] = "5m".into();
    namespace.install(&values);
    namespace.create_job("report", "report-2025-11-03");
    namespace.wait_for_running_pod("report-2025-11-03");
    assert!(namespace.run_job("process", "process-2025-11-03").complete);
    let finished = namespace.wait_for_job("report-2025-11-03");
    assert_eq!((finished.complete, finished.exit_codes()), (true, vec![Some(0)]), "{finished:?}");
}

#[test]
fn helm_rejects_unknown_value_before_changing_the_cluster() {
    let Some((env, namespace)) = city("values") else { return };
    let mut values: Value = namespace.chart_values(&env);
    values["processor"]["shedule"] = "0 0 * * *".into();
    let output = namespace.try_install(&[], &values);
    assert!(!output.success && output.stderr.contains("shedule"), "{output:?}");
    assert!(namespace.list(&["cronjobs,jobs"]).is_empty());
}
