//! Transit disruptions (`traffic`): snapshots of two real shapes to the disruptions of a day.
//!
//! Shapes: Navitia's `/disruptions` and `/line_reports` ([`navitia`]) and the bulk file ([`bulk`]), published by Île-de-France Mobilités.
//! A snapshot lists what was known when it was collected; the disruptions of a day are what all snapshots together tell ([`versions`]).
//! "No news" is an answer. A snapshot that is empty, cut short or of another shape is counted, and nothing ends because of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use contract::ServiceDay;
use contract::document::traffic::{Severity, Traffic};
use contract::document::{DayStatus, Quality};
use contract::reason::Reason;
use memchr::memmem;
use rayon::prelude::*;
use serde_json::Value;

use crate::context::DayContext;
use crate::indicator;
use crate::parameters::TrafficParameters;
use crate::quality::Tally;
use crate::source::{Draft, Measured, RawFile, SourceError};

mod bulk;
mod lines;
mod named;
mod navitia;
mod record;
mod snapshot;
#[cfg(test)]
mod tests;
mod text;
mod versions;

pub use lines::{ServiceLine, line, natural_order, read_lines};
pub use record::{Content, LineKey, Span};
pub use versions::Event;

use record::{Rejection, text};
use snapshot::{Snapshot, Unreadable};
use versions::{Listing, Taken, Timeline};

/// Files parsed at once: bounds the memory that parsed JSON takes.
const BATCH: usize = 32;
/// Rejections of a snapshot whose line is looked for: as many as documents quote.
const LOCATED: usize = 10;

/// The disruptions of the day. `lines_of_service` are those of `reference/lignes.csv`, else the profile's; none where neither is known.
///
/// With snapshots around and none of their disruptions on the day, the document has empty lists: no disruption is a finding. Where all
/// snapshots were collected before the day began, it is not, and the day is absent.
///
/// # Errors
/// Not one of the files is a snapshot that can be read.
pub fn read(
    files: &[RawFile],
    lines_of_service: &[ServiceLine],
    context: &DayContext<'_>,
) -> Result<Measured<Traffic>, SourceError> {
    read_day(files, lines_of_service, context.day, &context.parameters.traffic)
}

fn read_day(
    files: &[RawFile],
    lines_of_service: &[ServiceLine],
    day: ServiceDay,
    parameters: &TrafficParameters,
) -> Result<Measured<Traffic>, SourceError> {
    let gathered = gather(files, day);
    if gathered.taken.is_empty() {
        return match gathered.first_error {
            Some(error) => Err(error),
            None => Ok(Measured::Absent { last_day: None }),
        };
    }
    let total = gathered.listings.len() as u64;
    let timeline = Timeline::new(gathered.taken);
    let events: Vec<Event> =
        gathered.listings.into_iter().filter_map(|(id, listings)| timeline.settle(id, listings)).collect();
    let of_day: Vec<Event> = events
        .into_iter()
        .filter(|event| event.spans.iter().any(|span| span.touches(day.start(), day.end())))
        .collect();

    let last = timeline.last();
    if of_day.is_empty() && last.is_none_or(|last| last <= day.start()) {
        return Ok(Measured::Absent { last_day: last.map(|last| ServiceDay::of(last, day.tz()).date()) });
    }
    let mut tally = gathered.tally;
    tally.rows_of_day = of_day.iter().map(|event| event.records).sum();
    let mut quality = Quality {
        cellules: of_day.len() as u64,
        doublons: of_day.iter().map(|event| event.repeats).sum(),
        conflits: of_day.iter().map(|event| event.conflicts).sum(),
        ..tally.finish()
    };
    if !timeline.any_within(day.start(), day.end()) {
        quality.avertissements.push(
            "Aucun instantané n'a été collecté pendant la journée : les perturbations apparues et disparues entre deux \
             instantanés sont inconnues."
                .to_owned(),
        );
    }
    match timeline.stray_pages() {
        0 => {}
        pages => quality.avertissements.push(format!(
            "{pages} page{} Navitia sans le reste de la réponse dans le dossier de la même heure : une perturbation qui n'y \
             figure plus n'est pas tenue pour terminée.",
            if pages == 1 { "" } else { "s" }
        )),
    }
    let body = indicator::traffic::measure(&of_day, total, lines_of_service, day, parameters);
    let mut reasons = BTreeMap::new();
    if body.reliability_index.is_none() {
        reasons.insert("reliability_index".to_owned(), "lignes_inconnues".to_owned());
    }
    // The end of a folder's hour may be the end of the day while the snapshot in it is earlier: that one does not make the day final.
    let is_final = last.is_some_and(|last| last > day.end());
    Ok(Measured::Document(Box::new(Draft {
        status: if is_final { DayStatus::Definitif } else { DayStatus::Provisoire },
        complete_until: None,
        completeness: None,
        quality,
        reasons,
        ignored: Vec::new(),
        body,
    })))
}

/// All snapshots' records, by id.
#[derive(Default)]
struct Gathered {
    listings: BTreeMap<String, Vec<Listing>>,
    taken: Vec<Taken>,
    tally: Tally,
    first_error: Option<SourceError>,
}

fn gather(files: &[RawFile], day: ServiceDay) -> Gathered {
    let mut order: Vec<&RawFile> = files.iter().collect();
    order.sort_by(|one, other| one.key.cmp(&other.key));
    let mut gathered = Gathered::default();
    for batch in order.chunks(BATCH) {
        let parsed: Vec<_> = batch.par_iter().map(|file| snapshot::read(file, day.tz())).collect();
        for (file, snapshots) in batch.iter().zip(parsed) {
            for snapshot in snapshots {
                match snapshot {
                    Ok(snapshot) => gathered.add(file, snapshot),
                    Err(unreadable) => gathered.set_aside(file, unreadable),
                }
            }
        }
    }
    gathered
}

impl Gathered {
    fn add(&mut self, file: &RawFile, snapshot: Snapshot) {
        self.tally.rows += snapshot.read;
        // Only the first few can become examples: further ones are not looked for in the file.
        let mut line = snapshot.line;
        for (at, rejection) in snapshot.rejections.iter().enumerate() {
            if at < LOCATED {
                line = line_of(file, snapshot.line, rejection);
            }
            self.tally.reject(rejection.reason, &file.key, line, &rejection.excerpt);
        }
        let index = self.taken.len();
        let folder = file.key.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
        self.taken.push(Taken { feed: snapshot.feed, collected: snapshot.collected, folder, page: snapshot.page });
        for record in snapshot.records {
            let listings = self.listings.entry(record.id).or_default();
            // Snapshots repeat each other for hours: equal records share one copy.
            let content = record.content.map(|content| {
                let known = listings.last().and_then(|last| last.content.as_ref()).filter(|last| ***last == content);
                known.map_or_else(|| Arc::new(content.clone()), Arc::clone)
            });
            listings.push(Listing { snapshot: index, content });
        }
    }

    fn set_aside(&mut self, file: &RawFile, unreadable: Unreadable) {
        self.tally.reject(Reason::InstantaneIllisible, &file.key, unreadable.line, &unreadable.excerpt);
        self.first_error.get_or_insert(SourceError { key: file.key.clone(), reason: unreadable.reason });
    }
}

/// The physical line of a rejected record: where its id stands, else where its snapshot begins.
fn line_of(file: &RawFile, from: u64, rejection: &Rejection) -> u64 {
    if file.key.contains(".jsonl") {
        return from;
    }
    let at = rejection.id.as_deref().and_then(|id| memmem::find(&file.bytes, format!("\"{id}\"").as_bytes()));
    let before = at.and_then(|at| file.bytes.get(..at)).unwrap_or_default();
    from + before.iter().filter(|byte| **byte == b'\n').count() as u64
}

/// The id of a record; without one it is rejected.
fn usable_id(record: &Value, rejections: &mut Vec<Rejection>) -> Option<String> {
    let id = text(record.get("id"));
    if id.is_none() {
        rejections.push(Rejection::of(Reason::IdentifiantAbsent, None, record));
    }
    id
}

/// The lines of a disruption: of its impacted objects; only where they name none, of its title; only where that names none, of its
/// messages (which also tell of the lines to take instead). A lift failure touches no line.
fn lines_of(
    lift: bool,
    impacted: BTreeMap<LineKey, bool>,
    title: Option<&str>,
    messages: &[String],
) -> BTreeMap<LineKey, bool> {
    if lift {
        return BTreeMap::new();
    }
    if !impacted.is_empty() {
        return impacted;
    }
    let mut named: BTreeSet<LineKey> = title.map(named::lines).unwrap_or_default();
    if named.is_empty() {
        named = messages.iter().flat_map(|message| named::lines(message)).collect();
    }
    // Named, not impacted: whether the line itself is meant or one of its stops nobody said.
    named.into_iter().map(|key| (key, false)).collect()
}

impl Span {
    /// Whether any of it lies within [from, to).
    #[must_use]
    pub fn touches(&self, from: chrono::DateTime<chrono::Utc>, to: chrono::DateTime<chrono::Utc>) -> bool {
        self.begin < to && self.end.is_none_or(|end| end > from && end > self.begin)
    }
}

impl Event {
    /// How bad.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.content.severity
    }

    /// Whether trains are affected for people to feel it: CRITIQUE or ELEVEE.
    #[must_use]
    pub fn is_serious(&self) -> bool {
        matches!(self.severity(), Severity::Critique | Severity::Elevee)
    }
}
