//! What the day is seen by: zones, school calendar, transit lines. Each file is optional; one that cannot be read is told, and done without.

use contract::document::Input;
use contract::keys;
use runtime::failure::Failure;
use runtime::store::SharedStore;

use super::fatal;
use crate::calendar::SchoolCalendar;
use crate::config::Config;
use crate::geo::Zones;
use crate::input::{self, InputError, Inventory};
use crate::source::traffic::{ServiceLine, read_lines};
use crate::source::{RawFile, SourceError};

/// What the day is seen by, with the files it comes from.
#[derive(Debug, Default)]
pub(super) struct Reference {
    pub zones: Option<Zones>,
    pub zones_input: Option<Input>,
    pub calendar: Option<SchoolCalendar>,
    pub calendar_input: Option<Input>,
    pub lines: Vec<ServiceLine>,
    pub lines_input: Option<Input>,
    /// What went wrong, sentences.
    pub warnings: Vec<String>,
}

impl Reference {
    /// Reads what is there.
    pub(super) async fn read(store: &SharedStore, inventory: &Inventory, config: &Config) -> Result<Self, Failure> {
        let mut reference = Self::default();
        let city = &config.city;
        if let Some((file, input)) = optional(store, inventory, keys::ZONES).await? {
            match file.and_then(|file| Zones::read(&file.key, &file.bytes)) {
                Ok(zones) => reference.zones = Some(zones),
                Err(error) => reference.warn(&error, "the zones of the city profile, where it has any, are used"),
            }
            reference.zones_input = Some(input);
        }
        if reference.zones.is_none()
            && let Some((name, bytes)) = &config.outlines
        {
            match Zones::read(name, bytes) {
                Ok(zones) => reference.zones = Some(zones),
                Err(error) => reference.warn(&error, "zones are unknown"),
            }
        }
        reference.warnings.extend(reference.zones.iter().flat_map(Zones::warnings).cloned());
        if let Some((file, input)) = optional(store, inventory, keys::SCHOOL_CALENDAR).await? {
            match file.and_then(|file| SchoolCalendar::read(&file.key, &file.bytes, city.tz)) {
                Ok(calendar) => {
                    if calendar.ignored() > 0 {
                        tracing::info!(key = keys::SCHOOL_CALENDAR, rows = calendar.ignored(), "calendar rows ignored");
                    }
                    reference.calendar = Some(calendar);
                }
                Err(error) => reference.warn(&error, "no day counts as a school holiday"),
            }
            reference.calendar_input = Some(input);
        }
        if let Some((file, input)) = optional(store, inventory, keys::LINES).await? {
            match file.and_then(|file| read_lines(&file.key, &file.bytes)) {
                Ok(lines) => reference.lines = lines,
                Err(error) => reference.warn(&error, "the rail lines of the city profile are used"),
            }
            reference.lines_input = Some(input);
        }
        if reference.lines.is_empty() {
            let parameters = &config.parameters.traffic;
            let of = |line: &contract::document::traffic::Line| {
                ServiceLine::from_profile(line.mode, &line.code, &line.nom, parameters)
            };
            reference.lines = city.rail_lines.iter().map(of).collect();
        }
        Ok(reference)
    }

    fn warn(&mut self, error: &SourceError, instead: &str) {
        tracing::warn!(key = error.key, reason = error.reason, "reference file not usable: {instead}");
        self.warnings.push(format!("{error} ({instead})"));
    }
}

/// A file of `reference/`: nothing where it is not there, and why where its content cannot be had.
async fn optional(
    store: &SharedStore,
    inventory: &Inventory,
    key: &str,
) -> Result<Option<(Result<RawFile, SourceError>, Input)>, Failure> {
    let Some(object) = inventory.at(key) else { return Ok(None) };
    let (stored, input) = match input::fetch(store, object).await {
        Ok(fetched) => fetched,
        Err(InputError::Content(error)) => {
            let input = Input { cle: key.to_owned(), taille_octets: object.size, crc64nvme: String::new() };
            return Ok(Some((Err(error), input)));
        }
        Err(error) => return Err(fatal(error)),
    };
    let file = input::content(key, stored).map(|bytes| RawFile { key: key.to_owned(), bytes, collected: None });
    Ok(Some((file, input)))
}
