//! Splits JSON of any size into its objects while it is read: those of a list, those that follow one another, or one per line.
//!
//! ```text
//!   blocks of bytes ──► Splitter ──► (line, object) …
//! ```

/// The longest object, bytes: a page of ten thousand records.
const LONGEST: usize = 64 << 20;

/// Why the text as a whole is not usable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BadJson {
    /// Something other than an object on this line.
    NoObject(u64),
    /// An object longer than 64 MiB begins on this line.
    TooLong(u64),
    /// The text ends within an object or a list.
    Truncated,
}

/// The state between two blocks.
#[derive(Debug)]
pub(crate) struct Splitter {
    /// Each line is one object, so that a broken one costs one line.
    by_line: bool,
    /// Bytes of the current object so far.
    object: Vec<u8>,
    /// Line on which it begins, from 1.
    begins: u64,
    line: u64,
    /// Open brackets within the object.
    depth: usize,
    in_string: bool,
    escaped: bool,
    /// Whether the objects are in a list that is still open.
    in_list: bool,
}

impl Splitter {
    pub(crate) fn new(by_line: bool) -> Self {
        Self {
            by_line,
            object: Vec::new(),
            begins: 1,
            line: 1,
            depth: 0,
            in_string: false,
            escaped: false,
            in_list: false,
        }
    }

    /// Passes on every object that is complete with these bytes, with the line on which it begins.
    pub(crate) fn feed(&mut self, bytes: &[u8], emit: &mut impl FnMut(u64, &[u8])) -> Result<(), BadJson> {
        if self.by_line {
            return self.feed_lines(bytes, emit);
        }
        let mut from = 0;
        for (at, byte) in bytes.iter().enumerate() {
            self.line += u64::from(*byte == b'\n');
            if self.depth == 0 {
                if *byte == b'{' {
                    (from, self.depth, self.begins) = (at, 1, self.line);
                } else {
                    self.between(*byte)?;
                }
            } else if self.in_string {
                match byte {
                    _ if self.escaped => self.escaped = false,
                    b'\\' => self.escaped = true,
                    b'"' => self.in_string = false,
                    _ => {}
                }
            } else {
                match byte {
                    b'"' => self.in_string = true,
                    b'{' | b'[' => self.depth += 1,
                    b'}' | b']' => self.depth -= 1,
                    _ => {}
                }
                if self.depth == 0 {
                    let end = bytes.get(from..=at).unwrap_or_default();
                    if self.object.is_empty() {
                        emit(self.begins, end);
                    } else {
                        self.object.extend_from_slice(end);
                        emit(self.begins, &self.object);
                        self.object.clear();
                    }
                }
            }
        }
        if self.depth > 0 {
            self.keep(bytes.get(from..).unwrap_or_default())?;
        }
        Ok(())
    }

    /// A byte outside all objects.
    fn between(&mut self, byte: u8) -> Result<(), BadJson> {
        match byte {
            b'[' if !self.in_list => self.in_list = true,
            b']' if self.in_list => self.in_list = false,
            b',' => {}
            byte if byte.is_ascii_whitespace() => {}
            _ => return Err(BadJson::NoObject(self.line)),
        }
        Ok(())
    }

    fn feed_lines(&mut self, bytes: &[u8], emit: &mut impl FnMut(u64, &[u8])) -> Result<(), BadJson> {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.keep(piece)?;
            if piece.ends_with(b"\n") {
                self.end_line(emit);
            }
        }
        Ok(())
    }

    fn end_line(&mut self, emit: &mut impl FnMut(u64, &[u8])) {
        let line = self.object.trim_ascii();
        if !line.is_empty() {
            emit(self.line, line);
        }
        self.object.clear();
        self.line += 1;
    }

    fn keep(&mut self, bytes: &[u8]) -> Result<(), BadJson> {
        if self.object.len() + bytes.len() > LONGEST {
            return Err(BadJson::TooLong(if self.by_line { self.line } else { self.begins }));
        }
        self.object.extend_from_slice(bytes);
        Ok(())
    }

    /// Call it after the last bytes.
    pub(crate) fn finish(mut self, emit: &mut impl FnMut(u64, &[u8])) -> Result<(), BadJson> {
        if self.by_line {
            self.end_line(emit);
            return Ok(());
        }
        if self.depth > 0 || self.in_list { Err(BadJson::Truncated) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Objects = Vec<(u64, String)>;

    fn split(text: &[u8], by_line: bool, size: usize) -> Result<Objects, BadJson> {
        let mut splitter = Splitter::new(by_line);
        let mut found = Vec::new();
        let mut emit = |line, object: &[u8]| found.push((line, String::from_utf8_lossy(object).into_owned()));
        for piece in text.chunks(size) {
            splitter.feed(piece, &mut emit)?;
        }
        splitter.finish(&mut emit)?;
        Ok(found)
    }

    #[test]
    fn objects_are_found_in_every_shape() {
        let (a, b) = (r#"{"a": "}]\"{"}"#, r#"{"b": [{}, [1]]}"#);
        let expected = |first, second| Ok(vec![(first, a.to_owned()), (second, b.to_owned())]);
        for size in [1, 3, 100] {
            assert_eq!(split(format!("[{a},{b}]").as_bytes(), false, size), expected(1, 1));
            assert_eq!(split(format!(" [\n{a},\n {b}\n]\n").as_bytes(), false, size), expected(2, 3));
            assert_eq!(split(format!("{a}{b}").as_bytes(), false, size), expected(1, 1));
            assert_eq!(split(format!("{a}\n\n{b}").as_bytes(), false, size), expected(1, 3));
            assert_eq!(split(format!("{a}\r\n\n{b}").as_bytes(), true, size), expected(1, 3));
            assert_eq!(split(format!("{{\"a\n{b}\n").as_bytes(), true, size).unwrap().len(), 2, "a broken line");
            assert_eq!(split(b"[]", false, size), Ok(Vec::new()));
        }
    }

    #[test]
    fn text_that_is_cut_or_not_of_objects_is_an_error() {
        for size in [1, 100] {
            assert_eq!(split(b"[{\"a\":1},{\"b\"", false, size), Err(BadJson::Truncated));
            assert_eq!(split(b"[{\"a\":1}", false, size), Err(BadJson::Truncated));
            assert_eq!(split(b"{}\n12", false, size), Err(BadJson::NoObject(2)));
            assert_eq!(split(b"[[{}]]", false, size), Err(BadJson::NoObject(1)));
        }
    }

    proptest! {
        #[test]
        fn block_size_changes_nothing(text in "[{}\\[\\]\",:\\\\a1\n ]{0,60}", size in 1_usize..10, by_line in any::<bool>()) {
            prop_assert_eq!(split(text.as_bytes(), by_line, size), split(text.as_bytes(), by_line, 1000));
        }
    }
}
