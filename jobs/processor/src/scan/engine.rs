//! Chunks to threads, their parts back in the order of the text; what lies between two chunks is read here.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::chunk::{self, Outcome};
use super::index::Index;
use super::slow::{Event, Slow};
use super::{Reader, Simd};
use crate::crc::Crc64;

/// The next piece of the text. Its size is a matter of speed alone.
#[derive(Debug, Clone)]
pub enum Block {
    /// Its bytes.
    Bytes(Bytes),
    /// Where the thread that reads it finds its bytes.
    Range {
        /// From which byte.
        offset: u64,
        /// How many.
        length: usize,
    },
}

/// Where the text comes from.
pub trait Feed: Send {
    /// Why it does not come.
    type Error: Send;

    /// The next piece; may wait for it. The first begins with a record, and a byte order mark is no part of it.
    ///
    /// # Errors
    /// The feed's own; the run ends with it.
    fn next(&mut self) -> Result<Option<Block>, Self::Error>;
}

/// How a text is read.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Between fields.
    pub separator: u8,
    /// Line of the first record.
    pub line: u64,
    /// How bytes are looked at.
    pub simd: Simd,
    /// How many pieces may be on their way from the feed to the fold, for each thread.
    pub in_flight: usize,
    /// Whether the bytes are summed up.
    pub sum: bool,
}

/// What a run leaves.
#[derive(Debug)]
pub struct Report {
    /// CRC-64/NVME of all bytes, where it was asked for.
    pub sum: Option<Crc64>,
    /// Bytes read.
    pub bytes: u64,
    /// Pieces read.
    pub chunks: u64,
    /// Pieces that were read once more, because they begin otherwise than they seem to.
    pub repaired: u64,
}

/// Reads a text on all threads of a pool. `fetch` reads the bytes of a [`Block::Range`]. `fold` is given the parts in the order of the text,
/// each with the number of lines that come before those that it counts.
///
/// # Errors
/// The first of the feed or of `fetch`; parts from before it may have been folded.
pub fn run<R: Reader, F: Feed>(
    pool: &rayon::ThreadPool,
    reader: &R,
    settings: Settings,
    feed: F,
    fetch: impl Fn(u64, &mut [u8]) -> Result<(), F::Error> + Sync,
    fold: impl FnMut(&R::Part, u64) + Send,
) -> Result<Report, F::Error> {
    let window = pool.current_num_threads() * settings.in_flight.max(1) + 1;
    let report = Report { sum: settings.sum.then(Crc64::default), bytes: 0, chunks: 0, repaired: 0 };
    let run = Run {
        reader,
        settings,
        fetch,
        window,
        feed: Mutex::new((feed, 0)),
        queue: Mutex::new(Queue { next: 0, waiting: BTreeMap::new(), folding: false, stopped: false, error: None }),
        turn: Condvar::new(),
        spare: Mutex::new(Vec::new()),
        order: Mutex::new(Order {
            slow: Slow::new(settings.separator, settings.line),
            worker: reader.worker(),
            between: reader.part(),
            fold,
            report,
        }),
    };
    pool.broadcast(|_| run.work());
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

/// A run that all threads share.
struct Run<'a, R: Reader, F: Feed, G, H> {
    reader: &'a R,
    settings: Settings,
    fetch: G,
    /// How many pieces may be on their way.
    window: usize,
    /// The feed, and how many pieces it has given.
    feed: Mutex<(F, usize)>,
    queue: Mutex<Queue<R::Part, F::Error>>,
    /// A piece was folded, or the run has stopped.
    turn: Condvar,
    /// Parts to be used again.
    spare: Mutex<Vec<R::Part>>,
    order: Mutex<Order<R::Worker, R::Part, H>>,
}

/// Pieces that were read and wait for those before them.
struct Queue<P, E> {
    /// The next to fold.
    next: usize,
    waiting: BTreeMap<usize, Done<P>>,
    /// Whether a thread folds.
    folding: bool,
    stopped: bool,
    error: Option<E>,
}

/// A piece that was read.
struct Done<P> {
    block: Block,
    /// What comes before its first record and after its last, where the piece does not hold its bytes.
    head: Vec<u8>,
    tail: Vec<u8>,
    length: usize,
    sum: Option<Crc64>,
    outcome: Option<Outcome>,
    part: P,
}

/// What is done in the order of the text.
struct Order<W, P, H> {
    /// At the end of what was folded.
    slow: Slow,
    /// For the rows that it reads: those that no chunk has whole.
    worker: W,
    between: P,
    fold: H,
    report: Report,
}

impl<W, P, H: FnMut(&P, u64)> Order<W, P, H> {
    /// Lets the slow reader read, and folds what it found, with its own lines.
    fn between<R: Reader<Part = P, Worker = W>>(
        &mut self,
        reader: &R,
        read: impl FnOnce(&mut Slow, &mut dyn FnMut(Event<'_>)),
    ) {
        let Self { slow, worker, between, fold, .. } = self;
        let mut any = false;
        read(slow, &mut |event| {
            any = true;
            match event {
                Event::Row(row) => reader.row(worker, between, &row),
                Event::GivenUp(line, why, head) => reader.given_up(between, line, why, head),
            }
        });
        if any {
            fold(between, 0);
            reader.clear(between);
        }
    }
}

/// Stops the others where a thread ends by a panic: they would wait for its piece.
struct StopOnPanic<'a, R: Reader, F: Feed, G, H>(&'a Run<'a, R, F, G, H>);

impl<R: Reader, F: Feed, G, H> Drop for StopOnPanic<'_, R, F, G, H> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            lock(&self.0.queue).stopped = true;
            self.0.turn.notify_all();
        }
    }
}

impl<R, F, G, H> Run<'_, R, F, G, H>
where
    R: Reader,
    F: Feed,
    G: Fn(u64, &mut [u8]) -> Result<(), F::Error> + Sync,
    H: FnMut(&R::Part, u64) + Send,
{
    /// What each thread does.
    fn work(&self) {
        let _stop = StopOnPanic(self);
        let mut worker = self.reader.worker();
        let mut index = Index::default();
        let mut buffer = Vec::new();
        loop {
            let Some((number, block)) = self.claim() else { return };
            let done = self.read(number, block, &mut worker, &mut index, &mut buffer);
            let folded = done.and_then(|done| self.hand_in(number, done));
            if let Err(error) = folded {
                return self.stop(error);
            }
        }
    }

    /// Ends the run.
    fn stop(&self, error: F::Error) {
        let mut queue = lock(&self.queue);
        queue.stopped = true;
        queue.error.get_or_insert(error);
        self.turn.notify_all();
    }

    /// The next piece, once there is room for it; nothing at the end of the text or of the run.
    fn claim(&self) -> Option<(usize, Block)> {
        let mut feed = lock(&self.feed);
        let mut queue = lock(&self.queue);
        while feed.1 - queue.next >= self.window && !queue.stopped {
            queue = self.turn.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        if queue.stopped {
            return None;
        }
        drop(queue);
        let block = match feed.0.next() {
            Ok(Some(block)) => block,
            Ok(None) => return None,
            Err(error) => {
                // Told before another thread may ask the feed again: what it says after its error is not why the run ended.
                self.stop(error);
                return None;
            }
        };
        let number = feed.1;
        feed.1 += 1;
        Some((number, block))
    }

    /// Reads a piece.
    fn read(
        &self,
        number: usize,
        block: Block,
        worker: &mut R::Worker,
        index: &mut Index,
        buffer: &mut Vec<u8>,
    ) -> Result<Done<R::Part>, F::Error> {
        let bytes = self.bytes(&block, buffer)?;
        let length = bytes.len();
        let sum = self.settings.sum.then(|| {
            let mut sum = Crc64::default();
            sum.update(bytes);
            sum
        });
        let Settings { separator, simd, .. } = self.settings;
        let mut part = lock(&self.spare).pop().unwrap_or_else(|| self.reader.part());
        let outcome = chunk::read(bytes, number == 0, separator, self.reader, (worker, &mut part), (simd, index));
        let (mut head, mut tail) = (Vec::new(), Vec::new());
        if let (Block::Range { .. }, Some(outcome)) = (&block, &outcome) {
            head = bytes.get(..outcome.start).unwrap_or_default().to_vec();
            tail = bytes.get(outcome.end..).unwrap_or_default().to_vec();
        }
        Ok(Done { block, head, tail, length, sum, outcome, part })
    }

    fn bytes<'b>(&self, block: &'b Block, buffer: &'b mut Vec<u8>) -> Result<&'b [u8], F::Error> {
        match block {
            Block::Bytes(bytes) => Ok(bytes),
            Block::Range { offset, length } => {
                if buffer.len() < *length {
                    buffer.resize(*length, 0);
                }
                let bytes = buffer.get_mut(..*length).unwrap_or_default();
                (self.fetch)(*offset, bytes)?;
                Ok(bytes)
            }
        }
    }

    /// Folds the piece if it is the next, and those that waited for it; or leaves it to the thread that folds.
    fn hand_in(&self, number: usize, done: Done<R::Part>) -> Result<(), F::Error> {
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

    fn fold(&self, done: Done<R::Part>) -> Result<(), F::Error> {
        let mut order = lock(&self.order);
        let report = &mut order.report;
        report.bytes += done.length as u64;
        report.chunks += 1;
        if let (Some(all), Some(next)) = (&mut report.sum, &done.sum) {
            all.combine(next);
        }
        let Done { block, head, tail, outcome, mut part, .. } = done;
        let held = match &block {
            Block::Bytes(bytes) => Some(bytes),
            Block::Range { .. } => None,
        };
        let mut from = 0;
        let mut is_read = false;
        if let Some(Outcome { start, end, lines }) = outcome {
            let head = held.map_or(&*head, |bytes| bytes.get(..start).unwrap_or_default());
            order.between(self.reader, |slow, visit| slow.feed(head, visit));
            from = start;
            if order.slow.is_between_records() {
                let before = order.slow.line();
                (order.fold)(&part, before);
                order.slow.pass_lines(lines);
                let tail = held.map_or(&*tail, |bytes| bytes.get(end..).unwrap_or_default());
                order.between(self.reader, |slow, visit| slow.feed(tail, visit));
                is_read = true;
            }
        }
        if !is_read {
            // No record begins where one seemed to.
            order.report.repaired += 1;
            let mut buffer = Vec::new();
            let bytes = self.bytes(&block, &mut buffer)?;
            let rest = bytes.get(from..).unwrap_or_default();
            order.between(self.reader, |slow, visit| slow.feed(rest, visit));
        }
        drop(order);
        self.reader.clear(&mut part);
        lock(&self.spare).push(part);
        Ok(())
    }
}
