//! Congestion alerts: runs of hours with a high occupancy, of an arc or of many arcs of a zone. A silent arc is not an alert.

use std::collections::BTreeMap;
use std::ops::Range;

use contract::document::road_counts::{AlertSeverity, AlertType, CongestionAlert};
use contract::number::{Fixed1, Fixed2};

use super::arcs::lost_time;
use super::hours::{Hour, RoadDay};
use super::larger_first;
use crate::geo::Zones;
use crate::indicator::runs::{reaches, runs, touch};
use crate::order::id_order;
use crate::parameters::RoadParameters;

/// An alert that overlaps the day, in hours of the window.
#[derive(Debug, Clone)]
pub(crate) struct Alert {
    kind: AlertType,
    /// The arc; `None` for a zone.
    pub(crate) arc: Option<usize>,
    /// The arcs whose occupancy and delay are used.
    arcs: Vec<usize>,
    hours: Range<usize>,
    severity: AlertSeverity,
    worst: u64,
}

/// All alerts that overlap the day, unordered.
pub(crate) fn find(day: &RoadDay, parameters: &RoadParameters, zones: Option<&Zones>) -> Vec<Alert> {
    let mut found = Vec::new();
    for arc in 0..day.arcs.len() {
        of_arc(day, arc, parameters, &mut found);
    }
    if zones.is_some() {
        of_zones(day, parameters, &mut found);
    }
    let in_day = day.day_from..day.end;
    found.retain(|alert| touch(&alert.hours, &in_day));
    found
}

/// `congestion`, then `blocage` in the remaining hours.
fn of_arc(day: &RoadDay, index: usize, parameters: &RoadParameters, found: &mut Vec<Alert>) {
    let occupancy = |hour: usize| day.arcs[index].hours[hour].and_then(|hour| hour.occupancy);
    let above = |hour: usize, threshold: f64| occupancy(hour).is_some_and(|value| value >= threshold);
    let alert = |kind, hours, severity| Alert { kind, arc: Some(index), arcs: vec![index], hours, severity, worst: 1 };
    let mut taken = Vec::new();
    for hours in runs(0..day.end, |hour| above(hour, parameters.congestion_taux)) {
        if hours.len() >= parameters.congestion_heures as usize {
            let critical = hours.clone().any(|hour| above(hour, parameters.congestion_critique_taux));
            taken.push(hours.clone());
            found.push(alert(AlertType::Congestion, hours, severity(critical)));
        }
    }
    let free = |hour: usize| !taken.iter().any(|hours| hours.contains(&hour));
    for hours in runs(0..day.end, |hour| above(hour, parameters.blocage_taux) && free(hour)) {
        if hours.len() >= parameters.blocage_heures as usize {
            let critical = hours.len() >= parameters.blocage_critique_heures as usize;
            found.push(alert(AlertType::Blockage, hours, severity(critical)));
        }
    }
}

/// `zone_saturee`: in each hour, enough of the measured arcs are saturated.
fn of_zones(day: &RoadDay, parameters: &RoadParameters, found: &mut Vec<Alert>) {
    let mut arcs_of: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, arc) in day.arcs.iter().enumerate() {
        if let Some(code) = &arc.zone_code {
            arcs_of.entry(code).or_default().push(index);
        }
    }
    for arcs in arcs_of.into_values() {
        // Measured and saturated arcs by hour, iterating in memory order.
        let mut counted = vec![(0u64, 0u64); day.end];
        for arc in &arcs {
            for ((measured, saturated), cell) in counted.iter_mut().zip(&day.arcs[*arc].hours) {
                if let Some(cell) = cell.filter(Hour::measured) {
                    *measured += 1;
                    *saturated += u64::from(cell.occupancy.is_some_and(|value| value >= parameters.seuil_sature));
                }
            }
        }
        let counts = |hour: usize| counted.get(hour).copied().unwrap_or_default();
        let holds = |hour: usize| {
            let (measured, saturated) = counts(hour);
            #[expect(clippy::cast_precision_loss, reason = "numbers of arcs")]
            let enough = saturated as f64 * 100.0 >= measured as f64 * parameters.zone_saturee_part;
            enough && saturated >= u64::from(parameters.zone_saturee_troncons)
        };
        for hours in runs(0..day.end, holds) {
            if hours.len() >= parameters.zone_saturee_heures as usize {
                let worst = hours.clone().map(|hour| counts(hour).1).max().unwrap_or(0);
                let (kind, severity) = (AlertType::SaturatedZone, AlertSeverity::High);
                found.push(Alert { kind, arc: None, arcs: arcs.clone(), hours, severity, worst });
            }
        }
    }
}

fn severity(critical: bool) -> AlertSeverity {
    if critical { AlertSeverity::Critical } else { AlertSeverity::High }
}

/// Worst first: delay in the day (`None` last), then largest occupancy, begin, id. Maxima are over the run, sums within the day.
pub(crate) fn rows(day: &RoadDay, alerts: Vec<Alert>, parameters: &RoadParameters) -> Vec<CongestionAlert> {
    let mut rows: Vec<CongestionAlert> = alerts.iter().map(|alert| row(day, alert, parameters)).collect();
    rows.sort_by(|a, b| {
        let id = |alert: &CongestionAlert| alert.arc_id.clone().or_else(|| alert.district.clone()).unwrap_or_default();
        larger_first(a.delay_minutes.map(Fixed1::get), b.delay_minutes.map(Fixed1::get))
            .then_with(|| b.max_occupancy.get().total_cmp(&a.max_occupancy.get()))
            .then_with(|| a.start.cmp(&b.start))
            .then_with(|| id_order(&id(a), &id(b)))
            .then_with(|| a.kind.cmp(&b.kind))
    });
    rows
}

fn row(day: &RoadDay, alert: &Alert, parameters: &RoadParameters) -> CongestionAlert {
    // For a zone, only the arcs saturated in the hour count.
    let counted = |hour: usize, arc: usize| {
        let cell = day.arcs[arc].hours[hour]?;
        (alert.arc.is_some() || cell.occupancy.is_some_and(|value| value >= parameters.seuil_sature)).then_some(cell)
    };
    let cells = || {
        alert
            .hours
            .clone()
            .flat_map(|hour| alert.arcs.iter().filter_map(move |arc| Some((hour, *arc, counted(hour, *arc)?))))
    };
    let highest = |values: &mut dyn Iterator<Item = f64>| values.reduce(f64::max);
    let lost: Vec<f64> = cells()
        .filter(|(hour, ..)| *hour >= day.day_from)
        .filter_map(|(_, arc, cell)| lost_time(&cell, day.arcs[arc].length, parameters))
        .collect();
    let arc = alert.arc.map(|arc| &day.arcs[arc]);
    let any = alert.arcs.first().map(|arc| &day.arcs[*arc]);
    #[expect(clippy::cast_precision_loss, reason = "hours of three days")]
    let hours = alert.hours.len() as f64;
    CongestionAlert {
        kind: alert.kind,
        arc_id: arc.map(|arc| arc.id.clone()),
        label: arc.and_then(|arc| arc.label.clone()),
        zone: any.and_then(|arc| arc.zone_name.clone()),
        district: any.and_then(|arc| arc.zone_code.clone()),
        start: day.stamp(alert.hours.start),
        end: day.stamp(alert.hours.end),
        duration_hours: Fixed2::of(hours),
        open: reaches(&alert.hours, &day.edges),
        max_occupancy: Fixed2::of(highest(&mut cells().filter_map(|(.., cell)| cell.occupancy)).unwrap_or(0.0)),
        max_flow: arc.and_then(|_| highest(&mut cells().filter_map(|(.., cell)| cell.flow))).map(Fixed2::of),
        delay_minutes: (!lost.is_empty()).then(|| Fixed1::of(lost.iter().sum())),
        severity: alert.severity,
        arc_count: alert.worst,
    }
}
