//! Which strings can be keys. One rule for all stores, so that a job that runs on a folder runs on a bucket too.
//!
//! Not for the names the project gives its objects: those are `contract`'s.

use std::ops::Range;

use super::StoreError;

/// The longest key S3 takes, in bytes of UTF-8.
const LONGEST: usize = 1024;

/// Refuses what cannot be a key: empty, absolute, too long, with a NUL, or with a `.` or `..` part, which a folder would resolve and
/// a bucket would take literally.
pub(super) fn check(key: &str, address: impl Fn() -> String) -> Result<(), StoreError> {
    let wrong = if key.is_empty() {
        "a key cannot be empty"
    } else if key.starts_with('/') {
        "a key is relative to its store and cannot begin with /"
    } else if key.len() > LONGEST {
        "a key cannot be longer than 1024 bytes"
    } else if key.contains('\0') {
        "a key cannot contain a NUL"
    } else if key.split('/').any(|part| part == "." || part == "..") {
        "a key cannot contain a part . or .."
    } else {
        return Ok(());
    };
    Err(StoreError::Other { key: address(), detail: wrong.into() })
}

/// Refuses a range that does not lie within an object of `size` bytes.
pub(super) fn check_range(range: &Range<u64>, size: u64, address: impl Fn() -> String) -> Result<(), StoreError> {
    if range.start <= range.end && range.end <= size {
        return Ok(());
    }
    let detail = format!("bytes {}..{} do not lie within its {size} bytes", range.start, range.end);
    Err(StoreError::Other { key: address(), detail })
}
