//! The kinds of steps, each with the most of it that one run may have: a trace is to stay one that a person and X-Ray can open.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// A kind of step.
#[derive(Debug)]
pub struct SpanSpec {
    name: &'static str,
    most: usize,
    made: AtomicUsize,
    low_priority_child: AtomicUsize,
    client: bool,
}

impl SpanSpec {
    /// A kind by its name in the trace.
    #[must_use]
    pub const fn new(name: &'static str, most: usize) -> Self {
        Self { name, most, made: AtomicUsize::new(0), low_priority_child: AtomicUsize::new(0), client: false }
    }

    /// As `new`, of calls of another service.
    #[must_use]
    pub const fn client(name: &'static str, most: usize) -> Self {
        Self { name, most, made: AtomicUsize::new(0), low_priority_child: AtomicUsize::new(0), client: true }
    }

    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    pub(super) fn is_client(&self) -> bool {
        self.client
    }

    /// Whether the trace has room for one more; what is within a step that it has no room for has none either. What has none is counted.
    pub(super) fn has_room(&self, priority: Priority) -> bool {
        let has_room = match priority {
            Priority::Normal => true,
            Priority::Low => self.low_priority_child.fetch_add(1, Ordering::Relaxed) < self.most / LOW_PRIORITY_SHARE,
            Priority::Dropped => false,
        };
        let has_room = has_room && self.made.fetch_add(1, Ordering::Relaxed) < self.most;
        if !has_room && super::is_tracing() {
            LEFT_OUT.fetch_add(1, Ordering::Relaxed);
        }
        has_room
    }
}

/// Where in the run a step is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Priority {
    /// Somewhere.
    #[default]
    Normal,
    /// In what is done beside the run's own day, which comes last and is what a trace is opened for.
    Low,
    /// In a step that the trace does not have.
    Dropped,
}

/// The part of a bound that is there for what is done beside the run's own day.
const LOW_PRIORITY_SHARE: usize = 3;

/// Steps for which there was no room.
static LEFT_OUT: AtomicU64 = AtomicU64::new(0);

pub(super) fn left_out_count() -> u64 {
    LEFT_OUT.load(Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_has_room_for_so_many_and_what_is_beyond_takes_none() {
        static KIND: SpanSpec = SpanSpec::new("some", 2);
        assert!(!KIND.has_room(Priority::Dropped));
        assert!(KIND.has_room(Priority::Normal) && KIND.has_room(Priority::Normal));
        assert!(!KIND.has_room(Priority::Normal));
    }

    #[test]
    fn what_is_aside_leaves_room() {
        static KIND: SpanSpec = SpanSpec::new("some", 6);
        let many = |priority| (0..9).filter(|_| KIND.has_room(priority)).count();
        assert_eq!([Priority::Low, Priority::Normal].map(many), [2, 4]);
    }
}
