//! The hours of the simulated days: their local time, day type and clock changes.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Offset, TimeZone, Timelike, Utc, Weekday};
use contract::{DayType, ServiceDay, Stamp, Tz};

use crate::calendar;

/// Hours since the epoch, UTC.
pub type Hour = i64;

/// The hour that begins at an instant.
#[must_use]
pub fn hour_of(instant: DateTime<Utc>) -> Hour {
    instant.timestamp().div_euclid(3600)
}

/// The instant at which an hour begins.
#[must_use]
pub fn instant(hour: Hour) -> DateTime<Utc> {
    DateTime::from_timestamp(hour * 3600, 0).unwrap_or(DateTime::UNIX_EPOCH)
}

/// An hour as an input of [`crate::random::at`].
#[must_use]
pub fn hour_key(hour: Hour) -> u64 {
    hour.unsigned_abs()
}

/// The effect of a clock change on the row of an hour, as observed in the real exports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockChange {
    None,
    /// Spring: the row whose timestamp is the end of the skipped hour is empty or missing.
    Spring,
    /// Autumn: only the later of the two rows with the same wall time exists, and this is the earlier one.
    Autumn,
}

#[derive(Debug, Clone, Copy)]
pub struct HourInfo {
    pub hour: Hour,
    /// Index of its simulated day, from 0.
    pub day: usize,
    /// Local hour of its start, 0 to 23.
    pub local: usize,
    pub day_type: DayType,
    /// Its end with the offset, `2025-11-04T00:00:00+01:00`.
    pub end: [u8; 25],
    /// Its end as wall time, `2025-11-04 00:00:00`.
    pub wall: [u8; 19],
    pub change: ClockChange,
}

#[derive(Debug, Clone)]
pub struct SimulatedDays {
    tz: Tz,
    days: Vec<ServiceDay>,
    hours: Vec<HourInfo>,
    starts: Vec<usize>,
}

impl SimulatedDays {
    /// All days from `first` to `last`, both included.
    #[must_use]
    pub fn new(first: NaiveDate, last: NaiveDate, tz: Tz) -> Self {
        let days: Vec<_> =
            first.iter_days().take_while(|day| *day <= last).map(|day| ServiceDay::new(day, tz)).collect();
        let (mut hours, mut starts) = (Vec::new(), Vec::new());
        for (index, day) in days.iter().enumerate() {
            starts.push(hours.len());
            let day_type = calendar::day_type(day.date());
            for start in day.hours() {
                hours.push(info(start, index, day, day_type));
            }
        }
        starts.push(hours.len());
        Self { tz, days, hours, starts }
    }

    #[must_use]
    pub fn days(&self) -> &[ServiceDay] {
        &self.days
    }

    #[must_use]
    pub fn tz(&self) -> Tz {
        self.tz
    }

    #[must_use]
    pub fn hours(&self) -> &[HourInfo] {
        &self.hours
    }

    /// The hours of the days `from..to`.
    #[must_use]
    pub fn hours_of(&self, from: usize, to: usize) -> &[HourInfo] {
        let bound = |day: usize| self.starts.get(day.min(self.days.len())).copied().unwrap_or(0);
        self.hours.get(bound(from)..bound(to)).unwrap_or_default()
    }

    #[must_use]
    pub fn first_hour(&self) -> Hour {
        self.hours.first().map_or(0, |hour| hour.hour)
    }

    /// The first hour after the last day.
    #[must_use]
    pub fn end_hour(&self) -> Hour {
        self.hours.last().map_or(0, |hour| hour.hour + 1)
    }

    /// `None` for an hour outside the simulated days.
    #[must_use]
    pub fn hour(&self, hour: Hour) -> Option<&HourInfo> {
        self.hours.get(usize::try_from(hour - self.first_hour()).ok()?)
    }
}

fn info(start: DateTime<Utc>, day: usize, service: &ServiceDay, day_type: DayType) -> HourInfo {
    let end = start + chrono::Duration::hours(1);
    let stamp = Stamp::new(end, service.tz());
    let text = stamp.to_string();
    let wall = stamp.local().naive_local();
    let before = service.tz().offset_from_utc_datetime(&(end - chrono::Duration::seconds(1)).naive_utc()).fix();
    let change = if stamp.local().offset().local_minus_utc() > before.local_minus_utc() {
        ClockChange::Spring
    } else if service.tz().from_local_datetime(&wall).earliest() != service.tz().from_local_datetime(&wall).latest()
        && service.tz().from_local_datetime(&wall).earliest().is_some_and(|earlier| earlier.with_timezone(&Utc) == end)
    {
        ClockChange::Autumn
    } else {
        ClockChange::None
    };
    HourInfo {
        hour: hour_of(start),
        day,
        local: service.local_hour(start),
        day_type,
        end: fixed_bytes(&text),
        wall: fixed_bytes(&wall.format("%Y-%m-%d %H:%M:%S").to_string()),
        change,
    }
}

fn fixed_bytes<const N: usize>(text: &str) -> [u8; N] {
    let mut bytes = [b' '; N];
    bytes.iter_mut().zip(text.bytes()).for_each(|(to, from)| *to = from);
    bytes
}

/// A local time in the format of the transit API, `20250828T182100`.
#[must_use]
pub fn compact(instant: DateTime<Utc>, tz: Tz) -> String {
    instant.with_timezone(&tz).format("%Y%m%dT%H%M%S").to_string()
}

/// The instant of a wall time; one hour later if the clock change skips it.
#[must_use]
pub fn at_wall(date: NaiveDate, hour: u32, minute: u32, tz: Tz) -> DateTime<Utc> {
    let wall: NaiveDateTime = date.and_hms_opt(hour.min(23), minute.min(59), 0).unwrap_or_default();
    contract::day::wall_to_instant(wall, tz)
        .or_else(|| contract::day::wall_to_instant(wall + chrono::Duration::hours(1), tz))
        .unwrap_or_else(|| wall.and_utc())
}

/// Whether the UTC offset is a whole number of hours on every day from `first` to `last`.
#[must_use]
pub fn whole_hours(first: NaiveDate, last: NaiveDate, tz: Tz) -> bool {
    first.iter_days().take_while(|day| *day <= last).all(|day| {
        let start = ServiceDay::new(day, tz).start();
        start.minute() == 0 && start.second() == 0
    })
}

/// The weekday in French.
#[must_use]
pub fn weekday_name(date: NaiveDate) -> &'static str {
    match date.weekday() {
        Weekday::Mon => "lundi",
        Weekday::Tue => "mardi",
        Weekday::Wed => "mercredi",
        Weekday::Thu => "jeudi",
        Weekday::Fri => "vendredi",
        Weekday::Sat => "samedi",
        Weekday::Sun => "dimanche",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(first: &str) -> Vec<(usize, ClockChange, String)> {
        let day = first.parse().unwrap();
        let days = SimulatedDays::new(day, day, contract::Tz::PARIS);
        days.hours()
            .iter()
            .filter(|hour| hour.change != ClockChange::None)
            .map(|hour| (hour.local, hour.change, String::from_utf8_lossy(&hour.end).into_owned()))
            .collect()
    }

    #[test]
    fn clock_changes_affect_the_row_that_the_real_exports_leave_out() {
        assert_eq!(changes("2025-10-26"), [(1, ClockChange::Autumn, "2025-10-26T02:00:00+02:00".to_owned())]);
        assert_eq!(changes("2026-03-29"), [(1, ClockChange::Spring, "2026-03-29T03:00:00+02:00".to_owned())]);
        assert_eq!(changes("2025-11-03"), []);
    }

    #[test]
    fn autumn_clock_change_gives_a_day_of_25_hours() {
        let days =
            SimulatedDays::new("2025-10-25".parse().unwrap(), "2025-10-27".parse().unwrap(), contract::Tz::PARIS);
        assert_eq!(days.hours().len(), 24 + 25 + 24);
        assert_eq!(days.hours_of(1, 2).len(), 25);
        assert_eq!(days.hour(days.first_hour() + 24).unwrap().day, 1);
        assert!(days.hour(days.first_hour() - 1).is_none());
    }
}
