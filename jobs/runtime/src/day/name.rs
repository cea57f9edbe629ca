//! The days that a Job's name carries.

use chrono::{DateTime, Utc};

use super::{Days, Spelled};
use crate::failure::{Code, Failure};

/// Minutes since the epoch at the beginning of 2020 and of 2100: outside them a number at the end of a name is something else.
const SCHEDULED: std::ops::Range<i64> = 26_297_280..68_374_080;

/// What a Job's name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    /// Days, spelled out.
    Days(Days),
    /// The minute for which the CronJob controller made the Job.
    Scheduled(DateTime<Utc>),
}

/// A name for a message: one line, not too long.
pub(super) fn shown(name: &str) -> String {
    const LONGEST: usize = 80;
    let mut chars = name.chars();
    let mut text: String = chars.by_ref().take(LONGEST).collect::<String>().escape_debug().collect();
    if chars.next().is_some() {
        text.push('…');
    }
    text
}

/// Reads a Job's name.
pub(super) fn read(name: &str) -> Result<Named, Failure> {
    let refuse = |why: &str| {
        Err(Failure::new(
            Code::Usage,
            format!("the Job's name `{}` does not say the day: {why}", shown(name)),
            "JOB_NAME",
            "Name the Job like report-2025-11-03 or report-2025-11-01-to-2025-11-07, with a -suffix if you like",
        ))
    };
    if name.is_empty() {
        return refuse("it is empty");
    }
    // The parts of the name before, between and after the days it spells out.
    let mut days = Vec::new();
    let mut at = 0;
    while at < name.len() {
        // A day stands between hyphens or the ends of the name.
        let begins = at == 0 || name.as_bytes()[at - 1] == b'-';
        let end = at + "YYYY-MM-DD".len();
        let ends = name.len() == end || name.as_bytes().get(end) == Some(&b'-');
        if let Some(spelled) = name.get(at..end).filter(|_| begins && ends).and_then(Spelled::read) {
            match spelled {
                Spelled::Day(day) => days.push((at, end, day)),
                Spelled::Impossible => return refuse(&format!("there is no day {}", &name[at..end])),
            }
            at = end;
        } else {
            at += 1;
        }
    }
    let (first, last, suffix) = match days[..] {
        [] => {
            return scheduled(name)
                .map_or_else(|| refuse("it has no day in it"), |instant| Ok(Named::Scheduled(instant)));
        }
        [(_, end, day)] => (day, day, &name[end..]),
        [(_, end, first), (start, suffix, last)] if &name[end..start] == "-to-" => (first, last, &name[suffix..]),
        _ => return refuse("it has several days in it, which no -to- joins"),
    };
    if days[0].0 < 2 {
        return refuse("nothing stands before the day");
    }
    if suffix == "-" || suffix.starts_with("-to-") || suffix == "-to" {
        return refuse("what follows the day is neither a suffix nor -to- and another day");
    }
    match Days::between(first, last) {
        Some(days) => Ok(Named::Days(days)),
        None => refuse("the range runs backwards"),
    }
}

/// The instant of `<anything>-<digits>`.
fn scheduled(name: &str) -> Option<DateTime<Utc>> {
    let (before, digits) = name.rsplit_once('-')?;
    let plain = !before.is_empty() && !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit());
    let minute: i64 = digits.parse().ok().filter(|_| plain)?;
    if SCHEDULED.contains(&minute) { DateTime::from_timestamp(minute * 60, 0) } else { None }
}
