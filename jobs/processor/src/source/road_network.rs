//! The road network: the city's export of arcs, one complete snapshot per file. Only the last file by name is read.
//!
//! One arc may have several objects: pieces of it, or successive states, each with a period of validity.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use contract::document::road_network::RoadNetwork;
use contract::{Reason, ServiceDay, Tz};

use crate::city::City;
use crate::geo::{parse_lines, parse_point};
use crate::order::{id_order, whole_id};
use crate::quality::{QualityCounter, RowCounts, excerpt_of};
use crate::raw_file::{RawFile, SourceError};
use crate::source::acceptance::Acceptance;
use crate::source::text::table::{Column, Row, Table};
use crate::source::text::timestamp::{Timestamp, rejected_time};

const COLUMNS: [Column; 8] = [
    Column::required(&["Identifiant arc", "iu_ac"]),
    Column::optional(&["Identifiant noeud amont", "iu_nd_amont"]),
    Column::optional(&["Identifiant noeud aval", "iu_nd_aval"]),
    Column::optional(&["Libelle", "libellé"]),
    Column::optional(&["Date debut dispo data", "date_debut"]),
    Column::optional(&["Date fin dispo data", "date_fin"]),
    Column::optional(&["geo_point_2d"]),
    Column::required(&["geo_shape"]),
];
const ID: usize = 0;
const UPSTREAM: usize = 1;
const DOWNSTREAM: usize = 2;
const LABEL: usize = 3;
const START: usize = 4;
const END: usize = 5;
const POINT: usize = 6;
const SHAPE: usize = 7;
/// A column of the road counts that the network lacks; it distinguishes the two exports.
const OF_COUNTS: [Column; 1] = [Column::required(&["Date et heure de comptage", "t_1h"])];

/// One arc of the network on the day, in full precision.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct RoadArc {
    pub(crate) label: Option<String>,
    /// Haversine length of all its lines, m.
    pub(crate) length_m: Option<f64>,
    /// A point of it, `(lon, lat)`.
    pub(crate) point: Option<(f64, f64)>,
    /// Its lines, `(lon, lat)`.
    pub(crate) lines: Vec<Vec<(f64, f64)>>,
    pub(crate) upstream: Option<String>,
    pub(crate) downstream: Option<String>,
    /// Whether a period of validity covers the day.
    pub(crate) active: bool,
}

/// The network on the day.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Network {
    /// In id order.
    arcs: Vec<(String, RoadArc)>,
    places: HashMap<String, usize>,
}

impl Network {
    /// From a document, whose values are rounded.
    #[must_use]
    pub(crate) fn of_document(document: &RoadNetwork) -> Self {
        let arc = |known: &contract::document::road_network::NetworkArc| RoadArc {
            label: known.label.clone(),
            length_m: known.length_m.map(contract::Fixed::get),
            point: known.geo_point_2d.as_deref().and_then(|text| parse_point(text).ok().flatten()),
            lines: known
                .trace
                .iter()
                .flatten()
                .map(|line| line.iter().map(|[lon, lat]| (lon.get(), lat.get())).collect())
                .collect(),
            upstream: known.upstream_node.clone(),
            downstream: known.downstream_node.clone(),
            active: known.active,
        };
        Self::new(document.mapping.iter().map(|(id, known)| (id.clone(), arc(known))).collect())
    }

    pub(crate) fn new(mut arcs: Vec<(String, RoadArc)>) -> Self {
        arcs.sort_by(|(a, _), (b, _)| id_order(a, b));
        let places = arcs.iter().enumerate().map(|(index, (id, _))| (id.clone(), index)).collect();
        Self { arcs, places }
    }

    #[must_use]
    pub(crate) fn get(&self, id: &str) -> Option<&RoadArc> {
        self.arcs.get(*self.places.get(id)?).map(|(_, arc)| arc)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &RoadArc)> {
        self.arcs.iter().map(|(id, arc)| (id.as_str(), arc))
    }

    #[must_use]
    pub(crate) fn is_empty(&self) -> bool {
        self.arcs.is_empty()
    }
}

/// One row of the export.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ArcObject {
    pub(crate) label: Option<String>,
    /// Begin and end of validity; `None` is unbounded.
    pub(crate) start: Option<DateTime<Utc>>,
    pub(crate) end: Option<DateTime<Utc>>,
    pub(crate) upstream: Option<String>,
    pub(crate) downstream: Option<String>,
    pub(crate) point: Option<(f64, f64)>,
    pub(crate) lines: Vec<Vec<(f64, f64)>>,
    /// Reasons of unreadable values.
    pub(crate) unread: Vec<Reason>,
}

impl ArcObject {
    fn read(row: &Row<'_>, tz: Tz) -> Result<(String, Self), Reason> {
        let text = |column| row.get(column).map(str::to_owned);
        let id = row.get(ID).map(|id| whole_id(id).to_owned()).ok_or(Reason::MissingId)?;
        let mut unread = Vec::new();
        // A period that cannot be read never costs the arc.
        let mut moment = |column, is_end| {
            row.get(column).and_then(|text| moment(text, tz, is_end).map_err(|reason| unread.push(reason)).ok())
        };
        let (mut start, mut end) = (moment(START, false), moment(END, true));
        if start.zip(end).is_some_and(|(start, end)| end < start) {
            unread.push(Reason::ReversedDates);
            (start, end) = (None, None);
        }
        let point = row.get(POINT).map_or(Ok(None), parse_point);
        let lines = row.get(SHAPE).map_or(Ok(None), parse_lines);
        if point.is_err() || lines.is_err() {
            unread.push(Reason::UnreadableGeometry);
        }
        let object = Self {
            label: text(LABEL),
            start,
            end,
            upstream: row.get(UPSTREAM).map(|id| whole_id(id).to_owned()),
            downstream: row.get(DOWNSTREAM).map(|id| whole_id(id).to_owned()),
            point: point.ok().flatten(),
            lines: lines.ok().flatten().unwrap_or_default(),
            unread,
        };
        Ok((id, object))
    }

    /// Whether its period of validity overlaps the day.
    pub(crate) fn covers(&self, day: ServiceDay) -> bool {
        self.start.is_none_or(|start| start < day.end()) && self.end.is_none_or(|end| day.start() < end)
    }
}

/// One export of the network, parsed for all days.
#[derive(Debug)]
pub(crate) struct ParsedFile {
    key: String,
    pub(crate) content: Result<ArcObjects, SourceError>,
}

#[derive(Debug, Default)]
pub(crate) struct ArcObjects {
    /// By arc id; the objects of one arc in file order.
    pub(crate) arcs: BTreeMap<String, Vec<ArcRow>>,
    /// All rows, and rejections that do not depend on the day.
    pub(crate) quality: QualityCounter,
    /// About the file as a whole.
    pub(crate) warnings: Vec<String>,
}

/// An object with its position in the file.
#[derive(Debug)]
pub(crate) struct ArcRow {
    pub(crate) object: ArcObject,
    pub(crate) line: u64,
    /// Excerpt of the row if it has an unreadable value, else empty.
    pub(crate) excerpt: Box<str>,
    /// Index of the first equal object of the arc.
    pub(crate) equals: usize,
}

/// Never fails: errors are kept in the result and evaluated when a day is measured.
#[must_use]
pub(crate) fn parse(file: &RawFile, city: &City) -> ParsedFile {
    let content = Table::open(&file.key, &file.bytes, &COLUMNS).and_then(|table| {
        if Table::open(&file.key, &file.bytes, &OF_COUNTS).is_ok() {
            let reason =
                "the file is an export of the road counts, not of the road network; rename or replace it".to_owned();
            return Err(SourceError { key: file.key.clone(), reason });
        }
        objects(&table, &file.key, city.tz)
    });
    ParsedFile { key: file.key.clone(), content }
}

impl ParsedFile {
    /// Key relative to the raw folder.
    #[must_use]
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// Rows and rejections of all days.
    #[must_use]
    pub(crate) fn row_counts(&self) -> RowCounts {
        self.content.as_ref().map(|objects| objects.quality.row_counts()).unwrap_or_default()
    }
}

fn objects(table: &Table<'_>, key: &str, tz: Tz) -> Result<ArcObjects, SourceError> {
    let (mut found, mut accepted) = (ArcObjects::default(), Acceptance::default());
    for row in table.rows() {
        found.quality.rows += 1;
        match row {
            Ok(row) => match ArcObject::read(&row, tz) {
                Ok((id, object)) => {
                    match object.unread.contains(&Reason::MonthFirstDate) {
                        true => accepted
                            .reject(Reason::MonthFirstDate, rejected_time(&row, &[START, END], Reason::MonthFirstDate)),
                        false => accepted.accept(),
                    }
                    let excerpt = if object.unread.is_empty() { Box::default() } else { excerpt_of(row.raw()).into() };
                    let objects = found.arcs.entry(id).or_default();
                    let equals = objects.iter().position(|before| before.object == object).unwrap_or(objects.len());
                    objects.push(ArcRow { object, line: row.line, excerpt, equals });
                }
                Err(reason) => {
                    found.quality.reject(reason, key, row.line, row.raw());
                    accepted.reject(reason, row.raw());
                }
            },
            Err(bad) => {
                bad.count(&mut found.quality, key);
                accepted.reject(bad.reason, bad.raw);
            }
        }
    }
    found.warnings = accepted.verdict(key)?;
    Ok(found)
}

/// The instant of a timestamp or a date. An end date includes the whole day.
fn moment(text: &str, tz: Tz, is_end: bool) -> Result<DateTime<Utc>, Reason> {
    let mut timestamp = Timestamp::parse(text)?;
    if is_end && timestamp.time.is_none() {
        timestamp.date = timestamp.date.succ_opt().ok_or(Reason::UnreadableDate)?;
    }
    timestamp.instant_or_start_of_day(tz)
}
