//! The document of the transit disruptions: all snapshots together say which disruptions a day has.
//!
//! "No news" is an answer. A snapshot that is empty, cut short or of another shape is counted, and the source goes on without it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use contract::document::disruptions::Disruptions;
use contract::document::{DayStatus, Quality};
use contract::{ServiceDay, Source};

use super::{FileSource, RawSource, ReferenceFile};
use crate::city::City;
use crate::context::DayContext;
use crate::draft::{Draft, SourceResult};
use crate::indicator;
use crate::parameters::{Parameters, TrafficParameters};
use crate::quality::{Counted, Tally};
use crate::raw_file::{RawFile, SourceError};
use crate::source::disruptions::versions::{Listing, Taken, Timeline};
use crate::source::disruptions::{Event, ParsedFile, Span, parse};

#[cfg(test)]
mod tests;

pub(crate) enum DisruptionsSource {}

impl RawSource for DisruptionsSource {
    const SOURCE: Source = Source::Disruptions;
    const REFERENCE: &'static [ReferenceFile] = &[ReferenceFile::SchoolCalendar, ReferenceFile::TransitLines];
    type Input<'a> = &'a [Arc<ParsedFile>];
    type Body = Disruptions;
    type Parameters = TrafficParameters;
    type Shared = ();

    fn parameters(all: &Parameters) -> &TrafficParameters {
        &all.traffic
    }

    /// If snapshots exist and list no disruption of the day, the document has empty lists: no disruption is a finding. If all of them were
    /// collected before the day began, the day is absent.
    fn draft(files: Self::Input<'_>, context: &DayContext<'_>) -> (SourceResult<Draft<Disruptions>>, ()) {
        (draft(files, context), ())
    }
}

impl FileSource for DisruptionsSource {
    type File = ParsedFile;

    fn parse(file: &RawFile, city: &City) -> ParsedFile {
        parse(file, city)
    }

    fn counted(file: &ParsedFile) -> Counted {
        file.counted()
    }
}

fn draft(files: &[Arc<ParsedFile>], context: &DayContext<'_>) -> SourceResult<Draft<Disruptions>> {
    let day = context.day;

    let gathered = Gathered::of(files);
    if gathered.taken.is_empty() {
        return match gathered.first_error {
            Some(error) => SourceResult::Failed(error),
            None => SourceResult::no_row(None),
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
        return SourceResult::no_row(last.map(|last| ServiceDay::of(last, day.tz()).date()));
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
    let body = indicator::disruptions::measure(&of_day, total, context.service_lines, day, &context.parameters.traffic);
    let mut reasons = BTreeMap::new();
    if body.reliability_index.is_none() {
        reasons.insert("reliability_index".to_owned(), "lignes_inconnues".to_owned());
    }
    // The end of a folder's hour may be the end of the day while the snapshot in it is earlier: that one does not make the day final.
    let is_final = last.is_some_and(|last| last > day.end());
    SourceResult::Document(Draft {
        status: if is_final { DayStatus::Final } else { DayStatus::Provisional },
        complete_until: None,
        completeness: None,
        quality,
        reasons,
        body,
    })
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
