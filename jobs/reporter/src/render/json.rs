//! The report, and its summary for the index, as JSON: indented, for people open it too, and with a line end after the last brace.

use bytes::Bytes;
use serde::Serialize;

/// The JSON of a report or a summary.
///
/// # Errors
/// None for the types of the contract; a type that has no JSON form is a bug.
pub fn render(value: &impl Serialize) -> Result<Bytes, serde_json::Error> {
    let mut text = serde_json::to_vec_pretty(value)?;
    text.push(b'\n');
    Ok(text.into())
}
