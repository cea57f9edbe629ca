//! One day or hour of weather: a raw row or object, not yet validated, to a record or the reason why it is rejected.

use chrono::{NaiveDate, NaiveTime};
use contract::Reason;
use serde_json::Value;

use crate::parameters::WeatherParameters;
use crate::source::table::{Row, number};

const DATETIME: usize = 0;
const TEMP: usize = 1;
const TEMP_MIN: usize = 2;
const TEMP_MAX: usize = 3;
const PRECIP: usize = 4;
const WIND: usize = 5;
const WIND_MEAN: usize = 6;
const CONDITIONS: usize = 7;
const SOURCE: usize = 8;

/// A day as published, or as its hours add up: °C, mm, km/h.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DayRecord {
    /// Mean temperature.
    pub temp: Option<f64>,
    /// Lowest temperature.
    pub temp_min: Option<f64>,
    /// Highest temperature.
    pub temp_max: Option<f64>,
    /// Rain.
    pub precip: Option<f64>,
    /// Highest wind speed.
    pub wind: Option<f64>,
    /// Mean wind speed, as published.
    pub wind_mean: Option<f64>,
    /// In words.
    pub conditions: Option<String>,
    /// Where it comes from: `obs`, `fcst`, `comb`.
    pub source: Option<String>,
    /// Its hours, as published.
    pub hours: Vec<HourRecord>,
    /// Whether it was collected after the end of the day.
    pub collected_after: bool,
    /// Whether it was added up from rows of hours.
    pub from_hours: bool,
}

/// One hour.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HourRecord {
    /// Wall-clock time as published.
    pub time: String,
    /// Temperature.
    pub temp: Option<f64>,
    /// Rain.
    pub precip: Option<f64>,
    /// Wind speed.
    pub wind: Option<f64>,
    /// In words.
    pub conditions: Option<String>,
    /// Where it comes from.
    pub source: Option<String>,
}

/// What a row's `datetime` names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct When {
    /// The local day.
    pub(super) date: NaiveDate,
    /// The local hour, in a file of one row an hour.
    pub(super) time: Option<NaiveTime>,
}

impl DayRecord {
    /// Of an element of `days`, with the reasons of values that cannot be read.
    pub(super) fn of_json(day: &Value) -> (Self, Vec<Reason>) {
        let mut bad = Vec::new();
        let mut field = |key| number_of(day.get(key), &mut bad);
        let mut record = Self {
            temp: field("temp"),
            temp_min: field("tempmin"),
            temp_max: field("tempmax"),
            precip: field("precip"),
            wind: field("windspeed"),
            wind_mean: field("windspeedmean"),
            conditions: text_of(day.get("conditions")),
            source: text_of(day.get("source")),
            ..Self::default()
        };
        let hours = day.get("hours").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        record.hours = hours.iter().filter_map(|hour| HourRecord::of_json(hour, &mut bad)).collect();
        (record, bad)
    }

    /// Of a row of a file of one row a day, with the reasons of values that cannot be read.
    pub(super) fn of_row(row: &Row<'_>) -> (Self, Vec<Reason>) {
        let mut bad = Vec::new();
        let mut field = |column| number_in(row.get(column), &mut bad);
        let record = Self {
            temp: field(TEMP),
            temp_min: field(TEMP_MIN),
            temp_max: field(TEMP_MAX),
            precip: field(PRECIP),
            wind: field(WIND),
            wind_mean: field(WIND_MEAN),
            conditions: row.get(CONDITIONS).map(str::to_owned),
            source: row.get(SOURCE).map(str::to_owned),
            ..Self::default()
        };
        (record, bad)
    }

    /// Why it cannot be the day's weather.
    pub(super) fn rejection(&self, parameters: &WeatherParameters) -> Option<Reason> {
        if let (Some(low), Some(high)) = (self.temp_min, self.temp_max)
            && low > high
        {
            return Some(Reason::TemperaturesInversees);
        }
        let temperatures = [self.temp, self.temp_min, self.temp_max];
        if temperatures.iter().all(Option::is_none) {
            return Some(Reason::TemperatureAbsente);
        }
        rejection_of(&temperatures, &[self.wind, self.wind_mean], self.precip, parameters)
    }

    /// Whether two records say the same, whenever they were collected.
    pub(super) fn says_the_same(&self, other: &Self) -> bool {
        Self { collected_after: other.collected_after, ..self.clone() } == *other
    }
}

impl HourRecord {
    /// `None` for what has no time; counted by the caller through `bad`.
    fn of_json(hour: &Value, bad: &mut Vec<Reason>) -> Option<Self> {
        let Some(time) = text_of(hour.get("datetime")) else {
            bad.push(Reason::ValeurIllisible);
            return None;
        };
        Some(Self {
            time,
            temp: number_of(hour.get("temp"), bad),
            precip: number_of(hour.get("precip"), bad),
            wind: number_of(hour.get("windspeed"), bad),
            conditions: text_of(hour.get("conditions")),
            source: text_of(hour.get("source")),
        })
    }

    /// Of a row of a file of one row an hour, with the reasons of values that cannot be read.
    pub(super) fn of_row(row: &Row<'_>, time: NaiveTime) -> (Self, Vec<Reason>) {
        let mut bad = Vec::new();
        let hour = Self {
            time: time.format("%H:%M:%S").to_string(),
            temp: number_in(row.get(TEMP), &mut bad),
            precip: number_in(row.get(PRECIP), &mut bad),
            wind: number_in(row.get(WIND), &mut bad),
            conditions: row.get(CONDITIONS).map(str::to_owned),
            source: row.get(SOURCE).map(str::to_owned),
        };
        (hour, bad)
    }

    /// Why it cannot be an hour's weather.
    pub(super) fn rejection(&self, parameters: &WeatherParameters) -> Option<Reason> {
        rejection_of(&[self.temp], &[self.wind], self.precip, parameters)
    }
}

fn rejection_of(
    temperatures: &[Option<f64>],
    winds: &[Option<f64>],
    rain: Option<f64>,
    parameters: &WeatherParameters,
) -> Option<Reason> {
    let believable = parameters.temp_min..=parameters.temp_max;
    if temperatures.iter().flatten().any(|value| !believable.contains(value)) {
        Some(Reason::TemperatureHorsBornes)
    } else if winds.iter().flatten().any(|value| *value < 0.0) {
        Some(Reason::VentNegatif)
    } else if rain.is_some_and(|value| value < 0.0) {
        Some(Reason::PluieNegative)
    } else {
        None
    }
}

/// The local day of an element of `days`, as its time zone has it.
pub(super) fn date_of_json(day: &Value) -> Result<NaiveDate, Reason> {
    if !day.is_object() {
        return Err(Reason::EnregistrementIllisible);
    }
    let text = day.get("datetime").and_then(Value::as_str).ok_or(Reason::DateIllisible)?;
    when_of(text).map(|when| when.date).ok_or(Reason::DateIllisible)
}

/// The day of a row, and its hour in a file of one row an hour.
pub(super) fn when_of_row(row: &Row<'_>) -> Result<When, Reason> {
    row.get(DATETIME).and_then(when_of).ok_or(Reason::DateIllisible)
}

fn when_of(text: &str) -> Option<When> {
    let text = text.trim();
    let date = NaiveDate::parse_from_str(text.get(..10)?, "%Y-%m-%d").ok()?;
    let time = match text.get(10..)?.trim_start_matches(['T', ' ']) {
        "" => None,
        // An offset would only repeat what the city's clock shows.
        time => Some(
            NaiveTime::parse_from_str(
                time.get(..8).or(time.get(..5))?,
                if time.len() < 8 { "%H:%M" } else { "%H:%M:%S" },
            )
            .ok()?,
        ),
    };
    Some(When { date, time })
}

fn number_of(value: Option<&Value>, bad: &mut Vec<Reason>) -> Option<f64> {
    match value? {
        Value::Null => None,
        Value::Number(number) => number.as_f64(),
        Value::String(text) => number_in(Some(text).map(|text| text.trim()).filter(|text| !text.is_empty()), bad),
        _ => {
            bad.push(Reason::ValeurIllisible);
            None
        }
    }
}

fn number_in(text: Option<&str>, bad: &mut Vec<Reason>) -> Option<f64> {
    let text = text?;
    let value = number(text);
    if value.is_none() {
        bad.push(Reason::ValeurIllisible);
    }
    value
}

fn text_of(value: Option<&Value>) -> Option<String> {
    value?.as_str().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}
