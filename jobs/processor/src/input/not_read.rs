//! Objects of the raw folder that nothing reads, with the reason: a misspelt name must not look like missing data.

use contract::{Source, keys};
use runtime::store::FolderListing;

use super::API_SOURCES;

/// Why an object or a folder is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum WhyNotRead {
    /// A name of `batch/` that belongs to no source.
    Source,
    /// An entry of `api/` that is no folder of a source.
    ApiSource,
    /// An entry of a source's folder that is no day.
    Day,
    /// A file in the folder of a day that is no snapshot.
    Snapshot,
    /// A name of `reference/` that nothing reads.
    Reference,
}

impl WhyNotRead {
    /// What is wrong with the name, and the form that is read, in English.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Source => {
                "its name belongs to no source; expected comptages-*.csv (.txt, .zip, .json), comptage-velo*.csv, chantiers-*.csv, \
                 referentiel-*.csv or meteo*.csv, directly in batch/"
            }
            Self::ApiSource => "it is not the folder of a source; expected api/bikes/, api/traffic/ or api/weather/",
            Self::Day => "it is not the folder of a day; expected dt=2025-11-04/ or date=2025-11-04/",
            Self::Snapshot => "it is not a snapshot; expected hour=00/ to hour=23/ and .json, .jsonl or .ndjson",
            Self::Reference => "nothing reads it; expected zones.geojson, *calendrier-scolaire*.csv or lignes.csv",
        }
    }

    /// [`WhyNotRead::text`] in French.
    pub(crate) fn texte(self) -> &'static str {
        match self {
            Self::Source => {
                "son nom n'est celui d'aucune source ; attendu : comptages-*.csv (.txt, .zip, .json), comptage-velo*.csv, \
                 chantiers-*.csv, referentiel-*.csv ou meteo*.csv, directement dans batch/"
            }
            Self::ApiSource => {
                "ce n'est pas le dossier d'une source ; attendu : api/bikes/, api/traffic/ ou api/weather/"
            }
            Self::Day => "ce n'est pas le dossier d'un jour ; attendu : dt=2025-11-04/ ou date=2025-11-04/",
            Self::Snapshot => "ce n'est pas un instantané ; attendu : hour=00/ à hour=23/ et .json, .jsonl ou .ndjson",
            Self::Reference => "rien ne le lit ; attendu : zones.geojson, *calendrier-scolaire*.csv ou lignes.csv",
        }
    }
}

/// An object or folder that nothing reads.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct UnreadFile {
    /// Key relative to the raw folder; a folder ends with `/`.
    pub(crate) key: String,
    pub(crate) why: WhyNotRead,
}

impl UnreadFile {
    pub(crate) fn new(key: impl Into<String>, why: WhyNotRead) -> Self {
        Self { key: key.into(), why }
    }

    /// A file of `batch/` or `reference/`; `None` if it is read.
    pub(crate) fn of_file(key: &str) -> Option<Self> {
        let why = if key.starts_with(keys::REFERENCE) { WhyNotRead::Reference } else { WhyNotRead::Source };
        let is_read = keys::batch_source(key).is_some() || keys::reference_kind(key).is_some();
        (!is_read).then(|| Self::new(key, why))
    }
}

/// All objects that nothing reads.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct NotRead {
    /// In key order, without hidden ones.
    pub(crate) files: Vec<UnreadFile>,
    /// Number of those whose name, or a folder's, begins with `.` or `_`.
    pub(crate) hidden: usize,
}

impl NotRead {
    /// Most files that are named.
    pub(crate) const NAMED: usize = 20;

    pub(crate) fn of(all: impl Iterator<Item = UnreadFile>) -> Self {
        let (hidden, mut files): (Vec<_>, Vec<_>) = all.partition(|file| keys::is_hidden(&file.key));
        files.sort();
        Self { files, hidden: hidden.len() }
    }

    /// Logs each file, at most [`NotRead::NAMED`], and the number of the others.
    pub(crate) fn warn(&self) {
        for file in self.files.iter().take(Self::NAMED) {
            tracing::warn!(key = file.key, "not read: {}. Rename it, or remove it", file.why.text());
        }
        if let further @ 1.. = self.files.len().saturating_sub(Self::NAMED) {
            tracing::warn!(further, "further files are not read; list them with `processor check`");
        }
        if self.hidden > 0 {
            tracing::info!(files = self.hidden, "hidden files are not read: their names begin with . or _");
        }
    }
}

/// Entries directly in `api/` that are not the folder of a source.
pub(crate) fn outside_sources(api: &FolderListing) -> Vec<UnreadFile> {
    let of_source = |folder: &str| API_SOURCES.iter().any(|source| folder == format!("{}{source}/", keys::API));
    let folders = api.folders.iter().filter(|folder| !of_source(folder)).map(String::as_str);
    let objects = api.objects.iter().map(|object| object.key.as_str());
    folders.chain(objects).map(|key| UnreadFile::new(key, WhyNotRead::ApiSource)).collect()
}

/// The first folder of a key below that of the source, or the key itself.
pub(crate) fn first_folder(source: Source, key: &str) -> &str {
    let base = keys::API.len() + source.name().len() + 1;
    key.get(base..).and_then(|rest| rest.find('/')).map_or(key, |end| &key[..=base + end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_files_are_counted_and_the_others_are_named() {
        let keys = ["batch/b.xlsx", "batch/_old/c.csv", "batch/.DS_Store", "batch/comptages-1.csv", "reference/a.txt"];
        let not_read = NotRead::of(keys.into_iter().filter_map(UnreadFile::of_file));
        let expected = [
            UnreadFile::new("batch/b.xlsx", WhyNotRead::Source),
            UnreadFile::new("reference/a.txt", WhyNotRead::Reference),
        ];
        assert_eq!(not_read, NotRead { files: expected.to_vec(), hidden: 2 });
    }

    #[test]
    fn first_folder_is_below_the_source() {
        assert_eq!(first_folder(Source::BikeCounts, "api/bikes/x/y/a.json"), "api/bikes/x/");
        assert_eq!(first_folder(Source::BikeCounts, "api/bikes/a.json"), "api/bikes/a.json");
    }
}
