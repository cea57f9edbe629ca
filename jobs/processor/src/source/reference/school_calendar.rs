//! School holidays, from the ministry's export.

use chrono::{Datelike, Duration, NaiveDate};
use chrono_tz::Tz;

use crate::city::City;
use crate::raw_file::SourceError;
use crate::source::text::normalize::folded;
use crate::source::text::table::{Column, Table};
use crate::source::text::timestamp::Timestamp;

const DESCRIPTION: usize = 0;
const POPULATION: usize = 1;
const START: usize = 2;
const END: usize = 3;
const ZONES: usize = 4;
/// Exports use labels or field names.
const COLUMNS: [Column; 5] = [
    Column::required(&["description"]),
    Column::optional(&["population"]),
    Column::required(&["start_date", "Date de début"]),
    Column::required(&["end_date", "Date de fin"]),
    Column::required(&["zones"]),
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
    ignored: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Holiday {
    first: NaiveDate,
    /// The day school resumes.
    resumes: NaiveDate,
    name: String,
    zone: String,
}

impl SchoolCalendar {
    /// Reads the ministry's export with either header. Its timestamps are midnights in `tz`.
    ///
    /// # Errors
    /// The file is not such an export.
    pub(crate) fn read(key: &str, bytes: &[u8], tz: Tz) -> Result<Self, SourceError> {
        let table = Table::open(key, bytes, &COLUMNS)?;
        let mut calendar = Self::default();
        for row in table.rows() {
            let Ok(row) = row else {
                calendar.ignored += 1;
                continue;
            };
            // Teachers have different summer holidays; those of pupils count.
            if row.get(POPULATION).is_some_and(|population| folded(population).starts_with("enseignant")) {
                continue;
            }
            let dates =
                row.get(START).and_then(|text| date_of(text, tz)).zip(row.get(END).and_then(|text| date_of(text, tz)));
            let names = row.get(DESCRIPTION).zip(row.get(ZONES));
            match dates.zip(names).and_then(|((start, end), (name, zone))| holiday(start, end, name, zone)) {
                Some(holiday) => calendar.holidays.push(holiday),
                None => calendar.ignored += 1,
            }
        }
        // One row per académie repeats each holiday.
        calendar.holidays.sort();
        calendar.holidays.dedup();
        Ok(calendar)
    }

    /// Adds the holidays of another file.
    pub(crate) fn extend(&mut self, other: Self) {
        self.holidays.extend(other.holidays);
        self.holidays.sort();
        self.holidays.dedup();
        self.ignored += other.ignored;
    }

    /// The holiday of a zone (`Zone C`) on a date; the earliest start if there are several.
    #[must_use]
    pub(crate) fn holiday(&self, date: NaiveDate, zone: &str) -> Option<&str> {
        let zone = zone_name(zone);
        self.holidays
            .iter()
            .find(|holiday| holiday.zone == zone && holiday.first <= date && date < holiday.resumes)
            .map(|holiday| holiday.name.as_str())
    }

    /// Rows that could not be used: an end before the start, an unreadable date, a missing name or zone.
    #[must_use]
    pub(crate) fn ignored(&self) -> u64 {
        self.ignored
    }
}

/// `None` for a row that ends before it starts.
fn holiday(start: NaiveDate, end: NaiveDate, name: &str, zone: &str) -> Option<Holiday> {
    if end < start {
        return None;
    }
    let open = start == end && folded(name).starts_with("debut des vacances d'ete");
    let (name, resumes) = if open {
        // Only the start has been published so far.
        let september = NaiveDate::from_ymd_opt(start.year(), 9, 1)?;
        let resumes = if start < september { september } else { NaiveDate::from_ymd_opt(start.year() + 1, 9, 1)? };
        ("Vacances d'Été", resumes)
    } else {
        // A single day is that day off.
        (name, end.max(start + Duration::days(1)))
    };
    Some(Holiday { first: start, resumes, name: name.replace('’', "'"), zone: zone_name(zone) })
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
mod tests {
    use chrono_tz::Europe::Paris;
    use proptest::prelude::*;

    use contract::DayType;

    use super::*;
    use crate::calendar::day_type;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn calendar(rows: &str) -> SchoolCalendar {
        let text = format!("description;population;start_date;end_date;location;zones;annee_scolaire\r\n{rows}");
        SchoolCalendar::read("reference/calendrier-scolaire.csv", text.as_bytes(), Paris).unwrap()
    }

    #[test]
    fn midnight_in_utc_is_the_local_day() {
        let school =
            calendar("Vacances de Noël;-;2024-12-20T23:00:00+00:00;2025-01-05T23:00:00+00:00;Paris;Zone C;2024-2025\n");
        assert_eq!(school.holiday(date("2024-12-20"), "Zone C"), None);
        assert_eq!(school.holiday(date("2024-12-21"), "Zone C"), Some("Vacances de Noël"));
        assert_eq!(school.holiday(date("2025-01-05"), "Zone C"), Some("Vacances de Noël"));
        // The end is the day school resumes.
        assert_eq!(school.holiday(date("2025-01-06"), "Zone C"), None);
        assert_eq!(school.holiday(date("2024-12-21"), "Zone A"), None);
    }

    #[test]
    fn holidays_of_pupils_count_and_an_open_summer_ends_on_1_september() {
        let school = calendar(
            "Vacances d'Été;Enseignants;2025-07-05T00:00:00+02:00;2025-08-29T00:00:00+02:00;Paris;Zone C;2024-2025\n\
             Vacances d'Été;Élèves;2025-07-05T00:00:00+02:00;2025-09-01T00:00:00+02:00;Paris;Zone C;2024-2025\n\
             Début des Vacances d’Été;-;2026-07-04T00:00:00+02:00;2026-07-04T00:00:00+02:00;Paris;Zone C;2025-2026\n",
        );
        assert_eq!(school.holiday(date("2025-08-29"), "Zone C"), Some("Vacances d'Été"));
        assert_eq!(school.holiday(date("2025-09-01"), "Zone C"), None);
        assert_eq!(school.holiday(date("2026-08-31"), "Zone C"), Some("Vacances d'Été"));
        assert_eq!(school.holiday(date("2026-09-01"), "Zone C"), None);
        assert_eq!(school.ignored(), 0);
    }

    #[test]
    fn files_are_used_together() {
        let mut school =
            calendar("Vacances d'Hiver;-;2025-02-15;2025-03-03;Paris;Zone C;2024-2025\nPont;-;x;y;Paris;Zone C;z\n");
        school.extend(calendar("Vacances d'Hiver;-;2026-02-21;2026-03-09;Paris;Zone C;2025-2026\n"));
        for day in ["2025-02-17", "2026-02-23"] {
            assert_eq!(school.holiday(date(day), "Zone C"), Some("Vacances d'Hiver"), "{day}");
        }
        assert_eq!(school.ignored(), 1);
    }

    #[test]
    fn unusable_rows_are_counted() {
        let school = calendar(
            "Vacances;-;2019-01-10T00:00:00+01:00;2018-10-29T00:00:00+01:00;x;Zone C;2018-2019\n\
             Vacances;-;soon;2018-10-29T00:00:00+01:00;x;Zone C;2018-2019\n\
             Vacances;-\n\
             Pont;-;2021-05-14T00:00:00+02:00;2021-05-14T00:00:00+02:00;x;Zone C;2020-2021\n",
        );
        assert_eq!(school.ignored(), 3);
        assert_eq!(school.holiday(date("2021-05-14"), "Zone C"), Some("Pont"));
        assert_eq!(school.holiday(date("2021-05-15"), "Zone C"), None);
    }

    #[test]
    fn older_header_is_accepted() {
        let text = "\u{feff}Description;Population;Date de début;Date de fin;Académies;Zones;annee_scolaire\n\
                    Vacances d'Hiver;-;2025-02-15;2025-03-03;Paris;Zone C;2024-2025\n";
        let school = SchoolCalendar::read("c.csv", text.as_bytes(), Paris).unwrap();
        assert_eq!(school.holiday(date("2025-02-17"), "zone c"), Some("Vacances d'Hiver"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut text = b"description;start_date;end_date;zones\n".to_vec();
            text.extend(bytes);
            let _ = SchoolCalendar::read("c.csv", &text, Paris);
        }
    }

    #[test]
    fn day_type_is_the_first_match() {
        let city = City::paris();
        let school =
            calendar("Vacances de la Toussaint;-;2025-10-18T00:00:00+02:00;2025-11-03T00:00:00+01:00;Paris;Zone C;x\n");
        for (day, kind, without) in [
            ("2025-10-18", DayType::Saturday, DayType::Saturday),
            ("2025-10-19", DayType::SundayOrHoliday, DayType::SundayOrHoliday),
            ("2025-10-20", DayType::SchoolHoliday, DayType::Workday),
            ("2025-11-01", DayType::SundayOrHoliday, DayType::SundayOrHoliday),
            ("2025-11-03", DayType::Workday, DayType::Workday),
            ("2025-11-11", DayType::SundayOrHoliday, DayType::SundayOrHoliday),
        ] {
            let holiday = |school| school_holiday(date(day), &city, school).is_some();
            assert_eq!(day_type(date(day), &city, holiday(Some(&school))), kind, "{day}");
            assert_eq!(day_type(date(day), &city, holiday(None)), without, "{day}");
        }
    }
}
