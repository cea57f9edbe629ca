//! Transit disruptions (`traffic`): snapshots in two shapes become the disruptions of a day.
//!
//! Shapes: Navitia's `/disruptions` and `/line_reports` ([`navitia`]) and the bulk file ([`bulk`]), published by Île-de-France Mobilités.
//! A snapshot lists what was known when it was collected; the disruptions of a day are merged from all snapshots ([`versions`]).
//! "No news" is a valid answer. A snapshot that is empty, truncated or of another shape is counted, and does not end any disruption.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use contract::document::disruptions::Severity;
use contract::reason::Reason;

use crate::source::text::json::Json;
use crate::transit_line::LineKey;

mod bulk;
pub(crate) mod named;
mod navitia;
pub(crate) mod parsed;
pub(crate) mod record;
mod snapshot;
pub(crate) mod text;
pub(crate) mod versions;

pub(crate) use parsed::{ParsedFile, parse};
pub(crate) use record::ActivePeriod;
pub(crate) use versions::MergedDisruption;

use record::{Rejection, text};

/// The id of a record; a record without an id is rejected.
fn usable_id(record: &Json<'_>, rejections: &mut Vec<Rejection>) -> Option<String> {
    let id = text(record.get("id")).map(Cow::into_owned);
    if id.is_none() {
        rejections.push(Rejection::of(Reason::MissingId, None, record));
    }
    id
}

/// The lines of a disruption: those of its impacted objects; if there are none, those named in its title; if there are none, those named
/// in its messages, which also mention alternative lines. A lift failure affects no line. The value says whether the line itself is affected.
fn lines_of(
    lift: bool,
    impacted: BTreeMap<LineKey, bool>,
    title: Option<&str>,
    messages: &[String],
) -> BTreeMap<LineKey, bool> {
    if lift {
        return BTreeMap::new();
    }
    if !impacted.is_empty() {
        return impacted;
    }
    let mut named: BTreeSet<LineKey> = title.map(named::lines).unwrap_or_default();
    if named.is_empty() {
        named = messages.iter().flat_map(|message| named::lines(message)).collect();
    }
    // A line that is only named may be affected at one stop.
    named.into_iter().map(|key| (key, false)).collect()
}

impl ActivePeriod {
    /// Whether it overlaps `[from, to)`.
    #[must_use]
    pub(crate) fn touches(&self, from: chrono::DateTime<chrono::Utc>, to: chrono::DateTime<chrono::Utc>) -> bool {
        self.begin < to && self.end.is_none_or(|end| end > from && end > self.begin)
    }
}

impl MergedDisruption {
    #[must_use]
    pub(crate) fn severity(&self) -> Severity {
        self.content.severity
    }

    /// CRITIQUE or ELEVEE.
    #[must_use]
    pub(crate) fn is_serious(&self) -> bool {
        matches!(self.severity(), Severity::Critical | Severity::High)
    }
}
