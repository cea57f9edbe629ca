//! The document of the bike counters, from their hourly cells.

use std::collections::BTreeMap;
use std::sync::Arc;

use contract::document::DayStatus;
use contract::document::bike_counts::BikeCounts;
use contract::{Source, Tz};

use super::{FileSource, RawSource, ReferenceFile};
use crate::cells::bike::{Answers, IncompleteAnswers, aggregate};
use crate::city::City;
use crate::context::DayContext;
use crate::draft::{Draft, SourceResult};
use crate::geo::{ZONES_UNKNOWN, zone_warnings};
use crate::indicator::{self, bike_counts::BikeDay};
use crate::parameters::{BikeParameters, Parameters};
use crate::quality::{DaySpan, RowCounts};
use crate::raw_file::RawFile;
use crate::source::bike_counts::{ParsedFile, parse};

#[cfg(test)]
mod tests;

/// Paths of the figures that need weeks of history.
const NEEDS_HISTORY: [&str; 7] = [
    "anomalies",
    "evolution.annee_precedente",
    "evolution.jour_type",
    "evolution.semaine_precedente",
    "frequentation_index",
    "metrics.anomalie_detectee",
    "profils",
];

pub(crate) enum BikeCountsSource {}

impl RawSource for BikeCountsSource {
    const SOURCE: Source = Source::BikeCounts;
    const REFERENCE: &'static [ReferenceFile] = &[ReferenceFile::Zones, ReferenceFile::SchoolCalendar];
    type Input<'a> = &'a [Arc<ParsedFile>];
    type Body = BikeCounts;
    type Parameters = BikeParameters;
    type Shared = ();

    fn parameters(all: &Parameters) -> &BikeParameters {
        &all.bikes
    }

    /// Fails if a file of `batch/` is not usable, or if no snapshot is readable.
    fn draft(files: Self::Input<'_>, context: &DayContext<'_>) -> (SourceResult<Draft<BikeCounts>>, ()) {
        (draft(files, context), ())
    }
}

impl FileSource for BikeCountsSource {
    type File = ParsedFile;

    fn parse(file: &RawFile, city: &City) -> ParsedFile {
        parse(file, city)
    }

    fn row_counts(file: &ParsedFile) -> RowCounts {
        file.row_counts()
    }

    fn days(file: &ParsedFile, tz: Tz) -> Option<DaySpan> {
        file.days(tz)
    }
}

fn draft(files: &[Arc<ParsedFile>], context: &DayContext<'_>) -> SourceResult<Draft<BikeCounts>> {
    let cells = match aggregate(files, context) {
        Ok(cells) => cells,
        Err(error) => return SourceResult::Failed(error),
    };
    if cells.quality.rows_of_day == 0 {
        return if cells.quality.rows == 0 {
            SourceResult::no_row_at_all()
        } else {
            SourceResult::no_row(cells.last_day())
        };
    }
    let BikeDay { body, is_final, complete_until, completeness, cells: used, excluded_cells } =
        indicator::bike_counts::measure(&cells, context);
    let mut reasons: BTreeMap<_, _> =
        NEEDS_HISTORY.iter().map(|path| ((*path).to_owned(), "historique_absent".to_owned())).collect();
    if context.zones.is_none() {
        reasons.insert("metrics.zone".to_owned(), ZONES_UNKNOWN.to_owned());
    }
    let (repeats, conflicts) = (cells.repeats, cells.conflicts);
    let mut quality = cells.quality.finish();
    quality.cells = used;
    quality.duplicates = repeats;
    quality.conflicts = conflicts;
    quality.excluded_cells = excluded_cells;
    quality.warnings.extend(cells.warnings);
    quality.warnings.extend(answer_warnings(&cells.answers));
    quality.warnings.extend(zone_warnings(context.zones));
    SourceResult::Document(Draft {
        status: if is_final { DayStatus::Final } else { DayStatus::Provisional },
        complete_until,
        completeness,
        quality,
        reasons,
        body,
    })
}

fn answer_warnings(answers: &Answers) -> Vec<String> {
    let mut warnings = Vec::new();
    if let Some(IncompleteAnswers { hours, worst: (folder, held, announced) }) = &answers.incomplete {
        let (plural, s) = if *hours == 1 { ("est incomplète", "") } else { ("sont incomplètes", "s") };
        warnings.push(format!(
            "Les réponses de {hours} heure{s} de collecte {plural} : au pire {held} enregistrements sur les {announced} annoncés \
             ({folder}). Les compteurs manquants ne sont pas dans les chiffres."
        ));
    }
    if let Some(total) = answers.of_data_set {
        warnings.push(format!(
            "Des réponses annoncent jusqu'à {total} enregistrements, plus que l'interface n'en pagine : c'est la taille du jeu de \
             données, et seule la complétude dit s'il manque des heures."
        ));
    }
    warnings
}
