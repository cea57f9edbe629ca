//! Small delimited files: header, rows, physical lines. For files that fit into memory; the big road counts have an engine of their own.
//!
//! The `csv` crate splits rows into fields. Where a row ends is looked up beforehand, so that one quote left open costs one row and not
//! the rest of the file.

use std::str;

use contract::Reason;
use csv::{ByteRecord, ReaderBuilder, StringRecord, Terminator};
use memchr::{memchr, memchr2};

use crate::quality::QualityCounter;
use crate::raw_file::SourceError;
use crate::source::text::normalize::folded;

/// Longest record that is read, bytes.
pub(crate) const LONGEST_RECORD: usize = 1024 * 1024;
/// Separators that the sources use, the likelier first.
const SEPARATORS: [u8; 4] = [b';', b',', b'\t', b'|'];

/// A column by the names it goes by in headers. Case, accents and outer spaces do not matter.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    /// Its names, such as the label and the field name of one export.
    pub(crate) names: &'static [&'static str],
    /// Whether a file without it is not the source's.
    pub(crate) required: bool,
}

impl Column {
    /// One that a file must have.
    #[must_use]
    pub(crate) const fn required(names: &'static [&'static str]) -> Self {
        Self { names, required: true }
    }

    /// One that a file may lack.
    #[must_use]
    pub(crate) const fn optional(names: &'static [&'static str]) -> Self {
        Self { names, required: false }
    }
}

/// A delimited file whose header is known.
#[derive(Debug)]
pub(crate) struct Table<'a> {
    body: &'a [u8],
    first_line: u64,
    separator: u8,
    width: usize,
    positions: Vec<Option<usize>>,
}

/// A row with as many fields as the header, all valid text.
#[derive(Debug)]
pub(crate) struct Row<'t> {
    /// Physical line, from 1, on which it begins.
    pub(crate) line: u64,
    record: StringRecord,
    positions: &'t [Option<usize>],
    raw: &'t [u8],
}

/// A row that is not usable at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BadRow<'t> {
    /// Physical line, from 1, on which it begins.
    pub(crate) line: u64,
    /// Why.
    pub(crate) reason: Reason,
    /// Its bytes.
    pub(crate) raw: &'t [u8],
}

impl BadRow<'_> {
    /// Counts it.
    pub(crate) fn count(&self, quality: &mut QualityCounter, key: &str) {
        quality.reject(self.reason, key, self.line, self.raw);
    }
}

impl<'a> Table<'a> {
    /// Finds separator and columns in the header; the columns' numbers are those of [`Row::get`].
    ///
    /// # Errors
    /// Names `key` where the header is not known, or the header or more than 1 % of the rows are not UTF-8.
    pub(crate) fn open(key: &str, bytes: &'a [u8], columns: &[Column]) -> Result<Self, SourceError> {
        let refused = |reason: String| SourceError { key: key.to_owned(), reason };
        let text = without_bom(bytes);
        let blank = text.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let (head, start) = text.split_at(blank);
        if start.is_empty() {
            return Err(refused("the file is empty".to_owned()));
        }
        let header_end = SEPARATORS.iter().filter_map(|&separator| record_end(start, separator).ok()).min();
        let header = header_end.and_then(|end| start.get(..end)).ok_or_else(|| {
            refused("no header: the first line is longer than 1 MiB or a quote in it is left open".to_owned())
        })?;
        if str::from_utf8(header).is_err() {
            return Err(refused("the header is not valid UTF-8; export the file as UTF-8".to_owned()));
        }
        let (separator, names) = SEPARATORS
            .iter()
            .map(|&separator| (separator, split_header(header, separator)))
            .rev()
            .max_by_key(|(_, names)| positions_of(columns, names).iter().flatten().count())
            .unwrap_or((b';', Vec::new()));
        let positions = positions_of(columns, &names);
        let missing: Vec<_> = columns
            .iter()
            .zip(&positions)
            .filter(|(column, position)| column.required && position.is_none())
            .filter_map(|(column, _)| column.names.first().copied())
            .collect();
        if !missing.is_empty() {
            return Err(refused(format!("no header known: the first line has no column {}", missing.join(", "))));
        }
        let body = start.get(header.len()..).unwrap_or_default();
        let first_line = 1 + lines_in(head) + lines_in(header);
        let table = Self { body, first_line, separator, width: names.len(), positions };
        let (rows, invalid) = table.count_invalid();
        if invalid * 100 > rows {
            return Err(refused(format!("{invalid} of {rows} rows are not valid UTF-8; export the file as UTF-8")));
        }
        Ok(table)
    }

    /// Its rows in order, blank lines left out; each item is one row of the input.
    #[must_use]
    pub(crate) fn rows(&self) -> Rows<'_> {
        Rows { table: self, reader: None, at: 0, line: self.first_line, record: ByteRecord::new() }
    }

    /// How many rows there are, and how many of them are not UTF-8.
    fn count_invalid(&self) -> (u64, u64) {
        if str::from_utf8(self.body).is_ok() {
            return (0, 0);
        }
        let (mut rows, mut invalid, mut at) = (0, 0, 0);
        while let Some(rest) = self.body.get(at..).filter(|rest| !rest.is_empty()) {
            let end = record_end(rest, self.separator).unwrap_or_else(|_| line_end(rest));
            let raw = rest.get(..end).unwrap_or(rest);
            if !raw.trim_ascii().is_empty() {
                rows += 1;
                invalid += u64::from(str::from_utf8(raw).is_err());
            }
            at += end.max(1);
        }
        (rows, invalid)
    }
}

impl<'t> Row<'t> {
    /// The field of a column, outer spaces removed; `None` where the file has no such column or the field is empty.
    #[must_use]
    pub(crate) fn get(&self, column: usize) -> Option<&str> {
        let position = (*self.positions.get(column)?)?;
        self.record.get(position).map(str::trim).filter(|field| !field.is_empty())
    }

    /// Its bytes.
    #[must_use]
    pub(crate) fn raw(&self) -> &'t [u8] {
        self.raw
    }
}

/// The rows of a [`Table`].
#[derive(Debug)]
pub(crate) struct Rows<'t> {
    table: &'t Table<'t>,
    /// Stands at `at`; made anew after a row that is skipped.
    reader: Option<csv::Reader<&'t [u8]>>,
    at: usize,
    line: u64,
    record: ByteRecord,
}

impl<'t> Iterator for Rows<'t> {
    type Item = Result<Row<'t>, BadRow<'t>>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let rest = self.table.body.get(self.at..).filter(|rest| !rest.is_empty())?;
            let line = self.line;
            match record_end(rest, self.table.separator) {
                Ok(end) => {
                    let raw = rest.get(..end)?;
                    self.at += end;
                    self.line += lines_in(raw);
                    let raw = raw.trim_ascii_end();
                    if raw.trim_ascii().is_empty() {
                        // The reader has its own idea of blank lines.
                        self.reader = None;
                        continue;
                    }
                    let parsed = self.parse(rest);
                    return Some(match parsed {
                        Ok(record) => Ok(Row { line, record, positions: &self.table.positions, raw }),
                        Err(reason) => Err(BadRow { line, reason, raw }),
                    });
                }
                Err(reason) => {
                    self.reader = None;
                    let end = line_end(rest);
                    let raw = rest.get(..end)?;
                    self.at += end;
                    self.line += lines_in(raw);
                    return Some(Err(BadRow { line, reason, raw: raw.trim_ascii_end() }));
                }
            }
        }
    }
}

impl<'t> Rows<'t> {
    /// The fields of the row at `at`, where the reader stands.
    fn parse(&mut self, rest: &'t [u8]) -> Result<StringRecord, Reason> {
        let reader = self.reader.get_or_insert_with(|| reader(rest, self.table.separator));
        let read = reader.read_byte_record(&mut self.record).unwrap_or(false);
        if !read || self.record.len() != self.table.width {
            return Err(if str::from_utf8(self.record.as_slice()).is_ok() {
                Reason::ColumnCount
            } else {
                Reason::InvalidUtf8
            });
        }
        let record = StringRecord::from_byte_record(std::mem::take(&mut self.record));
        record.map_err(|_| Reason::InvalidUtf8)
    }
}

/// Without the byte order mark that exports begin with.
#[must_use]
pub(crate) fn without_bom(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes)
}

/// A finite number with a decimal comma or point.
#[must_use]
pub(crate) fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    // Words such as "inf" and "nan" are numbers to the standard parser and none to us.
    if !text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b',' | b'e' | b'E')) {
        return None;
    }
    let value: f64 = if text.contains(',') { text.replacen(',', ".", 1).parse() } else { text.parse() }.ok()?;
    value.is_finite().then_some(value)
}

fn reader(rest: &[u8], separator: u8) -> csv::Reader<&[u8]> {
    ReaderBuilder::new()
        .delimiter(separator)
        .has_headers(false)
        .flexible(true)
        // Only the line feed ends a row, as `record_end` has it; the carriage return goes with the outer spaces of the last field.
        .terminator(Terminator::Any(b'\n'))
        .from_reader(rest)
}

fn split_header(header: &[u8], separator: u8) -> Vec<String> {
    let mut record = ByteRecord::new();
    match reader(header, separator).read_byte_record(&mut record) {
        Ok(true) => record.iter().map(|name| folded(&String::from_utf8_lossy(name))).collect(),
        _ => Vec::new(),
    }
}

fn positions_of(columns: &[Column], names: &[String]) -> Vec<Option<usize>> {
    let position = |column: &Column| {
        column.names.iter().find_map(|known| {
            let known = folded(known);
            names.iter().position(|name| *name == known)
        })
    };
    columns.iter().map(position).collect()
}

/// Length of the record at the beginning of `rest`, its line feed included.
fn record_end(rest: &[u8], separator: u8) -> Result<usize, Reason> {
    let window = rest.get(..=LONGEST_RECORD).unwrap_or(rest);
    let unfinished = if window.len() < rest.len() { Reason::RecordTooLong } else { Reason::UnclosedQuote };
    let mut at = 0;
    loop {
        let Some(found) = memchr2(b'"', b'\n', window.get(at..).unwrap_or_default()).map(|n| at + n) else {
            // The last line may lack its line feed.
            return if window.len() < rest.len() { Err(Reason::RecordTooLong) } else { Ok(rest.len()) };
        };
        if window.get(found) == Some(&b'\n') {
            return Ok(found + 1);
        }
        let opens = found == 0 || window.get(found - 1) == Some(&separator);
        at = found + 1;
        if !opens {
            // A quote amid a field is a letter like any other.
            continue;
        }
        loop {
            let close = memchr(b'"', window.get(at..).unwrap_or_default()).map(|n| at + n).ok_or(unfinished)?;
            at = close + 1;
            if window.get(at) != Some(&b'"') {
                break;
            }
            at += 1;
        }
    }
}

/// Length of the line at the beginning of `rest`, whatever is quoted.
fn line_end(rest: &[u8]) -> usize {
    memchr(b'\n', rest).map_or(rest.len(), |at| at + 1)
}

fn lines_in(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

#[cfg(test)]
#[path = "table/tests.rs"]
mod tests;
