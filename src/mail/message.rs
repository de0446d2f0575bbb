//! What a message holds, for the list and for the reader. The one file behind which the MIME
//! parser stands; its fences are in `header` and `mime_fence`.
//!
//! Nothing here changes a message: what is stored is what was sent.

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use mail_parser::{Message, MessageParser, MessagePart, MimeHeaders, PartType};

use super::header::HeaderFacts;
use super::mime_fence::{self, LEVELS_MAX, PARTS_MAX};

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
    pub subject: String,
    pub attachments: u32,
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

/// What the list shows of a message whose header passed the gate. Reads the body only when it
/// has parts.
pub fn summary(message: &[u8], facts: &HeaderFacts) -> Summary {
    let content_type = facts.value(message, "content-type").unwrap_or_default();
    let has_parts = !content_type.is_empty() && !starts_with_text(content_type);
    let parser = MessageParser::default();
    let parsed = match has_parts {
        true => mime_fence::fence(message).ok().and_then(|fenced| {
            let whole = parse(&parser, &fenced.octets)?;
            Some(summary_of(&whole, count(whole.attachment_count())))
        }),
        false => None,
    };
    parsed.unwrap_or_else(|| match parser.parse_headers(&message[..facts.body]) {
        Some(header) => summary_of(&header, 0),
        None => Summary::default(),
    })
}

/// mail-parser 0.11.9 panics on some messages that real software sends (a quoted-printable part
/// that ends with a soft line break, with overflow checks on). Such a message is kept and
/// delivered like any other; only what would have been read from its parts is missing.
fn parse<'m>(parser: &MessageParser, message: &'m [u8]) -> Option<Message<'m>> {
    catch_unwind(AssertUnwindSafe(|| parser.parse(message))).ok().flatten()
}

fn starts_with_text(content_type: &[u8]) -> bool {
    let value = content_type.trim_ascii_start();
    value.len() >= 5 && value[..5].eq_ignore_ascii_case(b"text/")
}

fn summary_of(message: &Message<'_>, attachments: u32) -> Summary {
    Summary {
        from: addresses(message.from()).into_iter().next(),
        subject: one_line(message.subject().unwrap_or_default()),
        attachments,
    }
}

/// Takes a message apart for the reader.
pub fn view(message: &[u8]) -> View {
    let fenced = match mime_fence::fence(message) {
        Ok(fenced) => fenced,
        Err(refused) => return header_view(message, &refused.to_string()),
    };
    let parsed = match parse(&MessageParser::default(), &fenced.octets) {
        Some(parsed) if is_too_much(&parsed) => {
            return header_view(message, "the message has too many parts to be shown");
        }
        Some(parsed) => parsed,
        None => return header_view(message, "the message cannot be taken apart"),
    };
    let (text, text_truncated) = text_of(&parsed);
    let base = header_fields(&parsed);
    let ambiguous = fenced.ambiguous;
    View { text, text_truncated, html: html_of(&parsed), parts: parts(&parsed), ambiguous, ..base }
}

/// One part's octets, decoded; `None` when there is no such part.
pub fn part_bytes(message: &[u8], index: u32) -> Option<(Part, Vec<u8>)> {
    let fenced = mime_fence::fence(message).ok()?;
    let parsed = parse(&MessageParser::default(), &fenced.octets)?;
    let listed = parsed.attachments.contains(&index);
    let part = parsed.parts.get(usize::try_from(index).ok()?).filter(|_| listed)?;
    Some((describe(part, index), octets_of(part).into_owned()))
}

fn header_view(message: &[u8], refused: &str) -> View {
    let header = MessageParser::default().parse_headers(message);
    let base = header.map(|header| header_fields(&header)).unwrap_or_default();
    View { refused: Some(refused.to_owned()), ..base }
}

fn header_fields(message: &Message<'_>) -> View {
    View {
        from: addresses(message.from()),
        to: addresses(message.to()),
        cc: addresses(message.cc()),
        reply_to: addresses(message.reply_to()),
        subject: one_line(message.subject().unwrap_or_default()),
        date: message.date().map(|date| date.to_rfc3339()),
        message_id: message.message_id().map(one_line),
        ..View::default()
    }
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
    if text.len() <= octets_max {
        return false;
    }
    let mut end = octets_max;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    true
}

/// The first part that is HTML by itself; what the parser would make from text is not.
fn html_of(message: &Message<'_>) -> Option<String> {
    message.html_bodies().find_map(|part| match &part.body {
        PartType::Html(html) => Some(html.clone().into_owned()),
        _ => None,
    })
}

fn parts(message: &Message<'_>) -> Vec<Part> {
    let part = |id: &u32| message.parts.get(*id as usize).map(|part| describe(part, *id));
    message.attachments.iter().filter_map(part).collect()
}

fn describe(part: &MessagePart<'_>, index: u32) -> Part {
    let content_type = match part.content_type() {
        Some(value) => match value.subtype() {
            Some(subtype) => format!("{}/{subtype}", value.ctype()),
            None => value.ctype().to_owned(),
        },
        None => default_type(part).to_owned(),
    };
    let disposition = part.content_disposition();
    let attached =
        disposition.is_some_and(|value| value.ctype().eq_ignore_ascii_case("attachment"));
    Part {
        index,
        name: file_name(part.attachment_name().unwrap_or_default()),
        content_type: content_type.to_ascii_lowercase(),
        size: octets_of(part).len() as u64,
        inline: part.content_id().is_some() && !attached,
        content_id: part.content_id().map(one_line),
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

fn octets_of<'p>(part: &'p MessagePart<'_>) -> Cow<'p, [u8]> {
    match &part.body {
        PartType::Text(text) | PartType::Html(text) => Cow::Borrowed(text.as_bytes()),
        PartType::Binary(octets) | PartType::InlineBinary(octets) => Cow::Borrowed(octets),
        PartType::Message(message) => Cow::Borrowed(message.raw_message()),
        PartType::Multipart(_) => Cow::Borrowed(&[]),
    }
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

fn count(parts: usize) -> u32 {
    u32::try_from(parts).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::header::{GateLimits, gate};
    use super::*;

    fn summarize(message: &[u8]) -> Summary {
        summary(message, &gate(message, &GateLimits::default()).unwrap())
    }

    #[test]
    fn a_message_that_the_parser_panics_on_is_still_listed() {
        let message = b"From: dana@example.org\r\nSubject: Parts\r\nMIME-Version: 1.0\r\n\
            Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\
            Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
            =41=\r\n--b--\r\n";
        assert_eq!(summarize(message).subject, "Parts");
        assert_eq!(view(message).subject, "Parts");
    }

    #[test]
    fn the_list_shows_decoded_names_and_subjects() {
        let message = b"From: =?utf-8?B?15PXoNeU?= <dana@example.org>\r\n\
            Subject: =?iso-8859-1?Q?Caf=E9?= und\r\n =?utf-8?Q?Tee?=\r\n\r\nbody";
        let summary = summarize(message);
        assert_eq!(summary.subject, "Café und Tee");
        let from = summary.from.unwrap();
        assert_eq!(from.name.as_deref(), Some("דנה"));
        assert_eq!(from.address.as_deref(), Some("dana@example.org"));
    }

    const MIXED: &[u8] = b"From: a@b.example\r\nMIME-Version: 1.0\r\n\
        Content-Type: multipart/mixed; boundary=x\r\n\r\n\
        --x\r\nContent-Type: multipart/alternative; boundary=y\r\n\r\n\
        --y\r\nContent-Type: text/plain; charset=windows-1255\r\n\r\n\xf9\xec\xe5\xed\r\n\
        --y\r\nContent-Type: text/html\r\n\r\n<b>hi</b>\r\n--y--\r\n\
        --x\r\nContent-Type: image/png; name=\"../../p\xe2\x80\xaegnp.exe\"\r\n\
        Content-Disposition: attachment\r\nContent-Transfer-Encoding: base64\r\n\r\nAAEC\r\n--x--\r\n";

    #[test]
    fn the_reader_gets_text_html_and_parts() {
        let view = view(MIXED);
        assert_eq!(view.text.as_deref().map(str::trim), Some("שלום"));
        assert_eq!(view.html.as_deref().map(str::trim), Some("<b>hi</b>"));
        assert_eq!(view.parts.len(), 1);
        let part = &view.parts[0];
        assert_eq!((part.content_type.as_str(), part.size, part.inline), ("image/png", 3, false));
        assert!(!part.name.contains(['/', '\u{202e}']), "{:?}", part.name);
        assert_eq!(part_bytes(MIXED, part.index).unwrap().1, [0, 1, 2]);
        assert_eq!(part_bytes(MIXED, 0), None);
        assert_eq!(summarize(MIXED).attachments, 1);
    }

    #[test]
    fn html_made_from_text_is_not_html() {
        let view = view(b"From: a@b.example\r\n\r\njust text");
        assert_eq!(view.html, None);
        assert_eq!(view.text.as_deref(), Some("just text"));
    }

    #[test]
    fn hostile_messages_are_described_and_never_taken_apart() {
        let deep: String = (0..10_000)
            .map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n"))
            .collect();
        let message = format!("From: a@b.example\r\nSubject: deep\r\n{deep}");
        let shown = view(message.as_bytes());
        assert_eq!(shown.subject, "deep");
        assert!(shown.refused.is_some());
        assert_eq!(summarize(message.as_bytes()).subject, "deep");
        for octets in [&b"\0\xff\xfe"[..], b"From: \xff\xff\r\n\r\n\0\0", b""] {
            let _ = view(octets);
        }
    }
}
