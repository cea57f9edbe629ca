//! The parallel engine for delimited text: it turns bytes into rows on all cores, close to memory speed.
//!
//! It knows separators, quotes and line feeds, but nothing about the meaning of the rows: an implementation of [`Reader`] adds that. Small
//! files are read by the `csv` crate instead.
//!
//! # How it reads
//!
//! ```text
//!   bytes ──► chunks ──► threads: index ─► rows ─► partials ──► fold, in the order of the text
//! ```
//!
//! 1. [`engine`] takes chunks of some hundred KiB from a file or a stream and gives each to a thread.
//! 2. [`index`] finds the ends of fields and records of a chunk, 64 bytes at a time ([`mask`]), by the parity of the quotes.
//! 3. [`chunk`] passes the rows to the [`Reader`], which collects them in a partial result.
//! 4. The partial results are folded in the order of the text, with the right line numbers, regardless of which thread made them.
//!
//! # Where a chunk begins
//!
//! A chunk can begin anywhere: inside a record, inside a quoted field, between the two quotes of a doubled pair. Only the thread that read
//! the previous chunk knows, and waiting for it would serialise the threads. So every thread guesses, and the fold checks:
//!
//! ```text
//!            chunk k                          chunk k+1
//!   … 7;"one,⏎two";x⏎ 8;"three ┊ ⏎and four";y⏎ 9;z⏎ …
//!                    └─ tail ──┊─ head ───────┘└─ partial result of k+1
//!                              ┊              ▲
//!                              ┊              guessed start of the first record of k+1
//! ```
//!
//! The fold reads tail and head together with the [`slow`] reader. If a record ends exactly at the guess, the guess was right and the
//! partial result counts. If not, the partial result is discarded and the slow reader reads the whole chunk. The first line feed of the
//! drawing shows how to guess well: if it ended a record, the quote after `three` would open in the middle of a field. A wrong guess
//! costs time, never correctness.
//!
//! # One result
//!
//! The fast reader stops at the first quote that opens in the middle of a field, and the slow reader continues from there; both apply
//! the same limit ([`LONGEST_RECORD`]) and skip to the same place after it. Any chunk size, number of threads and instruction set gives the
//! same rows, the same unreadable records and the same line numbers.

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

/// The longest record that is read, in bytes without its line feed: 1 MiB.
pub const LONGEST_RECORD: usize = 1 << 20;

/// Why a record cannot be read. Reading continues at the first line feed after its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreadable {
    /// Longer than [`LONGEST_RECORD`].
    TooLong,
    /// A quote that is never closed.
    OpenQuote,
}

/// Collects rows into partial results, one per chunk.
///
/// Lines are counted from the start of the text of a partial result; the fold receives the number of lines before it.
pub trait Reader: Sync {
    /// Result of consecutive rows, to be folded in the order of the text.
    type Partial: Send;
    /// State that a thread keeps from chunk to chunk, such as lookup tables.
    type Worker: Send;

    /// A partial result without rows.
    fn new_partial(&self) -> Self::Partial;
    /// Empties a folded partial result for reuse, ideally keeping its allocations.
    fn clear(&self, partial: &mut Self::Partial) {
        *partial = self.new_partial();
    }
    /// The state of a thread that has not read anything yet.
    fn worker(&self) -> Self::Worker;
    /// Adds the next row.
    fn row(&self, worker: &mut Self::Worker, partial: &mut Self::Partial, row: &Row<'_>);
    /// Adds the next record as unreadable: its line, the reason, and its first bytes.
    fn unreadable(&self, partial: &mut Self::Partial, line: u64, why: Unreadable, head: &[u8]);
}

#[cfg(test)]
mod tests;
