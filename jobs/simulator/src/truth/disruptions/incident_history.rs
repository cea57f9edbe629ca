//! The history of each incident through the snapshots that a run reads, and the periods that follow from it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Duration, Utc};
use contract::{Reason, ServiceDay};

use crate::disruptions::snapshot::{DisruptionFeed, DisruptionSnapshot, SnapshotForm};
use crate::disruptions::{DisruptionSimulation, Incident, IncidentVersion, Interval};
use crate::truth::weather::is_read_for;

/// One incident through the snapshots.
pub(super) struct IncidentHistory<'a> {
    pub(super) incident: &'a Incident,
    /// The time of each snapshot that lists the incident, and the version in it.
    seen: Vec<(DateTime<Utc>, &'a IncidentVersion)>,
    /// The feeds that have listed it.
    feeds: BTreeSet<DisruptionFeed>,
    pub(super) repeats: u64,
    pub(super) changes: u64,
}

/// The content of all snapshots that a run reads.
pub(super) struct ObservedIncidents<'a> {
    /// By id, those with a usable period.
    pub(super) histories: BTreeMap<&'a str, IncidentHistory<'a>>,
    pub(super) all_ids: BTreeSet<&'a str>,
    /// The time and feed of each complete snapshot.
    pub(super) complete: Vec<(DateTime<Utc>, DisruptionFeed)>,
    pub(super) records: u64,
    pub(super) rejected: BTreeMap<Reason, u64>,
    pub(super) readable_snapshots: u64,
    /// The time of each readable snapshot.
    pub(super) taken: Vec<DateTime<Utc>>,
    /// The time of the last snapshot that lists all that its answer states.
    pub(super) last_whole: Option<DateTime<Utc>>,
}

impl<'a> ObservedIncidents<'a> {
    pub(super) fn new(simulation: &'a DisruptionSimulation, day: ServiceDay) -> Self {
        let mut observed = Self {
            histories: BTreeMap::new(),
            all_ids: BTreeSet::new(),
            complete: Vec::new(),
            records: 0,
            rejected: BTreeMap::new(),
            readable_snapshots: 0,
            taken: Vec::new(),
            last_whole: None,
        };
        let read = |snapshot: &DisruptionSnapshot<'_>| {
            is_read_for(snapshot.folder, day) && snapshot.form != SnapshotForm::Missing
        };
        for snapshot in simulation.snapshots().filter(read) {
            if snapshot.damaged() {
                *observed.rejected.entry(Reason::UnreadableSnapshot).or_default() += 1;
                continue;
            }
            observed.readable_snapshots += 1;
            if snapshot.has_cut_page() {
                *observed.rejected.entry(Reason::UnreadableSnapshot).or_default() += 1;
            }
            // "No news" does not say when: it was collected by the end of its folder's hour.
            let known = match snapshot.form {
                SnapshotForm::NoNews => snapshot.folder + Duration::hours(1),
                _ => snapshot.taken,
            };
            observed.taken.push(known);
            if !snapshot.lacks_pages() {
                observed.last_whole = Some(known);
            }
            let feed = snapshot.feed();
            if snapshot.complete() {
                observed.complete.push((snapshot.taken, feed));
            }
            for (incident, version) in snapshot.incidents {
                observed.add(incident, version, snapshot.taken, feed);
            }
        }
        observed
    }

    fn add(
        &mut self,
        incident: &'a Incident,
        version: &'a IncidentVersion,
        taken: DateTime<Utc>,
        feed: DisruptionFeed,
    ) {
        self.records += 1;
        self.all_ids.insert(&incident.id);
        let inverted = version.periods.iter().filter(|(begin, end)| end < begin).count();
        if inverted > 0 {
            *self.rejected.entry(Reason::ReversedPeriod).or_default() += inverted as u64;
        }
        if inverted == version.periods.len() {
            *self.rejected.entry(Reason::NoPeriod).or_default() += 1;
            return;
        }
        let history = self.histories.entry(&incident.id).or_insert_with(|| IncidentHistory {
            incident,
            seen: Vec::new(),
            feeds: BTreeSet::new(),
            repeats: 0,
            changes: 0,
        });
        history.feeds.insert(feed);
        if let Some((_, before)) = history.seen.last() {
            let same = *before == version;
            history.repeats += u64::from(same);
            history.changes += u64::from(!same);
        }
        history.seen.push((taken, version));
    }
}

impl IncidentHistory<'_> {
    /// The periods in which the incident lasted: those of the latest version, and those of earlier versions that had begun.
    ///
    /// All of them end when a complete snapshot of a feed that has listed the incident no longer does. Snapshots of other feeds do not
    /// end it.
    pub(super) fn periods(&self, complete: &[(DateTime<Utc>, DisruptionFeed)]) -> Vec<Interval> {
        let usable = |version: &IncidentVersion| {
            version.periods.iter().copied().filter(|(begin, end)| begin <= end).collect::<Vec<_>>()
        };
        let Some((_, latest)) = self.seen.iter().max_by_key(|(taken, version)| (version.updated, *taken)) else {
            return Vec::new();
        };
        let begun = self
            .seen
            .iter()
            .flat_map(|(taken, version)| usable(version).into_iter().filter(move |(begin, _)| begin <= taken));
        let mut ends: BTreeMap<DateTime<Utc>, DateTime<Utc>> = BTreeMap::new();
        for (begin, end) in usable(latest).into_iter().chain(begun) {
            let known = ends.entry(begin).or_insert(end);
            *known = end.max(*known);
        }
        let last_seen = self.seen.iter().map(|(taken, _)| *taken).max();
        let later = complete.iter().filter(|(taken, feed)| Some(*taken) > last_seen && self.feeds.contains(feed));
        let removed_at = later.map(|(taken, _)| *taken).min();
        let limited = |end: DateTime<Utc>| removed_at.map_or(end, |removed_at| end.min(removed_at));
        let periods = ends.into_iter().map(|(begin, end)| (begin, limited(end)));
        periods.filter(|(begin, end)| begin < end).collect()
    }
}

/// The part of an interval within bounds, if any.
pub(super) fn clip((begin, end): Interval, (from, to): Interval) -> Option<Interval> {
    let clipped = (begin.max(from), end.min(to));
    (clipped.0 < clipped.1).then_some(clipped)
}

/// The same time without overlaps, in order; adjacent intervals are merged.
pub(super) fn union(intervals: impl Iterator<Item = Interval>) -> Vec<Interval> {
    let mut intervals: Vec<_> = intervals.collect();
    intervals.sort_unstable();
    let mut merged: Vec<Interval> = Vec::new();
    for (begin, end) in intervals {
        match merged.last_mut() {
            Some(last) if begin <= last.1 => last.1 = last.1.max(end),
            _ => merged.push((begin, end)),
        }
    }
    merged
}

/// Total duration in hours of intervals that do not overlap.
pub(super) fn hours(intervals: &[Interval]) -> f64 {
    let seconds: i64 = intervals.iter().map(|(begin, end)| (*end - *begin).num_seconds()).sum();
    #[expect(clippy::cast_precision_loss, reason = "seconds of a day")]
    let hours = seconds as f64 / 3600.0;
    hours
}
