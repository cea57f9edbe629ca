//! Dates and times as the sources write them.

use chrono::{NaiveDate, NaiveDateTime};

/// A time without an offset: `YYYY-MM-DDTHH:MM[:SS[.f]]`, with a space or a T.
pub(crate) fn local_time(text: &str) -> Option<NaiveDateTime> {
    ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
}

/// `YYYY-MM-DD`, or `DD/MM/YYYY` as in older exports.
pub(crate) fn calendar_date(text: &str) -> Option<NaiveDate> {
    let (year, month, day) = match text.as_bytes() {
        [_, _, _, _, b'-', _, _, b'-', _, _] => (text.get(..4)?, text.get(5..7)?, text.get(8..)?),
        [_, _, b'/', _, _, b'/', _, _, _, _] => (text.get(6..)?, text.get(3..5)?, text.get(..2)?),
        _ => return None,
    };
    // `parse` accepts a sign.
    if ![year, month, day].iter().all(|part| part.bytes().all(|byte| byte.is_ascii_digit())) {
        return None;
    }
    NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
}
