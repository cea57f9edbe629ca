//! Golden files: texts that are generated from the code, committed, and compared by the tests.

use crate::binaries::workspace;

/// If this is set to 1, [`check`] writes the golden files instead of comparing them.
pub const UPDATE: &str = "UPDATE_GOLDEN";
/// Lines of a difference that are shown, of each side.
const SHOWN: usize = 40;

/// Compares a committed file with the text that it should have, or writes it if [`UPDATE`] is set.
///
/// `path` is relative to the root of the repository.
///
/// # Panics
/// If they differ, with the lines that do.
pub fn check(path: &str, text: &str) {
    let file = workspace().join(path);
    if std::env::var_os(UPDATE).is_some_and(|value| value == "1") {
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("the folder can be created");
        std::fs::write(&file, text).expect("the file can be written");
        return;
    }
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        committed == text,
        "{path} is not up to date:\n{}If the change is intended, run this test with {UPDATE}=1 and commit the file.",
        difference(&committed, text)
    );
}

/// The lines between the common beginning and the common end of two texts.
fn difference(committed: &str, current: &str) -> String {
    let (old, new): (Vec<_>, Vec<_>) = (committed.split('\n').collect(), current.split('\n').collect());
    let begin = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let (old, new) = (&old[begin..], &new[begin..]);
    let end = old.iter().rev().zip(new.iter().rev()).take_while(|(old, new)| old == new).count();
    let lines = |mark: char, lines: &[&str]| {
        let more = lines.len().saturating_sub(SHOWN);
        let shown = lines.iter().take(SHOWN).map(|line| format!("{mark} {line}\n")).collect::<String>();
        if more == 0 { shown } else { format!("{shown}{mark} … {more} more lines\n") }
    };
    let (old, new) = (lines('-', &old[..old.len() - end]), lines('+', &new[..new.len() - end]));
    format!("line {}:\n{old}{new}", begin + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn difference_shows_changed_lines_with_their_number() {
        assert_eq!(difference("a\nb\nc\n", "a\nB\nc\n"), "line 2:\n- b\n+ B\n");
        assert_eq!(difference("a\n", "a\nb\n"), "line 2:\n+ b\n");
        assert_eq!(difference("a\n", "a"), "line 2:\n- \n");
        let long = difference("", &"x\n".repeat(100));
        assert_eq!(long.lines().count(), 1 + SHOWN + 1);
        assert!(long.ends_with("+ … 60 more lines\n"), "{long}");
    }
}
