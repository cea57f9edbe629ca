//! The languages of a report and of the terminal.

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
}

impl FromStr for Lang {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "fr" => Ok(Self::Fr),
            "en" => Ok(Self::En),
            _ => Err(format!("\"{}\" is not a language of the reports; expected fr or en", text.escape_debug())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_language_is_an_error_that_names_the_known_ones() {
        assert_eq!("en".parse(), Ok(Lang::En));
        assert!("de".parse::<Lang>().unwrap_err().contains("fr or en"));
    }
}
