//! The Navitia shape: `/disruptions` and `/line_reports`, disruptions at the top of both, in pages.

use std::borrow::Cow;

use contract::document::disruptions::{Mode, Scope, Severity};
use contract::{Reason, Tz};

use super::record::{DisruptionContent, Record, Rejection, instant, is_lift_failure, list, parse_periods, text};
use super::text::plain;
use super::{ImpactedObjects, named, usable_id};
use crate::source::reference::lines::mode_of;
use crate::source::text::json::Json;
use crate::transit_line::{LineKey, canonical_code};

/// Position of a page within a paginated answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Page {
    /// From 0.
    pub(crate) number: u64,
    /// Number of pages in the answer.
    pub(crate) of: u64,
    /// Number of disruptions in the answer.
    pub(crate) total: u64,
}

/// The page number in a body; `None` if it has none, so that the answer may be incomplete.
pub(crate) fn page(body: &Json<'_>) -> Option<Page> {
    let pagination = body.get("pagination")?;
    let number = |key: &str| pagination.get(key).and_then(Json::as_u64);
    let per_page = number("items_per_page").unwrap_or(0).max(1);
    let total = number("total_result")?;
    Some(Page { number: number("start_page").unwrap_or(0), of: total.div_ceil(per_page).max(1), total })
}

/// One disruption of a page; `None` if it has no id.
pub(crate) fn record(record: &Json<'_>, tz: Tz, rejections: &mut Vec<Rejection>) -> Option<Record> {
    let id = usable_id(record, rejections)?;
    let periods = parse_periods(list(record.get("application_periods")), &id, tz, rejections);
    if periods.is_empty() {
        rejections.push(Rejection::of(Reason::NoPeriod, Some(&id), record));
        return Some(Record { id, content: None });
    }
    let lift = is_lift_failure(record);
    let (title, messages) = messages(record);
    let effect = record.get("severity").and_then(|severity| text(severity.get("effect")));
    let (lines, scope) = impacted_objects(record).affected(lift, title.as_deref(), &messages);
    let different = messages.iter().position(|message| title.as_ref() != Some(message)).unwrap_or(0);
    let content = DisruptionContent {
        updated: text(record.get("updated_at")).and_then(|time| instant(&time, tz).ok()),
        severity: if lift { Severity::Low } else { severity(effect.as_deref()) },
        cause: text(record.get("cause")).map(Cow::into_owned),
        message: messages.into_iter().nth(different),
        title,
        lines,
        scope,
        periods,
    };
    Some(Record { id, content: Some(content) })
}

/// By effect, never by `priority`, an agency-specific number of which 0 is the highest.
fn severity(effect: Option<&str>) -> Severity {
    match effect {
        Some("NO_SERVICE") => Severity::Critical,
        Some("SIGNIFICANT_DELAYS" | "REDUCED_SERVICE") => Severity::High,
        Some("DETOUR" | "MODIFIED_SERVICE" | "STOP_MOVED") => Severity::Medium,
        _ => Severity::Low,
    }
}

/// The title (the message on the channel of type `title`) and the other messages, as plain text without blank ones.
fn messages(record: &Json<'_>) -> (Option<String>, Vec<String>) {
    let (mut title, mut others) = (None, Vec::new());
    for message in list(record.get("messages")) {
        let Some(plain) = text(message.get("text")).map(|raw| plain(&raw)).filter(|plain| !plain.is_empty()) else {
            continue;
        };
        let types = message.get("channel").map_or(&[] as &[Json<'_>], |channel| list(channel.get("types")));
        if types.iter().any(|kind| kind.as_str() == Some("title")) {
            title.get_or_insert(plain);
        } else {
            others.push(plain);
        }
    }
    (title, others)
}

/// The impacted objects: a line or network as a whole, unless the object limits it to a section; a route is no more than its stops.
fn impacted_objects(record: &Json<'_>) -> ImpactedObjects {
    let mut impacted = ImpactedObjects::default();
    for object in list(record.get("impacted_objects")) {
        let Some(target) = object.get("pt_object") else { continue };
        let given = |key: &str| object.get(key).is_some_and(|value| *value != Json::Null);
        let scope = if given("impacted_section") || given("impacted_rail_section") {
            Scope::Section
        } else if target.get("line").is_some() || target.get("network").is_some() {
            Scope::Line
        } else {
            Scope::Stop
        };
        let routed = target.get("route").and_then(|route| route.get("line"));
        let line = target.get("line").or(routed);
        let keys = line.map(|line| keys(line, text(target.get("name")).as_deref())).unwrap_or_default();
        if keys.is_empty() {
            impacted.add(None, scope);
        }
        for key in keys {
            impacted.add(Some(key), scope);
        }
    }
    impacted
}

/// Mode and code of a line; if one is missing, the lines that its name mentions ("Métro 1").
fn keys(line: &Json<'_>, name: Option<&str>) -> Vec<LineKey> {
    let commercial = line.get("commercial_mode");
    let physical = list(line.get("physical_modes")).first();
    let words = [commercial, physical].into_iter().flatten().flat_map(|mode| [mode.get("id"), mode.get("name")]);
    let modes: Vec<Mode> = words.filter_map(|word| text(word).as_deref().and_then(mode_of)).collect();
    let mode = modes.iter().copied().find(|mode| *mode != Mode::Other).or(modes.first().copied());
    match (mode, text(line.get("code"))) {
        (Some(mode), Some(code)) => vec![(mode, canonical_code(mode, &code))],
        _ => named::lines(name.unwrap_or_default()).into_iter().collect(),
    }
}
