//! The snapshots of one day after another: each fetched and parsed once, kept while a later day needs it, and dropped then.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use contract::document::{Ignored, Input};
use contract::{NaiveDate, Source};
use runtime::failure::Failure;
use runtime::store::{Object, Version};

use super::outcome::Reading;
use super::shelf::replaced_twice;
use super::sources::Part;
use super::{Engine, bug, fatal};
use crate::city::City;
use crate::input::ahead::{Ahead, Arrived};
use crate::input::{InputError, Inventory, OF_THE_API, around, content};
use crate::quality::Counted;
use crate::source::RawFile;
use crate::source::{bikes, traffic, weather};

/// A snapshot, parsed as its source.
#[derive(Debug, Clone)]
enum Parsed {
    BikeCounts(Arc<bikes::ParsedFile>),
    Disruptions(Arc<traffic::ParsedFile>),
    Weather(Arc<weather::ParsedFile>),
}

impl Parsed {
    fn counted(&self) -> Counted {
        match self {
            Self::BikeCounts(file) => file.counted(),
            Self::Disruptions(file) => file.counted(),
            Self::Weather(file) => file.counted(),
        }
    }
}

/// What a snapshot is asked for as.
#[derive(Debug, Clone, Copy)]
struct Name {
    source: Source,
    /// Its folder.
    day: NaiveDate,
    /// The end of its hour.
    collected: DateTime<Utc>,
}

/// A snapshot that is kept.
#[derive(Debug)]
struct Kept {
    version: Version,
    input: Input,
    parsed: Parsed,
}

/// The snapshots of one source for a day.
#[derive(Debug)]
pub(super) struct OfSource<F> {
    pub(super) files: Vec<Arc<F>>,
    pub(super) reading: Reading,
}

impl<F> Default for OfSource<F> {
    fn default() -> Self {
        Self { files: Vec::new(), reading: Reading::default() }
    }
}

/// The snapshots of a day.
#[derive(Debug, Default)]
pub(super) struct Snapshots {
    /// Whether no source at all has a file for the day.
    pub(super) no_input: bool,
    pub(super) bikes: OfSource<bikes::ParsedFile>,
    pub(super) traffic: OfSource<traffic::ParsedFile>,
    pub(super) weather: OfSource<weather::ParsedFile>,
}

/// The days still to come, and the snapshots that they need.
#[derive(Debug)]
pub(super) struct Window {
    engine: Arc<Engine>,
    inventory: Inventory,
    days: BTreeSet<NaiveDate>,
    kept: BTreeMap<NaiveDate, BTreeMap<String, Kept>>,
    /// How many are still on their way, by folder.
    awaited: BTreeMap<NaiveDate, usize>,
    /// The same, by source.
    left: BTreeMap<Source, usize>,
    /// The one day that the run is for, where it does others beside it.
    own: Option<NaiveDate>,
    ahead: Ahead<Name, Parsed>,
    /// Sources that have started again.
    restarted: BTreeSet<Source>,
}

impl Window {
    /// Begins to fetch what the first of the days needs.
    pub(super) fn open(
        engine: &Arc<Engine>,
        inventory: Inventory,
        days: BTreeSet<NaiveDate>,
        own: Option<NaiveDate>,
    ) -> Self {
        let mut window = Self {
            engine: engine.clone(),
            inventory,
            days,
            kept: BTreeMap::new(),
            awaited: BTreeMap::new(),
            left: BTreeMap::new(),
            own,
            ahead: start(engine, Vec::new(), own),
            restarted: BTreeSet::new(),
        };
        window.fetch();
        window
    }

    /// The next day with its snapshots, once they are there; nothing after the last day.
    ///
    /// # Errors
    /// What ends the whole run.
    pub(super) async fn next(&mut self) -> Result<Option<(NaiveDate, Snapshots)>, Failure> {
        let Some(day) = self.days.first().copied() else { return Ok(None) };
        while self.awaited.range(around(day)).next().is_some() {
            match self.ahead.next().await {
                Some(Ok(arrived)) => self.keep(arrived),
                Some(Err((name, InputError::Replaced(key)))) => self.restart(name.source, key).await?,
                Some(Err((_, error))) => return Err(fatal(error)),
                None => return Err(bug(&"the snapshots ended before their last one")),
            }
        }
        let snapshots = self.of(day);
        self.days.pop_first();
        self.kept = match self.days.first() {
            Some(next) => self.kept.split_off(around(*next).start()),
            None => BTreeMap::new(),
        };
        Ok(Some((day, snapshots)))
    }

    fn keep(&mut self, arrived: Arrived<Name, Parsed>) {
        let Arrived { name, object, input, parsed } = arrived;
        if let Some(left) = self.awaited.get_mut(&name.day) {
            *left -= 1;
            if *left == 0 {
                self.awaited.remove(&name.day);
            }
        }
        // Not before, for what is on its way may be asked for again.
        self.engine.sources.add(name.source, object.size, 1, parsed.counted());
        let left = self.left.entry(name.source).or_default();
        *left = left.saturating_sub(1);
        if *left == 0 {
            self.engine.sources.done(name.source, Part::Snapshots);
        }
        let kept = Kept { version: object.version, input, parsed };
        self.kept.entry(name.day).or_default().insert(object.key, kept);
    }

    /// Starts a source again from a new listing; what was read of it and has not changed is not read again.
    async fn restart(&mut self, source: Source, key: String) -> Result<(), Failure> {
        if !self.restarted.insert(source) {
            return Err(replaced_twice(key));
        }
        tracing::warn!(key, "replaced while it was read; its source starts again");
        self.inventory.look(&self.engine.raw, &[source], &self.days).await?;
        self.fetch();
        Ok(())
    }

    /// Asks for everything that the days to come need and that is not there, in the order in which they need it.
    fn fetch(&mut self) {
        let Some(first) = self.days.first().map(|day| *around(*day).start()) else { return };
        let there = |day: NaiveDate, object: &Object| {
            let kept = self.kept.get(&day).and_then(|kept| kept.get(&object.key));
            kept.is_some_and(|kept| kept.version == object.version)
        };
        let wanted: Vec<(Name, Object)> = self
            .inventory
            .all_snapshots()
            .filter(|(_, day, object, _)| *day >= first && !there(*day, object))
            .map(|(source, day, object, collected)| (Name { source, day, collected }, object.clone()))
            .collect();
        self.awaited.clear();
        self.left.clear();
        for (name, _) in &wanted {
            *self.awaited.entry(name.day).or_default() += 1;
            *self.left.entry(name.source).or_default() += 1;
        }
        for source in OF_THE_API.into_iter().filter(|source| !self.left.contains_key(source)) {
            self.engine.sources.done(source, Part::Snapshots);
        }
        self.ahead = start(&self.engine, wanted, self.own);
    }

    fn of(&self, day: NaiveDate) -> Snapshots {
        let mut snapshots = Snapshots { no_input: self.inventory.is_empty(day), ..Snapshots::default() };
        for source in OF_THE_API {
            let (found, others) = self.inventory.snapshots(source, day);
            let reading = match source {
                Source::BikeCounts => &mut snapshots.bikes.reading,
                Source::Disruptions => &mut snapshots.traffic.reading,
                _ => &mut snapshots.weather.reading,
            };
            let ignored = |object: &Object| Ignored { key: object.key.clone(), reason: "pas_un_instantane".to_owned() };
            reading.ignored.extend(others.into_iter().map(ignored));
            let kept = found
                .iter()
                .filter_map(|(object, _)| self.kept.range(around(day)).find_map(|(_, kept)| kept.get(&object.key)));
            for Kept { input, parsed, .. } in kept {
                match parsed {
                    Parsed::BikeCounts(file) => snapshots.bikes.files.push(file.clone()),
                    Parsed::Disruptions(file) => snapshots.traffic.files.push(file.clone()),
                    Parsed::Weather(file) => snapshots.weather.files.push(file.clone()),
                }
                reading.inputs.push(input.clone());
            }
        }
        snapshots
    }
}

fn start(engine: &Arc<Engine>, wanted: Vec<(Name, Object)>, own: Option<NaiveDate>) -> Ahead<Name, Parsed> {
    let (reads, reader) = (engine.clone(), engine.clone());
    Ahead::start(
        &engine.raw,
        &engine.pool,
        wanted,
        move |name, object| reads.sources.read_snapshot(name.source, object, own.is_some_and(|own| name.day < own)),
        move |name, object, stored| parse(name, object, stored, &reader.config.city),
    )
}

/// One that cannot be decompressed is as good as empty: its source counts it and goes on.
fn parse(name: Name, object: &Object, stored: Bytes, city: &City) -> Parsed {
    let bytes = content(&object.key, stored).unwrap_or_default();
    let file = RawFile { key: object.key.clone(), bytes, collected: Some(name.collected) };
    match name.source {
        Source::BikeCounts => Parsed::BikeCounts(Arc::new(bikes::parse(&file, city))),
        Source::Disruptions => Parsed::Disruptions(Arc::new(traffic::parse(&file, city))),
        _ => Parsed::Weather(Arc::new(weather::parse(&file, city))),
    }
}
