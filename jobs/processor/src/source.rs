//! From bytes to records, one module per source. A raw row is "not yet validated" until it is a record with private fields or a rejection.
//!
//! No I/O: [`crate::input`] fetches, decompresses and verifies the files.
//!
//! The small files are parsed once, whatever the number of days of the run; parsing never fails, because a broken file may not matter for
//! a day. The document of a day decides ([`crate::document`]). Road counts are streamed instead: [`road_counts`] knows their columns and
//! values, [`crate::cells::road`] aggregates their rows.

pub(crate) mod bike_counts;
pub(crate) mod disruptions;
pub(crate) mod reference;
pub(crate) mod rejected;
pub(crate) mod road_counts;
pub(crate) mod road_network;
pub(crate) mod text;
pub(crate) mod weather;
pub(crate) mod worksites;
