//! A synthetic city: all six raw sources in their real formats, for any days and size, together with the expected documents.
//!
//! ```text
//!                                  ┌─> <source>/file ─> output   raw files: batch/, api/, reference/
//! seed, days, size, faults ─> City ┤
//!                                  └─> truth/<source>            expected documents, one per source and day
//! ```
//!
//! The truth is a second implementation of the metrics. It is computed from the simulated city, never from the raw files and never
//! with the processor's code, so that an error of the processor cannot hide in it. The same flags give the same bytes on any machine
//! and with any number of threads.
//!
//! Not for measuring the real city, and not for figures that need weeks of history (profiles, deviations).

pub mod args;
pub mod bike_counts;
pub mod calendar;
pub mod clock;
pub mod config;
pub mod disruptions;
pub mod faults;
pub mod geometry;
pub mod output;
pub mod random;
pub mod road_counts;
pub mod road_network;
pub mod shapes;
pub mod text;
pub mod truth;
pub mod weather;
pub mod worksites;
pub mod zones;

mod run;

pub use config::Config;
pub use run::{City, run};
