#![no_main]

#[path = "../oracles/smtp.rs"]
mod smtp;

libfuzzer_sys::fuzz_target!(|input: &[u8]| smtp::check(input));
