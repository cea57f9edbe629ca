//! The spans of a trace in tree order: each once, below its parent if the file has it. Handles incomplete traces and cycles of parents.

use std::collections::{HashMap, HashSet};

use super::text::Label;
use super::{Span, Trace};

/// Attributes that distinguish a span from others of the same name, in display order.
const DISTINCTIVE: [&str; 8] = ["days", "day", "source", "indicator", "key", "aws.s3.key", "status", "outcome"];
/// Deepest level that is drawn.
const MAX_DEPTH: usize = 40;

/// A line of the tree.
#[derive(Debug, Default)]
pub(super) struct Row {
    /// Index in the trace.
    pub(super) span: usize,
    /// Index of the parent in the trace.
    pub(super) parent: Option<usize>,
    /// Whether it is the last of its siblings.
    pub(super) last: bool,
    /// For each level down to this row, whether its vertical line continues below; the last is the row itself.
    pub(super) open: Vec<bool>,
    /// Its ancestors, whose attributes are not repeated.
    ancestors: Vec<usize>,
}

/// The rows of a trace; siblings are ordered by their start.
pub(super) fn of(trace: &Trace) -> Vec<Row> {
    let spans = &trace.spans;
    let index_of: HashMap<&str, usize> =
        spans.iter().enumerate().map(|(place, span)| (span.id.as_str(), place)).collect();
    let parent = |span: &Span| span.parent.as_deref().and_then(|id| index_of.get(id)).copied();
    let mut order: Vec<usize> = (0..spans.len()).collect();
    order.sort_by_key(|place| {
        let span = &spans[*place];
        (span.start, u64::MAX - span.end, &span.name, &span.id)
    });
    let mut children: HashMap<usize, Vec<usize>> = HashMap::new();
    let mut tops = Vec::new();
    for place in &order {
        match parent(&spans[*place]) {
            Some(parent) => children.entry(parent).or_default().push(*place),
            None => tops.push(*place),
        }
    }
    let mut rows = Vec::with_capacity(spans.len());
    let mut done = vec![false; spans.len()];
    for start in tops.into_iter().chain(order) {
        if done[start] {
            continue;
        }
        // A span that no root leads to is below a cycle, which is opened at the first repeated span on the way up.
        let (mut top, mut seen) = (start, HashSet::new());
        while let Some(above) = parent(&spans[top]).filter(|_| seen.insert(top)) {
            top = above;
        }
        let mut waiting = vec![Row { span: top, last: true, ..Row::default() }];
        while let Some(row) = waiting.pop() {
            if std::mem::replace(&mut done[row.span], true) {
                continue;
            }
            let below: Vec<_> =
                children.get(&row.span).into_iter().flatten().copied().filter(|child| !done[*child]).collect();
            for (back, child) in below.iter().rev().enumerate() {
                let (mut open, mut ancestors) = (row.open.clone(), row.ancestors.clone());
                if open.len() < MAX_DEPTH {
                    open.push(back > 0);
                    ancestors.push(row.span);
                }
                waiting.push(Row { span: *child, parent: Some(row.span), last: back == 0, open, ancestors });
            }
            rows.push(row);
        }
    }
    rows
}

impl Row {
    /// 0 for a root.
    pub(super) fn depth(&self) -> usize {
        self.open.len()
    }

    /// Name, the distinctive attributes that no ancestor shows already, and remarks. `failed` is the mark of a failure.
    pub(super) fn label(&self, trace: &Trace, failed: &str) -> Label {
        let span = &trace.spans[self.span];
        // With a prefix in the bucket, the key in the store ends with the key that the job uses.
        let same = |value: &str, shown: &str| {
            value.strip_suffix(shown).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
        };
        let above = |value: &str| {
            let above = self.ancestors.iter().flat_map(|place| &trace.spans[*place].attributes);
            above.filter(|(key, _)| DISTINCTIVE.contains(&key.as_str())).any(|(_, shown)| same(value, shown))
        };
        let mut details: Vec<_> = distinctive(span).filter(|value| !above(value)).collect();
        // A key that contains the name of the source makes the source redundant.
        if let Some(last) = details.last().copied() {
            details.retain(|value| *value == last || !last.contains(value));
        }
        let mut marks = Vec::new();
        if let Some(count) = span.attributes.get("http.request.resend_count").filter(|count| *count != "0") {
            marks.push(format!("{count} {}", if count == "1" { "retry" } else { "retries" }));
        }
        if span.interrupted() {
            marks.push("interrupted".to_owned());
        }
        let failed = if span.error.is_some() { failed } else { "" };
        Label { name: format!("{failed}{}", span.name), detail: details.join(" "), marks: marks.join(", ") }
    }

    /// Percentage of the parent's duration; `None` if the span is not within its parent's time.
    pub(super) fn share(&self, trace: &Trace) -> Option<u64> {
        let (span, parent) = (&trace.spans[self.span], &trace.spans[self.parent?]);
        let whole = parent.end - parent.start;
        let within = whole > 0 && span.start >= parent.start && span.end <= parent.end;
        within.then(|| ((span.end - span.start) as f64 / whole as f64 * 100.0).round() as u64)
    }
}

/// The distinctive values of a span that its name does not contain.
fn distinctive(span: &Span) -> impl Iterator<Item = &str> {
    let named = |value: &str| span.name.split(' ').any(|word| word == value);
    let values = DISTINCTIVE.iter().filter_map(|key| span.attributes.get(*key)).map(String::as_str);
    values.filter(move |value| !value.is_empty() && !named(value))
}
