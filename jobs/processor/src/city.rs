//! The city profile: time zone, names, public holidays, school zone, rail lines, outlines. `profiles/paris/` is data, not code.
//!
//! Nothing here reads a file: the caller does, and hands the bytes over.

use std::path::{Path, PathBuf};

use chrono::{Datelike, NaiveDate};
use chrono_tz::Tz;
use contract::document::disruptions::Line;
use serde::Deserialize;

use crate::holidays::french_holiday;

/// The profile of Paris, part of the program.
const PARIS: &str = include_str!("../profiles/paris/profile.json");

/// A city.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct City {
    /// Its name for people.
    pub(crate) name: String,
    /// Its time zone.
    pub(crate) tz: Tz,
    /// Its public holidays.
    pub(crate) public_holidays: PublicHolidays,
    /// Its zone of school holidays, such as `Zone C`; `None` where no day is one.
    pub(crate) school_zone: Option<String>,
    /// Its own rail lines, those of the reliability index.
    pub(crate) rail_lines: Vec<Line>,
    /// The file of its districts' outlines, as the profile names it: relative to the profile's folder. See [`City::outlines_beside`].
    pub(crate) outlines: Option<PathBuf>,
}

/// The public holidays of a city.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct PublicHolidays {
    /// Those of the country.
    pub(crate) calendar: HolidayCalendar,
    /// Days of the year beside them.
    pub(crate) extra: Vec<FixedHoliday>,
}

/// Public holidays of a country.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum HolidayCalendar {
    /// Those of France, computed.
    Fr,
    /// None.
    #[default]
    None,
}

/// A public holiday on the same date each year.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FixedHoliday {
    /// Month, 1 to 12.
    pub(crate) month: u32,
    /// Day of the month.
    pub(crate) day: u32,
    /// Name.
    pub(crate) name: String,
}

/// A profile that cannot be used; says what to correct.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CityError {
    /// The file is not JSON of the profile's form.
    #[error("the city profile cannot be read: {0}; profiles/paris/profile.json shows the form")]
    Form(String),
    /// A time zone that is none.
    #[error("\"{0}\" is not a time zone; give an IANA name such as Europe/Paris")]
    TimeZone(String),
    /// An empty name.
    #[error("the city's name is empty; give one such as Paris")]
    Name,
    /// A date that no year has.
    #[error(
        "the public holiday \"{name}\" is on no date of the calendar: month {month}, day {day}; give month 1 to 12 and a day of it"
    )]
    Holiday {
        /// Its name.
        name: String,
        /// Month given.
        month: u32,
        /// Day given.
        day: u32,
    },
    /// A rail line without a code, or twice.
    #[error(
        "rail line {0} of the city profile has no code or is there twice; give each line once, with mode, code and nom"
    )]
    Line(usize),
}

/// A profile as its file has it, not yet validated.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCity {
    name: String,
    timezone: String,
    #[serde(default)]
    public_holidays: RawHolidays,
    #[serde(default)]
    school_zone: Option<String>,
    #[serde(default)]
    rail_lines: Vec<Line>,
    #[serde(default)]
    outlines: Option<PathBuf>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawHolidays {
    calendar: HolidayCalendar,
    #[serde(default)]
    extra: Vec<FixedHoliday>,
}

impl City {
    /// Paris, as built in.
    #[must_use]
    pub(crate) fn paris() -> Self {
        // A test reads the built-in profile, so that the second half is never what a user gets.
        Self::load(PARIS.as_bytes()).unwrap_or_else(|_| Self {
            name: "Paris".to_owned(),
            tz: Tz::Europe__Paris,
            public_holidays: PublicHolidays { calendar: HolidayCalendar::Fr, extra: Vec::new() },
            school_zone: Some("Zone C".to_owned()),
            rail_lines: Vec::new(),
            outlines: None,
        })
    }

    /// The city of a profile file.
    ///
    /// # Errors
    /// A sentence that says what to correct.
    pub(crate) fn load(json: &[u8]) -> Result<Self, CityError> {
        let json = json.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(json);
        let raw: RawCity = serde_json::from_slice(json).map_err(|error| CityError::Form(error.to_string()))?;
        for holiday in &raw.public_holidays.extra {
            // A leap year, so that 29 February is a date.
            if NaiveDate::from_ymd_opt(2024, holiday.month, holiday.day).is_none() {
                let FixedHoliday { name, month, day } = holiday.clone();
                return Err(CityError::Holiday { name, month, day });
            }
        }
        for (at, line) in raw.rail_lines.iter().enumerate() {
            let twice =
                raw.rail_lines.iter().take(at).any(|other| (other.mode, &other.code) == (line.mode, &line.code));
            if line.code.trim().is_empty() || twice {
                return Err(CityError::Line(at + 1));
            }
        }
        Self {
            name: String::new(),
            tz: Tz::UTC,
            public_holidays: PublicHolidays {
                calendar: raw.public_holidays.calendar,
                extra: raw.public_holidays.extra,
            },
            school_zone: raw.school_zone.filter(|zone| !zone.trim().is_empty()),
            rail_lines: raw.rail_lines,
            outlines: raw.outlines,
        }
        .with_name(&raw.name)?
        .with_timezone(&raw.timezone)
    }

    /// The same city under another name (`CITY_NAME`).
    ///
    /// # Errors
    /// An empty name.
    pub(crate) fn with_name(mut self, name: &str) -> Result<Self, CityError> {
        let name = name.trim();
        if name.is_empty() {
            return Err(CityError::Name);
        }
        name.clone_into(&mut self.name);
        Ok(self)
    }

    /// The same city in another time zone (`CITY_TIMEZONE`).
    ///
    /// # Errors
    /// A name that is not IANA's.
    pub(crate) fn with_timezone(mut self, timezone: &str) -> Result<Self, CityError> {
        self.tz = timezone.trim().parse().map_err(|_| CityError::TimeZone(timezone.to_owned()))?;
        Ok(self)
    }

    /// The name of the public holiday on a date.
    #[must_use]
    pub(crate) fn public_holiday(&self, date: NaiveDate) -> Option<&str> {
        let national = match self.public_holidays.calendar {
            HolidayCalendar::Fr => french_holiday(date),
            HolidayCalendar::None => None,
        };
        national.or_else(|| {
            let mut extra = self.public_holidays.extra.iter();
            extra.find(|day| (day.month, day.day) == (date.month(), date.day())).map(|day| day.name.as_str())
        })
    }

    /// The path of the outlines, for a profile file at `profile`.
    #[must_use]
    pub(crate) fn outlines_beside(&self, profile: &Path) -> Option<PathBuf> {
        let outlines = self.outlines.as_deref()?;
        Some(profile.parent().unwrap_or(Path::new("")).join(outlines))
    }
}

#[cfg(test)]
mod tests {
    use contract::document::disruptions::Mode;

    use super::*;

    #[test]
    fn the_built_in_profile_is_paris() {
        let paris = City::load(PARIS.as_bytes()).unwrap();
        assert_eq!(paris, City::paris());
        assert_eq!((paris.name.as_str(), paris.tz), ("Paris", chrono_tz::Europe::Paris));
        assert_eq!(paris.school_zone.as_deref(), Some("Zone C"));
        let count = |mode| paris.rail_lines.iter().filter(|line| line.mode == mode).count();
        assert_eq!([Mode::Metro, Mode::Rer, Mode::Transilien, Mode::Tram].map(count), [16, 5, 9, 15]);
        assert_eq!(paris.public_holiday("2025-07-14".parse().unwrap()), Some("Fête nationale"));
    }

    #[test]
    fn another_city_is_a_file() {
        let city = City::load(
            br#"{"name":"Ville","timezone":"America/Guadeloupe","public_holidays":{"calendar":"fr","extra":
                [{"month":5,"day":27,"name":"Abolition"}]},"outlines":"zones.geojson"}"#,
        )
        .unwrap();
        assert_eq!(city.public_holiday("2025-05-27".parse().unwrap()), Some("Abolition"));
        assert_eq!(city.public_holiday("2025-05-28".parse().unwrap()), None);
        assert_eq!(city.school_zone, None);
        assert_eq!(city.outlines_beside(Path::new("/p/ville.json")), Some(PathBuf::from("/p/zones.geojson")));
        let none = City::load(br#"{"name":"V","timezone":"UTC"}"#).unwrap();
        assert_eq!(none.public_holiday("2025-12-25".parse().unwrap()), None);
    }

    #[test]
    fn a_wrong_profile_says_what_to_correct() {
        for (json, part) in [
            ("", "cannot be read"),
            (r#"{"timezone":"UTC"}"#, "missing field `name`"),
            (r#"{"name":"V","timezone":"UTC","zone":1}"#, "unknown field `zone`"),
            (r#"{"name":" ","timezone":"UTC"}"#, "name is empty"),
            (r#"{"name":"V","timezone":"Europe/Pari"}"#, "\"Europe/Pari\" is not a time zone"),
            (
                r#"{"name":"V","timezone":"UTC","public_holidays":{"calendar":"none","extra":[{"month":2,"day":30,"name":"x"}]}}"#,
                "month 2, day 30",
            ),
            (r#"{"name":"V","timezone":"UTC","public_holidays":{"calendar":"de"}}"#, "unknown variant `de`"),
            (
                r#"{"name":"V","timezone":"UTC","rail_lines":[{"mode":"metro","code":"1","nom":"a"},{"mode":"metro","code":"1","nom":"b"}]}"#,
                "rail line 2",
            ),
        ] {
            let error = City::load(json.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn name_and_zone_can_be_set_beside_the_profile() {
        let city = City::paris().with_name("Lutèce").unwrap().with_timezone("Europe/Rome").unwrap();
        assert_eq!((city.name.as_str(), city.tz), ("Lutèce", chrono_tz::Europe::Rome));
        assert_eq!(City::paris().with_timezone("Rome").unwrap_err(), CityError::TimeZone("Rome".to_owned()));
    }
}
