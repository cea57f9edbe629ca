//! Fuzzes the readers of small files: exports and snapshots of all sources that have them.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| processor::fuzzed::files(bytes));
