//! What lasts for hours: congestion, and detectors that fail. Planned per arc, so that the row of any hour can be told from the plan.

use crate::clock::Hour;
use crate::faults::{Fault, Faults};
use crate::random;

/// What lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Occupancy from 80 %, over 90 in the middle where it is critical.
    Congestion {
        /// Whether some hour is over 90 %.
        critical: bool,
    },
    /// Occupancy from 50 to 80 %.
    Blockage,
    /// Around midnight.
    Night,
    /// No rows.
    Silent,
    /// Rows without values.
    Empty,
    /// One flow, hour after hour.
    FrozenFlow,
    /// One occupancy, hour after hour.
    FrozenOccupancy,
    /// Both.
    FrozenBoth,
    /// A flow beyond belief.
    HugeFlow,
    /// Vehicles over a loop on which nothing ever stands.
    NoOccupancy,
    /// Nothing, because the street is closed: zero flow for many hours, which is no fault.
    Closed,
}

/// From one hour to another, `end` excluded.
#[derive(Debug, Clone, Copy)]
pub struct Episode {
    /// First hour.
    pub start: Hour,
    /// First hour after it.
    pub end: Hour,
    /// What.
    pub kind: Kind,
}

/// Hours without episodes at the beginning of each slot.
pub const CLEAN: i64 = 8;
/// Every arc has one episode, at most, in this many hours.
const SLOT: i64 = 96;

/// Which sorts there are, with the shortest and the longest duration in hours.
fn sorts(faults: Faults) -> Vec<(Kind, i64, i64)> {
    let mut sorts = vec![
        (Kind::Congestion { critical: true }, 2, 5),
        (Kind::Blockage, 3, 8),
        (Kind::Night, 4, 6),
        (Kind::Congestion { critical: false }, 2, 3),
        (Kind::Closed, 8, 14),
    ];
    if faults.has(Fault::Silent) {
        sorts.extend([(Kind::Silent, 7, 30), (Kind::Empty, 6, 12)]);
    }
    if faults.has(Fault::Frozen) {
        sorts.extend([(Kind::FrozenFlow, 13, 20), (Kind::FrozenOccupancy, 11, 30), (Kind::FrozenBoth, 13, 60)]);
    }
    if faults.has(Fault::Incoherent) {
        sorts.extend([(Kind::HugeFlow, 1, 3), (Kind::NoOccupancy, 2, 6)]);
    }
    sorts
}

/// The episodes of an arc in order, none in the first hours, for a clean beginning.
#[must_use]
pub fn plan(index: usize, seed: u64, faults: Faults, first: Hour, end: Hour) -> Vec<Episode> {
    let sorts = sorts(faults);
    let slot = SLOT.min(end - first).max(1);
    let mut episodes = Vec::new();
    let mut start = first;
    let mut number = 0_usize;
    while start < end {
        // The first arcs have each sort in turn, one that counts vehicles and one that does not, so that even a small city has them all.
        let pair = index / 2;
        let spared = if index < 64 {
            (pair + number) % 8 == 7
        } else {
            !random::at(seed, 0xe90, index as u64, number as u64).is_multiple_of(3)
        };
        let turn = pair + 7 * number;
        if !spared && let Some((kind, shortest, longest)) = sorts.get(turn % sorts.len()).copied() {
            let bits = random::at(seed, 0xe91, index as u64, number as u64);
            let hours = (shortest + i64::try_from(bits % 64).unwrap_or(0) % (longest - shortest + 1))
                .min((slot - CLEAN).max(0));
            let room = (slot - CLEAN - hours).max(0);
            let mut begin = start + CLEAN + i64::try_from((bits >> 8) % 1024).unwrap_or(0) % (room + 1);
            if kind == Kind::Night {
                // 22:00 UTC is never far from the city's midnight.
                begin = begin - begin.rem_euclid(24) + 21;
                begin += if begin < start { 24 } else { 0 };
            }
            let finish = (begin + hours).min(end).min(start + slot);
            if begin < finish {
                episodes.push(Episode { start: begin, end: finish, kind });
            }
        }
        start += slot;
        number += 1;
    }
    episodes
}

/// The episode of an hour.
#[must_use]
pub fn at(episodes: &[Episode], hour: Hour) -> Option<&Episode> {
    let next = episodes.partition_point(|episode| episode.end <= hour);
    episodes.get(next).filter(|episode| episode.start <= hour)
}

/// Whether a district is saturated in an hour, given what the clocks call it: every third day the quarter's own, in the evening.
#[must_use]
pub fn district_saturated(zone: usize, day: usize, local: usize) -> bool {
    zone == 3 && day.is_multiple_of(3) && (17..20).contains(&local)
        || zone == 9 && day % 4 == 1 && (8..10).contains(&local)
}
