//! What the server remembers.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use bytes::Bytes;
use s3s::checksum::ChecksumHasher;
use s3s::crypto::{Checksum as _, Crc32, Crc64Nvme};
use s3s::dto::Checksum;
use sha2::{Digest as _, Sha256};

use super::call::{Call, Guard};
use super::fault::{Fault, Rule};

pub(super) type Shared = Arc<Mutex<State>>;

/// The state, whatever happened to an earlier holder of its lock.
pub(super) fn lock(state: &Shared) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) buckets: BTreeMap<String, BTreeMap<String, Stored>>,
    pub(super) requests: Vec<(String, String)>,
    /// Who waits for a request: method, part of its address.
    pub(super) waiting: Vec<(String, String, Sender<()>)>,
    /// The same in full, by their numbers.
    pub(super) calls: BTreeMap<u64, Call>,
    /// How many requests there ever were.
    pub(super) count: u64,
    pub(super) guard: Option<Guard>,
    pub(super) rules: Vec<Rule>,
    /// Those that struck.
    pub(super) faults: Vec<Fault>,
}

#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub(super) body: Bytes,
    /// Hex, without quotes.
    pub(super) etag: String,
    pub(super) modified: SystemTime,
    pub(super) crc32: Option<String>,
    pub(super) crc64nvme: Option<String>,
}

impl Stored {
    pub(super) fn new(body: Bytes) -> Self {
        // The first half of a SHA-256 has the shape of the MD5 that AWS uses, and the same meaning: same content, same ETag.
        let etag = Sha256::digest(&body)[..16].iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        });
        Self { body, etag, modified: SystemTime::now(), crc32: None, crc64nvme: None }
    }

    pub(super) fn with_checksum(body: Bytes) -> Self {
        let crc64nvme = checksums(&body).checksum_crc64nvme;
        Self { crc64nvme, ..Self::new(body) }
    }
}

/// CRC-32 and CRC-64/NVME of a body, base64.
pub(super) fn checksums(body: &[u8]) -> Checksum {
    let mut hasher =
        ChecksumHasher { crc32: Some(Crc32::new()), crc64nvme: Some(Crc64Nvme::new()), ..Default::default() };
    hasher.update(body);
    hasher.finalize()
}
