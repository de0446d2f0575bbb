#![no_main]

#[path = "../oracles/mail.rs"]
mod mail;

// The fuzzer stops at the first panic, even one that is caught on the way: it is a finding, although
// the daemon would answer that the message is damaged.
libfuzzer_sys::fuzz_target!(|data: &[u8]| mail::message_view(data));
