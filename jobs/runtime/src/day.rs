//! The days of a run: from the argument, else from the Job's name, else yesterday. A mistake never selects another day silently.
//!
//! Pure: no clock, no environment. Not for the service day of a record, which `contract` defines.
//!
//! A Job's name has one of four forms. People write `<anything>-YYYY-MM-DD` and `<anything>-YYYY-MM-DD-to-YYYY-MM-DD`, both with an
//! optional `-suffix`; a name with further dates is ambiguous, so it is an error. The CronJob controller writes `<anything>-<digits>`: the
//! scheduled time in minutes since the epoch. Tools by which a person starts a Job from a CronJob write `<anything>-manual-<anything>` or
//! `<anything>-YYYYMMDDHHMM`, which does what the schedule would do at that time. If a name has a date, the date counts, whatever follows it.
//!
//! The argument must agree with the Job's name. A date in the name must be the same day or range. With a time in the name, a single day
//! must be the scheduled one, because a `REPORT_DATE` left in a CronJob would process the same day every night unnoticed; a range must
//! contain it, and `all` always does, because both ask for more than the schedule.

mod name;

use std::fmt;

use chrono::{DateTime, Days as Later, NaiveDate, Utc};
use contract::Tz;

use crate::failure::{Code, Failure};
use crate::telemetry::{self, Job};
use name::DaysInName;

/// The days of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Days {
    /// One day.
    One(NaiveDate),
    /// From the first to the last, both included; the first comes before the last.
    Range(NaiveDate, NaiveDate),
    /// Every day with input.
    All,
}

impl Days {
    /// Whether `day` is one of them.
    pub fn contains(&self, day: NaiveDate) -> bool {
        match *self {
            Self::One(one) => one == day,
            Self::Range(first, last) => (first..=last).contains(&day),
            Self::All => true,
        }
    }

    /// The days in order; `None` for [`Days::All`], which depends on the input.
    pub fn list(&self) -> Option<Vec<NaiveDate>> {
        match *self {
            Self::One(day) => Some(vec![day]),
            Self::Range(first, last) => Some(first.iter_days().take_while(|day| *day <= last).collect()),
            Self::All => None,
        }
    }

    /// From `first` to `last`; `None` if `last` is before `first`.
    fn between(first: NaiveDate, last: NaiveDate) -> Option<Self> {
        match first.cmp(&last) {
            std::cmp::Ordering::Less => Some(Self::Range(first, last)),
            std::cmp::Ordering::Equal => Some(Self::One(first)),
            std::cmp::Ordering::Greater => None,
        }
    }
}

impl fmt::Display for Days {
    /// In the syntax of the argument.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(day) => write!(f, "{day}"),
            Self::Range(first, last) => write!(f, "{first}..{last}"),
            Self::All => f.write_str("all"),
        }
    }
}

/// The origin of the days of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DayOrigin {
    /// The argument or `REPORT_DATE`.
    Argument,
    /// A date in this Job's name.
    JobName(String),
    /// The scheduled minute in this Job's name.
    Schedule(String),
    /// A person started this Job without a date in its name: what the schedule would do now.
    Manual(String),
    /// No day was given: yesterday in the city's time zone.
    Yesterday,
}

impl fmt::Display for DayOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Argument => f.write_str("as requested"),
            Self::JobName(name) => write!(f, "from the Job's name {name}"),
            Self::Schedule(name) => write!(f, "the day before the scheduled time in the Job's name {name}"),
            Self::Manual(name) => {
                write!(f, "yesterday, as a scheduled run would do now, because the Job's name {name} has no date")
            }
            Self::Yesterday => f.write_str("yesterday, because no day was given"),
        }
    }
}

/// The days of a run and their origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayChoice {
    /// The days to process or to report on.
    pub days: Days,
    /// How they were chosen.
    pub origin: DayOrigin,
}

impl DayChoice {
    /// Records the days and their origin on the root span.
    pub fn record(&self) {
        telemetry::set("day.origin", self.origin.to_string());
        match self.days {
            Days::One(day) => telemetry::set_day(day),
            days => telemetry::set("days", days.to_string()),
        }
    }

    /// The fields `day` and `days` of a log line, of which one is set.
    #[must_use]
    pub fn day_or_days(&self) -> (Option<String>, Option<String>) {
        match self.days {
            Days::One(day) => (Some(day.to_string()), None),
            days => (None, Some(days.to_string())),
        }
    }

    /// The day of a scheduled run, or of one started by hand in its place; only such a run rechecks the days of its lookback.
    #[must_use]
    pub fn scheduled_day(&self) -> Option<NaiveDate> {
        match (&self.origin, self.days) {
            (DayOrigin::Schedule(_) | DayOrigin::Manual(_), Days::One(day)) => Some(day),
            _ => None,
        }
    }

    /// The result of a run, with the origin of its days if the person who started it must know it.
    #[must_use]
    pub fn result(&self, line: String) -> String {
        match &self.origin {
            DayOrigin::Manual(_) => format!("{line} ({})", self.origin),
            _ => line,
        }
    }
}

/// Chooses the days of a run.
///
/// `argument` is the positional argument or `REPORT_DATE`, see [`parse_argument`]; an empty one counts as not set, because a chart renders an
/// unset variable so. `job_name` is `JOB_NAME`; an empty one is an error, because it comes from a missing label, and the date in the name is lost.
///
/// # Errors
/// [`Code::Usage`] if either has no valid day, or if they disagree.
pub fn choose(
    argument: Option<&str>,
    job_name: Option<&str>,
    now: DateTime<Utc>,
    tz: Tz,
) -> Result<DayChoice, Failure> {
    let today = now.with_timezone(&tz).date_naive();
    let argument = argument.map(str::trim).filter(|text| !text.is_empty());
    let requested = argument.map(|text| parse_argument(text, today)).transpose()?;
    let named = job_name.map(|name| name::parse(name, now).map(|named| (named, name.to_owned()))).transpose()?;
    let (days, origin) = match (requested, named) {
        (Some(requested), Some((named, name))) => {
            check_agreement(requested, named, &name, tz)?;
            (requested, DayOrigin::Argument)
        }
        (Some(requested), None) => (requested, DayOrigin::Argument),
        (None, Some((DaysInName::Days(days), name))) => (days, DayOrigin::JobName(name)),
        (None, Some((DaysInName::Scheduled(instant), name))) => {
            (Days::One(day_before(instant, tz)), DayOrigin::Schedule(name))
        }
        (None, Some((DaysInName::Manual(instant), name))) => {
            (Days::One(day_before(instant, tz)), DayOrigin::Manual(name))
        }
        (None, None) => (Days::One(day_before(now, tz)), DayOrigin::Yesterday),
    };
    Ok(DayChoice { days, origin })
}

/// The day before `instant` in the city.
fn day_before(instant: DateTime<Utc>, tz: Tz) -> NaiveDate {
    let day = instant.with_timezone(&tz).date_naive();
    day.checked_sub_days(Later::new(1)).unwrap_or(day)
}

fn check_agreement(requested: Days, named: DaysInName, name: &str, tz: Tz) -> Result<(), Failure> {
    let (agrees, named) = match named {
        DaysInName::Days(days) => (days == requested, days),
        DaysInName::Scheduled(instant) | DaysInName::Manual(instant) => {
            let day = day_before(instant, tz);
            (requested.contains(day), Days::One(day))
        }
    };
    if agrees {
        return Ok(());
    }
    Err(Failure::new(
        Code::Usage,
        format!("the argument or REPORT_DATE is {requested}, but the Job's name means {named}"),
        name::shown(name),
        "Remove the argument and REPORT_DATE, or name the Job after the same days",
    ))
}

/// Parses a day, `FIRST..LAST`, or `all`. A day is `YYYY-MM-DD`, `today`, `yesterday`, or `today-N` with a number of days.
///
/// # Errors
/// [`Code::Usage`]: the text has another form, names a day that does not exist, or ends before it begins.
pub fn parse_argument(text: &str, today: NaiveDate) -> Result<Days, Failure> {
    let invalid = |what: String| Failure::new(Code::Usage, what, "the day (argument or REPORT_DATE)", EXAMPLE);
    if text == "all" {
        return Ok(Days::All);
    }
    let day = |text: &str| match relative(text, today).or_else(|| DayFormat::parse(text)) {
        Some(DayFormat::Day(day)) => Ok(day),
        Some(DayFormat::Impossible) => Err(invalid(format!("there is no day {text}"))),
        None => Err(invalid(format!("`{}` is not a valid day", name::shown(text)))),
    };
    match text.split_once("..") {
        None => day(text).map(Days::One),
        Some((first, last)) => {
            let (first, last) = (day(first)?, day(last)?);
            Days::between(first, last)
                .ok_or_else(|| invalid(format!("the range {first}..{last} ends before it begins")))
        }
    }
}

const EXAMPLE: &str = "Write a day like 2025-11-03 or yesterday, a range like 2025-11-01..2025-11-07, or all";

/// `today`, `yesterday` or `today-N`.
fn relative(text: &str, today: NaiveDate) -> Option<DayFormat> {
    let back = match text {
        "today" => 0,
        "yesterday" => 1,
        _ => {
            let number = text.strip_prefix("today-")?;
            number.bytes().all(|byte| byte.is_ascii_digit()).then(|| number.parse().ok()).flatten()?
        }
    };
    Some(today.checked_sub_days(Later::new(back)).map_or(DayFormat::Impossible, DayFormat::Day))
}

/// Words a failure of [`choose`]: an argument that resembles a command of the program was probably meant as one.
#[must_use]
pub fn explain(failure: &Failure, argument: Option<&str>, job: &Job) -> String {
    let meant = argument.and_then(|text| Some((text.trim(), similar_command(text.trim(), job.commands)?)));
    match meant {
        Some((text, command)) => {
            let (text, program) = (name::shown(text), job.name);
            format!("`{text}` is neither a day nor a command; the nearest command is `{program} {command}`")
        }
        None => failure.to_string(),
    }
}

fn similar_command<'a>(text: &str, commands: &[&'a str]) -> Option<&'a str> {
    let distance = |command: &&str| strsim::damerau_levenshtein(text, command);
    let nearest = commands.iter().copied().min_by_key(distance)?;
    (distance(&nearest) <= 2).then_some(nearest)
}

/// A text of the form `YYYY-MM-DD`.
enum DayFormat {
    Day(NaiveDate),
    /// A day that does not exist, like 2025-02-30.
    Impossible,
}

impl DayFormat {
    /// `None` for any other form.
    fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let has_form = bytes.len() == 10
            && bytes
                .iter()
                .enumerate()
                .all(|(at, byte)| if matches!(at, 4 | 7) { *byte == b'-' } else { byte.is_ascii_digit() });
        if !has_form {
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
