//! The files in `docs/aws`: IAM policies, buckets, cluster, collector, dashboard and alarms.
//!
//! The policies are compared with recorded S3 calls: the jobs perform all their operations against a test server.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod absence_alarms;
mod buckets;
mod cluster;
mod collector;
mod files;
mod monitoring;
mod policies;
mod scenario;
mod trust;

use std::path::{Path, PathBuf};

use acceptance::binaries::workspace;
use serde_json::Value;

fn folder() -> PathBuf {
    workspace().join("docs/aws")
}

/// Text of a file in the folder.
fn text(path: impl AsRef<Path>) -> String {
    let path = folder().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn json(path: &str) -> Value {
    serde_json::from_str(&text(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The documents of a YAML file.
fn yaml(path: &str) -> Vec<Value> {
    use serde::Deserialize as _;
    let text = text(path);
    let documents = serde_norway::Deserializer::from_str(&text).map(Value::deserialize);
    documents.map(|document| document.unwrap_or_else(|error| panic!("{path}: {error}"))).collect()
}
