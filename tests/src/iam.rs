//! IAM as far as S3 calls and the policies in `docs/aws` need it: which rights a call asks for, and whether a policy gives them.
//!
//! The mapping is that of the S3 user guide, "Required permissions for Amazon S3 API operations". Only statements that allow are
//! understood: a policy with anything else in it is refused, never half read.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Deserialize;

use crate::s3server::RecordedRequest;

/// What is asked for: an action on a resource, with the keys of the request that conditions may name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Need {
    /// Such as `s3:GetObject`.
    pub action: &'static str,
    /// The ARN of a bucket, or of an object.
    pub resource: String,
    /// Condition keys and their values.
    pub context: BTreeMap<&'static str, String>,
}

impl Need {
    /// An action on an object.
    #[must_use]
    pub fn object(action: &'static str, bucket: &str, key: &str) -> Self {
        Self { action, resource: format!("arn:aws:s3:::{bucket}/{key}"), context: BTreeMap::new() }
    }

    /// Listing a bucket; without a prefix the condition key is not there.
    #[must_use]
    pub fn listing(bucket: &str, prefix: Option<&str>) -> Self {
        let context = prefix.map(|prefix| ("s3:prefix", prefix.to_owned())).into_iter().collect();
        Self { action: "s3:ListBucket", resource: format!("arn:aws:s3:::{bucket}"), context }
    }
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}", self.action, self.resource)?;
        self.context.iter().try_for_each(|(key, value)| write!(f, " with {key}={value:?}"))
    }
}

/// Parts of a query that ask for no other right.
const SETTINGS: [&str; 8] = [
    "continuation-token",
    "delimiter",
    "encoding-type",
    "fetch-owner",
    "list-type",
    "max-keys",
    "prefix",
    // Names the operation for the server's own log.
    "x-id",
];
/// Headers that ask for one more right each.
const WITH_A_RIGHT: [&str; 7] = [
    "x-amz-acl",
    "x-amz-bypass-governance-retention",
    "x-amz-copy-source",
    "x-amz-object-lock-legal-hold",
    "x-amz-object-lock-mode",
    "x-amz-server-side-encryption",
    "x-amz-tagging",
];

/// The rights that a call asks for. With status 404 that includes the one to be told so.
///
/// # Panics
/// Where it is a call that nobody has looked up yet.
#[must_use]
pub fn needs(call: &RecordedRequest) -> Vec<Need> {
    let unusual: Vec<_> = WITH_A_RIGHT.into_iter().filter(|name| call.headers.contains_key(*name)).collect();
    assert!(unusual.is_empty(), "{call}: the rights that {unusual:?} ask for have to be looked up");
    let sub: BTreeSet<&str> = call.query.keys().map(String::as_str).filter(|name| !SETTINGS.contains(name)).collect();
    let sub: Vec<&str> = sub.into_iter().collect();
    let bucket = &call.bucket;
    let Some(key) = &call.key else {
        let on_bucket = |action| Need { action, resource: format!("arn:aws:s3:::{bucket}"), context: BTreeMap::new() };
        return match (call.method.as_str(), sub.as_slice()) {
            ("GET", []) => vec![Need::listing(bucket, call.query.get("prefix").map(String::as_str))],
            ("HEAD", []) => vec![Need::listing(bucket, None)],
            ("GET", ["uploads"]) => vec![on_bucket("s3:ListBucketMultipartUploads")],
            ("GET", ["location"]) => vec![on_bucket("s3:GetBucketLocation")],
            _ => panic!("{call}: the rights that it asks for have to be looked up"),
        };
    };
    let on_object = |action| Need::object(action, bucket, key);
    match (call.method.as_str(), sub.as_slice()) {
        // Who may not list is told 403, as if there might be something. S3 compares the key with the condition on the prefix.
        ("GET" | "HEAD", []) if call.status == Some(404) => {
            vec![on_object("s3:GetObject"), Need::listing(bucket, Some(key))]
        }
        ("GET" | "HEAD", []) => vec![on_object("s3:GetObject")],
        ("GET" | "HEAD", ["versionId"]) => vec![on_object("s3:GetObjectVersion")],
        ("GET", ["uploadId"]) => vec![on_object("s3:ListMultipartUploadParts")],
        // What an object is compared with has to be read.
        ("PUT", []) if call.headers.contains_key("if-match") => {
            vec![on_object("s3:PutObject"), on_object("s3:GetObject")]
        }
        ("PUT", [] | ["partNumber", "uploadId"]) | ("POST", ["uploads"] | ["uploadId"]) => {
            vec![on_object("s3:PutObject")]
        }
        ("DELETE", []) => vec![on_object("s3:DeleteObject")],
        ("DELETE", ["uploadId"]) => vec![on_object("s3:AbortMultipartUpload")],
        ("DELETE", ["versionId"]) => vec![on_object("s3:DeleteObjectVersion")],
        _ => panic!("{call}: the rights that it asks for have to be looked up"),
    }
}

/// A policy document that only allows.
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
    effect: Allow,
    action: OneOrMore,
    resource: OneOrMore,
    #[serde(default)]
    condition: Condition,
}

#[derive(Debug, Clone, Copy, Deserialize)]
enum Allow {
    Allow,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl OneOrMore {
    fn all(&self) -> &[String] {
        match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::More(texts) => texts,
        }
    }
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase", default)]
struct Condition {
    string_like: BTreeMap<String, OneOrMore>,
    string_equals: BTreeMap<String, OneOrMore>,
}

/// The smallest part of a policy that could be left out: one action on one pattern of resources, under one value per condition.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Grant {
    /// The statement's name.
    pub sid: String,
    /// The action, which may have wildcards.
    pub action: String,
    /// The resource, which may have wildcards.
    pub resource: String,
    /// Condition key, pattern, and whether wildcards count in it.
    pub conditions: Vec<(String, String, bool)>,
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} on {}", self.sid, self.action, self.resource)?;
        self.conditions.iter().try_for_each(|(key, pattern, _)| write!(f, " with {key} like {pattern:?}"))
    }
}

impl Grant {
    /// Whether it gives what is asked for. A condition key that the request does not have matches nothing.
    #[must_use]
    pub fn gives(&self, need: &Need) -> bool {
        let holds = |(key, pattern, wild): &(String, String, bool)| match need.context.get(key.as_str()) {
            Some(value) if *wild => matches(pattern, value),
            Some(value) => pattern == value,
            None => false,
        };
        // Actions know no case, resources do.
        matches(&self.action.to_ascii_lowercase(), &need.action.to_ascii_lowercase())
            && matches(&self.resource, &need.resource)
            && self.conditions.iter().all(holds)
    }
}

impl Policy {
    /// Reads a policy.
    ///
    /// # Errors
    /// JSON that is none, and whatever is not understood here.
    pub fn parse(text: &str) -> Result<Self, String> {
        let policy: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if policy.version != "2012-10-17" {
            return Err(format!("version {} has other rules", policy.version));
        }
        let sids: BTreeSet<_> = policy.statement.iter().map(|statement| &statement.sid).collect();
        if sids.len() < policy.statement.len() || sids.iter().any(|sid| sid.is_empty()) {
            return Err("every statement has a name of its own".to_owned());
        }
        Ok(policy)
    }

    /// All that it gives, taken apart.
    #[must_use]
    pub fn grants(&self) -> Vec<Grant> {
        self.statement.iter().flat_map(Statement::grants).collect()
    }
}

impl Statement {
    fn grants(&self) -> Vec<Grant> {
        let Allow::Allow = self.effect;
        let tests = [(&self.condition.string_like, true), (&self.condition.string_equals, false)];
        let tests =
            tests.into_iter().flat_map(|(tests, wild)| tests.iter().map(move |(key, values)| (key, values, wild)));
        // Values of one key are alternatives, keys all have to hold.
        let mut conditions: Vec<Vec<(String, String, bool)>> = vec![Vec::new()];
        for (key, values, wild) in tests {
            let with = |held: &Vec<_>| {
                let held = held.clone();
                values.all().iter().map(move |value| [held.clone(), vec![(key.clone(), value.clone(), wild)]].concat())
            };
            conditions = conditions.iter().flat_map(with).collect();
        }
        let mut grants = Vec::new();
        for action in self.action.all() {
            for resource in self.resource.all() {
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

/// Whether a text is of a pattern, in which `*` is any text, `/` included, and `?` any one character.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut seen) = (0, 0);
    // Where the last star stands, and how much of the text it has taken so far.
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
    fn patterns() {
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

    fn gives(policy: &Policy, need: &Need) -> bool {
        policy.grants().iter().any(|grant| grant.gives(need))
    }

    #[test]
    fn a_condition_binds_and_a_key_that_is_not_there_matches_nothing() {
        let policy = Policy::parse(
            r#"{"Version": "2012-10-17", "Statement": [{"Sid": "A", "Effect": "Allow", "Action": ["S3:listbucket"],
                "Resource": "arn:aws:s3:::b", "Condition": {"StringLike": {"s3:prefix": ["a/*", "b"]}}}]}"#,
        )
        .unwrap();
        assert_eq!(policy.grants().len(), 2);
        for (prefix, may) in
            [(Some("a/x"), true), (Some("b"), true), (Some("b/"), false), (Some(""), false), (None, false)]
        {
            assert_eq!(gives(&policy, &Need::listing("b", prefix)), may, "{prefix:?}");
        }
        assert!(!gives(&policy, &Need::listing("c", Some("b"))));
        assert!(!gives(&policy, &Need::object("s3:GetObject", "b", "a/x")));
    }

    #[test]
    fn what_is_not_understood_is_refused() {
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
    fn calls_ask_for_their_rights() {
        let actions = |call: RecordedRequest| needs(&call).into_iter().map(|need| need.action).collect::<Vec<_>>();
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
        assert_eq!(needs(&missing)[1], Need::listing("b", key));
    }

    #[test]
    fn a_call_that_nobody_has_looked_up_is_not_passed_over() {
        for unknown in [call("GET", Some("k"), &["acl"], &[]), call("PUT", Some("k"), &[], &["x-amz-tagging"])] {
            assert!(std::panic::catch_unwind(|| needs(&unknown)).is_err(), "{unknown}");
        }
    }
}
