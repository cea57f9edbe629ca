//! Buckets: lifecycle rules, encryption, TLS.

use serde_json::{Value, json};

use super::json;

const BUCKETS: [&str; 2] = ["raw", "processed"];

fn rules(bucket: &str) -> Vec<Value> {
    let rules = json(&format!("buckets/lifecycle-{bucket}.json"))["Rules"].as_array().unwrap().clone();
    assert!(rules.iter().all(|rule| rule["Status"] == "Enabled" && rule["ID"].is_string()), "{bucket}");
    rules
}

fn prefix(rule: &Value) -> &str {
    let filter = &rule["Filter"];
    filter["Prefix"].as_str().or(filter["And"]["Prefix"].as_str()).expect("a rule has a prefix")
}

#[test]
fn lifecycle_never_deletes_current_versions() {
    for bucket in BUCKETS {
        for rule in rules(bucket) {
            // A delete marker without other versions is safe to remove.
            let expiration = rule.get("Expiration").cloned().unwrap_or(json!({"ExpiredObjectDeleteMarker": true}));
            assert_eq!(expiration, json!({"ExpiredObjectDeleteMarker": true}), "{bucket}: {rule}");
            let known = [
                "ID",
                "Status",
                "Filter",
                "Expiration",
                "NoncurrentVersionExpiration",
                "AbortIncompleteMultipartUpload",
                "Transitions",
            ];
            let unknown: Vec<_> =
                rule.as_object().unwrap().keys().filter(|key| !known.contains(&key.as_str())).collect();
            assert!(unknown.is_empty(), "{bucket}: this test does not check {unknown:?}");
        }
    }
}

#[test]
fn lifecycle_keeps_replaced_versions_for_a_month() {
    for bucket in BUCKETS {
        let general = rules(bucket).into_iter().filter(|rule| prefix(rule).is_empty()).collect::<Vec<_>>();
        let days: Vec<_> =
            general.iter().filter_map(|rule| rule["NoncurrentVersionExpiration"]["NoncurrentDays"].as_u64()).collect();
        assert_eq!(days, [30], "{bucket}");
        let aborts: Vec<_> = general
            .iter()
            .filter_map(|rule| rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"].as_u64())
            .collect();
        assert!(matches!(aborts[..], [1..=7]), "{bucket}: {aborts:?}");
    }
}

#[test]
fn transitions_keep_objects_immediately_readable() {
    assert!(
        rules("processed").iter().all(|rule| rule.get("Transitions").is_none()),
        "documents are small and read every day"
    );
    for rule in rules("raw") {
        for transition in rule["Transitions"].as_array().into_iter().flatten() {
            let class = transition["StorageClass"].as_str().unwrap();
            // Objects in other Glacier classes must be restored first; a run would fail with 403 InvalidObjectState.
            assert!(["INTELLIGENT_TIERING", "GLACIER_IR"].contains(&class), "{rule}");
            match prefix(&rule) {
                // Read completely every night, and Glacier charges for retrieval.
                "batch/" => assert_eq!(class, "INTELLIGENT_TIERING"),
                // A scheduled run reads snapshots that are at most 3 + 14 + 2 days old. 128 KB is the minimum billed size.
                "api/" => {
                    assert!(transition["Days"].as_u64().unwrap() > 19, "{rule}");
                    assert_eq!(rule["Filter"]["And"]["ObjectSizeGreaterThan"], 128 * 1024, "{rule}");
                }
                other => panic!("unexpected transition of {other}"),
            }
        }
    }
}

#[test]
fn buckets_use_the_encryption_key_of_the_policies() {
    let rule = &json("buckets/encryption.json")["Rules"][0];
    assert_eq!(rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"], "aws:kms");
    assert_eq!(rule["BucketKeyEnabled"], true, "otherwise each object causes a KMS request");
    for job in ["processor", "reporter"] {
        let policy = json(&format!("policies/{job}.json"));
        let key =
            policy["Statement"].as_array().unwrap().iter().find(|statement| statement["Action"][0] == "kms:Decrypt");
        assert_eq!(key.unwrap()["Resource"], rule["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"], "{job}");
    }
}

#[test]
fn bucket_policies_deny_requests_without_tls() {
    for bucket in BUCKETS {
        let policy = json(&format!("buckets/tls-{bucket}.json"));
        let [statement] = policy["Statement"].as_array().unwrap().as_slice() else { panic!("{policy}") };
        assert_eq!(
            (&statement["Effect"], &statement["Principal"], &statement["Action"]),
            (&json!("Deny"), &json!("*"), &json!("s3:*"))
        );
        let arn = format!("arn:aws:s3:::cityflow-{bucket}");
        assert_eq!(statement["Resource"], json!([arn, format!("{arn}/*")]));
        assert_eq!(statement["Condition"], json!({"Bool": {"aws:SecureTransport": "false"}}));
    }
}
