//! Figures of the whole city.

use std::collections::{BTreeMap, HashSet};

use contract::document::road_counts::{RoadGlobal, StateShare};
use contract::number::{Fixed1, Fixed2};
use serde::Serialize;

use super::arcs::{ArcSums, by_local_hour, curve, mean};
use super::hours::{ArcHours, Expectation, Hour, RoadDay};
use super::percent;
use crate::indicator::hours::first_maximum;
use crate::parameters::RoadParameters;

/// Over all arcs with a cell in the day.
pub(crate) fn global(
    day: &RoadDay,
    sums: &[ArcSums],
    alerted: &HashSet<usize>,
    expected: &Expectation,
    complete_until: Option<usize>,
    parameters: &RoadParameters,
) -> RoadGlobal {
    let total = |value: &dyn Fn(&ArcSums) -> Option<f64>| {
        let values: Vec<f64> = sums.iter().filter_map(value).collect();
        (!values.is_empty()).then(|| values.iter().sum::<f64>())
    };
    let with_flow = sums.iter().filter(|sums| sums.flow.is_some()).count();
    let vehicles = total(&|sums| sums.flow);
    let lost = total(&|sums| sums.lost);
    let occupancy = sums.iter().fold((0.0, 0), |all, one| (all.0 + one.occupancy.0, all.1 + one.occupancy.1));
    // Iterates in memory order; each hour's flows are still added in arc order.
    let mut flows: Vec<Option<f64>> = vec![None; day.end - day.day_from];
    for arc in &day.arcs {
        for (sum, hour) in flows.iter_mut().zip(&arc.hours[day.day_from..]) {
            if let Some(flow) = hour.and_then(|hour| hour.flow) {
                *sum.get_or_insert(0.0) += flow;
            }
        }
    }
    let by_hour = by_local_hour(day, |hour| flows.get(hour - day.day_from).copied().flatten());
    let until = complete_until.unwrap_or(day.day_from);
    let available = |expects: &dyn Fn(&ArcHours) -> bool, has: &dyn Fn(&Hour) -> bool| {
        let arcs = day.arcs.iter().filter(|arc| expects(arc));
        let (mut have, mut want) = (0, 0);
        for arc in arcs {
            want += expected.available_hours;
            have += arc.hours[day.day_from..until].iter().flatten().filter(|hour| has(hour)).count() as u64;
        }
        percent(have, want)
    };
    let seen = || day.arcs.iter().filter(|arc| arc.seen);
    #[expect(clippy::cast_precision_loss, reason = "numbers of arcs")]
    let mean_flow = vehicles.map(|vehicles| Fixed2::of(vehicles / with_flow as f64));
    RoadGlobal {
        date: day.day.date(),
        total_vehicles: vehicles.map(Fixed2::of),
        vehicle_km: total(&|sums| sums.distance).map(Fixed1::of),
        arc_count: seen().count() as u64,
        active_arc_count: seen().filter(|arc| arc.hours[day.day_from..].iter().flatten().any(Hour::measured)).count()
            as u64,
        mean_flow_per_arc: mean_flow,
        mean_occupancy: mean(occupancy),
        saturated_arc_count: sums.iter().filter(|sums| sums.saturated).count() as u64,
        alerted_arc_count: seen_alerted(day, alerted),
        silent_arc_count: seen().filter(|arc| !arc.expected()).count() as u64,
        observed_percent: percent(expected.measured, expected.cells),
        sensor_availability: available(&ArcHours::expected, &Hour::measured),
        flow_availability: available(&|arc| arc.expects_flow, &|hour| hour.flow.is_some()),
        occupancy_availability: available(&|arc| arc.expects_occupancy, &|hour| hour.occupancy.is_some()),
        total_delay_minutes: lost.map(Fixed1::of),
        total_delay_hours: lost.map(|lost| Fixed1::of(lost / 60.0)),
        peak_hour: first_maximum(&by_hour).and_then(|hour| u8::try_from(hour).ok()),
        hourly_flow: curve(by_hour),
        state_distribution: states(day, parameters),
        status_distribution: statuses(day),
    }
}

fn seen_alerted(day: &RoadDay, alerted: &HashSet<usize>) -> u64 {
    day.arcs.iter().enumerate().filter(|(index, arc)| arc.seen && alerted.contains(index)).count() as u64
}

fn cells(day: &RoadDay) -> impl Iterator<Item = &Hour> {
    day.arcs.iter().flat_map(|arc| arc.hours[day.day_from..].iter().flatten())
}

fn states(day: &RoadDay, parameters: &RoadParameters) -> BTreeMap<String, StateShare> {
    let counts = counted(cells(day).map(|hour| hour.state(parameters)));
    let all = counts.values().sum();
    counts
        .into_iter()
        .map(|(state, hours)| (state, StateShare { hours, percent: percent(hours, all).unwrap_or_default() }))
        .collect()
}

fn statuses(day: &RoadDay) -> BTreeMap<String, u64> {
    counted(cells(day).map(|hour| hour.status))
}

/// Number of occurrences of each value, by its serialised name.
fn counted<T: Serialize + PartialEq>(values: impl Iterator<Item = T>) -> BTreeMap<String, u64> {
    let mut counts: Vec<(T, u64)> = Vec::new();
    for value in values {
        match counts.iter_mut().find(|(known, _)| *known == value) {
            Some((_, count)) => *count += 1,
            None => counts.push((value, 1)),
        }
    }
    counts.into_iter().map(|(value, count)| (name(&value), count)).collect()
}

/// The name of a state or status in documents.
fn name<T: Serialize>(value: &T) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}
