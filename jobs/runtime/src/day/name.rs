//! The days in a Job's name.

use chrono::{DateTime, Utc};

use super::{DayFormat, Days};
use crate::failure::{Code, Failure};

/// Minutes since the epoch from 2020 to 2100; any other number at the end of a name is not a scheduled time.
const SCHEDULED: std::ops::Range<i64> = 26_297_280..68_374_080;

/// The days that a Job's name means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DaysInName {
    /// Written as dates.
    Days(Days),
    /// The minute for which the CronJob controller created the Job.
    Scheduled(DateTime<Utc>),
}

/// A name for a message: on one line, at most 80 characters.
pub(super) fn shown(name: &str) -> String {
    const MAX: usize = 80;
    let mut chars = name.chars();
    let mut text: String = chars.by_ref().take(MAX).collect::<String>().escape_debug().collect();
    if chars.next().is_some() {
        text.push('…');
    }
    text
}

pub(super) fn parse(name: &str) -> Result<DaysInName, Failure> {
    let invalid = |why: &str| {
        Err(Failure::new(
            Code::Usage,
            format!("the Job's name `{}` does not contain a valid day: {why}", shown(name)),
            "JOB_NAME",
            "Name the Job like report-2025-11-03 or report-2025-11-01-to-2025-11-07, optionally with a -suffix",
        ))
    };
    if name.is_empty() {
        return invalid("it is empty");
    }
    // Start, end and day of each date in the name.
    let mut days = Vec::new();
    let mut at = 0;
    while at < name.len() {
        // A date is delimited by hyphens or the ends of the name.
        let begins = at == 0 || name.as_bytes()[at - 1] == b'-';
        let end = at + "YYYY-MM-DD".len();
        let ends = name.len() == end || name.as_bytes().get(end) == Some(&b'-');
        if let Some(date) = name.get(at..end).filter(|_| begins && ends).and_then(DayFormat::parse) {
            match date {
                DayFormat::Day(day) => days.push((at, end, day)),
                DayFormat::Impossible => return invalid(&format!("there is no day {}", &name[at..end])),
            }
            at = end;
        } else {
            at += 1;
        }
    }
    let (first, last, suffix) = match days[..] {
        [] => {
            return scheduled(name)
                .map_or_else(|| invalid("it has no date"), |instant| Ok(DaysInName::Scheduled(instant)));
        }
        [(_, end, day)] => (day, day, &name[end..]),
        [(_, end, first), (start, suffix, last)] if &name[end..start] == "-to-" => (first, last, &name[suffix..]),
        _ => return invalid("it has several dates that are not joined by -to-"),
    };
    if days[0].0 < 2 {
        return invalid("it has nothing before the date");
    }
    if suffix == "-" || suffix.starts_with("-to-") || suffix == "-to" {
        return invalid("the date is followed by neither a suffix nor -to- and another date");
    }
    match Days::between(first, last) {
        Some(days) => Ok(DaysInName::Days(days)),
        None => invalid("the range ends before it begins"),
    }
}

/// The instant of `<anything>-<digits>`.
fn scheduled(name: &str) -> Option<DateTime<Utc>> {
    let (before, digits) = name.rsplit_once('-')?;
    let plain = !before.is_empty() && !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit());
    let minute: i64 = digits.parse().ok().filter(|_| plain)?;
    if SCHEDULED.contains(&minute) { DateTime::from_timestamp(minute * 60, 0) } else { None }
}
