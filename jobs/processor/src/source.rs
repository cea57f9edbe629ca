//! From bytes to records, one module per source. A raw row becomes either a validated record or a rejection with a reason.
//!
//! No I/O: [`crate::input`] fetches, decompresses and verifies the files.
//!
//! Each small file is parsed once per run, for any number of days. Parsing itself never fails: a broken file may be irrelevant for a
//! day, so the document of the day decides ([`crate::document`]). Road counts are streamed instead: [`road_counts`] knows their columns and
//! values, [`crate::cells::road`] aggregates their rows.

pub(crate) mod acceptance;
pub(crate) mod bike_counts;
pub(crate) mod disruptions;
pub(crate) mod parsed_file;
pub(crate) mod reference;
pub(crate) mod rejected;
pub(crate) mod road_counts;
pub(crate) mod road_network;
#[cfg(test)]
mod tests;
pub(crate) mod text;
pub(crate) mod weather;
pub(crate) mod worksites;
