//! A store in a local folder: keys are paths below it.
//!
//! Every write goes to a temporary file in the same folder, is flushed to disk and then renamed, so no reader sees a partial object and no
//! crash leaves one. Not for folders in which other programs change files in place: such a change is detected by size and time only.

pub(super) mod file;
mod walk;

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use super::{Condition, FolderListing, Object, OpenFile, Store, StoreError, Version, key};

/// Prefix of the store's own files (locks, unfinished writes). They are not listed, and keys cannot use it.
const RESERVED_PREFIX: &str = ".cityflow.";

/// Objects in a folder. Clones are cheap.
#[derive(Debug, Clone)]
pub struct LocalStore {
    root: Arc<Path>,
    /// Whether another program may still create the folder; until then the store is empty.
    awaited: bool,
}

impl LocalStore {
    /// The store in an existing folder.
    ///
    /// # Errors
    /// [`StoreError::NoSuchRoot`] if the folder does not exist.
    pub fn open(root: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let store = Self { root: root.into().into(), awaited: false };
        match std::fs::metadata(&store.root) {
            Ok(data) if data.is_dir() => Ok(store),
            Ok(_) => Err(StoreError::Other { key: store.root(), detail: "this is a file, not a folder".into() }),
            Err(error) => Err(store.error("", &error)),
        }
    }

    /// The store in a folder, which is created with its parents if it does not exist.
    ///
    /// # Errors
    /// The folder cannot be created.
    pub fn create(root: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let root = root.into();
        match file::create_folders(&root) {
            Ok(()) => Self::open(root),
            Err(error) => Err(Self { root: root.into(), awaited: false }.error("", &error)),
        }
    }

    /// The store in a folder that another program may create later. Until then it is empty.
    ///
    /// # Errors
    /// The path is that of a file, or it cannot be accessed.
    pub fn awaited(root: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let root = root.into();
        match Self::open(&root) {
            Err(StoreError::NoSuchRoot { .. }) => Ok(Self { root: root.into(), awaited: true }),
            opened => opened,
        }
    }

    /// The path of a valid key.
    fn path(&self, key: &str) -> Result<PathBuf, StoreError> {
        key::check(key, || self.address(key))?;
        let reason = if key.split('/').any(str::is_empty) {
            "a key in a folder cannot have an empty part"
        } else if key.split('/').any(|part| part.starts_with(RESERVED_PREFIX)) {
            "names that begin with .cityflow. are reserved"
        } else {
            return Ok(self.root.join(key));
        };
        Err(StoreError::Other { key: self.address(key), detail: reason.into() })
    }

    fn check_prefix(&self, prefix: &str) -> Result<(), StoreError> {
        if prefix.starts_with('/') || prefix.split('/').any(|part| part == "..") {
            let detail = "a prefix is relative to its store and cannot contain ..".into();
            return Err(StoreError::Other { key: self.address(prefix), detail });
        }
        Ok(())
    }

    /// Maps an I/O error about a key.
    fn error(&self, key: &str, error: &io::Error) -> StoreError {
        let address = self.address(key);
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory if !self.awaited && !self.root.is_dir() => {
                StoreError::NoSuchRoot { root: self.root() }
            }
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory => {
                StoreError::NotFound { key: address }
            }
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                StoreError::Denied { key: address, status: None, detail: error.to_string() }
            }
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                StoreError::Full { key: address, detail: error.to_string() }
            }
            _ => StoreError::Other { key: address, detail: error.to_string() },
        }
    }

    /// Runs blocking work on another thread and maps its errors to errors about `key`. A panic of the work continues here.
    async fn blocking<T, F>(&self, key: &str, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Path) -> Result<T, FileError> + Send + 'static,
    {
        let root = Arc::clone(&self.root);
        match tokio::task::spawn_blocking(move || work(&root)).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(FileError::Io(error))) => Err(self.error(key, &error)),
            Ok(Err(FileError::Changed)) => Err(StoreError::Changed { key: self.address(key) }),
            Ok(Err(FileError::Invalid(detail))) => Err(StoreError::Other { key: self.address(key), detail }),
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(cancelled) => Err(StoreError::Other { key: self.address(key), detail: cancelled.to_string() }),
            },
        }
    }
}

/// An error of blocking work, which does not know its key.
#[derive(Debug)]
enum FileError {
    Io(io::Error),
    Changed,
    Invalid(String),
}

impl From<io::Error> for FileError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

#[async_trait]
impl Store for LocalStore {
    fn root(&self) -> String {
        self.root.display().to_string()
    }

    async fn list(&self, prefix: &str) -> Result<Vec<Object>, StoreError> {
        self.check_prefix(prefix)?;
        if self.awaited && !self.root.exists() {
            return Ok(Vec::new());
        }
        let prefix = prefix.to_owned();
        self.blocking("", move |root| walk::list(root, &prefix).map_err(FileError::from)).await
    }

    async fn list_folder(&self, prefix: &str) -> Result<FolderListing, StoreError> {
        self.check_prefix(prefix)?;
        let prefix = prefix.to_owned();
        self.blocking("", move |root| walk::list_folder(root, &prefix).map_err(FileError::from)).await
    }

    async fn head(&self, key: &str) -> Result<Object, StoreError> {
        let path = self.path(key)?;
        let name = key.to_owned();
        self.blocking(key, move |_| Ok(file::object(&name, &file::file_metadata(&path)?))).await
    }

    async fn get_range(&self, key: &str, range: Range<u64>, version: &Version) -> Result<Bytes, StoreError> {
        let path = self.path(key)?;
        let version = version.clone();
        self.blocking(key, move |_| file::read_range(&path, range, &version)).await
    }

    async fn open_file(&self, key: &str, version: &Version) -> Result<Option<OpenFile>, StoreError> {
        let path = self.path(key)?;
        let (wanted, address) = (version.clone(), self.address(key));
        self.blocking(key, move |_| {
            let (file, data) = file::open(&path)?;
            if file::version(&data) != wanted {
                return Err(FileError::Changed);
            }
            Ok(Some(OpenFile::new(file, path, address, data.len(), wanted)))
        })
        .await
    }

    async fn get(&self, key: &str) -> Result<(Bytes, Object), StoreError> {
        let path = self.path(key)?;
        let name = key.to_owned();
        self.blocking(key, move |_| {
            let (body, data) = file::read(&path)?;
            Ok((body, file::object(&name, &data)))
        })
        .await
    }

    async fn put(&self, key: &str, body: Bytes, condition: Condition) -> Result<Version, StoreError> {
        let path = self.path(key)?;
        self.blocking(key, move |root| {
            // A root that has disappeared is not recreated: it may be a volume that is not mounted.
            std::fs::metadata(root)?;
            file::write(&path, &body, &condition)
        })
        .await
        .map_err(|error| match error {
            // The folder of the key has just been created, so this means a conflict of a file and a folder.
            StoreError::NotFound { key } => StoreError::Other {
                key,
                detail: "a file exists where a folder is needed, or a folder where a file is needed".into(),
            },
            error => error,
        })
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        let path = self.path(key)?;
        match self.blocking(key, move |_| Ok(file::remove(&path)?)).await {
            Err(StoreError::NotFound { .. }) => Ok(()),
            other => other,
        }
    }

    async fn stored_checksum(&self, key: &str) -> Result<Option<String>, StoreError> {
        // A file system stores no checksum, but a missing object is an error.
        self.head(key).await.map(|_| None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Code;

    #[test]
    fn io_errors_map_to_exit_codes() {
        let folder = tempfile::tempdir().unwrap();
        let store = LocalStore::open(folder.path()).unwrap();
        let code = |kind: io::ErrorKind| store.error("key", &kind.into()).failure().code;
        assert_eq!(code(io::ErrorKind::StorageFull), Code::Unavailable);
        assert_eq!(code(io::ErrorKind::QuotaExceeded), Code::Unavailable);
        assert_eq!(code(io::ErrorKind::ReadOnlyFilesystem), Code::Usage);
        assert_eq!(code(io::ErrorKind::PermissionDenied), Code::Usage);
        let full = store.error("key", &io::ErrorKind::StorageFull.into());
        assert!(matches!(&full, StoreError::Full { key, .. } if *key == store.address("key")), "{full:?}");
    }
}
