//! The figures of each arc and of the whole city.

use std::collections::{BTreeMap, BTreeSet};

use contract::document::road_counts::{
    ArcMetrics, ArcStatus, CongestionAlert, RoadGlobal, StateShare, TopArc, TrafficState,
};
use contract::number::{Degrees, Fixed1, Fixed2, Fixed3};

use super::hours_count;
use super::told::Reading;
use super::window::{self, ArcHours, Window};
use crate::clock;
use crate::roads::cell::{PERCENT, state_of};
use crate::truth::{id_order, point_text};

/// Occupancy in percent.
pub(super) fn percent_of(k: u32) -> f64 {
    f64::from(k) / f64::from(PERCENT)
}

/// A count as a number.
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
pub(super) fn number(count: u64) -> f64 {
    count as f64
}

/// Percent of a part; none where there is no whole.
pub(super) fn percent(part: u64, whole: u64) -> Option<Fixed2> {
    (whole > 0).then(|| Fixed2::of(100.0 * number(part) / number(whole)))
}

/// Vehicles that lost time, by the speed at which they went: 50, 40, 30, 20 km/h. Whole numbers, so that no order changes the sum.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct LostTime {
    vehicles: [u64; 4],
    cells: u64,
}

impl LostTime {
    /// Adds a cell, if it has both flow and occupancy.
    pub(super) fn add(&mut self, reading: Reading) {
        let (Some(q), Some(k)) = (reading.q, reading.k) else { return };
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

    /// Minutes lost on a length in metres; none without a cell.
    pub(super) fn minutes(&self, length: f64) -> Option<f64> {
        let speeds = [50.0, 40.0, 30.0, 20.0];
        let hours_per_km: f64 = self
            .vehicles
            .iter()
            .zip(speeds)
            .map(|(vehicles, speed)| number(*vehicles) * (1.0 / speed - 1.0 / 50.0))
            .sum();
        (self.cells > 0).then_some(60.0 * length / 1000.0 * hours_per_km)
    }

    fn vehicles(&self) -> u64 {
        self.vehicles.iter().sum()
    }
}

/// The figures of an arc in full precision.
#[derive(Debug)]
pub(super) struct Figures<'a> {
    pub(super) hours: &'a ArcHours<'a>,
    pub(super) total: Option<u64>,
    pub(super) lost: Option<f64>,
    pub(super) vehicle_km: Option<f64>,
    /// Sum of its occupancies, percent.
    occupancy: f64,
    pub(super) has_occupancy: bool,
    pub(super) saturated: bool,
    pub(super) metrics: ArcMetrics,
}

/// The curve by local hour: the mean of the hours that bear each name.
fn curve(window: &Window<'_>, value: impl Fn(usize) -> Option<f64>) -> Vec<Option<Fixed2>> {
    let mut sums = [(0.0, 0_u32); 24];
    for index in window.of_day() {
        let local = window.hours.get(index).map_or(0, |hour| hour.local);
        if let (Some(value), Some(slot)) = (value(index), sums.get_mut(local)) {
            slot.0 += value;
            slot.1 += 1;
        }
    }
    sums.iter().map(|(sum, n)| (*n > 0).then(|| Fixed2::of(sum / f64::from(*n)))).collect()
}

fn state(reading: Reading) -> TrafficState {
    match reading.k.map(state_of).or(reading.q.map(|_| reading.state)) {
        Some(1) => TrafficState::FreeFlow,
        Some(2) => TrafficState::PreSaturated,
        Some(3) => TrafficState::Saturated,
        Some(4) => TrafficState::Blocked,
        _ => TrafficState::Unknown,
    }
}

fn status(reading: Reading) -> ArcStatus {
    match reading.status {
        1 => ArcStatus::Open,
        2 => ArcStatus::Closed,
        3 => ArcStatus::Invalid,
        _ => ArcStatus::Unknown,
    }
}

/// The figures of every arc seen on the day, by id.
pub(super) fn arcs<'a>(window: &'a Window<'a>, alerts: &[CongestionAlert]) -> Vec<Figures<'a>> {
    let alerted: BTreeSet<_> = alerts.iter().filter_map(|alert| alert.arc_id.as_deref()).collect();
    let seen = window.arcs.iter().filter(|arc| arc.seen);
    let mut all: Vec<_> = seen.map(|arc| figures(window, arc, alerted.contains(arc.arc.id.as_str()))).collect();
    all.sort_by(|a, b| id_order(&a.hours.arc.id, &b.hours.arc.id));
    all
}

fn figures<'a>(window: &Window<'_>, arc: &'a ArcHours<'a>, alerted: bool) -> Figures<'a> {
    let cells: Vec<_> =
        window.of_day().filter_map(|index| window::at(&arc.kept, index).map(|reading| (index, reading))).collect();
    let flows: Vec<_> = cells.iter().filter_map(|(index, reading)| Some((*index, reading.q?))).collect();
    let occupancies: Vec<_> = cells.iter().filter_map(|(_, reading)| reading.k).collect();
    let total = (!flows.is_empty()).then(|| flows.iter().map(|(_, q)| u64::from(*q)).sum::<u64>());
    let largest = flows.iter().map(|(_, q)| *q).max();
    let peak = flows.iter().find(|(_, q)| Some(*q) == largest).map(|(index, _)| window.hour(*index));
    let mut lost = LostTime::default();
    cells.iter().for_each(|(_, reading)| lost.add(*reading));
    let minutes = arc.place.length.and_then(|length| lost.minutes(length));
    let vehicle_km = total.zip(arc.place.length).map(|(total, length)| number(total) * length / 1000.0);
    let mut states: BTreeMap<TrafficState, u64> = BTreeMap::new();
    let mut statuses: BTreeMap<ArcStatus, (u64, usize)> = BTreeMap::new();
    for (index, reading) in &cells {
        *states.entry(state(*reading)).or_default() += 1;
        let slot = statuses.entry(status(*reading)).or_default();
        *slot = (slot.0 + 1, *index);
    }
    states.remove(&TrafficState::Unknown);
    let hours_of_day = window.of_day().len() as u64;
    let measured = window.of_day().filter(|index| window::measured(&arc.read, *index)).count() as u64;
    let mean = |sum: u64, n: usize| (n > 0).then(|| number(sum) / hours_count(n));
    let metrics = ArcMetrics {
        date: window.day.date(),
        arc_id: arc.arc.id.clone(),
        label: Some(arc.place.label.clone()),
        geo_point_2d: arc.place.point.map(point_text),
        mean_hourly_flow: total.and_then(|total| mean(total, flows.len())).map(Fixed2::of),
        total_daily_flow: total.map(|total| Fixed2::of(number(total))),
        max_flow: largest.map(|q| Fixed2::of(q.into())),
        peak_hour: peak.map(|hour| window.day.stamp(clock::instant(hour))),
        mean_occupancy: mean_occupancy(added(&occupancies), occupancies.len()),
        dominant_state: states
            .iter()
            .max_by_key(|(state, n)| (**n, **state))
            .map_or(TrafficState::Unknown, |(state, _)| *state),
        arc_status: statuses.iter().max_by_key(|(_, seen)| **seen).map_or(ArcStatus::Unknown, |(status, _)| *status),
        measured_hours: u32::try_from(cells.iter().filter(|(_, reading)| reading.measured()).count()).unwrap_or(0),
        hourly_flow: curve(window, |index| window::at(&arc.kept, index)?.q.map(f64::from)),
        hourly_occupancy: curve(window, |index| window::at(&arc.kept, index)?.k.map(percent_of)),
        length_m: arc.place.length.map(Fixed1::of),
        total_delay_minutes: minutes.map(Fixed1::of),
        delay_minutes: minutes
            .filter(|_| lost.vehicles() > 0)
            .map(|minutes| Fixed3::of(minutes / number(lost.vehicles()))),
        vehicle_km: vehicle_km.map(Fixed1::of),
        observed_percent: percent(measured, hours_of_day).unwrap_or_default(),
        has_congestion_alert: alerted,
        district: arc.place.code.clone(),
        zone: arc.place.zone.clone(),
        trace: arc.place.trace.as_ref().map(|line| line.iter().map(|point| point.map(Degrees::of)).collect()),
        estimated_daily_flow: None,
        day_type_deviation_percent: None,
    };
    Figures {
        hours: arc,
        total,
        lost: minutes,
        vehicle_km,
        occupancy: added(&occupancies),
        has_occupancy: !occupancies.is_empty(),
        saturated: occupancies.iter().any(|k| *k >= 30 * PERCENT),
        metrics,
    }
}

/// Occupancies of an arc in percent, added hour after hour.
fn added(occupancies: &[u32]) -> f64 {
    occupancies.iter().map(|k| percent_of(*k)).sum()
}

/// Mean of occupancies, rounded once.
fn mean_occupancy(sum: f64, n: usize) -> Option<Fixed2> {
    (n > 0).then(|| Fixed2::of(sum / hours_count(n)))
}

/// The sum of what there is; none where there is nothing.
pub(super) fn sum(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    values.flatten().reduce(|sum, value| sum + value)
}

/// The whole city.
pub(super) fn global(window: &Window<'_>, figures: &[Figures<'_>]) -> RoadGlobal {
    let totals = figures.iter().filter_map(|arc| arc.total);
    let with_flow = totals.clone().count();
    let total = (with_flow > 0).then(|| totals.sum::<u64>());
    let cells =
        || window.of_day().flat_map(|index| figures.iter().filter_map(move |arc| window::at(&arc.hours.kept, index)));
    let occupancies: f64 = figures.iter().map(|arc| arc.occupancy).sum();
    let occupied = cells().filter(|reading| reading.k.is_some()).count();
    let all_cells = cells().count() as u64;
    let mut states: BTreeMap<String, u64> = BTreeMap::new();
    let mut statuses: BTreeMap<String, u64> = BTreeMap::new();
    for reading in cells() {
        *states.entry(name(&state(reading))).or_default() += 1;
        *statuses.entry(name(&status(reading))).or_default() += 1;
    }
    let lost = sum(figures.iter().map(|arc| arc.lost));
    let curve = curve(window, |index| {
        let flows = figures.iter().filter_map(|arc| window::at(&arc.hours.kept, index)?.q);
        flows.map(u64::from).reduce(|sum, q| sum + q).map(number)
    });
    let highest = curve.iter().flatten().map(|value| value.get()).fold(f64::NEG_INFINITY, f64::max);
    let peak = curve.iter().position(|value| value.is_some_and(|value| value.get() >= highest));
    let count = |wanted: &dyn Fn(&Figures<'_>) -> bool| figures.iter().filter(|arc| wanted(arc)).count() as u64;
    let share = Availability::new(window);
    RoadGlobal {
        date: window.day.date(),
        total_vehicles: total.map(|total| Fixed2::of(number(total))),
        vehicle_km: sum(figures.iter().map(|arc| arc.vehicle_km)).map(Fixed1::of),
        arc_count: figures.len() as u64,
        active_arc_count: count(&|arc| arc.metrics.measured_hours > 0),
        mean_flow_per_arc: total.map(|total| Fixed2::of(number(total) / hours_count(with_flow))),
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
        hourly_flow: curve,
        peak_hour: peak.and_then(|hour| u8::try_from(hour).ok()),
        state_distribution: states
            .into_iter()
            .map(|(name, n)| (name, StateShare { hours: n, percent: percent(n, all_cells).unwrap_or_default() }))
            .collect(),
        status_distribution: statuses,
    }
}

/// Name of a state or status in documents.
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
    pub(super) fn new(window: &Window<'_>) -> Self {
        let hours = window.expected_hours();
        let until = window.complete_until.unwrap_or(i64::MIN);
        let complete: Vec<_> = hours.iter().copied().filter(|index| window.hour(*index) < until).collect();
        let share = |hours: &[usize],
                     expected: &dyn Fn(&ArcHours<'_>) -> bool,
                     there: &dyn Fn(&ArcHours<'_>, usize) -> bool| {
            let arcs: Vec<_> = window.arcs.iter().filter(|arc| expected(arc)).collect();
            let found: usize = arcs.iter().map(|arc| hours.iter().filter(|index| there(arc, **index)).count()).sum();
            percent(found as u64, (arcs.len() * hours.len()) as u64)
        };
        let kept = |arc: &ArcHours<'_>, index: usize| window::at(&arc.kept, index).unwrap_or_default();
        Self {
            observed: share(&hours, &|arc| arc.expected, &|arc, index| window::measured(&arc.read, index)),
            available: share(&complete, &|arc| arc.expected, &|arc, index| kept(arc, index).measured()),
            flow: share(&complete, &|arc| arc.expected_flow, &|arc, index| kept(arc, index).q.is_some()),
            occupancy: share(&complete, &|arc| arc.expected_occupancy, &|arc, index| kept(arc, index).k.is_some()),
        }
    }
}

/// The ten arcs with the largest totals.
pub(super) fn top(figures: &[Figures<'_>]) -> Vec<TopArc> {
    let mut with_total: Vec<_> = figures.iter().filter_map(|arc| Some((arc.total?, arc))).collect();
    with_total.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| id_order(&a.1.hours.arc.id, &b.1.hours.arc.id)));
    let entry = |(total, arc): &(u64, &Figures<'_>)| TopArc {
        arc_id: arc.hours.arc.id.clone(),
        label: arc.metrics.label.clone(),
        zone: arc.metrics.zone.clone(),
        total_daily_flow: Fixed2::of(number(*total)),
        mean_occupancy: arc.metrics.mean_occupancy,
        dominant_state: arc.metrics.dominant_state,
        observed_percent: arc.metrics.observed_percent,
    };
    with_total.iter().take(10).map(entry).collect()
}
