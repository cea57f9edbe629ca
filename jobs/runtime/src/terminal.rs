//! Text for a person at a terminal: lines of whole words, and colours.
//!
//! A terminal whose width is unknown, and everything else that a person may read, has 80 columns. `NO_COLOR` and `CLICOLOR` are respected.

use std::fmt::Write as _;

use console::{Style, Term, measure_text_width};

/// Columns where the terminal does not say.
pub const COLUMNS: usize = 80;
/// Longer lines are hard to read.
const MOST_COLUMNS: usize = 110;

/// Columns of the terminal on stdout, or else on stderr.
#[must_use]
pub fn columns() -> usize {
    let width = |term: &Term| term.size_checked().map(|(_, columns)| usize::from(columns));
    width(&Term::stdout()).or_else(|| width(&Term::stderr())).map_or(COLUMNS, |columns| columns.clamp(20, MOST_COLUMNS))
}

/// Breaks a text into lines of whole words; lines after the first are indented. A word that is longer than a line stays whole, so that an
/// address can be copied. Line breaks of the text are kept.
#[must_use]
pub fn wrap(text: &str, columns: usize, indent: usize) -> String {
    let mut wrapped = String::new();
    for (number, line) in text.split('\n').enumerate() {
        if number > 0 {
            wrapped.push('\n');
        }
        wrap_line(&mut wrapped, line, columns, indent);
    }
    wrapped
}

fn wrap_line(wrapped: &mut String, line: &str, columns: usize, indent: usize) {
    let lead = line.len() - line.trim_start_matches(' ').len();
    let (lead, words) = line.split_at(lead);
    wrapped.push_str(lead);
    let (mut used, mut empty) = (lead.len(), true);
    for word in words.split(' ') {
        let width = measure_text_width(word);
        if !empty && used + 1 + width > columns {
            let indent = indent + lead.len();
            let _ = write!(wrapped, "\n{:indent$}", "");
            used = indent;
        } else if !empty {
            wrapped.push(' ');
            used += 1;
        }
        wrapped.push_str(word);
        used += width;
        empty = false;
    }
}

/// What a word means, for its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Done, complete.
    Good,
    /// Works, but look at it.
    Warning,
    /// Failed.
    Bad,
    /// Beside the point.
    Faint,
}

impl Tone {
    fn style(self) -> Style {
        match self {
            Self::Good => Style::new().green(),
            Self::Warning => Style::new().yellow(),
            Self::Bad => Style::new().red().bold(),
            Self::Faint => Style::new().dim(),
        }
    }

    /// The word for stdout, coloured if that is a terminal.
    #[must_use]
    pub fn paint(self, word: &str) -> String {
        self.style().apply_to(word).to_string()
    }

    /// The word for stderr, coloured if that is a terminal.
    #[must_use]
    pub fn paint_stderr(self, word: &str) -> String {
        self.style().for_stderr().apply_to(word).to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_hold_whole_words_and_later_ones_are_indented() {
        assert_eq!(wrap("un deux trois quatre", 12, 2), "un deux\n  trois\n  quatre");
        assert_eq!(wrap("  - un deux trois", 10, 2), "  - un\n    deux\n    trois");
        assert_eq!(wrap("a\n\nb", 10, 0), "a\n\nb");
        assert_eq!(wrap("voir s3://a-very-long-bucket/prefix", 10, 0), "voir\ns3://a-very-long-bucket/prefix");
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_no_line_is_too_long(words in prop::collection::vec("[a-zé,.]{1,9}", 1..60), columns in 20..110_usize) {
            let text = words.join(" ");
            let wrapped = wrap(&text, columns, 4);
            prop_assert_eq!(wrapped.split_whitespace().collect::<Vec<_>>().join(" "), text);
            prop_assert!(wrapped.lines().all(|line| line.chars().count() <= columns));
        }
    }
}
