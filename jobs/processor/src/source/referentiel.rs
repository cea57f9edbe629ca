//! The road network: the city's export of arcs, a whole snapshot per file. Only the last file in key order is read.
//!
//! One arc may have several objects: pieces of it, or successive states of it, each with its own period of validity.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::{DateTime, NaiveDateTime, NaiveTime, Utc};
use chrono_tz::Tz;
use contract::Reason;
use contract::document::DayStatus;
use contract::document::road_network::RoadNetwork;
use contract::{ServiceDay, day::wall_to_instant};

use super::chantiers::{calendar_date, latest};
use super::table::{Column, Row, Table};
use super::{Draft, Measured, RawFile, SourceError};
use crate::city::City;
use crate::context::DayContext;
use crate::geo::{ZONES_UNKNOWN, lines_length_metres, parse_lines, parse_point, zone_warnings};
use crate::indicator;
use crate::order::id_order;
use crate::quality::{Counted, Tally, excerpt_of};

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
/// A column that the counts have and the network has not: it tells the two exports apart.
const OF_COUNTS: [Column; 1] = [Column::required(&["Date et heure de comptage", "t_1h"])];

/// One arc of the network on the day, in full precision.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RoadArc {
    /// Label.
    pub label: Option<String>,
    /// Haversine length of all its lines, m.
    pub length_m: Option<f64>,
    /// A point of it, `(lon, lat)`.
    pub point: Option<(f64, f64)>,
    /// Its lines, `(lon, lat)`.
    pub lines: Vec<Vec<(f64, f64)>>,
    /// Upstream node.
    pub upstream: Option<String>,
    /// Downstream node.
    pub downstream: Option<String>,
    /// Whether a period of validity covers the day.
    pub active: bool,
}

/// The network on the day.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Network {
    /// By id, in the order of ids.
    arcs: Vec<(String, RoadArc)>,
    places: HashMap<String, usize>,
}

impl Network {
    /// From a document of the network, with the decimals that it has.
    #[must_use]
    pub fn of_document(document: &RoadNetwork) -> Self {
        let arc = |known: &contract::document::road_network::NetworkArc| RoadArc {
            label: known.label.clone(),
            length_m: known.length_m.map(contract::Fixed::get),
            point: known.geo_point_2d.as_deref().and_then(crate::geo::parse_point),
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

    fn new(mut arcs: Vec<(String, RoadArc)>) -> Self {
        arcs.sort_by(|(a, _), (b, _)| id_order(a, b));
        let places = arcs.iter().enumerate().map(|(index, (id, _))| (id.clone(), index)).collect();
        Self { arcs, places }
    }

    /// One arc.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&RoadArc> {
        self.arcs.get(*self.places.get(id)?).map(|(_, arc)| arc)
    }

    /// All arcs, by id.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &RoadArc)> {
        self.arcs.iter().map(|(id, arc)| (id.as_str(), arc))
    }

    /// How many arcs.
    #[must_use]
    pub fn len(&self) -> usize {
        self.arcs.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.arcs.is_empty()
    }
}

/// What a row says of an arc.
#[derive(Debug, Clone, PartialEq)]
struct ArcObject {
    label: Option<String>,
    /// Begin and end of validity; `None` is unbounded.
    start: Option<DateTime<Utc>>,
    end: Option<DateTime<Utc>>,
    upstream: Option<String>,
    downstream: Option<String>,
    point: Option<(f64, f64)>,
    lines: Vec<Vec<(f64, f64)>>,
    /// Values that could not be read.
    unread: Vec<Reason>,
}

impl ArcObject {
    fn read(row: &Row<'_>, tz: Tz) -> Result<(String, Self), Reason> {
        let text = |column| row.get(column).map(str::to_owned);
        let id = text(ID).ok_or(Reason::MissingId)?;
        let start = row.get(START).map(|text| moment(text, tz, false)).transpose()?;
        let end = row.get(END).map(|text| moment(text, tz, true)).transpose()?;
        if let (Some(start), Some(end)) = (start, end)
            && end < start
        {
            return Err(Reason::ReversedDates);
        }
        let mut unread = Vec::new();
        let mut value = |readable: bool| {
            if !readable {
                unread.push(Reason::UnreadableGeometry);
            }
        };
        let point = row.get(POINT).and_then(parse_point);
        value(point.is_some() || row.get(POINT).is_none());
        let lines = row.get(SHAPE).and_then(parse_lines);
        value(lines.is_some() || row.get(SHAPE).is_none());
        let object = Self {
            label: text(LABEL),
            start,
            end,
            upstream: text(UPSTREAM),
            downstream: text(DOWNSTREAM),
            point,
            lines: lines.unwrap_or_default(),
            unread,
        };
        Ok((id, object))
    }

    /// Whether its period has a part of the day.
    fn covers(&self, day: ServiceDay) -> bool {
        self.start.is_none_or(|start| start < day.end()) && self.end.is_none_or(|end| day.start() < end)
    }
}

/// One export of the network, whatever day is measured.
#[derive(Debug)]
pub struct ParsedFile {
    key: String,
    content: Result<Objects, SourceError>,
}

/// The objects of a file.
#[derive(Debug, Default)]
struct Objects {
    /// By id of the arc, those of one in file order.
    arcs: BTreeMap<String, Vec<Placed>>,
    /// All rows, and what is rejected whatever the day.
    tally: Tally,
}

/// An object and where it stands.
#[derive(Debug)]
struct Placed {
    object: ArcObject,
    line: u64,
    /// Its beginning, where a value of it could not be read.
    excerpt: Box<str>,
    /// Index among the arc's objects of the first that equals it.
    equals: usize,
}

/// Parses one file. What is wrong with it is kept, and judged where a day is read.
#[must_use]
pub fn parse(file: &RawFile, city: &City) -> ParsedFile {
    let content = Table::open(&file.key, &file.bytes, &COLUMNS).and_then(|table| {
        if Table::open(&file.key, &file.bytes, &OF_COUNTS).is_ok() {
            let reason = "no network: the header is that of the road counts".to_owned();
            return Err(SourceError { key: file.key.clone(), reason });
        }
        Ok(objects(&table, &file.key, city.tz))
    });
    ParsedFile { key: file.key.clone(), content }
}

impl ParsedFile {
    /// Its key, relative to the raw folder.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Rows and rejections, whatever the day.
    #[must_use]
    pub fn counted(&self) -> Counted {
        self.content.as_ref().map(|objects| objects.tally.counted()).unwrap_or_default()
    }

    /// About how much memory it holds, bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let points = |object: &ArcObject| object.lines.iter().map(|line| 24 + line.len() * 16).sum::<usize>();
        let texts = |object: &ArcObject| {
            let texts = [&object.label, &object.upstream, &object.downstream];
            texts.into_iter().flatten().map(String::len).sum::<usize>()
        };
        let placed = self.content.iter().flat_map(|objects| objects.arcs.values().flatten());
        let bytes = placed.map(|placed| {
            size_of::<Placed>() + points(&placed.object) + texts(&placed.object) + placed.excerpt.len() + 64
        });
        size_of::<Self>() + self.key.len() + bytes.sum::<usize>()
    }
}

/// The document and the network itself, which road counts and worksites are laid on.
///
/// The arc on the day is the objects whose period covers a part of it, where there is none those with the latest end. Objects that are equal
/// count once; the lengths of the others are added, and their lines listed in file order. Label, nodes and point are those of the last
/// object in file order that has them.
///
/// # Errors
/// No file at all, or the last one cannot be an export of the network.
pub fn read(
    files: &[Arc<ParsedFile>],
    context: &DayContext<'_>,
) -> Result<(Measured<RoadNetwork>, Network), SourceError> {
    let (file, ignored) = latest(files, ParsedFile::key, "batch/referentiel-*.csv")?;
    let Objects { arcs, tally } = file.content.as_ref().map_err(SourceError::clone)?;
    if arcs.is_empty() {
        return Ok((Measured::Absent { last_day: None }, Network::default()));
    }

    let mut tally = tally.clone();
    let (mut cells, mut repeats) = (0, 0);
    let mut network = Vec::with_capacity(arcs.len());
    for (id, objects) in arcs {
        let used = of_the_day(objects, context.day);
        // Equal objects have one period: with one of them the first of them is used too.
        let mut known: Vec<usize> = Vec::with_capacity(used.len());
        let mut distinct: Vec<&ArcObject> = Vec::with_capacity(used.len());
        for placed in used {
            if known.contains(&placed.equals) {
                repeats += 1;
                continue;
            }
            cells += 1;
            known.push(placed.equals);
            distinct.push(&placed.object);
            for reason in &placed.object.unread {
                tally.reject(*reason, &file.key, placed.line, placed.excerpt.as_bytes());
            }
        }
        network.push((id.clone(), arc(&distinct, context)));
    }
    let network = Network::new(network);

    tally.rows_of_day = cells + repeats;
    let mut quality = tally.finish();
    quality.cells = cells;
    quality.duplicates = repeats;
    quality.warnings = zone_warnings(context.zones);
    let mut reasons = BTreeMap::new();
    if context.zones.is_none() {
        reasons.insert("mapping.zone".to_owned(), ZONES_UNKNOWN.to_owned());
        reasons.insert("zones".to_owned(), ZONES_UNKNOWN.to_owned());
    }
    let body = indicator::referentiel::measure(&network, context);
    // The file does not say when it was collected.
    let draft =
        Draft { status: DayStatus::Final, complete_until: None, completeness: None, quality, reasons, ignored, body };
    Ok((Measured::Document(Box::new(draft)), network))
}

fn objects(table: &Table<'_>, key: &str, tz: Tz) -> Objects {
    let mut found = Objects::default();
    for row in table.rows() {
        found.tally.rows += 1;
        match row {
            Ok(row) => match ArcObject::read(&row, tz) {
                Ok((id, object)) => {
                    let excerpt = if object.unread.is_empty() { Box::default() } else { excerpt_of(row.raw()).into() };
                    let objects = found.arcs.entry(id).or_default();
                    let equals = objects.iter().position(|before| before.object == object).unwrap_or(objects.len());
                    objects.push(Placed { object, line: row.line, excerpt, equals });
                }
                Err(reason) => found.tally.reject(reason, key, row.line, row.raw()),
            },
            Err(bad) => bad.count(&mut found.tally, key),
        }
    }
    found
}

/// Those whose period covers the day, else those with the latest end, in file order.
fn of_the_day(objects: &[Placed], day: ServiceDay) -> Vec<&Placed> {
    if objects.iter().any(|placed| placed.object.covers(day)) {
        return objects.iter().filter(|placed| placed.object.covers(day)).collect();
    }
    // An open end is the latest of all.
    let end = |placed: &Placed| (placed.object.end.is_none(), placed.object.end);
    let latest = objects.iter().map(end).max();
    objects.iter().filter(|placed| Some(end(placed)) == latest).collect()
}

fn arc(objects: &[&ArcObject], context: &DayContext<'_>) -> RoadArc {
    let lines: Vec<Vec<(f64, f64)>> = objects.iter().flat_map(|object| object.lines.iter().cloned()).collect();
    RoadArc {
        label: last(objects, |object| object.label.clone()),
        length_m: lines_length_metres(&lines, context.parameters.referentiel.rayon_terre_metres),
        point: last(objects, |object| object.point),
        lines,
        upstream: last(objects, |object| object.upstream.clone()),
        downstream: last(objects, |object| object.downstream.clone()),
        active: objects.iter().any(|object| object.covers(context.day)),
    }
}

fn last<T>(objects: &[&ArcObject], field: impl Fn(&ArcObject) -> Option<T>) -> Option<T> {
    objects.iter().rev().find_map(|object| field(object))
}

/// An instant: a timestamp with its offset, a wall time of the city, or a date. A date that ends a period ends it with the day.
fn moment(text: &str, tz: Tz, is_end: bool) -> Result<DateTime<Utc>, Reason> {
    if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
        return Ok(instant.to_utc());
    }
    let wall = if let Some(date) = calendar_date(text) {
        let date = if is_end { date.succ_opt().ok_or(Reason::UnreadableDate)? } else { date };
        date.and_time(NaiveTime::MIN)
    } else {
        ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S"]
            .iter()
            .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
            .ok_or(Reason::UnreadableDate)?
    };
    wall_to_instant(wall, tz).ok_or(Reason::NonexistentTime)
}

#[cfg(test)]
#[path = "referentiel/tests.rs"]
mod tests;
