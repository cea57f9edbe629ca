//! Episodes of several hours: congestion and detector failures. They are planned per arc, so that any hour can be computed alone.

use crate::clock::Hour;
use crate::faults::{Fault, Faults};
use crate::random;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EpisodeKind {
    /// Occupancy from 80 %; if critical, above 90 % in the middle hour.
    Congestion {
        critical: bool,
    },
    /// Occupancy from 50 to 80 %.
    Blockage,
    /// A blockage around midnight, to cross the boundary of two days.
    Night,
    /// No rows.
    Silent,
    /// Rows without values.
    Empty,
    /// The same flow in every hour.
    FrozenFlow,
    /// The same occupancy in every hour.
    FrozenOccupancy,
    FrozenBoth,
    /// A flow above the largest plausible one.
    HugeFlow,
    /// A flow with an occupancy of 0.
    NoOccupancy,
    /// The street is closed: zero flow for many hours, which is not a fault.
    Closed,
}

/// An episode in the hours `start..end`.
#[derive(Debug, Clone, Copy)]
pub struct Episode {
    pub start: Hour,
    pub end: Hour,
    pub kind: EpisodeKind,
}

/// Hours without an episode at the beginning of each slot.
const CLEAN: i64 = 8;
/// Length of a slot, hours; an arc has at most one episode per slot.
const SLOT: i64 = 96;

/// The possible episodes, with their shortest and longest duration in hours.
fn possible_episodes(faults: Faults) -> Vec<(EpisodeKind, i64, i64)> {
    let mut possible = vec![
        (EpisodeKind::Congestion { critical: true }, 2, 5),
        (EpisodeKind::Blockage, 3, 8),
        (EpisodeKind::Night, 4, 6),
        (EpisodeKind::Congestion { critical: false }, 2, 3),
        (EpisodeKind::Closed, 8, 14),
    ];
    if faults.has(Fault::Silent) {
        possible.extend([(EpisodeKind::Silent, 7, 30), (EpisodeKind::Empty, 6, 12)]);
    }
    if faults.has(Fault::Frozen) {
        possible.extend([
            (EpisodeKind::FrozenFlow, 13, 20),
            (EpisodeKind::FrozenOccupancy, 11, 30),
            (EpisodeKind::FrozenBoth, 13, 60),
        ]);
    }
    if faults.has(Fault::Incoherent) {
        possible.extend([(EpisodeKind::HugeFlow, 1, 3), (EpisodeKind::NoOccupancy, 2, 6)]);
    }
    possible
}

/// The episodes of an arc, in order.
#[must_use]
pub fn plan(index: usize, seed: u64, faults: Faults, first: Hour, end: Hour) -> Vec<Episode> {
    let possible = possible_episodes(faults);
    let slot = SLOT.min(end - first).max(1);
    let mut episodes = Vec::new();
    let mut start = first;
    let mut number = 0_usize;
    while start < end {
        // The first arcs have the possible episodes in turn, in pairs with and without flow, so that even a small city has all of them.
        let pair = index / 2;
        let skipped = if index < 64 {
            (pair + number) % 8 == 7
        } else {
            !random::at(seed, 0xe90, index as u64, number as u64).is_multiple_of(3)
        };
        let turn = pair + 7 * number;
        if !skipped && let Some((kind, shortest, longest)) = possible.get(turn % possible.len()).copied() {
            let bits = random::at(seed, 0xe91, index as u64, number as u64);
            let hours = (shortest + i64::try_from(bits % 64).unwrap_or(0) % (longest - shortest + 1))
                .min((slot - CLEAN).max(0));
            let room = (slot - CLEAN - hours).max(0);
            let mut begin = start + CLEAN + i64::try_from((bits >> 8) % 1024).unwrap_or(0) % (room + 1);
            if kind == EpisodeKind::Night {
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

#[must_use]
pub fn at(episodes: &[Episode], hour: Hour) -> Option<&Episode> {
    let next = episodes.partition_point(|episode| episode.end <= hour);
    episodes.get(next).filter(|episode| episode.start <= hour)
}

/// Whether a district is saturated in a local hour: district 3 on every third evening, district 9 on every fourth morning.
#[must_use]
pub fn district_saturated(zone: usize, day: usize, local: usize) -> bool {
    zone == 3 && day.is_multiple_of(3) && (17..20).contains(&local)
        || zone == 9 && day % 4 == 1 && (8..10).contains(&local)
}
