//! The service day: midnight to midnight in the city's time zone, 23, 24 or 25 hours long.

use chrono::{
    DateTime, Duration, FixedOffset, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeZone, Timelike, Utc,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Tz;

/// Day type; the first that matches.
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

/// An instant with the city's UTC offset, written to the second (RFC 3339).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp(DateTime<FixedOffset>);

impl Stamp {
    /// The instant with the offset that `tz` has at that time.
    #[must_use]
    pub fn new(instant: DateTime<Utc>, tz: Tz) -> Self {
        let offset = tz.offset_from_utc_datetime(&instant.naive_utc()).fix();
        Self(instant.with_timezone(&offset))
    }

    /// The instant in UTC.
    #[must_use]
    pub fn instant(self) -> DateTime<Utc> {
        self.0.with_timezone(&Utc)
    }

    /// The instant with its offset.
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

/// The instant of a wall-clock time. An ambiguous time gives the later instant, as in the exports with offsets; a time that the clock
/// change skips gives `None`.
#[must_use]
pub fn wall_to_instant(wall: NaiveDateTime, tz: Tz) -> Option<DateTime<Utc>> {
    match tz.from_local_datetime(&wall) {
        LocalResult::Single(instant) | LocalResult::Ambiguous(_, instant) => Some(instant.with_timezone(&Utc)),
        LocalResult::None => None,
    }
}

/// How far from a clock change an hour can be one of it; another hour of the day may bear the same name.
const NEAR: Duration = Duration::hours(3);

/// Day D: D 00:00 to D+1 00:00 in the city's time zone. An hour belongs to the day in which it starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ServiceDay {
    date: NaiveDate,
    tz: Tz,
    start: DateTime<Utc>,
    end: DateTime<Utc>,
}

impl ServiceDay {
    /// The service day of a date in a time zone.
    #[must_use]
    pub fn new(date: NaiveDate, tz: Tz) -> Self {
        Self { date, tz, start: midnight(date, tz), end: midnight(date + Duration::days(1), tz) }
    }

    /// The service day that contains an instant.
    #[must_use]
    pub fn of(instant: DateTime<Utc>, tz: Tz) -> Self {
        let date = instant.with_timezone(&tz).date_naive();
        let day = Self::new(date, tz);
        // If the clocks are set back over midnight, the wall clock shows the day before again: the interval decides instead.
        if instant >= day.end {
            Self::new(date + Duration::days(1), tz)
        } else if instant < day.start {
            Self::new(date - Duration::days(1), tz)
        } else {
            day
        }
    }

    /// Local date.
    #[must_use]
    pub fn date(&self) -> NaiveDate {
        self.date
    }

    /// Time zone of the city.
    #[must_use]
    pub fn tz(&self) -> Tz {
        self.tz
    }

    /// First instant of the day.
    #[must_use]
    pub fn start(&self) -> DateTime<Utc> {
        self.start
    }

    /// First instant after the day.
    #[must_use]
    pub fn end(&self) -> DateTime<Utc> {
        self.end
    }

    /// The day `days` later; earlier if negative.
    #[must_use]
    pub fn plus(&self, days: i64) -> Self {
        Self::new(self.date + Duration::days(days), self.tz)
    }

    /// Whether the instant lies within the day.
    #[must_use]
    pub fn contains(&self, instant: DateTime<Utc>) -> bool {
        self.start <= instant && instant < self.end
    }

    /// Number of hours that start in the day: 23, 24 or 25. If a clock change is no whole hour, the last interval is the rest of its hour, and
    /// counts as one.
    #[must_use]
    pub fn hour_count(&self) -> usize {
        usize::try_from(((self.end - self.start).num_seconds() + 3599) / 3600).unwrap_or(0)
    }

    /// Starts of the hours, in order.
    pub fn hours(&self) -> impl Iterator<Item = DateTime<Utc>> + use<> {
        let start = self.start;
        (0..self.hour_count()).map(move |hour| start + Duration::hours(i64::try_from(hour).unwrap_or(0)))
    }

    /// Index, from 0, of the hour of the day that contains an instant; `None` outside the day.
    #[must_use]
    pub fn hour_index(&self, instant: DateTime<Utc>) -> Option<usize> {
        self.contains(instant).then(|| usize::try_from((instant - self.start).num_seconds() / 3600).ok()).flatten()
    }

    /// Wall-clock hour of an instant, 0 to 23.
    #[must_use]
    pub fn local_hour(&self, instant: DateTime<Utc>) -> usize {
        instant.with_timezone(&self.tz).hour() as usize
    }

    /// Wall-clock hours of the day, in order: 2 twice on the autumn change day, and not at all on the spring one.
    #[must_use]
    pub fn local_hours(&self) -> Vec<usize> {
        self.hours().map(|hour| self.local_hour(hour)).collect()
    }

    /// Whether all hours of the day follow each other on the wall clock.
    #[must_use]
    pub fn is_regular(&self) -> bool {
        self.end - self.start == Duration::hours(24)
            && self.offset(self.start - Duration::seconds(1)) == self.offset(self.end - Duration::seconds(1))
    }

    /// Indexes of the hours of a clock change: those that bear the name of a skipped or repeated hour, of the one before or of the one after, next
    /// to the change. In Paris they are local 01 to 03; empty on a day without a change.
    #[must_use]
    pub fn clock_change_hours(&self) -> Vec<usize> {
        let mut found = Vec::new();
        for (at, before, after) in self.changes() {
            let walls = [before, after].map(|offset| at.timestamp() + offset);
            let (from, to) = (walls[0].min(walls[1]), walls[0].max(walls[1]));
            let names: Vec<i64> =
                (from.div_euclid(3600) - 1..=(to - 1).div_euclid(3600) + 1).map(|hour| hour.rem_euclid(24)).collect();
            let bears_name = |hour: DateTime<Utc>| {
                (hour - at).abs() <= NEAR && names.contains(&i64::try_from(self.local_hour(hour)).unwrap_or(-1))
            };
            found.extend(self.hours().enumerate().filter(|(_, hour)| bears_name(*hour)).map(|(index, _)| index));
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The clock changes of the day, including one at its start: the instant, and the offsets before and after it in seconds.
    fn changes(&self) -> Vec<(DateTime<Utc>, i64, i64)> {
        let mut found = Vec::new();
        let last = self.end - Duration::seconds(1);
        let mut before = self.start - Duration::seconds(1);
        while before < last && !self.is_regular() {
            let mut after = (before + Duration::hours(1)).min(last);
            let next = after;
            let (old, new) = (self.offset(before), self.offset(after));
            while old != new && after - before > Duration::seconds(1) {
                let middle = before + Duration::seconds((after - before).num_seconds() / 2);
                if self.offset(middle) == old { before = middle } else { after = middle }
            }
            if old != new {
                found.push((after, old, new));
            }
            before = next;
        }
        found
    }

    /// Seconds east of UTC.
    fn offset(&self, instant: DateTime<Utc>) -> i64 {
        i64::from(self.tz.offset_from_utc_datetime(&instant.naive_utc()).fix().local_minus_utc())
    }

    /// An instant in the format of the documents.
    #[must_use]
    pub fn stamp(&self, instant: DateTime<Utc>) -> Stamp {
        Stamp::new(instant, self.tz)
    }
}

/// First instant of a local date: midnight, or the end of the gap if the clock change skips midnight.
fn midnight(date: NaiveDate, tz: Tz) -> DateTime<Utc> {
    let mut wall = date.and_time(NaiveTime::MIN);
    // Gaps are at most hours long, except for the whole days that zones skipped when they crossed the date line.
    for _ in 0..(26 * 60) {
        match tz.from_local_datetime(&wall) {
            LocalResult::Single(instant) | LocalResult::Ambiguous(instant, _) => return instant.with_timezone(&Utc),
            LocalResult::None => wall += Duration::minutes(1),
        }
    }
    wall.and_utc()
}
