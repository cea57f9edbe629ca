//! Rendering: lint, committed manifests, null values, names, labels, NOTES.

use std::path::PathBuf;

use acceptance::chart::{Helm, folder};
use acceptance::golden;
use serde_json::{Value, json};

/// The values files, and the names of their rendered manifests.
pub(crate) const FILES: [(&str, &str); 4] = [
    ("values.yaml", "default"),
    ("values-dev.yaml", "dev"),
    ("values-staging.yaml", "staging"),
    ("values-prod.yaml", "prod"),
];

/// Fixed days of the simulated city; by default they depend on the date of today.
pub(crate) const DAYS: [&str; 2] = ["--set-string", "development.city.from=2025-11-01,development.city.to=2025-11-04"];

/// Values that enable everything.
pub(crate) const ALL_ON: &str = r#"
imagePullSecrets: [{name: registry}]
storage: {region: eu-west-3, endpoint: "http://minio.storage:9000", pathStyle: true, existingSecret: keys}
city: {timezone: Europe/Lisbon, name: Lisboa, profileFile: '{"name": "Lisboa"}', outlinesFile: '{}'}
logLevel: debug
handoff: {enabled: true}
events: {enabled: true}
telemetry:
  endpoint: https://otlp.example.org:4317
  protocol: grpc
  clusterName: cityflow
  resourceAttributes: {deployment.environment.name: Ville de Paris, cloud.provider: aws, cloud.platform: aws_eks}
  headersSecret: {name: collector, key: token}
commonLabels: {team: mobility}
processor:
  untilComplete: true
  threads: 4
  memoryTarget: 2GiB
  params: {comptages.congestion_taux: 80, bikes.definitif_part: 99.5}
  doNotDisrupt: true
  priorityClassName: nightly
  nodeSelector: {cityflow.io/pool: large}
  affinity: {nodeAffinity: {}}
  tolerations: [{key: cityflow.io/pool, operator: Exists}]
  topologySpreadConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: ScheduleAnyway, labelSelector: {}}]
  extraEnv: [{name: AWS_REGION, value: eu-west-1}, {name: NO_COLOR, value: "1"}]
  extraEnvFrom: [{secretRef: {name: more}}]
  extraVolumes: [{name: cache, emptyDir: {}}]
  extraVolumeMounts: [{name: cache, mountPath: /cache}]
  cronJobLabels: {of: cronjob}
  jobLabels: {of: job}
  podLabels: {of: pod, app.kubernetes.io/component: not-this}
  cronJobAnnotations: {about: cronjob}
  jobAnnotations: {about: job}
  podAnnotations: {about: pod}
networkPolicy: {enabled: true, extraEgress: [{ports: [{port: 8443}]}]}
development: {s3: {enabled: true, persistence: {enabled: true}}, city: {enabled: true}}
"#;

fn file(name: &str) -> PathBuf {
    folder().join(name)
}

#[test]
fn helm_lint_accepts_every_values_file() {
    let Some(helm) = Helm::find() else { return };
    for (name, _) in FILES {
        let output = helm.run(&["lint", "--strict", "--quiet", ".", "--values", name]);
        assert!(output.success && output.text().trim().is_empty(), "helm lint with {name}: {}", output.text());
    }
}

#[test]
fn rendered_manifests_match_the_committed_files() {
    let Some(helm) = Helm::find() else { return };
    for (name, rendered) in FILES {
        let text = helm.template(&[&file(name)], &DAYS);
        golden::check(&format!("helm/cityflow/tests/rendered/{rendered}.yaml"), &text);
    }
}

/// Values that set every property of the schema below `at` to null.
fn nulls(schema: &Value, at: &Value) -> Value {
    let at = at["$ref"].as_str().map_or(at, |name| schema.pointer(&name[1..]).expect("a definition"));
    match at["properties"].as_object() {
        Some(inner) if at["additionalProperties"] == json!(false) && at["patternProperties"].is_null() => {
            Value::Object(inner.iter().map(|(name, inner)| (name.clone(), nulls(schema, inner))).collect())
        }
        _ => Value::Null,
    }
}

#[test]
fn null_empties_lists_and_maps_and_resets_single_values() {
    let Some(helm) = Helm::find() else { return };
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(file("values.schema.json")).unwrap()).unwrap();
    // Lists and maps with default entries become empty; everything else has its default.
    let without_lists = |mut object: Value| {
        for path in ["/spec/jobTemplate/spec/template/spec/containers/0", "/spec/containers/0"] {
            let Some(container) = object.pointer_mut(path).and_then(Value::as_object_mut) else { continue };
            container.remove("resources");
            let env = container.get_mut("env").and_then(Value::as_array_mut).unwrap();
            env.retain(|variable| variable["name"] != "CITYFLOW_REQUIRED");
        }
        object
    };
    let default: Vec<_> = helm.objects(&[], &[]).0.into_iter().map(without_lists).collect();

    let groups = schema["properties"].as_object().unwrap().keys();
    let groups = Value::Object(groups.map(|name| (name.clone(), Value::Null)).collect());
    let all = nulls(&schema, &schema);
    for (name, values) in [("groups.json", groups), ("all.json", all)] {
        let nothing = helm.values(name, &values.to_string());
        let objects = helm.objects(&[&nothing], &[]);
        assert_eq!(objects.0.len(), default.len(), "{name}: {:?}", objects.names());
        for (object, default) in objects.0.into_iter().map(without_lists).zip(&default) {
            assert_eq!(&object, default, "{name}");
        }
        // Every part also renders if only its switch is set.
        let on = helm.values(
            "on.yaml",
            "handoff: {enabled: true}\nevents: {enabled: true}\nnetworkPolicy: {enabled: true}\n\
             development: {s3: {enabled: true}, city: {enabled: true}}\n",
        );
        for file in [file("values-prod.yaml"), on] {
            let objects = helm.objects(&[&file, &nothing], &[]);
            assert!(objects.find("CronJob", "process").is_some());
            let objects = helm.objects(&[&nothing, &file], &[]);
            assert!(objects.0.iter().all(|object| !has_null(object)), "{:?}", objects.0);
        }
    }
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(inner) => inner.iter().any(has_null),
        Value::Object(inner) => inner.values().any(has_null),
        _ => false,
    }
}

#[test]
fn long_names_are_truncated_to_the_limit_of_a_cronjob() {
    let Some(helm) = Helm::find() else { return };
    let long = format!("{}-{}", "p".repeat(51), "q".repeat(20));
    let cut = "p".repeat(51);
    let objects = helm.objects(&[], &["--set", &format!("processor.name={long},events.enabled=true")]);
    for (kind, name) in [("CronJob", cut.clone()), ("ServiceAccount", cut.clone()), ("Role", format!("{cut}-events"))] {
        assert!(objects.find(kind, &name).is_some(), "{kind} {name}");
    }
    let account =
        &objects.get("CronJob", &cut)["spec"]["jobTemplate"]["spec"]["template"]["spec"]["serviceAccountName"];
    assert_eq!(account, &json!(cut), "the pod uses the ServiceAccount that the chart creates");

    let same = format!("processor.name={0},reporter.name={0}x", "p".repeat(52));
    let error = helm.try_template(&[], &["--set", &same]).unwrap_err();
    assert!(error.contains("Set different names"), "{error}");
}

/// Path and type of each value.
fn kinds(value: &Value, path: &str, into: &mut Vec<String>) {
    match value {
        Value::Object(inner) => inner.iter().for_each(|(key, value)| kinds(value, &format!("{path}/{key}"), into)),
        Value::Array(inner) => {
            inner.iter().enumerate().for_each(|(index, value)| kinds(value, &format!("{path}/{index}"), into));
        }
        Value::String(_) => into.push(format!("{path}: text")),
        Value::Number(_) => into.push(format!("{path}: number")),
        Value::Bool(_) | Value::Null => into.push(format!("{path}: {value}")),
    }
}

#[test]
fn names_that_look_like_yaml_scalars_stay_strings() {
    let Some(helm) = Helm::find() else { return };
    let all = helm.values("all.yaml", ALL_ON);
    let rendered = |[release, namespace, processor, reporter, other]: [&str; 5]| {
        let names = json!({
            "commonLabels": { "team": other },
            "imagePullSecrets": [{ "name": other }],
            "storage": { "existingSecret": other, "region": other },
            "processor": {
                "name": processor, "priorityClassName": other, "serviceAccount": { "name": other }, "timeZone": "Etc/UTC",
                "image": { "repository": other, "tag": other }, "podLabels": { "of": other }, "podAnnotations": { "about": other },
            },
            "reporter": { "name": reporter },
            "development": { "s3": { "name": "on", "persistence": { "storageClassName": other } } },
        });
        let names = helm.values("names.json", &names.to_string());
        let mut arguments = vec!["template", release, ".", "--namespace", namespace];
        for file in [&all, &names] {
            arguments.extend(["--values", file.to_str().unwrap()]);
        }
        let objects = helm.parse(&helm.run(&arguments).expect_success());
        let mut all = Vec::new();
        objects.iter().for_each(|object| kinds(object, "", &mut all));
        all
    };
    let plain = rendered(["night", "city", "measure", "summarise", "x"]);
    for names in [
        ["123", "456", "123", "0123", "123"],
        ["on", "1e3", "off", "y", "1e3"],
        ["null", "true", "true", "null", "true"],
    ] {
        let found = rendered(names);
        let other: Vec<_> = found.iter().filter(|kind| !plain.contains(kind)).collect();
        assert!(other.is_empty() && found.len() == plain.len(), "{names:?}: {other:?}");
    }
}

#[test]
fn objects_have_the_recommended_labels() {
    let Some(helm) = Helm::find() else { return };
    let all = helm.values("all.yaml", ALL_ON);
    let objects = helm.objects(&[&all], &[]);
    for object in &objects.0 {
        let labels = &object["metadata"]["labels"];
        let name = &object["metadata"]["name"];
        assert_eq!(object["metadata"]["namespace"], "cityflow", "{name}");
        for (label, value) in [
            ("app.kubernetes.io/name", "cityflow"),
            ("app.kubernetes.io/instance", "cityflow"),
            ("app.kubernetes.io/managed-by", "Helm"),
            ("app.kubernetes.io/part-of", "cityflow"),
            ("app.kubernetes.io/version", env!("CARGO_PKG_VERSION")),
            ("helm.sh/chart", &format!("cityflow-{}", env!("CARGO_PKG_VERSION"))),
            ("team", "mobility"),
        ] {
            assert_eq!(labels[label], value, "{name}: {label}");
        }
    }
    // CronJob, Job and Pod have separate labels and annotations. None of them overrides a selector label.
    let cronjob = objects.get("CronJob", "process");
    for (path, expected) in [
        ("/metadata", "cronjob"),
        ("/spec/jobTemplate/metadata", "job"),
        ("/spec/jobTemplate/spec/template/metadata", "pod"),
    ] {
        let metadata = cronjob.pointer(path).unwrap();
        assert_eq!(metadata["labels"]["of"], expected, "{path}");
        assert_eq!(metadata["labels"]["team"], "mobility", "{path}");
        assert_eq!(metadata["labels"]["app.kubernetes.io/component"], "processor", "{path}");
        assert_eq!(metadata["annotations"]["about"], expected, "{path}");
        // Labels with the version would keep selectors from finding Jobs of an earlier release.
        assert_eq!(metadata["labels"]["helm.sh/chart"].is_string(), path == "/metadata", "{path}");
    }
}

#[test]
fn notes_show_complete_commands() {
    let Some(helm) = Helm::find() else { return };
    let notes = |more: &[&str]| {
        let mut arguments = vec!["install", "night", ".", "--dry-run=client", "--namespace", "city"];
        arguments.extend(more);
        let text = helm.run(&arguments).expect_success();
        text.split_once("\nNOTES:\n").expect("notes").1.to_owned()
    };
    let yesterday = || (chrono::Utc::now() - chrono::Duration::days(1)).date_naive();
    let before = yesterday();
    let text = notes(&["--set", "processor.name=measure,reporter.name=summarise,storage.processed=done/x"]);
    // Midnight may have passed during the test.
    let yesterday = if text.contains(&before.to_string()) { before } else { yesterday() };
    for part in [
        "helm test night -n city --logs".to_owned(),
        format!("kubectl create job -n city --from=cronjob/measure measure-{yesterday}\n"),
        format!(
            "kubectl create job -n city --from=cronjob/summarise summarise-{}-to-{yesterday}\n",
            yesterday - chrono::Duration::days(6)
        ),
        format!("kubectl logs -n city -f job/measure-{yesterday}\n"),
        format!(
            "daily_report_{yesterday}.json and .csv at done/x/reports; all its rows are the tables in tables/{yesterday}/"
        ),
    ] {
        assert!(text.contains(&part), "no\n{part}\nin\n{text}");
    }
    assert!(!text.contains("port-forward") && !text.contains("<no value>"), "{text}");
    let dev = notes(&["--values", "values-dev.yaml", DAYS[0], DAYS[1]]);
    for part in
        ["kubectl port-forward -n city service/s3 7070", "report-2025-11-01-to-2025-11-04\n", "process-2025-11-04\n"]
    {
        assert!(dev.contains(part), "no\n{part}\nin\n{dev}");
    }
}
