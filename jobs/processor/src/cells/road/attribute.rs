//! What rows say of an arc itself. A year of days says the same: what is made of it is made once.

use std::sync::{Arc, OnceLock};

use crate::scan::row::unquote;

/// The line of an arc.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Trace {
    /// Longitude and latitude of its points.
    pub(crate) line: Vec<(f64, f64)>,
    /// Length, metres.
    pub(crate) length: Option<f64>,
}

/// A field as it stands in the rows, and what was made of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct ArcAttribute {
    raw: Arc<[u8]>,
    text: OnceLock<Option<String>>,
    trace: OnceLock<Option<Trace>>,
}

impl ArcAttribute {
    /// Of a raw field.
    pub(crate) fn new(raw: Arc<[u8]>) -> Self {
        Self { raw, ..Self::default() }
    }

    /// Its content without quotes and outer spaces, if there is any.
    #[must_use]
    pub(crate) fn text(&self) -> Option<&str> {
        let read = || Some(String::from_utf8_lossy(&unquote(&self.raw)).trim().to_owned());
        self.text.get_or_init(|| read().filter(|text| !text.is_empty())).as_deref()
    }

    /// What `read` makes of its content, always the same for the same content.
    pub(crate) fn trace(&self, read: impl FnOnce(&str) -> Option<Trace>) -> Option<&Trace> {
        self.trace.get_or_init(|| read(self.text()?)).as_ref()
    }
}
