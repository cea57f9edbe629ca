//! The manifest of one day: the documents that belong together.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::DayStatus;
use crate::number::Fixed2;
use crate::{Source, Stamp};

/// The manifest of one day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Manifest {
    /// `major.minor` of the format.
    pub schema_version: String,
    /// Service day.
    pub date: NaiveDate,
    /// Time of writing.
    pub generated_at: Stamp,
    /// Version of the processor.
    pub cityflow_version: String,
    /// Name of the city, from the profile or `--city-name`; empty in manifests of earlier versions.
    #[serde(default, rename = "ville")]
    pub city: String,
    /// IANA name of the city's time zone.
    pub timezone: String,
    /// IANA release of the time zone rules; no document has it. Empty in manifests of earlier builds.
    #[serde(default)]
    pub tz_version: String,
    /// Worst status of the required sources.
    #[serde(rename = "statut_jour")]
    pub day_status: DayStatus,
    /// Worst completeness of the required sources, percent; null if all of them are snapshots.
    #[serde(rename = "completude")]
    pub completeness: Option<Fixed2>,
    /// W3C trace context of the run; null without tracing.
    pub traceparent: Option<String>,
    /// The seven documents, in the order of the sources, `contexte` last.
    pub documents: Vec<ManifestEntry>,
    /// SHA-256 (lower-case hexadecimal) of seven lines `source TAB statut TAB sha256 LF`; the sha256 is empty if there is no document.
    pub digest: String,
}

/// State of one document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum EntryStatus {
    /// Written by this run.
    Ok,
    /// The source has no data of the day.
    Absent,
    /// The source could not be used.
    #[serde(rename = "erreur")]
    Error,
    /// An earlier good document, kept because this run had none.
    #[serde(rename = "conserve")]
    Retained,
}

impl EntryStatus {
    /// Name in the documents and in the input of the digest.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Absent => "absent",
            Self::Error => "erreur",
            Self::Retained => "conserve",
        }
    }

    /// Whether an entry of this status names a document: one of this run, or one retained from an earlier run.
    #[must_use]
    pub fn has_document(self) -> bool {
        matches!(self, Self::Ok | Self::Retained)
    }
}

/// One document of the manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ManifestEntry {
    /// Source.
    pub source: Source,
    /// Key relative to the metrics folder; null if there is no document.
    #[serde(rename = "cle")]
    pub key: Option<String>,
    /// SHA-256 of the document, lower-case hexadecimal; null if there is no document.
    pub sha256: Option<String>,
    /// Size, bytes; null if there is no document.
    #[serde(rename = "taille_octets")]
    pub size_bytes: Option<u64>,
    /// State of the document.
    #[serde(rename = "statut")]
    pub status: EntryStatus,
    /// Why the status is not `ok`; null if it is.
    #[serde(rename = "raison")]
    pub reason: Option<String>,
    /// Warnings about the files of the source that depend on the storage, as sentences: the same inputs give the same documents, so they are
    /// not in the document.
    #[serde(default, rename = "avertissements", skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

impl Manifest {
    /// Text whose SHA-256 is the digest; a missing entry counts as `absent`.
    #[must_use]
    pub fn digest_input(documents: &[ManifestEntry]) -> String {
        Source::ALL
            .iter()
            .map(|source| {
                let entry = documents.iter().find(|entry| entry.source == *source);
                let status = entry.map_or(EntryStatus::Absent, |entry| entry.status).name();
                let sha256 = entry.and_then(|entry| entry.sha256.as_deref()).unwrap_or_default();
                format!("{source}\t{status}\t{sha256}\n")
            })
            .collect()
    }
}
