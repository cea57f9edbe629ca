//! A file of a local store, open for reads by many threads.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use super::local::file;
use super::{StoreError, Version};

/// An open file at one version. Clones share the file. All calls block.
#[derive(Debug, Clone)]
pub struct OpenFile {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    file: File,
    path: PathBuf,
    /// Address for messages.
    address: String,
    size: u64,
    version: Version,
}

impl OpenFile {
    /// Wraps a file that had `version` when it was opened.
    pub(super) fn new(file: File, path: PathBuf, address: String, size: u64, version: Version) -> Self {
        Self { inner: Arc::new(Inner { file, path, address, size, version }) }
    }

    /// Size in bytes at that version.
    pub fn size(&self) -> u64 {
        self.inner.size
    }

    /// Fills the buffer with the bytes from `offset` on.
    ///
    /// # Errors
    /// [`StoreError::Changed`] if the file ends before the buffer is full, because it has become shorter; [`StoreError::Other`] for I/O
    /// errors.
    pub fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<(), StoreError> {
        match self.inner.file.read_exact_at(buffer, offset) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Err(self.changed()),
            Err(error) => Err(StoreError::Other { key: self.inner.address.clone(), detail: error.to_string() }),
        }
    }

    /// Checks that the file has neither been written to nor replaced since it was opened.
    ///
    /// # Errors
    /// [`StoreError::Changed`] if it has.
    pub fn verify(&self) -> Result<(), StoreError> {
        let held = self.inner.file.metadata().map(|data| file::version(&data));
        let named = file::file_metadata(&self.inner.path).map(|data| file::version(&data));
        match (held, named) {
            (Ok(held), Ok(named)) if held == self.inner.version && named == self.inner.version => Ok(()),
            _ => Err(self.changed()),
        }
    }

    fn changed(&self) -> StoreError {
        StoreError::Changed { key: self.inner.address.clone() }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::store::{LocalStore, MemoryStore, Store as _};

    /// A folder with one file of ten bytes, and the open file.
    async fn opened() -> (tempfile::TempDir, OpenFile) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a"), "0123456789").unwrap();
        let store = LocalStore::open(folder.path()).unwrap();
        let version = store.head("a").await.unwrap().version;
        let file = store.open_file("a", &version).await.unwrap().unwrap();
        (folder, file)
    }

    #[tokio::test]
    async fn threads_read_one_file_concurrently() {
        let (_folder, file) = opened().await;
        assert_eq!(file.size(), 10);
        std::thread::scope(|scope| {
            for at in 0..8 {
                let file = file.clone();
                scope.spawn(move || {
                    let mut bytes = [0; 3];
                    file.read_at(&mut bytes, at).unwrap();
                    assert_eq!(bytes[..], b"0123456789"[at as usize..at as usize + 3]);
                });
            }
        });
        file.verify().unwrap();
        assert!(matches!(file.read_at(&mut [0; 3], 8), Err(StoreError::Changed { key }) if key.ends_with("/a")));
    }

    #[tokio::test]
    async fn verify_detects_a_written_replaced_or_removed_file() {
        let (folder, file) = opened().await;
        std::fs::OpenOptions::new().append(true).open(folder.path().join("a")).unwrap().write_all(b"more").unwrap();
        assert!(matches!(file.verify(), Err(StoreError::Changed { .. })));

        let (folder, file) = opened().await;
        std::fs::write(folder.path().join("b"), "0123456789").unwrap();
        std::fs::rename(folder.path().join("b"), folder.path().join("a")).unwrap();
        assert!(matches!(file.verify(), Err(StoreError::Changed { .. })));
        file.read_at(&mut [0; 10], 0).unwrap();

        let (folder, file) = opened().await;
        std::fs::remove_file(folder.path().join("a")).unwrap();
        assert!(matches!(file.verify(), Err(StoreError::Changed { .. })));
    }

    #[tokio::test]
    async fn open_file_needs_the_current_version_and_a_local_store() {
        let (folder, _file) = opened().await;
        let store = LocalStore::open(folder.path()).unwrap();
        let old = Version("another".to_owned());
        assert!(matches!(store.open_file("a", &old).await, Err(StoreError::Changed { .. })));
        assert!(matches!(store.open_file("b", &old).await, Err(StoreError::NotFound { .. })));
        let memory = MemoryStore::new();
        let version = memory.insert("a", "x");
        assert!(memory.open_file("a", &version).await.unwrap().is_none());
    }
}
