//! Parses the snapshots of a file, in either shape.

use chrono::{DateTime, Utc};
use contract::{Reason, Tz, keys};
use serde_json::Value;

use super::navitia::Page;
use super::record::{Record, Rejection, instant, list, text};
use super::{bulk, navitia};
use crate::raw_file::RawFile;
use crate::source::acceptance::Acceptance;
use crate::source::text::json::Json;

/// The feed of a snapshot. Feeds have different scopes, so absence from one says nothing about another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Feed {
    /// "No news" in either shape.
    NoNews,
    Bulk,
    /// Navitia's `/disruptions`.
    Disruptions,
    /// Navitia's `/line_reports`.
    LineReports,
}

/// The disruptions listed at one time.
#[derive(Debug)]
pub(crate) struct Snapshot {
    /// Physical line on which it begins, from 1.
    pub(crate) line: u64,
    pub(crate) feed: Feed,
    /// Collection time in the body, else the end of the folder's hour.
    pub(crate) collected: DateTime<Utc>,
    /// For Navitia.
    pub(crate) page: Option<Page>,
    /// Entries of `disruptions`, and those rejected whole.
    pub(crate) acceptance: Acceptance,
    /// Records with an id.
    pub(crate) records: Vec<Record>,
    pub(crate) rejections: Vec<Rejection>,
}

/// A snapshot that is empty, truncated or of another source, or that has no usable record.
#[derive(Debug)]
pub(crate) struct UnreadableSnapshot {
    /// Physical line on which it begins, from 1.
    pub(crate) line: u64,
    /// A sentence without a full stop.
    pub(crate) reason: String,
    pub(crate) excerpt: Vec<u8>,
}

/// The snapshots of a file: one, or one per line for `.jsonl` and `.ndjson`.
pub(crate) fn read(file: &RawFile, tz: Tz) -> Vec<Result<Snapshot, UnreadableSnapshot>> {
    let bytes = file.bytes.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(&file.bytes);
    if !keys::is_json_lines(&file.key) {
        return vec![one(bytes, 1, file.collected, tz)];
    }
    let mut found: Vec<_> = bytes
        .split(|byte| *byte == b'\n')
        .zip(1..)
        .filter(|(line, _)| !line.trim_ascii().is_empty())
        .map(|(line, number)| one(line, number, file.collected, tz))
        .collect();
    if found.is_empty() {
        found.push(one(b"", 1, file.collected, tz));
    }
    found
}

fn one(bytes: &[u8], line: u64, folder: Option<DateTime<Utc>>, tz: Tz) -> Result<Snapshot, UnreadableSnapshot> {
    let unreadable =
        |reason: String| UnreadableSnapshot { line, reason, excerpt: bytes.get(..1024).unwrap_or(bytes).to_vec() };
    if bytes.trim_ascii().is_empty() {
        return Err(unreadable("the snapshot is empty".to_owned()));
    }
    let error = match serde_json::from_slice::<Json<'_>>(bytes) {
        Ok(body) => return listed(&body, false, line, folder, tz).map_err(unreadable),
        Err(error) => error,
    };
    // Half of a surrogate pair (a message truncated within an emoji) costs that character, not the file.
    let text = String::from_utf8_lossy(bytes);
    let repaired = matches!(text, std::borrow::Cow::Owned(_));
    let text = without_lone_surrogates(&text);
    let body = serde_json::from_str::<Json<'_>>(&text)
        .map_err(|_| unreadable(format!("the snapshot is not valid JSON or is truncated ({error})")))?;
    listed(&body, repaired, line, folder, tz).map_err(unreadable)
}

/// The snapshot of a body, or why it is unreadable. `repaired`: invalid UTF-8 was replaced in it.
fn listed(
    body: &Json<'_>,
    repaired: bool,
    line: u64,
    folder: Option<DateTime<Utc>>,
    tz: Tz,
) -> Result<Snapshot, String> {
    let feed = feed(body).ok_or("the snapshot has no \"disruptions\" in a known shape")?;
    let collected =
        collected(body, tz).or(folder).ok_or("neither the snapshot nor its folder has a collection time")?;

    let entries = list(body.get("disruptions"));
    let mut snapshot = Snapshot {
        line,
        feed,
        collected,
        page: if feed == Feed::Bulk { None } else { navitia::page(body) },
        acceptance: Acceptance::default(),
        records: Vec::with_capacity(entries.len()),
        rejections: Vec::new(),
    };
    let lines = bulk::Lines::of(body);
    for entry in entries {
        let (records, rejections) = (snapshot.records.len(), snapshot.rejections.len());
        if !entry.is_object() {
            snapshot.rejections.push(Rejection::of(Reason::UnreadableRecord, None, entry));
        } else if repaired && has_replacement(&entry.to_value()) {
            let id = text(entry.get("id")).map(std::borrow::Cow::into_owned);
            snapshot.rejections.push(Rejection::of(Reason::InvalidUtf8, id.as_deref(), entry));
            // It is still listed: it has not ended.
            snapshot.records.extend(id.map(|id| Record { id, content: None }));
        } else {
            let record = match feed {
                Feed::Bulk => bulk::record(entry, &lines, tz, &mut snapshot.rejections),
                _ => navitia::record(entry, tz, &mut snapshot.rejections),
            };
            snapshot.records.extend(record);
        }
        let rejections = snapshot.rejections.get(rejections..).unwrap_or_default();
        let is_usable = snapshot.records.get(records).is_some_and(|record| record.content.is_some());
        let month_first = rejections.iter().find(|rejection| rejection.reason == Reason::MonthFirstDate);
        match month_first.or(rejections.first().filter(|_| !is_usable)) {
            Some(rejection) => snapshot.acceptance.reject(rejection.reason, &rejection.excerpt),
            None => snapshot.acceptance.accept(),
        }
    }
    match snapshot.acceptance.verdict("") {
        Ok(_) => Ok(snapshot),
        Err(error) => Err(format!("the snapshot has {}", error.reason)),
    }
}

/// Replaces escapes of unpaired surrogates by the escape of U+FFFD.
fn without_lone_surrogates(json: &str) -> String {
    let unit = |at: &str| {
        let digits = at.strip_prefix("\\u").and_then(|rest| rest.get(..4))?;
        digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u16::from_str_radix(digits, 16).ok()).flatten()
    };
    let mut clean = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(at) = rest.find('\\') {
        clean.push_str(&rest[..at]);
        rest = &rest[at..];
        let pair = rest.get(6..).and_then(unit);
        let len = match (unit(rest), pair) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => 12,
            (Some(0xD800..=0xDFFF), _) => {
                clean.push_str("\\ufffd");
                rest = &rest[6..];
                continue;
            }
            (Some(_), _) => 6,
            // An escaped backslash is two characters; the second one does not begin an escape.
            (None, _) => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
        };
        clean.push_str(&rest[..len]);
        rest = &rest[len..];
    }
    clean.push_str(rest);
    clean
}

fn has_replacement(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\u{FFFD}'),
        Value::Array(values) => values.iter().any(has_replacement),
        Value::Object(map) => map.iter().any(|(key, value)| key.contains('\u{FFFD}') || has_replacement(value)),
        _ => false,
    }
}

/// The feed of a body; `None` if it is of another source.
fn feed(body: &Json<'_>) -> Option<Feed> {
    let has = |key: &str| body.get(key).is_some_and(|value| *value != Json::Null);
    let disruptions = match body.get("disruptions") {
        Some(Json::List(disruptions)) => disruptions,
        _ if body.get("message").is_some_and(|message| message.as_str() == Some("NO_NEWS_FOUND")) => {
            return Some(Feed::NoNews);
        }
        // A status code is an error of the service, not "no news".
        Some(Json::Null) if !has("statusCode") => return Some(Feed::NoNews),
        _ => return None,
    };
    if has("line_reports") {
        return Some(Feed::LineReports);
    }
    if has("pagination") || has("context") || has("feed_publishers") {
        return Some(Feed::Disruptions);
    }
    if has("lines") || has("lastUpdatedDate") {
        return Some(Feed::Bulk);
    }
    // No envelope: the records decide. An empty list counts as an incomplete answer, which ends no disruption.
    let is_bulk = disruptions
        .iter()
        .any(|record| record.get("applicationPeriods").is_some() || record.get("lastUpdate").is_some());
    Some(if is_bulk { Feed::Bulk } else { Feed::Disruptions })
}

/// Collection time in the body.
fn collected(body: &Json<'_>, tz: Tz) -> Option<DateTime<Utc>> {
    let context = body.get("context");
    let zone =
        context.and_then(|context| text(context.get("timezone"))).and_then(|name| name.parse().ok()).unwrap_or(tz);
    let navitia =
        context.and_then(|context| text(context.get("current_datetime"))).and_then(|time| instant(&time, zone).ok());
    navitia.or_else(|| text(body.get("lastUpdatedDate")).and_then(|time| instant(&time, tz).ok()))
}
