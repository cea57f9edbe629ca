//! The delimited-text engine: bytes in, rows out. It knows separators, quotes and line ends, and no traffic.
//!
//! Not for small files, which the `csv` crate reads. The steps, each its own module:
//!
//! 1. [`split`] cuts a stream of blocks into chunks that hold whole records. A line end inside quotes is not the end of a record, and a
//!    quote opens a field only at the field's beginning, as in the `csv` crate.
//! 2. [`parallel`] hands the chunks to a pool of threads and gives their results back in the order of the file.
//! 3. [`record`] walks a chunk record by record and cuts a record into fields, without an allocation.
//!
//! A record longer than [`LONGEST_RECORD`], or one whose quote is never closed, is given up at the first line end after its beginning:
//! one stray quote costs a record and not the rest of the file.

pub mod parallel;
pub mod record;
pub mod split;

/// The longest record that is read, bytes without its line end: 1 MiB.
pub const LONGEST_RECORD: usize = 1 << 20;
