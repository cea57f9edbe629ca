//! The languages of a report, and numbers as people read them in each.
//!
//! Not for the files that programs read: JSON and CSV have their own plain form.

use std::str::FromStr;

/// A language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lang {
    /// French, the language of the documents.
    #[default]
    Fr,
    /// English.
    En,
}

impl Lang {
    /// Its code, as reports hold it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Fr => "fr",
            Self::En => "en",
        }
    }

    /// The one of the two that is this language's.
    #[must_use]
    pub fn pick<T>(self, fr: T, en: T) -> T {
        match self {
            Self::Fr => fr,
            Self::En => en,
        }
    }

    /// A number with at most `decimals` decimals, its thousands grouped: `1 234,5` (narrow no-break space) or `1,234.5`.
    #[must_use]
    pub fn number(self, value: f64, decimals: usize) -> String {
        let text = format!("{:.decimals$}", value.abs());
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        let fraction = fraction.trim_end_matches('0');
        let mut out = String::with_capacity(text.len() + 8);
        if value < 0.0 && text.bytes().any(|byte| (b'1'..=b'9').contains(&byte)) {
            // A true minus sign, which no line break parts from its number.
            out.push('−');
        }
        for (at, digit) in whole.chars().enumerate() {
            if at > 0 && (whole.len() - at).is_multiple_of(3) {
                out.push(self.pick('\u{202f}', ','));
            }
            out.push(digit);
        }
        if !fraction.is_empty() {
            out.push(self.pick(',', '.'));
            out.push_str(fraction);
        }
        out
    }

    /// A number of percent: `12,5 %` or `12.5%`.
    #[must_use]
    pub fn percent(self, value: f64, decimals: usize) -> String {
        format!("{}{}", self.number(value, decimals), self.pick("\u{202f}%", "%"))
    }
}

impl FromStr for Lang {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "fr" => Ok(Self::Fr),
            "en" => Ok(Self::En),
            _ => Err(format!("there are no reports in \"{}\"; write fr or en", text.escape_debug())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_carry_no_idle_zeros() {
        for (value, decimals, fr, en) in [
            (0.0, 1, "0", "0"),
            (999.0, 0, "999", "999"),
            (1000.0, 0, "1\u{202f}000", "1,000"),
            (1_234_567.891, 2, "1\u{202f}234\u{202f}567,89", "1,234,567.89"),
            (12.50, 2, "12,5", "12.5"),
            (-0.04, 1, "0", "0"),
            (-1234.56, 1, "−1\u{202f}234,6", "−1,234.6"),
        ] {
            assert_eq!(Lang::Fr.number(value, decimals), fr);
            assert_eq!(Lang::En.number(value, decimals), en);
        }
    }

    #[test]
    fn a_percent_sign_keeps_to_its_number() {
        assert_eq!(Lang::Fr.percent(12.34, 1), "12,3\u{202f}%");
        assert_eq!(Lang::En.percent(12.34, 1), "12.3%");
    }

    #[test]
    fn an_unknown_language_is_refused_with_the_known_ones() {
        assert_eq!("en".parse(), Ok(Lang::En));
        assert!("de".parse::<Lang>().unwrap_err().contains("fr or en"));
    }
}
