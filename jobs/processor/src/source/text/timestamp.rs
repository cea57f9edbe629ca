//! Dates and times as the sources write them: the one reader of all six.
//!
//! ```text
//!   2025-11-03T08:00:00+01:00   ISO 8601; a space for the T; seconds, fraction and offset (Z, +01:00, +0100, +01) optional
//!   20251103T080000             its basic form
//!   03/11/2025 08:00            day first, as a French spreadsheet saves it; no offset
//! ```
//!
//! Months, days and hours may have one digit (not in the basic form). `24:00` is midnight of the next day. Years are 1900 to 9999.

use chrono::{DateTime, Datelike as _, NaiveDate, NaiveTime, TimeDelta, Utc};
use contract::day::wall_to_instant;
use contract::{Reason, ServiceDay, Tz};

use super::table::Row;

/// Earlier years are a database's zero.
const FIRST_YEAR: i32 = 1900;

/// A date, with the time and the offset from UTC if they were written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Timestamp {
    pub(crate) date: NaiveDate,
    pub(crate) time: Option<NaiveTime>,
    /// Seconds east of UTC.
    pub(crate) offset: Option<i32>,
}

impl Timestamp {
    /// # Errors
    /// `MonthFirstDate` for an `NN/NN/YYYY` that can only be month first, else `UnreadableDate`.
    pub(crate) fn parse(text: &str) -> Result<Self, Reason> {
        Self::parse_bytes(text.as_bytes())
    }

    /// As [`Self::parse`]; text that is not UTF-8 is unreadable.
    pub(crate) fn parse_bytes(bytes: &[u8]) -> Result<Self, Reason> {
        let bytes = bytes.trim_ascii();
        Self::usual(bytes).map_or_else(|| Self::any(bytes), Ok)
    }

    fn any(bytes: &[u8]) -> Result<Self, Reason> {
        let mut rest = Text(bytes);
        let (year, month, day, form) = rest.date()?;
        let date = NaiveDate::from_ymd_opt(year.cast_signed(), month, day)
            .filter(|date| date.year() >= FIRST_YEAR)
            .ok_or(Reason::UnreadableDate)?;
        let Some(separator) = rest.next() else { return Ok(Self { date, time: None, offset: None }) };
        let known = match form {
            Form::Extended => matches!(separator, b'T' | b't' | b' '),
            Form::Basic => matches!(separator, b'T' | b't'),
            Form::DayFirst => separator == b' ',
        };
        let (time, next_day) = rest.time(form).filter(|_| known).ok_or(Reason::UnreadableDate)?;
        let offset = match form {
            Form::DayFirst => None,
            Form::Extended | Form::Basic => rest.offset().ok_or(Reason::UnreadableDate)?,
        };
        if !rest.0.is_empty() {
            return Err(Reason::UnreadableDate);
        }
        let date = if next_day { date.succ_opt().ok_or(Reason::UnreadableDate)? } else { date };
        Ok(Self { date, time: Some(time), offset })
    }

    /// `YYYY-MM-DD?HH:MM:SS` and an offset or none, at fixed positions: millions of road counts are written so. `None` leaves any other text to
    /// [`Self::any`], which gives the same result.
    #[inline]
    fn usual(bytes: &[u8]) -> Option<Self> {
        let (stamp, rest) = bytes.split_first_chunk::<19>()?;
        let [y1, y2, y3, y4, b'-', o1, o2, b'-', d1, d2, b'T' | b' ', h1, h2, b':', m1, m2, b':', s1, s2] = *stamp
        else {
            return None;
        };
        let year = digits([y1, y2])? * 100 + digits([y3, y4])?;
        let date = NaiveDate::from_ymd_opt(year.cast_signed(), digits([o1, o2])?, digits([d1, d2])?)?;
        let time = NaiveTime::from_hms_opt(digits([h1, h2])?, digits([m1, m2])?, digits([s1, s2])?)?;
        let mut rest = Text(rest);
        let offset = rest.offset().filter(|_| rest.0.is_empty() && date.year() >= FIRST_YEAR)?;
        Some(Self { date, time: Some(time), offset })
    }

    /// The instant; without an offset it is local time of the city, of two possible instants the later.
    ///
    /// # Errors
    /// `UnreadableDate` for a date without a time, `NonexistentTime` for a local time that a clock change skips.
    pub(crate) fn instant(self, tz: Tz) -> Result<DateTime<Utc>, Reason> {
        let wall = self.date.and_time(self.time.ok_or(Reason::UnreadableDate)?);
        match self.offset {
            Some(seconds) => {
                let utc = wall.checked_sub_signed(TimeDelta::seconds(i64::from(seconds)));
                Ok(utc.ok_or(Reason::UnreadableDate)?.and_utc())
            }
            None => wall_to_instant(wall, tz).ok_or(Reason::NonexistentTime),
        }
    }

    /// As [`Self::instant`]; a date without a time is the start of its day, also where a clock change skips or repeats midnight.
    pub(crate) fn instant_or_start_of_day(self, tz: Tz) -> Result<DateTime<Utc>, Reason> {
        match self.time {
            Some(_) => self.instant(tz),
            None => Ok(ServiceDay::new(self.date, tz).start()),
        }
    }

    /// The city's date: that of the instant if there is an offset, else the date as written. A midnight without an offset is the day itself,
    /// also where a clock change skips it.
    ///
    /// # Errors
    /// `NonexistentTime` for another local time that a clock change skips.
    pub(crate) fn local_date(self, tz: Tz) -> Result<NaiveDate, Reason> {
        match (self.offset, self.time) {
            (None, None | Some(NaiveTime::MIN)) => Ok(self.date),
            (None, Some(_)) => self.instant(tz).map(|_| self.date),
            (Some(_), _) => Ok(self.instant(tz)?.with_timezone(&tz).date_naive()),
        }
    }
}

/// The value of the first column with a time that was rejected for `reason`, else the whole row: what an error message quotes.
pub(crate) fn rejected_time<'r>(row: &'r Row<'_>, columns: &[usize], reason: Reason) -> &'r [u8] {
    let values = columns.iter().filter_map(|column| row.get(*column));
    values.map(str::trim).find(|text| Timestamp::parse(text).err() == Some(reason)).map_or(row.raw(), str::as_bytes)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// With separators.
    Extended,
    Basic,
    DayFirst,
}

/// The text that is still to be read.
struct Text<'a>(&'a [u8]);

impl Text<'_> {
    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn skip(&mut self, byte: u8) -> bool {
        let found = self.0.first() == Some(&byte);
        if found {
            self.next();
        }
        found
    }

    /// A number of `least` to `most` digits.
    fn number(&mut self, least: usize, most: usize) -> Option<u32> {
        let digits = self.0.iter().take(most).take_while(|byte| byte.is_ascii_digit()).count();
        let (digits, rest) = self.0.split_at_checked(digits).filter(|(digits, _)| digits.len() >= least)?;
        self.0 = rest;
        Some(digits.iter().fold(0, |value, digit| value * 10 + u32::from(digit - b'0')))
    }

    /// Year, month and day.
    fn date(&mut self) -> Result<(u32, u32, u32, Form), Reason> {
        let digits = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        match (digits, self.0.get(digits)) {
            (8, _) => self.basic_date(),
            (4, Some(b'-')) => self.extended_date(),
            (1 | 2, Some(b'/')) => return self.day_first_date(),
            _ => None,
        }
        .ok_or(Reason::UnreadableDate)
    }

    fn basic_date(&mut self) -> Option<(u32, u32, u32, Form)> {
        Some((self.number(4, 4)?, self.number(2, 2)?, self.number(2, 2)?, Form::Basic))
    }

    fn extended_date(&mut self) -> Option<(u32, u32, u32, Form)> {
        let year = self.number(4, 4)?;
        let month = self.skip(b'-').then(|| self.number(1, 2))??;
        let day = self.skip(b'-').then(|| self.number(1, 2))??;
        Some((year, month, day, Form::Extended))
    }

    fn day_first_date(&mut self) -> Result<(u32, u32, u32, Form), Reason> {
        let mut part = |least, most, end| self.number(least, most).filter(|_| end || self.skip(b'/'));
        let (day, month) = (part(1, 2, false), part(1, 2, false));
        let (Some(day), Some(month), Some(year)) = (day, month, part(4, 4, true)) else {
            return Err(Reason::UnreadableDate);
        };
        if month > 12 && (1..=12).contains(&day) && month <= 31 {
            return Err(Reason::MonthFirstDate);
        }
        Ok((year, month, day, Form::DayFirst))
    }

    /// The time, and whether it is `24:00`.
    fn time(&mut self, form: Form) -> Option<(NaiveTime, bool)> {
        let basic = form == Form::Basic;
        let hour = self.number(if basic { 2 } else { 1 }, 2)?;
        let minute = (basic || self.skip(b':')).then(|| self.number(2, 2))??;
        let second = match self.0.first() {
            Some(b':') if !basic => self.next().and_then(|_| self.number(2, 2))?,
            Some(b'0'..=b'9') if basic => self.number(2, 2)?,
            _ => return time_of_day(hour, minute, 0, 0),
        };
        let nanos = match self.0.first() {
            Some(b'.' | b',') if form != Form::DayFirst => {
                self.next();
                self.fraction()?
            }
            _ => 0,
        };
        time_of_day(hour, minute, second, nanos)
    }

    /// Digits after the decimal sign, in nanoseconds; further digits are dropped.
    fn fraction(&mut self) -> Option<u32> {
        let (mut nanos, mut unit) = (self.number(1, 1)? * 100_000_000, 10_000_000);
        while let Some(digit) = self.number(1, 1) {
            nanos += digit * unit;
            unit /= 10;
        }
        Some(nanos)
    }

    /// The offset, if there is one; the outer `None` if it cannot be read.
    fn offset(&mut self) -> Option<Option<i32>> {
        let sign = match self.next() {
            None => return Some(None),
            Some(b'Z' | b'z') => return Some(Some(0)),
            Some(b'+') => 1,
            Some(b'-') => -1,
            Some(_) => return None,
        };
        let hours = self.number(2, 2)?;
        let minutes = if self.0.is_empty() {
            0
        } else {
            self.skip(b':');
            self.number(2, 2)?
        };
        (hours <= 23 && minutes <= 59).then(|| Some(sign * (hours * 3600 + minutes * 60).cast_signed()))
    }
}

#[inline]
fn digits([tens, ones]: [u8; 2]) -> Option<u32> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| u32::from(tens) * 10 + u32::from(ones))
}

fn time_of_day(hour: u32, minute: u32, second: u32, nanos: u32) -> Option<(NaiveTime, bool)> {
    if hour == 24 && (minute, second, nanos) == (0, 0, 0) {
        return Some((NaiveTime::MIN, true));
    }
    Some((NaiveTime::from_hms_nano_opt(hour, minute, second, nanos).filter(|_| second <= 59)?, false))
}

#[cfg(test)]
#[path = "timestamp/tests.rs"]
mod tests;
