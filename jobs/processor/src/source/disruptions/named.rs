//! Finds the lines that a sentence names: "Métro 13", "RER B", "Tram T3a", "Bus 72", "Transilien J", and "Ligne C" by the shape of its code.
//!
//! Used only for disruptions whose impacted objects name no line. A word that is not a code of the mode names no line.

use std::collections::BTreeSet;

use contract::document::disruptions::Mode;

use crate::source::text::normalize::folded;
use crate::transit_line::{LineKey, canonical_code};

/// A sequence of letters and digits, and the text between the previous one and it.
struct Word<'a> {
    text: &'a str,
    folded: String,
    gap: &'a str,
    /// An elision (`l'`, `d'`) is not a code.
    elided: bool,
}

/// The meaning of a word that introduces a code.
#[derive(Clone, Copy, PartialEq)]
enum LineKeyword {
    Of(Mode),
    /// "Ligne": the mode follows from the code.
    Any,
}

pub(crate) fn lines(text: &str) -> BTreeSet<LineKey> {
    let words = words(text);
    let mut found = BTreeSet::new();
    let mut at = 0;
    while at < words.len() {
        let Some((keyword, plural)) = keyword(&words[at].folded) else {
            at += 1;
            continue;
        };
        at += 1;
        let mut many = plural;
        // "métros ligne 2", "bus n° 72": words between the mode and its code.
        while let Some(word) = words.get(at)
            && is_adjacent(word.gap)
            && (is_number_sign(word, words.get(at + 1))
                || keyword != LineKeyword::Any && ["ligne", "lignes"].contains(&word.folded.as_str()))
        {
            many |= word.folded == "lignes";
            at += 1;
        }
        if words.get(at).is_none_or(|word| !is_adjacent(word.gap)) {
            continue;
        }
        while let Some((key, used)) = code(keyword, &words[at..]) {
            found.insert(key);
            at += used;
            match next_of_list(&words[at..], many || letters(keyword)) {
                Some(skip) => at += skip,
                None => break,
            }
        }
    }
    found
}

fn words(text: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let (mut end_of_last, mut start) = (0, None);
    let push = |words: &mut Vec<_>, from: usize, to: usize, gap: usize| {
        // Every offset comes from `char_indices`, so slices lie on character boundaries.
        let elided = text[to..].starts_with(['\'', '’']);
        words.push(Word { text: &text[from..to], folded: folded(&text[from..to]), gap: &text[gap..from], elided });
    };
    for (at, letter) in text.char_indices() {
        match (letter.is_alphanumeric(), start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                push(&mut words, from, at, end_of_last);
                (end_of_last, start) = (at, None);
            }
            _ => {}
        }
    }
    if let Some(from) = start {
        push(&mut words, from, text.len(), end_of_last);
    }
    words
}

/// Whether only white space or `°` separates two words.
fn is_adjacent(gap: &str) -> bool {
    gap.chars().all(|letter| letter.is_whitespace() || letter == '°')
}

/// "n°" or "numéro": not the line N.
fn is_number_sign(word: &Word<'_>, next: Option<&Word<'_>>) -> bool {
    matches!(word.folded.as_str(), "nº" | "no" | "numero")
        || word.folded == "n" && next.is_some_and(|next| next.gap.starts_with('°'))
}

/// The keyword of a word, and whether it is a plural, which a list may follow.
fn keyword(folded: &str) -> Option<(LineKeyword, bool)> {
    Some(match folded {
        "metro" => (LineKeyword::Of(Mode::Metro), false),
        "metros" => (LineKeyword::Of(Mode::Metro), true),
        "rer" => (LineKeyword::Of(Mode::Rer), false),
        "tram" | "tramway" => (LineKeyword::Of(Mode::Tram), false),
        "trams" | "tramways" => (LineKeyword::Of(Mode::Tram), true),
        "transilien" => (LineKeyword::Of(Mode::Transilien), false),
        "transiliens" => (LineKeyword::Of(Mode::Transilien), true),
        "bus" | "noctilien" => (LineKeyword::Of(Mode::Bus), false),
        "ligne" => (LineKeyword::Any, false),
        "lignes" => (LineKeyword::Any, true),
        _ => return None,
    })
}

/// Single capital letters cannot be confused with a number of trains, so a list of them needs no plural.
fn letters(keyword: LineKeyword) -> bool {
    matches!(keyword, LineKeyword::Of(Mode::Rer | Mode::Transilien))
}

/// Number of words to skip to the next code of a list ("1, 4 et 13"), if one may follow.
fn next_of_list(words: &[Word<'_>], listed: bool) -> Option<usize> {
    let next = words.first().filter(|_| listed)?;
    if next.folded == "et" && is_adjacent(next.gap) {
        return words.get(1).filter(|word| is_adjacent(word.gap)).map(|_| 1);
    }
    matches!(next.gap.trim(), "," | "/" | "&").then_some(0)
}

/// The code at the start of the words, and the number of words it consists of.
fn code(keyword: LineKeyword, words: &[Word<'_>]) -> Option<(LineKey, usize)> {
    let word = words.first().filter(|word| !word.elided)?;
    let bis = words.get(1).is_some_and(|next| next.folded == "bis" && is_adjacent(next.gap));
    let mode = match keyword {
        LineKeyword::Of(mode) => fits(mode, word.text).then_some(mode)?,
        LineKeyword::Any => [Mode::Rer, Mode::Transilien, Mode::Metro]
            .into_iter()
            .find(|mode| fits(*mode, word.text))
            .or_else(|| (word.text.starts_with(['T', 't']) && fits(Mode::Tram, word.text)).then_some(Mode::Tram))?,
    };
    let split_bis = mode == Mode::Metro && bis && matches!(word.text, "3" | "7");
    let text = if split_bis { format!("{}B", word.text) } else { word.text.to_owned() };
    Some(((mode, canonical_code(mode, &text)), 1 + usize::from(split_bis)))
}

/// Whether a word can be a code of that mode.
fn fits(mode: Mode, word: &str) -> bool {
    let is_number = |text: &str, most: u32| {
        text.len() <= 3
            && text.bytes().all(|byte| byte.is_ascii_digit())
            && text.parse().is_ok_and(|n: u32| (1..=most).contains(&n))
    };
    match mode {
        Mode::Metro => is_number(word, 19) || matches!(folded(word).as_str(), "3b" | "3bis" | "7b" | "7bis"),
        Mode::Rer => matches!(word, "A" | "B" | "C" | "D" | "E"),
        Mode::Transilien => matches!(word, "H" | "J" | "K" | "L" | "N" | "P" | "R" | "U" | "V"),
        Mode::Tram => {
            let number = word.strip_prefix(['T', 't']).unwrap_or(word);
            is_number(number.strip_suffix(['a', 'b', 'A', 'B']).unwrap_or(number), 19)
        }
        // "72", "N12", "72B": neither an hour nor a year.
        Mode::Bus => {
            let number = word.trim_start_matches(|letter: char| letter.is_ascii_uppercase());
            let digits = number.strip_suffix(|letter: char| letter.is_ascii_uppercase()).unwrap_or(number);
            word == "TVM" || word.len() - number.len() <= 2 && is_number(digits, 999)
        }
        Mode::Shuttle | Mode::Other => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        lines(text).into_iter().map(|(mode, code)| crate::transit_line::default_name(mode, &code)).collect()
    }

    #[test]
    fn mode_and_code_name_a_line() {
        assert_eq!(found("Métro 13 : Travaux"), ["Métro 13"]);
        assert_eq!(found("MÉTRO 7 bis, metro 3BIS"), ["Métro 3B", "Métro 7B"]);
        assert_eq!(found("RER B"), ["RER B"]);
        assert_eq!(found("RER A :Nanterre"), ["RER A"]);
        assert_eq!(found("Tram T3a et tramway 9"), ["Tram T3a", "Tram T9"]);
        assert_eq!(found("Bus 72 : arrêt non desservi"), ["Bus 72"]);
        assert_eq!(found("Transilien J"), ["Transilien J"]);
        assert_eq!(found("Bus ligne 4, BUS N°12, Noctilien N12"), ["Bus 12", "Bus 4", "Bus N12"]);
    }

    #[test]
    fn code_determines_the_mode_of_a_line_without_one() {
        assert_eq!(found("Ligne C : Austerlitz"), ["RER C"]);
        assert_eq!(found("Ligne T4 : Bondy"), ["Tram T4"]);
        assert_eq!(found("Ligne N:Plaisir"), ["Transilien N"]);
        assert_eq!(found("sur la ligne 4, LIGNE N° 9"), ["Métro 4", "Métro 9"]);
        assert_eq!(found("Les métros ligne 2 et ligne 13"), ["Métro 13", "Métro 2"]);
    }

    #[test]
    fn unambiguous_lists_name_all_their_lines() {
        assert_eq!(found("Métros 1, 4 et 9").len(), 3);
        assert_eq!(found("RER A et B, Transilien H/K").len(), 4);
        assert_eq!(found("Lignes 1, B, C").len(), 3);
        assert_eq!(found("Métro 13, 2 trains sur 3"), ["Métro 13"]);
    }

    #[test]
    fn words_that_are_not_codes_name_no_line() {
        for text in [
            "Bus de remplacement",
            "bus 20h30",
            "bus 2024",
            "ligne à l'arrêt",
            "Ligne L'Haÿ",
            "le RER a du retard",
            "Métro. 4 trains",
            "Ligne 272",
            "métro",
            "",
        ] {
            assert_eq!(found(text), [] as [&str; 0], "{text}");
        }
    }
}
