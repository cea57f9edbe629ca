//! The manifest of a day: which documents belong together.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::DayStatus;
use crate::number::Fixed2;
use crate::{Source, Stamp};

/// The manifest of a day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Manifest {
    /// `major.minor` of the documents' form.
    pub schema_version: String,
    /// The day.
    pub date: NaiveDate,
    /// When it was written.
    pub generated_at: Stamp,
    /// Version of the processor.
    pub cityflow_version: String,
    /// IANA name of the city's time zone.
    pub timezone: String,
    /// The worst of the required sources.
    #[serde(rename = "statut_jour")]
    pub day_status: DayStatus,
    /// The worst of the required sources, percent.
    #[serde(rename = "completude")]
    pub completeness: Option<Fixed2>,
    /// W3C trace context of the run; null without traces.
    pub traceparent: Option<String>,
    /// The seven documents, in the order of the sources, `contexte` last.
    pub documents: Vec<ManifestEntry>,
    /// sha256 (hexadecimal) of seven lines `source TAB statut TAB sha256 LF`; the sha256 empty where there is no document.
    pub digest: String,
}

/// What became of one document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum EntryStatus {
    /// Written by this run.
    Ok,
    /// The source has nothing of the day.
    Absent,
    /// The source is unusable.
    #[serde(rename = "erreur")]
    Error,
    /// An earlier good document, kept because this run had none.
    #[serde(rename = "conserve")]
    Retained,
}

impl EntryStatus {
    /// The name in documents.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Absent => "absent",
            Self::Error => "erreur",
            Self::Retained => "conserve",
        }
    }
}

/// One document of the manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ManifestEntry {
    /// The source.
    pub source: Source,
    /// Key relative to the metrics folder; null where there is no document.
    #[serde(rename = "cle")]
    pub key: Option<String>,
    /// Of the document's bytes, lower-case hexadecimal; null where there is none.
    pub sha256: Option<String>,
    /// Size, bytes; null where there is none.
    #[serde(rename = "taille_octets")]
    pub size_bytes: Option<u64>,
    /// What became of it.
    #[serde(rename = "statut")]
    pub status: EntryStatus,
    /// Why it is not `ok`.
    #[serde(rename = "raison")]
    pub reason: Option<String>,
}

impl Manifest {
    /// What the digest is the sha256 of.
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
