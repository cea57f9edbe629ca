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
    let Some(arcs) = &report.top_10_troncons_frequentes else { return absent(table, report, Source::RoadCounts) };
    for arc in arcs {
        table.row(&[
            optional_text(arc.libelle.as_deref()),
            Cell::number(arc.debit_journalier_total),
            optional_number(arc.taux_occupation_moyen),
            word(arc.etat_trafic_dominant),
            optional_text(arc.zone.as_deref()),
            Cell::text(&arc.identifiant_arc),
            Cell::number(arc.part_observee),
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
    let Some(zones) = &report.top_10_zones_congestionnees else { return absent(table, report, Source::RoadCounts) };
    for zone in zones {
        table.row(&[
            Cell::text(&zone.zone),
            optional_number(zone.temps_perdu_total_minutes),
            optional_number(zone.total_vehicules),
            optional_number(zone.vehicules_km),
            Cell::count(zone.nombre_troncons),
            Cell::count(zone.nombre_troncons_satures),
            optional_number(zone.taux_saturation),
            optional_text(zone.arrondissement.as_deref()),
        ]);
    }
}

fn sensors(table: &mut Table, report: &DailyReport) {
    table.section("CAPTEURS DÉFAILLANTS", &["ID Capteur", "Type", "Libellé", "Raison", "Début", "Fin", "Durée (h)"]);
    for sensor in report.capteurs_defaillants.iter().flatten() {
        table.row(&[
            Cell::text(&sensor.id),
            Cell::text(match sensor.kind {
                SensorType::Road => "route",
                SensorType::Bike => "velo",
            }),
            optional_text(sensor.libelle.as_deref()),
            Cell::text(&sensor.raison),
            Cell::shown(sensor.debut),
            Cell::shown(sensor.fin),
            Cell::number(sensor.duree_heures),
        ]);
    }
    // Two sources share this section: each one that is missing says so, whatever the other has.
    for source in [Source::RoadCounts, Source::BikeCounts] {
        if report.sources.get(&source).is_none_or(|status| !has_document(status.statut)) {
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
    let Some(alerts) = &report.alertes_congestion else { return absent(table, report, Source::RoadCounts) };
    for alert in alerts {
        table.row(&[
            optional_text(alert.libelle.as_deref()),
            Cell::number(alert.taux_occupation_max),
            word(alert.severite),
            word(alert.kind),
            optional_text(alert.zone.as_deref()),
            Cell::shown(alert.debut),
            Cell::shown(alert.fin),
            Cell::number(alert.duree_heures),
            optional_number(alert.temps_perdu_minutes),
            optional_text(alert.identifiant_arc.as_deref()),
        ]);
    }
}

fn worksites(table: &mut Table, report: &DailyReport) {
    table.section(
        "CHANTIERS ACTIFS",
        &["Identifiant", "Typologie", "Impact", "Arrondissement", "Voies", "Date début", "Date fin", "Surface (m²)"],
    );
    let Some(worksites) = &report.chantiers_actifs else { return absent(table, report, Source::Worksites) };
    for worksite in worksites {
        table.row(&[
            Cell::text(&worksite.identifiant),
            optional_text(worksite.typologie.as_deref()),
            optional_text(worksite.impact.as_deref()),
            optional_text(worksite.arrondissement.as_deref()),
            optional_text(worksite.voies.as_deref()),
            worksite.date_debut.map_or_else(Cell::empty, Cell::shown),
            worksite.date_fin.map_or_else(Cell::empty, Cell::shown),
            optional_number(worksite.surface_m2),
        ]);
    }
}

fn disruptions(table: &mut Table, report: &DailyReport) {
    table
        .section("PERTURBATIONS", &["Identifiant", "Gravité", "Lignes", "Titre", "Début", "Fin", "Durée (h)", "Cause"]);
    let Some(disruptions) = &report.perturbations else { return absent(table, report, Source::Disruptions) };
    for disruption in disruptions {
        table.row(&[
            Cell::text(&disruption.id),
            word(disruption.gravite),
            Cell::text(&lines(&disruption.lignes)),
            optional_text(disruption.titre.as_deref()),
            Cell::shown(disruption.debut),
            disruption.fin.map_or_else(Cell::empty, Cell::shown),
            Cell::number(disruption.duree_heures),
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
        let quality = report.qualite.get(source);
        let count = |n: Option<u64>| n.map_or_else(Cell::empty, Cell::count);
        table.row(&[
            Cell::text(source.name()),
            Cell::text(status.statut.name()),
            optional_number(status.completude),
            count(quality.map(|quality| quality.lignes_lues)),
            count(quality.map(|quality| quality.lignes_du_jour)),
            count(quality.map(|quality| quality.doublons)),
            count(quality.map(|quality| quality.conflits)),
            count(quality.map(|quality| quality.rejets.values().sum())),
            optional_text(status.raison.as_deref()),
        ]);
    }
}

/// The row of a section whose source has no document.
fn absent(table: &mut Table, report: &DailyReport, source: Source) {
    let why = match report.sources.get(&source) {
        Some(SourceStatus { statut, raison: Some(raison), .. }) => format!("{} : {raison}", statut.name()),
        Some(status) => status.statut.name().to_owned(),
        None => EntryStatus::Absent.name().to_owned(),
    };
    table.row(&[Cell::text(&format!("Donnée absente : {source} ({why})"))]);
}

fn lines(lines: &[Line]) -> String {
    lines.iter().map(|line| line.nom.as_str()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
