//! Security: Pod Security `restricted`, API tokens and Roles, network policy.

use acceptance::chart::{Helm, Objects, folder};
use serde_json::{Value, json};

use crate::rendered::{ALL_ON, FILES};

/// Asserts the requirements of `restricted`, and a read-only root file system.
fn assert_restricted(name: &str, pod: &Value) {
    let security = &pod["securityContext"];
    assert_eq!(security["runAsNonRoot"], true, "{name}");
    assert_eq!((&security["runAsUser"], &security["runAsGroup"]), (&json!(65532), &json!(65532)), "{name}");
    assert_eq!(security["seccompProfile"], json!({ "type": "RuntimeDefault" }), "{name}");
    for key in ["hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace", "initContainers"] {
        assert!(pod[key].is_null(), "{name}: {key}");
    }
    assert_eq!(pod["enableServiceLinks"], false, "{name}");
    for container in pod["containers"].as_array().unwrap() {
        let expected = json!({
            "allowPrivilegeEscalation": false,
            "readOnlyRootFilesystem": true,
            "capabilities": { "drop": ["ALL"] },
        });
        assert_eq!(container["securityContext"], expected, "{name}");
        assert!(container["ports"].as_array().into_iter().flatten().all(|port| port["hostPort"].is_null()), "{name}");
    }
    for volume in pod["volumes"].as_array().into_iter().flatten() {
        let allowed = ["emptyDir", "configMap", "secret", "persistentVolumeClaim", "projected"];
        assert!(allowed.iter().any(|kind| volume[*kind].is_object()), "{name}: {volume}");
    }
}

#[test]
fn every_pod_meets_pod_security_restricted() {
    let Some(helm) = Helm::find() else { return };
    let all_on = helm.values("all.yaml", ALL_ON);
    let files = FILES.iter().map(|(name, _)| folder().join(name)).chain([all_on]);
    for file in files {
        let objects = helm.objects(&[&file], &[]);
        let pods = objects.pods();
        assert!(pods.len() >= 4, "{}: {:?}", file.display(), objects.names());
        for (name, pod) in pods {
            assert_restricted(&format!("{}: {name}", file.display()), pod);
        }
    }
}

/// The pods with a Kubernetes API token.
fn pods_with_token(objects: &Objects) -> Vec<String> {
    let pods = objects.pods().into_iter();
    let has = |pod: &Value| pod["automountServiceAccountToken"].as_bool().expect("automountServiceAccountToken is set");
    let mut all: Vec<_> = pods.filter(|(_, pod)| has(pod)).map(|(name, _)| name).collect();
    all.sort();
    all
}

/// Name, rules and ServiceAccount of each Role, from the binding with the same name.
fn roles(objects: &Objects) -> Vec<(String, Value, String)> {
    assert!(!objects.names().iter().any(|name| name.starts_with("Cluster")), "no cluster-wide rights");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let roles = objects.0.iter().filter(|object| object["kind"] == "Role");
    let mut all: Vec<_> = roles
        .map(|role| {
            let name = text(&role["metadata"]["name"]);
            let binding = objects.get("RoleBinding", &name);
            assert_eq!(
                binding["roleRef"],
                json!({ "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name })
            );
            let subjects = binding["subjects"].as_array().unwrap();
            assert_eq!(subjects.len(), 1, "{name}");
            assert_eq!(
                (&subjects[0]["kind"], &subjects[0]["namespace"]),
                (&json!("ServiceAccount"), &json!("cityflow"))
            );
            (name, role["rules"].clone(), text(&subjects[0]["name"]))
        })
        .collect();
    let bindings = objects.0.iter().filter(|object| object["kind"] == "RoleBinding").count();
    assert_eq!(bindings, all.len(), "every binding has a Role");
    all.sort_by(|one, other| one.0.cmp(&other.0));
    all
}

#[test]
fn switches_grant_exactly_their_api_rights() {
    let Some(helm) = Helm::find() else { return };
    let event = json!([{ "apiGroups": ["events.k8s.io"], "resources": ["events"], "verbs": ["create"] }]);
    let handoff = json!([
        { "apiGroups": ["batch"], "resources": ["cronjobs"], "resourceNames": ["summarise"], "verbs": ["get"] },
        { "apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["create"] },
    ]);
    let handoff = ("measure-handoff".to_owned(), handoff, "measure".to_owned());
    let events = |job: &str| (format!("{job}-events"), event.clone(), job.to_owned());
    let (measure, all) = (
        ["CronJob/measure", "Pod/measure-check"],
        ["CronJob/measure", "CronJob/summarise", "Pod/measure-check", "Pod/summarise-check"],
    );
    for (on, tokens, expected) in [
        ("", vec![], vec![]),
        (",handoff.enabled=true", measure.to_vec(), vec![handoff.clone()]),
        (",events.enabled=true", all.to_vec(), vec![events("measure"), events("summarise")]),
        (
            ",events.enabled=true,handoff.enabled=true",
            all.to_vec(),
            vec![events("measure"), handoff, events("summarise")],
        ),
    ] {
        let objects = helm.objects(&[], &["--set", &format!("processor.name=measure,reporter.name=summarise{on}")]);
        assert_eq!(pods_with_token(&objects), tokens, "{on}");
        assert_eq!(roles(&objects), expected, "{on}");
        for account in objects.0.iter().filter(|object| object["kind"] == "ServiceAccount") {
            assert_eq!(account["automountServiceAccountToken"], false);
        }
    }
}

#[test]
fn service_accounts_can_be_named_external_and_annotated() {
    let Some(helm) = Helm::find() else { return };
    let service_account = |more: &str| {
        let objects = helm.objects(&[], &["--set", more]);
        let used =
            objects.get("CronJob", "process")["spec"]["jobTemplate"]["spec"]["template"]["spec"]["serviceAccountName"]
                .clone();
        let used = used.as_str().unwrap().to_owned();
        (objects.find("ServiceAccount", &used).cloned(), used)
    };
    let (made, name) = service_account("processor.serviceAccount.name=mine");
    assert!(made.is_some() && name == "mine");
    let (made, name) = service_account("processor.serviceAccount.name=external,processor.serviceAccount.create=false");
    assert!(made.is_none() && name == "external");
    let (made, name) = service_account("processor.serviceAccount.create=false");
    assert!(made.is_none() && name == "default");
    // Rights require a named account. It may be external, and both jobs may use it.
    let (made, name) = service_account(
        "events.enabled=true,handoff.enabled=true,processor.serviceAccount.name=external,\
         processor.serviceAccount.create=false,reporter.serviceAccount.name=external",
    );
    assert!(made.is_some() && name == "external", "the account of the reporter");
    let (made, name) = service_account("handoff.enabled=true,reporter.serviceAccount.create=false");
    assert!(made.is_some() && name == "process", "the handoff gives the reporter no rights");
    let prod = helm.objects(&[&folder().join("values-prod.yaml")], &[]);
    for name in ["process", "report"] {
        let role = &prod.get("ServiceAccount", name)["metadata"]["annotations"]["eks.amazonaws.com/role-arn"];
        assert_eq!(role, &json!(format!("arn:aws:iam::111122223333:role/cityflow-{name}")));
    }
}

/// First peer and ports of each egress rule.
fn egress(objects: &Objects) -> Vec<(String, Vec<u64>)> {
    let policy = objects.get("NetworkPolicy", "cityflow");
    assert_eq!(policy["spec"]["policyTypes"], json!(["Ingress", "Egress"]));
    assert_eq!(policy["spec"]["ingress"], json!([]), "no ingress");
    let rules = policy["spec"]["egress"].as_array().unwrap().iter();
    let of = |rule: &Value| {
        let to = &rule["to"][0];
        let name = to["ipBlock"]["cidr"].as_str().map_or_else(|| to.to_string(), str::to_owned);
        (name, rule["ports"].as_array().unwrap().iter().map(|port| port["port"].as_u64().unwrap()).collect())
    };
    rules.map(of).collect()
}

#[test]
fn network_policy_allows_only_required_egress() {
    let Some(helm) = Helm::find() else { return };
    assert!(helm.objects(&[], &[]).find("NetworkPolicy", "cityflow").is_none());
    let rules = |more: &str| egress(&helm.objects(&[], &["--set", &format!("networkPolicy.enabled=true,{more}")]));
    let dns = (
        json!({ "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": "kube-system" } } }).to_string(),
        vec![53, 53],
    );
    let s3 = |port| ("0.0.0.0/0".to_owned(), vec![port]);
    let credentials = ("169.254.170.23/32".to_owned(), vec![80]);
    let api = ("0.0.0.0/0".to_owned(), vec![443, 6443]);
    assert_eq!(rules(""), [dns.clone(), s3(443), credentials.clone()]);
    for (endpoint, port) in [
        ("http://minio:9000", 9000),
        ("http://minio:9000/", 9000),
        ("http://minio:9000/s3", 9000),
        ("https://s3.example.org:8443/at:80", 8443),
        ("http://minio/", 80),
        ("http://minio/at:9000", 80),
        ("https://s3.example.org", 443),
        ("https://[fd00::1]/s3", 443),
        ("https://[fd00::1]:9000/s3", 9000),
    ] {
        assert_eq!(rules(&format!("storage.endpoint={endpoint}"))[1], s3(port), "{endpoint}");
    }
    for switch in ["events.enabled=true", "handoff.enabled=true"] {
        assert_eq!(rules(switch)[3..], std::slice::from_ref(&api)[..], "{switch}");
    }
    let collector = "networkPolicy.collector.enabled=true,networkPolicy.collector.podSelector.matchLabels.app=otel";
    assert_eq!(rules(collector)[3].1, [4317, 4318]);
    let narrow =
        rules("networkPolicy.s3.cidrs={10.0.0.0/8},networkPolicy.s3.ports={8443},networkPolicy.credentials.cidrs=null");
    assert_eq!(narrow, [dns, ("10.0.0.0/8".to_owned(), vec![8443])]);
}

#[test]
fn network_policy_allows_ipv4_and_ipv6_and_exceptions_within_one_cidr() {
    let Some(helm) = Helm::find() else { return };
    let blocks = |more: &str| {
        let objects = helm.objects(&[], &["--set", &format!("networkPolicy.enabled=true,events.enabled=true{more}")]);
        let rules = objects.get("NetworkPolicy", "cityflow")["spec"]["egress"].as_array().unwrap().clone();
        let block = |to: &Value| Some(to["ipBlock"].clone()).filter(Value::is_object);
        let of = |rule: &Value| rule["to"].as_array().unwrap().iter().filter_map(block).collect::<Vec<_>>();
        rules.iter().map(of).filter(|blocks| !blocks.is_empty()).collect::<Vec<_>>()
    };
    let for_each_store = vec![json!({ "cidr": "0.0.0.0/0" }), json!({ "cidr": "::/0" })];
    let credentials = vec![json!({ "cidr": "169.254.170.23/32" })];
    assert_eq!(blocks(""), [for_each_store.clone(), credentials.clone(), for_each_store.clone()]);
    let narrow = blocks(",networkPolicy.s3.cidrs={10.0.0.0/8},networkPolicy.s3.except={10.1.0.0/16,10.2.0.0/16}");
    let s3 = vec![json!({ "cidr": "10.0.0.0/8", "except": ["10.1.0.0/16", "10.2.0.0/16"] })];
    assert_eq!(narrow, [s3, credentials, for_each_store]);
}

#[test]
fn network_policy_selects_all_pods_of_the_jobs_and_no_others() {
    let Some(helm) = Helm::find() else { return };
    let all = helm.values("all.yaml", ALL_ON);
    let objects = helm.objects(&[&all], &[]);
    let selector = &objects.get("NetworkPolicy", "cityflow")["spec"]["podSelector"];
    let selected = |labels: &Value| {
        let equal = selector["matchLabels"].as_object().unwrap().iter().all(|(label, value)| &labels[label] == value);
        let expression = &selector["matchExpressions"][0];
        let among = expression["values"].as_array().unwrap().contains(&labels[expression["key"].as_str().unwrap()]);
        equal && among
    };
    for (name, labels, expected) in [
        ("CronJob/process", "/spec/jobTemplate/spec/template/metadata/labels", true),
        ("CronJob/report", "/spec/jobTemplate/spec/template/metadata/labels", true),
        ("Pod/process-check", "/metadata/labels", true),
        ("Pod/report-check", "/metadata/labels", true),
        ("Job/city", "/spec/template/metadata/labels", true),
        ("Deployment/s3", "/spec/template/metadata/labels", false),
    ] {
        let (kind, name) = name.split_once('/').unwrap();
        let labels = objects.get(kind, name).pointer(labels).unwrap();
        assert_eq!(selected(labels), expected, "{name}: {labels}");
    }
}
