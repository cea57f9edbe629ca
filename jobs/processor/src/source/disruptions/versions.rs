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
use super::record::{Content, Span};
use super::snapshot::Feed;

/// When, and where among snapshots of one time, one was taken.
type Moment = (DateTime<Utc>, usize);

/// What is kept of a snapshot besides its records. Their order is that of file and line.
#[derive(Debug, Clone)]
pub(crate) struct Taken<'a> {
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
pub(crate) struct Listing<'a> {
    /// Index of the snapshot.
    pub(crate) snapshot: usize,
    /// What it says; `None` where the record was rejected.
    pub(crate) content: Option<&'a Arc<Content>>,
}

/// A disruption as all snapshots together tell it.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    /// Its id.
    pub(crate) id: String,
    /// The version that holds, but for its periods.
    pub(crate) content: Arc<Content>,
    /// Its periods, by begin.
    pub(crate) spans: Vec<Span>,
    /// Usable records of it.
    pub(crate) records: u64,
    /// Those equal to the one before.
    pub(crate) repeats: u64,
    /// Those that differ from it.
    pub(crate) conflicts: u64,
}

/// Completeness of every snapshot, worked out once.
#[derive(Debug)]
pub(crate) struct Timeline<'a> {
    taken: Vec<Taken<'a>>,
    /// Rank of each snapshot by time of collection, then file and line.
    rank: Vec<usize>,
    /// When each counts as taken: a page with the last one of its set.
    as_of: Vec<Moment>,
    /// By feed: when its complete listings were taken, in order of time. What is absent from one was not there.
    complete: BTreeMap<Feed, Vec<Moment>>,
    /// Pages that belong to no complete set.
    stray_pages: u64,
}

impl<'a> Timeline<'a> {
    /// Of the snapshots, in order of file and line.
    pub(crate) fn new(taken: Vec<Taken<'a>>) -> Self {
        let mut order: Vec<usize> = (0..taken.len()).collect();
        order.sort_by_key(|index| (taken[*index].collected, *index));
        let mut rank = vec![0; taken.len()];
        for (position, index) in order.iter().enumerate() {
            rank[*index] = position;
        }
        let mut as_of: Vec<Moment> =
            taken.iter().zip(&rank).map(|(snapshot, rank)| (snapshot.collected, *rank)).collect();
        let mut complete: BTreeMap<Feed, Vec<Moment>> = BTreeMap::new();
        let (mut pages, mut placed) = (0, 0);
        // Pages of one folder's hour in order of time, until each page of the answer has been there once.
        let mut sets: BTreeMap<(&str, Feed), BTreeMap<u64, usize>> = BTreeMap::new();
        for index in order {
            let snapshot = &taken[index];
            match (snapshot.feed, snapshot.page) {
                (Feed::Bulk, _) => complete.entry(Feed::Bulk).or_default().push(as_of[index]),
                (Feed::Disruptions | Feed::LineReports, Some(page)) => {
                    pages += 1;
                    let set = sets.entry((snapshot.folder, snapshot.feed)).or_default();
                    set.insert(page.number, index);
                    // The answer may grow while it is paged through: the largest count that a page gave.
                    let of = set.values().filter_map(|index| taken[*index].page).map(|page| page.of).max().unwrap_or(0);
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
        Self { rank, as_of, complete, taken, stray_pages: pages - placed }
    }

    /// How many Navitia pages belong to no answer of which all pages are there: absence from them says nothing.
    pub(crate) fn stray_pages(&self) -> u64 {
        self.stray_pages
    }

    /// When the last snapshot was collected.
    pub(crate) fn last(&self) -> Option<DateTime<Utc>> {
        self.taken.iter().map(|snapshot| snapshot.collected).max()
    }

    /// Whether one was collected within [from, to].
    pub(crate) fn any_within(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> bool {
        self.taken.iter().any(|snapshot| (from..=to).contains(&snapshot.collected))
    }

    /// The disruption of these listings; `None` where not one record of it can be used.
    pub(crate) fn settle(&self, id: &str, mut listings: Vec<Listing<'_>>) -> Option<Event> {
        // Stable: records of one snapshot stay in the order in which it has them.
        listings.sort_by_key(|listing| self.rank[listing.snapshot]);
        let ended = self.ended(&listings);
        let used: Vec<(DateTime<Utc>, &Arc<Content>)> = listings
            .iter()
            .filter_map(|listing| Some((self.taken[listing.snapshot].collected, listing.content?)))
            .collect();
        let pairs = used.iter().zip(used.iter().skip(1));
        let repeats = pairs.filter(|((_, one), (_, next))| one == next).count() as u64;

        let mut versions: Vec<(usize, DateTime<Utc>, &Arc<Content>)> =
            used.iter().enumerate().map(|(position, (collected, content))| (position, *collected, *content)).collect();
        versions.sort_by_key(|(position, _, content)| Reverse((content.updated, *position)));
        // Of equal ones in a row the one collected last: whatever had begun at an earlier one had begun at that.
        versions.dedup_by(|next, one| next.2 == one.2);
        let (_, _, holds) = versions.first()?;
        let content = Arc::clone(holds);
        let records = used.len() as u64;
        let spans = cut(periods(&versions), ended);
        Some(Event { id: id.to_owned(), content, spans, records, repeats, conflicts: records - 1 - repeats })
    }

    /// When the first complete snapshot of a feed that once listed it was taken, after the last that did.
    fn ended(&self, listings: &[Listing<'_>]) -> Option<DateTime<Utc>> {
        let feeds: BTreeSet<Feed> = listings.iter().map(|listing| self.taken[listing.snapshot].feed).collect();
        let last = listings.iter().map(|listing| self.as_of[listing.snapshot]).max()?;
        let first_after = |feed| {
            let complete: &Vec<Moment> = self.complete.get(feed)?;
            complete.get(complete.partition_point(|at| *at <= last)).copied()
        };
        feeds.iter().filter_map(first_after).min().map(|(at, _)| at)
    }
}

/// The periods of the version that holds (the first), and what earlier ones add: begin → end.
fn periods(versions: &[(usize, DateTime<Utc>, &Arc<Content>)]) -> BTreeMap<DateTime<Utc>, Option<DateTime<Utc>>> {
    let mut periods: BTreeMap<_, _> = BTreeMap::new();
    for (at, (_, collected, content)) in versions.iter().enumerate() {
        for span in content.spans.iter().filter(|span| at == 0 || span.begin <= *collected) {
            periods
                .entry(span.begin)
                // An open end is one that nobody knew: it takes nothing from a known one, and a newer version that opens it again holds.
                .and_modify(|end: &mut Option<DateTime<Utc>>| {
                    *end = end.map(|end| span.end.map_or(end, |other| end.max(other)))
                })
                .or_insert(span.end);
        }
    }
    periods
}

/// The periods up to the time when it ended.
fn cut(periods: BTreeMap<DateTime<Utc>, Option<DateTime<Utc>>>, ended: Option<DateTime<Utc>>) -> Vec<Span> {
    let spans = periods.into_iter().map(|(begin, end)| Span { begin, end });
    let Some(ended) = ended else { return spans.collect() };
    spans
        .filter(|span| span.begin < ended)
        .map(|span| Span { begin: span.begin, end: Some(span.end.map_or(ended, |end| end.min(ended))) })
        .collect()
}
