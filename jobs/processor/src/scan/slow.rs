//! The slow reader: reads any text, in blocks of any size, with the parser of the `csv` crate. The fast reader must give the same rows.
//!
//! It reads everything that the fast reader cannot: records that cross the border of two chunks, chunks whose first record was guessed
//! wrongly, and text with irregular quotes. In addition to the parser's rules it handles records that are too long, quotes that are
//! never closed, and blank lines.

use csv_core::{ReadRecordResult, Reader as Parser, ReaderBuilder, Terminator};
use memchr::memchr;

use super::row::{Row, is_blank, quote, without_return};
use super::{LONGEST_RECORD, Reader, Unreadable};

/// Most bytes of an unreadable record that are passed on.
const HEAD: usize = 800;

/// One record, readable or not.
#[derive(Debug, Clone, Copy)]
pub(super) enum ParsedRecord<'a> {
    /// A readable record.
    Row(Row<'a>),
    /// An unreadable record: its line, the reason, and its first bytes.
    Unreadable(u64, Unreadable, &'a [u8]),
}

/// An incremental reader, which is fed block by block.
pub(super) struct SlowReader {
    separator: u8,
    parser: Parser,
    /// The text from the current record on.
    pending: Vec<u8>,
    /// Start of the current record in `pending`.
    start: usize,
    /// Position of the parser in `pending`.
    parsed: usize,
    /// Line of the current record.
    line: u64,
    /// Inside an abandoned record whose first line feed has not arrived yet.
    skipping: bool,
    /// The fields so far: their content, and the end of each.
    content: Vec<u8>,
    filled: usize,
    ends: Vec<usize>,
    fields: usize,
    /// The record that the visitor sees: its fields, quoted again.
    shown: Vec<u8>,
    shown_ends: Vec<u32>,
}

impl std::fmt::Debug for SlowReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SlowReader")
            .field("line", &self.line)
            .field("pending", &self.pending.len())
            .finish_non_exhaustive()
    }
}

/// Reads a text with the slow reader alone, from its first record. Every other way of reading must give the same result. Lines count from 1.
pub fn read_slowly<'a, R: Reader>(reader: &R, separator: u8, blocks: impl IntoIterator<Item = &'a [u8]>) -> R::Partial {
    let (mut worker, mut partial) = (reader.worker(), reader.new_partial());
    let mut slow = SlowReader::new(separator, 1);
    let mut visit = |event: ParsedRecord<'_>| match event {
        ParsedRecord::Row(row) => reader.row(&mut worker, &mut partial, &row),
        ParsedRecord::Unreadable(line, why, head) => reader.unreadable(&mut partial, line, why, head),
    };
    blocks.into_iter().for_each(|block| slow.feed(block, &mut visit));
    slow.finish(visit);
    partial
}

/// What follows the end of the bytes fed so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TextEnd {
    /// More of the text will be fed.
    MoreFollows,
    /// Another reader continues, and also reads the incomplete last record.
    OtherReaderContinues,
    /// The text ends here.
    EndOfText,
}

impl SlowReader {
    /// A reader at the beginning of a record on line `line`.
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

    /// Whether the next byte begins a record.
    pub(super) fn is_between_records(&self) -> bool {
        self.pending.is_empty() && !self.skipping
    }

    /// Line of the current record, or of the next one if [`Self::is_between_records`].
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// Number of bytes of the incomplete record.
    pub(super) fn pending(&self) -> usize {
        self.pending.len()
    }

    /// Skips `lines` lines that another reader has read.
    pub(super) fn pass_lines(&mut self, lines: u64) {
        self.line += lines;
    }

    /// Reads the next block.
    pub(super) fn feed(&mut self, block: &[u8], mut visit: impl FnMut(ParsedRecord<'_>)) {
        self.pending.extend_from_slice(block);
        self.advance(TextEnd::MoreFollows, &mut visit);
    }

    /// Reads the complete records of a text. The rest stays pending, even if it belongs to an unreadable record.
    pub(super) fn feed_whole(&mut self, text: &[u8], mut visit: impl FnMut(ParsedRecord<'_>)) {
        self.pending.extend_from_slice(text);
        self.advance(TextEnd::OtherReaderContinues, &mut visit);
    }

    /// Reads the last record at the end of the text.
    pub(super) fn finish(&mut self, mut visit: impl FnMut(ParsedRecord<'_>)) {
        self.advance(TextEnd::EndOfText, &mut visit);
        self.pending.clear();
        self.skipping = false;
    }

    fn advance(&mut self, end: TextEnd, visit: &mut impl FnMut(ParsedRecord<'_>)) {
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
                Unreadable::TooLong
            } else if end != TextEnd::EndOfText || length == 0 {
                break;
            } else if self.closes_at_the_end(visit) {
                continue;
            } else {
                Unreadable::OpenQuote
            };
            let has_line_feed = memchr(b'\n', self.pending.get(self.start..).unwrap_or_default()).is_some();
            if end == TextEnd::OtherReaderContinues && !has_line_feed {
                break;
            }
            self.abandon(why, visit);
        }
        self.pending.drain(..self.start);
        self.parsed -= self.start;
        self.start = 0;
    }

    /// Continues parsing; returns whether a record was completed.
    fn parse(&mut self, visit: &mut impl FnMut(ParsedRecord<'_>)) -> bool {
        loop {
            let input = self.pending.get(self.parsed..).unwrap_or_default();
            // The parser takes empty input for the end of the text.
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
                    // The parser returns a record together with its line feed, so the record is incomplete.
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

    /// Passes on the record that ends before `end`.
    fn record(&mut self, end: usize, visit: &mut impl FnMut(ParsedRecord<'_>)) {
        if end - self.start > LONGEST_RECORD {
            return self.abandon(Unreadable::TooLong, visit);
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
            visit(ParsedRecord::Row(Row {
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

    /// Completes the last record of a text without a final line feed; returns false if a quote is open.
    fn closes_at_the_end(&mut self, visit: &mut impl FnMut(ParsedRecord<'_>)) -> bool {
        self.pending.push(b'\n');
        let closes = self.parse(visit);
        if !closes {
            self.pending.pop();
            self.parsed = self.pending.len();
        }
        closes
    }

    /// Abandons the current record. Reading continues after the first line feed in it, as if no quote were open.
    fn abandon(&mut self, why: Unreadable, visit: &mut impl FnMut(ParsedRecord<'_>)) {
        let rest = self.pending.get(self.start..).unwrap_or_default();
        visit(ParsedRecord::Unreadable(self.line, why, rest.get(..HEAD).unwrap_or(rest)));
        self.skipping = true;
        self.restart();
    }

    /// Skips to the next line feed; returns false if it has not arrived yet.
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

    /// Skips the line feeds between records.
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

    /// Resets the parser to the beginning of a record. A line feed goes first, because the parser would strip a byte order mark from its first
    /// bytes.
    fn restart(&mut self) {
        self.clear();
        self.parser.reset();
        let _ = self.parser.read_record(b"\n", &mut self.content, &mut self.ends);
    }
}
