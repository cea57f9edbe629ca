//! Where the bytes that matter are, 64 bytes at a time: one bit for each byte, by the widest registers that the processor has.
//!
//! Three ways with one result: AVX-512, AVX2, and plain Rust for any other machine. The choice is made once; all `unsafe` of the program is
//! in this file, and it is of two kinds: calls of functions that need an instruction set which [`Simd::detect`] has found, and loads of
//! 64 bytes from a reference to 64 bytes.
#![expect(
    unsafe_code,
    reason = "vector instructions, behind the safe face of `Simd`; the property tests compare all ways"
)]

/// Bytes looked at in one step.
pub(super) const BLOCK: usize = 64;

/// The bytes of a block that matter. Bit i is byte i.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Masks {
    /// Line feeds.
    pub(super) newline: u64,
    /// Separators.
    pub(super) separator: u64,
    /// Quotes.
    pub(super) quote: u64,
    /// Bytes that are not ASCII.
    pub(super) high: u64,
}

/// A way to look at blocks.
pub(super) trait Lanes: Copy {
    /// The masks of a block.
    fn masks(self, block: &[u8; BLOCK], separator: u8) -> Masks;
    /// Bit i is the parity of bits 0 to i: from an opening quote up to, and without, the closing one.
    fn parity(self, bits: u64) -> u64;
}

/// What is done with blocks, in code that is compiled once for every way.
pub(super) trait Work {
    /// Does it.
    fn with<L: Lanes>(self, lanes: L);
}

/// The instruction set that is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Simd {
    /// Plain Rust.
    Portable,
    /// 32 bytes in a register.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// 64 bytes in a register.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Simd {
    /// The best that this processor has.
    #[must_use]
    pub fn detect() -> Self {
        Self::available().last().copied().unwrap_or(Self::Portable)
    }

    /// All that this processor has, the best last.
    #[must_use]
    pub fn available() -> Vec<Self> {
        let mut all = vec![Self::Portable];
        #[cfg(target_arch = "x86_64")]
        {
            let common = is_x86_feature_detected!("pclmulqdq")
                && is_x86_feature_detected!("bmi1")
                && is_x86_feature_detected!("bmi2")
                && is_x86_feature_detected!("popcnt")
                && is_x86_feature_detected!("lzcnt")
                && is_x86_feature_detected!("avx2");
            if common {
                all.push(Self::Avx2);
            }
            if common && is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw") {
                all.push(Self::Avx512);
            }
        }
        all
    }

    /// The instructions with this name if this machine has them, else the best that it has.
    #[must_use]
    pub fn named_or_best(name: &str) -> Self {
        Self::available().into_iter().find(|simd| simd.name() == name).unwrap_or_else(Self::detect)
    }

    /// The name in settings: `portable`, `avx2`, `avx512`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => "avx2",
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => "avx512",
        }
    }

    /// Does the work by this way; by plain Rust where the processor does not have it.
    pub(super) fn run(self, work: impl Work) {
        #[cfg(target_arch = "x86_64")]
        {
            // The check costs a load of a cached answer; with it no value of this type can be wrong.
            if self > Self::detect() {
                return work.with(Portable);
            }
            match self {
                // SAFETY: `detect` has found every instruction set that the function is compiled for.
                Self::Avx512 => return unsafe { x86::with_avx512(work) },
                // SAFETY: as above.
                Self::Avx2 => return unsafe { x86::with_avx2(work) },
                Self::Portable => {}
            }
        }
        work.with(Portable);
    }
}

/// Plain Rust, in loops that compilers turn into what the target has.
#[derive(Debug, Clone, Copy)]
struct Portable;

impl Lanes for Portable {
    #[inline(always)]
    fn masks(self, block: &[u8; BLOCK], separator: u8) -> Masks {
        let of = |test: &dyn Fn(u8) -> bool| {
            block.iter().zip(0..).fold(0, |bits, (byte, at)| bits | u64::from(test(*byte)) << at)
        };
        Masks {
            newline: of(&|byte| byte == b'\n'),
            separator: of(&|byte| byte == separator),
            quote: of(&|byte| byte == b'"'),
            high: of(&|byte| byte >= 0x80),
        }
    }

    #[inline(always)]
    fn parity(self, bits: u64) -> u64 {
        [1, 2, 4, 8, 16, 32].into_iter().fold(bits, |bits, by| bits ^ bits << by)
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{
        __m256i, __m512i, _mm_clmulepi64_si128, _mm_cvtsi64_si128, _mm_cvtsi128_si64, _mm_set1_epi8, _mm256_cmpeq_epi8,
        _mm256_loadu_si256, _mm256_movemask_epi8, _mm256_set1_epi8, _mm512_cmpeq_epi8_mask, _mm512_loadu_si512,
        _mm512_movepi8_mask, _mm512_set1_epi8,
    };

    use super::{BLOCK, Lanes, Masks, Work};

    #[target_feature(enable = "avx512f,avx512bw,avx2,pclmulqdq,bmi1,bmi2,popcnt,lzcnt")]
    pub(super) fn with_avx512(work: impl Work) {
        work.with(Avx512(()));
    }

    #[target_feature(enable = "avx2,pclmulqdq,bmi1,bmi2,popcnt,lzcnt")]
    pub(super) fn with_avx2(work: impl Work) {
        work.with(Avx2(()));
    }

    /// Made by [`with_avx2`] alone: whoever has one runs on a processor that has AVX2.
    #[derive(Debug, Clone, Copy)]
    pub(super) struct Avx2(());

    /// Made by [`with_avx512`] alone: whoever has one runs on a processor that has AVX-512.
    #[derive(Debug, Clone, Copy)]
    pub(super) struct Avx512(());

    /// The parity of all bits up to each: a product without carries with all ones.
    #[inline(always)]
    fn parity(bits: u64) -> u64 {
        // SAFETY: both ways that call this have PCLMULQDQ; the rest is in every x86-64.
        unsafe {
            let product = _mm_clmulepi64_si128::<0>(_mm_cvtsi64_si128(bits.cast_signed()), _mm_set1_epi8(-1));
            _mm_cvtsi128_si64(product).cast_unsigned()
        }
    }

    impl Lanes for Avx512 {
        #[inline(always)]
        fn masks(self, block: &[u8; BLOCK], separator: u8) -> Masks {
            // SAFETY: AVX-512 is there (see the type), and the load takes the 64 bytes of the reference, wherever they lie.
            unsafe {
                let bytes = _mm512_loadu_si512(block.as_ptr().cast::<__m512i>());
                let equal = |byte: u8| _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(byte.cast_signed()));
                Masks {
                    newline: equal(b'\n'),
                    separator: equal(separator),
                    quote: equal(b'"'),
                    high: _mm512_movepi8_mask(bytes),
                }
            }
        }

        #[inline(always)]
        fn parity(self, bits: u64) -> u64 {
            parity(bits)
        }
    }

    impl Lanes for Avx2 {
        #[inline(always)]
        fn masks(self, block: &[u8; BLOCK], separator: u8) -> Masks {
            // SAFETY: AVX2 is there (see the type), and the two loads take the 64 bytes of the reference, wherever they lie.
            unsafe {
                let halves = block.as_ptr().cast::<__m256i>();
                let (low, high) = (_mm256_loadu_si256(halves), _mm256_loadu_si256(halves.add(1)));
                let both = |low: __m256i, high: __m256i| {
                    let half = |part| u64::from(_mm256_movemask_epi8(part).cast_unsigned());
                    half(low) | half(high) << 32
                };
                let equal = |byte: u8| {
                    let wanted = _mm256_set1_epi8(byte.cast_signed());
                    both(_mm256_cmpeq_epi8(low, wanted), _mm256_cmpeq_epi8(high, wanted))
                };
                Masks { newline: equal(b'\n'), separator: equal(separator), quote: equal(b'"'), high: both(low, high) }
            }
        }

        #[inline(always)]
        fn parity(self, bits: u64) -> u64 {
            parity(bits)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    struct Look<'a>(&'a [u8; BLOCK], u8, &'a mut (Masks, u64));

    impl Work for Look<'_> {
        fn with<L: Lanes>(self, lanes: L) {
            let masks = lanes.masks(self.0, self.1);
            *self.2 = (masks, lanes.parity(masks.quote));
        }
    }

    proptest! {
        #[test]
        fn every_way_sees_the_same(
            block in prop::collection::vec(prop_oneof![Just(b';'), Just(b'\n'), Just(b'"'), any::<u8>()], BLOCK),
            separator in prop::sample::select(b";,\t".to_vec()),
        ) {
            let block: [u8; BLOCK] = block.try_into().unwrap();
            let at = |test: &dyn Fn(u8) -> bool| (0..BLOCK).filter(|i| test(block[*i])).fold(0, |bits, i| bits | 1 << i);
            let quote: u64 = at(&|byte| byte == b'"');
            let expected = Masks {
                newline: at(&|byte| byte == b'\n'),
                separator: at(&|byte| byte == separator),
                quote,
                high: at(&|byte| !byte.is_ascii()),
            };
            let parity = (0..64).filter(|i| (quote << (63 - i)).count_ones() % 2 == 1).fold(0, |bits, i| bits | 1u64 << i);
            for simd in Simd::available() {
                let mut seen = Default::default();
                simd.run(Look(&block, separator, &mut seen));
                prop_assert_eq!(seen, (expected, parity), "{}", simd.name());
            }
        }
    }
}
