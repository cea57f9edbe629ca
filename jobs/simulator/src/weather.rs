//! The weather: forecasts that become observations, published as timeline snapshots, and a CSV file with the days before.

mod file;

use chrono::{DateTime, Datelike, Duration, NaiveDate, Utc};
use contract::{Reason, ServiceDay, Tz};

use crate::clock::SimulatedDays;
use crate::faults::{Fault, Faults};
use crate::random::{self, Rng};

/// Days of history in the CSV file, before the first simulated day.
const HISTORY_DAYS: i64 = 30;
/// Hours between snapshots.
const SNAPSHOT_INTERVAL: i64 = 6;
/// Days before and after its own in a snapshot.
const SNAPSHOT_DAYS: (i64, i64) = (2, 5);

/// The weather of a day in one snapshot. Temperatures (°C), rain (mm) and wind (km/h) are in tenths.
#[derive(Debug, Clone, PartialEq)]
pub struct WeatherRecord {
    pub date: NaiveDate,
    pub min: i32,
    pub max: i32,
    pub mean: i32,
    /// `None` is published as null.
    pub rain: Option<i32>,
    /// Maximum wind.
    pub wind: i32,
    /// Mean wind; not published on all days.
    pub wind_mean: Option<i32>,
    pub conditions: &'static str,
    /// `obs`, `comb` or `fcst`.
    pub source: &'static str,
    /// Local hours with temperature, rain and wind; not published on all days.
    pub hours: Option<Vec<(usize, i32, i32, i32)>>,
    /// The reason for which a reader must reject the record.
    pub defect: Option<Reason>,
}

#[derive(Debug)]
pub struct WeatherSnapshot {
    pub number: i64,
    pub folder: DateTime<Utc>,
    /// `None` if the snapshot is unreadable.
    pub records: Option<Vec<WeatherRecord>>,
    /// An unreadable snapshot is empty if set, else truncated.
    pub empty: bool,
}

/// Gives the history and the snapshots of the weather.
#[derive(Debug)]
pub struct WeatherSimulation {
    seed: u64,
    faults: Faults,
    first: NaiveDate,
    last: NaiveDate,
    tz: Tz,
}

impl WeatherSimulation {
    #[must_use]
    pub fn new(seed: u64, faults: Faults, days: &SimulatedDays) -> Self {
        let first = days.days().first().map(ServiceDay::date).unwrap_or_default();
        let last = days.days().last().map(ServiceDay::date).unwrap_or_default();
        Self { seed, faults, first, last, tz: days.tz() }
    }

    pub fn snapshots(&self) -> impl Iterator<Item = WeatherSnapshot> + '_ {
        let start = ServiceDay::new(self.first, contract::Tz::UTC).start();
        let count = ((self.last - self.first).num_days() + 1 + 3) * 24 / SNAPSHOT_INTERVAL;
        (0..count).map(move |number| self.snapshot(number, start + Duration::hours(number * SNAPSHOT_INTERVAL)))
    }

    fn snapshot(&self, number: i64, folder: DateTime<Utc>) -> WeatherSnapshot {
        let damaged = self.faults.has(Fault::BadSnapshots);
        let empty = damaged && number % 29 == 5;
        let readable = !(empty || damaged && number % 29 == 17);
        let today = folder.with_timezone(&self.tz).date_naive();
        let records = readable.then(|| {
            (-SNAPSHOT_DAYS.0..=SNAPSHOT_DAYS.1)
                .map(|offset| {
                    let date = today + Duration::days(offset);
                    // Some days have an impossible last record.
                    let last = offset == -SNAPSHOT_DAYS.0 && folder.timestamp() / 3600 % 24 >= 24 - SNAPSHOT_INTERVAL;
                    self.record(date, folder, last)
                })
                .collect()
        });
        WeatherSnapshot { number, folder, records, empty }
    }

    fn record(&self, date: NaiveDate, folder: DateTime<Utc>, last: bool) -> WeatherRecord {
        let observed = folder >= ServiceDay::new(date, self.tz).end();
        let mut record = self.day(date);
        if !observed {
            let day = u64::try_from(date.num_days_from_ce()).unwrap_or(0);
            let issued = folder.timestamp().unsigned_abs() / 86_400;
            let bits = random::at(self.seed, 0x3e2, day, issued);
            // Never zero and different every day, so that two forecasts of a day are never equal by chance.
            let error = (1 + i32::try_from(bits % 15).unwrap_or(0)) * if issued.is_multiple_of(2) { 1 } else { -1 };
            record.min += error;
            record.max += error;
            record.mean += error;
            record.hours.iter_mut().flatten().for_each(|(_, temperature, ..)| *temperature += error);
            record.source = if folder >= ServiceDay::new(date, self.tz).start() { "comb" } else { "fcst" };
        }
        let index = (date - self.first).num_days();
        if last && self.faults.has(Fault::BadRecords) && index % 2 == 0 {
            match index / 2 % 4 {
                0 => {
                    (record.min, record.max) = (record.max + 10, record.min);
                    record.defect = Some(Reason::ReversedTemperatures);
                }
                1 => {
                    record.max = 612;
                    record.defect = Some(Reason::TemperatureOutOfRange);
                }
                2 => {
                    record.wind = -10;
                    record.defect = Some(Reason::NegativeWind);
                }
                _ => {
                    record.rain = Some(-20);
                    record.defect = Some(Reason::NegativeRain);
                }
            }
        }
        record
    }

    /// The observed weather of a day.
    fn day(&self, date: NaiveDate) -> WeatherRecord {
        let mut rng = Rng::new(self.seed, 0x3e1, u64::try_from(date.num_days_from_ce()).unwrap_or(0));
        let mut tenths = |low: i64, high: i64| {
            let span = u64::try_from(high - low + 1).unwrap_or(1);
            i32::try_from(low + i64::try_from(rng.below(span)).unwrap_or(0)).unwrap_or(0)
        };
        let season = (f64::from(date.ordinal()) - 200.0) / 365.0 * std::f64::consts::TAU;
        #[expect(clippy::cast_possible_truncation, reason = "small")]
        let mean = (125.0 + 85.0 * season.cos()) as i32 + tenths(-50, 50);
        let (min, max) = (mean - tenths(15, 60), mean + tenths(15, 70));
        let wet = tenths(0, 9) < 4;
        let rain = if wet {
            Some(tenths(1, 150))
        } else if tenths(0, 1) == 0 {
            Some(0)
        } else {
            None
        };
        let wind = tenths(40, 420);
        let day = ServiceDay::new(date, self.tz);
        let hours = hours(&day, (min, mean, max), rain.unwrap_or(0), wind, &mut tenths);
        let variant = date.day() % 5;
        WeatherRecord {
            date,
            min,
            max,
            mean,
            rain,
            wind,
            wind_mean: (variant == 1).then_some(wind / 2),
            conditions: if wet { "Rain, Partially cloudy" } else { "Clear" },
            source: "obs",
            hours: (variant != 3).then_some(hours),
            defect: None,
        }
    }

    /// The records of the CSV file.
    #[must_use]
    pub fn history(&self) -> Vec<WeatherRecord> {
        (1..=HISTORY_DAYS).rev().map(|back| self.day(self.first - Duration::days(back))).collect()
    }
}

/// The hours of a day, of which the day's values are mean, minimum, maximum and sum.
fn hours(
    day: &ServiceDay,
    (min, mean, max): (i32, i32, i32),
    rain: i32,
    wind: i32,
    tenths: &mut impl FnMut(i64, i64) -> i32,
) -> Vec<(usize, i32, i32, i32)> {
    let mut names = day.local_hours();
    names.dedup();
    let count = i32::try_from(names.len()).unwrap_or(24);
    let (coldest, warmest, windiest) = (tenths(3, 6), tenths(13, 16), tenths(0, 22));
    // The other hours make up for the two extremes, and vary in pairs.
    let rest = 2 * mean - min - max;
    let (mut others, mut variation) = (0, 0);
    let mut hour = |at: i32| {
        let temperature = if at == coldest {
            min
        } else if at == warmest {
            max
        } else {
            let share = |n: i32| rest * n / (count - 2);
            let own = share(others + 1) - share(others);
            others += 1;
            // The number of the other hours may be odd.
            variation = match others % 2 {
                0 => -variation,
                _ if others == count - 2 => 0,
                _ => tenths(0, 9),
            };
            mean + own + variation
        };
        let rain = rain * (at + 1) / count - rain * at / count;
        (temperature, rain, if at == windiest { wind } else { tenths(20, wind.into()) })
    };
    let values: Vec<_> = (0..count).map(&mut hour).collect();
    names.into_iter().zip(values).map(|(name, (temperature, rain, wind))| (name, temperature, rain, wind)).collect()
}
