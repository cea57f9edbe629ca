//! Readers of the optional files of `reference/`.

pub(crate) mod lines;
pub(crate) mod school_calendar;
pub(crate) mod zones;
