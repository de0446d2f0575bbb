//! Text forms that several modules share: hexadecimal IDs, paths of an envelope, names.

use crate::gateway::records::ids::ReferenceKey;
use crate::mail::envelope::{ForwardPath, ReversePath};
use crate::mail::message;
use crate::mail::reference::Reference;

pub(in crate::gateway) fn path_text(path: &ForwardPath) -> String {
    match path {
        ForwardPath::Postmaster => "postmaster".to_owned(),
        ForwardPath::Address(address) => address.to_string(),
    }
}

pub(in crate::gateway) fn reverse_text(path: &ReversePath) -> String {
    match path {
        ReversePath::Null => String::new(),
        ReversePath::Address(address) => address.to_string(),
    }
}

pub(in crate::gateway) fn shown(reference: ReferenceKey) -> String {
    Reference::from_bytes(reference).map(|reference| reference.to_string()).unwrap_or_default()
}

/// A name with its address, as text for filters and search.
pub(in crate::gateway) fn mail_text(one: &message::NameAddr) -> String {
    let (name, address) = (one.name.as_deref(), one.address.as_deref());
    format!("{} {}", name.unwrap_or_default(), address.unwrap_or_default()).trim().to_owned()
}

pub(in crate::gateway) fn reverse_path_text(path: &ReversePath) -> String {
    match path {
        ReversePath::Null => String::new(),
        ReversePath::Address(address) => address.to_string(),
    }
}

pub(in crate::gateway) fn printable(text: &str, chars_max: usize) -> String {
    text.chars().filter(|c| !c.is_control()).take(chars_max).collect()
}

pub(in crate::gateway) fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from(b"0123456789abcdef"[usize::from(value)]);
    bytes.iter().flat_map(|octet| [digit(octet >> 4), digit(octet & 15)]).collect()
}

pub(in crate::gateway) fn parse_hex(text: &str) -> Option<[u8; 16]> {
    if text.len() != 32 || !text.is_ascii() {
        return None;
    }
    let mut bytes = [0; 16];
    for (octet, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        *octet = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(bytes)
}
