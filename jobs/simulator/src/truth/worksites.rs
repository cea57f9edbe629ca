//! The expected `chantiers` document.

use std::collections::BTreeMap;

use chrono::Duration;
use contract::document::worksites::{CriticalZone, Worksite as WorksiteEntry, WorksiteZone, Worksites};
use contract::document::{DayStatus, Quality};
use contract::number::{Degrees, Fixed1};
use contract::{Reason, ServiceDay};

use super::{TrueDocument, id_order, point_text};
use crate::City;
use crate::geometry;
use crate::worksites::{self, Worksite, WorksiteRow};

/// Number of worksites, sum of impacts and area by code; no code is last.
type Districts = BTreeMap<(bool, Option<String>), (u64, u64, Option<f64>)>;

pub(super) fn document(city: &City, day: ServiceDay) -> TrueDocument<Worksites> {
    let mut quality = Quality::default();
    // By id: the last row, and the numbers of repeated rows that were equal to and different from the row before them.
    let mut last: BTreeMap<&str, (&Worksite, u64, u64)> = BTreeMap::new();
    for row in &city.worksites.rows {
        quality.rows_read += 1;
        match row {
            WorksiteRow::Bad(reason, _) => *quality.structural_rejects.entry(*reason).or_default() += 1,
            WorksiteRow::Worksite(worksite)
                if worksite.start.zip(worksite.end).is_some_and(|(start, end)| end < start) =>
            {
                *quality.structural_rejects.entry(Reason::ReversedDates).or_default() += 1;
            }
            WorksiteRow::Worksite(worksite) => {
                let entry = last.entry(&worksite.id).or_insert((worksite, 0, 0));
                if !std::ptr::eq(entry.0, worksite.as_ref()) {
                    let same = entry.0 == worksite.as_ref();
                    *entry = (worksite, entry.1 + u64::from(same), entry.2 + u64::from(!same));
                }
            }
        }
    }
    let date = day.date();
    let mut active: Vec<_> = last
        .into_values()
        .filter(|(worksite, ..)| {
            let begun = worksite.start.is_none_or(|start| start <= date);
            begun && worksite.end.is_none_or(|end| date <= end) && worksite.status != "5"
        })
        .collect();
    active.sort_by(|a, b| id_order(&a.0.id, &b.0.id));
    quality.cells = active.len() as u64;
    quality.duplicates = active.iter().map(|(_, same, _)| same).sum();
    quality.conflicts = active.iter().map(|(.., other)| other).sum();
    quality.rows_of_day = quality.cells + quality.duplicates + quality.conflicts;
    let active: Vec<_> = active.into_iter().map(|(worksite, ..)| worksite).collect();
    TrueDocument {
        status: DayStatus::Final,
        complete_until: None,
        completeness: None,
        quality,
        body: body(city, day, &active),
    }
}

fn body(city: &City, day: ServiceDay, active: &[&Worksite]) -> Worksites {
    let date = day.date();
    let ids = |wanted: &dyn Fn(&Worksite) -> bool| {
        active.iter().filter(|worksite| wanted(worksite)).map(|worksite| worksite.id.clone()).collect()
    };
    let mut by_impact = BTreeMap::new();
    let mut districts: Districts = BTreeMap::new();
    let mut total = 0.0;
    for worksite in active {
        let impact = worksite.impact.clone().unwrap_or_else(|| "NON_RENSEIGNE".to_owned());
        *by_impact.entry(impact).or_default() += 1;
        let code = code(city, worksite);
        let district = districts.entry((code.is_none(), code)).or_default();
        district.0 += 1;
        district.1 += u64::from(percent(worksite));
        if let Some(area) = area(worksite) {
            total += area;
            district.2 = Some(district.2.unwrap_or(0.0) + area);
        }
    }
    let name = |code: &Option<String>| code.as_ref().and_then(|code| city.zones.name(code));
    Worksites {
        active_worksites: active.iter().map(|worksite| entry(city, worksite)).collect(),
        active_worksite_count: active.len() as u64,
        by_district: districts
            .iter()
            .map(|((_, code), (count, impact, area))| WorksiteZone {
                district: code.clone(),
                zone: name(code),
                count: *count,
                impact_total: *impact,
                area_m2: area.map(Fixed1::of),
            })
            .collect(),
        by_impact,
        critical_zones: districts
            .iter()
            .filter(|(_, (count, ..))| *count > 3)
            .map(|((_, code), (count, ..))| CriticalZone { district: code.clone(), zone: name(code), count: *count })
            .collect(),
        affected_area_m2: Fixed1::of(total),
        starting: ids(&|worksite| worksite.start == Some(date)),
        ending_soon: ids(&|worksite| worksite.end.is_some_and(|end| date <= end && end < date + Duration::days(7))),
        long_running: ids(&|worksite| {
            worksite.start.is_some_and(|start| (worksite.end.unwrap_or(date) - start).num_days() > 30)
        }),
    }
}

fn entry(city: &City, worksite: &Worksite) -> WorksiteEntry {
    let code = code(city, worksite);
    let rounded: Vec<Vec<Vec<_>>> = worksite
        .polygons
        .iter()
        .map(|polygon| polygon.iter().map(|ring| ring.iter().map(|point| point.map(Degrees::of)).collect()).collect())
        .collect();
    WorksiteEntry {
        id: worksite.id.clone(),
        category: worksite.kind.clone(),
        purpose: worksite.object.clone(),
        streets: worksite.streets.clone(),
        impact: worksite.impact.clone(),
        impact_percent: percent(worksite),
        level: worksite.level.clone(),
        status: Some(worksite.status.to_owned()),
        zone: code.as_ref().and_then(|code| city.zones.name(code)),
        district: code,
        start_date: worksite.start,
        end_date: worksite.end,
        area_m2: area(worksite).map(Fixed1::of),
        geo_point_2d: worksite.point.map(point_text),
        geometry: worksites::geometry(&rounded),
    }
}

fn code(city: &City, worksite: &Worksite) -> Option<String> {
    let located = || worksite.point.and_then(|point| city.zones.locate(point)).map(|zone| zone.code.clone());
    worksite.code.clone().or_else(located)
}

fn percent(worksite: &Worksite) -> u32 {
    match worksite.impact.as_deref() {
        Some("BARRAGE_TOTAL") => 100,
        Some("IMPASSE") => 80,
        Some("RESTREINTE") => 50,
        Some("SENS_UNIQUE") => 30,
        _ => 0,
    }
}

fn area(worksite: &Worksite) -> Option<f64> {
    worksite.polygons.iter().map(|polygon| geometry::area(polygon)).reduce(|sum, area| sum + area)
}
