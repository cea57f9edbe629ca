//! The true `chantiers` document.

use std::collections::BTreeMap;

use chrono::Duration;
use contract::document::worksites::{CriticalZone, Worksite as Entry, WorksiteZone, Worksites};
use contract::document::{DayStatus, Quality};
use contract::number::{Degrees, Fixed1};
use contract::{Reason, ServiceDay};

use super::{Answer, id_order, point_text};
use crate::City;
use crate::geometry;
use crate::worksites::{self, Row, Worksite};

/// Worksites, their impact and their area by code, none last.
type Districts = BTreeMap<(bool, Option<String>), (u64, u64, Option<f64>)>;

/// The document of a day.
pub(super) fn of(city: &City, day: ServiceDay) -> Answer<Worksites> {
    let mut quality = Quality::default();
    // By id: the last row, and how often a further row was the same or another.
    let mut last: BTreeMap<&str, (&Worksite, u64, u64)> = BTreeMap::new();
    for row in &city.worksites.rows {
        quality.lignes_lues += 1;
        match row {
            Row::Bad(reason, _) => *quality.rejets_structure.entry(*reason).or_default() += 1,
            Row::Worksite(worksite) if worksite.start.zip(worksite.end).is_some_and(|(start, end)| end < start) => {
                *quality.rejets_structure.entry(Reason::ReversedDates).or_default() += 1;
            }
            Row::Worksite(worksite) => {
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
            worksite.start.is_none_or(|start| start <= date) && worksite.end.is_none_or(|end| date <= end)
        })
        .collect();
    active.sort_by(|a, b| id_order(&a.0.id, &b.0.id));
    quality.cellules = active.len() as u64;
    quality.doublons = active.iter().map(|(_, same, _)| same).sum();
    quality.conflits = active.iter().map(|(.., other)| other).sum();
    quality.lignes_du_jour = quality.cellules + quality.doublons + quality.conflits;
    let active: Vec<_> = active.into_iter().map(|(worksite, ..)| worksite).collect();
    Answer {
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
        chantiers_actifs: active.iter().map(|worksite| entry(city, worksite)).collect(),
        total_chantiers_actifs: active.len() as u64,
        by_arrondissement: districts
            .iter()
            .map(|((_, code), (count, impact, area))| WorksiteZone {
                arrondissement: code.clone(),
                zone: name(code),
                nombre: *count,
                impact_total: *impact,
                surface_m2: area.map(Fixed1::of),
            })
            .collect(),
        by_impact,
        zones_critiques: districts
            .iter()
            .filter(|(_, (count, ..))| *count > 3)
            .map(|((_, code), (count, ..))| CriticalZone {
                arrondissement: code.clone(),
                zone: name(code),
                nombre: *count,
            })
            .collect(),
        surface_totale_impactee_m2: Fixed1::of(total),
        nouveaux: ids(&|worksite| worksite.start == Some(date)),
        se_terminent: ids(&|worksite| worksite.end.is_some_and(|end| date <= end && end < date + Duration::days(7))),
        longs: ids(&|worksite| {
            worksite.start.is_some_and(|start| (worksite.end.unwrap_or(date) - start).num_days() > 30)
        }),
    }
}

fn entry(city: &City, worksite: &Worksite) -> Entry {
    let code = code(city, worksite);
    let rounded: Vec<Vec<Vec<_>>> = worksite
        .polygons
        .iter()
        .map(|polygon| polygon.iter().map(|ring| ring.iter().map(|point| point.map(Degrees::of)).collect()).collect())
        .collect();
    Entry {
        identifiant: worksite.id.clone(),
        typologie: worksite.kind.clone(),
        objet: worksite.object.clone(),
        voies: worksite.streets.clone(),
        impact: worksite.impact.clone(),
        impact_pourcent: percent(worksite),
        niveau: worksite.level.clone(),
        zone: code.as_ref().and_then(|code| city.zones.name(code)),
        arrondissement: code,
        date_debut: worksite.start,
        date_fin: worksite.end,
        surface_m2: area(worksite).map(Fixed1::of),
        geo_point_2d: worksite.point.map(point_text),
        geometrie: worksites::geometry(&rounded),
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
