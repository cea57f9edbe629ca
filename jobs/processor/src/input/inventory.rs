//! The inventory of the raw folder: listed once for all days of a run. For each day it gives exactly the files that a run for this day alone
//! would see.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Duration, NaiveDate, Utc};
use contract::keys::ReferenceKind;
use contract::{Source, keys};
use futures::{StreamExt as _, TryStreamExt as _};
use runtime::failure::Failure;
use runtime::store::{Object, SharedStore};

use super::not_read::{self, NotRead, UnreadFile, WhyNotRead};
use crate::order::file_order;

/// Days of collection, relative to D, whose snapshots are read for D.
const COLLECTED: std::ops::RangeInclusive<i64> = -2..=7;
/// Concurrent list requests.
const LISTINGS: usize = 16;
/// From this number of days on, the whole folder of a source is listed: one request returns a thousand keys.
const MANY_DAYS: usize = 60;
/// Sources that are collected as snapshots under `api/`.
pub(crate) const API_SOURCES: [Source; 3] = [Source::BikeCounts, Source::Disruptions, Source::Weather];

/// The days of collection whose snapshots are read for a day.
#[must_use]
pub(crate) fn around(day: NaiveDate) -> std::ops::RangeInclusive<NaiveDate> {
    let shifted = |days: i64| day.checked_add_signed(Duration::days(days)).unwrap_or(day);
    shifted(*COLLECTED.start())..=shifted(*COLLECTED.end())
}

/// The objects in the raw folder that a run may read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Inventory {
    /// `batch/` and `reference/`, in key order.
    pub(crate) files: Vec<Object>,
    /// Snapshots by source and day of collection, each day in the order of collection.
    snapshots: BTreeMap<(Source, NaiveDate), Vec<Object>>,
    /// Entries of `api/` that are in no folder of a day.
    outside: Vec<UnreadFile>,
    /// Sources with the folder of any day.
    with_snapshots: BTreeSet<Source>,
}

/// The snapshots of some sources, and the entries next to the folders of the days.
#[derive(Default)]
struct FoundSnapshots {
    by_day: BTreeMap<(Source, NaiveDate), Vec<Object>>,
    outside: Vec<UnreadFile>,
    with_snapshots: BTreeSet<Source>,
}

impl Inventory {
    /// Lists all files, and the snapshots for `days`.
    pub(crate) async fn list(store: &SharedStore, days: &BTreeSet<NaiveDate>) -> Result<Self, Failure> {
        let files = Self::files(store);
        let api = async { store.list_folder(keys::API).await.map_err(|error| error.failure()) };
        let snapshots = snapshots_of(store, &API_SOURCES, days);
        let (files, api, found) = futures::future::try_join3(files, api, snapshots).await?;
        let mut outside = not_read::outside_sources(&api);
        outside.extend(found.outside);
        Ok(Self { files, snapshots: found.by_day, outside, with_snapshots: found.with_snapshots })
    }

    /// Lists `batch/` and `reference/`, in key order.
    pub(crate) async fn files(store: &SharedStore) -> Result<Vec<Object>, Failure> {
        let (mut batch, reference) = futures::future::try_join(store.list(keys::BATCH), store.list(keys::REFERENCE))
            .await
            .map_err(|error| error.failure())?;
        batch.extend(reference);
        Ok(batch)
    }

    /// Lists the snapshots of some sources for `days`, and replaces those listed before.
    pub(crate) async fn relist(
        &mut self,
        store: &SharedStore,
        sources: &[Source],
        days: &BTreeSet<NaiveDate>,
    ) -> Result<(), Failure> {
        let found = snapshots_of(store, sources, days).await?;
        let collected: BTreeSet<NaiveDate> = days.iter().flat_map(|day| folders(*day)).collect();
        self.snapshots.retain(|(source, day), _| !sources.contains(source) || !collected.contains(day));
        self.snapshots.extend(found.by_day);
        Ok(())
    }

    /// Sources with snapshots of any day, whether it is listed or not.
    #[must_use]
    pub(crate) fn with_snapshots(&self) -> &BTreeSet<Source> {
        &self.with_snapshots
    }

    /// Whether a day has no file of any source. Files of `reference/` do not count: they hold no measurements.
    #[must_use]
    pub(crate) fn is_empty(&self, day: NaiveDate) -> bool {
        let any_file = self.files.iter().any(|object| keys::batch_source(&object.key).is_some());
        let mut snapshots = API_SOURCES.iter().flat_map(|source| self.snapshots.range(range(*source, day)));
        !any_file && snapshots.next().is_none()
    }

    /// When the newest object of a source was written.
    #[must_use]
    pub(crate) fn newest(&self, source: Source) -> Option<DateTime<Utc>> {
        let files = self.files.iter().filter(|object| keys::batch_source(&object.key) == Some(source));
        let snapshots = self.snapshots.iter().filter(|((of, _), _)| *of == source).flat_map(|(_, objects)| objects);
        files.chain(snapshots).map(|object| object.modified).max()
    }

    /// Number of objects, and their total size in bytes.
    #[must_use]
    pub(crate) fn size(&self) -> (u64, u64) {
        let all = self.files.iter().chain(self.snapshots.values().flatten());
        all.fold((0, 0), |(objects, bytes), object| (objects + 1, bytes + object.size))
    }

    /// The files of a kind in `reference/`, by [`file_order`].
    #[must_use]
    pub(crate) fn reference(files: &[Object], kind: ReferenceKind) -> Vec<&Object> {
        let mut found: Vec<&Object> =
            files.iter().filter(|object| keys::reference_kind(&object.key) == Some(kind)).collect();
        found.sort_by(|a, b| file_order(&a.key, &b.key));
        found
    }

    /// The files of a source in `batch/`, by [`file_order`].
    #[must_use]
    pub(crate) fn batch(files: &[Object], source: Source) -> Vec<Object> {
        let mut found: Vec<Object> =
            files.iter().filter(|object| keys::batch_source(&object.key) == Some(source)).cloned().collect();
        found.sort_by(|a, b| file_order(&a.key, &b.key));
        found
    }

    /// Everything listed that no source reads. Snapshots of other days are not listed, so they are not meant.
    #[must_use]
    pub(crate) fn not_read(&self) -> NotRead {
        let files = self.files.iter().filter_map(|object| UnreadFile::of_file(&object.key));
        let snapshots = self.snapshots.values().flatten().filter(|object| keys::snapshot_end(&object.key).is_none());
        let snapshots = snapshots.map(|object| UnreadFile::new(&object.key, WhyNotRead::Snapshot));
        NotRead::of(files.chain(self.outside.iter().cloned()).chain(snapshots))
    }

    /// The snapshots of a source for a day, each with the end of its hour of collection (or the beginning of its day); then the other objects
    /// in the folders.
    #[must_use]
    pub(crate) fn snapshots(&self, source: Source, day: NaiveDate) -> (Vec<(&Object, DateTime<Utc>)>, Vec<&Object>) {
        let (mut found, mut others) = (Vec::new(), Vec::new());
        for object in self.snapshots.range(range(source, day)).flat_map(|(_, objects)| objects) {
            match keys::snapshot_end(&object.key) {
                Some(end) => found.push((object, end)),
                None => others.push(object),
            }
        }
        (found, others)
    }

    /// All snapshots, in the order in which the days need them.
    pub(crate) fn all_snapshots(&self) -> impl Iterator<Item = (Source, NaiveDate, &Object, DateTime<Utc>)> {
        let mut all: Vec<_> = self.snapshots.iter().collect();
        all.sort_by_key(|((source, day), _)| (*day, *source));
        all.into_iter().flat_map(|((source, day), objects)| {
            objects.iter().filter_map(|object| Some((*source, *day, object, keys::snapshot_end(&object.key)?)))
        })
    }
}

/// Lists the snapshots of some sources for `days`. A day may have several folders, because collectors spell them differently.
async fn snapshots_of(
    store: &SharedStore,
    sources: &[Source],
    days: &BTreeSet<NaiveDate>,
) -> Result<FoundSnapshots, Failure> {
    let collected: BTreeSet<NaiveDate> = days.iter().flat_map(|day| folders(*day)).collect();
    let mut found = FoundSnapshots::default();
    let listed = if collected.len() >= MANY_DAYS {
        let prefixes = sources.iter().map(|source| (*source, format!("{}{source}/", keys::API)));
        list_each(store, prefixes.collect()).await?
    } else {
        let levels = futures::future::try_join_all(sources.iter().map(async |source| {
            let prefix = format!("{}{source}/", keys::API);
            store.list_folder(&prefix).await.map(|level| (*source, level)).map_err(|error| error.failure())
        }));
        let mut prefixes = Vec::new();
        for (source, level) in levels.await? {
            for folder in level.folders {
                match keys::snapshot_day(source, &folder) {
                    Some(day) => {
                        found.with_snapshots.insert(source);
                        if collected.contains(&day) {
                            prefixes.push((source, folder));
                        }
                    }
                    None => found.outside.push(UnreadFile::new(&folder, WhyNotRead::Day)),
                }
            }
            let loose = level.objects.iter().map(|object| UnreadFile::new(&object.key, WhyNotRead::Day));
            found.outside.extend(loose);
        }
        list_each(store, prefixes).await?
    };
    for (source, object) in
        listed.into_iter().flat_map(|(source, objects)| objects.into_iter().map(move |o| (source, o)))
    {
        let day = keys::snapshot_day(source, &object.key);
        found.with_snapshots.extend(day.map(|_| source));
        match day {
            Some(day) if collected.contains(&day) => found.by_day.entry((source, day)).or_default().push(object),
            Some(_) => {}
            None => found.outside.push(UnreadFile::new(not_read::first_folder(source, &object.key), WhyNotRead::Day)),
        }
    }
    found.outside.sort();
    found.outside.dedup();
    for objects in found.by_day.values_mut() {
        objects.sort_by(|a, b| {
            keys::snapshot_end(&a.key).cmp(&keys::snapshot_end(&b.key)).then_with(|| file_order(&a.key, &b.key))
        });
    }
    Ok(found)
}

async fn list_each(
    store: &SharedStore,
    prefixes: Vec<(Source, String)>,
) -> Result<Vec<(Source, Vec<Object>)>, Failure> {
    futures::stream::iter(prefixes)
        .map(|(source, prefix)| async move { store.list(&prefix).await.map(|objects| (source, objects)) })
        .buffered(LISTINGS)
        .try_collect()
        .await
        .map_err(|error| error.failure())
}

fn folders(day: NaiveDate) -> impl Iterator<Item = NaiveDate> {
    let days = around(day);
    let last = *days.end();
    days.start().iter_days().take_while(move |day| *day <= last)
}

fn range(source: Source, day: NaiveDate) -> std::ops::RangeInclusive<(Source, NaiveDate)> {
    let days = around(day);
    (source, *days.start())..=(source, *days.end())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use runtime::store::MemoryStore;

    use super::*;

    fn days(from: &str, number: usize) -> BTreeSet<NaiveDate> {
        from.parse::<NaiveDate>().unwrap().iter_days().take(number).collect()
    }

    #[tokio::test]
    async fn day_has_the_same_snapshots_in_any_inventory() {
        let memory = MemoryStore::new();
        for day in days("2025-10-01", 100) {
            memory.insert(format!("api/bikes/dt={day}/hour=03/a.json"), "{}");
            memory.insert(format!("api/traffic/dt={day}/notes.txt"), "");
        }
        for other in ["date=2025-11-01/hour=3/b.NDJSON", "dt=2025-11-1/c.jsonl.gz", "dt=2025-11-1/hour=2/a.json"] {
            memory.insert(format!("api/weather/{other}"), "{}");
        }
        for foreign in ["api/bikes/other.json", "api/weather/dt=2025-13-01/a.json", "api/velos/a.json", "api/b.json"] {
            memory.insert(foreign, "{}");
        }
        let store: SharedStore = Arc::new(memory);
        let few = Inventory::list(&store, &days("2025-11-01", 3)).await.unwrap();
        let many = Inventory::list(&store, &days("2025-10-01", 80)).await.unwrap();
        for day in days("2025-11-01", 3) {
            let alone = Inventory::list(&store, &BTreeSet::from([day])).await.unwrap();
            for source in API_SOURCES {
                assert_eq!(few.snapshots(source, day), alone.snapshots(source, day));
                assert_eq!(many.snapshots(source, day), alone.snapshots(source, day));
            }
            assert_eq!(alone.snapshots(Source::BikeCounts, day).0.len(), 10);
            assert_eq!(alone.snapshots(Source::Disruptions, day).1.len(), 10);
            assert!(!alone.is_empty(day));
        }
        let weather = few.snapshots(Source::Weather, "2025-11-01".parse().unwrap()).0;
        let weather: Vec<&str> = weather.iter().map(|(object, _)| object.key.as_str()).collect();
        let expected = ["dt=2025-11-1/c.jsonl.gz", "dt=2025-11-1/hour=2/a.json", "date=2025-11-01/hour=3/b.NDJSON"];
        assert_eq!(weather, expected.map(|key| format!("api/weather/{key}")), "in the order of collection");
        for inventory in [&few, &many] {
            let not_read = inventory.not_read();
            let keys: Vec<&str> = not_read.files.iter().map(|file| file.key.as_str()).collect();
            for foreign in ["api/bikes/other.json", "api/weather/dt=2025-13-01/", "api/velos/", "api/b.json"] {
                assert!(keys.contains(&foreign), "{foreign} in {keys:?}");
            }
        }
        let far = "2027-01-01".parse().unwrap();
        assert!(Inventory::list(&store, &BTreeSet::from([far])).await.unwrap().is_empty(far));
    }
}
