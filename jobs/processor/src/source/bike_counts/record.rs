//! One record of a bike counter: a raw row or object becomes a record or a rejection reason.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Duration, Timelike, Utc};
use contract::{Reason, Tz};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::geo::{on_earth, parse_point, point_of};
use crate::source::text::json::{Json, Key, Skipped};
use crate::source::text::table::{Row, number};
use crate::source::text::timestamp::Timestamp;

const ID: usize = 0;
const NAME: usize = 1;
const COUNT: usize = 2;
pub(super) const DATE: usize = 3;
const COORDINATES: usize = 4;

/// A count as published, kept to detect repeated records.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum PublishedCount {
    /// Missing, blank or null.
    Empty,
    Number(f64),
    Other(Arc<str>),
}

impl PublishedCount {
    /// The count; `None` if it is empty; the reason if it is invalid.
    pub(crate) fn value(&self) -> Result<Option<u32>, Reason> {
        match self {
            Self::Empty => Ok(None),
            Self::Number(value) if *value < 0.0 => Err(Reason::NegativeCount),
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "whole and within 0 and i32::MAX"
            )]
            // The history's column is an i32.
            Self::Number(value) if value.fract() == 0.0 && *value <= f64::from(i32::MAX) => Ok(Some(*value as u32)),
            Self::Number(_) | Self::Other(_) => Err(Reason::UnreadableCount),
        }
    }
}

/// `(lon, lat)`; the reason if they are published but unreadable.
pub(crate) type Point = Result<Option<(f64, f64)>, Reason>;

/// One record: one counter and hour.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Record<'a> {
    pub(crate) id: Cow<'a, str>,
    pub(crate) name: Option<Cow<'a, str>>,
    pub(crate) hour: DateTime<Utc>,
    pub(crate) count: PublishedCount,
    pub(crate) point: Point,
}

impl<'a> Record<'a> {
    /// From a row of the export.
    pub(crate) fn of_row(row: &'a Row<'_>, tz: Tz) -> Result<Self, Reason> {
        Ok(Self {
            id: row.get(ID).ok_or(Reason::MissingId)?.into(),
            name: row.get(NAME).map(Cow::Borrowed),
            hour: hour_of(row.get(DATE).ok_or(Reason::UnreadableDate)?, tz)?,
            count: row.get(COUNT).map_or(PublishedCount::Empty, parse_count),
            point: row.get(COORDINATES).map_or(Ok(None), point_of_text),
        })
    }

    /// From an object of the API.
    pub(crate) fn of_json(fields: &'a Fields<'_>, tz: Tz) -> Result<Self, Reason> {
        Ok(Self {
            id: fields.id.as_ref().and_then(Json::text).ok_or(Reason::MissingId)?,
            name: fields.name.as_ref().and_then(Json::text),
            hour: hour_of(&fields.date.as_ref().and_then(Json::text).ok_or(Reason::UnreadableDate)?, tz)?,
            count: match &fields.count {
                None | Some(Json::Null) => PublishedCount::Empty,
                Some(Json::Number(number)) => number
                    .as_f64()
                    .map_or_else(|| PublishedCount::Other(number.to_string().into()), PublishedCount::Number),
                Some(Json::Text(text)) if text.trim().is_empty() => PublishedCount::Empty,
                Some(Json::Text(text)) => parse_count(text),
                Some(other) => PublishedCount::Other(other.to_value().to_string().into()),
            },
            point: fields.coordinates.as_ref().map_or(Ok(None), point_of_json),
        })
    }
}

/// The raw values of the known fields.
#[derive(Debug, Default)]
pub(crate) struct Fields<'a> {
    id: Option<Json<'a>>,
    name: Option<Json<'a>>,
    count: Option<Json<'a>>,
    date: Option<Json<'a>>,
    coordinates: Option<Json<'a>>,
}

impl<'a> Fields<'a> {
    /// Whether it has a field that only records of counters have.
    pub(crate) fn has_counter_field(&self) -> bool {
        self.id.is_some() || self.count.is_some()
    }

    /// The date as written.
    pub(crate) fn date(&self) -> Option<Cow<'_, str>> {
        self.date.as_ref().and_then(Json::text)
    }

    fn of(object: &Json<'a>) -> Self {
        let field = |key| object.get(key).cloned();
        Self {
            id: field("id_compteur"),
            name: field("nom_compteur"),
            count: field("sum_counts"),
            date: field("date"),
            coordinates: field("coordinates"),
        }
    }
}

/// The fields of a record at its top level, under `fields` or `record.fields` in older API versions, or under `properties` of a GeoJSON
/// Feature, whose geometry is the point; `None` if these are not objects.
#[derive(Debug)]
pub(crate) struct ApiRecord<'a>(pub(super) Option<Fields<'a>>);

impl<'de: 'a, 'a> Deserialize<'de> for ApiRecord<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ApiRecordVisitor).map(Self)
    }
}

struct ApiRecordVisitor;

impl<'de> Visitor<'de> for ApiRecordVisitor {
    type Value = Option<Fields<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        while list.next_element::<Skipped>()?.is_some() {}
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut own = Fields::default();
        let (mut record, mut fields) = (None, None);
        let (mut properties, mut geometry) = (None, None);
        while let Some(Key(key)) = map.next_key()? {
            let field = match &*key {
                "id_compteur" => &mut own.id,
                "nom_compteur" => &mut own.name,
                "sum_counts" => &mut own.count,
                "date" => &mut own.date,
                "coordinates" => &mut own.coordinates,
                "record" => &mut record,
                "fields" => &mut fields,
                "properties" => &mut properties,
                "geometry" => &mut geometry,
                _ => {
                    map.next_value::<Skipped>()?;
                    continue;
                }
            };
            *field = Some(map.next_value::<Json<'_>>()?);
        }
        if let Some(properties) = properties.filter(Json::is_object) {
            let fields = Fields::of(&properties);
            let point = fields.coordinates.filter(|at| *at != Json::Null).or(geometry);
            return Ok(Some(Fields { coordinates: point, ..fields }));
        }
        let inner = record.filter(Json::is_object);
        let fields = match &inner {
            Some(record) => record.get("fields").cloned(),
            None => fields,
        };
        Ok(match (fields, inner) {
            (Some(fields), _) => fields.is_object().then(|| Fields::of(&fields)),
            (None, Some(record)) => Some(Fields::of(&record)),
            (None, None) => Some(own),
        })
    }
}

/// The start of the hour of a timestamp; without an offset it is local time of the city.
fn hour_of(text: &str, tz: Tz) -> Result<DateTime<Utc>, Reason> {
    let instant = Timestamp::parse(text)?.instant(tz)?;
    // In local time: some zones have half-hour offsets.
    let local = instant.with_timezone(&tz);
    let past = i64::from(local.minute() * 60 + local.second());
    Ok(instant - Duration::seconds(past) - Duration::nanoseconds(i64::from(local.nanosecond())))
}

fn parse_count(text: &str) -> PublishedCount {
    number(text).map_or_else(|| PublishedCount::Other(text.into()), PublishedCount::Number)
}

fn point_of_text(text: &str) -> Point {
    parse_point(text).map_err(|_| Reason::UnreadableGeometry)
}

fn point_of_json(value: &Json<'_>) -> Point {
    let number = |key| value.get(key).and_then(Json::as_f64);
    match value {
        Json::Object(_) if let (Some(lon), Some(lat)) = (number("lon"), number("lat")) => {
            on_earth(lon, lat).then_some(Some((lon, lat))).ok_or(Reason::UnreadableGeometry)
        }
        Json::Text(text) => point_of_text(text),
        other => point_of(&other.to_value()).map_err(|_| Reason::UnreadableGeometry),
    }
}
