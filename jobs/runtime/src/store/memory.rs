//! A store in memory, for tests and dry runs. Nothing survives the process.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};

use super::{Condition, Object, Store, StoreError, Version, key};

/// Objects in memory. Clones share them.
#[derive(Debug, Clone)]
pub struct MemoryStore {
    address: String,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    objects: BTreeMap<String, Stored>,
    writes: u64,
}

#[derive(Debug, Clone)]
struct Stored {
    body: Bytes,
    version: Version,
    modified: DateTime<Utc>,
    checksum: Option<String>,
}

impl Stored {
    fn object(&self, key: &str) -> Object {
        Object {
            key: key.to_owned(),
            size: self.body.len() as u64,
            version: self.version.clone(),
            modified: self.modified,
        }
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::with_name("store")
    }

    /// An empty store with the address `memory://<name>`.
    pub fn with_name(name: &str) -> Self {
        Self::in_place_of(format!("memory://{name}"))
    }

    /// An empty store with the address of another place, for a dry run.
    pub fn in_place_of(address: impl Into<String>) -> Self {
        Self { address: address.into(), state: Arc::default() }
    }

    /// Writes an object without a condition and without checking its key, to prepare a test.
    pub fn insert(&self, key: impl Into<String>, body: impl Into<Bytes>) -> Version {
        self.state().write(key.into(), body.into())
    }

    /// Sets the checksum that [`Store::stored_checksum`] returns for a key until its next write.
    pub fn set_checksum(&self, key: &str, checksum: impl Into<String>) {
        if let Some(stored) = self.state().objects.get_mut(key) {
            stored.checksum = Some(checksum.into());
        }
    }

    /// The bytes of an object, or `None` if it does not exist.
    pub fn bytes(&self, key: &str) -> Option<Bytes> {
        self.state().objects.get(key).map(|stored| stored.body.clone())
    }

    /// All keys in byte order.
    pub fn keys(&self) -> Vec<String> {
        self.state().objects.keys().cloned().collect()
    }

    /// Number of writes and removals since the store was created, to verify that a dry run makes none.
    pub fn writes(&self) -> u64 {
        self.state().writes
    }

    // A panic of another thread cannot leave the map inconsistent: each change is a single call.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stored(&self, name: &str) -> Result<Stored, StoreError> {
        key::check(name, || self.address(name))?;
        self.state().objects.get(name).cloned().ok_or_else(|| StoreError::NotFound { key: self.address(name) })
    }
}

impl State {
    fn write(&mut self, key: String, body: Bytes) -> Version {
        self.writes += 1;
        let version = Version(self.writes.to_string());
        self.objects.insert(key, Stored { body, version: version.clone(), modified: Utc::now(), checksum: None });
        version
    }
}

#[async_trait]
impl Store for MemoryStore {
    fn root(&self) -> String {
        self.address.clone()
    }

    async fn list(&self, prefix: &str) -> Result<Vec<Object>, StoreError> {
        let state = self.state();
        let from = state.objects.range(prefix.to_owned()..);
        Ok(from.take_while(|(key, _)| key.starts_with(prefix)).map(|(key, stored)| stored.object(key)).collect())
    }

    async fn head(&self, key: &str) -> Result<Object, StoreError> {
        Ok(self.stored(key)?.object(key))
    }

    async fn get_range(&self, key: &str, range: Range<u64>, version: &Version) -> Result<Bytes, StoreError> {
        let stored = self.stored(key)?;
        if stored.version != *version {
            return Err(StoreError::Changed { key: self.address(key) });
        }
        key::check_range(&range, stored.body.len() as u64)
            .map_err(|detail| StoreError::Other { key: self.address(key), detail })?;
        Ok(stored.body.slice(range.start as usize..range.end as usize))
    }

    async fn get(&self, key: &str) -> Result<(Bytes, Object), StoreError> {
        let stored = self.stored(key)?;
        Ok((stored.body.clone(), stored.object(key)))
    }

    async fn put(&self, key: &str, body: Bytes, condition: Condition) -> Result<Version, StoreError> {
        key::check(key, || self.address(key))?;
        let mut state = self.state();
        let current = state.objects.get(key).map(|stored| &stored.version);
        let allowed = match &condition {
            Condition::Always => true,
            Condition::Absent => current.is_none(),
            Condition::Matches(version) => current == Some(version),
        };
        if !allowed {
            return Err(StoreError::Changed { key: self.address(key) });
        }
        Ok(state.write(key.to_owned(), body))
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        key::check(key, || self.address(key))?;
        let mut state = self.state();
        if state.objects.remove(key).is_some() {
            state.writes += 1;
        }
        Ok(())
    }

    async fn stored_checksum(&self, key: &str) -> Result<Option<String>, StoreError> {
        Ok(self.stored(key)?.checksum)
    }
}
