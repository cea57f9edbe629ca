//! The hours from two days before the day to its end, as every arc measured them, and what is known of each arc.

use contract::ServiceDay;
use rayon::prelude::*;

use super::told::{self, DayRows, FLOW, OCCUPANCY, Reading};
use crate::City;
use crate::clock::{Hour, HourInfo};
use crate::geometry::{self, Point};
use crate::roads::arc::{Arc, Piece};
use crate::roads::cell::Defect;
use crate::roads::file;
use crate::roads::plan::{self, FilePlan};

/// Days in which an arc with a measure is expected, the day included.
const EXPECTED_DAYS: usize = 28;
/// Days before the day on which runs are looked for.
const LOOK_BACK: usize = 2;

/// What is known of an arc on the day.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) label: String,
    pub(super) point: Option<Point>,
    pub(super) length: Option<f64>,
    pub(super) code: Option<String>,
    pub(super) zone: Option<String>,
    /// Its line, where the network does not know it.
    pub(super) trace: Option<Vec<Point>>,
}

/// One arc in the window.
#[derive(Debug)]
pub(super) struct ArcHours<'a> {
    pub(super) arc: &'a Arc,
    pub(super) place: Place,
    /// As read, by hour of the window.
    pub(super) read: Vec<Option<Reading>>,
    /// Without what failing detectors said.
    pub(super) kept: Vec<Option<Reading>>,
    /// Whether it had a row on the day.
    pub(super) seen: bool,
    pub(super) expected: bool,
    pub(super) expected_flow: bool,
    pub(super) expected_occupancy: bool,
}

/// The window of a day.
#[derive(Debug)]
pub(super) struct Window<'a> {
    pub(super) day: ServiceDay,
    pub(super) hours: &'a [HourInfo],
    /// Where the day begins in `hours`.
    pub(super) first: usize,
    /// Begin of the first hour that anybody measured, and end of the last one of the day: beyond them nobody knows how a run goes on.
    pub(super) edges: (Hour, Hour),
    pub(super) arcs: Vec<ArcHours<'a>>,
    /// Whether any arc has a measure, by hour.
    pub(super) reported: Vec<bool>,
    /// The first hour after the last that has a measure, on the day.
    pub(super) complete_until: Option<Hour>,
}

impl<'a> Window<'a> {
    /// The window of a day.
    pub(super) fn new(city: &'a City, days: &[DayRows], number: usize, day: ServiceDay, network: bool) -> Self {
        let from = number.saturating_sub(LOOK_BACK);
        let hours = city.days.hours_of(from, number + 1);
        let first = city.days.hours_of(from, number).len();
        let known = days.get((number + 1).saturating_sub(EXPECTED_DAYS)..=number).unwrap_or_default();
        let arcs: Vec<_> = city
            .roads
            .arcs
            .par_iter()
            .map(|arc| {
                let read: Vec<_> = hours.iter().map(|hour| told::reading(city, arc, hour)).collect();
                let flags = known.iter().filter_map(|rows| rows.flags.get(arc.index)).fold(0, |all, flags| all | flags);
                ArcHours {
                    arc,
                    place: place(city, arc, day, network, has_geometry(city, arc, number)),
                    kept: read.clone(),
                    seen: read.iter().skip(first).any(Option::is_some),
                    read,
                    expected: flags & (FLOW | OCCUPANCY) != 0,
                    expected_flow: flags & FLOW != 0,
                    expected_occupancy: flags & OCCUPANCY != 0,
                }
            })
            .collect();
        let measured = |index: usize| arcs.iter().any(|arc| measured(&arc.read, index));
        let reported: Vec<bool> = (0..hours.len()).map(measured).collect();
        let heard = hours.iter().zip(&reported).find(|(_, reported)| **reported).map(|(hour, _)| hour.hour);
        let start = heard.or(hours.first().map(|hour| hour.hour)).unwrap_or(i64::MIN);
        let complete_until = days.get(number).and_then(|rows| rows.last).map(|hour| hour + 1);
        let end = complete_until.unwrap_or_else(|| crate::clock::hour_of(day.end()));
        Self { day, hours, first, edges: (start, end), arcs, reported, complete_until }
    }

    /// The hours of the day as places in the window.
    pub(super) fn of_day(&self) -> std::ops::Range<usize> {
        self.first..self.hours.len()
    }

    /// Whether a run may go on beyond what is known; the end is excluded.
    pub(super) fn open(&self, from: Hour, to: Hour) -> bool {
        reaches(self.edges, from, to)
    }

    /// An hour by place.
    pub(super) fn hour(&self, index: usize) -> Hour {
        self.hours.get(index).map_or(0, |hour| hour.hour)
    }

    /// The hours of the day in which a cell is expected: all but those of a clock change that nobody measured.
    pub(super) fn expected_hours(&self) -> Vec<usize> {
        let change = self.day.hour_count() != 24;
        self.of_day()
            .filter(|index| {
                let local = self.hours.get(*index).map_or(0, |hour| hour.local);
                !(change && (1..=3).contains(&local) && !self.reported.get(*index).copied().unwrap_or(false))
            })
            .collect()
    }
}

/// Whether a run touches one of the edges; the end is excluded.
pub(super) fn reaches(edges: (Hour, Hour), from: Hour, to: Hour) -> bool {
    from <= edges.0 || edges.1 <= to
}

/// The reading at a place, if there is one.
pub(super) fn at(readings: &[Option<Reading>], index: usize) -> Option<Reading> {
    readings.get(index).copied().flatten()
}

/// Whether there is a measure at a place.
pub(super) fn measured(readings: &[Option<Reading>], index: usize) -> bool {
    at(readings, index).is_some_and(|reading| reading.measured())
}

/// Whether a period covers a day.
#[must_use]
pub(crate) fn covers(piece: &Piece, day: chrono::NaiveDate) -> bool {
    let date = |year: i32, month: u32| chrono::NaiveDate::from_ymd_opt(year, month, 1).unwrap_or_default();
    date(piece.years.0, 1) <= day && piece.years.1.is_none_or(|last| day <= date(last, 6))
}

/// The objects that are the arc on a day: those whose period covers it, else those with the latest end.
#[must_use]
pub(crate) fn pieces_of(pieces: &[Piece], day: chrono::NaiveDate) -> Vec<&Piece> {
    let current: Vec<_> = pieces.iter().filter(|piece| covers(piece, day)).collect();
    if !current.is_empty() {
        return current;
    }
    let end = |piece: &Piece| piece.years.1.unwrap_or(i32::MAX);
    let latest = pieces.iter().map(end).max();
    pieces.iter().filter(|piece| Some(end(piece)) == latest).collect()
}

/// Length of some lines; none where there is no line.
#[must_use]
pub(crate) fn length<'a>(lines: impl Iterator<Item = &'a Vec<Point>>) -> Option<f64> {
    lines.filter(|line| line.len() > 1).map(|line| geometry::length(line)).reduce(|sum, length| sum + length)
}

/// Whether some row of the day tells where the arc lies: those of its file, or its last hours once more in the next one.
fn has_geometry(city: &City, arc: &Arc, number: usize) -> bool {
    let Some(own) = plan::file_of(&city.files, number) else { return false };
    let tells = |file: usize| city.files.get(file).filter(|file| file.shape.has_geometry());
    let again = |next: &FilePlan| {
        let hours = plan::overlap(&city.days, next).iter().filter(|hour| hour.day == number);
        file::overlapping(&city.roads, next, arc.index)
            && hours.into_iter().any(|hour| city.roads.cell(arc, hour).defect == Defect::None)
    };
    tells(own).is_some() || tells(own + 1).is_some_and(again)
}

fn place(city: &City, arc: &Arc, day: ServiceDay, network: bool, geometry: bool) -> Place {
    let pieces = arc.pieces.as_ref().filter(|_| network);
    let own_line = Some(&arc.line).filter(|line| geometry && line.len() > 1);
    let in_network =
        pieces.and_then(|pieces| length(pieces_of(pieces, day.date()).into_iter().flat_map(|piece| &piece.lines)));
    let point = arc.point.filter(|_| pieces.is_some() || geometry);
    let (code, zone) = city.zones.place(point);
    Place {
        label: if pieces.is_some() { arc.network_label.clone() } else { arc.label.clone() },
        point,
        length: in_network.or_else(|| own_line.map(|line| geometry::length(line))),
        code,
        zone,
        trace: own_line.filter(|_| pieces.is_none()).cloned(),
    }
}
