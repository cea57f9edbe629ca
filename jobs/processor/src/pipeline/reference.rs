//! Reference data: zones, school calendar, transit lines. Each file is optional; an unreadable one is a warning in the log and in the
//! documents that would depend on it.

use contract::document::Input;
use contract::keys::ReferenceKind;
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
    pub(crate) calendar_inputs: Vec<Input>,
    pub(crate) lines: Vec<ServiceLine>,
    pub(crate) lines_input: Option<Input>,
    /// Why the file is unusable, a French sentence for the documents.
    pub(crate) zone_warning: Option<String>,
    pub(crate) calendar_warnings: Vec<String>,
    pub(crate) line_warning: Option<String>,
}

impl Reference {
    pub(crate) async fn read(store: &SharedStore, files: &[Object], config: &Config) -> Result<Self, InputError> {
        let mut reference = Self::default();
        let city = &config.city;
        if let Some((file, input)) = last(store, files, ReferenceKind::Zones).await? {
            match file.and_then(|file| read_zones(&file.key, &file.bytes, &city.zones)) {
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
            match read_zones(name, bytes, &city.zones) {
                Ok(zones) => reference.zones = Some(zones),
                Err(error) => reference.zone_warning = Some(warning(&error, "les zones sont inconnues")),
            }
        }
        for object in Inventory::reference(files, ReferenceKind::SchoolCalendar) {
            let (file, input) = fetch(store, object).await?;
            match file.and_then(|file| SchoolCalendar::read(&file.key, &file.bytes, city.tz)) {
                Ok(calendar) => {
                    if calendar.ignored() > 0 {
                        tracing::info!(key = object.key, rows = calendar.ignored(), "calendar rows ignored");
                    }
                    match &mut reference.calendar {
                        Some(others) => others.extend(calendar),
                        None => reference.calendar = Some(calendar),
                    }
                }
                Err(error) => {
                    reference
                        .calendar_warnings
                        .push(warning(&error, "aucun de ses jours ne compte comme vacances scolaires"));
                }
            }
            reference.calendar_inputs.push(input);
        }
        if let Some((file, input)) = last(store, files, ReferenceKind::Lines).await? {
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
            match reference {
                ReferenceFile::Zones => {
                    files.inputs.extend(self.zones_input.clone());
                    files.warnings.extend(self.zone_warning.clone());
                }
                ReferenceFile::SchoolCalendar => {
                    files.inputs.extend(self.calendar_inputs.clone());
                    files.warnings.extend(self.calendar_warnings.clone());
                }
                ReferenceFile::TransitLines => {
                    files.inputs.extend(self.lines_input.clone());
                    files.warnings.extend(self.line_warning.clone());
                }
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

/// Fetches the last file of a kind: each is complete. `None` if there is none.
async fn last(
    store: &SharedStore,
    files: &[Object],
    kind: ReferenceKind,
) -> Result<Option<(Result<RawFile, SourceError>, Input)>, InputError> {
    match Inventory::reference(files, kind)[..] {
        [] => Ok(None),
        [ref others @ .., object] => {
            for other in others {
                tracing::warn!(
                    key = other.key,
                    read = object.key,
                    "not read: another file of the same kind comes later by name. Archive one of the two"
                );
            }
            fetch(store, object).await.map(Some)
        }
    }
}

/// Fetches a file of `reference/`; the inner error is that of its content.
async fn fetch(store: &SharedStore, object: &Object) -> Result<(Result<RawFile, SourceError>, Input), InputError> {
    let key = &object.key;
    let (stored, input) = match input::fetch(store, object).await {
        Ok(fetched) => fetched,
        Err(InputError::Content(error)) => {
            let input = Input { key: key.clone(), size_bytes: object.size, crc64nvme: String::new() };
            return Ok((Err(error), input));
        }
        Err(error) => return Err(error),
    };
    let file = input::content(key, stored).map(|bytes| RawFile { key: key.clone(), bytes, collected: None });
    Ok((file, input))
}
