//! Any bytes as a file of delimited text: the same records in whatever blocks they arrive and however they are cut into chunks.

#![no_main]

use libfuzzer_sys::fuzz_target;
use processor::scan::record::{Fields, Records};
use processor::scan::split::{Piece, Splitter};

/// A record: its line, and its fields as they are meant.
type Row = (u64, Vec<Vec<u8>>);

fuzz_target!(|data: &[u8]| {
    // The first two bytes say how the rest is cut, so that the fuzzer may look for the cut that hurts.
    let Some((&[block, chunk], text)) = data.split_first_chunk() else { return };
    let parts = read(text, usize::from(block) + 1, usize::from(chunk) + 1);
    let whole = read(text, text.len().max(1), 1 << 20);
    assert_eq!(parts, whole, "blocks of {} bytes, chunks of {}", usize::from(block) + 1, usize::from(chunk) + 1);
});

/// All records of a text that arrives in blocks of `block` bytes and is cut into chunks of about `chunk`.
fn read(text: &[u8], block: usize, chunk: usize) -> Vec<Row> {
    let mut splitter = Splitter::new(chunk);
    let mut pieces = Vec::new();
    for part in text.chunks(block) {
        splitter.feed(part, &mut pieces);
    }
    splitter.finish(&mut pieces);
    let separator = splitter.separator().unwrap_or(b',');
    let mut rows = Vec::new();
    let mut fields = Fields::default();
    for piece in &pieces {
        let Piece::Chunk(chunk) = piece else { continue };
        for record in Records::new(&chunk.bytes, separator, chunk.first_line) {
            fields.cut(record.bytes, separator);
            rows.push((record.line, (0..fields.len()).map(|at| fields.get(record.bytes, at).into_owned()).collect()));
        }
    }
    rows
}
