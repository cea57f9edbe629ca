//! The true `comptages` document of each day.

mod alerts;
mod detectors;
mod districts;
mod figures;
mod told;
pub(super) mod window;

use contract::document::road_counts::{RoadCounts, RoadEvolution};
use contract::document::{DayStatus, Quality};

use super::Answer;
use crate::City;
use crate::clock;
use crate::roads::cell::state_of;
use told::{DayRows, Reading};
use window::Window;

/// Percent of the expected cells from which a day is final.
const FINAL_SHARE: f64 = 95.0;
/// Days past the day after which it is final anyway.
const FINAL_DAYS: i64 = 3;

/// Hours of a run, as a number.
fn hours_count(hours: usize) -> f64 {
    f64::from(u32::try_from(hours).unwrap_or(u32::MAX))
}

/// Runs of consecutive hours whose reading is of a sort; a missing cell ends a run. The end is excluded.
fn runs(readings: &[Option<Reading>], wanted: impl Fn(Reading) -> bool) -> Vec<(usize, usize)> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for index in 0..readings.len() {
        if window::at(readings, index).is_some_and(&wanted) {
            match runs.last_mut() {
                Some((_, to)) if *to == index => *to = index + 1,
                _ => runs.push((index, index + 1)),
            }
        }
    }
    runs
}

/// Cells of the day whose given state is more than one class from the occupancy that is left.
fn incoherent_states(window: &Window<'_>) -> u64 {
    let far =
        |reading: &Reading| reading.state > 0 && reading.k.is_some_and(|k| state_of(k).abs_diff(reading.state) > 1);
    let cells = window.arcs.iter().flat_map(|arc| arc.kept.iter().skip(window.first).flatten());
    cells.filter(|reading| far(reading)).count() as u64
}

/// What all days share: the rows of the whole input.
#[derive(Debug)]
pub(super) struct Roads {
    days: Vec<DayRows>,
    network: bool,
}

impl Roads {
    /// Counts the rows of the whole input.
    pub(super) fn new(city: &City, network: bool) -> Self {
        Self { days: told::days(city), network }
    }

    /// The document of a day; none where it has no row.
    pub(super) fn of(&self, city: &City, number: usize) -> Option<Answer<RoadCounts>> {
        let day = *city.days.days().get(number)?;
        let rows = self.days.get(number).filter(|rows| rows.cells > 0)?;
        let mut window = Window::new(city, &self.days, number, day, self.network);
        let (failing, set_aside) = detectors::set_aside(&mut window);
        let alerts = alerts::alerts(&window);
        let figures = figures::arcs(&window, &alerts);
        let (zones, congested, busy) = districts::districts(&figures);
        let completeness = figures::Availability::new(&window).observed;
        let newest = self.days.iter().rposition(|rows| rows.cells > 0).and_then(|last| city.days.days().get(last));
        let old = newest.is_some_and(|newest| newest.date() > day.plus(FINAL_DAYS).date());
        let definite = old || completeness.is_some_and(|share| share.get() >= FINAL_SHARE);
        let (read, structure) = told::whole(city, &self.days);
        let quality = Quality {
            rows_read: read,
            structural_rejects: structure,
            rows_of_day: rows.rows(),
            cells: rows.cells,
            duplicates: rows.repeats,
            conflicts: rows.conflicts,
            excluded_cells: set_aside,
            inconsistent_states: incoherent_states(&window),
            rejects: rows.values.clone(),
            ..Quality::default()
        };
        let body = RoadCounts {
            sensor_failures: failing,
            global_metrics: figures::global(&window, &figures),
            top_10_arcs: figures::top(&figures),
            metrics: figures.into_iter().map(|arc| arc.metrics).collect(),
            top_10_congested_zones: congested,
            busiest_zones: busy,
            zones,
            congestion_alerts: alerts,
            exceptional_flows: None,
            profiles: None,
            evolution: RoadEvolution::default(),
        };
        Some(Answer {
            status: if definite { DayStatus::Final } else { DayStatus::Provisional },
            complete_until: window.complete_until.map(|hour| day.stamp(clock::instant(hour))),
            completeness,
            quality,
            body,
        })
    }
}
