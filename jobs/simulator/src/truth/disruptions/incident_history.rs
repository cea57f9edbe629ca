//! What the snapshots of a run say of each disruption, and when it really was.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use contract::{Reason, ServiceDay};

use crate::transit::snapshot::Feed;
use crate::transit::{Incident, Span, Transit, Version};
use crate::truth::weather::in_reach;

/// One disruption through the snapshots.
pub(super) struct Story<'a> {
    pub(super) incident: &'a Incident,
    /// When it was told, and how.
    told: Vec<(DateTime<Utc>, &'a Version)>,
    /// The feeds that told it.
    feeds: BTreeSet<Feed>,
    pub(super) repeats: u64,
    pub(super) changes: u64,
}

/// What the snapshots say.
pub(super) struct Known<'a> {
    /// Those that have a usable period, by id.
    pub(super) incidents: BTreeMap<&'a str, Story<'a>>,
    /// All ids.
    pub(super) ids: BTreeSet<&'a str>,
    /// When each complete snapshot was taken, and of which feed.
    pub(super) whole: Vec<(DateTime<Utc>, Feed)>,
    pub(super) records: u64,
    pub(super) rejected: BTreeMap<Reason, u64>,
    pub(super) readable: u64,
    pub(super) last_taken: Option<DateTime<Utc>>,
}

impl<'a> Known<'a> {
    /// What the snapshots that a run for this day reads say.
    pub(super) fn of(transit: &'a Transit, day: ServiceDay) -> Self {
        let mut known = Self {
            incidents: BTreeMap::new(),
            ids: BTreeSet::new(),
            whole: Vec::new(),
            records: 0,
            rejected: BTreeMap::new(),
            readable: 0,
            last_taken: None,
        };
        for snapshot in transit.snapshots().filter(|snapshot| in_reach(snapshot.folder, day)) {
            if snapshot.damaged() {
                *known.rejected.entry(Reason::UnreadableSnapshot).or_default() += 1;
                continue;
            }
            known.readable += 1;
            known.last_taken = Some(snapshot.taken);
            if snapshot.complete() {
                known.whole.push((snapshot.taken, snapshot.feed()));
            }
            let feed = snapshot.feed();
            for (incident, version) in snapshot.told {
                known.records += 1;
                known.ids.insert(&incident.id);
                let inverted = version.periods.iter().filter(|(begin, end)| end < begin).count();
                if inverted > 0 {
                    *known.rejected.entry(Reason::ReversedPeriod).or_default() += inverted as u64;
                }
                if inverted == version.periods.len() {
                    *known.rejected.entry(Reason::NoPeriod).or_default() += 1;
                    continue;
                }
                let story = known.incidents.entry(&incident.id).or_insert_with(|| Story {
                    incident,
                    told: Vec::new(),
                    feeds: BTreeSet::new(),
                    repeats: 0,
                    changes: 0,
                });
                story.feeds.insert(feed);
                if let Some((_, before)) = story.told.last() {
                    let same = *before == version;
                    story.repeats += u64::from(same);
                    story.changes += u64::from(!same);
                }
                story.told.push((snapshot.taken, version));
            }
        }
        known
    }
}

impl Story<'_> {
    /// When it really was: the periods of the latest version, those of earlier ones that had begun, and nothing after it disappeared
    /// from a feed that had told it: of what another one leaves out it says nothing.
    pub(super) fn periods(&self, whole: &[(DateTime<Utc>, Feed)]) -> Vec<Span> {
        let usable =
            |version: &Version| version.periods.iter().copied().filter(|(begin, end)| begin <= end).collect::<Vec<_>>();
        let Some((_, latest)) = self.told.iter().max_by_key(|(taken, version)| (version.updated, *taken)) else {
            return Vec::new();
        };
        let mut ends: BTreeMap<DateTime<Utc>, DateTime<Utc>> = BTreeMap::new();
        for (begin, end) in usable(latest) {
            let known = ends.entry(begin).or_insert(end);
            *known = end.max(*known);
        }
        for (taken, version) in &self.told {
            for (begin, end) in usable(version).into_iter().filter(|(begin, _)| begin <= taken) {
                let known = ends.entry(begin).or_insert(end);
                *known = end.max(*known);
            }
        }
        let seen = self.told.iter().map(|(taken, _)| *taken).max();
        let later = whole.iter().filter(|(taken, feed)| Some(*taken) > seen && self.feeds.contains(feed));
        let gone = later.map(|(taken, _)| *taken).min();
        let kept = ends.into_iter().map(|(begin, end)| (begin, gone.map_or(end, |gone| end.min(gone))));
        kept.filter(|(begin, end)| begin < end).collect()
    }
}

/// The part of a period within bounds.
pub(super) fn clip((begin, end): Span, (from, to): Span) -> Option<Span> {
    let span = (begin.max(from), end.min(to));
    (span.0 < span.1).then_some(span)
}

/// Periods without overlaps, in order; those that touch become one.
pub(super) fn union(spans: impl Iterator<Item = Span>) -> Vec<Span> {
    let mut spans: Vec<_> = spans.collect();
    spans.sort_unstable();
    let mut all: Vec<Span> = Vec::new();
    for (begin, end) in spans {
        match all.last_mut() {
            Some(last) if begin <= last.1 => last.1 = last.1.max(end),
            _ => all.push((begin, end)),
        }
    }
    all
}

/// Hours of some periods that do not overlap.
pub(super) fn hours(spans: &[Span]) -> f64 {
    let seconds: i64 = spans.iter().map(|(begin, end)| (*end - *begin).num_seconds()).sum();
    #[expect(clippy::cast_precision_loss, reason = "seconds of a day")]
    let hours = seconds as f64 / 3600.0;
    hours
}
