//! The report as CSV for spreadsheets: UTF-8 with BOM, `;`, CRLF, RFC 4180 quoting, decimal comma, no grouping.
//!
//! Not a table: sections follow each other, each after an empty row, under its `=== … ===` row and its header row.
//!
//! What is unknown is an empty cell, never a zero; the section `QUALITÉ` has the reason. A section whose source has no document holds
//! one row in place of its own: `Donnée absente : <source> (<statut> : <raison>)` in the first cell, which is text in every section, and
//! the others empty, so that each column keeps its type. A section whose source is there and has nothing to list has no row at all.
//! A row of the summary that is unknown keeps its unit and has an empty value.
//!
//! A text cell that a spreadsheet would run as a formula begins with an apostrophe. Section rows begin with `=` by definition, are fixed,
//! and hold nothing from the data.

mod cells;

use contract::Source;
use contract::document::disruptions::Line;
use contract::document::manifest::EntryStatus;
use contract::report::{DailyReport, SensorType, SourceStatus};

use crate::collect::has_document;
use crate::report::figures::figures;
pub use cells::Cell;
use cells::{Table, optional_number, optional_text, word};

/// The report as CSV.
#[must_use]
pub fn render(report: &DailyReport) -> Vec<u8> {
    let mut table = Table::new();
    summary(&mut table, report);
    arcs(&mut table, report);
    zones(&mut table, report);
    sensors(&mut table, report);
    alerts(&mut table, report);
    worksites(&mut table, report);
    disruptions(&mut table, report);
    quality(&mut table, report);
    table.finish()
}

fn summary(table: &mut Table, report: &DailyReport) {
    table.section("RÉSUMÉ", &["Indicateur", "Valeur", "Unité"]);
    for figure in figures(&report.summary) {
        let value = match &figure.value {
            serde_json::Value::Number(number) => Cell::plain_number(number.to_string()),
            serde_json::Value::String(text) => Cell::text(text),
            _ => Cell::empty(),
        };
        table.row(&[Cell::text(figure.key), value, Cell::text(figure.unit)]);
    }
}

fn arcs(table: &mut Table, report: &DailyReport) {
    table.section(
        "TOP 10 TRONÇONS FRÉQUENTÉS",
        &["Tronçon", "Débit Total", "Taux Occupation (%)", "État dominant", "Zone", "Identifiant", "Part observée (%)"],
    );
    let Some(arcs) = &report.top_10_arcs else { return absent(table, report, Source::RoadCounts) };
    for arc in arcs {
        table.row(&[
            optional_text(arc.label.as_deref()),
            Cell::number(arc.total_daily_flow),
            optional_number(arc.mean_occupancy),
            word(arc.dominant_state),
            optional_text(arc.zone.as_deref()),
            Cell::text(&arc.arc_id),
            Cell::number(arc.observed_percent),
        ]);
    }
}

fn zones(table: &mut Table, report: &DailyReport) {
    table.section(
        "TOP 10 ZONES CONGESTIONNÉES",
        &[
            "Zone",
            "Temps Perdu (min)",
            "Véhicules",
            "Véhicules-km",
            "Tronçons",
            "Tronçons saturés",
            "Taux saturation (%)",
            "Arrondissement",
        ],
    );
    let Some(zones) = &report.top_10_congested_zones else { return absent(table, report, Source::RoadCounts) };
    for zone in zones {
        table.row(&[
            Cell::text(&zone.zone),
            optional_number(zone.total_delay_minutes),
            optional_number(zone.total_vehicles),
            optional_number(zone.vehicle_km),
            Cell::count(zone.arc_count),
            Cell::count(zone.saturated_arc_count),
            optional_number(zone.saturation_percent),
            optional_text(zone.district.as_deref()),
        ]);
    }
}

fn sensors(table: &mut Table, report: &DailyReport) {
    table.section("CAPTEURS DÉFAILLANTS", &["ID Capteur", "Type", "Libellé", "Raison", "Début", "Fin", "Durée (h)"]);
    for sensor in report.sensor_failures.iter().flatten() {
        table.row(&[
            Cell::text(&sensor.id),
            Cell::text(match sensor.kind {
                SensorType::Road => "route",
                SensorType::Bike => "velo",
            }),
            optional_text(sensor.label.as_deref()),
            Cell::text(&sensor.reason),
            Cell::shown(sensor.start),
            Cell::shown(sensor.end),
            Cell::number(sensor.duration_hours),
        ]);
    }
    // Two sources share this section: each one that is missing says so, whatever the other has.
    for source in [Source::RoadCounts, Source::BikeCounts] {
        if report.sources.get(&source).is_none_or(|status| !has_document(status.status)) {
            absent(table, report, source);
        }
    }
}

fn alerts(table: &mut Table, report: &DailyReport) {
    table.section(
        "ALERTES CONGESTION",
        &[
            "Tronçon",
            "Taux Occupation (%)",
            "Sévérité",
            "Type",
            "Zone",
            "Début",
            "Fin",
            "Durée (h)",
            "Temps Perdu (min)",
            "Identifiant",
        ],
    );
    let Some(alerts) = &report.congestion_alerts else { return absent(table, report, Source::RoadCounts) };
    for alert in alerts {
        table.row(&[
            optional_text(alert.label.as_deref()),
            Cell::number(alert.max_occupancy),
            word(alert.severity),
            word(alert.kind),
            optional_text(alert.zone.as_deref()),
            Cell::shown(alert.start),
            Cell::shown(alert.end),
            Cell::number(alert.duration_hours),
            optional_number(alert.delay_minutes),
            optional_text(alert.arc_id.as_deref()),
        ]);
    }
}

fn worksites(table: &mut Table, report: &DailyReport) {
    table.section(
        "CHANTIERS ACTIFS",
        &["Identifiant", "Typologie", "Impact", "Arrondissement", "Voies", "Date début", "Date fin", "Surface (m²)"],
    );
    let Some(worksites) = &report.active_worksites else { return absent(table, report, Source::Worksites) };
    for worksite in worksites {
        table.row(&[
            Cell::text(&worksite.id),
            optional_text(worksite.category.as_deref()),
            optional_text(worksite.impact.as_deref()),
            optional_text(worksite.district.as_deref()),
            optional_text(worksite.streets.as_deref()),
            worksite.start_date.map_or_else(Cell::empty, Cell::shown),
            worksite.end_date.map_or_else(Cell::empty, Cell::shown),
            optional_number(worksite.area_m2),
        ]);
    }
}

fn disruptions(table: &mut Table, report: &DailyReport) {
    table
        .section("PERTURBATIONS", &["Identifiant", "Gravité", "Lignes", "Titre", "Début", "Fin", "Durée (h)", "Cause"]);
    let Some(disruptions) = &report.disruptions else { return absent(table, report, Source::Disruptions) };
    for disruption in disruptions {
        table.row(&[
            Cell::text(&disruption.id),
            word(disruption.severity),
            Cell::text(&lines(&disruption.lines)),
            optional_text(disruption.title.as_deref()),
            Cell::shown(disruption.start),
            disruption.end.map_or_else(Cell::empty, Cell::shown),
            Cell::number(disruption.duration_hours),
            optional_text(disruption.cause.as_deref()),
        ]);
    }
}

fn quality(table: &mut Table, report: &DailyReport) {
    table.section(
        "QUALITÉ",
        &[
            "Source",
            "Statut",
            "Complétude (%)",
            "Lignes lues",
            "Lignes du jour",
            "Doublons",
            "Conflits",
            "Rejets",
            "Raison",
        ],
    );
    for (source, status) in &report.sources {
        let quality = report.quality.get(source);
        let count = |n: Option<u64>| n.map_or_else(Cell::empty, Cell::count);
        table.row(&[
            Cell::text(source.name()),
            Cell::text(status.status.name()),
            optional_number(status.completeness),
            count(quality.map(|quality| quality.rows_read)),
            count(quality.map(|quality| quality.rows_of_day)),
            count(quality.map(|quality| quality.duplicates)),
            count(quality.map(|quality| quality.conflicts)),
            count(quality.map(|quality| quality.rejects.values().sum())),
            optional_text(status.reason.as_deref()),
        ]);
    }
}

/// The row of a section whose source has no document.
fn absent(table: &mut Table, report: &DailyReport, source: Source) {
    let why = match report.sources.get(&source) {
        Some(SourceStatus { status, reason: Some(reason), .. }) => format!("{} : {reason}", status.name()),
        Some(status) => status.status.name().to_owned(),
        None => EntryStatus::Absent.name().to_owned(),
    };
    table.row(&[Cell::text(&format!("Donnée absente : {source} ({why})"))]);
}

fn lines(lines: &[Line]) -> String {
    lines.iter().map(|line| line.name.as_str()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
