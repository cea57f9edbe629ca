//! The wording of each fact that the processor writes.
//!
//! A head is the sentence up to its comparison, without the full stop. A figure is the number with its unit.

use runtime::lang::Lang;

use crate::render::number::number;

/// How a figure is compared with its reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    /// In percent of the reference: totals.
    Percent,
    /// By the difference, in the unit of the figure: temperatures, for which a percentage makes no sense.
    Difference,
    /// Side by side: rates and indices, to avoid percentages of percentages.
    SideBySide,
}

/// The wording of one key.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wording {
    /// From the language, the value and the figure.
    pub(super) head: fn(Lang, f64, &str) -> String,
    pub(super) comparison: Comparison,
    /// Decimals of a figure below 100; a larger count has none.
    decimals: usize,
    /// Whether a figure of 100 or more keeps its decimals.
    measured: bool,
    /// Text after the number, with its space.
    unit: fn(Lang) -> &'static str,
    /// From the unit of the document to that of the sentence.
    pub(super) divisor: f64,
    /// Whether zero means that nothing happened.
    pub(super) counts_events: bool,
    /// Whether it concerns the weather, which may be a forecast.
    pub(super) weather: bool,
}

const MINUTES_PER_HOUR: f64 = 60.0;

const COUNT: Wording = Wording {
    head: |_, _, figure| figure.to_owned(),
    comparison: Comparison::Percent,
    decimals: 1,
    measured: false,
    unit: |_| "",
    divisor: 1.0,
    counts_events: false,
    weather: false,
};

const RATE: Wording =
    Wording { comparison: Comparison::SideBySide, measured: true, unit: |lang| lang.pick("\u{202f}%", "%"), ..COUNT };

const INDEX: Wording = Wording { unit: |_| "", ..RATE };

pub(super) fn wording_of(key: &str) -> Option<Wording> {
    Some(match key {
        "comptages.total_vehicules_jour" => Wording {
            head: |lang, _, n| {
                lang.pick(
                    format!("Les capteurs routiers ont compté {n} passages de véhicules"),
                    format!("Road sensors counted {n} vehicle passages"),
                )
            },
            ..COUNT
        },
        "comptages.temps_perdu_total_paris" => Wording {
            head: |lang, _, n| {
                lang.pick(
                    format!("Le temps perdu dans la circulation est estimé à {n}"),
                    format!("Time lost in traffic is estimated at {n}"),
                )
            },
            unit: |_| "\u{a0}h",
            divisor: MINUTES_PER_HOUR,
            ..COUNT
        },
        "comptages.nombre_troncons_en_alerte" => Wording {
            head: |lang, value, n| match lang {
                Lang::Fr if singular_fr(value) => format!("{n} tronçon a connu une alerte de congestion"),
                Lang::Fr => format!("{n} tronçons ont connu une alerte de congestion"),
                Lang::En => format!("{n} road {} had a congestion alert", plural(value, "section", "sections")),
            },
            counts_events: true,
            ..COUNT
        },
        "comptages.vehicules_km" => Wording {
            head: |lang, _, n| {
                lang.pick(
                    format!("Le trafic mesuré représente {n} véhicules-kilomètres"),
                    format!("Measured traffic amounts to {n} vehicle-kilometres"),
                )
            },
            ..COUNT
        },
        "comptages.taux_disponibilite_capteurs" => Wording {
            head: |lang, _, n| {
                lang.pick(
                    format!("La disponibilité des capteurs routiers est de {n}"),
                    format!("Availability of the road sensors is {n}"),
                )
            },
            ..RATE
        },
        "bikes.total_jour" => Wording {
            head: |lang, value, n| match lang {
                Lang::Fr if singular_fr(value) => format!("Les compteurs vélo ont enregistré {n} passage"),
                Lang::Fr => format!("Les compteurs vélo ont enregistré {n} passages"),
                Lang::En => format!("Bike counters recorded {n} {}", plural(value, "passage", "passages")),
            },
            ..COUNT
        },
        "bikes.capteurs_defaillants" => Wording {
            head: |lang, value, n| match lang {
                Lang::Fr if singular_fr(value) => format!("{n} compteur vélo est défaillant"),
                Lang::Fr => format!("{n} compteurs vélo sont défaillants"),
                Lang::En => format!("{n} bike {} failing", plural(value, "counter is", "counters are")),
            },
            comparison: Comparison::SideBySide,
            counts_events: true,
            ..COUNT
        },
        "traffic.reliability_index" => Wording {
            head: |lang, _, n| {
                lang.pick(
                    format!("L'indice de fiabilité des transports en commun est de {n} sur 100"),
                    format!("The public transport reliability index is {n} out of 100"),
                )
            },
            ..INDEX
        },
        "traffic.active_disruptions_count" => Wording {
            head: |lang, value, n| match lang {
                Lang::Fr if singular_fr(value) => format!("{n} perturbation a touché les transports en commun"),
                Lang::Fr => format!("{n} perturbations ont touché les transports en commun"),
                Lang::En => format!("{n} {} affected public transport", plural(value, "disruption", "disruptions")),
            },
            counts_events: true,
            ..COUNT
        },
        "weather.precip_totale" => Wording {
            head: |lang, _, n| {
                lang.pick(
                    format!("Les précipitations de la journée sont de {n}"),
                    format!("Precipitation over the day is {n}"),
                )
            },
            comparison: Comparison::SideBySide,
            measured: true,
            unit: |_| "\u{a0}mm",
            weather: true,
            ..COUNT
        },
        "weather.temp_moyenne" => Wording {
            head: |lang, _, n| {
                lang.pick(format!("La température moyenne est de {n}"), format!("The mean temperature is {n}"))
            },
            comparison: Comparison::Difference,
            measured: true,
            unit: |_| "\u{a0}°C",
            weather: true,
            ..COUNT
        },
        "weather.indice_cyclable" => Wording {
            head: |lang, _, n| {
                lang.pick(
                    format!("L'indice cyclable de la météo est de {n} sur 100"),
                    format!("The cycling weather index is {n} out of 100"),
                )
            },
            weather: true,
            ..INDEX
        },
        "chantiers.total_chantiers_actifs" => Wording {
            head: |lang, value, n| match lang {
                Lang::Fr if singular_fr(value) => format!("{n} chantier est actif sur la voirie"),
                Lang::Fr => format!("{n} chantiers sont actifs sur la voirie"),
                Lang::En => format!("{n} {} active on the streets", plural(value, "worksite is", "worksites are")),
            },
            counts_events: true,
            ..COUNT
        },
        "chantiers.nouveaux" => Wording {
            head: |lang, value, n| match lang {
                Lang::Fr if singular_fr(value) => format!("{n} chantier a commencé ce jour"),
                Lang::Fr => format!("{n} chantiers ont commencé ce jour"),
                Lang::En => format!("{n} {} started that day", plural(value, "worksite", "worksites")),
            },
            comparison: Comparison::SideBySide,
            counts_events: true,
            ..COUNT
        },
        _ => return None,
    })
}

impl Wording {
    pub(super) fn figure(&self, lang: Lang, value: f64) -> String {
        let decimals = if self.measured || value.abs() < 100.0 { self.decimals } else { 0 };
        format!("{}{}", number(lang, value, decimals), (self.unit)(lang))
    }
}

/// In French every count below two is singular.
fn singular_fr(value: f64) -> bool {
    value < 2.0
}

fn plural(value: f64, one: &'static str, more: &'static str) -> &'static str {
    if value == 1.0 { one } else { more }
}
