//! The report in a few lines, as the terminal shows it after a run.

use std::fmt::Write as _;

use contract::Stamp;
use contract::document::DayStatus;
use contract::document::manifest::EntryStatus;
use contract::number::{Fixed1, Fixed2};
use contract::report::{DailyReport, Summary};
use runtime::lang::Lang;

use super::number::{number, percent};
use crate::sentences::words;

/// Status, headline figures, remarkable facts and missing sources. `complete_until` is the end of the data of a provisional day.
#[must_use]
pub fn render(report: &DailyReport, complete_until: Option<Stamp>, lang: Lang) -> String {
    let mut text = String::new();
    let summary = &report.summary;
    if summary.day_status == DayStatus::Provisional {
        let share = summary.completeness.map(|share| format!(" ({})", percent(lang, share.rounded(), 1)));
        let until = complete_until.map(|until| until.local().format("%Y-%m-%d %H:%M").to_string());
        let until = until.map(|until| lang.pick(format!(", données jusqu'à {until}"), format!(", data until {until}")));
        let status = words::day_status(lang, summary.day_status);
        let _ = writeln!(text, "  ! {status}{}{}", share.unwrap_or_default(), until.unwrap_or_default());
    }
    for (label, value) in headline(summary, lang) {
        let _ = writeln!(text, "  {label:<26} {value:>14}");
    }
    for sentence in &summary.highlights {
        let _ = writeln!(text, "  • {}", sentence.text);
    }
    let colon = lang.pick(" :", ":");
    for (source, status) in report.sources.iter().filter(|(_, status)| status.status != EntryStatus::Ok) {
        let reason = words::source_reason(lang, status.reason.as_deref().unwrap_or_default());
        let (source, status) = (words::source(lang, *source), words::entry_status(lang, status.status));
        let _ = writeln!(text, "  - {source}{colon} {status} {reason}");
    }
    text
}

fn headline(summary: &Summary, lang: Lang) -> Vec<(&'static str, String)> {
    let unknown = || lang.pick("inconnu", "unknown").to_owned();
    let figure = |value: Option<f64>, unit: &str| {
        value.map_or_else(unknown, |value| format!("{}{unit}", number(lang, value, usize::from(value.abs() < 100.0))))
    };
    #[expect(clippy::cast_precision_loss, reason = "for display; counts stay far below 2^53")]
    let count = |value: Option<u64>| figure(value.map(|value| value as f64), "");
    let hours = summary.total_delay_hours.map(Fixed1::rounded);
    let availability = summary.sensor_availability.map(|share| percent(lang, share.rounded(), 1));
    vec![
        (
            lang.pick("Passages de véhicules", "Vehicle passages"),
            figure(summary.total_vehicles.map(Fixed2::rounded), ""),
        ),
        (lang.pick("Véhicules-kilomètres", "Vehicle-kilometres"), figure(summary.vehicle_km.map(Fixed1::rounded), "")),
        (lang.pick("Temps perdu", "Lost time"), figure(hours, "\u{a0}h")),
        (lang.pick("Tronçons saturés", "Saturated sections"), count(summary.saturated_arc_count)),
        (lang.pick("Disponibilité des capteurs", "Sensor availability"), availability.unwrap_or_else(unknown)),
        (lang.pick("Vélos", "Bikes"), count(summary.total_bikes)),
        (lang.pick("Perturbations", "Disruptions"), count(summary.active_disruptions)),
        (lang.pick("Chantiers actifs", "Active worksites"), count(summary.active_worksites)),
    ]
}

#[cfg(test)]
mod tests {
    use contract::Source;

    use super::*;
    use crate::sample::SampleDay;

    #[test]
    fn missing_source_is_shown_as_unknown_with_its_reason() {
        let day = SampleDay::full().without(Source::BikeCounts, "aucune_ligne_du_jour").provisional();
        for (lang, status, bike_counts, vehicles, source) in [
            (
                Lang::Fr,
                "  ! provisoire (98,5 %), données jusqu'à 2025-11-04 00:00",
                ("  Vélos", " inconnu"),
                ("  Passages de véhicules ", " 1 234 567"),
                "  - bikes : absent aucune_ligne_du_jour",
            ),
            (
                Lang::En,
                "  ! provisional (98.5%), data until 2025-11-04 00:00",
                ("  Bikes", " unknown"),
                ("  Vehicle passages ", " 1,234,567"),
                "  - bike counts: absent no row of the day",
            ),
        ] {
            let text = render(&day.report_after(None, lang), day.documents.complete_until(), lang);
            let text = text.replace(['\u{202f}', '\u{a0}'], " ");
            assert!(text.lines().any(|line| line == status), "{text}");
            assert!(text.lines().any(|line| line == source), "{text}");
            for (label, value) in [bike_counts, vehicles] {
                assert!(text.lines().any(|line| line.starts_with(label) && line.ends_with(value)), "{text}");
            }
        }
    }
}
