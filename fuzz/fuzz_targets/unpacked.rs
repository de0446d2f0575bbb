#![no_main]

#[path = "../oracles/mail.rs"]
mod mail;

// As in message_view, a panic that the view catches is none of the oracle's.
libfuzzer_sys::fuzz_target!(
    init: { let _ = std::panic::take_hook(); },
    |data: &[u8]| mail::unpacked(data)
);
