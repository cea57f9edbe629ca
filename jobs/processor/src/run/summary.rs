//! What a person at a terminal reads after a day: a line per source, and where the documents are.

use contract::document::DayStatus;
use contract::document::manifest::{EntryStatus, Manifest};
use contract::{Source, keys};

use super::Engine;
use super::day::DayResult;

/// A remark for a person; elsewhere a log line.
pub(super) fn note(text: &str) {
    if runtime::log::is_terminal() {
        line(&format!("note: {text}"));
    } else {
        tracing::info!("{text}");
    }
}

/// The short summary of a day, at a terminal only.
pub(super) fn print(engine: &Engine, result: &DayResult, manifest: &Manifest, changed: bool) {
    if !runtime::log::is_terminal() || engine.config.log.quiet {
        return;
    }
    let completeness =
        manifest.completude.map_or_else(String::new, |percent| format!(", {} % complete", percent.rounded()));
    let status = match manifest.statut_jour {
        DayStatus::Final => "final",
        DayStatus::Provisional => "provisional",
    };
    line(&format!("{} ({} h): {status}{completeness}", manifest.date, result.day.hour_count()));
    for entry in &manifest.documents {
        let what = match entry.statut {
            EntryStatus::Ok => figures(result, entry.source),
            _ => entry.raison.clone().unwrap_or_default(),
        };
        line(format!("  {:<12} {:<9} {what}", entry.source, entry.statut.name()).trim_end());
    }
    let place = engine.metrics.address(&keys::manifest(manifest.date));
    let written = match (engine.config.dry_run, changed) {
        (true, _) => "nothing written (--dry-run)".to_owned(),
        (false, true) => format!("published: {place}"),
        (false, false) => format!("unchanged: {place}"),
    };
    line(&format!("  {written}"));
}

/// The figures that a person looks for first.
fn figures(result: &DayResult, source: Source) -> String {
    let number = |value: Option<f64>| value.map_or_else(|| "unknown".to_owned(), |value| format!("{value:.0}"));
    match source {
        Source::RoadCounts => result.comptages.body().map(|body| {
            let all = &body.global_metrics;
            format!(
                "{} vehicles on {} arcs, {} alerts, {} failing detectors",
                number(all.total_vehicules_jour.map(contract::Fixed::get)),
                all.nombre_troncons,
                body.alertes_congestion.len(),
                body.capteurs_defaillants.len()
            )
        }),
        Source::BikeCounts => result.bikes.body().map(|body| {
            let all = &body.global_metrics;
            #[expect(clippy::cast_precision_loss, reason = "a day's bikes")]
            let total = all.total_jour.map(|total| total as f64);
            format!(
                "{} bikes at {} counters, {} failing",
                number(total),
                all.nombre_compteurs,
                body.failing_sensors.len()
            )
        }),
        Source::Disruptions => result
            .traffic
            .body()
            .map(|body| format!("{} disruptions, {} alerts", body.active_disruptions_count, body.alerts.len())),
        Source::Weather => result.weather.body().map(|body| {
            let temperature =
                body.metrics.temp_moyenne.map_or_else(|| "?".to_owned(), |value| value.rounded().to_string());
            format!("{temperature} °C, {} mm", body.metrics.precip_totale.rounded())
        }),
        Source::Worksites => {
            result.chantiers.body().map(|body| format!("{} active worksites", body.total_chantiers_actifs))
        }
        Source::RoadNetwork => {
            result.referentiel.body().map(|body| format!("{} arcs", body.statistiques.nombre_troncons))
        }
        Source::Context => None,
    }
    .unwrap_or_default()
}

/// One line on stdout.
#[expect(clippy::print_stdout, reason = "what a person at a terminal has asked for")]
pub(super) fn line(text: &str) {
    println!("{text}");
}
