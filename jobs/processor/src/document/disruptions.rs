//! The document of the transit disruptions, which combines all snapshots.
//!
//! A snapshot without disruptions is valid. A snapshot that is empty, truncated or of another format is counted and skipped.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use contract::document::disruptions::Disruptions;
use contract::document::{DayStatus, Quality};
use contract::{ServiceDay, Source, Tz};

use super::{FileSource, RawSource, ReferenceFile};
use crate::city::City;
use crate::context::DayContext;
use crate::draft::{Draft, SourceResult};
use crate::indicator;
use crate::indicator::disruptions::IntervalSet;
use crate::order::file_order;
use crate::parameters::{DisruptionParameters, Parameters};
use crate::quality::{DaySpan, QualityCounter, RowCounts};
use crate::raw_file::{RawFile, SourceError};
use crate::source::acceptance::Acceptance;
use crate::source::disruptions::versions::{IncompleteHours, Occurrence, SnapshotInfo, SnapshotTimeline};
use crate::source::disruptions::{ActivePeriod, MergedDisruption, ParsedFile, parse};

#[cfg(test)]
mod tests;

pub(crate) enum DisruptionsSource {}

impl RawSource for DisruptionsSource {
    const SOURCE: Source = Source::Disruptions;
    const REFERENCE: &'static [ReferenceFile] = &[ReferenceFile::SchoolCalendar, ReferenceFile::TransitLines];
    type Input<'a> = &'a [Arc<ParsedFile>];
    type Body = Disruptions;
    type Parameters = DisruptionParameters;
    type Shared = ();

    fn parameters(all: &Parameters) -> &DisruptionParameters {
        &all.traffic
    }

    /// If snapshots of the day list no disruption of it, the document has empty lists: no disruption is a result. Without a snapshot of the day
    /// and a disruption that concerns it, the document is absent: not looking is no result.
    fn draft(files: Self::Input<'_>, context: &DayContext<'_>) -> (SourceResult<Draft<Disruptions>>, ()) {
        (draft(files, context), ())
    }
}

impl FileSource for DisruptionsSource {
    type File = ParsedFile;

    fn parse(file: &RawFile, city: &City) -> ParsedFile {
        parse(file, city)
    }

    fn row_counts(file: &ParsedFile) -> RowCounts {
        file.row_counts()
    }

    fn days(_: &ParsedFile, _: Tz) -> Option<DaySpan> {
        None
    }
}

fn draft(files: &[Arc<ParsedFile>], context: &DayContext<'_>) -> SourceResult<Draft<Disruptions>> {
    let day = context.day;

    let collected_files = FileOccurrences::of(files);
    if collected_files.snapshots.is_empty() {
        return match collected_files.first_error {
            Some(error) => SourceResult::Failed(error),
            None => SourceResult::no_row(None),
        };
    }
    let total = collected_files.occurrences.len() as u64;
    let timeline = SnapshotTimeline::new(collected_files.snapshots);
    let touches = |period: &ActivePeriod| period.touches(day.start(), day.end());
    // The periods of a disruption lie within the periods of its versions: if no version touches the day, the disruption does not.
    let near = collected_files.occurrences.into_iter().filter(|(_, occurrences)| {
        occurrences
            .iter()
            .any(|occurrence| occurrence.content.is_some_and(|content| content.periods.iter().any(touches)))
    });
    let mut of_day: Vec<MergedDisruption> = near
        .filter_map(|(id, occurrences)| timeline.merge(id, occurrences))
        .filter(|event| event.periods.iter().any(touches))
        .collect();
    of_day.sort_by(|one, other| one.id.cmp(&other.id));

    let last = timeline.last();
    let is_collected = timeline.any_within(day.start(), day.end());
    if of_day.is_empty() && !is_collected {
        return SourceResult::no_row(last.map(|last| ServiceDay::of(last, day.tz()).date()));
    }
    let mut quality = collected_files.quality;
    quality.rows_of_day = of_day.iter().map(|event| event.records).sum();
    let mut quality = Quality {
        cells: of_day.len() as u64,
        duplicates: of_day.iter().map(|event| event.repeats).sum(),
        conflicts: of_day.iter().map(|event| event.conflicts).sum(),
        ..quality.finish()
    };
    if !is_collected {
        quality.warnings.push(
            "Aucun instantané n'a été collecté pendant la journée : les perturbations apparues et disparues entre deux \
             instantanés sont inconnues."
                .to_owned(),
        );
    }
    quality.warnings.extend(collected_files.acceptance.verdict("api/traffic/").unwrap_or_default());
    let parameters = &context.parameters.traffic;
    let observed = indicator::disruptions::observed(timeline.collected(), day, parameters);
    quality.warnings.extend(unobserved(&observed, day));
    quality.warnings.extend(timeline.incomplete().map(incomplete));
    let body = indicator::disruptions::measure(&of_day, total, &observed, context.service_lines, day, parameters);
    let mut reasons = BTreeMap::new();
    if body.reliability_index.is_none() {
        let reason = if context.service_lines.is_empty() { "lignes_inconnues" } else { "collecte_interrompue" };
        reasons.insert("reliability_index".to_owned(), reason.to_owned());
    }
    // Strictly later: a snapshot whose folder's hour ends with the day may have been collected before the end of the day.
    let has_answer = timeline.last_complete().is_some_and(|last| last > day.end());
    let is_late = last.is_some_and(|last| last >= day.plus(parameters.definitif_jours).end());
    let is_final = has_answer || is_late;
    SourceResult::Document(Draft {
        status: if is_final { DayStatus::Final } else { DayStatus::Provisional },
        complete_until: None,
        completeness: None,
        quality,
        reasons,
        body,
    })
}

/// Names the times of the day for which no snapshot speaks.
fn unobserved(observed: &IntervalSet, day: ServiceDay) -> Option<String> {
    let gaps = observed.gaps(day.start(), day.end());
    let time = |at: DateTime<Utc>| {
        if at == day.end() { "24:00".to_owned() } else { day.stamp(at).local().format("%H:%M").to_string() }
    };
    let named: Vec<String> = gaps.iter().map(|(from, to)| format!("{}–{}", time(from), time(to))).collect();
    (!gaps.is_empty()).then(|| {
        format!(
            "Collecte interrompue, aucun instantané ne couvre {} : ces heures ne comptent pas dans reliability_index.",
            named.join(", ")
        )
    })
}

fn incomplete(hours: IncompleteHours) -> String {
    let IncompleteHours { number, worst: (listed, total) } = hours;
    let (s, is) = if number == 1 { ("", "est") } else { ("s", "sont") };
    format!(
        "{number} heure{s} de collecte {is} incomplète{s} (au pire {listed} des {total} perturbations) : une perturbation qui n'y figure pas \
         n'est pas tenue pour terminée."
    )
}

/// The records of all snapshots, by id.
#[derive(Default)]
struct FileOccurrences<'a> {
    occurrences: HashMap<&'a str, Vec<Occurrence<'a>>>,
    snapshots: Vec<SnapshotInfo<'a>>,
    quality: QualityCounter,
    acceptance: Acceptance,
    first_error: Option<SourceError>,
}

impl<'a> FileOccurrences<'a> {
    fn of(files: &'a [Arc<ParsedFile>]) -> Self {
        let mut order: Vec<&ParsedFile> = files.iter().map(Arc::as_ref).collect();
        order.sort_by(|one, other| file_order(one.key(), other.key()));
        let mut collected_files = Self::default();
        for file in order {
            collected_files.quality.rows += file.acceptance.rows();
            collected_files.acceptance.merge(&file.acceptance);
            file.rejected.count_into([], file.key(), &mut collected_files.quality);
            if let (None, Some(reason)) = (&collected_files.first_error, &file.first_error) {
                collected_files.first_error = Some(SourceError { key: file.key().to_owned(), reason: reason.clone() });
            }
            for listed in &file.snapshots {
                let snapshot = collected_files.snapshots.len();
                let (feed, collected, page) = (listed.feed, listed.collected, listed.page);
                let (folder, records) = (file.folder(), listed.listed);
                collected_files.snapshots.push(SnapshotInfo { feed, collected, folder, page, listed: records });
                for (id, content) in &listed.records {
                    let occurrences = collected_files.occurrences.entry(id).or_default();
                    occurrences.push(Occurrence { snapshot, content: content.as_ref() });
                }
            }
        }
        collected_files
    }
}
