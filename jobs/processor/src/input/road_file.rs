//! A large object as a stream of decompressed blocks: ranges are fetched ahead while earlier ones are decoded, and those are decoded ahead
//! while earlier ones are parsed. Nothing is kept on disk, and memory is bounded by the budget, whatever the size of the object.
//!
//! Not for small files, which are fetched whole.

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

/// Blocks of one object, decompressed. To be read on a thread that may block. Dropping it gives up what is still on its way.
pub(crate) struct Blocks {
    key: String,
    inside: Inside,
}

enum Inside {
    Plain(Ranges),
    Compressed { decoded: Decoded, fetching: AbortHandle },
}

impl std::fmt::Debug for Blocks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Blocks").field("key", &self.key).finish_non_exhaustive()
    }
}

impl Blocks {
    /// Begins to fetch an object at the version of its listing. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// The system has no thread left to decode on.
    pub(crate) fn open(store: &SharedStore, object: &Object, budget: &Budget) -> Result<Self, InputError> {
        let mut ranges = Ranges::fetch(store, object, budget);
        let inside = match Format::of(&object.key) {
            None => Inside::Plain(ranges),
            Some(format) => {
                ranges.sum = Some(Checksum::default());
                let fetching = ranges.abort_handle();
                let decoded = Decoded::begin(ranges, format, budget.decoded()).map_err(|error| {
                    let detail = format!("no thread to decompress it on ({error})");
                    InputError::Store(StoreError::Other { key: store.address(&object.key), detail })
                })?;
                Inside::Compressed { decoded, fetching }
            }
        };
        Ok(Self { key: object.key.clone(), inside })
    }

    /// The next block; `None` at the end.
    ///
    /// # Errors
    /// See [`InputError`].
    pub(crate) fn next_block(&mut self) -> Result<Option<Bytes>, InputError> {
        match &mut self.inside {
            Inside::Plain(ranges) => Ok(ranges.next()?),
            Inside::Compressed { decoded, .. } => {
                decoded.next().map_err(|error| match error.downcast::<StoreError>() {
                    Ok(store) => store.into(),
                    Err(error) => InputError::Content(corrupt(&self.key, &error)),
                })
            }
        }
    }

    /// The CRC-64/NVME (base64) of the stored bytes of a compressed object, once its last block was given. `None` for a plain one, whose
    /// blocks are its stored bytes.
    #[must_use]
    pub(crate) fn stored_sum(&self) -> Option<String> {
        match &self.inside {
            Inside::Plain(_) => None,
            Inside::Compressed { decoded, .. } => decoded.sum().map(|sum| sum.base64()),
        }
    }
}

impl Drop for Blocks {
    fn drop(&mut self) {
        // The thread that decodes may wait for a range that nobody wants any more.
        if let Inside::Compressed { fetching, .. } = &self.inside {
            fetching.abort();
        }
    }
}

/// Decompresses by the ending of the key: `.gz` (of several members too), `.zst` (of several frames too).
///
/// # Errors
/// Those of the decoder's beginning.
pub(crate) fn decoder(key: &str, reader: impl Read + Send + 'static) -> io::Result<Box<dyn Read + Send>> {
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
pub(crate) fn corrupt(key: &str, error: &io::Error) -> SourceError {
    let reason = match error.kind() {
        io::ErrorKind::UnexpectedEof => "the compressed file is cut short; upload it again".to_owned(),
        _ => format!("it cannot be decompressed ({error}); upload it again"),
    };
    SourceError { key: key.to_owned(), reason }
}
