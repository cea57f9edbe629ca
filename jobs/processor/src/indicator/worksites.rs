//! The worksites of a day: location, impact and area.

use std::collections::BTreeMap;

use chrono::{Duration, NaiveDate};
use contract::document::worksites::{CriticalZone, Worksite, WorksiteZone, Worksites};
use contract::number::Fixed1;

use crate::context::DayContext;
use crate::geo::{Zones, area_m2, format_point, place, to_geojson};
use crate::order::optional_id_order;
use crate::parameters::WorksiteParameters;
use crate::source::worksites::{Impact, WorksiteRecord};

/// Key of worksites without an impact.
const NOT_GIVEN: &str = "NON_RENSEIGNE";

/// `active`: the worksites that are active on the day, in id order.
#[must_use]
pub(crate) fn measure(active: &[&WorksiteRecord], context: &DayContext<'_>) -> Worksites {
    let parameters = &context.parameters.chantiers;
    let date = context.day.date();
    let worksites: Vec<Worksite> = active.iter().map(|record| worksite(record, context.zones, parameters)).collect();
    let by_zone = by_zone(&worksites);
    Worksites {
        active_worksite_count: count(worksites.len()),
        by_impact: by_impact(&worksites),
        critical_zones: critical(&by_zone, parameters.zone_critique_nombre),
        affected_area_m2: Fixed1::of(worksites.iter().filter_map(|worksite| worksite.area_m2).map(Fixed1::get).sum()),
        by_district: by_zone,
        starting: ids(active, |record| record.start == Some(date)),
        ending_soon: ids(active, |record| ends_within(record, date, parameters.se_termine_jours)),
        long_running: ids(active, |record| is_long(record, date, parameters.long_jours)),
        active_worksites: worksites,
    }
}

fn worksite(record: &WorksiteRecord, zones: Option<&Zones>, parameters: &WorksiteParameters) -> Worksite {
    let (code, zone) = match &record.postal_code {
        Some(code) => (Some(code.clone()), zones.and_then(|zones| zones.by_code(code)).map(|zone| zone.name.clone())),
        // Without a code there is no name either.
        None => match place(zones, record.point) {
            (Some(code), zone) => (Some(code), zone),
            (None, _) => (None, None),
        },
    };
    Worksite {
        id: record.id.clone(),
        category: record.kind.clone(),
        purpose: record.object.clone(),
        streets: record.streets.clone(),
        impact: record.impact.map(|impact| impact.name().to_owned()).or_else(|| record.other_impact.clone()),
        impact_percent: record.impact.map_or(0, |impact| percent(impact, parameters)),
        level: record.level.clone(),
        status: record.status.clone(),
        district: code,
        zone,
        start_date: record.start,
        end_date: record.end,
        area_m2: record.shape.as_ref().and_then(area_m2).and_then(Fixed1::new),
        geo_point_2d: record.point.map(|(lon, lat)| format_point(lat, lon)),
        geometry: record.shape.as_ref().map(to_geojson),
    }
}

/// Share of the street's traffic that is affected, percent.
fn percent(impact: Impact, parameters: &WorksiteParameters) -> u32 {
    match impact {
        Impact::BarrageTotal => parameters.impact_barrage_total,
        Impact::Impasse => parameters.impact_impasse,
        Impact::Restreinte => parameters.impact_restreinte,
        Impact::SensUnique => parameters.impact_sens_unique,
    }
}

/// Ends on the day or within the days after it: `D ≤ end < D + days`.
fn ends_within(record: &WorksiteRecord, date: NaiveDate, days: i64) -> bool {
    record.end.is_some_and(|end| date <= end && end - date < Duration::days(days))
}

/// Lasts more than `days` days, from its start to its end, or to the day if it has no end; unknown without a start.
fn is_long(record: &WorksiteRecord, date: NaiveDate, days: i64) -> bool {
    record.start.is_some_and(|start| record.end.unwrap_or(date) - start > Duration::days(days))
}

fn by_impact(worksites: &[Worksite]) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for worksite in worksites {
        *counts.entry(worksite.impact.as_deref().unwrap_or(NOT_GIVEN).to_owned()).or_default() += 1;
    }
    counts
}

/// Sums by code, unknown codes last. Areas are added in worksite order, so that the result is reproducible.
fn by_zone(worksites: &[Worksite]) -> Vec<WorksiteZone> {
    let mut zones: BTreeMap<Option<&str>, WorksiteZone> = BTreeMap::new();
    for worksite in worksites {
        let zone = zones.entry(worksite.district.as_deref()).or_insert_with(|| WorksiteZone {
            district: worksite.district.clone(),
            zone: worksite.zone.clone(),
            count: 0,
            impact_total: 0,
            area_m2: None,
        });
        zone.count += 1;
        zone.impact_total += u64::from(worksite.impact_percent);
        if let Some(area) = worksite.area_m2 {
            zone.area_m2 = Some(Fixed1::of(zone.area_m2.map_or(0.0, Fixed1::get) + area.get()));
        }
    }
    let mut zones: Vec<WorksiteZone> = zones.into_values().collect();
    zones.sort_by(|a, b| optional_id_order(a.district.as_deref(), b.district.as_deref()));
    zones
}

fn critical(zones: &[WorksiteZone], more_than: u64) -> Vec<CriticalZone> {
    zones
        .iter()
        .filter(|zone| zone.count > more_than)
        .map(|zone| CriticalZone { district: zone.district.clone(), zone: zone.zone.clone(), count: zone.count })
        .collect()
}

fn ids(active: &[&WorksiteRecord], wanted: impl Fn(&WorksiteRecord) -> bool) -> Vec<String> {
    active.iter().filter(|record| wanted(record)).map(|record| record.id.clone()).collect()
}

fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}
