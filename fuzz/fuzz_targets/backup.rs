#![no_main]

#[path = "../oracles/store.rs"]
#[allow(dead_code, reason = "each target uses its own part")]
mod store;

libfuzzer_sys::fuzz_target!(|input: &[u8]| store::backup(input));
