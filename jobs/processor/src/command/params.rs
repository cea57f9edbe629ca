//! `processor params`: the parameters of `--param`, on stdout.

use runtime::terminal;

use crate::parameters::{Description, Parameters};
use crate::pipeline::terminal::line;

/// Prints each parameter with its default, unit and range, and below it its meaning.
pub(super) fn print() {
    for described in Parameters::descriptions() {
        line(&head(&described));
        line(&terminal::wrap(&format!("    {}", described.meaning), terminal::columns(), 0));
    }
}

fn head(described: &Description) -> String {
    let default = match &described.default {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let unit = if described.unit.is_empty() { String::new() } else { format!(" {}", described.unit) };
    let range = described.range.map_or_else(String::new, |(low, high)| format!(" ({low} to {high})"));
    format!("{}={default}{unit}{range}", described.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn head_has_name_default_unit_and_range() {
        let all = Parameters::descriptions();
        let shown = |name: &str| head(all.iter().find(|described| described.name == name).unwrap());
        assert_eq!(shown("comptages.congestion_taux"), "comptages.congestion_taux=80.0 % (0 to 100)");
        assert_eq!(shown("chantiers.termines"), "chantiers.termines=exclus");
        assert!(all.iter().all(|described| head(described).chars().count() <= 80));
    }
}
