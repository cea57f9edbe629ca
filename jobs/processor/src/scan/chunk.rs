//! Reads one chunk of a text: guesses where its first record begins and reads its complete records, with the fast reader up to the first
//! irregular quote and with the slow reader from there on.

use memchr::{memchr, memchr_iter};

use super::index::Index;
use super::mask::Simd;
use super::row::{Row, is_blank, without_return};
use super::slow::{ParsedRecord, SlowReader};
use super::{LONGEST_RECORD, Reader};

/// Number of quotes that the guess of a chunk's first record looks at.
const GUESS_QUOTES: usize = 64;

/// The complete records of a chunk, as byte positions in it.
#[derive(Debug, Clone, Copy)]
pub(super) struct ChunkExtent {
    /// Start of the first record: known or guessed.
    pub(super) start: usize,
    /// Start of the first incomplete record.
    pub(super) end: usize,
    /// Line feeds from `start` to `end`.
    pub(super) lines: u64,
}

/// Reads the complete records of a chunk into the partial result, with lines counted from 0. `at_record` means that the chunk is known to
/// begin with a record. Returns `None` if no record begins in it.
pub(super) fn read<R: Reader>(
    bytes: &[u8],
    at_record: bool,
    separator: u8,
    reader: &R,
    (worker, partial): (&mut R::Worker, &mut R::Partial),
    (simd, index): (Simd, &mut Index),
) -> Option<ChunkExtent> {
    let start = if at_record { 0 } else { guess_start(bytes, separator)? };
    let text = bytes.get(start..)?;
    index.build(simd, text, separator);
    let (mut begin, mut line) = (0usize, 0u64);
    let mut too_long = false;
    for (number, row) in index.rows.iter().enumerate() {
        let end = row.at as usize;
        if end - begin > LONGEST_RECORD {
            too_long = true;
            break;
        }
        let bytes = without_return(text.get(begin..end)?);
        if !is_blank(bytes) {
            let is_text = index.is_text(text, begin, end);
            let ends = index.ends_of(number);
            let row = Row { bytes, line, is_text, text, begin, end: begin + bytes.len(), ends };
            reader.row(worker, partial, &row);
        }
        begin = end + 1;
        line = u64::from(row.lines);
    }
    let rest = text.get(begin..)?;
    if too_long || index.irregular.is_some() || rest.len() > LONGEST_RECORD {
        let mut slow = SlowReader::new(separator, line);
        slow.feed_whole(rest, |event| match event {
            ParsedRecord::Row(row) => reader.row(worker, partial, &row),
            ParsedRecord::Unreadable(line, why, head) => reader.unreadable(partial, line, why, head),
        });
        begin = text.len() - slow.pending();
        line = slow.line();
    }
    Some(ChunkExtent { start, end: start + begin, lines: line })
}

/// Returns the position after the first line feed that seems to end a record. The first quotes show whether the chunk begins inside quotes:
/// with the wrong assumption, one of them soon opens in the middle of a field. If both assumptions fit, the chunk begins outside.
fn guess_start(bytes: &[u8], separator: u8) -> Option<usize> {
    let regular = |mut inside: bool| {
        let mut before = None;
        memchr_iter(b'"', bytes).take(GUESS_QUOTES).all(|at| {
            let opens_well = at == 0
                || before == Some(at - 1)
                || bytes.get(at - 1).is_some_and(|byte| *byte == separator || *byte == b'\n');
            before = Some(at);
            inside = !inside;
            !inside || opens_well
        })
    };
    let inside = !regular(false) && regular(true);
    let mut from = if inside { memchr(b'"', bytes)? + 1 } else { 0 };
    loop {
        let line_feed = from + memchr(b'\n', bytes.get(from..)?)?;
        // A line feed after an odd number of quotes is inside them.
        match memchr(b'"', bytes.get(from..line_feed)?) {
            None => return Some(line_feed + 1),
            Some(opening) => {
                let opening = from + opening;
                from = opening + 1 + memchr(b'"', bytes.get(opening + 1..)?)? + 1;
            }
        }
    }
}
