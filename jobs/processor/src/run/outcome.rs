//! What a run has of one source, and how it becomes a document.

use contract::document::{Document, Header, Ignored, Input};
use contract::{SCHEMA_VERSION, Source};
use serde::Serialize;

use crate::context::DayContext;
use crate::parameters::as_map;
use crate::source::{Draft, Measured, SourceError};

/// What a run has of one source.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome<B> {
    /// A document.
    Document(Box<Document<B>>),
    /// Nothing of the day, and why.
    Absent(String),
    /// Unusable, and why.
    Error(SourceError),
}

impl<B> Outcome<B> {
    /// The document's own part.
    #[must_use]
    pub fn body(&self) -> Option<&B> {
        match self {
            Self::Document(document) => Some(&document.body),
            _ => None,
        }
    }
}

/// Why a source without any file is absent.
pub const NO_FILE: &str = "aucun_fichier";

/// What was read for a source, beside the figures.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// Objects read.
    pub inputs: Vec<Input>,
    /// Objects there and not read.
    pub ignored: Vec<Ignored>,
    /// What a reader should know of files that the source depends on.
    pub warnings: Vec<String>,
}

/// Puts the header before the figures.
#[must_use]
pub fn document<B, P: Serialize>(
    source: Source,
    measured: Measured<B>,
    mut reading: Reading,
    parameters: &P,
    context: &DayContext<'_>,
) -> Outcome<B> {
    match measured {
        Measured::Absent { last_day } => {
            let last = last_day.map_or_else(String::new, |day| format!(" (dernier jour présent : {day})"));
            Outcome::Absent(format!("aucune_ligne_du_jour{last}"))
        }
        Measured::Document(draft) => {
            let Draft { status, complete_until, completeness, mut quality, reasons, ignored, body } = *draft;
            reading.ignored.extend(ignored);
            reading.ignored.sort_by(|a, b| a.key.cmp(&b.key));
            reading.inputs.sort_by(|a, b| a.key.cmp(&b.key));
            reading.inputs.dedup();
            quality.warnings.extend(reading.warnings);
            let header = Header {
                schema_version: SCHEMA_VERSION.to_owned(),
                source,
                date: context.day.date(),
                timezone: context.day.tz().name().to_owned(),
                day_type: context.day_type,
                day_status: status,
                complete_until: complete_until,
                completeness: completeness,
                inputs: reading.inputs,
                ignored: reading.ignored,
                parameters: as_map(parameters),
                quality: Some(quality),
                reasons: reasons,
            };
            Outcome::Document(Box::new(Document { header, body }))
        }
    }
}
