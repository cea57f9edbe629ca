//! Worksites: the city's export, one row per worksite, a whole snapshot per file. Only the last file in key order is read.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use chrono::NaiveDate;
use contract::Reason;
use contract::document::worksites::Worksites;
use contract::document::{DayStatus, Ignored};
use geo::{CoordsIter as _, Geometry};

use super::table::{Column, Row, Table};
use super::{Draft, Measured, RawFile, SourceError};
use crate::city::City;
use crate::context::DayContext;
use crate::geo::{ZONES_UNKNOWN, parse_point, parse_shape, postal_code, zone_warnings};
use crate::indicator;
use crate::order::id_order;
use crate::quality::{Counted, Tally, excerpt_of};

const COLUMNS: [Column; 11] = [
    Column::required(&["Identifiant"]),
    Column::required(&["Date de début", "date_debut"]),
    Column::required(&["Date de fin", "date_fin"]),
    Column::optional(&["Code postal de l'arrondissement", "cp_arrondissement"]),
    Column::optional(&["Typologie"]),
    Column::optional(&["Objet"]),
    Column::optional(&["Voie(s)", "voie", "voies"]),
    Column::optional(&["Impact sur la circulation", "impact_circulation"]),
    Column::optional(&["Niveau de perturbation", "niveau_perturbation"]),
    Column::optional(&["geo_shape"]),
    Column::optional(&["geo_point_2d"]),
];
const ID: usize = 0;
const START: usize = 1;
const END: usize = 2;
const POSTAL_CODE: usize = 3;
const KIND: usize = 4;
const OBJECT: usize = 5;
const STREETS: usize = 6;
const IMPACT: usize = 7;
const LEVEL: usize = 8;
const SHAPE: usize = 9;
const POINT: usize = 10;

/// The kinds of impact on traffic that the city knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Impact {
    /// Closed to traffic.
    BarrageTotal,
    /// A dead end.
    Impasse,
    /// Fewer lanes.
    Restreinte,
    /// One way only.
    SensUnique,
}

impl Impact {
    /// As the city writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::BarrageTotal => "BARRAGE_TOTAL",
            Self::Impasse => "IMPASSE",
            Self::Restreinte => "RESTREINTE",
            Self::SensUnique => "SENS_UNIQUE",
        }
    }

    fn read(text: &str) -> Option<Self> {
        [Self::BarrageTotal, Self::Impasse, Self::Restreinte, Self::SensUnique]
            .into_iter()
            .find(|impact| impact.name().eq_ignore_ascii_case(text))
    }
}

/// One worksite with a believable period.
#[derive(Debug, Clone, PartialEq)]
pub struct WorksiteRecord {
    pub(crate) id: String,
    pub(crate) start: Option<NaiveDate>,
    pub(crate) end: Option<NaiveDate>,
    pub(crate) postal_code: Option<String>,
    pub(crate) kind: Option<String>,
    pub(crate) object: Option<String>,
    pub(crate) streets: Option<String>,
    pub(crate) impact: Option<Impact>,
    /// The impact as published, where it is none of the known ones.
    pub(crate) other_impact: Option<String>,
    pub(crate) level: Option<String>,
    pub(crate) shape: Option<Geometry<f64>>,
    pub(crate) point: Option<(f64, f64)>,
    /// Values that could not be read.
    unread: Vec<Reason>,
}

impl WorksiteRecord {
    /// Whether it runs on that date: an empty start has begun, an empty end is open.
    #[must_use]
    pub fn is_active(&self, date: NaiveDate) -> bool {
        self.start.is_none_or(|start| start <= date) && self.end.is_none_or(|end| date <= end)
    }

    fn read(row: &Row<'_>) -> Result<Self, Reason> {
        let text = |column| row.get(column).map(str::to_owned);
        let day = |column| row.get(column).map(|text| calendar_date(text).ok_or(Reason::UnreadableDate)).transpose();
        let id = text(ID).ok_or(Reason::MissingId)?;
        let (start, end) = (day(START)?, day(END)?);
        if let (Some(start), Some(end)) = (start, end)
            && end < start
        {
            return Err(Reason::ReversedDates);
        }
        let shape = row.get(SHAPE).map(parse_shape).transpose();
        let point = row.get(POINT).map(|text| parse_point(text).ok_or(())).transpose();
        let impact = row.get(IMPACT).and_then(Impact::read);
        let other_impact = if impact.is_none() { text(IMPACT) } else { None };
        let mut unread = Vec::new();
        if shape.is_err() {
            unread.push(Reason::UnreadableGeometry);
        }
        if point.is_err() {
            unread.push(Reason::UnreadableGeometry);
        }
        if other_impact.is_some() {
            unread.push(Reason::UnreadableValue);
        }
        Ok(Self {
            id,
            start,
            end,
            // The 16th district has two postal codes, 75016 and 75116; the second looks like the INSEE code and becomes the first.
            postal_code: row.get(POSTAL_CODE).map(postal_code),
            kind: text(KIND),
            object: text(OBJECT),
            streets: text(STREETS),
            impact,
            other_impact,
            level: text(LEVEL),
            shape: shape.ok().flatten(),
            point: point.ok().flatten(),
            unread,
        })
    }
}

/// The shape of a worksite that is active on the day.
#[derive(Debug, Clone, PartialEq)]
pub struct WorksiteShape {
    /// The worksite.
    pub id: String,
    /// Its shape, degrees.
    pub shape: Geometry<f64>,
}

/// One export of worksites, whatever day is measured.
#[derive(Debug)]
pub struct ParsedFile {
    key: String,
    content: Result<WorksiteGroups, SourceError>,
}

/// The worksites of a file.
#[derive(Debug)]
struct WorksiteGroups {
    /// In the order of ids.
    groups: Vec<Group>,
    /// All rows, and what is rejected whatever the day.
    tally: Tally,
}

/// The rows of one identifier: the last one, and what became of those before it.
#[derive(Debug)]
struct Group {
    record: WorksiteRecord,
    line: u64,
    /// Its beginning, where a value of it could not be read.
    excerpt: Box<str>,
    repeats: u64,
    conflicts: u64,
}

/// Parses one file. What is wrong with it is kept, and judged where a day is read.
#[must_use]
pub fn parse(file: &RawFile, _: &City) -> ParsedFile {
    let content = Table::open(&file.key, &file.bytes, &COLUMNS).map(|table| worksites(&table, &file.key));
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
        self.content.as_ref().map(|worksites| worksites.tally.counted()).unwrap_or_default()
    }

    /// About how much memory it holds, bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let groups = self.content.as_ref().map_or(&[] as &[Group], |worksites| &worksites.groups);
        let texts = |record: &WorksiteRecord| {
            let texts = [&record.postal_code, &record.kind, &record.object, &record.streets, &record.level];
            texts.into_iter().flatten().map(String::len).sum::<usize>()
        };
        let shape = |record: &WorksiteRecord| record.shape.as_ref().map_or(0, |shape| shape.coords_count() * 16);
        let group =
            |group: &Group| size_of::<Group>() + texts(&group.record) + shape(&group.record) + group.excerpt.len();
        size_of::<Self>() + self.key.len() + groups.iter().map(group).sum::<usize>()
    }
}

/// The worksites of the day, and the shapes of those that have one, by id.
///
/// Of several rows of one identifier the last one counts, and it alone says whether the worksite is active; `lignes_du_jour` counts all rows
/// of the active ones. A row equals the one before it where its bytes do.
///
/// # Errors
/// No file at all, or the last one cannot be an export of worksites.
pub fn read(
    files: &[Arc<ParsedFile>],
    context: &DayContext<'_>,
) -> Result<(Measured<Worksites>, Vec<WorksiteShape>), SourceError> {
    let (file, ignored) = latest(files, ParsedFile::key, "batch/chantiers-*.csv")?;
    let WorksiteGroups { groups, tally } = file.content.as_ref().map_err(SourceError::clone)?;

    let date = context.day.date();
    let active: Vec<&Group> = groups.iter().filter(|group| group.record.is_active(date)).collect();
    if active.is_empty() {
        let last_day = groups.iter().filter_map(|group| group.record.end.max(group.record.start)).max();
        return Ok((Measured::Absent { last_day }, Vec::new()));
    }
    let mut tally = tally.clone();
    let (mut repeats, mut conflicts) = (0, 0);
    for group in &active {
        repeats += group.repeats;
        conflicts += group.conflicts;
        for reason in &group.record.unread {
            tally.reject(*reason, &file.key, group.line, group.excerpt.as_bytes());
        }
    }
    let cells = u64::try_from(active.len()).unwrap_or(u64::MAX);
    tally.rows_of_day = cells + repeats + conflicts;
    let mut quality = tally.finish();
    quality.cells = cells;
    quality.duplicates = repeats;
    quality.conflicts = conflicts;
    quality.warnings = zone_warnings(context.zones);

    let mut reasons = BTreeMap::new();
    if context.zones.is_none() {
        reasons.insert("chantiers_actifs.zone".to_owned(), ZONES_UNKNOWN.to_owned());
    }
    let records: Vec<&WorksiteRecord> = active.iter().map(|group| &group.record).collect();
    let shapes = records
        .iter()
        .filter_map(|record| Some(WorksiteShape { id: record.id.clone(), shape: record.shape.clone()? }))
        .collect();
    let body = indicator::chantiers::measure(&records, context);
    // The file does not say when it was collected.
    let draft =
        Draft { status: DayStatus::Final, complete_until: None, completeness: None, quality, reasons, ignored, body };
    Ok((Measured::Document(Box::new(draft)), shapes))
}

fn worksites(table: &Table<'_>, key: &str) -> WorksiteGroups {
    let mut tally = Tally::default();
    // With its bytes: a row is the same as the one before it where they are.
    let mut groups: BTreeMap<String, (Group, &[u8])> = BTreeMap::new();
    for row in table.rows() {
        tally.rows += 1;
        let row = match row {
            Ok(row) => row,
            Err(bad) => {
                bad.count(&mut tally, key);
                continue;
            }
        };
        let (line, raw) = (row.line, row.raw());
        let record = match WorksiteRecord::read(&row) {
            Ok(record) => record,
            Err(reason) => {
                tally.reject(reason, key, line, raw);
                continue;
            }
        };
        let excerpt = if record.unread.is_empty() { Box::default() } else { excerpt_of(raw).into() };
        let mut group = Group { record, line, excerpt, repeats: 0, conflicts: 0 };
        match groups.entry(group.record.id.clone()) {
            Entry::Vacant(entry) => {
                entry.insert((group, raw));
            }
            Entry::Occupied(mut entry) => {
                let (before, before_raw) = entry.get();
                let same = u64::from(*before_raw == raw);
                (group.repeats, group.conflicts) = (before.repeats + same, before.conflicts + 1 - same);
                entry.insert((group, raw));
            }
        }
    }
    let mut groups: Vec<Group> = groups.into_values().map(|(group, _)| group).collect();
    groups.sort_by(|a, b| id_order(&a.record.id, &b.record.id));
    WorksiteGroups { groups, tally }
}

/// The last file in key order, and the others as `ignores` lists them: each file is a whole snapshot.
pub(super) fn latest<'a, P>(
    files: &'a [Arc<P>],
    key: impl Fn(&P) -> &str,
    pattern: &str,
) -> Result<(&'a P, Vec<Ignored>), SourceError> {
    let mut sorted: Vec<&P> = files.iter().map(Arc::as_ref).collect();
    sorted.sort_by(|a, b| key(a).cmp(key(b)));
    let Some(last) = sorted.pop() else {
        return Err(SourceError { key: String::new(), reason: format!("there is no {pattern}") });
    };
    let reason = format!("relevé complet plus ancien : seul le dernier dans l'ordre des clés est lu ({})", key(last));
    let ignored = sorted.iter().map(|file| Ignored { key: key(file).to_owned(), reason: reason.clone() }).collect();
    Ok((last, ignored))
}

/// `YYYY-MM-DD`, or `DD/MM/YYYY` as in older exports.
pub(super) fn calendar_date(text: &str) -> Option<NaiveDate> {
    let (year, month, day) = match text.as_bytes() {
        [_, _, _, _, b'-', _, _, b'-', _, _] => (text.get(..4)?, text.get(5..7)?, text.get(8..)?),
        [_, _, b'/', _, _, b'/', _, _, _, _] => (text.get(6..)?, text.get(3..5)?, text.get(..2)?),
        _ => return None,
    };
    // The standard parser takes a sign.
    if ![year, month, day].iter().all(|part| part.bytes().all(|byte| byte.is_ascii_digit())) {
        return None;
    }
    NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
}

#[cfg(test)]
#[path = "chantiers/tests.rs"]
mod tests;
