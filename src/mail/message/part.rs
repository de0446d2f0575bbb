//! One part of a message: what it is, what it is called, and its octets.

use std::borrow::Cow;

use mail_parser::decoders::charsets::map::charset_decoder;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;
use mail_parser::{Encoding, MessagePart, MimeHeaders, PartType};

use super::encoded::{self, base64_decode};
use super::{header_fields, one_line};

const FILE_NAME_CHARS_MAX: usize = 200;

/// What can be done with a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Plain,
    Html,
    /// Text of another type that can be read as it is.
    Readable,
    Other,
}

impl Kind {
    pub fn of(part: &MessagePart<'_>) -> Kind {
        if !matches!(part.body, PartType::Text(_) | PartType::Html(_)) {
            return Kind::Other;
        }
        let Some(media) = part.content_type() else { return Kind::Plain };
        let subtype = media.subtype().unwrap_or("plain").to_ascii_lowercase();
        match (media.ctype().eq_ignore_ascii_case("text"), subtype.as_str()) {
            (true, "plain") => Kind::Plain,
            (true, "html") => Kind::Html,
            (true, "markdown" | "x-markdown" | "enriched" | "richtext") => Kind::Readable,
            _ => Kind::Other,
        }
    }

    pub fn is_html(self) -> bool {
        self == Kind::Html
    }
}

/// Returns the text of a text part, whatever its type. The parser gives up on an encoding with one
/// wrong character, and then returns the part as it stands.
pub fn text_of<'p>(part: &'p MessagePart<'_>) -> Option<Cow<'p, str>> {
    let (PartType::Text(text) | PartType::Html(text)) = &part.body else { return None };
    let declared = part.content_transfer_encoding().unwrap_or_default();
    if !(part.is_encoding_problem && declared.eq_ignore_ascii_case("base64")) {
        return Some(Cow::Borrowed(text));
    }
    let octets = base64_decode(text.as_bytes());
    let charset = part.content_type().and_then(|media| media.attribute("charset"));
    let text = match charset.and_then(|charset| charset_decoder(charset.as_bytes())) {
        Some(decode) => decode(&octets),
        None => String::from_utf8_lossy(&octets).into_owned(),
    };
    Some(Cow::Owned(text))
}

/// Returns the type of an image by its first octets, whatever type the message states. SVG is not
/// among them, because it is a document that can contain scripts.
pub fn image_type(octets: &[u8]) -> Option<&'static str> {
    match octets {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some("image/gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ => None,
    }
}

/// Whether a stated type is that of an image that is shown in a text.
pub fn is_image_type(media: &str) -> bool {
    ["image/png", "image/jpeg", "image/gif", "image/webp"].contains(&media)
}

/// Returns whether the sender says that a part is a file.
pub fn is_attachment(part: &MessagePart<'_>) -> bool {
    let disposition = part.content_disposition();
    disposition.is_some_and(|value| value.ctype().eq_ignore_ascii_case("attachment"))
}

/// Returns whether the HTML can name a part, by Content-ID or Content-Location.
pub fn is_resource(part: &MessagePart<'_>) -> bool {
    part.content_id().is_some() || part.content_location().is_some()
}

/// Returns a content id without its angle brackets.
pub fn bare_id(id: &str) -> &str {
    id.trim().trim_start_matches('<').trim_end_matches('>')
}

/// Returns the name of a part as a file. A part without one is called after what it is: an attached
/// message after its subject.
pub fn name(message: &[u8], part: &MessagePart<'_>, index: u32) -> String {
    let header = part.raw_header_offset() as usize..part.raw_body_offset() as usize;
    let given = message.get(header).and_then(encoded::file_name);
    let given = file_name(given.as_deref().or(part.attachment_name()).unwrap_or_default());
    if !given.is_empty() {
        return given;
    }
    let media = content_type(part);
    if media == "message/rfc822" || media == "message/global" {
        let subject = header_fields(&octets_of(message, part)).subject;
        let subject: String =
            subject.chars().map(|c| if "/\\:*?\"<>|".contains(c) { '_' } else { c }).collect();
        let short: String = subject.chars().take(SUBJECT_CHARS_MAX).collect();
        let short = short.trim_matches(['.', ' ']);
        return format!("{}.eml", if short.is_empty() { "message" } else { short });
    }
    match ENDINGS.iter().find(|(known, _)| *known == media) {
        Some((_, "ics")) => "invite.ics".to_owned(),
        Some((_, ending)) => format!("part-{index}.{ending}"),
        None if media.starts_with("text/") => format!("part-{index}.txt"),
        None => format!("part-{index}"),
    }
}

/// How much of its subject an attached message is called after.
const SUBJECT_CHARS_MAX: usize = 80;

/// How files of a type are called. The types that mail programs send without a name.
const ENDINGS: [(&str, &str); 37] = [
    ("application/gzip", "gz"),
    ("application/json", "json"),
    ("application/msword", "doc"),
    ("application/ms-tnef", "dat"),
    ("application/pdf", "pdf"),
    ("application/pgp-encrypted", "asc"),
    ("application/pgp-keys", "asc"),
    ("application/pgp-signature", "asc"),
    ("application/pkcs7-mime", "p7m"),
    ("application/pkcs7-signature", "p7s"),
    ("application/rtf", "rtf"),
    ("application/vnd.ms-excel", "xls"),
    ("application/vnd.ms-powerpoint", "ppt"),
    ("application/vnd.oasis.opendocument.spreadsheet", "ods"),
    ("application/vnd.oasis.opendocument.text", "odt"),
    ("application/vnd.openxmlformats-officedocument.presentationml.presentation", "pptx"),
    ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
    ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"),
    ("application/x-pkcs7-mime", "p7m"),
    ("application/x-pkcs7-signature", "p7s"),
    ("application/xml", "xml"),
    ("application/zip", "zip"),
    ("audio/mpeg", "mp3"),
    ("audio/wav", "wav"),
    ("image/bmp", "bmp"),
    ("image/gif", "gif"),
    ("image/jpeg", "jpg"),
    ("image/png", "png"),
    ("image/svg+xml", "svg"),
    ("image/tiff", "tif"),
    ("image/webp", "webp"),
    ("text/calendar", "ics"),
    ("text/csv", "csv"),
    ("text/html", "html"),
    ("text/vcard", "vcf"),
    ("text/x-vcard", "vcf"),
    ("video/mp4", "mp4"),
];

/// Returns a file name without folders, so that it cannot be saved in another place.
pub fn file_name(name: &str) -> String {
    let base = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let name: String = one_line(base).chars().take(FILE_NAME_CHARS_MAX).collect();
    match name.trim_matches(['.', ' ']) {
        "" => String::new(),
        _ => name.trim().to_owned(),
    }
}

/// Returns `type/subtype` in lower case, with only token characters (RFC 2045 §5.1), because it is
/// used in our own response headers.
pub fn content_type(part: &MessagePart<'_>) -> String {
    let Some(value) = part.content_type() else { return default_type(part).to_owned() };
    let is_token = |text: &str| {
        let special = |octet: u8| b"()<>@,;:\\\"/[]?=".contains(&octet);
        !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_graphic() && !special(octet))
    };
    match value.subtype() {
        Some(subtype) if is_token(value.ctype()) && is_token(subtype) => {
            format!("{}/{subtype}", value.ctype()).to_ascii_lowercase()
        }
        _ => default_type(part).to_owned(),
    }
}

fn default_type(part: &MessagePart<'_>) -> &'static str {
    match part.body {
        PartType::Text(_) => "text/plain",
        PartType::Html(_) => "text/html",
        PartType::Message(_) => "message/rfc822",
        _ => "application/octet-stream",
    }
}

/// Returns a part's octets as the sender attached them. The parser's version is not used where
/// possible, because it was converted from a charset and went through the guard.
pub fn octets_of<'p>(message: &'p [u8], part: &'p MessagePart<'_>) -> Cow<'p, [u8]> {
    let start = part.raw_body_offset() as usize;
    let raw = message.get(start..part.raw_end_offset() as usize).unwrap_or_default();
    let declared = part.content_transfer_encoding().unwrap_or_default();
    match (&part.body, part.encoding) {
        (PartType::Multipart(_), _) => Cow::Borrowed(&[]),
        (PartType::Message(inner), Encoding::Base64 | Encoding::QuotedPrintable) => {
            Cow::Borrowed(inner.raw_message())
        }
        (PartType::Binary(octets) | PartType::InlineBinary(octets), Encoding::Base64)
        | (PartType::Binary(octets) | PartType::InlineBinary(octets), Encoding::QuotedPrintable) => {
            Cow::Borrowed(octets)
        }
        (PartType::Text(_) | PartType::Html(_), Encoding::QuotedPrintable) => {
            let decoded = quoted_printable_decode(raw);
            Cow::Owned(decoded.unwrap_or_else(|| quoted_printable_as_far_as_it_goes(raw)))
        }
        _ if declared.eq_ignore_ascii_case("base64") => Cow::Owned(base64_decode(raw)),
        _ => Cow::Borrowed(raw),
    }
}

/// Decodes what is quoted-printable, and leaves what is not as it is (RFC 2045 §6.7, notes 2 and 3).
fn quoted_printable_as_far_as_it_goes(raw: &[u8]) -> Vec<u8> {
    let hex = |octet: u8| char::from(octet).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut out = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let [first, after @ ..] = rest {
        let code = match after {
            [high, low, ..] => hex(*high).zip(hex(*low)),
            _ => None,
        };
        rest = match (first, code, after) {
            (b'=', Some((high, low)), [_, _, later @ ..]) => {
                out.push(high << 4 | low);
                later
            }
            (b'=', None, [b'\r', b'\n', later @ ..] | [b'\n', later @ ..]) => later,
            _ => {
                out.push(*first);
                after
            }
        };
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What cannot be decoded must not be replaced: a file has no more octets than were sent.
    #[test]
    fn broken_quoted_printable_loses_and_adds_nothing() {
        for (raw, expected) in [
            (&b"a=3Db=x\xe9="[..], &b"a=b=x\xe9="[..]),
            (b"=3=\r\nd=\n==3d=4", b"=3d===4"),
            (b"\xff\xfe=\"cid=C3=A9", b"\xff\xfe=\"cid\xc3\xa9"),
        ] {
            assert_eq!(quoted_printable_as_far_as_it_goes(raw), expected);
        }
    }

    #[test]
    fn images_are_known_by_their_octets() {
        assert_eq!(image_type(b"\x89PNG\r\n\x1a\n\0"), Some("image/png"));
        assert_eq!(image_type(b"GIF89a\0"), Some("image/gif"));
        assert_eq!(image_type(b"\xff\xd8\xff\xe0"), Some("image/jpeg"));
        assert_eq!(image_type(b"RIFF\0\0\0\0WEBPVP8 "), Some("image/webp"));
        for other in [&b""[..], b"<svg xmlns='http://www.w3.org/2000/svg'>", b"GIF", b"BM\0\0"] {
            assert_eq!(image_type(other), None);
        }
    }
}
