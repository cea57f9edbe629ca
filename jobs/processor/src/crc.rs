//! CRC-64/NVME, the checksum that S3 keeps of its objects, of a text that is read in pieces by several threads.
//!
//! The sums of two pieces give that of both: the first is moved on by as many zero bytes as the second has, which is a multiplication by
//! a power of x modulo the polynomial, and added to the second (as zlib's `crc32_combine` does; Mark Adler, 2002). Pieces mostly have one
//! length, so the power is kept.

use crc_fast::{CrcAlgorithm, Digest};

/// The polynomial, lowest power in the highest bit (NVM Express, NVM Command Set Specification, 64b CRC).
const POLYNOMIAL: u64 = 0x9A6C_9329_AC4B_C9B5;
/// x⁰.
const ONE: u64 = 1 << 63;

/// The sum of some bytes, and how many they are.
#[derive(Clone)]
pub struct Crc64 {
    digest: Option<Digest>,
    value: u64,
    length: u64,
    /// The last length that was moved on by, with its power.
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

    /// Adds bytes that were summed up apart.
    pub fn combine(&mut self, next: &Self) {
        if self.moved.0 != next.length {
            self.moved = (next.length, power_of_bytes(next.length));
        }
        self.value = multiply(self.moved.1, self.value()) ^ next.value();
        self.digest = None;
        self.length += next.length;
    }

    /// The sum as a number.
    #[must_use]
    pub fn value(&self) -> u64 {
        self.digest.as_ref().map_or(self.value, Digest::finalize)
    }

    /// How many bytes it is of.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }
}

/// The product of two polynomials modulo the one of the checksum.
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
    fn it_is_the_published_check_value() {
        assert_eq!(of(b"123456789").value(), 0xAE8B_1486_0A79_9888);
        assert_eq!(Crc64::default().value(), 0);
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same(bytes in prop::collection::vec(any::<u8>(), 0..3000), cuts in prop::collection::vec(0usize..3000, 0..5)) {
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
