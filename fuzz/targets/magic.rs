//! Not a test of ours but of the fuzzer: that it sees which way a program goes, and so finds four bytes that no chance would find.
//!
//! A build without instrumentation fuzzes as well, finds nothing, and looks like success. `fuzz/run magic` has to fail within seconds.

#![no_main]

use std::hint::black_box;

use libfuzzer_sys::fuzz_target;

/// What has to be found, one byte after the other.
const MAGIC: [u8; 4] = [0xC1, 0x7F, 0x10, 0x3B];

fuzz_target!(|data: &[u8]| {
    // Four branches and not one comparison of four bytes: each that is taken is new coverage.
    for (index, expected) in MAGIC.iter().enumerate() {
        if black_box(data.get(index)) != Some(expected) {
            return;
        }
    }
    panic!("the magic bytes were found: the fuzzer sees what it does");
});
