//! What a message is, besides its text and files: an invitation, cards of people, signed, encrypted.

use mail_parser::{Message, MessagePart, MimeHeaders, PartType};

use super::layout::{Layout, part_at};
use super::part::{self, Kind, octets_of};
use crate::mail::cards::{self, Contact, Invitation};
use crate::mail::cms;

/// How the content of a message was protected by its sender's program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cryptography {
    /// S/MIME (RFC 8551), or PGP (RFC 3156).
    SignedSmime,
    SignedPgp,
    EncryptedSmime,
    EncryptedPgp,
    /// Signed or encrypted with S/MIME; neither its type nor its content says which.
    Smime,
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
    let cryptography = cryptography(octets, message, layout);
    let mut facts = Facts { cryptography, ..Facts::default() };
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

/// Returns what the outermost part says, or how the text that is shown begins. A part within another
/// covers itself and not the message: an attached file that is signed makes no signed message.
fn cryptography(octets: &[u8], message: &Message<'_>, layout: &Layout) -> Option<Cryptography> {
    let outermost = message.parts.first()?;
    let given = |name: &str| {
        let value = outermost.content_type().and_then(|media| media.attribute(name));
        value.unwrap_or_default().to_ascii_lowercase()
    };
    if matches!(outermost.body, PartType::Multipart(_)) {
        let subtype = outermost.content_type().and_then(|media| media.subtype());
        match subtype.unwrap_or_default().to_ascii_lowercase().as_str() {
            "encrypted" => return Some(Cryptography::EncryptedPgp),
            "signed" if given("protocol").contains("pgp") => return Some(Cryptography::SignedPgp),
            "signed" => return Some(Cryptography::SignedSmime),
            _ => {}
        }
    }
    let media = part::content_type(outermost);
    if matches!(media.as_str(), "application/pkcs7-mime" | "application/x-pkcs7-mime") {
        return opaque(&given("smime-type"), &octets_of(octets, outermost));
    }
    let first = part_at(message, *layout.text.first()?)?;
    armoured(&part::text_of(first).filter(|_| Kind::of(first) == Kind::Plain)?)
}

/// What an S/MIME file is, by its content, or else by the type that is stated (RFC 8551 §3.2.2).
fn opaque(stated: &str, octets: &[u8]) -> Option<Cryptography> {
    match (stated, cms::kind(octets)) {
        ("certs-only" | "compressed-data", _) | (_, Some(cms::Kind::Other)) => None,
        (_, Some(cms::Kind::Signed)) | ("signed-data", None) => Some(Cryptography::SignedSmime),
        (_, Some(cms::Kind::Encrypted)) | ("enveloped-data" | "authenveloped-data", None) => {
            Some(Cryptography::EncryptedSmime)
        }
        (_, None) => Some(Cryptography::Smime),
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

    fn opaque_with(more: &str, base64: &str) -> Option<Cryptography> {
        let message = format!(
            "From: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: application/pkcs7-mime{more}\r\n\
             Content-Transfer-Encoding: base64\r\n\r\n{base64}\r\n"
        );
        view(message.as_bytes()).cryptography
    }

    /// Many programs state no type, and one that is stated may be wrong.
    #[test]
    fn what_an_smime_file_is_stands_in_it() {
        let (signed, enveloped) = ("MAsGCSqGSIb3DQEHAg==", "MAsGCSqGSIb3DQEHAw==");
        for more in ["", "; smime-type=enveloped-data", "; smime-type=signed-data"] {
            assert_eq!(opaque_with(more, signed), Some(Cryptography::SignedSmime), "{more}");
            assert_eq!(opaque_with(more, enveloped), Some(Cryptography::EncryptedSmime), "{more}");
        }
        assert_eq!(opaque_with("", "eA=="), Some(Cryptography::Smime));
        let stated = opaque_with("; smime-type=signed-data", "eA==");
        assert_eq!(stated, Some(Cryptography::SignedSmime));
        assert_eq!(opaque_with("; smime-type=certs-only", signed), None);
    }

    /// A signed or encrypted part that is attached says nothing about the message.
    #[test]
    fn only_what_is_outermost_counts() {
        let inner = [
            "Content-Type: application/pkcs7-mime; smime-type=enveloped-data\r\n\r\nx",
            "Content-Type: multipart/signed; protocol=\"application/pgp-signature\"; boundary=s\
             \r\n\r\n--s\r\n\r\ny\r\n--s--",
            "Content-Type: text/plain\r\nContent-Disposition: attachment\r\n\r\n\
             -----BEGIN PGP MESSAGE-----",
        ];
        for inner in inner {
            let message = format!(
                "From: a@b.example\r\nMIME-Version: 1.0\r\n\
                 Content-Type: multipart/mixed; boundary=b\r\n\r\n\
                 --b\r\n\r\nNot protected.\r\n--b\r\n{inner}\r\n--b--\r\n"
            );
            assert_eq!(view(message.as_bytes()).cryptography, None, "{inner}");
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
