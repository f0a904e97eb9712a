//! Any bytes to the parser.
#![no_main]

#[path = "../../src/fuzzing.rs"]
#[allow(dead_code)]
mod fuzzing;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzing::parser(data));
