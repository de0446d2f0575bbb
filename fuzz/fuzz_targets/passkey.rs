#![no_main]

#[path = "../oracles/passkey.rs"]
#[allow(dead_code, reason = "each target uses its own part")]
mod passkey;

libfuzzer_sys::fuzz_target!(|input: &[u8]| passkey::answer(input));
