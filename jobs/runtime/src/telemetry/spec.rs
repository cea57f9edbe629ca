//! Names and bounds of spans: a trace must stay small enough for X-Ray (500 KB) and for a person.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Name and bound of the spans of one kind, declared once as a static.
#[derive(Debug)]
pub struct SpanSpec {
    name: &'static str,
    max: usize,
    client: bool,
    started: AtomicUsize,
    low_priority: AtomicUsize,
}

impl SpanSpec {
    /// Internal spans of this name, at most `max` per run.
    #[must_use]
    pub const fn new(name: &'static str, max: usize) -> Self {
        Self { name, max, client: false, started: AtomicUsize::new(0), low_priority: AtomicUsize::new(0) }
    }

    /// Client spans of this name (calls of another service), at most `max` per run.
    #[must_use]
    pub const fn client(name: &'static str, max: usize) -> Self {
        Self { name, max, client: true, started: AtomicUsize::new(0), low_priority: AtomicUsize::new(0) }
    }

    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    pub(super) fn is_client(&self) -> bool {
        self.client
    }

    /// Reserves room for one more span of this priority; counts the span as left out if there is none.
    pub(super) fn has_room(&self, priority: Priority) -> bool {
        let has_room = match priority {
            Priority::Normal => true,
            Priority::Low => self.low_priority.fetch_add(1, Ordering::Relaxed) < self.max / LOW_PRIORITY_SHARE,
            Priority::Dropped => false,
        };
        let has_room = has_room && self.started.fetch_add(1, Ordering::Relaxed) < self.max;
        if !has_room && super::is_tracing() {
            LEFT_OUT.fetch_add(1, Ordering::Relaxed);
        }
        has_room
    }
}

/// Priority of a span and its descendants under the bounds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Priority {
    /// Part of the run's own day.
    #[default]
    Normal,
    /// Part of an earlier day. The run's own day comes last, and the trace must have room for it.
    Low,
    /// Within a span that was left out.
    Dropped,
}

/// Low-priority spans may use one part in this many of each bound.
const LOW_PRIORITY_SHARE: usize = 3;

/// Number of spans without room.
static LEFT_OUT: AtomicU64 = AtomicU64::new(0);

pub(super) fn left_out_count() -> u64 {
    LEFT_OUT.load(Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_beyond_the_bound_and_below_dropped_spans_have_no_room() {
        static KIND: SpanSpec = SpanSpec::new("some", 2);
        assert!(!KIND.has_room(Priority::Dropped));
        assert!(KIND.has_room(Priority::Normal) && KIND.has_room(Priority::Normal));
        assert!(!KIND.has_room(Priority::Normal));
    }

    #[test]
    fn low_priority_spans_use_a_third_of_the_bound() {
        static KIND: SpanSpec = SpanSpec::new("some", 6);
        let many = |priority| (0..9).filter(|_| KIND.has_room(priority)).count();
        assert_eq!([Priority::Low, Priority::Normal].map(many), [2, 4]);
    }
}
