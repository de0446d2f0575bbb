//! Reads what ammonia wrote once more and settles the values: inline images get their URL,
//! remote ones go, links and styles are checked as they came out.

use super::lists;
use super::style;
use super::tags::{Attribute, Piece, Reader, write_attribute, write_text};

/// The HTML with its values settled, and how many remote images were left out.
pub fn settle(cleaned: &str, cid: &dyn Fn(&str) -> Option<String>) -> (String, u32) {
    let mut reader = Reader::new(cleaned);
    let mut settle = Settle { out: String::with_capacity(cleaned.len()), remote_images: 0, cid };
    // ammonia never writes more attributes than it was given, so this reader has no limit to hit.
    while let Ok(Some(piece)) = reader.piece() {
        match piece {
            Piece::Text(text) => write_text(&mut settle.out, text),
            Piece::Open(name, attributes) if lists::TAGS.contains(name.as_str()) => {
                settle.start(&name, &attributes);
            }
            Piece::Close(name) if lists::TAGS.contains(name.as_str()) => {
                settle.out.push_str(&format!("</{name}>"));
            }
            Piece::Open(..) | Piece::Close(_) => {}
        }
    }
    (settle.out, settle.remote_images)
}

struct Settle<'c> {
    out: String,
    remote_images: u32,
    cid: &'c dyn Fn(&str) -> Option<String>,
}

impl Settle<'_> {
    fn start(&mut self, name: &str, attributes: &[Attribute<'_>]) {
        self.out.push('<');
        self.out.push_str(name);
        for attribute in attributes {
            let value = unescape(attribute.value);
            let settled = match attribute.name.as_str() {
                "src" if name == "img" => self.image(&value),
                "href" if name == "a" => is_link(&value).then_some(value),
                "style" => style::is_harmless(&value).then_some(value),
                "rel" | "target" if name == "a" => Some(value),
                known if lists::ATTRIBUTES.contains(known) => Some(value),
                _ => None,
            };
            if let Some(value) = settled {
                write_attribute(&mut self.out, &attribute.name, &value.replace('&', "&amp;"));
            }
        }
        self.out.push('>');
    }

    /// Where an image is to be had: only inside the message.
    fn image(&mut self, source: &str) -> Option<String> {
        match source.get(..4) {
            Some(scheme) if scheme.eq_ignore_ascii_case("cid:") => {
                (self.cid)(&percent_decode(&source[4..]))
            }
            _ => {
                self.remote_images += 1;
                None
            }
        }
    }
}

/// Whether a link leads where a link in mail may lead.
fn is_link(target: &str) -> bool {
    ["http://", "https://", "mailto:"].iter().any(|scheme| {
        target.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    })
}

/// The character references that the serializer writes.
fn unescape(text: &str) -> String {
    text.replace("&quot;", "\"")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&nbsp;", "\u{a0}")
        .replace("&amp;", "&")
}

/// A content id stands percent-encoded in a `cid:` URL (RFC 2392 §2).
fn percent_decode(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut octets = text.as_bytes();
    while let Some((first, rest)) = octets.split_first() {
        let code = rest.get(..2).filter(|_| *first == b'%').and_then(|hex| {
            let hex = std::str::from_utf8(hex).ok().filter(|hex| !hex.starts_with('+'))?;
            u8::from_str_radix(hex, 16).ok()
        });
        out.push(code.unwrap_or(*first));
        octets = if code.is_some() { &rest[2..] } else { rest };
    }
    String::from_utf8_lossy(&out).into_owned()
}
