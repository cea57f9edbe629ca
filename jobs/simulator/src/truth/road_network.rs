//! The true `referentiel` document, but for the districts' outlines.

use std::collections::BTreeMap;

use contract::document::{DayStatus, Quality};
use contract::number::{Degrees, Fixed1};
use contract::{Reason, ServiceDay};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::roads::window::{covers, length, pieces_of};
use super::{Answer, point_text};
use crate::City;
use crate::faults::Faults;
use crate::roads::network;

/// The body without `zones`.
#[derive(Debug, Serialize)]
pub(super) struct Body {
    mapping: Map<String, Value>,
    #[serde(rename = "statistiques")]
    statistics: Value,
    #[serde(rename = "by_arrondissement")]
    by_district: Vec<Value>,
}

/// Arcs and metres by code, none last, with the name.
type Districts = BTreeMap<(bool, Option<String>, Option<String>), (u64, f64)>;

/// The document of a day.
pub(super) fn of(city: &City, faults: Faults, day: ServiceDay) -> Answer<Body> {
    let mut quality = Quality::default();
    let mut mapping = Map::new();
    let mut districts: Districts = BTreeMap::new();
    let (mut total, mut with_length) = (0.0, 0_u32);
    for arc in &city.roads.arcs {
        let Some(all) = &arc.pieces else { continue };
        quality.rows_read += all.iter().map(|piece| piece.copies as u64).sum::<u64>();
        let pieces = pieces_of(all, day.date());
        quality.cells += pieces.len() as u64;
        quality.duplicates += pieces.iter().map(|piece| piece.copies as u64 - 1).sum::<u64>();
        let lines: Vec<_> = pieces.iter().flat_map(|piece| &piece.lines).collect();
        let metres = length(lines.iter().copied());
        let (code, zone) = city.zones.place(arc.point);
        let district = districts.entry((code.is_none(), code.clone(), zone.clone())).or_default();
        district.0 += 1;
        if let Some(metres) = metres {
            total += metres;
            with_length += 1;
            district.1 += metres;
        }
        let rounded = |line: &Vec<[f64; 2]>| line.iter().map(|point| point.map(Degrees::of)).collect::<Vec<_>>();
        let trace: Vec<_> = lines.iter().map(|line| rounded(line)).collect();
        let entry = json!({
            "libelle": arc.network_label,
            "longueur_metres": metres.map(Fixed1::of),
            "noeud_amont": arc.from.id,
            "noeud_aval": arc.to.id,
            "geo_point_2d": arc.point.map(point_text),
            "trace": (!trace.is_empty()).then_some(trace),
            "arrondissement": code,
            "zone": zone,
            "actif": all.iter().any(|piece| covers(piece, day.date())),
        });
        mapping.insert(arc.id.clone(), entry);
    }
    quality.rows_of_day = quality.cells + quality.duplicates;
    let bad = network::bad_rows(faults);
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
    Answer {
        status: DayStatus::Final,
        complete_until: None,
        completeness: None,
        quality,
        body: Body { mapping, statistics, by_district },
    }
}
