//! The edition of a report that the store holds already: whether it is up to date, and which number the next one gets.

use std::collections::BTreeMap;

use contract::document::manifest::Manifest;
use contract::report::{Change, DailyReport};
use contract::{Source, Stamp};
use runtime::lang::Lang;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::changes;

/// The part of an earlier edition that the next one depends on. Parsed leniently: an older version may have written it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct PreviousEdition {
    pub edition: u64,
    #[serde(default)]
    pub generated_at: Option<Stamp>,
    /// Digest of the manifest that it was built from.
    pub metrics_digest: String,
    pub cityflow_version: String,
    #[serde(default, rename = "langue")]
    pub language: String,
    #[serde(default, rename = "changements")]
    pub changes: Vec<Change>,
    #[serde(default)]
    pub sources: BTreeMap<String, Value>,
    /// The other keys of its JSON.
    #[serde(flatten)]
    pub report: Map<String, Value>,
}

impl PreviousEdition {
    /// Whether a new report would be the same: built from this manifest, in full, by this version and in this language.
    ///
    /// A report that lacks a document which the manifest names is not up to date: the document may be readable now.
    #[must_use]
    pub fn is_up_to_date(&self, manifest: &Manifest, version: &str, lang: Lang) -> bool {
        self.is_built_from(manifest, version) && self.language == lang.code() && self.covers(manifest)
    }

    /// Whether it was built from this manifest in full, by any version and in any language. A recheck of an earlier day asks no more.
    #[must_use]
    pub fn covers(&self, manifest: &Manifest) -> bool {
        self.metrics_digest == manifest.digest
            && manifest.documents.iter().all(|entry| self.status_of(entry.source) == Some(entry.status.name()))
    }

    /// Number and changes of `report` as the next edition. Rebuilding the same report keeps both, so that its changes stay those against the
    /// edition before it.
    pub(super) fn next(&self, manifest: &Manifest, report: &DailyReport) -> (u64, Vec<Change>) {
        let mut sources = report.sources.iter();
        let same_sources = sources.all(|(source, status)| self.status_of(*source) == Some(status.status.name()));
        if same_sources && self.is_built_from(manifest, &report.cityflow_version) {
            (self.edition.max(1), self.changes.clone())
        } else {
            (self.edition.saturating_add(1), changes::changes(&self.report, report))
        }
    }

    fn is_built_from(&self, manifest: &Manifest, version: &str) -> bool {
        self.metrics_digest == manifest.digest && self.cityflow_version == version
    }

    fn status_of(&self, source: Source) -> Option<&str> {
        self.sources.get(source.name())?.get("statut")?.as_str()
    }
}
