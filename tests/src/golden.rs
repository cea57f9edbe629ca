//! Golden files: texts that are generated from the code, committed, and compared by the tests.

use similar::TextDiff;

use crate::binaries::workspace;

/// If this is set to 1, [`check`] writes the golden files instead of comparing them.
pub const UPDATE: &str = "UPDATE_GOLDEN";
/// Lines of a difference that are shown.
const SHOWN: usize = 80;

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

/// The lines that differ, with their numbers and two lines around them.
fn difference(committed: &str, current: &str) -> String {
    let diff = TextDiff::from_lines(committed, current).unified_diff().context_radius(2).to_string();
    let (shown, more) = (diff.lines().take(SHOWN), diff.lines().count().saturating_sub(SHOWN));
    let shown: String = shown.map(|line| format!("{line}\n")).collect();
    if more == 0 { shown } else { format!("{shown}… {more} more lines\n") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn difference_shows_changed_lines_with_their_number() {
        assert_eq!(difference("a\nb\nc\n", "a\nB\nc\n"), "@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n");
        let far = |changed: &str| format!("{changed}\n{}{changed}\n", "same\n".repeat(50));
        assert_eq!(difference(&far("old"), &far("new")).matches("@@ -").count(), 2);
        let long = difference("", &"x\n".repeat(200));
        assert_eq!(long.lines().count(), SHOWN + 1);
        assert!(long.ends_with("… 121 more lines\n"), "{long}");
    }
}
