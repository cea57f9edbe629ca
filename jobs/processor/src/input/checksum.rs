//! The checksum that S3 itself keeps: CRC-64/NVME of the bytes as stored, base64 of its 8 bytes, big endian.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use contract::document::Input;
use runtime::store::{SharedStore, Version};

use super::InputError;
use crate::crc::Crc64;
use crate::raw_file::SourceError;

/// A checksum on the way.
#[derive(Debug, Clone, Default)]
pub(crate) struct Checksum(Crc64);

impl From<Crc64> for Checksum {
    fn from(sum: Crc64) -> Self {
        Self(sum)
    }
}

impl Checksum {
    /// The next bytes.
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The checksum of some bytes and those that follow them, from the checksums of the two parts. So parts can be summed up apart, on
    /// several threads; each knows its own length.
    #[must_use]
    pub(crate) fn combine(mut self, next: Self) -> Self {
        self.0.combine(&next.0);
        self
    }

    /// As S3 and documents hold it.
    #[must_use]
    pub(crate) fn base64(&self) -> String {
        STANDARD.encode(self.0.value().to_be_bytes())
    }
}

/// Compares with the checksum that the store keeps, where it keeps one.
///
/// # Errors
/// The bytes that arrived are not those that the store took in.
pub(crate) async fn compare(store: &SharedStore, input: &Input, version: &Version) -> Result<(), InputError> {
    match store.stored_checksum(&input.key).await? {
        // The checksum of another version says nothing of this one.
        Some(kept) if kept != input.crc64nvme && store.head(&input.key).await?.version != *version => {
            Err(InputError::Replaced(input.key.clone()))
        }
        kept => equal(input, kept.as_deref()),
    }
}

/// Compares with what the store keeps of the very same version.
///
/// # Errors
/// The bytes that arrived are not those that the store took in.
pub(crate) fn equal(input: &Input, kept: Option<&str>) -> Result<(), InputError> {
    match kept {
        Some(kept) if kept != input.crc64nvme => Err(InputError::Content(SourceError {
            key: input.key.clone(),
            reason: format!("its CRC-64/NVME is {}, the store keeps {kept}; upload the file again", input.crc64nvme),
        })),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;
    use runtime::store::MemoryStore;

    use super::*;

    fn of(bytes: &[u8]) -> Checksum {
        let mut sum = Checksum::default();
        sum.update(bytes);
        sum
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same_sum(
            bytes in proptest::collection::vec(any::<u8>(), 0..5000),
            cuts in proptest::collection::vec(0usize..5000, 0..6),
        ) {
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).chain([0, bytes.len()]).collect();
            cuts.sort_unstable();
            let parts: Vec<Checksum> = cuts.windows(2).map(|cut| of(&bytes[cut[0]..cut[1]])).collect();
            let from_left = parts.iter().fold(Checksum::default(), |sum, part| sum.combine(part.clone()));
            prop_assert_eq!(from_left.base64(), of(&bytes).base64());
            // The parts may be put together in any grouping.
            let from_right = parts.iter().rev().fold(Checksum::default(), |sum, part| part.clone().combine(sum));
            prop_assert_eq!(from_right.base64(), of(&bytes).base64());
        }
    }

    #[tokio::test]
    async fn other_bytes_than_the_store_took_in_are_an_error_and_another_version_is_a_replacement() {
        let memory = MemoryStore::new();
        let version = memory.insert("batch/a.csv", "now");
        let store: SharedStore = Arc::new(memory.clone());
        let mut sum = Checksum::default();
        sum.update(&store.get("batch/a.csv").await.unwrap().0);
        let input = Input { key: "batch/a.csv".to_owned(), size_bytes: 3, crc64nvme: sum.base64() };
        memory.set_checksum("batch/a.csv", &input.crc64nvme);
        assert_eq!(compare(&store, &input, &version).await, Ok(()));
        memory.set_checksum("batch/a.csv", "AAAAAAAAAAA=");
        let damaged = compare(&store, &input, &version).await;
        assert!(matches!(&damaged, Err(InputError::Content(error)) if error.key == "batch/a.csv"), "{damaged:?}");
        memory.insert("batch/a.csv", "new");
        memory.set_checksum("batch/a.csv", "AAAAAAAAAAA=");
        assert_eq!(compare(&store, &input, &version).await, Err(InputError::Replaced("batch/a.csv".to_owned())));
    }

    #[test]
    fn it_is_the_published_check_value() {
        let mut sum = Checksum::default();
        sum.update(b"12345");
        sum.update(b"6789");
        // CRC-64/NVME of "123456789" is AE8B14860A799888.
        assert_eq!(STANDARD.decode(sum.base64()).unwrap(), 0xAE8B_1486_0A79_9888_u64.to_be_bytes());
    }
}
