//! Finds line feeds, separators and quotes, 64 bytes at a time: one bit per byte, with the widest registers of the CPU.
//!
//! Three backends give the same result: AVX-512, AVX2, and portable Rust for all other machines. All `unsafe` code of the program is in this
//! file, and there are two kinds of it: calls of functions that need an instruction set which [`Simd::detect`] has found, and loads of 64 bytes
//! from a reference to 64 bytes.
#![expect(
    unsafe_code,
    reason = "vector instructions, behind the safe interface of `Simd`; the property tests compare all backends"
)]

/// Bytes per step.
pub(super) const BLOCK: usize = 64;

/// Positions of the relevant bytes of a block: bit i stands for byte i.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct ByteMasks {
    /// Bytes that are line feeds.
    pub(super) newline: u64,
    /// Bytes that are separators.
    pub(super) separator: u64,
    /// Bytes that are double quotes.
    pub(super) quote: u64,
    /// Bytes that are not ASCII.
    pub(super) high: u64,
}

/// The operations on blocks that each instruction set implements.
pub(super) trait SimdBackend: Copy {
    /// Computes the masks of a block.
    fn masks(self, block: &[u8; BLOCK], separator: u8) -> ByteMasks;
    /// Bit i of the result is the parity of bits 0 to i: ones from an opening quote up to the byte before the closing one.
    fn parity(self, bits: u64) -> u64;
}

/// Code over blocks that is compiled once per backend.
pub(super) trait SimdTask {
    /// Runs the task with a backend.
    fn run<B: SimdBackend>(self, backend: B);
}

/// An instruction set. A larger value is faster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Simd {
    /// Rust without intrinsics, for any CPU.
    Portable,
    /// x86-64 with AVX2: 32 bytes per register.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// x86-64 with AVX-512: 64 bytes per register.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Simd {
    /// The fastest instruction set of this CPU.
    #[must_use]
    pub fn detect() -> Self {
        Self::available().last().copied().unwrap_or(Self::Portable)
    }

    /// All instruction sets of this CPU, the fastest last.
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

    /// The instruction set with this name if this CPU has it, else the fastest that it has.
    #[must_use]
    pub fn named_or_best(name: &str) -> Self {
        Self::available().into_iter().find(|simd| simd.name() == name).unwrap_or_else(Self::detect)
    }

    /// The name in the settings: `portable`, `avx2` or `avx512`.
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

    /// Runs the task with this instruction set, or with portable Rust if the CPU does not have it.
    pub(super) fn run(self, task: impl SimdTask) {
        #[cfg(target_arch = "x86_64")]
        {
            // The check reads a cached value. It makes every value of this type safe to use.
            if self > Self::detect() {
                return task.run(Portable);
            }
            match self {
                // SAFETY: `detect` has found every instruction set that the function is compiled for.
                Self::Avx512 => return unsafe { x86::with_avx512(task) },
                // SAFETY: as above.
                Self::Avx2 => return unsafe { x86::with_avx2(task) },
                Self::Portable => {}
            }
        }
        task.run(Portable);
    }
}

/// Plain loops, which the compiler vectorises for the target.
#[derive(Debug, Clone, Copy)]
struct Portable;

impl SimdBackend for Portable {
    #[inline(always)]
    fn masks(self, block: &[u8; BLOCK], separator: u8) -> ByteMasks {
        let of = |test: &dyn Fn(u8) -> bool| {
            block.iter().zip(0..).fold(0, |bits, (byte, at)| bits | u64::from(test(*byte)) << at)
        };
        ByteMasks {
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

    use super::{BLOCK, ByteMasks, SimdBackend, SimdTask};

    #[target_feature(enable = "avx512f,avx512bw,avx2,pclmulqdq,bmi1,bmi2,popcnt,lzcnt")]
    pub(super) fn with_avx512(task: impl SimdTask) {
        task.run(Avx512(()));
    }

    #[target_feature(enable = "avx2,pclmulqdq,bmi1,bmi2,popcnt,lzcnt")]
    pub(super) fn with_avx2(task: impl SimdTask) {
        task.run(Avx2(()));
    }

    /// Only [`with_avx2`] creates it, so a value proves that the CPU has AVX2.
    #[derive(Debug, Clone, Copy)]
    pub(super) struct Avx2(());

    /// Only [`with_avx512`] creates it, so a value proves that the CPU has AVX-512.
    #[derive(Debug, Clone, Copy)]
    pub(super) struct Avx512(());

    /// Prefix parity, as a carry-less product with all ones.
    #[inline(always)]
    fn parity(bits: u64) -> u64 {
        // SAFETY: both backends that call this require PCLMULQDQ; the other instructions are in every x86-64.
        unsafe {
            let product = _mm_clmulepi64_si128::<0>(_mm_cvtsi64_si128(bits.cast_signed()), _mm_set1_epi8(-1));
            _mm_cvtsi128_si64(product).cast_unsigned()
        }
    }

    impl SimdBackend for Avx512 {
        #[inline(always)]
        fn masks(self, block: &[u8; BLOCK], separator: u8) -> ByteMasks {
            // SAFETY: the CPU has AVX-512 (see the type), and the unaligned load reads exactly the 64 bytes of the reference.
            unsafe {
                let bytes = _mm512_loadu_si512(block.as_ptr().cast::<__m512i>());
                let equal = |byte: u8| _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(byte.cast_signed()));
                ByteMasks {
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

    impl SimdBackend for Avx2 {
        #[inline(always)]
        fn masks(self, block: &[u8; BLOCK], separator: u8) -> ByteMasks {
            // SAFETY: the CPU has AVX2 (see the type), and the two unaligned loads read exactly the 64 bytes of the reference.
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
                ByteMasks {
                    newline: equal(b'\n'),
                    separator: equal(separator),
                    quote: equal(b'"'),
                    high: both(low, high),
                }
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

    struct MaskTask<'a>(&'a [u8; BLOCK], u8, &'a mut (ByteMasks, u64));

    impl SimdTask for MaskTask<'_> {
        fn run<B: SimdBackend>(self, backend: B) {
            let masks = backend.masks(self.0, self.1);
            *self.2 = (masks, backend.parity(masks.quote));
        }
    }

    proptest! {
        #[test]
        fn all_backends_give_the_same_masks(
            block in prop::collection::vec(prop_oneof![Just(b';'), Just(b'\n'), Just(b'"'), any::<u8>()], BLOCK),
            separator in prop::sample::select(b";,\t".to_vec()),
        ) {
            let block: [u8; BLOCK] = block.try_into().unwrap();
            let at = |test: &dyn Fn(u8) -> bool| (0..BLOCK).filter(|i| test(block[*i])).fold(0, |bits, i| bits | 1 << i);
            let quote: u64 = at(&|byte| byte == b'"');
            let expected = ByteMasks {
                newline: at(&|byte| byte == b'\n'),
                separator: at(&|byte| byte == separator),
                quote,
                high: at(&|byte| !byte.is_ascii()),
            };
            let parity = (0..64).filter(|i| (quote << (63 - i)).count_ones() % 2 == 1).fold(0, |bits, i| bits | 1u64 << i);
            for simd in Simd::available() {
                let mut seen = Default::default();
                simd.run(MaskTask(&block, separator, &mut seen));
                prop_assert_eq!(seen, (expected, parity), "{}", simd.name());
            }
        }
    }
}
