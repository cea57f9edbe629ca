//! Many like spans of objects below one parent, such as the reads of a day's snapshots, as one.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{Job, Span, Trace};

/// More like siblings than these are folded.
const SHOWN: usize = 12;
/// Attributes that name an object.
const OBJECT: [&str; 2] = ["key", "aws.s3.key"];
/// Attributes that are added up.
const SUMS: [&str; 3] = ["bytes", "rows", "documents"];

/// The trace with one span, named with their number, instead of more than [`SHOWN`] siblings of the same name and process that are each about
/// one object. Spans that failed, were interrupted or retried, or have links stay, and so do those with such a span below them.
pub(super) fn fold(trace: &Trace) -> Trace {
    let spans = &trace.spans;
    let mut children: HashMap<&str, Vec<usize>> = HashMap::new();
    let mut groups: BTreeMap<(&str, &str, &Job), Vec<usize>> = BTreeMap::new();
    for (place, span) in spans.iter().enumerate() {
        if let Some(parent) = span.parent.as_deref() {
            children.entry(parent).or_default().push(place);
            if OBJECT.iter().any(|key| span.attributes.contains_key(*key)) {
                groups.entry((parent, &span.name, &span.job)).or_default().push(place);
            }
        }
    }
    let (mut dropped, mut folded) = (HashSet::new(), Vec::new());
    for ((parent, ..), members) in groups {
        if members.len() <= SHOWN {
            continue;
        }
        let below: Vec<(usize, HashSet<usize>)> = members
            .into_iter()
            .map(|place| (place, subtree(spans, &children, place)))
            .filter(|(_, below)| below.iter().all(|place| is_plain(&spans[*place]) && spans[*place].id != parent))
            .collect();
        if below.len() <= SHOWN {
            continue;
        }
        folded.push(one(below.iter().map(|(place, _)| &spans[*place])));
        dropped.extend(below.into_iter().flat_map(|(_, below)| below));
    }
    let kept = spans.iter().enumerate().filter(|(place, _)| !dropped.contains(place)).map(|(_, span)| span.clone());
    // A folded span that is itself below another one is gone with it.
    let gone: HashSet<&str> = dropped.iter().map(|place| spans[*place].id.as_str()).collect();
    let folded = folded.into_iter().filter(|span| span.parent.as_deref().is_none_or(|parent| !gone.contains(parent)));
    Trace { id: trace.id.clone(), spans: kept.chain(folded).collect() }
}

fn is_plain(span: &Span) -> bool {
    span.error.is_none() && !span.interrupted() && !span.retried() && span.links.is_empty()
}

/// A span and all spans below it.
fn subtree(spans: &[Span], children: &HashMap<&str, Vec<usize>>, top: usize) -> HashSet<usize> {
    let (mut found, mut waiting) = (HashSet::new(), vec![top]);
    while let Some(place) = waiting.pop() {
        if found.insert(place) {
            waiting.extend(children.get(spans[place].id.as_str()).into_iter().flatten());
        }
    }
    found
}

/// From the first start to the last end, with the sums of their figures.
fn one<'a>(members: impl Iterator<Item = &'a Span>) -> Span {
    let (mut all, mut number) = (Span::default(), 0_usize);
    let mut sums: BTreeMap<&str, u64> = BTreeMap::new();
    for span in members {
        if number == 0 {
            all = Span { attributes: BTreeMap::new(), ..span.clone() };
        }
        number += 1;
        (all.start, all.end) = (all.start.min(span.start), all.end.max(span.end));
        for key in SUMS {
            if let Some(value) = span.attributes.get(key).and_then(|value| value.parse::<u64>().ok()) {
                *sums.entry(key).or_default() += value;
            }
        }
    }
    all.name = format!("{number} x {}", all.name);
    all.attributes = sums.into_iter().map(|(key, sum)| (key.to_owned(), sum.to_string())).collect();
    all
}
