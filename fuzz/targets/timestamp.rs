//! Fuzzes the reader of dates and times.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| processor::fuzzed::timestamp(bytes));
