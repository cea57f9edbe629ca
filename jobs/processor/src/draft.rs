//! The result of a source for a day, and the document before the pipeline adds schema, inputs and parameters.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use contract::Stamp;
use contract::document::{DayStatus, Quality};
use contract::number::Fixed2;

use crate::raw_file::SourceError;

/// Reason for the absence of a source without any file.
pub(crate) const NO_FILE: &str = "aucun_fichier";

/// The result of one source, at any stage: parsed files, a draft, a document, its bytes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum SourceResult<T> {
    Document(T),
    /// No data for the day; the reason goes into the manifest.
    Absent(String),
    /// The source is unusable.
    Failed(SourceError),
}

impl<T> SourceResult<T> {
    pub(crate) fn no_file() -> Self {
        Self::Absent(NO_FILE.to_owned())
    }

    /// The files are readable but have no row of the day; `last_day` is the last local day with a row.
    pub(crate) fn no_row(last_day: Option<NaiveDate>) -> Self {
        let last = last_day.map_or_else(String::new, |day| format!(" (dernier jour présent : {day})"));
        Self::Absent(format!("aucune_ligne_du_jour{last}"))
    }

    /// The files are readable but have no row at all, not even one of another day.
    pub(crate) fn no_row_at_all() -> Self {
        Self::Absent("aucune_ligne_du_jour (fichiers sans aucune ligne)".to_owned())
    }

    pub(crate) fn as_ref(&self) -> SourceResult<&T> {
        match self {
            Self::Document(value) => SourceResult::Document(value),
            Self::Absent(reason) => SourceResult::Absent(reason.clone()),
            Self::Failed(error) => SourceResult::Failed(error.clone()),
        }
    }

    pub(crate) fn map<U>(self, then: impl FnOnce(T) -> U) -> SourceResult<U> {
        self.and_then(|value| SourceResult::Document(then(value)))
    }

    pub(crate) fn and_then<U>(self, then: impl FnOnce(T) -> SourceResult<U>) -> SourceResult<U> {
        match self {
            Self::Document(value) => then(value),
            Self::Absent(reason) => SourceResult::Absent(reason),
            Self::Failed(error) => SourceResult::Failed(error),
        }
    }

    pub(crate) fn document(&self) -> Option<&T> {
        match self {
            Self::Document(value) => Some(value),
            Self::Absent(_) | Self::Failed(_) => None,
        }
    }
}

#[cfg(test)]
impl<T> SourceResult<T> {
    pub(crate) fn unwrap(self) -> T {
        match self {
            Self::Document(value) => value,
            Self::Absent(reason) => panic!("absent: {reason}"),
            Self::Failed(error) => panic!("{error}"),
        }
    }

    pub(crate) fn unwrap_err(self) -> SourceError {
        match self {
            Self::Failed(error) => error,
            Self::Document(_) => panic!("a document"),
            Self::Absent(reason) => panic!("absent: {reason}"),
        }
    }
}

impl<T> From<Result<T, SourceError>> for SourceResult<T> {
    fn from(result: Result<T, SourceError>) -> Self {
        result.map_or_else(Self::Failed, Self::Document)
    }
}

/// A document without the parts that the pipeline adds: schema, inputs, parameters.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Draft<B> {
    pub(crate) status: DayStatus,
    /// End of the last hour with a measurement.
    pub(crate) complete_until: Option<Stamp>,
    /// Percent of the expected cells.
    pub(crate) completeness: Option<Fixed2>,
    pub(crate) quality: Quality,
    /// Path of a null → reason.
    pub(crate) reasons: BTreeMap<String, String>,
    pub(crate) body: B,
}
