//! The weather: forecasts that become observations, published as timeline snapshots, and a CSV file with the days before.

use chrono::{DateTime, Datelike, Duration, NaiveDate, Utc};
use chrono_tz::Tz;
use contract::{Reason, ServiceDay, Source, keys};
use runtime::failure::Failure;
use serde_json::{Value, json};

use crate::clock::SimulatedDays;
use crate::faults::{Fault, Faults};
use crate::output::Output;
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
        let start = ServiceDay::new(self.first, chrono_tz::UTC).start();
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
        WeatherSnapshot { folder, records, empty }
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
        let mut names = day.local_hours();
        names.dedup();
        let hours: Vec<_> = names
            .into_iter()
            .map(|name| (name, mean + tenths(-14, 14), if wet { tenths(0, 12) } else { 0 }, tenths(20, wind.into())))
            .collect();
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

    /// # Errors
    /// The store or the file system rejects a file.
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

fn day_json(record: &WeatherRecord) -> Value {
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
