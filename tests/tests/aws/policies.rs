//! The policies grant the permissions that the recorded S3 calls require, and no others.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use acceptance::iam::{Grant, Permission, Policy, required_permissions};
use acceptance::s3server::RecordedRequest;

use super::scenario::{Account, PROBE, PROCESSED, RAW};
use super::{json, text};

const JOBS: [&str; 2] = ["processor", "reporter"];

fn grants(job: &str) -> Vec<Grant> {
    let path = format!("policies/{job}.json");
    Policy::parse(&text(&path)).unwrap_or_else(|error| panic!("{path}: {error}")).grants()
}

fn is_granted(grants: &[Grant], permission: &Permission) -> bool {
    grants.iter().any(|grant| grant.allows(permission))
}

/// The calls of a job without restrictions.
fn calls(job: &str) -> &'static [RecordedRequest] {
    static RECORDED: OnceLock<BTreeMap<&'static str, Vec<RecordedRequest>>> = OnceLock::new();
    let recorded = RECORDED.get_or_init(|| {
        let account = Account::new([]);
        account.run_all();
        account.into_calls()
    });
    &recorded[job]
}

/// The only call that the policy denies: the reporter tries to delete its probe, and continues if it cannot.
fn is_probe_removed(call: &RecordedRequest) -> bool {
    (call.method.as_str(), call.key.as_deref()) == ("DELETE", Some(PROBE))
}

/// The permissions that a job requires, each with an example call.
fn required(job: &str) -> BTreeMap<Permission, &'static RecordedRequest> {
    let calls = calls(job).iter().filter(|call| !is_probe_removed(call));
    calls.flat_map(|call| required_permissions(call).into_iter().map(move |permission| (permission, call))).collect()
}

#[test]
fn policies_grant_every_required_permission() {
    for job in JOBS {
        let grants = grants(job);
        let missing: Vec<_> = required(job)
            .into_iter()
            .filter(|(permission, _)| !is_granted(&grants, permission))
            .map(|(permission, call)| format!("{permission}: {call}"))
            .collect();
        assert!(missing.is_empty(), "docs/aws/policies/{job}.json does not grant\n{}", missing.join("\n"));
    }
}

#[test]
fn every_grant_is_necessary() {
    for job in JOBS {
        let (grants, required) = (grants(job), required(job));
        for removed in grants.iter().filter(|grant| grant.action.starts_with("s3:")) {
            let rest: Vec<_> = grants.iter().filter(|grant| *grant != removed).cloned().collect();
            let missing = required.keys().any(|permission| !is_granted(&rest, permission));
            assert!(missing, "docs/aws/policies/{job}.json: no call requires `{removed}`");
        }
    }
}

#[test]
fn actions_have_no_wildcards() {
    for grant in JOBS.iter().flat_map(|job| grants(job)) {
        assert!(!grant.action.contains(['*', '?']), "{grant}");
        assert!(grant.resource.starts_with("arn:aws:") && grant.resource != "arn:aws:s3:::*", "{grant}");
    }
}

/// Runs the scenario with the policies enforced. This also covers the 403 that S3 returns for a missing key without `s3:ListBucket`.
#[test]
fn jobs_succeed_with_the_policies_enforced() {
    let account = Account::new(JOBS.map(|job| (job, grants(job))));
    account.run_all();
    for (job, calls) in account.into_calls() {
        let denied: BTreeSet<_> =
            calls.iter().filter(|call| call.status == Some(403)).map(ToString::to_string).collect();
        let probe = format!("DELETE {PROCESSED}/{PROBE}?x-id=DeleteObject (403)");
        let expected = if job == "reporter" { BTreeSet::from([probe]) } else { BTreeSet::new() };
        assert_eq!(denied, expected, "{job}");
    }
}

#[test]
fn every_listing_has_a_prefix() {
    for call in JOBS.iter().flat_map(|job| calls(job)).filter(|call| call.key.is_none()) {
        assert_eq!(call.method, "GET", "{call}: the only call on a bucket is a listing");
        assert!(
            call.query.get("prefix").is_some_and(|prefix| prefix.ends_with('/') || prefix.contains("manifest_")),
            "{call}"
        );
    }
}

#[test]
fn jobs_do_not_use_multipart_uploads() {
    // They would require s3:AbortMultipartUpload on the prefixes that the job writes.
    for call in JOBS.iter().flat_map(|job| calls(job)) {
        let parts = call.query.keys().any(|name| name.starts_with("upload"));
        assert!(!parts && call.method != "POST", "{call}: the policies have no s3:AbortMultipartUpload yet");
    }
}

#[test]
fn jobs_cannot_write_objects_of_the_other_job() {
    for [one, other] in [JOBS, ["reporter", "processor"]] {
        let foreign = grants(other);
        let writes = |permission: &&Permission| !["s3:GetObject", "s3:ListBucket"].contains(&permission.action);
        let required = required(one);
        assert!(required.keys().any(|permission| permission.action == "s3:PutObject"), "{one} writes");
        for permission in required.keys().filter(writes) {
            assert!(!is_granted(&foreign, permission), "{other} has {permission}");
        }
    }
}

#[test]
fn no_job_can_delete_results_or_write_raw_data() {
    let both = JOBS.map(grants).concat();
    let object = |action, key: &str| Permission::object(action, PROCESSED, key);
    let manifest = "metrics/manifest_2025-11-04.json";
    let report = "reports/daily_report_2025-11-04.json";
    let mut forbidden = vec![
        // Manifests, reports and the probe.
        object("s3:DeleteObject", manifest),
        object("s3:DeleteObject", report),
        object("s3:DeleteObject", PROBE),
        // Operators restore from versions.
        object("s3:DeleteObjectVersion", "metrics/objets/2025-11-04/bikes-0123456789abcdef.json"),
        object("s3:DeleteObjectVersion", report),
        // No job uses these keys.
        object("s3:PutObject", "history/comptages/2025-11.parquet"),
        object("s3:GetObject", "history/comptages/2025-11.parquet"),
        object("s3:PutObject", "elsewhere.json"),
        object("s3:PutObject", "metricsandmore/a.json"),
        object("s3:AbortMultipartUpload", manifest),
        object("s3:PutObjectAcl", report),
    ];
    for key in ["batch/comptages-2025.csv", "api/bikes/dt=2025-11-05/hour=03/bikes.json", "reference/zones.geojson"] {
        forbidden.extend(["s3:PutObject", "s3:DeleteObject"].map(|action| Permission::object(action, RAW, key)));
    }
    forbidden.push(Permission::object("s3:GetObject", RAW, "private.csv"));
    for bucket in [RAW, PROCESSED] {
        forbidden.extend(
            [None, Some(""), Some("history/"), Some("m"), Some("rep")]
                .map(|prefix| Permission::listing(bucket, prefix)),
        );
    }
    for permission in forbidden {
        assert!(!is_granted(&both, &permission), "a policy allows {permission}");
    }
    assert!(!is_granted(&grants("reporter"), &Permission::object("s3:GetObject", RAW, "batch/comptages-2025.csv")));
}

#[test]
fn kms_key_is_used_only_through_s3() {
    for job in JOBS {
        let keys: Vec<_> = grants(job).into_iter().filter(|grant| !grant.action.starts_with("s3:")).collect();
        let actions: Vec<_> = keys.iter().map(|grant| grant.action.as_str()).collect();
        assert_eq!(actions, ["kms:Decrypt", "kms:GenerateDataKey"], "{job}");
        for grant in keys {
            let key = "arn:aws:kms:eu-west-3:111122223333:key/00000000-0000-0000-0000-000000000000";
            assert_eq!(grant.resource, key, "{job}: one specific key");
            let service = ("kms:ViaService".to_owned(), "s3.eu-west-3.amazonaws.com".to_owned(), false);
            assert_eq!(grant.conditions, [service], "{job}");
        }
    }
}

#[test]
fn policies_are_within_the_size_limit() {
    // Limit of a managed policy without whitespace ("IAM and AWS STS quotas").
    for job in JOBS {
        let size = json(&format!("policies/{job}.json")).to_string().chars().filter(|c| !c.is_whitespace()).count();
        assert!(size <= 6144, "{job}: {size} characters");
    }
}

#[test]
fn error_403_names_both_possible_causes() {
    let two_causes = ["403", "lack the permission", "s3:ListBucket", "manifest_2025-11-04.json"];
    let cannot_list = grants("reporter").into_iter().filter(|grant| grant.action != "s3:ListBucket").collect();
    Account::new([("reporter", cannot_list)]).reporter(&["2025-11-04"]).expect_failure(2, &two_causes);
    let cannot_write: Vec<_> = grants("processor").into_iter().filter(|grant| grant.action != "s3:PutObject").collect();
    let account = Account::new([("processor", cannot_write)]);
    account.write_raw();
    account
        .processor(&["2025-11-04"])
        .expect_failure(2, &["403", "lack the permission", "cityflow-processed/metrics/objets/"]);
    account.processor(&["check"]).expect_failure(2, &["403", "cityflow-processed/metrics/"]);
}

#[test]
fn scenario_covers_every_kind_of_call() {
    // Without these calls the tests above would pass without checking anything.
    let has = |job: &str, name: &str, what: &dyn Fn(&RecordedRequest) -> bool| {
        assert!(calls(job).iter().any(what), "{job}: {name}");
    };
    for job in JOBS {
        has(job, "If-Match", &|call| call.method == "PUT" && call.headers.contains_key("if-match"));
        has(job, "If-None-Match", &|call| call.method == "PUT" && call.headers.contains_key("if-none-match"));
        has(job, "412", &|call| call.method == "PUT" && call.status == Some(412));
        has(job, "404", &|call| call.status == Some(404));
        has(job, "DELETE", &|call| call.method == "DELETE");
        has(job, "a listing", &|call| call.query.get("list-type") == Some(&"2".to_owned()));
    }
    has("processor", "GET of a report", &|call| {
        call.method == "GET" && call.key.as_deref().is_some_and(|key| key.starts_with("reports/"))
    });
    has("processor", "a range", &|call| call.bucket == RAW && call.headers.contains_key("range"));
    has("processor", "a listing by source", &|call| {
        call.query.get("prefix").is_some_and(|prefix| prefix == "api/bikes/")
    });
}
