//! Text normalised for comparison.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// Lower case, no accents, no outer spaces, straight apostrophes, plain spaces, `oe` for `œ`.
pub(crate) fn folded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.trim().trim_start_matches('\u{feff}').chars().flat_map(char::to_lowercase).nfd() {
        match letter {
            'œ' => out.push_str("oe"),
            '’' | 'ʼ' | '`' => out.push('\''),
            '\u{a0}' | '\u{202f}' => out.push(' '),
            mark if is_combining_mark(mark) => {}
            _ => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_word_fold_to_the_same_text() {
        for (spelling, word) in [
            (" Débit Horaire\u{a0}", "debit horaire"),
            ("De\u{301}bit horaire", "debit horaire"),
            ("L’Œuvre", "l'oeuvre"),
            ("FRANÇAIS ÀÉÎÔÙ ñ", "francais aeiou n"),
            ("\u{feff}Identifiant arc", "identifiant arc"),
        ] {
            assert_eq!(folded(spelling), word);
        }
    }
}
