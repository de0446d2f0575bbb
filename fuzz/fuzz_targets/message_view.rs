#![no_main]

#[path = "../oracles/mail.rs"]
mod mail;

// The fuzzer ends at the first panic, even one that is caught. The parser behind the view is
// known to panic, and a view that says so is what is asked for; an oracle's panic still ends it.
libfuzzer_sys::fuzz_target!(
    init: { let _ = std::panic::take_hook(); },
    |data: &[u8]| mail::message_view(data)
);
