#![no_main]

#[path = "../oracles/net.rs"]
mod net;

libfuzzer_sys::fuzz_target!(|input: &[u8]| net::authority(input));
