//! What a message holds, for the list and for the reader. The one file behind which the MIME
//! parser stands; its fences are in `header` and `mime_guard`.
//!
//! Nothing here changes a message: what is stored is what was sent.

use std::borrow::Cow;
use std::collections::HashSet;
use std::panic::catch_unwind;

use mail_parser::decoders::quoted_printable::quoted_printable_decode;
use mail_parser::{
    Encoding, HeaderValue, Message, MessageParser, MessagePart, MimeHeaders, PartType,
};

use super::header::HeaderFacts;
use super::mime_guard::{self, LEVELS_MAX, NotShown, PARTS_MAX};

/// A name and an address as a header gives them; either may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameAddr {
    pub name: Option<String>,
    pub address: Option<String>,
}

/// What the list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    pub from: Option<NameAddr>,
    /// To and Cc, the first few.
    pub to: Vec<NameAddr>,
    pub subject: String,
    pub attachments: u32,
    /// The identifiers in its header.
    pub ids: Ids,
}

/// What the reader shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    pub from: Vec<NameAddr>,
    pub to: Vec<NameAddr>,
    pub cc: Vec<NameAddr>,
    pub reply_to: Vec<NameAddr>,
    pub subject: String,
    /// As the header gives it, in RFC 3339 form where it can be read.
    pub date: Option<String>,
    pub message_id: Option<String>,
    pub in_reply_to: Vec<String>,
    pub references: Vec<String>,
    pub text: Option<String>,
    pub text_truncated: bool,
    pub html: Option<String>,
    pub parts: Vec<Part>,
    /// A boundary stood where readers disagree about it.
    pub ambiguous: bool,
    /// Why the body is not taken apart, in a sentence.
    pub refused: Option<String>,
}

/// A part that can be fetched by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Names it within its message.
    pub index: u32,
    pub name: String,
    /// `type/subtype`, in lower case.
    pub content_type: String,
    /// Octets once decoded.
    pub size: u64,
    pub inline: bool,
    pub content_id: Option<String>,
}

/// Longest name or subject, in characters; the rest is cut off.
const LINE_CHARS_MAX: usize = 1_000;
const FILE_NAME_CHARS_MAX: usize = 200;
/// Longest text handed to the reader, in octets; the whole can be fetched as source.
const TEXT_OCTETS_MAX: usize = 1024 * 1024;
/// How many addresses of one field are shown.
const ADDRESSES_MAX: usize = 500;
/// How many recipients a summary names.
const SUMMARY_ADDRESSES_MAX: usize = 20;
/// How many message ids of one field are kept; the field grows with each answer.
const IDS_MAX: usize = 500;

/// What the list shows of a message whose header passed the gate. Reads a few fields, and of the
/// body only where its parts are, so that it costs little for each message that comes in.
pub fn summary(message: &[u8], facts: &HeaderFacts) -> Summary {
    let mut header = Vec::new();
    for name in ["From", "To", "Cc", "Subject", "Message-ID", "In-Reply-To", "References"] {
        if let Some(value) = facts.value(message, &name.to_ascii_lowercase()) {
            header.extend_from_slice(&[name.as_bytes(), b":", value, b"\r\n"].concat());
        }
    }
    header.extend_from_slice(b"\r\n");
    let fields = header_fields(&header);
    let ids = Ids::of(&fields);
    Summary {
        from: fields.from.into_iter().next(),
        to: fields.to.into_iter().chain(fields.cc).take(SUMMARY_ADDRESSES_MAX).collect(),
        subject: fields.subject,
        attachments: attachments(message, facts),
        ids,
    }
}

/// When a message says that it was written, in RFC 3339 form.
pub fn date(message: &[u8]) -> Option<String> {
    header_fields(message).date
}

fn attachments(message: &[u8], facts: &HeaderFacts) -> u32 {
    let value = |name| facts.value(message, name).unwrap_or_default().trim_ascii_start();
    let content_type = value("content-type");
    let is_text = content_type.is_empty()
        || content_type.get(..5).is_some_and(|start| start.eq_ignore_ascii_case(b"text/"));
    if is_text && value("content-disposition").is_empty() {
        return 0;
    }
    let counted = read(message, Extent::Skeleton, |parsed, _| {
        let part = |id: &u32| parsed.parts.get(usize::try_from(*id).ok()?);
        let parts = parsed.attachments.iter().filter_map(part);
        parts.filter(|part| !is_inline(part)).count()
    });
    counted.map_or(0, |count| u32::try_from(count).unwrap_or(u32::MAX))
}

/// How many ids References keeps; the first and the last ones are what threads hang on.
pub(super) const REFERENCES_MAX: usize = 100;

/// The identifiers in a message's header (RFC 5322 §3.6.4).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ids {
    /// Of the messages that it answers, the nearest last. Never its own.
    pub references: Vec<String>,
    pub own: Option<String>,
}

impl Ids {
    /// Of the message in `view`, at most as many as an answer names.
    pub fn of(view: &View) -> Ids {
        let own = view.message_id.clone();
        let mut references = match view.references.is_empty() {
            true => view.in_reply_to.clone(),
            false => view.references.clone(),
        };
        let mut seen = HashSet::new();
        references.retain(|id| Some(id) != own.as_ref() && seen.insert(id.clone()));
        let most = REFERENCES_MAX - usize::from(own.is_some());
        if references.len() > most {
            references.drain(1..=references.len() - most);
        }
        Ids { references, own }
    }

    /// Whether there are none at all.
    pub fn is_empty(&self) -> bool {
        self.references.is_empty() && self.own.is_none()
    }
}

/// Takes a message apart for the reader.
pub fn view(message: &[u8]) -> View {
    let base = header_fields(message);
    let read = read(message, Extent::Whole, |parsed, ambiguous| {
        if is_too_much(parsed) {
            return Err(NotShown::TooManyParts);
        }
        let (text, text_truncated) = text_of(parsed);
        let describe = |id: &u32| {
            let part = parsed.parts.get(usize::try_from(*id).ok()?)?;
            Some(describe(message, part, *id))
        };
        let parts = parsed.attachments.iter().filter_map(describe).collect();
        Ok(View {
            text,
            text_truncated,
            html: html_of(parsed),
            parts,
            ambiguous,
            ..View::default()
        })
    });
    match read.and_then(|view| view) {
        Ok(View { text, text_truncated, html, parts, ambiguous, .. }) => {
            View { text, text_truncated, html, parts, ambiguous, ..base }
        }
        Err(refused) => View { refused: Some(refused.to_string()), ..base },
    }
}

/// One part's octets, decoded; `None` when there is no such part.
pub fn part_bytes(message: &[u8], index: u32) -> Option<(Part, Vec<u8>)> {
    let read = read(message, Extent::Whole, |parsed, _| {
        let listed = parsed.attachments.contains(&index);
        let part = parsed.parts.get(usize::try_from(index).ok()?).filter(|_| listed)?;
        Some((describe(message, part, index), octets_of(message, part).into_owned()))
    });
    read.ok().flatten()
}

/// Every part that is listed and not shown within the text, decoded. Reads the message once,
/// however many they are.
pub fn files_bytes(message: &[u8]) -> Vec<(Part, Vec<u8>)> {
    let read = read(message, Extent::Whole, |parsed, _| {
        let described = parsed.attachments.iter().filter_map(|index| {
            let part = parsed.parts.get(usize::try_from(*index).ok()?)?;
            Some((describe(message, part, *index), part))
        });
        let files = described.filter(|(part, _)| !part.inline);
        files.map(|(file, part)| (file, octets_of(message, part).into_owned())).collect()
    });
    read.unwrap_or_default()
}

/// How much of a message the parser is shown.
#[derive(Clone, Copy)]
enum Extent {
    Whole,
    Skeleton,
}

/// Parses a message behind its fence and hands it on, with whether it is ambiguous.
fn read<T>(
    message: &[u8],
    extent: Extent,
    take: impl FnOnce(&Message<'_>, bool) -> T,
) -> Result<T, NotShown> {
    /// A boundary in a spelling of its own shows only once the one around it was found.
    const ROUNDS_MAX: usize = 4;
    let mut spelled: Vec<Vec<u8>> = Vec::new();
    for round in 1..=ROUNDS_MAX {
        let mut guarded = mime_guard::guard(message, &spelled)?;
        let mut octets = match extent {
            Extent::Whole => std::mem::take(&mut guarded.octets).into_owned(),
            Extent::Skeleton => guarded.skeleton(),
        };
        hide_fields(&mut octets);
        let parsed = parse(&octets)?;
        let unknown = boundaries_of(&parsed).find(|boundary| !guarded.knows(boundary.as_bytes()));
        match unknown {
            Some(boundary) if round < ROUNDS_MAX => spelled.push(boundary.as_bytes().to_vec()),
            unknown => return Ok(take(&parsed, guarded.ambiguous || unknown.is_some())),
        }
    }
    Err(NotShown::Ambiguous)
}

/// Gives the header's fields that say nothing of the body a name that the parser knows nothing
/// of, so that it does not parse them: see [`header_fields`] for what it would do to those that do.
fn hide_fields(octets: &mut [u8]) {
    const KEPT: [&[u8]; 4] = [b"content-", b"mime-", b" ", b"\t"];
    let mut rest = octets;
    while let Some(end) = memchr::memchr(b'\n', rest) {
        let (line, after) = rest.split_at_mut(end + 1);
        if matches!(&*line, b"\r\n" | b"\n") {
            return;
        }
        let starts = |kept: &&[u8]| {
            line.get(..kept.len()).is_some_and(|start| start.eq_ignore_ascii_case(kept))
        };
        if !KEPT.iter().any(starts) {
            line[0] = b'X';
        }
        rest = after;
    }
}

/// The parser's decoders subtract lengths without looking; a message that makes one panic is
/// stored and its header shown, like any other that cannot be taken apart.
fn parse(octets: &[u8]) -> Result<Message<'_>, NotShown> {
    let parsed = catch_unwind(|| MessageParser::new().parse(octets));
    parsed.ok().flatten().ok_or(NotShown::Unreadable)
}

/// The boundaries by which the parser took the message apart.
fn boundaries_of<'p>(message: &'p Message<'_>) -> impl Iterator<Item = &'p str> {
    let mut waiting: Vec<&MessagePart<'_>> = message.parts.iter().collect();
    std::iter::from_fn(move || {
        loop {
            let part = waiting.pop()?;
            if let (PartType::Message(inner), Encoding::None) = (&part.body, part.encoding) {
                waiting.extend(&inner.parts);
            }
            if let PartType::Multipart(_) = part.body
                && let Some(boundary) = part.content_type().and_then(|t| t.attribute("boundary"))
            {
                return Some(boundary);
            }
        }
    })
}

/// What the header alone tells. Each field is parsed by itself: a date whose zone is a single
/// message takes the line after it along, be it the From.
fn header_fields(message: &[u8]) -> View {
    let header = readable_header(message);
    let field = |name| parse_field(&header, name);
    View {
        from: addresses(field("From").as_address()),
        to: addresses(field("To").as_address()),
        cc: addresses(field("Cc").as_address()),
        reply_to: addresses(field("Reply-To").as_address()),
        subject: one_line(field("Subject").as_text().unwrap_or_default()),
        date: field("Date").as_datetime().map(|date| date.to_rfc3339()),
        message_id: ids(&field("Message-ID")).into_iter().next(),
        in_reply_to: ids(&field("In-Reply-To")),
        references: ids(&field("References")),
        ..View::default()
    }
}

fn parse_field(header: &[u8], name: &str) -> HeaderValue<'static> {
    let Some(field) = find_field(header, name) else { return HeaderValue::Empty };
    let alone = [field, b"\r\n\r\n"].concat();
    let parsed = catch_unwind(|| {
        let parsed = MessageParser::new().parse_headers(&alone)?;
        let header = parsed.parts.into_iter().next()?.headers.into_iter().next()?;
        Some(header.value.into_owned())
    });
    parsed.ok().flatten().unwrap_or(HeaderValue::Empty)
}

/// The first field of this name, folds and all, without its line end.
fn find_field<'h>(header: &'h [u8], name: &str) -> Option<&'h [u8]> {
    let (mut start, mut at) = (None, 0);
    for line in header.split_inclusive(|octet| *octet == b'\n') {
        if !line.starts_with(b" ") && !line.starts_with(b"\t") {
            if start.is_some() {
                break;
            }
            let named = line.get(..name.len()).is_some_and(|named| {
                named.eq_ignore_ascii_case(name.as_bytes()) && line[name.len()..].starts_with(b":")
            });
            start = named.then_some(at);
        }
        at += line.len();
    }
    start.map(|start| header[start..at].trim_ascii_end())
}

/// The header as UTF-8, with an end. Lines that are not UTF-8 are taken for ISO-8859-1, in which
/// any octet is a character: senders that write raw 8-bit headers mostly mean that or its kin.
fn readable_header(message: &[u8]) -> Cow<'_, [u8]> {
    let end = memchr::memmem::find(message, b"\r\n\r\n").map(|at| at + 4);
    let header = &message[..end.unwrap_or(message.len())];
    if end.is_some() && std::str::from_utf8(header).is_ok() {
        return Cow::Borrowed(header);
    }
    let mut readable = Vec::with_capacity(header.len() + 64);
    for line in header.split_inclusive(|octet| *octet == b'\n') {
        match std::str::from_utf8(line) {
            Ok(_) => readable.extend_from_slice(line),
            Err(_) => {
                let latin: String = line.iter().map(|octet| char::from(*octet)).collect();
                readable.extend_from_slice(latin.as_bytes());
            }
        }
    }
    if end.is_none() {
        readable.extend_from_slice(b"\r\n\r\n");
    }
    Cow::Owned(readable)
}

fn ids(value: &HeaderValue<'_>) -> Vec<String> {
    let ids = match value {
        HeaderValue::Text(id) => std::slice::from_ref(id),
        HeaderValue::TextList(ids) => ids,
        _ => &[],
    };
    ids.iter().take(IDS_MAX).map(|id| one_line(id)).collect()
}

fn is_too_much(message: &Message<'_>) -> bool {
    message.parts.len() > PARTS_MAX || levels(message, 0, 0) > LEVELS_MAX
}

/// How deep parts are nested below `id`; never looks deeper than one past what is allowed.
fn levels(message: &Message<'_>, id: u32, above: usize) -> usize {
    if above > LEVELS_MAX {
        return above;
    }
    match message.parts.get(id as usize).map(|part| &part.body) {
        Some(PartType::Multipart(children)) => {
            let below = children.iter().filter(|child| **child > id);
            below.map(|child| levels(message, *child, above + 1)).max().unwrap_or(above)
        }
        _ => above,
    }
}

fn text_of(message: &Message<'_>) -> (Option<String>, bool) {
    let count = message.text_body_count().min(PARTS_MAX);
    let mut text = String::new();
    for body in (0..count).filter_map(|at| message.body_text(at)) {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&body);
        if text.len() > TEXT_OCTETS_MAX {
            break;
        }
    }
    let truncated = truncate(&mut text, TEXT_OCTETS_MAX);
    ((count > 0).then(|| without_controls(&text, &['\n', '\t'])), truncated)
}

fn truncate(text: &mut String, octets_max: usize) -> bool {
    let end = text.floor_char_boundary(octets_max);
    let truncated = end < text.len();
    text.truncate(end);
    truncated
}

/// The first part that is HTML by itself; what the parser would make from text is not.
fn html_of(message: &Message<'_>) -> Option<String> {
    message.html_bodies().find_map(|part| match &part.body {
        PartType::Html(html) => Some(html.clone().into_owned()),
        _ => None,
    })
}

fn describe(message: &[u8], part: &MessagePart<'_>, index: u32) -> Part {
    Part {
        index,
        name: file_name(part.attachment_name().unwrap_or_default()),
        content_type: content_type(part),
        size: octets_of(message, part).len() as u64,
        inline: is_inline(part),
        content_id: part.content_id().map(one_line),
    }
}

/// Whether a part is there for the HTML to refer to, not for the reader to save.
fn is_inline(part: &MessagePart<'_>) -> bool {
    let disposition = part.content_disposition();
    let attached =
        disposition.is_some_and(|value| value.ctype().eq_ignore_ascii_case("attachment"));
    part.content_id().is_some() && !attached
}

/// `type/subtype` in lower case, of nothing but the characters of a token (RFC 2045 §5.1): it
/// ends up in a header of ours.
fn content_type(part: &MessagePart<'_>) -> String {
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

/// A part's octets as its sender had them. Not what the parser holds: that went through a
/// charset, and through the fence.
fn octets_of<'p>(message: &'p [u8], part: &'p MessagePart<'_>) -> Cow<'p, [u8]> {
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
        (PartType::Text(text) | PartType::Html(text), Encoding::QuotedPrintable) => {
            let decoded = quoted_printable_decode(raw);
            decoded.map_or(Cow::Borrowed(text.as_bytes()), Cow::Owned)
        }
        _ if declared.eq_ignore_ascii_case("base64") => Cow::Owned(base64_decode(raw)),
        _ => Cow::Borrowed(raw),
    }
}

/// Base64 as RFC 2045 §6.8 has it: what is not in the alphabet is passed over. The parser takes
/// a part with one odd character for text.
fn base64_decode(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len() / 4 * 3);
    let (mut held, mut bits) = (0u32, 0);
    for octet in raw {
        let value = match octet {
            b'A'..=b'Z' => octet - b'A',
            b'a'..=b'z' => octet - b'a' + 26,
            b'0'..=b'9' => octet - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            // The end of one run of groups; some senders go on with another.
            b'=' => {
                (held, bits) = (0, 0);
                continue;
            }
            _ => continue,
        };
        (held, bits) = (held << 6 | u32::from(value), bits + 6);
        if bits >= 8 {
            bits -= 8;
            out.push((held >> bits) as u8);
        }
    }
    out
}

fn addresses(field: Option<&mail_parser::Address<'_>>) -> Vec<NameAddr> {
    let Some(field) = field else { return Vec::new() };
    let one = |addr: &mail_parser::Addr<'_>| NameAddr {
        name: addr.name().map(one_line).filter(|name| !name.is_empty()),
        address: addr.address().map(one_line).filter(|address| !address.is_empty()),
    };
    field.iter().take(ADDRESSES_MAX).map(one).collect()
}

/// A name or subject on one line, without what could change how its surroundings look.
fn one_line(text: &str) -> String {
    let text: String = text.trim().chars().take(LINE_CHARS_MAX).collect();
    without_controls(&text.replace(['\r', '\n', '\t'], " "), &[])
}

/// A file's name without folders, so that saving it cannot land elsewhere.
fn file_name(name: &str) -> String {
    let base = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let name: String = one_line(base).chars().take(FILE_NAME_CHARS_MAX).collect();
    match name.trim_matches(['.', ' ']) {
        "" => String::new(),
        _ => name.trim().to_owned(),
    }
}

/// Control characters have no business in text that is shown; bidirectional overrides make
/// `gpj.exe` look like `exe.jpg`.
fn without_controls(text: &str, but: &[char]) -> String {
    let is_override = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let keep = |c: &char| but.contains(c) || !(c.is_control() || is_override(*c));
    text.chars().filter(keep).collect()
}

#[cfg(test)]
mod tests;
