//! The report as CSV for spreadsheets: UTF-8 with BOM, `;`, CRLF, RFC 4180 quoting, decimal comma, no grouping.
//!
//! Not a table: sections follow each other, each after an empty row, under its `=== … ===` row and its header row.
//!
//! An unknown value is an empty cell, never a zero; the section `QUALITÉ` has the reason. A summary figure that is unknown keeps its unit.
//! A section whose source has no document has a single row, `Donnée absente : <source> (<statut> : <raison>)` in the first cell and empty
//! cells after it: the first column is text in every section, so each column keeps its type. A section of a source that has nothing to
//! list has no row.
//!
//! A text cell that a spreadsheet would run as a formula gets a leading apostrophe. Section rows begin with `=`, but are constants.

mod cells;

use bytes::Bytes;
use contract::Source;
use contract::document::disruptions::Line;
use contract::document::manifest::EntryStatus;
use contract::report::{DailyReport, SourceStatus};

use crate::report::figures::figures;
use cells::{Cell, Section};

/// Renders the report as CSV.
///
/// # Errors
/// Only a bug: a row that is longer than its header.
pub fn render(report: &DailyReport) -> Result<Bytes, csv::Error> {
    let sections = [
        summary(report),
        arcs(report),
        zones(report),
        sensors(report),
        alerts(report),
        worksites(report),
        disruptions(report),
        quality(report),
    ];
    cells::write(sections).map(Bytes::from)
}

fn summary(report: &DailyReport) -> Section {
    let rows = figures(&report.summary).into_iter().map(|figure| {
        let value = match &figure.value {
            serde_json::Value::Number(number) => Cell::plain_number(&number.to_string()),
            serde_json::Value::String(text) => Cell::text(text),
            _ => Cell::default(),
        };
        vec![Cell::text(figure.key), value, Cell::text(figure.unit)]
    });
    Section { title: "RÉSUMÉ", columns: &["Indicateur", "Valeur", "Unité"], rows: rows.collect() }
}

fn arcs(report: &DailyReport) -> Section {
    Section {
        title: "TOP 10 TRONÇONS FRÉQUENTÉS",
        columns: &[
            "Tronçon",
            "Débit Total",
            "Taux Occupation (%)",
            "État dominant",
            "Zone",
            "Identifiant",
            "Part observée (%)",
        ],
        rows: rows(report, Source::RoadCounts, report.top_10_arcs.as_deref(), |arc| {
            vec![
                Cell::optional_text(arc.label.as_deref()),
                Cell::number(arc.total_daily_flow),
                Cell::optional_number(arc.mean_occupancy),
                Cell::name(arc.dominant_state),
                Cell::optional_text(arc.zone.as_deref()),
                Cell::text(&arc.arc_id),
                Cell::number(arc.observed_percent),
            ]
        }),
    }
}

fn zones(report: &DailyReport) -> Section {
    Section {
        title: "TOP 10 ZONES CONGESTIONNÉES",
        columns: &[
            "Zone",
            "Temps Perdu (min)",
            "Véhicules",
            "Véhicules-km",
            "Tronçons",
            "Tronçons saturés",
            "Taux saturation (%)",
            "Arrondissement",
        ],
        rows: rows(report, Source::RoadCounts, report.top_10_congested_zones.as_deref(), |zone| {
            vec![
                Cell::text(&zone.zone),
                Cell::optional_number(zone.total_delay_minutes),
                Cell::optional_number(zone.total_vehicles),
                Cell::optional_number(zone.vehicle_km),
                Cell::count(zone.arc_count),
                Cell::count(zone.saturated_arc_count),
                Cell::optional_number(zone.saturation_percent),
                Cell::optional_text(zone.district.as_deref()),
            ]
        }),
    }
}

fn sensors(report: &DailyReport) -> Section {
    let sensors = report.sensor_failures.iter().flatten().map(|sensor| {
        vec![
            Cell::text(&sensor.id),
            Cell::name(sensor.kind),
            Cell::optional_text(sensor.label.as_deref()),
            Cell::text(&sensor.reason),
            Cell::display(sensor.start),
            Cell::display(sensor.end),
            Cell::number(sensor.duration_hours),
        ]
    });
    // Two sources share this section: each missing one has its row, even if the other lists sensors.
    let missing = [Source::RoadCounts, Source::BikeCounts]
        .into_iter()
        .filter(|source| report.sources.get(source).is_none_or(|status| !status.status.has_document()))
        .map(|source| missing_source(report, source));
    Section {
        title: "CAPTEURS DÉFAILLANTS",
        columns: &["ID Capteur", "Type", "Libellé", "Raison", "Début", "Fin", "Durée (h)"],
        rows: sensors.chain(missing).collect(),
    }
}

fn alerts(report: &DailyReport) -> Section {
    Section {
        title: "ALERTES CONGESTION",
        columns: &[
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
        rows: rows(report, Source::RoadCounts, report.congestion_alerts.as_deref(), |alert| {
            vec![
                Cell::optional_text(alert.label.as_deref()),
                Cell::number(alert.max_occupancy),
                Cell::name(alert.severity),
                Cell::name(alert.kind),
                Cell::optional_text(alert.zone.as_deref()),
                Cell::display(alert.start),
                Cell::display(alert.end),
                Cell::number(alert.duration_hours),
                Cell::optional_number(alert.delay_minutes),
                Cell::optional_text(alert.arc_id.as_deref()),
            ]
        }),
    }
}

fn worksites(report: &DailyReport) -> Section {
    Section {
        title: "CHANTIERS ACTIFS",
        columns: &[
            "Identifiant",
            "Typologie",
            "Impact",
            "Arrondissement",
            "Voies",
            "Date début",
            "Date fin",
            "Surface (m²)",
        ],
        rows: rows(report, Source::Worksites, report.active_worksites.as_deref(), |worksite| {
            vec![
                Cell::text(&worksite.id),
                Cell::optional_text(worksite.category.as_deref()),
                Cell::optional_text(worksite.impact.as_deref()),
                Cell::optional_text(worksite.district.as_deref()),
                Cell::optional_text(worksite.streets.as_deref()),
                worksite.start_date.map_or_else(Cell::default, Cell::display),
                worksite.end_date.map_or_else(Cell::default, Cell::display),
                Cell::optional_number(worksite.area_m2),
            ]
        }),
    }
}

fn disruptions(report: &DailyReport) -> Section {
    let names = |lines: &[Line]| lines.iter().map(|line| line.name.as_str()).collect::<Vec<_>>().join(", ");
    Section {
        title: "PERTURBATIONS",
        columns: &["Identifiant", "Gravité", "Lignes", "Titre", "Début", "Fin", "Durée (h)", "Cause"],
        rows: rows(report, Source::Disruptions, report.disruptions.as_deref(), |disruption| {
            vec![
                Cell::text(&disruption.id),
                Cell::name(disruption.severity),
                Cell::text(&names(&disruption.lines)),
                Cell::optional_text(disruption.title.as_deref()),
                Cell::display(disruption.start),
                disruption.end.map_or_else(Cell::default, Cell::display),
                Cell::number(disruption.duration_hours),
                Cell::optional_text(disruption.cause.as_deref()),
            ]
        }),
    }
}

fn quality(report: &DailyReport) -> Section {
    let rows = report.sources.iter().map(|(source, status)| {
        let quality = report.quality.get(source);
        let count = |n: Option<u64>| n.map_or_else(Cell::default, Cell::count);
        vec![
            Cell::text(source.name()),
            Cell::text(status.status.name()),
            Cell::optional_number(status.completeness),
            count(quality.map(|quality| quality.rows_read)),
            count(quality.map(|quality| quality.rows_of_day)),
            count(quality.map(|quality| quality.duplicates)),
            count(quality.map(|quality| quality.conflicts)),
            count(quality.map(|quality| quality.rejects.values().sum())),
            Cell::optional_text(status.reason.as_deref()),
        ]
    });
    Section {
        title: "QUALITÉ",
        columns: &[
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
        rows: rows.collect(),
    }
}

/// The rows of a section that one source fills, or the row that states that the source has no document.
fn rows<T>(report: &DailyReport, source: Source, items: Option<&[T]>, row: impl Fn(&T) -> Vec<Cell>) -> Vec<Vec<Cell>> {
    match items {
        Some(items) => items.iter().map(row).collect(),
        None => vec![missing_source(report, source)],
    }
}

fn missing_source(report: &DailyReport, source: Source) -> Vec<Cell> {
    let why = match report.sources.get(&source) {
        Some(SourceStatus { status, reason: Some(reason), .. }) => format!("{} : {reason}", status.name()),
        Some(status) => status.status.name().to_owned(),
        None => EntryStatus::Absent.name().to_owned(),
    };
    vec![Cell::text(&format!("Donnée absente : {source} ({why})"))]
}

#[cfg(test)]
mod tests;
