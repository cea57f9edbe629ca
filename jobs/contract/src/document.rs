//! The metrics documents: what all of them begin with, and one module per document for what is its own.

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

/// A metrics document: the header that all share, then what is the source's own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Document<B> {
    /// What every document begins with.
    #[serde(flatten)]
    pub header: Header,
    /// The source's own figures.
    #[serde(flatten)]
    pub body: B,
}

/// Whether more data of the day is still to be expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum DayStatus {
    /// More may come. The worse of the two.
    #[serde(rename = "provisoire")]
    Provisional,
    /// Complete, as far as the source ever is.
    #[serde(rename = "definitif")]
    Final,
}

/// What every document begins with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Header {
    /// `major.minor` of the documents' form.
    pub schema_version: String,
    /// The source.
    pub source: Source,
    /// The day.
    pub date: NaiveDate,
    /// IANA name of the city's time zone.
    pub timezone: String,
    /// What sort of day it is.
    #[serde(rename = "type_jour")]
    pub day_type: DayType,
    /// Whether more data is still to be expected.
    #[serde(rename = "statut_jour")]
    pub day_status: DayStatus,
    /// End of the last hour of the day that has a measure; null for snapshots.
    #[serde(rename = "complet_jusqu_a")]
    pub complete_until: Option<Stamp>,
    /// Percent of the expected cells that have a measure; null for snapshots.
    #[serde(rename = "completude")]
    pub completeness: Option<Fixed2>,
    /// What was read, in key order.
    pub inputs: Vec<Input>,
    /// What was there and not read, in key order.
    #[serde(rename = "ignores")]
    pub ignored: Vec<Ignored>,
    /// Every threshold, speed and model name that the figures depend on.
    #[serde(rename = "parametres")]
    pub parameters: BTreeMap<String, serde_json::Value>,
    /// What became of every row; `contexte` has none.
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
    /// CRC-64/NVME of the bytes as stored, base64 of its 8 bytes, big endian, as S3 keeps it.
    pub crc64nvme: String,
}

/// One object that was there and not read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Ignored {
    /// Key relative to the raw folder.
    #[serde(rename = "cle")]
    pub key: String,
    /// Why.
    #[serde(rename = "raison")]
    pub reason: String,
}

/// What became of every row. `lignes_du_jour` = cells + repeats + conflicts + rows of the day rejected whole.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Quality {
    /// Rows or records of the whole input; a blank line is no row.
    #[serde(rename = "lignes_lues")]
    pub rows_read: u64,
    /// Rows not usable at all, by reason, of the whole input.
    #[serde(rename = "rejets_structure")]
    pub structural_rejects: BTreeMap<Reason, u64>,
    /// Rows or records of the day.
    #[serde(rename = "lignes_du_jour")]
    pub rows_of_day: u64,
    /// Cells of the day (for snapshots: records of the day that are used).
    #[serde(rename = "cellules")]
    pub cells: u64,
    /// Further rows of a cell, equal to the one before.
    #[serde(rename = "doublons")]
    pub duplicates: u64,
    /// Further rows of a cell that differ from the one before.
    #[serde(rename = "conflits")]
    pub conflicts: u64,
    /// Cells that lost a value because their detector was failing.
    #[serde(rename = "cellules_ecartees")]
    pub excluded_cells: u64,
    /// Cells whose given state disagrees with the occupancy by more than one class.
    #[serde(rename = "etats_incoherents")]
    pub inconsistent_states: u64,
    /// Values (or whole records) of the day not used, by reason.
    #[serde(rename = "rejets")]
    pub rejects: BTreeMap<Reason, u64>,
    /// The first few, by file and line; at most 10.
    #[serde(rename = "exemples")]
    pub examples: Vec<Example>,
    /// What a reader should know, sentences.
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
    /// Why.
    #[serde(rename = "raison")]
    pub reason: Reason,
    /// Its beginning, at most 200 characters.
    #[serde(rename = "extrait")]
    pub excerpt: String,
}

/// A figure of the day against a reference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Comparison {
    /// The day's.
    #[serde(rename = "valeur")]
    pub value: Fixed2,
    /// The reference's.
    pub reference: Fixed2,
    /// Difference in percent of the reference.
    #[serde(rename = "ecart_pourcent")]
    pub deviation_percent: Fixed2,
    /// Arcs (counters) present on both sides.
    #[serde(rename = "troncons_communs")]
    pub common_arcs: u64,
    /// Percent of the arc-hours present on both sides.
    #[serde(rename = "part")]
    pub share: Fixed2,
}
