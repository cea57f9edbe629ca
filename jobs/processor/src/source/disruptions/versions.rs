//! From records to disruptions: which version holds, which periods, and when one that is no longer listed ended.
//!
//! - Of a disruption's versions the one last changed by its publisher holds, then the one collected last.
//! - Its periods are that version's, and those of earlier versions that had begun when they were collected and whose begin is no longer
//!   listed: what was seen to run is not undone. A period is known by its begin; where versions give it several ends the latest holds.
//! - One that all later complete snapshots of its feed leave out ended when the first of them was taken.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::navitia::Page;
use super::record::{ActivePeriod, DisruptionContent};
use super::snapshot::Feed;

/// When, and where among snapshots of one time, one was taken.
type SnapshotTime = (DateTime<Utc>, usize);

/// What is kept of a snapshot besides its records. Their order is that of file and line.
#[derive(Debug, Clone)]
pub(crate) struct SnapshotInfo<'a> {
    /// Which feed.
    pub(crate) feed: Feed,
    /// When.
    pub(crate) collected: DateTime<Utc>,
    /// The folder of its file.
    pub(crate) folder: &'a str,
    /// Which page of how many.
    pub(crate) page: Option<Page>,
}

/// One listing of a disruption.
#[derive(Debug, Clone)]
pub(crate) struct Occurrence<'a> {
    /// Index of the snapshot.
    pub(crate) snapshot: usize,
    /// What it says; `None` where the record was rejected.
    pub(crate) content: Option<&'a Arc<DisruptionContent>>,
}

/// A disruption as all snapshots together tell it.
#[derive(Debug, Clone)]
pub(crate) struct MergedDisruption {
    /// Its id.
    pub(crate) id: String,
    /// The version that holds, but for its periods.
    pub(crate) content: Arc<DisruptionContent>,
    /// Its periods, by begin.
    pub(crate) periods: Vec<ActivePeriod>,
    /// Usable records of it.
    pub(crate) records: u64,
    /// Those equal to the one before.
    pub(crate) repeats: u64,
    /// Those that differ from it.
    pub(crate) conflicts: u64,
}

/// Completeness of every snapshot, worked out once.
#[derive(Debug)]
pub(crate) struct SnapshotTimeline<'a> {
    snapshots: Vec<SnapshotInfo<'a>>,
    /// Rank of each snapshot by time of collection, then file and line.
    rank: Vec<usize>,
    /// When each counts as taken: a page with the last one of its set.
    as_of: Vec<SnapshotTime>,
    /// By feed: when its complete listings were taken, in order of time. What is absent from one was not there.
    complete: BTreeMap<Feed, Vec<SnapshotTime>>,
    /// Pages that belong to no complete set.
    stray_pages: u64,
}

impl<'a> SnapshotTimeline<'a> {
    /// Of the snapshots, in order of file and line.
    pub(crate) fn new(snapshots: Vec<SnapshotInfo<'a>>) -> Self {
        let mut order: Vec<usize> = (0..snapshots.len()).collect();
        order.sort_by_key(|index| (snapshots[*index].collected, *index));
        let mut rank = vec![0; snapshots.len()];
        for (position, index) in order.iter().enumerate() {
            rank[*index] = position;
        }
        let mut as_of: Vec<SnapshotTime> =
            snapshots.iter().zip(&rank).map(|(snapshot, rank)| (snapshot.collected, *rank)).collect();
        let mut complete: BTreeMap<Feed, Vec<SnapshotTime>> = BTreeMap::new();
        let (mut pages, mut placed) = (0, 0);
        // Pages of one folder's hour in order of time, until each page of the answer has been there once.
        let mut sets: BTreeMap<(&str, Feed), BTreeMap<u64, usize>> = BTreeMap::new();
        for index in order {
            let snapshot = &snapshots[index];
            match (snapshot.feed, snapshot.page) {
                (Feed::Bulk, _) => complete.entry(Feed::Bulk).or_default().push(as_of[index]),
                (Feed::Disruptions | Feed::LineReports, Some(page)) => {
                    pages += 1;
                    let set = sets.entry((snapshot.folder, snapshot.feed)).or_default();
                    set.insert(page.number, index);
                    // The answer may grow while it is paged through: the largest count that a page gave.
                    let of =
                        set.values().filter_map(|index| snapshots[*index].page).map(|page| page.of).max().unwrap_or(0);
                    if set.range(..of).count() as u64 == of {
                        let at = as_of[index];
                        placed += set.len() as u64;
                        for member in std::mem::take(set).into_values() {
                            as_of[member] = at;
                        }
                        complete.entry(snapshot.feed).or_default().push(at);
                    }
                }
                _ => {}
            }
        }
        Self { rank, as_of, complete, snapshots, stray_pages: pages - placed }
    }

    /// How many Navitia pages belong to no answer of which all pages are there: absence from them says nothing.
    pub(crate) fn stray_pages(&self) -> u64 {
        self.stray_pages
    }

    /// When the last snapshot was collected.
    pub(crate) fn last(&self) -> Option<DateTime<Utc>> {
        self.snapshots.iter().map(|snapshot| snapshot.collected).max()
    }

    /// Whether one was collected within [from, to].
    pub(crate) fn any_within(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> bool {
        self.snapshots.iter().any(|snapshot| (from..=to).contains(&snapshot.collected))
    }

    /// The disruption of these listings; `None` where not one record of it can be used.
    pub(crate) fn merge(&self, id: &str, mut occurrences: Vec<Occurrence<'_>>) -> Option<MergedDisruption> {
        // Stable: records of one snapshot stay in the order in which it has them.
        occurrences.sort_by_key(|occurrence| self.rank[occurrence.snapshot]);
        let ended = self.ended(&occurrences);
        let used: Vec<(DateTime<Utc>, &Arc<DisruptionContent>)> = occurrences
            .iter()
            .filter_map(|occurrence| Some((self.snapshots[occurrence.snapshot].collected, occurrence.content?)))
            .collect();
        let pairs = used.iter().zip(used.iter().skip(1));
        let repeats = pairs.filter(|((_, one), (_, next))| one == next).count() as u64;

        let mut versions: Vec<(usize, DateTime<Utc>, &Arc<DisruptionContent>)> =
            used.iter().enumerate().map(|(position, (collected, content))| (position, *collected, *content)).collect();
        versions.sort_by_key(|(position, _, content)| Reverse((content.updated, *position)));
        // Of equal ones in a row the one collected last: whatever had begun at an earlier one had begun at that.
        versions.dedup_by(|next, one| next.2 == one.2);
        let (_, _, holds) = versions.first()?;
        let content = Arc::clone(holds);
        let records = used.len() as u64;
        let periods = end_at(periods(&versions), ended);
        Some(MergedDisruption {
            id: id.to_owned(),
            content,
            periods,
            records,
            repeats,
            conflicts: records - 1 - repeats,
        })
    }

    /// When the first complete snapshot of a feed that once listed it was taken, after the last that did.
    fn ended(&self, occurrences: &[Occurrence<'_>]) -> Option<DateTime<Utc>> {
        let feeds: BTreeSet<Feed> =
            occurrences.iter().map(|occurrence| self.snapshots[occurrence.snapshot].feed).collect();
        let last = occurrences.iter().map(|occurrence| self.as_of[occurrence.snapshot]).max()?;
        let first_after = |feed| {
            let complete: &Vec<SnapshotTime> = self.complete.get(feed)?;
            complete.get(complete.partition_point(|at| *at <= last)).copied()
        };
        feeds.iter().filter_map(first_after).min().map(|(at, _)| at)
    }
}

/// The periods of the version that holds (the first), and what earlier ones add: begin → end.
fn periods(
    versions: &[(usize, DateTime<Utc>, &Arc<DisruptionContent>)],
) -> BTreeMap<DateTime<Utc>, Option<DateTime<Utc>>> {
    let mut periods: BTreeMap<_, _> = BTreeMap::new();
    for (at, (_, collected, content)) in versions.iter().enumerate() {
        for period in content.periods.iter().filter(|period| at == 0 || period.begin <= *collected) {
            periods
                .entry(period.begin)
                // An open end is one that nobody knew: it takes nothing from a known one, and a newer version that opens it again holds.
                .and_modify(|end: &mut Option<DateTime<Utc>>| {
                    *end = end.map(|end| period.end.map_or(end, |other| end.max(other)))
                })
                .or_insert(period.end);
        }
    }
    periods
}

/// The periods up to the time when it ended.
fn end_at(periods: BTreeMap<DateTime<Utc>, Option<DateTime<Utc>>>, ended: Option<DateTime<Utc>>) -> Vec<ActivePeriod> {
    let periods = periods.into_iter().map(|(begin, end)| ActivePeriod { begin, end });
    let Some(ended) = ended else { return periods.collect() };
    periods
        .filter(|period| period.begin < ended)
        .map(|period| ActivePeriod { begin: period.begin, end: Some(period.end.map_or(ended, |end| end.min(ended))) })
        .collect()
}
