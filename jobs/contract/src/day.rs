//! The service day: from midnight to midnight in the city's time zone, 23, 24 or 25 hours long.

use chrono::{
    DateTime, Duration, FixedOffset, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeZone, Timelike, Utc,
};
use chrono_tz::Tz;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What sort of day it is, first match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum DayType {
    /// Sunday or public holiday.
    #[serde(rename = "dimanche_ferie")]
    SundayOrHoliday,
    /// Saturday.
    #[serde(rename = "samedi")]
    Saturday,
    /// Monday to Friday in the school holidays.
    #[serde(rename = "vacances")]
    SchoolHoliday,
    /// Any other day.
    #[serde(rename = "ouvre")]
    Workday,
}

/// An instant with the city's offset, to the second, as documents hold it (RFC 3339).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp(DateTime<FixedOffset>);

impl Stamp {
    /// The instant as the clocks of `tz` show it.
    #[must_use]
    pub fn new(instant: DateTime<Utc>, tz: Tz) -> Self {
        let offset = tz.offset_from_utc_datetime(&instant.naive_utc()).fix();
        Self(instant.with_timezone(&offset))
    }

    /// The instant.
    #[must_use]
    pub fn instant(self) -> DateTime<Utc> {
        self.0.with_timezone(&Utc)
    }

    /// With its offset.
    #[must_use]
    pub fn local(self) -> DateTime<FixedOffset> {
        self.0
    }
}

impl std::fmt::Display for Stamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0.format("%Y-%m-%dT%H:%M:%S%:z"))
    }
}

impl Serialize for Stamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Stamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        DateTime::<FixedOffset>::deserialize(deserializer).map(Self)
    }
}

impl JsonSchema for Stamp {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Stamp".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "format": "date-time", "description": "RFC 3339 with the city's offset" })
    }
}

/// The instant of a wall time: of two the later, as in the exports with offsets; `None` for one that the clock change skipped.
#[must_use]
pub fn wall_to_instant(wall: NaiveDateTime, tz: Tz) -> Option<DateTime<Utc>> {
    match tz.from_local_datetime(&wall) {
        LocalResult::Single(instant) | LocalResult::Ambiguous(_, instant) => Some(instant.with_timezone(&Utc)),
        LocalResult::None => None,
    }
}

/// Day D: D 00:00 to D+1 00:00 in the city's time zone. An hour belongs to the day in which it starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ServiceDay {
    date: NaiveDate,
    tz: Tz,
    start: DateTime<Utc>,
    end: DateTime<Utc>,
}

impl ServiceDay {
    /// The day of that date in that zone.
    #[must_use]
    pub fn new(date: NaiveDate, tz: Tz) -> Self {
        Self { date, tz, start: midnight(date, tz), end: midnight(date + Duration::days(1), tz) }
    }

    /// The day in which an instant lies.
    #[must_use]
    pub fn of(instant: DateTime<Utc>, tz: Tz) -> Self {
        let date = instant.with_timezone(&tz).date_naive();
        let day = Self::new(date, tz);
        // A zone that sets its clocks back over midnight shows the day before once more: the interval decides, not the wall clock.
        if instant >= day.end {
            Self::new(date + Duration::days(1), tz)
        } else if instant < day.start {
            Self::new(date - Duration::days(1), tz)
        } else {
            day
        }
    }

    /// Its date.
    #[must_use]
    pub fn date(&self) -> NaiveDate {
        self.date
    }

    /// Its zone.
    #[must_use]
    pub fn tz(&self) -> Tz {
        self.tz
    }

    /// Its first instant.
    #[must_use]
    pub fn start(&self) -> DateTime<Utc> {
        self.start
    }

    /// The first instant after it.
    #[must_use]
    pub fn end(&self) -> DateTime<Utc> {
        self.end
    }

    /// The day `days` later (earlier where negative).
    #[must_use]
    pub fn plus(&self, days: i64) -> Self {
        Self::new(self.date + Duration::days(days), self.tz)
    }

    /// Whether the instant lies in it.
    #[must_use]
    pub fn contains(&self, instant: DateTime<Utc>) -> bool {
        self.start <= instant && instant < self.end
    }

    /// How many hours start in it: 23, 24 or 25.
    #[must_use]
    pub fn hour_count(&self) -> usize {
        usize::try_from(((self.end - self.start).num_seconds() + 3599) / 3600).unwrap_or(0)
    }

    /// The starts of its hours, in order.
    pub fn hours(&self) -> impl Iterator<Item = DateTime<Utc>> + use<> {
        let start = self.start;
        (0..self.hour_count()).map(move |hour| start + Duration::hours(i64::try_from(hour).unwrap_or(0)))
    }

    /// Which of its hours an instant lies in, from 0.
    #[must_use]
    pub fn hour_index(&self, instant: DateTime<Utc>) -> Option<usize> {
        self.contains(instant).then(|| usize::try_from((instant - self.start).num_seconds() / 3600).ok()).flatten()
    }

    /// The wall-clock hour of an instant, 0 to 23.
    #[must_use]
    pub fn local_hour(&self, instant: DateTime<Utc>) -> usize {
        instant.with_timezone(&self.tz).hour() as usize
    }

    /// The local hours of its hours, in order: twice 2 on the autumn day, no 2 on the spring day.
    #[must_use]
    pub fn local_hours(&self) -> Vec<usize> {
        self.hours().map(|hour| self.local_hour(hour)).collect()
    }

    /// An instant as documents hold it.
    #[must_use]
    pub fn stamp(&self, instant: DateTime<Utc>) -> Stamp {
        Stamp::new(instant, self.tz)
    }
}

/// The first instant of a local date: its midnight, or the end of the gap where the clock change skips midnight.
fn midnight(date: NaiveDate, tz: Tz) -> DateTime<Utc> {
    let mut wall = date.and_time(NaiveTime::MIN);
    // A gap is hours long at most, but for the days that zones skipped whole when they crossed the date line.
    for _ in 0..(26 * 60) {
        match tz.from_local_datetime(&wall) {
            LocalResult::Single(instant) | LocalResult::Ambiguous(instant, _) => return instant.with_timezone(&Utc),
            LocalResult::None => wall += Duration::minutes(1),
        }
    }
    wall.and_utc()
}
