//! From the raw folder to bytes: what is there, fetched at one version, decompressed, summed up. Knows keys, and no source's content.

use std::io::Read;

use bytes::Bytes;
use chrono::{DateTime, Duration, NaiveDate, NaiveTime, Utc};
use contract::document::Input;
use contract::{Source, keys};
use runtime::failure::Failure;
use runtime::store::{Object, SharedStore, StoreError};

pub mod checksum;
pub mod stream;

use crate::source::{RawFile, SourceError};
use checksum::Checksum;

/// Days of collection before and after D in which snapshots of D are looked for.
const COLLECTED: std::ops::RangeInclusive<i64> = -2..=7;

/// Why an object could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InputError {
    /// It was replaced while it was read: the source starts again.
    #[error("{0} was replaced while it was read")]
    Replaced(String),
    /// The store did not give it.
    #[error("{0}")]
    Store(StoreError),
    /// Its content cannot be the source.
    #[error("{0}")]
    Content(SourceError),
}

impl From<StoreError> for InputError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Changed { key } | StoreError::NotFound { key } => Self::Replaced(key),
            other => Self::Store(other),
        }
    }
}

/// Everything in the raw folder that a run may read.
#[derive(Debug, Clone, Default)]
pub struct Inventory {
    /// `batch/` and `reference/`, in key order.
    pub files: Vec<Object>,
    /// Snapshots, by source, in key order.
    snapshots: Vec<(Source, Object)>,
}

impl Inventory {
    /// What is there for one day. Snapshots are listed only for the days of collection that may hold it.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn take(store: &SharedStore, day: NaiveDate) -> Result<Self, Failure> {
        let mut inventory = Self::default();
        for prefix in [keys::BATCH, "reference/"] {
            inventory.files.extend(store.list(prefix).await.map_err(|error| error.failure())?);
        }
        for source in [Source::Bikes, Source::Traffic, Source::Weather] {
            for offset in COLLECTED {
                let prefix = keys::snapshots(source, day + Duration::days(offset));
                let objects = store.list(&prefix).await.map_err(|error| error.failure())?;
                inventory.snapshots.extend(objects.into_iter().map(|object| (source, object)));
            }
        }
        Ok(inventory)
    }

    /// Whether no source has a file; what is in `reference/` describes and measures nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.snapshots.is_empty() && !self.files.iter().any(|object| batch_source(&object.key).is_some())
    }

    /// The object at a key.
    #[must_use]
    pub fn at(&self, key: &str) -> Option<&Object> {
        self.files.iter().find(|object| object.key == key)
    }

    /// The files of a source in `batch/`, in key order.
    #[must_use]
    pub fn batch(&self, source: Source) -> Vec<Object> {
        self.files.iter().filter(|object| batch_source(&object.key) == Some(source)).cloned().collect()
    }

    /// Files of `batch/` that belong to no source.
    pub fn strangers(&self) -> impl Iterator<Item = &str> {
        self.files
            .iter()
            .map(|object| object.key.as_str())
            .filter(|key| key.starts_with(keys::BATCH) && batch_source(key).is_none())
    }

    /// The snapshots of a source, with the end of the hour (or day) of collection; then what is there and is no snapshot.
    #[must_use]
    pub fn snapshots(&self, source: Source) -> (Vec<(Object, DateTime<Utc>)>, Vec<String>) {
        let (mut found, mut others) = (Vec::new(), Vec::new());
        for (_, object) in self.snapshots.iter().filter(|(of, _)| *of == source) {
            match collected(&object.key).filter(|_| is_json(&object.key)) {
                Some(end) => found.push((object.clone(), end)),
                None => others.push(object.key.clone()),
            }
        }
        (found, others)
    }
}

/// Which source a file of `batch/` belongs to, by its name.
fn batch_source(key: &str) -> Option<Source> {
    let name = key.strip_prefix(keys::BATCH)?;
    let plain = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst")).unwrap_or(name);
    let stem = plain.strip_suffix(".csv").filter(|stem| !stem.contains('/'))?;
    [
        ("comptages-", Source::Comptages),
        ("comptage-velo", Source::Bikes),
        ("chantiers-", Source::Chantiers),
        ("referentiel-", Source::Referentiel),
        ("meteo", Source::Weather),
    ]
    .into_iter()
    .find_map(|(prefix, source)| stem.starts_with(prefix).then_some(source))
}

fn is_json(key: &str) -> bool {
    let plain = key.strip_suffix(".gz").or_else(|| key.strip_suffix(".zst")).unwrap_or(key);
    plain.ends_with(".json") || plain.ends_with(".jsonl")
}

/// The end of the hour that a snapshot's folder names, or of its day.
fn collected(key: &str) -> Option<DateTime<Utc>> {
    let mut parts = key.split('/');
    let day: NaiveDate = parts.find_map(|part| part.strip_prefix("dt="))?.parse().ok()?;
    let midnight = day.and_time(NaiveTime::MIN).and_utc();
    match parts.find_map(|part| part.strip_prefix("hour=")) {
        Some(hour) => Some(
            midnight + Duration::hours(hour.parse::<u8>().ok().filter(|hour| *hour < 24)?.into()) + Duration::hours(1),
        ),
        None => Some(midnight + Duration::days(1)),
    }
}

/// One object in memory with what documents say of it. A content that cannot be decompressed is an error of the source.
///
/// # Errors
/// See [`InputError`].
pub async fn fetch(store: &SharedStore, object: &Object) -> Result<(Bytes, Input), InputError> {
    // A range of nothing is no request that a store understands.
    let stored = match object.size {
        0 => Bytes::new(),
        size => store.get_range(&object.key, 0..size, &object.version).await?,
    };
    let mut sum = Checksum::default();
    sum.update(&stored);
    let input = Input { cle: object.key.clone(), taille_octets: object.size, crc64nvme: sum.base64() };
    checksum::compare(store, &input, &object.version).await?;
    Ok((stored, input))
}

/// The content of an object: decompressed where its name says that it is compressed.
///
/// # Errors
/// A sentence that says what is wrong and what to do.
pub fn content(key: &str, stored: Bytes) -> Result<Bytes, SourceError> {
    if !key.ends_with(".gz") && !key.ends_with(".zst") {
        return Ok(stored);
    }
    let mut bytes = Vec::new();
    stream::decoder(key, std::io::Cursor::new(stored))
        .and_then(|mut decoder| decoder.read_to_end(&mut bytes))
        .map_err(|error| stream::corrupt(key, &error))?;
    Ok(bytes.into())
}

/// A file of `batch/` or `reference/`, whole.
///
/// # Errors
/// See [`InputError`].
pub async fn file(store: &SharedStore, object: &Object) -> Result<(RawFile, Input), InputError> {
    let (stored, input) = fetch(store, object).await?;
    let bytes = content(&object.key, stored).map_err(InputError::Content)?;
    Ok((RawFile { key: object.key.clone(), bytes, collected: None }, input))
}

/// A snapshot, whole. One that cannot be decompressed is as good as empty: its source counts it and goes on.
///
/// # Errors
/// See [`InputError`].
pub async fn snapshot(
    store: &SharedStore,
    object: &Object,
    collected: DateTime<Utc>,
) -> Result<(RawFile, Input), InputError> {
    let (stored, input) = match fetch(store, object).await {
        // Damaged on the way into the store: as lost as an empty one.
        Err(InputError::Content(error)) => {
            tracing::warn!(key = error.key, reason = error.reason, "snapshot not usable");
            let input = Input { cle: object.key.clone(), taille_octets: object.size, crc64nvme: String::new() };
            (Bytes::new(), input)
        }
        fetched => fetched?,
    };
    let bytes = content(&object.key, stored).unwrap_or_default();
    Ok((RawFile { key: object.key.clone(), bytes, collected: Some(collected) }, input))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_belongs_to_the_source_that_its_name_says() {
        assert_eq!(batch_source("batch/comptages-2025.csv.zst"), Some(Source::Comptages));
        assert_eq!(batch_source("batch/comptage-velo-2021-09.csv"), Some(Source::Bikes));
        assert_eq!(batch_source("batch/meteo.csv"), Some(Source::Weather));
        for stranger in
            ["batch/comptages.csv", "batch/old/comptages-1.csv", "batch/comptages-1.txt", "reference/lignes.csv"]
        {
            assert_eq!(batch_source(stranger), None, "{stranger}");
        }
    }

    #[test]
    fn a_snapshot_was_collected_by_the_end_of_its_hour() {
        let end = |key| collected(key).map(|end| end.to_rfc3339());
        assert_eq!(end("api/bikes/dt=2025-11-04/hour=02/a.json").as_deref(), Some("2025-11-04T03:00:00+00:00"));
        assert_eq!(end("api/bikes/dt=2025-11-04/a.json").as_deref(), Some("2025-11-05T00:00:00+00:00"));
        assert_eq!(end("api/bikes/dt=2025-11-04/hour=24/a.json"), None);
        assert_eq!(end("api/bikes/a.json"), None);
    }
}
