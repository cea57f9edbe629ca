//! The expected `comptages` document of each day.
//!
//! ```text
//! published (rows of each cell) ─> day_window ─> detectors ─> alerts, figures ─> districts
//! ```

mod alerts;
mod day_window;
mod detectors;
mod districts;
mod figures;
mod published;

use contract::document::road_counts::{RoadCounts, RoadEvolution};
use contract::document::{DayStatus, Quality};

use super::TrueDocument;
use crate::City;
use crate::clock;
use crate::road_counts::cell::state_of;
use day_window::DayWindow;
use published::{DayRows, PublishedRow};

/// A day with this percentage of the expected cells is final.
const FINAL_SHARE: f64 = 95.0;
/// Days after which the day is final regardless of its completeness.
const FINAL_DAYS: i64 = 3;

/// Maximal ranges `(from, to)` of consecutive indexes below `count` for which `wanted` holds; `to` is excluded.
fn runs(count: usize, wanted: impl Fn(usize) -> bool) -> Vec<(usize, usize)> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for index in (0..count).filter(|index| wanted(*index)) {
        match runs.last_mut() {
            Some((_, to)) if *to == index => *to = index + 1,
            _ => runs.push((index, index + 1)),
        }
    }
    runs
}

/// The runs of hours whose row satisfies a condition; a missing row ends a run.
fn row_runs(rows: &[Option<PublishedRow>], wanted: impl Fn(PublishedRow) -> bool) -> Vec<(usize, usize)> {
    runs(rows.len(), |index| day_window::at(rows, index).is_some_and(&wanted))
}

/// Cells of the day whose published state is more than one class from that of a valid occupancy.
fn incoherent_states(window: &DayWindow<'_>) -> u64 {
    let far = |row: &PublishedRow| row.state > 0 && row.k.is_some_and(|k| state_of(k).abs_diff(row.state) > 1);
    let cells = window.arcs.iter().flat_map(|arc| arc.valid_rows.iter().skip(window.day_start).flatten());
    cells.filter(|row| far(row)).count() as u64
}

/// The rows of the whole input, which the documents of all days share.
#[derive(Debug)]
pub(super) struct RoadCountsTruth {
    days: Vec<DayRows>,
    network: bool,
}

impl RoadCountsTruth {
    pub(super) fn new(city: &City, network: bool) -> Self {
        Self { days: published::days(city), network }
    }

    /// The document of a day; `None` if it has no row.
    pub(super) fn document(&self, city: &City, number: usize) -> Option<TrueDocument<RoadCounts>> {
        let day = *city.days.days().get(number)?;
        let rows = self.days.get(number).filter(|rows| rows.cells > 0)?;
        let mut window = DayWindow::new(city, &self.days, number, day, self.network);
        let (failing, set_aside) = detectors::set_aside(&mut window);
        let alerts = alerts::alerts(&window);
        let figures = figures::arcs(&window, &alerts);
        let (zones, congested, busy) = districts::districts(&figures);
        let completeness = figures::Availability::new(&window).observed;
        let newest = self.days.iter().rposition(|rows| rows.cells > 0).and_then(|last| city.days.days().get(last));
        let old = newest.is_some_and(|newest| newest.date() > day.plus(FINAL_DAYS).date());
        let is_final = old || completeness.is_some_and(|share| share.get() >= FINAL_SHARE);
        let (rows_read, rejected_rows) = published::input_totals(city, &self.days);
        let quality = Quality {
            rows_read,
            structural_rejects: rejected_rows,
            rows_of_day: rows.usable(),
            cells: rows.cells,
            duplicates: rows.repeats,
            conflicts: rows.conflicts,
            excluded_cells: set_aside,
            inconsistent_states: incoherent_states(&window),
            rejects: rows.rejected_values.clone(),
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
        Some(TrueDocument {
            status: if is_final { DayStatus::Final } else { DayStatus::Provisional },
            complete_until: window.complete_until.map(|hour| day.stamp(clock::instant(hour))),
            completeness,
            quality,
            body,
        })
    }
}
