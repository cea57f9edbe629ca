//! The state of the server: objects, requests, and the faults to inject.

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

use super::fault::{FaultRule, InjectedFault};
use super::recorded_request::{AccessCheck, RecordedRequest};

pub(super) type SharedState = Arc<Mutex<ServerState>>;

/// Locks the state, also after a panic under the lock.
pub(super) fn lock(state: &SharedState) -> MutexGuard<'_, ServerState> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Debug, Default)]
pub(super) struct ServerState {
    pub(super) buckets: BTreeMap<String, BTreeMap<String, StoredObject>>,
    pub(super) requests: Vec<(String, String)>,
    /// Channels of [`super::S3Server::expect_request`]: method, part of the address, sender.
    pub(super) waiting: Vec<(String, String, Sender<()>)>,
    /// By request number.
    pub(super) recorded: BTreeMap<u64, RecordedRequest>,
    /// Number of the last request; not reset when requests are cleared.
    pub(super) count: u64,
    pub(super) access: Option<AccessCheck>,
    pub(super) rules: Vec<FaultRule>,
    pub(super) applied_faults: Vec<InjectedFault>,
    /// Beginnings of the names of headers that the server refuses.
    pub(super) refused_headers: Vec<String>,
    /// The server executes writes whose condition does not hold.
    pub(super) ignores_conditions: bool,
}

#[derive(Debug, Clone)]
pub(super) struct StoredObject {
    pub(super) body: Bytes,
    /// Hex, without quotes.
    pub(super) etag: String,
    pub(super) modified: SystemTime,
    pub(super) crc32: Option<String>,
    pub(super) crc64nvme: Option<String>,
}

impl StoredObject {
    pub(super) fn new(body: Bytes) -> Self {
        // AWS uses the MD5; the first half of a SHA-256 has the same length and property: same content, same ETag.
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
