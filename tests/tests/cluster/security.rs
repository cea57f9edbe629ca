//! What a pod may and may not: Pod Security as strict as there is, no token unless it is needed, rights that are written down and no more.

use acceptance::cluster::Space;
use serde_json::{Value, json};

use super::{city, documents};

/// What a service account may do in the namespace beyond what any may, as `kubectl auth can-i --list` has it.
fn rights(space: &Space, account: &str) -> Vec<String> {
    let any = all_rights(space, "default");
    let mut rights = all_rights(space, account);
    rights.retain(|right| !any.contains(right));
    rights
}

fn all_rights(space: &Space, account: &str) -> Vec<String> {
    let user = format!("--as=system:serviceaccount:{}:{account}", space.name());
    let text = space.kubectl(&["auth", "can-i", "--list", &user]);
    text.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn pods_hold_no_token_and_cannot_write_where_nothing_is_to_be_written() {
    let Some((env, space)) = city("secure") else { return };
    // The namespace does refuse what is less.
    let refused = space.try_kubectl(&["run", "careless", "--image=cityflow/processor:test"]);
    assert!(!refused.ok && refused.stderr.contains("violates PodSecurity"), "{refused:?}");

    space.install(&space.values(&env));
    assert!(rights(&space, "process").is_empty() && rights(&space, "report").is_empty());
    for (cronjob, job) in [("process", "process-2025-11-04"), ("report", "report-2025-11-04")] {
        let ended = space.run(cronjob, job);
        assert!(ended.complete, "{ended:?}");
        let pod = &ended.pods[0];
        let mounts =
            pod.pointer("/spec/containers/0/volumeMounts").and_then(Value::as_array).cloned().unwrap_or_default();
        assert!(mounts.is_empty(), "not even a token: {mounts:?}");
        assert_eq!(pod["spec"]["automountServiceAccountToken"], false);
        let container = &pod["spec"]["containers"][0]["securityContext"];
        assert_eq!(container["readOnlyRootFilesystem"], true);
        assert_eq!(container["allowPrivilegeEscalation"], false);
        assert_eq!(container["capabilities"]["drop"], json!(["ALL"]));
        assert_eq!(pod["spec"]["securityContext"]["runAsUser"], 65532);
    }
    assert!(!documents(&env).is_empty());
}

#[test]
fn each_switch_gives_its_own_rights_and_no_more() {
    let Some((env, space)) = city("rights") else { return };
    let mut values = space.values(&env);
    values["events"] = json!({"enabled": true});
    space.install(&values);
    let events = ["events.events.k8s.io [] [] [create]".to_owned()];
    assert_eq!((rights(&space, "process"), rights(&space, "report")), (events.to_vec(), events.to_vec()));

    values["events"]["enabled"] = false.into();
    values["handoff"] = json!({"enabled": true});
    space.install(&values);
    let mut found = rights(&space, "process");
    found.sort();
    assert_eq!(found, ["cronjobs.batch [] [report] [get]", "jobs.batch [] [] [create]"]);
    assert!(rights(&space, "report").is_empty());
}

#[test]
fn a_check_before_the_first_night_reaches_everything_and_writes_no_document() {
    let Some((env, space)) = city("check") else { return };
    space.install(&space.values(&env));
    let tested = space.helm(&["test"], &["--logs"]);
    assert!(tested.contains("all well") && tested.contains("can be written and read"), "{tested}");
    assert_eq!(env.list("processed/"), [] as [String; 0], "nothing is left behind");

    // A bucket that is not there fails it.
    let mut values = space.values(&env);
    values["storage"]["reports"] = "cityflow-no-such-bucket/reports".into();
    space.install(&values);
    let tested = space.try_helm(&["test"], &["--logs"]);
    assert!(!tested.ok, "{tested:?}");
    assert!(format!("{}{}", tested.stdout, tested.stderr).contains("cityflow-no-such-bucket"), "{tested:?}");
}
