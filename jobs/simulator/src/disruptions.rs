//! Transit disruptions: incidents that are revised while they last, and the hourly snapshots that publish them in two formats.
//!
//! ```text
//! Incident (versions) ─> snapshot, one per hour ─┬─> file: bulk or Navitia pages
//!                                                └─> truth::disruptions
//! ```

pub mod file;
pub mod snapshot;

use chrono::{DateTime, Duration, NaiveDate, Utc};
use contract::document::disruptions::{Line, Mode, Severity};
use contract::{ServiceDay, Tz};

use crate::clock::{self, SimulatedDays};
use crate::faults::{Fault, Faults};
use crate::random::Rng;

/// The object that an incident is attached to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImpactedObject {
    Line,
    /// A section of the line.
    Section,
    /// A stop of the line.
    Stop,
    /// No object; only the title names the line.
    TitleOnly,
    /// A lift at a stop of the line, published with a severity that a reader must not take for that of trains.
    Lift,
}

/// Begin and end; the begin is included, the end is not.
pub type Interval = (DateTime<Utc>, DateTime<Utc>);

/// A revision of an incident.
#[derive(Debug, Clone, PartialEq)]
pub struct IncidentVersion {
    pub updated: DateTime<Utc>,
    /// The listed periods. With `bad-records` some end before they begin.
    pub periods: Vec<Interval>,
}

#[derive(Debug, Clone)]
pub struct Incident {
    pub id: String,
    /// Index of its line.
    pub line: usize,
    pub object: ImpactedObject,
    pub severity: Severity,
    pub cause: &'static str,
    pub title: String,
    /// The message as HTML.
    pub html: String,
    /// The message as plain text.
    pub plain: String,
    pub versions: Vec<IncidentVersion>,
    /// The instant from which snapshots no longer list it.
    pub removed_at: DateTime<Utc>,
}

impl Incident {
    /// The version that a snapshot lists at a time; `None` if it does not list the incident.
    #[must_use]
    pub fn version_at(&self, at: DateTime<Utc>) -> Option<&IncidentVersion> {
        self.versions.iter().rev().find(|version| version.updated <= at && at < self.removed_at)
    }
}

/// A line with its hours of service, in minutes after midnight.
#[derive(Debug, Clone)]
pub struct LineService {
    pub line: Line,
    pub begin: u32,
    /// An end before the begin is on the next day.
    pub end: u32,
}

/// All lines and incidents; gives the snapshots.
#[derive(Debug)]
pub struct DisruptionSimulation {
    pub lines: Vec<LineService>,
    /// In the order of their ids.
    pub incidents: Vec<Incident>,
    faults: Faults,
    tz: Tz,
    first_folder: DateTime<Utc>,
    folders: i64,
    /// The end of the last day.
    end: DateTime<Utc>,
}

impl DisruptionSimulation {
    #[must_use]
    pub fn new(per_day: usize, seed: u64, faults: Faults, days: &SimulatedDays) -> Self {
        let first = days.days().first().map(ServiceDay::date).unwrap_or_default();
        let count = i64::try_from(days.days().len()).unwrap_or(1);
        let lines = lines();
        let mut incidents = Vec::new();
        for (number, day) in days.days().iter().enumerate() {
            for index in 0..per_day {
                let number = number * 1000 + index;
                incidents.push(incident(number, index, day.date(), seed, faults, days.tz(), &lines));
            }
            if per_day > 0 {
                incidents.push(lift(number, day.date(), days.tz(), &lines));
                incidents.extend((0..8).map(|stop| closed_stop(number, stop, day.date(), days.tz(), &lines)));
            }
            if number % 3 == 1.min(days.days().len() - 1) && per_day > 0 {
                incidents.extend(storm(number, day.date(), days.tz(), &lines));
            }
        }
        incidents.sort_by(|a, b| a.id.cmp(&b.id));
        let first_folder = ServiceDay::new(first, contract::Tz::UTC).start();
        Self {
            lines,
            incidents,
            faults,
            tz: days.tz(),
            first_folder,
            folders: (count + 2) * 24,
            end: clock::instant(days.end_hour()),
        }
    }

    #[must_use]
    pub fn tz(&self) -> Tz {
        self.tz
    }

    /// `reference/lignes.csv`.
    #[must_use]
    pub fn lines_file(&self) -> Vec<u8> {
        let mut out = "mode;code;nom;debut_service;fin_service\n".to_owned();
        for service in &self.lines {
            let time = |minutes: u32| format!("{:02}:{:02}", minutes / 60, minutes % 60);
            let Line { mode, code, name } = &service.line;
            out.push_str(&format!(
                "{};{code};{name};{};{}\n",
                mode_name(*mode),
                time(service.begin),
                time(service.end)
            ));
        }
        out.into_bytes()
    }
}

/// The name of a mode in documents and in `lignes.csv`.
#[must_use]
pub fn mode_name(mode: Mode) -> &'static str {
    match mode {
        Mode::Other => "autre",
        Mode::Bus => "bus",
        Mode::Metro => "metro",
        Mode::Shuttle => "navette",
        Mode::Rer => "rer",
        Mode::Tram => "tramway",
        Mode::Transilien => "transilien",
    }
}

/// The display name of a mode, in titles and line names.
#[must_use]
pub fn display_name(mode: Mode) -> &'static str {
    match mode {
        Mode::Metro => "Métro",
        Mode::Rer => "RER",
        Mode::Tram => "Tram",
        Mode::Transilien => "Transilien",
        Mode::Bus => "Bus",
        Mode::Shuttle => "Navette",
        Mode::Other => "Ligne",
    }
}

fn lines() -> Vec<LineService> {
    let codes = [
        (Mode::Metro, ["1", "2", "3B", "4", "7", "13", "14"].as_slice(), 5 * 60 + 30, 30),
        (Mode::Rer, &["A", "B", "C"], 5 * 60, 75),
        (Mode::Tram, &["T2", "T3a"], 5 * 60 + 30, 60),
        (Mode::Transilien, &["H", "J"], 5 * 60 + 15, 23 * 60 + 45),
        (Mode::Bus, &["26", "72", "N12"], 6 * 60, 21 * 60 + 30),
    ];
    codes
        .into_iter()
        .flat_map(|(mode, codes, begin, end)| {
            codes.iter().map(move |code| LineService {
                line: Line { mode, code: (*code).to_owned(), name: format!("{} {code}", display_name(mode)) },
                begin,
                end,
            })
        })
        .collect()
}

/// A message as HTML and as plain text. The HTML has numeric entities, a zero-width space, a byte order mark and a tag with an attribute.
fn message(from: &str, to: &str) -> (String, String) {
    let html = format!(
        "<p>Trafic perturb&#233; entre {from} et {to}&#8203; &#224; cause d&#39;un incident.&#65279;<br><a href='http://exemple.fr'>Plus \
         d&#x27;informations</a></p>"
    );
    (html, format!("Trafic perturbé entre {from} et {to} à cause d'un incident. Plus d'informations"))
}

fn incident(
    number: usize,
    index: usize,
    date: NaiveDate,
    seed: u64,
    faults: Faults,
    tz: Tz,
    lines: &[LineService],
) -> Incident {
    let mut rng = Rng::new(seed, 0x7a1, number as u64);
    let line = usize::try_from(rng.below(lines.len() as u64)).unwrap_or(0);
    let minutes =
        |rng: &mut Rng, low: u64, high: u64| Duration::minutes(i64::try_from(low + rng.below(high - low)).unwrap_or(0));
    let (hour, minute) = (6 + rng.below(16), rng.below(60));
    let begin = clock::at_wall(date, u32::try_from(hour).unwrap_or(6), u32::try_from(minute).unwrap_or(0), tz);
    let severity = match index % 6 {
        0 => Severity::Critical,
        1 | 3 => Severity::High,
        _ => Severity::Low,
    };
    let object = match index % 6 {
        2 => ImpactedObject::Stop,
        3 => ImpactedObject::Section,
        4 => ImpactedObject::TitleOnly,
        _ => ImpactedObject::Line,
    };
    let (mut versions, mut removed_at);
    let cause;
    if index % 6 == 5 {
        // Works in four nights; later versions list only the remaining nights.
        cause = "TRAVAUX";
        let nights: Vec<_> = (0..4)
            .map(|night| {
                let date = date + Duration::days(night);
                (clock::at_wall(date, 22, 15, tz), clock::at_wall(date + Duration::days(1), 4, 45, tz))
            })
            .collect();
        let published = clock::at_wall(date, 3, 0, tz);
        versions = (0..3)
            .map(|night| {
                let later = nights.get(night..).unwrap_or_default().to_vec();
                IncidentVersion {
                    updated: published + Duration::hours(24 * i64::try_from(night).unwrap_or(0)),
                    periods: later,
                }
            })
            .collect::<Vec<_>>();
        removed_at = published + Duration::days(5);
    } else {
        cause = if index.is_multiple_of(2) { "PERTURBATION" } else { "INCIDENT" };
        let updated = begin + Duration::minutes(3);
        let end = begin + minutes(&mut rng, 25, 300);
        versions = vec![IncidentVersion { updated, periods: vec![(begin, end)] }];
        if rng.chance(0.4) {
            let longer = end + minutes(&mut rng, 20, 200);
            versions
                .push(IncidentVersion { updated: updated + minutes(&mut rng, 20, 90), periods: vec![(begin, longer)] });
        }
        if rng.chance(0.2) {
            // The periods overlap; readers have to count their union.
            let start = begin + Duration::minutes(10);
            versions.iter_mut().for_each(|version| version.periods.push((start, end + Duration::minutes(45))));
        }
        let end = versions.iter().flat_map(|version| &version.periods).map(|period| period.1).max().unwrap_or(end);
        // Snapshots list it for some time after its end; one incident in four disappears before its announced end.
        removed_at = if rng.chance(0.25) { begin + (end - begin) / 2 } else { end + minutes(&mut rng, 5, 180) };
        if rng.chance(0.1) {
            removed_at = begin + Duration::days(20);
        }
    }
    let mode_severity = if cause == "TRAVAUX" { Severity::High } else { severity };
    if faults.has(Fault::BadRecords) {
        let inverted = (begin + Duration::hours(2), begin + Duration::hours(1));
        match number % 23 {
            4 => versions.iter_mut().for_each(|version| version.periods.push(inverted)),
            9 => versions.iter_mut().for_each(|version| version.periods = vec![inverted]),
            _ => {}
        }
    }
    let (html, plain) = message("Place Ronde", "Pont Vieux");
    let name = lines.get(line).map_or("Métro 1", |service| service.line.name.as_str());
    Incident {
        id: format!("{:08x}-fb21-11ee-a614-{number:012}", crate::random::at(seed, 0x7a2, number as u64, 0) >> 32),
        line,
        object,
        severity: mode_severity,
        cause,
        title: format!("{name} : {} - Trafic perturbé", if cause == "TRAVAUX" { "Travaux" } else { "Incident" }),
        html,
        plain,
        versions,
        removed_at,
    }
}

/// A lift that is out of order for a day and a half.
fn lift(number: usize, date: NaiveDate, tz: Tz, lines: &[LineService]) -> Incident {
    let begin = clock::at_wall(date, 9, 20, tz);
    let end = begin + Duration::hours(36);
    let (html, plain) = message("Place Ronde", "la surface");
    Incident {
        id: format!("a5ce0000-fb21-11ee-a614-{number:012}"),
        line: number % lines.len().max(1),
        object: ImpactedObject::Lift,
        severity: Severity::High,
        cause: "TRAVAUX",
        title: "Place Ronde : ascenseur en panne".to_owned(),
        html,
        plain,
        versions: vec![IncidentVersion { updated: begin, periods: vec![(begin, end)] }],
        removed_at: end + Duration::minutes(30),
    }
}

/// A bus stop that is closed for weeks and published as an interruption: more of them than of all other disruptions.
fn closed_stop(number: usize, stop: usize, date: NaiveDate, tz: Tz, lines: &[LineService]) -> Incident {
    let begin = clock::at_wall(date, 4 + u32::try_from(stop % 4).unwrap_or(0), 0, tz);
    let end = begin + Duration::days(21);
    let bus: Vec<usize> =
        (0..lines.len()).filter(|at| lines.get(*at).is_some_and(|service| service.line.mode == Mode::Bus)).collect();
    let line = bus.get(stop % bus.len().max(1)).copied().unwrap_or(0);
    let name = lines.get(line).map_or("Bus 1", |service| service.line.name.as_str());
    let (html, plain) = message("Rue Haute", "Rue Basse");
    Incident {
        id: format!("c105ed00-fb21-11ee-a614-{:012}", number * 1000 + stop),
        line,
        object: ImpactedObject::Stop,
        severity: Severity::Critical,
        cause: "TRAVAUX",
        title: format!("{name} : Travaux - Arrêt non desservi"),
        html,
        plain,
        versions: vec![IncidentVersion { updated: begin - Duration::hours(1), periods: vec![(begin, end)] }],
        removed_at: end,
    }
}

/// Incidents on seven lines at once: a general disruption.
fn storm(number: usize, date: NaiveDate, tz: Tz, lines: &[LineService]) -> Vec<Incident> {
    (0..7)
        .map(|index| {
            let begin = clock::at_wall(date, 17, u32::try_from(index * 4).unwrap_or(0), tz);
            let end = begin + Duration::minutes(95 + 5 * i64::try_from(index).unwrap_or(0));
            // Rail lines come first.
            let rail = lines.iter().filter(|service| service.line.mode != Mode::Bus).count();
            let line = (number + index * 2) % rail.max(1);
            let name = lines.get(line).map_or("Métro 1", |service| service.line.name.as_str());
            let (html, plain) = message("Quai Neuf", "Rue du Four");
            Incident {
                id: format!("5707a000-fb21-11ee-a614-{:012}", number * 1000 + 900 + index),
                line,
                object: ImpactedObject::Line,
                severity: if index.is_multiple_of(2) { Severity::Critical } else { Severity::High },
                cause: "INTEMPERIES",
                title: format!("{name} : Intempéries - Trafic interrompu"),
                html,
                plain,
                versions: vec![IncidentVersion { updated: begin + Duration::minutes(2), periods: vec![(begin, end)] }],
                removed_at: end + Duration::hours(1),
            }
        })
        .collect()
}
