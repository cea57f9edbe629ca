//! CRC-64/NVME, the checksum that S3 stores for its objects, for a text that several threads read in chunks.
//!
//! Two checksums combine into that of the concatenation: the first is shifted by as many zero bytes as the second chunk has, which is a
//! multiplication by a power of x modulo the polynomial, and added to the second (like zlib's `crc32_combine`; Mark Adler, 2002). Most chunks
//! have the same length, so the last power is cached.

use crc_fast::{CrcAlgorithm, Digest};

/// The polynomial, with the lowest power in the highest bit (NVM Express, NVM Command Set Specification, 64b CRC).
const POLYNOMIAL: u64 = 0x9A6C_9329_AC4B_C9B5;
/// x⁰.
const ONE: u64 = 1 << 63;

/// The checksum of a sequence of bytes, and their number.
#[derive(Clone)]
pub struct Crc64 {
    digest: Option<Digest>,
    value: u64,
    length: u64,
    /// The last length that was shifted by, and its power of x.
    moved: (u64, u64),
}

impl std::fmt::Debug for Crc64 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Crc64({:016x} of {} bytes)", self.value(), self.length)
    }
}

impl Default for Crc64 {
    fn default() -> Self {
        Self { digest: None, value: 0, length: 0, moved: (0, ONE) }
    }
}

impl Crc64 {
    /// Adds the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        if self.length > 0 && self.digest.is_none() {
            let mut next = Self::default();
            next.update(bytes);
            return self.combine(&next);
        }
        self.digest.get_or_insert_with(|| Digest::new(CrcAlgorithm::Crc64Nvme)).update(bytes);
        self.length += bytes.len() as u64;
    }

    /// Appends bytes whose checksum was computed separately.
    pub fn combine(&mut self, next: &Self) {
        if self.moved.0 != next.length {
            self.moved = (next.length, power_of_bytes(next.length));
        }
        self.value = multiply(self.moved.1, self.value()) ^ next.value();
        self.digest = None;
        self.length += next.length;
    }

    /// The checksum as a number.
    #[must_use]
    pub fn value(&self) -> u64 {
        self.digest.as_ref().map_or(self.value, Digest::finalize)
    }

    /// Number of bytes.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }
}

/// The product of two polynomials modulo [`POLYNOMIAL`].
fn multiply(one: u64, mut other: u64) -> u64 {
    let mut product = 0;
    for bit in (0..64).rev() {
        if one >> bit & 1 == 1 {
            product ^= other;
        }
        other = other >> 1 ^ if other & 1 == 1 { POLYNOMIAL } else { 0 };
    }
    product
}

/// x to the power of 8 × `bytes`.
fn power_of_bytes(mut bytes: u64) -> u64 {
    // x⁸, squared for each further bit.
    let mut square = ONE >> 8;
    let mut power = ONE;
    while bytes > 0 {
        if bytes & 1 == 1 {
            power = multiply(square, power);
        }
        square = multiply(square, square);
        bytes >>= 1;
    }
    power
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(bytes: &[u8]) -> Crc64 {
        let mut sum = Crc64::default();
        sum.update(bytes);
        sum
    }

    #[test]
    fn checksum_equals_the_published_check_value() {
        assert_eq!(of(b"123456789").value(), 0xAE8B_1486_0A79_9888);
        assert_eq!(Crc64::default().value(), 0);
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same_checksum(bytes in prop::collection::vec(any::<u8>(), 0..3000), cuts in prop::collection::vec(0usize..3000, 0..5)) {
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let mut all = Crc64::default();
            for (number, cut) in cuts.windows(2).enumerate() {
                let piece = &bytes[cut[0]..cut[1]];
                if number % 3 == 2 { all.update(piece) } else { all.combine(&of(piece)) }
            }
            prop_assert_eq!(all.value(), of(&bytes).value());
            prop_assert_eq!(all.length(), bytes.len() as u64);
        }
    }
}
