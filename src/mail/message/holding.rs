//! Which files contain a message, and that message: one that is attached, Outlook's `winmail.dat`, and
//! an opaque signature.

use crate::mail::{cms, tnef};

/// What kind of message a part contains.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Holds {
    Message,
    Tnef,
    Signed,
}

fn holds(media: &str) -> Option<Holds> {
    match media {
        "message/rfc822" | "message/global" | "message/news" => Some(Holds::Message),
        "application/ms-tnef" | "application/vnd.ms-tnef" => Some(Holds::Tnef),
        "application/pkcs7-mime" | "application/x-pkcs7-mime" => Some(Holds::Signed),
        _ => None,
    }
}

/// Returns whether a file of this type contains a message, whatever its octets are.
pub fn holds_message(media: &str) -> bool {
    holds(&media.to_ascii_lowercase()) == Some(Holds::Message)
}

/// Returns whether a file of this type contains a message, for some octets.
pub fn may_open(media: &str) -> bool {
    holds(media).is_some()
}

/// Returns whether a file of this type, with these octets, contains a message.
pub fn opens(media: &str, octets: &[u8]) -> bool {
    match holds(media) {
        Some(Holds::Message) => true,
        Some(Holds::Tnef) => tnef::is_tnef(octets),
        Some(Holds::Signed) => cms::signed_content(octets).is_some(),
        None => false,
    }
}

/// Returns the message that a file of this type contains.
pub fn unpacked(media: &str, octets: Vec<u8>) -> Option<Vec<u8>> {
    match holds(media)? {
        Holds::Message => Some(octets),
        Holds::Tnef => Some(tnef::unpack(&octets)?.message()),
        Holds::Signed => cms::signed_content(&octets),
    }
}
