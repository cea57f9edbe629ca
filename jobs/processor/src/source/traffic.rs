//! Transit disruptions (`traffic`): snapshots of two real shapes to the disruptions of a day.
//!
//! Shapes: Navitia's `/disruptions` and `/line_reports` ([`navitia`]) and the bulk file ([`bulk`]), published by Île-de-France Mobilités.
//! A snapshot lists what was known when it was collected; the disruptions of a day are what all snapshots together tell ([`versions`]).
//! "No news" is an answer. A snapshot that is empty, cut short or of another shape is counted, and nothing ends because of it.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use contract::ServiceDay;
use contract::document::disruptions::{Disruptions, Severity};
use contract::document::{DayStatus, Quality};
use contract::reason::Reason;

use crate::context::DayContext;
use crate::indicator;
use crate::parameters::TrafficParameters;
use crate::quality::Tally;
use crate::source::json::Json;
use crate::source::{Draft, Measured, SourceError};

mod bulk;
mod lines;
mod named;
mod navitia;
mod parsed;
mod record;
mod snapshot;
#[cfg(test)]
mod tests;
mod text;
mod versions;

pub use lines::{ServiceLine, line, natural_order, read_lines};
pub use parsed::{ParsedFile, parse};
pub use record::{Content, LineKey, Span};
pub use versions::Event;

use record::{Rejection, text};
use versions::{Listing, Taken, Timeline};

/// The disruptions of the day. `lines_of_service` are those of `reference/lignes.csv`, else the profile's; none where neither is known.
///
/// With snapshots around and none of their disruptions on the day, the document has empty lists: no disruption is a finding. Where all
/// snapshots were collected before the day began, it is not, and the day is absent.
///
/// # Errors
/// Not one of the files is a snapshot that can be read.
pub fn read(
    files: &[Arc<ParsedFile>],
    lines_of_service: &[ServiceLine],
    context: &DayContext<'_>,
) -> Result<Measured<Disruptions>, SourceError> {
    read_day(files, lines_of_service, context.day, &context.parameters.traffic)
}

fn read_day(
    files: &[Arc<ParsedFile>],
    lines_of_service: &[ServiceLine],
    day: ServiceDay,
    parameters: &TrafficParameters,
) -> Result<Measured<Disruptions>, SourceError> {
    let gathered = Gathered::of(files);
    if gathered.taken.is_empty() {
        return match gathered.first_error {
            Some(error) => Err(error),
            None => Ok(Measured::Absent { last_day: None }),
        };
    }
    let total = gathered.listings.len() as u64;
    let timeline = Timeline::new(gathered.taken);
    let touches = |span: &Span| span.touches(day.start(), day.end());
    // The periods of a disruption are periods of its versions, if shorter ones: where no version touches the day it does not.
    let near = gathered.listings.into_iter().filter(|(_, listings)| {
        listings.iter().any(|listing| listing.content.is_some_and(|content| content.spans.iter().any(touches)))
    });
    let mut of_day: Vec<Event> = near
        .filter_map(|(id, listings)| timeline.settle(id, listings))
        .filter(|event| event.spans.iter().any(touches))
        .collect();
    of_day.sort_by(|one, other| one.id.cmp(&other.id));

    let last = timeline.last();
    if of_day.is_empty() && last.is_none_or(|last| last <= day.start()) {
        return Ok(Measured::Absent { last_day: last.map(|last| ServiceDay::of(last, day.tz()).date()) });
    }
    let mut tally = gathered.tally;
    tally.rows_of_day = of_day.iter().map(|event| event.records).sum();
    let mut quality = Quality {
        cells: of_day.len() as u64,
        duplicates: of_day.iter().map(|event| event.repeats).sum(),
        conflicts: of_day.iter().map(|event| event.conflicts).sum(),
        ..tally.finish()
    };
    if !timeline.any_within(day.start(), day.end()) {
        quality.warnings.push(
            "Aucun instantané n'a été collecté pendant la journée : les perturbations apparues et disparues entre deux \
             instantanés sont inconnues."
                .to_owned(),
        );
    }
    match timeline.stray_pages() {
        0 => {}
        pages => quality.warnings.push(format!(
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
        status: if is_final { DayStatus::Final } else { DayStatus::Provisional },
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
struct Gathered<'a> {
    listings: HashMap<&'a str, Vec<Listing<'a>>>,
    taken: Vec<Taken<'a>>,
    tally: Tally,
    first_error: Option<SourceError>,
}

impl<'a> Gathered<'a> {
    fn of(files: &'a [Arc<ParsedFile>]) -> Self {
        let mut order: Vec<&ParsedFile> = files.iter().map(Arc::as_ref).collect();
        order.sort_by(|one, other| one.key().cmp(other.key()));
        let mut gathered = Self::default();
        for file in order {
            gathered.tally.rows += file.rows;
            file.rejected.tell([], file.key(), &mut gathered.tally);
            if let (None, Some(reason)) = (&gathered.first_error, &file.first_error) {
                gathered.first_error = Some(SourceError { key: file.key().to_owned(), reason: reason.clone() });
            }
            for listed in &file.snapshots {
                let snapshot = gathered.taken.len();
                let (feed, collected, page) = (listed.feed, listed.collected, listed.page);
                gathered.taken.push(Taken { feed, collected, folder: file.folder(), page });
                for (id, content) in &listed.records {
                    let listings = gathered.listings.entry(id).or_default();
                    listings.push(Listing { snapshot, content: content.as_ref() });
                }
            }
        }
        gathered
    }
}

/// The id of a record; without one it is rejected.
fn usable_id(record: &Json<'_>, rejections: &mut Vec<Rejection>) -> Option<String> {
    let id = text(record.get("id")).map(Cow::into_owned);
    if id.is_none() {
        rejections.push(Rejection::of(Reason::MissingId, None, record));
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
        matches!(self.severity(), Severity::Critical | Severity::High)
    }
}
