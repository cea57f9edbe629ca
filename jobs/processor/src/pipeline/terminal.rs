//! Output for a person at a terminal: notes, and after each day a line per source and the location of the documents. In the language of
//! `--lang`.

use contract::document::DayStatus;
use contract::document::manifest::EntryStatus;
use contract::number::Fixed2;
use contract::{Source, keys};
use runtime::lang::Lang;
use runtime::terminal::{self, Tone};

use super::day::DayResult;
use super::engine::Engine;
use crate::publish::Published;

/// A note for a person; without a terminal it is a log line, in English.
pub(crate) fn note(lang: Lang, fr: &str, en: &str) {
    if runtime::log::is_terminal() {
        let text = format!("note{} {}", lang.pick(" :", ":"), lang.pick(fr, en));
        line(&terminal::wrap(&text, terminal::columns(), 2));
    } else {
        tracing::info!("{en}");
    }
}

/// The short summary of a day, at a terminal only.
pub(super) fn print(engine: &Engine, result: &DayResult, published: &Published) {
    let Published { manifest, changed, new_documents } = published;
    if !runtime::log::is_terminal() || engine.config.log.quiet {
        return;
    }
    let lang = engine.config.lang;
    let completeness = manifest.completeness.map_or_else(String::new, |percent| completeness(lang, percent));
    let status = match manifest.day_status {
        DayStatus::Final => lang.pick("définitif", "final"),
        DayStatus::Provisional => lang.pick("provisoire", "provisional"),
    };
    let colon = lang.pick(" :", ":");
    line(&format!("{} ({} h){colon} {status}{completeness}", manifest.date, result.day.hour_count()));
    for entry in &manifest.documents {
        let text = match entry.status {
            EntryStatus::Ok => figures(result, entry.source, lang),
            _ => entry.reason.clone().unwrap_or_default(),
        };
        let text = match (engine.config.dry_run && entry.key.is_some(), new_documents.contains(&entry.source)) {
            (false, _) => text,
            (true, true) => joined(lang.pick("serait publié", "would publish"), &text, lang),
            (true, false) => joined(lang.pick("inchangé", "unchanged"), &text, lang),
        };
        let words = format!("  {:<12} {} {text}", entry.source, painted(entry.status));
        line(terminal::wrap(words.trim_end(), terminal::columns(), 24).trim_end());
    }
    let location = engine.metrics.address(&keys::manifest(manifest.date));
    line(&match (engine.config.dry_run, *changed) {
        (true, _) => format!("  {}", lang.pick("rien n'est écrit (--dry-run)", "nothing written (--dry-run)")),
        (false, true) => format!("  {}{colon} {location}", lang.pick("publié", "published")),
        (false, false) => format!("  {}{colon} {location}", lang.pick("inchangé", "unchanged")),
    });
}

/// `, 99,5 % de complétude`.
pub(super) fn completeness(lang: Lang, percent: Fixed2) -> String {
    let number = percent.rounded().to_string();
    lang.pick(format!(", {} % de complétude", number.replace('.', ",")), format!(", {number} % complete"))
}

/// The status of a document in its column.
fn painted(status: EntryStatus) -> String {
    let word = format!("{:<9}", status.name());
    match status {
        EntryStatus::Ok => Tone::Good.paint(&word),
        EntryStatus::Absent => Tone::Faint.paint(&word),
        EntryStatus::Retained => Tone::Warning.paint(&word),
        EntryStatus::Error => Tone::Bad.paint(&word),
    }
}

fn joined(state: &str, figures: &str, lang: Lang) -> String {
    if figures.is_empty() { state.to_owned() } else { format!("{state}{} {figures}", lang.pick(" :", ":")) }
}

/// The figures that a person looks for first.
fn figures(result: &DayResult, source: Source, lang: Lang) -> String {
    let unknown = lang.pick("inconnu", "unknown");
    let whole = |value: Option<f64>| value.map_or_else(|| unknown.to_owned(), |value| format!("{value:.0}"));
    match source {
        Source::RoadCounts => result.road_counts.document().map(|document| {
            let (body, city) = (&document.body, &document.body.global_metrics);
            let vehicles = whole(city.total_vehicles.map(contract::Fixed::get));
            let with_flow = body.metrics.iter().filter(|arc| arc.total_daily_flow.is_some()).count();
            let (arcs, alerts, failing) = (city.arc_count, body.congestion_alerts.len(), body.sensor_failures.len());
            lang.pick(
                format!(
                    "passages : {vehicles} sur {with_flow} tronçons avec débit (de {arcs}), alertes : {alerts}, capteurs \
                     défaillants : {failing}"
                ),
                format!(
                    "passages: {vehicles} on {with_flow} arcs with a flow (of {arcs}), alerts: {alerts}, failing \
                     detectors: {failing}"
                ),
            )
        }),
        Source::BikeCounts => result.bike_counts.document().map(|document| {
            let (body, city) = (&document.body, &document.body.global_metrics);
            let bikes = city.daily_total.map_or_else(|| unknown.to_owned(), |total| total.to_string());
            let (counters, failing) = (city.counter_count, body.failing_sensors.len());
            lang.pick(
                format!("vélos : {bikes}, compteurs : {counters}, défaillants : {failing}"),
                format!("bikes: {bikes}, counters: {counters}, failing: {failing}"),
            )
        }),
        Source::Disruptions => result.disruptions.document().map(|document| {
            let (disruptions, alerts) = (document.body.active_disruptions_count, document.body.alerts.len());
            lang.pick(
                format!("perturbations : {disruptions}, alertes : {alerts}"),
                format!("disruptions: {disruptions}, alerts: {alerts}"),
            )
        }),
        Source::Weather => result.weather.document().map(|document| {
            let metrics = &document.body.metrics;
            let mean = metrics.temp_mean.map_or_else(|| "?".to_owned(), |value| value.rounded().to_string());
            format!("{mean} °C, {} mm", metrics.precip_total.rounded())
        }),
        Source::Worksites => result.worksites.document().map(|document| {
            format!("{} {}", lang.pick("chantiers actifs :", "active worksites:"), document.body.active_worksite_count)
        }),
        Source::RoadNetwork => result
            .road_network
            .document()
            .map(|document| format!("{} {}", lang.pick("tronçons :", "arcs:"), document.body.statistics.arc_count)),
        Source::Context => None,
    }
    .unwrap_or_default()
}

/// One line on stdout.
pub(crate) fn line(text: &str) {
    runtime::output::print(format_args!("{text}\n"));
}
