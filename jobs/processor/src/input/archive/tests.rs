//! Archives written by the same crate, and by hand where it refuses to.

use std::io::Write as _;

use proptest::prelude::*;
use runtime::store::{MemoryStore, Store as _};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;

const KEY: &str = "batch/comptages-2023.zip";

fn zip(entries: &[(&str, &[u8], CompressionMethod)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(io::Cursor::new(Vec::new()));
    for (name, content, method) in entries {
        writer.start_file(*name, SimpleFileOptions::default().compression_method(*method)).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// Names and contents of the entries.
type Entries = Vec<(String, Vec<u8>)>;

/// The entries, and the checksum, as a run reads them.
fn read(bytes: Vec<u8>) -> Result<(Entries, String), InputError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let memory = MemoryStore::new();
    memory.insert(KEY, bytes);
    runtime.block_on(async move {
        let object = memory.head(KEY).await.unwrap();
        let store: SharedStore = Arc::new(memory);
        let budget = Budget::with_target(0);
        tokio::task::spawn_blocking(move || {
            let mut archive = Archive::open(&store, &object, &budget)?;
            let mut contents = Vec::new();
            for entry in 0..archive.len() {
                let mut blocks = archive.blocks(entry)?;
                let mut content = Vec::new();
                while let Some(block) = blocks.next_block()? {
                    content.extend(block);
                }
                archive.set_sum(entry, blocks.stored_sum().unwrap());
                contents.push((archive.key(entry), content));
            }
            Ok((contents, archive.sum()?.base64()))
        })
        .await
        .unwrap()
    })
}

fn sum(bytes: &[u8]) -> String {
    let mut sum = Checksum::default();
    sum.update(bytes);
    sum.base64()
}

fn reason(bytes: Vec<u8>) -> String {
    match read(bytes).unwrap_err() {
        InputError::Content(error) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

use CompressionMethod::{Deflated, Stored};

#[test]
fn entries_are_read_in_natural_order_and_others_left_out() {
    let long = b"iu_ac;t_1h;q;k\n".repeat(20_000);
    let bytes = zip(&[
        ("notes.pdf", b"x", Stored),
        ("W10.txt", &long, Deflated),
        ("W9.TXT", b"nine", Stored),
        ("__MACOSX/._W9.txt", b"attributes", Stored),
        (".hidden.csv", b"x", Stored),
        ("folder/W1.csv", b"", Deflated),
    ]);
    let (entries, checksum) = read(bytes.clone()).unwrap();
    let names: Vec<&str> = entries.iter().map(|(key, _)| key.strip_prefix(KEY).unwrap()).collect();
    assert_eq!(names, ["/W9.TXT", "/W10.txt", "/folder/W1.csv"]);
    assert_eq!(entries[1].1, long);
    assert_eq!(checksum, sum(&bytes));
}

/// An archive with one entry compressed with deflate64, which 7-Zip writes and the zip crate only reads.
const DEFLATE64: &str = "UEsDBBUAAAAJALkpgV3NfVAYvgAAAAUFAAAHAAAAVzA1LnR4dIXSOwpCUQxF0d5ROAElyblf72AeYqNYCTp/4ZFUHiLsbrX78dmut/Xe9L5e63\
    mopdkyMZzETlKPIpe9JUvP8svqrJzN2TjDGZyLc+FcnSvn5tw4d+fOeTgPztN5UlZxVuGu4crdwo07wsG9hBfuNbxyb+GNew/v3Ef44D7DJ3UT\
    dxPuGq7cLdy4IxzURcJLvr3VP9837gjv+fk28vVt5u9D8vmh+f2wfH8g/x8l/x81/x8t/x89/x8j/x9z9y9QSwECPwMVAAAACQC5KYFdzX1QGL\
    4AAAAFBQAABwAkAAAAAAAAACCApIEAAAAAVzA1LnR4dAoAIAAAAAAAAQAYALKwur9Sgd0BAAAAAAAAAAAAAAAAAAAAAFBLBQYAAAAAAQABAFkA\
    AADjAAAAAAA=";

#[test]
fn entry_compressed_with_deflate64_is_read() {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD.decode(DEFLATE64).unwrap();
    let rows = (0..40).map(|hour| format!("5462;2023-02-05 {:02}:00:00;{hour};1.0\n", hour % 24));
    let expected = format!("iu_ac;t_1h;q;k\n{}", rows.collect::<String>());
    let (entries, checksum) = read(bytes.clone()).unwrap();
    assert_eq!(entries, [(format!("{KEY}/W05.txt"), expected.into_bytes())]);
    assert_eq!(checksum, sum(&bytes));
}

#[test]
fn archive_with_bytes_before_it_and_a_comment_is_read() {
    let bytes = zip(&[("a.csv", b"content", Deflated)]);
    let mut commented = bytes.clone();
    let length = commented.len();
    commented[length - 2..].copy_from_slice(&5_u16.to_le_bytes());
    commented.extend(b"hello");
    for bytes in [[b"#!/bin/sh\n".as_slice(), &bytes].concat(), commented] {
        let (entries, checksum) = read(bytes.clone()).unwrap();
        assert_eq!((entries[0].1.as_slice(), checksum), (b"content".as_slice(), sum(&bytes)));
    }
}

#[test]
fn truncated_archive_has_no_end_record() {
    let bytes = zip(&[("a.csv", b"content", Deflated)]);
    let cut = bytes[..bytes.len() - 30].to_vec();
    assert!(reason(cut).contains("no end record: the download was cut short"));
    assert!(reason(Vec::new()).contains("no end record"));
}

#[test]
fn changed_content_fails_at_the_checksum() {
    let mut bytes = zip(&[("a.csv", b"content content", Stored)]);
    let at = memmem::find(&bytes, b"content").unwrap();
    bytes[at] = b'C';
    let reason = reason(bytes);
    assert!(reason.starts_with("batch/comptages-2023.zip/a.csv: it cannot be decompressed"), "{reason}");
}

/// Sets a two-byte field in the headers of all entries: in the local header and in the list.
fn with_field(mut bytes: Vec<u8>, local: usize, listed: usize, value: u16) -> Vec<u8> {
    for (signature, offset) in [(b"PK\x03\x04", local), (b"PK\x01\x02", listed)] {
        let starts: Vec<usize> = memmem::find_iter(&bytes, signature).collect();
        for start in starts {
            bytes[start + offset..start + offset + 2].copy_from_slice(&value.to_le_bytes());
        }
    }
    bytes
}

#[test]
fn encrypted_entry_and_unknown_method_are_refused_by_name() {
    let bytes = zip(&[("notes.txt", b"x", Stored), ("a.csv", b"content", Stored)]);
    let encrypted = reason(with_field(bytes.clone(), 6, 8, 1));
    assert!(encrypted.contains("entry notes.txt is encrypted"), "{encrypted}");
    let method = reason(with_field(bytes, 8, 10, 12));
    assert!(method.contains("entry notes.txt is compressed with") && method.contains("use deflate"), "{method}");
    let other = reason(zip(&[("notes.pdf", b"x", Stored)]));
    assert!(other.contains("no entry ends in .csv"), "{other}");
}

#[test]
fn two_entries_of_one_name_are_refused() {
    let mut bytes = zip(&[("a.csv", b"1", Stored), ("b.csv", b"2", Stored)]);
    let starts: Vec<usize> = memmem::find_iter(&bytes, b"b.csv").collect();
    for start in starts {
        bytes[start] = b'a';
    }
    assert!(reason(bytes).contains("two entries have the same name"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn damaged_archive_is_read_or_refused(at in 0_usize..400, value in any::<u8>(), cut in 0_usize..400) {
        let mut bytes = zip(&[("a.csv", b"content content", Deflated), ("b.txt", b"other", Stored)]);
        let length = bytes.len();
        bytes[at % length] = value;
        let _ = read(bytes.clone());
        bytes.truncate(cut % length);
        let _ = read(bytes);
    }
}
