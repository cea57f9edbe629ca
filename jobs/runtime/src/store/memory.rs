//! A store in memory, for tests and for dry runs.
//!
//! Not for production: nothing survives the process.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};

use super::{Condition, Object, Store, StoreError, Version, key};

/// Objects in memory. Clones share the same objects.
#[derive(Debug, Clone)]
pub struct MemoryStore {
    name: String,
    inside: Arc<Mutex<Inside>>,
}

#[derive(Debug, Default)]
struct Inside {
    objects: BTreeMap<String, Entry>,
    writes: u64,
}

#[derive(Debug, Clone)]
struct Entry {
    body: Bytes,
    version: Version,
    modified: DateTime<Utc>,
    checksum: Option<String>,
}

impl Entry {
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
        Self::named("store")
    }

    /// An empty store whose address is `memory://<name>`.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), inside: Arc::default() }
    }

    /// Puts an object there without a condition, for the setting of a test. The key is not checked.
    pub fn insert(&self, key: impl Into<String>, body: impl Into<Bytes>) -> Version {
        self.inside().write(key.into(), body.into())
    }

    /// Declares the checksum that [`Store::stored_checksum`] gives for a key until its next write.
    pub fn set_checksum(&self, key: &str, checksum: impl Into<String>) {
        if let Some(entry) = self.inside().objects.get_mut(key) {
            entry.checksum = Some(checksum.into());
        }
    }

    /// The bytes of an object, if it is there.
    pub fn bytes(&self, key: &str) -> Option<Bytes> {
        self.inside().objects.get(key).map(|entry| entry.body.clone())
    }

    /// All keys in byte order.
    pub fn keys(&self) -> Vec<String> {
        self.inside().objects.keys().cloned().collect()
    }

    /// How many writes and removals there were since the store was made: a dry run leaves it as it was.
    pub fn writes(&self) -> u64 {
        self.inside().writes
    }

    // A panic of another thread cannot leave the map half-written: each change is one call on it.
    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn entry(&self, name: &str) -> Result<Entry, StoreError> {
        key::check(name, || self.address(name))?;
        self.inside().objects.get(name).cloned().ok_or_else(|| StoreError::NotFound { key: self.address(name) })
    }
}

impl Inside {
    fn write(&mut self, key: String, body: Bytes) -> Version {
        self.writes += 1;
        let version = Version(self.writes.to_string());
        self.objects.insert(key, Entry { body, version: version.clone(), modified: Utc::now(), checksum: None });
        version
    }
}

#[async_trait]
impl Store for MemoryStore {
    fn root(&self) -> String {
        format!("memory://{}", self.name)
    }

    async fn list(&self, prefix: &str) -> Result<Vec<Object>, StoreError> {
        let inside = self.inside();
        let from = inside.objects.range(prefix.to_owned()..);
        Ok(from.take_while(|(key, _)| key.starts_with(prefix)).map(|(key, entry)| entry.object(key)).collect())
    }

    async fn head(&self, key: &str) -> Result<Object, StoreError> {
        Ok(self.entry(key)?.object(key))
    }

    async fn get_range(&self, key: &str, range: Range<u64>, version: &Version) -> Result<Bytes, StoreError> {
        let entry = self.entry(key)?;
        if entry.version != *version {
            return Err(StoreError::Changed { key: self.address(key) });
        }
        key::check_range(&range, entry.body.len() as u64, || self.address(key))?;
        Ok(entry.body.slice(range.start as usize..range.end as usize))
    }

    async fn get(&self, key: &str) -> Result<(Bytes, Object), StoreError> {
        let entry = self.entry(key)?;
        Ok((entry.body.clone(), entry.object(key)))
    }

    async fn put(&self, key: &str, body: Bytes, condition: Condition) -> Result<Version, StoreError> {
        key::check(key, || self.address(key))?;
        let mut inside = self.inside();
        let present = inside.objects.get(key).map(|entry| &entry.version);
        let allowed = match &condition {
            Condition::Always => true,
            Condition::Absent => present.is_none(),
            Condition::Matches(version) => present == Some(version),
        };
        if !allowed {
            return Err(StoreError::Changed { key: self.address(key) });
        }
        Ok(inside.write(key.to_owned(), body))
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        key::check(key, || self.address(key))?;
        let mut inside = self.inside();
        if inside.objects.remove(key).is_some() {
            inside.writes += 1;
        }
        Ok(())
    }

    async fn stored_checksum(&self, key: &str) -> Result<Option<String>, StoreError> {
        Ok(self.entry(key)?.checksum)
    }
}
