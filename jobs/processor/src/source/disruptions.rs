//! Transit disruptions (`traffic`): snapshots in two shapes become the disruptions of a day.
//!
//! Shapes: Navitia's `/disruptions` and `/line_reports` ([`navitia`]) and the bulk file ([`bulk`]), published by Île-de-France Mobilités.
//! A snapshot lists what was known when it was collected; the disruptions of a day are merged from all snapshots ([`versions`]).
//! "No news" is a valid answer. A snapshot that is empty, truncated or of another shape is counted, and does not end any disruption.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use contract::document::disruptions::{Mode, Scope, Severity};
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

/// The impacted objects of a disruption.
#[derive(Debug, Clone, Default)]
struct ImpactedObjects {
    /// Those that belong to a line.
    lines: BTreeMap<LineKey, Scope>,
    /// The widest of the others, such as stops and networks.
    other: Option<Scope>,
}

impl ImpactedObjects {
    /// Adds an object; `None` is one that names no line.
    fn add(&mut self, line: Option<LineKey>, scope: Scope) {
        match line {
            Some(line) => {
                let known = self.lines.entry(line).or_insert(scope);
                *known = scope.min(*known);
            }
            None => self.other = Some(self.other.map_or(scope, |known| scope.min(known))),
        }
    }

    /// The lines of a disruption, each with what is affected of it, and the widest of all: the lines of the objects; if there are none,
    /// those named in the title; if there are none, those named in the messages, which also mention alternative lines. A line that only the
    /// text names is affected as far as the objects say, and as a whole without any. A lift failure affects no line.
    fn affected(self, lift: bool, title: Option<&str>, messages: &[String]) -> (BTreeMap<LineKey, Scope>, Scope) {
        if lift {
            return (BTreeMap::new(), Scope::Equipment);
        }
        let mut lines = self.lines;
        if lines.is_empty() {
            let mut named: BTreeSet<LineKey> = title.map(named::lines).unwrap_or_default();
            if named.is_empty() {
                named = messages.iter().flat_map(|message| named::lines(message)).collect();
            }
            lines = named.into_iter().map(|line| (line, self.other.unwrap_or(Scope::Line))).collect();
        }
        let widest = lines.values().copied().chain(self.other).min();
        (lines, widest.unwrap_or(Scope::Line))
    }
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

    /// The lines of which more than a stop is affected.
    pub(crate) fn disrupted_lines(&self) -> impl Iterator<Item = &LineKey> {
        self.content.lines.iter().filter(|(_, scope)| scope.disrupts_line()).map(|(line, _)| line)
    }

    /// Whether one of its lines is a rail line.
    #[must_use]
    pub(crate) fn is_rail(&self) -> bool {
        self.modes().any(Mode::is_rail)
    }

    /// The modes of its lines, each once.
    pub(crate) fn modes(&self) -> impl Iterator<Item = Mode> {
        let modes: BTreeSet<Mode> = self.content.lines.keys().map(|(mode, _)| *mode).collect();
        modes.into_iter()
    }
}
