//! Work that was given up before it was done: its step says so.

use super::Step;

/// Says of a step whose work was given up that it was.
pub(super) struct Cut(pub(super) Option<Step>);

impl Cut {
    /// It was not.
    pub(super) fn done(mut self) {
        self.0 = None;
    }
}

impl Drop for Cut {
    fn drop(&mut self) {
        if let Some(step) = &self.0 {
            step.set("interrupted", true);
        }
    }
}
