//! Marks the span of cancelled work as interrupted.

use super::Span;

/// Sets `interrupted` on its span when dropped, unless it was disarmed.
pub(super) struct InterruptGuard(pub(super) Option<Span>);

impl InterruptGuard {
    /// The work has finished.
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
