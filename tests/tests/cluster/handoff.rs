//! Handoff (the processor starts the report) and Events: each needs its own right, and neither makes a run fail.

use acceptance::cluster::TestNamespace;
use acceptance::raw;
use serde_json::{Value, json};

use super::{city, documents};

/// Name and object of the existing Jobs of the reporter.
fn report_jobs(namespace: &TestNamespace) -> Vec<(String, Value)> {
    let named =
        namespace.list(&["jobs"]).into_iter().map(|job| (job["metadata"]["name"].as_str().unwrap().to_owned(), job));
    named.filter(|(name, _)| name.starts_with("report-")).collect()
}

#[test]
fn three_attempts_at_a_day_start_its_report_once() {
    let Some((env, namespace)) = city("handoff") else { return };
    // Without its last hours the day stays provisional.
    let counts: Vec<String> = raw::road_counts(raw::DAY).lines().map(str::to_owned).collect();
    env.put_raw(raw::ROAD_COUNTS, counts[..counts.len() - 12].join("\n") + "\n");
    let mut values = namespace.chart_values(&env);
    values["handoff"] = json!({"enabled": true});
    values["events"] = json!({"enabled": true});
    values["processor"]["untilComplete"] = true.into();
    values["processor"]["backoffLimit"] = 2.into();
    namespace.install(&values);
    let finished = namespace.run_job("process", "process-2025-11-04");
    assert_eq!((finished.exit_codes(), finished.complete), (vec![Some(75); 3], false), "{finished:?}");

    let jobs = report_jobs(&namespace);
    assert_eq!(jobs.len(), 1, "{:?}", jobs.iter().map(|(name, _)| name).collect::<Vec<_>>());
    let (name, job) = &jobs[0];
    let digest = acceptance::PublishedDay::load(&env, raw::DAY).manifest.digest;
    assert_eq!(*name, format!("report-2025-11-04-{}", &digest[..8]));
    let report = namespace.wait_for_job(name);
    assert!(report.complete, "{report:?}");
    assert!(env.get("processed/reports/daily_report_2025-11-04.json").is_some());

    // The Job is the same as one created with kubectl.
    let text =
        namespace.kubectl(&["create", "job", "--from=cronjob/report", name, "--dry-run=client", "--output=json"]);
    let expected: Value = serde_json::from_str(&text).unwrap();
    for part in ["/metadata/labels", "/metadata/annotations", "/metadata/ownerReferences"] {
        assert!(expected.pointer(part).is_some(), "{part}");
        let mut actual = job.pointer(part).cloned().unwrap();
        // Labels that the API server adds to every Job.
        if let Some(labels) = actual.as_object_mut() {
            labels.retain(|key, _| expected.pointer(part).unwrap().get(key).is_some());
        }
        assert_eq!(Some(&actual), expected.pointer(part), "{part}");
    }
    for part in ["/spec/podFailurePolicy", "/spec/backoffLimit", "/spec/template/spec/containers/0/env"] {
        assert!(expected.pointer(part).is_some(), "{part}");
        assert_eq!(job.pointer(part), expected.pointer(part), "{part}");
    }

    // The scheduled run finds the report already done.
    let again = namespace.run_job("report", "report-2025-11-04-scheduled");
    assert!(again.complete && namespace.log("report-2025-11-04-scheduled").contains("up to date"));

    // Each run recorded an Event on its Job.
    let events = namespace.events("process-2025-11-04");
    let later: Vec<_> = events.iter().filter(|(reason, _)| reason == "TryAgainLater").collect();
    assert_eq!(later.len(), 3, "{events:?}");
    assert!(later[0].1.contains("2025-11-04 is published, but still provisional"), "{later:?}");
    let described = namespace.kubectl(&["describe", "job", name]);
    assert!(described.contains("report of 2025-11-04, edition 1, in s3://"), "{described}");

    // With the last hours the day changes, and its report is started again.
    env.put_raw(raw::ROAD_COUNTS, raw::road_counts(raw::DAY));
    assert!(namespace.run_job("process", "process-2025-11-04-complete").complete);
    assert_eq!(report_jobs(&namespace).len(), 3);
    let described = namespace.kubectl(&["describe", "job", "process-2025-11-04-complete"]);
    assert!(described.contains("2025-11-04: 7 documents published in s3://"), "{described}");

    // helm test also checks the rights.
    let tested = namespace.helm(&["test"], &["--logs"]);
    assert!(tested.contains("may create jobs") && tested.contains("may create events"), "{tested}");
}

#[test]
fn missing_rights_for_handoff_and_events_are_only_warnings() {
    let Some((env, namespace)) = city("norights") else { return };
    let mut values = namespace.chart_values(&env);
    values["handoff"] = json!({"enabled": true});
    values["events"] = json!({"enabled": true});
    namespace.install(&values);
    namespace.kubectl(&["delete", "rolebindings", "--all"]);
    let finished = namespace.run_job("process", "process-2025-11-04");
    assert_eq!((finished.complete, finished.exit_codes()), (true, vec![Some(0)]), "{finished:?}");
    let log = namespace.log("process-2025-11-04");
    assert!(
        log.contains("handoff: may not read the CronJob report") && log.contains("may not write an Event"),
        "{log}"
    );
    assert!(!documents(&env).is_empty());
    assert!(report_jobs(&namespace).is_empty());

    // helm test reports the missing rights as an error.
    let tested = namespace.try_helm(&["test"], &["--logs"]);
    assert!(!tested.success && tested.text().contains("the service account may not"), "{tested:?}");
}

#[test]
fn usage_errors_are_recorded_as_events() {
    let Some((env, namespace)) = city("unread") else { return };
    let mut values = namespace.chart_values(&env);
    values["events"] = json!({"enabled": true});
    values["processor"]["extraEnv"] = json!([{"name": "CITYFLOW_FORCE", "value": "perhaps"}]);
    values["reporter"]["extraEnv"] = json!([{"name": "CITYFLOW_FORCE", "value": "perhaps"}]);
    namespace.install(&values);
    for cronjob in ["process", "report"] {
        let job = format!("{cronjob}-2025-11-04");
        let finished = namespace.run_job(cronjob, &job);
        assert_eq!(finished.exit_codes(), [Some(2)], "{finished:?}");
        let events = namespace.events(&job);
        let wrong: Vec<_> = events.iter().filter(|(reason, _)| reason == "WrongSettings").collect();
        assert!(wrong.len() == 1 && wrong[0].1.contains("perhaps"), "{events:?}");
    }
}
