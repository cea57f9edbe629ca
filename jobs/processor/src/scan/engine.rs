//! Distributes chunks to threads and folds their partial results in the order of the text. Records that cross the border of two chunks are
//! read during the fold.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::chunk::{self, ChunkExtent};
use super::index::Index;
use super::slow::{ParsedRecord, SlowReader};
use super::{Reader, Simd};
use crate::crc::Crc64;

/// The next chunk of the text. Its size affects only the speed.
#[derive(Debug, Clone)]
pub enum Chunk {
    /// A chunk in memory.
    Bytes(Bytes),
    /// A chunk whose bytes the reading thread fetches itself.
    Range {
        /// Position of the first byte in the text.
        offset: u64,
        /// Number of bytes.
        length: usize,
    },
}

/// Supplies the text, chunk by chunk.
pub trait Feed: Send {
    /// Why the next chunk cannot be supplied; ends the run.
    type Error: Send;

    /// Returns the next chunk, `None` at the end of the text. May block. The first chunk must begin with a record, without a byte order mark.
    ///
    /// # Errors
    /// Any error ends the run; `next` is not called again after it.
    fn next(&mut self) -> Result<Option<Chunk>, Self::Error>;
}

/// Options of a run.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Byte between two fields.
    pub separator: u8,
    /// Line number of the first record.
    pub line: u64,
    /// Instruction set of the index.
    pub simd: Simd,
    /// Chunks per thread that may be between the feed and the fold; bounds the memory.
    pub in_flight: usize,
    /// Whether to compute the checksum.
    pub sum: bool,
}

/// Figures of a finished run.
#[derive(Debug)]
pub struct Report {
    /// CRC-64/NVME of all bytes, if [`Settings::sum`] is set.
    pub sum: Option<Crc64>,
    /// Bytes read.
    pub bytes: u64,
    /// Chunks read.
    pub chunks: u64,
    /// Chunks that the slow reader had to read, because the guess of their first record was wrong or they have none.
    pub repaired: u64,
}

/// Reads a text on all threads of a pool. `fetch` reads the bytes of a [`Chunk::Range`]. `fold` receives the partial results in the order of
/// the text, each with the number of lines before it.
///
/// # Errors
/// The first error of the feed or of `fetch`. Earlier partial results may have been folded already.
pub fn run<R: Reader, F: Feed>(
    pool: &rayon::ThreadPool,
    reader: &R,
    settings: Settings,
    feed: F,
    fetch: impl Fn(u64, &mut [u8]) -> Result<(), F::Error> + Sync,
    fold: impl FnMut(&R::Partial, u64) + Send,
) -> Result<Report, F::Error> {
    let window = pool.current_num_threads() * settings.in_flight.max(1) + 1;
    let report = Report { sum: settings.sum.then(Crc64::default), bytes: 0, chunks: 0, repaired: 0 };
    let run = SharedState {
        reader,
        settings,
        fetch,
        window,
        feed: Mutex::new((feed, 0)),
        queue: Mutex::new(FoldQueue { next: 0, waiting: BTreeMap::new(), folding: false, stopped: false, error: None }),
        turn: Condvar::new(),
        spare_partials: Mutex::new(Vec::new()),
        order: Mutex::new(OrderedState {
            slow: SlowReader::new(settings.separator, settings.line),
            worker: reader.worker(),
            between: reader.new_partial(),
            fold,
            report,
        }),
    };
    pool.broadcast(|_| run.run_worker());
    if let Some(error) = lock(&run.queue).error.take() {
        return Err(error);
    }
    let mut order = run.order.into_inner().unwrap_or_else(PoisonError::into_inner);
    order.between(reader, |slow, visit| slow.finish(visit));
    Ok(order.report)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// State that all threads of a run share.
struct SharedState<'a, R: Reader, F: Feed, G, H> {
    reader: &'a R,
    settings: Settings,
    fetch: G,
    /// Most chunks between the feed and the fold.
    window: usize,
    /// The feed, and the number of chunks taken from it.
    feed: Mutex<(F, usize)>,
    queue: Mutex<FoldQueue<R::Partial, F::Error>>,
    /// Signals that a chunk was folded or that the run has stopped.
    turn: Condvar,
    /// Folded partial results for reuse.
    spare_partials: Mutex<Vec<R::Partial>>,
    order: Mutex<OrderedState<R::Worker, R::Partial, H>>,
}

/// Chunks that wait until all chunks before them are folded.
struct FoldQueue<P, E> {
    /// Number of the next chunk to fold.
    next: usize,
    waiting: BTreeMap<usize, FinishedChunk<P>>,
    /// Whether a thread is folding.
    folding: bool,
    stopped: bool,
    error: Option<E>,
}

/// A chunk that a thread has read.
struct FinishedChunk<P> {
    chunk: Chunk,
    /// Copies of the bytes before the first and after the last record, for a [`Chunk::Range`]; a [`Chunk::Bytes`] holds them itself.
    head: Vec<u8>,
    tail: Vec<u8>,
    length: usize,
    sum: Option<Crc64>,
    extent: Option<ChunkExtent>,
    partial: P,
}

/// State of the fold, which runs in the order of the text.
struct OrderedState<W, P, H> {
    /// Its position is the end of the folded text.
    slow: SlowReader,
    /// For the rows that the slow reader finds between two chunks.
    worker: W,
    between: P,
    fold: H,
    report: Report,
}

impl<W, P, H: FnMut(&P, u64)> OrderedState<W, P, H> {
    /// Runs the slow reader and folds its rows; their line numbers are absolute.
    fn between<R: Reader<Partial = P, Worker = W>>(
        &mut self,
        reader: &R,
        read: impl FnOnce(&mut SlowReader, &mut dyn FnMut(ParsedRecord<'_>)),
    ) {
        let Self { slow, worker, between, fold, .. } = self;
        let mut any = false;
        read(slow, &mut |event| {
            any = true;
            match event {
                ParsedRecord::Row(row) => reader.row(worker, between, &row),
                ParsedRecord::Unreadable(line, why, head) => reader.unreadable(between, line, why, head),
            }
        });
        if any {
            fold(between, 0);
            reader.clear(between);
        }
    }
}

/// Stops the other threads if one panics: they would wait for its chunk forever.
struct StopOnPanic<'a, R: Reader, F: Feed, G, H>(&'a SharedState<'a, R, F, G, H>);

impl<R: Reader, F: Feed, G, H> Drop for StopOnPanic<'_, R, F, G, H> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            lock(&self.0.queue).stopped = true;
            self.0.turn.notify_all();
        }
    }
}

impl<R, F, G, H> SharedState<'_, R, F, G, H>
where
    R: Reader,
    F: Feed,
    G: Fn(u64, &mut [u8]) -> Result<(), F::Error> + Sync,
    H: FnMut(&R::Partial, u64) + Send,
{
    /// The loop of each thread.
    fn run_worker(&self) {
        let _stop = StopOnPanic(self);
        let mut worker = self.reader.worker();
        let mut index = Index::default();
        let mut buffer = Vec::new();
        loop {
            let Some((number, chunk)) = self.claim() else { return };
            let done = self.read(number, chunk, &mut worker, &mut index, &mut buffer);
            let folded = done.and_then(|done| self.submit(number, done));
            if let Err(error) = folded {
                return self.stop(error);
            }
        }
    }

    /// Stops the run; only the first error is kept.
    fn stop(&self, error: F::Error) {
        let mut queue = lock(&self.queue);
        queue.stopped = true;
        queue.error.get_or_insert(error);
        self.turn.notify_all();
    }

    /// Takes the next chunk once the window has room; `None` at the end of the text or after a stop.
    fn claim(&self) -> Option<(usize, Chunk)> {
        let mut feed = lock(&self.feed);
        let mut queue = lock(&self.queue);
        while feed.1 - queue.next >= self.window && !queue.stopped {
            queue = self.turn.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        if queue.stopped {
            return None;
        }
        drop(queue);
        let chunk = match feed.0.next() {
            Ok(Some(chunk)) => chunk,
            Ok(None) => return None,
            Err(error) => {
                // Stop while the feed is locked, so that no other thread calls `next` after its error.
                self.stop(error);
                return None;
            }
        };
        let number = feed.1;
        feed.1 += 1;
        Some((number, chunk))
    }

    /// Reads the complete records of a chunk.
    fn read(
        &self,
        number: usize,
        chunk: Chunk,
        worker: &mut R::Worker,
        index: &mut Index,
        buffer: &mut Vec<u8>,
    ) -> Result<FinishedChunk<R::Partial>, F::Error> {
        let bytes = self.bytes(&chunk, buffer)?;
        let length = bytes.len();
        let sum = self.settings.sum.then(|| {
            let mut sum = Crc64::default();
            sum.update(bytes);
            sum
        });
        let Settings { separator, simd, .. } = self.settings;
        let mut partial = lock(&self.spare_partials).pop().unwrap_or_else(|| self.reader.new_partial());
        let extent = chunk::read(bytes, number == 0, separator, self.reader, (worker, &mut partial), (simd, index));
        let (mut head, mut tail) = (Vec::new(), Vec::new());
        if let (Chunk::Range { .. }, Some(extent)) = (&chunk, &extent) {
            head = bytes.get(..extent.start).unwrap_or_default().to_vec();
            tail = bytes.get(extent.end..).unwrap_or_default().to_vec();
        }
        Ok(FinishedChunk { chunk, head, tail, length, sum, extent, partial })
    }

    fn bytes<'b>(&self, chunk: &'b Chunk, buffer: &'b mut Vec<u8>) -> Result<&'b [u8], F::Error> {
        match chunk {
            Chunk::Bytes(bytes) => Ok(bytes),
            Chunk::Range { offset, length } => {
                if buffer.len() < *length {
                    buffer.resize(*length, 0);
                }
                let bytes = buffer.get_mut(..*length).unwrap_or_default();
                (self.fetch)(*offset, bytes)?;
                Ok(bytes)
            }
        }
    }

    /// Folds the chunk if it is the next one, then the chunks that waited for it; otherwise leaves it to the thread that is folding.
    fn submit(&self, number: usize, done: FinishedChunk<R::Partial>) -> Result<(), F::Error> {
        let mut queue = lock(&self.queue);
        queue.waiting.insert(number, done);
        while !queue.folding {
            let next = queue.next;
            let Some(done) = queue.waiting.remove(&next) else { break };
            queue.folding = true;
            drop(queue);
            let folded = self.fold(done);
            queue = lock(&self.queue);
            queue.folding = false;
            queue.next += 1;
            self.turn.notify_all();
            folded?;
        }
        Ok(())
    }

    fn fold(&self, done: FinishedChunk<R::Partial>) -> Result<(), F::Error> {
        let mut order = lock(&self.order);
        let report = &mut order.report;
        report.bytes += done.length as u64;
        report.chunks += 1;
        if let (Some(all), Some(next)) = (&mut report.sum, &done.sum) {
            all.combine(next);
        }
        let FinishedChunk { chunk, head, tail, extent, mut partial, .. } = done;
        let held = match &chunk {
            Chunk::Bytes(bytes) => Some(bytes),
            Chunk::Range { .. } => None,
        };
        let mut from = 0;
        let mut is_read = false;
        if let Some(ChunkExtent { start, end, lines }) = extent {
            let head = held.map_or(&*head, |bytes| bytes.get(..start).unwrap_or_default());
            order.between(self.reader, |slow, visit| slow.feed(head, visit));
            from = start;
            if order.slow.is_between_records() {
                let before = order.slow.line();
                (order.fold)(&partial, before);
                order.slow.pass_lines(lines);
                let tail = held.map_or(&*tail, |bytes| bytes.get(end..).unwrap_or_default());
                order.between(self.reader, |slow, visit| slow.feed(tail, visit));
                is_read = true;
            }
        }
        if !is_read {
            // The guess was wrong, or no record begins in the chunk.
            order.report.repaired += 1;
            let mut buffer = Vec::new();
            let bytes = self.bytes(&chunk, &mut buffer)?;
            let rest = bytes.get(from..).unwrap_or_default();
            order.between(self.reader, |slow, visit| slow.feed(rest, visit));
        }
        drop(order);
        self.reader.clear(&mut partial);
        lock(&self.spare_partials).push(partial);
        Ok(())
    }
}
