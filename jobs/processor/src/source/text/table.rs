//! Small delimited files that fit into memory: header, rows, physical lines. Road counts use [`crate::scan`] instead.
//!
//! The `csv` crate splits rows into fields. The end of each row is located first, so that an unclosed quote costs one row and not the
//! rest of the file.

use std::str;

use contract::Reason;
use csv::{ByteRecord, ReaderBuilder, StringRecord, Terminator};
use memchr::{memchr, memchr2};

use crate::quality::QualityCounter;
use crate::raw_file::SourceError;
use crate::source::text::normalize::folded;

/// Longest accepted record, bytes.
pub(crate) const LONGEST_RECORD: usize = 1024 * 1024;
/// Separators that the sources use, most likely first.
const SEPARATORS: [u8; 4] = [b';', b',', b'\t', b'|'];

/// A column with its possible names in headers. Case, accents and outer spaces do not matter.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    pub(crate) names: &'static [&'static str],
    /// Whether a file without this column is invalid.
    pub(crate) required: bool,
}

impl Column {
    #[must_use]
    pub(crate) const fn required(names: &'static [&'static str]) -> Self {
        Self { names, required: true }
    }

    #[must_use]
    pub(crate) const fn optional(names: &'static [&'static str]) -> Self {
        Self { names, required: false }
    }
}

/// A delimited file with a recognised header.
#[derive(Debug)]
pub(crate) struct Table<'a> {
    body: &'a [u8],
    first_line: u64,
    separator: u8,
    width: usize,
    positions: Vec<Option<usize>>,
}

/// A row of valid UTF-8 with as many fields as the header.
#[derive(Debug)]
pub(crate) struct Row<'t> {
    /// Physical line on which it begins, from 1.
    pub(crate) line: u64,
    record: StringRecord,
    positions: &'t [Option<usize>],
    raw: &'t [u8],
}

/// A row that cannot be split into fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BadRow<'t> {
    /// Physical line on which it begins, from 1.
    pub(crate) line: u64,
    pub(crate) reason: Reason,
    pub(crate) raw: &'t [u8],
}

impl BadRow<'_> {
    pub(crate) fn count(&self, quality: &mut QualityCounter, key: &str) {
        quality.reject(self.reason, key, self.line, self.raw);
    }
}

impl<'a> Table<'a> {
    /// Detects separator and columns from the header. [`Row::get`] takes indexes into `columns`.
    ///
    /// # Errors
    /// Names `key` if the header is not recognised, or if the header or more than 1 % of the rows are not UTF-8.
    pub(crate) fn open(key: &str, bytes: &'a [u8], columns: &[Column]) -> Result<Self, SourceError> {
        let refused = |reason: String| SourceError { key: key.to_owned(), reason };
        let text = without_bom(bytes);
        let blank = text.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let (head, start) = text.split_at(blank);
        if start.is_empty() {
            return Err(refused("the file is empty; export it again, with its header".to_owned()));
        }
        let header_end = SEPARATORS.iter().filter_map(|&separator| record_end(start, separator).ok()).min();
        let header = header_end.and_then(|end| start.get(..end)).ok_or_else(|| {
            refused("no header: the first line is longer than 1 MiB or has an unclosed quote".to_owned())
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
            return Err(refused(format!(
                "unrecognised header: missing column {}; check that the file is the export of this source",
                missing.join(", ")
            )));
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

    /// The rows in order, without blank lines.
    #[must_use]
    pub(crate) fn rows(&self) -> Rows<'_> {
        Rows { table: self, reader: None, at: 0, line: self.first_line, record: ByteRecord::new() }
    }

    /// Number of rows, and of rows that are not UTF-8.
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
    /// The trimmed field of a column; `None` if the file lacks the column or the field is empty.
    #[must_use]
    pub(crate) fn get(&self, column: usize) -> Option<&str> {
        let position = (*self.positions.get(column)?)?;
        self.record.get(position).map(str::trim).filter(|field| !field.is_empty())
    }

    #[must_use]
    pub(crate) fn raw(&self) -> &'t [u8] {
        self.raw
    }
}

/// The rows of a [`Table`].
#[derive(Debug)]
pub(crate) struct Rows<'t> {
    table: &'t Table<'t>,
    /// Positioned at `at`; recreated after a skipped row.
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
                        // The `csv` reader treats blank lines differently.
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
    /// The fields of the row at `at`, where the reader is positioned.
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

/// Strips the byte order mark that some exports begin with.
#[must_use]
pub(crate) fn without_bom(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes)
}

/// A finite number with a decimal comma or point.
#[must_use]
pub(crate) fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    // `parse` accepts words such as "inf" and "nan".
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
        // Only the line feed ends a row, as in `record_end`; trimming the last field removes the carriage return.
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

/// Length of the record at the start of `rest`, including its line feed.
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
            // A quote inside a field is an ordinary character.
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

/// Length of the line at the start of `rest`, ignoring quotes.
fn line_end(rest: &[u8]) -> usize {
    memchr(b'\n', rest).map_or(rest.len(), |at| at + 1)
}

fn lines_in(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

#[cfg(test)]
#[path = "table/tests.rs"]
mod tests;
