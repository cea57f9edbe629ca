//! Failing detectors: silent, stuck or inconsistent. Their values are excluded from all other figures.

use std::ops::Range;

use contract::document::road_counts::{DetectorFault, FailingDetector, Measure};
use contract::number::Fixed2;

use super::hours::RoadDay;
use crate::indicator::runs::{equal_runs, reaches, runs, touch};
use crate::parameters::RoadParameters;

/// A failing period of one arc, in hours of the window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FailingPeriod {
    arc: usize,
    measure: Measure,
    fault: DetectorFault,
    hours: Range<usize>,
    /// Hours without those in which the whole source is silent.
    counted: usize,
    open: bool,
}

/// All failing periods of the window, including those before the day, because runs of alerts may begin before the day.
pub(crate) fn find(
    day: &RoadDay,
    complete_until: Option<usize>,
    silent: &[usize],
    parameters: &RoadParameters,
) -> Vec<FailingPeriod> {
    let mut found = Vec::new();
    let until = complete_until.unwrap_or(day.day_from);
    for arc in 0..day.arcs.len() {
        silence(day, arc, until, silent, parameters, &mut found);
        stuck(day, arc, parameters, &mut found);
        inconsistent(day, arc, parameters, &mut found);
    }
    found
}

/// Expected, and neither flow nor occupancy for more than `silence_heures` hours up to `complet_jusqu_a`. Hours in which no arc
/// reports neither count nor end a run.
fn silence(
    day: &RoadDay,
    index: usize,
    until: usize,
    silent: &[usize],
    parameters: &RoadParameters,
    found: &mut Vec<FailingPeriod>,
) {
    let arc = &day.arcs[index];
    if !arc.expected() {
        return;
    }
    let counts = |hour: &usize| silent.binary_search(hour).is_err();
    for run in runs(0..until, |hour| !arc.hours[hour].is_some_and(|hour| hour.measured())) {
        let mut counted = run.clone().filter(counts);
        let Some(first) = counted.next() else { continue };
        let last = counted.next_back().unwrap_or(first);
        let hours = first..last + 1;
        let counted = hours.clone().filter(counts).count();
        if counted > parameters.silence_heures as usize {
            let open = reaches(&hours, &day.edges);
            found.push(FailingPeriod {
                arc: index,
                measure: Measure::Both,
                fault: DetectorFault::Silent,
                hours,
                counted,
                open,
            });
        }
    }
}

/// The same value for more than `fige_heures` hours. Zero is not stuck if the other value is zero or unknown, or if the arc is closed.
fn stuck(day: &RoadDay, index: usize, parameters: &RoadParameters, found: &mut Vec<FailingPeriod>) {
    use contract::document::road_counts::ArcStatus;
    let arc = &day.arcs[index];
    for measure in [Measure::Flow, Measure::Occupancy] {
        let value = |hour: usize| {
            let hour = arc.hours[hour]?;
            let (own, other) = match measure {
                Measure::Flow => (hour.flow?, hour.occupancy),
                _ => (hour.occupancy?, hour.flow),
            };
            let quiet = own == 0.0 && (other.is_none_or(|other| other == 0.0) || hour.status == ArcStatus::Closed);
            (!quiet).then_some(own)
        };
        for hours in equal_runs(0..day.end, value) {
            if hours.len() <= parameters.fige_heures as usize {
                continue;
            }
            // Both measures are stuck in the same hours: report the detector once.
            let twin = found.iter_mut().find(|other| {
                (other.arc, other.measure, other.fault) == (index, Measure::Flow, DetectorFault::Stuck)
                    && other.hours == hours
            });
            match twin {
                Some(twin) if measure == Measure::Occupancy => twin.measure = Measure::Both,
                _ => found.push(FailingPeriod::of(index, measure, DetectorFault::Stuck, hours, day)),
            }
        }
    }
}

/// A flow above the plausible maximum, or flow without occupancy for `incoherent_heures` hours.
fn inconsistent(day: &RoadDay, index: usize, parameters: &RoadParameters, found: &mut Vec<FailingPeriod>) {
    let arc = &day.arcs[index];
    let flow = |hour: usize| arc.hours[hour].and_then(|hour| hour.flow);
    for hours in runs(0..day.end, |hour| flow(hour).is_some_and(|flow| flow > parameters.debit_plafond)) {
        found.push(FailingPeriod::of(index, Measure::Flow, DetectorFault::Inconsistent, hours, day));
    }
    let ghost = |hour: usize| {
        flow(hour).is_some_and(|flow| flow > 0.0) && arc.hours[hour].and_then(|hour| hour.occupancy) == Some(0.0)
    };
    for hours in runs(0..day.end, ghost) {
        if hours.len() >= parameters.incoherent_heures as usize {
            found.push(FailingPeriod::of(index, Measure::Both, DetectorFault::Inconsistent, hours, day));
        }
    }
}

impl FailingPeriod {
    fn of(arc: usize, measure: Measure, fault: DetectorFault, hours: Range<usize>, day: &RoadDay) -> Self {
        let open = reaches(&hours, &day.edges);
        Self { arc, measure, fault, counted: hours.len(), hours, open }
    }
}

/// Removes the values of failing periods; returns the number of affected cells of the day.
pub(crate) fn exclude(day: &mut RoadDay, failing: &[FailingPeriod]) -> u64 {
    let mut affected = std::collections::BTreeSet::new();
    for period in failing {
        let Some(arc) = day.arcs.get_mut(period.arc) else { continue };
        for hour in period.hours.clone() {
            let Some(Some(cell)) = arc.hours.get_mut(hour) else { continue };
            let before = *cell;
            if period.measure != Measure::Occupancy {
                cell.flow = None;
            }
            if period.measure != Measure::Flow {
                cell.occupancy = None;
            }
            if *cell != before && hour >= day.day_from {
                affected.insert((period.arc, hour));
            }
        }
    }
    affected.len() as u64
}

/// The periods that overlap the day, by id, then begin.
pub(crate) fn rows(day: &RoadDay, failing: &[FailingPeriod]) -> Vec<FailingDetector> {
    let in_day = day.day_from..day.end;
    let mut periods: Vec<&FailingPeriod> = failing.iter().filter(|period| touch(&period.hours, &in_day)).collect();
    // Arcs are sorted by id.
    periods.sort_by_key(|period| (period.arc, period.hours.start, period.fault, period.measure));
    periods
        .into_iter()
        .map(|period| {
            let arc = &day.arcs[period.arc];
            #[expect(clippy::cast_precision_loss, reason = "hours of three days")]
            let hours = period.counted as f64;
            FailingDetector {
                arc_id: arc.id.clone(),
                label: arc.label.clone(),
                measure: period.measure,
                reason: period.fault,
                start: day.stamp(period.hours.start),
                end: day.stamp(period.hours.end),
                duration_hours: Fixed2::of(hours),
                open: period.open,
            }
        })
        .collect()
}
