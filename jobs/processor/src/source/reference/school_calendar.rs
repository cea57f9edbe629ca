//! School holidays: the ministry's export of periods, or its export of days. Several files are used together.

use chrono::{Datelike, Duration, NaiveDate};
use contract::Tz;

use crate::city::City;
use crate::raw_file::SourceError;
use crate::source::text::normalize::folded;
use crate::source::text::table::{Column, Row, Table};
use crate::source::text::timestamp::Timestamp;

const DESCRIPTION: usize = 0;
const POPULATION: usize = 1;
const START: usize = 2;
const END: usize = 3;
const ZONES: usize = 4;
/// The export of periods uses labels or field names.
const PERIODS: [Column; 5] = [
    Column::required(&["description"]),
    Column::optional(&["population"]),
    Column::required(&["start_date", "Date de début"]),
    Column::required(&["end_date", "Date de fin"]),
    Column::required(&["zones"]),
];

const DATE: usize = 0;
const NAME: usize = 1;
/// Names of the zones, with their columns in [`DAYS`].
const DAY_ZONES: [(&str, usize); 3] = [("a", 2), ("b", 3), ("c", 4)];
/// The export of days: whether each zone is on holiday.
const DAYS: [Column; 5] = [
    Column::required(&["date"]),
    Column::optional(&["nom_vacances"]),
    Column::required(&["vacances_zone_a"]),
    Column::required(&["vacances_zone_b"]),
    Column::required(&["vacances_zone_c"]),
];

/// The school holiday of a date in the city's school zone.
#[must_use]
pub(crate) fn school_holiday<'a>(date: NaiveDate, city: &City, school: Option<&'a SchoolCalendar>) -> Option<&'a str> {
    school?.holiday(date, city.school_zone.as_deref()?)
}

/// Days without school, by zone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SchoolCalendar {
    holidays: Vec<Holiday>,
    /// Zone and day on which pupils return after the summer.
    returns: Vec<(String, NaiveDate)>,
    ignored: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Holiday {
    first: NaiveDate,
    /// The day school resumes; `None` is a summer whose end is not published, see [`SchoolCalendar::resumes`].
    resumes: Option<NaiveDate>,
    name: String,
    zone: String,
}

impl SchoolCalendar {
    /// Reads either export; a timestamp is the day that it is in `tz`.
    ///
    /// # Errors
    /// The file is neither export.
    pub(crate) fn read(key: &str, bytes: &[u8], tz: Tz) -> Result<Self, SourceError> {
        let mut calendar = Self::default();
        match Table::open(key, bytes, &PERIODS) {
            Ok(table) => calendar.read_rows(&table, |calendar, row| calendar.add_period(row, tz)),
            Err(error) => match Table::open(key, bytes, &DAYS) {
                Ok(table) => calendar.read_rows(&table, |calendar, row| calendar.add_day(row, tz)),
                Err(_) => return Err(error),
            },
        }
        calendar.sort();
        Ok(calendar)
    }

    /// Adds the holidays of another file.
    pub(crate) fn extend(&mut self, other: Self) {
        self.holidays.extend(other.holidays);
        self.returns.extend(other.returns);
        self.ignored += other.ignored;
        self.sort();
    }

    /// The holiday of a zone (`Zone C`) on a date; the earliest start if there are several.
    #[must_use]
    pub(crate) fn holiday(&self, date: NaiveDate, zone: &str) -> Option<&str> {
        let zone = zone_name(zone);
        self.holidays
            .iter()
            .filter(|holiday| holiday.zone == zone && holiday.first <= date)
            .find(|holiday| self.resumes(holiday).is_some_and(|resumes| date < resumes))
            .map(|holiday| holiday.name.as_str())
    }

    /// Rows that could not be used: an end before the start, an unreadable date, a missing name or zone.
    #[must_use]
    pub(crate) fn ignored(&self) -> u64 {
        self.ignored
    }

    fn read_rows(&mut self, table: &Table<'_>, add: impl Fn(&mut Self, &Row<'_>) -> Option<()>) {
        for row in table.rows() {
            if row.ok().and_then(|row| add(self, &row)).is_none() {
                self.ignored += 1;
            }
        }
    }

    /// `None` if the row cannot be used. Rows that are no holidays of pupils are not needed, and so no error.
    fn add_period(&mut self, row: &Row<'_>, tz: Tz) -> Option<()> {
        let (name, zone) = (row.get(DESCRIPTION)?, zone_name(row.get(ZONES)?));
        // Teachers have different summer holidays; those of pupils count.
        if row.get(POPULATION).is_some_and(|population| folded(population).starts_with("enseignant")) {
            return Some(());
        }
        let kind = Kind::of(name);
        if kind == Kind::Other {
            return Some(());
        }
        let start = date_of(row.get(START)?, tz)?;
        let end = row.get(END).map(|end| date_of(end, tz).ok_or(())).transpose().ok()?;
        if end.is_some_and(|end| end < start) {
            return None;
        }
        let (name, resumes) = match (kind, end) {
            (Kind::Return, _) => {
                self.returns.push((zone, start));
                return Some(());
            }
            (Kind::Summer, end) if end.is_none_or(|end| end == start) => (without_start(name), None),
            // A single day is that day off.
            (_, end) => (name, Some(end?.max(start + Duration::days(1)))),
        };
        self.holidays.push(Holiday { first: start, resumes, name: name.replace('’', "'"), zone });
        Some(())
    }

    /// `None` if the row cannot be used.
    fn add_day(&mut self, row: &Row<'_>, tz: Tz) -> Option<()> {
        let first = date_of(row.get(DATE)?, tz)?;
        let name = row.get(NAME).unwrap_or("Vacances scolaires").replace('’', "'");
        for (zone, column) in DAY_ZONES {
            if is_true(row.get(column))? {
                let (name, zone) = (name.clone(), zone.to_owned());
                self.holidays.push(Holiday { first, resumes: first.succ_opt(), name, zone });
            }
        }
        Some(())
    }

    /// The day school resumes after a holiday. A summer without an end lasts until the pupils of its zone return that year, by default on 1
    /// September.
    fn resumes(&self, holiday: &Holiday) -> Option<NaiveDate> {
        holiday.resumes.or_else(|| {
            let year = holiday.first.year();
            let of_summer = |(zone, day): &&(String, NaiveDate)| {
                *zone == holiday.zone && *day > holiday.first && day.year() == year
            };
            let published = self.returns.iter().filter(of_summer).map(|(_, day)| *day).min();
            published.or_else(|| NaiveDate::from_ymd_opt(year, 9, 1))
        })
    }

    /// One row per académie repeats each holiday.
    fn sort(&mut self) {
        self.holidays.sort();
        self.holidays.dedup();
        self.returns.sort();
        self.returns.dedup();
    }
}

/// The meaning of a description.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Holiday,
    /// The summer of the northern hemisphere.
    Summer,
    /// Pupils return after the summer.
    Return,
    /// An event that is no holiday.
    Other,
}

impl Kind {
    fn of(description: &str) -> Self {
        let text = folded(description).replace('’', "'");
        if text.starts_with("rentree") {
            return if text.contains("enseignant") { Self::Other } else { Self::Return };
        }
        let name = text.strip_prefix("debut des ").unwrap_or(&text);
        let name = name.strip_prefix("grandes ").unwrap_or(name);
        if name.starts_with("vacances d'ete") && !name.contains("austral") {
            Self::Summer
        } else if name.starts_with("vacances") || name.starts_with("pont") {
            Self::Holiday
        } else {
            Self::Other
        }
    }
}

/// The name of a holiday of which only the start is published: "Début des Vacances d'Été" is "Vacances d'Été".
fn without_start(name: &str) -> &str {
    if folded(name).starts_with("debut des ") { "Vacances d'Été" } else { name }
}

fn is_true(word: Option<&str>) -> Option<bool> {
    match folded(word.unwrap_or_default()).as_str() {
        "true" | "vrai" | "1" => Some(true),
        "false" | "faux" | "0" | "" => Some(false),
        _ => None,
    }
}

/// "Zone C", "zone c" and "C" are the same zone.
fn zone_name(zone: &str) -> String {
    let zone = folded(zone);
    zone.strip_prefix("zone ").map(|rest| rest.trim().to_owned()).unwrap_or(zone)
}

fn date_of(text: &str, tz: Tz) -> Option<NaiveDate> {
    Timestamp::parse(text).and_then(|timestamp| timestamp.local_date(tz)).ok()
}

#[cfg(test)]
mod tests;
