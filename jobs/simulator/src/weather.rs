//! The weather: a forecast that becomes an observation, told by snapshots of a timeline, and years before as CSV.

use chrono::{DateTime, Datelike, Duration, NaiveDate, Utc};
use chrono_tz::Tz;
use contract::{Reason, ServiceDay, Source, keys};
use runtime::failure::Failure;
use serde_json::{Value, json};

use crate::clock::Days;
use crate::faults::{Fault, Faults};
use crate::output::Output;
use crate::random::{self, Rng};

/// Days of history as CSV, before the first.
const HISTORY: i64 = 30;
/// Hours between snapshots.
const EVERY: i64 = 6;
/// Days before and after its own that a snapshot holds.
const HOLDS: (i64, i64) = (2, 5);

/// The weather of a day as one snapshot tells it; temperatures, rain and wind in tenths.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The day.
    pub date: NaiveDate,
    /// Lowest temperature.
    pub min: i32,
    /// Highest temperature.
    pub max: i32,
    /// Mean temperature.
    pub mean: i32,
    /// Rain; none is told as null.
    pub rain: Option<i32>,
    /// Highest wind.
    pub wind: i32,
    /// Mean wind, where it is told.
    pub wind_mean: Option<i32>,
    /// In words.
    pub conditions: &'static str,
    /// `obs`, `comb` or `fcst`.
    pub source: &'static str,
    /// Hour names with temperature, rain and wind; none where they are not told.
    pub hours: Option<Vec<(usize, i32, i32, i32)>>,
    /// Why it cannot be.
    pub wrong: Option<Reason>,
}

/// A snapshot of the timeline.
#[derive(Debug)]
pub struct Snapshot {
    /// The hour of its folder.
    pub folder: DateTime<Utc>,
    /// Its records; none where it cannot be read.
    pub records: Option<Vec<Record>>,
    /// 0 bytes rather than cut short.
    pub empty: bool,
}

/// The weather of the days.
#[derive(Debug)]
pub struct Weather {
    seed: u64,
    faults: Faults,
    first: NaiveDate,
    last: NaiveDate,
    tz: Tz,
}

impl Weather {
    /// The weather of these days.
    #[must_use]
    pub fn new(seed: u64, faults: Faults, days: &Days) -> Self {
        let first = days.days().first().map(ServiceDay::date).unwrap_or_default();
        let last = days.days().last().map(ServiceDay::date).unwrap_or_default();
        Self { seed, faults, first, last, tz: days.tz() }
    }

    /// All snapshots in order.
    pub fn snapshots(&self) -> impl Iterator<Item = Snapshot> + '_ {
        let start = ServiceDay::new(self.first, chrono_tz::UTC).start();
        let count = ((self.last - self.first).num_days() + 1 + 3) * 24 / EVERY;
        (0..count).map(move |number| self.snapshot(number, start + Duration::hours(number * EVERY)))
    }

    fn snapshot(&self, number: i64, folder: DateTime<Utc>) -> Snapshot {
        let damaged = self.faults.has(Fault::BadSnapshots);
        let empty = damaged && number % 29 == 5;
        let readable = !(empty || damaged && number % 29 == 17);
        let today = folder.with_timezone(&self.tz).date_naive();
        let records = readable.then(|| {
            (-HOLDS.0..=HOLDS.1)
                .map(|away| {
                    let date = today + Duration::days(away);
                    // The last word on some days is one that cannot be.
                    let last = away == -HOLDS.0 && folder.timestamp() / 3600 % 24 >= 24 - EVERY;
                    self.record(date, folder, last)
                })
                .collect()
        });
        Snapshot { folder, records, empty }
    }

    fn record(&self, date: NaiveDate, folder: DateTime<Utc>, last: bool) -> Record {
        let observed = folder >= ServiceDay::new(date, self.tz).end();
        let mut record = self.day(date);
        if !observed {
            let day = u64::try_from(date.num_days_from_ce()).unwrap_or(0);
            let issued = folder.timestamp().unsigned_abs() / 86_400;
            let bits = random::at(self.seed, 0x3e2, day, issued);
            // Never right, and another every day: whether two records are the same is never a matter of taste.
            let off = (1 + i32::try_from(bits % 15).unwrap_or(0)) * if issued.is_multiple_of(2) { 1 } else { -1 };
            record.min += off;
            record.max += off;
            record.mean += off;
            record.source = if folder >= ServiceDay::new(date, self.tz).start() { "comb" } else { "fcst" };
        }
        let index = (date - self.first).num_days();
        if last && self.faults.has(Fault::BadRecords) && index % 2 == 0 {
            match index / 2 % 4 {
                0 => {
                    (record.min, record.max) = (record.max + 10, record.min);
                    record.wrong = Some(Reason::ReversedTemperatures);
                }
                1 => {
                    record.max = 612;
                    record.wrong = Some(Reason::TemperatureOutOfRange);
                }
                2 => {
                    record.wind = -10;
                    record.wrong = Some(Reason::NegativeWind);
                }
                _ => {
                    record.rain = Some(-20);
                    record.wrong = Some(Reason::NegativeRain);
                }
            }
        }
        record
    }

    /// What the day was really like.
    fn day(&self, date: NaiveDate) -> Record {
        let mut rng = Rng::of(self.seed, 0x3e1, u64::try_from(date.num_days_from_ce()).unwrap_or(0));
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
        let mut names = day.local_hours();
        names.dedup();
        let hours: Vec<_> = names
            .into_iter()
            .map(|name| (name, mean + tenths(-14, 14), if wet { tenths(0, 12) } else { 0 }, tenths(20, wind.into())))
            .collect();
        let told = date.day() % 5;
        Record {
            date,
            min,
            max,
            mean,
            rain,
            wind,
            wind_mean: (told == 1).then_some(wind / 2),
            conditions: if wet { "Rain, Partially cloudy" } else { "Clear" },
            source: "obs",
            hours: (told != 3).then_some(hours),
            wrong: None,
        }
    }

    /// The records of the CSV.
    #[must_use]
    pub fn history(&self) -> Vec<Record> {
        (1..=HISTORY).rev().map(|back| self.day(self.first - Duration::days(back))).collect()
    }

    /// Writes all files.
    ///
    /// # Errors
    /// What the store says.
    pub fn write(&self, output: &Output) -> Result<(), Failure> {
        let mut csv = "name,datetime,tempmax,tempmin,temp,precip,preciptype,windspeed,conditions,stations\n".to_owned();
        for record in self.history() {
            let rain = record.rain.map(tenths_text).unwrap_or_default();
            csv.push_str(&format!(
                "ville,{},{},{},{},{rain},,{},\"{}\",\"07149099999,D3623\"\n",
                record.date,
                tenths_text(record.max),
                tenths_text(record.min),
                tenths_text(record.mean),
                tenths_text(record.wind),
                record.conditions
            ));
        }
        output.put("batch/meteo-historique.csv", csv.as_bytes())?;
        for snapshot in self.snapshots() {
            let folder = keys::snapshots(Source::Weather, snapshot.folder.date_naive());
            let key = format!("{folder}hour={}/part.json", snapshot.folder.format("%H"));
            let records = snapshot.records.as_ref();
            let whole = json!({
                "resolvedAddress": "Ville, France",
                "timezone": self.tz.name(),
                "days": records.map(|records| records.iter().map(day_json).collect::<Vec<_>>()),
                "currentConditions": {"datetime": "12:00:00", "temp": 11.5, "precip": null, "windspeed": 9.0},
            })
            .to_string();
            let body = match (records.is_some(), snapshot.empty) {
                (true, _) => whole.as_bytes(),
                (false, true) => b"",
                (false, false) => b"{\"resolvedAddress\": \"Ville, France\", \"days\": [{\"datetime\": \"20",
            };
            output.put(&key, body)?;
        }
        Ok(())
    }
}

fn tenths_text(value: i32) -> String {
    (f64::from(value) / 10.0).to_string()
}

fn day_json(record: &Record) -> Value {
    let number = |value: i32| json!(f64::from(value) / 10.0);
    let mut day = json!({
        "datetime": record.date,
        "tempmax": number(record.max),
        "tempmin": number(record.min),
        "temp": number(record.mean),
        "precip": record.rain.map(number),
        "preciptype": if record.rain.unwrap_or(0) > 0 { json!(["rain"]) } else { Value::Null },
        "windspeed": number(record.wind),
        "conditions": record.conditions,
        "source": record.source,
    });
    if let Some(object) = day.as_object_mut() {
        if let Some(mean) = record.wind_mean {
            object.insert("windspeedmean".to_owned(), number(mean));
        }
        if let Some(hours) = &record.hours {
            let hours: Vec<_> = hours
                .iter()
                .map(|(name, temp, rain, wind)| {
                    json!({"datetime": format!("{name:02}:00:00"), "temp": number(*temp), "precip": number(*rain),
                        "windspeed": number(*wind), "conditions": "Clear"})
                })
                .collect();
            object.insert("hours".to_owned(), Value::Array(hours));
        }
    }
    day
}
