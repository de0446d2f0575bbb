//! Writing messages piece by piece, so that an attached file is never held in memory as a whole.
//!
//! ```text
//! header, text (and HTML beside it)          begin
//! --iboundary, part header, base64 lines …   file_head, Base64Lines; for each image of the HTML
//! --iboundary--                              end_images
//! --boundary, part header, base64 lines …    file_head, Base64Lines; for each other file
//! --boundary--                               end_files
//! ```
//!
//! mail-builder encodes names, subjects and file names (RFC 2047, RFC 2231). No value can end its
//! line early, there is never a Bcc field, and no line has more than 998 octets (RFC 5322 §2.1.1).

use std::borrow::Cow;

use mail_builder::headers::Header;
use mail_builder::headers::address::Address;
use mail_builder::headers::content_type::ContentType;
use mail_builder::headers::text::Text;
use mail_builder::mime::MimePart;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

/// A mailbox in a header field: a display name and an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailbox {
    pub name: Option<String>,
    pub address: String,
}

/// Everything in a message except its files.
#[derive(Debug)]
pub struct Message<'a> {
    pub from: Mailbox,
    pub to: &'a [Mailbox],
    pub cc: &'a [Mailbox],
    pub reply_to: Option<&'a Mailbox>,
    pub subject: &'a str,
    pub date: OffsetDateTime,
    /// Without its angle brackets, like every message id here.
    pub message_id: &'a str,
    pub in_reply_to: Option<&'a str>,
    pub references: &'a [String],
    /// The reference number, which has its own field.
    pub reference: &'a str,
    pub text: &'a str,
    pub html: Option<&'a str>,
    /// Additional fields; their values are single lines.
    pub extra: &'a [(&'static str, String)],
}

/// One file of a message.
#[derive(Debug)]
pub struct File<'a> {
    pub name: &'a str,
    pub content_type: &'a str,
    pub size: u64,
    pub content_id: Option<&'a str>,
    pub encoding: Encoding,
}

/// How a file stands in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    Base64,
    /// As it is. An attached message must not be encoded (RFC 2046 §5.2.1).
    SevenBit,
}

impl Encoding {
    fn name(self) -> &'static str {
        match self {
            Encoding::Base64 => "base64",
            Encoding::SevenBit => "7bit",
        }
    }
}

/// What follows the text of a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Follows {
    /// Images that the HTML shows (RFC 2387).
    pub images: bool,
    /// Files.
    pub files: bool,
}

impl Follows {
    /// What ends a message whose images and files are left out.
    pub fn end(self, boundary: &str) -> Vec<u8> {
        let images = if self.images { end_images(boundary) } else { Vec::new() };
        let files = if self.files { end_files(boundary) } else { Vec::new() };
        [images, files].concat()
    }
}

/// The field that carries the reference number.
pub const REFERENCE_FIELD: &str = "Postern-Reference";

/// The field that says by which key the message is signed.
pub const SIGNING_KEY_FIELD: &str = "Postern-Signing-Key";

/// Returns the key by which a message that was written here says that it is signed.
pub fn signing_key(message: &[u8]) -> Option<String> {
    let head = memchr::memmem::find(message, b"\r\n\r\n").map_or(message, |end| &message[..end]);
    let lines = head.split(|octet| *octet == b'\n');
    let found = lines.filter_map(|line| {
        let value = line.strip_prefix(SIGNING_KEY_FIELD.as_bytes())?.strip_prefix(b":")?;
        std::str::from_utf8(value).ok()
    });
    found.map(|value| value.trim().to_owned()).next()
}

/// Writes everything up to the end of the text. What follows is separated by boundaries made of
/// `boundary`, which must not occur anywhere else.
pub fn begin(message: &Message<'_>, follows: Follows, boundary: &str) -> Vec<u8> {
    let mut out = head(message);
    if follows.files {
        let media = ContentType::new("multipart/mixed").attribute("boundary", boundary);
        field(&mut out, "Content-Type", &media);
        out.extend_from_slice(format!("\r\n--{boundary}\r\n").as_bytes());
    }
    if follows.images {
        let boundary = images_boundary(boundary);
        let media = ContentType::new("multipart/related")
            .attribute("type", "multipart/alternative")
            .attribute("boundary", boundary.as_str());
        field(&mut out, "Content-Type", &media);
        out.extend_from_slice(format!("\r\n--{boundary}\r\n").as_bytes());
    }
    body(message).write_part(&mut out);
    out
}

/// The boundary between the images of a message. None of the two begins with the other one.
pub fn images_boundary(boundary: &str) -> String {
    format!("i{boundary}")
}

/// The content ID of the file with this number; [`image_number`] reads it again.
pub fn image_id(number: usize, boundary: &str, domain: &str) -> String {
    format!("{number}.{boundary}@{domain}")
}

/// Returns the number of the file that a source names, in a message that ends with `end`.
pub fn image_number(source: &str, end: &[u8]) -> Option<u32> {
    let (number, rest) = source.strip_prefix("cid:")?.split_once('.')?;
    let (boundary, _) = rest.split_once('@')?;
    let is_own = boundary.len() >= BOUNDARY_CHARS_MIN
        && memchr::memmem::find(end, boundary.as_bytes()).is_some();
    number.parse().ok().filter(|_| is_own)
}

/// A shorter boundary could be part of another text.
const BOUNDARY_CHARS_MIN: usize = 32;

/// Writes a report (RFC 6522): the message's text for people, and `fields` of `media_type` for
/// programs. `boundary` must not occur anywhere else.
pub fn report(message: &Message<'_>, boundary: &str, media_type: &str, fields: &str) -> Vec<u8> {
    let mut out = head(message);
    let kind = media_type.rsplit_once('/').map_or(media_type, |(_, kind)| kind);
    let whole = ContentType::new("multipart/report")
        .attribute("report-type", kind)
        .attribute("boundary", boundary);
    field(&mut out, "Content-Type", &whole);
    out.extend_from_slice(format!("\r\n--{boundary}\r\n").as_bytes());
    body(message).write_part(&mut out);
    let part = format!("\r\n--{boundary}\r\nContent-Type: {media_type}\r\n\r\n{fields}");
    out.extend_from_slice(part.as_bytes());
    out.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    out
}

/// Formats a date for a header field (RFC 5322 §3.3).
pub fn date(date: OffsetDateTime) -> String {
    date.format(&Rfc2822).unwrap_or_default()
}

/// Writes the header without the fields that describe the body's content.
fn head(message: &Message<'_>) -> Vec<u8> {
    let mut out = Vec::with_capacity(1024 + message.text.len());
    field(&mut out, "From", &as_configured(&message.from));
    for (name, people) in [("To", message.to), ("Cc", message.cc)] {
        if !people.is_empty() {
            field(&mut out, name, &Address::new_list(people.iter().map(address).collect()));
        }
    }
    if let Some(reply_to) = message.reply_to {
        field(&mut out, "Reply-To", &address(reply_to));
    }
    field(&mut out, "Subject", &Text::new(one_line(message.subject)));
    line(&mut out, "Date", &date(message.date));
    line(&mut out, "Message-ID", &format!("<{}>", id(message.message_id)));
    if let Some(answered) = message.in_reply_to {
        line(&mut out, "In-Reply-To", &format!("<{}>", id(answered)));
    }
    if !message.references.is_empty() {
        let ids: Vec<String> =
            message.references.iter().map(|one| format!("<{}>", id(one))).collect();
        line(&mut out, "References", &ids.join("\r\n "));
    }
    line(&mut out, REFERENCE_FIELD, &one_line(message.reference));
    for (name, value) in message.extra {
        line(&mut out, name, &one_line(value));
    }
    line(&mut out, "MIME-Version", "1.0");
    out
}

fn body<'a>(message: &Message<'a>) -> MimePart<'a> {
    let text = MimePart::new("text/plain", clean(message.text));
    match message.html {
        None => text,
        // The plain text comes first: the last alternative is preferred (RFC 2046 §5.1.4).
        Some(html) => MimePart::new(
            ContentType::new("multipart/alternative"),
            vec![text, MimePart::new("text/html", clean(html))],
        ),
    }
}

/// Makes every line end CRLF and drops every other control character but the tab: a CR or an LF alone
/// and a NUL may not be in a message (RFC 5322 §2.3, RFC 2045 §2.7), and text has the same line ends
/// inside base64 (RFC 2045 §6.8).
fn clean(text: &str) -> Cow<'_, str> {
    if !text.contains(|c: char| c.is_control() && c != '\t') {
        return Cow::Borrowed(text);
    }
    let lines = text.replace("\r\n", "\n").replace('\r', "\n");
    let is_kept = |c: &char| !c.is_control() || matches!(c, '\n' | '\t');
    let lines: String = lines.chars().filter(is_kept).collect();
    Cow::Owned(lines.replace('\n', "\r\n"))
}

/// Returns whether a message can be sent as it is: it has no NUL, and CR and LF occur only together
/// (RFC 5321 §2.3.8).
pub fn is_clean(message: &[u8]) -> bool {
    memchr::memchr3_iter(b'\r', b'\n', 0, message).all(|at| match message[at] {
        b'\r' => message.get(at + 1) == Some(&b'\n'),
        b'\n' => at > 0 && message[at - 1] == b'\r',
        _ => false,
    })
}

/// Writes what comes before a file's octets.
pub fn file_head(file: &File<'_>, boundary: &str) -> Vec<u8> {
    let mut out = format!("\r\n--{boundary}\r\n").into_bytes();
    field(&mut out, "Content-Type", &ContentType::new(file.content_type));
    let name = one_line(file.name);
    let place = if file.content_id.is_some() { "inline" } else { "attachment" };
    let disposition = ContentType::new(place)
        .attribute("filename", name)
        .attribute("size", file.size.to_string());
    field(&mut out, "Content-Disposition", &disposition);
    if let Some(content_id) = file.content_id {
        line(&mut out, "Content-ID", &format!("<{}>", id(content_id)));
    }
    line(&mut out, "Content-Transfer-Encoding", file.encoding.name());
    out.extend_from_slice(b"\r\n");
    out
}

/// Writes what comes after the last image.
pub fn end_images(boundary: &str) -> Vec<u8> {
    end_files(&images_boundary(boundary))
}

/// Writes what comes after the last file.
pub fn end_files(boundary: &str) -> Vec<u8> {
    format!("\r\n--{boundary}--\r\n").into_bytes()
}

fn field(out: &mut Vec<u8>, name: &str, value: &impl Header) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    value.write_header(out, name.len() + 2);
}

fn line(out: &mut Vec<u8>, name: &str, value: &str) {
    out.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
}

/// Returns a recipient's address as every host understands it.
fn address(mailbox: &Mailbox) -> Address<'static> {
    // RFC 6532 §3.2: a header with an address in UTF-8 needs SMTPUTF8, which a domain does not.
    let parsed = super::address::Address::parse(&mailbox.address);
    let written = parsed.map(|address| address.for_ascii_hosts().to_string());
    Address::new_address(name(mailbox), written.unwrap_or_else(|_| one_line(&mailbox.address)))
}

/// Returns an address of our own with its domain as the configuration has it: answers come to it,
/// and it is signed for, in that form only.
fn as_configured(mailbox: &Mailbox) -> Address<'static> {
    Address::new_address(name(mailbox), one_line(&mailbox.address))
}

fn name(mailbox: &Mailbox) -> Option<String> {
    mailbox.name.as_deref().map(one_line).filter(|name| !name.is_empty())
}

/// Replaces every control character with a space, so that the text cannot start a new line.
pub fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Removes what a message id cannot contain: white space, control characters and angle brackets
/// (RFC 5322 §3.6.4).
fn id(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() && !c.is_whitespace() && !"<>".contains(*c)).collect()
}

/// A base64 encoder with lines of 76 characters (RFC 2045 §6.8), for octets that arrive in pieces.
#[derive(Debug, Default)]
pub struct Base64Lines {
    waiting: Vec<u8>,
}

/// The number of octets that one line encodes.
const LINE_OCTETS: usize = 57;

impl Base64Lines {
    /// Returns the number of octets that `plain` octets take when they are encoded.
    pub fn octets(plain: u64) -> u64 {
        plain.div_ceil(3) * 4 + plain.div_ceil(LINE_OCTETS as u64) * 2
    }

    /// Takes octets and appends complete lines to `out`.
    pub fn push(&mut self, octets: &[u8], out: &mut Vec<u8>) {
        let mut rest = octets;
        if !self.waiting.is_empty() {
            let missing = (LINE_OCTETS - self.waiting.len()).min(rest.len());
            self.waiting.extend_from_slice(&rest[..missing]);
            rest = &rest[missing..];
            if self.waiting.len() < LINE_OCTETS {
                return;
            }
            encode_line(&self.waiting, out);
            self.waiting.clear();
        }
        let mut lines = rest.chunks_exact(LINE_OCTETS);
        for whole in &mut lines {
            encode_line(whole, out);
        }
        self.waiting.extend_from_slice(lines.remainder());
    }

    /// Writes the remaining octets.
    pub fn finish(self, out: &mut Vec<u8>) {
        if !self.waiting.is_empty() {
            encode_line(&self.waiting, out);
        }
    }
}

fn encode_line(octets: &[u8], out: &mut Vec<u8>) {
    const SYMBOLS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for group in octets.chunks(3) {
        let bits = group.iter().fold(0_u32, |bits, octet| bits << 8 | u32::from(*octet))
            << (8 * (3 - group.len()));
        for at in 0..4 {
            let symbol = SYMBOLS[(bits >> (18 - 6 * at)) as usize & 63];
            out.push(if at <= group.len() { symbol } else { b'=' });
        }
    }
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::mail::header::{HeaderLimits, gate};
    use crate::mail::message::{part_bytes, view};

    fn message<'a>(subject: &'a str, text: &'a str, to: &'a [Mailbox]) -> Message<'a> {
        Message {
            from: Mailbox {
                name: Some("דנה לוי".to_owned()),
                address: "dana@example.org".to_owned(),
            },
            to,
            cc: &[],
            reply_to: None,
            subject,
            date: OffsetDateTime::from_unix_timestamp(1_795_424_523).unwrap(),
            message_id: "abc@example.org",
            in_reply_to: Some("first@example.org"),
            references: &[],
            reference: "01KAN-5Q7DC-8E2XV-M9T4H",
            text,
            html: None,
            extra: &[],
        }
    }

    fn noa() -> Vec<Mailbox> {
        vec![Mailbox { name: None, address: "noa@outside.example".to_owned() }]
    }

    fn write(message: &Message<'_>, files: &[(&str, &[u8])]) -> Vec<u8> {
        let follows = Follows { images: false, files: !files.is_empty() };
        let mut out = begin(message, follows, "xyz0");
        for (name, octets) in files {
            let size = octets.len() as u64;
            let file = File {
                name,
                content_type: "application/pdf",
                size,
                content_id: None,
                encoding: Encoding::Base64,
            };
            out.extend(file_head(&file, "xyz0"));
            let mut lines = Base64Lines::default();
            for piece in octets.chunks(10) {
                lines.push(piece, &mut out);
            }
            lines.finish(&mut out);
        }
        if !files.is_empty() {
            out.extend(end_files("xyz0"));
        }
        out
    }

    #[test]
    fn a_message_is_clean_only_without_bare_line_ends_and_nul() {
        for clean in ["", "a\r\nb\r\n", "\r\n\r\n"] {
            assert!(is_clean(clean.as_bytes()), "{clean:?}");
        }
        for not in ["\n", "a\nb", "a\rb", "a\r", "a\r\n\n", "a\r\r\n", "a\0b"] {
            assert!(!is_clean(not.as_bytes()), "{not:?}");
        }
        assert_eq!(clean("a\rb\r\nc\0\x07\td"), "a\r\nb\r\nc\td");
    }

    /// P-17: a written message reads back unchanged, with files of every kind of name and size.
    #[test]
    fn a_message_with_files_reads_back() {
        let files: [(&str, &[u8]); 4] = [
            ("empty.txt", b""),
            ("one.bin", b"\0"),
            ("דוח סופי.pdf", &[7; 1_000]),
            ("a b.txt", b"abc"),
        ];
        let to = noa();
        let html = Message {
            html: Some("<p>שלום</p>"),
            ..message("שלום, the contract", "שלום\n.\nbye\n", &to)
        };
        for message in [message("שלום, the contract", "שלום\n.\nbye\n", &to), html] {
            let octets = write(&message, &files);
            gate(&octets, &HeaderLimits::default()).unwrap();
            let read = view(&octets);
            assert_eq!(read.subject, message.subject);
            assert_eq!(
                read.text.unwrap().replace("\r\n", "\n").trim_end(),
                message.text.trim_end()
            );
            assert_eq!(read.from[0].name.as_deref(), Some("דנה לוי"));
            assert_eq!(read.message_id.as_deref(), Some("abc@example.org"));
            assert_eq!(read.in_reply_to, ["first@example.org"]);
            assert_eq!(!read.html.is_empty(), message.html.is_some());
            assert_eq!(read.parts.len(), files.len());
            for (part, (name, expected)) in read.parts.iter().zip(&files) {
                assert_eq!(part.name, *name);
                assert_eq!(part_bytes(&octets, part.index).unwrap().1, *expected);
            }
        }
    }

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\nheron";

    fn put(out: &mut Vec<u8>, name: &str, content_id: Option<&str>, boundary: &str) {
        let (size, encoding) = (PNG.len() as u64, Encoding::Base64);
        let file = File { name, content_type: "image/png", size, content_id, encoding };
        out.extend(file_head(&file, boundary));
        let mut lines = Base64Lines::default();
        lines.push(PNG, out);
        lines.finish(out);
    }

    /// P-17: what the HTML shows stands beside it, and is no file; without the parts, the message is
    /// still whole.
    #[test]
    fn a_message_with_images_reads_back() {
        let boundary = "0123456789abcdef".repeat(2);
        let id = image_id(1, &boundary, "example.org");
        let html = format!("<p>See <img src=\"cid:{id}\"></p>");
        let to = noa();
        let message = Message { html: Some(&html), ..message("Birds", "See", &to) };
        for has_files in [false, true] {
            let follows = Follows { images: true, files: has_files };
            let head = begin(&message, follows, &boundary);
            let mut out = head.clone();
            put(&mut out, "heron.png", Some(&id), &images_boundary(&boundary));
            out.extend(end_images(&boundary));
            if has_files {
                put(&mut out, "owl.png", None, &boundary);
                out.extend(end_files(&boundary));
            }
            gate(&out, &HeaderLimits::default()).unwrap();
            let read = view(&out);
            assert_eq!(read.html.len(), 1);
            let shown: Vec<(&str, bool)> =
                read.parts.iter().map(|part| (part.name.as_str(), part.inline)).collect();
            let expected = [("heron.png", true), ("owl.png", false)];
            assert_eq!(shown, expected[..1 + usize::from(has_files)]);
            let image = read.image(&format!("cid:{id}")).unwrap();
            assert_eq!(part_bytes(&out, image.index).unwrap().1, PNG);
            let end = follows.end(&boundary);
            let bare = view(&[head, end.clone()].concat());
            assert_eq!((bare.html, bare.parts.len()), (read.html, 0));
            assert_eq!(image_number(&format!("cid:{id}"), &end), Some(1));
            for other in ["cid:1.@example.org", "cid:x", "cid:1.abcdef@example.org", "heron.png"] {
                assert_eq!(image_number(other, &end), None, "{other}");
            }
        }
    }

    proptest! {
        /// A field ends where it should, whatever its value contains.
        #[test]
        fn nothing_can_be_put_into_the_header(
            subject in "\\PC{0,40}|[\r\n:a-zA-Z ]{0,40}",
            name in "[\r\n<>\",;@a-z ]{0,30}",
            reference in "[\r\na-z: ]{0,20}",
        ) {
            let to = [Mailbox { name: Some(name), address: "noa@outside.example".to_owned() }];
            let message = Message { reference: &reference, ..message(&subject, "text", &to) };
            let octets = write(&message, &[]);
            let facts = gate(&octets, &HeaderLimits::default()).unwrap();
            let names = ["from", "to", "subject", "date", "message-id", "in-reply-to",
                "postern-reference", "mime-version", "content-type", "content-transfer-encoding"];
            prop_assert!(facts.fields.len() <= names.len());
            for line in octets.split(|octet| *octet == b'\n') {
                prop_assert!(line.len() <= 999);
            }
        }

        /// No recipient's server may see a line end, or the end of the message, where we see none.
        #[test]
        fn whatever_the_text_is_no_bare_line_end_leaves(
            text in "[\r\n\0\x07\u{85}.a-zא-ת ]{0,60}",
            html in "[\r\n\0<>a-z ]{0,60}",
        ) {
            let to = [Mailbox { name: None, address: "noa@outside.example".to_owned() }];
            let written = Message { html: Some(&html), ..message("subject", &text, &to) };
            let out = begin(&written, Follows::default(), "");
            prop_assert!(is_clean(&out), "{:?}", String::from_utf8_lossy(&out));
        }

        #[test]
        fn pieces_of_any_size_encode_alike(octets: Vec<u8>, step in 1_usize..200) {
            use base64::Engine;
            let mut out = Vec::new();
            let mut lines = Base64Lines::default();
            for piece in octets.chunks(step) {
                lines.push(piece, &mut out);
            }
            lines.finish(&mut out);
            prop_assert_eq!(out.len() as u64, Base64Lines::octets(octets.len() as u64));
            let text: String = String::from_utf8(out).unwrap().split("\r\n").collect();
            prop_assert_eq!(base64::engine::general_purpose::STANDARD.decode(text).unwrap(), octets);
        }
    }
}
