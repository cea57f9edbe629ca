//! The spans of a trace in the order of a tree: each once, below its parent where that is there. Takes any set of spans, cut off or
//! going round in circles.

use std::collections::{HashMap, HashSet};

use super::text::Label;
use super::{Span, Trace};

/// Attributes that tell a span from its like, in the order in which they are shown.
const TELLING: [&str; 8] = ["days", "day", "source", "indicator", "key", "aws.s3.key", "status", "outcome"];
/// Lines of a tree that are drawn at most.
const DEEPEST: usize = 40;

/// A line of the tree.
#[derive(Debug, Default)]
pub(super) struct Row {
    /// Its place in the trace.
    pub(super) span: usize,
    /// That of its parent.
    pub(super) parent: Option<usize>,
    /// Whether no sibling comes after it.
    pub(super) last: bool,
    /// For each step down to it whether the line at its left goes on; its own is the last.
    pub(super) open: Vec<bool>,
    /// What its ancestors have told already.
    told: Vec<usize>,
}

/// The rows of a trace, siblings by their start.
pub(super) fn of(trace: &Trace) -> Vec<Row> {
    let spans = &trace.spans;
    let places: HashMap<&str, usize> =
        spans.iter().enumerate().map(|(place, span)| (span.id.as_str(), place)).collect();
    let parent = |span: &Span| span.parent.as_deref().and_then(|id| places.get(id)).copied();
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
        // What no top leads to hangs on a circle; that is opened where going up first comes round.
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
                let (mut open, mut told) = (row.open.clone(), row.told.clone());
                if open.len() < DEEPEST {
                    open.push(back > 0);
                    told.push(row.span);
                }
                waiting.push(Row { span: *child, parent: Some(row.span), last: back == 0, open, told });
            }
            rows.push(row);
        }
    }
    rows
}

impl Row {
    /// Steps from the top.
    pub(super) fn depth(&self) -> usize {
        self.open.len()
    }

    /// Name, what tells it from its like and is not told above it, and what is special about it. `failed` marks a failure.
    pub(super) fn label(&self, trace: &Trace, failed: &str) -> Label {
        let span = &trace.spans[self.span];
        // Where the keys of a store begin with a prefix, those of the job are their ends.
        let same = |value: &str, told: &str| {
            value.strip_suffix(told).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
        };
        let above = |value: &str| {
            let above = self.told.iter().flat_map(|place| &trace.spans[*place].attributes);
            above.filter(|(key, _)| TELLING.contains(&key.as_str())).any(|(_, told)| same(value, told))
        };
        let mut details: Vec<_> = telling(span).filter(|value| !above(value)).collect();
        // A key that names the source says both.
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

    /// Percent of the parent's time, where it lies within that.
    pub(super) fn share(&self, trace: &Trace) -> Option<u64> {
        let (span, parent) = (&trace.spans[self.span], &trace.spans[self.parent?]);
        let whole = parent.end - parent.start;
        let within = whole > 0 && span.start >= parent.start && span.end <= parent.end;
        within.then(|| ((span.end - span.start) as f64 / whole as f64 * 100.0).round() as u64)
    }
}

/// What tells a span from its like.
fn telling(span: &Span) -> impl Iterator<Item = &str> {
    let named = |value: &str| span.name.split(' ').any(|word| word == value);
    let values = TELLING.iter().filter_map(|key| span.attributes.get(*key)).map(String::as_str);
    values.filter(move |value| !value.is_empty() && !named(value))
}
