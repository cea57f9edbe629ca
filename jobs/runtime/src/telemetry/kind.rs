//! The kinds of steps, each with the most of it that one run may have: a trace is to stay one that a person and X-Ray can open.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// A kind of step.
#[derive(Debug)]
pub struct Kind {
    name: &'static str,
    most: usize,
    made: AtomicUsize,
    client: bool,
}

impl Kind {
    /// A kind by its name in the trace.
    #[must_use]
    pub const fn new(name: &'static str, most: usize) -> Self {
        Self { name, most, made: AtomicUsize::new(0), client: false }
    }

    /// As `new`, of calls of another service.
    #[must_use]
    pub const fn client(name: &'static str, most: usize) -> Self {
        Self { name, most, made: AtomicUsize::new(0), client: true }
    }

    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    pub(super) fn is_client(&self) -> bool {
        self.client
    }

    /// Whether the trace has room for one more; what is within a step that it has no room for has none either. What has none is counted.
    pub(super) fn has_room(&self, is_beyond: bool) -> bool {
        let has_room = !is_beyond && self.made.fetch_add(1, Ordering::Relaxed) < self.most;
        if !has_room && super::is_tracing() {
            LEFT_OUT.fetch_add(1, Ordering::Relaxed);
        }
        has_room
    }
}

/// Steps for which there was no room.
static LEFT_OUT: AtomicU64 = AtomicU64::new(0);

pub(super) fn left_out() -> u64 {
    LEFT_OUT.load(Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_has_room_for_so_many_and_what_is_beyond_takes_none() {
        static KIND: Kind = Kind::new("some", 2);
        assert!(!KIND.has_room(true));
        assert!(KIND.has_room(false) && KIND.has_room(false));
        assert!(!KIND.has_room(false));
    }
}
