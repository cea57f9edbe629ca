//! The words for the values of the documents, in both languages: each enum has one function, and a new variant does not compile until it
//! has its word.
//!
//! French words are the documents' own values, which the reader finds again in the JSON, except that severities have one spelling for roads
//! and transit. Not for values that a source publishes as text, such as the cause of a disruption.

use contract::document::DayStatus;
use contract::document::disruptions::{Mode, Scope, Severity};
use contract::document::manifest::EntryStatus;
use contract::document::road_counts::{AlertSeverity, AlertType, TrafficState};
use contract::report::SensorType;
use contract::{Reason, Source};
use runtime::lang::Lang;

#[must_use]
pub fn source(lang: Lang, source: Source) -> &'static str {
    let english = match source {
        Source::RoadCounts => "road counts",
        Source::BikeCounts => "bike counts",
        Source::Disruptions => "disruptions",
        Source::Weather => "weather",
        Source::Worksites => "worksites",
        Source::RoadNetwork => "road network",
        Source::Context => "context",
    };
    lang.pick(source.name(), english)
}

#[must_use]
pub fn day_status(lang: Lang, status: DayStatus) -> &'static str {
    let english = match status {
        DayStatus::Provisional => "provisional",
        DayStatus::Final => "final",
    };
    lang.pick(status.name(), english)
}

#[must_use]
pub fn entry_status(lang: Lang, status: EntryStatus) -> &'static str {
    let english = match status {
        EntryStatus::Ok => "ok",
        EntryStatus::Absent => "absent",
        EntryStatus::Error => "error",
        EntryStatus::Retained => "retained",
    };
    lang.pick(status.name(), english)
}

#[must_use]
pub fn sensor_type(lang: Lang, kind: SensorType) -> &'static str {
    match kind {
        SensorType::Road => lang.pick("route", "road"),
        SensorType::Bike => lang.pick("velo", "bike"),
    }
}

/// The word for the `raison` of a failing sensor.
#[must_use]
pub fn fault(lang: Lang, fault: &str) -> &str {
    let english = match fault {
        "silencieux" => "silent",
        "fige" => "stuck",
        "incoherent" => "inconsistent",
        other => other,
    };
    lang.pick(fault, english)
}

#[must_use]
pub fn traffic_state(lang: Lang, state: TrafficState) -> &'static str {
    match state {
        TrafficState::Unknown => lang.pick("Inconnu", "Unknown"),
        TrafficState::FreeFlow => lang.pick("Fluide", "Free flow"),
        TrafficState::PreSaturated => lang.pick("Pré-saturé", "Pre-saturated"),
        TrafficState::Saturated => lang.pick("Saturé", "Saturated"),
        TrafficState::Blocked => lang.pick("Bloqué", "Blocked"),
    }
}

#[must_use]
pub fn alert_type(lang: Lang, kind: AlertType) -> &'static str {
    match kind {
        AlertType::Congestion => "congestion",
        AlertType::Blockage => lang.pick("blocage", "blockage"),
        AlertType::SaturatedZone => lang.pick("zone_saturee", "saturated zone"),
    }
}

#[must_use]
pub fn alert_severity(lang: Lang, severity: AlertSeverity) -> &'static str {
    match severity {
        AlertSeverity::Critical => CRITICAL,
        AlertSeverity::High => HIGH,
    }
    .in_language(lang)
}

#[must_use]
pub fn severity(lang: Lang, severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => CRITICAL,
        Severity::High => HIGH,
        Severity::Medium => Words { fr: "Moyenne", en: "Medium" },
        Severity::Low => Words { fr: "Faible", en: "Low" },
    }
    .in_language(lang)
}

#[must_use]
pub fn scope(lang: Lang, scope: Scope) -> &'static str {
    match scope {
        Scope::Line => lang.pick("ligne", "line"),
        Scope::Section => "section",
        Scope::Stop => lang.pick("arret", "stop"),
        Scope::Equipment => lang.pick("equipement", "equipment"),
    }
}

#[must_use]
pub fn mode(lang: Lang, mode: Mode) -> &'static str {
    match mode {
        Mode::Other => lang.pick("autre", "other"),
        Mode::Bus => "bus",
        Mode::Metro => "metro",
        Mode::Shuttle => lang.pick("navette", "shuttle"),
        Mode::Rer => "rer",
        Mode::Tram => lang.pick("tramway", "tram"),
        Mode::Transilien => "transilien",
    }
}

/// A word in both languages.
#[derive(Debug, Clone, Copy)]
struct Words {
    fr: &'static str,
    en: &'static str,
}

/// Roads and transit share these two.
const CRITICAL: Words = Words { fr: "Critique", en: "Critical" };
const HIGH: Words = Words { fr: "Élevée", en: "High" };

impl Words {
    fn in_language(self, lang: Lang) -> &'static str {
        lang.pick(self.fr, self.en)
    }
}

/// The name of a zone; the documents' name for "outside every zone" has an English word.
#[must_use]
pub fn zone(lang: Lang, name: &str) -> &str {
    if name == "Hors zone" { lang.pick(name, "Outside the zones") } else { name }
}

/// Why rows or values were not used.
#[must_use]
pub fn rejection(lang: Lang, reason: Reason) -> String {
    let english = match reason {
        Reason::ColumnCount => "wrong number of columns",
        Reason::InvalidUtf8 => "invalid UTF-8",
        Reason::MissingId => "missing identifier",
        Reason::UnreadableDate => "unreadable date",
        Reason::MonthFirstDate => "month before day",
        Reason::NonexistentTime => "time skipped by the clock change",
        Reason::RecordTooLong => "record too long",
        Reason::UnclosedQuote => "unclosed quote",
        Reason::ReversedDates => "end before start",
        Reason::UnreadableSnapshot => "unreadable snapshot",
        Reason::UnreadableRecord => "unreadable record",
        Reason::ReversedPeriod => "period ends before it begins",
        Reason::NoPeriod => "no usable period",
        Reason::UnreadableFlow => "unreadable flow",
        Reason::FractionalFlow => "flow is not a whole number",
        Reason::NegativeFlow => "negative flow",
        Reason::UnreadableOccupancy => "unreadable occupancy",
        Reason::OccupancyOutOfRange => "occupancy out of range",
        Reason::UnknownState => "unknown traffic state",
        Reason::UnknownStatus => "unknown arc status",
        Reason::UnreadableCount => "unreadable count",
        Reason::NegativeCount => "negative count",
        Reason::UnreadableGeometry => "unreadable geometry",
        Reason::UnreadableValue => "unreadable value",
        Reason::ReversedTemperatures => "lowest temperature above the highest",
        Reason::TemperatureOutOfRange => "temperature out of range",
        Reason::NegativeWind => "negative wind speed",
        Reason::NegativeRain => "negative rain",
        Reason::MissingTemperature => "missing temperature",
    };
    lang.pick(reason.name(), english.to_owned())
}

/// Why a source has no document, or an earlier one: a code, and in some cases a detail behind it, which is kept.
#[must_use]
pub fn source_reason(lang: Lang, reason: &str) -> String {
    let code_end = reason.find(|character: char| !(character.is_ascii_lowercase() || character == '_'));
    let (code, detail) = reason.split_at(code_end.unwrap_or(reason.len()));
    let english = match code {
        "source_inutilisable" => "unusable source",
        "aucun_fichier" => "no file",
        "aucune_ligne_du_jour" => "no row of the day",
        "absent_du_manifeste" => "not in the manifest",
        "document_non_nomme" => "the manifest names no document",
        "document_introuvable" => "document not found",
        "document_illisible" => "unreadable document",
        "empreinte_differente" => "the document has another SHA-256",
        "version_inconnue" => "unknown schema version",
        "autre_document" => "another document",
        _ => return reason.to_owned(),
    };
    let detail = detail.replace(" : ", ": ").replace("dernier jour présent", "newest day found");
    let detail = detail.replace("fichiers sans aucune ligne", "files without any row");
    lang.pick(reason.to_owned(), format!("{english}{detail}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn severities_have_one_spelling_for_roads_and_transit() {
        for lang in [Lang::Fr, Lang::En] {
            assert_eq!(severity(lang, Severity::Critical), alert_severity(lang, AlertSeverity::Critical));
            assert_eq!(severity(lang, Severity::High), alert_severity(lang, AlertSeverity::High));
        }
        assert_eq!(severity(Lang::Fr, Severity::High), "Élevée");
    }

    #[test]
    fn english_reason_keeps_the_detail_behind_its_code() {
        assert_eq!(source_reason(Lang::En, "aucun_fichier"), "no file");
        assert_eq!(
            source_reason(Lang::En, "document_introuvable : objets/a.json"),
            "document not found: objets/a.json"
        );
        assert_eq!(source_reason(Lang::Fr, "document_introuvable : x"), "document_introuvable : x");
        assert_eq!(
            source_reason(Lang::En, "aucune_ligne_du_jour (dernier jour présent : 2025-11-02)"),
            "no row of the day (newest day found: 2025-11-02)"
        );
        let message = "batch/a.csv: unrecognised header";
        assert_eq!(source_reason(Lang::En, message), message);
    }
}
