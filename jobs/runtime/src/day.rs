//! Which day a run is for: the argument, else the Job's name, else yesterday, and never silently another one.
//!
//! Pure: no clock, no environment. Not for the service day of a record, which is `contract`'s.
//!
//! A Job's name takes three forms. `<anything>-YYYY-MM-DD` and `<anything>-YYYY-MM-DD-to-YYYY-MM-DD`, either with an optional `-suffix`,
//! are what people give; a name that carries any further day is refused, since it cannot be told which one is meant. `<anything>-<digits>`
//! is what the CronJob controller gives: the scheduled minute since the epoch. Where a suffix is such a number too (a digest may be all
//! digits), the day that is spelled out stands.
//!
//! The argument and a name that both speak must agree. With a day in the name: the same days. With a scheduled minute: an argument of
//! one day must be that day, for a `REPORT_DATE` left in a CronJob would do the same day again every night and look well; a range must
//! contain it, and `all` always does, for these ask for more than the schedule and not for something else.

mod name;

use std::fmt;

use chrono::{DateTime, Days as Later, NaiveDate, Utc};
use chrono_tz::Tz;

use crate::failure::{Code, Failure};
use crate::telemetry;
use name::Named;

/// The days of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Days {
    /// One day.
    One(NaiveDate),
    /// From the first to the last, both included; the first comes before the last.
    Range(NaiveDate, NaiveDate),
    /// Every day of which there is anything.
    All,
}

impl Days {
    /// Is `day` one of them?
    pub fn contains(&self, day: NaiveDate) -> bool {
        match *self {
            Self::One(one) => one == day,
            Self::Range(first, last) => (first..=last).contains(&day),
            Self::All => true,
        }
    }

    /// The days in order; `None` where they are known only from the input.
    pub fn list(&self) -> Option<Vec<NaiveDate>> {
        match *self {
            Self::One(day) => Some(vec![day]),
            Self::Range(first, last) => Some(first.iter_days().take_while(|day| *day <= last).collect()),
            Self::All => None,
        }
    }

    /// From one day to another; `None` where they are in the wrong order.
    fn between(first: NaiveDate, last: NaiveDate) -> Option<Self> {
        match first.cmp(&last) {
            std::cmp::Ordering::Less => Some(Self::Range(first, last)),
            std::cmp::Ordering::Equal => Some(Self::One(first)),
            std::cmp::Ordering::Greater => None,
        }
    }
}

impl fmt::Display for Days {
    /// As the argument is written.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(day) => write!(f, "{day}"),
            Self::Range(first, last) => write!(f, "{first}..{last}"),
            Self::All => f.write_str("all"),
        }
    }
}

/// Where the days of a run come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The argument or `REPORT_DATE`.
    Argument,
    /// A day in the Job's name, which stands here.
    JobName(String),
    /// The scheduled minute in the Job's name, which stands here.
    Schedule(String),
    /// Nothing said which: yesterday in the city's zone.
    Yesterday,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Argument => f.write_str("as asked for"),
            Self::JobName(name) => write!(f, "by the Job's name {name}"),
            Self::Schedule(name) => write!(f, "the day before the scheduled time in the Job's name {name}"),
            Self::Yesterday => f.write_str("yesterday, as no day was asked for"),
        }
    }
}

/// The days of a run, and why these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayChoice {
    /// The days.
    pub days: Days,
    /// Where they come from.
    pub origin: Origin,
}

impl DayChoice {
    /// Says of the run for which days it is, and why these.
    pub fn tell(&self) {
        telemetry::set("day.origin", self.origin.to_string());
        match self.days {
            Days::One(day) => telemetry::set_day(day),
            days => telemetry::set("days", days.to_string()),
        }
    }

    /// The day, or the days, as a log line says them.
    #[must_use]
    pub fn day_or_days(&self) -> (Option<String>, Option<String>) {
        match self.days {
            Days::One(day) => (Some(day.to_string()), None),
            days => (None, Some(days.to_string())),
        }
    }
}

/// Decides for which days a run is.
///
/// `argument` is the positional argument or `REPORT_DATE`; an empty one counts as none, since that is how a chart writes an unset
/// variable. `job_name` is `JOB_NAME`; an empty one is refused, since it comes from a label that is not there, and the name that was to
/// say the day is lost.
pub fn choose(
    argument: Option<&str>,
    job_name: Option<&str>,
    now: DateTime<Utc>,
    tz: Tz,
) -> Result<DayChoice, Failure> {
    let asked = argument.map(str::trim).filter(|text| !text.is_empty()).map(read_argument).transpose()?;
    let named = job_name.map(|name| name::read(name).map(|named| (named, name.to_owned()))).transpose()?;
    let (days, origin) = match (asked, named) {
        (Some(asked), Some((named, name))) => {
            agree(asked, named, &name, tz)?;
            (asked, Origin::Argument)
        }
        (Some(asked), None) => (asked, Origin::Argument),
        (None, Some((Named::Days(days), name))) => (days, Origin::JobName(name)),
        (None, Some((Named::Scheduled(instant), name))) => (Days::One(day_before(instant, tz)), Origin::Schedule(name)),
        (None, None) => (Days::One(day_before(now, tz)), Origin::Yesterday),
    };
    Ok(DayChoice { days, origin })
}

/// The day before the one that an instant falls on in the city.
fn day_before(instant: DateTime<Utc>, tz: Tz) -> NaiveDate {
    let day = instant.with_timezone(&tz).date_naive();
    day.checked_sub_days(Later::new(1)).unwrap_or(day)
}

fn agree(asked: Days, named: Named, name: &str, tz: Tz) -> Result<(), Failure> {
    let (agrees, carried) = match named {
        Named::Days(days) => (days == asked, days),
        Named::Scheduled(instant) => {
            let day = day_before(instant, tz);
            (asked.contains(day), Days::One(day))
        }
    };
    if agrees {
        return Ok(());
    }
    Err(Failure::new(
        Code::Usage,
        format!("the argument or REPORT_DATE says {asked}, the Job's name says {carried}"),
        name::shown(name),
        "Leave out the argument and REPORT_DATE, or name the Job for the same days",
    ))
}

/// `YYYY-MM-DD`, `YYYY-MM-DD..YYYY-MM-DD`, or `all`.
fn read_argument(text: &str) -> Result<Days, Failure> {
    let wrong = |what: String| Failure::new(Code::Usage, what, "the day (argument or REPORT_DATE)", EXAMPLE);
    if text == "all" {
        return Ok(Days::All);
    }
    let day = |text: &str| match Spelled::read(text) {
        Some(Spelled::Day(day)) => Ok(day),
        Some(Spelled::Impossible) => Err(wrong(format!("there is no day {text}"))),
        None => Err(wrong(format!("`{}` is not a day", name::shown(text)))),
    };
    match text.split_once("..") {
        None => day(text).map(Days::One),
        Some((first, last)) => {
            let (first, last) = (day(first)?, day(last)?);
            Days::between(first, last).ok_or_else(|| wrong(format!("the range {first}..{last} runs backwards")))
        }
    }
}

const EXAMPLE: &str = "Write a day like 2025-11-03, a range like 2025-11-01..2025-11-07, or all";

/// Text of the shape `YYYY-MM-DD`.
enum Spelled {
    Day(NaiveDate),
    /// A shape that no calendar has, like 2025-02-30.
    Impossible,
}

impl Spelled {
    /// `None` where the shape is another.
    fn read(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let shaped = bytes.len() == 10
            && bytes
                .iter()
                .enumerate()
                .all(|(at, byte)| if matches!(at, 4 | 7) { *byte == b'-' } else { byte.is_ascii_digit() });
        if !shaped {
            return None;
        }
        let (Ok(year), Ok(month), Ok(day)) = (text[..4].parse(), text[5..7].parse(), text[8..].parse()) else {
            return None;
        };
        Some(NaiveDate::from_ymd_opt(year, month, day).map_or(Self::Impossible, Self::Day))
    }
}

#[cfg(test)]
mod tests;
