//! A disruption in one snapshot: the common form of both shapes.
//!
//! Versions are compared in [`super::versions`], figures are computed in [`crate::indicator::disruptions`].

use std::borrow::Cow;
use std::collections::BTreeMap;

use chrono::{DateTime, Timelike as _, Utc};
use contract::document::disruptions::{Scope, Severity};
use contract::{Reason, Tz};

use crate::source::text::json::Json;
use crate::source::text::timestamp::Timestamp;
use crate::transit_line::LineKey;

/// A period of a disruption, begin inclusive, end exclusive; `None` is an unknown end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ActivePeriod {
    pub(crate) begin: DateTime<Utc>,
    pub(crate) end: Option<DateTime<Utc>>,
}

/// The content of a disruption in one snapshot. Equal contents are repeats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DisruptionContent {
    /// Last change by the publisher.
    pub(crate) updated: Option<DateTime<Utc>>,
    pub(crate) severity: Severity,
    pub(crate) cause: Option<String>,
    /// Plain text.
    pub(crate) title: Option<String>,
    /// Plain text.
    pub(crate) message: Option<String>,
    /// Affected lines, and what is affected of each.
    pub(crate) lines: BTreeMap<LineKey, Scope>,
    /// The widest of its lines and of the impacted objects that name no line.
    pub(crate) scope: Scope,
    /// By begin, with distinct begins; never empty.
    pub(crate) periods: Vec<ActivePeriod>,
}

/// One record of a snapshot.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) id: String,
    /// `None` if the record was rejected. It is still listed, so it has not ended.
    pub(crate) content: Option<DisruptionContent>,
}

/// A record or a value of one that was not used.
#[derive(Debug)]
pub(crate) struct Rejection {
    pub(crate) reason: Reason,
    /// Used to locate the record in its file.
    pub(crate) id: Option<String>,
    /// JSON of the record or value.
    pub(crate) excerpt: Vec<u8>,
}

impl Rejection {
    pub(crate) fn of(reason: Reason, id: Option<&str>, value: &Json<'_>) -> Self {
        Self { reason, id: id.map(str::to_owned), excerpt: serde_json::to_vec(&value.to_value()).unwrap_or_default() }
    }
}

/// A text or number as text; `None` if missing or blank.
pub(crate) fn text<'a>(value: Option<&'a Json<'_>>) -> Option<Cow<'a, str>> {
    value?.text()
}

/// The entries of a list; empty for other types.
pub(crate) fn list<'v, 'a>(value: Option<&'v Json<'a>>) -> &'v [Json<'a>] {
    value.map_or(&[], Json::items)
}

/// Whether a tag marks a lift failure, which affects no train, whatever its published severity.
pub(crate) fn is_lift_failure(record: &Json<'_>) -> bool {
    list(record.get("tags"))
        .iter()
        .any(|tag| tag.as_str().is_some_and(|tag| tag.trim().eq_ignore_ascii_case("ascenseur")))
}

/// The periods of a record, by begin; invalid ones become rejections. Of two periods with the same begin the later end counts.
pub(crate) fn parse_periods(
    periods: &[Json<'_>],
    id: &str,
    tz: Tz,
    rejections: &mut Vec<Rejection>,
) -> Vec<ActivePeriod> {
    let mut found: BTreeMap<DateTime<Utc>, Option<DateTime<Utc>>> = BTreeMap::new();
    for period in periods {
        match parse_period(period, tz) {
            Ok(period) => {
                found
                    .entry(period.begin)
                    .and_modify(|end| *end = end.zip(period.end).map(|(one, other)| one.max(other)))
                    .or_insert(period.end);
            }
            Err(reason) => rejections.push(Rejection::of(reason, Some(id), period)),
        }
    }
    found.into_iter().map(|(begin, end)| ActivePeriod { begin, end }).collect()
}

/// A missing end is open; an unreadable end is a rejection.
fn parse_period(period: &Json<'_>, tz: Tz) -> Result<ActivePeriod, Reason> {
    let begin = instant(&text(period.get("begin")).ok_or(Reason::UnreadableDate)?, tz)?;
    let end = match period.get("end") {
        None | Some(Json::Null) => None,
        Some(Json::Text(blank)) if blank.trim().is_empty() => None,
        given => Some(instant(&text(given).ok_or(Reason::UnreadableDate)?, tz)?),
    };
    if end.is_some_and(|end| end < begin) {
        return Err(Reason::ReversedPeriod);
    }
    Ok(ActivePeriod { begin, end })
}

/// The instant of a published time, to the second.
///
/// # Errors
/// As [`Timestamp::instant`].
pub(crate) fn instant(text: &str, tz: Tz) -> Result<DateTime<Utc>, Reason> {
    let instant = Timestamp::parse(text)?.instant(tz)?;
    Ok(instant.with_nanosecond(0).unwrap_or(instant))
}

#[cfg(test)]
mod tests {
    use contract::Tz;
    use serde_json::json;

    use super::*;

    fn read(text: &str) -> Result<String, Reason> {
        instant(text, Tz::PARIS).map(|instant| instant.to_rfc3339())
    }

    #[test]
    fn times_without_an_offset_are_local() {
        assert_eq!(read("20240415T141200").unwrap(), "2024-04-15T12:12:00+00:00");
        assert_eq!(read("2024-04-15T14:12:00").unwrap(), "2024-04-15T12:12:00+00:00");
        assert_eq!(read("2024-04-22T21:57:49.410Z").unwrap(), "2024-04-22T21:57:49+00:00");
        assert_eq!(read("20240415T141200Z").unwrap(), "2024-04-15T14:12:00+00:00");
        assert_eq!(read("20240415T141200+0200").unwrap(), "2024-04-15T12:12:00+00:00");
    }

    #[test]
    fn skipped_local_time_is_rejected_and_repeated_one_is_the_later() {
        assert_eq!(read("20240331T023000"), Err(Reason::NonexistentTime));
        assert_eq!(read("20241027T023000").unwrap(), "2024-10-27T01:30:00+00:00");
    }

    #[test]
    fn invalid_times_are_rejected() {
        for wrong in ["", "hier", "20241327T000000", "+262142-01-01T00:00:00Z", "00010101T000000", "2024"] {
            assert_eq!(read(wrong), Err(Reason::UnreadableDate), "{wrong}");
        }
    }

    #[test]
    fn later_end_in_time_holds_for_one_begin() {
        // On the wall the first end is the later one.
        let periods = r#"[{"begin": "20241027T010000", "end": "2024-10-27T02:45:00+02:00"},
            {"begin": "2024-10-26T23:00:00Z", "end": "2024-10-27T02:15:00+01:00"}]"#;
        let periods: Vec<Json<'_>> = serde_json::from_str(periods).unwrap();
        let mut rejections = Vec::new();
        let found = parse_periods(&periods, "a", Tz::PARIS, &mut rejections);
        assert_eq!((found.len(), rejections.len()), (1, 0));
        assert_eq!(found[0].end.unwrap().to_rfc3339(), "2024-10-27T01:15:00+00:00");
    }

    #[test]
    fn periods_are_sorted_and_inverted_ones_rejected() {
        let periods = [
            json!({"begin": "20240502T100000", "end": "20240502T110000"}),
            json!({"begin": "20240501T100000"}),
            json!({"begin": "20240502T100000", "end": "20240502T120000"}),
            json!({"begin": "20240503T100000", "end": "20240503T090000"}),
            json!({"begin": "20240504T100000", "end": "tard"}),
            json!({"end": "20240504T100000"}),
            json!(12),
        ];
        let mut rejections = Vec::new();
        let text = serde_json::to_string(&periods).unwrap();
        let periods: Vec<Json<'_>> = serde_json::from_str(&text).unwrap();
        let periods = parse_periods(&periods, "a", Tz::PARIS, &mut rejections);
        assert_eq!(periods.len(), 2);
        assert_eq!(periods[0].end, None);
        assert_eq!(periods[1].end, Some(instant("20240502T120000", Tz::PARIS).unwrap()));
        let reasons: Vec<_> = rejections.iter().map(|rejection| rejection.reason).collect();
        use Reason::{ReversedPeriod, UnreadableDate};
        assert_eq!(reasons, [ReversedPeriod, UnreadableDate, UnreadableDate, UnreadableDate]);
    }
}
