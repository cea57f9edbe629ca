//! Pseudo-random numbers as a pure function of (seed, topic, item, part): each cell can be computed alone, in any thread and order.
//!
//! Not for secrets. SplitMix64 (Steele, Lea, Flood 2014): its finaliser is the hash, its sequence the generator.

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// The finaliser of SplitMix64: every input bit affects every output bit.
#[must_use]
pub fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(GOLDEN);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The number for a `topic` (the quantity), an item `a` and a part of it or an hour `b`.
#[must_use]
pub fn at(seed: u64, topic: u64, a: u64, b: u64) -> u64 {
    mix(mix(mix(seed ^ topic.wrapping_mul(0xd6e8_feb8_6659_fd93)) ^ a) ^ b.wrapping_mul(GOLDEN))
}

/// Maps 64 bits to `0.0..1.0`.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
pub fn unit(bits: u64) -> f64 {
    (bits >> 11) as f64 / 9_007_199_254_740_992.0
}

/// A sequence of numbers for one item.
#[derive(Debug, Clone)]
pub struct Rng(u64);

impl Rng {
    /// The sequence of an item; see [`at`].
    #[must_use]
    pub fn new(seed: u64, topic: u64, item: u64) -> Self {
        Self(at(seed, topic, item, 0))
    }

    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        mix(self.0)
    }

    /// A number in `0.0..1.0`.
    pub fn unit(&mut self) -> f64 {
        unit(self.bits())
    }

    /// A number in `low..high`.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// A number in `0..n`; 0 if `n` is 0.
    pub fn below(&mut self, n: u64) -> u64 {
        if n == 0 { 0 } else { self.bits() % n }
    }

    /// `true` with this probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// One of several values; `otherwise` if there are none.
    pub fn pick<T: Copy>(&mut self, from: &[T], otherwise: T) -> T {
        let index = usize::try_from(self.below(from.len() as u64)).unwrap_or(0);
        from.get(index).copied().unwrap_or(otherwise)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_depends_on_every_input_and_on_nothing_else() {
        assert_eq!(at(1, 2, 3, 4), at(1, 2, 3, 4));
        assert_ne!(at(1, 2, 3, 4), at(1, 2, 4, 3));
        let mut sum = 0.0;
        for index in 0..10_000 {
            sum += unit(at(7, 1, index, 0));
        }
        assert!((sum / 10_000.0 - 0.5).abs() < 0.02);
    }
}
