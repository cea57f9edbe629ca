//! Congestion alerts: arcs whose occupancy stays high, districts in which many arcs are saturated at once.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use contract::document::road_counts::{AlertSeverity, AlertType, CongestionAlert};
use contract::number::{Fixed1, Fixed2};

use super::figures::{LostTime, percent_of};
use super::window::{self, ArcHours, Window};
use super::{hours_count, runs};
use crate::clock;
use crate::roads::cell::PERCENT;
use crate::truth::id_order;

/// An alert with the figures it is sorted by, in full precision.
struct Alert {
    lost: Option<f64>,
    worst: u32,
    alert: CongestionAlert,
}

/// All alerts that touch the day, worst first.
pub(super) fn alerts(window: &Window<'_>) -> Vec<CongestionAlert> {
    let mut alerts: Vec<Alert> = window.arcs.iter().flat_map(|arc| of_arc(window, arc)).collect();
    let codes: BTreeSet<_> = window.arcs.iter().filter_map(|arc| arc.place.code.as_ref()).collect();
    alerts.extend(codes.into_iter().flat_map(|code| of_zone(window, code)));
    alerts.sort_by(|a, b| {
        let lost = match (a.lost, b.lost) {
            (Some(a), Some(b)) => b.total_cmp(&a),
            (a, b) => b.is_some().cmp(&a.is_some()),
        };
        let id = |alert: &Alert| alert.alert.arc_id.clone().or_else(|| alert.alert.district.clone());
        let by_id = match (id(a), id(b)) {
            (Some(a), Some(b)) => id_order(&a, &b),
            _ => Ordering::Equal,
        };
        lost.then(b.worst.cmp(&a.worst)).then(a.alert.start.cmp(&b.alert.start)).then(by_id)
    });
    alerts.into_iter().map(|alert| alert.alert).collect()
}

fn of_arc(window: &Window<'_>, arc: &ArcHours<'_>) -> Vec<Alert> {
    let at_least =
        |percent: u32| move |reading: super::told::Reading| reading.k.is_some_and(|k| k >= percent * PERCENT);
    let congestions: Vec<_> = runs(&arc.kept, at_least(80)).into_iter().filter(|(from, to)| to - from >= 2).collect();
    let mut rest = arc.kept.clone();
    for (from, to) in &congestions {
        (*from..*to).filter_map(|index| rest.get_mut(index).map(|slot| *slot = None)).for_each(drop);
    }
    let blockages = runs(&rest, at_least(50)).into_iter().filter(|(from, to)| to - from >= 3);
    let all = congestions.iter().map(|run| (AlertType::Congestion, *run));
    all.chain(blockages.map(|run| (AlertType::Blockage, run)))
        .filter(|(_, (_, to))| *to > window.first)
        .map(|(kind, (from, to))| {
            let readings = || (from..to).filter_map(|index| window::at(&arc.kept, index));
            let worst = readings().filter_map(|reading| reading.k).max().unwrap_or(0);
            let mut lost = LostTime::default();
            (from.max(window.first)..to)
                .filter_map(|index| window::at(&arc.kept, index))
                .for_each(|reading| lost.add(reading));
            let lost = arc.place.length.and_then(|length| lost.minutes(length));
            let critical = match kind {
                AlertType::Congestion => worst >= 90 * PERCENT,
                _ => to - from >= 6,
            };
            let max_flow = readings().filter_map(|reading| reading.q).max().map(|q| Fixed2::of(q.into()));
            let mut alert = base(window, kind, (from, to), worst, lost);
            alert.arc_id = Some(arc.arc.id.clone());
            alert.label = Some(arc.place.label.clone());
            alert.zone.clone_from(&arc.place.zone);
            alert.district.clone_from(&arc.place.code);
            alert.max_flow = max_flow;
            alert.severity = if critical { AlertSeverity::Critical } else { AlertSeverity::High };
            Alert { lost, worst, alert }
        })
        .collect()
}

fn of_zone(window: &Window<'_>, code: &str) -> Vec<Alert> {
    let arcs: Vec<_> = window.arcs.iter().filter(|arc| arc.place.code.as_deref() == Some(code)).collect();
    let saturated = |arc: &ArcHours<'_>, index: usize| {
        window::at(&arc.kept, index).and_then(|reading| reading.k).is_some_and(|k| k >= 30 * PERCENT)
    };
    let counts: Vec<(usize, usize)> = (0..window.hours.len())
        .map(|index| {
            let measured = arcs.iter().filter(|arc| window::measured(&arc.kept, index)).count();
            (arcs.iter().filter(|arc| saturated(arc, index)).count(), measured)
        })
        .collect();
    let mut found: Vec<(usize, usize)> = Vec::new();
    for (index, (many, measured)) in counts.iter().enumerate() {
        if *many >= 6 && many * 4 >= *measured {
            match found.last_mut() {
                Some((_, to)) if *to == index => *to = index + 1,
                _ => found.push((index, index + 1)),
            }
        }
    }
    found
        .into_iter()
        .filter(|(from, to)| to - from >= 2 && *to > window.first)
        .map(|(from, to)| {
            let mut worst = 0;
            let mut lost: Option<f64> = None;
            for arc in &arcs {
                let mut of_arc = LostTime::default();
                for index in (from..to).filter(|index| saturated(arc, *index)) {
                    let Some(reading) = window::at(&arc.kept, index) else { continue };
                    worst = worst.max(reading.k.unwrap_or(0));
                    if index >= window.first {
                        of_arc.add(reading);
                    }
                }
                if let Some(minutes) = arc.place.length.and_then(|length| of_arc.minutes(length)) {
                    lost = Some(lost.unwrap_or(0.0) + minutes);
                }
            }
            let mut alert = base(window, AlertType::SaturatedZone, (from, to), worst, lost);
            alert.district = Some(code.to_owned());
            alert.zone = arcs.first().and_then(|arc| arc.place.zone.clone());
            alert.arc_count =
                counts.get(from..to).into_iter().flatten().map(|(many, _)| *many as u64).max().unwrap_or(0);
            Alert { lost, worst, alert }
        })
        .collect()
}

fn base(
    window: &Window<'_>,
    kind: AlertType,
    (from, to): (usize, usize),
    worst: u32,
    lost: Option<f64>,
) -> CongestionAlert {
    let (start, end) = (window.hour(from), window.hour(to - 1) + 1);
    CongestionAlert {
        kind,
        arc_id: None,
        label: None,
        zone: None,
        district: None,
        start: window.day.stamp(clock::instant(start)),
        end: window.day.stamp(clock::instant(end)),
        duration_hours: Fixed2::of(hours_count(to - from)),
        open: window.open(start, end),
        max_occupancy: Fixed2::of(percent_of(worst)),
        max_flow: None,
        delay_minutes: lost.map(Fixed1::of),
        severity: AlertSeverity::High,
        arc_count: 1,
    }
}
