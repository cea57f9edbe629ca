//! Alerts: critical, long and widespread disruptions.

use chrono::{DateTime, Utc};
use contract::ServiceDay;
use contract::document::disruptions::{Line, Severity, TransitAlert, TransitAlertType};
use contract::number::Fixed2;

use super::intervals::{IntervalSet, hours};
use super::{DayDisruption, sort_lines};
use crate::parameters::DisruptionParameters;
use crate::transit_line::{ServiceLine, line};

/// By type (`critique`, `longue`, `generalisee`), then in the order of the disruptions or by begin. Disruptions of stops and lifts are no alerts.
///
/// A disruption is `critique` by its severity, `longue` if it is ELEVEE and lasts more than `longue_heures` of the day; `debut` and `fin` are its
/// first and last instant within the day, `duree_heures` the time covered by its periods.
pub(crate) fn alerts(
    day_disruptions: &[DayDisruption<'_>],
    service: &[ServiceLine],
    day: ServiceDay,
    parameters: &DisruptionParameters,
) -> Vec<TransitAlert> {
    let mut alerts = Vec::new();
    for one in day_disruptions.iter().filter(|one| one.event.content.scope.disrupts_line()) {
        let kind = match one.event.severity() {
            Severity::Critical => TransitAlertType::Critical,
            Severity::High if one.within.hours() > parameters.longue_heures => TransitAlertType::Long,
            _ => continue,
        };
        let Some((begin, end)) = one.within.hull() else { continue };
        alerts.push(TransitAlert {
            kind,
            id: Some(one.event.id.clone()),
            title: one.event.content.title.clone(),
            lines: one.lines.clone(),
            start: day.stamp(begin),
            end: day.stamp(end),
            duration_hours: Fixed2::of(one.within.hours()),
            count: 1,
        });
    }
    // The disruptions come by severity, so that the types are in order.
    alerts.extend(general(day_disruptions, service, day, u64::from(parameters.generalisee_nombre)));
    alerts
}

/// One alert per interval in which more than `most` CRITIQUE or ELEVEE disruptions of rail lines are active; `nombre` is the maximum at one
/// instant, `lignes` the disrupted rail lines of all disruptions active in it.
fn general(
    day_disruptions: &[DayDisruption<'_>],
    service: &[ServiceLine],
    day: ServiceDay,
    most: u64,
) -> Vec<TransitAlert> {
    let rail = |one: &DayDisruption<'_>| -> Vec<Line> {
        one.event.disrupted_lines().filter(|(mode, _)| mode.is_rail()).map(|key| line(key, service)).collect()
    };
    let serious: Vec<(&DayDisruption<'_>, Vec<Line>)> = day_disruptions
        .iter()
        .filter(|one| one.event.is_serious())
        .map(|one| (one, rail(one)))
        .filter(|(_, lines)| !lines.is_empty())
        .collect();
    runs(serious.iter().map(|(one, _)| &one.within), most)
        .into_iter()
        .map(|(begin, end, count)| {
            let affected = serious.iter().filter(|(one, _)| one.within.touches(begin, end));
            let mut lines: Vec<Line> = affected.flat_map(|(_, lines)| lines.iter().cloned()).collect();
            sort_lines(&mut lines);
            lines.dedup();
            TransitAlert {
                kind: TransitAlertType::Widespread,
                id: None,
                title: None,
                lines,
                start: day.stamp(begin),
                end: day.stamp(end),
                duration_hours: Fixed2::of(hours((end - begin).num_seconds())),
                count,
            }
        })
        .collect()
}

/// Begin, end and maximum number of each interval in which more than `most` are active.
fn runs<'a>(all: impl Iterator<Item = &'a IntervalSet>, most: u64) -> Vec<(DateTime<Utc>, DateTime<Utc>, u64)> {
    let mut changes: Vec<(DateTime<Utc>, bool)> =
        all.flat_map(|one| one.iter().flat_map(|(begin, end)| [(begin, true), (end, false)])).collect();
    changes.sort_unstable();
    let (mut runs, mut running, mut open) = (Vec::new(), 0_u64, None::<(DateTime<Utc>, u64)>);
    for at_once in changes.chunk_by(|one, other| one.0 == other.0) {
        // Process ends and begins of one instant together, so that a handover does not split the interval.
        let begins = at_once.iter().filter(|(_, begins)| *begins).count() as u64;
        let ends = at_once.len() as u64 - begins;
        running = (running + begins).saturating_sub(ends);
        let Some((now, _)) = at_once.first() else { continue };
        open = match (open, running > most) {
            (Some((begin, largest)), true) => Some((begin, largest.max(running))),
            (None, true) => Some((*now, running)),
            (Some((begin, largest)), false) => {
                runs.push((begin, *now, largest));
                None
            }
            (None, false) => None,
        };
    }
    runs
}
