//! Both readers, and the engine around them, against the `csv` crate: the same rows at the same places for any text, any chunks, any
//! threads and any way to look at bytes.

use proptest::prelude::*;

use super::engine::{self, Block, Feed, Settings};
use super::*;

/// A row as it was read: its line, its bytes, whether they are text, its fields.
type Seen = (u64, Result<(Vec<u8>, bool, Vec<Vec<u8>>), GivenUp>);

struct Collect;

fn seen(row: &Row<'_>) -> Seen {
    let fields = (0..row.columns()).map(|i| row.field(i).into_owned()).collect();
    (row.line, Ok((row.bytes.to_vec(), row.is_text, fields)))
}

impl Reader for Collect {
    type Part = Vec<Seen>;
    type Worker = ();

    fn part(&self) -> Vec<Seen> {
        Vec::new()
    }

    fn worker(&self) {}

    fn row(&self, (): &mut (), part: &mut Vec<Seen>, row: &Row<'_>) {
        part.push(seen(row));
    }

    fn given_up(&self, part: &mut Vec<Seen>, line: u64, why: GivenUp, _: &[u8]) {
        part.push((line, Err(why)));
    }
}

/// A text in pieces of one size, as bytes or as ranges.
struct Pieces {
    text: Vec<u8>,
    next: usize,
    size: usize,
    ranges: bool,
}

impl Feed for Pieces {
    type Error = String;

    fn next(&mut self) -> Result<Option<Block>, String> {
        let (from, to) = (self.next, self.text.len().min(self.next + self.size));
        self.next = to;
        Ok((from < to).then(|| match self.ranges {
            true => Block::Range { offset: from as u64, length: to - from },
            false => Block::Bytes(self.text[from..to].to_vec().into()),
        }))
    }
}

fn fast(text: &[u8], separator: u8, threads: usize, size: usize, simd: Simd, ranges: bool) -> Vec<Seen> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let settings = Settings { separator, line: 1, simd, in_flight: 2, sum: true };
    let pieces = Pieces { text: text.to_vec(), next: 0, size, ranges };
    let fetch = |offset: u64, buffer: &mut [u8]| {
        let offset = offset as usize;
        buffer.copy_from_slice(&text[offset..offset + buffer.len()]);
        Ok(())
    };
    let mut rows: Vec<Seen> = Vec::new();
    let fold = |part: &Vec<Seen>, lines: u64| rows.extend(part.iter().map(|(line, row)| (line + lines, row.clone())));
    let report = engine::run(&pool, &Collect, settings, pieces, fetch, fold).unwrap();
    let mut sum = crate::crc::Crc64::default();
    sum.update(text);
    assert_eq!(report.sum.unwrap().value(), sum.value());
    assert_eq!(report.bytes, text.len() as u64);
    rows
}

fn slow(text: &[u8], separator: u8, size: usize) -> Vec<Seen> {
    read_slowly(&Collect, separator, text.chunks(size))
}

/// Fields and first lines by the `csv` crate, where no quote stays open.
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
        // The crate begins a record with the line feeds before it.
        let blank = text[at..].iter().take_while(|byte| **byte == b'\n').count();
        let line = 1 + text[..at + blank].iter().filter(|byte| **byte == b'\n').count() as u64;
        rows.push((line, record.iter().map(<[u8]>::to_vec).collect()));
    }
    rows
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        // Any quotes anywhere.
        prop::collection::vec(prop::sample::select(b"a;,\"\"\n \r\xC3\xA9".to_vec()), 0..160),
        // Regular ones, with line feeds and separators inside.
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
    fn both_readers_see_the_same_in_any_chunks(
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
    fn the_slow_reader_is_the_csv_crate(text in text(), separator in prop::sample::select(b";,".to_vec()), size in 1usize..200) {
        let ours = slow(&text, separator, size);
        prop_assume!(ours.iter().all(|(_, row)| row.is_ok()));
        let ours: Vec<_> = ours.into_iter().map(|(line, row)| (line, row.unwrap())).collect();
        let theirs: Vec<_> = theirs(&text, separator).into_iter().collect();
        // To the crate a carriage return before a line feed belongs to the field, and a line of spaces is a row.
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
    fn any_bytes_are_read_alike(text in prop::collection::vec(any::<u8>(), 0..600), size in 1usize..300) {
        prop_assert_eq!(fast(&text, b';', 2, size, Simd::detect(), true), slow(&text, b';', 7));
    }
}

/// A text with one record of so many bytes, of which `quoted` stand inside quotes that do not close.
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
fn a_record_too_long_and_a_quote_never_closed_cost_one_record_in_any_chunks() {
    for (length, open, lost) in [
        (LONGEST_RECORD - 2, false, None),
        (LONGEST_RECORD - 1, false, Some(GivenUp::TooLong)),
        (3 * LONGEST_RECORD, false, Some(GivenUp::TooLong)),
        (9, true, None),
    ] {
        let text = with_long_record(length, open);
        let expected = slow(&text, b';', text.len());
        assert_eq!(expected.iter().find_map(|(_, row)| row.clone().err()), lost, "{length} {open}");
        for size in [1 << 12, 100_003, 1 << 20, 3 << 20, text.len()] {
            let rows = fast(&text, b';', 2, size, Simd::detect(), size % 2 == 0);
            assert!(rows == expected, "{length} {open} in pieces of {size}");
        }
    }
}

#[test]
fn an_open_quote_is_given_up_where_the_text_ends_or_the_record_is_too_long() {
    let mut text = b"1;\"stray\n".to_vec();
    for _ in 0..300_000 {
        text.extend_from_slice(b"2;ok\n");
    }
    for (text, why) in [(text.clone(), GivenUp::TooLong), (text[..400].to_vec(), GivenUp::OpenQuote)] {
        for size in [64, 4096, 1 << 16, 1 << 22] {
            let rows = fast(&text, b';', 2, size, Simd::detect(), true);
            assert_eq!(rows[0], (1, Err(why)));
            assert_eq!(rows.len(), text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count());
        }
    }
}

#[test]
fn a_chunk_that_begins_inside_quotes_is_repaired() {
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
fn an_error_of_the_feed_ends_the_run() {
    struct Broken(u32);
    impl Feed for Broken {
        type Error = &'static str;
        fn next(&mut self) -> Result<Option<Block>, &'static str> {
            self.0 += 1;
            match self.0 {
                0..20 => Ok(Some(Block::Bytes(b"1;2\n".as_slice().into()))),
                20 => Err("broken"),
                _ => Err("asked again after its error"),
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
