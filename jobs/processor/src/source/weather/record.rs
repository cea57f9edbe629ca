//! One day or hour of weather: a raw row or object becomes a record or a rejection reason.

use std::collections::HashSet;
use std::sync::Arc;

use chrono::{NaiveDate, NaiveTime};
use contract::Reason;

use crate::parameters::WeatherParameters;
use crate::source::text::json::Json;
use crate::source::text::table::{Row, number};
use crate::source::text::timestamp::Timestamp;

const DATETIME: usize = 0;
const TEMP: usize = 1;
const TEMP_MIN: usize = 2;
const TEMP_MAX: usize = 3;
const PRECIP: usize = 4;
const WIND: usize = 5;
const WIND_MEAN: usize = 6;
const CONDITIONS: usize = 7;
const SOURCE: usize = 8;

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

/// A day as published, or aggregated from its hours: °C, mm, km/h.
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
    /// Whether it was aggregated from hourly rows.
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

impl DayRecord {
    /// From an element of `days`; also returns the number of unreadable values.
    pub(crate) fn of_json(day: &Json<'_>, texts: &mut Interner) -> (Self, u32) {
        let mut unread = 0;
        let mut field = |key| number_of(day.get(key), &mut unread);
        let mut record = Self {
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
        let hours = day.get("hours").map(Json::items).unwrap_or_default();
        record.hours = hours.iter().filter_map(|hour| HourRecord::of_json(hour, texts, &mut unread)).collect();
        (record, unread)
    }

    /// From a row of a daily file; also returns the number of unreadable values.
    pub(crate) fn of_row(row: &Row<'_>, texts: &mut Interner) -> (Self, u32) {
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
    /// `None` without a time, which counts as an unreadable value.
    fn of_json(hour: &Json<'_>, texts: &mut Interner, unread: &mut u32) -> Option<Self> {
        let Some(time) = text_of(hour.get("datetime"), texts) else {
            *unread += 1;
            return None;
        };
        Some(Self {
            time,
            temp: number_of(hour.get("temp"), unread),
            precip: number_of(hour.get("precip"), unread),
            wind: number_of(hour.get("windspeed"), unread),
            conditions: text_of(hour.get("conditions"), texts),
            source: text_of(hour.get("source"), texts),
        })
    }

    /// From a row of an hourly file; also returns the number of unreadable values.
    pub(crate) fn of_row(row: &Row<'_>, time: NaiveTime, texts: &mut Interner) -> (Self, u32) {
        let mut unread = 0;
        let hour = Self {
            time: texts.intern(&time.format("%H:%M:%S").to_string()),
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

/// The local day of an element of `days`, in the timeline's time zone.
pub(crate) fn date_of_json(day: &Json<'_>) -> Result<NaiveDate, Reason> {
    if !day.is_object() {
        return Err(Reason::UnreadableRecord);
    }
    let text = day.get("datetime").and_then(Json::as_str).ok_or(Reason::UnreadableDate)?;
    Timestamp::parse(text).map(|timestamp| timestamp.date)
}

pub(crate) fn timestamp_of_row(row: &Row<'_>) -> Result<Timestamp, Reason> {
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

fn text_of(value: Option<&Json<'_>>, texts: &mut Interner) -> Option<Arc<str>> {
    Some(value?.as_str()?.trim()).filter(|text| !text.is_empty()).map(|text| texts.intern(text))
}
