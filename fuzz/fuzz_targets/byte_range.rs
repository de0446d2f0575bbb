#![no_main]

#[path = "../oracles/net.rs"]
mod net;

libfuzzer_sys::fuzz_target!(|data: &[u8]| net::byte_range(data));
