//! Reference data: zones, school calendar, transit lines. Each file is optional; an unreadable one is a warning in the log and in the
//! documents that would depend on it.

use contract::document::Input;
use contract::keys;
use runtime::store::{Object, SharedStore};

use crate::config::Config;
use crate::document::{FilesRead, ReferenceFile};
use crate::geo::Zones;
use crate::input::{self, InputError, Inventory};
use crate::raw_file::{RawFile, SourceError};
use crate::source::reference::lines::read_lines;
use crate::source::reference::school_calendar::SchoolCalendar;
use crate::source::reference::zones::read_zones;
use crate::transit_line::ServiceLine;

/// Reference data with the files that it comes from.
#[derive(Debug, Default)]
pub(crate) struct Reference {
    pub(crate) zones: Option<Zones>,
    pub(crate) zones_input: Option<Input>,
    pub(crate) calendar: Option<SchoolCalendar>,
    pub(crate) calendar_input: Option<Input>,
    pub(crate) lines: Vec<ServiceLine>,
    pub(crate) lines_input: Option<Input>,
    /// Why the file is unusable, a French sentence for the documents.
    pub(crate) zone_warning: Option<String>,
    pub(crate) calendar_warning: Option<String>,
    pub(crate) line_warning: Option<String>,
}

impl Reference {
    pub(crate) async fn read(store: &SharedStore, files: &[Object], config: &Config) -> Result<Self, InputError> {
        let mut reference = Self::default();
        let city = &config.city;
        if let Some((file, input)) = optional(store, files, keys::ZONES).await? {
            match file.and_then(|file| read_zones(&file.key, &file.bytes)) {
                Ok(zones) => reference.zones = Some(zones),
                Err(error) => {
                    let instead = "les zones du profil de la ville servent, s'il en a";
                    reference.zone_warning = Some(warning(&error, instead));
                }
            }
            reference.zones_input = Some(input);
        }
        if reference.zones.is_none()
            && let Some((name, bytes)) = &config.outlines
        {
            match read_zones(name, bytes) {
                Ok(zones) => reference.zones = Some(zones),
                Err(error) => reference.zone_warning = Some(warning(&error, "les zones sont inconnues")),
            }
        }
        if let Some((file, input)) = optional(store, files, keys::SCHOOL_CALENDAR).await? {
            match file.and_then(|file| SchoolCalendar::read(&file.key, &file.bytes, city.tz)) {
                Ok(calendar) => {
                    if calendar.ignored() > 0 {
                        tracing::info!(key = keys::SCHOOL_CALENDAR, rows = calendar.ignored(), "calendar rows ignored");
                    }
                    reference.calendar = Some(calendar);
                }
                Err(error) => {
                    reference.calendar_warning = Some(warning(&error, "aucun jour ne compte comme vacances scolaires"));
                }
            }
            reference.calendar_input = Some(input);
        }
        if let Some((file, input)) = optional(store, files, keys::LINES).await? {
            match file.and_then(|file| read_lines(&file.key, &file.bytes)) {
                Ok(lines) => reference.lines = lines,
                Err(error) => {
                    reference.line_warning = Some(warning(&error, "les lignes ferrées du profil de la ville servent"));
                }
            }
            reference.lines_input = Some(input);
        }
        if reference.lines.is_empty() {
            let parameters = &config.parameters.traffic;
            let of = |line: &contract::document::disruptions::Line| {
                ServiceLine::from_profile(line.mode, &line.code, &line.name, parameters)
            };
            reference.lines = city.rail_lines.iter().map(of).collect();
        }
        Ok(reference)
    }

    /// The files of a source together with the reference files that its document depends on.
    pub(crate) fn with_files(&self, files: &FilesRead, depends_on: &[ReferenceFile]) -> FilesRead {
        let mut files = files.clone();
        for reference in depends_on {
            let (input, warning) = match reference {
                ReferenceFile::Zones => (&self.zones_input, &self.zone_warning),
                ReferenceFile::SchoolCalendar => (&self.calendar_input, &self.calendar_warning),
                ReferenceFile::TransitLines => (&self.lines_input, &self.line_warning),
            };
            if let Some(input) = input {
                files.inputs.push(input.clone());
                files.warnings.extend(warning.clone());
            }
        }
        files
    }
}

/// Logs an unusable reference file. Returns the warning for the documents.
fn warning(error: &SourceError, instead: &str) -> String {
    tracing::warn!(key = error.key, reason = error.reason, instead, "reference file unusable");
    format!("Fichier de référence inutilisable, {error} ; {instead}.")
}

/// Fetches a file of `reference/`: `None` if it does not exist, an error inside if its content is unusable.
async fn optional(
    store: &SharedStore,
    files: &[Object],
    key: &str,
) -> Result<Option<(Result<RawFile, SourceError>, Input)>, InputError> {
    let Some(object) = Inventory::at(files, key) else { return Ok(None) };
    let (stored, input) = match input::fetch(store, object).await {
        Ok(fetched) => fetched,
        Err(InputError::Content(error)) => {
            let input = Input { key: key.to_owned(), size_bytes: object.size, crc64nvme: String::new() };
            return Ok(Some((Err(error), input)));
        }
        Err(error) => return Err(error),
    };
    let file = input::content(key, stored).map(|bytes| RawFile { key: key.to_owned(), bytes, collected: None });
    Ok(Some((file, input)))
}
