//! Content lines, which calendars and cards consist of (RFC 5545 §3.1, RFC 6350 §3.2).

use std::borrow::Cow;

use mail_parser::decoders::quoted_printable::quoted_printable_decode;

use crate::mail::message::one_line;

/// How much of a file is read, in octets, and how many lines.
const OCTETS_MAX: usize = 256 * 1024;
const LINES_MAX: usize = 10_000;
/// How long a value may be, in characters; the rest is left out.
const VALUE_CHARS_MAX: usize = 2_000;

/// A property: `NAME;PARAMETER=VALUE:value`.
#[derive(Debug, PartialEq, Eq)]
pub struct Line {
    /// In upper case, without its group.
    pub name: String,
    parameters: Vec<(String, String)>,
    pub value: String,
}

impl Line {
    /// Returns the value of a parameter, whose name is in upper case.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Returns the value as text: without its escapes (RFC 5545 §3.3.11), and without what could
    /// change the text around it.
    pub fn text(&self) -> String {
        one_line(&unescaped(&self.decoded()))
    }

    /// Returns the value without the encoding that vCard 2.1 has.
    fn decoded(&self) -> Cow<'_, str> {
        let encoding = self.parameter("ENCODING").unwrap_or_default();
        match encoding.eq_ignore_ascii_case("quoted-printable") {
            true => quoted_printable_decode(self.value.as_bytes())
                .map_or(Cow::Borrowed(&*self.value), |octets| {
                    Cow::Owned(String::from_utf8_lossy(&octets).into_owned())
                }),
            false => Cow::Borrowed(&*self.value),
        }
    }

    /// Returns the parts of a structured value, as text.
    pub fn fields(&self) -> Vec<String> {
        let value = self.decoded();
        split_unescaped(&value, ';').map(|field| one_line(&unescaped(field))).collect()
    }

    /// Returns whether it is `BEGIN` or `END` of a component.
    pub fn is(&self, name: &str, value: &str) -> bool {
        self.name == name && self.value.trim().eq_ignore_ascii_case(value)
    }
}

/// Returns the lines of a file, unfolded.
pub fn lines(text: &str) -> Vec<Line> {
    let text = &text[..text.floor_char_boundary(OCTETS_MAX)];
    let mut joined: Vec<String> = Vec::new();
    for line in text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)) {
        let count = joined.len();
        match (line.strip_prefix([' ', '\t']), joined.last_mut()) {
            (Some(more), Some(last)) => last.push_str(more),
            _ if count == LINES_MAX => break,
            _ => joined.push(line.to_owned()),
        }
    }
    joined.iter().filter_map(|line| parse(line)).collect()
}

fn parse(line: &str) -> Option<Line> {
    let end = line.find([';', ':'])?;
    let name = line[..end].rsplit('.').next()?.trim().to_ascii_uppercase();
    let mut parameters = Vec::new();
    let mut rest = &line[end..];
    while let Some(after) = rest.strip_prefix(';') {
        let end = outside_quotes(after, |c| matches!(c, ';' | ':'))?;
        let (key, value) = after[..end].split_once('=').unwrap_or((&after[..end], ""));
        let value = value.trim_matches('"').to_owned();
        parameters.push((key.trim().to_ascii_uppercase(), value));
        rest = &after[end..];
    }
    let value = rest.strip_prefix(':')?.chars().take(VALUE_CHARS_MAX).collect();
    (!name.is_empty()).then_some(Line { name, parameters, value })
}

fn outside_quotes(text: &str, is: impl Fn(char) -> bool) -> Option<usize> {
    let mut quoted = false;
    let found = text.char_indices().find(|(_, c)| {
        quoted ^= *c == '"';
        !quoted && is(*c)
    });
    found.map(|(at, _)| at)
}

fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, c == '\\') {
            (_, true) => match chars.next() {
                Some('n' | 'N') => out.push(' '),
                Some(other) => out.push(other),
                None => {}
            },
            (c, false) => out.push(c),
        }
    }
    out
}

fn split_unescaped(text: &str, at: char) -> impl Iterator<Item = &str> {
    let mut escaped = false;
    text.split(move |c| {
        let splits = !escaped && c == at;
        escaped = !escaped && c == '\\';
        splits
    })
}
