//! The policies against what the jobs really ask for: enough, and not one right more.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use acceptance::iam::{Grant, Need, Policy, needs};
use acceptance::s3server::RecordedRequest;

use super::rehearsal::{Account, PROBE, PROCESSED, RAW};
use super::{json, text};

const JOBS: [&str; 2] = ["processor", "reporter"];

fn grants(job: &str) -> Vec<Grant> {
    let path = format!("policies/{job}.json");
    Policy::parse(&text(&path)).unwrap_or_else(|error| panic!("{path}: {error}")).grants()
}

fn given(grants: &[Grant], need: &Need) -> bool {
    grants.iter().any(|grant| grant.gives(need))
}

/// The calls of a job that may do whatever it likes.
fn calls(job: &str) -> &'static [RecordedRequest] {
    static RECORDED: OnceLock<BTreeMap<&'static str, Vec<RecordedRequest>>> = OnceLock::new();
    let recorded = RECORDED.get_or_init(|| {
        let account = Account::new([]);
        account.everything();
        account.into_calls()
    });
    &recorded[job]
}

/// The one call without a right: the reporter tries whether it may remove its probe, and says so where it may not.
fn is_probe_removed(call: &RecordedRequest) -> bool {
    (call.method.as_str(), call.key.as_deref()) == ("DELETE", Some(PROBE))
}

/// What a job asks for, each with a call that shows it.
fn asked(job: &str) -> BTreeMap<Need, &'static RecordedRequest> {
    let calls = calls(job).iter().filter(|call| !is_probe_removed(call));
    calls.flat_map(|call| needs(call).into_iter().map(move |need| (need, call))).collect()
}

#[test]
fn every_call_is_allowed() {
    for job in JOBS {
        let grants = grants(job);
        let missing: Vec<_> = asked(job)
            .into_iter()
            .filter(|(need, _)| !given(&grants, need))
            .map(|(need, call)| format!("{need}: {call}"))
            .collect();
        assert!(missing.is_empty(), "docs/aws/policies/{job}.json lacks\n{}", missing.join("\n"));
        println!("{job}: {} calls, {} rights asked for", calls(job).len(), asked(job).len());
    }
}

#[test]
fn no_right_can_be_left_out() {
    for job in JOBS {
        let (grants, asked) = (grants(job), asked(job));
        for left_out in grants.iter().filter(|grant| grant.action.starts_with("s3:")) {
            let rest: Vec<_> = grants.iter().filter(|grant| *grant != left_out).cloned().collect();
            let missed = asked.keys().any(|need| !given(&rest, need));
            assert!(missed, "docs/aws/policies/{job}.json: nothing needs `{left_out}`");
        }
    }
}

#[test]
fn no_action_has_a_wildcard() {
    for grant in JOBS.iter().flat_map(|job| grants(job)) {
        assert!(!grant.action.contains(['*', '?']), "{grant}");
        assert!(grant.resource.starts_with("arn:aws:") && grant.resource != "arn:aws:s3:::*", "{grant}");
    }
}

/// The same once more with the policies enforced: then a 403 that a job does not expect ends it, also the one that S3 gives for a key
/// that is not there to who may not list.
#[test]
fn with_these_rights_alone_everything_works() {
    let account = Account::new(JOBS.map(|job| (job, grants(job))));
    account.everything();
    for (job, calls) in account.into_calls() {
        let refused: BTreeSet<_> =
            calls.iter().filter(|call| call.status == Some(403)).map(ToString::to_string).collect();
        let probe = format!("DELETE {PROCESSED}/{PROBE}?x-id=DeleteObject (403)");
        let expected = if job == "reporter" { BTreeSet::from([probe]) } else { BTreeSet::new() };
        assert_eq!(refused, expected, "{job}");
    }
}

#[test]
fn every_listing_has_a_prefix() {
    for call in JOBS.iter().flat_map(|job| calls(job)).filter(|call| call.key.is_none()) {
        assert_eq!(call.method, "GET", "{call}: of a bucket as such nothing is asked but a listing");
        assert!(
            call.query.get("prefix").is_some_and(|prefix| prefix.ends_with('/') || prefix.contains("manifest_")),
            "{call}"
        );
    }
}

#[test]
fn nothing_is_uploaded_in_parts() {
    // Else AbortMultipartUpload would be a right that is needed, on the prefixes that the job writes to.
    for call in JOBS.iter().flat_map(|job| calls(job)) {
        let parts = call.query.keys().any(|name| name.starts_with("upload"));
        assert!(!parts && call.method != "POST", "{call}: the policies have no s3:AbortMultipartUpload yet");
    }
}

#[test]
fn neither_job_can_do_what_the_other_writes() {
    for [one, other] in [JOBS, ["reporter", "processor"]] {
        let foreign = grants(other);
        let writes = |need: &&Need| !["s3:GetObject", "s3:ListBucket"].contains(&need.action);
        let asked = asked(one);
        assert!(asked.keys().any(|need| need.action == "s3:PutObject"), "{one} writes");
        for need in asked.keys().filter(writes) {
            assert!(!given(&foreign, need), "{other} may {need}");
        }
    }
}

#[test]
fn what_no_job_may_do() {
    let both = JOBS.map(grants).concat();
    let object = |action, key: &str| Need::object(action, PROCESSED, key);
    let manifest = "metrics/manifest_2025-11-04.json";
    let report = "reports/daily_report_2025-11-04.json";
    let mut refused = vec![
        // What a day stands on, and what people read.
        object("s3:DeleteObject", manifest),
        object("s3:DeleteObject", report),
        object("s3:DeleteObject", PROBE),
        // Versions are what an operator restores from.
        object("s3:DeleteObjectVersion", "metrics/objets/2025-11-04/bikes-0123456789abcdef.json"),
        object("s3:DeleteObjectVersion", report),
        // Nothing writes it yet.
        object("s3:PutObject", "history/comptages/2025-11.parquet"),
        object("s3:GetObject", "history/comptages/2025-11.parquet"),
        object("s3:PutObject", "elsewhere.json"),
        object("s3:PutObject", "metricsandmore/a.json"),
        object("s3:AbortMultipartUpload", manifest),
        object("s3:PutObjectAcl", report),
    ];
    for key in ["batch/comptages-2025.csv", "api/bikes/dt=2025-11-05/hour=03/bikes.json", "reference/zones.geojson"] {
        refused.extend(["s3:PutObject", "s3:DeleteObject"].map(|action| Need::object(action, RAW, key)));
    }
    refused.push(Need::object("s3:GetObject", RAW, "private.csv"));
    for bucket in [RAW, PROCESSED] {
        refused.extend(
            [None, Some(""), Some("history/"), Some("m"), Some("rep")].map(|prefix| Need::listing(bucket, prefix)),
        );
    }
    for need in refused {
        assert!(!given(&both, &need), "a policy allows {need}");
    }
    assert!(!given(&grants("reporter"), &Need::object("s3:GetObject", RAW, "batch/comptages-2025.csv")));
}

#[test]
fn the_key_is_used_for_two_things_and_through_s3_alone() {
    for job in JOBS {
        let keys: Vec<_> = grants(job).into_iter().filter(|grant| !grant.action.starts_with("s3:")).collect();
        let actions: Vec<_> = keys.iter().map(|grant| grant.action.as_str()).collect();
        assert_eq!(actions, ["kms:Decrypt", "kms:GenerateDataKey"], "{job}");
        for grant in keys {
            let key = "arn:aws:kms:eu-west-3:111122223333:key/00000000-0000-0000-0000-000000000000";
            assert_eq!(grant.resource, key, "{job}: one key, by its name");
            let service = ("kms:ViaService".to_owned(), "s3.eu-west-3.amazonaws.com".to_owned(), false);
            assert_eq!(grant.conditions, [service], "{job}");
        }
    }
}

#[test]
fn they_are_within_the_limit() {
    // Of a managed policy, blanks not counted: IAM and STS quotas.
    for job in JOBS {
        let size = json(&format!("policies/{job}.json")).to_string().chars().filter(|c| !c.is_whitespace()).count();
        assert!(size <= 6144, "{job}: {size} characters");
    }
}

#[test]
fn a_right_that_is_missing_is_named_as_one_of_two_causes() {
    let two_causes = ["403", "no right to it", "s3:ListBucket", "manifest_2025-11-04.json"];
    let cannot_list = grants("reporter").into_iter().filter(|grant| grant.action != "s3:ListBucket").collect();
    Account::new([("reporter", cannot_list)]).reporter(&["2025-11-04"]).expect_failure(2, &two_causes);
    let cannot_write: Vec<_> = grants("processor").into_iter().filter(|grant| grant.action != "s3:PutObject").collect();
    let account = Account::new([("processor", cannot_write)]);
    account.write_raw();
    account
        .processor(&["2025-11-04"])
        .expect_failure(2, &["403", "no right to it", "cityflow-processed/metrics/objets/"]);
    account.processor(&["check"]).expect_failure(2, &["403", "cityflow-processed/metrics/"]);
}

#[test]
fn the_recorder_sees_what_a_policy_has_to_know() {
    // Were one of these lost on the way, the tests above would pass for want of something to look at.
    let has = |job: &str, what: &dyn Fn(&RecordedRequest) -> bool| assert!(calls(job).iter().any(what), "{job}");
    for job in JOBS {
        has(job, &|call| call.method == "PUT" && call.headers.contains_key("if-match"));
        has(job, &|call| call.method == "PUT" && call.headers.contains_key("if-none-match"));
        has(job, &|call| call.method == "PUT" && call.status == Some(412));
        has(job, &|call| call.status == Some(404));
        has(job, &|call| call.method == "DELETE");
        has(job, &|call| call.query.get("list-type") == Some(&"2".to_owned()));
    }
    has("processor", &|call| {
        call.method == "HEAD" && call.key.as_deref().is_some_and(|key| key.starts_with("reports/"))
    });
    has("processor", &|call| call.bucket == RAW && call.headers.contains_key("range"));
    has("processor", &|call| call.query.get("prefix").is_some_and(|prefix| prefix == "api/bikes/"));
}
