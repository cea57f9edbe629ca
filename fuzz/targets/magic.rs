//! Tests the fuzzer itself: only with coverage feedback can it find four bytes that random inputs practically never contain.
//!
//! A build without instrumentation runs, finds nothing and looks like a success. Therefore this target has to panic within seconds;
//! `fuzz/run magic` checks that it does.

#![no_main]

use std::hint::black_box;

use libfuzzer_sys::fuzz_target;

/// The fuzzer finds these bytes one after the other.
const MAGIC: [u8; 4] = [0xC1, 0x7F, 0x10, 0x3B];

fuzz_target!(|data: &[u8]| {
    // Four branches instead of one comparison of four bytes: each branch taken is new coverage.
    for (index, expected) in MAGIC.iter().enumerate() {
        if black_box(data.get(index)) != Some(expected) {
            return;
        }
    }
    panic!("the magic bytes were found: the fuzzer gets coverage feedback");
});
