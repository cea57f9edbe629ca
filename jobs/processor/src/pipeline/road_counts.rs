//! Reads the road counts: all files in the natural order of their names, through the scan, once for all days of a run.

use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use contract::document::Input;
use contract::{Source, keys};
use runtime::progress::Bar;
use runtime::store::Object;
use runtime::telemetry::{Span, SpanSpec};
use tokio::runtime::Handle;

use super::engine::Engine;
use crate::cells::road::counts::{RoadAccumulator, RoadRows, RowFilter};
use crate::input::InputError;
use crate::input::archive::{self, Archive};
use crate::input::checksum::{self, Checksum};
use crate::input::road_file::Blocks;
use crate::quality::RowCounts;
use crate::scan::engine::{self, Settings};
use crate::source::road_counts;
use crate::telemetry::{AGGREGATE, DECODE};
use text::{FileChunks, FileSource, Start};

mod json;
mod text;

pub(crate) use crate::cells::road::counts::Scope;

/// The road counts of all days of a run.
#[derive(Debug)]
pub(crate) struct RoadCountsRead {
    pub(crate) counts: RoadAccumulator,
    /// The objects that were read, in that order.
    pub(crate) inputs: Vec<Input>,
}

/// Reads all files. Call it on a thread that may block, within a tokio runtime.
///
/// # Errors
/// The first file that is unusable or cannot be fetched.
pub(crate) fn read(engine: &Engine, files: &[Object], scope: Scope, bar: &Bar) -> Result<RoadCountsRead, InputError> {
    let config = &engine.config;
    let search = RowFilter::new(scope, config.city.tz, config.parameters.comptages.attendu_jours);
    let mut counts = RoadAccumulator::new(search);
    let (mut inputs, mut chunks) = (Vec::new(), Vec::new());
    for object in files {
        let before = counts.row_counts();
        bar.message(&object.key);
        let reading = engine.sources.read(Source::RoadCounts, object);
        let mut reader = FileReader { engine, object, search, counts: &mut counts, bar, reading: &reading, chunks: 0 };
        let read = if archive::is_archive(&object.key) { reader.archive() } else { reader.file() };
        let sum = read.inspect_err(|error| reading.fail_with(error))?;
        chunks.push(reader.chunks);
        let input = Input { key: object.key.clone(), size_bytes: object.size, crc64nvme: sum.base64() };
        let compared = checksum::compare(&engine.raw, &input, &object.version);
        Handle::current().block_on(reading.instrument(compared)).inspect_err(|error| reading.fail_with(error))?;
        let days = counts.take_days(config.city.tz);
        engine.sources.files.add(Source::RoadCounts, &object.key, counts.row_counts().since(&before), days);
        inputs.push(input);
    }
    counts.cells.finish();
    // Not earlier: if a file is replaced meanwhile, all files are read again.
    for (object, chunks) in files.iter().zip(chunks) {
        engine.sources.add(Source::RoadCounts, object.size, chunks, RowCounts::default());
    }
    engine.sources.count(Source::RoadCounts, counts.row_counts());
    Ok(RoadCountsRead { counts, inputs })
}

/// Reads one object.
struct FileReader<'a> {
    engine: &'a Engine,
    object: &'a Object,
    search: RowFilter,
    counts: &'a mut RoadAccumulator,
    bar: &'a Bar,
    /// The span of its requests.
    reading: &'a Span,
    /// Chunks so far.
    chunks: u64,
}

impl FileReader<'_> {
    /// Reads a file that is one text. Returns the checksum of its stored bytes.
    fn file(&mut self) -> Result<Checksum, InputError> {
        let Self { engine, object, reading, .. } = *self;
        let open = Handle::current().block_on(engine.raw.open_file(&object.key, &object.version))?;
        let source = match open.map(|file| FileSource::plain(file, &object.key)).transpose()?.flatten() {
            Some(file) => file,
            // Its ranges are fetched in the span.
            None => reading
                .in_scope(|| Blocks::open(&engine.raw, object, &engine.config.memory))
                .map(Box::new)
                .map(FileSource::Stream)?,
        };
        self.text(&object.key, source)
    }

    /// Reads all entries of an archive. Returns the checksum of its stored bytes.
    fn archive(&mut self) -> Result<Checksum, InputError> {
        let Self { engine, object, reading, .. } = *self;
        let mut archive = reading.in_scope(|| Archive::open(&engine.raw, object, &engine.config.memory))?;
        for key in archive.not_read() {
            tracing::warn!(key, "entry of an archive is not read; expected .csv, .txt, .json, .jsonl or .ndjson");
        }
        for entry in 0..archive.len() {
            let blocks = reading.in_scope(|| archive.blocks(entry))?;
            let sum = self.text(&archive.key(entry), FileSource::Stream(Box::new(blocks)))?;
            archive.set_sum(entry, sum);
        }
        reading.in_scope(|| archive.sum())
    }

    /// Reads one text, `key` in messages. Returns the checksum of its stored bytes.
    fn text(&mut self, key: &str, mut source: FileSource) -> Result<Checksum, InputError> {
        let Self { engine, bar, .. } = *self;
        let counts = &mut *self.counts;
        let span =
            |kind: &'static SpanSpec| Span::start(kind).with_source(Source::RoadCounts).with("key", key.to_owned());
        let compressed = source.is_compressed();
        let decoding = compressed.then(|| span(&DECODE));
        let (beginning, start) = text::begin(&mut source, key)?;
        let (head, layout) = match start {
            Start::Rows { head, layout } => (head, layout),
            Start::Json => {
                let rows = RoadRows::new(self.search, road_counts::json::layout());
                let aggregating = span(&AGGREGATE);
                let rows_before = counts.row_counts().rows;
                counts.begin_file(key);
                let by_line = keys::is_json_lines(key);
                let (chunks, sum) = json::read(engine, key, by_line, beginning, &mut source, &rows, counts)?;
                counts.end_file().map_err(InputError::Content)?;
                aggregating.set_count("chunks", chunks);
                aggregating.set_count("rows", counts.row_counts().rows - rows_before);
                if let FileSource::File { file, .. } = &source {
                    file.verify()?;
                }
                self.chunks += chunks;
                return Ok(source.stored_sum().unwrap_or(sum));
            }
        };
        let settings = Settings {
            separator: head.separator,
            line: head.line,
            simd: engine.config.simd,
            in_flight: 3,
            sum: !compressed,
        };
        let file = match &source {
            FileSource::File { file, .. } => Some(file.clone()),
            FileSource::Stream(_) => None,
        };
        let fetch = |offset, buffer: &mut [u8]| match &file {
            Some(file) => Ok(file.read_at(buffer, offset)?),
            None => Ok(()),
        };
        source.go_to(head.length, &beginning);
        let held = AtomicU64::new(counts.cells.bytes());
        let mut feed = FileChunks {
            source,
            rest: beginning.slice(head.length.min(beginning.len())..),
            chunk: engine.config.chunk,
            bar,
            held: &held,
            budget: engine.config.memory,
        };
        let rows = RoadRows::new(self.search, layout);
        let aggregating = span(&AGGREGATE);
        let rows_before = counts.row_counts().rows;
        counts.begin_file(key);
        let report = engine::run(&engine.pool, &rows, settings, &mut feed, fetch, |part, lines| {
            counts.fold(part, lines);
            held.store(counts.cells.bytes(), Ordering::Relaxed);
        })?;
        counts.end_file().map_err(InputError::Content)?;
        aggregating.set_count("chunks", report.chunks);
        aggregating.set_count("rows", counts.row_counts().rows - rows_before);
        drop((aggregating, decoding));
        if let Some(file) = &file {
            file.verify()?;
        }
        tracing::debug!(key, bytes = report.bytes, chunks = report.chunks, repaired = report.repaired, "read");
        self.chunks += report.chunks;
        let stored = feed.source.stored_sum();
        Ok(stored.unwrap_or_else(|| checksum_of(&beginning, head.length, report.sum.map(Checksum::from))))
    }
}

/// The checksum of an uncompressed text, from its beginning up to `length` and the checksum of the rest.
fn checksum_of(beginning: &Bytes, length: usize, rest: Option<Checksum>) -> Checksum {
    let mut sum = Checksum::default();
    sum.update(beginning.get(..length).unwrap_or_default());
    match rest {
        Some(rest) => sum.combine(rest),
        None => sum,
    }
}
