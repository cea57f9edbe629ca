//! The hours of all arcs in the window from D−2 to the end of the day D, with the attributes of each arc.

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
    /// Flow, vehicles per hour; `None` if unknown or excluded.
    pub(crate) flow: Option<f64>,
    /// Occupancy, percent; `None` if unknown or excluded.
    pub(crate) occupancy: Option<f64>,
    pub(crate) given: TrafficState,
    pub(crate) status: ArcStatus,
}

impl Hour {
    /// Whether it has a flow or an occupancy.
    #[must_use]
    pub(crate) fn measured(&self) -> bool {
        self.flow.is_some() || self.occupancy.is_some()
    }

    /// From the occupancy if known; else the published state if the flow is known; else unknown.
    #[must_use]
    pub(crate) fn state(&self, parameters: &RoadParameters) -> TrafficState {
        match self.occupancy {
            Some(occupancy) => state_of(occupancy, parameters),
            None if self.flow.is_some() => self.given,
            None => TrafficState::Unknown,
        }
    }
}

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
    pub(crate) id: String,
    /// From the network, else from the rows.
    pub(crate) label: Option<String>,
    /// `(lon, lat)` from the network, else from the rows.
    pub(crate) point: Option<(f64, f64)>,
    /// Metres, from the network, else from the rows.
    pub(crate) length: Option<f64>,
    /// Positions, if the network lacks the arc.
    pub(crate) line: Option<Vec<(f64, f64)>>,
    pub(crate) zone_code: Option<String>,
    pub(crate) zone_name: Option<String>,
    /// By hour of the window.
    pub(crate) hours: Vec<Option<Hour>>,
    /// Measured cells of the day, before exclusions.
    pub(crate) measured_in_day: u64,
    /// Has a flow in the expectation window.
    pub(crate) expects_flow: bool,
    /// Has an occupancy in the expectation window.
    pub(crate) expects_occupancy: bool,
    /// Has a cell in the day.
    pub(crate) seen: bool,
}

impl ArcHours {
    /// Has a measure in the expectation window.
    #[must_use]
    pub(crate) fn expected(&self) -> bool {
        self.expects_flow || self.expects_occupancy
    }
}

/// Expected and measured cells of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Expectation {
    pub(crate) cells: u64,
    /// Measured cells, before exclusions.
    pub(crate) measured: u64,
    /// Expected hours up to `complet_jusqu_a`.
    pub(crate) available_hours: u64,
}

/// All arcs in the window, by id.
#[derive(Debug, Clone)]
pub(crate) struct RoadDay {
    pub(crate) day: ServiceDay,
    /// Start of the window.
    start: DateTime<Utc>,
    /// Local hour of each hour of the window.
    local: Vec<usize>,
    /// Hour of the window at which the day begins.
    pub(crate) day_from: usize,
    pub(crate) end: usize,
    /// The part of the window with data: from its first to its last measured hour, before exclusions. A run that reaches an edge may
    /// continue beyond it.
    pub(crate) edges: Range<usize>,
    /// By id.
    pub(crate) arcs: Vec<ArcHours>,
}

impl RoadDay {
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

    /// Start of an hour of the window, as a local timestamp.
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

    /// The hour after the last measured hour of the day.
    #[must_use]
    pub(crate) fn complete_until(&self) -> Option<usize> {
        (self.day_from..self.end).rev().find(|hour| self.any_measure(*hour)).map(|hour| hour + 1)
    }

    fn any_measure(&self, hour: usize) -> bool {
        self.arcs.iter().any(|arc| arc.hours[hour].is_some_and(|hour| hour.measured()))
    }

    /// Hours of the window in which no arc has a measure: the whole source is silent.
    #[must_use]
    pub(crate) fn silent_hours(&self) -> Vec<usize> {
        (0..self.end).filter(|hour| !self.any_measure(*hour)).collect()
    }

    /// Whether an hour belongs to a clock change and no arc has a measure.
    fn is_lost_to_clock_change(&self, hour: usize) -> bool {
        self.changes_clock(hour) && !self.any_measure(hour)
    }

    /// Whether the hour is one of a clock change of its day.
    #[must_use]
    pub(crate) fn changes_clock(&self, hour: usize) -> bool {
        let day = ServiceDay::of(self.instant(hour), self.day.tz());
        !day.is_regular() && day.hour_index(self.instant(hour)).is_some_and(|at| day.clock_change_hours().contains(&at))
    }

    /// Expected cells: expected arcs × hours of the day, without the unmeasured hours of a clock change.
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

    /// Cells of the day whose published state differs from that of the occupancy by more than one class.
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
    /// Attributes from the network, else from the rows.
    fn with_attributes(mut self, attributes: [&ArcAttribute; 3], network: Option<&Network>, radius: f64) -> Self {
        let [label, point, shape] = attributes;
        let known = network.and_then(|network| network.get(&self.id));
        self.label = known.and_then(|arc| arc.label.clone()).or_else(|| label.text().map(str::to_owned));
        self.point = known.and_then(|arc| arc.point).or_else(|| geo::parse_point(point.text()?).ok().flatten());
        self.length = known.and_then(|arc| arc.length_m);
        if self.length.is_none() || known.is_none() {
            let trace = shape.trace(|text| {
                let lines = geo::parse_lines(text).ok().flatten()?;
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
