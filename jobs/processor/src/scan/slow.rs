//! The slow reader: any text, in blocks of any size, by the parser of the `csv` crate. What it reads is what the fast one must read.
//!
//! It is used where the fast reader is not: for the record that lies over the border of two chunks, for a chunk that turned out to begin
//! inside quotes, and for text with quotes where none should open. Beside the parser's rules it knows three of its own: the record that is
//! too long, the quote that is never closed, and the blank line.

use csv_core::{ReadRecordResult, Reader as Parser, ReaderBuilder, Terminator};
use memchr::memchr;

use super::row::{Row, is_blank, quote, without_return};
use super::{GivenUp, LONGEST_RECORD, Reader};

/// How much of a record that is given up is shown, bytes.
const HEAD: usize = 800;

/// What comes out.
#[derive(Debug, Clone, Copy)]
pub(super) enum Event<'a> {
    /// A record.
    Row(Row<'a>),
    /// A record that is not read: its line, why, and its beginning.
    GivenUp(u64, GivenUp, &'a [u8]),
}

/// Reads a text block by block.
pub(super) struct Slow {
    separator: u8,
    parser: Parser,
    /// The text from the current record on.
    pending: Vec<u8>,
    /// Where the current record begins in it.
    start: usize,
    /// How far the parser is.
    parsed: usize,
    /// Line of the current record.
    line: u64,
    /// Inside a record that was given up before its first line feed was seen.
    skipping: bool,
    /// The fields so far: content, and where each ends.
    content: Vec<u8>,
    filled: usize,
    ends: Vec<usize>,
    fields: usize,
    /// A record as it is shown: its fields quoted again.
    shown: Vec<u8>,
    shown_ends: Vec<u32>,
}

impl std::fmt::Debug for Slow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Slow").field("line", &self.line).field("pending", &self.pending.len()).finish_non_exhaustive()
    }
}

/// Reads a text by the slow reader alone, from its first record on: what any other way to read it is held to. Lines count from 1.
pub fn read_slowly<'a, R: Reader>(reader: &R, separator: u8, blocks: impl IntoIterator<Item = &'a [u8]>) -> R::Part {
    let (mut worker, mut part) = (reader.worker(), reader.part());
    let mut slow = Slow::new(separator, 1);
    let mut visit = |event: Event<'_>| match event {
        Event::Row(row) => reader.row(&mut worker, &mut part, &row),
        Event::GivenUp(line, why, head) => reader.given_up(&mut part, line, why, head),
    };
    blocks.into_iter().for_each(|block| slow.feed(block, &mut visit));
    slow.finish(visit);
    part
}

/// Whether there may be more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum More {
    /// More of the text will come.
    Yes,
    /// More will come, from another reader: what is not whole is left to it.
    Elsewhere,
    /// This is the end of the text.
    No,
}

impl Slow {
    /// At the beginning of a record on line `line`.
    pub(super) fn new(separator: u8, line: u64) -> Self {
        let parser = ReaderBuilder::new().delimiter(separator).terminator(Terminator::Any(b'\n')).build();
        let mut slow = Self {
            separator,
            parser,
            pending: Vec::new(),
            start: 0,
            parsed: 0,
            line,
            skipping: false,
            content: vec![0; 1 << 10],
            filled: 0,
            ends: vec![0; 32],
            fields: 0,
            shown: Vec::new(),
            shown_ends: Vec::new(),
        };
        slow.restart();
        slow
    }

    /// Whether all that was fed is read: the next byte begins a record.
    pub(super) fn is_between_records(&self) -> bool {
        self.pending.is_empty() && !self.skipping
    }

    /// Line of the next byte where a record begins with it; else of the current record.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// How many bytes are not read yet.
    pub(super) fn pending(&self) -> usize {
        self.pending.len()
    }

    /// Another reader has read the records of so many lines in between.
    pub(super) fn pass_lines(&mut self, lines: u64) {
        self.line += lines;
    }

    /// The next block.
    pub(super) fn feed(&mut self, block: &[u8], mut visit: impl FnMut(Event<'_>)) {
        self.pending.extend_from_slice(block);
        self.advance(More::Yes, &mut visit);
    }

    /// The records of a text that are whole; what comes after the last of them stays pending, also of one that has to be given up.
    pub(super) fn feed_whole(&mut self, text: &[u8], mut visit: impl FnMut(Event<'_>)) {
        self.pending.extend_from_slice(text);
        self.advance(More::Elsewhere, &mut visit);
    }

    /// The end of the text.
    pub(super) fn finish(&mut self, mut visit: impl FnMut(Event<'_>)) {
        self.advance(More::No, &mut visit);
        self.pending.clear();
        self.skipping = false;
    }

    fn advance(&mut self, more: More, visit: &mut impl FnMut(Event<'_>)) {
        loop {
            if self.skipping && !self.skip() {
                break;
            }
            if self.parsed == self.start {
                self.skip_blank();
            }
            if self.parse(visit) {
                continue;
            }
            let length = self.pending.len() - self.start;
            let why = if length > LONGEST_RECORD {
                GivenUp::TooLong
            } else if more != More::No || length == 0 {
                break;
            } else if self.closes_at_the_end(visit) {
                continue;
            } else {
                GivenUp::OpenQuote
            };
            let has_line_feed = memchr(b'\n', self.pending.get(self.start..).unwrap_or_default()).is_some();
            if more == More::Elsewhere && !has_line_feed {
                break;
            }
            self.give_up(why, visit);
        }
        self.pending.drain(..self.start);
        self.parsed -= self.start;
        self.start = 0;
    }

    /// Parses on; whether a record came to its end.
    fn parse(&mut self, visit: &mut impl FnMut(Event<'_>)) -> bool {
        loop {
            let input = self.pending.get(self.parsed..).unwrap_or_default();
            // To the parser no input is the end of all.
            if input.is_empty() {
                return false;
            }
            let (result, read, written, ended) =
                self.parser.read_record(input, &mut self.content[self.filled..], &mut self.ends[self.fields..]);
            self.parsed += read;
            self.filled += written;
            self.fields += ended;
            match result {
                ReadRecordResult::InputEmpty => {
                    // The line feed may be the last byte that there is: the parser tells the record with it, or there is none yet.
                    return false;
                }
                ReadRecordResult::OutputFull => self.content.resize(self.content.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::Record => {
                    self.record(self.parsed - 1, visit);
                    return true;
                }
                ReadRecordResult::End => return false,
            }
        }
    }

    /// The record that ends before `end`.
    fn record(&mut self, end: usize, visit: &mut impl FnMut(Event<'_>)) {
        if end - self.start > LONGEST_RECORD {
            return self.give_up(GivenUp::TooLong, visit);
        }
        let Self { pending, start, content, ends, fields, shown, shown_ends, .. } = self;
        let given = pending.get(*start..end).unwrap_or_default();
        let bytes = without_return(given);
        if !is_blank(bytes) {
            shown.clear();
            shown_ends.clear();
            let mut from = 0;
            for (number, &to) in ends.iter().take(*fields).enumerate() {
                let mut field = content.get(from..to).unwrap_or_default();
                from = to;
                if number + 1 == *fields && bytes.len() < given.len() {
                    field = without_return(field);
                }
                quote(field, shown);
                shown_ends.push(u32::try_from(shown.len()).unwrap_or(u32::MAX));
                shown.push(self.separator);
            }
            visit(Event::Row(Row {
                bytes,
                line: self.line,
                is_text: std::str::from_utf8(bytes).is_ok(),
                begin: 0,
                end: shown.len().saturating_sub(1),
                text: shown,
                ends: shown_ends,
            }));
        }
        self.line += 1 + memchr::memchr_iter(b'\n', bytes).count() as u64;
        self.start = self.parsed;
        self.clear();
    }

    /// At the end of the text: whether the last record is whole without a line feed, which no record inside quotes is.
    fn closes_at_the_end(&mut self, visit: &mut impl FnMut(Event<'_>)) -> bool {
        self.pending.push(b'\n');
        let closes = self.parse(visit);
        if !closes {
            self.pending.pop();
            self.parsed = self.pending.len();
        }
        closes
    }

    /// Gives up the current record; reading goes on at the first line feed after its beginning, as if no quote were open.
    fn give_up(&mut self, why: GivenUp, visit: &mut impl FnMut(Event<'_>)) {
        let rest = self.pending.get(self.start..).unwrap_or_default();
        visit(Event::GivenUp(self.line, why, rest.get(..HEAD).unwrap_or(rest)));
        self.skipping = true;
        self.restart();
    }

    /// Leaves out what comes up to the next line feed; false while that is not there.
    fn skip(&mut self) -> bool {
        match memchr(b'\n', self.pending.get(self.start..).unwrap_or_default()) {
            Some(at) => {
                self.start += at + 1;
                self.line += 1;
                self.skipping = false;
            }
            None => self.start = self.pending.len(),
        }
        self.parsed = self.start;
        !self.skipping
    }

    /// Line feeds between records.
    fn skip_blank(&mut self) {
        while self.pending.get(self.start) == Some(&b'\n') {
            self.start += 1;
            self.line += 1;
        }
        self.parsed = self.start;
    }

    fn clear(&mut self) {
        self.filled = 0;
        self.fields = 0;
    }

    /// The parser at the beginning of a record. It would take a byte order mark off its first bytes: these are a line feed.
    fn restart(&mut self) {
        self.clear();
        self.parser.reset();
        let _ = self.parser.read_record(b"\n", &mut self.content, &mut self.ends);
    }
}
