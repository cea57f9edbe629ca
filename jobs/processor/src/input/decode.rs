//! Decompresses on dedicated threads, ahead of the reader by a bounded number of bytes.
//!
//! One thread walks through the stored bytes. It sends parts that can be decoded independently (a frame, a batch of members) to [`workers`]
//! and decodes the rest itself; in both cases an item in the queue keeps the order. Bytes that are truncated or not recognised always go to
//! the plain decoder, so that the error message does not depend on the way.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, PoisonError, mpsc};

use bytes::Bytes;

use crate::input::checksum::Checksum;
use crate::input::lookahead::{Lookahead, StoredBytes};
use workers::{Job, Workers};

pub(crate) mod gz;
mod workers;
mod zst;

/// Size of a decompressed block, bytes.
pub(crate) const BLOCK: usize = 1 << 20;
/// Most decoding threads; more would only wait for the network or the parser.
const MAX_WORKERS: usize = 8;
/// Content of a frame in bytes, as programs that write several frames usually choose it.
const USUAL_FRAME: u64 = 8 << 20;

/// How an object is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// Gzip.
    Gz,
    /// Zstandard.
    Zst,
}

/// Bytes that are enough to recognise a format.
const BEGINNING: usize = 512;

impl Format {
    /// By the first bytes, whatever the key says: `.csv` may be compressed, and `.gz` may be plain text that a client has decompressed on the
    /// way. Bytes that are neither compressed nor text have the format of the key, whose decoder reports what is wrong.
    pub(crate) fn of(key: &str, beginning: &[u8]) -> Option<Self> {
        match beginning {
            [0x1f, 0x8b, ..] => return Some(Self::Gz),
            // A frame, or a skippable one, with which some programs begin.
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => return Some(Self::Zst),
            _ => {}
        }
        let named = match key.rsplit_once('.')?.1.to_ascii_lowercase().as_str() {
            "gz" => Self::Gz,
            "zst" => Self::Zst,
            _ => return None,
        };
        (!is_text(beginning)).then_some(named)
    }
}

/// Whether bytes can be the beginning of a text: some, and no control character except white space.
fn is_text(beginning: &[u8]) -> bool {
    let beginning = beginning.get(..BEGINNING).unwrap_or(beginning);
    !beginning.is_empty() && beginning.iter().all(|byte| *byte >= b' ' || byte.is_ascii_whitespace())
}

/// One item of the queue, which keeps the order of the blocks. `charge` is the number of bytes to release.
enum QueueItem {
    Ready { block: Bytes, charge: u64 },
    Pending { result: mpsc::Receiver<io::Result<Vec<u8>>>, charge: u64 },
    Ended(Box<Checksum>),
    Failed(io::Error),
}

/// The decoded blocks of one object, in order. Dropping it stops the threads.
pub(crate) struct Decoded {
    queue: mpsc::Receiver<QueueItem>,
    credit: Arc<ByteCredit>,
    /// Blocks of the current queue item that are not read yet.
    rest: VecDeque<Bytes>,
    charge: u64,
    /// Checksum of the stored bytes, set after the last block.
    sum: Option<Checksum>,
}

impl Decoded {
    /// Starts decoding, with at most `most` bytes between decoder and reader. Fails if no thread can be started.
    pub(crate) fn begin(pieces: impl StoredBytes, format: Format, most: u64) -> io::Result<Self> {
        Self::run(most, move |output| {
            let mut input = Lookahead::new(pieces);
            match format {
                Format::Gz => gz::decode(&mut input, output)?,
                Format::Zst => zst::decode(&mut input, output)?,
            }
            Ok(input.sum())
        })
    }

    /// Starts decoding with any decoder, which returns the checksum of the stored bytes; see [`Self::begin`].
    pub(crate) fn run(
        most: u64,
        decode: impl FnOnce(&mut Output) -> io::Result<Checksum> + Send + 'static,
    ) -> io::Result<Self> {
        let (sender, queue) = mpsc::channel();
        let credit = Arc::new(ByteCredit::new(most));
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(MAX_WORKERS);
        // One usual frame per thread and one being parsed have to fit. Fewer threads are better than threads that cannot take a usual frame.
        let threads = ((most / USUAL_FRAME) as usize).saturating_sub(1).clamp(1, cores);
        let largest = (most / (threads as u64 + 1)) as usize;
        let mut output = Output { sender, credit: credit.clone(), workers: Workers::new(threads), largest };
        std::thread::Builder::new().name("decode".to_owned()).spawn(move || {
            let last = match decode(&mut output) {
                Ok(sum) => QueueItem::Ended(Box::new(sum)),
                Err(error) => QueueItem::Failed(error),
            };
            // Fails if the reader was dropped, which is fine.
            let _ = output.sender.send(last);
        })?;
        Ok(Self { queue, credit, rest: VecDeque::new(), charge: 0, sum: None })
    }

    /// The next block; `None` at the end. Blocks.
    pub(crate) fn next(&mut self) -> io::Result<Option<Bytes>> {
        loop {
            if let Some(block) = self.rest.pop_front() {
                return Ok(Some(block));
            }
            if self.sum.is_some() {
                return Ok(None);
            }
            self.credit.release(std::mem::take(&mut self.charge));
            let gone = || io::Error::other("the decoder stopped before the end of the data");
            match self.queue.recv().map_err(|_| gone())? {
                QueueItem::Ready { block, charge } => {
                    self.charge = charge;
                    self.rest.push_back(block);
                }
                QueueItem::Pending { result, charge } => {
                    self.charge = charge;
                    let mut whole = Bytes::from(result.recv().map_err(|_| gone())??);
                    while !whole.is_empty() {
                        self.rest.push_back(whole.split_to(whole.len().min(BLOCK)));
                    }
                }
                QueueItem::Ended(sum) => self.sum = Some(*sum),
                QueueItem::Failed(error) => return Err(error),
            }
        }
    }

    /// Checksum of the stored bytes; `None` before the end.
    pub(crate) fn sum(&self) -> Option<Checksum> {
        self.sum.clone()
    }
}

impl Drop for Decoded {
    fn drop(&mut self) {
        self.credit.close();
    }
}

/// The queue from the decoders to the reader.
pub(crate) struct Output {
    sender: mpsc::Sender<QueueItem>,
    credit: Arc<ByteCredit>,
    workers: Workers,
    /// Most bytes of one job, both stored and decoded.
    pub(crate) largest: usize,
}

impl Output {
    /// Queues a decoded block; an empty block is ignored.
    pub(crate) fn block(&mut self, block: Vec<u8>) -> io::Result<()> {
        if block.is_empty() {
            return Ok(());
        }
        let charge = block.len() as u64;
        self.credit.acquire(charge)?;
        self.sender.send(QueueItem::Ready { block: block.into(), charge }).map_err(|_| reader_dropped())
    }

    /// Queues stored bytes that can be decoded independently, into at most `content` bytes.
    pub(crate) fn job(&mut self, format: Format, stored: Bytes, content: usize) -> io::Result<()> {
        let charge = (stored.len() + content) as u64;
        self.credit.acquire(charge)?;
        let (reply, result) = mpsc::sync_channel(1);
        self.workers.submit(Job { format, stored, content, reply })?;
        self.sender.send(QueueItem::Pending { result, charge }).map_err(|_| reader_dropped())
    }
}

/// Stops a decoder whose reader was dropped; nobody sees this error.
fn reader_dropped() -> io::Error {
    io::Error::other("the reader of the blocks was dropped")
}

/// Bounds the bytes between decoder and reader.
struct ByteCredit {
    /// Acquired bytes, and whether the reader was dropped.
    state: Mutex<(u64, bool)>,
    changed: Condvar,
    most: u64,
}

impl ByteCredit {
    fn new(most: u64) -> Self {
        Self { state: Mutex::new((0, false)), changed: Condvar::new(), most }
    }

    /// Waits until `bytes` more fit. If nothing is acquired, any number fits.
    fn acquire(&self, bytes: u64) -> io::Result<()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        while !state.1 && state.0 > 0 && state.0 + bytes > self.most {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.1 {
            return Err(reader_dropped());
        }
        state.0 += bytes;
        Ok(())
    }

    fn release(&self, bytes: u64) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.0 = state.0.saturating_sub(bytes);
        self.changed.notify_all();
    }

    fn close(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).1 = true;
        self.changed.notify_all();
    }
}

#[cfg(test)]
mod tests;
