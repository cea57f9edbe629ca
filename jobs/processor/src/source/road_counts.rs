//! Columns and values of the road counts: one row per arc and hour, in three layouts that differ in the header.
//!
//! The timestamp marks the END of the hour. No row is dropped for its arc status, which only describes the *open/closed status*.

mod clock;
mod geometry;
pub(crate) mod json;
mod layout;
pub(crate) mod value;

pub(crate) use clock::Clock;
pub(crate) use geometry::{Content, GeometryCache, Place};
pub(crate) use layout::Layout;
