//! Work that was given up before it was done: its step says so.

use super::Span;

/// Says of a step whose work was given up that it was.
pub(super) struct InterruptGuard(pub(super) Option<Span>);

impl InterruptGuard {
    /// It was not.
    pub(super) fn disarm(mut self) {
        self.0 = None;
    }
}

impl Drop for InterruptGuard {
    fn drop(&mut self) {
        if let Some(span) = &self.0 {
            span.set("interrupted", true);
        }
    }
}
