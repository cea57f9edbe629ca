//! Failing counters.

use chrono::{DateTime, Duration, Utc};
use contract::document::bike_counts::{CounterFault, FailingCounter};

use super::{CounterDay, hours_between};
use crate::context::DayContext;

/// Consecutive hours, from the start of the first to the end of the last.
type Run = (DateTime<Utc>, DateTime<Utc>);

/// The failing counters, by id, then begin. Runs are searched from D−2 to the end of the day D, as far as there is data.
///
/// - `silencieux`: nothing but zero or null (or no record at all, for a counter that is expected) in every hour of the day up to the last
///   one that any counter has a value for, if these are more than 12; the run includes such hours before the day.
/// - `fige`: the same value other than zero for more than 12 consecutive hours, some of them in the day. A missing hour ends a run.
pub(crate) fn find(
    counters: &[CounterDay<'_>],
    expected: &[&CounterDay<'_>],
    earliest: Option<DateTime<Utc>>,
    complete_until: Option<DateTime<Utc>>,
    context: &DayContext<'_>,
) -> Vec<FailingCounter> {
    let day = context.day;
    let start = day.plus(-2).start().max(earliest.unwrap_or(day.start())).min(day.start());
    let end = complete_until.unwrap_or(day.end());
    let hours: Vec<_> = std::iter::successors(Some(start), |hour| Some(*hour + Duration::hours(1)))
        .take_while(|hour| *hour < day.end())
        .collect();
    let reported = complete_until.map_or(0, |end| (end - day.start()).num_hours());
    let judged = reported > i64::from(context.parameters.bikes.silence_heures);
    let mut faults = Vec::new();
    for seen in counters {
        if !seen.in_day && !expected.iter().any(|other| other.id == seen.id) {
            continue;
        }
        let mut report = |reason, (from, to): Run| {
            faults.push(FailingCounter {
                counter_id: seen.id.to_owned(),
                counter_name: seen.name(),
                reason,
                start: day.stamp(from),
                end: day.stamp(to),
                duration_hours: hours_between(from, to),
                open: from <= start || to >= end,
            });
        };
        if judged && seen.known().all(|value| value == 0) {
            let quiet = |hour: &&DateTime<Utc>| seen.counter.at(**hour).flatten().unwrap_or(0) == 0;
            let before = hours.iter().rev().skip_while(|hour| **hour >= day.start()).take_while(quiet).last();
            report(CounterFault::Silent, (before.copied().unwrap_or(day.start()), end));
        }
        for run in stuck(seen, &hours, context.parameters.bikes.fige_heures) {
            if run.1 > day.start() {
                report(CounterFault::Stuck, run);
            }
        }
    }
    faults
}

/// The runs of the same non-zero value that are longer than `longest` hours.
fn stuck(seen: &CounterDay<'_>, hours: &[DateTime<Utc>], longest: u32) -> Vec<Run> {
    let mut runs = Vec::new();
    let mut current: Option<(u32, Run)> = None;
    for hour in hours {
        let value = seen.counter.at(*hour).flatten().filter(|value| *value > 0);
        let end = *hour + Duration::hours(1);
        match (&mut current, value) {
            (Some((same, run)), Some(value)) if *same == value => run.1 = end,
            _ => {
                runs.extend(current.take().map(|(_, run)| run));
                current = value.map(|value| (value, (*hour, end)));
            }
        }
    }
    runs.extend(current.map(|(_, run)| run));
    runs.retain(|(from, to)| *to - *from > Duration::hours(i64::from(longest)));
    runs
}
