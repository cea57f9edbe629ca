//! The document of the weather, from the one record of the day that takes precedence.

use std::collections::BTreeMap;
use std::sync::Arc;

use contract::document::DayStatus;
use contract::document::weather::Weather;
use contract::{Source, Tz};

use super::{FileSource, RawSource, ReferenceFile};
use crate::city::City;
use crate::context::DayContext;
use crate::draft::{Draft, SourceResult};
use crate::indicator;
use crate::parameters::{Parameters, WeatherParameters};
use crate::quality::{DaySpan, RowCounts};
use crate::raw_file::{RawFile, SourceError};
use crate::source::weather::{ParsedFile, SelectedRecord, UnitOrigin, collect_day, parse};
use crate::units::Units;

#[cfg(test)]
mod tests;

pub(crate) enum WeatherSource {}

impl RawSource for WeatherSource {
    const SOURCE: Source = Source::Weather;
    const REFERENCE: &'static [ReferenceFile] = &[ReferenceFile::SchoolCalendar];
    type Input<'a> = &'a [Arc<ParsedFile>];
    type Body = Weather;
    type Parameters = WeatherParameters;
    type Shared = ();

    fn parameters(all: &Parameters) -> &WeatherParameters {
        &all.weather
    }

    /// Fails if a file of `batch/` is not usable, if no snapshot is readable, or if every record of the day is rejected.
    fn draft(files: Self::Input<'_>, context: &DayContext<'_>) -> (SourceResult<Draft<Weather>>, ()) {
        (draft(files, context), ())
    }
}

impl FileSource for WeatherSource {
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

fn draft(files: &[Arc<ParsedFile>], context: &DayContext<'_>) -> SourceResult<Draft<Weather>> {
    let day_records = match collect_day(files, context) {
        Ok(day_records) => day_records,
        Err(error) => return SourceResult::Failed(error),
    };
    if day_records.selected.is_none() && day_records.quality.rows_of_day > 0 {
        // The day has records, so "absent" would mislead the operator.
        let reasons: Vec<_> =
            day_records.quality.values.iter().map(|(reason, n)| format!("{n} {}", reason.name())).collect();
        let reason = format!("no record of {} is usable ({})", context.day.date(), reasons.join(", "));
        return SourceResult::Failed(SourceError { key: String::new(), reason });
    }
    let Some(SelectedRecord { record, collected_after, converted, foreign_zone, .. }) = day_records.selected else {
        return match day_records.last_day {
            None if day_records.quality.rows == 0 => SourceResult::no_row_at_all(),
            last_day => SourceResult::no_row(last_day),
        };
    };
    let mut quality = day_records.quality.finish();
    quality.cells = day_records.cells;
    quality.duplicates = day_records.repeats;
    quality.conflicts = day_records.conflicts;
    quality.warnings.extend(day_records.warnings);
    if let Some((units, origin)) = converted {
        quality.warnings.push(conversion_warning(units, origin));
    }
    if let Some(zone) = &foreign_zone {
        quality.warnings.push(format!(
            "La météo est donnée dans le fuseau {zone}, la ville est dans {} : le jour est celui de la source.",
            context.city.tz.name()
        ));
    }
    let hours = context.day.hour_count();
    if record.from_hours && record.hours.len() < hours {
        quality.warnings.push(format!("La météo du jour vient de {} heures sur {hours}.", record.hours.len()));
    }
    // A file without a time of collection counts as collected after the day.
    let settled = day_records.collected_after || collected_after;
    SourceResult::Document(Draft {
        status: if settled { DayStatus::Final } else { DayStatus::Provisional },
        complete_until: None,
        completeness: None,
        quality,
        reasons: BTreeMap::new(),
        body: indicator::weather::measure(&record, collected_after, context),
    })
}

fn conversion_warning(units: Units, origin: UnitOrigin) -> String {
    let units = match units {
        Units::Us => "américaines (°F, pouces, mi/h)",
        Units::Uk => "britanniques (°C, mm, mi/h)",
        Units::Metric => "métriques",
    };
    let origin = match origin {
        UnitOrigin::Parameter => "paramètre unites",
        UnitOrigin::Profile => "profil de la ville",
        UnitOrigin::Record => "unitGroup de la réponse",
        UnitOrigin::Humidity => "seules à convenir à la température, au point de rosée et à l'humidité du fichier",
        UnitOrigin::Default => "par défaut",
    };
    format!("La météo est donnée en unités {units}, d'après : {origin}. Ses valeurs sont converties en °C, mm et km/h.")
}
