//! Committed files that are generated from the code: the JSON schemas of the documents.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use acceptance::golden;

#[test]
fn schemas_match_the_types_of_the_contract() {
    for (name, schema) in contract::schema::all() {
        golden::check(&format!("docs/schema/{name}"), &(serde_json::to_string_pretty(&schema).unwrap() + "\n"));
    }
}
