//! Splits JSON snapshots of an API into records with their lines, so that a bad record is rejected alone and quoted with its line.
//!
//! `serde_json`'s `RawValue` cannot do this: it needs the whole list to be valid UTF-8, while here one invalid record is rejected alone.
//!
//! Shapes: a list under one of the source's names, `{"results": [{…}]}`; a bare list; one object per line.

use serde::de::{Deserialize, IgnoredAny};

use contract::Reason;

use super::table::{LONGEST_RECORD, without_bom};

/// One record of a snapshot, still text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Element<'a> {
    /// Physical line on which it begins, from 1.
    pub(crate) line: u64,
    pub(crate) raw: &'a [u8],
}

impl<'a> Element<'a> {
    /// As a value of some sort, or why it is none.
    ///
    /// # Errors
    /// Too long, not UTF-8, or not JSON.
    pub(crate) fn parse<T: Deserialize<'a>>(&self) -> Result<T, Reason> {
        if self.raw.len() > LONGEST_RECORD {
            return Err(Reason::RecordTooLong);
        }
        let text = std::str::from_utf8(self.raw).map_err(|_| Reason::InvalidUtf8)?;
        serde_json::from_str(text).map_err(|_| Reason::UnreadableRecord)
    }
}

/// The records of a snapshot, which may be listed under one of the keys `names`; `None` if it is empty, truncated or of another shape.
#[must_use]
pub(crate) fn elements<'a>(bytes: &'a [u8], names: &[&str]) -> Option<Vec<Element<'a>>> {
    let lead = bytes.len() - without_bom(bytes).len();
    if !is_json(bytes.get(lead..)?) {
        return lines(bytes, lead);
    }
    let start = skip_space(bytes, lead);
    let list = match bytes.get(start)? {
        b'[' => Some(start),
        b'{' => list_of(bytes, start, names),
        _ => return None,
    };
    match list {
        Some(list) => Some(items(bytes, list)),
        // A single object is a file with one record.
        None => Some(vec![Element { line: line_at(bytes, start), raw: bytes.get(start..)?.trim_ascii_end() }]),
    }
}

/// One record per line, if the first line is valid JSON by itself.
fn lines(bytes: &[u8], lead: usize) -> Option<Vec<Element<'_>>> {
    let mut elements = Vec::new();
    for (line, text) in (1..).zip(bytes.get(lead..)?.split(|byte| *byte == b'\n')) {
        let raw = text.trim_ascii();
        if !raw.is_empty() {
            if elements.is_empty() && !is_json(raw) {
                return None;
            }
            elements.push(Element { line, raw });
        }
    }
    (!elements.is_empty()).then_some(elements)
}

fn is_json(bytes: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(bytes).is_ok()
}

/// Offset of the list under one of the names, in the object at `at`. The text is valid JSON.
fn list_of(bytes: &[u8], at: usize, names: &[&str]) -> Option<usize> {
    let mut at = skip_space(bytes, at + 1);
    while bytes.get(at) == Some(&b'"') {
        let end = skip_value(bytes, at);
        let key = bytes.get(at + 1..end.checked_sub(1)?)?;
        let value = skip_space(bytes, skip_space(bytes, end) + 1);
        if bytes.get(value) == Some(&b'[') && names.iter().any(|name| name.as_bytes() == key) {
            return Some(value);
        }
        at = skip_space(bytes, skip_value(bytes, value));
        if bytes.get(at) == Some(&b',') {
            at = skip_space(bytes, at + 1);
        }
    }
    None
}

/// The items of the list at `at`. The text is valid JSON.
fn items(bytes: &[u8], at: usize) -> Vec<Element<'_>> {
    let mut elements = Vec::new();
    let (mut line, mut counted) = (1, 0);
    let mut at = skip_space(bytes, at + 1);
    while !matches!(bytes.get(at), None | Some(b']')) {
        let end = skip_value(bytes, at);
        line += newlines(bytes.get(counted..at).unwrap_or_default());
        counted = at;
        elements.push(Element { line, raw: bytes.get(at..end).unwrap_or_default() });
        at = skip_space(bytes, end);
        if bytes.get(at) == Some(&b',') {
            at = skip_space(bytes, at + 1);
        }
    }
    elements
}

/// The end of the value at `start`; greater than `start` for any input, so that callers make progress.
fn skip_value(bytes: &[u8], start: usize) -> usize {
    let mut depth = 0_usize;
    let mut at = start;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                at = string_end(bytes, at);
                if depth == 0 {
                    return at;
                }
                continue;
            }
            b'[' | b'{' => depth += 1,
            b']' | b'}' => {
                if depth <= 1 {
                    // A bracket right after a number closes the surrounding container.
                    return if depth == 0 { at.max(start + 1) } else { at + 1 };
                }
                depth -= 1;
            }
            b',' if depth == 0 => return at.max(start + 1),
            byte if depth == 0 && byte.is_ascii_whitespace() => return at.max(start + 1),
            _ => {}
        }
        at += 1;
    }
    at.max(start + 1)
}

/// The offset after the closing quote of the string at `at`.
fn string_end(bytes: &[u8], at: usize) -> usize {
    let mut at = at + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    at
}

fn skip_space(bytes: &[u8], at: usize) -> usize {
    at + bytes.get(at..).unwrap_or_default().iter().take_while(|byte| byte.is_ascii_whitespace()).count()
}

fn line_at(bytes: &[u8], at: usize) -> u64 {
    1 + newlines(bytes.get(..at).unwrap_or_default())
}

fn newlines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Option<Vec<(u64, &str)>> {
        let elements = elements(text.as_bytes(), &["results", "records"])?;
        Some(elements.iter().map(|element| (element.line, std::str::from_utf8(element.raw).unwrap())).collect())
    }

    #[test]
    fn snapshot_of_any_shape_is_split_into_records_with_lines() {
        assert_eq!(
            read("\u{feff}{\n \"n\": [1, {\"results\": []}],\n \"results\" : [ {\"a\": \"]}\\\"\"}\n,\n{\"b\":[1]} ]}"),
            Some(vec![(3, "{\"a\": \"]}\\\"\"}"), (5, "{\"b\":[1]}")])
        );
        assert_eq!(read("[{\"a\":1},2]"), Some(vec![(1, "{\"a\":1}"), (1, "2")]));
        assert_eq!(
            read("{\"a\":1}\n\n{\"a\":\n{\"b\":2}\n"),
            Some(vec![(1, "{\"a\":1}"), (3, "{\"a\":"), (4, "{\"b\":2}")])
        );
        assert_eq!(read("\n{\"a\":1}"), Some(vec![(2, "{\"a\":1}")]));
        assert_eq!(read("{\"results\":[]}"), Some(vec![]));
    }

    #[test]
    fn empty_or_truncated_snapshot_is_unreadable() {
        for text in
            ["", "\u{feff}", "  \n", "12", "<html>", "[{\"a\":1},\n{\"a\":1}\n", "{\"results\":[{\"a\":1}", "{\n\"a\":"]
        {
            assert_eq!(read(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn splitter_terminates_on_any_bytes(bytes in proptest::collection::vec(prop_oneof![
            Just(b'['), Just(b']'), Just(b'{'), Just(b'}'), Just(b'"'), Just(b','), Just(b':'), Just(b'1'), Just(b'\n'), any::<u8>()
        ], 0..60)) {
            let _ = elements(&bytes, &["1"]);
        }
    }
}
