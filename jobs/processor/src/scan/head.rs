//! The beginning of a text: which separator it has, and what its first record says.

use memchr::{memchr, memchr_iter};

use super::slow::{Event, Slow};
use super::{GivenUp, LONGEST_RECORD};

/// The first record of a text, and where the others begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// `;` where the first line has one, else a tab where it has one, else `,`.
    pub separator: u8,
    /// The first record as it stands.
    pub record: Vec<u8>,
    /// Its fields, without quotes.
    pub fields: Vec<Vec<u8>>,
    /// Where the next record begins: bytes from the beginning of the text.
    pub length: usize,
    /// Line of the next record.
    pub line: u64,
}

/// What the beginning of a text tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Peek {
    /// There is a first record.
    Head(Head),
    /// It is not whole yet.
    More,
    /// The text is blank.
    Blank,
    /// The first record cannot be read.
    GivenUp(GivenUp),
}

/// Reads the first record of a text of which `bytes` are the beginning, or all where `is_all`. A byte order mark and blank lines before
/// it are left out.
#[must_use]
pub fn peek(bytes: &[u8], is_all: bool) -> Peek {
    const BOM: &[u8] = b"\xEF\xBB\xBF";
    let text = bytes.strip_prefix(BOM).unwrap_or(bytes);
    let blank = text.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let begin = bytes.len() - text.len() + blank;
    let text = bytes.get(begin..).unwrap_or_default();
    if text.is_empty() || text.len() < BOM.len() && !is_all {
        return if is_all { Peek::Blank } else { Peek::More };
    }
    let first_line = memchr(b'\n', text);
    if first_line.is_none() && !is_all && text.len() <= LONGEST_RECORD {
        return Peek::More;
    }
    let line = text.get(..first_line.unwrap_or(text.len())).unwrap_or_default();
    let separator = [b';', b'\t'].into_iter().find(|byte| memchr(*byte, line).is_some()).unwrap_or(b',');
    let mut slow = Slow::new(separator, 1 + memchr_iter(b'\n', bytes.get(..begin).unwrap_or_default()).count() as u64);
    let mut found = None;
    let mut keep = |event: Event<'_>| {
        found.get_or_insert(match event {
            Event::Row(row) => {
                Ok((row.bytes.to_vec(), (0..row.columns()).map(|i| row.field(i).into_owned()).collect()))
            }
            Event::GivenUp(_, why, _) => Err(why),
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
        Some(Err(why)) => Peek::GivenUp(why),
        None => Peek::More,
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
    fn the_first_line_tells_the_separator_and_where_the_rest_begins() {
        let found = head(b"\xEF\xBB\xBF\r\n \na;\"b,\nc\"\r\n1;2\n");
        assert_eq!((found.separator, found.length, found.line), (b';', 17, 5));
        assert_eq!(found.fields, [b"a".to_vec(), b"b,\nc".to_vec()]);
        assert_eq!(found.record, b"a;\"b,\nc\"");
        assert_eq!(head(b"a,b\tc\n").separator, b'\t');
        assert_eq!(head(b"a,b").length, 3);
    }

    #[test]
    fn what_is_no_first_record_is_told() {
        assert_eq!(peek(b"a;b", false), Peek::More);
        assert_eq!(peek(b"\xEF\xBB\xBF \n", true), Peek::Blank);
        assert_eq!(peek(b"a;\"b\n1;2\n", true), Peek::GivenUp(GivenUp::OpenQuote));
        assert_eq!(peek(&vec![b'x'; LONGEST_RECORD + 2], false), Peek::GivenUp(GivenUp::TooLong));
    }
}
