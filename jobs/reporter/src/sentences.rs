//! The day's remarkable facts as sentences, in French or English: each with its figure and what it is compared with.
//!
//! A sentence says what the fact says and no more: no cause, no judgement. A fact whose key has no wording here is left out rather
//! than guessed at. Wordings themselves are in `wording`.

mod wording;

use contract::document::context::Fact;
use contract::report::Sentence;

use crate::lang::Lang;
use wording::{Comparison, Wording};

/// How many sentences a report has at most.
const MOST: usize = 7;

/// Below this reference a percentage of it says less than the reference itself: 3 counters down instead of 1 are not "200 % more".
const SMALL: f64 = 20.0;

/// Beyond this difference in percent the two figures side by side are clearer.
const FAR: f64 = 300.0;

/// The sentences of a day, in the order of its facts, at most seven. `forecast`: the weather is what was expected, not observed.
#[must_use]
pub fn remarkable(facts: &[&Fact], lang: Lang, forecast: bool) -> Vec<Sentence> {
    facts.iter().filter_map(|fact| sentence(fact, lang, forecast)).take(MOST).collect()
}

/// The sentence of one fact; `None` for a key that has no wording, and for a count of nothing that nothing is known to compare with.
fn sentence(fact: &Fact, lang: Lang, forecast: bool) -> Option<Sentence> {
    let wording = wording::of(&fact.key)?;
    if wording.counts_events && fact.value.rounded() == 0.0 && fact.reference.is_none() {
        return None;
    }
    let wording = wording.scaled_for(fact);
    let value = fact.value.rounded() / wording.divisor;
    let head = (wording.head)(lang, value, &wording.figure(lang, value));
    let tail = comparison(&wording, fact, value, lang);
    let forecast = if wording.weather && forecast { lang.pick(" (prévision)", " (forecast)") } else { "" };
    Some(Sentence {
        key: fact.key.clone(),
        text: format!("{head}{forecast}{tail}."),
        value: fact.value,
        reference: fact.reference,
        deviation: fact.deviation,
    })
}

/// What follows the figure: the comparison, or that there is none yet.
fn comparison(wording: &Wording, fact: &Fact, value: f64, lang: Lang) -> String {
    let Some(reference) = fact.reference else {
        let worth_saying = wording.comparison == Comparison::Percent;
        return if worth_saying {
            lang.pick(" (aucune référence connue à ce jour)", " (no reference is known yet)").to_owned()
        } else {
            String::new()
        };
    };
    let reference = reference.rounded() / wording.divisor;
    let usual = wording.figure(lang, reference);
    if usual == wording.figure(lang, value) {
        return lang.pick(", comme d'habitude", ", as usual").to_owned();
    }
    let side_by_side = || lang.pick(format!(", contre {usual} d'habitude"), format!(", against {usual} usually"));
    match (wording.comparison, fact.deviation) {
        (Comparison::Percent, Some(deviation)) if reference >= SMALL && deviation.rounded().abs() <= FAR => {
            let deviation = deviation.rounded();
            let decimals = usize::from(deviation.abs() < 10.0);
            let amount = lang.percent(deviation.abs(), decimals);
            if amount == lang.percent(0.0, 0) {
                return lang.pick(format!(", comme d'habitude ({usual})"), format!(", as usual ({usual})"));
            }
            more_or_less(deviation, &amount, &usual, lang)
        }
        (Comparison::Difference, _) => {
            let amount = wording.figure(lang, (value - reference).abs());
            more_or_less(value - reference, &amount, &usual, lang)
        }
        _ => side_by_side(),
    }
}

fn more_or_less(sign: f64, amount: &str, usual: &str, lang: Lang) -> String {
    let direction = if sign > 0.0 { lang.pick("plus", "more") } else { lang.pick("moins", "less") };
    lang.pick(
        format!(", soit {amount} de {direction} que d'habitude ({usual})"),
        format!(", {amount} {direction} than usual ({usual})"),
    )
}

#[cfg(test)]
mod tests;
