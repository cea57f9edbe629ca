//! Where bytes live: an S3 bucket, a local folder, or memory, behind one trait.
//!
//! Not for listing "directories" or for streaming writes: the jobs write whole small documents and read ranges of large objects.
//! Keys are relative to the store's root, separated by `/`, and never begin with one.

mod failure;
mod key;
pub mod local;
pub mod memory;
mod open;
pub mod s3;

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

pub use local::LocalStore;
pub use memory::MemoryStore;
pub use open::OpenFile;
pub use s3::{S3Options, S3Store};

/// A shared handle on a store.
pub type SharedStore = Arc<dyn Store>;

/// What identifies one version of an object: an S3 ETag, or size, time and inode of a file. Opaque; compared, never parsed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Version(pub String);

/// One object as a listing or a HEAD shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Key relative to the store's root.
    pub key: String,
    /// Size in bytes, as stored.
    pub size: u64,
    /// Its present version.
    pub version: Version,
    /// Last modification, UTC.
    pub modified: chrono::DateTime<chrono::Utc>,
}

/// When a write may happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// Always.
    Always,
    /// Only if there is no object at the key (`If-None-Match: *`).
    Absent,
    /// Only if the object still has this version (`If-Match`).
    Matches(Version),
}

/// Why a store did not do what it was asked, by what the caller can do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// There is no such object.
    #[error("{key}: not found")]
    NotFound {
        /// Full address of the object.
        key: String,
    },
    /// There is no such bucket or folder.
    #[error("{root}: no such bucket or folder")]
    NoSuchRoot {
        /// Address of the store's root.
        root: String,
    },
    /// The object is no longer the version asked for, or the condition of a write does not hold (412).
    #[error("{key}: changed meanwhile")]
    Changed {
        /// Full address of the object.
        key: String,
    },
    /// Another write to the same key was under way (409); the same request may be sent again.
    #[error("{key}: another write is under way")]
    Conflict {
        /// Full address of the object.
        key: String,
    },
    /// Not allowed (401, 403, EACCES). On S3 a 403 also hides a missing key from who has no `ListBucket`.
    #[error("{key}: access denied ({detail})")]
    Denied {
        /// Full address of the object.
        key: String,
        /// What the server said.
        detail: String,
    },
    /// The store could not be reached, after all retries.
    #[error("{key}: store unreachable ({detail})")]
    Unreachable {
        /// Full address of the object.
        key: String,
        /// What the last attempt said.
        detail: String,
    },
    /// No space left.
    #[error("{key}: no space left ({detail})")]
    Full {
        /// Full address of the object.
        key: String,
        /// What the system said.
        detail: String,
    },
    /// A key that cannot be one (empty, absolute, `..`), or any answer that fits nothing above.
    #[error("{key}: {detail}")]
    Other {
        /// Full address of the object.
        key: String,
        /// What happened.
        detail: String,
    },
}

/// A place for objects. Every write is whole or not at all.
#[async_trait]
pub trait Store: Send + Sync + std::fmt::Debug {
    /// Address for people: `s3://bucket/prefix` or a path.
    fn root(&self) -> String;

    /// All objects whose key begins with `prefix`, in byte order of their keys (all pages). Temporary files of unfinished writes are
    /// never listed. A prefix under which there is nothing gives an empty list; a root that is not there is `NoSuchRoot`.
    async fn list(&self, prefix: &str) -> Result<Vec<Object>, StoreError>;

    /// Whether there is any object whose key begins with `prefix`, without listing all of them where the store can tell sooner.
    async fn contains_any(&self, prefix: &str) -> Result<bool, StoreError> {
        Ok(!self.list(prefix).await?.is_empty())
    }

    /// The object as it is now.
    async fn head(&self, key: &str) -> Result<Object, StoreError>;

    /// Bytes `range` of the object at `version`; `Changed` when it is another by now. The range must lie within the object.
    async fn get_range(&self, key: &str, range: Range<u64>, version: &Version) -> Result<Bytes, StoreError>;

    /// The object at `version` as a file that many threads can read at once, where the store has files; `Changed` as in a range.
    async fn open_file(&self, key: &str, version: &Version) -> Result<Option<OpenFile>, StoreError> {
        let (_, _) = (key, version);
        Ok(None)
    }

    /// The whole object with its version.
    async fn get(&self, key: &str) -> Result<(Bytes, Object), StoreError>;

    /// Writes the object whole; gives its new version.
    async fn put(&self, key: &str, body: Bytes, condition: Condition) -> Result<Version, StoreError>;

    /// Removes the object; one that is not there is no error.
    async fn delete(&self, key: &str) -> Result<(), StoreError>;

    /// The CRC-64/NVME (base64) that the store itself keeps of the object's bytes, where it keeps one.
    async fn stored_checksum(&self, key: &str) -> Result<Option<String>, StoreError>;

    /// The whole of a small object at its listed version, with the CRC-64/NVME (base64) that the store keeps of these bytes, where it
    /// keeps one; `Changed` when it is another by now.
    async fn get_with_checksum(&self, object: &Object) -> Result<(Bytes, Option<String>), StoreError> {
        let body = match object.size {
            0 => Bytes::new(),
            size => self.get_range(&object.key, 0..size, &object.version).await?,
        };
        let kept = self.stored_checksum(&object.key).await?;
        // What was asked for second may be of another version by now.
        if kept.is_some() && self.head(&object.key).await?.version != object.version {
            return Err(StoreError::Changed { key: self.address(&object.key) });
        }
        Ok((body, kept))
    }

    /// Full address of a key, for messages.
    fn address(&self, key: &str) -> String {
        let root = self.root();
        if key.is_empty() { root } else { format!("{}/{}", root.trim_end_matches('/'), key) }
    }
}
