//! Worksites: the city's export, one row per worksite, one complete snapshot per file. Only the last file by name is read.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use chrono::NaiveDate;
use contract::{Reason, Tz};
use geo::Geometry;

use crate::city::City;
use crate::geo::{parse_point, parse_shape, postal_code};
use crate::order::id_order;
use crate::quality::{DaySpan, QualityCounter, RowCounts, excerpt_of};
use crate::raw_file::{RawFile, SourceError};
use crate::source::acceptance::Acceptance;
use crate::source::text::normalize::folded;
use crate::source::text::table::{Column, Row, Table};
use crate::source::text::timestamp::{Timestamp, rejected_time};

const COLUMNS: [Column; 12] = [
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
    Column::optional(&["Statut"]),
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
const STATUS: usize = 11;

/// Impact on traffic as published by the city.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Impact {
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
    /// The city's spelling.
    #[must_use]
    pub(crate) fn name(self) -> &'static str {
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

/// One worksite with a valid period.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct WorksiteRecord {
    pub(crate) id: String,
    pub(crate) start: Option<NaiveDate>,
    pub(crate) end: Option<NaiveDate>,
    pub(crate) postal_code: Option<String>,
    pub(crate) kind: Option<String>,
    pub(crate) object: Option<String>,
    pub(crate) streets: Option<String>,
    pub(crate) impact: Option<Impact>,
    /// The published impact if it is unknown.
    pub(crate) other_impact: Option<String>,
    pub(crate) level: Option<String>,
    /// As published: the city's number, `1` planned to `5` finished.
    pub(crate) status: Option<String>,
    pub(crate) shape: Option<Geometry<f64>>,
    pub(crate) point: Option<(f64, f64)>,
    /// Reasons of unreadable values.
    pub(crate) unread: Vec<Reason>,
}

impl WorksiteRecord {
    /// Whether it runs on the date; a missing start or end is unbounded.
    #[must_use]
    pub(crate) fn is_active(&self, date: NaiveDate) -> bool {
        self.start.is_none_or(|start| start <= date) && self.end.is_none_or(|end| date <= end)
    }

    /// Whether the city calls it finished, whatever its dates: the number 5, or the word.
    #[must_use]
    pub(crate) fn is_finished(&self) -> bool {
        self.status
            .as_deref()
            .is_some_and(|status| matches!(status, "5" | "5.0") || folded(status).starts_with("termine"))
    }

    fn read(row: &Row<'_>, tz: Tz) -> Result<Self, Reason> {
        let text = |column| row.get(column).map(str::to_owned);
        let day = |column| {
            row.get(column)
                .map(|text| Timestamp::parse(text).and_then(|timestamp| timestamp.local_date(tz)))
                .transpose()
        };
        let id = text(ID).ok_or(Reason::MissingId)?;
        let (start, end) = (day(START)?, day(END)?);
        if let (Some(start), Some(end)) = (start, end)
            && end < start
        {
            return Err(Reason::ReversedDates);
        }
        let shape = row.get(SHAPE).map_or(Ok(None), parse_shape);
        let point = row.get(POINT).map_or(Ok(None), parse_point);
        let impact = row.get(IMPACT).and_then(Impact::read);
        let other_impact = if impact.is_none() { text(IMPACT) } else { None };
        let mut unread = Vec::new();
        if shape.is_err() || point.is_err() {
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
            status: text(STATUS),
            shape: shape.ok().flatten(),
            point: point.ok().flatten(),
            unread,
        })
    }
}

/// One export of worksites, parsed for all days.
#[derive(Debug)]
pub(crate) struct ParsedFile {
    key: String,
    pub(crate) content: Result<WorksiteGroups, SourceError>,
}

/// The worksites of a file.
#[derive(Debug)]
pub(crate) struct WorksiteGroups {
    /// In id order.
    pub(crate) groups: Vec<Group>,
    /// All rows, and rejections that do not depend on the day.
    pub(crate) quality: QualityCounter,
    /// About the file as a whole.
    pub(crate) warnings: Vec<String>,
}

/// The last row of one identifier, and how many earlier rows equal or differ from their successor.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) record: WorksiteRecord,
    pub(crate) line: u64,
    /// Excerpt of the row if it has an unreadable value, else empty.
    pub(crate) excerpt: Box<str>,
    pub(crate) repeats: u64,
    pub(crate) conflicts: u64,
}

/// Never fails: errors are kept in the result and evaluated when a day is measured.
#[must_use]
pub(crate) fn parse(file: &RawFile, city: &City) -> ParsedFile {
    let content = Table::open(&file.key, &file.bytes, &COLUMNS).and_then(|table| worksites(&table, &file.key, city.tz));
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
        self.content.as_ref().map(|worksites| worksites.quality.row_counts()).unwrap_or_default()
    }

    /// From the first begin to the last end.
    #[must_use]
    pub(crate) fn days(&self) -> Option<DaySpan> {
        let groups = self.content.as_ref().ok()?.groups.iter();
        DaySpan::of_dates(groups.flat_map(|group| [group.record.start, group.record.end]).flatten())
    }
}

fn worksites(table: &Table<'_>, key: &str, tz: Tz) -> Result<WorksiteGroups, SourceError> {
    let (mut quality, mut accepted) = (QualityCounter::default(), Acceptance::default());
    // With the raw row: two rows are equal if their bytes are.
    let mut groups: BTreeMap<String, (Group, &[u8])> = BTreeMap::new();
    for row in table.rows() {
        quality.rows += 1;
        let row = match row {
            Ok(row) => row,
            Err(bad) => {
                bad.count(&mut quality, key);
                accepted.reject(bad.reason, bad.raw);
                continue;
            }
        };
        let (line, raw) = (row.line, row.raw());
        let record = match WorksiteRecord::read(&row, tz) {
            Ok(record) => record,
            Err(reason) => {
                quality.reject(reason, key, line, raw);
                accepted.reject(reason, rejected_time(&row, &[START, END], reason));
                continue;
            }
        };
        accepted.accept();
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
    Ok(WorksiteGroups { groups, quality, warnings: accepted.verdict(key)? })
}
