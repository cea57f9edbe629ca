//! What a person at a terminal reads after a day: a line per source, and where the documents are.

use contract::document::DayStatus;
use contract::document::manifest::{EntryStatus, Manifest};
use contract::{Source, keys};

use super::day::DayResult;
use super::engine::Engine;

/// A remark for a person; elsewhere a log line.
pub(crate) fn note(text: &str) {
    if runtime::log::is_terminal() {
        line(&format!("note: {text}"));
    } else {
        tracing::info!("{text}");
    }
}

/// The short summary of a day, at a terminal only.
pub(crate) fn print(engine: &Engine, result: &DayResult, manifest: &Manifest, changed: bool) {
    if !runtime::log::is_terminal() || engine.config.log.quiet {
        return;
    }
    let completeness =
        manifest.completeness.map_or_else(String::new, |percent| format!(", {} % complete", percent.rounded()));
    let status = match manifest.day_status {
        DayStatus::Final => "final",
        DayStatus::Provisional => "provisional",
    };
    line(&format!("{} ({} h): {status}{completeness}", manifest.date, result.day.hour_count()));
    for entry in &manifest.documents {
        let what = match entry.status {
            EntryStatus::Ok => figures(result, entry.source),
            _ => entry.reason.clone().unwrap_or_default(),
        };
        line(format!("  {:<12} {:<9} {what}", entry.source, entry.status.name()).trim_end());
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
        Source::RoadCounts => result.road_counts.document().map(|document| &document.body).map(|body| {
            let all = &body.global_metrics;
            format!(
                "{} vehicles on {} arcs, {} alerts, {} failing detectors",
                number(all.total_vehicles.map(contract::Fixed::get)),
                all.arc_count,
                body.congestion_alerts.len(),
                body.sensor_failures.len()
            )
        }),
        Source::BikeCounts => result.bike_counts.document().map(|document| &document.body).map(|body| {
            let all = &body.global_metrics;
            #[expect(clippy::cast_precision_loss, reason = "a day's bikes")]
            let total = all.daily_total.map(|total| total as f64);
            format!("{} bikes at {} counters, {} failing", number(total), all.counter_count, body.failing_sensors.len())
        }),
        Source::Disruptions => result
            .disruptions
            .document()
            .map(|document| &document.body)
            .map(|body| format!("{} disruptions, {} alerts", body.active_disruptions_count, body.alerts.len())),
        Source::Weather => result.weather.document().map(|document| &document.body).map(|body| {
            let temperature =
                body.metrics.temp_mean.map_or_else(|| "?".to_owned(), |value| value.rounded().to_string());
            format!("{temperature} °C, {} mm", body.metrics.precip_total.rounded())
        }),
        Source::Worksites => result
            .worksites
            .document()
            .map(|document| &document.body)
            .map(|body| format!("{} active worksites", body.active_worksite_count)),
        Source::RoadNetwork => result
            .road_network
            .document()
            .map(|document| &document.body)
            .map(|body| format!("{} arcs", body.statistics.arc_count)),
        Source::Context => None,
    }
    .unwrap_or_default()
}

/// One line on stdout.
#[expect(clippy::print_stdout, reason = "what a person at a terminal has asked for")]
pub(crate) fn line(text: &str) {
    println!("{text}");
}
