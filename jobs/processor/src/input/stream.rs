//! A large object as a stream of decompressed blocks: ranges are fetched ahead while earlier ones are parsed. Nothing is kept on disk, and
//! memory is bounded by the ranges in flight.

use std::io::{self, Read};

use bytes::Bytes;
use contract::document::Input;
use futures::{StreamExt as _, TryStreamExt as _};
use runtime::store::{Object, SharedStore, StoreError};
use tokio::sync::mpsc;

use super::InputError;
use super::checksum::Checksum;
use crate::source::SourceError;

/// Size of a range, bytes.
const RANGE: u64 = 4 << 20;
/// Ranges fetched at once.
const IN_FLIGHT: usize = 4;
/// Size of a decompressed block, bytes.
const BLOCK: usize = 2 << 20;

/// Blocks of one object, decompressed. To be read on a thread that may block.
pub struct Blocks {
    key: String,
    size: u64,
    decoder: Option<Box<dyn Read + Send>>,
    plain: Option<Ranges>,
    shared: std::sync::Arc<std::sync::Mutex<State>>,
}

impl std::fmt::Debug for Blocks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Blocks").field("key", &self.key).finish_non_exhaustive()
    }
}

/// What the reader of ranges leaves behind for who asks after the last block.
#[derive(Debug, Default)]
struct State {
    sum: Checksum,
    failure: Option<StoreError>,
}

impl Blocks {
    /// Begins to fetch an object at the version of its listing. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// A compressed object whose beginning is not what its name says.
    pub fn open(store: &SharedStore, object: &Object) -> Result<Self, InputError> {
        let (sender, receiver) = mpsc::channel(2);
        let (store, wanted) = (store.clone(), object.clone());
        tokio::spawn(async move {
            let ranges =
                (0..wanted.size.div_ceil(RANGE)).map(|index| index * RANGE..((index + 1) * RANGE).min(wanted.size));
            let mut fetched = futures::stream::iter(ranges)
                .map(|range| store.get_range(&wanted.key, range, &wanted.version))
                .buffered(IN_FLIGHT)
                .map_err(Some);
            while let Some(next) = fetched.next().await {
                let ended = next.is_err();
                // Nobody listens any more once a reader has given up.
                if sender.send(next).await.is_err() || ended {
                    return;
                }
            }
        });
        let shared = std::sync::Arc::new(std::sync::Mutex::new(State::default()));
        let ranges = Ranges { receiver, current: Bytes::new(), left: object.size, shared: shared.clone() };
        let compressed = object.key.ends_with(".gz") || object.key.ends_with(".zst");
        let (mut decoder, mut plain) = (None, Some(ranges));
        if compressed && let Some(ranges) = plain.take() {
            decoder = Some(
                self::decoder(&object.key, ranges)
                    .map_err(|error| InputError::Content(corrupt(&object.key, &error)))?,
            );
        }
        Ok(Self { key: object.key.clone(), size: object.size, decoder, plain, shared })
    }

    /// The next block; `None` at the end.
    ///
    /// # Errors
    /// See [`InputError`].
    pub fn next_block(&mut self) -> Result<Option<Bytes>, InputError> {
        let read = match (&mut self.decoder, &mut self.plain) {
            (Some(decoder), _) => {
                let mut block = Vec::with_capacity(BLOCK);
                decoder.by_ref().take(BLOCK as u64).read_to_end(&mut block).map(|_| Bytes::from(block))
            }
            (None, Some(ranges)) => ranges.next_range(),
            (None, None) => Ok(Bytes::new()),
        };
        match read {
            Ok(block) => Ok((!block.is_empty()).then_some(block)),
            Err(error) => {
                let failure = self.shared.lock().ok().and_then(|mut state| state.failure.take());
                Err(failure.map_or_else(|| InputError::Content(corrupt(&self.key, &error)), InputError::from))
            }
        }
    }

    /// After the last block of a compressed object, the sum of its stored bytes.
    #[must_use]
    pub fn stored_sum(&self) -> Option<String> {
        self.decoder.is_some().then(|| self.input().crc64nvme)
    }

    /// What documents say of the object, after its last block.
    #[must_use]
    pub fn input(&self) -> Input {
        let sum = self.shared.lock().map(|state| state.sum.base64()).unwrap_or_default();
        Input { cle: self.key.clone(), taille_octets: self.size, crc64nvme: sum }
    }
}

/// The ranges as they arrive, in order, summed up on the way.
struct Ranges {
    receiver: mpsc::Receiver<Result<Bytes, Option<StoreError>>>,
    current: Bytes,
    /// Bytes still to come.
    left: u64,
    shared: std::sync::Arc<std::sync::Mutex<State>>,
}

impl Ranges {
    fn next_range(&mut self) -> io::Result<Bytes> {
        match self.receiver.blocking_recv() {
            None if self.left > 0 => {
                Err(io::Error::new(io::ErrorKind::ConnectionAborted, "the transfer was given up midway"))
            }
            None => Ok(Bytes::new()),
            Some(Ok(bytes)) => {
                self.left = self.left.saturating_sub(bytes.len() as u64);
                if let Ok(mut state) = self.shared.lock() {
                    state.sum.update(&bytes);
                }
                Ok(bytes)
            }
            Some(Err(failure)) => {
                let message = failure.as_ref().map(ToString::to_string).unwrap_or_default();
                if let Ok(mut state) = self.shared.lock() {
                    state.failure = failure;
                }
                Err(io::Error::other(message))
            }
        }
    }
}

impl Read for Ranges {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.current.is_empty() {
            self.current = self.next_range()?;
        }
        let n = self.current.len().min(buffer.len());
        buffer[..n].copy_from_slice(&self.current.split_to(n));
        Ok(n)
    }
}

/// Decompresses by the ending of the key: `.gz` (of several members too), `.zst` (of several frames too).
///
/// # Errors
/// Those of the decoder's beginning.
pub fn decoder(key: &str, reader: impl Read + Send + 'static) -> io::Result<Box<dyn Read + Send>> {
    if key.ends_with(".gz") {
        Ok(Box::new(flate2::read::MultiGzDecoder::new(reader)))
    } else if key.ends_with(".zst") {
        Ok(Box::new(zstd::stream::read::Decoder::new(reader)?))
    } else {
        Ok(Box::new(reader))
    }
}

/// What to say of an object that cannot be decompressed.
#[must_use]
pub fn corrupt(key: &str, error: &io::Error) -> SourceError {
    let reason = match error.kind() {
        io::ErrorKind::UnexpectedEof => "the compressed file is cut short; upload it again".to_owned(),
        _ => format!("it cannot be decompressed ({error}); upload it again"),
    };
    SourceError { key: key.to_owned(), reason }
}
