//! One record and its fields, as they stand in the text.

use std::borrow::Cow;

use memchr::memchr;

/// One record, cut into fields. Fields are taken out of the text only when asked for.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// Its bytes as they stand, quotes and all, without its line end.
    pub bytes: &'a [u8],
    /// Physical line on which it begins: counted from where the text of the reader began.
    pub line: u64,
    /// Whether it is valid UTF-8.
    pub is_text: bool,
    /// What the positions count in.
    pub(super) text: &'a [u8],
    /// Where the first field begins.
    pub(super) begin: usize,
    /// Where the last field ends.
    pub(super) end: usize,
    /// Where each field ends, before its separator; of the last one a place at or after `end`.
    pub(super) ends: &'a [u32],
}

impl<'a> Row<'a> {
    /// Number of fields.
    #[inline]
    #[must_use]
    pub fn columns(&self) -> usize {
        self.ends.len()
    }

    /// Field `index` as it stands, quotes and all; empty where there is none.
    #[inline]
    #[must_use]
    pub fn raw(&self, index: usize) -> &'a [u8] {
        let Some(&end) = self.ends.get(index) else { return b"" };
        let end = if index + 1 == self.ends.len() { self.end } else { end as usize };
        let begin = match index.checked_sub(1) {
            Some(before) => self.ends.get(before).map_or(self.begin, |&end| end as usize + 1),
            None => self.begin,
        };
        self.text.get(begin..end).unwrap_or_default()
    }

    /// Field `index` without its quotes.
    #[inline]
    #[must_use]
    pub fn field(&self, index: usize) -> Cow<'a, [u8]> {
        unquote(self.raw(index))
    }
}

/// The content of a field: outer quotes off, doubled quotes single, what follows a closing quote appended as it is.
#[inline]
#[must_use]
pub fn unquote(raw: &[u8]) -> Cow<'_, [u8]> {
    match raw {
        [b'"', rest @ ..] => unquoted(rest),
        _ => Cow::Borrowed(raw),
    }
}

/// The content of a field whose first quote is off already.
fn unquoted(rest: &[u8]) -> Cow<'_, [u8]> {
    if let [inner @ .., b'"'] = rest
        && memchr(b'"', inner).is_none()
    {
        return Cow::Borrowed(inner);
    }
    let mut content = Vec::with_capacity(rest.len());
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

/// A field as it could stand in a text, such that [`unquote`] gives the content back.
pub(super) fn quote(content: &[u8], out: &mut Vec<u8>) {
    if content.first() != Some(&b'"') {
        return out.extend_from_slice(content);
    }
    out.push(b'"');
    for part in content.split_inclusive(|byte| *byte == b'"') {
        out.extend_from_slice(part);
        if part.ends_with(b"\"") {
            out.push(b'"');
        }
    }
    out.push(b'"');
}

/// A row that holds nothing: empty, or spaces alone.
#[inline]
pub(super) fn is_blank(record: &[u8]) -> bool {
    record.first().is_none_or(u8::is_ascii_whitespace) && record.trim_ascii().is_empty()
}

/// A record without the carriage return before its line feed.
#[inline]
pub(super) fn without_return(record: &[u8]) -> &[u8] {
    record.strip_suffix(b"\r").unwrap_or(record)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn quotes_come_off_as_the_csv_crate_takes_them() {
        for (raw, content) in [
            ("a", "a"),
            ("", ""),
            ("\"\"", ""),
            ("\"a\"", "a"),
            ("\"a\"\"b\"", "a\"b"),
            ("\"a\"b", "ab"),
            ("\"a\"b\"c\"", "ab\"c\""),
            ("\"", ""),
            ("\"open", "open"),
            ("a\"b", "a\"b"),
        ] {
            assert_eq!(unquote(raw.as_bytes()), content.as_bytes(), "{raw}");
        }
    }

    proptest! {
        #[test]
        fn what_is_quoted_comes_back(content in prop::collection::vec(prop::sample::select(b"a\";\n".to_vec()), 0..12)) {
            let mut raw = Vec::new();
            quote(&content, &mut raw);
            prop_assert_eq!(unquote(&raw), content);
        }
    }
}
