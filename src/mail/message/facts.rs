//! What a message is, besides its text and files: an invitation, cards of people, signed, encrypted.

use mail_parser::{Message, MessagePart, MimeHeaders, PartType};

use super::layout::{Layout, part_at};
use super::part::{self, octets_of};
use crate::mail::cards::{self, Contact, Invitation};

/// How the content of a message was protected by its sender's program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cryptography {
    /// S/MIME (RFC 8551), or PGP (RFC 3156).
    SignedSmime,
    SignedPgp,
    EncryptedSmime,
    EncryptedPgp,
}

#[derive(Default)]
pub struct Facts {
    pub invitation: Option<Invitation>,
    pub contacts: Vec<Contact>,
    pub cryptography: Option<Cryptography>,
}

/// How many cards of people are shown.
const CONTACTS_MAX: usize = 10;

pub fn of(octets: &[u8], message: &Message<'_>, layout: &Layout) -> Facts {
    let mut facts = Facts { cryptography: cryptography(message), ..Facts::default() };
    for id in &layout.files {
        let Some(part) = part_at(message, *id) else { continue };
        match part::content_type(part).as_str() {
            "text/calendar" | "application/ics" if facts.invitation.is_none() => {
                facts.invitation = cards::invitation(&content(octets, part));
            }
            "text/vcard" | "text/x-vcard" | "text/directory" => {
                facts.contacts.extend(cards::contacts(&content(octets, part)));
                facts.contacts.truncate(CONTACTS_MAX);
            }
            _ => {}
        }
    }
    facts
}

fn content(octets: &[u8], part: &MessagePart<'_>) -> String {
    match part::text_of(part) {
        Some(text) => text.into_owned(),
        None => String::from_utf8_lossy(&octets_of(octets, part)).into_owned(),
    }
}

/// Returns what the outermost part that is signed or encrypted says.
fn cryptography(message: &Message<'_>) -> Option<Cryptography> {
    message.parts.iter().find_map(|part| {
        let media = part::content_type(part);
        let given = |name: &str| {
            let value = part.content_type().and_then(|media| media.attribute(name));
            value.unwrap_or_default().to_ascii_lowercase()
        };
        let is_multipart = matches!(part.body, PartType::Multipart(_));
        let subtype = part.content_type().and_then(|media| media.subtype()).unwrap_or_default();
        match (is_multipart, subtype.to_ascii_lowercase().as_str()) {
            (true, "encrypted") => Some(Cryptography::EncryptedPgp),
            (true, "signed") if given("protocol").contains("pgp") => Some(Cryptography::SignedPgp),
            (true, "signed") => Some(Cryptography::SignedSmime),
            (false, _) => match media.as_str() {
                "application/pkcs7-mime" | "application/x-pkcs7-mime" => {
                    opaque(&given("smime-type"))
                }
                "text/plain" => armoured(&part::text_of(part)?),
                _ => None,
            },
            _ => None,
        }
    })
}

fn opaque(kind: &str) -> Option<Cryptography> {
    match kind {
        "signed-data" => Some(Cryptography::SignedSmime),
        "certs-only" | "compressed-data" => None,
        _ => Some(Cryptography::EncryptedSmime),
    }
}

/// A text that begins as PGP does without MIME (RFC 9580 §6.2).
fn armoured(text: &str) -> Option<Cryptography> {
    match text.trim_start() {
        text if text.starts_with("-----BEGIN PGP MESSAGE-----") => Some(Cryptography::EncryptedPgp),
        text if text.starts_with("-----BEGIN PGP SIGNED MESSAGE-----") => {
            Some(Cryptography::SignedPgp)
        }
        _ => None,
    }
}

/// Returns where a message says that its recipient can unsubscribe (RFC 2369 §3.2): addresses that
/// a browser opens safely.
pub fn unsubscribe(value: &str) -> Vec<String> {
    const WAYS_MAX: usize = 4;
    const OCTETS_MAX: usize = 2_000;
    let between = value.split('<').skip(1).filter_map(|rest| rest.split_once('>'));
    // A long address is folded in the middle.
    let plain = between.map(|(way, _)| way.split_whitespace().collect::<String>());
    let is_known = |way: &String| {
        ["https://", "mailto:"].iter().any(|scheme| {
            way.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
        })
    };
    let is_fine =
        |way: &String| way.len() <= OCTETS_MAX && way.bytes().all(|octet| octet.is_ascii_graphic());
    plain.filter(|way| is_known(way) && is_fine(way)).take(WAYS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::message::view;

    #[test]
    fn what_is_signed_or_encrypted_is_named() {
        for (message, expected) in [
            ("pgp_mime_signed", Some(Cryptography::SignedPgp)),
            ("pgp_mime_encrypted", Some(Cryptography::EncryptedPgp)),
            ("pgp_inline_clearsigned", Some(Cryptography::SignedPgp)),
            ("pgp_inline_encrypted", Some(Cryptography::EncryptedPgp)),
            ("smime_signed_detached", Some(Cryptography::SignedSmime)),
            ("smime_signed_opaque", Some(Cryptography::SignedSmime)),
            ("smime_encrypted", Some(Cryptography::EncryptedSmime)),
            ("mutt_plain", None),
        ] {
            let path = format!("fixtures/messages/{message}.eml");
            assert_eq!(view(&std::fs::read(path).unwrap()).cryptography, expected, "{message}");
        }
    }

    #[test]
    fn invitations_and_cards_are_read() {
        use cards::Method::{Cancel, Reply, Request};
        for (message, method) in [
            ("calendar_google_request", Some(Request)),
            ("calendar_outlook_request", Some(Request)),
            ("calendar_only_reply", Some(Reply)),
            ("calendar_cancel", Some(Cancel)),
            ("mutt_plain", None),
        ] {
            let path = format!("fixtures/messages/{message}.eml");
            let found = view(&std::fs::read(path).unwrap()).invitation;
            assert_eq!(found.as_ref().map(|found| found.method), method, "{message}");
            assert!(found.is_none_or(|found| found.start.is_some() || method == Some(Reply)));
        }
        let card = b"From: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: text/vcard\r\n\r\n\
            BEGIN:VCARD\r\nFN:Dana\r\nEND:VCARD\r\n";
        assert_eq!(view(card).contacts[0].name, "Dana");
    }

    #[test]
    fn ways_to_unsubscribe_are_those_that_a_browser_opens_safely() {
        let value = "<mailto:out@a.example?subject=x>,\r\n <https://a.example/out?\r\n a=1>, \
            <http://a.example/>, <javascript:alert(1)>, <HTTPS://a.example/\u{e9}>";
        let expected = ["mailto:out@a.example?subject=x", "https://a.example/out?a=1"];
        assert_eq!(unsubscribe(value), expected);
        assert!(unsubscribe("none").is_empty());
    }
}
