//! `docs/aws`: that the policies allow what the jobs do and nothing else, and that its files are right and agree with one another; that what is
//! watched is what the jobs send, as `docs/telemetry.md` has it.
//!
//! What the jobs do is not read from their code: they are run through everything that they can do, and every S3 call is recorded.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test ends where it cannot go on")]

mod absence;
mod buckets;
mod cluster;
mod collector;
mod files;
mod monitoring;
mod policies;
mod rehearsal;
mod trust;

use std::path::{Path, PathBuf};

use acceptance::binaries::workspace;
use serde_json::Value;

/// The folder that this is about.
fn folder() -> PathBuf {
    workspace().join("docs/aws")
}

/// The text of a file of it.
fn text(path: impl AsRef<Path>) -> String {
    let path = folder().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A JSON file of it.
fn json(path: &str) -> Value {
    serde_json::from_str(&text(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The documents of a YAML file of it.
fn yaml(path: &str) -> Vec<Value> {
    use serde::Deserialize as _;
    let text = text(path);
    let documents = serde_norway::Deserializer::from_str(&text).map(Value::deserialize);
    documents.map(|document| document.unwrap_or_else(|error| panic!("{path}: {error}"))).collect()
}
