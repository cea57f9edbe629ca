//! Figures: one pure module per document, formula, unit and origin in its doc comments. No I/O, no clock, no environment.

pub mod bikes;
pub mod chantiers;
pub mod comptages;
pub mod contexte;
pub mod hours;
pub mod referentiel;
pub mod runs;
pub mod traffic;
pub mod weather;
