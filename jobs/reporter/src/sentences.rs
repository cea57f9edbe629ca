//! Words the remarkable facts of a day, in French or English, each with its figure and the comparison with the usual day.
//!
//! A sentence repeats its fact and adds nothing: no cause, no judgement. A fact whose key has no wording is left out. The facts and their
//! order (most unusual first) come from the document `contexte`; the wording of each key is in `wording`. [`words`] has the words for single
//! values, which the CSV and the terminal use as well.

mod wording;
pub mod words;

use contract::document::context::Fact;
use contract::report::Sentence;
use runtime::lang::Lang;

use crate::render::number::percent;
use wording::{Comparison, Wording, wording_of};

/// Limit of the report's format.
const MAX_SENTENCES: usize = 7;

/// Smallest reference for a percentage, in the unit of the document: 3 failing counters instead of 1 are not "200 % more".
const MIN_PERCENT_REFERENCE: f64 = 20.0;

/// Largest difference in percent; beyond it the two figures side by side are clearer.
const MAX_PERCENT: f64 = 300.0;

/// The sentences of a day in the order of its facts, at most seven. `forecast`: the weather was forecast, not observed.
#[must_use]
pub fn remarkable(facts: &[&Fact], lang: Lang, forecast: bool) -> Vec<Sentence> {
    facts.iter().filter_map(|fact| sentence(fact, lang, forecast)).take(MAX_SENTENCES).collect()
}

/// The sentence of one fact; `None` for a key without a wording, and for a zero count without a reference.
fn sentence(fact: &Fact, lang: Lang, forecast: bool) -> Option<Sentence> {
    let wording = wording_of(&fact.key)?;
    if wording.counts_events && fact.value.rounded() == 0.0 && fact.reference.is_none() {
        return None;
    }
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

/// The end of the sentence: the comparison, or a note that there is no reference yet.
fn comparison(wording: &Wording, fact: &Fact, value: f64, lang: Lang) -> String {
    let Some(reference) = fact.reference else {
        return if wording.comparison == Comparison::Percent {
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
        (Comparison::Percent, Some(deviation))
            if reference * wording.divisor >= MIN_PERCENT_REFERENCE && deviation.rounded().abs() <= MAX_PERCENT =>
        {
            let deviation = deviation.rounded();
            let decimals = usize::from(deviation.abs() < 10.0);
            let amount = percent(lang, deviation.abs(), decimals);
            if amount == percent(lang, 0.0, 0) {
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
