//! The true `traffic` document.

mod periods;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use contract::ServiceDay;
use contract::document::disruptions::{
    DisruptedLine, Disruption, DisruptionStatus, Line, Mode, Period, Severity, Disruptions, TransitAlert, TransitAlertType,
};
use contract::document::{DayStatus, Quality};
use contract::number::Fixed2;

use super::{Answer, id_order};
use crate::City;
use crate::clock;
use crate::transit::{Incident, Object, Service, Span};
use periods::{Known, clip, hours, union};

/// An ELEVEE of more hours than these is an alert.
const LONG: f64 = 2.0;
/// More at one instant than these are a general disruption.
const GENERAL: usize = 5;

/// An incident that concerns the day.
struct Concern<'a> {
    incident: &'a Incident,
    line: &'a Service,
    periods: Vec<Span>,
    /// The union of its periods within the day.
    within: Vec<Span>,
}

impl Concern<'_> {
    fn serious(&self) -> bool {
        matches!(self.incident.severity, Severity::Critical | Severity::High)
    }

    /// Whether the line itself or a section of it is its object.
    fn of_line(&self) -> bool {
        matches!(self.incident.object, Object::Line | Object::Section)
    }

    fn begin(&self) -> Option<DateTime<Utc>> {
        self.periods.iter().map(|period| period.0).min()
    }

    fn end(&self) -> Option<DateTime<Utc>> {
        self.periods.iter().map(|period| period.1).max()
    }
}

/// The document of a day; none where no snapshot can be read.
pub(super) fn of(city: &City, day: ServiceDay, lines_known: bool) -> Option<Answer<Disruptions>> {
    let known = Known::of(&city.transit, day);
    if known.readable == 0 {
        return None;
    }
    let bounds = (day.start(), day.end());
    let mut concerns: Vec<Concern<'_>> = known
        .incidents
        .values()
        .filter_map(|story| {
            let periods = story.periods(&known.whole);
            let within = union(periods.iter().filter_map(|period| clip(*period, bounds)));
            let line = city.transit.lines.get(story.incident.line)?;
            (!within.is_empty()).then_some(Concern { incident: story.incident, line, periods, within })
        })
        .collect();
    concerns.sort_by(|a, b| {
        let by_severity = a.incident.severity.cmp(&b.incident.severity);
        by_severity.then(a.begin().cmp(&b.begin())).then_with(|| id_order(&a.incident.id, &b.incident.id))
    });
    let mut quality =
        Quality { rows_read: known.records, structural_rejects: known.rejected.clone(), ..Quality::default() };
    for concern in &concerns {
        if let Some(story) = known.incidents.get(concern.incident.id.as_str()) {
            quality.cells += 1;
            quality.duplicates += story.repeats;
            quality.conflicts += story.changes;
        }
    }
    quality.rows_of_day = quality.cells + quality.duplicates + quality.conflicts;
    let definite = known.last_taken.is_some_and(|taken| taken >= day.end());
    Some(Answer {
        status: if definite { DayStatus::Final } else { DayStatus::Provisional },
        complete_until: None,
        completeness: None,
        quality,
        body: body(&city.transit.lines, &concerns, known.ids.len() as u64, day, lines_known),
    })
}

fn body(lines: &[Service], concerns: &[Concern<'_>], ids: u64, day: ServiceDay, lines_known: bool) -> Disruptions {
    let mut by_severity: BTreeMap<Severity, u64> = BTreeMap::new();
    let mut by_mode: BTreeMap<Mode, u64> = BTreeMap::new();
    // By line: all hours, those that count as disrupted, and disruptions.
    let mut by_line: BTreeMap<&Line, (Vec<Span>, Vec<Span>, u64)> = BTreeMap::new();
    for concern in concerns {
        *by_severity.entry(concern.incident.severity).or_default() += 1;
        *by_mode.entry(concern.line.line.mode).or_default() += 1;
        let line = by_line.entry(&concern.line.line).or_default();
        line.0.extend(&concern.within);
        line.2 += 1;
        if concern.serious() && concern.of_line() {
            line.1.extend(&concern.within);
        }
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
    let curve = curve(concerns, day);
    Disruptions {
        disruptions: concerns.iter().map(|concern| disruption(concern, day)).collect(),
        total_disruptions_count: ids,
        active_disruptions_count: concerns.len() as u64,
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
        reliability_index: lines_known.then(|| reliability(lines, &by_line, day)).flatten(),
        alerts: alerts(concerns, day),
        running_by_hour: curve,
    }
}

fn disruption(concern: &Concern<'_>, day: ServiceDay) -> Disruption {
    let running = concern.periods.iter().any(|(begin, end)| *begin < day.end() && *end > day.end());
    let mut periods = concern.periods.clone();
    periods.sort_unstable();
    Disruption {
        id: concern.incident.id.clone(),
        status: if running { DisruptionStatus::Ongoing } else { DisruptionStatus::Ended },
        severity: concern.incident.severity,
        cause: Some(concern.incident.cause.to_owned()),
        title: Some(concern.incident.title.clone()),
        message: Some(concern.incident.plain.clone()),
        lines: vec![concern.line.line.clone()],
        start: day.stamp(concern.begin().unwrap_or_else(|| day.start())),
        end: concern.end().map(|end| day.stamp(end)),
        duration_hours: Fixed2::of(hours(&concern.within)),
        periods: periods
            .iter()
            .map(|(begin, end)| Period { start: day.stamp(*begin), end: Some(day.stamp(*end)) })
            .collect(),
    }
}

/// The hours of service of a line within the day.
fn service(service: &Service, day: ServiceDay) -> Vec<Span> {
    let at = |minutes: u32| clock::at_wall(day.date(), minutes / 60, minutes % 60, day.tz());
    let (begin, end) = (at(service.begin), at(service.end));
    if service.end > service.begin { vec![(begin, end)] } else { vec![(day.start(), end), (begin, day.end())] }
}

fn reliability(
    lines: &[Service],
    by_line: &BTreeMap<&Line, (Vec<Span>, Vec<Span>, u64)>,
    day: ServiceDay,
) -> Option<Fixed2> {
    let (mut served, mut disrupted) = (0.0, 0.0);
    for line in lines {
        let service = service(line, day);
        served += hours(&service);
        if let Some((_, spans, _)) = by_line.get(&line.line) {
            let spans = union(spans.iter().copied());
            disrupted += service
                .iter()
                .flat_map(|hour| spans.iter().filter_map(|span| clip(*span, *hour)))
                .map(|span| hours(&[span]))
                .sum::<f64>();
        }
    }
    (served > 0.0).then(|| Fixed2::of(100.0 * (1.0 - disrupted / served)))
}

fn alerts(concerns: &[Concern<'_>], day: ServiceDay) -> Vec<TransitAlert> {
    let mut alerts = Vec::new();
    for concern in concerns {
        let length = hours(&concern.within);
        let kind = match concern.incident.severity {
            Severity::Critical => TransitAlertType::Critical,
            Severity::High if length > LONG => TransitAlertType::Long,
            _ => continue,
        };
        let (Some(first), Some(last)) = (concern.within.first(), concern.within.last()) else { continue };
        alerts.push(TransitAlert {
            kind,
            id: Some(concern.incident.id.clone()),
            title: Some(concern.incident.title.clone()),
            lines: vec![concern.line.line.clone()],
            start: day.stamp(first.0),
            end: day.stamp(last.1),
            duration_hours: Fixed2::of(length),
            count: 1,
        });
    }
    let serious: Vec<_> = concerns.iter().filter(|concern| concern.serious()).collect();
    let spans: Vec<_> = serious.iter().map(|concern| &concern.within).collect();
    for (span, most) in general(&spans) {
        let runs_in = |concern: &&&Concern<'_>| concern.within.iter().any(|own| clip(*own, span).is_some());
        let lines: BTreeSet<_> = serious.iter().filter(runs_in).map(|concern| &concern.line.line).collect();
        let mut lines: Vec<_> = lines.into_iter().cloned().collect();
        lines.sort_by(|a, b| a.mode.cmp(&b.mode).then_with(|| id_order(&a.code, &b.code)));
        alerts.push(TransitAlert {
            kind: TransitAlertType::Widespread,
            id: None,
            title: None,
            lines: lines,
            start: day.stamp(span.0),
            end: day.stamp(span.1),
            duration_hours: Fixed2::of(hours(&[span])),
            count: most as u64,
        });
    }
    alerts.sort_by(|a, b| a.kind.cmp(&b.kind).then(a.start.cmp(&b.start)).then_with(|| a.id.cmp(&b.id)));
    alerts
}

/// The unbroken runs in which more than five go on at once, and how many at most.
fn general(all: &[&Vec<Span>]) -> Vec<(Span, usize)> {
    let edges: BTreeSet<_> = all.iter().flat_map(|spans| spans.iter()).flat_map(|span| [span.0, span.1]).collect();
    let edges: Vec<_> = edges.into_iter().collect();
    let mut runs: Vec<(Span, usize)> = Vec::new();
    for pair in edges.windows(2) {
        let [from, to] = pair else { continue };
        let running = all.iter().filter(|spans| spans.iter().any(|span| span.0 <= *from && *to <= span.1)).count();
        if running <= GENERAL {
            continue;
        }
        match runs.last_mut() {
            Some((span, most)) if span.1 == *from => {
                span.1 = *to;
                *most = running.max(*most);
            }
            _ => runs.push(((*from, *to), running)),
        }
    }
    runs
}

fn curve(concerns: &[Concern<'_>], day: ServiceDay) -> Vec<Option<Fixed2>> {
    let mut sums = [(0_u32, 0_u32); 24];
    for (hour, local) in day.hours().zip(day.local_hours()) {
        let bounds = (hour, hour + chrono::Duration::hours(1));
        let running =
            concerns.iter().filter(|concern| concern.within.iter().any(|span| clip(*span, bounds).is_some())).count();
        if let Some(slot) = sums.get_mut(local) {
            *slot = (slot.0 + u32::try_from(running).unwrap_or(0), slot.1 + 1);
        }
    }
    sums.iter().map(|(sum, n)| (*n > 0).then(|| Fixed2::of(f64::from(*sum) / f64::from(*n)))).collect()
}
