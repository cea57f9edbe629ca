//! What a person at a terminal is told: where the report is and what it says. A pipe or a cluster reads the log instead.

use std::fmt::Write as _;
use std::io::Write as _;

use contract::document::DayStatus;
use contract::document::manifest::EntryStatus;
use contract::number::{Fixed1, Fixed2};
use contract::report::{DailyReport, Summary};
use contract::{Source, Stamp};

use crate::lang::Lang;

/// Where people are told things, if anybody is there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Notice {
    shown: bool,
}

impl Notice {
    /// Shown at a terminal, unless it is to be quiet.
    pub(crate) fn new(quiet: bool) -> Self {
        Self { shown: !quiet && runtime::log::is_terminal() }
    }

    /// Tells something, with its own line ends.
    pub(crate) fn say(self, text: &str) {
        if self.shown {
            // A stdout that is gone (a pager that was closed) is no reason to fail: the report is written.
            let _ = std::io::stdout().lock().write_all(text.as_bytes());
        }
    }
}

/// A report in a few lines. `heading` says what became of it; `until` is how far the data of a provisional day goes.
pub(crate) fn in_short(report: &DailyReport, heading: &str, until: Option<Stamp>, lang: Lang) -> String {
    let mut text = format!("{heading}\n");
    let summary = &report.summary;
    if summary.day_status == DayStatus::Provisional {
        let part =
            summary.completeness.map(|part| format!(" ({})", lang.percent(part.rounded(), 1))).unwrap_or_default();
        let until = until.map(|until| until.local().format("%Y-%m-%d %H:%M").to_string());
        let until = until.map(|until| lang.pick(format!(", données jusqu'à {until}"), format!(", data until {until}")));
        let word = lang.pick("provisoire", "provisional");
        let _ = writeln!(text, "  ! {word}{part}{}", until.unwrap_or_default());
    }
    for (label, value) in headline(summary, lang) {
        let _ = writeln!(text, "  {label:<26} {value:>14}");
    }
    for sentence in &summary.highlights {
        let _ = writeln!(text, "  • {}", sentence.text);
    }
    for (source, status) in report.sources.iter().filter(|(_, status)| status.status != EntryStatus::Ok) {
        let reason = status.reason.as_deref().unwrap_or_default();
        let _ = writeln!(text, "  - {source} : {} {reason}", status.status.name());
    }
    text
}

/// How far the data of the day goes: what the source that is furthest behind has.
pub(crate) fn data_until(documents: &crate::collect::Documents) -> Option<Stamp> {
    [Source::RoadCounts, Source::BikeCounts]
        .into_iter()
        .filter_map(|source| documents.header(source)?.complete_until)
        .min()
}

fn headline(summary: &Summary, lang: Lang) -> Vec<(&'static str, String)> {
    let unknown = || lang.pick("inconnu", "unknown").to_owned();
    let number = |value: Option<f64>, unit: &str| {
        value.map_or_else(unknown, |value| format!("{}{unit}", lang.number(value, usize::from(value.abs() < 100.0))))
    };
    #[expect(clippy::cast_precision_loss, reason = "a count that people are shown")]
    let count = |value: Option<u64>| number(value.map(|value| value as f64), "");
    let hours = summary.total_delay_minutes.map(|minutes| minutes.rounded() / 60.0);
    let availability = summary.sensor_availability.map(|part| lang.percent(part.rounded(), 1));
    vec![
        (lang.pick("Véhicules", "Vehicles"), number(summary.total_vehicles.map(Fixed2::rounded), "")),
        (lang.pick("Véhicules-kilomètres", "Vehicle-kilometres"), number(summary.vehicle_km.map(Fixed1::rounded), "")),
        (lang.pick("Temps perdu", "Lost time"), number(hours, "\u{a0}h")),
        (lang.pick("Tronçons saturés", "Saturated sections"), count(summary.saturated_arc_count)),
        (lang.pick("Disponibilité des capteurs", "Sensor availability"), availability.unwrap_or_else(unknown)),
        (lang.pick("Vélos", "Bikes"), count(summary.total_bikes)),
        (lang.pick("Perturbations", "Disruptions"), count(summary.active_disruptions)),
        (lang.pick("Chantiers actifs", "Active worksites"), count(summary.active_worksites)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::Day;

    #[test]
    fn a_gap_is_named_and_is_no_zero() {
        let day = Day::full().without(Source::BikeCounts, "aucune_ligne_du_jour").provisional();
        let text = in_short(&day.report(), "Rapport du 2025-11-03", data_until(&day.documents()), Lang::Fr);
        let text = text.replace(['\u{202f}', '\u{a0}'], " ");
        let line = |label: &str| text.lines().find(|line| line.contains(label)).unwrap().to_owned();
        assert!(line("provisoire").contains("données jusqu'à 2025-11-04 00:00"), "{text}");
        assert!(line("Vélos").ends_with(" inconnu"), "{text}");
        assert!(line("Véhicules ").ends_with(" 1 234 567"), "{text}");
        assert!(line("- bikes").contains("absent aucune_ligne_du_jour"), "{text}");
    }
}
