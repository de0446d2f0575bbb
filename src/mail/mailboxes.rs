//! Who wrote a message: the one parser of From (RFC 5322 §3.6.2).
//!
//! Its result is what lists and readers show, what DMARC is asked about and what answers go to. Two
//! parsers would let a sender show one address and be checked for another, so a field without a
//! single honest reading has none here, and is refused where mail arrives.
//!
//! ```text
//! From     = element *("," element)         an element may be empty (obs-mbox-list)
//! element  = mailbox / name ":" [mailboxes] ";"                            (RFC 6854)
//! mailbox  = [name] "<" address ">" / address [comment]
//! name     = words, quoted strings, encoded words, dots (obs-phrase), commas, brackets
//! address  = local-part "@" domain          without blanks or comments inside
//! ```
//!
//! An `@` that is not quoted stands in a name only when it spells the address behind it, as in
//! `a@b.example <a@b.example>`. Left out on purpose, because programs differ about them: routes
//! (obs-route), blanks and comments inside an address (obs-local-part, obs-domain), and text after
//! the angle brackets.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::address::{is_atext, is_utf8_text};

/// A mailbox that a From field names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailbox {
    /// Without its quotes and folds; encoded words (RFC 2047) are decoded by the reader's `decode`.
    pub name: Option<String>,
    /// As it is written, without quotes that are not needed.
    pub address: String,
    /// The domain as DNS knows it: A-labels in lower case; `None` for an address literal.
    pub domain: Option<String>,
}

/// Why a From field has no single reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FromRefusal {
    #[error("the From field names no address")]
    NoAddress,
    #[error("the From field cannot be read in a single way")]
    Ambiguous,
    #[error("the From field contains an address that is not valid")]
    Address,
    #[error("the From field names too many authors")]
    TooMany,
}

/// More authors than a message has: each one's domain is asked about.
const MAILBOXES_MAX: usize = 10;
/// More than so many authors with long names and addresses need.
const VALUE_OCTETS_MAX: usize = 16 * 1024;
/// Longer addresses than any domain and mailing list make.
const ADDRESS_OCTETS_MAX: usize = 512;
const DOMAIN_OCTETS_MAX: usize = 255;
const LABEL_OCTETS_MAX: usize = 63;
/// A name in DNS has 253 octets at most (RFC 1035 §2.3.4), and the policy of a domain is at `_dmarc.`
/// before it.
const DNS_OCTETS_MAX: usize = 253 - "_dmarc.".len();

/// Returns a domain as DNS knows it: A-labels in lower case.
pub fn ascii_domain(domain: &str) -> Option<String> {
    match url::Host::parse(domain) {
        Ok(url::Host::Domain(ascii)) => Some(ascii),
        _ => None,
    }
}

/// Decodes a text with encoded words; blanks at its ends belong to it.
pub(super) type Decode<'d> = &'d dyn Fn(&str) -> String;

/// Returns the authors that the value of a From field names: at least one. Their names are as they
/// are written.
pub fn authors(value: &[u8]) -> Result<Vec<Mailbox>, FromRefusal> {
    let as_written: Decode<'_> = &|text| text.to_owned();
    if let Ok(text) = std::str::from_utf8(value) {
        return parse(text, as_written);
    }
    // A name in another charset is only shown badly; an address would be another address.
    let latin: String = value
        .iter()
        .map(|octet| match octet {
            // Printable in the charsets of Windows, control characters in ISO 8859.
            0x80..=0x9f => char::REPLACEMENT_CHARACTER,
            octet => char::from(*octet),
        })
        .collect();
    let found = parse(&latin, as_written)?;
    match found.iter().all(|one| one.address.is_ascii()) {
        true => Ok(found),
        false => Err(FromRefusal::Address),
    }
}

/// Like [`authors`], for a value whose charset is known; `decode` is for the names.
pub(super) fn parse(value: &str, decode: Decode<'_>) -> Result<Vec<Mailbox>, FromRefusal> {
    let mut found = Vec::new();
    if value.len() > VALUE_OCTETS_MAX {
        return Err(FromRefusal::TooMany);
    }
    for element in elements(tokens(value)?)?.iter().filter(|element| element.has_text) {
        if found.len() == MAILBOXES_MAX {
            return Err(FromRefusal::TooMany);
        }
        found.push(mailbox(&element.tokens, decode)?);
    }
    match found.is_empty() {
        true => Err(FromRefusal::NoAddress),
        false => Ok(found),
    }
}

/// A piece of the value.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Token {
    kind: Kind,
    /// Whether a blank precedes it.
    spaced: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    /// Unquoted text, or an encoded word.
    Word(String),
    /// A quoted string, without its quotes.
    Quoted(String),
    /// `[…]`, with its brackets.
    Literal(String),
    Comment(String),
    /// One of `<>@,;:.`.
    Mark(char),
}

impl Token {
    fn is(&self, mark: char) -> bool {
        self.kind == Kind::Mark(mark)
    }
}

fn tokens(value: &str) -> Result<Vec<Token>, FromRefusal> {
    let mut found = Vec::new();
    let mut rest = value;
    let mut spaced = false;
    while let Some(first) = rest.chars().next() {
        if matches!(first, ' ' | '\t' | '\r' | '\n') {
            (spaced, rest) = (true, &rest[1..]);
            continue;
        }
        let (kind, octets) = match first {
            '"' => quoted(rest)?,
            '(' => comment(rest)?,
            '[' => literal(rest)?,
            '<' | '>' | '@' | ',' | ';' | ':' | '.' => (Kind::Mark(first), 1),
            _ => word(rest)?,
        };
        found.push(Token { kind, spaced });
        (spaced, rest) = (false, &rest[octets..]);
    }
    Ok(found)
}

/// Reads `"…"` with its escapes; returns it with the octets that it takes.
fn quoted(text: &str) -> Result<(Kind, usize), FromRefusal> {
    let mut inner = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Ok((Kind::Quoted(inner), at + 1)),
            '\\' => inner.extend(chars.next().map(|(_, escaped)| escaped)),
            // The line ends of folding (RFC 5322 §2.2.3).
            '\r' | '\n' => {}
            c => inner.push(c),
        }
    }
    Err(FromRefusal::Ambiguous)
}

/// Reads `(…)`, which may hold further ones (RFC 5322 §3.2.2).
fn comment(text: &str) -> Result<(Kind, usize), FromRefusal> {
    let (mut inner, mut depth) = (String::new(), 0_usize);
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            '\\' => {
                inner.extend(chars.next().map(|(_, escaped)| escaped));
                continue;
            }
            _ => {}
        }
        if depth == 0 {
            return Ok((Kind::Comment(inner), at + 1));
        }
        if at > 0 && !matches!(c, '\r' | '\n') {
            inner.push(c);
        }
    }
    Err(FromRefusal::Ambiguous)
}

fn literal(text: &str) -> Result<(Kind, usize), FromRefusal> {
    let end = text.find(']').ok_or(FromRefusal::Ambiguous)? + 1;
    let inner = &text[1..end - 1];
    let is_plain = |c: char| !c.is_control() && !"[\\\"()<>@".contains(c);
    match inner.chars().all(is_plain) {
        true => Ok((Kind::Literal(text[..end].to_owned()), end)),
        false => Err(FromRefusal::Ambiguous),
    }
}

fn word(text: &str) -> Result<(Kind, usize), FromRefusal> {
    let length = encoded_word(text).unwrap_or_else(|| {
        text.find(|c: char| c.is_ascii_whitespace() || "()<>[]:;@,.\"".contains(c))
            .unwrap_or(text.len())
    });
    // A closing bracket without its opening one, or a control character, which some programs take
    // for a blank and some for nothing.
    match length == 0 || text[..length].chars().any(char::is_control) {
        true => Err(FromRefusal::Ambiguous),
        false => Ok((Kind::Word(text[..length].to_owned()), length)),
    }
}

/// Returns the length of the encoded word (RFC 2047 §2) at the start, if there is one. Its text may
/// hold what the standard forbids in a name, such as commas, but nothing that could begin or end an
/// address for a parser that knows no encoded words.
fn encoded_word(text: &str) -> Option<usize> {
    let rest = text.strip_prefix("=?")?;
    let charset = rest.find('?')?;
    let rest = &rest[charset + 1..];
    let body = rest.strip_prefix(['b', 'B', 'q', 'Q'])?.strip_prefix('?')?;
    let end = body.find('?')?;
    if !body[end..].starts_with("?=") {
        return None;
    }
    let length = text.len() - body.len() + end + 2;
    let is_plain = |c: char| c.is_ascii_graphic() && !"<>@\":;\\".contains(c);
    text[..length].chars().all(is_plain).then_some(length)
}

/// What stands between two commas.
#[derive(Default)]
struct Element {
    tokens: Vec<Token>,
    has_address: bool,
    /// Whether anything but comments was found.
    has_text: bool,
}

impl Element {
    fn push(&mut self, token: Token) {
        self.has_address |= token.is('<') || token.is('@');
        self.has_text |= !matches!(token.kind, Kind::Comment(_));
        self.tokens.push(token);
    }
}

/// Splits the tokens at commas, and dissolves groups. A comma in a name, as in `Doe, Jo <jo@b.org>`,
/// splits nothing: there is no address before it.
fn elements(tokens: Vec<Token>) -> Result<Vec<Element>, FromRefusal> {
    let mut elements = Vec::new();
    let mut element = Element::default();
    let (mut in_group, mut after_group) = (false, false);
    for token in tokens {
        let is_whole = element.has_address || !element.has_text;
        match token.kind {
            Kind::Mark(',') if is_whole => {
                after_group = false;
                elements.push(std::mem::take(&mut element));
            }
            _ if after_group && !matches!(token.kind, Kind::Comment(_)) => {
                return Err(FromRefusal::Ambiguous);
            }
            Kind::Mark(':') if !in_group && !is_whole => {
                in_group = true;
                element = Element::default();
            }
            Kind::Mark(';') if in_group && is_whole => {
                (in_group, after_group) = (false, true);
                elements.push(std::mem::take(&mut element));
            }
            Kind::Mark(':' | ';') => return Err(FromRefusal::Ambiguous),
            _ => element.push(token),
        }
    }
    elements.push(element);
    match in_group {
        true => Err(FromRefusal::Ambiguous),
        false => Ok(elements),
    }
}

fn mailbox(tokens: &[Token], decode: Decode<'_>) -> Result<Mailbox, FromRefusal> {
    let Some(opens) = tokens.iter().position(|token| token.is('<')) else {
        return bare_mailbox(tokens, decode);
    };
    let closes = tokens.iter().position(|token| token.is('>')).ok_or(FromRefusal::Ambiguous)?;
    let after = tokens.get(closes + 1..).unwrap_or_default();
    if closes < opens || !after.iter().all(|token| matches!(token.kind, Kind::Comment(_))) {
        return Err(FromRefusal::Ambiguous);
    }
    let (address, domain) = address(&tokens[opens + 1..closes])?;
    let name = name(&tokens[..opens], &address, decode)?;
    Ok(Mailbox { name: name.or_else(|| comment_in(tokens, decode)), address, domain })
}

/// Reads `address (Name)`, as was usual before names had a place of their own.
fn bare_mailbox(tokens: &[Token], decode: Decode<'_>) -> Result<Mailbox, FromRefusal> {
    let is_comment = |token: &Token| matches!(token.kind, Kind::Comment(_));
    let start = tokens.iter().position(|token| !is_comment(token)).unwrap_or(tokens.len());
    let end = tokens.iter().rposition(|token| !is_comment(token)).map_or(start, |at| at + 1);
    if !tokens.iter().any(|token| token.is('@')) {
        return Err(FromRefusal::NoAddress);
    }
    let (address, domain) = address(&tokens[start..end])?;
    Ok(Mailbox { name: comment_in(tokens, decode), address, domain })
}

fn comment_in(tokens: &[Token], decode: Decode<'_>) -> Option<String> {
    let comment = tokens.iter().find_map(|token| match &token.kind {
        Kind::Comment(text) => Some(text),
        _ => None,
    });
    comment.and_then(|text| shown(&decode(text)))
}

/// Returns the name before an address; comments in it are left out.
fn name(
    tokens: &[Token],
    address: &str,
    decode: Decode<'_>,
) -> Result<Option<String>, FromRefusal> {
    let mut name = String::new();
    // Encoded words are decoded together: blanks between two of them are not part of the name.
    let mut raw = String::new();
    let mut run = String::new();
    let is_address = |run: &str| !run.contains('@') || run.eq_ignore_ascii_case(address);
    for token in tokens {
        let (text, is_quoted) = match &token.kind {
            Kind::Comment(_) => continue,
            Kind::Quoted(text) => (text.clone(), true),
            Kind::Word(text) | Kind::Literal(text) => (text.clone(), false),
            Kind::Mark('>') => return Err(FromRefusal::Ambiguous),
            Kind::Mark(mark) => (mark.to_string(), false),
        };
        if (token.spaced || is_quoted) && !is_address(&std::mem::take(&mut run)) {
            return Err(FromRefusal::Ambiguous);
        }
        if token.spaced && !(name.is_empty() && raw.is_empty()) {
            raw.push(' ');
        }
        if is_quoted {
            name.push_str(&decode(&std::mem::take(&mut raw)));
            name.push_str(&text);
        } else {
            raw.push_str(&text);
            run.push_str(&text);
        }
    }
    name.push_str(&decode(&raw));
    match is_address(&run) {
        true => Ok(shown(&name)),
        false => Err(FromRefusal::Ambiguous),
    }
}

fn shown(name: &str) -> Option<String> {
    let name = name.trim();
    (!name.is_empty()).then(|| name.to_owned())
}

/// Reads `local-part "@" domain`; returns it as a text, with the domain in the form of DNS.
fn address(tokens: &[Token]) -> Result<(String, Option<String>), FromRefusal> {
    // A blank before the first token is inside the angle brackets, and harmless.
    if tokens.iter().skip(1).any(|token| token.spaced) {
        return Err(FromRefusal::Ambiguous);
    }
    let at = tokens.iter().position(|token| token.is('@')).ok_or(FromRefusal::NoAddress)?;
    let local = local_part(&tokens[..at])?;
    let (domain, ascii) = domain(&tokens[at + 1..])?;
    let address = format!("{local}@{domain}");
    match address.len() > ADDRESS_OCTETS_MAX {
        true => Err(FromRefusal::Address),
        false => Ok((address, ascii)),
    }
}

fn local_part(tokens: &[Token]) -> Result<String, FromRefusal> {
    if let [Token { kind: Kind::Quoted(text), .. }] = tokens {
        let is_text = |c: char| matches!(c, ' '..='~') || is_utf8_text(c);
        let is_plain = is_dot_string(text);
        return match (text.chars().all(is_text), is_plain) {
            (false, _) => Err(FromRefusal::Address),
            (true, true) => Ok(text.clone()),
            (true, false) => Ok(format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))),
        };
    }
    // Dots at the ends or side by side are not allowed (RFC 5322 §3.2.3), but are in use, and have
    // one reading.
    let local = joined(tokens)?;
    let is_local = local.chars().all(|c| c == '.' || is_atext(c));
    // Some programs decode encoded words in addresses too (RFC 2047 §5 forbids them there).
    match is_local && !local.trim_matches('.').is_empty() && !local.contains("=?") {
        true => Ok(local),
        false => Err(FromRefusal::Address),
    }
}

fn is_dot_string(text: &str) -> bool {
    text.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atext))
        && !text.contains("=?")
}

fn domain(tokens: &[Token]) -> Result<(String, Option<String>), FromRefusal> {
    if let [Token { kind: Kind::Literal(text), .. }] = tokens {
        return match is_address_literal(text) {
            true => Ok((text.clone(), None)),
            false => Err(FromRefusal::Address),
        };
    }
    let domain = joined(tokens)?;
    // Underscores are not allowed in host names, but DNS has them, and so has mail.
    let is_inner = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c) || is_utf8_text(c);
    let is_label = |label: &str| {
        (1..=LABEL_OCTETS_MAX).contains(&label.len())
            && label.chars().all(is_inner)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    // Some programs treat these as dots (RFC 3490 §3.1).
    let other_dots = ['\u{3002}', '\u{ff0e}', '\u{ff61}'];
    if !domain.split('.').all(is_label)
        || domain.len() > DOMAIN_OCTETS_MAX
        || domain.contains(other_dots)
    {
        return Err(FromRefusal::Address);
    }
    let ascii = ascii_domain(&domain).ok_or(FromRefusal::Address)?;
    // What DNS cannot be asked about would have no policy, whatever the domain above it says.
    let is_askable = ascii.len() <= DNS_OCTETS_MAX
        && ascii.split('.').all(|label| label.len() <= LABEL_OCTETS_MAX);
    match is_askable {
        true => Ok((domain, Some(ascii))),
        false => Err(FromRefusal::Address),
    }
}

/// RFC 5321 §4.1.3.
fn is_address_literal(text: &str) -> bool {
    let inner = text.trim_matches(['[', ']']);
    match inner.get(..5) {
        Some(tag) if tag.eq_ignore_ascii_case("IPv6:") => inner[5..].parse::<Ipv6Addr>().is_ok(),
        _ => inner.parse::<Ipv4Addr>().is_ok(),
    }
}

fn joined(tokens: &[Token]) -> Result<String, FromRefusal> {
    let mut text = String::new();
    for token in tokens {
        match &token.kind {
            Kind::Word(word) => text.push_str(word),
            Kind::Mark('.') => text.push('.'),
            _ => return Err(FromRefusal::Ambiguous),
        }
    }
    match text.contains(is_unseen) {
        true => Err(FromRefusal::Address),
        false => Ok(text),
    }
}

/// Whether a character takes no room where it is shown: DNS ignores some of them, so that an address
/// would be shown as it is asked about, but copied and compared as another.
pub(super) fn is_unseen(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{180b}'..='\u{180f}' | '\u{200b}'
            | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}'
    )
}

#[cfg(test)]
mod tests;
