use std::io::{Cursor, Read, Write};

use proptest::prelude::*;

use super::*;
use crate::input::road_file::{corrupt, decoder};

/// Stored bytes in chunks of one size.
struct ChunkedBytes {
    left: Bytes,
    size: usize,
    sum: Checksum,
}

impl StoredBytes for ChunkedBytes {
    fn next_bytes(&mut self) -> io::Result<Option<Bytes>> {
        let piece = self.left.split_to(self.size.min(self.left.len()));
        self.sum.update(&piece);
        Ok((!piece.is_empty()).then_some(piece))
    }

    fn sum(&self) -> Checksum {
        self.sum.clone()
    }
}

/// The concatenated blocks or the error message, and the checksum.
fn decoded(format: Format, stored: &[u8], size: usize, most: u64) -> (Result<Vec<u8>, String>, Option<String>) {
    let pieces = ChunkedBytes { left: Bytes::copy_from_slice(stored), size, sum: Checksum::default() };
    let mut decoded = Decoded::begin(pieces, format, most).unwrap();
    let mut all = Vec::new();
    let outcome = loop {
        match decoded.next() {
            Ok(Some(block)) => {
                assert!(!block.is_empty() && block.len() <= BLOCK);
                all.extend_from_slice(&block);
            }
            Ok(None) => break Ok(all),
            Err(error) => break Err(corrupt("key", &error).reason),
        }
    };
    (outcome, decoded.sum().map(|sum| sum.base64()))
}

/// The result of the plain decoder.
fn plain(format: Format, stored: &[u8]) -> Result<Vec<u8>, String> {
    let mut all = Vec::new();
    decoder(Some(format), Cursor::new(stored.to_vec()))
        .and_then(|mut decoder| decoder.read_to_end(&mut all))
        .map(|_| all)
        .map_err(|error| corrupt("key", &error).reason)
}

fn sum(bytes: &[u8]) -> String {
    let mut sum = Checksum::default();
    sum.update(bytes);
    sum.base64()
}

/// Compressible text of a given length.
fn text(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let mut text = Vec::with_capacity(length + 32);
    while text.len() < length {
        let number = next();
        let _ = writeln!(text, "{};Rue {};{}", number % 4000, number % 97, number % 10_000);
    }
    text.truncate(length);
    text
}

#[derive(Debug, Clone, Copy)]
enum PartKind {
    /// A frame with its content size and a checksum.
    Sized,
    /// A frame or member without its size.
    Stream,
    /// A skippable frame.
    Skippable,
    /// A frame of incompressible data.
    Raw,
    /// A BGZF member.
    Blocked,
}

fn zstd_part(kind: PartKind, length: usize, seed: u64) -> Vec<u8> {
    match kind {
        PartKind::Skippable => {
            let mut frame = vec![0x50 + (seed % 16) as u8, 0x2a, 0x4d, 0x18];
            frame.extend((length as u32).to_le_bytes());
            frame.extend(text(length, seed));
            frame
        }
        PartKind::Sized => {
            let mut encoder = zstd::stream::Encoder::new(Vec::new(), 1).unwrap();
            encoder.include_checksum(true).unwrap();
            encoder.set_pledged_src_size(Some(length as u64)).unwrap();
            encoder.include_contentsize(true).unwrap();
            encoder.write_all(&text(length, seed)).unwrap();
            encoder.finish().unwrap()
        }
        PartKind::Raw => {
            let mut bytes = vec![0; length];
            let mut state = seed;
            for byte in &mut bytes {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                *byte = (state >> 56) as u8;
            }
            zstd::bulk::compress(&bytes, 1).unwrap()
        }
        PartKind::Stream | PartKind::Blocked => zstd::stream::encode_all(&text(length, seed)[..], 3).unwrap(),
    }
}

fn gzip_part(kind: PartKind, length: usize, seed: u64) -> Vec<u8> {
    let content = text(length.min(1 << 16), seed);
    if matches!(kind, PartKind::Blocked | PartKind::Sized) {
        return blocked(&content);
    }
    let mut encoder = flate2::GzBuilder::new().filename("a").write(Vec::new(), flate2::Compression::fast());
    encoder.write_all(&content).unwrap();
    encoder.finish().unwrap()
}

/// A member with its size in the header field `BC`.
fn blocked(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(content).unwrap();
    let deflated = encoder.finish().unwrap();
    let mut crc = flate2::Crc::new();
    crc.update(content);
    let mut member = vec![0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 255, 6, 0, b'B', b'C', 2, 0];
    member.extend(((deflated.len() + 25) as u16).to_le_bytes());
    member.extend(&deflated);
    member.extend(crc.sum().to_le_bytes());
    member.extend((content.len() as u32).to_le_bytes());
    member
}

fn part() -> impl Strategy<Value = (PartKind, usize, u64)> {
    let kinds =
        [PartKind::Sized, PartKind::Stream, PartKind::Skippable, PartKind::Raw, PartKind::Blocked, PartKind::Blocked];
    (proptest::sample::select(kinds.to_vec()), prop_oneof![Just(0usize), 1usize..300, 300usize..40_000], any::<u64>())
}

fn stored(format: Format, parts: &[(PartKind, usize, u64)]) -> Vec<u8> {
    let make = if format == Format::Gz { gzip_part } else { zstd_part };
    parts.iter().flat_map(|(kind, length, seed)| make(*kind, *length, *seed)).collect()
}

fn format() -> impl Strategy<Value = Format> {
    proptest::sample::select(vec![Format::Gz, Format::Zst])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_parts_in_any_chunks_decode_as_with_the_plain_decoder(
        format in format(),
        parts in proptest::collection::vec(part(), 0..8),
        garbage in proptest::collection::vec(any::<u8>(), 0..3),
        size in prop_oneof![1usize..50, 1000usize..100_000],
        most in prop_oneof![Just(10_000u64), Just(100_000), Just(64 << 20)],
    ) {
        let mut stored = stored(format, &parts);
        stored.extend(garbage);
        let expected = plain(format, &stored);
        let (found, checksum) = decoded(format, &stored, size, most);
        prop_assert_eq!(&found, &expected);
        prop_assert_eq!(checksum, expected.is_ok().then(|| sum(&stored)));
    }

    #[test]
    fn truncation_gives_the_result_of_the_plain_decoder(
        format in format(),
        parts in proptest::collection::vec(part(), 1..4),
        share in 0.0..1.0,
    ) {
        let whole = stored(format, &parts);
        let length = (whole.len() as f64 * share) as usize;
        let expected = plain(format, &whole[..length]);
        prop_assert_eq!(decoded(format, &whole[..length], 1000, 1 << 20).0, expected);
    }

    #[test]
    fn damaged_byte_never_gives_other_data(
        format in format(),
        parts in proptest::collection::vec(part(), 1..4),
        share in 0.0..1.0,
        bit in 0u8..8,
    ) {
        let mut damaged = stored(format, &parts);
        let at = (damaged.len() as f64 * share) as usize;
        damaged[at] ^= 1 << bit;
        match (decoded(format, &damaged, 5000, 1 << 20).0, plain(format, &damaged)) {
            (Ok(found), expected) => prop_assert_eq!(Ok(found), expected),
            (Err(_), _) => {}
        }
    }
}

#[test]
fn truncation_at_any_byte_of_one_part_is_an_error() {
    for (format, whole) in [
        (Format::Gz, gzip_part(PartKind::Blocked, 500, 1)),
        (Format::Gz, gzip_part(PartKind::Stream, 500, 1)),
        (Format::Zst, zstd_part(PartKind::Sized, 500, 1)),
        (Format::Zst, zstd_part(PartKind::Stream, 500, 1)),
    ] {
        for length in 0..whole.len() {
            let reason = decoded(format, &whole[..length], 64, 1 << 20).0.unwrap_err();
            assert_eq!(reason, "the compressed file is cut short; upload it again", "{format:?} {length}");
        }
        assert_eq!(decoded(format, &whole, 64, 1 << 20).0.unwrap(), text(500, 1));
    }
}

#[test]
fn format_is_that_of_the_first_bytes() {
    let (gz, zst) = (gzip_part(PartKind::Stream, 50, 1), zstd_part(PartKind::Sized, 50, 1));
    for key in ["a.csv", "a.csv.gz", "a.csv.zst", "a"] {
        assert_eq!(Format::of(key, &gz), Some(Format::Gz), "{key}");
        assert_eq!(Format::of(key, &zst), Some(Format::Zst), "{key}");
        assert_eq!(Format::of(key, &zstd_part(PartKind::Skippable, 50, 1)), Some(Format::Zst), "{key}");
        assert_eq!(Format::of(key, "\u{feff}Libellé;q\r\n\t1".as_bytes()), None, "{key}");
    }
    // The decoder reports what is wrong with the others.
    for unknown in [&b""[..], b"\0\0\0", b"PK\x03\x04", b"\x1f\x8c"] {
        let named = [("a.csv", None), ("a.csv.GZ", Some(Format::Gz)), ("a.zst", Some(Format::Zst))];
        for (key, expected) in named {
            assert_eq!(Format::of(key, unknown), expected, "{key} {unknown:?}");
        }
    }
}

#[test]
fn zero_bytes_after_the_last_member_are_padding_and_anything_else_is_an_error() {
    for kind in [PartKind::Stream, PartKind::Blocked] {
        let mut padded = gzip_part(kind, 500, 1);
        padded.extend(gzip_part(kind, 500, 2));
        let content = [text(500, 1), text(500, 2)].concat();
        padded.resize(padded.len() + 1000, 0);
        for size in [7, 100, 5000] {
            let (found, checksum) = decoded(Format::Gz, &padded, size, 1 << 20);
            assert_eq!((found.as_ref(), checksum), (Ok(&content), Some(sum(&padded))), "{kind:?} {size}");
        }
        assert_eq!(plain(Format::Gz, &padded), Ok(content));
        for after in [&b"x"[..], &gzip_part(PartKind::Stream, 9, 1)] {
            let spoilt = [&padded, after].concat();
            let reason = plain(Format::Gz, &spoilt).unwrap_err();
            assert!(reason.contains("data after the zero bytes"), "{reason}");
            assert_eq!(decoded(Format::Gz, &spoilt, 100, 1 << 20).0, Err(reason));
        }
    }
    assert!(plain(Format::Gz, &[0; 100]).is_err());
}

#[test]
fn large_parts_and_many_small_parts_are_decoded() {
    for most in [3 << 20, 64 << 20] {
        let sizes = [5 << 20, 300_000, 20 << 20, 100];
        let parts: Vec<_> = sizes.iter().map(|size| (PartKind::Sized, *size, *size as u64)).collect();
        let all = stored(Format::Zst, &parts);
        assert!(decoded(Format::Zst, &all, 1 << 20, most).0 == plain(Format::Zst, &all));
        let small: Vec<_> = (0..200).map(|seed| (PartKind::Blocked, 1 << 16, seed)).collect();
        let all = stored(Format::Gz, &small);
        assert!(decoded(Format::Gz, &all, 1 << 20, most).0 == plain(Format::Gz, &all));
    }
}

#[test]
fn idle_reader_holds_bounded_memory_and_its_drop_stops_the_threads() {
    let all = stored(Format::Zst, &(0..64).map(|seed| (PartKind::Sized, 1 << 20, seed)).collect::<Vec<_>>());
    let pieces = ChunkedBytes { left: all.into(), size: 1 << 20, sum: Checksum::default() };
    let mut decoded = Decoded::begin(pieces, Format::Zst, 8 << 20).unwrap();
    decoded.next().unwrap().unwrap();
    let credit = decoded.credit.clone();
    assert!(credit.state.lock().unwrap().0 <= 8 << 20);
    drop(decoded);
    // The walking thread has the other handle, and drops it when it ends.
    while Arc::strong_count(&credit) > 1 {
        std::thread::yield_now();
    }
}

#[test]
fn store_error_reaches_the_reader_unchanged() {
    struct Broken;
    impl StoredBytes for Broken {
        fn next_bytes(&mut self) -> io::Result<Option<Bytes>> {
            Err(io::Error::other(runtime::store::StoreError::Changed { key: "key".to_owned() }))
        }

        fn sum(&self) -> Checksum {
            Checksum::default()
        }
    }
    for format in [Format::Gz, Format::Zst] {
        let error = Decoded::begin(Broken, format, 1 << 20).unwrap().next().unwrap_err();
        let error = error.downcast::<runtime::store::StoreError>().unwrap();
        assert_eq!(error, runtime::store::StoreError::Changed { key: "key".to_owned() });
    }
}
