//! What a message contains, for message lists and for reading. This is the only file that calls the
//! MIME parser; its guards are in `header` and `mime_guard`.
//!
//! Nothing here changes a message: it is stored as it was sent.

use std::borrow::Cow;
use std::collections::HashSet;
use std::panic::catch_unwind;

use mail_parser::{
    Encoding, HeaderValue, Message, MessageParser, MessagePart, MimeHeaders, PartType,
};

use time::format_description::well_known::Rfc3339;

use super::cards::{Contact, Invitation};
use super::header::{HeaderFacts, REPEATABLE, is_same};
use super::mailboxes;
use super::mime_guard::{self, LEVELS_MAX, NotShown, PARTS_MAX};

mod body;
mod encoded;
mod facts;
mod files;
mod holding;
mod hollow;
mod layout;
mod part;
mod places;
mod size;
mod within;

pub use encoded::decoded;
pub use facts::Cryptography;
pub use files::{Octets, file_list, part_bytes, part_found, part_list};
pub use holding::{holds_message, unpacked};
pub use hollow::Place;
use layout::Layout;
use part::octets_of;
pub use part::{image_type, is_image_type};
pub use places::places;
pub use size::decoded_octets;
pub use within::{WITHIN_MAX, Within, inside, said_within};

/// A display name and an address from a header field; either may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameAddr {
    pub name: Option<String>,
    pub address: Option<String>,
}

/// What a message list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    pub authors: Vec<NameAddr>,
    /// To and Cc, the first few.
    pub to: Vec<NameAddr>,
    pub subject: String,
    pub attachments: u32,
    /// Its octets with its files decoded.
    pub octets: u64,
    /// The identifiers in its header.
    pub ids: Ids,
}

/// What is shown when a message is opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    pub from: Vec<NameAddr>,
    pub to: Vec<NameAddr>,
    pub cc: Vec<NameAddr>,
    pub reply_to: Vec<NameAddr>,
    pub subject: String,
    /// The header's date in RFC 3339 form, if it can be parsed.
    pub date: Option<String>,
    /// The header's date as it was written, if it cannot be parsed.
    pub date_given: Option<String>,
    pub message_id: Option<String>,
    pub in_reply_to: Vec<String>,
    pub references: Vec<String>,
    pub text: Option<String>,
    pub text_truncated: bool,
    /// The HTML version, in pieces that are complete by themselves; empty if there is none.
    pub html: Vec<String>,
    /// The parts that can be fetched separately.
    pub parts: Vec<Part>,
    /// Whether a boundary occurs where parsers disagree about it.
    pub ambiguous: bool,
    /// Why the body is not shown, as a text.
    pub refused: Option<String>,
    /// The meeting that it is about.
    pub invitation: Option<Invitation>,
    /// The people whose cards come with it.
    pub contacts: Vec<Contact>,
    pub cryptography: Option<Cryptography>,
    /// Where it says that its recipient can unsubscribe: `https:` or `mailto:`.
    pub unsubscribe: Vec<String>,
}

/// A part that can be fetched separately.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Identifies it within its message.
    pub index: u32,
    pub name: String,
    /// `type/subtype`, in lower case.
    pub content_type: String,
    /// Size in octets after decoding.
    pub size: u64,
    /// Whether the HTML shows it.
    pub inline: bool,
    pub content_id: Option<String>,
    pub content_location: Option<String>,
    /// Whether it contains a message that can be read by itself (see [`inside`]).
    pub opens: bool,
}

impl View {
    /// Returns the part that an image in the HTML shows, by the image's source.
    pub fn image(&self, source: &str) -> Option<&Part> {
        body::image(&self.parts, source)
    }
}

/// The longest name or subject, in characters; the rest is cut off.
const LINE_CHARS_MAX: usize = 1_000;
/// How many addresses of one field are shown.
const ADDRESSES_MAX: usize = 500;
/// How many recipients a summary lists.
const SUMMARY_ADDRESSES_MAX: usize = 20;
/// How many message ids of one field are kept; the field grows with each reply.
const IDS_MAX: usize = 500;

/// Returns the list summary of a message whose header was accepted. It reads only a few fields, and
/// only the structure of the body, so that it costs little for each incoming message.
pub fn summary(message: &[u8], facts: &HeaderFacts) -> Summary {
    let mut header = Vec::new();
    for name in ["From", "To", "Cc", "Subject", "Message-ID", "In-Reply-To", "References"] {
        for value in facts.values(message, &name.to_ascii_lowercase()) {
            header.extend_from_slice(&[name.as_bytes(), b":", value, b"\r\n"].concat());
        }
    }
    header.extend_from_slice(b"\r\n");
    let fields = fields_of(&readable_header(&header, message));
    let ids = Ids::of(&fields);
    Summary {
        authors: fields.from,
        to: fields.to.into_iter().chain(fields.cc).take(SUMMARY_ADDRESSES_MAX).collect(),
        subject: fields.subject,
        attachments: attachments(message, facts),
        octets: decoded_octets(message),
        ids,
    }
}

/// Returns the addresses in the field called `name` of a header that was accepted.
pub fn addresses_in(message: &[u8], facts: &HeaderFacts, name: &str) -> Vec<NameAddr> {
    let name = name.to_ascii_lowercase();
    let one = |value| {
        let field = [name.as_bytes(), b":", value, b"\r\n\r\n"].concat();
        addresses(parse_field(&readable_header(&field, message), &name).as_address())
    };
    facts.values(message, &name).flat_map(one).collect()
}

/// Returns the date in a message's header, or else of its latest Received field, in RFC 3339 form.
pub fn date(message: &[u8]) -> Option<String> {
    let received = || {
        let header = readable_header(message, message);
        // RFC 5321 §4.4: the time comes last, after a semicolon.
        let (_, time) = field_text(find_field(&header, "Received")?).rsplit_once(';')?;
        date_text(time)
    };
    header_fields(message).date.or_else(received)
}

/// Returns a date in RFC 3339 form.
fn date_text(text: &str) -> Option<String> {
    super::date::parse(text)?.format(&Rfc3339).ok()
}

/// Returns the text of a field's value.
fn field_text(field: &[u8]) -> &str {
    let value = field.iter().position(|octet| *octet == b':').map_or(field, |at| &field[at + 1..]);
    std::str::from_utf8(value).unwrap_or_default().trim()
}

fn attachments(message: &[u8], facts: &HeaderFacts) -> u32 {
    let value = |name| facts.value(message, name).unwrap_or_default().trim_ascii_start();
    let content_type = value("content-type");
    let is = |kind: &str| {
        let start = content_type.get(..kind.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(kind.as_bytes()))
    };
    let is_text = content_type.is_empty() || is("text/plain") || is("text/html");
    let has_uuencoded = memchr::memmem::find_iter(message, b"\nbegin ")
        .any(|at| message.get(at + 7).is_some_and(u8::is_ascii_digit));
    if is_text && value("content-disposition").is_empty() && !has_uuencoded {
        return 0;
    }
    let counted = match has_uuencoded {
        true => Ok(None),
        false => read(message, Extent::Skeleton, |parsed, _| body::files_in_skeleton(parsed)),
    };
    // What the HTML shows is no file; to know that, it has to be read.
    let counted = counted.map(|count| count.unwrap_or_else(|| files::count(message)));
    counted.map_or(0, |count| u32::try_from(count).unwrap_or(u32::MAX))
}

/// How many ids References keeps: the first and the last ones, which threading depends on.
pub(super) const REFERENCES_MAX: usize = 100;

/// The identifiers in a message's header (RFC 5322 §3.6.4).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ids {
    /// The ids of the messages that it replies to, the nearest last; never its own.
    pub references: Vec<String>,
    pub own: Option<String>,
}

impl Ids {
    /// Returns the ids of the message in `view`, at most as many as a reply lists.
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

    /// Returns whether there are no ids at all.
    pub fn is_empty(&self) -> bool {
        self.references.is_empty() && self.own.is_none()
    }
}

/// Parses a message for reading.
pub fn view(message: &[u8]) -> View {
    let base = header_fields(message);
    let read = read(message, Extent::Whole, |parsed, ambiguous| {
        if is_too_much(parsed) {
            return Err(NotShown::TooManyParts);
        }
        let layout = Layout::of(parsed);
        let (text, text_truncated) = body::text(parsed, &layout);
        let html = body::html(parsed, &layout);
        let parts = body::parts(message, parsed, &layout, &html);
        let facts::Facts { invitation, contacts, cryptography } =
            facts::of(message, parsed, &layout);
        let ambiguous = ambiguous || base.ambiguous;
        let said = View { text, text_truncated, html, parts, ambiguous, ..base.clone() };
        Ok(View { invitation, contacts, cryptography, ..said })
    });
    read.and_then(|view| view)
        .unwrap_or_else(|refused| View { refused: Some(refused.to_string()), ..base.clone() })
}

/// How much of a message the parser gets to see.
#[derive(Clone, Copy)]
enum Extent {
    Whole,
    Skeleton,
}

/// Parses a guarded message and passes it to `take`, together with whether it is ambiguous.
fn read<T>(
    message: &[u8],
    extent: Extent,
    take: impl FnOnce(&Message<'_>, bool) -> T,
) -> Result<T, NotShown> {
    /// A boundary in another encoding is found only after the boundary around it was found.
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

/// Renames the header fields that do not describe the body, so that the parser does not parse them:
/// a badly parsed date could swallow a field that does (see [`header_fields`]).
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

/// Parses a message. The parser's decoders subtract lengths without checks; a message that makes
/// one panic is stored and its header is shown, like any other message that cannot be parsed.
fn parse(octets: &[u8]) -> Result<Message<'_>, NotShown> {
    let parsed = catch_unwind(|| MessageParser::new().parse(octets));
    parsed.ok().flatten().ok_or(NotShown::Unreadable)
}

/// Returns the boundaries that the parser used to split the message.
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

/// Returns what the header alone contains. Each field is parsed separately, because the parser's
/// date swallows the next line, even a From field, if its time zone is a single letter.
fn header_fields(message: &[u8]) -> View {
    fields_of(&readable_header(message, message))
}

fn fields_of(header: &[u8]) -> View {
    let field = |name| parse_field(header, name);
    let given = find_field(header, "Date").map(field_text).filter(|given| !given.is_empty());
    let date = given.and_then(date_text);
    // Fields that may be repeated add to each other.
    let all = |name| find_fields(header, name).map(parse_one);
    let people = |name| {
        let found = all(name).flat_map(|field| addresses(field.as_address()));
        found.take(ADDRESSES_MAX).collect()
    };
    let every_id = |name| all(name).flat_map(|field| ids(&field)).take(IDS_MAX).collect();
    View {
        from: find_field(header, "From").map(authors).unwrap_or_default(),
        to: people("To"),
        cc: people("Cc"),
        // If it contradicts itself, answers go to the author.
        reply_to: match differs(find_fields(header, "Reply-To")) {
            true => Vec::new(),
            false => people("Reply-To"),
        },
        subject: one_line(field("Subject").as_text().unwrap_or_default()),
        date_given: given.filter(|_| date.is_none()).map(one_line),
        unsubscribe: find_field(header, "List-Unsubscribe")
            .map(|field| facts::unsubscribe(field_text(field)))
            .unwrap_or_default(),
        date,
        message_id: ids(&field("Message-ID")).into_iter().next(),
        in_reply_to: every_id("In-Reply-To"),
        references: every_id("References"),
        ambiguous: REPEATABLE
            .iter()
            .chain(&["mime-version"])
            .any(|name| differs(find_fields(header, name))),
        ..View::default()
    }
}

/// Returns the authors in a From field. A field without a single reading, which older and imported
/// messages may have, is shown as it is written, and as nobody's address.
fn authors(field: &[u8]) -> Vec<NameAddr> {
    let value = String::from_utf8_lossy(field.get("From:".len()..).unwrap_or_default());
    let line = |text: &str| Some(one_line(text)).filter(|line| !line.is_empty());
    match mailboxes::parse(&value, &decoded_words) {
        Ok(found) => found
            .into_iter()
            .map(|one| NameAddr {
                name: one.name.as_deref().and_then(line),
                address: line(&one.address),
            })
            .collect(),
        Err(_) => {
            let given = line(&value).map(|name| NameAddr { name: Some(name), address: None });
            given.into_iter().collect()
        }
    }
}

/// Returns a text with its encoded words (RFC 2047) decoded. Blanks at its ends stay: it may be the
/// middle of a name.
pub(super) fn decoded_words(text: &str) -> String {
    if !text.contains("=?") {
        return text.to_owned();
    }
    let field = ["Subject: ", text, "\r\n"].concat();
    let parsed = parse_field(field.as_bytes(), "Subject");
    let blank = |is_there| if is_there { " " } else { "" };
    let (start, end) = (blank(text.starts_with(' ')), blank(text.ends_with(' ')));
    [start, parsed.as_text().unwrap_or_default(), end].concat()
}

/// Returns whether fields of one name say different things.
fn differs<'h>(mut fields: impl Iterator<Item = &'h [u8]>) -> bool {
    let value = |field: &'h [u8]| {
        field.iter().position(|octet| *octet == b':').map_or(field, |colon| &field[colon + 1..])
    };
    let first = fields.next().map(value);
    first.is_some_and(|first| fields.any(|field| !is_same(first, value(field))))
}

fn parse_field(header: &[u8], name: &str) -> HeaderValue<'static> {
    find_field(header, name).map_or(HeaderValue::Empty, parse_one)
}

fn parse_one(field: &[u8]) -> HeaderValue<'static> {
    let alone = [&*encoded::joined(field), b"\r\n\r\n"].concat();
    let parsed = catch_unwind(|| {
        let parsed = MessageParser::new().parse_headers(&alone)?;
        let header = parsed.parts.into_iter().next()?.headers.into_iter().next()?;
        Some(header.value.into_owned())
    });
    parsed.ok().flatten().unwrap_or(HeaderValue::Empty)
}

/// Returns the first field of this name, including folds, without its line end.
fn find_field<'h>(header: &'h [u8], name: &str) -> Option<&'h [u8]> {
    find_fields(header, name).next()
}

/// Returns the fields of this name, from top to bottom.
fn find_fields<'h>(header: &'h [u8], name: &str) -> impl Iterator<Item = &'h [u8]> {
    let is_fold = |line: &[u8]| line.starts_with(b" ") || line.starts_with(b"\t");
    let mut lines = header.split_inclusive(|octet| *octet == b'\n').peekable();
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let start = at;
            let line = lines.next()?;
            at += line.len();
            while let Some(fold) = lines.next_if(|line| is_fold(line)) {
                at += fold.len();
            }
            let is_named = line.get(..name.len()).is_some_and(|named| {
                named.eq_ignore_ascii_case(name.as_bytes()) && line[name.len()..].starts_with(b":")
            });
            if is_named {
                return Some(header[start..at].trim_ascii_end());
            }
        }
    })
}

/// Returns the header of `octets` as UTF-8, with a final empty line. Senders of raw 8-bit headers
/// write them like the body: lines that are not UTF-8 are read in the charset that `message`
/// declares, or else in windows-1252, in which any octet is a character.
fn readable_header<'o>(octets: &'o [u8], message: &[u8]) -> Cow<'o, [u8]> {
    let end = memchr::memmem::find(octets, b"\r\n\r\n").map(|at| at + 4);
    let header = &octets[..end.unwrap_or(octets.len())];
    if end.is_some() && std::str::from_utf8(header).is_ok() {
        return Cow::Borrowed(header);
    }
    let charset = declared_charset(message);
    let mut readable = Vec::with_capacity(header.len() + 64);
    for line in header.split_inclusive(|octet| *octet == b'\n') {
        match std::str::from_utf8(line) {
            Ok(_) => readable.extend_from_slice(line),
            Err(_) => {
                readable.extend_from_slice(encoded::decoded(charset, line).as_bytes());
            }
        }
    }
    if end.is_none() {
        readable.extend_from_slice(b"\r\n\r\n");
    }
    Cow::Owned(readable)
}

/// Returns the first charset that a message declares and that extends ASCII by other characters.
fn declared_charset(message: &[u8]) -> &[u8] {
    const SEARCHED_OCTETS_MAX: usize = 64 * 1024;
    /// Those say nothing, or do not keep the name of a field as it is.
    const OTHERS: [&[u8]; 5] = [b"us-ascii", b"utf-", b"iso-2022-", b"hz-", b"cp037"];
    let start = &message[..message.len().min(SEARCHED_OCTETS_MAX)];
    let name = |at: usize| {
        let value = start[at..].strip_prefix(b"\"").unwrap_or(&start[at..]);
        let end = value.iter().position(|octet| b"\";\r\n \t".contains(octet));
        &value[..end.unwrap_or(value.len())]
    };
    let is_declared = |window: &[u8]| window.eq_ignore_ascii_case(b"charset=");
    let found = start.windows(8).enumerate().filter(|(_, window)| is_declared(window));
    let mut names = found.map(|(at, _)| name(at + 8));
    let is_other = |name: &[u8]| {
        OTHERS.iter().any(|other| {
            name.get(..other.len()).is_some_and(|start| start.eq_ignore_ascii_case(other))
        })
    };
    names.find(|name| !name.is_empty() && !is_other(name)).unwrap_or_default()
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

/// Returns how deep parts are nested below `id`; stops at one level more than is allowed.
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

fn addresses(field: Option<&mail_parser::Address<'_>>) -> Vec<NameAddr> {
    let Some(field) = field else { return Vec::new() };
    let one = |addr: &mail_parser::Addr<'_>| NameAddr {
        name: addr.name().map(one_line).filter(|name| !name.is_empty()),
        address: addr.address().map(one_line).filter(|address| !address.is_empty()),
    };
    field.iter().take(ADDRESSES_MAX).map(one).collect()
}

/// Returns a name or subject on one line, without characters that could change how the text around
/// it is displayed.
pub(super) fn one_line(text: &str) -> String {
    let is_plain = |octet: u8| matches!(octet, b' '..=b'~');
    if text.len() <= LINE_CHARS_MAX && text.bytes().all(is_plain) {
        return text.trim().to_owned();
    }
    let text: String = text.trim().chars().take(LINE_CHARS_MAX).collect();
    without_controls(&text.replace(['\r', '\n', '\t'], " "), &[])
}

/// Removes control characters, except those in `but`, and bidirectional overrides, which make
/// `gpj.exe` look like `exe.jpg`.
fn without_controls(text: &str, but: &[char]) -> String {
    let is_override = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let keep = |c: &char| but.contains(c) || !(c.is_control() || is_override(*c));
    text.chars().filter(keep).collect()
}

#[cfg(test)]
mod tests;
