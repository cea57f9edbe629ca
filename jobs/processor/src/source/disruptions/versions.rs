//! Merges the records of all snapshots into disruptions.
//!
//! - The version that its publisher changed last is used; of several, the one collected last.
//! - Its periods are those of that version, and those of earlier versions that had begun at collection and whose begin is no longer listed:
//!   an observed period is never removed. A period is identified by its begin; of several ends the latest is used.
//! - A disruption that all later complete snapshots of its feed omit ended when the first of them was collected.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::navitia::Page;
use super::record::{ActivePeriod, DisruptionContent};
use super::snapshot::Feed;

/// Collection time and rank of a snapshot.
type SnapshotTime = (DateTime<Utc>, usize);

/// A snapshot without its records. Snapshots are in the order of file and line.
#[derive(Debug, Clone)]
pub(crate) struct SnapshotInfo<'a> {
    pub(crate) feed: Feed,
    pub(crate) collected: DateTime<Utc>,
    pub(crate) folder: &'a str,
    pub(crate) page: Option<Page>,
    /// Disruptions that it lists.
    pub(crate) listed: u64,
}

/// Hours of collection whose answer states more disruptions than the pages in the hour's folder list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct IncompleteHours {
    pub(crate) number: usize,
    /// Disruptions listed in the hour that lacks most, and the number stated by its answer.
    pub(crate) worst: (u64, u64),
}

/// One record of a disruption in a snapshot.
#[derive(Debug, Clone)]
pub(crate) struct Occurrence<'a> {
    pub(crate) snapshot: usize,
    /// `None` if the record was rejected.
    pub(crate) content: Option<&'a Arc<DisruptionContent>>,
}

/// A disruption merged from all snapshots.
#[derive(Debug, Clone)]
pub(crate) struct MergedDisruption {
    pub(crate) id: String,
    /// The version that is used, except for its periods.
    pub(crate) content: Arc<DisruptionContent>,
    /// By begin.
    pub(crate) periods: Vec<ActivePeriod>,
    /// Number of valid records.
    pub(crate) records: u64,
    /// Records equal to the previous one.
    pub(crate) repeats: u64,
    /// Records that differ from the previous one.
    pub(crate) conflicts: u64,
}

/// All snapshots in collection order, with the complete ones.
#[derive(Debug)]
pub(crate) struct SnapshotTimeline<'a> {
    snapshots: Vec<SnapshotInfo<'a>>,
    /// Rank of each snapshot by time of collection, then file and line.
    rank: Vec<usize>,
    /// Effective time of each; a page counts with the last page of its set.
    as_of: Vec<SnapshotTime>,
    /// By feed: times of its complete listings, in order. A disruption absent from one had ended.
    complete: BTreeMap<Feed, Vec<SnapshotTime>>,
    incomplete: Option<IncompleteHours>,
    /// Time of the last snapshot outside incomplete hours.
    last_complete: Option<DateTime<Utc>>,
}

impl<'a> SnapshotTimeline<'a> {
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
        // Pages of one folder in time order, until every page of the answer is present.
        let mut sets: BTreeMap<(&str, Feed), BTreeMap<u64, usize>> = BTreeMap::new();
        let mut complete_hours: BTreeSet<(&str, Feed)> = BTreeSet::new();
        for index in order {
            let snapshot = &snapshots[index];
            match (snapshot.feed, snapshot.page) {
                (Feed::Bulk, _) => complete.entry(Feed::Bulk).or_default().push(as_of[index]),
                (Feed::Disruptions | Feed::LineReports, Some(page)) => {
                    let set = sets.entry((snapshot.folder, snapshot.feed)).or_default();
                    set.insert(page.number, index);
                    // The answer may grow between pages: use the largest page count.
                    let of =
                        set.values().filter_map(|index| snapshots[*index].page).map(|page| page.of).max().unwrap_or(0);
                    if set.range(..of).count() as u64 == of {
                        let at = as_of[index];
                        complete_hours.insert((snapshot.folder, snapshot.feed));
                        for member in std::mem::take(set).into_values() {
                            as_of[member] = at;
                        }
                        complete.entry(snapshot.feed).or_default().push(at);
                    }
                }
                _ => {}
            }
        }
        // Of several answers in one hour one is enough.
        sets.retain(|hour, set| !set.is_empty() && !complete_hours.contains(hour));
        let is_complete = |snapshot: &SnapshotInfo<'_>| !sets.contains_key(&(snapshot.folder, snapshot.feed));
        let last_complete =
            snapshots.iter().filter(|snapshot| is_complete(snapshot)).map(|snapshot| snapshot.collected).max();
        let incomplete = incomplete_hours(&sets, &snapshots);
        Self { rank, as_of, complete, snapshots, incomplete, last_complete }
    }

    /// The hours of which pages are missing; absence from them does not end a disruption.
    pub(crate) fn incomplete(&self) -> Option<IncompleteHours> {
        self.incomplete
    }

    /// Time of the last snapshot that does not lack pages.
    pub(crate) fn last_complete(&self) -> Option<DateTime<Utc>> {
        self.last_complete
    }

    /// The times of collection of all snapshots.
    pub(crate) fn collected(&self) -> impl Iterator<Item = DateTime<Utc>> {
        self.snapshots.iter().map(|snapshot| snapshot.collected)
    }

    pub(crate) fn last(&self) -> Option<DateTime<Utc>> {
        self.collected().max()
    }

    /// Whether a snapshot was collected within `[from, to]`.
    pub(crate) fn any_within(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> bool {
        self.collected().any(|collected| (from..=to).contains(&collected))
    }

    /// Merges the records of one disruption; `None` if none is valid.
    pub(crate) fn merge(&self, id: &str, mut occurrences: Vec<Occurrence<'_>>) -> Option<MergedDisruption> {
        // Stable: records of one snapshot keep their order.
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
        // Of consecutive equal versions keep the one collected last: it includes all periods that had begun earlier.
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

    /// Time of the first complete snapshot of one of its feeds after the last one that listed it.
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

/// Counts hours, whatever the number of feeds, and finds the set that lacks most.
fn incomplete_hours(
    sets: &BTreeMap<(&str, Feed), BTreeMap<u64, usize>>,
    snapshots: &[SnapshotInfo<'_>],
) -> Option<IncompleteHours> {
    let hours: BTreeSet<&str> = sets.keys().map(|(folder, _)| *folder).collect();
    let pairs = sets.values().map(|set| {
        let members = || set.values().filter_map(|index| snapshots.get(*index));
        let listed = members().map(|snapshot| snapshot.listed).sum::<u64>();
        (listed, members().filter_map(|snapshot| snapshot.page).map(|page| page.total).max().unwrap_or(0))
    });
    let worst = pairs.max_by_key(|(listed, total)| (total.saturating_sub(*listed), *total))?;
    Some(IncompleteHours { number: hours.len(), worst })
}

/// End by begin: the periods of the first version, and those that the others add.
fn periods(
    versions: &[(usize, DateTime<Utc>, &Arc<DisruptionContent>)],
) -> BTreeMap<DateTime<Utc>, Option<DateTime<Utc>>> {
    let mut periods: BTreeMap<_, _> = BTreeMap::new();
    for (at, (_, collected, content)) in versions.iter().enumerate() {
        for period in content.periods.iter().filter(|period| at == 0 || period.begin <= *collected) {
            periods
                .entry(period.begin)
                // An unknown end of an earlier version does not replace a known one; a newer version that reopens the period is kept.
                .and_modify(|end: &mut Option<DateTime<Utc>>| {
                    *end = end.map(|end| period.end.map_or(end, |other| end.max(other)))
                })
                .or_insert(period.end);
        }
    }
    periods
}

/// Limits the periods to the time when the disruption ended.
fn end_at(periods: BTreeMap<DateTime<Utc>, Option<DateTime<Utc>>>, ended: Option<DateTime<Utc>>) -> Vec<ActivePeriod> {
    let periods = periods.into_iter().map(|(begin, end)| ActivePeriod { begin, end });
    let Some(ended) = ended else { return periods.collect() };
    periods
        .filter(|period| period.begin < ended)
        .map(|period| ActivePeriod { begin: period.begin, end: Some(period.end.map_or(ended, |end| end.min(ended))) })
        .collect()
}
