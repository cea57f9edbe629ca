//! The delimited-text engine: bytes in, rows out, on all cores and at the speed of memory. It knows separators, quotes and line feeds, and
//! nothing of what the rows say: whoever implements [`Reader`] reads another file with it. Not for small files, which the `csv` crate reads.
//!
//! # How it reads
//!
//! ```text
//!   bytes ──► chunks ──► threads: index ─► rows ─► parts ──► fold, in the order of the text
//! ```
//!
//! 1. [`engine`] takes chunks of some hundred KiB from a file or a stream and gives each to a thread.
//! 2. [`index`] finds the ends of fields and records of a chunk, 64 bytes at a time ([`mask`]), by the parity of the quotes.
//! 3. [`chunk`] shows the rows to the [`Reader`], which makes a part of them: whatever it wants to keep.
//! 4. The parts come back in the order of the text, whoever made them, and with the right numbers of lines.
//!
//! # Where a chunk begins
//!
//! A chunk begins anywhere: in the midst of a record, of a quoted field, between the two quotes of a doubled pair. Only the thread that
//! read the chunk before knows, and waiting for it would leave one thread at work. So every thread guesses, and the fold checks:
//!
//! ```text
//!            chunk k                          chunk k+1
//!   … 7;"one,⏎two";x⏎ 8;"three ┊ ⏎and four";y⏎ 9;z⏎ …
//!                    └─ tail ──┊─ head ───────┘└─ the part of k+1
//!                              ┊              ▲
//!                              ┊              where the thread of k+1 guesses that its first record begins
//! ```
//!
//! The fold reads tail and head together, by the [`slow`] reader. Where that comes to the end of a record exactly at the guess, the guess was
//! right and the part counts. Where it does not, the chunk was read with the wrong beginning: its part is thrown away and the slow reader reads the
//! whole chunk. The first line feed of the drawing shows how to guess well: were it the end of a record, then the quote after `three` would open
//! in the midst of a field. So a guess costs time when it is wrong, and is never believed.
//!
//! # One result
//!
//! The fast reader stops at the first quote that opens where none should, and the slow one goes on; both know the longest record
//! ([`LONGEST_RECORD`]) and what comes after it. Any size of chunks, any number of threads and any way to look at bytes give the same rows,
//! the same records given up and the same lines.

#![warn(missing_docs)]

pub(crate) mod chunk;
pub mod engine;
pub mod head;
pub(crate) mod index;
pub mod mask;
pub mod row;
pub(crate) mod slow;

pub use mask::Simd;
pub use row::Row;
pub use slow::read_slowly;

/// The longest record that is read, bytes without its line feed: 1 MiB.
pub const LONGEST_RECORD: usize = 1 << 20;

/// Why a record was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GivenUp {
    /// Longer than [`LONGEST_RECORD`].
    TooLong,
    /// A quote that is never closed.
    OpenQuote,
}

/// What is made of the rows.
///
/// Lines are counted from where the text of a part begins; the fold is told how many lines come before it.
pub trait Reader: Sync {
    /// What is kept of a run of rows.
    type Part: Send;
    /// What a thread keeps from chunk to chunk, such as tables that it need not make again.
    type Worker: Send;

    /// A part of no rows.
    fn part(&self) -> Self::Part;
    /// Makes a part that was folded one of no rows, to be used again: its memory stays.
    fn clear(&self, part: &mut Self::Part) {
        *part = self.part();
    }
    /// A thread that has read nothing yet.
    fn worker(&self) -> Self::Worker;
    /// The next row.
    fn row(&self, worker: &mut Self::Worker, part: &mut Self::Part, row: &Row<'_>);
    /// The next record is not read: its line, why, and its beginning.
    fn given_up(&self, part: &mut Self::Part, line: u64, why: GivenUp, head: &[u8]);
}

#[cfg(test)]
mod tests;
