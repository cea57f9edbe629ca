//! Cuts a stream of blocks into chunks of whole records.

use memchr::{memchr, memchr_iter, memchr2};

use super::LONGEST_RECORD;

/// Whole records in a row, with the line on which the first begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// The records with their line ends; the last may have none.
    pub bytes: Vec<u8>,
    /// Physical line of the first record, from 1.
    pub first_line: u64,
}

/// Why a record was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GivenUp {
    /// Longer than [`LONGEST_RECORD`].
    TooLong,
    /// A quote that is never closed.
    OpenQuote,
}

/// What comes out of the splitter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Records.
    Chunk(Chunk),
    /// A record that is not read: its line, why, and its beginning.
    GivenUp {
        /// Physical line on which it begins, from 1.
        line: u64,
        /// Why.
        why: GivenUp,
        /// Its beginning, for people.
        head: Vec<u8>,
    },
}

/// How much of a record that is given up is kept for people, bytes.
const HEAD: usize = 800;

/// Cuts blocks into pieces. Feed it blocks in order, then [`Splitter::finish`] it.
#[derive(Debug)]
pub struct Splitter {
    separator: Option<u8>,
    buffer: Vec<u8>,
    /// Where the current record begins in the buffer.
    start: usize,
    /// Where the search goes on.
    pos: usize,
    in_quotes: bool,
    /// Line of the first byte of the buffer.
    line: u64,
    /// Inside a record that was given up before its first line end was seen.
    skipping: bool,
    at_beginning: bool,
    target: usize,
}

impl Splitter {
    /// Chunks of about `target` bytes.
    #[must_use]
    pub fn new(target: usize) -> Self {
        Self {
            separator: None,
            buffer: Vec::new(),
            start: 0,
            pos: 0,
            in_quotes: false,
            line: 1,
            skipping: false,
            at_beginning: true,
            target: target.max(1),
        }
    }

    /// The separator, known once the first line was seen: `;` where the header has one, else a tab where it has one, else `,`.
    #[must_use]
    pub fn separator(&self) -> Option<u8> {
        self.separator
    }

    /// The next block.
    pub fn feed(&mut self, block: &[u8], out: &mut Vec<Piece>) {
        self.buffer.extend_from_slice(block);
        self.advance(false, out);
    }

    /// The end of the stream.
    pub fn finish(&mut self, out: &mut Vec<Piece>) {
        self.advance(true, out);
        if self.start < self.buffer.len() {
            self.start = self.buffer.len();
        }
        self.flush(out);
    }

    fn advance(&mut self, end: bool, out: &mut Vec<Piece>) {
        if !self.prepare(end) {
            return;
        }
        let Some(separator) = self.separator else { return };
        loop {
            if self.skipping && !self.skip(end) {
                return;
            }
            match self.next_end(separator, end) {
                Step::Record(length, past) => {
                    if length > LONGEST_RECORD {
                        self.give_up(GivenUp::TooLong, out);
                    } else {
                        self.start = past;
                        self.pos = past;
                        if self.start >= self.target {
                            self.flush(out);
                        }
                    }
                }
                Step::NeedMore if !end => {
                    if self.pos.saturating_sub(self.start) > LONGEST_RECORD {
                        self.give_up(GivenUp::TooLong, out);
                    } else {
                        return self.flush(out);
                    }
                }
                Step::NeedMore => {
                    let length = self.buffer.len() - self.start;
                    if length > LONGEST_RECORD {
                        self.give_up(GivenUp::TooLong, out);
                    } else if self.in_quotes {
                        self.give_up(GivenUp::OpenQuote, out);
                    } else {
                        return;
                    }
                }
            }
        }
    }

    /// Takes a byte order mark off and finds the separator; false while there is too little to tell.
    fn prepare(&mut self, end: bool) -> bool {
        const BOM: &[u8] = b"\xEF\xBB\xBF";
        if self.at_beginning {
            if self.buffer.len() < BOM.len() && !end {
                return false;
            }
            if self.buffer.starts_with(BOM) {
                self.buffer.drain(..BOM.len());
            }
            self.at_beginning = false;
        }
        if self.separator.is_none() {
            // Blank lines before the header do not tell anything; however many there are, they are not kept.
            let begin = self.buffer.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(self.buffer.len());
            self.line += memchr_iter(b'\n', &self.buffer[..begin]).count() as u64;
            self.buffer.drain(..begin);
            let line_end = memchr(b'\n', &self.buffer);
            if line_end.is_none() && !end && self.buffer.len() <= LONGEST_RECORD {
                return false;
            }
            let line = &self.buffer[..line_end.unwrap_or(self.buffer.len())];
            self.separator = [b';', b'\t'].into_iter().find(|byte| memchr(*byte, line).is_some()).or(Some(b','));
        }
        true
    }

    /// Where the current record ends.
    fn next_end(&mut self, separator: u8, end: bool) -> Step {
        let bytes = &self.buffer;
        loop {
            if self.in_quotes {
                let Some(at) = memchr(b'"', &bytes[self.pos..]).map(|at| self.pos + at) else {
                    self.pos = bytes.len();
                    return Step::NeedMore;
                };
                match bytes.get(at + 1) {
                    None if !end => {
                        // Whether it closes or is doubled depends on the next block.
                        self.pos = at;
                        return Step::NeedMore;
                    }
                    Some(b'"') => self.pos = at + 2,
                    _ => {
                        self.in_quotes = false;
                        self.pos = at + 1;
                    }
                }
            } else {
                let Some(at) = memchr2(b'"', b'\n', &bytes[self.pos..]).map(|at| self.pos + at) else {
                    self.pos = bytes.len();
                    return Step::NeedMore;
                };
                if bytes[at] == b'\n' {
                    return Step::Record(at - self.start, at + 1);
                }
                self.in_quotes = at == self.start || bytes[at - 1] == separator;
                self.pos = at + 1;
            }
        }
    }

    /// Gives up the current record; reading goes on at the first line end after its beginning, as if no quote were open.
    fn give_up(&mut self, why: GivenUp, out: &mut Vec<Piece>) {
        self.flush(out);
        let rest = &self.buffer[self.start..];
        let head = rest[..rest.len().min(HEAD)].to_vec();
        out.push(Piece::GivenUp { line: self.line, why, head });
        self.in_quotes = false;
        self.skipping = true;
    }

    /// Drops bytes up to the next line end; false while it is not there.
    fn skip(&mut self, end: bool) -> bool {
        match memchr(b'\n', &self.buffer[self.start..]) {
            Some(at) => {
                self.buffer.drain(..=self.start + at);
                self.line += 1;
                self.skipping = false;
            }
            None => self.buffer.clear(),
        }
        self.start = 0;
        self.pos = 0;
        if end && self.skipping {
            self.skipping = false;
        }
        !self.skipping
    }

    /// Gives out what is whole so far.
    fn flush(&mut self, out: &mut Vec<Piece>) {
        if self.start == 0 {
            return;
        }
        let rest = self.buffer.split_off(self.start);
        let bytes = std::mem::replace(&mut self.buffer, rest);
        self.pos -= self.start.min(self.pos);
        self.start = 0;
        let lines = memchr_iter(b'\n', &bytes).count() as u64;
        out.push(Piece::Chunk(Chunk { first_line: self.line, bytes }));
        self.line += lines;
    }
}

enum Step {
    /// Length of the record without its line end, and where the next begins.
    Record(usize, usize),
    NeedMore,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_too_long_is_given_up_in_bounded_memory() {
        let mut splitter = Splitter::new(1 << 16);
        let mut pieces = Vec::new();
        splitter.feed(b"a;b\n", &mut pieces);
        for _ in 0..64 {
            splitter.feed(&[b'x'; 1 << 16], &mut pieces);
            assert!(splitter.buffer.len() <= LONGEST_RECORD + (1 << 17));
        }
        splitter.feed(b"\n1;2\n", &mut pieces);
        splitter.finish(&mut pieces);
        assert_eq!(pieces.iter().filter(|piece| matches!(piece, Piece::GivenUp { .. })).count(), 1);
        let Some(Piece::Chunk(last)) = pieces.last() else { panic!("no chunk") };
        assert_eq!((last.bytes.as_slice(), last.first_line), (b"1;2\n".as_slice(), 3));
    }
}
