//! The index of a text: the positions where its fields and records end, found 64 bytes at a time without a loop over bytes.
//!
//! A regular quote opens at the beginning of a field: after a separator, a line feed, or a quote that has just closed (the second of a
//! doubled pair). As long as all quotes are regular, a byte is inside quotes if the number of quotes before it is odd; this parity costs
//! one multiplication per 64 bytes. The index ends before the first irregular quote, and the slow reader continues there.

use super::mask::{BLOCK, Simd, SimdBackend, SimdTask};

/// End of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RowEnd {
    /// Position of its line feed.
    pub(super) at: u32,
    /// Number of field ends in the text up to and including its last field.
    pub(super) ends: u32,
    /// Number of line feeds up to and including its own; those inside quotes count.
    pub(super) lines: u32,
}

/// Fields and records of a text. A thread reuses its index from chunk to chunk.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// Positions of separators and line feeds outside quotes; entries after the last record's are garbage.
    ends: Vec<u32>,
    /// Ends of the complete records.
    pub(super) rows: Vec<RowEnd>,
    /// Mask of the non-ASCII bytes of each block.
    high: Vec<u64>,
    /// Position of the first irregular quote.
    pub(super) irregular: Option<usize>,
}

impl Index {
    /// Indexes a text of less than 4 GiB that begins with a record.
    pub(super) fn build(&mut self, simd: Simd, text: &[u8], separator: u8) {
        self.rows.clear();
        self.irregular = None;
        // Room for a whole block after the last end, so that a block is written without bounds checks.
        grow(&mut self.ends, text.len() + 2 * BLOCK, 0);
        grow(&mut self.high, text.len() / BLOCK + 1, 0);
        simd.run(Build { index: self, text, separator });
    }

    /// The ends of the fields of row `row`.
    #[inline]
    pub(super) fn ends_of(&self, row: usize) -> &[u32] {
        let from = row.checked_sub(1).and_then(|before| self.rows.get(before)).map_or(0, |end| end.ends);
        let to = self.rows.get(row).map_or(from, |end| end.ends);
        self.ends.get(from as usize..to as usize).unwrap_or_default()
    }

    /// Whether the record from `begin` to `end` is valid UTF-8. Only the bytes from its first to its last non-ASCII byte are validated:
    /// multi-byte characters contain no ASCII byte.
    #[inline]
    pub(super) fn is_text(&self, text: &[u8], begin: usize, end: usize) -> bool {
        let (first, last) = (begin / BLOCK, end / BLOCK);
        let blocks = self.high.get(first..=last).unwrap_or_default();
        if blocks.iter().all(|high| *high == 0) {
            return true;
        }
        let within = |number: usize, high: u64| {
            let after = if number == first { u64::MAX << (begin % BLOCK) } else { u64::MAX };
            let before = if number == last { (1 << (end % BLOCK)) - 1 } else { u64::MAX };
            high & after & before
        };
        let mut found = (first..).zip(blocks).map(|(number, high)| (number, within(number, *high)));
        let Some((number, bits)) = found.find(|(_, bits)| *bits != 0) else { return true };
        let from = number * BLOCK + bits.trailing_zeros() as usize;
        let (number, bits) = found.filter(|(_, bits)| *bits != 0).last().unwrap_or((number, bits));
        let to = number * BLOCK + BLOCK - bits.leading_zeros() as usize;
        text.get(from..to).is_some_and(|part| std::str::from_utf8(part).is_ok())
    }
}

fn grow<T: Clone>(buffer: &mut Vec<T>, length: usize, fill: T) {
    if buffer.len() < length {
        buffer.resize(length, fill);
    }
}

struct Build<'a> {
    index: &'a mut Index,
    text: &'a [u8],
    separator: u8,
}

impl SimdTask for Build<'_> {
    #[inline(always)]
    fn run<B: SimdBackend>(self, backend: B) {
        let Self { index, text, separator } = self;
        let mut state = State { ends: 0, lines: 0, inside: 0, boundary: 1 };
        let (blocks, rest) = text.as_chunks::<BLOCK>();
        for (number, block) in blocks.iter().enumerate() {
            if !state.step(backend, index, number, block, separator) {
                return;
            }
        }
        if !rest.is_empty() {
            let mut block = [0; BLOCK];
            block[..rest.len()].copy_from_slice(rest);
            state.step(backend, index, blocks.len(), &block, separator);
        }
    }
}

/// State carried from one block to the next.
struct State {
    /// Number of field ends so far.
    ends: usize,
    /// Number of line feeds so far.
    lines: u32,
    /// All ones if the next byte is inside quotes, else 0.
    inside: u64,
    /// 1 if a field may begin at the next byte, else 0.
    boundary: u64,
}

impl State {
    /// Indexes one block; returns false at an irregular quote.
    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "a text is shorter than 4 GiB")]
    fn step<B: SimdBackend>(
        &mut self,
        backend: B,
        index: &mut Index,
        number: usize,
        block: &[u8; BLOCK],
        separator: u8,
    ) -> bool {
        let mut masks = backend.masks(block, separator);
        let inside = backend.parity(masks.quote) ^ self.inside;
        self.inside = (inside.cast_signed() >> 63).cast_unsigned();
        let boundary = masks.newline | masks.separator | masks.quote;
        let wrong = masks.quote & inside & !(boundary << 1 | self.boundary);
        self.boundary = boundary >> 63;
        if let Some(high) = index.high.get_mut(number) {
            *high = masks.high;
        }
        let base = (number * BLOCK) as u32;
        if wrong != 0 {
            let before = (wrong & wrong.wrapping_neg()) - 1;
            masks.newline &= before;
            masks.separator &= before;
            index.irregular = Some(base as usize + wrong.trailing_zeros() as usize);
        }
        let ends = (masks.newline | masks.separator) & !inside;
        let mut rows = masks.newline & !inside;
        while rows != 0 {
            let at = rows.trailing_zeros();
            let up_to = rows ^ (rows - 1);
            index.rows.push(RowEnd {
                at: base + at,
                ends: self.ends as u32 + (ends & up_to).count_ones(),
                lines: self.lines + (masks.newline & up_to).count_ones(),
            });
            rows &= rows - 1;
        }
        self.lines += masks.newline.count_ones();
        self.write(index, ends, base);
        wrong == 0
    }

    /// Writes the positions of the set bits, eight at a time: surplus writes are cheaper than a branch per bit.
    #[inline(always)]
    fn write(&mut self, index: &mut Index, mut bits: u64, base: u32) {
        // The common case: the block lies within one long field.
        if bits == 0 {
            return;
        }
        let count = bits.count_ones() as usize;
        if let Some(slots) = index.ends.get_mut(self.ends..self.ends + BLOCK) {
            let (groups, _) = slots.as_chunks_mut::<8>();
            for group in groups {
                for slot in group {
                    *slot = base + bits.trailing_zeros();
                    bits &= bits.wrapping_sub(1);
                }
                if bits == 0 {
                    break;
                }
            }
        }
        self.ends += count;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Reference implementation, byte by byte.
    fn plain(text: &[u8], separator: u8) -> (Vec<u32>, Vec<RowEnd>, Option<usize>) {
        let (mut ends, mut rows, mut inside, mut lines) = (Vec::new(), Vec::new(), false, 0);
        for (at, &byte) in text.iter().enumerate() {
            lines += u32::from(byte == b'\n');
            match byte {
                b'"' if inside => inside = false,
                b'"' => {
                    let before = at.checked_sub(1).map(|before| text[before]);
                    if before.is_some_and(|byte| byte != separator && byte != b'\n' && byte != b'"') {
                        return (ends, rows, Some(at));
                    }
                    inside = true;
                }
                _ if inside => {}
                b'\n' => {
                    ends.push(at as u32);
                    rows.push(RowEnd { at: at as u32, ends: ends.len() as u32, lines });
                }
                byte if byte == separator => ends.push(at as u32),
                _ => {}
            }
        }
        (ends, rows, None)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

        #[test]
        fn index_equals_the_byte_by_byte_reference(
            text in prop::collection::vec(prop::sample::select(b"abcdefgh;;\"\n\xC3\xA9".to_vec()), 0..400),
            regular in any::<bool>(),
        ) {
            let text: Vec<u8> = if regular {
                String::from_utf8_lossy(&text).replace('"', ";\"x\";").into_bytes()
            } else {
                text
            };
            let (ends, rows, irregular) = plain(&text, b';');
            for simd in Simd::available() {
                let mut index = Index::default();
                index.build(simd, &text, b';');
                prop_assert_eq!(&index.rows, &rows, "{}", simd.name());
                prop_assert_eq!(index.irregular, irregular);
                let all: Vec<u32> = (0..rows.len()).flat_map(|row| index.ends_of(row).to_vec()).collect();
                prop_assert_eq!(&all[..], &ends[..all.len()]);
                let mut begin = 0;
                for row in &rows {
                    let end = row.at as usize;
                    prop_assert_eq!(index.is_text(&text, begin, end), std::str::from_utf8(&text[begin..end]).is_ok());
                    begin = end + 1;
                }
            }
        }
    }
}
