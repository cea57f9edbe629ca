//! Splits JSON snapshots of an API into records with their lines, so that a bad record is rejected alone and quoted with its line.
//!
//! `serde_json`'s `RawValue` cannot do this: it needs the whole list to be valid UTF-8, while here one invalid record is rejected alone.
//!
//! ```text
//!   {"total": 2, "results": [{…}, {…}]}     a page: records under one of the source's names, among them a FeatureCollection
//!   [page, page]    page ⏎ page    page page
//!   [{…}, {…}]      {…} ⏎ {…}      {…}{…}      records without a page
//! ```

use std::fmt;

use contract::Reason;
use memchr::memmem;
use serde::de::{Deserialize, DeserializeOwned, IgnoredAny};

use super::table::{LONGEST_RECORD, without_bom};

/// Length of the beginning that shows what a broken snapshot resembles, bytes.
const BEGINNING: usize = 1024;

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

/// The records of one page, or consecutive records outside any page.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Page<'a> {
    pub(crate) elements: Vec<Element<'a>>,
    /// Whether they are listed under one of the source's names.
    pub(crate) is_page: bool,
    /// The other entries of the page, with their values still text.
    entries: Vec<(&'a [u8], &'a [u8])>,
}

impl Page<'_> {
    /// An entry of the page; `None` if it is missing or of another type.
    pub(crate) fn entry<T: DeserializeOwned>(&self, key: &str) -> Option<T> {
        let (_, value) = self.entries.iter().rev().find(|(name, _)| *name == key.as_bytes())?;
        serde_json::from_slice(value).ok()
    }
}

/// The shape of a snapshot; its text says what an unusable one resembles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Empty,
    /// Neither an object nor a list.
    Other,
    Object,
    Page,
    FeatureCollection,
    List,
    ListOfPages,
    RecordPerLine,
    PagePerLine,
    RunTogether,
    /// JSON of this beginning that ends too early or has an error.
    BrokenObject,
    BrokenPage,
    BrokenFeatureCollection,
    BrokenList,
    BrokenListOfPages,
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "an empty file",
            Self::Other => "no JSON",
            Self::Object => "a single object",
            Self::Page => "one page of records",
            Self::FeatureCollection => "a GeoJSON FeatureCollection",
            Self::List => "a list of records",
            Self::ListOfPages => "a list of pages",
            Self::RecordPerLine => "one record a line",
            Self::PagePerLine => "one page a line",
            Self::RunTogether => "objects run together without a separator",
            Self::BrokenObject => "a truncated object",
            Self::BrokenPage => "a truncated page of records",
            Self::BrokenFeatureCollection => "a truncated GeoJSON FeatureCollection",
            Self::BrokenList => "a truncated list of records",
            Self::BrokenListOfPages => "a truncated list of pages",
        })
    }
}

/// A snapshot that was split into records.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer<'a> {
    pub(crate) shape: Shape,
    pub(crate) pages: Vec<Page<'a>>,
}

impl<'a> Answer<'a> {
    /// The records of all pages, in file order.
    pub(crate) fn elements(&self) -> impl Iterator<Item = &Element<'a>> {
        self.pages.iter().flat_map(|page| &page.elements)
    }

    /// Splits a snapshot; in a page the records are listed under one of the keys `names`.
    ///
    /// # Errors
    /// The shape that it resembles, if it is empty, truncated or not JSON.
    pub(crate) fn split(bytes: &'a [u8], names: &[&str]) -> Result<Self, Shape> {
        let lead = bytes.len() - without_bom(bytes).len();
        let start = skip_space(bytes, lead);
        let text = bytes.get(start..).unwrap_or_default().trim_ascii_end();
        if is_json(text) {
            let line = 1 + newlines(bytes.get(..start).unwrap_or_default());
            let whole = Element { line, raw: text };
            return match text.first() {
                Some(b'[') => {
                    let (items, _) = items(text, 0, line);
                    Ok(Self::of(items, names, (Shape::List, Shape::ListOfPages), |_| true))
                }
                Some(b'{') => Ok(Self::of(vec![whole], names, (Shape::Object, Shape::Page), |_| true)),
                _ => Err(Shape::Other),
            };
        }
        if let Some((lines, suspicious)) = lines(bytes, lead) {
            let apart = if suspicious { run_together(bytes, start).filter(|apart| apart.invalid == 0) } else { None };
            return Ok(match apart {
                Some(apart) => Self::of(apart.values, names, (Shape::RunTogether, Shape::RunTogether), is_json),
                None => Self::of(lines, names, (Shape::RecordPerLine, Shape::PagePerLine), is_json),
            });
        }
        match run_together(bytes, start) {
            Some(apart) => Ok(Self::of(apart.values, names, (Shape::RunTogether, Shape::RunTogether), is_json)),
            None => Err(resembled(text, names)),
        }
    }

    /// Opens the pages among the values. `shapes`: without and with pages.
    fn of(values: Vec<Element<'a>>, names: &[&str], shapes: (Shape, Shape), is_valid: impl Fn(&[u8]) -> bool) -> Self {
        let mut answer = Self { shape: shapes.0, pages: Vec::new() };
        let finders: Vec<_> = names.iter().map(|name| memmem::Finder::new(name.as_bytes())).collect();
        let mut outside = Page::default();
        for value in values {
            // Scanning the keys of every record would double the cost of reading.
            let named = finders.iter().any(|finder| finder.find(value.raw).is_some());
            match named.then(|| page_of(&value, names)).flatten().filter(|_| is_valid(value.raw)) {
                None => outside.elements.push(value),
                Some((page, name)) => {
                    let geojson = name == "features" && matches!(answer.shape, Shape::Object);
                    answer.shape = if geojson { Shape::FeatureCollection } else { shapes.1 };
                    if !outside.elements.is_empty() {
                        answer.pages.push(std::mem::take(&mut outside));
                    }
                    answer.pages.push(page);
                }
            }
        }
        if !outside.elements.is_empty() {
            answer.pages.push(outside);
        }
        answer
    }
}

/// The value as a page, with the name of its list; `None` if it has no list under one of the names.
fn page_of<'a, 'n>(value: &Element<'a>, names: &[&'n str]) -> Option<(Page<'a>, &'n str)> {
    let raw = value.raw;
    if raw.first() != Some(&b'{') {
        return None;
    }
    let (mut page, mut list) = (Page { is_page: true, ..Page::default() }, None);
    let mut at = skip_space(raw, 1);
    while raw.get(at) == Some(&b'"') {
        let end = string_end(raw, at);
        let key = raw.get(at + 1..end.checked_sub(1)?)?;
        let start = skip_space(raw, skip_space(raw, end) + 1);
        let name = names.iter().find(|name| name.as_bytes() == key).filter(|_| raw.get(start) == Some(&b'['));
        let end = match name {
            Some(name) if list.is_none() => {
                let line = value.line + newlines(raw.get(..start)?);
                let (elements, end) = items(raw, start, line);
                page.elements = elements;
                list = Some(*name);
                end
            }
            _ => {
                let end = skip_value(raw, start);
                page.entries.push((key, raw.get(start..end)?));
                end
            }
        };
        at = skip_space(raw, end);
        if raw.get(at) == Some(&b',') {
            at = skip_space(raw, at + 1);
        }
    }
    Some((page, list?))
}

/// One value per line, if the first line is valid JSON by itself; and whether a line may hold several values, or a part of one.
fn lines(bytes: &[u8], lead: usize) -> Option<(Vec<Element<'_>>, bool)> {
    let (mut elements, mut suspicious) = (Vec::new(), false);
    for (line, text) in (1..).zip(bytes.get(lead..)?.split(|byte| *byte == b'\n')) {
        let raw = text.trim_ascii();
        if !raw.is_empty() {
            if elements.is_empty() && !is_json(raw) {
                return None;
            }
            suspicious |= !matches!(raw.last(), Some(b'}' | b']' | b'"')) || memmem::find(raw, b"}{").is_some();
            elements.push(Element { line, raw });
        }
    }
    (!elements.is_empty()).then_some((elements, suspicious))
}

/// Values one after the other, with nothing, space or a comma between them.
struct Apart<'a> {
    values: Vec<Element<'a>>,
    /// Number of values that are not JSON.
    invalid: usize,
}

/// `None` if the first value is not JSON, or there are not two values that are.
fn run_together(bytes: &[u8], start: usize) -> Option<Apart<'_>> {
    let mut apart = Apart { values: Vec::new(), invalid: 0 };
    let (mut line, mut counted) = (1, 0);
    let mut at = start;
    while at < bytes.len() {
        let end = skip_value(bytes, at);
        let raw = bytes.get(at..end)?;
        let valid = is_json(raw);
        if apart.values.is_empty() && !valid {
            return None;
        }
        apart.invalid += usize::from(!valid);
        line += newlines(bytes.get(counted..at)?);
        counted = at;
        apart.values.push(Element { line, raw });
        at = skip_space(bytes, end);
        if bytes.get(at) == Some(&b',') {
            at = skip_space(bytes, at + 1);
        }
    }
    (apart.values.len() >= apart.invalid + 2).then_some(apart)
}

/// What a text that is not JSON resembles by its beginning.
fn resembled(text: &[u8], names: &[&str]) -> Shape {
    let head = text.get(..BEGINNING).unwrap_or(text);
    let has = |word: &str| memmem::find(head, format!("\"{word}\"").as_bytes()).is_some();
    let has_page = names.iter().any(|name| has(name));
    match text.first() {
        None => Shape::Empty,
        Some(b'{') if has("FeatureCollection") => Shape::BrokenFeatureCollection,
        Some(b'{') if has_page => Shape::BrokenPage,
        Some(b'{') => Shape::BrokenObject,
        Some(b'[') if has_page => Shape::BrokenListOfPages,
        Some(b'[') => Shape::BrokenList,
        Some(_) => Shape::Other,
    }
}

fn is_json(bytes: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(bytes).is_ok()
}

/// The items of the list at `at` on line `line`, and the end of the list. The text is valid JSON.
fn items(bytes: &[u8], start: usize, mut line: u64) -> (Vec<Element<'_>>, usize) {
    let mut elements = Vec::new();
    let mut counted = start;
    let mut at = skip_space(bytes, start + 1);
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
    (elements, at + 1)
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

fn newlines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

#[cfg(test)]
#[path = "json_records/tests.rs"]
mod tests;
