#![no_main]

#[path = "../oracles/vouching.rs"]
#[allow(dead_code, reason = "each target uses its own part")]
mod vouching;

libfuzzer_sys::fuzz_target!(|input: &[u8]| vouching::statement(input));
