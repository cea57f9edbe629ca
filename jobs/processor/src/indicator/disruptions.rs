//! Figures of the merged disruptions of a day.
//!
//! Times are half-open intervals of instants, so that clock changes matter only for local hours.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Duration, Utc};
use contract::ServiceDay;
use contract::document::disruptions::{
    DisruptedLine, Disruption, DisruptionStatus, Disruptions, Line, Mode, Period, Scope, StopDisruptions,
};
use contract::number::Fixed2;

use crate::order::id_order;
use crate::parameters::DisruptionParameters;
use crate::source::disruptions::MergedDisruption;
use crate::transit_line::{LineKey, ServiceLine, line};

mod alerts;
mod intervals;
mod reliability;
#[cfg(test)]
mod tests;

pub(crate) use intervals::IntervalSet;

/// Number of ranked lines.
const TOP: usize = 10;

/// A disruption with its time within the day.
struct DayDisruption<'a> {
    event: &'a MergedDisruption,
    /// Union of its periods within the day.
    within: IntervalSet,
    lines: Vec<Line>,
}

/// The times of the day for which snapshots speak: those near a time of collection.
#[must_use]
pub(crate) fn observed(
    collected: impl Iterator<Item = DateTime<Utc>>,
    day: ServiceDay,
    parameters: &DisruptionParameters,
) -> IntervalSet {
    let reach = Duration::hours(parameters.instantane_heures.into());
    IntervalSet::of(collected.map(|at| ((at - reach).max(day.start()), (at + reach).min(day.end()))))
}

/// The figures of the disruptions of a day. `total` is the number of distinct ids in the snapshots.
#[must_use]
pub(crate) fn measure(
    events: &[MergedDisruption],
    total: u64,
    observed: &IntervalSet,
    service_lines: &[ServiceLine],
    day: ServiceDay,
    parameters: &DisruptionParameters,
) -> Disruptions {
    let mut day_disruptions: Vec<DayDisruption<'_>> = events
        .iter()
        .map(|event| DayDisruption {
            event,
            within: IntervalSet::within(&event.periods, day),
            lines: lines_of(event, service_lines),
        })
        .collect();
    day_disruptions.sort_by(|one, other| {
        let key = |one: &DayDisruption<'_>| {
            let began_before = one.event.periods.first().is_none_or(|period| period.begin < day.start());
            let longest_first = Reverse(one.within.seconds());
            (one.event.severity(), one.event.content.scope, !one.event.is_rail(), began_before, longest_first)
        };
        key(one).cmp(&key(other)).then_with(|| id_order(&one.event.id, &other.event.id))
    });

    let disrupted = disrupted(&day_disruptions);
    let mut hours_by_mode: BTreeMap<Mode, f64> = BTreeMap::new();
    for ((mode, _), intervals) in &disrupted {
        *hours_by_mode.entry(*mode).or_default() += intervals.hours();
    }
    let mut by_severity = BTreeMap::new();
    let mut by_mode = BTreeMap::new();
    for one in &day_disruptions {
        *by_severity.entry(one.event.severity()).or_default() += 1;
        for mode in one.event.modes() {
            *by_mode.entry(mode).or_default() += 1;
        }
    }
    Disruptions {
        disruptions: day_disruptions.iter().filter_map(|one| disruption(one, day)).collect(),
        total_disruptions_count: total,
        active_disruptions_count: day_disruptions.len() as u64,
        disruptions_by_severity: by_severity,
        disruptions_by_mode: by_mode,
        top_affected_lines: top_lines(&day_disruptions, service_lines),
        disrupted_line_hours: hours_by_mode.into_iter().map(|(mode, hours)| (mode, Fixed2::of(hours))).collect(),
        reliability_index: reliability::index(&disrupted, service_lines, observed, day),
        alerts: alerts::alerts(&day_disruptions, service_lines, day, parameters),
        stop_disruptions: stop_disruptions(&day_disruptions),
        running_by_hour: by_local_hour(&day_disruptions, day),
    }
}

/// The lines of a disruption, by mode, then code (numbers in numeric order, then text).
fn lines_of(event: &MergedDisruption, service: &[ServiceLine]) -> Vec<Line> {
    let mut lines: Vec<Line> = event.content.lines.keys().map(|key| line(key, service)).collect();
    sort_lines(&mut lines);
    lines
}

fn sort_lines(lines: &mut [Line]) {
    lines.sort_by(|one, other| one.mode.cmp(&other.mode).then_with(|| id_order(&one.code, &other.code)));
}

/// One disruption in the document; `None` without a period.
fn disruption(one: &DayDisruption<'_>, day: ServiceDay) -> Option<Disruption> {
    let periods = &one.event.periods;
    let content = &one.event.content;
    let begin = periods.first()?.begin;
    // Unknown if any period has no end.
    let end =
        periods.iter().map(|period| period.end).collect::<Option<Vec<_>>>().and_then(|ends| ends.into_iter().max());
    let runs_on = periods.iter().any(|period| period.begin < day.end() && period.end.is_none_or(|end| end > day.end()));
    Some(Disruption {
        id: one.event.id.clone(),
        status: if runs_on { DisruptionStatus::Ongoing } else { DisruptionStatus::Ended },
        severity: content.severity,
        scope: content.scope,
        cause: content.cause.clone(),
        title: content.title.clone(),
        message: content.message.clone(),
        lines: one.lines.clone(),
        start: day.stamp(begin),
        end: end.map(|end| day.stamp(end)),
        duration_hours: Fixed2::of(one.within.hours()),
        periods: periods
            .iter()
            .map(|period| Period { start: day.stamp(period.begin), end: period.end.map(|end| day.stamp(end)) })
            .collect(),
    })
}

/// Disrupted time of each line within the day: CRITIQUE and ELEVEE disruptions of the line itself or a section, overlaps merged.
fn disrupted(day_disruptions: &[DayDisruption<'_>]) -> BTreeMap<LineKey, IntervalSet> {
    let mut disrupted: BTreeMap<LineKey, IntervalSet> = BTreeMap::new();
    for one in day_disruptions.iter().filter(|one| one.event.is_serious()) {
        for line in one.event.disrupted_lines() {
            disrupted.entry(line.clone()).or_default().add(&one.within);
        }
    }
    disrupted
}

/// The disruptions that affect stops only, by mode.
fn stop_disruptions(day_disruptions: &[DayDisruption<'_>]) -> BTreeMap<Mode, StopDisruptions> {
    let mut by_mode: BTreeMap<Mode, StopDisruptions> = BTreeMap::new();
    let mut lines: BTreeSet<&LineKey> = BTreeSet::new();
    for one in day_disruptions.iter().filter(|one| one.event.content.scope == Scope::Stop) {
        lines.extend(one.event.content.lines.keys());
        for mode in one.event.modes() {
            by_mode.entry(mode).or_default().count += 1;
        }
    }
    for (mode, _) in lines {
        by_mode.entry(*mode).or_default().lines += 1;
    }
    by_mode
}

/// The lines with most disrupted hours, then most disruptions, then by mode and code. Disruptions of any severity count, overlaps of one line
/// merged, unlike in `heures_ligne_perturbees`, which covers the serious ones.
fn top_lines(day_disruptions: &[DayDisruption<'_>], service: &[ServiceLine]) -> Vec<DisruptedLine> {
    let mut lines: BTreeMap<&LineKey, (IntervalSet, u64)> = BTreeMap::new();
    for one in day_disruptions {
        for key in one.event.disrupted_lines() {
            let (intervals, count) = lines.entry(key).or_default();
            intervals.add(&one.within);
            *count += 1;
        }
    }
    let mut ranked: Vec<_> =
        lines.into_iter().map(|(key, (intervals, count))| (intervals.seconds(), count, line(key, service))).collect();
    ranked.sort_by(|(seconds, count, line), (other_seconds, other_count, other)| {
        (other_seconds, other_count)
            .cmp(&(seconds, count))
            .then_with(|| line.mode.cmp(&other.mode))
            .then_with(|| id_order(&line.code, &other.code))
    });
    ranked
        .into_iter()
        .take(TOP)
        .map(|(seconds, count, Line { mode, code, name })| DisruptedLine {
            mode,
            code,
            name,
            hours: Fixed2::of(intervals::hours(seconds)),
            count,
        })
        .collect()
}

/// Number of disruptions active in each local hour: the mean over the hours with that local hour, `None` without one.
fn by_local_hour(day_disruptions: &[DayDisruption<'_>], day: ServiceDay) -> Vec<Option<Fixed2>> {
    let mut sums = [(0_u64, 0_u64); 24];
    for hour in day.hours() {
        let end = (hour + Duration::hours(1)).min(day.end());
        if let Some((sum, n)) = sums.get_mut(day.local_hour(hour)) {
            *sum += day_disruptions.iter().filter(|one| one.within.touches(hour, end)).count() as u64;
            *n += 1;
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "counts of disruptions")]
    let mean = |sum: u64, n: u64| Fixed2::of(sum as f64 / n as f64);
    sums.into_iter().map(|(sum, n)| (n > 0).then(|| mean(sum, n))).collect()
}
