//! The snapshots of one day after another: each is fetched and parsed once, held while a later day needs it, then dropped.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use contract::document::{Ignored, Input};
use contract::{NaiveDate, Source};
use runtime::failure::Failure;
use runtime::store::{Object, Version};

use super::batch_inputs::{ParsedFiles, replaced_twice};
use super::engine::{Engine, bug, fatal};
use super::progress::Part;
use crate::city::City;
use crate::document::{BikeCountsSource, DisruptionsSource, FileSource, FilesRead, WeatherSource};
use crate::draft::SourceResult;
use crate::input::prefetch::{PrefetchedFile, Prefetcher};
use crate::input::{API_SOURCES, InputError, Inventory, around, content};
use crate::quality::{DaySpan, RowCounts};
use crate::raw_file::RawFile;

/// A snapshot, parsed by its source.
#[derive(Clone)]
struct ParsedSnapshot {
    counted: RowCounts,
    days: Option<DaySpan>,
    /// The source's [`FileSource::File`].
    file: Arc<dyn Any + Send + Sync>,
}

impl ParsedSnapshot {
    fn parse<S: FileSource>(file: &RawFile, city: &City) -> Self {
        let file = S::parse(file, city);
        Self { counted: S::row_counts(&file), days: S::days(&file, city.tz), file: Arc::new(file) }
    }
}

/// A requested snapshot.
#[derive(Debug, Clone, Copy)]
struct SnapshotRequest {
    source: Source,
    /// Day of its folder.
    day: NaiveDate,
    /// End of the hour of its folder.
    collected: DateTime<Utc>,
    parse: Parser,
}

/// A snapshot that a later day may need.
struct HeldSnapshot {
    version: Version,
    input: Input,
    parsed: ParsedSnapshot,
}

/// The snapshots of a day.
#[derive(Default)]
pub(crate) struct DaySnapshots {
    /// No source at all has a file for the day.
    pub(crate) no_input: bool,
    /// Sources with snapshots of any day.
    elsewhere: BTreeSet<Source>,
    by_source: BTreeMap<Source, (Vec<Arc<dyn Any + Send + Sync>>, FilesRead)>,
}

impl DaySnapshots {
    /// The exports of a source, if it has any, followed by the day's snapshots.
    pub(crate) fn after<S: FileSource>(&self, exports: Option<&ParsedFiles<S>>) -> ParsedFiles<S> {
        let (mut files, mut read) = match exports {
            Some(SourceResult::Document((files, read))) => (files.clone(), read.clone()),
            Some(SourceResult::Failed(error)) => return SourceResult::Failed(error.clone()),
            Some(SourceResult::Absent(_)) | None => (Vec::new(), FilesRead::default()),
        };
        if let Some((snapshots, listed)) = self.by_source.get(&S::SOURCE) {
            files.extend(snapshots.iter().filter_map(|file| Arc::clone(file).downcast::<S::File>().ok()));
            read.inputs.extend(listed.inputs.iter().cloned());
            read.ignored.extend(listed.ignored.iter().cloned());
        }
        match (files.is_empty(), self.elsewhere.contains(&S::SOURCE)) {
            (false, _) => SourceResult::Document((files, read)),
            (true, true) => SourceResult::no_row(None),
            (true, false) => SourceResult::no_file(),
        }
    }
}

/// The remaining days, and the snapshots that they need.
pub(crate) struct SnapshotWindow {
    engine: Arc<Engine>,
    inventory: Inventory,
    days: BTreeSet<NaiveDate>,
    held: BTreeMap<NaiveDate, BTreeMap<String, HeldSnapshot>>,
    /// Number of snapshots not received yet, by folder.
    awaited: BTreeMap<NaiveDate, usize>,
    /// Number of snapshots not received yet, by source.
    left: BTreeMap<Source, usize>,
    /// The run's own day, if it catches up others.
    own: Option<NaiveDate>,
    prefetcher: Prefetcher<SnapshotRequest, ParsedSnapshot>,
    /// Sources that were listed again because an object was replaced.
    restarted: BTreeSet<Source>,
}

impl SnapshotWindow {
    /// Starts to fetch the snapshots of all days, first day first.
    pub(crate) fn open(
        engine: &Arc<Engine>,
        inventory: Inventory,
        days: BTreeSet<NaiveDate>,
        own: Option<NaiveDate>,
    ) -> Self {
        let mut window = Self {
            engine: engine.clone(),
            inventory,
            days,
            held: BTreeMap::new(),
            awaited: BTreeMap::new(),
            left: BTreeMap::new(),
            own,
            prefetcher: start(engine, Vec::new(), own),
            restarted: BTreeSet::new(),
        };
        window.fetch();
        window
    }

    /// The next day with its snapshots, once they are complete; `None` after the last day.
    ///
    /// # Errors
    /// Those that end the whole run.
    pub(crate) async fn next(&mut self) -> Result<Option<(NaiveDate, DaySnapshots)>, Failure> {
        let Some(day) = self.days.first().copied() else { return Ok(None) };
        while self.awaited.range(around(day)).next().is_some() {
            match self.prefetcher.next().await {
                Some(Ok(file)) => self.hold(file),
                Some(Err((name, InputError::Replaced(key)))) => self.restart(name.source, key).await?,
                Some(Err((_, error))) => return Err(fatal(error)),
                None => return Err(bug(&"the prefetcher ended before its last snapshot")),
            }
        }
        let snapshots = self.of(day);
        self.days.pop_first();
        self.held = match self.days.first() {
            Some(next) => self.held.split_off(around(*next).start()),
            None => BTreeMap::new(),
        };
        Ok(Some((day, snapshots)))
    }

    fn hold(&mut self, file: PrefetchedFile<SnapshotRequest, ParsedSnapshot>) {
        let PrefetchedFile { name, object, input, parsed } = file;
        if let Some(left) = self.awaited.get_mut(&name.day) {
            *left -= 1;
            if *left == 0 {
                self.awaited.remove(&name.day);
            }
        }
        // Not earlier: a snapshot may be requested again before it arrives.
        self.engine.sources.files.add(name.source, &object.key, parsed.counted.clone(), parsed.days);
        self.engine.sources.add(name.source, object.size, 1, parsed.counted.clone());
        let left = self.left.entry(name.source).or_default();
        *left = left.saturating_sub(1);
        if *left == 0 {
            self.engine.sources.done(name.source, Part::Snapshots);
        }
        let snapshot = HeldSnapshot { version: object.version, input, parsed };
        self.held.entry(name.day).or_default().insert(object.key, snapshot);
    }

    /// Lists a source again; unchanged snapshots that were already read are not read again.
    async fn restart(&mut self, source: Source, key: String) -> Result<(), Failure> {
        if !self.restarted.insert(source) {
            return Err(replaced_twice(key));
        }
        tracing::warn!(key, "input replaced while it was read; reading its source again");
        self.inventory.relist(&self.engine.raw, &[source], &self.days).await?;
        self.fetch();
        Ok(())
    }

    /// Requests every missing snapshot of the remaining days, in the order in which they are needed.
    fn fetch(&mut self) {
        let Some(first) = self.days.first().map(|day| *around(*day).start()) else { return };
        let there = |day: NaiveDate, object: &Object| {
            let held = self.held.get(&day).and_then(|held| held.get(&object.key));
            held.is_some_and(|held| held.version == object.version)
        };
        let wanted: Vec<(SnapshotRequest, Object)> = self
            .inventory
            .all_snapshots()
            .filter(|(_, day, object, _)| *day >= first && !there(*day, object))
            .filter_map(|(source, day, object, collected)| {
                Some((SnapshotRequest { source, day, collected, parse: parser(source)? }, object.clone()))
            })
            .collect();
        self.awaited.clear();
        self.left.clear();
        for (name, _) in &wanted {
            *self.awaited.entry(name.day).or_default() += 1;
            *self.left.entry(name.source).or_default() += 1;
        }
        for source in API_SOURCES.into_iter().filter(|source| !self.left.contains_key(source)) {
            self.engine.sources.done(source, Part::Snapshots);
        }
        self.prefetcher = start(&self.engine, wanted, self.own);
    }

    fn of(&self, day: NaiveDate) -> DaySnapshots {
        let mut snapshots = DaySnapshots { no_input: self.inventory.is_empty(day), ..DaySnapshots::default() };
        snapshots.elsewhere.clone_from(self.inventory.with_snapshots());
        for source in API_SOURCES {
            let (found, others) = self.inventory.snapshots(source, day);
            let (files, read) = snapshots.by_source.entry(source).or_default();
            let ignored = |object: &Object| Ignored { key: object.key.clone(), reason: "pas_un_instantane".to_owned() };
            read.ignored.extend(others.into_iter().map(ignored));
            let held = found
                .iter()
                .filter_map(|(object, _)| self.held.range(around(day)).find_map(|(_, held)| held.get(&object.key)));
            for HeldSnapshot { input, parsed, .. } in held {
                files.push(Arc::clone(&parsed.file));
                read.inputs.push(input.clone());
            }
        }
        snapshots
    }
}

fn start(
    engine: &Arc<Engine>,
    wanted: Vec<(SnapshotRequest, Object)>,
    own: Option<NaiveDate>,
) -> Prefetcher<SnapshotRequest, ParsedSnapshot> {
    let (reads, reader) = (engine.clone(), engine.clone());
    Prefetcher::start(
        &engine.raw,
        &engine.pool,
        wanted,
        move |name, object| reads.sources.read_snapshot(name.source, object, own.is_some_and(|own| name.day < own)),
        move |name, object, stored| parse(name, object, stored, &reader.config.city),
    )
}

/// A snapshot that cannot be decompressed is parsed as an empty one: its source counts it and goes on.
fn parse(name: SnapshotRequest, object: &Object, stored: Bytes, city: &City) -> ParsedSnapshot {
    let bytes = content(&object.key, stored).unwrap_or_default();
    let file = RawFile { key: object.key.clone(), bytes, collected: Some(name.collected) };
    (name.parse)(&file, city)
}

type Parser = fn(&RawFile, &City) -> ParsedSnapshot;

/// The parser of a source's snapshots; `None` for a source that has none.
fn parser(source: Source) -> Option<Parser> {
    match source {
        Source::BikeCounts => Some(ParsedSnapshot::parse::<BikeCountsSource>),
        Source::Disruptions => Some(ParsedSnapshot::parse::<DisruptionsSource>),
        Source::Weather => Some(ParsedSnapshot::parse::<WeatherSource>),
        Source::RoadCounts | Source::Worksites | Source::RoadNetwork | Source::Context => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_the_sources_of_the_api_have_a_parser() {
        for source in Source::ALL {
            assert_eq!(parser(source).is_some(), API_SOURCES.contains(&source), "{source}");
        }
    }

    fn assert_parses_its_own_files<S: FileSource>() {
        let file = RawFile { key: String::new(), bytes: Bytes::new(), collected: Some(DateTime::UNIX_EPOCH) };
        let parsed = parser(S::SOURCE).unwrap()(&file, &City::paris());
        assert!(parsed.file.is::<S::File>(), "{}", S::SOURCE);
    }

    #[test]
    fn parser_of_a_source_gives_the_files_that_its_documents_take() {
        assert_parses_its_own_files::<BikeCountsSource>();
        assert_parses_its_own_files::<DisruptionsSource>();
        assert_parses_its_own_files::<WeatherSource>();
    }
}
