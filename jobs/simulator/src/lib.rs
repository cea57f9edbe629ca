//! A synthetic city: all six raw sources in their real shapes, for any days and size, seeded and reproducible, with the true answer
//! beside them.
//!
//! The truth is a second implementation of the metrics, computed from what was generated: never from the files, and never with the
//! processor's code. Not for measuring the real city, and not for anything that needs weeks of earlier days (profiles, deviations).

pub mod args;
pub mod bikes;
pub mod calendar;
pub mod clock;
pub mod config;
pub mod faults;
pub mod geometry;
pub mod output;
pub mod random;
pub mod roads;
pub mod text;
pub mod transit;
pub mod truth;
pub mod weather;
pub mod worksites;
pub mod zones;

mod run;

pub use config::Config;
pub use run::{City, run};
