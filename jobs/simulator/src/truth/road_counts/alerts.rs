//! Congestion alerts: arcs whose occupancy stays high, and districts in which many arcs are saturated at the same time.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use contract::document::road_counts::{AlertSeverity, AlertType, CongestionAlert};
use contract::number::{Fixed1, Fixed2};

use super::day_window::{self, ArcHours, DayWindow};
use super::figures::{LostTime, percent_of};
use super::published::PublishedRow;
use super::{row_runs, runs};
use crate::clock;
use crate::road_counts::cell::PERCENT;
use crate::truth::{id_order, to_f64};

/// An alert with its sort keys in full precision.
struct RankedAlert {
    lost: Option<f64>,
    worst: u32,
    alert: CongestionAlert,
}

/// All alerts with an hour of the day, worst first.
pub(super) fn alerts(window: &DayWindow<'_>) -> Vec<CongestionAlert> {
    let mut alerts: Vec<RankedAlert> = window.arcs.iter().flat_map(|arc| arc_alerts(window, arc)).collect();
    let codes: BTreeSet<_> = window.arcs.iter().filter_map(|arc| arc.description.code.as_ref()).collect();
    alerts.extend(codes.into_iter().flat_map(|code| zone_alerts(window, code)));
    alerts.sort_by(|a, b| {
        let lost = match (a.lost, b.lost) {
            (Some(a), Some(b)) => b.total_cmp(&a),
            (a, b) => b.is_some().cmp(&a.is_some()),
        };
        let id = |alert: &RankedAlert| alert.alert.arc_id.clone().or_else(|| alert.alert.district.clone());
        let by_id = match (id(a), id(b)) {
            (Some(a), Some(b)) => id_order(&a, &b),
            _ => Ordering::Equal,
        };
        lost.then(b.worst.cmp(&a.worst)).then(a.alert.start.cmp(&b.alert.start)).then(by_id)
    });
    alerts.into_iter().map(|alert| alert.alert).collect()
}

fn arc_alerts(window: &DayWindow<'_>, arc: &ArcHours<'_>) -> Vec<RankedAlert> {
    let at_least = |percent: u32| move |row: PublishedRow| row.k.is_some_and(|k| k >= percent * PERCENT);
    let congestions: Vec<_> =
        row_runs(&arc.valid_rows, at_least(80)).into_iter().filter(|(from, to)| to - from >= 2).collect();
    let mut rest = arc.valid_rows.clone();
    for (from, to) in &congestions {
        (*from..*to).filter_map(|index| rest.get_mut(index).map(|slot| *slot = None)).for_each(drop);
    }
    let blockages = row_runs(&rest, at_least(50)).into_iter().filter(|(from, to)| to - from >= 3);
    let all = congestions.iter().map(|run| (AlertType::Congestion, *run));
    all.chain(blockages.map(|run| (AlertType::Blockage, run)))
        .filter(|(_, (_, to))| *to > window.day_start)
        .map(|(kind, (from, to))| {
            let rows = || (from..to).filter_map(|index| day_window::at(&arc.valid_rows, index));
            let worst = rows().filter_map(|row| row.k).max().unwrap_or(0);
            let mut lost = LostTime::default();
            (from.max(window.day_start)..to)
                .filter_map(|index| day_window::at(&arc.valid_rows, index))
                .for_each(|row| lost.add(row));
            let lost = arc.description.length.and_then(|length| lost.minutes(length));
            let critical = match kind {
                AlertType::Congestion => worst >= 90 * PERCENT,
                _ => to - from >= 6,
            };
            let max_flow = rows().filter_map(|row| row.q).max().map(|q| Fixed2::of(q.into()));
            let mut alert = new_alert(window, kind, (from, to), worst, lost);
            alert.arc_id = Some(arc.arc.id.clone());
            alert.label = Some(arc.description.label.clone());
            alert.zone.clone_from(&arc.description.zone);
            alert.district.clone_from(&arc.description.code);
            alert.max_flow = max_flow;
            alert.severity = if critical { AlertSeverity::Critical } else { AlertSeverity::High };
            RankedAlert { lost, worst, alert }
        })
        .collect()
}

fn zone_alerts(window: &DayWindow<'_>, code: &str) -> Vec<RankedAlert> {
    let arcs: Vec<_> = window.arcs.iter().filter(|arc| arc.description.code.as_deref() == Some(code)).collect();
    let saturated = |arc: &ArcHours<'_>, index: usize| {
        day_window::at(&arc.valid_rows, index).and_then(|row| row.k).is_some_and(|k| k >= 30 * PERCENT)
    };
    let counts: Vec<(usize, usize)> = (0..window.hours.len())
        .map(|index| {
            let measured = arcs.iter().filter(|arc| day_window::measured(&arc.valid_rows, index)).count();
            (arcs.iter().filter(|arc| saturated(arc, index)).count(), measured)
        })
        .collect();
    let many_saturated = |index: usize| {
        counts.get(index).is_some_and(|(saturated, measured)| *saturated >= 6 && saturated * 4 >= *measured)
    };
    runs(counts.len(), many_saturated)
        .into_iter()
        .filter(|(from, to)| to - from >= 2 && *to > window.day_start)
        .map(|(from, to)| {
            let mut worst = 0;
            let mut lost: Option<f64> = None;
            for arc in &arcs {
                let mut arc_lost = LostTime::default();
                for index in (from..to).filter(|index| saturated(arc, *index)) {
                    let Some(row) = day_window::at(&arc.valid_rows, index) else { continue };
                    worst = worst.max(row.k.unwrap_or(0));
                    if index >= window.day_start {
                        arc_lost.add(row);
                    }
                }
                if let Some(minutes) = arc.description.length.and_then(|length| arc_lost.minutes(length)) {
                    lost = Some(lost.unwrap_or(0.0) + minutes);
                }
            }
            let mut alert = new_alert(window, AlertType::SaturatedZone, (from, to), worst, lost);
            alert.district = Some(code.to_owned());
            alert.zone = arcs.first().and_then(|arc| arc.description.zone.clone());
            alert.arc_count =
                counts.get(from..to).into_iter().flatten().map(|(saturated, _)| *saturated as u64).max().unwrap_or(0);
            RankedAlert { lost, worst, alert }
        })
        .collect()
}

fn new_alert(
    window: &DayWindow<'_>,
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
        duration_hours: Fixed2::of(to_f64((to - from) as u64)),
        open: window.is_open(start, end),
        max_occupancy: Fixed2::of(percent_of(worst)),
        max_flow: None,
        delay_minutes: lost.map(Fixed1::of),
        severity: AlertSeverity::High,
        arc_count: 1,
    }
}
