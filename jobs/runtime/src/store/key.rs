//! Validation of keys and ranges: the same rules for all stores, so that a job that works with a folder also works with a bucket.
//!
//! Not for the names of the project's objects: those are in `contract`.

use std::ops::Range;

use super::StoreError;

/// The limit of S3, in bytes of UTF-8.
const MAX_LENGTH: usize = 1024;

/// Rejects keys that are empty, absolute, too long, contain a NUL, or a `.` or `..` part, which a folder would resolve and a bucket
/// would store literally.
pub(super) fn check(key: &str, address: impl Fn() -> String) -> Result<(), StoreError> {
    let reason = if key.is_empty() {
        "a key cannot be empty"
    } else if key.starts_with('/') {
        "a key is relative to its store and cannot begin with /"
    } else if key.len() > MAX_LENGTH {
        "a key cannot be longer than 1024 bytes"
    } else if key.contains('\0') {
        "a key cannot contain a NUL"
    } else if key.split('/').any(|part| part == "." || part == "..") {
        "a key cannot contain a part . or .."
    } else {
        return Ok(());
    };
    Err(StoreError::Other { key: address(), detail: reason.into() })
}

/// Rejects a range that does not lie within an object of `size` bytes, with the reason.
pub(super) fn check_range(range: &Range<u64>, size: u64) -> Result<(), String> {
    if range.start <= range.end && range.end <= size {
        return Ok(());
    }
    Err(format!("bytes {}..{} are out of range: the object has {size} bytes", range.start, range.end))
}
