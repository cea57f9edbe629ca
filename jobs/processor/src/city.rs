//! The city profile: time zone, names, public holidays, school zone, rail lines, outlines. `profiles/paris/` is data, not code.
//!
//! The caller reads the files; this module takes bytes.

use std::path::{Path, PathBuf};

use chrono::{Datelike, NaiveDate};
use contract::Tz;
use contract::document::disruptions::Line;
use serde::Deserialize;

use crate::holidays::french_holiday;
use crate::units::Units;

/// The built-in profile of Paris.
const PARIS: &str = include_str!("../profiles/paris/profile.json");

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct City {
    /// Display name.
    pub(crate) name: String,
    pub(crate) tz: Tz,
    pub(crate) public_holidays: PublicHolidays,
    /// Zone of school holidays, such as `Zone C`; without one no day is a school holiday.
    pub(crate) school_zone: Option<String>,
    /// Rail lines of the reliability index.
    pub(crate) rail_lines: Vec<Line>,
    /// File of the districts' outlines, relative to the profile's folder. See [`City::outlines_path`].
    pub(crate) outlines: Option<PathBuf>,
    /// Units of the weather; without any the records say or show them.
    pub(crate) weather_units: Option<Units>,
    pub(crate) zones: ZoneProperties,
}

/// Properties of the outlines' features that hold code and name of a zone; `None` means the first of the usual ones.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ZoneProperties {
    pub(crate) code: Option<String>,
    pub(crate) name: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct PublicHolidays {
    /// National holidays.
    pub(crate) calendar: HolidayCalendar,
    /// Additional holidays on fixed dates.
    pub(crate) extra: Vec<FixedHoliday>,
}

/// Public holidays of a country.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum HolidayCalendar {
    /// Computed by [`french_holiday`].
    Fr,
    /// None.
    #[default]
    None,
}

/// A public holiday on the same date each year.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FixedHoliday {
    pub(crate) month: u32,
    pub(crate) day: u32,
    pub(crate) name: String,
}

/// An invalid city profile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CityError {
    #[error("the city profile is invalid: {0}; see profiles/paris/profile.json for the format")]
    Form(String),
    #[error("\"{0}\" is not a time zone; expected an IANA name such as Europe/Paris")]
    TimeZone(String),
    #[error("the name of the city is empty; set one such as Paris")]
    Name,
    /// A date that does not exist in any year.
    #[error(
        "the public holiday \"{name}\" has an invalid date: month {month}, day {day}; set a month from 1 to 12 and a day of that month"
    )]
    Holiday { name: String, month: u32, day: u32 },
    /// A rail line without a code, or a duplicate; counted from 1.
    #[error(
        "rail line {0} of the city profile has no code or is a duplicate; list each line once, with mode, code and nom"
    )]
    Line(usize),
    #[error("zones of the city profile has an empty property; name one of the outlines' properties, such as c_quinsee")]
    ZoneProperty,
}

/// The profile file before validation.
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
    #[serde(default)]
    weather_units: Option<Units>,
    #[serde(default)]
    zones: ZoneProperties,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawHolidays {
    calendar: HolidayCalendar,
    #[serde(default)]
    extra: Vec<FixedHoliday>,
}

impl City {
    /// The built-in profile.
    #[must_use]
    pub(crate) fn paris() -> Self {
        // A test loads the built-in profile, so the fallback is never used.
        Self::load(PARIS.as_bytes()).unwrap_or_else(|_| Self {
            name: "Paris".to_owned(),
            tz: Tz::PARIS,
            public_holidays: PublicHolidays { calendar: HolidayCalendar::Fr, extra: Vec::new() },
            school_zone: Some("Zone C".to_owned()),
            rail_lines: Vec::new(),
            outlines: None,
            weather_units: None,
            zones: ZoneProperties::default(),
        })
    }

    /// The city of a profile file.
    ///
    /// # Errors
    /// See [`CityError`].
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
        if [&raw.zones.code, &raw.zones.name].into_iter().flatten().any(|property| property.trim().is_empty()) {
            return Err(CityError::ZoneProperty);
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
            weather_units: raw.weather_units,
            zones: raw.zones,
        }
        .with_name(&raw.name)?
        .with_timezone(&raw.timezone)
    }

    /// Overrides the name (`CITY_NAME`).
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

    /// Overrides the time zone (`CITY_TIMEZONE`).
    ///
    /// # Errors
    /// Not an IANA name.
    pub(crate) fn with_timezone(mut self, timezone: &str) -> Result<Self, CityError> {
        self.tz = timezone.trim().parse().map_err(|_| CityError::TimeZone(timezone.to_owned()))?;
        Ok(self)
    }

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

    /// The path of the outlines for a profile file at `profile`.
    #[must_use]
    pub(crate) fn outlines_path(&self, profile: &Path) -> Option<PathBuf> {
        let outlines = self.outlines.as_deref()?;
        Some(profile.parent().unwrap_or(Path::new("")).join(outlines))
    }
}

#[cfg(test)]
mod tests {
    use contract::document::disruptions::Mode;

    use super::*;

    #[test]
    fn built_in_profile_is_paris() {
        let paris = City::load(PARIS.as_bytes()).unwrap();
        assert_eq!(paris, City::paris());
        assert_eq!((paris.name.as_str(), paris.tz), ("Paris", contract::Tz::PARIS));
        assert_eq!(paris.school_zone.as_deref(), Some("Zone C"));
        let count = |mode| paris.rail_lines.iter().filter(|line| line.mode == mode).count();
        assert_eq!([Mode::Metro, Mode::Rer, Mode::Transilien, Mode::Tram].map(count), [16, 5, 9, 15]);
        assert_eq!(paris.public_holiday("2025-07-14".parse().unwrap()), Some("Fête nationale"));
    }

    #[test]
    fn profile_of_another_city_is_loaded_from_a_file() {
        let city = City::load(
            br#"{"name":"Ville","timezone":"America/Guadeloupe","public_holidays":{"calendar":"fr","extra":
                [{"month":5,"day":27,"name":"Abolition"}]},"outlines":"zones.geojson","weather_units":"us",
                "zones":{"code":"c_quinsee","name":"l_qu"}}"#,
        )
        .unwrap();
        assert_eq!(city.public_holiday("2025-05-27".parse().unwrap()), Some("Abolition"));
        assert_eq!(city.public_holiday("2025-05-28".parse().unwrap()), None);
        assert_eq!(city.school_zone, None);
        assert_eq!(city.weather_units, Some(Units::Us));
        assert_eq!(city.outlines_path(Path::new("/p/ville.json")), Some(PathBuf::from("/p/zones.geojson")));
        assert_eq!((city.zones.code.as_deref(), city.zones.name.as_deref()), (Some("c_quinsee"), Some("l_qu")));
        let none = City::load(br#"{"name":"V","timezone":"UTC"}"#).unwrap();
        assert_eq!(none.public_holiday("2025-12-25".parse().unwrap()), None);
    }

    #[test]
    fn invalid_profile_is_an_error_that_names_the_mistake() {
        for (json, part) in [
            ("", "the city profile is invalid"),
            (r#"{"timezone":"UTC"}"#, "missing field `name`"),
            (r#"{"name":"V","timezone":"UTC","zone":1}"#, "unknown field `zone`"),
            (r#"{"name":"V","timezone":"UTC","zones":{"id":"c_qu"}}"#, "unknown field `id`"),
            (
                r#"{"name":"V","timezone":"UTC","zones":{"code":" "}}"#,
                "zones of the city profile has an empty property",
            ),
            (r#"{"name":" ","timezone":"UTC"}"#, "name of the city is empty"),
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
    fn name_and_time_zone_override_the_profile() {
        let city = City::paris().with_name("Lutèce").unwrap().with_timezone("Europe/Rome").unwrap();
        assert_eq!((city.name.as_str(), city.tz), ("Lutèce", "Europe/Rome".parse().unwrap()));
        assert_eq!(City::paris().with_timezone("Rome").unwrap_err(), CityError::TimeZone("Rome".to_owned()));
    }
}
