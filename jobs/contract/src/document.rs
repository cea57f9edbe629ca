//! The metrics documents: the common header, and one module per document for its body.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::number::Fixed2;
use crate::{DayType, Reason, Source, Stamp};

pub mod bike_counts;
pub mod context;
pub mod disruptions;
pub mod manifest;
pub mod road_counts;
pub mod road_network;
pub mod weather;
pub mod worksites;

/// A metrics document: the common header, then the body of its source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Document<B> {
    /// Keys that all documents share.
    #[serde(flatten)]
    pub header: Header,
    /// Figures of the source.
    #[serde(flatten)]
    pub body: B,
}

/// Whether more data of the day is still expected, worse first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum DayStatus {
    /// More data is expected.
    #[serde(rename = "provisoire")]
    Provisional,
    /// As complete as the source gets.
    #[serde(rename = "definitif")]
    Final,
}

impl DayStatus {
    /// Name in the documents.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Provisional => "provisoire",
            Self::Final => "definitif",
        }
    }
}

/// Keys that all documents share.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Header {
    /// `major.minor` of the format.
    pub schema_version: String,
    /// Source.
    pub source: Source,
    /// Service day.
    pub date: NaiveDate,
    /// Name of the city, from the profile or `--city-name`; empty in documents of earlier versions.
    #[serde(default, rename = "ville")]
    pub city: String,
    /// IANA name of the city's time zone.
    pub timezone: String,
    /// Day type.
    #[serde(rename = "type_jour")]
    pub day_type: DayType,
    /// Whether more data of the day is still expected.
    #[serde(rename = "statut_jour")]
    pub day_status: DayStatus,
    /// End of the last hour of the day with a measurement; null for snapshots.
    #[serde(rename = "complet_jusqu_a")]
    pub complete_until: Option<Stamp>,
    /// Percent of the expected cells that have a measurement; null for snapshots.
    #[serde(rename = "completude")]
    pub completeness: Option<Fixed2>,
    /// Objects that were read, by key.
    pub inputs: Vec<Input>,
    /// Objects that were found but not read, by key.
    #[serde(rename = "ignores")]
    pub ignored: Vec<Ignored>,
    /// Every threshold, speed and model name that the figures depend on.
    #[serde(rename = "parametres")]
    pub parameters: BTreeMap<String, serde_json::Value>,
    /// Counts of rows used and not used; `contexte` has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(rename = "qualite")]
    pub quality: Option<Quality>,
    /// Path of a null → why it is null (`historique_absent`, `zones_inconnues`, …).
    #[serde(rename = "raisons")]
    pub reasons: BTreeMap<String, String>,
}

/// One object that was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Input {
    /// Key relative to the raw folder.
    #[serde(rename = "cle")]
    pub key: String,
    /// Size as stored, bytes.
    #[serde(rename = "taille_octets")]
    pub size_bytes: u64,
    /// CRC-64/NVME of the bytes as stored: base64 of its 8 bytes, big endian, as S3 reports it.
    pub crc64nvme: String,
}

/// One object that was found but not read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Ignored {
    /// Key relative to the raw folder.
    #[serde(rename = "cle")]
    pub key: String,
    /// Why it was not read.
    #[serde(rename = "raison")]
    pub reason: String,
}

/// Counts of rows used and not used. `lignes_du_jour` = cells + duplicates + conflicts + rows of the day rejected as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Quality {
    /// Rows or records of the whole input; blank lines do not count.
    #[serde(rename = "lignes_lues")]
    pub rows_read: u64,
    /// Reason → unusable rows of the whole input.
    #[serde(rename = "rejets_structure")]
    pub structural_rejects: BTreeMap<Reason, u64>,
    /// Rows or records of the day.
    #[serde(rename = "lignes_du_jour")]
    pub rows_of_day: u64,
    /// Cells of the day (for snapshots: records of the day that are used).
    #[serde(rename = "cellules")]
    pub cells: u64,
    /// Further rows of a cell that equal the row before.
    #[serde(rename = "doublons")]
    pub duplicates: u64,
    /// Further rows of a cell that differ from the row before.
    #[serde(rename = "conflits")]
    pub conflicts: u64,
    /// Cells that lost a value because their detector was failing.
    #[serde(rename = "cellules_ecartees")]
    pub excluded_cells: u64,
    /// Cells whose published state differs from the occupancy by more than one class.
    #[serde(rename = "etats_incoherents")]
    pub inconsistent_states: u64,
    /// Reason → values (or whole records) of the day that were not used.
    #[serde(rename = "rejets")]
    pub rejects: BTreeMap<Reason, u64>,
    /// The first rejected rows by file and line, at most 10.
    #[serde(rename = "exemples")]
    pub examples: Vec<Example>,
    /// Warnings for the reader, as sentences.
    #[serde(rename = "avertissements")]
    pub warnings: Vec<String>,
}

/// One row that was not used.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Example {
    /// Key relative to the raw folder.
    #[serde(rename = "fichier")]
    pub file: String,
    /// Physical line, from 1, on which the record begins.
    #[serde(rename = "ligne")]
    pub line: u64,
    /// Why it was not used.
    #[serde(rename = "raison")]
    pub reason: Reason,
    /// Beginning of the row, at most 200 characters.
    #[serde(rename = "extrait")]
    pub excerpt: String,
}

/// A figure of the day compared with a reference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Comparison {
    /// Value of the day.
    #[serde(rename = "valeur")]
    pub value: Fixed2,
    /// Value of the reference.
    pub reference: Fixed2,
    /// Deviation from the reference, percent.
    #[serde(rename = "ecart_pourcent")]
    pub deviation_percent: Fixed2,
    /// Arcs (or counters) present on both sides.
    #[serde(rename = "troncons_communs")]
    pub common_arcs: u64,
    /// Percent of the arc-hours present on both sides.
    #[serde(rename = "part")]
    pub share: Fixed2,
}
