//! The figures of each district, and their rankings.

use std::collections::BTreeMap;

use contract::document::road_counts::ZoneMetrics;
use contract::number::{Fixed1, Fixed2};

use super::figures::{ArcFigures, sum};
use crate::truth::{id_order, percent, to_f64};
use crate::zones::OUTSIDE;

/// A district with its sort keys in full precision.
struct RankedDistrict {
    lost: Option<f64>,
    vehicles: Option<u64>,
    metrics: ZoneMetrics,
}

/// All districts by code, with arcs outside all districts last; the most congested; those with the most vehicles.
pub(super) fn districts(figures: &[ArcFigures<'_>]) -> (Vec<ZoneMetrics>, Vec<ZoneMetrics>, Vec<ZoneMetrics>) {
    let mut by_code: BTreeMap<(bool, Option<String>), Vec<&ArcFigures<'_>>> = BTreeMap::new();
    for arc in figures {
        let code = arc.hours.description.code.clone();
        by_code.entry((code.is_none(), code)).or_default().push(arc);
    }
    let all: Vec<_> = by_code.into_iter().map(|((_, code), arcs)| district(code, &arcs)).collect();
    let ranked = |value: &dyn Fn(&RankedDistrict) -> f64| {
        let mut some: Vec<_> =
            all.iter().filter(|district| district.metrics.district.is_some() && value(district) > 0.0).collect();
        some.sort_by(|a, b| value(b).total_cmp(&value(a)).then_with(|| a.metrics.district.cmp(&b.metrics.district)));
        some.into_iter().take(10).map(|district| district.metrics.clone()).collect::<Vec<_>>()
    };
    let congested = ranked(&|district| district.lost.unwrap_or(0.0));
    let busy = ranked(&|district| district.vehicles.map_or(0.0, to_f64));
    (all.iter().map(|district| district.metrics.clone()).collect(), congested, busy)
}

fn district(code: Option<String>, arcs: &[&ArcFigures<'_>]) -> RankedDistrict {
    let vehicles = arcs.iter().filter_map(|arc| arc.total).reduce(|sum, total| sum + total);
    let lost = sum(arcs.iter().map(|arc| arc.lost));
    let saturated = arcs.iter().filter(|arc| arc.saturated).count() as u64;
    let mut worst: Vec<_> = arcs.iter().filter(|arc| arc.lost.is_some_and(|lost| lost > 0.0)).collect();
    worst.sort_by(|a, b| {
        let by_lost = b.lost.unwrap_or(0.0).total_cmp(&a.lost.unwrap_or(0.0));
        by_lost.then_with(|| id_order(&a.hours.arc.id, &b.hours.arc.id))
    });
    let metrics = ZoneMetrics {
        zone: arcs.first().and_then(|arc| arc.metrics.zone.clone()).unwrap_or_else(|| OUTSIDE.to_owned()),
        district: code,
        arc_count: arcs.len() as u64,
        total_vehicles: vehicles.map(|vehicles| Fixed2::of(to_f64(vehicles))),
        vehicle_km: sum(arcs.iter().map(|arc| arc.vehicle_km)).map(Fixed1::of),
        total_delay_minutes: lost.map(Fixed1::of),
        saturated_arc_count: saturated,
        saturation_percent: percent(saturated, arcs.iter().filter(|arc| arc.has_occupancy).count() as u64),
        top_arcs: worst.iter().take(5).map(|arc| arc.hours.arc.id.clone()).collect(),
    };
    RankedDistrict { lost, vehicles, metrics }
}
