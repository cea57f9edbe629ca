//! What a step of a run can fail by: the kinds of errors, each in one word.

use crate::failure::Failure;
use crate::store::StoreError;

/// What a step can fail by.
pub trait SpanError: std::fmt::Display {
    /// Of what kind it is, in one word; nothing where it is an answer, and no failure.
    fn error_type(&self) -> Option<&'static str>;
}

impl SpanError for Failure {
    fn error_type(&self) -> Option<&'static str> {
        Some(self.code.name())
    }
}

impl SpanError for StoreError {
    fn error_type(&self) -> Option<&'static str> {
        match self {
            Self::NotFound { .. } | Self::Changed { .. } | Self::Conflict { .. } => None,
            error => Some(error.failure().code.name()),
        }
    }
}
