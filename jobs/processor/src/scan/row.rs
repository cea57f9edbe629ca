//! One record and its fields, borrowed from the text.

use std::borrow::Cow;

use memchr::memchr;

/// One record, split into fields. A field is extracted from the text only on request.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// Its raw bytes with quotes, without its line end.
    pub bytes: &'a [u8],
    /// Physical line on which it begins, counted from the start of the text of the partial result.
    pub line: u64,
    /// Whether it is valid UTF-8.
    pub is_text: bool,
    /// The text that the positions refer to.
    pub(super) text: &'a [u8],
    /// Start of the first field.
    pub(super) begin: usize,
    /// End of the last field.
    pub(super) end: usize,
    /// End of each field, before its separator; for the last field a position at or after `end`.
    pub(super) ends: &'a [u32],
}

impl<'a> Row<'a> {
    /// A row of fields whose text and ends are known: each ends before a separator of one byte.
    #[must_use]
    pub(crate) fn of_fields(bytes: &'a [u8], line: u64, text: &'a [u8], ends: &'a [u32]) -> Self {
        Self { bytes, line, is_text: true, text, begin: 0, end: text.len(), ends }
    }

    /// Number of fields.
    #[inline]
    #[must_use]
    pub fn columns(&self) -> usize {
        self.ends.len()
    }

    /// Field `index` with its quotes; empty if there is no such field.
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

/// The content of a field: outer quotes removed, doubled quotes made single, bytes after the closing quote appended unchanged.
#[inline]
#[must_use]
pub fn unquote(raw: &[u8]) -> Cow<'_, [u8]> {
    match raw {
        [b'"', rest @ ..] => unquoted(rest),
        _ => Cow::Borrowed(raw),
    }
}

/// The content of a field whose first quote is already removed.
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

/// Writes a field such that [`unquote`] returns its content.
pub(crate) fn quote(content: &[u8], out: &mut Vec<u8>) {
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

/// Whether a record is empty or consists of white space.
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
    fn unquote_equals_the_csv_crate() {
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
        fn unquote_reverts_quote(content in prop::collection::vec(prop::sample::select(b"a\";\n".to_vec()), 0..12)) {
            let mut raw = Vec::new();
            quote(&content, &mut raw);
            prop_assert_eq!(unquote(&raw), content);
        }
    }
}
