//! Bike counters: what they counted, and the hourly snapshots that tell it late, several times and not always alike.

pub mod file;

use chrono::{DateTime, Duration, NaiveDate, Utc};
use chrono_tz::Tz;
use contract::{DayType, ServiceDay};

use crate::calendar;
use crate::clock::{self, Days, Hour};
use crate::faults::{Fault, Faults};
use crate::geometry::Point;
use crate::random::{self, Rng};
use crate::zones::Zones;

/// Days of history as CSV, before the first; its last rows are of the first day, and come again in the snapshots.
const HISTORY: i64 = 14;
/// Hours of the first day that the history has too.
const SHARED: i64 = 6;
/// Hours that a snapshot holds of each counter.
const SPAN: i64 = 5;

/// A counter.
#[derive(Debug, Clone)]
pub struct Counter {
    /// Its place among the counters.
    pub index: usize,
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub point: Point,
    /// How many hours it publishes late.
    pub lag: i64,
    scale: f64,
}

/// A count as a record tells it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Count {
    /// So many bikes.
    Known(u32),
    /// Null.
    Null,
    /// Below zero.
    Negative,
    /// No number.
    Text,
}

/// A record of a snapshot or of the history.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Entry {
    /// A count.
    Count {
        /// Which counter, by index.
        counter: usize,
        /// The hour.
        hour: Hour,
        /// The count.
        count: Count,
    },
    /// A record without the counter's id.
    NoId,
    /// A record whose date cannot be read.
    BadDate,
    /// A record that is no object.
    NoObject,
}

/// What is wrong with a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Damage {
    /// Nothing.
    None,
    /// 0 bytes.
    Empty,
    /// Cut short.
    Cut,
}

/// The snapshot of an hour.
#[derive(Debug)]
pub struct Snapshot {
    /// Which, from 0.
    pub number: i64,
    /// The hour of its folder.
    pub folder: Hour,
    /// What is wrong with it; its records are lost then.
    pub damage: Damage,
    /// Its records.
    pub entries: Vec<Entry>,
}

/// The bike counters of the city.
#[derive(Debug)]
pub struct BikeCounters {
    /// All counters, by id.
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

impl BikeCounters {
    /// So many counters for these days.
    #[must_use]
    pub fn new(count: usize, seed: u64, faults: Faults, zones: &Zones, days: &Days) -> Self {
        let first = days.days().first().map(ServiceDay::date).unwrap_or_default();
        let start = clock::hour_of(ServiceDay::new(first - Duration::days(HISTORY), days.tz()).start());
        let counters: Vec<_> = (0..count).map(|index| counter(index, seed, zones)).collect();
        let mut bikes = Self {
            counters,
            seed,
            faults,
            tz: days.tz(),
            start,
            first_hour: days.first_hour(),
            end_hour: days.end_hour(),
            first_folder: clock::hour_of(ServiceDay::new(first, chrono_tz::UTC).start()),
            days: i64::try_from(days.days().len()).unwrap_or(1),
            counts: Vec::new(),
        };
        let hours: Vec<_> = (start..bikes.end_hour).map(|hour| bikes.describe(hour)).collect();
        bikes.counts = bikes
            .counters
            .iter()
            .map(|counter| hours.iter().map(|hour| bikes.count(counter, hour)).collect())
            .collect();
        bikes
    }

    /// The hour, its local name, its date and its day type.
    fn describe(&self, hour: Hour) -> (Hour, usize, NaiveDate, DayType) {
        let day = ServiceDay::of(clock::instant(hour), self.tz);
        (hour, day.local_hour(clock::instant(hour)), day.date(), calendar::day_type(day.date()))
    }

    fn count(
        &self,
        counter: &Counter,
        (hour, local, date, day_type): &(Hour, usize, NaiveDate, DayType),
    ) -> Option<u32> {
        let bits = random::at(self.seed, 0xb1c, counter.index as u64, clock::place(*hour));
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
        let quiet = match day_type {
            DayType::Workday => 1.0,
            DayType::SchoolHoliday => 0.8,
            DayType::Saturday => 0.6,
            DayType::SundayOrHoliday => 0.5,
        };
        let usual = f64::from(curve.get(*local).copied().unwrap_or(1)) * counter.scale * quiet;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive and small")]
        let count = (usual * (0.7 + 0.6 * random::unit(random::mix(bits)))).round() as u32;
        Some(count)
    }

    fn published(&self, counter: usize, hour: Hour) -> Count {
        let at = usize::try_from(hour - self.start).ok();
        let count = self.counts.get(counter).and_then(|counts| counts.get(at?).copied().flatten());
        count.map_or(Count::Null, Count::Known)
    }

    /// The records of the CSV, counter by counter.
    pub fn history(&self) -> impl Iterator<Item = (usize, Hour, Count)> + '_ {
        let end = (self.first_hour + SHARED).min(self.end_hour);
        self.counters.iter().flat_map(move |counter| {
            (self.start..end).map(move |hour| (counter.index, hour, self.published(counter.index, hour)))
        })
    }

    /// The folders' hours, for the days and two more.
    #[must_use]
    pub fn folders(&self) -> std::ops::Range<Hour> {
        self.first_folder..self.first_folder + (self.days + 2) * 24
    }

    /// The snapshot of a folder's hour.
    #[must_use]
    pub fn snapshot(&self, folder: Hour) -> Snapshot {
        let number = folder - self.first_folder;
        let damage = match number % 19 {
            7 if self.faults.has(Fault::BadSnapshots) => Damage::Empty,
            // A form that cannot be read in part.
            13 if self.faults.has(Fault::BadSnapshots) && number % 5 != 3 => Damage::Cut,
            _ => Damage::None,
        };
        let mut entries = Vec::new();
        for counter in &self.counters {
            let newest = folder - counter.lag;
            for hour in ((newest - SPAN + 1)..=newest).filter(|hour| (self.first_hour..self.end_hour).contains(hour)) {
                let age = newest - hour;
                let bits = random::at(self.seed, 0xb1d, counter.index as u64, clock::place(hour));
                let count = self.published(counter.index, hour);
                let count = match count {
                    // One hour in eight is published too low at first.
                    Count::Known(n) if age < 2 && bits.is_multiple_of(8) => Count::Known(n / 2),
                    count if age == 0 && self.faults.has(Fault::BadNumbers) => match bits % 128 {
                        9 => Count::Negative,
                        17 => Count::Text,
                        _ => count,
                    },
                    count => count,
                };
                entries.push(Entry::Count { counter: counter.index, hour, count });
            }
        }
        if self.faults.has(Fault::BadRecords) && number % 13 == 4 {
            entries.extend([Entry::NoId, Entry::BadDate, Entry::NoObject]);
        }
        Snapshot { number, folder, damage, entries }
    }

    /// The day of collection of a folder's hour.
    #[must_use]
    pub fn collected(folder: Hour) -> DateTime<Utc> {
        clock::instant(folder)
    }

    /// The city's zone.
    #[must_use]
    pub fn tz(&self) -> Tz {
        self.tz
    }
}

fn counter(index: usize, seed: u64, zones: &Zones) -> Counter {
    let mut rng = Rng::of(seed, 0xb1b, index as u64);
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
