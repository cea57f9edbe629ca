//! The value of one arc in one hour, and the defect of the row that carries it.

use contract::DayType;

use super::episode::{self, Episode, EpisodeKind};
use crate::clock::{self, ClockChange, HourInfo, SimulatedDays};
use crate::faults::{Fault, Faults};
use crate::random;
use crate::road_network::arc::{self, Arc};
use crate::zones::Zones;

/// A published state that is not one of the known states.
pub const UNKNOWN_STATE: u8 = 9;

/// The defect of the row of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Defect {
    None,
    MissingRow,
    /// The row is repeated this many times.
    Duplicate(u8),
    /// A row with other values precedes it.
    Conflict,
    /// The flow is `n/d`.
    FlowText,
    /// The flow is below zero.
    FlowNegative,
    /// The occupancy is `n/d`.
    OccupancyText,
    /// The occupancy is above 100.
    OccupancyAbove,
    /// The occupancy is below 0.
    OccupancyBelow,
    DecimalComma,
    /// One field too many or too few.
    ColumnCount,
    UnreadableDate,
    InvalidUtf8,
    MissingId,
    /// An additional row with a wall time that the clock change skips, in files without UTC offsets.
    SkippedWallTime,
}

/// The value of one arc in one hour. A value that a defect makes unusable is the one that would have been published without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HourCell {
    /// Flow, vehicles per hour.
    pub q: Option<u32>,
    /// Occupancy, hundred-thousandths of a percent.
    pub k: Option<u32>,
    /// The published state: 0 Inconnu, 1 Fluide … 4 Bloqué, or [`UNKNOWN_STATE`].
    pub state: u8,
    /// Status of the arc: 0 Inconnu, 1 Ouvert, 2 Barré, 3 Invalide.
    pub status: u8,
    pub defect: Defect,
    /// Random bits that select spelling variants.
    pub bits: u64,
}

/// All arcs with their episodes; gives the cell of any arc and hour.
#[derive(Debug)]
pub struct RoadSimulation {
    pub arcs: Vec<Arc>,
    /// By arc index.
    pub episodes: Vec<Vec<Episode>>,
    pub faults: Faults,
    pub seed: u64,
    days: usize,
    first_hour: i64,
    defects: Vec<Defect>,
}

/// One percent, in hundred-thousandths of a percent.
pub const PERCENT: u32 = 100_000;

impl RoadSimulation {
    #[must_use]
    pub fn new(count: usize, seed: u64, faults: Faults, zones: &Zones, days: &SimulatedDays) -> Self {
        let arcs = arc::all(count, seed, faults, zones);
        let plan = |arc: &Arc| episode::plan(arc.index, seed, faults, days.first_hour(), days.end_hour());
        let episodes = arcs.iter().map(plan).collect();
        let enough_rows = count * days.hours().len() >= 400;
        let defects = defects(faults, enough_rows);
        Self { arcs, episodes, faults, seed, days: days.days().len(), first_hour: days.first_hour(), defects }
    }

    /// Whether no arc reports in an hour: an outage of the whole city, early on one day in five.
    #[must_use]
    pub fn city_silent(&self, hour: &HourInfo) -> bool {
        self.faults.has(Fault::CitySilence) && hour.local == 4 && hour.day % 5 == 1.min(self.days - 1)
    }

    #[must_use]
    pub fn cell(&self, arc: &Arc, hour: &HourInfo) -> HourCell {
        let bits = random::at(self.seed, 1, arc.index as u64, clock::hour_key(hour.hour));
        let (mut q, mut k) = normal_values(arc, hour, bits);
        let mut status = arc.status;
        if episode::district_saturated(arc.zone, hour.day, hour.local) && bits % 10 < 8 {
            k = 30 * PERCENT + k % (15 * PERCENT);
        }
        let mut defect = self.defect(arc, hour, bits);
        let episodes = self.episodes.get(arc.index).map(Vec::as_slice).unwrap_or_default();
        let mut silent = arc.mute;
        if let Some(episode) = episode::at(episodes, hour.hour) {
            let steady = random::at(self.seed, 2, arc.index as u64, clock::hour_key(episode.start));
            let steady_q = 100 + u32::try_from(steady % 900).unwrap_or(0);
            let steady_k = PERCENT + u32::try_from(steady >> 32).unwrap_or(0) % (14 * PERCENT);
            let middle = hour.hour == i64::midpoint(episode.start, episode.end);
            match episode.kind {
                EpisodeKind::Congestion { critical } => {
                    k = if critical && middle {
                        90 * PERCENT + k % (9 * PERCENT)
                    } else {
                        80 * PERCENT + k % (9 * PERCENT)
                    };
                }
                EpisodeKind::Blockage | EpisodeKind::Night => k = 50 * PERCENT + k % (29 * PERCENT),
                EpisodeKind::Silent => defect = Defect::MissingRow,
                EpisodeKind::Empty => silent = true,
                EpisodeKind::FrozenFlow => q = steady_q,
                EpisodeKind::FrozenOccupancy => k = steady_k,
                EpisodeKind::FrozenBoth => (q, k) = (steady_q, steady_k),
                EpisodeKind::HugeFlow => q = 10_001 + steady_q,
                EpisodeKind::NoOccupancy => (q, k) = (q.max(1), 0),
                EpisodeKind::Closed => (q, k, status) = (0, 0, 2),
            }
            if !matches!(defect, Defect::MissingRow) {
                // A single bad row must not interrupt an episode.
                defect = Defect::None;
            }
        }
        if hour.change == ClockChange::Spring {
            silent = true;
            defect = match (self.faults.has(Fault::Clock) && arc.index.is_multiple_of(3), arc.index.is_multiple_of(2)) {
                (true, _) => Defect::SkippedWallTime,
                (false, true) => Defect::MissingRow,
                (false, false) => Defect::None,
            };
        }
        if hour.change == ClockChange::Autumn || self.city_silent(hour) {
            defect = Defect::MissingRow;
        }
        self.finish(arc, (q, k), silent, status, defect, bits)
    }

    fn finish(&self, arc: &Arc, (q, k): (u32, u32), silent: bool, status: u8, defect: Defect, bits: u64) -> HourCell {
        let state = if silent { 0 } else { state_of(k) };
        let rare =
            |fault: Fault, shift: u32| self.faults.has(fault) && defect == Defect::None && (bits >> shift) % 512 == 7;
        let lost = rare(Fault::MissingValues, 20);
        let keep_q = arc.has_flow && !silent && !(lost && bits & 1 == 0);
        let keep_k = !(silent || lost && bits & 1 == 1);
        let state = match (rare(Fault::BadStates, 30), bits & 3) {
            (true, 0) => UNKNOWN_STATE,
            (true, _) if state > 0 && keep_k => {
                if state <= 2 {
                    4
                } else {
                    1
                }
            }
            _ => state,
        };
        HourCell { q: keep_q.then_some(q), k: keep_k.then_some(k), state, status, defect, bits }
    }

    /// The defect of a row. Defects are rare, except in hours 5 to 7, which together have one of each kind.
    fn defect(&self, arc: &Arc, hour: &HourInfo, bits: u64) -> Defect {
        let since = usize::try_from(hour.hour - self.first_hour).unwrap_or(0);
        if (5..8).contains(&since) {
            return self.defects.get(arc.index + self.arcs.len() * (since - 5)).copied().unwrap_or(Defect::None);
        }
        let index = usize::try_from((bits >> 40) % 4096).unwrap_or(0);
        self.defects.get(index).copied().unwrap_or(Defect::None)
    }

    /// The row with other values that precedes the row of a cell with [`Defect::Conflict`].
    #[must_use]
    pub fn conflicting_cell(&self, cell: &HourCell) -> HourCell {
        let q = cell.q.map(|q| q + 3 + u32::try_from(cell.bits % 50).unwrap_or(0));
        HourCell { q, k: cell.k.map(|k| k / 2 + 1), state: cell.k.map_or(cell.state, |k| state_of(k / 2 + 1)), ..*cell }
    }
}

fn defects(faults: Faults, enough_rows: bool) -> Vec<Defect> {
    let mut defects = Vec::new();
    let mut add = |fault: Fault, some: &[Defect]| {
        if faults.has(fault) {
            defects.extend_from_slice(some);
        }
    };
    add(Fault::Duplicates, &[Defect::Duplicate(1), Defect::Duplicate(2)]);
    add(Fault::Conflicts, &[Defect::Conflict]);
    add(Fault::MissingRows, &[Defect::MissingRow]);
    let numbers =
        [Defect::FlowText, Defect::FlowNegative, Defect::OccupancyText, Defect::OccupancyAbove, Defect::OccupancyBelow];
    add(Fault::BadNumbers, &numbers);
    add(Fault::DecimalCommas, &[Defect::DecimalComma]);
    add(Fault::BrokenRows, &[Defect::ColumnCount]);
    add(Fault::BadDates, &[Defect::UnreadableDate]);
    add(Fault::NoId, &[Defect::MissingId]);
    if enough_rows {
        // More than 1 % of such rows make the whole file unusable.
        add(Fault::InvalidUtf8, &[Defect::InvalidUtf8]);
    }
    defects
}

/// The state for an occupancy, 1 Fluide to 4 Bloqué.
#[must_use]
pub fn state_of(k: u32) -> u8 {
    match k / PERCENT {
        0..15 => 1,
        15..30 => 2,
        30..50 => 3,
        _ => 4,
    }
}

/// Activity by local hour of a workday, thousandths of the busiest hour.
const WORKDAY: [u32; 24] = [
    240, 160, 110, 90, 110, 210, 430, 780, 980, 900, 800, 780, 790, 800, 820, 860, 930, 990, 1000, 900, 730, 560, 450,
    340,
];

fn normal_values(arc: &Arc, hour: &HourInfo, bits: u64) -> (u32, u32) {
    let day_factor = match hour.day_type {
        DayType::Workday => 1.0,
        DayType::SchoolHoliday => 0.87,
        DayType::Saturday => 0.82,
        DayType::SundayOrHoliday => 0.68,
    };
    let activity = f64::from(WORKDAY.get(hour.local).copied().unwrap_or(500)) / 1000.0 * day_factor;
    let flow = arc.capacity * activity * (0.85 + 0.3 * random::unit(bits));
    let occupancy =
        arc.density * (2.0 + 25.0 * activity * activity.sqrt()) * (0.8 + 0.4 * random::unit(random::mix(bits)));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive and small")]
    let pair = (flow.round() as u32, ((occupancy * f64::from(PERCENT)) as u32).clamp(1, 100 * PERCENT));
    pair
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_day_of_a_small_city_has_every_kind_of_defect() {
        let day = "2025-11-03".parse().unwrap();
        let days = SimulatedDays::new(day, day, contract::Tz::PARIS);
        let roads = RoadSimulation::new(40, 42, Faults::all(), &Zones::new(42), &days);
        let cells: Vec<_> =
            roads.arcs.iter().flat_map(|arc| days.hours().iter().map(|hour| roads.cell(arc, hour).defect)).collect();
        for defect in defects(Faults::all(), true) {
            assert!(cells.contains(&defect), "{defect:?}");
        }
    }

    #[test]
    fn city_without_faults_has_no_defects() {
        let day = "2025-11-03".parse().unwrap();
        let days = SimulatedDays::new(day, day, contract::Tz::PARIS);
        let roads = RoadSimulation::new(40, 42, Faults::NONE, &Zones::new(42), &days);
        for arc in &roads.arcs {
            for hour in days.hours() {
                let cell = roads.cell(arc, hour);
                assert_eq!(cell.defect, Defect::None);
                assert!(cell.k.is_some() && cell.q.is_some() == arc.has_flow);
            }
        }
    }
}
