//! Security on a real cluster: Pod Security `restricted`, no API token by default, minimal rights.

use acceptance::cluster::TestNamespace;
use serde_json::{Value, json};

use super::{city, documents};

/// The rights of a service account in addition to those of `default`, from `kubectl auth can-i --list`.
fn rights(namespace: &TestNamespace, account: &str) -> Vec<String> {
    let default = all_rights(namespace, "default");
    let mut rights = all_rights(namespace, account);
    rights.retain(|right| !default.contains(right));
    rights
}

fn all_rights(namespace: &TestNamespace, account: &str) -> Vec<String> {
    let user = format!("--as=system:serviceaccount:{}:{account}", namespace.name());
    let text = namespace.kubectl(&["auth", "can-i", "--list", &user]);
    text.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn pods_have_no_token_and_a_read_only_file_system() {
    let Some((env, namespace)) = city("secure") else { return };
    // The namespace rejects pods that do not meet `restricted`.
    let output = namespace.try_kubectl(&["run", "unrestricted", "--image=cityflow/processor:test"]);
    assert!(!output.success && output.stderr.contains("violates PodSecurity"), "{output:?}");

    namespace.install(&namespace.chart_values(&env));
    assert!(rights(&namespace, "process").is_empty() && rights(&namespace, "report").is_empty());
    for (cronjob, job) in [("process", "process-2025-11-04"), ("report", "report-2025-11-04")] {
        let finished = namespace.run_job(cronjob, job);
        assert!(finished.complete, "{finished:?}");
        let pod = &finished.pods[0];
        let mounts =
            pod.pointer("/spec/containers/0/volumeMounts").and_then(Value::as_array).cloned().unwrap_or_default();
        assert!(mounts.is_empty(), "no token is mounted: {mounts:?}");
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
fn switches_grant_exactly_their_rights() {
    let Some((env, namespace)) = city("rights") else { return };
    let mut values = namespace.chart_values(&env);
    values["events"] = json!({"enabled": true});
    namespace.install(&values);
    let events = ["events.events.k8s.io [] [] [create]".to_owned()];
    assert_eq!((rights(&namespace, "process"), rights(&namespace, "report")), (events.to_vec(), events.to_vec()));

    values["events"]["enabled"] = false.into();
    values["handoff"] = json!({"enabled": true});
    namespace.install(&values);
    let mut found = rights(&namespace, "process");
    found.sort();
    assert_eq!(found, ["cronjobs.batch [] [report] [get]", "jobs.batch [] [] [create]"]);
    assert!(rights(&namespace, "report").is_empty());
}

#[test]
fn helm_test_succeeds_before_the_first_run_and_writes_no_documents() {
    let Some((env, namespace)) = city("check") else { return };
    namespace.install(&namespace.chart_values(&env));
    let tested = namespace.helm(&["test"], &["--logs"]);
    assert!(tested.contains("tout est en ordre") && tested.contains("can be written and read"), "{tested}");
    assert_eq!(env.list("processed/"), [] as [String; 0], "the check deletes its probes");

    // A missing bucket makes it fail.
    let mut values = namespace.chart_values(&env);
    values["storage"]["reports"] = "cityflow-no-such-bucket/reports".into();
    namespace.install(&values);
    let tested = namespace.try_helm(&["test"], &["--logs"]);
    assert!(!tested.success, "{tested:?}");
    assert!(tested.text().contains("cityflow-no-such-bucket"), "{tested:?}");
}
