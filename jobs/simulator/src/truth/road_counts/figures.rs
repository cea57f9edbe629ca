//! The figures of each arc and of the whole city.

use std::collections::{BTreeMap, BTreeSet};

use contract::document::road_counts::{
    ArcMetrics, ArcStatus, CongestionAlert, RoadGlobal, StateShare, TopArc, TrafficState,
};
use contract::number::{Degrees, Fixed1, Fixed2, Fixed3};

use super::day_window::{self, ArcHours, DayWindow};
use super::published::PublishedRow;
use crate::clock;
use crate::road_counts::cell::{PERCENT, state_of};
use crate::truth::{hourly_curve, id_order, peak_hour, percent, point_text, to_f64};

pub(super) fn percent_of(k: u32) -> f64 {
    f64::from(k) / f64::from(PERCENT)
}

/// The number of vehicles by their speed: 50, 40, 30 and 20 km/h. Integers, so that the sum does not depend on the order.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct LostTime {
    vehicles: [u64; 4],
    cells: u64,
}

impl LostTime {
    /// Adds a cell, if it has both flow and occupancy.
    pub(super) fn add(&mut self, row: PublishedRow) {
        let (Some(q), Some(k)) = (row.q, row.k) else { return };
        let class = match k / PERCENT {
            0..30 => 0,
            30..50 => 1,
            50..70 => 2,
            _ => 3,
        };
        self.cells += 1;
        if let Some(slot) = self.vehicles.get_mut(class) {
            *slot += u64::from(q);
        }
    }

    /// Time lost on a length in m, minutes; `None` without a cell.
    pub(super) fn minutes(&self, length: f64) -> Option<f64> {
        let speeds = [50.0, 40.0, 30.0, 20.0];
        let hours_per_km: f64 = self
            .vehicles
            .iter()
            .zip(speeds)
            .map(|(vehicles, speed)| to_f64(*vehicles) * (1.0 / speed - 1.0 / 50.0))
            .sum();
        (self.cells > 0).then_some(60.0 * length / 1000.0 * hours_per_km)
    }

    fn vehicles(&self) -> u64 {
        self.vehicles.iter().sum()
    }
}

/// The figures of an arc in full precision.
#[derive(Debug)]
pub(super) struct ArcFigures<'a> {
    pub(super) hours: &'a ArcHours<'a>,
    pub(super) total: Option<u64>,
    pub(super) lost: Option<f64>,
    pub(super) vehicle_km: Option<f64>,
    /// Sum of its occupancies, percent.
    occupancy_sum: f64,
    pub(super) has_occupancy: bool,
    pub(super) saturated: bool,
    pub(super) metrics: ArcMetrics,
}

fn curve(window: &DayWindow<'_>, value: impl Fn(usize) -> Option<f64>) -> Vec<Option<Fixed2>> {
    let local = |index: usize| window.hours.get(index).map_or(0, |hour| hour.local);
    hourly_curve(window.day_indexes().map(|index| (local(index), value(index))))
}

fn state(row: PublishedRow) -> TrafficState {
    match row.k.map(state_of).or(row.q.map(|_| row.state)) {
        Some(1) => TrafficState::FreeFlow,
        Some(2) => TrafficState::PreSaturated,
        Some(3) => TrafficState::Saturated,
        Some(4) => TrafficState::Blocked,
        _ => TrafficState::Unknown,
    }
}

fn status(row: PublishedRow) -> ArcStatus {
    match row.status {
        1 => ArcStatus::Open,
        2 => ArcStatus::Closed,
        3 => ArcStatus::Invalid,
        _ => ArcStatus::Unknown,
    }
}

/// The figures of every arc with a row on the day, by id.
pub(super) fn arcs<'a>(window: &'a DayWindow<'a>, alerts: &[CongestionAlert]) -> Vec<ArcFigures<'a>> {
    let alerted: BTreeSet<_> = alerts.iter().filter_map(|alert| alert.arc_id.as_deref()).collect();
    let seen = window.arcs.iter().filter(|arc| arc.seen);
    let mut all: Vec<_> = seen.map(|arc| figures(window, arc, alerted.contains(arc.arc.id.as_str()))).collect();
    all.sort_by(|a, b| id_order(&a.hours.arc.id, &b.hours.arc.id));
    all
}

fn figures<'a>(window: &DayWindow<'_>, arc: &'a ArcHours<'a>, alerted: bool) -> ArcFigures<'a> {
    let cells: Vec<_> = window
        .day_indexes()
        .filter_map(|index| day_window::at(&arc.valid_rows, index).map(|row| (index, row)))
        .collect();
    let flows: Vec<_> = cells.iter().filter_map(|(index, row)| Some((*index, row.q?))).collect();
    let occupancies: Vec<_> = cells.iter().filter_map(|(_, row)| row.k).collect();
    let occupancy_sum: f64 = occupancies.iter().map(|k| percent_of(*k)).sum();
    let total = (!flows.is_empty()).then(|| flows.iter().map(|(_, q)| u64::from(*q)).sum::<u64>());
    let largest = flows.iter().map(|(_, q)| *q).max();
    let peak = flows.iter().find(|(_, q)| Some(*q) == largest).map(|(index, _)| window.hour(*index));
    let mut lost = LostTime::default();
    cells.iter().for_each(|(_, row)| lost.add(*row));
    let minutes = arc.description.length.and_then(|length| lost.minutes(length));
    let vehicle_km = total.zip(arc.description.length).map(|(total, length)| to_f64(total) * length / 1000.0);
    let mut states: BTreeMap<TrafficState, u64> = BTreeMap::new();
    let mut statuses: BTreeMap<ArcStatus, (u64, usize)> = BTreeMap::new();
    for (index, row) in &cells {
        *states.entry(state(*row)).or_default() += 1;
        let slot = statuses.entry(status(*row)).or_default();
        *slot = (slot.0 + 1, *index);
    }
    states.remove(&TrafficState::Unknown);
    let hours_of_day = window.day_indexes().len() as u64;
    let measured =
        window.day_indexes().filter(|index| day_window::measured(&arc.published_rows, *index)).count() as u64;
    let mean = |sum: u64, n: usize| (n > 0).then(|| to_f64(sum) / to_f64(n as u64));
    let metrics = ArcMetrics {
        date: window.day.date(),
        arc_id: arc.arc.id.clone(),
        label: Some(arc.description.label.clone()),
        geo_point_2d: arc.description.point.map(point_text),
        mean_hourly_flow: total.and_then(|total| mean(total, flows.len())).map(Fixed2::of),
        total_daily_flow: total.map(|total| Fixed2::of(to_f64(total))),
        max_flow: largest.map(|q| Fixed2::of(q.into())),
        peak_hour: peak.map(|hour| window.day.stamp(clock::instant(hour))),
        mean_occupancy: mean_occupancy(occupancy_sum, occupancies.len()),
        dominant_state: states
            .iter()
            .max_by_key(|(state, n)| (**n, **state))
            .map_or(TrafficState::Unknown, |(state, _)| *state),
        arc_status: statuses.iter().max_by_key(|(_, seen)| **seen).map_or(ArcStatus::Unknown, |(status, _)| *status),
        measured_hours: u32::try_from(cells.iter().filter(|(_, row)| row.measured()).count()).unwrap_or(0),
        hourly_flow: curve(window, |index| day_window::at(&arc.valid_rows, index)?.q.map(f64::from)),
        hourly_occupancy: curve(window, |index| day_window::at(&arc.valid_rows, index)?.k.map(percent_of)),
        length_m: arc.description.length.map(Fixed1::of),
        total_delay_minutes: minutes.map(Fixed1::of),
        delay_minutes: minutes
            .filter(|_| lost.vehicles() > 0)
            .map(|minutes| Fixed3::of(minutes / to_f64(lost.vehicles()))),
        vehicle_km: vehicle_km.map(Fixed1::of),
        observed_percent: percent(measured, hours_of_day).unwrap_or_default(),
        has_congestion_alert: alerted,
        district: arc.description.code.clone(),
        zone: arc.description.zone.clone(),
        trace: arc.description.trace.as_ref().map(|line| line.iter().map(|point| point.map(Degrees::of)).collect()),
        estimated_daily_flow: None,
        day_type_deviation_percent: None,
    };
    ArcFigures {
        hours: arc,
        total,
        lost: minutes,
        vehicle_km,
        occupancy_sum,
        has_occupancy: !occupancies.is_empty(),
        saturated: occupancies.iter().any(|k| *k >= 30 * PERCENT),
        metrics,
    }
}

fn mean_occupancy(sum: f64, n: usize) -> Option<Fixed2> {
    (n > 0).then(|| Fixed2::of(sum / to_f64(n as u64)))
}

/// The sum of the known values; `None` without any.
pub(super) fn sum(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    values.flatten().reduce(|sum, value| sum + value)
}

/// The whole city.
pub(super) fn global(window: &DayWindow<'_>, figures: &[ArcFigures<'_>]) -> RoadGlobal {
    let totals = figures.iter().filter_map(|arc| arc.total);
    let with_flow = totals.clone().count();
    let total = (with_flow > 0).then(|| totals.sum::<u64>());
    let cells = || {
        window
            .day_indexes()
            .flat_map(|index| figures.iter().filter_map(move |arc| day_window::at(&arc.hours.valid_rows, index)))
    };
    let occupancies: f64 = figures.iter().map(|arc| arc.occupancy_sum).sum();
    let occupied = cells().filter(|row| row.k.is_some()).count();
    let all_cells = cells().count() as u64;
    let mut states: BTreeMap<String, u64> = BTreeMap::new();
    let mut statuses: BTreeMap<String, u64> = BTreeMap::new();
    for row in cells() {
        *states.entry(name(&state(row))).or_default() += 1;
        *statuses.entry(name(&status(row))).or_default() += 1;
    }
    let lost = sum(figures.iter().map(|arc| arc.lost));
    let curve = curve(window, |index| {
        let flows = figures.iter().filter_map(|arc| day_window::at(&arc.hours.valid_rows, index)?.q);
        flows.map(u64::from).reduce(|sum, q| sum + q).map(to_f64)
    });
    let count = |wanted: &dyn Fn(&ArcFigures<'_>) -> bool| figures.iter().filter(|arc| wanted(arc)).count() as u64;
    let share = Availability::new(window);
    RoadGlobal {
        date: window.day.date(),
        total_vehicles: total.map(|total| Fixed2::of(to_f64(total))),
        vehicle_km: sum(figures.iter().map(|arc| arc.vehicle_km)).map(Fixed1::of),
        arc_count: figures.len() as u64,
        active_arc_count: count(&|arc| arc.metrics.measured_hours > 0),
        mean_flow_per_arc: total.map(|total| Fixed2::of(to_f64(total) / to_f64(with_flow as u64))),
        mean_occupancy: mean_occupancy(occupancies, occupied),
        saturated_arc_count: count(&|arc| arc.saturated),
        alerted_arc_count: count(&|arc| arc.metrics.has_congestion_alert),
        silent_arc_count: count(&|arc| !arc.hours.expected),
        observed_percent: share.observed,
        sensor_availability: share.available,
        flow_availability: share.flow,
        occupancy_availability: share.occupancy,
        total_delay_minutes: lost.map(Fixed1::of),
        total_delay_hours: lost.map(|minutes| Fixed1::of(minutes / 60.0)),
        peak_hour: peak_hour(&curve),
        hourly_flow: curve,
        state_distribution: states
            .into_iter()
            .map(|(name, n)| (name, StateShare { hours: n, percent: percent(n, all_cells).unwrap_or_default() }))
            .collect(),
        status_distribution: statuses,
    }
}

/// The name of a state or status in documents.
fn name<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

/// Shares of the expected cells.
#[derive(Debug)]
pub(super) struct Availability {
    pub(super) observed: Option<Fixed2>,
    available: Option<Fixed2>,
    flow: Option<Fixed2>,
    occupancy: Option<Fixed2>,
}

impl Availability {
    pub(super) fn new(window: &DayWindow<'_>) -> Self {
        let hours = window.expected_hours();
        let until = window.complete_until.unwrap_or(i64::MIN);
        let complete: Vec<_> = hours.iter().copied().filter(|index| window.hour(*index) < until).collect();
        let share = |hours: &[usize],
                     expected: &dyn Fn(&ArcHours<'_>) -> bool,
                     present: &dyn Fn(&ArcHours<'_>, usize) -> bool| {
            let arcs: Vec<_> = window.arcs.iter().filter(|arc| expected(arc)).collect();
            let found: usize = arcs.iter().map(|arc| hours.iter().filter(|index| present(arc, **index)).count()).sum();
            percent(found as u64, (arcs.len() * hours.len()) as u64)
        };
        let valid = |arc: &ArcHours<'_>, index: usize| day_window::at(&arc.valid_rows, index).unwrap_or_default();
        Self {
            observed: share(&hours, &|arc| arc.expected, &|arc, index| {
                day_window::measured(&arc.published_rows, index)
            }),
            available: share(&complete, &|arc| arc.expected, &|arc, index| valid(arc, index).measured()),
            flow: share(&complete, &|arc| arc.expected_flow, &|arc, index| valid(arc, index).q.is_some()),
            occupancy: share(&complete, &|arc| arc.expected_occupancy, &|arc, index| valid(arc, index).k.is_some()),
        }
    }
}

/// The ten arcs with the largest totals.
pub(super) fn top(figures: &[ArcFigures<'_>]) -> Vec<TopArc> {
    let mut with_total: Vec<_> = figures.iter().filter_map(|arc| Some((arc.total?, arc))).collect();
    with_total.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| id_order(&a.1.hours.arc.id, &b.1.hours.arc.id)));
    let entry = |(total, arc): &(u64, &ArcFigures<'_>)| TopArc {
        arc_id: arc.hours.arc.id.clone(),
        label: arc.metrics.label.clone(),
        zone: arc.metrics.zone.clone(),
        total_daily_flow: Fixed2::of(to_f64(*total)),
        mean_occupancy: arc.metrics.mean_occupancy,
        dominant_state: arc.metrics.dominant_state,
        observed_percent: arc.metrics.observed_percent,
    };
    with_total.iter().take(10).map(entry).collect()
}
