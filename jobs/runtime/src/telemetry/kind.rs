//! The kinds of steps, each with the most of it that one run may have: a trace is to stay one that a person and X-Ray can open.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// A kind of step.
#[derive(Debug)]
pub struct Kind {
    name: &'static str,
    most: usize,
    made: AtomicUsize,
    aside: AtomicUsize,
    client: bool,
}

impl Kind {
    /// A kind by its name in the trace.
    #[must_use]
    pub const fn new(name: &'static str, most: usize) -> Self {
        Self { name, most, made: AtomicUsize::new(0), aside: AtomicUsize::new(0), client: false }
    }

    /// As `new`, of calls of another service.
    #[must_use]
    pub const fn client(name: &'static str, most: usize) -> Self {
        Self { name, most, made: AtomicUsize::new(0), aside: AtomicUsize::new(0), client: true }
    }

    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    pub(super) fn is_client(&self) -> bool {
        self.client
    }

    /// Whether the trace has room for one more; what is within a step that it has no room for has none either. What has none is counted.
    pub(super) fn has_room(&self, place: Place) -> bool {
        let has_room = match place {
            Place::Within => true,
            Place::Aside => self.aside.fetch_add(1, Ordering::Relaxed) < self.most / ASIDE,
            Place::Beyond => false,
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
pub(super) enum Place {
    /// Somewhere.
    #[default]
    Within,
    /// In what is done beside the run's own day, which comes last and is what a trace is opened for.
    Aside,
    /// In a step that the trace does not have.
    Beyond,
}

/// The part of a bound that is there for what is done beside the run's own day.
const ASIDE: usize = 3;

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
        assert!(!KIND.has_room(Place::Beyond));
        assert!(KIND.has_room(Place::Within) && KIND.has_room(Place::Within));
        assert!(!KIND.has_room(Place::Within));
    }

    #[test]
    fn what_is_aside_leaves_room() {
        static KIND: Kind = Kind::new("some", 6);
        let many = |place| (0..9).filter(|_| KIND.has_room(place)).count();
        assert_eq!([Place::Aside, Place::Within].map(many), [2, 4]);
    }
}
