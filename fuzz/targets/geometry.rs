//! Fuzzes the reader of shapes and points.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| processor::fuzzed::geometry(bytes));
