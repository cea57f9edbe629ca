//! Numbers as people read them in each language.
//!
//! Not for files that programs read: JSON and CSV have their own plain form.

use runtime::lang::Lang;

/// A number with at most `decimals` decimals and grouped thousands: `1 234,5` (with a narrow no-break space) or `1,234.5`.
#[must_use]
pub fn number(lang: Lang, value: f64, decimals: usize) -> String {
    let text = format!("{:.decimals$}", value.abs());
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let fraction = fraction.trim_end_matches('0');
    let mut out = String::with_capacity(text.len() + 8);
    if value < 0.0 && text.bytes().any(|byte| (b'1'..=b'9').contains(&byte)) {
        // U+2212: unlike a hyphen it is never separated from its number by a line break.
        out.push('−');
    }
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            out.push(lang.pick('\u{202f}', ','));
        }
        out.push(digit);
    }
    if !fraction.is_empty() {
        out.push(lang.pick(',', '.'));
        out.push_str(fraction);
    }
    out
}

/// A percentage: `12,5 %` or `12.5%`.
#[must_use]
pub fn percent(lang: Lang, value: f64, decimals: usize) -> String {
    format!("{}{}", number(lang, value, decimals), lang.pick("\u{202f}%", "%"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_have_no_trailing_zeros() {
        for (value, decimals, fr, en) in [
            (0.0, 1, "0", "0"),
            (999.0, 0, "999", "999"),
            (1000.0, 0, "1\u{202f}000", "1,000"),
            (1_234_567.891, 2, "1\u{202f}234\u{202f}567,89", "1,234,567.89"),
            (12.50, 2, "12,5", "12.5"),
            (-0.04, 1, "0", "0"),
            (-1234.56, 1, "−1\u{202f}234,6", "−1,234.6"),
        ] {
            assert_eq!(number(Lang::Fr, value, decimals), fr);
            assert_eq!(number(Lang::En, value, decimals), en);
        }
    }

    #[test]
    fn percent_sign_follows_the_rules_of_the_language() {
        assert_eq!(percent(Lang::Fr, 12.34, 1), "12,3\u{202f}%");
        assert_eq!(percent(Lang::En, 12.34, 1), "12.3%");
    }
}
