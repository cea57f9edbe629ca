//! The bulk shape: a list `disruptions`, and a list `lines` with the ids of their disruptions. One file is the whole feed.

use std::borrow::Cow;
use std::collections::BTreeMap;

use chrono_tz::Tz;
use contract::document::disruptions::Severity;

use super::record::{DisruptionContent, Record, Rejection, instant, is_lift_failure, list, parse_periods, text};
use super::{lines_of, text::plain, usable_id};
use crate::source::reference::lines::mode_of;
use crate::source::text::json::Json;
use crate::transit_line::{LineKey, canonical_code};
use contract::Reason;

/// By disruption id: its lines, and whether the line itself or a section of it is affected.
pub(crate) type AffectedLines = BTreeMap<String, BTreeMap<LineKey, bool>>;

/// The affected lines of each disruption. Lines without a mode are skipped, because codes alone are ambiguous.
pub(crate) fn affected(body: &Json<'_>) -> AffectedLines {
    let mut affected = AffectedLines::new();
    for line in list(body.get("lines")) {
        let Some(mode) = text(line.get("mode")).as_deref().and_then(mode_of) else { continue };
        let Some(code) = text(line.get("shortName")).or_else(|| text(line.get("name"))) else { continue };
        let key = (mode, canonical_code(mode, &code));
        for object in list(line.get("impactedObjects")) {
            let kind = text(object.get("type")).unwrap_or_default();
            let whole = matches!(&*kind, "line" | "line_section" | "rail_section");
            for id in list(object.get("disruptionIds")).iter().filter_map(Json::text) {
                *affected.entry(id.into_owned()).or_default().entry(key.clone()).or_default() |= whole;
            }
        }
    }
    affected
}

/// One disruption of the file; `None` if it has no id.
pub(crate) fn record(
    record: &Json<'_>,
    affected: &AffectedLines,
    tz: Tz,
    rejections: &mut Vec<Rejection>,
) -> Option<Record> {
    let id = usable_id(record, rejections)?;
    let periods = parse_periods(list(record.get("applicationPeriods")), &id, tz, rejections);
    if periods.is_empty() {
        rejections.push(Rejection::of(Reason::NoPeriod, Some(&id), record));
        return Some(Record { id, content: None });
    }
    let lift = is_lift_failure(record);
    let plain = |key: &str| text(record.get(key)).map(|raw| plain(&raw)).filter(|plain| !plain.is_empty());
    let title = plain("title");
    let message = plain("message").or_else(|| plain("shortMessage"));
    let content = DisruptionContent {
        updated: text(record.get("lastUpdate")).and_then(|time| instant(&time, tz).ok()),
        severity: if lift { Severity::Low } else { severity(text(record.get("severity")).as_deref()) },
        cause: text(record.get("cause")).map(Cow::into_owned),
        lines: lines_of(lift, affected.get(&id).cloned().unwrap_or_default(), title.as_deref(), message.as_slice()),
        title,
        message,
        periods,
    };
    Some(Record { id, content: Some(content) })
}

/// Unknown words are information.
fn severity(word: Option<&str>) -> Severity {
    match word.map(str::to_uppercase).as_deref() {
        Some("BLOQUANTE") => Severity::Critical,
        Some("PERTURBEE" | "PERTURBÉE") => Severity::High,
        _ => Severity::Low,
    }
}
