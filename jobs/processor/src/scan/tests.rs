//! Compares both readers and the engine with the `csv` crate: the same rows at the same lines for any text, chunk size, number of threads
//! and instruction set.

use proptest::prelude::*;

use super::engine::{self, Chunk, Feed, Settings};
use super::*;

/// A row: its line, and either its bytes, whether they are valid text, and its fields; or the reason why it is unreadable.
type ReadRow = (u64, Result<(Vec<u8>, bool, Vec<Vec<u8>>), Unreadable>);

struct Collect;

fn seen(row: &Row<'_>) -> ReadRow {
    let fields = (0..row.columns()).map(|i| row.field(i).into_owned()).collect();
    (row.line, Ok((row.bytes.to_vec(), row.is_text, fields)))
}

impl Reader for Collect {
    type Partial = Vec<ReadRow>;
    type Worker = ();

    fn new_partial(&self) -> Vec<ReadRow> {
        Vec::new()
    }

    fn worker(&self) {}

    fn row(&self, (): &mut (), partial: &mut Vec<ReadRow>, row: &Row<'_>) {
        partial.push(seen(row));
    }

    fn unreadable(&self, partial: &mut Vec<ReadRow>, line: u64, why: Unreadable, _: &[u8]) {
        partial.push((line, Err(why)));
    }
}

/// A text in chunks of one size, as bytes or as ranges.
struct Chunks {
    text: Vec<u8>,
    next: usize,
    size: usize,
    ranges: bool,
}

impl Feed for Chunks {
    type Error = String;

    fn next(&mut self) -> Result<Option<Chunk>, String> {
        let (from, to) = (self.next, self.text.len().min(self.next + self.size));
        self.next = to;
        Ok((from < to).then(|| match self.ranges {
            true => Chunk::Range { offset: from as u64, length: to - from },
            false => Chunk::Bytes(self.text[from..to].to_vec().into()),
        }))
    }
}

fn fast(text: &[u8], separator: u8, threads: usize, size: usize, simd: Simd, ranges: bool) -> Vec<ReadRow> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let settings = Settings { separator, line: 1, simd, in_flight: 2, sum: true };
    let chunks = Chunks { text: text.to_vec(), next: 0, size, ranges };
    let fetch = |offset: u64, buffer: &mut [u8]| {
        let offset = offset as usize;
        buffer.copy_from_slice(&text[offset..offset + buffer.len()]);
        Ok(())
    };
    let mut rows: Vec<ReadRow> = Vec::new();
    let fold =
        |partial: &Vec<ReadRow>, lines: u64| rows.extend(partial.iter().map(|(line, row)| (line + lines, row.clone())));
    let report = engine::run(&pool, &Collect, settings, chunks, fetch, fold).unwrap();
    let mut sum = crate::crc::Crc64::default();
    sum.update(text);
    assert_eq!(report.sum.unwrap().value(), sum.value());
    assert_eq!(report.bytes, text.len() as u64);
    rows
}

fn slow(text: &[u8], separator: u8, size: usize) -> Vec<ReadRow> {
    read_slowly(&Collect, separator, text.chunks(size))
}

/// Lines and fields by the `csv` crate, for texts without an open quote.
fn theirs(text: &[u8], separator: u8) -> Vec<(u64, Vec<Vec<u8>>)> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator)
        .terminator(csv::Terminator::Any(b'\n'))
        .from_reader(text);
    let mut rows = Vec::new();
    let mut record = csv::ByteRecord::new();
    while reader.read_byte_record(&mut record).unwrap() {
        let at = record.position().unwrap().byte() as usize;
        // In the crate, the blank lines before a record belong to it.
        let blank = text[at..].iter().take_while(|byte| **byte == b'\n').count();
        let line = 1 + text[..at + blank].iter().filter(|byte| **byte == b'\n').count() as u64;
        rows.push((line, record.iter().map(<[u8]>::to_vec).collect()));
    }
    rows
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        // Quotes at any position.
        prop::collection::vec(prop::sample::select(b"a;,\"\"\n \r\xC3\xA9".to_vec()), 0..160),
        // Regular quotes, with line feeds and separators inside.
        prop::collection::vec(
            prop::sample::select(vec![
                "a",
                ";",
                ";",
                "\n",
                "\r\n",
                ";\"x\ny\";",
                ";\"\"\"b;\"\"\"\n",
                "\"\";",
                "é",
                "\"q\nq\nq\"\n"
            ]),
            0..80
        )
        .prop_map(|parts| parts.concat().into_bytes()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, max_global_rejects: 100_000, ..ProptestConfig::default() })]

    #[test]
    fn both_readers_give_the_same_rows_for_any_chunks(
        text in text(),
        separator in prop::sample::select(b";,\t".to_vec()),
        size in prop_oneof![1usize..8, 1usize..200],
        threads in 1usize..4,
        ranges in any::<bool>(),
    ) {
        let expected = slow(&text, separator, text.len().max(1));
        prop_assert_eq!(&slow(&text, separator, size), &expected);
        for simd in Simd::available() {
            prop_assert_eq!(&fast(&text, separator, threads, size, simd, ranges), &expected, "{}", simd.name());
        }
    }

    #[test]
    fn slow_reader_equals_the_csv_crate(text in text(), separator in prop::sample::select(b";,".to_vec()), size in 1usize..200) {
        let ours = slow(&text, separator, size);
        prop_assume!(ours.iter().all(|(_, row)| row.is_ok()));
        let ours: Vec<_> = ours.into_iter().map(|(line, row)| (line, row.unwrap())).collect();
        let theirs: Vec<_> = theirs(&text, separator).into_iter().collect();
        // The crate keeps a carriage return before a line feed in the field, and treats a line of spaces as a row.
        let without_return = |fields: &[Vec<u8>], given: &[u8]| {
            let mut fields = fields.to_vec();
            let last = fields.last_mut().unwrap();
            if last.last() == Some(&b'\r') && !given.ends_with(b"\r\"") {
                last.pop();
            }
            fields
        };
        let mut ours = ours.into_iter();
        for (line, fields) in theirs {
            if fields.concat().trim_ascii().is_empty() && fields.len() == 1 && !text.contains(&b'"') {
                continue;
            }
            if fields.len() == 1 && fields[0].trim_ascii().is_empty() && ours.as_slice().first().is_none_or(|(ours, _)| *ours != line) {
                continue;
            }
            let (our_line, (given, _, our_fields)) = ours.next().unwrap();
            prop_assert_eq!(our_line, line);
            if given.contains(&b'\r') {
                prop_assert_eq!(our_fields.len(), fields.len());
            } else {
                prop_assert_eq!(our_fields, without_return(&fields, &given));
            }
        }
        prop_assert!(ours.next().is_none());
    }

    #[test]
    fn both_readers_give_the_same_rows_for_any_bytes(text in prop::collection::vec(any::<u8>(), 0..600), size in 1usize..300) {
        prop_assert_eq!(fast(&text, b';', 2, size, Simd::detect(), true), slow(&text, b';', 7));
    }
}

/// A text whose second record has about `length` bytes and, if `open`, a quote that its own line does not close.
fn with_long_record(length: usize, open: bool) -> Vec<u8> {
    let mut text = b"1;first\n2;".to_vec();
    if open {
        text.push(b'"');
    }
    text.resize(text.len() + length, b'x');
    text.extend_from_slice(b"\n3;third\n");
    for row in 4..60_000 {
        text.extend_from_slice(format!("{row};\"a \"\"quoted\"\"\nfield\"\n").as_bytes());
    }
    text
}

#[test]
fn long_record_or_open_quote_costs_at_most_one_record() {
    for (length, open, lost) in [
        (LONGEST_RECORD - 2, false, None),
        (LONGEST_RECORD - 1, false, Some(Unreadable::TooLong)),
        (3 * LONGEST_RECORD, false, Some(Unreadable::TooLong)),
        (9, true, None),
    ] {
        let text = with_long_record(length, open);
        let expected = slow(&text, b';', text.len());
        assert_eq!(expected.iter().find_map(|(_, row)| row.clone().err()), lost, "{length} {open}");
        for size in [1 << 12, 100_003, 1 << 20, 3 << 20, text.len()] {
            let rows = fast(&text, b';', 2, size, Simd::detect(), size % 2 == 0);
            assert!(rows == expected, "{length} {open} in chunks of {size}");
        }
    }
}

#[test]
fn open_quote_is_abandoned_at_the_end_of_text_or_at_the_length_limit() {
    let mut text = b"1;\"stray\n".to_vec();
    for _ in 0..300_000 {
        text.extend_from_slice(b"2;ok\n");
    }
    for (text, why) in [(text.clone(), Unreadable::TooLong), (text[..400].to_vec(), Unreadable::OpenQuote)] {
        for size in [64, 4096, 1 << 16, 1 << 22] {
            let rows = fast(&text, b';', 2, size, Simd::detect(), true);
            assert_eq!(rows[0], (1, Err(why)));
            assert_eq!(rows.len(), text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count());
        }
    }
}

#[test]
fn chunk_that_begins_inside_quotes_is_repaired() {
    let mut text = Vec::new();
    for row in 0..2000 {
        // Each line of the field looks like a row, with its own regular quotes.
        text.extend_from_slice(format!("{row};\"one\n;\"\"x\"\";\n;\"\"\"\"\n\";end\n").as_bytes());
    }
    let expected = slow(&text, b';', 64);
    assert_eq!(expected.len(), 2000);
    for size in 1..120 {
        assert_eq!(fast(&text, b';', 3, size, Simd::detect(), true), expected, "{size}");
    }
}

#[test]
fn feed_error_ends_the_run() {
    struct Broken(u32);
    impl Feed for Broken {
        type Error = &'static str;
        fn next(&mut self) -> Result<Option<Chunk>, &'static str> {
            self.0 += 1;
            match self.0 {
                0..20 => Ok(Some(Chunk::Bytes(b"1;2\n".as_slice().into()))),
                20 => Err("broken"),
                _ => Err("called again after its error"),
            }
        }
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
    let settings = Settings { separator: b';', line: 1, simd: Simd::detect(), in_flight: 1, sum: false };
    for _ in 0..200 {
        let ended = engine::run(&pool, &Collect, settings, Broken(0), |_, _| Ok(()), |_, _| {});
        assert_eq!(ended.err(), Some("broken"));
    }
}
