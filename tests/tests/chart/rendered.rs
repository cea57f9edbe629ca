//! What the chart renders: lint, the manifests that are committed, null, names and labels.

use std::path::{Path, PathBuf};

use acceptance::chart::{Helm, folder, same_or_updated};
use serde_json::{Value, json};

/// The files of values, and the names of their manifests.
pub(crate) const FILES: [(&str, &str); 4] = [
    ("values.yaml", "default"),
    ("values-dev.yaml", "dev"),
    ("values-staging.yaml", "staging"),
    ("values-prod.yaml", "prod"),
];

/// Days of the simulated city, which else are those before today.
pub(crate) const DAYS: [&str; 2] = ["--set-string", "development.city.from=2025-11-01,development.city.to=2025-11-04"];

/// Values with everything switched on that can be.
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
fn every_file_of_values_is_without_fault_to_lint() {
    let Some(helm) = Helm::find() else { return };
    for (name, _) in FILES {
        let output = helm.run(&["lint", "--strict", "--quiet", ".", "--values", name]);
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.trim().is_empty(), "helm lint with {name}: {said}");
    }
}

#[test]
fn manifests_are_as_committed() {
    let Some(helm) = Helm::find() else { return };
    for (name, rendered) in FILES {
        let text = helm.template(&[&file(name)], &DAYS);
        same_or_updated(&format!("tests/rendered/{rendered}.yaml"), &text);
    }
}

/// Every property of the schema below `at` that null may stand for, as the values that set it so.
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
fn null_empties_lists_and_maps_and_leaves_the_rest_at_its_default() {
    let Some(helm) = Helm::find() else { return };
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(file("values.schema.json")).unwrap()).unwrap();
    // What is a list or a map by default and not empty is gone; all else is a default.
    let without = |mut object: Value| {
        for place in ["/spec/jobTemplate/spec/template/spec/containers/0", "/spec/containers/0"] {
            let Some(container) = object.pointer_mut(place).and_then(Value::as_object_mut) else { continue };
            container.remove("resources");
            let env = container.get_mut("env").and_then(Value::as_array_mut).unwrap();
            env.retain(|variable| variable["name"] != "CITYFLOW_REQUIRED");
        }
        object
    };
    let default: Vec<_> = helm.objects(&[], &[]).0.into_iter().map(without).collect();

    let groups = schema["properties"].as_object().unwrap().keys();
    let groups = Value::Object(groups.map(|name| (name.clone(), Value::Null)).collect());
    let all = nulls(&schema, &schema);
    for (name, values) in [("groups.json", groups), ("all.json", all)] {
        let nothing = helm.values(name, &values.to_string());
        let objects = helm.objects(&[&nothing], &[]);
        assert_eq!(objects.0.len(), default.len(), "{name}: {:?}", objects.names());
        for (object, default) in objects.0.into_iter().map(without).zip(&default) {
            assert_eq!(&object, default, "{name}");
        }
        // Switched on, each part still renders with nothing else in it.
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
fn names_are_cut_where_a_cronjob_needs_it() {
    let Some(helm) = Helm::find() else { return };
    let long = format!("{}-{}", "p".repeat(51), "q".repeat(20));
    let cut = "p".repeat(51);
    let objects = helm.objects(&[], &["--set", &format!("processor.name={long},events.enabled=true")]);
    for (kind, name) in [("CronJob", cut.clone()), ("ServiceAccount", cut.clone()), ("Role", format!("{cut}-events"))] {
        assert!(objects.find(kind, &name).is_some(), "{kind} {name}");
    }
    let account =
        &objects.get("CronJob", &cut)["spec"]["jobTemplate"]["spec"]["template"]["spec"]["serviceAccountName"];
    assert_eq!(account, &json!(cut), "the pod runs under the account that is made");

    let same = format!("processor.name={0},reporter.name={0}x", "p".repeat(52));
    let said = helm.try_template(&[], &["--set", &same]).unwrap_err();
    assert!(said.contains("give them two names"), "{said}");
}

/// The kind of each value, by its path.
fn kinds(value: &Value, path: &str, into: &mut Vec<String>) {
    match value {
        Value::Object(inner) => inner.iter().for_each(|(key, value)| kinds(value, &format!("{path}/{key}"), into)),
        Value::Array(inner) => {
            inner.iter().enumerate().for_each(|(place, value)| kinds(value, &format!("{path}/{place}"), into));
        }
        Value::String(_) => into.push(format!("{path}: text")),
        Value::Number(_) => into.push(format!("{path}: number")),
        Value::Bool(_) | Value::Null => into.push(format!("{path}: {value}")),
    }
}

#[test]
fn a_name_stays_a_text_whatever_it_looks_like() {
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
        let output = helm.run(&arguments);
        assert!(output.status.success(), "{release}: {}", String::from_utf8_lossy(&output.stderr));
        let objects = helm.read(&String::from_utf8(output.stdout).unwrap());
        let mut all = Vec::new();
        objects.iter().for_each(|object| kinds(object, "", &mut all));
        all
    };
    let plain = rendered(["night", "city", "measure", "tell", "x"]);
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
fn objects_say_whose_they_are() {
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
    // CronJob, Job and Pod have labels and annotations of their own, and none can take the place of those that pods are found by.
    let cronjob = objects.get("CronJob", "process");
    for (place, own) in [
        ("/metadata", "cronjob"),
        ("/spec/jobTemplate/metadata", "job"),
        ("/spec/jobTemplate/spec/template/metadata", "pod"),
    ] {
        let metadata = cronjob.pointer(place).unwrap();
        assert_eq!(metadata["labels"]["of"], own, "{place}");
        assert_eq!(metadata["labels"]["team"], "mobility", "{place}");
        assert_eq!(metadata["labels"]["app.kubernetes.io/component"], "processor", "{place}");
        assert_eq!(metadata["annotations"]["about"], own, "{place}");
        // What changes with a version would keep earlier Jobs from being found by their labels.
        assert_eq!(metadata["labels"]["helm.sh/chart"].is_string(), place == "/metadata", "{place}");
    }
}

#[test]
fn notes_have_commands_that_can_be_typed() {
    let Some(helm) = Helm::find() else { return };
    let notes = |more: &[&str]| {
        let mut arguments = vec!["install", "night", ".", "--dry-run=client", "--namespace", "city"];
        arguments.extend(more);
        let output = helm.run(&arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        text.split_once("\nNOTES:\n").expect("notes").1.to_owned()
    };
    let yesterday = || (chrono::Utc::now() - chrono::Duration::days(1)).date_naive();
    let before = yesterday();
    let text = notes(&["--set", "processor.name=measure,reporter.name=tell,storage.processed=done/x"]);
    // Midnight may have passed in between.
    let yesterday = if text.contains(&before.to_string()) { before } else { yesterday() };
    for part in [
        "helm test night -n city --logs".to_owned(),
        format!("kubectl create job -n city --from=cronjob/measure measure-{yesterday}\n"),
        format!(
            "kubectl create job -n city --from=cronjob/tell tell-{}-to-{yesterday}\n",
            yesterday - chrono::Duration::days(6)
        ),
        format!("kubectl logs -n city -f job/measure-{yesterday}\n"),
        format!("daily_report_{yesterday}.json and .csv at done/x/reports"),
    ] {
        assert!(text.contains(&part), "{part}\nis not in\n{text}");
    }
    assert!(!text.contains("port-forward") && !text.contains("<no value>"), "{text}");
    let dev = notes(&["--values", "values-dev.yaml", DAYS[0], DAYS[1]]);
    for part in
        ["kubectl port-forward -n city service/s3 7070", "report-2025-11-01-to-2025-11-04\n", "process-2025-11-04\n"]
    {
        assert!(dev.contains(part), "{part}\nis not in\n{dev}");
    }
}

/// A file of values below `tests/`, by its path.
pub(crate) fn wrong_files() -> Vec<PathBuf> {
    let mut all: Vec<_> = std::fs::read_dir(file("tests/wrong")).unwrap().map(|entry| entry.unwrap().path()).collect();
    all.retain(|path: &PathBuf| path.extension() == Some(Path::new("yaml").as_os_str()));
    all.sort();
    all
}
