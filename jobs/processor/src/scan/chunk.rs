//! One chunk of a text: where its first record begins, its whole records by the fast reader, and by the slow one from the first quote that
//! opens where none should.

use memchr::{memchr, memchr_iter};

use super::index::Index;
use super::mask::Simd;
use super::row::{Row, is_blank, without_return};
use super::slow::{Event, Slow};
use super::{LONGEST_RECORD, Reader};

/// How many quotes are looked at to tell where a chunk's first record begins.
const QUOTES: usize = 64;

/// What a chunk holds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outcome {
    /// Where its first record begins, as far as the chunk itself tells.
    pub(super) start: usize,
    /// Where the first record begins that is not whole.
    pub(super) end: usize,
    /// Line feeds between the two.
    pub(super) lines: u64,
}

/// Reads the whole records of a chunk into the part, with lines counted from 0 at the first. `at_record` where it is known to begin with
/// one. `None` where no record begins in it.
pub(super) fn read<R: Reader>(
    bytes: &[u8],
    at_record: bool,
    separator: u8,
    reader: &R,
    (worker, part): (&mut R::Worker, &mut R::Part),
    (simd, index): (Simd, &mut Index),
) -> Option<Outcome> {
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
            reader.row(worker, part, &row);
        }
        begin = end + 1;
        line = u64::from(row.lines);
    }
    let rest = text.get(begin..)?;
    if too_long || index.irregular.is_some() || rest.len() > LONGEST_RECORD {
        let mut slow = Slow::new(separator, line);
        slow.feed_whole(rest, |event| match event {
            Event::Row(row) => reader.row(worker, part, &row),
            Event::GivenUp(line, why, head) => reader.given_up(part, line, why, head),
        });
        begin = text.len() - slow.pending();
        line = slow.line();
    }
    Some(Outcome { start, end: start + begin, lines: line })
}

/// After the first line feed that seems to end a record. Whether the chunk begins inside quotes is told by its first quotes: with the
/// wrong answer soon one of them opens in the midst of a field. Where nothing tells, it begins outside.
fn guess_start(bytes: &[u8], separator: u8) -> Option<usize> {
    let regular = |mut inside: bool| {
        let mut before = None;
        memchr_iter(b'"', bytes).take(QUOTES).all(|at| {
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
