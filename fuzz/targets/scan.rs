//! Fuzzes the scan engine with arbitrary bytes as delimited text.
//!
//! For any chunk size, number of threads and SIMD level, the engine has to find the same rows at the same lines as the slow reader, which
//! is based on `csv-core`; and the `csv` crate has to find the same fields.

#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use processor::scan::engine::{self, Chunk, Feed, Settings};
use processor::scan::{Reader, Row, Simd, Unreadable, read_slowly};
use rayon::{ThreadPool, ThreadPoolBuilder};

/// A row: its line, and either its bytes, whether they are valid text, and its fields; or the reason why it is unreadable.
type ReadRow = (u64, Result<(Vec<u8>, bool, Vec<Vec<u8>>), Unreadable>);

/// Collects every row.
struct Collect;

impl Reader for Collect {
    type Partial = Vec<ReadRow>;
    type Worker = ();

    fn new_partial(&self) -> Vec<ReadRow> {
        Vec::new()
    }

    fn worker(&self) {}

    fn row(&self, (): &mut (), partial: &mut Vec<ReadRow>, row: &Row<'_>) {
        let fields = (0..row.columns()).map(|at| row.field(at).into_owned()).collect();
        partial.push((row.line, Ok((row.bytes.to_vec(), row.is_text, fields))));
    }

    fn unreadable(&self, partial: &mut Vec<ReadRow>, line: u64, why: Unreadable, _: &[u8]) {
        partial.push((line, Err(why)));
    }
}

/// A text in chunks of one size: as bytes, or as ranges that the threads fetch.
struct Chunks<'a> {
    text: &'a [u8],
    next: usize,
    size: usize,
    as_bytes: bool,
}

impl Feed for Chunks<'_> {
    type Error = ();

    fn next(&mut self) -> Result<Option<Chunk>, ()> {
        let (from, to) = (self.next, self.text.len().min(self.next + self.size));
        self.next = to;
        Ok((from < to).then(|| match self.as_bytes {
            true => Chunk::Bytes(self.text[from..to].to_vec().into()),
            false => Chunk::Range { offset: from as u64, length: to - from },
        }))
    }
}

fuzz_target!(|data: &[u8]| {
    // The first bytes select the settings, so that the fuzzer can search for the chunk size that fails.
    let Some((&[size, how], text)) = data.split_first_chunk() else { return };
    let separator = [b';', b',', b'\t', b'|'][usize::from(how & 3)];
    let simd = Simd::available();
    let simd = simd[usize::from(how >> 2 & 3) % simd.len()];
    let settings = Settings { separator, line: 1, simd, in_flight: 2, sum: false };
    let chunks = Chunks { text, next: 0, size: usize::from(size) + 1, as_bytes: how >> 6 & 1 == 1 };
    let fetch = |offset: u64, buffer: &mut [u8]| {
        let offset = usize::try_from(offset).map_err(|_| ())?;
        buffer.copy_from_slice(&text[offset..offset + buffer.len()]);
        Ok(())
    };
    let mut rows: Vec<ReadRow> = Vec::new();
    let fold =
        |partial: &Vec<ReadRow>, lines: u64| rows.extend(partial.iter().map(|(line, row)| (line + lines, row.clone())));
    engine::run(pool(usize::from(how >> 4 & 3) % 3), &Collect, settings, chunks, fetch, fold).expect("no error");
    assert_eq!(rows, read_slowly(&Collect, separator, [text]));
    assert_eq!(rows, read_slowly(&Collect, separator, text.chunks(usize::from(size) + 1)));
    compare_with_csv_crate(text, separator, &rows);
});

/// Pools of one to three threads, created once.
fn pool(threads: usize) -> &'static ThreadPool {
    static POOLS: [OnceLock<ThreadPool>; 3] = [const { OnceLock::new() }; 3];
    POOLS[threads].get_or_init(|| ThreadPoolBuilder::new().num_threads(threads + 1).build().expect("threads"))
}

/// Compares with the `csv` crate, except for texts that it reads differently: it keeps a carriage return in the field, treats a line of
/// spaces as a row, strips a byte order mark, and lets an open quote extend to the end of the text.
fn compare_with_csv_crate(text: &[u8], separator: u8, rows: &[ReadRow]) {
    let blank = |line: &[u8]| line.trim_ascii().is_empty() && !line.is_empty();
    if text.contains(&b'\r')
        || text.starts_with(b"\xEF\xBB\xBF")
        || text.split(|byte| *byte == b'\n').any(blank)
        || rows.iter().any(|(_, row)| row.is_err())
    {
        return;
    }
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator)
        .terminator(csv::Terminator::Any(b'\n'))
        .from_reader(text);
    let theirs: Vec<Vec<Vec<u8>>> =
        reader.byte_records().map(|record| record.expect("flexible").iter().map(<[u8]>::to_vec).collect()).collect();
    let ours: Vec<&Vec<Vec<u8>>> = rows.iter().filter_map(|(_, row)| row.as_ref().ok().map(|row| &row.2)).collect();
    assert_eq!(ours, theirs.iter().collect::<Vec<_>>());
}
