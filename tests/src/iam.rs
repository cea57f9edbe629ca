//! The part of IAM that the policies in `docs/aws` use: the permissions that an S3 call requires, and whether a policy grants them.
//!
//! The mapping follows the S3 user guide, "Required permissions for Amazon S3 API operations". Only `Allow` statements are supported; a
//! policy with other elements is an error.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Deserialize;

use crate::s3server::RecordedRequest;

/// A required permission: an action on a resource, with the values of condition keys in the request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Permission {
    /// Such as `s3:GetObject`.
    pub action: &'static str,
    /// ARN of a bucket or of an object.
    pub resource: String,
    pub context: BTreeMap<&'static str, String>,
}

impl Permission {
    #[must_use]
    pub fn object(action: &'static str, bucket: &str, key: &str) -> Self {
        Self { action, resource: format!("arn:aws:s3:::{bucket}/{key}"), context: BTreeMap::new() }
    }

    /// Listing a bucket; without a prefix the request has no condition key.
    #[must_use]
    pub fn listing(bucket: &str, prefix: Option<&str>) -> Self {
        let context = prefix.map(|prefix| ("s3:prefix", prefix.to_owned())).into_iter().collect();
        Self { action: "s3:ListBucket", resource: format!("arn:aws:s3:::{bucket}"), context }
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}", self.action, self.resource)?;
        self.context.iter().try_for_each(|(key, value)| write!(f, " with {key}={value:?}"))
    }
}

/// Query parameters that do not change the required permission.
const NEUTRAL_PARAMETERS: [&str; 8] = [
    "continuation-token",
    "delimiter",
    "encoding-type",
    "fetch-owner",
    "list-type",
    "max-keys",
    "prefix",
    // Name of the operation, for the server's log.
    "x-id",
];
/// Headers that each require another permission.
const PRIVILEGED_HEADERS: [&str; 7] = [
    "x-amz-acl",
    "x-amz-bypass-governance-retention",
    "x-amz-copy-source",
    "x-amz-object-lock-legal-hold",
    "x-amz-object-lock-mode",
    "x-amz-server-side-encryption",
    "x-amz-tagging",
];

/// The permissions that a call requires. For status 404 they include `s3:ListBucket`, without which S3 answers 403.
///
/// # Panics
/// If the permissions of a call are not defined here.
#[must_use]
pub fn required_permissions(call: &RecordedRequest) -> Vec<Permission> {
    let unusual: Vec<_> = PRIVILEGED_HEADERS.into_iter().filter(|name| call.headers.contains_key(*name)).collect();
    assert!(unusual.is_empty(), "{call}: the permissions for {unusual:?} are not defined here");
    let sub: BTreeSet<&str> =
        call.query.keys().map(String::as_str).filter(|name| !NEUTRAL_PARAMETERS.contains(name)).collect();
    let sub: Vec<&str> = sub.into_iter().collect();
    let bucket = &call.bucket;
    let Some(key) = &call.key else {
        let on_bucket =
            |action| Permission { action, resource: format!("arn:aws:s3:::{bucket}"), context: BTreeMap::new() };
        return match (call.method.as_str(), sub.as_slice()) {
            ("GET", []) => vec![Permission::listing(bucket, call.query.get("prefix").map(String::as_str))],
            ("HEAD", []) => vec![Permission::listing(bucket, None)],
            ("GET", ["uploads"]) => vec![on_bucket("s3:ListBucketMultipartUploads")],
            ("GET", ["location"]) => vec![on_bucket("s3:GetBucketLocation")],
            _ => panic!("{call}: its permissions are not defined here"),
        };
    };
    let on_object = |action| Permission::object(action, bucket, key);
    match (call.method.as_str(), sub.as_slice()) {
        // Without the permission to list, S3 answers 403 for a missing key. It compares the key with the prefix condition.
        ("GET" | "HEAD", []) if call.status == Some(404) => {
            vec![on_object("s3:GetObject"), Permission::listing(bucket, Some(key))]
        }
        ("GET" | "HEAD", []) => vec![on_object("s3:GetObject")],
        ("GET" | "HEAD", ["versionId"]) => vec![on_object("s3:GetObjectVersion")],
        ("GET", ["uploadId"]) => vec![on_object("s3:ListMultipartUploadParts")],
        // The comparison requires reading the object.
        ("PUT", []) if call.headers.contains_key("if-match") => {
            vec![on_object("s3:PutObject"), on_object("s3:GetObject")]
        }
        ("PUT", [] | ["partNumber", "uploadId"]) | ("POST", ["uploads"] | ["uploadId"]) => {
            vec![on_object("s3:PutObject")]
        }
        ("DELETE", []) => vec![on_object("s3:DeleteObject")],
        ("DELETE", ["uploadId"]) => vec![on_object("s3:AbortMultipartUpload")],
        ("DELETE", ["versionId"]) => vec![on_object("s3:DeleteObjectVersion")],
        _ => panic!("{call}: its permissions are not defined here"),
    }
}

/// A policy document with `Allow` statements only.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct Policy {
    version: String,
    statement: Vec<Statement>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Statement {
    sid: String,
    effect: Effect,
    action: OneOrMany,
    resource: OneOrMany,
    #[serde(default)]
    condition: Condition,
}

#[derive(Debug, Clone, Copy, Deserialize)]
enum Effect {
    Allow,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    fn as_slice(&self) -> &[String] {
        match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::Many(texts) => texts,
        }
    }
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase", default)]
struct Condition {
    string_like: BTreeMap<String, OneOrMany>,
    string_equals: BTreeMap<String, OneOrMany>,
}

/// The smallest unit of a policy: one action on one resource pattern, with one value per condition.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Grant {
    /// Sid of the statement.
    pub sid: String,
    /// May contain wildcards.
    pub action: String,
    /// May contain wildcards.
    pub resource: String,
    /// Condition key, pattern, and whether the pattern has wildcards.
    pub conditions: Vec<(String, String, bool)>,
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} on {}", self.sid, self.action, self.resource)?;
        self.conditions.iter().try_for_each(|(key, pattern, _)| write!(f, " with {key} like {pattern:?}"))
    }
}

impl Grant {
    /// A condition is not met if the request does not have its key.
    #[must_use]
    pub fn allows(&self, permission: &Permission) -> bool {
        let holds = |(key, pattern, wild): &(String, String, bool)| match permission.context.get(key.as_str()) {
            Some(value) if *wild => matches(pattern, value),
            Some(value) => pattern == value,
            None => false,
        };
        // Actions are case-insensitive, resources are not.
        matches(&self.action.to_ascii_lowercase(), &permission.action.to_ascii_lowercase())
            && matches(&self.resource, &permission.resource)
            && self.conditions.iter().all(holds)
    }
}

impl Policy {
    /// # Errors
    /// Invalid JSON, unsupported elements, or statements without a unique Sid.
    pub fn parse(text: &str) -> Result<Self, String> {
        let policy: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if policy.version != "2012-10-17" {
            return Err(format!("version {} is not supported", policy.version));
        }
        let sids: BTreeSet<_> = policy.statement.iter().map(|statement| &statement.sid).collect();
        if sids.len() < policy.statement.len() || sids.iter().any(|sid| sid.is_empty()) {
            return Err("every statement needs a unique Sid".to_owned());
        }
        Ok(policy)
    }

    /// One grant per action, resource and combination of condition values.
    #[must_use]
    pub fn grants(&self) -> Vec<Grant> {
        self.statement.iter().flat_map(Statement::grants).collect()
    }
}

impl Statement {
    fn grants(&self) -> Vec<Grant> {
        let Effect::Allow = self.effect;
        let tests = [(&self.condition.string_like, true), (&self.condition.string_equals, false)];
        let tests =
            tests.into_iter().flat_map(|(tests, wild)| tests.iter().map(move |(key, values)| (key, values, wild)));
        // Values of a key are alternatives; all keys must match.
        let mut conditions: Vec<Vec<(String, String, bool)>> = vec![Vec::new()];
        for (key, values, wild) in tests {
            let with = |held: &Vec<_>| {
                let held = held.clone();
                values
                    .as_slice()
                    .iter()
                    .map(move |value| [held.clone(), vec![(key.clone(), value.clone(), wild)]].concat())
            };
            conditions = conditions.iter().flat_map(with).collect();
        }
        let mut grants = Vec::new();
        for action in self.action.as_slice() {
            for resource in self.resource.as_slice() {
                grants.extend(conditions.iter().map(|conditions| Grant {
                    sid: self.sid.clone(),
                    action: action.clone(),
                    resource: resource.clone(),
                    conditions: conditions.clone(),
                }));
            }
        }
        grants
    }
}

/// Whether a text matches a pattern, in which `*` is any text, including `/`, and `?` any single character.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut seen) = (0, 0);
    // Position of the last star, and end of the text that it matches so far.
    let mut star: Option<(usize, usize)> = None;
    while seen < text.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, seen));
                at += 1;
            }
            Some(&wanted) if wanted == '?' || wanted == text[seen] => (at, seen) = (at + 1, seen + 1),
            _ => match &mut star {
                Some((back, taken)) => {
                    *taken += 1;
                    (at, seen) = (*back + 1, *taken);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|left| *left == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_stars_and_question_marks() {
        for (pattern, text) in [
            ("a/*", "a/"),
            ("a/*", "a/b/c"),
            ("*", ""),
            ("a?c*e", "abcde"),
            ("m/*_metrics_*.json", "m/bikes_metrics_2025-11-04.json"),
            ("*ab*ab", "aabab"),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in
            [("a/*", "a"), ("a/*", "ba/"), ("a?", "a"), ("raw/", "raw/batch/"), ("*ab", "aba"), ("", "a")]
        {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }

    fn allows(policy: &Policy, permission: &Permission) -> bool {
        policy.grants().iter().any(|grant| grant.allows(permission))
    }

    #[test]
    fn condition_is_not_met_without_its_key() {
        let policy = Policy::parse(
            r#"{"Version": "2012-10-17", "Statement": [{"Sid": "A", "Effect": "Allow", "Action": ["S3:listbucket"],
                "Resource": "arn:aws:s3:::b", "Condition": {"StringLike": {"s3:prefix": ["a/*", "b"]}}}]}"#,
        )
        .unwrap();
        assert_eq!(policy.grants().len(), 2);
        for (prefix, may) in
            [(Some("a/x"), true), (Some("b"), true), (Some("b/"), false), (Some(""), false), (None, false)]
        {
            assert_eq!(allows(&policy, &Permission::listing("b", prefix)), may, "{prefix:?}");
        }
        assert!(!allows(&policy, &Permission::listing("c", Some("b"))));
        assert!(!allows(&policy, &Permission::object("s3:GetObject", "b", "a/x")));
    }

    #[test]
    fn unsupported_elements_are_errors() {
        let policy = |statement: &str| {
            Policy::parse(&format!(
                r#"{{"Version": "2012-10-17", "Statement": [{{"Sid": "A", "Action": "s3:GetObject", {statement}}}]}}"#
            ))
        };
        policy(r#""Effect": "Allow", "Resource": "*""#).unwrap();
        policy(r#""Effect": "Deny", "Resource": "*""#).unwrap_err();
        policy(r#""Effect": "Allow", "NotResource": "*""#).unwrap_err();
        policy(r#""Effect": "Allow", "Resource": "*", "Condition": {"StringLikeIfExists": {"s3:prefix": "a"}}"#)
            .unwrap_err();
    }

    fn call(method: &str, key: Option<&str>, query: &[&str], headers: &[&str]) -> RecordedRequest {
        RecordedRequest {
            method: method.into(),
            bucket: "b".into(),
            key: key.map(str::to_owned),
            query: query.iter().map(|name| ((*name).to_owned(), "x".to_owned())).collect(),
            headers: headers.iter().map(|name| ((*name).to_owned(), "x".to_owned())).collect(),
            status: Some(200),
        }
    }

    #[test]
    fn calls_require_the_documented_permissions() {
        let actions = |call: RecordedRequest| {
            required_permissions(&call).into_iter().map(|permission| permission.action).collect::<Vec<_>>()
        };
        let key = Some("k");
        assert_eq!(actions(call("GET", None, &["list-type", "prefix"], &[])), ["s3:ListBucket"]);
        assert_eq!(actions(call("HEAD", None, &[], &[])), ["s3:ListBucket"]);
        assert_eq!(actions(call("GET", None, &["uploads"], &[])), ["s3:ListBucketMultipartUploads"]);
        assert_eq!(actions(call("HEAD", key, &[], &["if-match"])), ["s3:GetObject"]);
        assert_eq!(actions(call("PUT", key, &["x-id"], &["if-none-match"])), ["s3:PutObject"]);
        assert_eq!(actions(call("PUT", key, &[], &["if-match"])), ["s3:PutObject", "s3:GetObject"]);
        assert_eq!(actions(call("PUT", key, &["uploadId", "partNumber"], &[])), ["s3:PutObject"]);
        assert_eq!(actions(call("POST", key, &["uploads"], &[])), ["s3:PutObject"]);
        assert_eq!(actions(call("DELETE", key, &["uploadId"], &[])), ["s3:AbortMultipartUpload"]);
        assert_eq!(actions(call("DELETE", key, &[], &[])), ["s3:DeleteObject"]);
        let missing = RecordedRequest { status: Some(404), ..call("GET", key, &[], &[]) };
        assert_eq!(required_permissions(&missing)[1], Permission::listing("b", key));
    }

    #[test]
    fn unknown_call_panics() {
        for unknown in [call("GET", Some("k"), &["acl"], &[]), call("PUT", Some("k"), &[], &["x-amz-tagging"])] {
            assert!(std::panic::catch_unwind(|| required_permissions(&unknown)).is_err(), "{unknown}");
        }
    }
}
