//! Bike counters: their hourly counts, and the hourly snapshots that publish them late, repeatedly and with corrections.
//!
//! ```text
//!                  ┌─> history, one CSV ────────┬─> file
//! BikeSimulation ──┤                            │
//!                  └─> snapshot, one per hour ──┴─> truth::bike_counts
//! ```

pub mod file;

use chrono::{DateTime, Duration, NaiveDate, Utc};
use contract::{DayType, ServiceDay, Tz};

use crate::calendar;
use crate::clock::{self, Hour, SimulatedDays};
use crate::faults::{Fault, Faults};
use crate::geometry::Point;
use crate::random::{self, Rng};
use crate::zones::Zones;

/// Days of history in the CSV file, before the first simulated day.
const HISTORY_DAYS: i64 = 14;
/// Hours of the first simulated day that both the history and the snapshots publish.
const SHARED_HOURS: i64 = 6;
/// Hours per counter in a snapshot.
const SNAPSHOT_HOURS: i64 = 5;

#[derive(Debug, Clone)]
pub struct Counter {
    pub index: usize,
    pub id: String,
    pub name: String,
    pub point: Point,
    /// Publication delay, hours.
    pub lag: i64,
    scale: f64,
}

/// A count as a record publishes it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PublishedCount {
    Known(u32),
    Null,
    Negative,
    /// Not a number.
    Text,
}

/// A record of a snapshot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SnapshotRecord {
    Count {
        /// Index of the counter.
        counter: usize,
        hour: Hour,
        count: PublishedCount,
    },
    /// Without the counter's id.
    NoId,
    BadDate,
    /// Not a JSON object.
    NotAnObject,
}

/// The damage to a snapshot; a damaged snapshot has no usable record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SnapshotDamage {
    None,
    /// 0 bytes.
    Empty,
    Truncated,
}

#[derive(Debug)]
pub struct BikeSnapshot {
    pub number: i64,
    pub folder: Hour,
    pub damage: SnapshotDamage,
    pub records: Vec<SnapshotRecord>,
    /// Records that the answer announces, if these are more than it holds.
    pub announced: Option<usize>,
    /// Whether the next page is there, but cut.
    pub has_cut_page: bool,
}

/// All counters with their counts; gives the history and the snapshots.
#[derive(Debug)]
pub struct BikeSimulation {
    /// In the order of their ids.
    pub counters: Vec<Counter>,
    seed: u64,
    faults: Faults,
    tz: Tz,
    start: Hour,
    first_hour: Hour,
    end_hour: Hour,
    first_folder: Hour,
    days: i64,
    counts: Vec<Vec<Option<u32>>>,
}

impl BikeSimulation {
    #[must_use]
    pub fn new(count: usize, seed: u64, faults: Faults, zones: &Zones, days: &SimulatedDays) -> Self {
        let first = days.days().first().map(ServiceDay::date).unwrap_or_default();
        let start = clock::hour_of(ServiceDay::new(first - Duration::days(HISTORY_DAYS), days.tz()).start());
        let counters: Vec<_> = (0..count).map(|index| counter(index, seed, zones)).collect();
        let mut bikes = Self {
            counters,
            seed,
            faults,
            tz: days.tz(),
            start,
            first_hour: days.first_hour(),
            end_hour: days.end_hour(),
            first_folder: clock::hour_of(ServiceDay::new(first, contract::Tz::UTC).start()),
            days: i64::try_from(days.days().len()).unwrap_or(1),
            counts: Vec::new(),
        };
        let hours: Vec<_> = (start..bikes.end_hour).map(|hour| bikes.hour_context(hour)).collect();
        bikes.counts = bikes
            .counters
            .iter()
            .map(|counter| hours.iter().map(|hour| bikes.count(counter, hour)).collect())
            .collect();
        bikes
    }

    /// The hour with its local hour, date and day type.
    fn hour_context(&self, hour: Hour) -> (Hour, usize, NaiveDate, DayType) {
        let day = ServiceDay::of(clock::instant(hour), self.tz);
        (hour, day.local_hour(clock::instant(hour)), day.date(), calendar::day_type(day.date()))
    }

    fn count(
        &self,
        counter: &Counter,
        (hour, local, date, day_type): &(Hour, usize, NaiveDate, DayType),
    ) -> Option<u32> {
        let bits = random::at(self.seed, 0xb1c, counter.index as u64, clock::hour_key(*hour));
        let first = ServiceDay::of(clock::instant(self.first_hour), self.tz).date();
        let day = (*date - first).num_days();
        if self.faults.has(Fault::Silent) && counter.index % 7 == 3 && day >= 0 && day % 3 == 1.min(self.days - 1) {
            return (!bits.is_multiple_of(3)).then_some(0);
        }
        let since = hour - self.first_hour;
        if self.faults.has(Fault::Frozen)
            && counter.index % 7 == 5
            && since >= 0
            && since / 16 % 6 == 1.min(self.days - 1)
        {
            return Some(20 + u32::try_from(counter.index % 50).unwrap_or(0));
        }
        if self.faults.has(Fault::MissingValues) && bits % 64 == 3 {
            return None;
        }
        let curve = [3, 2, 1, 1, 2, 5, 18, 60, 95, 55, 35, 38, 42, 40, 38, 42, 60, 90, 100, 70, 40, 25, 14, 7];
        let day_factor = match day_type {
            DayType::Workday => 1.0,
            DayType::SchoolHoliday => 0.8,
            DayType::Saturday => 0.6,
            DayType::SundayOrHoliday => 0.5,
        };
        let expected = f64::from(curve.get(*local).copied().unwrap_or(1)) * counter.scale * day_factor;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive and small")]
        let count = (expected * (0.7 + 0.6 * random::unit(random::mix(bits)))).round() as u32;
        Some(count)
    }

    fn published(&self, counter: usize, hour: Hour) -> PublishedCount {
        let at = usize::try_from(hour - self.start).ok();
        let count = self.counts.get(counter).and_then(|counts| counts.get(at?).copied().flatten());
        count.map_or(PublishedCount::Null, PublishedCount::Known)
    }

    /// The counts of the CSV file, counter by counter.
    pub fn history(&self) -> impl Iterator<Item = (usize, Hour, PublishedCount)> + '_ {
        let end = (self.first_hour + SHARED_HOURS).min(self.end_hour);
        self.counters.iter().flat_map(move |counter| {
            (self.start..end).map(move |hour| (counter.index, hour, self.published(counter.index, hour)))
        })
    }

    /// The hours of the snapshot folders: those of the simulated days and of two more.
    #[must_use]
    pub fn folders(&self) -> std::ops::Range<Hour> {
        self.first_folder..self.first_folder + (self.days + 2) * 24
    }

    #[must_use]
    pub fn snapshot(&self, folder: Hour) -> BikeSnapshot {
        let number = folder - self.first_folder;
        let damage = match number % 19 {
            7 if self.faults.has(Fault::BadSnapshots) => SnapshotDamage::Empty,
            // The file's writer gives it a shape of which the first half is unreadable.
            13 if self.faults.has(Fault::BadSnapshots) && number % 5 != 3 => SnapshotDamage::Truncated,
            _ => SnapshotDamage::None,
        };
        let mut records = Vec::new();
        for counter in &self.counters {
            let newest = folder - counter.lag;
            for hour in
                ((newest - SNAPSHOT_HOURS + 1)..=newest).filter(|hour| (self.first_hour..self.end_hour).contains(hour))
            {
                let age = newest - hour;
                let bits = random::at(self.seed, 0xb1d, counter.index as u64, clock::hour_key(hour));
                let count = self.published(counter.index, hour);
                let count = match count {
                    // One count in eight is too low in its first two publications.
                    PublishedCount::Known(n) if age < 2 && bits.is_multiple_of(8) => PublishedCount::Known(n / 2),
                    count if age == 0 && self.faults.has(Fault::BadNumbers) => match bits % 128 {
                        9 => PublishedCount::Negative,
                        17 => PublishedCount::Text,
                        _ => count,
                    },
                    count => count,
                };
                records.push(SnapshotRecord::Count { counter: counter.index, hour, count });
            }
        }
        if self.faults.has(Fault::BadRecords) && number % 13 == 4 {
            records.extend([SnapshotRecord::NoId, SnapshotRecord::BadDate, SnapshotRecord::NotAnObject]);
        }
        let is_after = folder >= self.end_hour;
        let is_incomplete = self.faults.has(Fault::IncompleteAnswers)
            && damage == SnapshotDamage::None
            && (is_after || number % 24 == 10);
        let announced = (is_incomplete && records.len() > 1).then_some(records.len());
        if announced.is_some() {
            records.truncate(records.len() / 2);
        }
        let has_cut_page = announced.is_some() && number % 3 == 1;
        BikeSnapshot { number, folder, damage, records, announced, has_cut_page }
    }

    /// The instant of collection of a snapshot folder.
    #[must_use]
    pub fn collected(folder: Hour) -> DateTime<Utc> {
        clock::instant(folder)
    }

    #[must_use]
    pub fn tz(&self) -> Tz {
        self.tz
    }
}

fn counter(index: usize, seed: u64, zones: &Zones) -> Counter {
    let mut rng = Rng::new(seed, 0xb1b, index as u64);
    let zone = usize::try_from(rng.below(20)).unwrap_or(0);
    let at = zones.point(zone, [rng.between(0.2, 0.35), rng.between(0.2, 0.8)]);
    let [lon, lat] = if index % 12 == 10 { [2.61, 48.7] } else { at };
    let round = |degrees: f64| (degrees * 1e5).round() / 1e5;
    Counter {
        index,
        id: format!("{}-{}", 100_007_000 + index * 3, 101_007_000 + index * 3),
        name: format!("{} quai du Vélo {}", 10 + index, if index.is_multiple_of(2) { "N-S" } else { "S-N" }),
        point: [round(lon), round(lat)],
        lag: match index % 10 {
            4 => 27,
            8 => 39,
            rest => 1 + i64::try_from(rest % 3).unwrap_or(0),
        },
        scale: rng.between(0.3, 4.0),
    }
}
