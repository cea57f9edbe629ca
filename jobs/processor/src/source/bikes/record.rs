//! One record of a bike counter: a raw row or object, not yet validated, to a record or the reason why it is none.

use chrono::{DateTime, Duration, NaiveDateTime, Timelike, Utc};
use chrono_tz::Tz;
use contract::Reason;
use contract::day::wall_to_instant;
use serde_json::{Map, Value};

use crate::source::table::{Row, number};

const ID: usize = 0;
const NAME: usize = 1;
const COUNT: usize = 2;
const DATE: usize = 3;
const COORDINATES: usize = 4;

/// A count as given, for comparing, and as understood.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Given {
    /// Empty or null.
    Nothing,
    /// A number.
    Number(f64),
    /// Anything else.
    Other(String),
}

impl Given {
    /// The count, nothing where none is given, or why it cannot be used.
    pub(super) fn count(&self) -> Result<Option<u32>, Reason> {
        match self {
            Self::Nothing => Ok(None),
            Self::Number(value) if *value < 0.0 => Err(Reason::ComptageNegatif),
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "whole and within 0 and i32::MAX"
            )]
            // No street has more; the history's column neither.
            Self::Number(value) if value.fract() == 0.0 && *value <= f64::from(i32::MAX) => Ok(Some(*value as u32)),
            Self::Number(_) | Self::Other(_) => Err(Reason::ComptageIllisible),
        }
    }
}

/// Longitude and latitude; the reason where they are given and cannot be read.
pub(super) type Point = Result<Option<(f64, f64)>, Reason>;

/// What one record says of one counter and hour.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Record {
    id: String,
    name: Option<String>,
    hour: DateTime<Utc>,
    given: Given,
    point: Point,
}

impl Record {
    /// Of a row of the export.
    pub(super) fn of_row(row: &Row<'_>, tz: Tz) -> Result<Self, Reason> {
        Ok(Self {
            id: row.get(ID).ok_or(Reason::IdentifiantAbsent)?.to_owned(),
            name: row.get(NAME).map(str::to_owned),
            hour: hour_of(row.get(DATE).ok_or(Reason::DateIllisible)?, tz)?,
            given: row.get(COUNT).map_or(Given::Nothing, given_text),
            point: row.get(COORDINATES).map_or(Ok(None), |text| point_of_text(text).map(Some)),
        })
    }

    /// Of an object of the API.
    pub(super) fn of_json(fields: &Map<String, Value>, tz: Tz) -> Result<Self, Reason> {
        let text = |key: &str| match fields.get(key)? {
            Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        Ok(Self {
            id: text("id_compteur").ok_or(Reason::IdentifiantAbsent)?,
            name: text("nom_compteur"),
            hour: hour_of(&text("date").ok_or(Reason::DateIllisible)?, tz)?,
            given: match fields.get("sum_counts") {
                None | Some(Value::Null) => Given::Nothing,
                Some(Value::Number(number)) => number.as_f64().map_or(Given::Other(number.to_string()), Given::Number),
                Some(Value::String(text)) if text.trim().is_empty() => Given::Nothing,
                Some(Value::String(text)) => given_text(text),
                Some(other) => Given::Other(other.to_string()),
            },
            point: fields.get("coordinates").map_or(Ok(None), point_of_json),
        })
    }

    /// The counter.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// The start of the hour.
    pub(super) fn hour(&self) -> DateTime<Utc> {
        self.hour
    }

    /// The counter's name, the count as given, and where it stands.
    pub(super) fn into_parts(self) -> (Option<String>, Given, Point) {
        (self.name, self.given, self.point)
    }
}

/// The fields of a record: its own, or those of the older shapes' `fields` and `record.fields`; `None` where these are no object.
pub(super) fn fields(value: &Value) -> Option<&Map<String, Value>> {
    let outer = value.as_object()?;
    let inner = outer.get("record").and_then(Value::as_object).unwrap_or(outer);
    match inner.get("fields") {
        Some(fields) => fields.as_object(),
        None => Some(inner),
    }
}

/// The start of the hour of a time: an instant, or the city's wall time where it has no offset.
fn hour_of(text: &str, tz: Tz) -> Result<DateTime<Utc>, Reason> {
    const WALL: [&str; 4] = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"];
    let with_offset =
        DateTime::parse_from_rfc3339(text).or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%z"));
    let instant = match with_offset {
        Ok(instant) => instant.with_timezone(&Utc),
        Err(_) => {
            let wall = WALL.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
            wall_to_instant(wall.ok_or(Reason::DateIllisible)?, tz).ok_or(Reason::HeureInexistante)?
        }
    };
    // Dates at the end of the calendar have no day after them.
    if !(1900..=2200).contains(&chrono::Datelike::year(&instant)) {
        return Err(Reason::DateIllisible);
    }
    // In the city's clock: some zones are off by half an hour.
    let local = instant.with_timezone(&tz);
    let past = i64::from(local.minute() * 60 + local.second());
    Ok(instant - Duration::seconds(past) - Duration::nanoseconds(i64::from(local.nanosecond())))
}

fn given_text(text: &str) -> Given {
    number(text).map_or_else(|| Given::Other(text.to_owned()), Given::Number)
}

/// `lat,lon`.
fn point_of_text(text: &str) -> Result<(f64, f64), Reason> {
    let (lat, lon) = text.split_once(',').ok_or(Reason::GeometrieIllisible)?;
    point(number(lon), number(lat))
}

/// `{"lon": …, "lat": …}`, or `[lat, lon]`, or `"lat,lon"`.
fn point_of_json(value: &Value) -> Point {
    match value {
        Value::Null => Ok(None),
        Value::Object(fields) => {
            let field = |key: &str| fields.get(key).and_then(Value::as_f64);
            point(field("lon"), field("lat")).map(Some)
        }
        Value::Array(pair) => {
            let item = |at: usize| pair.get(at).and_then(Value::as_f64);
            point(item(1), item(0)).map(Some)
        }
        Value::String(text) if text.trim().is_empty() => Ok(None),
        Value::String(text) => point_of_text(text).map(Some),
        _ => Err(Reason::GeometrieIllisible),
    }
}

fn point(lon: Option<f64>, lat: Option<f64>) -> Result<(f64, f64), Reason> {
    lon.zip(lat).filter(|(lon, lat)| lon.abs() <= 180.0 && lat.abs() <= 90.0).ok_or(Reason::GeometrieIllisible)
}
