#![no_main]

#[path = "../oracles/mail.rs"]
mod mail;

// The fuzzer stops at the first panic, even one that is caught. The parser behind the view is known
// to panic, and a view that reports this is correct; a panic of the oracle still stops the fuzzer.
libfuzzer_sys::fuzz_target!(
    init: { let _ = std::panic::take_hook(); },
    |data: &[u8]| mail::message_view(data)
);
