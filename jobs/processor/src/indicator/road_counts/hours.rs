//! The hours of all arcs from D−2 to the end of D, in a fixed order, with what is known of each arc.

use std::ops::Range;

use chrono::{DateTime, Datelike, Duration, Utc};
use contract::document::road_counts::{ArcStatus, TrafficState};
use contract::{ServiceDay, Stamp};

use crate::cells::road::{ArcAttribute, RoadCells, Trace};
use crate::context::DayContext;
use crate::geo;
use crate::order::id_order;
use crate::parameters::RoadParameters;
use crate::source::road_network::Network;

/// One hour of one arc.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Hour {
    /// Flow, while it is believed.
    pub(crate) flow: Option<f64>,
    /// Occupancy, while it is believed.
    pub(crate) occupancy: Option<f64>,
    /// Given state.
    pub(crate) given: TrafficState,
    /// Given status.
    pub(crate) status: ArcStatus,
}

impl Hour {
    /// A cell is measured while it has one of the two.
    #[must_use]
    pub(crate) fn measured(&self) -> bool {
        self.flow.is_some() || self.occupancy.is_some()
    }

    /// State: from occupancy where it is known; else the given one where the flow is known; else unknown.
    #[must_use]
    pub(crate) fn state(&self, parameters: &RoadParameters) -> TrafficState {
        match self.occupancy {
            Some(occupancy) => state_of(occupancy, parameters),
            None if self.flow.is_some() => self.given,
            None => TrafficState::Unknown,
        }
    }
}

/// State of an occupancy.
#[must_use]
pub(crate) fn state_of(occupancy: f64, parameters: &RoadParameters) -> TrafficState {
    if occupancy >= parameters.seuil_bloque {
        TrafficState::Blocked
    } else if occupancy >= parameters.seuil_sature {
        TrafficState::Saturated
    } else if occupancy >= parameters.seuil_pre_sature {
        TrafficState::PreSaturated
    } else {
        TrafficState::FreeFlow
    }
}

/// One arc over the window.
#[derive(Debug, Clone)]
pub(crate) struct ArcHours {
    /// Its id.
    pub(crate) id: String,
    /// Label, network first.
    pub(crate) label: Option<String>,
    /// Longitude and latitude, network first.
    pub(crate) point: Option<(f64, f64)>,
    /// Length, metres, network first.
    pub(crate) length: Option<f64>,
    /// Its line, where the network does not have it.
    pub(crate) line: Option<Vec<(f64, f64)>>,
    /// Code of its zone.
    pub(crate) zone_code: Option<String>,
    /// Name of its zone.
    pub(crate) zone_name: Option<String>,
    /// Hour of the window → cell.
    pub(crate) hours: Vec<Option<Hour>>,
    /// Cells of D with a measure, before anything is set aside.
    pub(crate) measured_in_day: u64,
    /// With a flow in the 28 days.
    pub(crate) expects_flow: bool,
    /// With an occupancy in the 28 days.
    pub(crate) expects_occupancy: bool,
    /// With a cell in D.
    pub(crate) seen: bool,
}

impl ArcHours {
    /// With a measure in the 28 days.
    #[must_use]
    pub(crate) fn expected(&self) -> bool {
        self.expects_flow || self.expects_occupancy
    }
}

/// Expected and measured cells of D.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Expectation {
    /// Expected cells.
    pub(crate) cells: u64,
    /// Cells with a measure, before anything is set aside.
    pub(crate) measured: u64,
    /// Expected hours up to `complet_jusqu_a`.
    pub(crate) available_hours: u64,
}

/// All arcs from D−2 to the end of D, by id.
#[derive(Debug, Clone)]
pub(crate) struct RoadDay {
    /// The day.
    pub(crate) day: ServiceDay,
    /// First instant of the window.
    start: DateTime<Utc>,
    /// Local hour of each hour of the window.
    local: Vec<usize>,
    /// Hour of the window at which D begins.
    pub(crate) day_from: usize,
    /// Number of hours.
    pub(crate) end: usize,
    /// The window as far as the inputs go: from its first to its last hour with a measure, before any is set aside. A run that reaches
    /// an edge may go on beyond.
    pub(crate) edges: Range<usize>,
    /// By id.
    pub(crate) arcs: Vec<ArcHours>,
}

impl RoadDay {
    /// From cells, the network and the zones.
    #[must_use]
    pub(crate) fn new(cells: &RoadCells, network: Option<&Network>, context: &DayContext<'_>) -> Self {
        let date = context.day;
        let days: [ServiceDay; 3] = [-2, -1, 0].map(|days| date.plus(days));
        let start = days[0].start();
        let hours_to = |instant: DateTime<Utc>| usize::try_from((instant - start).num_hours()).unwrap_or(0);
        let (day_from, end) = (hours_to(date.start()), hours_to(date.end()));
        let (number, expected) = (date.date().num_days_from_ce(), context.parameters.comptages.attendu_jours.max(3));
        let first = date.plus(1 - expected).date().num_days_from_ce();
        let radius = context.parameters.referentiel.rayon_terre_metres;
        let mut arcs: Vec<ArcHours> = cells
            .arcs(first, number)
            .map(|arc| {
                let mut hours = vec![None; end];
                for day in &days {
                    let Some(page) = arc.page(day.date().num_days_from_ce()) else { continue };
                    let slots = hours.get_mut(hours_to(day.start())..).unwrap_or_default();
                    for (slot, cell) in slots.iter_mut().zip(&page.cells).filter(|(_, cell)| cell.is_seen()) {
                        *slot = Some(Hour {
                            flow: cell.flow(),
                            occupancy: cell.occupancy(),
                            given: cell.state(),
                            status: cell.status(),
                        });
                    }
                }
                let in_day = hours.get(day_from..).unwrap_or_default();
                let seen = in_day.iter().any(Option::is_some);
                let measured_in_day = in_day.iter().flatten().filter(|hour| hour.measured()).count() as u64;
                let measures = arc.measures();
                let attributes = arc.attributes(number);
                let mut arc = ArcHours {
                    label: None,
                    point: None,
                    length: None,
                    line: None,
                    zone_code: None,
                    zone_name: None,
                    hours,
                    measured_in_day,
                    expects_flow: measures.flow,
                    expects_occupancy: measures.occupancy,
                    seen,
                    id: String::from_utf8_lossy(arc.id).into_owned(),
                }
                .with_attributes(attributes, network, radius);
                (arc.zone_code, arc.zone_name) = geo::place(context.zones, arc.point);
                arc
            })
            .collect();
        arcs.sort_by(|a, b| id_order(&a.id, &b.id));
        let local = days.iter().flat_map(ServiceDay::local_hours).collect();
        let mut day = Self { day: date, start, local, day_from, end, edges: 0..end, arcs };
        let first = (0..end).find(|hour| day.any_measure(*hour)).unwrap_or(0);
        day.edges = first..day.complete_until().unwrap_or(end);
        day
    }

    /// Start of an hour of the window (end of the one before).
    #[must_use]
    pub(crate) fn stamp(&self, hour: usize) -> Stamp {
        self.day.stamp(self.instant(hour))
    }

    /// Start of an hour of the window.
    #[must_use]
    pub(crate) fn instant(&self, hour: usize) -> DateTime<Utc> {
        self.start + Duration::hours(i64::try_from(hour).unwrap_or(0))
    }

    /// Local hour of an hour of the window.
    #[must_use]
    pub(crate) fn local_hour(&self, hour: usize) -> usize {
        self.local.get(hour).copied().unwrap_or(0)
    }

    /// The hour after the last one of D that has a measure.
    #[must_use]
    pub(crate) fn complete_until(&self) -> Option<usize> {
        (self.day_from..self.end).rev().find(|hour| self.any_measure(*hour)).map(|hour| hour + 1)
    }

    fn any_measure(&self, hour: usize) -> bool {
        self.arcs.iter().any(|arc| arc.hours[hour].is_some_and(|hour| hour.measured()))
    }

    /// Hours of the window in which no arc at all has a measure: the source's own silence.
    #[must_use]
    pub(crate) fn silent_hours(&self) -> Vec<usize> {
        (0..self.end).filter(|hour| !self.any_measure(*hour)).collect()
    }

    /// Whether an hour of D is one of a clock change (local 01 to 03) of which no arc has a measure.
    fn is_lost_to_clock_change(&self, hour: usize) -> bool {
        self.changes_clock(hour) && !self.any_measure(hour)
    }

    /// Whether the hour lies in local 01 to 03 of a day with a clock change.
    #[must_use]
    pub(crate) fn changes_clock(&self, hour: usize) -> bool {
        let day = ServiceDay::of(self.instant(hour), self.day.tz());
        day.hour_count() != 24 && (1..=3).contains(&self.local_hour(hour))
    }

    /// Expected cells: expected arcs × hours of D, less those of the clock change that no arc has a measure of.
    #[must_use]
    pub(crate) fn expectation(&self, complete_until: Option<usize>) -> Expectation {
        let hours: Vec<usize> = (self.day_from..self.end).filter(|hour| !self.is_lost_to_clock_change(*hour)).collect();
        let arcs = self.arcs.iter().filter(|arc| arc.expected()).count() as u64;
        let until = complete_until.unwrap_or(self.day_from);
        Expectation {
            cells: arcs * hours.len() as u64,
            measured: self.arcs.iter().map(|arc| arc.measured_in_day).sum(),
            available_hours: hours.iter().filter(|hour| **hour < until).count() as u64,
        }
    }

    /// Cells of D whose given state disagrees with the occupancy by more than one class.
    #[must_use]
    pub(crate) fn contradicted_states(&self, parameters: &RoadParameters) -> u64 {
        let class = |state: TrafficState| state as i32;
        self.arcs
            .iter()
            .flat_map(|arc| arc.hours[self.day_from..].iter().flatten())
            .filter(|hour| hour.given != TrafficState::Unknown)
            .filter(|hour| {
                hour.occupancy
                    .is_some_and(|occupancy| (class(state_of(occupancy, parameters)) - class(hour.given)).abs() > 1)
            })
            .count() as u64
    }
}

impl ArcHours {
    /// Network first, then what the rows say.
    fn with_attributes(mut self, attributes: [&ArcAttribute; 3], network: Option<&Network>, radius: f64) -> Self {
        let [label, point, shape] = attributes;
        let known = network.and_then(|network| network.get(&self.id));
        self.label = known.and_then(|arc| arc.label.clone()).or_else(|| label.text().map(str::to_owned));
        self.point = known.and_then(|arc| arc.point).or_else(|| geo::parse_point(point.text()?));
        self.length = known.and_then(|arc| arc.length_m);
        if self.length.is_none() || known.is_none() {
            let trace = shape.trace(|text| {
                let lines = geo::parse_lines(text)?;
                Some(Trace { length: geo::lines_length_metres(&lines, radius), line: lines.concat() })
            });
            self.length = self.length.or_else(|| trace?.length);
            if known.is_none() {
                self.line = trace.map(|trace| trace.line.clone()).filter(|line| !line.is_empty());
            }
        }
        self
    }
}
