//! Numbers that look random and are a pure function of their place: any cell can be computed on its own, in any thread, in any order.
//!
//! Not for secrets. SplitMix64 (Steele, Lea, Flood 2014): its finaliser is the hash, its sequence the generator.

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// The finaliser of SplitMix64: every input bit moves every output bit.
#[must_use]
pub fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(GOLDEN);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A number for a place: what is wanted (`topic`) of which thing (`a`) and when or which part (`b`).
#[must_use]
pub fn at(seed: u64, topic: u64, a: u64, b: u64) -> u64 {
    mix(mix(mix(seed ^ topic.wrapping_mul(0xd6e8_feb8_6659_fd93)) ^ a) ^ b.wrapping_mul(GOLDEN))
}

/// 0 to 1, 1 excluded.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
pub fn unit(bits: u64) -> f64 {
    (bits >> 11) as f64 / 9_007_199_254_740_992.0
}

/// A sequence for one thing.
#[derive(Debug, Clone)]
pub struct Rng(u64);

impl Rng {
    /// The sequence of a place, see [`at`].
    #[must_use]
    pub fn of(seed: u64, topic: u64, thing: u64) -> Self {
        Self(at(seed, topic, thing, 0))
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        mix(self.0)
    }

    /// 0 to 1, 1 excluded.
    pub fn unit(&mut self) -> f64 {
        unit(self.bits())
    }

    /// `low` to `high`, `high` excluded.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// 0 to `n`, `n` excluded; 0 where `n` is 0.
    pub fn below(&mut self, n: u64) -> u64 {
        if n == 0 { 0 } else { self.bits() % n }
    }

    /// Whether something happens that happens with this probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// One of several.
    pub fn pick<T: Copy>(&mut self, from: &[T], otherwise: T) -> T {
        let index = usize::try_from(self.below(from.len() as u64)).unwrap_or(0);
        from.get(index).copied().unwrap_or(otherwise)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_place_gives_the_same_number_and_another_another() {
        assert_eq!(at(1, 2, 3, 4), at(1, 2, 3, 4));
        assert_ne!(at(1, 2, 3, 4), at(1, 2, 4, 3));
        let mut sum = 0.0;
        for index in 0..10_000 {
            sum += unit(at(7, 1, index, 0));
        }
        assert!((sum / 10_000.0 - 0.5).abs() < 0.02);
    }
}
