//! Reads the beginning of a text: detects the separator and returns the first record.

use memchr::{memchr, memchr_iter};

use super::slow::{ParsedRecord, SlowReader};
use super::{LONGEST_RECORD, Unreadable};

/// The first record of a text, and the position of the second.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// `;` if the first line contains one, else a tab if it contains one, else `,`.
    pub separator: u8,
    /// The first record with its quotes, without its line end.
    pub record: Vec<u8>,
    /// Its fields, without quotes.
    pub fields: Vec<Vec<u8>>,
    /// Start of the next record, in bytes from the beginning of the text.
    pub length: usize,
    /// Line number of the next record.
    pub line: u64,
}

/// Result of looking for the first record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Peek {
    /// The first record is complete.
    Head(Head),
    /// More bytes are needed to complete it.
    Incomplete,
    /// The text consists of white space.
    Blank,
    /// The first record cannot be read.
    Unreadable(Unreadable),
}

/// Reads the first record of a text. `bytes` is its beginning, or the whole text if `is_all`. A byte order mark and blank lines before the
/// record are skipped.
#[must_use]
pub fn peek(bytes: &[u8], is_all: bool) -> Peek {
    const BOM: &[u8] = b"\xEF\xBB\xBF";
    let text = bytes.strip_prefix(BOM).unwrap_or(bytes);
    let blank = text.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let begin = bytes.len() - text.len() + blank;
    let text = bytes.get(begin..).unwrap_or_default();
    if text.is_empty() || text.len() < BOM.len() && !is_all {
        return if is_all { Peek::Blank } else { Peek::Incomplete };
    }
    let first_line = memchr(b'\n', text);
    if first_line.is_none() && !is_all && text.len() <= LONGEST_RECORD {
        return Peek::Incomplete;
    }
    let line = text.get(..first_line.unwrap_or(text.len())).unwrap_or_default();
    let separator = [b';', b'\t'].into_iter().find(|byte| memchr(*byte, line).is_some()).unwrap_or(b',');
    let mut slow =
        SlowReader::new(separator, 1 + memchr_iter(b'\n', bytes.get(..begin).unwrap_or_default()).count() as u64);
    let mut found = None;
    let mut keep = |event: ParsedRecord<'_>| {
        found.get_or_insert(match event {
            ParsedRecord::Row(row) => {
                Ok((row.bytes.to_vec(), (0..row.columns()).map(|i| row.field(i).into_owned()).collect()))
            }
            ParsedRecord::Unreadable(_, why, _) => Err(why),
        });
    };
    let mut length = 0;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        slow.feed(line, &mut keep);
        length += line.len();
        if slow.is_between_records() || length > LONGEST_RECORD + 1 {
            break;
        }
    }
    if is_all && length == text.len() {
        slow.finish(&mut keep);
    }
    match found {
        Some(Ok((record, fields))) => {
            Peek::Head(Head { separator, record, fields, length: begin + length, line: slow.line() })
        }
        Some(Err(why)) => Peek::Unreadable(why),
        None => Peek::Incomplete,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(text: &[u8]) -> Head {
        match peek(text, true) {
            Peek::Head(head) => head,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn separator_and_next_record_follow_from_the_first_line() {
        let found = head(b"\xEF\xBB\xBF\r\n \na;\"b,\nc\"\r\n1;2\n");
        assert_eq!((found.separator, found.length, found.line), (b';', 17, 5));
        assert_eq!(found.fields, [b"a".to_vec(), b"b,\nc".to_vec()]);
        assert_eq!(found.record, b"a;\"b,\nc\"");
        assert_eq!(head(b"a,b\tc\n").separator, b'\t');
        assert_eq!(head(b"a,b").length, 3);
    }

    #[test]
    fn missing_first_record_has_a_reason() {
        assert_eq!(peek(b"a;b", false), Peek::Incomplete);
        assert_eq!(peek(b"\xEF\xBB\xBF \n", true), Peek::Blank);
        assert_eq!(peek(b"a;\"b\n1;2\n", true), Peek::Unreadable(Unreadable::OpenQuote));
        assert_eq!(peek(&vec![b'x'; LONGEST_RECORD + 2], false), Peek::Unreadable(Unreadable::TooLong));
    }
}
