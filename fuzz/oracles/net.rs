//! What a request says about the host that it is for, and which octets it asks for.

// Each fuzz target uses one of them.
#![allow(dead_code)]

use postern::net::authority::Authority;
use postern::net::byte_range::{Wanted, wanted};

/// Whatever is accepted has one form, which is accepted again, and cannot end the authority of a URL.
pub fn authority(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let Some(found) = Authority::parse(text) else { return };
    assert_eq!(Authority::parse(&found.to_string()).as_ref(), Some(&found));
    assert!(found.host.is_ascii() && !found.host.contains(['@', '/', '?', '#', '\\', ' ']));
}

/// A part is never empty, and lies within what is there.
pub fn byte_range(input: &[u8]) {
    let (length, field) = input.split_first_chunk::<8>().unwrap_or((&[0; 8], input));
    let Ok(field) = std::str::from_utf8(field) else { return };
    for length in [u64::from_be_bytes(*length), 0, 1, 1_000] {
        if let Wanted::Part(part) = wanted(field, length) {
            assert!(part.start < part.end && part.end <= length, "{part:?} of {length}");
        }
    }
}
