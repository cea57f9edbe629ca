//! A large object as a stream of decompressed blocks: fetching, decoding and parsing overlap. Nothing is written to disk, and the budget bounds
//! the memory regardless of the size of the object.
//!
//! Small files are fetched whole instead.

use std::io::{self, BufRead, Read};

use bytes::Bytes;
use runtime::memory::Budget;
use runtime::store::{Object, SharedStore, StoreError};
use tokio::task::AbortHandle;

use super::InputError;
use super::checksum::Checksum;
use super::decode::gz::Members;
use super::decode::{Decoded, Format};
use super::lookahead::StoredBytes;
use super::ranges::Ranges;
use crate::raw_file::SourceError;

/// The decompressed blocks of one object. Read it on a thread that may block. Dropping it cancels all requests in flight.
pub(crate) struct Blocks {
    key: String,
    source: BlockSource,
}

enum BlockSource {
    Plain { first: Option<Bytes>, ranges: Ranges },
    Compressed { decoded: Decoded, fetching: AbortHandle },
}

/// The ranges of an object, of which the first one was needed to recognise the format.
struct AfterFirst {
    first: Option<Bytes>,
    ranges: Ranges,
}

impl StoredBytes for AfterFirst {
    fn next_bytes(&mut self) -> io::Result<Option<Bytes>> {
        match self.first.take() {
            Some(first) => Ok(Some(first)),
            None => self.ranges.next_bytes(),
        }
    }

    fn sum(&self) -> Checksum {
        self.ranges.sum()
    }
}

impl std::fmt::Debug for Blocks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Blocks").field("key", &self.key).finish_non_exhaustive()
    }
}

impl Blocks {
    /// Starts fetching an object at its listed version, and waits for its first bytes. Must be called within a tokio runtime, on a thread that may
    /// block. Fails if no decoding thread can be started.
    pub(crate) fn open(store: &SharedStore, object: &Object, budget: &Budget) -> Result<Self, InputError> {
        let mut ranges = Ranges::fetch(store, object, budget);
        ranges.sum = Some(Checksum::default());
        let first = ranges.next()?;
        let source = match Format::of(&object.key, first.as_deref().unwrap_or_default()) {
            None => {
                ranges.sum = None;
                BlockSource::Plain { first, ranges }
            }
            Some(format) => {
                let fetching = ranges.abort_handle();
                let stored = AfterFirst { first, ranges };
                let decoded = Decoded::begin(stored, format, budget.decoded());
                BlockSource::Compressed { decoded: decoded.map_err(no_thread(store, &object.key))?, fetching }
            }
        };
        Ok(Self { key: object.key.clone(), source })
    }

    /// The blocks of an entry of an archive; `key` is that of the archive and the name of the entry.
    pub(crate) fn of_entry(key: String, decoded: Decoded, fetching: AbortHandle) -> Self {
        Self { key, source: BlockSource::Compressed { decoded, fetching } }
    }

    /// The next block; `None` at the end.
    pub(crate) fn next_block(&mut self) -> Result<Option<Bytes>, InputError> {
        match &mut self.source {
            BlockSource::Plain { first, ranges } => match first.take() {
                Some(first) => Ok(Some(first)),
                None => Ok(ranges.next()?),
            },
            BlockSource::Compressed { decoded, .. } => {
                decoded.next().map_err(|error| match error.downcast::<StoreError>() {
                    Ok(store) => store.into(),
                    Err(error) => InputError::Content(corrupt(&self.key, &error)),
                })
            }
        }
    }

    /// The checksum of the stored bytes of a compressed object, after its last block. `None` for an uncompressed object, whose blocks are its
    /// stored bytes.
    #[must_use]
    pub(crate) fn stored_sum(&self) -> Option<Checksum> {
        match &self.source {
            BlockSource::Plain { .. } => None,
            BlockSource::Compressed { decoded, .. } => decoded.sum(),
        }
    }
}

impl Blocks {
    /// Whether the blocks are decompressed.
    #[must_use]
    pub(crate) fn is_compressed(&self) -> bool {
        matches!(self.source, BlockSource::Compressed { .. })
    }
}

impl Drop for Blocks {
    fn drop(&mut self) {
        // The decoding thread may be waiting for a range.
        if let BlockSource::Compressed { fetching, .. } = &self.source {
            fetching.abort();
        }
    }
}

/// A decoder for bytes of a format: gzip (any number of members), Zstandard (any number of frames), or none.
pub(crate) fn decoder(
    format: Option<Format>,
    reader: impl BufRead + Send + 'static,
) -> io::Result<Box<dyn Read + Send>> {
    Ok(match format {
        Some(Format::Gz) => Box::new(Members::new(reader)),
        Some(Format::Zst) => Box::new(zstd::stream::read::Decoder::with_buffer(reader)?),
        None => Box::new(reader),
    })
}

/// The error for an object that cannot be decompressed.
#[must_use]
pub(crate) fn corrupt(key: &str, error: &io::Error) -> SourceError {
    let reason = match error.kind() {
        io::ErrorKind::UnexpectedEof => "the compressed file is cut short; upload it again".to_owned(),
        _ => format!("it cannot be decompressed ({error}); upload it again"),
    };
    SourceError { key: key.to_owned(), reason }
}

/// The error for a thread that cannot be started.
pub(super) fn no_thread(store: &SharedStore, key: &str) -> impl FnOnce(io::Error) -> InputError {
    let key = store.address(key);
    move |error| {
        let detail = format!("cannot start a thread to decompress it ({error})");
        InputError::Store(StoreError::Other { key, detail })
    }
}
