//! Renders a daily report as a few lines for a terminal. Unknown values are shown as `unknown`, never left out.

use std::fmt::Write as _;

use serde_json::Value;

/// Headline figures: key in `summary`, display name, unit.
const FIGURES: [(&str, &str, &str); 9] = [
    ("total_vehicules", "vehicle passages", ""),
    ("vehicules_km", "distance driven", "veh·km"),
    ("temps_perdu_total_heures", "time lost in traffic", "h"),
    ("nombre_troncons_satures", "saturated road sections", ""),
    ("taux_disponibilite_capteurs", "working road detectors", "%"),
    ("total_velos", "bikes counted", ""),
    ("perturbations_actives", "transit disruptions", ""),
    ("chantiers_actifs", "active worksites", ""),
    ("completude", "completeness of road data", "%"),
];

/// The headline figures, the sentences, the sources and the gaps.
pub(crate) fn report(report: &Value) -> String {
    let summary = &report["summary"];
    let mut text = String::new();
    let mut line = |indent: usize, content: String| {
        let _ = writeln!(text, "{:indent$}{content}", "");
    };
    line(2, format!("{}, {}, edition {}", plain(&report["date"]), status(&summary["statut_jour"]), report["edition"]));
    line(0, String::new());
    for (key, name, unit) in FIGURES {
        line(2, format!("{name:<26}{:>14} {unit}", figure(&summary[key])).trim_end().to_owned());
    }
    line(0, String::new());
    line(2, "Highlights:".to_owned());
    for fact in list(&summary["faits_marquants"]) {
        line(4, format!("- {}", plain(&fact["phrase"])));
    }
    line(0, String::new());
    line(2, "Sources, with rejected, duplicate and conflicting rows:".to_owned());
    for (source, state) in entries(&report["sources"]) {
        let reason = state["raison"].as_str().map(|reason| format!(": {reason}")).unwrap_or_default();
        let quality = &report["qualite"][source];
        let rows = if quality.is_null() {
            String::new()
        } else {
            let rejected: u64 = entries(&quality["rejets"]).filter_map(|(_, count)| count.as_u64()).sum();
            let [read_rows, duplicates, conflicts] =
                ["lignes_lues", "doublons", "conflits"].map(|key| figure(&quality[key]));
            format!("{read_rows:>8} rows read; rejected {rejected}, duplicates {duplicates}, conflicts {conflicts}")
        };
        line(4, format!("{source:<12}{:<9}{rows}{reason}", status(&state["statut"])).trim_end().to_owned());
    }
    line(0, String::new());
    line(2, "Gaps:".to_owned());
    for gap in gaps(report) {
        line(4, format!("- {gap}"));
    }
    text
}

/// The gaps of the report, with their reasons.
fn gaps(report: &Value) -> Vec<String> {
    let mut gaps = Vec::new();
    for (source, state) in entries(&report["sources"]) {
        if state["statut"] != "ok" {
            gaps.push(format!("{source} is {}: its figures are null, not zero", status(&state["statut"])));
        }
    }
    let failing = list(&report["capteurs_defaillants"]).len();
    if failing > 0 {
        gaps.push(format!("{failing} failing sensors: their values are excluded, and the report lists them"));
    }
    let compared = ["evolution_vs_semaine_precedente", "evolution_vs_jour_type"];
    if compared.iter().all(|key| entries(&report[*key]).all(|(_, value)| value.is_null())) {
        gaps.push("no comparison with last week or the usual day: there is no history yet".to_owned());
    }
    if gaps.is_empty() {
        gaps.push("none".to_owned());
    }
    gaps
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn entries(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flatten().map(|(key, value)| (key.as_str(), value))
}

/// The English word for a status of a day or a source.
fn status(value: &Value) -> String {
    match value.as_str() {
        Some("definitif") => "final".to_owned(),
        Some("provisoire") => "provisional".to_owned(),
        Some("erreur") => "unusable".to_owned(),
        Some("conserve") => "retained".to_owned(),
        _ => plain(value),
    }
}

/// A text without quotes; `unknown` for null.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| figure(value), str::to_owned)
}

/// A number with separated thousands; `unknown` for null.
fn figure(value: &Value) -> String {
    if value.is_null() {
        return "unknown".to_owned();
    }
    let text = value.to_string();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (whole, rest) = text.split_at(digits);
    let mut separated = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            separated.push(' ');
        }
        separated.push(digit);
    }
    separated + rest
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn thousands_are_separated_and_other_digits_are_kept() {
        for (value, shown) in [
            (json!(0), "0"),
            (json!(999), "999"),
            (json!(391_926), "391 926"),
            (json!(1_000_000), "1 000 000"),
            (json!(44_447.6), "44 447.6"),
            (json!(-12.5), "-12.5"),
            (Value::Null, "unknown"),
        ] {
            assert_eq!(figure(&value), shown);
        }
    }

    #[test]
    fn missing_source_is_a_gap_and_null_is_shown_as_unknown() {
        let text = report(&json!({
            "date": "2025-11-04", "edition": 2,
            "summary": {"statut_jour": "provisoire", "total_vehicules": 12_345, "total_velos": null},
            "sources": {"bikes": {"statut": "absent", "raison": "aucun_fichier"}},
        }));
        assert!(text.contains("2025-11-04, provisional, edition 2"), "{text}");
        assert!(text.contains("12 345"), "{text}");
        assert!(text.lines().any(|line| line.contains("bikes counted") && line.ends_with("unknown")), "{text}");
        assert!(text.contains("absent   : aucun_fichier"), "{text}");
        assert!(text.contains("- bikes is absent"), "{text}");
    }
}
