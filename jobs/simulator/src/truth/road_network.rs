//! The expected `referentiel` document, without the outlines of the districts.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use contract::document::{DayStatus, Quality};
use contract::number::{Degrees, Fixed1};
use contract::{Reason, ServiceDay};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{TrueDocument, point_text};
use crate::City;
use crate::faults::Faults;
use crate::geometry::{self, Point};
use crate::road_network::arc::NetworkObject;
use crate::road_network::file;

/// The body of the document, without `zones`.
#[derive(Debug, Serialize)]
pub(super) struct Body {
    mapping: Map<String, Value>,
    #[serde(rename = "statistiques")]
    statistics: Value,
    #[serde(rename = "by_arrondissement")]
    by_district: Vec<Value>,
}

/// Number of arcs and their length in m, by code and name; no code is last.
type Districts = BTreeMap<(bool, Option<String>, Option<String>), (u64, f64)>;

pub(super) fn document(city: &City, faults: Faults, day: ServiceDay) -> TrueDocument<Body> {
    let mut quality = Quality::default();
    let mut mapping = Map::new();
    let mut districts: Districts = BTreeMap::new();
    let (mut total, mut with_length) = (0.0, 0_u32);
    for arc in &city.roads.arcs {
        let Some(all) = &arc.network_objects else { continue };
        quality.rows_read += all.iter().map(|network_object| network_object.copies as u64).sum::<u64>();
        let network_objects = current_objects(all, day.date());
        quality.cells += network_objects.len() as u64;
        quality.duplicates +=
            network_objects.iter().map(|network_object| network_object.copies as u64 - 1).sum::<u64>();
        let lines: Vec<_> = network_objects.iter().flat_map(|network_object| &network_object.lines).collect();
        let metres = length(lines.iter().copied());
        let (code, zone) = city.zones.code_and_name(arc.point);
        let district = districts.entry((code.is_none(), code.clone(), zone.clone())).or_default();
        district.0 += 1;
        if let Some(metres) = metres {
            total += metres;
            with_length += 1;
            district.1 += metres;
        }
        let rounded = |line: &Vec<Point>| line.iter().map(|point| point.map(Degrees::of)).collect::<Vec<_>>();
        let trace: Vec<_> = lines.iter().map(|line| rounded(line)).collect();
        let entry = json!({
            "libelle": arc.network_label.trim(),
            "longueur_metres": metres.map(Fixed1::of),
            "noeud_amont": arc.from.id,
            "noeud_aval": arc.to.id,
            "geo_point_2d": arc.point.map(point_text),
            "trace": (!trace.is_empty()).then_some(trace),
            "arrondissement": code,
            "zone": zone,
            "actif": all.iter().any(|network_object| covers(network_object, day.date())),
        });
        mapping.insert(arc.id.clone(), entry);
    }
    quality.rows_of_day = quality.cells + quality.duplicates;
    let bad = file::bad_rows(faults);
    quality.rows_read += bad.no_id + bad.columns;
    for (reason, n) in [(Reason::MissingId, bad.no_id), (Reason::ColumnCount, bad.columns)] {
        if n > 0 {
            quality.structural_rejects.insert(reason, n);
        }
    }
    let by_district = districts
        .into_iter()
        .map(|((_, code, zone), (arcs, metres))| {
            json!({"arrondissement": code, "zone": zone, "nombre_troncons": arcs, "longueur_metres": Fixed1::of(metres)})
        })
        .collect();
    let mean = (with_length > 0).then(|| Fixed1::of(total / f64::from(with_length)));
    let statistics = json!({
        "nombre_troncons": with_length,
        "longueur_totale_metres": Fixed1::of(total),
        "longueur_moyenne_metres": mean,
    });
    TrueDocument {
        status: DayStatus::Final,
        complete_until: None,
        completeness: None,
        quality,
        body: Body { mapping, statistics, by_district },
    }
}

/// Whether the validity of a network object includes a day.
pub(super) fn covers(network_object: &NetworkObject, day: NaiveDate) -> bool {
    let date = |year: i32, month: u32| NaiveDate::from_ymd_opt(year, month, 1).unwrap_or_default();
    date(network_object.years.0, 1) <= day && network_object.years.1.is_none_or(|last| day <= date(last, 6))
}

/// The objects that represent the arc on a day: those valid on it, else those with the latest end.
pub(super) fn current_objects(network_objects: &[NetworkObject], day: NaiveDate) -> Vec<&NetworkObject> {
    let current: Vec<_> = network_objects.iter().filter(|network_object| covers(network_object, day)).collect();
    if !current.is_empty() {
        return current;
    }
    let end = |network_object: &NetworkObject| network_object.years.1.unwrap_or(i32::MAX);
    let latest = network_objects.iter().map(end).max();
    network_objects.iter().filter(|network_object| Some(end(network_object)) == latest).collect()
}

/// Total length of lines, m; `None` without a line.
pub(super) fn length<'a>(lines: impl Iterator<Item = &'a Vec<Point>>) -> Option<f64> {
    lines.filter(|line| line.len() > 1).map(|line| geometry::length(line)).reduce(|sum, length| sum + length)
}
