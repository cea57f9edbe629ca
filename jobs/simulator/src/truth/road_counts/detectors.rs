//! Failing detectors: silent, stuck, beyond belief. What they said is set aside before anything else is computed.

use contract::document::road_counts::{DetectorFault, FailingDetector, Measure};
use contract::number::Fixed2;

use super::told::Reading;
use super::window::{self, ArcHours, Window};
use crate::clock;
use crate::truth::id_order;

/// Hours of silence that are still none.
const SILENCE: usize = 6;
/// Hours of one value that are still none.
const STUCK: usize = 12;
/// Hours of flow without occupancy that are too many.
const NO_OCCUPANCY: usize = 3;
/// The largest believable flow.
const LARGEST_FLOW: u32 = 10_000;

/// A run of hours of the window, by place; the end is excluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Failing {
    measure: Measure,
    fault: DetectorFault,
    from: usize,
    to: usize,
    /// Hours that count.
    hours: usize,
}

/// Finds the failing detectors, takes what they said out of `kept`, and gives those of the day and how many of its cells lost a value.
pub(super) fn set_aside(window: &mut Window<'_>) -> (Vec<FailingDetector>, u64) {
    let mut found = Vec::new();
    let mut lost = 0;
    let until = window.complete_until.unwrap_or(0);
    let listening: Vec<_> = (0..window.hours.len())
        .map(|index| window.reported.get(index).copied().unwrap_or(false) && window.hour(index) < until)
        .collect();
    let (first, day, edges) = (window.first, window.day, window.edges);
    let hours = window.hours;
    for arc in &mut window.arcs {
        let failing = failing(arc, &listening);
        for run in &failing {
            for index in run.from..run.to {
                if let Some(Some(reading)) = arc.kept.get_mut(index) {
                    match run.measure {
                        Measure::Flow => reading.q = None,
                        Measure::Occupancy => reading.k = None,
                        Measure::Both => (reading.q, reading.k) = (None, None),
                    }
                }
            }
            if run.to > first {
                let hour = |index: usize| hours.get(index).map_or(0, |hour| hour.hour);
                let (start, end) = (hour(run.from), hour(run.to - 1) + 1);
                found.push(FailingDetector {
                    arc_id: arc.arc.id.clone(),
                    label: Some(arc.place.label.clone()),
                    measure: run.measure,
                    reason: run.fault,
                    start: day.stamp(clock::instant(start)),
                    end: day.stamp(clock::instant(end)),
                    duration_hours: Fixed2::of(f64::from(u32::try_from(run.hours).unwrap_or(0))),
                    open: window::reaches(edges, start, end),
                });
            }
        }
        let changed =
            (first..hours.len()).filter(|index| window::at(&arc.read, *index) != window::at(&arc.kept, *index));
        lost += changed.count() as u64;
    }
    found.sort_by(|a, b| {
        let by_id = id_order(&a.arc_id, &b.arc_id);
        by_id.then(a.start.cmp(&b.start)).then(a.measure.cmp(&b.measure)).then(a.reason.cmp(&b.reason))
    });
    (found, lost)
}

fn failing(arc: &ArcHours<'_>, listening: &[bool]) -> Vec<Failing> {
    let mut failing = Vec::new();
    if arc.expected {
        silence(arc, listening, &mut failing);
    }
    let stuck = |measure: Measure| {
        same(&arc.read, measure).into_iter().filter(|(from, to)| to - from > STUCK).map(move |(from, to)| Failing {
            measure,
            fault: DetectorFault::Stuck,
            from,
            to,
            hours: to - from,
        })
    };
    let (flow, mut occupancy): (Vec<_>, Vec<_>) = (stuck(Measure::Flow).collect(), stuck(Measure::Occupancy).collect());
    for mut run in flow {
        // Both at once is one failure of one device.
        if let Some(at) = occupancy.iter().position(|other| (other.from, other.to) == (run.from, run.to)) {
            occupancy.remove(at);
            run.measure = Measure::Both;
        }
        failing.push(run);
    }
    failing.append(&mut occupancy);
    let mut add = |measure: Measure, least: usize, wrong: fn(Reading) -> bool| {
        let runs = super::runs(&arc.read, wrong).into_iter().filter(|(from, to)| to - from >= least);
        failing.extend(runs.map(|(from, to)| Failing {
            measure,
            fault: DetectorFault::Inconsistent,
            from,
            to,
            hours: to - from,
        }));
    };
    add(Measure::Flow, 1, |reading| reading.q.is_some_and(|q| q > LARGEST_FLOW));
    add(Measure::Both, NO_OCCUPANCY, |reading| reading.q.is_some_and(|q| q > 0) && reading.k == Some(0));
    failing
}

/// Hours in which the city itself is silent neither count nor end a silence.
fn silence(arc: &ArcHours<'_>, listening: &[bool], failing: &mut Vec<Failing>) {
    let mut run: Option<Failing> = None;
    for (index, heard) in listening.iter().enumerate() {
        if !heard {
            continue;
        }
        if window::measured(&arc.read, index) {
            failing.extend(run.take().filter(|run| run.hours > SILENCE));
        } else {
            let fresh =
                Failing { measure: Measure::Both, fault: DetectorFault::Silent, from: index, to: index, hours: 0 };
            let current = run.get_or_insert(fresh);
            current.to = index + 1;
            current.hours += 1;
        }
    }
    failing.extend(run.filter(|run| run.hours > SILENCE));
}

/// Runs of one value, which may not be a zero that is natural.
fn same(readings: &[Option<Reading>], measure: Measure) -> Vec<(usize, usize)> {
    let value = |index: usize| {
        let reading = window::at(readings, index)?;
        let (value, other) = if measure == Measure::Flow { (reading.q?, reading.k) } else { (reading.k?, reading.q) };
        let natural = value == 0 && (other.unwrap_or(0) == 0 || reading.status == 2);
        (!natural).then_some(value)
    };
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for index in 0..readings.len() {
        let Some(this) = value(index) else { continue };
        match runs.last_mut() {
            Some((_, to)) if *to == index && index > 0 && value(index - 1) == Some(this) => *to = index + 1,
            _ => runs.push((index, index + 1)),
        }
    }
    runs
}
