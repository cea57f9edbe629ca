//! Figures per zone; each zone occurs once.

use std::collections::BTreeMap;

use contract::document::road_counts::ZoneMetrics;
use contract::number::{Fixed1, Fixed2};

use super::arcs::ArcSums;
use super::hours::RoadDay;
use super::{larger_first, percent};
use crate::geo::Zones;
use crate::order::optional_id_order;

/// The figures of a zone with its unrounded ranking values.
#[derive(Debug, Clone)]
pub(crate) struct ZoneRow {
    pub(crate) row: ZoneMetrics,
    lost: f64,
    vehicles: f64,
}

/// Every zone with an arc, by code, arcs outside all zones last. Empty if no zones are known.
pub(crate) fn all(day: &RoadDay, sums: &[ArcSums], zones: Option<&Zones>) -> Vec<ZoneRow> {
    if zones.is_none() {
        return Vec::new();
    }
    let mut arcs_of: BTreeMap<Option<&str>, Vec<usize>> = BTreeMap::new();
    for (index, arc) in day.arcs.iter().enumerate().filter(|(_, arc)| arc.seen) {
        arcs_of.entry(arc.zone_code.as_deref()).or_default().push(index);
    }
    let mut zones: Vec<_> = arcs_of.into_iter().collect();
    zones.sort_by(|(a, _), (b, _)| optional_id_order(*a, *b));
    zones.into_iter().map(|(_, arcs)| one(day, sums, &arcs)).collect()
}

fn one(day: &RoadDay, sums: &[ArcSums], arcs: &[usize]) -> ZoneRow {
    let first = arcs.first().map(|index| &day.arcs[*index]);
    let total = |value: &dyn Fn(&ArcSums) -> Option<f64>| {
        let values: Vec<f64> = arcs.iter().filter_map(|index| value(&sums[*index])).collect();
        (!values.is_empty()).then(|| values.iter().sum::<f64>())
    };
    let (vehicles, lost) = (total(&|sums| sums.flow), total(&|sums| sums.lost));
    let saturated = arcs.iter().filter(|index| sums[**index].saturated).count() as u64;
    let with_occupancy = arcs.iter().filter(|index| sums[**index].occupancy.1 > 0).count() as u64;
    let mut slowest: Vec<usize> =
        arcs.iter().copied().filter(|index| sums[*index].lost.is_some_and(|lost| lost > 0.0)).collect();
    slowest.sort_by(|a, b| larger_first(sums[*a].lost, sums[*b].lost));
    let row = ZoneMetrics {
        zone: first.and_then(|arc| arc.zone_name.clone()).unwrap_or_default(),
        district: first.and_then(|arc| arc.zone_code.clone()),
        arc_count: arcs.len() as u64,
        total_vehicles: vehicles.map(Fixed2::of),
        vehicle_km: total(&|sums| sums.distance).map(Fixed1::of),
        total_delay_minutes: lost.map(Fixed1::of),
        saturated_arc_count: saturated,
        saturation_percent: percent(saturated, with_occupancy),
        top_arcs: slowest.into_iter().take(5).map(|index| day.arcs[index].id.clone()).collect(),
    };
    ZoneRow { row, lost: lost.unwrap_or(0.0), vehicles: vehicles.unwrap_or(0.0) }
}

/// The 10 zones with the largest delay, without zones without delay and arcs outside all zones.
pub(crate) fn by_lost_time(rows: &[ZoneRow]) -> Vec<ZoneMetrics> {
    ranked(rows, |row| row.lost)
}

/// The 10 zones with most vehicles, with the same exclusions.
pub(crate) fn by_vehicles(rows: &[ZoneRow]) -> Vec<ZoneMetrics> {
    ranked(rows, |row| row.vehicles)
}

fn ranked(rows: &[ZoneRow], value: impl Fn(&ZoneRow) -> f64) -> Vec<ZoneMetrics> {
    let mut rows: Vec<&ZoneRow> = rows.iter().filter(|row| row.row.district.is_some() && value(row) > 0.0).collect();
    // Zones are sorted by code, and the sort is stable.
    rows.sort_by(|a, b| value(b).total_cmp(&value(a)));
    rows.into_iter().take(10).map(|row| row.row.clone()).collect()
}
