//! The default checksum of S3: CRC-64/NVME of the stored bytes, as base64 of its 8 bytes in big-endian order.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use contract::document::Input;
use runtime::store::{SharedStore, Version};

use super::InputError;
use crate::crc::Crc64;
use crate::raw_file::SourceError;

/// A checksum under computation.
#[derive(Debug, Clone, Default)]
pub(crate) struct Checksum(Crc64);

impl From<Crc64> for Checksum {
    fn from(sum: Crc64) -> Self {
        Self(sum)
    }
}

impl Checksum {
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The checksum of the concatenation of two parts, from their checksums. This allows several threads to compute the checksums of the parts.
    #[must_use]
    pub(crate) fn combine(mut self, next: Self) -> Self {
        self.0.combine(&next.0);
        self
    }

    /// The format of S3 and of the documents.
    #[must_use]
    pub(crate) fn base64(&self) -> String {
        STANDARD.encode(self.0.value().to_be_bytes())
    }
}

/// Compares with the checksum in the store, if it has one. A difference is an error of the source, or a replacement if the object has a new
/// version.
pub(crate) async fn compare(store: &SharedStore, input: &Input, version: &Version) -> Result<(), InputError> {
    match store.stored_checksum(&input.key).await? {
        // The checksum belongs to another version.
        Some(kept) if kept != input.crc64nvme && store.head(&input.key).await?.version != *version => {
            Err(InputError::Replaced(input.key.clone()))
        }
        kept => verify(input, kept.as_deref()),
    }
}

/// Compares with the checksum in the store of the same version, if it has one.
pub(crate) fn verify(input: &Input, kept: Option<&str>) -> Result<(), InputError> {
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
        fn any_split_gives_the_same_checksum(
            bytes in proptest::collection::vec(any::<u8>(), 0..5000),
            cuts in proptest::collection::vec(0usize..5000, 0..6),
        ) {
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).chain([0, bytes.len()]).collect();
            cuts.sort_unstable();
            let parts: Vec<Checksum> = cuts.windows(2).map(|cut| of(&bytes[cut[0]..cut[1]])).collect();
            let from_left = parts.iter().fold(Checksum::default(), |sum, part| sum.combine(part.clone()));
            prop_assert_eq!(from_left.base64(), of(&bytes).base64());
            // Combining is associative.
            let from_right = parts.iter().rev().fold(Checksum::default(), |sum, part| part.clone().combine(sum));
            prop_assert_eq!(from_right.base64(), of(&bytes).base64());
        }
    }

    #[tokio::test]
    async fn wrong_checksum_is_an_error_and_new_version_is_a_replacement() {
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
    fn checksum_equals_the_published_check_value() {
        let mut sum = Checksum::default();
        sum.update(b"12345");
        sum.update(b"6789");
        // CRC-64/NVME of "123456789" is AE8B14860A799888.
        assert_eq!(STANDARD.decode(sum.base64()).unwrap(), 0xAE8B_1486_0A79_9888_u64.to_be_bytes());
    }
}
