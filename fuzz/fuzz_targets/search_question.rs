#![no_main]

#[path = "../oracles/search.rs"]
#[allow(dead_code, reason = "each target uses its own part")]
mod search;

libfuzzer_sys::fuzz_target!(|input: &[u8]| search::question(input));
