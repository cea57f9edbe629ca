//! Walks a chunk record by record, and a record field by field, without an allocation.

use std::borrow::Cow;

use memchr::{memchr, memchr_iter, memchr2};

/// One record without its line end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    /// Its bytes, quotes and all.
    pub bytes: &'a [u8],
    /// Physical line on which it begins, from 1.
    pub line: u64,
}

/// The records of a chunk, blank lines left out.
#[derive(Debug, Clone)]
pub struct Records<'a> {
    bytes: &'a [u8],
    separator: u8,
    line: u64,
}

impl<'a> Records<'a> {
    /// Over the bytes of a chunk whose first record begins on line `line`.
    #[must_use]
    pub fn new(bytes: &'a [u8], separator: u8, line: u64) -> Self {
        Self { bytes, separator, line }
    }

    /// Length of the first record without its line end, and the number of its line ends.
    fn first(&self) -> (usize, u64) {
        let bytes = self.bytes;
        let (mut pos, mut lines) = (0, 0);
        loop {
            let Some(at) = memchr2(b'"', b'\n', &bytes[pos..]).map(|at| pos + at) else {
                return (bytes.len(), lines);
            };
            if bytes[at] == b'\n' {
                return (at, lines + 1);
            }
            pos = at + 1;
            if at == 0 || bytes[at - 1] == self.separator {
                let closed = close(bytes, pos);
                lines += memchr_iter(b'\n', &bytes[pos..closed]).count() as u64;
                pos = closed;
            }
        }
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Record<'a>;

    fn next(&mut self) -> Option<Record<'a>> {
        while !self.bytes.is_empty() {
            let (length, lines) = self.first();
            let line = self.line;
            let bytes = &self.bytes[..length];
            self.bytes = self.bytes.get(length + 1..).unwrap_or_default();
            self.line += lines;
            let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
            // A line of spaces is blank too.
            if !bytes.trim_ascii().is_empty() {
                return Some(Record { bytes, line });
            }
        }
        None
    }
}

/// Where the search goes on after the quote that closes a field opened before `pos`.
fn close(bytes: &[u8], mut pos: usize) -> usize {
    while let Some(at) = memchr(b'"', &bytes[pos..]).map(|at| pos + at) {
        if bytes.get(at + 1) == Some(&b'"') {
            pos = at + 2;
        } else {
            return at + 1;
        }
    }
    bytes.len()
}

/// The fields of one record, as they stand in it. Reused from record to record.
#[derive(Debug, Clone, Default)]
pub struct Fields {
    spans: Vec<(u32, u32)>,
}

impl Fields {
    /// Cuts a record. Records are at most 1 MiB, so positions fit 32 bits.
    #[expect(clippy::cast_possible_truncation, reason = "a record is at most 1 MiB long")]
    pub fn cut(&mut self, record: &[u8], separator: u8) {
        self.spans.clear();
        let mut pos = 0;
        loop {
            let begin = pos;
            if record.get(pos) == Some(&b'"') {
                pos = close(record, pos + 1);
            }
            match memchr(separator, &record[pos..]) {
                Some(at) => {
                    self.spans.push((begin as u32, (pos + at) as u32));
                    pos += at + 1;
                }
                None => {
                    self.spans.push((begin as u32, record.len() as u32));
                    return;
                }
            }
        }
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Whether there is none; only before the first record.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// Field `index` as it stands in the record, quotes and all; empty where there is none.
    #[must_use]
    pub fn raw<'a>(&self, record: &'a [u8], index: usize) -> &'a [u8] {
        self.spans.get(index).map_or(b"", |&(begin, end)| &record[begin as usize..end as usize])
    }

    /// Field `index` without its quotes.
    #[must_use]
    pub fn get<'a>(&self, record: &'a [u8], index: usize) -> Cow<'a, [u8]> {
        unquote(self.raw(record, index))
    }
}

/// The content of a field: outer quotes off, doubled quotes single, what follows a closing quote appended as it is.
#[must_use]
pub fn unquote(raw: &[u8]) -> Cow<'_, [u8]> {
    let Some(rest) = raw.strip_prefix(b"\"") else { return Cow::Borrowed(raw) };
    let closed = close(raw, 1);
    if closed == raw.len() {
        let inner = rest.strip_suffix(b"\"").unwrap_or(rest);
        if memchr(b'"', inner).is_none() {
            return Cow::Borrowed(inner);
        }
    }
    let mut content = Vec::with_capacity(raw.len());
    let mut pos = 0;
    while let Some(at) = memchr(b'"', &rest[pos..]).map(|at| pos + at) {
        content.extend_from_slice(&rest[pos..at]);
        if rest.get(at + 1) == Some(&b'"') {
            content.push(b'"');
            pos = at + 2;
        } else {
            pos = at + 1;
            break;
        }
    }
    content.extend_from_slice(&rest[pos..]);
    Cow::Owned(content)
}

#[cfg(test)]
mod tests {
    use super::super::split::{Piece, Splitter};
    use super::*;
    use proptest::prelude::*;

    /// All records as this engine reads them, in blocks of `block` bytes and chunks of about `chunk`.
    fn ours(bytes: &[u8], block: usize, chunk: usize) -> Vec<(u64, Vec<Vec<u8>>)> {
        let mut splitter = Splitter::new(chunk);
        let mut pieces = Vec::new();
        bytes.chunks(block).for_each(|part| splitter.feed(part, &mut pieces));
        splitter.finish(&mut pieces);
        let separator = splitter.separator().unwrap_or(b',');
        let mut rows = Vec::new();
        let mut fields = Fields::default();
        for piece in &pieces {
            let Piece::Chunk(chunk) = piece else { continue };
            for record in Records::new(&chunk.bytes, separator, chunk.first_line) {
                fields.cut(record.bytes, separator);
                rows.push((record.line, (0..fields.len()).map(|i| fields.get(record.bytes, i).into_owned()).collect()));
            }
        }
        rows
    }

    /// The same by the `csv` crate, where no quote stays open.
    fn theirs(bytes: &[u8], separator: u8) -> Vec<Vec<Vec<u8>>> {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(separator)
            .terminator(csv::Terminator::Any(b'\n'))
            .from_reader(bytes);
        reader
            .byte_records()
            .map(Result::unwrap)
            .map(|record| record.iter().map(<[u8]>::to_vec).collect::<Vec<_>>())
            .collect()
    }

    fn text() -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(prop::sample::select(b"a;,\"\n b".to_vec()), 0..80)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 3000, max_global_rejects: 100_000, ..ProptestConfig::default() })]

        #[test]
        fn any_split_gives_the_same_records(bytes in text(), block in 1usize..9, chunk in 1usize..40) {
            prop_assert_eq!(ours(&bytes, block, chunk), ours(&bytes, bytes.len().max(1), 1 << 20));
        }

        #[test]
        fn records_are_those_of_the_csv_crate(bytes in text()) {
            // A line of spaces is a row to the crate and blank to us.
            let bytes: Vec<u8> = bytes.into_iter().filter(|byte| *byte != b' ').collect();
            let mut splitter = Splitter::new(1 << 20);
            let mut pieces = Vec::new();
            splitter.feed(&bytes, &mut pieces);
            splitter.finish(&mut pieces);
            prop_assume!(pieces.iter().all(|piece| matches!(piece, Piece::Chunk(_))));
            let separator = splitter.separator().unwrap_or(b',');
            let ours: Vec<_> = ours(&bytes, 7, 16).into_iter().map(|(_, fields)| fields).collect();
            prop_assert_eq!(ours, theirs(&bytes, separator));
        }

        #[test]
        fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), block in 1usize..50) {
            ours(&bytes, block, 64);
        }
    }

    #[test]
    fn lines_count_breaks_inside_quotes() {
        let rows = ours(b"a;b\r\n1;\"x\ny\"\r\n\r\n2;z\r\n", 3, 1);
        let lines: Vec<_> = rows.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [1, 2, 5]);
        assert_eq!(rows[1].1[1], b"x\ny");
        assert_eq!(ours(b"a;b\n  \n1;2\n", 64, 64).len(), 2);
    }

    #[test]
    fn a_stray_quote_costs_one_record() {
        let mut text = b"a;b\n1;\"stray\n".to_vec();
        for _ in 0..300_000 {
            text.extend_from_slice(b"2;ok\n");
        }
        assert_eq!(ours(&text, 4096, 1 << 16).len(), 300_001);
        assert_eq!(ours(b"a;b\n1;\"stray\n2;ok\n3;ok\n", 5, 8).len(), 3);
    }
}
