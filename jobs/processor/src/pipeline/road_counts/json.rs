//! Reads road counts that are JSON: objects are found in order, and turned into rows on all threads.

use bytes::Bytes;
use rayon::prelude::*;

use super::text::FileSource;
use crate::cells::road::counts::{ParsedChunk, RoadAccumulator, RoadRows};
use crate::input::InputError;
use crate::input::checksum::Checksum;
use crate::pipeline::engine::Engine;
use crate::raw_file::SourceError;
use crate::scan::Reader as _;
use crate::source::road_counts::json::RowBuffer;
use crate::source::text::json_stream::{BadJson, Splitter};

/// Objects that one thread turns into rows at a time.
const OBJECTS: usize = 2048;

/// Objects with their lines, in one allocation.
#[derive(Default)]
struct Objects {
    bytes: Vec<u8>,
    /// Line of each object, and its end.
    ends: Vec<(u64, usize)>,
}

impl Objects {
    fn add(&mut self, line: u64, object: &[u8]) {
        self.bytes.extend_from_slice(object);
        self.ends.push((line, self.bytes.len()));
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }
}

/// Reads a whole text of which `beginning` is already read. Returns the number of chunks, and the checksum of the text.
pub(super) fn read(
    engine: &Engine,
    key: &str,
    by_line: bool,
    beginning: Bytes,
    source: &mut FileSource,
    rows: &RoadRows,
    counts: &mut RoadAccumulator,
) -> Result<(u64, Checksum), InputError> {
    let error = |bad| InputError::Content(bad_json(key, &bad));
    let (mut splitter, mut objects, mut sum, mut chunks) =
        (Splitter::new(by_line), Objects::default(), Checksum::default(), 0);
    let most = usize::try_from(engine.config.chunk).unwrap_or(usize::MAX);
    let mut next = Some(beginning);
    while let Some(block) = next {
        sum.update(&block);
        let text = if chunks == 0 && objects.ends.is_empty() {
            crate::source::text::table::without_bom(&block)
        } else {
            &block
        };
        splitter.feed(text, &mut |line, object| objects.add(line, object)).map_err(error)?;
        if objects.bytes.len() >= most {
            chunks += fold(engine, &objects, rows, counts)?;
            objects.clear();
        }
        next = source.take()?;
    }
    splitter.finish(&mut |line, object| objects.add(line, object)).map_err(error)?;
    chunks += fold(engine, &objects, rows, counts)?;
    Ok((chunks, sum))
}

fn fold(engine: &Engine, objects: &Objects, rows: &RoadRows, counts: &mut RoadAccumulator) -> Result<u64, InputError> {
    let begins = [0].into_iter().chain(objects.ends.iter().map(|(_, end)| *end));
    let all: Vec<(u64, &[u8])> = begins
        .zip(&objects.ends)
        .map(|(begin, (line, end))| (*line, objects.bytes.get(begin..*end).unwrap_or_default()))
        .collect();
    let parsed: Vec<ParsedChunk> =
        engine.pool.install(|| all.par_chunks(OBJECTS).map(|objects| chunk(objects, rows)).collect());
    for chunk in &parsed {
        // Lines are counted from the start of the file already.
        counts.fold(chunk, 0);
    }
    let held = counts.cells.bytes();
    engine.config.memory.check_cells(held, held).map_err(InputError::Failed)?;
    Ok(parsed.len() as u64)
}

fn chunk(objects: &[(u64, &[u8])], rows: &RoadRows) -> ParsedChunk {
    let (mut chunk, mut worker, mut buffer) = (rows.new_partial(), rows.worker(), RowBuffer::default());
    for (line, object) in objects {
        buffer.rows(*line, object, &mut |row| match row {
            Ok(row) => rows.row(&mut worker, &mut chunk, &row),
            Err((line, reason, raw)) => rows.reject_record(&mut chunk, line, reason, raw),
        });
    }
    chunk
}

fn bad_json(key: &str, bad: &BadJson) -> SourceError {
    let reason = match bad {
        BadJson::NoObject(line) => {
            format!(
                "line {line}: not a list of records, pages of them or one record a line; check that the file is an answer of the API"
            )
        }
        BadJson::TooLong(line) => {
            format!("line {line}: an object longer than 64 MiB; export one record a line (JSON Lines)")
        }
        BadJson::Truncated => "the JSON ends within a list or a record; download the file again".to_owned(),
    };
    SourceError { key: key.to_owned(), reason }
}
