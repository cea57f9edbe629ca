//! Reliability: the undisrupted share of the lines' service hours.

use std::collections::BTreeMap;

use chrono::{Duration, Timelike};
use contract::ServiceDay;
use contract::number::Fixed1;

use super::intervals::{IntervalSet, hours};
use crate::transit_line::{LineKey, ServiceLine};

/// `100 × (1 − disrupted ÷ service)`, both in line-hours of the day's service for which a snapshot speaks, over all lines; `None` without
/// any.
pub(crate) fn index(
    disrupted: &BTreeMap<LineKey, IntervalSet>,
    lines: &[ServiceLine],
    observed: &IntervalSet,
    day: ServiceDay,
) -> Option<Fixed1> {
    let (mut served, mut lost) = (0, 0);
    for line in lines {
        let service = service(line, day).intersection(observed);
        served += service.seconds();
        lost += disrupted.get(&line.key()).map_or(0, |intervals| intervals.intersection(&service).seconds());
    }
    (served > 0).then(|| Fixed1::of(100.0 * (1.0 - hours(lost) / hours(served))))
}

/// Service times of a line on the day. Service hours are local time: a repeated hour counts twice, a skipped hour does not count.
pub(crate) fn service(line: &ServiceLine, day: ServiceDay) -> IntervalSet {
    let hours: Vec<_> = day.hours().collect();
    IntervalSet::of(line.service().into_iter().flat_map(|(start, end)| {
        hours.iter().map(move |hour| {
            let local = day.stamp(*hour).local();
            let wall = local.hour() * 60 + local.minute();
            let at = |minutes: u32| *hour + Duration::minutes(i64::from(minutes.clamp(wall, wall + 60) - wall));
            (at(start), at(end).min(day.end()))
        })
    }))
}
