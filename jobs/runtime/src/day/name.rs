//! The days in a Job's name.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};

use super::{DayFormat, Days};
use crate::failure::{Code, Failure};

/// How long before the present a time in a name can lie: longer than any Job is kept. A number that means another time is no time: eight
/// digits may be a day as people write it, or the beginning of a digest.
const PAST: TimeDelta = TimeDelta::days(45);
/// How long after the present, for clocks that differ.
const FUTURE: TimeDelta = TimeDelta::hours(1);
/// As k9s, Lens, kubenav and the Kubernetes dashboard name a Job that a person starts from a CronJob.
const MANUAL: &str = "-manual-";
/// Digits in a row that mean a day or a time, of which none must be overlooked.
const DIGITS: usize = 8;

/// The days that a Job's name means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DaysInName {
    /// Written as dates.
    Days(Days),
    /// The minute for which the CronJob controller created the Job.
    Scheduled(DateTime<Utc>),
    /// A person started the Job from the CronJob: now, or when Argo CD created it.
    Manual(DateTime<Utc>),
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

pub(super) fn parse(name: &str, now: DateTime<Utc>) -> Result<DaysInName, Failure> {
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
        [] => return without_date(name, now).map_or_else(|| invalid("it has no date"), Ok),
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

/// The meaning of a name without a date; `None` if it has none.
fn without_date(name: &str, now: DateTime<Utc>) -> Option<DaysInName> {
    let is_near = |instant: &DateTime<Utc>| (now - PAST..=now + FUTURE).contains(instant);
    if let Some((before, after)) = name.split_once(MANUAL) {
        let named = !before.is_empty() && !after.is_empty() && !has_number(before);
        return named.then_some(DaysInName::Manual(now));
    }
    let (before, digits) = name.rsplit_once('-')?;
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    if before.is_empty() || !plain || has_number(before) {
        return None;
    }
    if digits.len() == "YYYYMMDDHHMM".len() {
        let created = NaiveDateTime::parse_from_str(digits, "%Y%m%d%H%M").ok()?.and_utc();
        return Some(DaysInName::Manual(created)).filter(|_| is_near(&created));
    }
    let minute: i64 = digits.parse().ok().filter(|_| !digits.starts_with('0'))?;
    let scheduled = DateTime::from_timestamp(minute.checked_mul(60)?, 0)?;
    Some(DaysInName::Scheduled(scheduled)).filter(|_| is_near(&scheduled))
}

/// Whether [`DIGITS`] digits or more follow each other.
fn has_number(text: &str) -> bool {
    text.split(|letter: char| !letter.is_ascii_digit()).any(|digits| digits.len() >= DIGITS)
}
