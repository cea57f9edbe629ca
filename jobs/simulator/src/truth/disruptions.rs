//! The expected `traffic` document: transit disruptions.

mod incident_history;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Duration, Utc};
use contract::ServiceDay;
use contract::document::disruptions::{
    DisruptedLine, Disruption, DisruptionStatus, Disruptions, Line, Mode, Period, Scope, Severity, StopDisruptions,
    TransitAlert, TransitAlertType,
};
use contract::document::{DayStatus, Quality};
use contract::number::{Fixed1, Fixed2};

use super::{TrueDocument, hourly_curve, id_order, to_f64};
use crate::City;
use crate::clock;
use crate::disruptions::{ImpactedObject, Incident, Interval, LineService};
use incident_history::{ObservedIncidents, clip, hours, union};

/// A disruption of severity ELEVEE that lasts longer than these hours is an alert.
const LONG_HOURS: f64 = 2.0;
/// A snapshot speaks for this time before and after it.
const SPEAKS: Duration = Duration::hours(3);
/// More serious disruptions than these at the same time are a general disruption.
const GENERAL_DISRUPTION: usize = 5;

/// An incident that lasts on the day.
struct ActiveIncident<'a> {
    details: &'a Incident,
    service: &'a LineService,
    periods: Vec<Interval>,
    /// The union of its periods within the day.
    within: Vec<Interval>,
}

impl ActiveIncident<'_> {
    /// That of a lift is minor, whatever is published.
    fn severity(&self) -> Severity {
        if self.details.object == ImpactedObject::Lift { Severity::Low } else { self.details.severity }
    }

    fn serious(&self) -> bool {
        matches!(self.severity(), Severity::Critical | Severity::High)
    }

    fn scope(&self) -> Scope {
        match self.details.object {
            ImpactedObject::Line | ImpactedObject::TitleOnly => Scope::Line,
            ImpactedObject::Section => Scope::Section,
            ImpactedObject::Stop => Scope::Stop,
            ImpactedObject::Lift => Scope::Equipment,
        }
    }

    /// Whether it disrupts the line or a section of it, not only a stop.
    fn disrupts_line(&self) -> bool {
        self.scope() <= Scope::Section
    }

    /// The lines in the document.
    fn lines(&self) -> Vec<Line> {
        if self.details.object == ImpactedObject::Lift { Vec::new() } else { vec![self.service.line.clone()] }
    }

    fn on_rails(&self) -> bool {
        self.lines().iter().any(|line| line.mode != Mode::Bus)
    }

    fn begin(&self) -> Option<DateTime<Utc>> {
        self.periods.iter().map(|period| period.0).min()
    }

    fn end(&self) -> Option<DateTime<Utc>> {
        self.periods.iter().map(|period| period.1).max()
    }
}

/// The document of a day; `None` if no snapshot is readable.
pub(super) fn document(city: &City, day: ServiceDay, lines_known: bool) -> Option<TrueDocument<Disruptions>> {
    let observed = ObservedIncidents::new(&city.disruptions, day);
    if observed.readable_snapshots == 0 {
        return None;
    }
    let bounds = (day.start(), day.end());
    let mut incidents: Vec<ActiveIncident<'_>> = observed
        .histories
        .values()
        .filter_map(|history| {
            let periods = history.periods(&observed.complete);
            let within = union(periods.iter().filter_map(|period| clip(*period, bounds)));
            let service = city.disruptions.lines.get(history.incident.line)?;
            (!within.is_empty()).then_some(ActiveIncident { details: history.incident, service, periods, within })
        })
        .collect();
    let rank = |incident: &ActiveIncident<'_>| {
        let began_today = incident.begin() >= Some(day.start());
        (incident.severity(), incident.scope(), !incident.on_rails(), !began_today)
    };
    incidents.sort_by(|a, b| {
        let by_length = hours(&b.within).total_cmp(&hours(&a.within));
        rank(a).cmp(&rank(b)).then(by_length).then_with(|| id_order(&a.details.id, &b.details.id))
    });
    let mut quality =
        Quality { rows_read: observed.records, structural_rejects: observed.rejected.clone(), ..Quality::default() };
    for incident in &incidents {
        if let Some(history) = observed.histories.get(incident.details.id.as_str()) {
            quality.cells += 1;
            quality.duplicates += history.repeats;
            quality.conflicts += history.changes;
        }
    }
    quality.rows_of_day = quality.cells + quality.duplicates + quality.conflicts;
    // No simulated run has snapshots of more than two days after its last day.
    let definite = observed.last_whole.is_some_and(|taken| taken > day.end());
    let speaks = union(observed.taken.iter().filter_map(|taken| clip((*taken - SPEAKS, *taken + SPEAKS), bounds)));
    Some(TrueDocument {
        status: if definite { DayStatus::Final } else { DayStatus::Provisional },
        complete_until: None,
        completeness: None,
        quality,
        body: body(
            &city.disruptions.lines,
            &incidents,
            observed.all_ids.len() as u64,
            day,
            lines_known.then_some(&speaks),
        ),
    })
}

fn body(
    lines: &[LineService],
    incidents: &[ActiveIncident<'_>],
    ids: u64,
    day: ServiceDay,
    speaks: Option<&Vec<Interval>>,
) -> Disruptions {
    let mut by_severity: BTreeMap<Severity, u64> = BTreeMap::new();
    let mut by_mode: BTreeMap<Mode, u64> = BTreeMap::new();
    // By line: all intervals, the intervals that count as disrupted, and the number of disruptions.
    let mut by_line: BTreeMap<&Line, (Vec<Interval>, Vec<Interval>, u64)> = BTreeMap::new();
    for incident in incidents {
        *by_severity.entry(incident.severity()).or_default() += 1;
        for line in incident.lines() {
            *by_mode.entry(line.mode).or_default() += 1;
        }
        if !incident.disrupts_line() {
            continue;
        }
        let line = by_line.entry(&incident.service.line).or_default();
        line.0.extend(&incident.within);
        line.2 += 1;
        if incident.serious() {
            line.1.extend(&incident.within);
        }
    }
    let mut stops: BTreeMap<Mode, (u64, BTreeSet<Line>)> = BTreeMap::new();
    for incident in incidents.iter().filter(|incident| incident.scope() == Scope::Stop) {
        let of_mode = stops.entry(incident.service.line.mode).or_default();
        of_mode.0 += 1;
        of_mode.1.insert(incident.service.line.clone());
    }
    let mut by_mode_hours: BTreeMap<Mode, f64> = BTreeMap::new();
    let mut top = Vec::new();
    for (line, (all, disrupted, count)) in &by_line {
        top.push((hours(&union(all.iter().copied())), *count, *line));
        let disrupted = hours(&union(disrupted.iter().copied()));
        if disrupted > 0.0 {
            *by_mode_hours.entry(line.mode).or_default() += disrupted;
        }
    }
    top.sort_by(|a, b| {
        let by_mode = || a.2.mode.cmp(&b.2.mode).then_with(|| id_order(&a.2.code, &b.2.code));
        b.0.total_cmp(&a.0).then(b.1.cmp(&a.1)).then_with(by_mode)
    });
    let curve = curve(incidents, day);
    Disruptions {
        disruptions: incidents.iter().map(|incident| disruption(incident, day)).collect(),
        total_disruptions_count: ids,
        active_disruptions_count: incidents.len() as u64,
        disruptions_by_severity: by_severity,
        disruptions_by_mode: by_mode,
        top_affected_lines: top
            .into_iter()
            .take(10)
            .map(|(hours, count, line)| DisruptedLine {
                mode: line.mode,
                code: line.code.clone(),
                name: line.name.clone(),
                hours: Fixed2::of(hours),
                count,
            })
            .collect(),
        disrupted_line_hours: by_mode_hours.into_iter().map(|(mode, hours)| (mode, Fixed2::of(hours))).collect(),
        reliability_index: speaks.and_then(|speaks| reliability(lines, &by_line, speaks, day)),
        alerts: alerts(incidents, day),
        stop_disruptions: stops
            .into_iter()
            .map(|(mode, (count, lines))| (mode, StopDisruptions { count, lines: lines.len() as u64 }))
            .collect(),
        running_by_hour: curve,
    }
}

fn disruption(incident: &ActiveIncident<'_>, day: ServiceDay) -> Disruption {
    let running = incident.periods.iter().any(|(begin, end)| *begin < day.end() && *end > day.end());
    let mut periods = incident.periods.clone();
    periods.sort_unstable();
    Disruption {
        id: incident.details.id.clone(),
        status: if running { DisruptionStatus::Ongoing } else { DisruptionStatus::Ended },
        severity: incident.severity(),
        scope: incident.scope(),
        cause: Some(incident.details.cause.to_owned()),
        title: Some(incident.details.title.clone()),
        message: Some(incident.details.plain.clone()),
        lines: incident.lines(),
        start: day.stamp(incident.begin().unwrap_or_else(|| day.start())),
        end: incident.end().map(|end| day.stamp(end)),
        duration_hours: Fixed2::of(hours(&incident.within)),
        periods: periods
            .iter()
            .map(|(begin, end)| Period { start: day.stamp(*begin), end: Some(day.stamp(*end)) })
            .collect(),
    }
}

/// The intervals of a line's service within the day.
fn service(service: &LineService, day: ServiceDay) -> Vec<Interval> {
    let at = |minutes: u32| clock::at_wall(day.date(), minutes / 60, minutes % 60, day.tz());
    let (begin, end) = (at(service.begin), at(service.end));
    if service.end > service.begin { vec![(begin, end)] } else { vec![(day.start(), end), (begin, day.end())] }
}

fn reliability(
    lines: &[LineService],
    by_line: &BTreeMap<&Line, (Vec<Interval>, Vec<Interval>, u64)>,
    speaks: &[Interval],
    day: ServiceDay,
) -> Option<Fixed1> {
    let (mut served, mut disrupted) = (0.0, 0.0);
    for line in lines {
        let service: Vec<Interval> = service(line, day)
            .into_iter()
            .flat_map(|hours| speaks.iter().filter_map(move |known| clip(*known, hours)))
            .collect();
        served += hours(&service);
        if let Some((_, intervals, _)) = by_line.get(&line.line) {
            let intervals = union(intervals.iter().copied());
            disrupted += service
                .iter()
                .flat_map(|hour| intervals.iter().filter_map(|interval| clip(*interval, *hour)))
                .map(|interval| hours(&[interval]))
                .sum::<f64>();
        }
    }
    (served > 0.0).then(|| Fixed1::of(100.0 * (1.0 - disrupted / served)))
}

fn alerts(incidents: &[ActiveIncident<'_>], day: ServiceDay) -> Vec<TransitAlert> {
    let mut alerts = Vec::new();
    for incident in incidents.iter().filter(|incident| incident.disrupts_line()) {
        let length = hours(&incident.within);
        let kind = match incident.severity() {
            Severity::Critical => TransitAlertType::Critical,
            Severity::High if length > LONG_HOURS => TransitAlertType::Long,
            _ => continue,
        };
        let (Some(first), Some(last)) = (incident.within.first(), incident.within.last()) else { continue };
        alerts.push(TransitAlert {
            kind,
            id: Some(incident.details.id.clone()),
            title: Some(incident.details.title.clone()),
            lines: incident.lines(),
            start: day.stamp(first.0),
            end: day.stamp(last.1),
            duration_hours: Fixed2::of(length),
            count: 1,
        });
    }
    let serious: Vec<_> = incidents
        .iter()
        .filter(|incident| incident.serious() && incident.disrupts_line() && incident.on_rails())
        .collect();
    let intervals: Vec<_> = serious.iter().map(|incident| &incident.within).collect();
    for (interval, most) in general_disruptions(&intervals) {
        let runs_in =
            |incident: &&&ActiveIncident<'_>| incident.within.iter().any(|own| clip(*own, interval).is_some());
        let lines: BTreeSet<_> = serious.iter().filter(runs_in).map(|incident| &incident.service.line).collect();
        let mut lines: Vec<_> = lines.into_iter().cloned().collect();
        lines.sort_by(|a, b| a.mode.cmp(&b.mode).then_with(|| id_order(&a.code, &b.code)));
        alerts.push(TransitAlert {
            kind: TransitAlertType::Widespread,
            id: None,
            title: None,
            lines,
            start: day.stamp(interval.0),
            end: day.stamp(interval.1),
            duration_hours: Fixed2::of(hours(&[interval])),
            count: most as u64,
        });
    }
    alerts.sort_by_key(|alert| alert.kind);
    alerts
}

/// The contiguous intervals with more than [`GENERAL_DISRUPTION`] disruptions at the same time, and the highest number in each.
fn general_disruptions(all: &[&Vec<Interval>]) -> Vec<(Interval, usize)> {
    let edges: BTreeSet<_> =
        all.iter().flat_map(|intervals| intervals.iter()).flat_map(|interval| [interval.0, interval.1]).collect();
    let edges: Vec<_> = edges.into_iter().collect();
    let mut runs: Vec<(Interval, usize)> = Vec::new();
    for pair in edges.windows(2) {
        let [from, to] = pair else { continue };
        let running = all
            .iter()
            .filter(|intervals| intervals.iter().any(|interval| interval.0 <= *from && *to <= interval.1))
            .count();
        if running <= GENERAL_DISRUPTION {
            continue;
        }
        match runs.last_mut() {
            Some((interval, most)) if interval.1 == *from => {
                interval.1 = *to;
                *most = running.max(*most);
            }
            _ => runs.push(((*from, *to), running)),
        }
    }
    runs
}

/// The number of disruptions in each local hour.
fn curve(incidents: &[ActiveIncident<'_>], day: ServiceDay) -> Vec<Option<Fixed2>> {
    let running = |hour: DateTime<Utc>| {
        let bounds = (hour, hour + chrono::Duration::hours(1));
        let lasts =
            |incident: &&ActiveIncident<'_>| incident.within.iter().any(|period| clip(*period, bounds).is_some());
        to_f64(incidents.iter().filter(lasts).count() as u64)
    };
    hourly_curve(day.hours().zip(day.local_hours()).map(|(hour, local_hour)| (local_hour, Some(running(hour)))))
}
