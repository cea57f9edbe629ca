use contract::Source;
use contract::number::Fixed2;

use super::*;

const KEYS: [&str; 14] = [
    "comptages.total_vehicules_jour",
    "comptages.temps_perdu_total_paris",
    "comptages.nombre_troncons_en_alerte",
    "comptages.vehicules_km",
    "comptages.taux_disponibilite_capteurs",
    "bikes.total_jour",
    "bikes.capteurs_defaillants",
    "traffic.reliability_index",
    "traffic.active_disruptions_count",
    "weather.precip_totale",
    "weather.temp_moyenne",
    "weather.indice_cyclable",
    "chantiers.total_chantiers_actifs",
    "chantiers.nouveaux",
];

fn fact(key: &str, value: f64) -> Fact {
    let source = key.split('.').next().unwrap().parse().unwrap_or(Source::Context);
    Fact { key: key.into(), value: Fixed2::of(value), reference: None, deviation: None, z: None, source }
}

fn against(key: &str, value: f64, reference: f64) -> Fact {
    let deviation = Fixed2::new(100.0 * (value - reference) / reference);
    Fact { reference: Some(Fixed2::of(reference)), deviation, ..fact(key, value) }
}

/// The sentence with plain instead of no-break spaces.
fn text(fact: &Fact, lang: Lang) -> String {
    sentence(fact, lang, false).unwrap().text.replace(['\u{202f}', '\u{a0}'], " ")
}

#[test]
fn totals_are_compared_in_percent() {
    let busy = against("comptages.total_vehicules_jour", 1_234_567.0, 1_100_000.0);
    assert_eq!(
        text(&busy, Lang::Fr),
        "Les capteurs routiers ont compté 1 234 567 passages de véhicules, soit 12 % de plus que d'habitude (1 100 000)."
    );
    assert_eq!(
        text(&busy, Lang::En),
        "Road sensors counted 1,234,567 vehicle passages, 12% more than usual (1,100,000)."
    );
    let quiet = against("bikes.total_jour", 96_500.0, 100_000.0);
    assert_eq!(
        text(&quiet, Lang::Fr),
        "Les compteurs vélo ont enregistré 96 500 passages, soit 3,5 % de moins que d'habitude (100 000)."
    );
    assert_eq!(text(&quiet, Lang::En), "Bike counters recorded 96,500 passages, 3.5% less than usual (100,000).");
}

#[test]
fn lost_time_is_always_in_hours() {
    let much = against("comptages.temps_perdu_total_paris", 90_000.0, 60_000.0);
    assert_eq!(
        text(&much, Lang::Fr),
        "Le temps perdu dans la circulation est estimé à 1 500 h, soit 50 % de plus que d'habitude (1 000 h)."
    );
    let little = against("comptages.temps_perdu_total_paris", 30.0, 60.0);
    assert_eq!(text(&little, Lang::En), "Time lost in traffic is estimated at 0.5 h, 50% less than usual (1 h).");
}

#[test]
fn rates_indices_and_small_counts_are_compared_side_by_side() {
    for (fact, fr) in [
        (
            against("comptages.taux_disponibilite_capteurs", 93.21, 97.14),
            "La disponibilité des capteurs routiers est de 93,2 %, contre 97,1 % d'habitude.",
        ),
        (
            against("traffic.reliability_index", 88.0, 99.5),
            "L'indice de fiabilité des transports en commun est de 88 sur 100, contre 99,5 d'habitude.",
        ),
        (against("bikes.capteurs_defaillants", 3.0, 1.25), "3 compteurs vélo sont défaillants, contre 1,2 d'habitude."),
        (
            against("comptages.nombre_troncons_en_alerte", 1.0, 6.0),
            "1 tronçon a connu une alerte de congestion, contre 6 d'habitude.",
        ),
        (
            against("weather.precip_totale", 12.4, 2.0),
            "Les précipitations de la journée sont de 12,4 mm, contre 2 mm d'habitude.",
        ),
        (
            against("comptages.nombre_troncons_en_alerte", 250.0, 40.0),
            "250 tronçons ont connu une alerte de congestion, contre 40 d'habitude.",
        ),
    ] {
        assert_eq!(text(&fact, Lang::Fr), fr);
    }
}

#[test]
fn temperatures_are_compared_in_degrees_across_zero() {
    let cold = against("weather.temp_moyenne", -1.5, 4.0);
    assert_eq!(
        text(&cold, Lang::Fr),
        "La température moyenne est de −1,5 °C, soit 5,5 °C de moins que d'habitude (4 °C)."
    );
    let warm = against("weather.temp_moyenne", 2.0, -0.5);
    assert_eq!(text(&warm, Lang::En), "The mean temperature is 2 °C, 2.5 °C more than usual (−0.5 °C).");
}

#[test]
fn equal_figures_are_as_usual() {
    let even = against("bikes.total_jour", 100_010.0, 100_000.0);
    assert_eq!(
        text(&even, Lang::Fr),
        "Les compteurs vélo ont enregistré 100 010 passages, comme d'habitude (100 000)."
    );
    let same = against("weather.indice_cyclable", 80.0, 80.0);
    assert_eq!(text(&same, Lang::En), "The cycling weather index is 80 out of 100, as usual.");
}

#[test]
fn missing_reference_is_noted_for_totals_only() {
    assert_eq!(
        text(&fact("chantiers.total_chantiers_actifs", 245.0), Lang::Fr),
        "245 chantiers sont actifs sur la voirie (aucune référence connue à ce jour)."
    );
    assert_eq!(text(&fact("weather.temp_moyenne", 12.3), Lang::Fr), "La température moyenne est de 12,3 °C.");
    assert_eq!(text(&fact("chantiers.nouveaux", 1.0), Lang::En), "1 worksite started that day.");
}

#[test]
fn forecast_is_marked_on_weather_only() {
    let rain = fact("weather.precip_totale", 4.0);
    assert!(sentence(&rain, Lang::Fr, true).unwrap().text.ends_with("4\u{a0}mm (prévision)."));
    assert!(!sentence(&fact("chantiers.nouveaux", 2.0), Lang::Fr, true).unwrap().text.contains("prévision"));
}

#[test]
fn zero_count_without_reference_has_no_sentence() {
    assert_eq!(sentence(&fact("chantiers.nouveaux", 0.0), Lang::Fr, false), None);
    assert!(sentence(&against("chantiers.nouveaux", 0.0, 4.0), Lang::Fr, false).is_some());
    assert!(sentence(&fact("weather.precip_totale", 0.0), Lang::Fr, false).is_some());
}

#[test]
fn unknown_key_is_skipped_and_order_and_limit_are_kept() {
    let facts: Vec<Fact> = std::iter::once("comptages.humeur").chain(KEYS).map(|key| fact(key, 50.0)).collect();
    let facts: Vec<&Fact> = facts.iter().collect();
    let keys: Vec<String> = remarkable(&facts, Lang::Fr, false).into_iter().map(|sentence| sentence.key).collect();
    assert_eq!(keys, KEYS[..7]);
    assert!(remarkable(&[], Lang::Fr, false).is_empty());
}

#[test]
fn every_key_has_its_figure_in_both_languages() {
    for key in KEYS {
        for lang in [Lang::Fr, Lang::En] {
            let sentence = sentence(&against(key, 1234.5, 2345.0), lang, false).unwrap();
            let scaled = if key == "comptages.temps_perdu_total_paris" { 1234.5 / 60.0 } else { 1234.5 };
            let figure = [0, 1].map(|decimals| crate::render::number::number(lang, scaled, decimals));
            assert!(figure.iter().any(|figure| sentence.text.contains(figure)), "{}", sentence.text);
            assert!(sentence.text.ends_with('.') && !sentence.text.contains("  "), "{}", sentence.text);
        }
    }
}
