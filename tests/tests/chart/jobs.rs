//! The two CronJobs: what ends them and what is tried again, their environment, their place, and that `helm test` runs the same.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use acceptance::binaries::workspace;
use acceptance::chart::{Helm, Objects, folder};
use serde_json::{Value, json};

use crate::rendered::{ALL_ON, DAYS};

fn job<'a>(objects: &'a Objects, name: &str) -> &'a Value {
    &objects.get("CronJob", name)["spec"]["jobTemplate"]["spec"]
}

pub(crate) fn pod<'a>(objects: &'a Objects, name: &str) -> &'a Value {
    &job(objects, name)["template"]["spec"]
}

#[test]
fn two_cronjobs_by_their_own_names_and_times() {
    let Some(helm) = Helm::find() else { return };
    let objects = helm.objects(&[], &[]);
    let cronjobs = objects.names().into_iter().filter(|name| name.starts_with("CronJob/"));
    assert_eq!(cronjobs.collect::<Vec<_>>(), ["CronJob/process", "CronJob/report"]);
    for (name, schedule, deadline) in [("process", "0 0 * * *", 5400), ("report", "30 0 * * *", 3600)] {
        let mut spec = objects.get("CronJob", name)["spec"].clone();
        let mut job = spec.as_object_mut().unwrap().remove("jobTemplate").unwrap()["spec"].clone();
        let expected = json!({
            "schedule": schedule, "timeZone": "Etc/UTC", "suspend": false, "concurrencyPolicy": "Forbid",
            "startingDeadlineSeconds": 7200, "successfulJobsHistoryLimit": 7, "failedJobsHistoryLimit": 7,
        });
        assert_eq!(spec, expected, "{name}");
        for part in ["template", "podFailurePolicy"] {
            job.as_object_mut().unwrap().remove(part);
        }
        let expected = json!({
            "activeDeadlineSeconds": deadline, "backoffLimit": 6, "ttlSecondsAfterFinished": 604_800,
            "podReplacementPolicy": "Failed",
        });
        assert_eq!(job, expected, "{name}");
        assert_eq!(pod(&objects, name)["restartPolicy"], "Never");
    }
}

#[test]
fn every_schedule_that_kubernetes_takes_is_taken() {
    let Some(helm) = Helm::find() else { return };
    for schedule in ["59 23 31 12 6", "*/15 0-5,22 ? jan-MAR Mon-Fri", "00 05 1/2 * 0,sat", "@daily", "@yearly"] {
        let values = helm.values("schedule.json", &json!({ "processor": { "schedule": schedule } }).to_string());
        let objects = helm.objects(&[&values], &[]);
        assert_eq!(objects.get("CronJob", "process")["spec"]["schedule"], schedule);
    }
}

#[test]
fn large_numbers_stay_whole() {
    let Some(helm) = Helm::find() else { return };
    let text = helm.template(&[], &["--set", "processor.ttlSecondsAfterFinished=2592000"]);
    assert!(text.contains("ttlSecondsAfterFinished: 2592000\n"), "a float's exponent is refused by the API server");
}

#[test]
fn the_failure_policy_first_ignores_disruptions_then_ends_what_trying_again_cannot_help() {
    let Some(helm) = Helm::find() else { return };
    let objects = helm.objects(&[], &[]);
    for (name, container) in [("process", "processor"), ("report", "reporter")] {
        let expected = json!({ "rules": [
            { "action": "Ignore", "onPodConditions": [{ "type": "DisruptionTarget", "status": "True" }] },
            { "action": "FailJob", "onExitCodes": {
                "containerName": container, "operator": "In", "values": [2, 65, 66, 70, 101, 126, 127, 134, 137],
            } },
        ] });
        assert_eq!(job(&objects, name)["podFailurePolicy"], expected);
        assert_eq!(pod(&objects, name)["containers"][0]["name"], container, "the policy names the container");
    }
}

#[test]
fn a_wait_that_outlasts_the_job_is_refused() {
    let Some(helm) = Helm::find() else { return };
    for (wait, deadline, taken) in [
        ("40m", "3600", true),
        ("1h30m", "5401", true),
        ("1h", "3600", false),
        ("1h30m", "5400", false),
        ("0", "1", true),
    ] {
        let set = format!("reporter.activeDeadlineSeconds={deadline}");
        let result = helm.try_template(&[], &["--set-string", &format!("reporter.wait={wait}"), "--set", &set]);
        match result {
            Ok(_) => assert!(taken, "{wait} of {deadline}"),
            Err(said) => {
                assert!(!taken && said.contains("reporter.activeDeadlineSeconds"), "{wait} of {deadline}: {said}")
            }
        }
    }
}

pub(crate) fn environment(pod: &Value) -> BTreeMap<String, Value> {
    let all = pod["containers"][0]["env"].as_array().unwrap();
    let name = |variable: &Value| variable["name"].as_str().unwrap().to_owned();
    let by_name: BTreeMap<_, _> = all.iter().map(|variable| (name(variable), variable.clone())).collect();
    assert_eq!(by_name.len(), all.len(), "twice the same name: {all:?}");
    by_name
}

/// The variables that a program's command line knows.
fn known(program: &str) -> BTreeSet<String> {
    let text = std::fs::read_to_string(workspace().join("jobs").join(program).join("src/args.rs")).unwrap();
    let parts = text.split("env = \"").skip(1);
    parts.map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
}

/// The variables that are read elsewhere: by the AWS SDK, by OpenTelemetry, by the logs, and where they are needed to say who runs.
const ELSEWHERE: [&str; 14] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_ENDPOINT_URL",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "CLUSTER_NAME",
    "JOB_UID",
    "NODE_NAME",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_HEADERS",
    "OTEL_EXPORTER_OTLP_PROTOCOL",
    "OTEL_RESOURCE_ATTRIBUTES",
    "POD_NAME",
    "POD_NAMESPACE",
    "RUST_LOG",
];

#[test]
fn every_variable_is_one_that_the_program_knows() {
    let Some(helm) = Helm::find() else { return };
    let all_on = helm.values("all.yaml", ALL_ON);
    let objects = helm.objects(&[&all_on], &["--set-json", "processor.extraEnv=[]"]);
    let city = &objects.get("Job", "city")["spec"]["template"]["spec"];
    for (program, pod) in
        [("processor", pod(&objects, "process")), ("reporter", pod(&objects, "report")), ("simulator", city)]
    {
        let known = known(program);
        assert!(known.len() > 5, "{program}: {known:?}");
        let set = environment(pod);
        let strange: Vec<_> =
            set.keys().filter(|name| !known.contains(*name) && !ELSEWHERE.contains(&name.as_str())).collect();
        assert!(strange.is_empty(), "{program} does not know {strange:?}");
        for name in ["REPORT_DATE", "CITYFLOW_FORCE", "CITYFLOW_DRY_RUN"] {
            assert!(!set.contains_key(name), "{name} would be for every day, and so no setting of a chart");
        }
    }
}

#[test]
fn settings_reach_the_programs() {
    let Some(helm) = Helm::find() else { return };
    let all_on = helm.values("all.yaml", ALL_ON);
    let objects = helm.objects(&[&all_on], &[]);
    let value = |set: &BTreeMap<String, Value>, name: &str| {
        set.get(name).map_or_else(
            || "(not set)".to_owned(),
            |variable| variable["value"].as_str().unwrap_or("(not a text)").to_owned(),
        )
    };
    let processor = environment(pod(&objects, "process"));
    for (name, expected) in [
        ("S3_BUCKET_RAW", "cityflow-raw"),
        ("S3_BUCKET_PROCESSED", "cityflow-processed"),
        ("CITYFLOW_REQUIRED", "comptages"),
        ("CITYFLOW_LOOKBACK", "3"),
        ("CITYFLOW_CATCH_UP", "14"),
        ("CITYFLOW_UNTIL_COMPLETE", "yes"),
        ("CITYFLOW_THREADS", "4"),
        ("CITYFLOW_MEMORY_TARGET", "2GiB"),
        ("CITYFLOW_PARAMS", "bikes.definitif_part=99.5;comptages.congestion_taux=80"),
        ("CITYFLOW_HANDOFF", "report"),
        ("CITYFLOW_EVENTS", "yes"),
        ("CITY_PROFILE", "/etc/cityflow/profile.json"),
        ("CITY_TIMEZONE", "Europe/Lisbon"),
        ("CITY_NAME", "Lisboa"),
        // extraEnv wins, and adds.
        ("AWS_REGION", "eu-west-1"),
        ("NO_COLOR", "1"),
        ("AWS_ENDPOINT_URL", "http://minio.storage:9000"),
        ("CITYFLOW_S3_PATH_STYLE", "yes"),
        ("RUST_LOG", "debug"),
    ] {
        assert_eq!(value(&processor, name), expected, "{name}");
    }
    let reporter = environment(pod(&objects, "report"));
    for (name, expected) in [
        ("S3_BUCKET_METRICS", "cityflow-processed/metrics"),
        ("S3_BUCKET_REPORTS", "cityflow-processed/reports"),
        ("CITYFLOW_WAIT", "40m"),
        ("CITYFLOW_LANG", "fr"),
        ("CITYFLOW_LOOKBACK", "3"),
        ("CITYFLOW_HANDOFF", "(not set)"),
        ("AWS_REGION", "eu-west-3"),
    ] {
        assert_eq!(value(&reporter, name), expected, "{name}");
    }
    for set in [&processor, &reporter] {
        for (name, label) in [("JOB_NAME", "job-name"), ("JOB_UID", "controller-uid")] {
            let path = format!("metadata.labels['batch.kubernetes.io/{label}']");
            assert_eq!(set[name]["valueFrom"], json!({ "fieldRef": { "fieldPath": path } }));
        }
        let key = json!({ "secretKeyRef": { "name": "keys", "key": "secretAccessKey" } });
        assert_eq!(set["AWS_SECRET_ACCESS_KEY"]["valueFrom"], key);
    }
    let moved = helm.objects(&[], &["--set", "storage.processed=other/place/"]);
    assert_eq!(value(&environment(pod(&moved, "report")), "S3_BUCKET_METRICS"), "other/place/metrics");
    let plain = environment(pod(&helm.objects(&[], &[]), "process")).into_keys().collect::<BTreeSet<_>>();
    let unset =
        ["AWS_", "CLUSTER_NAME", "OTEL_", "CITYFLOW_EVENTS", "CITYFLOW_HANDOFF", "RUST_LOG", "CITYFLOW_THREADS"];
    assert!(!plain.iter().any(|name| unset.iter().any(|start| name.starts_with(start))), "{plain:?}");
}

#[test]
fn a_profile_of_ones_own_is_a_file_in_the_pod() {
    let Some(helm) = Helm::find() else { return };
    let profile = workspace().join("jobs/processor/profiles/paris/profile.json");
    let objects = helm.objects(&[], &["--set-file", &format!("city.profileFile={}", profile.display())]);
    let text = std::fs::read_to_string(profile).unwrap();
    assert_eq!(objects.get("ConfigMap", "city-profile")["data"], json!({ "profile.json": text }));
    for (name, pod) in objects.pods() {
        let mount = json!([{ "name": "city-profile", "mountPath": "/etc/cityflow", "readOnly": true }]);
        assert_eq!(pod["containers"][0]["volumeMounts"], mount, "{name}");
        assert_eq!(pod["volumes"], json!([{ "name": "city-profile", "configMap": { "name": "city-profile" } }]));
    }
}

#[test]
fn images_come_by_digest_before_tag_before_version() {
    let Some(helm) = Helm::find() else { return };
    let image = |more: &str| {
        let objects = helm.objects(&[], &["--set-string", more]);
        let image = |name: &str| pod(&objects, name)["containers"][0]["image"].as_str().unwrap().to_owned();
        (image("process"), image("report"))
    };
    let version = env!("CARGO_PKG_VERSION");
    let digest = format!("sha256:{}", "0".repeat(64));
    for (more, process, report) in [
        ("image.tag=".to_owned(), format!("cityflow/processor:{version}"), format!("cityflow/reporter:{version}")),
        (
            "image.registry=r.io/x,image.tag=1".to_owned(),
            "r.io/x/cityflow/processor:1".to_owned(),
            "r.io/x/cityflow/reporter:1".to_owned(),
        ),
        (
            format!(
                "image.registry=r.io,image.tag=1,processor.image.tag=2,reporter.image.registry=q.io,reporter.image.digest={digest}"
            ),
            "r.io/cityflow/processor:2".to_owned(),
            format!("q.io/cityflow/reporter@{digest}"),
        ),
        // As Skaffold sets it, with a registry on this machine.
        (
            "processor.image.repository=localhost:5000/cityflow/processor,processor.image.tag=1".to_owned(),
            "localhost:5000/cityflow/processor:1".to_owned(),
            format!("cityflow/reporter:{version}"),
        ),
    ] {
        assert_eq!(image(&more), (process, report), "{more}");
    }
}

#[test]
fn jobs_are_placed_by_values() {
    let Some(helm) = Helm::find() else { return };
    let prod = helm.objects(&[&folder().join("values-prod.yaml")], &[]);
    for (name, pool) in [("process", "large"), ("report", "small")] {
        let pod = pod(&prod, name);
        assert_eq!(pod["nodeSelector"], json!({ "cityflow.io/pool": pool }));
        let lost = |condition: &str| json!({ "key": format!("node.kubernetes.io/{condition}"), "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 60 });
        let taint = json!({ "key": "cityflow.io/pool", "operator": "Equal", "value": pool, "effect": "NoSchedule" });
        assert_eq!(pod["tolerations"], json!([lost("not-ready"), lost("unreachable"), taint]));
        let limits = pod["containers"][0]["resources"]["limits"].as_object().unwrap();
        assert_eq!(limits.keys().collect::<Vec<_>>(), ["memory"], "no limit of CPU");
        let template = &job(&prod, name)["template"]["metadata"]["annotations"];
        assert_eq!(template["karpenter.sh/do-not-disrupt"], "true", "the text, not the boolean");
    }
    let all_on = helm.values("all.yaml", ALL_ON);
    let objects = helm.objects(&[&all_on], &["--set", "processor.tolerationSeconds=0"]);
    let all = pod(&objects, "process");
    assert_eq!(all["tolerations"][0]["tolerationSeconds"], 0);
    assert_eq!(all["priorityClassName"], "nightly");
    assert!(all["affinity"]["nodeAffinity"].is_object() && all["topologySpreadConstraints"].is_array());
    assert_eq!(all["imagePullSecrets"], json!([{ "name": "registry" }]));
    assert_eq!(all["containers"][0]["envFrom"], json!([{ "secretRef": { "name": "more" } }]));
    assert!(all["volumes"].as_array().unwrap().contains(&json!({ "name": "cache", "emptyDir": {} })));
}

#[test]
fn helm_test_checks_with_the_very_settings_of_the_jobs() {
    let Some(helm) = Helm::find() else { return };
    let all_on = helm.values("all.yaml", ALL_ON);
    for file in [&all_on, folder().join("values-prod.yaml").as_path() as &Path] as [&Path; 2] {
        let objects = helm.objects(&[file], &[]);
        for name in ["process", "report"] {
            let check = objects.get("Pod", &format!("{name}-check"));
            let hook = json!({ "helm.sh/hook": "test", "helm.sh/hook-delete-policy": "before-hook-creation" });
            for (annotation, value) in hook.as_object().unwrap() {
                assert_eq!(&check["metadata"]["annotations"][annotation], value);
            }
            let mut expected = pod(&objects, name).clone();
            let container = expected["containers"][0].as_object_mut().unwrap();
            container.insert("args".to_owned(), json!(["check"]));
            let env = container["env"].as_array_mut().unwrap();
            env.retain(|variable| variable["name"] != "JOB_NAME" && variable["name"] != "JOB_UID");
            assert_eq!(check["spec"], expected, "{name}");
        }
    }
}

#[test]
fn development_needs_no_setting_twice() {
    let Some(helm) = Helm::find() else { return };
    let objects = helm.objects(&[&folder().join("values-dev.yaml")], &DAYS);
    let set = environment(pod(&objects, "process"));
    let (service, secret) = (objects.get("Service", "s3"), objects.get("Secret", "s3-credentials"));
    assert_eq!(set["AWS_ENDPOINT_URL"]["value"], format!("http://s3:{}", service["spec"]["ports"][0]["port"]));
    assert_eq!(set["AWS_ACCESS_KEY_ID"]["valueFrom"]["secretKeyRef"]["name"], secret["metadata"]["name"]);
    let server = &objects.get("Deployment", "s3")["spec"]["template"]["spec"]["containers"][0];
    for bucket in ["cityflow-raw", "cityflow-processed"] {
        // A folder is a bucket, and a mount makes the folder.
        let (path, folder) = (format!("/data/buckets/{bucket}"), format!("buckets/{bucket}"));
        let mount = json!({ "name": "data", "mountPath": path, "subPath": folder });
        assert!(server["volumeMounts"].as_array().unwrap().contains(&mount), "{}", server["volumeMounts"]);
    }
    let city = &objects.get("Job", "city")["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(
        city["args"],
        json!(["--out", "s3://cityflow-raw", "--from", "2025-11-01", "--to", "2025-11-04", "--force"])
    );

    let said = helm.try_template(&[], &["--set", "development.city.enabled=true"]).unwrap_err();
    assert!(said.contains("only on development.s3.enabled"), "{said}");
    for name in ["values.yaml", "values-staging.yaml", "values-prod.yaml"] {
        let objects = helm.objects(&[&folder().join(name)], &[]);
        let kinds = ["Deployment/", "Service/", "Secret/", "Job/"];
        let found: Vec<_> =
            objects.names().into_iter().filter(|name| kinds.iter().any(|kind| name.starts_with(kind))).collect();
        assert!(found.is_empty(), "{name}: {found:?}");
    }
}

#[test]
fn the_simulated_days_are_those_up_to_today_unless_set() {
    let Some(helm) = Helm::find() else { return };
    let days = |more: &str| {
        let objects = helm.objects(&[&folder().join("values-dev.yaml")], &["--set-string", more]);
        let args = objects.get("Job", "city")["spec"]["template"]["spec"]["containers"][0]["args"].clone();
        (args[3].as_str().unwrap().to_owned(), args[5].as_str().unwrap().to_owned())
    };
    // Midnight may pass in between.
    let up_to_now = || {
        let today = chrono::Utc::now().date_naive();
        ((today - chrono::Duration::days(3)).to_string(), today.to_string())
    };
    let before = up_to_now();
    let found = days("image.tag=dev");
    assert!([&before, &up_to_now()].contains(&&found), "{found:?}, from {before:?} on");
    // Over the change of the clocks.
    assert_eq!(days("development.city.to=2025-10-27"), ("2025-10-24".to_owned(), "2025-10-27".to_owned()));
    assert_eq!(
        days("development.city.from=2025-03-01,development.city.to=2025-04-01"),
        ("2025-03-01".to_owned(), "2025-04-01".to_owned())
    );
}
