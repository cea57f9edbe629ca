//! The two CronJobs: schedules, retries, environment, images, placement; `helm test`; the development environment.

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
fn cronjobs_have_default_names_and_schedules() {
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
fn schedules_with_kubernetes_syntax_are_accepted() {
    let Some(helm) = Helm::find() else { return };
    for schedule in ["59 23 31 12 6", "*/15 0-5,22 ? jan-MAR Mon-Fri", "00 05 1/2 * 0,sat", "@daily", "@yearly"] {
        let values = helm.values("schedule.json", &json!({ "processor": { "schedule": schedule } }).to_string());
        let objects = helm.objects(&[&values], &[]);
        assert_eq!(objects.get("CronJob", "process")["spec"]["schedule"], schedule);
    }
}

#[test]
fn large_numbers_are_rendered_as_integers() {
    let Some(helm) = Helm::find() else { return };
    let text = helm.template(&[], &["--set", "processor.ttlSecondsAfterFinished=2592000"]);
    assert!(text.contains("ttlSecondsAfterFinished: 2592000\n"), "the API server rejects exponents");
}

#[test]
fn pod_failure_policy_ignores_disruptions_and_fails_on_permanent_errors() {
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
fn wait_must_be_shorter_than_the_deadline_of_the_job() {
    let Some(helm) = Helm::find() else { return };
    for (wait, deadline, accepted) in [
        ("40m", "3600", true),
        ("1h30m", "5401", true),
        ("1h", "3600", false),
        ("1h30m", "5400", false),
        ("0", "1", true),
    ] {
        let set = format!("reporter.activeDeadlineSeconds={deadline}");
        let result = helm.try_template(&[], &["--set-string", &format!("reporter.wait={wait}"), "--set", &set]);
        match result {
            Ok(_) => assert!(accepted, "{wait} of {deadline}"),
            Err(error) => {
                assert!(!accepted && error.contains("reporter.activeDeadlineSeconds"), "{wait} of {deadline}: {error}")
            }
        }
    }
}

pub(crate) fn environment(pod: &Value) -> BTreeMap<String, Value> {
    let all = pod["containers"][0]["env"].as_array().unwrap();
    let name = |variable: &Value| variable["name"].as_str().unwrap().to_owned();
    let by_name: BTreeMap<_, _> = all.iter().map(|variable| (name(variable), variable.clone())).collect();
    assert_eq!(by_name.len(), all.len(), "duplicate names: {all:?}");
    by_name
}

/// The environment variables in a program's `--help`.
fn known_variables(program: &str) -> BTreeSet<String> {
    let path = workspace().join(format!("tests/tests/generated/help/{program}.txt"));
    let text = std::fs::read_to_string(path).unwrap();
    let parts = text.split("[env: ").skip(1);
    parts.map(|rest| rest.split([']', '=']).next().unwrap().to_owned()).collect()
}

/// Variables that are read elsewhere: by the AWS SDK, by OpenTelemetry, and for logs and run identity.
const OTHER_VARIABLES: [&str; 14] = [
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
fn programs_know_every_variable_that_the_chart_sets() {
    let Some(helm) = Helm::find() else { return };
    let all_on = helm.values("all.yaml", ALL_ON);
    let objects = helm.objects(&[&all_on], &["--set-json", "processor.extraEnv=[]"]);
    let city = &objects.get("Job", "city")["spec"]["template"]["spec"];
    for (program, pod) in
        [("processor", pod(&objects, "process")), ("reporter", pod(&objects, "report")), ("simulator", city)]
    {
        let known = known_variables(program);
        assert!(known.len() > 5, "{program}: {known:?}");
        let set = environment(pod);
        let unknown: Vec<_> =
            set.keys().filter(|name| !known.contains(*name) && !OTHER_VARIABLES.contains(&name.as_str())).collect();
        assert!(unknown.is_empty(), "{program} does not know {unknown:?}");
        for name in ["REPORT_DATE", "CITYFLOW_FORCE", "CITYFLOW_DRY_RUN"] {
            assert!(!set.contains_key(name), "{name} is for single runs, not for a schedule");
        }
    }
}

#[test]
fn values_become_environment_variables() {
    let Some(helm) = Helm::find() else { return };
    let all_on = helm.values("all.yaml", ALL_ON);
    let objects = helm.objects(&[&all_on], &[]);
    let value = |set: &BTreeMap<String, Value>, name: &str| {
        set.get(name).map_or_else(
            || "(not set)".to_owned(),
            |variable| variable["value"].as_str().unwrap_or("(not a string)").to_owned(),
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
        // extraEnv overrides and adds variables.
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
    let moved = helm.objects(&[], &["--set", "storage.processed=other/prefix/"]);
    assert_eq!(value(&environment(pod(&moved, "report")), "S3_BUCKET_METRICS"), "other/prefix/metrics");
    let plain = environment(pod(&helm.objects(&[], &[]), "process")).into_keys().collect::<BTreeSet<_>>();
    let unset =
        ["AWS_", "CLUSTER_NAME", "OTEL_", "CITYFLOW_EVENTS", "CITYFLOW_HANDOFF", "RUST_LOG", "CITYFLOW_THREADS"];
    assert!(!plain.iter().any(|name| unset.iter().any(|start| name.starts_with(start))), "{plain:?}");
}

#[test]
fn custom_city_profile_is_mounted_into_every_pod() {
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
fn image_digest_overrides_tag_and_tag_overrides_version() {
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
        // As Skaffold sets it, with a local registry.
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
fn placement_values_reach_the_pods() {
    let Some(helm) = Helm::find() else { return };
    let prod = helm.objects(&[&folder().join("values-prod.yaml")], &[]);
    for (name, pool) in [("process", "large"), ("report", "small")] {
        let pod = pod(&prod, name);
        assert_eq!(pod["nodeSelector"], json!({ "cityflow.io/pool": pool }));
        let unreachable = |condition: &str| json!({ "key": format!("node.kubernetes.io/{condition}"), "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 60 });
        let taint = json!({ "key": "cityflow.io/pool", "operator": "Equal", "value": pool, "effect": "NoSchedule" });
        assert_eq!(pod["tolerations"], json!([unreachable("not-ready"), unreachable("unreachable"), taint]));
        let limits = pod["containers"][0]["resources"]["limits"].as_object().unwrap();
        assert_eq!(limits.keys().collect::<Vec<_>>(), ["memory"], "no CPU limit");
        let template = &job(&prod, name)["template"]["metadata"]["annotations"];
        assert_eq!(template["karpenter.sh/do-not-disrupt"], "true", "a string, not a boolean");
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
fn helm_test_uses_the_pod_spec_of_the_jobs() {
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
fn development_values_configure_jobs_server_and_city_consistently() {
    let Some(helm) = Helm::find() else { return };
    let objects = helm.objects(&[&folder().join("values-dev.yaml")], &DAYS);
    let set = environment(pod(&objects, "process"));
    let (service, secret) = (objects.get("Service", "s3"), objects.get("Secret", "s3-credentials"));
    assert_eq!(set["AWS_ENDPOINT_URL"]["value"], format!("http://s3:{}", service["spec"]["ports"][0]["port"]));
    assert_eq!(set["AWS_ACCESS_KEY_ID"]["valueFrom"]["secretKeyRef"]["name"], secret["metadata"]["name"]);
    let server = &objects.get("Deployment", "s3")["spec"]["template"]["spec"]["containers"][0];
    for bucket in ["cityflow-raw", "cityflow-processed"] {
        // A directory is a bucket, and the mount creates the directory.
        let (path, folder) = (format!("/data/buckets/{bucket}"), format!("buckets/{bucket}"));
        let mount = json!({ "name": "data", "mountPath": path, "subPath": folder });
        assert!(server["volumeMounts"].as_array().unwrap().contains(&mount), "{}", server["volumeMounts"]);
    }
    let city = &objects.get("Job", "city")["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(
        city["args"],
        json!(["--out", "s3://cityflow-raw", "--from", "2025-11-01", "--to", "2025-11-04", "--force"])
    );

    let error = helm.try_template(&[], &["--set", "development.city.enabled=true"]).unwrap_err();
    assert!(error.contains("development.city.enabled requires development.s3.enabled"), "{error}");
    for name in ["values.yaml", "values-staging.yaml", "values-prod.yaml"] {
        let objects = helm.objects(&[&folder().join(name)], &[]);
        let kinds = ["Deployment/", "Service/", "Secret/", "Job/"];
        let found: Vec<_> =
            objects.names().into_iter().filter(|name| kinds.iter().any(|kind| name.starts_with(kind))).collect();
        assert!(found.is_empty(), "{name}: {found:?}");
    }
}

#[test]
fn simulated_days_end_today_by_default() {
    let Some(helm) = Helm::find() else { return };
    let days = |more: &str| {
        let objects = helm.objects(&[&folder().join("values-dev.yaml")], &["--set-string", more]);
        let args = objects.get("Job", "city")["spec"]["template"]["spec"]["containers"][0]["args"].clone();
        (args[3].as_str().unwrap().to_owned(), args[5].as_str().unwrap().to_owned())
    };
    // Midnight may pass during the test.
    let up_to_now = || {
        let today = chrono::Utc::now().date_naive();
        ((today - chrono::Duration::days(3)).to_string(), today.to_string())
    };
    let before = up_to_now();
    let found = days("image.tag=dev");
    assert!([&before, &up_to_now()].contains(&&found), "{found:?}, expected {before:?}");
    // Across a clock change.
    assert_eq!(days("development.city.to=2025-10-27"), ("2025-10-24".to_owned(), "2025-10-27".to_owned()));
    assert_eq!(
        days("development.city.from=2025-03-01,development.city.to=2025-04-01"),
        ("2025-03-01".to_owned(), "2025-04-01".to_owned())
    );
}
