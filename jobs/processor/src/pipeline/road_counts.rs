//! Reads the road counts: all files in the natural order of their names, through the scan, once for all days of a run.

use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use contract::document::Input;
use runtime::memory::Budget;
use runtime::progress::Bar;
use runtime::store::{Object, OpenFile};
use runtime::telemetry::Span;

use super::engine::Engine;
use crate::cells::road::counts::{RoadAccumulator, RoadRows, RowFilter};
use crate::input::checksum::{self, Checksum};
use crate::input::road_file::Blocks;
use crate::input::{Format, InputError};
use crate::quality::RowCounts;
use crate::raw_file::SourceError;
use crate::scan::LONGEST_RECORD;
use crate::scan::engine::{self, Chunk, Feed, Settings};
use crate::scan::head::{self, Head, Peek};
use crate::source::road_counts::Layout;
use crate::telemetry::{AGGREGATE, DECODE};

pub(crate) use crate::cells::road::counts::Scope;

/// Bytes read first, to find the header.
const BEGINNING: usize = 64 << 10;

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
    for (number, object) in (0u32..).zip(files) {
        bar.message(&object.key);
        let reading = engine.sources.read(contract::Source::RoadCounts, object);
        let read = file(engine, object, search, number, &mut counts, bar, &reading);
        let (input, read_in) = read.inspect_err(|error| reading.fail_with(error))?;
        chunks.push(read_in);
        inputs.push(input);
        counts.end_file(&object.key).map_err(InputError::Content)?;
    }
    counts.cells.finish();
    // Not earlier: if a file is replaced meanwhile, all files are read again.
    for (object, chunks) in files.iter().zip(chunks) {
        engine.sources.add(contract::Source::RoadCounts, object.size, chunks, RowCounts::default());
    }
    engine.sources.count(contract::Source::RoadCounts, counts.row_counts());
    Ok(RoadCountsRead { counts, inputs })
}

/// Reads one file. Returns its description for the documents and the number of chunks.
fn file(
    engine: &Engine,
    object: &Object,
    search: RowFilter,
    number: u32,
    counts: &mut RoadAccumulator,
    bar: &Bar,
    reading: &Span,
) -> Result<(Input, u64), InputError> {
    let runtime = tokio::runtime::Handle::current();
    let span = |kind| Span::start(kind).with_source(contract::Source::RoadCounts).with("key", object.key.clone());
    let open = runtime.block_on(engine.raw.open_file(&object.key, &object.version))?;
    let mut source = match open.map(|file| FileSource::plain(file, &object.key)).transpose()?.flatten() {
        Some(file) => file,
        // Its ranges are fetched in the span.
        None => reading
            .in_scope(|| Blocks::open(&engine.raw, object, &engine.config.memory))
            .map(Box::new)
            .map(FileSource::Stream)?,
    };
    let compressed = matches!(&source, FileSource::Stream(blocks) if blocks.is_compressed());
    let decoding = compressed.then(|| span(&DECODE));
    let (beginning, head) = begin(&mut source, &object.key)?;
    let layout = Layout::of(&object.key, &head).map_err(InputError::Content)?;
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
    let rows = RoadRows::new(search, layout);
    let aggregating = span(&AGGREGATE);
    let rows_before = counts.row_counts().rows;
    let report = engine::run(&engine.pool, &rows, settings, &mut feed, fetch, |part, lines| {
        counts.fold(number, &object.key, part, lines);
        held.store(counts.cells.bytes(), Ordering::Relaxed);
    })?;
    aggregating.set_count("chunks", report.chunks);
    aggregating.set_count("rows", counts.row_counts().rows - rows_before);
    drop((aggregating, decoding));
    if let Some(file) = &file {
        file.verify()?;
    }
    tracing::debug!(key = object.key, bytes = report.bytes, chunks = report.chunks, repaired = report.repaired, "read");
    let stored = match &feed.source {
        FileSource::Stream(blocks) => blocks.stored_sum(),
        FileSource::File { .. } => None,
    };
    let crc64nvme = stored.unwrap_or_else(|| {
        let mut sum = Checksum::default();
        sum.update(beginning.get(..head.length).unwrap_or_default());
        match report.sum {
            Some(rest) => sum.combine(rest.into()).base64(),
            None => sum.base64(),
        }
    });
    let input = Input { key: object.key.clone(), size_bytes: object.size, crc64nvme };
    runtime.block_on(reading.instrument(checksum::compare(&engine.raw, &input, &object.version)))?;
    Ok((input, report.chunks))
}

/// Where a file's bytes come from.
enum FileSource {
    /// A local file: the threads read it themselves.
    File { file: OpenFile, next: u64 },
    /// Blocks in order, from a remote store or from a decoder.
    Stream(Box<Blocks>),
}

impl FileSource {
    /// A local file, unless it is compressed.
    fn plain(file: OpenFile, key: &str) -> Result<Option<Self>, InputError> {
        let mut beginning = vec![0; usize::try_from(file.size()).unwrap_or(BEGINNING).min(BEGINNING)];
        file.read_at(&mut beginning, 0)?;
        Ok(Format::of(key, &beginning).is_none().then_some(Self::File { file, next: 0 }))
    }

    fn take(&mut self) -> Result<Option<Bytes>, InputError> {
        match self {
            Self::Stream(blocks) => blocks.next_block(),
            Self::File { file, next } => {
                let length = (BEGINNING as u64).min(file.size() - *next);
                let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
                file.read_at(&mut bytes, *next)?;
                *next += length;
                Ok((length > 0).then(|| bytes.into()))
            }
        }
    }

    /// Continues a file at `offset`; a stream continues with the rest of the beginning.
    fn go_to(&mut self, offset: usize, beginning: &Bytes) {
        if let Self::File { next, .. } = self {
            *next = offset.min(beginning.len()) as u64;
        }
    }
}

/// Reads until the header is complete.
fn begin(source: &mut FileSource, key: &str) -> Result<(Bytes, Head), InputError> {
    let error = |reason: &str| InputError::Content(SourceError { key: key.to_owned(), reason: reason.to_owned() });
    let mut beginning = Bytes::new();
    loop {
        let next = source.take()?;
        let is_all = next.is_none();
        if let Some(next) = next {
            beginning = if beginning.is_empty() { next } else { [beginning, next].concat().into() };
        }
        match head::peek(&beginning, is_all) {
            Peek::Head(head) => return Ok((beginning, head)),
            Peek::Blank => return Err(error("the file is empty; export it again, with its header")),
            Peek::Incomplete if !is_all && beginning.len() <= 8 * LONGEST_RECORD => {}
            Peek::Incomplete | Peek::Unreadable(_) => {
                return Err(error(
                    "unrecognised header: the first line is not that of the road counts. Check that the file is the right export",
                ));
            }
        }
    }
}

/// The chunks of a file after its header.
struct FileChunks<'a> {
    source: FileSource,
    /// Received bytes of a stream that are not handed over yet.
    rest: Bytes,
    /// Bytes per chunk.
    chunk: u64,
    bar: &'a Bar,
    /// Bytes held by the cells so far.
    held: &'a AtomicU64,
    budget: Budget,
}

impl Feed for &mut FileChunks<'_> {
    type Error = InputError;

    fn next(&mut self) -> Result<Option<Chunk>, InputError> {
        let held = self.held.load(Ordering::Relaxed);
        // Extrapolated from the part already read; the length of a stream is unknown.
        let foreseen = match &self.source {
            FileSource::File { file, next } if *next > 0 => {
                u128::from(held) * u128::from(file.size()) / u128::from(*next)
            }
            _ => u128::from(held),
        };
        let foreseen = u64::try_from(foreseen).unwrap_or(u64::MAX).max(held);
        self.budget.check_cells(held, foreseen).map_err(InputError::Failed)?;
        match &mut self.source {
            FileSource::File { file, next } => {
                let offset = *next;
                // Chunks after the first start at page boundaries.
                let end = ((offset / self.chunk + 1) * self.chunk).min(file.size());
                let Some(length) = usize::try_from(end.saturating_sub(offset)).ok().filter(|length| *length > 0) else {
                    return Ok(None);
                };
                *next = end;
                self.bar.inc(length as u64);
                Ok(Some(Chunk::Range { offset, length }))
            }
            FileSource::Stream(blocks) => {
                if self.rest.is_empty() {
                    let Some(block) = blocks.next_block()? else { return Ok(None) };
                    self.rest = block;
                }
                // Small chunks of a large range: the memory of a thread grows with its chunk.
                let length = usize::try_from(self.chunk).unwrap_or(usize::MAX).min(self.rest.len());
                Ok(Some(Chunk::Bytes(self.rest.split_to(length))))
            }
        }
    }
}
