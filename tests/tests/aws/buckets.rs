//! The buckets: what lifecycle rules take away and move, and that data are encrypted and never sent in the open.

use serde_json::{Value, json};

use super::json;

const LIFECYCLES: [&str; 2] = ["raw", "processed"];

fn rules(bucket: &str) -> Vec<Value> {
    let rules = json(&format!("buckets/lifecycle-{bucket}.json"))["Rules"].as_array().unwrap().clone();
    assert!(rules.iter().all(|rule| rule["Status"] == "Enabled" && rule["ID"].is_string()), "{bucket}");
    rules
}

/// The prefix that a rule is for.
fn prefix(rule: &Value) -> &str {
    let filter = &rule["Filter"];
    filter["Prefix"].as_str().or(filter["And"]["Prefix"].as_str()).expect("a rule says what it is for")
}

#[test]
fn nothing_that_is_current_is_ever_deleted() {
    for bucket in LIFECYCLES {
        for rule in rules(bucket) {
            // A mark of deletion behind which no version is left is no object of anybody.
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
            assert!(unknown.is_empty(), "{bucket}: {unknown:?} is not looked at here");
        }
    }
}

#[test]
fn what_was_replaced_can_be_had_back_for_a_month_and_goes_then() {
    for bucket in LIFECYCLES {
        let of_all = rules(bucket).into_iter().filter(|rule| prefix(rule).is_empty()).collect::<Vec<_>>();
        let days: Vec<_> =
            of_all.iter().filter_map(|rule| rule["NoncurrentVersionExpiration"]["NoncurrentDays"].as_u64()).collect();
        assert_eq!(days, [30], "{bucket}");
        let aborts: Vec<_> = of_all
            .iter()
            .filter_map(|rule| rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"].as_u64())
            .collect();
        assert!(matches!(aborts[..], [1..=7]), "{bucket}: {aborts:?}");
    }
}

#[test]
fn whatever_moves_can_still_be_read_at_once() {
    assert!(rules("processed").iter().all(|rule| rule.get("Transitions").is_none()), "small and read every day");
    for rule in rules("raw") {
        for transition in rule["Transitions"].as_array().into_iter().flatten() {
            let class = transition["StorageClass"].as_str().unwrap();
            // From the other classes of Glacier an object has to be restored first: a run would end with 403 InvalidObjectState.
            assert!(["INTELLIGENT_TIERING", "GLACIER_IR"].contains(&class), "{rule}");
            match prefix(&rule) {
                // Read in whole every night, where each byte out of Glacier is paid for.
                "batch/" => assert_eq!(class, "INTELLIGENT_TIERING"),
                // A scheduled night reads no snapshot collected more than 3 + 14 + 2 days before; 128 KB is the least that is billed.
                "api/" => {
                    assert!(transition["Days"].as_u64().unwrap() > 19, "{rule}");
                    assert_eq!(rule["Filter"]["And"]["ObjectSizeGreaterThan"], 128 * 1024, "{rule}");
                }
                other => panic!("nothing else moves: {other}"),
            }
        }
    }
}

#[test]
fn encryption_is_by_the_key_that_the_policies_name() {
    let rule = &json("buckets/encryption.json")["Rules"][0];
    assert_eq!(rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"], "aws:kms");
    assert_eq!(rule["BucketKeyEnabled"], true, "else every object is a request to KMS");
    for job in ["processor", "reporter"] {
        let policy = json(&format!("policies/{job}.json"));
        let key =
            policy["Statement"].as_array().unwrap().iter().find(|statement| statement["Action"][0] == "kms:Decrypt");
        assert_eq!(key.unwrap()["Resource"], rule["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"], "{job}");
    }
}

#[test]
fn nobody_reads_or_writes_without_tls() {
    for bucket in LIFECYCLES {
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
