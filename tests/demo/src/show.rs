//! A daily report as a few lines for a terminal. Pure; a value that the report does not know is said to be unknown, never left out.

use std::fmt::Write as _;

use serde_json::Value;

/// Headline figures: key in `summary`, what a person calls it, its unit.
const FIGURES: [(&str, &str, &str); 9] = [
    ("total_vehicules_paris", "vehicles counted", ""),
    ("vehicules_km", "distance driven", "veh·km"),
    ("temps_perdu_total_minutes", "time lost in traffic", "min"),
    ("nombre_troncons_satures", "saturated road sections", ""),
    ("taux_disponibilite_capteurs", "road detectors that work", "%"),
    ("total_velos_paris", "bikes counted", ""),
    ("perturbations_actives", "transit disruptions", ""),
    ("chantiers_actifs", "active worksites", ""),
    ("completude", "road data that is there", "%"),
];

/// The headline figures, the sentences, and what is missing.
pub(crate) fn report(report: &Value) -> String {
    let summary = &report["summary"];
    let mut text = String::new();
    let mut line = |indent: usize, words: String| {
        let _ = writeln!(text, "{:indent$}{words}", "");
    };
    line(2, format!("{}, {}, edition {}", plain(&report["date"]), plain(&summary["statut_jour"]), report["edition"]));
    line(0, String::new());
    for (key, name, unit) in FIGURES {
        line(2, format!("{name:<26}{:>14} {unit}", figure(&summary[key])).trim_end().to_owned());
    }
    line(0, String::new());
    line(2, "The day in sentences (French, as in the report):".to_owned());
    for fact in list(&summary["faits_marquants"]) {
        line(4, format!("- {}", plain(&fact["phrase"])));
    }
    line(0, String::new());
    line(2, "Sources, and what was not used of them:".to_owned());
    for (source, state) in entries(&report["sources"]) {
        let reason = state["raison"].as_str().map(|reason| format!(": {reason}")).unwrap_or_default();
        let read = &report["qualite"][source];
        let rows = if read.is_null() {
            String::new()
        } else {
            let rejected: u64 = entries(&read["rejets"]).filter_map(|(_, count)| count.as_u64()).sum();
            let [all, twice, differ] = ["lignes_lues", "doublons", "conflits"].map(|key| figure(&read[key]));
            format!("{all:>8} rows read; rejected {rejected}, duplicates {twice}, conflicts {differ}")
        };
        line(4, format!("{source:<12}{:<8}{rows}{reason}", plain(&state["statut"])).trim_end().to_owned());
    }
    line(0, String::new());
    line(2, "Gaps:".to_owned());
    for gap in gaps(report) {
        line(4, format!("- {gap}"));
    }
    text
}

/// What the report cannot say, and why.
fn gaps(report: &Value) -> Vec<String> {
    let mut gaps = Vec::new();
    for (source, state) in entries(&report["sources"]) {
        if state["statut"] != "ok" {
            gaps.push(format!("{source} is {}: its sections say so and hold no zeros", plain(&state["statut"])));
        }
    }
    let failing = list(&report["capteurs_defaillants"]).len();
    if failing > 0 {
        gaps.push(format!("{failing} sensors failing; their values are set aside, and the report lists them"));
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

/// Text without its quotes; `unknown` for null.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| figure(value), str::to_owned)
}

/// A number with its thousands apart; `unknown` for null.
fn figure(value: &Value) -> String {
    if value.is_null() {
        return "unknown".to_owned();
    }
    let written = value.to_string();
    let digits = written.find(|c: char| !c.is_ascii_digit()).unwrap_or(written.len());
    let (whole, rest) = written.split_at(digits);
    let mut apart = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            apart.push(' ');
        }
        apart.push(digit);
    }
    apart + rest
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn thousands_are_apart_and_nothing_else_changes() {
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
    fn a_missing_source_is_a_gap_and_an_unknown_figure_is_said_to_be_one() {
        let text = report(&json!({
            "date": "2025-11-04", "edition": 2,
            "summary": {"statut_jour": "provisoire", "total_vehicules_paris": 12_345, "total_velos_paris": null},
            "sources": {"bikes": {"statut": "absent", "raison": "aucun_fichier"}},
        }));
        assert!(text.contains("2025-11-04, provisoire, edition 2"), "{text}");
        assert!(text.contains("12 345"), "{text}");
        assert!(text.lines().any(|line| line.contains("bikes counted") && line.ends_with("unknown")), "{text}");
        assert!(text.contains("absent  : aucun_fichier"), "{text}");
        assert!(text.contains("- bikes is absent"), "{text}");
    }
}
