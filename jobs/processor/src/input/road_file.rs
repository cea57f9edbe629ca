//! A large object as a stream of decompressed blocks: fetching, decoding and parsing overlap. Nothing is written to disk, and the budget bounds
//! the memory regardless of the size of the object.
//!
//! Small files are fetched whole instead.

use std::io::{self, Read};

use bytes::Bytes;
use runtime::memory::Budget;
use runtime::store::{Object, SharedStore, StoreError};
use tokio::task::AbortHandle;

use super::InputError;
use super::checksum::Checksum;
use super::decode::{Decoded, Format};
use super::ranges::Ranges;
use crate::raw_file::SourceError;

/// The decompressed blocks of one object. Read it on a thread that may block. Dropping it cancels all requests in flight.
pub(crate) struct Blocks {
    key: String,
    source: BlockSource,
}

enum BlockSource {
    Plain(Ranges),
    Compressed { decoded: Decoded, fetching: AbortHandle },
}

impl std::fmt::Debug for Blocks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Blocks").field("key", &self.key).finish_non_exhaustive()
    }
}

impl Blocks {
    /// Starts fetching an object at its listed version. Must be called within a tokio runtime. Fails if no decoding thread can be started.
    pub(crate) fn open(store: &SharedStore, object: &Object, budget: &Budget) -> Result<Self, InputError> {
        let mut ranges = Ranges::fetch(store, object, budget);
        let source = match Format::of(&object.key) {
            None => BlockSource::Plain(ranges),
            Some(format) => {
                ranges.sum = Some(Checksum::default());
                let fetching = ranges.abort_handle();
                let decoded = Decoded::begin(ranges, format, budget.decoded()).map_err(|error| {
                    let detail = format!("cannot start a thread to decompress it ({error})");
                    InputError::Store(StoreError::Other { key: store.address(&object.key), detail })
                })?;
                BlockSource::Compressed { decoded, fetching }
            }
        };
        Ok(Self { key: object.key.clone(), source })
    }

    /// The next block; `None` at the end.
    pub(crate) fn next_block(&mut self) -> Result<Option<Bytes>, InputError> {
        match &mut self.source {
            BlockSource::Plain(ranges) => Ok(ranges.next()?),
            BlockSource::Compressed { decoded, .. } => {
                decoded.next().map_err(|error| match error.downcast::<StoreError>() {
                    Ok(store) => store.into(),
                    Err(error) => InputError::Content(corrupt(&self.key, &error)),
                })
            }
        }
    }

    /// The CRC-64/NVME (base64) of the stored bytes of a compressed object, after its last block. `None` for an uncompressed object, whose
    /// blocks are its stored bytes.
    #[must_use]
    pub(crate) fn stored_sum(&self) -> Option<String> {
        match &self.source {
            BlockSource::Plain(_) => None,
            BlockSource::Compressed { decoded, .. } => decoded.sum().map(|sum| sum.base64()),
        }
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

/// A decoder for the extension of the key: `.gz` (any number of members), `.zst` (any number of frames), or none.
pub(crate) fn decoder(key: &str, reader: impl Read + Send + 'static) -> io::Result<Box<dyn Read + Send>> {
    if key.ends_with(".gz") {
        Ok(Box::new(flate2::read::MultiGzDecoder::new(reader)))
    } else if key.ends_with(".zst") {
        Ok(Box::new(zstd::stream::read::Decoder::new(reader)?))
    } else {
        Ok(Box::new(reader))
    }
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
