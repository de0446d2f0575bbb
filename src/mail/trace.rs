//! Trace fields, which are put in front of an incoming message (RFC 5321 §4.4).

use std::borrow::Cow;
use std::net::IpAddr;

use super::envelope::ReversePath;
use super::reference::Reference;

/// The last hop of a message.
pub struct Hop {
    /// The name that the peer gave in HELO or EHLO.
    pub helo: String,
    pub peer_ip: IpAddr,
    /// TLS version and cipher suite, if the hop used TLS.
    pub tls: Option<(String, String)>,
    /// `SMTP`, `ESMTP`, `ESMTPS`, `UTF8SMTPS` (RFC 3848, RFC 6531).
    pub with: &'static str,
    pub by: String,
    pub reference: Reference,
    pub at_rfc5322: String,
}

/// Writes Return-Path and Received, folded, with each line ending in CRLF.
pub fn lines(reverse_path: &ReversePath, hop: &Hop) -> Vec<u8> {
    let ip = match hop.peer_ip {
        IpAddr::V4(ip) => format!("[{ip}]"),
        IpAddr::V6(ip) => format!("[IPv6:{ip}]"),
    };
    let from = token(&hop.helo);
    // RFC 5322 §2.1.1: lines should have at most 78 characters.
    let fold = if from.len() > 30 { "\r\n\t" } else { " " };
    let tls = match &hop.tls {
        Some((version, cipher)) => {
            format!("\r\n\t(using {} with cipher {})", token(version), token(cipher))
        }
        None => String::new(),
    };
    format!(
        "Return-Path: {reverse_path}\r\n\
         Received: from {from}{fold}({ip}){tls}\r\n\
         \tby {}\r\n\
         \twith {} id {};\r\n\
         \t{}\r\n",
        token(&hop.by),
        hop.with,
        hop.reference,
        hop.at_rfc5322,
    )
    .into_bytes()
}

/// Makes text from a peer safe for a header: no spaces, no control characters, no characters with
/// a meaning there, and at most 255 characters.
fn token(text: &str) -> Cow<'_, str> {
    const CHARS_MAX: usize = 255;
    let is_safe = |c: char| c.is_ascii_alphanumeric() || "._-:[]".contains(c);
    match text {
        "" => Cow::Borrowed("unknown"),
        text if text.len() <= CHARS_MAX && text.chars().all(is_safe) => Cow::Borrowed(text),
        text => {
            let safe = |c| if is_safe(c) { c } else { '?' };
            Cow::Owned(text.chars().take(CHARS_MAX).map(safe).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hop(helo: &str, tls: bool) -> Hop {
        Hop {
            helo: helo.to_owned(),
            peer_ip: "192.0.2.7".parse().unwrap(),
            tls: tls.then(|| ("TLSv1.3".to_owned(), "TLS_AES_256_GCM_SHA384".to_owned())),
            with: "ESMTPS",
            by: "mail.example.org".to_owned(),
            reference: Reference::from_parts(1_795_424_523_123, 42),
            at_rfc5322: "Mon, 23 Nov 2026 09:02:03 +0000".to_owned(),
        }
    }

    #[test]
    fn the_trace_names_peer_protection_and_reference_number() {
        let text = lines(&ReversePath::Null, &hop("relay.example", true));
        let text = String::from_utf8(text).unwrap();
        let number = Reference::from_parts(1_795_424_523_123, 42);
        let expected = format!(
            "Return-Path: <>\r\nReceived: from relay.example ([192.0.2.7])\r\n\
             \t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384)\r\n\
             \tby mail.example.org\r\n\twith ESMTPS id {number};\r\n\
             \tMon, 23 Nov 2026 09:02:03 +0000\r\n"
        );
        assert_eq!(text, expected);
    }

    #[test]
    fn a_peer_cannot_write_into_the_header() {
        let text = lines(&ReversePath::Null, &hop("a\r\nX-Evil: 1 (b)", false));
        let text = String::from_utf8(text).unwrap();
        assert!(text.contains("from a??X-Evil:?1??b? ([192.0.2.7])"), "{text}");
        assert_eq!(text.lines().count(), 5, "{text}");
        let text = lines(&ReversePath::Null, &hop(&"é\u{202e}".repeat(1_000), true));
        assert!(text.is_ascii());
        assert!(text.split(|octet| *octet == b'\n').all(|line| line.len() < 998));
    }
}
