//! The tables of the street: arcs, districts, bike counters, congestion alerts and failing sensors.

use std::collections::BTreeMap;

use contract::document::bike_counts::BikeZone;
use contract::document::road_counts::{CongestionAlert, Measure, ZoneMetrics};
use contract::document::worksites::WorksiteZone;
use contract::number::Fixed2;
use contract::{Stamp, report::SensorType};

use super::TableInputs;
use super::positions::{Place, Positions};
use super::table::Table;
use crate::report::serde_name;

pub(super) fn arcs<'a>(inputs: TableInputs<'a>, positions: &Positions<'a>) -> Table {
    let rows = inputs.documents.road_counts.as_ref().map_or(&[][..], |document| &document.body.metrics);
    inputs
        .columns(rows)
        .text("identifiant_arc", |arc| Some(arc.arc_id.as_str()))
        .text("libelle", |arc| arc.label.as_deref())
        .place(|arc| positions.arcs.get(arc.arc_id.as_str()).copied().unwrap_or_default())
        .decimal("longueur_metres", |arc| arc.length_m)
        .decimal("debit_journalier_total", |arc| arc.total_daily_flow)
        .decimal("debit_horaire_moyen", |arc| arc.mean_hourly_flow)
        .decimal("debit_max", |arc| arc.max_flow)
        .time("heure_pic", |arc| arc.peak_hour)
        .decimal("taux_occupation_moyen", |arc| arc.mean_occupancy)
        .text("etat_trafic_dominant", |arc| serde_name(arc.dominant_state))
        .text("etat_arc", |arc| serde_name(arc.arc_status))
        .integer("heures_mesurees", |arc| Some(arc.measured_hours.into()))
        .decimal("part_observee", |arc| Some(arc.observed_percent))
        .decimal("vehicules_km", |arc| arc.vehicle_km)
        .decimal("temps_perdu_total_minutes", |arc| arc.total_delay_minutes)
        .decimal("temps_perdu_minutes", |arc| arc.delay_minutes)
        .boolean("congestion_alerte", |arc| Some(arc.has_congestion_alert))
        .decimal("debit_journalier_estime", |arc| arc.estimated_daily_flow)
        .decimal("ecart_jour_type_pourcent", |arc| arc.day_type_deviation_percent)
        .table("troncons")
}

/// The figures of one district from the documents that have any.
#[derive(Debug, Default)]
struct District<'a> {
    code: Option<&'a str>,
    name: Option<&'a str>,
    roads: Option<&'a ZoneMetrics>,
    bikes: Option<&'a BikeZone>,
    worksites: Option<&'a WorksiteZone>,
}

pub(super) fn districts<'a>(inputs: TableInputs<'a>, positions: &Positions<'a>) -> Table {
    let documents = inputs.documents;
    // Those without a code last, as in the documents.
    let mut found: BTreeMap<(bool, Option<&str>), District<'a>> = BTreeMap::new();
    let mut district = |code: Option<&'a str>, name: Option<&'a str>, enter: &dyn Fn(&mut District<'a>)| {
        let entry = found.entry((code.is_none(), code)).or_default();
        entry.code = code;
        entry.name = entry.name.or(name);
        enter(entry);
    };
    for zone in documents.road_counts.iter().flat_map(|document| &document.body.zones) {
        district(zone.district.as_deref(), Some(&zone.zone), &|entry| entry.roads = Some(zone));
    }
    for zone in documents.bike_counts.iter().flat_map(|document| &document.body.by_district) {
        district(zone.district.as_deref(), zone.zone.as_deref(), &|entry| entry.bikes = Some(zone));
    }
    for zone in documents.worksites.iter().flat_map(|document| &document.body.by_district) {
        district(zone.district.as_deref(), zone.zone.as_deref(), &|entry| entry.worksites = Some(zone));
    }
    let rows: Vec<_> = found.into_values().collect();
    let columns = inputs.columns(&rows).place(|row| Place {
        district: row.code,
        zone: row.name,
        position: row.code.and_then(|code| positions.zones.get(code).copied()),
    });
    columns
        .integer("nombre_troncons", |row| row.roads.map(|zone| zone.arc_count))
        .decimal("total_vehicules", |row| row.roads?.total_vehicles)
        .decimal("vehicules_km", |row| row.roads?.vehicle_km)
        .decimal("temps_perdu_total_minutes", |row| row.roads?.total_delay_minutes)
        .integer("nombre_troncons_satures", |row| row.roads.map(|zone| zone.saturated_arc_count))
        .decimal("taux_saturation", |row| row.roads?.saturation_percent)
        .integer("nombre_compteurs", |row| row.bikes.map(|zone| zone.counter_count))
        .integer("total_velos", |row| row.bikes?.daily_total)
        .integer("nombre_chantiers", |row| row.worksites.map(|zone| zone.count))
        .integer("impact_chantiers", |row| row.worksites.map(|zone| zone.impact_total))
        .decimal("surface_chantiers_m2", |row| row.worksites?.area_m2)
        .table("quartiers")
}

pub(super) fn counters<'a>(inputs: TableInputs<'a>, positions: &Positions<'a>) -> Table {
    let rows = inputs.documents.bike_counts.as_ref().map_or(&[][..], |document| &document.body.metrics);
    inputs
        .columns(rows)
        .text("id_compteur", |counter| Some(counter.counter_id.as_str()))
        .text("nom_compteur", |counter| counter.counter_name.as_deref())
        .place(|counter| positions.counters.get(counter.counter_id.as_str()).copied().unwrap_or_default())
        .integer("total_jour", |counter| counter.daily_total)
        .decimal("moyenne_horaire", |counter| counter.hourly_mean)
        .integer("pic_horaire", |counter| counter.peak_hour.map(u64::from))
        .decimal("part_observee", |counter| Some(counter.observed_percent))
        .boolean("anomalie_detectee", |counter| counter.is_anomalous)
        .boolean("defaillant", |counter| Some(counter.failing))
        .table("compteurs")
}

pub(super) fn alerts<'a>(inputs: TableInputs<'a>, positions: &Positions<'a>) -> Table {
    let rows = inputs.documents.road_counts.as_ref().map_or(&[][..], |document| &document.body.congestion_alerts);
    let place = |alert: &'a CongestionAlert| {
        let position = match alert.arc_id.as_deref() {
            Some(arc) => positions.arcs.get(arc).and_then(|place| place.position),
            None => alert.district.as_deref().and_then(|code| positions.zones.get(code).copied()),
        };
        Place { position, district: alert.district.as_deref(), zone: alert.zone.as_deref() }
    };
    inputs
        .columns(rows)
        .text("type", |alert| serde_name(alert.kind))
        .text("severite", |alert| serde_name(alert.severity))
        .text("identifiant_arc", |alert| alert.arc_id.as_deref())
        .text("libelle", |alert| alert.label.as_deref())
        .place(place)
        .time("debut", |alert| Some(alert.start))
        .time("fin", |alert| Some(alert.end))
        .decimal("duree_heures", |alert| Some(alert.duration_hours))
        .boolean("ouvert", |alert| Some(alert.open))
        .decimal("taux_occupation_max", |alert| Some(alert.max_occupancy))
        .decimal("debit_max", |alert| alert.max_flow)
        .decimal("temps_perdu_minutes", |alert| alert.delay_minutes)
        .integer("nombre_troncons", |alert| Some(alert.arc_count))
        .table("alertes")
}

/// A failing road detector or bike counter.
#[derive(Debug)]
struct Failure<'a> {
    kind: SensorType,
    id: &'a str,
    label: Option<&'a str>,
    measure: Option<Measure>,
    reason: Option<String>,
    place: Place<'a>,
    start: Stamp,
    end: Stamp,
    duration_hours: Fixed2,
    open: bool,
}

pub(super) fn sensors<'a>(inputs: TableInputs<'a>, positions: &Positions<'a>) -> Table {
    let roads = inputs.documents.road_counts.iter().flat_map(|document| &document.body.sensor_failures);
    let roads = roads.map(|failure| Failure {
        kind: SensorType::Road,
        id: &failure.arc_id,
        label: failure.label.as_deref(),
        measure: Some(failure.measure),
        reason: serde_name(failure.reason),
        place: positions.arcs.get(failure.arc_id.as_str()).copied().unwrap_or_default(),
        start: failure.start,
        end: failure.end,
        duration_hours: failure.duration_hours,
        open: failure.open,
    });
    let bikes = inputs.documents.bike_counts.iter().flat_map(|document| &document.body.sensor_failures);
    let bikes = bikes.map(|failure| Failure {
        kind: SensorType::Bike,
        id: &failure.counter_id,
        label: failure.counter_name.as_deref(),
        measure: None,
        reason: serde_name(failure.reason),
        place: positions.counters.get(failure.counter_id.as_str()).copied().unwrap_or_default(),
        start: failure.start,
        end: failure.end,
        duration_hours: failure.duration_hours,
        open: failure.open,
    });
    let rows: Vec<Failure<'_>> = roads.chain(bikes).collect();
    inputs
        .columns(&rows)
        .text("type", |row| serde_name(row.kind))
        .text("id", |row| Some(row.id))
        .text("libelle", |row| row.label)
        .text("grandeur", |row| row.measure.and_then(serde_name))
        .text("raison", |row| row.reason.clone())
        .place(|row| row.place)
        .time("debut", |row| Some(row.start))
        .time("fin", |row| Some(row.end))
        .decimal("duree_heures", |row| Some(row.duration_hours))
        .boolean("ouvert", |row| Some(row.open))
        .table("capteurs")
}
