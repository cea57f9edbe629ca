//! One day or hour of weather: a raw row or object becomes a record or a rejection reason.

use std::collections::HashSet;
use std::sync::Arc;

use chrono::{DateTime, LocalResult, NaiveDate, NaiveTime, TimeZone as _, Utc};
use contract::{Reason, Tz};

use crate::parameters::WeatherParameters;
use crate::source::text::json::Json;
use crate::source::text::table::{Row, number};
use crate::source::text::timestamp::Timestamp;
use crate::units::Units;

pub(super) const DATETIME: usize = 0;
const TEMP: usize = 1;
const TEMP_MIN: usize = 2;
const TEMP_MAX: usize = 3;
const PRECIP: usize = 4;
const WIND: usize = 5;
const WIND_MEAN: usize = 6;
const CONDITIONS: usize = 7;
const SOURCE: usize = 8;
const DEW_POINT: usize = 9;
const HUMIDITY: usize = 10;
const UNIT_GROUP: usize = 11;

/// Shared texts of a file: hours and conditions repeat every day.
#[derive(Debug, Default)]
pub(crate) struct Interner(HashSet<Arc<str>>);

impl Interner {
    fn intern(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.0.get(text) {
            return Arc::clone(known);
        }
        let text: Arc<str> = text.into();
        self.0.insert(Arc::clone(&text));
        text
    }
}

/// A day as published, in metric units after [`Self::in_metric`]; or aggregated from its hours.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct DayRecord {
    pub(crate) temp: Option<f64>,
    pub(crate) temp_min: Option<f64>,
    pub(crate) temp_max: Option<f64>,
    pub(crate) precip: Option<f64>,
    pub(crate) wind: Option<f64>,
    /// As published.
    pub(crate) wind_mean: Option<f64>,
    pub(crate) conditions: Option<Arc<str>>,
    /// Origin: `obs`, `fcst`, `comb`.
    pub(crate) source: Option<Arc<str>>,
    /// As published.
    pub(crate) hours: Vec<HourRecord>,
    /// Whether its temperatures or its wind come from its hours.
    pub(crate) from_hours: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct HourRecord {
    pub(crate) time: Arc<str>,
    pub(crate) temp: Option<f64>,
    pub(crate) precip: Option<f64>,
    pub(crate) wind: Option<f64>,
    pub(crate) conditions: Option<Arc<str>>,
    pub(crate) source: Option<Arc<str>>,
}

/// The values of a row or object by which units are judged.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct UnitEvidence {
    pub(super) declared: Option<Units>,
    pub(super) temperature: Option<f64>,
    pub(super) dew_point: Option<f64>,
    /// Percent.
    pub(super) humidity: Option<f64>,
}

impl UnitEvidence {
    pub(super) fn of_json(object: &Json<'_>) -> Self {
        let number = |key| number_of(object.get(key), &mut 0);
        Self {
            declared: object.get("unitGroup").and_then(Json::as_str).and_then(Units::parse),
            temperature: number("temp"),
            dew_point: number("dew"),
            humidity: number("humidity"),
        }
    }

    pub(super) fn of_row(row: &Row<'_>) -> Self {
        let value = |column| row.get(column).and_then(number);
        Self {
            declared: row.get(UNIT_GROUP).and_then(Units::parse),
            temperature: value(TEMP),
            dew_point: value(DEW_POINT),
            humidity: value(HUMIDITY),
        }
    }
}

impl DayRecord {
    /// From an element of `days`, without its hours; also returns the number of unreadable values.
    pub(super) fn of_json(day: &Json<'_>, texts: &mut Interner) -> (Self, u32) {
        let mut unread = 0;
        let mut field = |key| number_of(day.get(key), &mut unread);
        let record = Self {
            temp: field("temp"),
            temp_min: field("tempmin"),
            temp_max: field("tempmax"),
            precip: field("precip"),
            wind: field("windspeed"),
            wind_mean: field("windspeedmean"),
            conditions: text_of(day.get("conditions"), texts),
            source: text_of(day.get("source"), texts),
            ..Self::default()
        };
        (record, unread)
    }

    /// From a row of a daily file; also returns the number of unreadable values.
    pub(super) fn of_row(row: &Row<'_>, texts: &mut Interner) -> (Self, u32) {
        let mut unread = 0;
        let mut field = |column| number_in(row.get(column), &mut unread);
        let record = Self {
            temp: field(TEMP),
            temp_min: field(TEMP_MIN),
            temp_max: field(TEMP_MAX),
            precip: field(PRECIP),
            wind: field(WIND),
            wind_mean: field(WIND_MEAN),
            conditions: row.get(CONDITIONS).map(|text| texts.intern(text)),
            source: row.get(SOURCE).map(|text| texts.intern(text)),
            ..Self::default()
        };
        (record, unread)
    }

    /// Only a day has both a lowest and a highest temperature.
    pub(super) fn has_extremes(&self) -> bool {
        self.temp_min.is_some() && self.temp_max.is_some()
    }

    pub(super) fn in_metric(&self, units: Units) -> Self {
        let celsius = |value: Option<f64>| value.map(|value| units.celsius(value));
        let speed = |value: Option<f64>| value.map(|value| units.kilometres_per_hour(value));
        Self {
            temp: celsius(self.temp),
            temp_min: celsius(self.temp_min),
            temp_max: celsius(self.temp_max),
            precip: self.precip.map(|value| units.millimetres(value)),
            wind: speed(self.wind),
            wind_mean: speed(self.wind_mean),
            hours: self.hours.iter().map(|hour| hour.in_metric(units)).collect(),
            ..self.clone()
        }
    }

    /// Whether both have the same values, up to the error of converted and aggregated ones.
    pub(super) fn equals(&self, other: &Self) -> bool {
        let values = |record: &Self| {
            [
                record.temp,
                record.temp_min,
                record.temp_max,
                Some(record.precip.unwrap_or(0.0)),
                record.wind,
                record.wind_mean,
            ]
        };
        let pairs = values(self).into_iter().zip(values(other));
        pairs.into_iter().all(|(a, b)| close(a, b))
            && (&self.conditions, &self.source) == (&other.conditions, &other.source)
            && self.hours.len() == other.hours.len()
            && self.hours.iter().zip(&other.hours).all(|(a, b)| a.equals(b))
    }

    /// Why the values are not plausible.
    pub(crate) fn rejection(&self, parameters: &WeatherParameters) -> Option<Reason> {
        if let (Some(low), Some(high)) = (self.temp_min, self.temp_max)
            && low > high
        {
            return Some(Reason::ReversedTemperatures);
        }
        let temperatures = [self.temp, self.temp_min, self.temp_max];
        if temperatures.iter().all(Option::is_none) {
            return Some(Reason::MissingTemperature);
        }
        rejection_of(&temperatures, &[self.wind, self.wind_mean], self.precip, parameters)
    }
}

impl HourRecord {
    /// From an object with the hour's values; `None` without a time. Unreadable values are counted.
    pub(super) fn of_json(hour: &Json<'_>, time: Arc<str>, texts: &mut Interner, unread: &mut u32) -> Self {
        Self {
            time,
            temp: number_of(hour.get("temp"), unread),
            precip: number_of(hour.get("precip"), unread),
            wind: number_of(hour.get("windspeed"), unread),
            conditions: text_of(hour.get("conditions"), texts),
            source: text_of(hour.get("source"), texts),
        }
    }

    /// From a row of an hourly file; also returns the number of unreadable values.
    pub(super) fn of_row(row: &Row<'_>, time: Arc<str>, texts: &mut Interner) -> (Self, u32) {
        let mut unread = 0;
        let hour = Self {
            time,
            temp: number_in(row.get(TEMP), &mut unread),
            precip: number_in(row.get(PRECIP), &mut unread),
            wind: number_in(row.get(WIND), &mut unread),
            conditions: row.get(CONDITIONS).map(|text| texts.intern(text)),
            source: row.get(SOURCE).map(|text| texts.intern(text)),
        };
        (hour, unread)
    }

    /// Why the values are not plausible.
    pub(crate) fn rejection(&self, parameters: &WeatherParameters) -> Option<Reason> {
        rejection_of(&[self.temp], &[self.wind], self.precip, parameters)
    }

    pub(super) fn has_value(&self) -> bool {
        self.temp.is_some() || self.precip.is_some() || self.wind.is_some()
    }

    pub(super) fn in_metric(&self, units: Units) -> Self {
        Self {
            temp: self.temp.map(|value| units.celsius(value)),
            precip: self.precip.map(|value| units.millimetres(value)),
            wind: self.wind.map(|value| units.kilometres_per_hour(value)),
            ..self.clone()
        }
    }

    pub(super) fn equals(&self, other: &Self) -> bool {
        let values = |hour: &Self| [hour.temp, hour.precip, hour.wind];
        values(self).into_iter().zip(values(other)).all(|(a, b)| close(a, b))
            && (&self.time, &self.conditions, &self.source) == (&other.time, &other.conditions, &other.source)
    }
}

fn close(a: Option<f64>, b: Option<f64>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => (a - b).abs() < 1e-5,
        (a, b) => a.is_none() && b.is_none(),
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
        Some(Reason::TemperatureOutOfRange)
    } else if winds.iter().flatten().any(|value| *value < 0.0) {
        Some(Reason::NegativeWind)
    } else if rain.is_some_and(|value| value < 0.0) {
        Some(Reason::NegativeRain)
    } else {
        None
    }
}

/// Whether a row or object is a day or an hour, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Period {
    Day(NaiveDate),
    /// Uncertain: a local time that the autumn clock change repeats; the start is that of its second occurrence.
    Hour {
        start: DateTime<Utc>,
        uncertain: bool,
    },
}

impl Period {
    /// `is_day`: the row has values that only a day has.
    ///
    /// # Errors
    /// An unreadable date; an hour without an offset that the clock change skips.
    pub(super) fn of(timestamp: Timestamp, is_day: bool, tz: Tz) -> Result<Self, Reason> {
        let Some(time) = timestamp.time else { return Ok(Self::Day(timestamp.date)) };
        if is_day {
            // Data frames and databases write the date of a day as a midnight, in any zone.
            let date = if time == NaiveTime::MIN { timestamp.date } else { timestamp.local_date(tz)? };
            return Ok(Self::Day(date));
        }
        let start = timestamp.instant(tz)?;
        let repeated = matches!(tz.from_local_datetime(&timestamp.date.and_time(time)), LocalResult::Ambiguous(..));
        Ok(Self::Hour { start, uncertain: repeated && timestamp.offset.is_none() })
    }
}

/// The time of day of an hour, as documents write it.
pub(super) fn clock_time(start: DateTime<Utc>, tz: Tz, texts: &mut Interner) -> Arc<str> {
    texts.intern(&start.with_timezone(&tz).format("%H:%M:%S").to_string())
}

pub(super) fn timestamp_of_json(object: &Json<'_>) -> Result<Timestamp, Reason> {
    if !object.is_object() {
        return Err(Reason::UnreadableRecord);
    }
    Timestamp::parse(object.get("datetime").and_then(Json::as_str).ok_or(Reason::UnreadableDate)?)
}

pub(super) fn timestamp_of_row(row: &Row<'_>) -> Result<Timestamp, Reason> {
    row.get(DATETIME).ok_or(Reason::UnreadableDate).and_then(Timestamp::parse)
}

fn number_of(value: Option<&Json<'_>>, unread: &mut u32) -> Option<f64> {
    match value? {
        Json::Null => None,
        Json::Number(number) => number.as_f64(),
        Json::Text(text) => number_in(Some(text.trim()).filter(|text| !text.is_empty()), unread),
        _ => {
            *unread += 1;
            None
        }
    }
}

fn number_in(text: Option<&str>, unread: &mut u32) -> Option<f64> {
    let text = text?;
    let value = number(text);
    *unread += u32::from(value.is_none());
    value
}

pub(super) fn text_of(value: Option<&Json<'_>>, texts: &mut Interner) -> Option<Arc<str>> {
    Some(value?.as_str()?.trim()).filter(|text| !text.is_empty()).map(|text| texts.intern(text))
}
