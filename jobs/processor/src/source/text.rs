//! Text readers shared by several sources: delimited tables, JSON, timestamps, spellings.

pub(crate) mod json;
pub(crate) mod json_records;
pub(crate) mod json_stream;
pub(crate) mod normalize;
pub(crate) mod table;
pub(crate) mod timestamp;
