//! Decompression on threads of its own, ahead of whoever reads the blocks by a bounded number of bytes.
//!
//! One thread walks through the stored bytes. What can be decoded by itself (a frame, a batch of members) goes to [`workers`], the rest it
//! decodes itself; either way a slot in the queue says where in the order the result belongs. What is not understood, or is cut short, is
//! always left to the plain decoder, so that the words for what is wrong are the same whichever way it is found.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, PoisonError, mpsc};

use bytes::Bytes;

use crate::input::checksum::Checksum;
use crate::input::lookahead::{Pieces, Window};
use workers::{Job, Workers};

mod gz;
mod workers;
mod zst;

/// Size of a decompressed block, bytes.
pub(crate) const BLOCK: usize = 1 << 20;
/// The most threads that decode at once; with more they only wait for the network or the parser.
const MOST_WORKERS: usize = 8;
/// What a frame holds as programs that write several usually make them, bytes.
const USUAL: u64 = 8 << 20;

/// How an object is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// `.gz`
    Gz,
    /// `.zst`
    Zst,
}

impl Format {
    /// By the ending of the key.
    pub(crate) fn of(key: &str) -> Option<Self> {
        if key.ends_with(".gz") {
            Some(Self::Gz)
        } else if key.ends_with(".zst") {
            Some(Self::Zst)
        } else {
            None
        }
    }
}

/// A place in the order of blocks.
enum Slot {
    Ready { block: Bytes, charge: u64 },
    Pending { result: mpsc::Receiver<io::Result<Vec<u8>>>, charge: u64 },
    Ended(Box<Checksum>),
    Failed(io::Error),
}

/// The decoded blocks of one object, in order. Dropping it ends the threads.
pub(crate) struct Decoded {
    slots: mpsc::Receiver<Slot>,
    credit: Arc<Credit>,
    /// What the last slot has left.
    rest: VecDeque<Bytes>,
    charge: u64,
    /// Of the stored bytes, after the last block.
    sum: Option<Checksum>,
}

impl Decoded {
    /// Begins to decode. At most so many bytes wait at once.
    ///
    /// # Errors
    /// The system has no thread left.
    pub(crate) fn begin(pieces: impl Pieces, format: Format, most: u64) -> io::Result<Self> {
        let (sender, slots) = mpsc::channel();
        let credit = Arc::new(Credit::new(most));
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(MOST_WORKERS);
        // With one on each thread and one that is being parsed, all fit; rather fewer threads than none that can take a usual frame.
        let threads = ((most / USUAL) as usize).saturating_sub(1).clamp(1, cores);
        let largest = (most / (threads as u64 + 1)) as usize;
        let mut window = Window::new(pieces);
        let mut output = Output { sender, credit: credit.clone(), workers: Workers::new(threads), largest };
        std::thread::Builder::new().name("decode".to_owned()).spawn(move || {
            let ended = match format {
                Format::Gz => gz::decode(&mut window, &mut output),
                Format::Zst => zst::decode(&mut window, &mut output),
            };
            let last = match ended {
                Ok(()) => Slot::Ended(Box::new(window.sum())),
                Err(error) => Slot::Failed(error),
            };
            // Nobody listens any more once a reader has given up.
            let _ = output.sender.send(last);
        })?;
        Ok(Self { slots, credit, rest: VecDeque::new(), charge: 0, sum: None })
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
            self.credit.give_back(std::mem::take(&mut self.charge));
            let gone = || io::Error::other("the decoder ended before the data did");
            match self.slots.recv().map_err(|_| gone())? {
                Slot::Ready { block, charge } => {
                    self.charge = charge;
                    self.rest.push_back(block);
                }
                Slot::Pending { result, charge } => {
                    self.charge = charge;
                    let mut whole = Bytes::from(result.recv().map_err(|_| gone())??);
                    while !whole.is_empty() {
                        self.rest.push_back(whole.split_to(whole.len().min(BLOCK)));
                    }
                }
                Slot::Ended(sum) => self.sum = Some(*sum),
                Slot::Failed(error) => return Err(error),
            }
        }
    }

    /// Checksum of the stored bytes, once the last block was given.
    pub(crate) fn sum(&self) -> Option<Checksum> {
        self.sum.clone()
    }
}

impl Drop for Decoded {
    fn drop(&mut self) {
        self.credit.close();
    }
}

/// Where decoders put what they find.
pub(crate) struct Output {
    sender: mpsc::Sender<Slot>,
    credit: Arc<Credit>,
    workers: Workers,
    /// The most that one job may take, stored as well as decoded.
    pub(crate) largest: usize,
}

impl Output {
    /// A block that is decoded already. An empty one is none.
    pub(crate) fn block(&mut self, block: Vec<u8>) -> io::Result<()> {
        if block.is_empty() {
            return Ok(());
        }
        let charge = block.len() as u64;
        self.credit.take(charge)?;
        self.sender.send(Slot::Ready { block: block.into(), charge }).map_err(|_| unheard())
    }

    /// Something that can be decoded by itself, into `content` bytes at most.
    pub(crate) fn job(&mut self, format: Format, stored: Bytes, content: usize) -> io::Result<()> {
        let charge = (stored.len() + content) as u64;
        self.credit.take(charge)?;
        let (reply, result) = mpsc::sync_channel(1);
        self.workers.give(Job { format, stored, content, reply })?;
        self.sender.send(Slot::Pending { result, charge }).map_err(|_| unheard())
    }
}

/// Ends a decoder that nobody listens to; nobody hears this either.
fn unheard() -> io::Error {
    io::Error::other("nobody reads the blocks any more")
}

/// How many bytes may wait at once.
struct Credit {
    /// Bytes that wait, and whether it is over.
    state: Mutex<(u64, bool)>,
    changed: Condvar,
    most: u64,
}

impl Credit {
    fn new(most: u64) -> Self {
        Self { state: Mutex::new((0, false)), changed: Condvar::new(), most }
    }

    /// Waits until so many more may wait. Where nothing waits, anything may.
    fn take(&self, bytes: u64) -> io::Result<()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        while !state.1 && state.0 > 0 && state.0 + bytes > self.most {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.1 {
            return Err(unheard());
        }
        state.0 += bytes;
        Ok(())
    }

    fn give_back(&self, bytes: u64) {
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
