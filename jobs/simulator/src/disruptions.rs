//! Transit disruptions: incidents whose story changes while it is told, and the hourly snapshots that tell it in two shapes.

pub mod file;
pub mod snapshot;

use chrono::{DateTime, Duration, NaiveDate, Utc};
use chrono_tz::Tz;
use contract::ServiceDay;
use contract::document::disruptions::{Line, Mode, Severity};

use crate::clock::{self, Days};
use crate::faults::{Fault, Faults};
use crate::random::Rng;

/// What an incident is told to concern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Object {
    /// The line itself.
    Line,
    /// A section of it.
    Section,
    /// A stop of it.
    Stop,
    /// Nothing; only the title names the line.
    Title,
}

/// A period, begin inclusive.
pub type Span = (DateTime<Utc>, DateTime<Utc>);

/// What is told of an incident from some time on.
#[derive(Debug, Clone, PartialEq)]
pub struct Version {
    /// When it was last changed.
    pub updated: DateTime<Utc>,
    /// The periods that are listed, inverted ones among them.
    pub periods: Vec<Span>,
}

/// An incident.
#[derive(Debug, Clone)]
pub struct Incident {
    /// Its id.
    pub id: String,
    /// Which line, by index.
    pub line: usize,
    /// What it concerns.
    pub object: Object,
    /// How bad.
    pub severity: Severity,
    /// Cause.
    pub cause: &'static str,
    /// Title.
    pub title: String,
    /// Message as HTML.
    pub html: String,
    /// The same as plain text.
    pub plain: String,
    /// Its versions in order.
    pub versions: Vec<Version>,
    /// From when on it is told no more.
    pub gone: DateTime<Utc>,
}

impl Incident {
    /// What is told of it at a time.
    #[must_use]
    pub fn told(&self, at: DateTime<Utc>) -> Option<&Version> {
        self.versions.iter().rev().find(|version| version.updated <= at && at < self.gone)
    }
}

/// A line with its hours of service, minutes after midnight.
#[derive(Debug, Clone)]
pub struct Service {
    /// The line.
    pub line: Line,
    /// Begin.
    pub begin: u32,
    /// End; before the begin: of the next day.
    pub end: u32,
}

/// The transit of the city.
#[derive(Debug)]
pub struct Transit {
    /// All lines.
    pub lines: Vec<Service>,
    /// All incidents, by id.
    pub incidents: Vec<Incident>,
    faults: Faults,
    tz: Tz,
    first_folder: DateTime<Utc>,
    folders: i64,
}

impl Transit {
    /// So many incidents a day.
    #[must_use]
    pub fn new(per_day: usize, seed: u64, faults: Faults, days: &Days) -> Self {
        let first = days.days().first().map(ServiceDay::date).unwrap_or_default();
        let count = i64::try_from(days.days().len()).unwrap_or(1);
        let lines = lines();
        let mut incidents = Vec::new();
        for (number, day) in days.days().iter().enumerate() {
            for index in 0..per_day {
                let place = number * 1000 + index;
                incidents.push(incident(place, index, day.date(), seed, faults, days.tz(), &lines));
            }
            if number % 3 == 1.min(days.days().len() - 1) && per_day > 0 {
                incidents.extend(storm(number, day.date(), days.tz(), &lines));
            }
        }
        incidents.sort_by(|a, b| a.id.cmp(&b.id));
        let first_folder = ServiceDay::new(first, chrono_tz::UTC).start();
        Self { lines, incidents, faults, tz: days.tz(), first_folder, folders: (count + 2) * 24 }
    }

    /// The city's zone.
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
            out.push_str(&format!("{};{code};{name};{};{}\n", mode_name(*mode), time(service.begin), time(service.end)));
        }
        out.into_bytes()
    }
}

/// Name of a mode in documents and in `lignes.csv`.
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

/// What people call a mode, in titles and names.
#[must_use]
pub fn spoken(mode: Mode) -> &'static str {
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

fn lines() -> Vec<Service> {
    let codes = [
        (Mode::Metro, ["1", "2", "3B", "4", "7", "13", "14"].as_slice(), 5 * 60 + 30, 30),
        (Mode::Rer, &["A", "B", "C"], 5 * 60, 75),
        (Mode::Tram, &["T2", "T3a"], 5 * 60 + 30, 60),
        (Mode::Transilien, &["H", "J"], 5 * 60 + 15, 23 * 60 + 45),
    ];
    codes
        .into_iter()
        .flat_map(|(mode, codes, begin, end)| {
            codes.iter().map(move |code| Service {
                line: Line { mode, code: (*code).to_owned(), name: format!("{} {code}", spoken(mode)) },
                begin,
                end,
            })
        })
        .collect()
}

/// Numeric entities, zero-width space and byte order mark included, and a tag with an attribute.
fn message(from: &str, to: &str) -> (String, String) {
    let html = format!(
        "<p>Trafic perturb&#233; entre {from} et {to}&#8203; &#224; cause d&#39;un incident.&#65279;<br><a href='http://exemple.fr'>Plus \
         d&#x27;informations</a></p>"
    );
    (html, format!("Trafic perturbé entre {from} et {to} à cause d'un incident. Plus d'informations"))
}

fn incident(
    place: usize,
    index: usize,
    date: NaiveDate,
    seed: u64,
    faults: Faults,
    tz: Tz,
    lines: &[Service],
) -> Incident {
    let mut rng = Rng::of(seed, 0x7a1, place as u64);
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
        2 => Object::Stop,
        3 => Object::Section,
        4 => Object::Title,
        _ => Object::Line,
    };
    let (mut versions, mut gone);
    let cause;
    if index % 6 == 5 {
        // Works in four nights; later versions list only the nights to come.
        cause = "TRAVAUX";
        let nights: Vec<_> = (0..4)
            .map(|night| {
                let date = date + Duration::days(night);
                (clock::at_wall(date, 22, 15, tz), clock::at_wall(date + Duration::days(1), 4, 45, tz))
            })
            .collect();
        let told = clock::at_wall(date, 3, 0, tz);
        versions = (0..3)
            .map(|night| {
                let later = nights.get(night..).unwrap_or_default().to_vec();
                Version { updated: told + Duration::hours(24 * i64::try_from(night).unwrap_or(0)), periods: later }
            })
            .collect::<Vec<_>>();
        gone = told + Duration::days(5);
    } else {
        cause = if index.is_multiple_of(2) { "PERTURBATION" } else { "INCIDENT" };
        let updated = begin + Duration::minutes(3);
        let end = begin + minutes(&mut rng, 25, 300);
        versions = vec![Version { updated, periods: vec![(begin, end)] }];
        if rng.chance(0.4) {
            let longer = end + minutes(&mut rng, 20, 200);
            versions.push(Version { updated: updated + minutes(&mut rng, 20, 90), periods: vec![(begin, longer)] });
        }
        if rng.chance(0.2) {
            // Overlaps: the union counts.
            let start = begin + Duration::minutes(10);
            versions.iter_mut().for_each(|version| version.periods.push((start, end + Duration::minutes(45))));
        }
        let end = versions.iter().flat_map(|version| &version.periods).map(|period| period.1).max().unwrap_or(end);
        // Told some time longer than it lasts; one in four ends before it was said to.
        gone = if rng.chance(0.25) { begin + (end - begin) / 2 } else { end + minutes(&mut rng, 5, 180) };
        if rng.chance(0.1) {
            gone = begin + Duration::days(20);
        }
    }
    let mode_severity = if cause == "TRAVAUX" { Severity::High } else { severity };
    if faults.has(Fault::BadRecords) {
        let inverted = (begin + Duration::hours(2), begin + Duration::hours(1));
        match place % 23 {
            4 => versions.iter_mut().for_each(|version| version.periods.push(inverted)),
            9 => versions.iter_mut().for_each(|version| version.periods = vec![inverted]),
            _ => {}
        }
    }
    let (html, plain) = message("Place Ronde", "Pont Vieux");
    let name = lines.get(line).map_or("Métro 1", |service| service.line.name.as_str());
    Incident {
        id: format!("{:08x}-fb21-11ee-a614-{place:012}", crate::random::at(seed, 0x7a2, place as u64, 0) >> 32),
        line,
        object,
        severity: mode_severity,
        cause,
        title: format!("{name} : {} - Trafic perturbé", if cause == "TRAVAUX" { "Travaux" } else { "Incident" }),
        html,
        plain,
        versions,
        gone,
    }
}

/// Seven lines at once: a general disruption.
fn storm(number: usize, date: NaiveDate, tz: Tz, lines: &[Service]) -> Vec<Incident> {
    (0..7)
        .map(|index| {
            let begin = clock::at_wall(date, 17, u32::try_from(index * 4).unwrap_or(0), tz);
            let end = begin + Duration::minutes(95 + 5 * i64::try_from(index).unwrap_or(0));
            let line = (number + index * 2) % lines.len().max(1);
            let name = lines.get(line).map_or("Métro 1", |service| service.line.name.as_str());
            let (html, plain) = message("Quai Neuf", "Rue du Four");
            Incident {
                id: format!("5707a000-fb21-11ee-a614-{:012}", number * 1000 + 900 + index),
                line,
                object: Object::Line,
                severity: if index.is_multiple_of(2) { Severity::Critical } else { Severity::High },
                cause: "INTEMPERIES",
                title: format!("{name} : Intempéries - Trafic interrompu"),
                html,
                plain,
                versions: vec![Version { updated: begin + Duration::minutes(2), periods: vec![(begin, end)] }],
                gone: end + Duration::hours(1),
            }
        })
        .collect()
}
