//! Road counts and the network they lie on: what every arc measured in every hour, what went wrong with it, and how it is written.
//!
//! One function, `cell::Roads::cell`, says what happened; [`mod@file`] writes it and the truth counts it, neither through the other.

pub mod arc;
pub mod cell;
pub mod episode;
pub mod file;
pub mod network;
pub mod plan;
pub mod row;
