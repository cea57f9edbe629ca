//! Timestamps to instants, and instants to hours of service days. Both are cached, because rows repeat them and time zone lookups are slow.

use std::collections::HashMap;

use chrono::{DateTime, Datelike as _, NaiveDate, NaiveDateTime, Timelike as _};
use contract::day::wall_to_instant;
use contract::{Reason, ServiceDay, Tz};

use crate::source::text::timestamp::Timestamp;

/// Number of cached days: more than a year.
const DAYS: usize = 512;

/// The cache of one thread.
#[derive(Debug)]
pub(crate) struct Clock {
    tz: Tz,
    /// By day of the month: exports mix the days of some weeks.
    stamps: [StampPattern; STAMPS],
    walls: HashMap<NaiveDateTime, Option<i64>>,
    /// Whether a local date has no clock change.
    regular: HashMap<NaiveDate, bool>,
    today: DayBounds,
    /// By UTC day modulo [`DAYS`]: the UTC day and the service days that overlap it.
    days: Vec<(i64, [DayBounds; 2])>,
}

/// A timestamp and the instant of its hour 0: a timestamp that differs only in the hour is that many hours later.
#[derive(Debug, Clone, Copy, Default)]
struct StampPattern {
    date: [u8; 11],
    rest: [u8; 12],
    length: usize,
    midnight: i64,
}

/// Number of kept timestamps; every day of a month has a place.
const STAMPS: usize = 32;

/// The place of a date among the kept timestamps: its day of the month, whether it is written first or last.
#[inline]
fn place(date: &[u8; 11]) -> usize {
    let number = |tens: u8, ones: u8| tens.wrapping_mul(10).wrapping_add(ones);
    usize::from(number(date[0], date[1]) ^ number(date[8], date[9])) % STAMPS
}

/// A service day, seconds since the epoch.
#[derive(Debug, Clone, Copy, Default)]
struct DayBounds {
    start: i64,
    end: i64,
    number: i32,
}

impl DayBounds {
    fn of(day: &ServiceDay) -> Self {
        Self { start: day.start().timestamp(), end: day.end().timestamp(), number: day.date().num_days_from_ce() }
    }

    #[inline]
    fn hour(&self, instant: i64) -> Option<(i32, u8)> {
        // An instant before the start wraps around to a large number.
        let seconds = instant.wrapping_sub(self.start).cast_unsigned();
        let length = self.end.wrapping_sub(self.start).cast_unsigned();
        (seconds < length).then(|| (self.number, u8::try_from(seconds / 3600).unwrap_or(u8::MAX)))
    }
}

impl Clock {
    #[must_use]
    pub(crate) fn new(tz: Tz) -> Self {
        Self {
            tz,
            stamps: [StampPattern::default(); STAMPS],
            walls: HashMap::new(),
            regular: HashMap::new(),
            today: DayBounds::default(),
            days: vec![(i64::MIN, Default::default()); DAYS],
        }
    }

    /// The service day of an instant, as a day number of the Common Era, and the index of the hour.
    #[inline]
    pub(crate) fn hour(&mut self, instant: i64) -> (i32, u8) {
        match self.today.hour(instant) {
            Some(hour) => hour,
            None => self.other_day(instant),
        }
    }

    fn other_day(&mut self, instant: i64) -> (i32, u8) {
        let tz = self.tz;
        let day_of = |instant| ServiceDay::of(DateTime::from_timestamp(instant, 0).unwrap_or_default(), tz);
        let date = instant.div_euclid(86_400);
        let place = usize::try_from(date.rem_euclid(DAYS as i64)).unwrap_or(0);
        let Some((of, known)) = self.days.get_mut(place) else { return (0, 0) };
        if *of != date {
            // A UTC day overlaps two service days; further ones, under unusual zone rules, are not cached.
            let first = day_of(date * 86_400);
            (*of, *known) = (date, [DayBounds::of(&first), DayBounds::of(&first.plus(1))]);
        }
        let found = known.iter().find(|day| day.hour(instant).is_some());
        self.today = found.copied().unwrap_or_else(|| DayBounds::of(&day_of(instant)));
        self.today.hour(instant).unwrap_or((self.today.number, 0))
    }

    /// Seconds since the epoch of a timestamp; without an offset it is local time of the city.
    #[inline]
    pub(crate) fn instant(&mut self, bytes: &[u8]) -> Result<i64, Reason> {
        if let Some((date, [h1, h2, rest @ ..])) = bytes.split_first_chunk::<11>()
            && let stamp = &self.stamps[place(date)]
            && *date == stamp.date
            && bytes.len() == stamp.length
            && stamp.rest.get(..rest.len()) == Some(rest)
        {
            let hour = i64::from(h1.wrapping_sub(b'0')) * 10 + i64::from(h2.wrapping_sub(b'0'));
            if h1.is_ascii_digit() && h2.is_ascii_digit() && hour < 24 {
                return Ok(stamp.midnight + hour * 3600);
            }
        }
        self.new_instant(bytes)
    }

    fn new_instant(&mut self, bytes: &[u8]) -> Result<i64, Reason> {
        let timestamp = Timestamp::parse_bytes(bytes)?;
        let tz = self.tz;
        let wall = timestamp.date.and_time(timestamp.time.ok_or(Reason::UnreadableDate)?);
        let instant = match timestamp.offset {
            Some(offset) => wall.and_utc().timestamp() - i64::from(offset),
            None => {
                let known = self.walls.entry(wall);
                known
                    .or_insert_with(|| wall_to_instant(wall, tz).map(|instant| instant.timestamp()))
                    .ok_or(Reason::NonexistentTime)?
            }
        };
        // On a day without a clock change hours are equidistant.
        let is_regular = |date| ServiceDay::new(date, tz).is_regular();
        if timestamp.offset.is_some() || *self.regular.entry(wall.date()).or_insert_with_key(|date| is_regular(*date)) {
            self.learn(bytes, wall, instant);
        }
        Ok(instant)
    }

    /// Keeps a timestamp whose hour has two digits after a date of ten characters.
    fn learn(&mut self, bytes: &[u8], wall: NaiveDateTime, instant: i64) {
        let Some((date, [h1, h2, rest @ ..])) = bytes.split_first_chunk::<11>() else { return };
        let hour = [h1, h2].map(|digit| u32::from(digit.wrapping_sub(b'0')));
        if !date.ends_with(b"T") && !date.ends_with(b" ")
            || hour.iter().fold(0, |all, digit| all * 10 + digit) != wall.hour()
        {
            return;
        }
        let stamp = &mut self.stamps[place(date)];
        let Some(kept) = stamp.rest.get_mut(..rest.len()) else { return };
        kept.copy_from_slice(rest);
        stamp.date = *date;
        stamp.length = bytes.len();
        stamp.midnight = instant - i64::from(wall.hour()) * 3600;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PARIS: Tz = contract::Tz::PARIS;

    fn hours(text: &str) -> Result<i64, Reason> {
        Clock::new(PARIS).instant(text.as_bytes()).map(|seconds| seconds / 3600)
    }

    #[test]
    fn timestamps_with_and_without_offset_are_the_same_instant() {
        let expected = hours("2025-11-03T17:00:00+01:00");
        for text in ["2025-11-03T16:00:00Z", "2025-11-03 17:00:00", "2025-11-03T17:00:00.000+01:00", "2025-11-03 17:00"]
        {
            assert_eq!(hours(text), expected, "{text}");
        }
    }

    #[test]
    fn repeated_local_time_is_the_later_instant_and_skipped_one_is_rejected() {
        assert_eq!(hours("2024-10-27 02:00:00"), hours("2024-10-27T02:00:00+01:00"));
        assert_eq!(hours("2024-03-31 02:00:00"), Err(Reason::NonexistentTime));
        for wrong in
            ["", "2024-13-01 00:00:00", "2024-02-30T00:00:00Z", "24-01-01 00:00:00", "2024-01-01T00:00:00+99:00"]
        {
            assert_eq!(hours(wrong), Err(Reason::UnreadableDate), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn cache_does_not_change_results(
            stamps in prop::collection::vec((prop::sample::select(vec!["2024-03-31", "2023-03-31", "2024-10-27", "2024-03-30", "31/03/2024", "3/4/2024", "30/3/2024", "6/2/2023 1:"]),
                0u32..26, prop::sample::select(vec![":00:00", ":00:00Z", ":00:00+01:00", ":30:00", ":00", ":00:00+02:00", ":00:00x"])), 1..20),
        ) {
            let mut clock = Clock::new(PARIS);
            for (date, hour, rest) in stamps {
                let text = format!("{date} {hour:02}{rest}");
                let instant = clock.instant(text.as_bytes());
                prop_assert_eq!(instant, Clock::new(PARIS).instant(text.as_bytes()), "{}", text);
                let read = Timestamp::parse(&text).and_then(|timestamp| timestamp.instant(PARIS));
                prop_assert_eq!(instant, read.map(|instant| instant.timestamp()), "{}", text);
                if let Ok(instant) = instant {
                    let day = ServiceDay::of(DateTime::from_timestamp(instant, 0).unwrap(), PARIS);
                    let hour = day.hour_index(DateTime::from_timestamp(instant, 0).unwrap()).unwrap();
                    prop_assert_eq!(clock.hour(instant), (day.date().num_days_from_ce(), hour as u8));
                }
            }
        }
    }
}
