//! Columns and values of the road counts: one row per arc and hour, in three shapes told apart by the header.
//!
//! The timestamp marks the END of the hour. Nothing is dropped for its arc status, which only says whether the *open/closed status* is known.

mod clock;
mod layout;
pub(crate) mod value;

pub(crate) use clock::Clock;
pub(crate) use layout::Layout;
