//! Readers of text that several sources share: delimited tables, JSON, time stamps, spellings.

pub(crate) mod json;
pub(crate) mod json_records;
pub(crate) mod normalize;
pub(crate) mod table;
pub(crate) mod timestamp;
