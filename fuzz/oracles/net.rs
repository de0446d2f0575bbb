//! What a request says about the host that it is for.

use postern::net::authority::Authority;

/// Whatever is accepted has one form, which is accepted again, and cannot end the authority of a URL.
pub fn authority(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let Some(found) = Authority::parse(text) else { return };
    assert_eq!(Authority::parse(&found.to_string()).as_ref(), Some(&found));
    assert!(found.host.is_ascii() && !found.host.contains(['@', '/', '?', '#', '\\', ' ']));
}
