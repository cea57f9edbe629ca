//! Figures per arc.

use std::collections::HashSet;

use contract::document::road_counts::{ArcMetrics, ArcStatus, TopArc, TrafficState};
use contract::number::{Degrees, Fixed1, Fixed2, Fixed3};

use super::hours::{ArcHours, Hour, RoadDay};
use super::{larger_first, percent};
use crate::geo;
use crate::parameters::RoadParameters;

/// Sums of one arc over the day, unrounded.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ArcSums {
    /// Total flow; `None` if no cell has one.
    pub(crate) flow: Option<f64>,
    /// Sum and number of occupancies.
    pub(crate) occupancy: (f64, u64),
    /// Delay, minutes.
    pub(crate) lost: Option<f64>,
    /// Total flow of the cells with a delay.
    lost_flow: f64,
    /// Flow × length, km.
    pub(crate) distance: Option<f64>,
    /// Whether any hour is saturated.
    pub(crate) saturated: bool,
}

/// Speed at an occupancy, km/h: the model `paliers_50`.
fn speed(occupancy: f64, parameters: &RoadParameters) -> f64 {
    parameters
        .paliers_taux
        .iter()
        .zip(parameters.paliers_vitesse)
        .filter(|(from, _)| occupancy >= **from)
        .map(|(_, speed)| speed)
        .fold(parameters.vitesse_libre, |_, speed| speed)
}

/// Delay of one cell, minutes: `q · 60 · L · (1/v(k) − 1/v0)`, L in km, v in km/h.
pub(crate) fn lost_time(hour: &Hour, length: Option<f64>, parameters: &RoadParameters) -> Option<f64> {
    let (flow, occupancy, kilometres) = (hour.flow?, hour.occupancy?, length? / 1000.0);
    Some(flow * 60.0 * kilometres * (1.0 / speed(occupancy, parameters) - 1.0 / parameters.vitesse_libre))
}

/// Sums of all arcs, in arc order.
pub(crate) fn sums(day: &RoadDay, parameters: &RoadParameters) -> Vec<ArcSums> {
    day.arcs
        .iter()
        .map(|arc| {
            let mut sums = ArcSums::default();
            for hour in arc.hours[day.day_from..].iter().flatten() {
                if let Some(flow) = hour.flow {
                    *sums.flow.get_or_insert(0.0) += flow;
                }
                if let Some(occupancy) = hour.occupancy {
                    sums.occupancy.0 += occupancy;
                    sums.occupancy.1 += 1;
                    sums.saturated |= occupancy >= parameters.seuil_sature;
                }
                if let Some(lost) = lost_time(hour, arc.length, parameters) {
                    *sums.lost.get_or_insert(0.0) += lost;
                    sums.lost_flow += hour.flow.unwrap_or(0.0);
                }
            }
            sums.distance = sums.flow.zip(arc.length).map(|(flow, length)| flow * (length / 1000.0));
            sums
        })
        .collect()
}

/// Mean by local hour, 24 entries, over the hours with that local hour and a value.
pub(crate) fn by_local_hour(day: &RoadDay, value: impl Fn(usize) -> Option<f64>) -> Vec<Option<f64>> {
    let mut curve = vec![(0.0, 0u32); 24];
    for hour in day.day_from..day.end {
        if let (Some(value), Some(slot)) = (value(hour), curve.get_mut(day.local_hour(hour))) {
            slot.0 += value;
            slot.1 += 1;
        }
    }
    curve.into_iter().map(|(sum, n)| (n > 0).then(|| sum / f64::from(n))).collect()
}

pub(crate) fn curve(values: Vec<Option<f64>>) -> Vec<Option<Fixed2>> {
    values.into_iter().map(|value| value.and_then(Fixed2::new)).collect()
}

/// One row per arc with a cell in the day.
pub(crate) fn metrics(
    day: &RoadDay,
    sums: &[ArcSums],
    alerted: &HashSet<usize>,
    parameters: &RoadParameters,
) -> Vec<ArcMetrics> {
    day.arcs
        .iter()
        .zip(sums)
        .enumerate()
        .filter(|(_, (arc, _))| arc.seen)
        .map(|(index, (arc, sums))| one(day, arc, sums, alerted.contains(&index), parameters))
        .collect()
}

#[expect(clippy::cast_precision_loss, reason = "numbers of hours")]
fn one(day: &RoadDay, arc: &ArcHours, sums: &ArcSums, alert: bool, parameters: &RoadParameters) -> ArcMetrics {
    let cells: Vec<(usize, &Hour)> =
        (day.day_from..day.end).filter_map(|hour| Some((hour, arc.hours[hour].as_ref()?))).collect();
    let flows = cells.iter().filter(|(_, hour)| hour.flow.is_some()).count();
    // The first hour of the largest flow: later ones only where they are larger.
    let peak =
        cells.iter().filter_map(|(at, hour)| Some((*at, hour.flow?))).fold(None, |best: Option<(usize, f64)>, next| {
            if best.is_none_or(|best| next.1 > best.1) { Some(next) } else { best }
        });
    let hours_of_day = day.day.hour_count() as u64;
    ArcMetrics {
        date: day.day.date(),
        arc_id: arc.id.clone(),
        label: arc.label.clone(),
        geo_point_2d: arc.point.map(|(lon, lat)| geo::format_point(lat, lon)),
        mean_hourly_flow: sums.flow.map(|flow| Fixed2::of(flow / flows as f64)),
        total_daily_flow: sums.flow.map(Fixed2::of),
        max_flow: peak.map(|(_, flow)| Fixed2::of(flow)),
        peak_hour: peak.map(|(hour, _)| day.stamp(hour)),
        mean_occupancy: mean(sums.occupancy),
        dominant_state: dominant_state(cells.iter().map(|(_, hour)| hour.state(parameters))),
        arc_status: dominant_status(cells.iter().map(|(_, hour)| hour.status)),
        measured_hours: u32::try_from(cells.iter().filter(|(_, hour)| hour.measured()).count()).unwrap_or(u32::MAX),
        hourly_flow: curve(by_local_hour(day, |hour| arc.hours[hour].and_then(|hour| hour.flow))),
        hourly_occupancy: curve(by_local_hour(day, |hour| arc.hours[hour].and_then(|hour| hour.occupancy))),
        length_m: arc.length.map(Fixed1::of),
        total_delay_minutes: sums.lost.map(Fixed1::of),
        delay_minutes: sums.lost.filter(|_| sums.lost_flow > 0.0).map(|lost| Fixed3::of(lost / sums.lost_flow)),
        vehicle_km: sums.distance.map(Fixed1::of),
        observed_percent: percent(arc.measured_in_day, hours_of_day).unwrap_or_default(),
        has_congestion_alert: alert,
        district: arc.zone_code.clone(),
        zone: arc.zone_name.clone(),
        trace: arc
            .line
            .as_ref()
            .map(|line| line.iter().map(|(lon, lat)| [Degrees::of(*lon), Degrees::of(*lat)]).collect()),
        estimated_daily_flow: None,
        day_type_deviation_percent: None,
    }
}

#[expect(clippy::cast_precision_loss, reason = "numbers of cells")]
pub(crate) fn mean((sum, n): (f64, u64)) -> Option<Fixed2> {
    (n > 0).then(|| Fixed2::of(sum / n as f64))
}

/// Most frequent known state; the worse one on a tie.
fn dominant_state(states: impl Iterator<Item = TrafficState>) -> TrafficState {
    let mut counts = [0u32; 5];
    for state in states {
        if let Some(count) = counts.get_mut(state as usize) {
            *count += 1;
        }
    }
    [TrafficState::Blocked, TrafficState::Saturated, TrafficState::PreSaturated, TrafficState::FreeFlow]
        .into_iter()
        .rev()
        .filter(|state| counts[*state as usize] > 0)
        .max_by_key(|state| counts[*state as usize])
        .unwrap_or(TrafficState::Unknown)
}

/// Most frequent status; the last observed on a tie.
fn dominant_status(statuses: impl Iterator<Item = ArcStatus>) -> ArcStatus {
    let mut counts = [(0u32, 0usize); 4];
    let names = [ArcStatus::Unknown, ArcStatus::Open, ArcStatus::Closed, ArcStatus::Invalid];
    for (at, status) in statuses.enumerate() {
        if let Some(count) = counts.get_mut(status as usize) {
            *count = (count.0 + 1, at);
        }
    }
    names.into_iter().max_by_key(|status| counts[*status as usize]).unwrap_or(ArcStatus::Unknown)
}

/// The 10 arcs with the largest total flow, ties by id.
pub(crate) fn busiest(day: &RoadDay, metrics: &[ArcMetrics]) -> Vec<TopArc> {
    debug_assert!(metrics.iter().all(|arc| arc.date == day.day.date()), "all of one day");
    let mut arcs: Vec<&ArcMetrics> = metrics.iter().filter(|arc| arc.total_daily_flow.is_some()).collect();
    // The metrics are in id order, and the sort is stable.
    arcs.sort_by(|a, b| larger_first(a.total_daily_flow.map(Fixed2::get), b.total_daily_flow.map(Fixed2::get)));
    arcs.into_iter()
        .take(10)
        .filter_map(|arc| {
            Some(TopArc {
                arc_id: arc.arc_id.clone(),
                label: arc.label.clone(),
                zone: arc.zone.clone(),
                total_daily_flow: arc.total_daily_flow?,
                mean_occupancy: arc.mean_occupancy,
                dominant_state: arc.dominant_state,
                observed_percent: arc.observed_percent,
            })
        })
        .collect()
}
