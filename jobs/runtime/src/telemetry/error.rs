//! The `error.type` of the errors that a span can fail with.

use crate::failure::Failure;
use crate::store::StoreError;

/// An error that a span can fail with.
pub trait SpanError: std::fmt::Display {
    /// The span's `error.type`, one word; `None` for an expected result that is not a failure.
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
