//! What was inside another format, written as a message, so that one way of reading serves it.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Texts and files that were found in another format.
#[derive(Debug, Default)]
pub struct Unpacked {
    pub subject: String,
    pub text: Option<String>,
    pub html: Option<Vec<u8>>,
    /// `None` if it is not known.
    pub html_charset: Option<&'static str>,
    pub files: Vec<File>,
}

/// A file that was found in another format.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct File {
    pub name: String,
    /// As stated; empty if nothing is.
    pub media: String,
    pub content_id: String,
    pub octets: Vec<u8>,
}

/// The most characters of a name, a type or a subject that are kept: what is longer is no name, and
/// its encoded form is up to nine times as long.
const CHARS_MAX: usize = 255;
/// Encoded content never contains it.
const BOUNDARY: &str = "--unpacked";

impl Unpacked {
    /// Returns a message (RFC 5322) with the same content.
    pub fn message(&self) -> Vec<u8> {
        let mut out = format!(
            "Subject: {}\r\nMIME-Version: 1.0\r\n\
             Content-Type: multipart/mixed; boundary=\"{BOUNDARY}\"\r\n\r\n",
            plain(&self.subject)
        );
        match (&self.html, &self.text) {
            (Some(html), _) => {
                let charset = self.html_charset.map(|charset| format!("; charset={charset}"));
                part(
                    &mut out,
                    &format!("Content-Type: text/html{}", charset.unwrap_or_default()),
                    html,
                );
            }
            (None, Some(text)) => {
                part(&mut out, "Content-Type: text/plain; charset=utf-8", text.as_bytes());
            }
            (None, None) => {}
        }
        for file in &self.files {
            let mut header = format!("Content-Type: {}", media(file));
            _ = write!(header, "\r\nContent-Disposition: attachment; filename*=utf-8''");
            let name: String = file.name.chars().take(CHARS_MAX).collect();
            percent_encode(&mut header, &name);
            if !file.content_id.is_empty() {
                _ = write!(header, "\r\nContent-ID: <{}>", plain(&file.content_id));
            }
            part(&mut out, &header, &file.octets);
        }
        _ = write!(out, "--{BOUNDARY}--\r\n");
        out.into_bytes()
    }
}

fn part(out: &mut String, header: &str, octets: &[u8]) {
    _ = write!(out, "--{BOUNDARY}\r\n{header}\r\nContent-Transfer-Encoding: base64\r\n\r\n");
    // Whole groups of three: no line but the last needs to be filled up.
    for line in octets.chunks(57) {
        STANDARD.encode_string(line, out);
        out.push_str("\r\n");
    }
}

/// Returns the type of a file: as stated, or else as its name says.
fn media(file: &File) -> String {
    let is_token = |text: &str| {
        let is_fine = |octet: u8| octet.is_ascii_alphanumeric() || b"-+._".contains(&octet);
        (1..=CHARS_MAX).contains(&text.len()) && text.bytes().all(is_fine)
    };
    match file.media.split_once('/') {
        Some((kind, subtype))
            if is_token(kind) && is_token(subtype) && !kind.eq_ignore_ascii_case("multipart") =>
        {
            file.media.clone()
        }
        _ => mime_guess::from_path(&file.name).first_or_octet_stream().essence_str().to_owned(),
    }
}

/// Returns a text without what would end its line or its angle brackets.
fn plain(text: &str) -> String {
    let is_fine = |c: &char| !c.is_control() && !matches!(c, '<' | '>');
    text.chars().filter(is_fine).take(CHARS_MAX).collect()
}

/// Writes the value of an extended parameter (RFC 8187 §3.2.1).
fn percent_encode(out: &mut String, text: &str) {
    for octet in text.bytes() {
        match octet {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' => out.push(octet.into()),
            _ => _ = write!(out, "%{octet:02X}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::message::{part_bytes, view};

    /// A name of any length is in a few octets of the format, and in nine times as many of a message.
    #[test]
    fn a_long_name_does_not_make_a_large_message() {
        let long = "€".repeat(1 << 20);
        let file = File { name: long.clone(), content_id: long.clone(), ..File::default() };
        let unpacked = Unpacked { subject: long, files: vec![file], ..Unpacked::default() };
        assert!(unpacked.message().len() < 32 * CHARS_MAX);
    }

    #[test]
    fn what_was_unpacked_is_read_like_any_message() {
        let file = |name: &str, media: &str, octets: &[u8]| File {
            name: name.to_owned(),
            media: media.to_owned(),
            content_id: String::new(),
            octets: octets.to_vec(),
        };
        let unpacked = Unpacked {
            subject: "Zahlen\r\nBcc: x@y.example".to_owned(),
            text: Some("----unpacked--\r\nSee the file.".to_owned()),
            html: None,
            html_charset: None,
            files: vec![
                file("Übersicht.docx", "", &[0, 1, 2, 255]),
                file("a\"\r\n.txt", "multipart/mixed", &b"x".repeat(10_000)),
            ],
        };
        let message = unpacked.message();
        let seen = view(&message);
        assert_eq!(seen.subject, "ZahlenBcc: x@y.example");
        assert_eq!(seen.text.as_deref(), Some("----unpacked--\nSee the file."));
        assert!(!seen.ambiguous && seen.refused.is_none());
        let names: Vec<&str> = seen.parts.iter().map(|part| part.name.as_str()).collect();
        assert_eq!(names, ["Übersicht.docx", "a\"  .txt"]);
        for (part, file) in seen.parts.iter().zip(&unpacked.files) {
            assert_eq!(part_bytes(&message, part.index).unwrap().1, file.octets);
        }
    }
}
