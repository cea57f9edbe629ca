//! The hours from two days before the day to its end with the rows of every arc, and the description of each arc.

use contract::ServiceDay;
use rayon::prelude::*;

use super::published::{self, DayRows, FLOW, OCCUPANCY, PublishedRow};
use crate::City;
use crate::clock::{Hour, HourInfo};
use crate::geometry::{self, Point};
use crate::road_counts::cell::Defect;
use crate::road_counts::file;
use crate::road_counts::file_plan::{self, FilePlan};
use crate::road_network::arc::Arc;
use crate::truth::road_network::{current_objects, length};

/// An arc with a measure in these days, the day included, is expected.
const EXPECTED_DAYS: usize = 28;
/// Days before the day in which alerts and failures are searched.
const LOOKBACK_DAYS: usize = 2;

/// The attributes of an arc on the day.
#[derive(Debug, Clone)]
pub(super) struct ArcDescription {
    pub(super) label: String,
    pub(super) point: Option<Point>,
    pub(super) length: Option<f64>,
    pub(super) code: Option<String>,
    pub(super) zone: Option<String>,
    /// Its line, only if it is missing in the network.
    pub(super) trace: Option<Vec<Point>>,
}

/// An arc with its rows, by hour of the window.
#[derive(Debug)]
pub(super) struct ArcHours<'a> {
    pub(super) arc: &'a Arc,
    pub(super) description: ArcDescription,
    pub(super) published_rows: Vec<Option<PublishedRow>>,
    /// Without the values of failing detectors.
    pub(super) valid_rows: Vec<Option<PublishedRow>>,
    /// Whether it had a row on the day.
    pub(super) seen: bool,
    pub(super) expected: bool,
    pub(super) expected_flow: bool,
    pub(super) expected_occupancy: bool,
}

/// All arcs over the hours of the window.
#[derive(Debug)]
pub(super) struct DayWindow<'a> {
    pub(super) day: ServiceDay,
    pub(super) hours: &'a [HourInfo],
    /// Index in `hours` at which the day begins.
    pub(super) day_start: usize,
    /// Begin of the first hour with a measure, and end of the last such hour of the day. Beyond these, nothing is known.
    pub(super) edges: (Hour, Hour),
    pub(super) arcs: Vec<ArcHours<'a>>,
    /// Whether any arc has a measure, by hour.
    pub(super) reported: Vec<bool>,
    /// End of the last hour of the day with a measure.
    pub(super) complete_until: Option<Hour>,
}

impl<'a> DayWindow<'a> {
    pub(super) fn new(city: &'a City, days: &[DayRows], number: usize, day: ServiceDay, network: bool) -> Self {
        let from = number.saturating_sub(LOOKBACK_DAYS);
        let hours = city.days.hours_of(from, number + 1);
        let day_start = city.days.hours_of(from, number).len();
        let known = days.get((number + 1).saturating_sub(EXPECTED_DAYS)..=number).unwrap_or_default();
        let arcs: Vec<_> = city
            .roads
            .arcs
            .par_iter()
            .map(|arc| {
                let published_rows: Vec<_> = hours.iter().map(|hour| published::row(city, arc, hour)).collect();
                let flags = known.iter().filter_map(|rows| rows.flags.get(arc.index)).fold(0, |all, flags| all | flags);
                ArcHours {
                    arc,
                    description: describe(city, arc, day, network, has_geometry(city, arc, number)),
                    valid_rows: published_rows.clone(),
                    seen: published_rows.iter().skip(day_start).any(Option::is_some),
                    published_rows,
                    expected: flags & (FLOW | OCCUPANCY) != 0,
                    expected_flow: flags & FLOW != 0,
                    expected_occupancy: flags & OCCUPANCY != 0,
                }
            })
            .collect();
        let measured = |index: usize| arcs.iter().any(|arc| measured(&arc.published_rows, index));
        let reported: Vec<bool> = (0..hours.len()).map(measured).collect();
        let first_reported = hours.iter().zip(&reported).find(|(_, reported)| **reported).map(|(hour, _)| hour.hour);
        let start = first_reported.or(hours.first().map(|hour| hour.hour)).unwrap_or(i64::MIN);
        let complete_until = days.get(number).and_then(|rows| rows.last_hour).map(|hour| hour + 1);
        let end = complete_until.unwrap_or_else(|| crate::clock::hour_of(day.end()));
        Self { day, hours, day_start, edges: (start, end), arcs, reported, complete_until }
    }

    /// The indexes of the hours of the day.
    pub(super) fn day_indexes(&self) -> std::ops::Range<usize> {
        self.day_start..self.hours.len()
    }

    /// Whether the hours `from..to` may continue beyond the known hours.
    pub(super) fn is_open(&self, from: Hour, to: Hour) -> bool {
        touches_edge(self.edges, from, to)
    }

    pub(super) fn hour(&self, index: usize) -> Hour {
        self.hours.get(index).map_or(0, |hour| hour.hour)
    }

    /// The indexes of the hours of the day in which a cell is expected: all except the hours of a clock change without any measure.
    pub(super) fn expected_hours(&self) -> Vec<usize> {
        let near_change = near_change(self.day);
        self.day_indexes()
            .zip(near_change)
            .filter(|(index, near)| !near || self.reported.get(*index).copied().unwrap_or(false))
            .map(|(index, _)| index)
            .collect()
    }
}

/// Whether each hour of the day is next to a clock change, found where the name of an hour does not follow that of the hour before.
fn near_change(day: ServiceDay) -> Vec<bool> {
    let names = day.local_hours();
    let mut near = vec![false; names.len()];
    let mut before = day.local_hour(day.start() - chrono::Duration::hours(1));
    for (at, name) in names.into_iter().enumerate() {
        let around = match (name + 24 - before) % 24 {
            1 => 0..0,
            // Repeated: one hour before and one after the two of that name.
            0 => at.saturating_sub(2)..at + 2,
            // Skipped: the hours on both sides.
            _ => at.saturating_sub(1)..at + 1,
        };
        near.iter_mut().take(around.end).skip(around.start).for_each(|near| *near = true);
        before = name;
    }
    near
}

/// Whether the hours `from..to` touch one of the edges.
pub(super) fn touches_edge(edges: (Hour, Hour), from: Hour, to: Hour) -> bool {
    from <= edges.0 || edges.1 <= to
}

/// The row of an hour, if any.
pub(super) fn at(rows: &[Option<PublishedRow>], index: usize) -> Option<PublishedRow> {
    rows.get(index).copied().flatten()
}

/// Whether an hour has a flow or an occupancy.
pub(super) fn measured(rows: &[Option<PublishedRow>], index: usize) -> bool {
    at(rows, index).is_some_and(|row| row.measured())
}

/// Whether a row of the day has the geometry of the arc: a row of the day's file, or a repeated row in the next file.
fn has_geometry(city: &City, arc: &Arc, number: usize) -> bool {
    let Some(own) = file_plan::file_of(&city.count_files, number) else { return false };
    let with_geometry = |file: usize| city.count_files.get(file).filter(|file| file.format.has_geometry());
    let has_repeated_row = |next: &FilePlan| {
        let hours = file_plan::repeated_hours(&city.days, next).iter().filter(|hour| hour.day == number);
        file::has_repeated_hours(&city.roads, next, arc.index)
            && hours.into_iter().any(|hour| city.roads.cell(arc, hour).defect == Defect::None)
    };
    with_geometry(own).is_some() || with_geometry(own + 1).is_some_and(has_repeated_row)
}

fn describe(city: &City, arc: &Arc, day: ServiceDay, network: bool, geometry: bool) -> ArcDescription {
    let network_objects = arc.network_objects.as_ref().filter(|_| network);
    let own_line = Some(&arc.line).filter(|line| geometry && line.len() > 1);
    let in_network = network_objects.and_then(|network_objects| {
        length(
            current_objects(network_objects, day.date()).into_iter().flat_map(|network_object| &network_object.lines),
        )
    });
    let point = arc.point.filter(|_| network_objects.is_some() || geometry);
    let (code, zone) = city.zones.code_and_name(point);
    ArcDescription {
        label: if network_objects.is_some() { &arc.network_label } else { &arc.label }.trim().to_owned(),
        point,
        length: in_network.or_else(|| own_line.map(|line| geometry::length(line))),
        code,
        zone,
        trace: own_line.filter(|_| network_objects.is_none()).cloned(),
    }
}
