//! The reliability of the lines: how much of their hours of service was not disrupted.

use std::collections::BTreeMap;

use chrono::{Duration, Timelike};
use contract::ServiceDay;
use contract::number::Fixed2;

use super::intervals::{IntervalSet, hours};
use crate::transit_line::{LineKey, ServiceLine};

/// `100 × (1 − disrupted ÷ service)`, both in line-hours within service on the day, over all lines of service; `None` without lines.
pub(crate) fn index(
    disrupted: &BTreeMap<LineKey, IntervalSet>,
    lines: &[ServiceLine],
    day: ServiceDay,
) -> Option<Fixed2> {
    let (mut served, mut lost) = (0, 0);
    for line in lines {
        let service = service(line, day);
        served += service.seconds();
        lost += disrupted.get(&line.key()).map_or(0, |intervals| intervals.intersection(&service).seconds());
    }
    (served > 0).then(|| Fixed2::of(100.0 * (1.0 - hours(lost) / hours(served))))
}

/// When a line runs on the day: its hours by the wall clock, so that an hour that the clocks show twice is two hours of service, and one
/// that they skip is none.
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
