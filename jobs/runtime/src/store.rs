//! Object storage: an S3 bucket, a local folder, or memory, behind one trait.
//!
//! Not for streaming writes: the jobs write whole small documents and read ranges of large objects.
//! Keys are relative to the store's root, separated by `/`, and never begin with `/`.

mod failure;
mod key;
pub mod local;
pub mod memory;
mod open;
mod probe;
pub mod s3;

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

pub use local::LocalStore;
pub use memory::MemoryStore;
pub use open::OpenFile;
pub use probe::prove_conditions;
pub use s3::{S3Options, S3Store};

/// A store shared between tasks and threads.
pub type SharedStore = Arc<dyn Store>;

/// Identifies one version of an object: an S3 ETag, or size, modification time and inode of a file. Opaque; compared, never parsed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Version(pub String);

/// The metadata of one object, as returned by a listing or a HEAD.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Relative to the store's root.
    pub key: String,
    /// Size in bytes, as stored (compressed).
    pub size: u64,
    /// Version at the time of the request, for conditional reads and writes.
    pub version: Version,
    /// Time of the last modification, UTC.
    pub modified: chrono::DateTime<chrono::Utc>,
}

/// One level below a prefix.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FolderListing {
    /// Prefixes of the folders, each with its final `/`, in byte order.
    pub folders: Vec<String>,
    /// The objects that are in no folder, in byte order of their keys.
    pub objects: Vec<Object>,
}

/// Precondition of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// None: an existing object is replaced.
    Always,
    /// There is no object at the key (`If-None-Match: *`).
    Absent,
    /// The object still has this version (`If-Match`).
    Matches(Version),
}

/// A part of the S3 protocol that some servers do not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The checksum that the SDK adds to a write.
    #[error("the store refuses the checksum of a write")]
    Checksum,
    /// The condition of a write.
    #[error("the store refuses the condition of a write")]
    Condition,
    /// A header that the answer does not name.
    #[error("the store refuses a header of the request")]
    Header,
}

/// An error of a store, classified by how the caller can react. `key` is always the full address of the object.
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
    /// The object no longer has the requested version, or the precondition of a write failed (412).
    #[error("{key}: changed meanwhile")]
    Changed {
        /// Full address of the object.
        key: String,
    },
    /// Another write to the same key was in progress (409); the same request may be sent again.
    #[error("{key}: another write is in progress")]
    Conflict {
        /// Full address of the object.
        key: String,
    },
    /// Access denied (401, 403, EACCES), or no usable credentials.
    #[error("{key}: access denied ({detail})")]
    Denied {
        /// Full address of the object.
        key: String,
        /// HTTP status of the answer, if a server answered. A 403 of S3 can also mean a missing key if the caller lacks `ListBucket`.
        status: Option<u16>,
        /// Status, code and message of the answer, or the error of the system.
        detail: String,
    },
    /// The TLS certificate of the server is not trusted.
    #[error("{key}: store unreachable ({detail})")]
    Untrusted {
        /// Full address of the object.
        key: String,
        /// The certificate chain ends at an authority that is not trusted; otherwise the certificate itself is invalid (name, dates).
        unknown_authority: bool,
        /// The error of the TLS library.
        detail: String,
    },
    /// The store could not be reached, after all retries.
    #[error("{key}: store unreachable ({detail})")]
    Unreachable {
        /// Full address of the object.
        key: String,
        /// The error of the last attempt.
        detail: String,
    },
    /// The server refuses a part of the protocol that the jobs need; a retry cannot help.
    #[error("{key}: {refused} ({detail})")]
    Refused {
        /// Full address of the object.
        key: String,
        /// The part that it refuses.
        refused: Refused,
        /// Status, code and message of the answer.
        detail: String,
    },
    /// No space left, or a quota is exhausted.
    #[error("{key}: no space left ({detail})")]
    Full {
        /// Full address of the object.
        key: String,
        /// The error of the server or the system.
        detail: String,
    },
    /// An invalid key (empty, absolute, with `..`), or an answer that fits none of the above.
    #[error("{key}: {detail}")]
    Other {
        /// Full address of the object.
        key: String,
        /// The reason, one sentence without its full stop.
        detail: String,
    },
}

/// Object storage. Every write is atomic: readers see the old object or the new one, whole.
#[async_trait]
pub trait Store: Send + Sync + std::fmt::Debug {
    /// Address for messages: `s3://bucket/prefix` or a path.
    fn root(&self) -> String;

    /// All objects whose key begins with `prefix`, in byte order of their keys (all pages). Temporary files of unfinished writes are
    /// never listed. An unknown prefix gives an empty list; a missing root is [`StoreError::NoSuchRoot`].
    async fn list(&self, prefix: &str) -> Result<Vec<Object>, StoreError>;

    /// The folders and objects one level below `prefix`, which is empty or ends with `/`: a folder of a million objects costs no more than one
    /// of them.
    async fn list_folder(&self, prefix: &str) -> Result<FolderListing, StoreError> {
        let mut listing = FolderListing::default();
        for object in self.list(prefix).await? {
            match object.key[prefix.len()..].split_once('/') {
                None => listing.objects.push(object),
                Some((folder, _)) => {
                    let folder = format!("{prefix}{folder}/");
                    if listing.folders.last() != Some(&folder) {
                        listing.folders.push(folder);
                    }
                }
            }
        }
        Ok(listing)
    }

    /// Whether any key begins with `prefix`. S3 answers this without listing all pages.
    async fn contains_any(&self, prefix: &str) -> Result<bool, StoreError> {
        Ok(!self.list(prefix).await?.is_empty())
    }

    /// The metadata of the current version.
    async fn head(&self, key: &str) -> Result<Object, StoreError>;

    /// Bytes `range` of the object, which must lie within it. [`StoreError::Changed`] if the object no longer has `version`.
    async fn get_range(&self, key: &str, range: Range<u64>, version: &Version) -> Result<Bytes, StoreError>;

    /// The object as a file that many threads can read at once; `None` if the store has no files. [`StoreError::Changed`] if the object
    /// no longer has `version`.
    async fn open_file(&self, key: &str, version: &Version) -> Result<Option<OpenFile>, StoreError> {
        let (_, _) = (key, version);
        Ok(None)
    }

    /// The whole object with its metadata at the time of reading.
    async fn get(&self, key: &str) -> Result<(Bytes, Object), StoreError>;

    /// Writes the object and returns its new version. [`StoreError::Changed`] if the condition does not hold.
    async fn put(&self, key: &str, body: Bytes, condition: Condition) -> Result<Version, StoreError>;

    /// Removes the object; a missing object is not an error.
    async fn delete(&self, key: &str) -> Result<(), StoreError>;

    /// The CRC-64/NVME (base64) that the store has computed over the object's bytes, if it stores one.
    async fn stored_checksum(&self, key: &str) -> Result<Option<String>, StoreError>;

    /// A whole small object at its listed version, with its [stored checksum](Self::stored_checksum). [`StoreError::Changed`] if the
    /// object no longer has that version.
    async fn get_with_checksum(&self, object: &Object) -> Result<(Bytes, Option<String>), StoreError> {
        let body = match object.size {
            0 => Bytes::new(),
            size => self.get_range(&object.key, 0..size, &object.version).await?,
        };
        let checksum = self.stored_checksum(&object.key).await?;
        // The object may have been replaced between the two requests.
        if checksum.is_some() && self.head(&object.key).await?.version != object.version {
            return Err(StoreError::Changed { key: self.address(&object.key) });
        }
        Ok((body, checksum))
    }

    /// Full address of a key, for messages.
    fn address(&self, key: &str) -> String {
        let root = self.root();
        if key.is_empty() { root } else { format!("{}/{}", root.trim_end_matches('/'), key) }
    }
}
