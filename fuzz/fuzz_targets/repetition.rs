#![no_main]

#[path = "../oracles/mail.rs"]
mod mail;

libfuzzer_sys::fuzz_target!(|data: &[u8]| mail::repetition(data));
