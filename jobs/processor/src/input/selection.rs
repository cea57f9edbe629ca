//! Which of several whole snapshots in `batch/` is read: the last by name. The time at which the storage received a file decides nothing, because
//! the same inputs give the same documents; a file that looks newer than the one read is reported instead.

use chrono::TimeDelta;
use contract::document::Ignored;
use runtime::store::Object;

/// A file that is left out is reported if it was stored this much later than the one read.
const NEWER: TimeDelta = TimeDelta::hours(1);

/// The files of a source.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct FileSelection {
    /// In the order in which they are read.
    pub(crate) read: Vec<Object>,
    /// Earlier whole snapshots.
    pub(crate) left_out: Vec<Object>,
}

impl FileSelection {
    /// All files, or the last one if each is a whole snapshot; `files` come in file order.
    pub(crate) fn new(mut files: Vec<Object>, only_last: bool) -> Self {
        if !only_last {
            return Self { read: files, left_out: Vec::new() };
        }
        let last = files.pop();
        Self { read: last.into_iter().collect(), left_out: files }
    }

    /// The files left out, for the documents.
    pub(crate) fn ignored(&self) -> Vec<Ignored> {
        let reason = self.read.last().map(|last| format!("instantane_anterieur_a {}", last.key)).unwrap_or_default();
        self.left_out.iter().map(|object| Ignored { key: object.key.clone(), reason: reason.clone() }).collect()
    }

    /// Files left out that were stored later than the one read, with the difference.
    pub(crate) fn newer(&self) -> impl Iterator<Item = (&Object, &Object, TimeDelta)> {
        self.read.last().into_iter().flat_map(|read| {
            let later = self.left_out.iter().map(move |object| (object, read, object.modified - read.modified));
            later.filter(|(.., difference)| *difference > NEWER)
        })
    }

    /// A French sentence per file of [`FileSelection::newer`], for the manifest.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let sentence = |(left, read, later): (&Object, &Object, TimeDelta)| {
            format!(
                "{} est laissé de côté, car {} vient après lui dans l'ordre des noms, mais il a été déposé {} plus tard : renommez ou archivez l'un des deux.",
                left.key,
                read.key,
                duration(later)
            )
        };
        self.newer().map(sentence).collect()
    }

    /// Logs the files of [`FileSelection::newer`].
    pub(crate) fn warn(&self) {
        for (left, read, later) in self.newer() {
            tracing::warn!(
                key = left.key,
                read = read.key,
                later = duration(later),
                "left out, because the file that is read comes later by name, but it was stored later. Rename or archive one of the two"
            );
        }
    }
}

/// Whole days, or whole hours if it is less than two days.
pub(crate) fn duration(time: TimeDelta) -> String {
    match time.num_days() {
        days @ 2.. => format!("{days} j"),
        _ => format!("{} h", time.num_hours()),
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use runtime::store::Version;

    use super::*;

    fn object(key: &str, hour: i64) -> Object {
        let modified = DateTime::UNIX_EPOCH + TimeDelta::hours(hour);
        Object { key: key.to_owned(), size: 1, modified, version: Version("1".to_owned()) }
    }

    #[test]
    fn only_the_last_whole_snapshot_is_read_and_the_others_are_listed() {
        let files: Vec<Object> = ["a", "b", "c"].map(|key| object(key, 0)).to_vec();
        let all = FileSelection::new(files.clone(), false);
        assert_eq!((all.read.len(), all.ignored()), (3, Vec::new()));
        let last = FileSelection::new(files, true);
        let listed = |key: &str| Ignored { key: key.to_owned(), reason: "instantane_anterieur_a c".to_owned() };
        assert_eq!((last.read[0].key.as_str(), last.ignored()), ("c", vec![listed("a"), listed("b")]));
        assert_eq!(FileSelection::new(Vec::new(), true), FileSelection::default());
    }

    #[test]
    fn file_left_out_is_reported_only_if_it_is_newer_by_more_than_an_hour() {
        let files = vec![object("a", 51), object("b", 2), object("c", 1)];
        let warnings = FileSelection::new(files.clone(), true).warnings();
        assert_eq!(warnings.len(), 1);
        assert!(warnings[0].starts_with("a est laissé de côté, car c") && warnings[0].contains("2 j"), "{warnings:?}");
        assert_eq!(FileSelection::new(files, false).warnings(), Vec::<String>::new());
    }
}
