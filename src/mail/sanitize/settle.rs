//! Parses ammonia's output again and settles the attribute values: inline images get their URL,
//! remote images are replaced or removed, links and styles are checked in their final form.

use std::borrow::Cow;

use url::Url;

use super::Images;
use super::lists;
use super::style;
use super::tags::{Attribute, Piece, Reader, write_attribute, write_text};

/// Returns the HTML with its values settled, and the number of remote images that were left out.
pub fn settle(cleaned: &str, images: &Images<'_>) -> (String, u32) {
    let mut reader = Reader::new(cleaned);
    let mut settle = Settle { out: String::with_capacity(cleaned.len()), remote_images: 0, images };
    let mut quote = Quote::default();
    // `balance` passes on each known attribute only once, so this reader's limit is never reached.
    while let Ok(Some(piece)) = reader.piece() {
        match piece {
            Piece::Text(text) => {
                quote.text(text);
                write_text(&mut settle.out, text);
            }
            Piece::Open(name, attributes) if lists::TAGS.contains(name.as_str()) => {
                quote.open(&name, settle.out.len());
                settle.start(&name, &attributes);
            }
            Piece::Close(name) if lists::TAGS.contains(name.as_str()) => {
                settle.out.push_str(&format!("</{name}>"));
                quote.close(&name, settle.out.len());
            }
            Piece::Open(..) | Piece::Close(_) | Piece::Sheet(..) => {}
        }
    }
    quote.fold(&mut settle.out);
    (settle.out, settle.remote_images)
}

/// The quotation at the end of a message: the last outermost quotation, with text before it and
/// none after. It is folded, so that the reader sees the new text first.
#[derive(Default)]
struct Quote {
    depth: usize,
    /// Where the quotation begins and ends.
    last: Option<(usize, usize)>,
    began: usize,
    said_before: bool,
    said_after: bool,
    said: bool,
}

/// The fold's label, which needs no translation.
const FOLDED: &str = "<details><summary title=\"&gt; &gt; &gt;\">&gt; &gt; &gt;</summary>";

impl Quote {
    fn text(&mut self, text: &str) {
        if self.depth == 0 && !text.trim().is_empty() {
            (self.said, self.said_after) = (true, true);
        }
    }

    fn open(&mut self, name: &str, at: usize) {
        // An image counts as text.
        if name == "img" {
            self.text("img");
        }
        if name == "blockquote" {
            if self.depth == 0 {
                (self.began, self.said_before) = (at, self.said);
            }
            self.depth += 1;
        }
    }

    fn close(&mut self, name: &str, at: usize) {
        if name == "blockquote" && self.depth > 0 {
            self.depth -= 1;
            if self.depth == 0 {
                (self.last, self.said_after) = (Some((self.began, at)), false);
            }
        }
    }

    fn fold(self, out: &mut String) {
        let Some((begin, end)) = self.last else { return };
        if self.said_before && !self.said_after && self.depth == 0 {
            out.insert_str(end, "</details>");
            out.insert_str(begin, FOLDED);
        }
    }
}

struct Settle<'c> {
    out: String,
    remote_images: u32,
    images: &'c Images<'c>,
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
            // So that the page around can count them and offer to load them, or say that they are missing.
            if settled.is_none() && attribute.name == "src" {
                let source = unescape(attribute.value);
                if is_remote(&source) {
                    self.out.push_str(" data-remote=\"\"");
                } else if name == "img" && starts(&source, "cid:") {
                    self.out.push_str(" data-missing=\"\"");
                }
            }
            if let Some(value) = settled {
                write_attribute(&mut self.out, &attribute.name, &value.replace('&', "&amp;"));
            }
        }
        self.out.push('>');
    }

    /// Returns the URL of an image: one in the message, or a remote one if the reader asked for
    /// those.
    fn image(&mut self, source: &str) -> Option<String> {
        let source = named(source);
        if let Some(found) = (self.images.inside)(&source) {
            return Some(found);
        }
        if !is_remote(&source) {
            return None;
        }
        let found = (self.images.remote)(&source);
        self.remote_images += u32::from(found.is_none());
        found
    }
}

/// Returns the sources of the images in balanced HTML that the cleaner leaves in it.
pub fn image_sources(balanced: &str) -> Vec<String> {
    let mut reader = Reader::new(balanced);
    let mut found = Vec::new();
    while let Ok(Some(piece)) = reader.piece() {
        let Piece::Open(name, attributes) = piece else { continue };
        let source = attributes.iter().find(|attribute| attribute.name == "src");
        let source = source.filter(|_| name == "img").map(|source| unescape(source.value));
        found.extend(source.filter(|source| is_left(source)).map(|one| named(&one).into_owned()));
    }
    found
}

/// Whether the cleaner leaves a URL: one of a known scheme, or one that is relative.
fn is_left(source: &str) -> bool {
    match Url::parse(source) {
        Ok(url) => lists::SCHEMES.contains(&url.scheme()),
        Err(error) => error == url::ParseError::RelativeUrlWithoutBase,
    }
}

/// Returns the name that an image's source gives: of a `cid:` URL, the content id is decoded.
fn named(source: &str) -> Cow<'_, str> {
    match starts(source, "cid:") {
        true => Cow::Owned(format!("cid:{}", percent_decode(&source[4..]))),
        false => Cow::Borrowed(source),
    }
}

fn is_remote(source: &str) -> bool {
    starts(source, "http://") || starts(source, "https://")
}

fn starts(text: &str, scheme: &str) -> bool {
    text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
}

/// Returns whether a link has a scheme that is allowed in mail.
fn is_link(target: &str) -> bool {
    is_remote(target) || starts(target, "mailto:")
}

/// Resolves the character references that the serializer writes.
pub fn unescape(text: &str) -> String {
    text.replace("&quot;", "\"")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&nbsp;", "\u{a0}")
        .replace("&amp;", "&")
}

/// Resolves the character references that are usual in a style attribute; any other stays.
pub fn unescape_all(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("&#") {
        out.push_str(before);
        let digits = after.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(after.len());
        let number = match after[..digits].strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16),
            None => after[..digits].parse(),
        };
        match number.ok().and_then(char::from_u32) {
            // Resolved again below, it would be another character.
            Some('&') | None => {
                out.push_str("&#");
                rest = after;
            }
            Some(c) => {
                out.push(c);
                rest = after[digits..].strip_prefix(';').unwrap_or(&after[digits..]);
            }
        }
    }
    out.push_str(rest);
    unescape(&out.replace("&apos;", "'"))
}

/// Decodes a content id, which is percent-encoded in a `cid:` URL (RFC 2392 §2).
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
