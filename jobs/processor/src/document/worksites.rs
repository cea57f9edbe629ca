//! The document of the worksites. Only the last file by name is read: each file is a whole snapshot.

use std::collections::BTreeMap;
use std::sync::Arc;

use contract::document::DayStatus;
use contract::document::worksites::Worksites;
use contract::{Source, Tz};

use super::{FileSource, RawSource, ReferenceFile};
use crate::city::City;
use crate::context::DayContext;
use crate::draft::{Draft, SourceResult};
use crate::geo::{ZONES_UNKNOWN, zone_warnings};
use crate::indicator;
use crate::indicator::context::WorksiteShape;
use crate::parameters::{FinishedWorksites, Parameters, WorksiteParameters};
use crate::quality::{DaySpan, RowCounts};
use crate::raw_file::RawFile;
use crate::source::worksites::{self, Group, ParsedFile, WorksiteRecord, parse};

#[cfg(test)]
mod tests;

pub(crate) enum WorksitesSource {}

impl RawSource for WorksitesSource {
    const SOURCE: Source = Source::Worksites;
    const REFERENCE: &'static [ReferenceFile] = &[ReferenceFile::Zones, ReferenceFile::SchoolCalendar];
    type Input<'a> = &'a [Arc<ParsedFile>];
    type Body = Worksites;
    type Parameters = WorksiteParameters;
    /// Shapes of the active worksites, by id.
    type Shared = Option<Vec<WorksiteShape>>;

    fn parameters(all: &Parameters) -> &WorksiteParameters {
        &all.chantiers
    }

    /// The last of several rows with the same identifier counts, and it alone decides whether the worksite is active. `lignes_du_jour` counts
    /// all rows of the active worksites. Two consecutive rows are equal if their bytes are.
    fn draft(files: Self::Input<'_>, context: &DayContext<'_>) -> (SourceResult<Draft<Worksites>>, Self::Shared) {
        draft(files, context)
    }
}

impl FileSource for WorksitesSource {
    type File = ParsedFile;
    const ONLY_LAST_FILE: bool = true;

    fn parse(file: &RawFile, city: &City) -> ParsedFile {
        parse(file, city)
    }

    fn row_counts(file: &ParsedFile) -> RowCounts {
        file.row_counts()
    }

    fn days(file: &ParsedFile, _: Tz) -> Option<DaySpan> {
        file.days()
    }
}

fn draft(
    files: &[Arc<ParsedFile>],
    context: &DayContext<'_>,
) -> (SourceResult<Draft<Worksites>>, Option<Vec<WorksiteShape>>) {
    let Some(file) = files.last() else { return (SourceResult::no_file(), None) };
    let worksites::WorksiteGroups { groups, quality, warnings } = match &file.content {
        Ok(worksites) => worksites,
        Err(error) => return (SourceResult::Failed(error.clone()), None),
    };

    let date = context.day.date();
    let keep_finished = context.parameters.chantiers.termines == FinishedWorksites::Active;
    let (active, finished): (Vec<&Group>, Vec<&Group>) = groups
        .iter()
        .filter(|group| group.record.is_active(date))
        .partition(|group| keep_finished || !group.record.is_finished());
    if active.is_empty() {
        let last_day = groups.iter().filter_map(|group| group.record.end.max(group.record.start)).max();
        let mut absent = if quality.rows == 0 { SourceResult::no_row_at_all() } else { SourceResult::no_row(last_day) };
        if let SourceResult::Absent(reason) = &mut absent
            && !finished.is_empty()
        {
            reason.push_str(&format!(" ; {}", left_out(&finished)));
        }
        return (absent, None);
    }
    let mut quality = quality.clone();
    let (mut repeats, mut conflicts) = (0, 0);
    for group in &active {
        repeats += group.repeats;
        conflicts += group.conflicts;
        for reason in &group.record.unread {
            quality.reject(*reason, file.key(), group.line, group.excerpt.as_bytes());
        }
    }
    let cells = u64::try_from(active.len()).unwrap_or(u64::MAX);
    quality.rows_of_day = cells + repeats + conflicts;
    let mut quality = quality.finish();
    quality.cells = cells;
    quality.duplicates = repeats;
    quality.conflicts = conflicts;
    quality.warnings = zone_warnings(context.zones);
    quality.warnings.extend(warnings.iter().cloned());
    if !finished.is_empty() {
        quality.warnings.push(format!("{}.", left_out(&finished)));
    }

    let mut reasons = BTreeMap::new();
    if context.zones.is_none() {
        reasons.insert("chantiers_actifs.zone".to_owned(), ZONES_UNKNOWN.to_owned());
    }
    let records: Vec<&WorksiteRecord> = active.iter().map(|group| &group.record).collect();
    let shapes = records
        .iter()
        .filter_map(|record| Some(WorksiteShape { id: record.id.clone(), shape: record.shape.clone()? }))
        .collect();
    // Final, because the file has no time of collection.
    let draft = Draft {
        status: DayStatus::Final,
        complete_until: None,
        completeness: None,
        quality,
        reasons,
        body: indicator::worksites::measure(&records, context),
    };
    (SourceResult::Document(draft), Some(shapes))
}

/// A clause on the worksites that their dates make active and their status does not.
fn left_out(finished: &[&Group]) -> String {
    let number = finished.len();
    let (s, is) = if number == 1 { ("", "n'est") } else { ("s", "ne sont") };
    format!(
        "{number} chantier{s} de statut 5 (terminé{s}), dont les dates couvrent la journée, {is} pas compté{s} ; \
         --param chantiers.termines=actifs les compte"
    )
}
