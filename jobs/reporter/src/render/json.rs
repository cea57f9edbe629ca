//! The report, and its summary for the index, as indented JSON: people open these files too.

use bytes::Bytes;
use serde::Serialize;

/// Renders a report or a summary, with a line end after the last brace.
///
/// # Errors
/// Only a bug: every type of the contract has a JSON form.
pub fn render(value: &impl Serialize) -> Result<Bytes, serde_json::Error> {
    let mut text = serde_json::to_vec_pretty(value)?;
    text.push(b'\n');
    Ok(text.into())
}
