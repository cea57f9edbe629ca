//! Attributes of an arc in the rows. They repeat every day, so each distinct value is parsed once.

use std::sync::{Arc, OnceLock};

use crate::scan::row::unquote;

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Trace {
    /// `(lon, lat)` positions.
    pub(crate) line: Vec<(f64, f64)>,
    /// Metres.
    pub(crate) length: Option<f64>,
}

/// A raw field and its cached parsed forms.
#[derive(Debug, Clone, Default)]
pub(crate) struct ArcAttribute {
    raw: Arc<[u8]>,
    text: OnceLock<Option<String>>,
    trace: OnceLock<Option<Trace>>,
}

impl ArcAttribute {
    pub(crate) fn new(raw: Arc<[u8]>) -> Self {
        Self { raw, ..Self::default() }
    }

    /// The unquoted, trimmed content; `None` if empty.
    #[must_use]
    pub(crate) fn text(&self) -> Option<&str> {
        let read = || Some(String::from_utf8_lossy(&unquote(&self.raw)).trim().to_owned());
        self.text.get_or_init(|| read().filter(|text| !text.is_empty())).as_deref()
    }

    /// The line parsed by `read`, which must be a pure function of the content.
    pub(crate) fn trace(&self, read: impl FnOnce(&str) -> Option<Trace>) -> Option<&Trace> {
        self.trace.get_or_init(|| read(self.text()?)).as_ref()
    }
}
