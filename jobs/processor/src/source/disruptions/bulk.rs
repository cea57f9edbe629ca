//! The bulk shape: a list `disruptions`, and a list `lines` with the ids of their disruptions. One file is the whole feed.

use std::borrow::Cow;
use std::collections::BTreeMap;

use contract::document::disruptions::{Scope, Severity};

use super::record::{DisruptionContent, Record, Rejection, instant, is_lift_failure, list, parse_periods, text};
use super::{ImpactedObjects, text::plain, usable_id};
use crate::source::reference::lines::mode_of;
use crate::source::text::json::Json;
use crate::transit_line::{LineKey, canonical_code};
use contract::{Reason, Tz};

/// The list `lines` of a file.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    /// By id of the line; without those whose mode is missing, because codes alone are ambiguous.
    known: BTreeMap<String, LineKey>,
    /// By id of the disruption.
    impacted: BTreeMap<String, ImpactedObjects>,
}

impl Lines {
    pub(crate) fn of(body: &Json<'_>) -> Self {
        let mut lines = Self::default();
        for line in list(body.get("lines")) {
            let mode = text(line.get("mode")).as_deref().and_then(mode_of);
            let code = text(line.get("shortName")).or_else(|| text(line.get("name")));
            let key = mode.zip(code).map(|(mode, code)| (mode, canonical_code(mode, &code)));
            if let Some((id, key)) = text(line.get("id")).zip(key.clone()) {
                lines.known.insert(id.into_owned(), key);
            }
            for object in list(line.get("impactedObjects")) {
                let scope = match &*text(object.get("type")).unwrap_or_default() {
                    "line" | "network" => Scope::Line,
                    "line_section" | "rail_section" => Scope::Section,
                    _ => Scope::Stop,
                };
                for id in list(object.get("disruptionIds")).iter().filter_map(Json::text) {
                    lines.impacted.entry(id.into_owned()).or_default().add(key.clone(), scope);
                }
            }
        }
        lines
    }

    /// The impacted objects of a disruption: those that lines list for it, and the sections that it lists itself.
    fn impacted(&self, id: &str, record: &Json<'_>) -> ImpactedObjects {
        let mut impacted = self.impacted.get(id).cloned().unwrap_or_default();
        for section in list(record.get("impactedSections")) {
            let line = text(section.get("lineId")).and_then(|id| self.known.get(&*id));
            impacted.add(line.cloned(), Scope::Section);
        }
        impacted
    }
}

/// One disruption of the file; `None` if it has no id.
pub(crate) fn record(record: &Json<'_>, lines: &Lines, tz: Tz, rejections: &mut Vec<Rejection>) -> Option<Record> {
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
    let (lines, scope) = lines.impacted(&id, record).affected(lift, title.as_deref(), message.as_slice());
    let content = DisruptionContent {
        updated: text(record.get("lastUpdate")).and_then(|time| instant(&time, tz).ok()),
        severity: if lift { Severity::Low } else { severity(text(record.get("severity")).as_deref()) },
        cause: text(record.get("cause")).map(Cow::into_owned),
        lines,
        scope,
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
