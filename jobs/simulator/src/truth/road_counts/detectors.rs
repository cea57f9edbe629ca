//! Failing detectors: silent, stuck or implausible. Their values are removed before any other figure is computed.

use contract::document::road_counts::{DetectorFault, FailingDetector, Measure};
use contract::number::Fixed2;

use super::day_window::{self, ArcHours, DayWindow};
use super::published::PublishedRow;
use crate::clock;
use crate::truth::id_order;

/// A detector without a measure for more hours than these is silent.
const SILENT_HOURS: usize = 6;
/// A detector with a constant value for more hours than these is stuck.
const STUCK_HOURS: usize = 12;
/// From these consecutive hours on, a flow with an occupancy of 0 is implausible.
const NO_OCCUPANCY_HOURS: usize = 3;
/// The largest plausible flow, vehicles per hour.
const LARGEST_FLOW: u32 = 10_000;

/// The failure of a detector in the hours `from..to` of the window, by index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FailureRun {
    measure: Measure,
    fault: DetectorFault,
    from: usize,
    to: usize,
    /// Duration in hours, without hours in which no arc reports.
    hours: usize,
}

/// Finds the failing detectors and removes their values from `valid_rows`. Returns the failures of the day, and the number of cells of the day
/// that lost a value.
pub(super) fn set_aside(window: &mut DayWindow<'_>) -> (Vec<FailingDetector>, u64) {
    let mut found = Vec::new();
    let mut lost = 0;
    let complete_until = window.complete_until.unwrap_or(0);
    let city_reports: Vec<_> = (0..window.hours.len())
        .map(|index| window.reported.get(index).copied().unwrap_or(false) && window.hour(index) < complete_until)
        .collect();
    let (day_start, day, edges) = (window.day_start, window.day, window.edges);
    let hours = window.hours;
    for arc in &mut window.arcs {
        let failing = failing(arc, &city_reports);
        for run in &failing {
            for index in run.from..run.to {
                if let Some(Some(row)) = arc.valid_rows.get_mut(index) {
                    match run.measure {
                        Measure::Flow => row.q = None,
                        Measure::Occupancy => row.k = None,
                        Measure::Both => (row.q, row.k) = (None, None),
                    }
                }
            }
            if run.to > day_start {
                let hour = |index: usize| hours.get(index).map_or(0, |hour| hour.hour);
                let (start, end) = (hour(run.from), hour(run.to - 1) + 1);
                found.push(FailingDetector {
                    arc_id: arc.arc.id.clone(),
                    label: Some(arc.description.label.clone()),
                    measure: run.measure,
                    reason: run.fault,
                    start: day.stamp(clock::instant(start)),
                    end: day.stamp(clock::instant(end)),
                    duration_hours: Fixed2::of(f64::from(u32::try_from(run.hours).unwrap_or(0))),
                    open: day_window::touches_edge(edges, start, end),
                });
            }
        }
        let changed = (day_start..hours.len())
            .filter(|index| day_window::at(&arc.published_rows, *index) != day_window::at(&arc.valid_rows, *index));
        lost += changed.count() as u64;
    }
    found.sort_by(|a, b| {
        let by_id = id_order(&a.arc_id, &b.arc_id);
        by_id.then(a.start.cmp(&b.start)).then(a.measure.cmp(&b.measure)).then(a.reason.cmp(&b.reason))
    });
    (found, lost)
}

fn failing(arc: &ArcHours<'_>, city_reports: &[bool]) -> Vec<FailureRun> {
    let mut failing = Vec::new();
    if arc.expected {
        silence(arc, city_reports, &mut failing);
    }
    let stuck = |measure: Measure| {
        constant_runs(&arc.published_rows, measure)
            .into_iter()
            .filter(|(from, to)| to - from > STUCK_HOURS)
            .map(move |(from, to)| FailureRun { measure, fault: DetectorFault::Stuck, from, to, hours: to - from })
    };
    let (flow, mut occupancy): (Vec<_>, Vec<_>) = (stuck(Measure::Flow).collect(), stuck(Measure::Occupancy).collect());
    for mut run in flow {
        // Flow and occupancy in the same hours are one failure of the device.
        if let Some(at) = occupancy.iter().position(|other| (other.from, other.to) == (run.from, run.to)) {
            occupancy.remove(at);
            run.measure = Measure::Both;
        }
        failing.push(run);
    }
    failing.append(&mut occupancy);
    let mut add = |measure: Measure, shortest: usize, implausible: fn(PublishedRow) -> bool| {
        let runs =
            super::row_runs(&arc.published_rows, implausible).into_iter().filter(|(from, to)| to - from >= shortest);
        failing.extend(runs.map(|(from, to)| FailureRun {
            measure,
            fault: DetectorFault::Inconsistent,
            from,
            to,
            hours: to - from,
        }));
    };
    add(Measure::Flow, 1, |row| row.q.is_some_and(|q| q > LARGEST_FLOW));
    add(Measure::Both, NO_OCCUPANCY_HOURS, |row| row.q.is_some_and(|q| q > 0) && row.k == Some(0));
    failing
}

/// Adds the silences of an arc. Hours in which no arc reports neither count nor end a silence.
fn silence(arc: &ArcHours<'_>, city_reports: &[bool], failing: &mut Vec<FailureRun>) {
    let mut run: Option<FailureRun> = None;
    for (index, reports) in city_reports.iter().enumerate() {
        if !reports {
            continue;
        }
        if day_window::measured(&arc.published_rows, index) {
            failing.extend(run.take().filter(|run| run.hours > SILENT_HOURS));
        } else {
            let new =
                FailureRun { measure: Measure::Both, fault: DetectorFault::Silent, from: index, to: index, hours: 0 };
            let current = run.get_or_insert(new);
            current.to = index + 1;
            current.hours += 1;
        }
    }
    failing.extend(run.filter(|run| run.hours > SILENT_HOURS));
}

/// The runs of a constant value, except natural zeros (no traffic, or a closed arc).
fn constant_runs(rows: &[Option<PublishedRow>], measure: Measure) -> Vec<(usize, usize)> {
    let value = |index: usize| {
        let row = day_window::at(rows, index)?;
        let (value, other) = if measure == Measure::Flow { (row.q?, row.k) } else { (row.k?, row.q) };
        let natural = value == 0 && (other.unwrap_or(0) == 0 || row.status == 2);
        (!natural).then_some(value)
    };
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for index in 0..rows.len() {
        let Some(this) = value(index) else { continue };
        match runs.last_mut() {
            Some((_, to)) if *to == index && index > 0 && value(index - 1) == Some(this) => *to = index + 1,
            _ => runs.push((index, index + 1)),
        }
    }
    runs
}
