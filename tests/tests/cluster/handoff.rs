//! The report that the processor starts, and the Events that say how runs ended: each with its own right, and neither a reason to fail.

use acceptance::raw;
use serde_json::{Value, json};

use super::{city, documents};

/// The Jobs of reports that are there: name and object.
fn reports(space: &acceptance::cluster::Space) -> Vec<(String, Value)> {
    let jobs = space.get(&["jobs"])["items"].as_array().cloned().unwrap_or_default();
    let named = jobs.into_iter().map(|job| (job["metadata"]["name"].as_str().unwrap().to_owned(), job));
    named.filter(|(name, _)| name.starts_with("report-")).collect()
}

#[test]
fn three_tries_of_a_day_start_its_report_once() {
    let Some((env, space)) = city("handoff") else { return };
    // All of the day but its last hours, so that it stays provisional.
    let counts: Vec<String> = raw::road_counts(raw::DAY).lines().map(str::to_owned).collect();
    env.put_raw(raw::ROAD_COUNTS, counts[..counts.len() - 12].join("\n") + "\n");
    let mut values = space.values(&env);
    values["handoff"] = json!({"enabled": true});
    values["events"] = json!({"enabled": true});
    values["processor"]["untilComplete"] = true.into();
    values["processor"]["backoffLimit"] = 2.into();
    space.install(&values);
    let ended = space.run("process", "process-2025-11-04");
    assert_eq!((ended.codes(), ended.complete), (vec![Some(75); 3], false), "{ended:?}");

    let made = reports(&space);
    assert_eq!(made.len(), 1, "{:?}", made.iter().map(|(name, _)| name).collect::<Vec<_>>());
    let (name, job) = &made[0];
    let digest = acceptance::PublishedDay::load(&env, raw::DAY).manifest.digest;
    assert_eq!(*name, format!("report-2025-11-04-{}", &digest[..8]));
    let report = space.ended(name);
    assert!(report.complete, "{report:?}");
    assert!(env.get("processed/reports/daily_report_2025-11-04.json").is_some());

    // It is what kubectl would have made.
    let text = space.kubectl(&["create", "job", "--from=cronjob/report", name, "--dry-run=client", "--output=json"]);
    let theirs: Value = serde_json::from_str(&text).unwrap();
    for part in ["/metadata/labels", "/metadata/annotations", "/metadata/ownerReferences"] {
        assert!(theirs.pointer(part).is_some(), "{part}");
        let mut ours = job.pointer(part).cloned().unwrap();
        // What the API server adds to any Job.
        if let Some(labels) = ours.as_object_mut() {
            labels.retain(|key, _| theirs.pointer(part).unwrap().get(key).is_some());
        }
        assert_eq!(Some(&ours), theirs.pointer(part), "{part}");
    }
    for part in ["/spec/podFailurePolicy", "/spec/backoffLimit", "/spec/template/spec/containers/0/env"] {
        assert!(theirs.pointer(part).is_some(), "{part}");
        assert_eq!(job.pointer(part), theirs.pointer(part), "{part}");
    }

    // The schedule stays as the safety net: the same report asked for once more ends at once.
    let again = space.run("report", "report-2025-11-04-safety-net");
    assert!(again.complete && space.log("report-2025-11-04-safety-net").contains("up to date"));

    // Each run has told how it ended, on its Job.
    let told = space.events("process-2025-11-04");
    let later: Vec<_> = told.iter().filter(|(reason, _)| reason == "TryAgainLater").collect();
    assert_eq!(later.len(), 3, "{told:?}");
    assert!(later[0].1.contains("2025-11-04 is published, and still provisoire"), "{later:?}");
    let described = space.kubectl(&["describe", "job", name]);
    assert!(described.contains("report of 2025-11-04, edition 1, in s3://"), "{described}");

    // With the last hours the day is another one, and so is its report.
    env.put_raw(raw::ROAD_COUNTS, raw::road_counts(raw::DAY));
    assert!(space.run("process", "process-2025-11-04-complete").complete);
    assert_eq!(reports(&space).len(), 3);
    let described = space.kubectl(&["describe", "job", "process-2025-11-04-complete"]);
    assert!(described.contains("2025-11-04: 7 documents published in s3://"), "{described}");

    // helm test asks for the rights too.
    let tested = space.helm(&["test"], &["--logs"]);
    assert!(tested.contains("may create jobs") && tested.contains("may create events"), "{tested}");
}

#[test]
fn without_their_rights_both_are_a_warning_and_the_day_is_done() {
    let Some((env, space)) = city("norights") else { return };
    let mut values = space.values(&env);
    values["handoff"] = json!({"enabled": true});
    values["events"] = json!({"enabled": true});
    space.install(&values);
    space.kubectl(&["delete", "rolebindings", "--all"]);
    let ended = space.run("process", "process-2025-11-04");
    assert_eq!((ended.complete, ended.codes()), (true, vec![Some(0)]), "{ended:?}");
    let log = space.log("process-2025-11-04");
    assert!(
        log.contains("handoff: may not read the CronJob report") && log.contains("may not write an Event"),
        "{log}"
    );
    assert!(!documents(&env).is_empty());
    assert!(reports(&space).is_empty());

    // The check says so before a night does.
    let tested = space.try_helm(&["test"], &["--logs"]);
    assert!(
        !tested.ok && format!("{}{}", tested.stdout, tested.stderr).contains("the service account may not"),
        "{tested:?}"
    );
}

#[test]
fn a_setting_that_cannot_be_read_is_told_by_an_event_too() {
    let Some((env, space)) = city("unread") else { return };
    let mut values = space.values(&env);
    values["events"] = json!({"enabled": true});
    values["processor"]["extraEnv"] = json!([{"name": "CITYFLOW_FORCE", "value": "perhaps"}]);
    values["reporter"]["extraEnv"] = json!([{"name": "CITYFLOW_FORCE", "value": "perhaps"}]);
    space.install(&values);
    for cronjob in ["process", "report"] {
        let job = format!("{cronjob}-2025-11-04");
        let ended = space.run(cronjob, &job);
        assert_eq!(ended.codes(), [Some(2)], "{ended:?}");
        let told = space.events(&job);
        let wrong: Vec<_> = told.iter().filter(|(reason, _)| reason == "WrongSettings").collect();
        assert!(wrong.len() == 1 && wrong[0].1.contains("perhaps"), "{told:?}");
    }
}
