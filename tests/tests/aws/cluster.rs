//! Cluster files for eksctl and Karpenter: they must use the same labels, taints and names, which the chart relies on.

use serde_json::{Value, json};

use super::{text, yaml};

/// The label of the node pools.
const POOL: &str = "cityflow.io/pool";

fn cluster() -> Value {
    let [cluster] = yaml("cluster.yaml").try_into().unwrap_or_else(|found| panic!("expected one document: {found:?}"));
    cluster
}

fn group(name: &str) -> Value {
    let cluster = cluster();
    let groups = cluster["managedNodeGroups"].as_array().unwrap();
    groups.iter().find(|group| group["name"] == name).unwrap_or_else(|| panic!("no node group {name}")).clone()
}

fn karpenter(kind: &str) -> Value {
    let found = yaml("karpenter.yaml").into_iter().find(|document| document["kind"] == kind);
    found.unwrap_or_else(|| panic!("no {kind}"))
}

#[test]
fn large_node_group_is_tainted_and_small_one_is_not() {
    assert_eq!(cluster()["managedNodeGroups"].as_array().unwrap().len(), 2);
    for name in ["large", "small"] {
        assert_eq!(group(name)["labels"], json!({POOL: name}));
        assert_eq!(group(name)["disablePodIMDS"], true, "{name}: pods must not use the node's role");
        assert_eq!((&group(name)["privateNetworking"], &group(name)["volumeEncrypted"]), (&json!(true), &json!(true)));
    }
    assert_eq!(group("large")["taints"], json!([{"key": POOL, "value": "large", "effect": "NoSchedule"}]));
    assert!(group("small").get("taints").is_none(), "other pods need untainted nodes");
    assert_eq!(group("large")["minSize"], 0);
    assert_eq!(group("large")["propagateASGTags"], true, "required for scaling from 0");
    assert!(group("small")["minSize"].as_u64().unwrap() > 0);
}

#[test]
fn karpenter_pool_matches_the_node_group() {
    let pool = karpenter("NodePool");
    let name = pool["metadata"]["name"].as_str().unwrap();
    let template = &pool["spec"]["template"];
    assert_eq!(template["metadata"]["labels"], group(name)["labels"]);
    assert_eq!(template["spec"]["taints"], group(name)["taints"]);
    let class = karpenter("EC2NodeClass");
    assert_eq!(template["spec"]["nodeClassRef"]["name"], class["metadata"]["name"]);
    assert_eq!(class["spec"]["metadataOptions"], json!({"httpPutResponseHopLimit": 1, "httpTokens": "required"}));
    let cluster = cluster();
    for terms in ["subnetSelectorTerms", "securityGroupSelectorTerms"] {
        assert_eq!(class["spec"][terms][0]["tags"]["karpenter.sh/discovery"], cluster["metadata"]["name"]);
    }
}

#[test]
fn karpenter_does_not_disrupt_a_run() {
    assert_eq!(karpenter("NodePool")["spec"]["disruption"]["consolidationPolicy"], "WhenEmpty");
    assert!(text("karpenter.yaml").contains("karpenter.sh/do-not-disrupt"));
}

#[test]
fn service_accounts_are_associated_with_their_roles() {
    let cluster = cluster();
    let associations = cluster["iam"]["podIdentityAssociations"].as_array().unwrap();
    let expected = ["process", "report"].map(|job| {
        let role = format!("arn:aws:iam::111122223333:role/cityflow-{job}");
        json!({"namespace": "cityflow", "serviceAccountName": job, "roleARN": role})
    });
    assert_eq!(associations.as_slice(), expected);
    let addons: Vec<_> =
        cluster["addons"].as_array().unwrap().iter().map(|addon| addon["name"].as_str().unwrap()).collect();
    assert_eq!(addons, ["vpc-cni", "coredns", "kube-proxy", "eks-pod-identity-agent"]);
}

#[test]
fn vpc_cni_enforces_network_policies() {
    let cluster = cluster();
    let settings = cluster["addons"][0]["configurationValues"].as_str().unwrap();
    let settings: Value = serde_json::from_str(settings).unwrap();
    assert_eq!(settings, json!({"enableNetworkPolicy": "true"}));
}
