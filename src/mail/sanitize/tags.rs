//! Reads HTML as tags and text, in one pass and without a tree.
//!
//! It need not agree with any browser, because every tag is written anew and only that output is
//! used. It follows the tokenizer of the HTML standard where real mail would otherwise look
//! different.

use super::lists;
use super::{ATTRIBUTES_MAX, Refused};

/// A piece of the source.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece<'s> {
    /// Text between tags, with character references unresolved.
    Text(&'s str),
    /// A start tag with its lower-case name.
    Open(String, Vec<Attribute<'s>>),
    /// An end tag with its lower-case name.
    Close(String),
    /// A style sheet, with the attributes of its tag.
    Sheet(Vec<Attribute<'s>>, &'s str),
}

/// An attribute: its name in lower case, its value with character references unresolved.
#[derive(Debug, PartialEq, Eq)]
pub struct Attribute<'s> {
    pub name: String,
    pub value: &'s str,
}

/// Reads pieces one by one, and skips comments, declarations and raw content but style sheets.
pub struct Reader<'s> {
    rest: &'s str,
    surplus: Surplus,
}

/// What becomes of the attributes of a tag that has too many.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Surplus {
    Refused,
    Skipped,
}

impl<'s> Reader<'s> {
    /// Reads HTML that is to be shown; a tag with too many attributes is refused.
    pub fn new(source: &'s str) -> Reader<'s> {
        Reader { rest: source, surplus: Surplus::Refused }
    }

    /// Reads HTML for its text; attributes beyond the limit are skipped.
    pub fn for_text(source: &'s str) -> Reader<'s> {
        Reader { rest: source, surplus: Surplus::Skipped }
    }

    /// Returns the next piece, or `None` at the end.
    pub fn piece(&mut self) -> Result<Option<Piece<'s>>, Refused> {
        loop {
            let Some(after) = self.rest.strip_prefix('<') else {
                return Ok(self.text().map(Piece::Text));
            };
            let next = after.as_bytes().first().copied().unwrap_or_default();
            if next.is_ascii_alphabetic() {
                match self.open()? {
                    Some(open) => return Ok(Some(open)),
                    None => continue,
                }
            }
            match after.strip_prefix('/') {
                Some(end) if end.starts_with(|c: char| c.is_ascii_alphabetic()) => {
                    let name = self.tag_name("</");
                    // An end tag's attributes have no meaning; they are read to find its end.
                    match self.attributes()? {
                        Some(_) => return Ok(Some(Piece::Close(name))),
                        None => return Ok(None),
                    }
                }
                Some(_) => self.skip_past(">"),
                None if after.starts_with("!--") => self.comment(),
                None if matches!(next, b'!' | b'?') => self.skip_past(">"),
                None => return Ok(Some(Piece::Text(self.take(1)))),
            }
        }
    }

    fn text(&mut self) -> Option<&'s str> {
        let end = self.rest.find('<').unwrap_or(self.rest.len());
        (end > 0).then(|| self.take(end))
    }

    /// Reads a start tag; returns `None` if its content was raw and was skipped, or if the source
    /// ends within the tag. Of a style sheet, the content is returned.
    fn open(&mut self) -> Result<Option<Piece<'s>>, Refused> {
        let name = self.tag_name("<");
        let Some(attributes) = self.attributes()? else { return Ok(None) };
        if lists::RAW.contains(name.as_str()) {
            let raw = self.raw(&name);
            return Ok((name == "style").then_some(Piece::Sheet(attributes, raw)));
        }
        Ok(Some(Piece::Open(name, attributes)))
    }

    fn tag_name(&mut self, before: &str) -> String {
        self.take(before.len());
        let is_end = |c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>');
        let end = self.rest.find(is_end).unwrap_or(self.rest.len());
        self.take(end).to_ascii_lowercase()
    }

    /// Reads past the tag's `>`; returns `None` if there is none, because then there is no tag.
    fn attributes(&mut self) -> Result<Option<Vec<Attribute<'s>>>, Refused> {
        let mut attributes = Vec::new();
        loop {
            self.rest = self.rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
            match self.rest.as_bytes().first() {
                None => return Ok(None),
                Some(b'>') => {
                    self.take(1);
                    return Ok(Some(attributes));
                }
                Some(_) if attributes.len() == ATTRIBUTES_MAX => match self.surplus {
                    Surplus::Refused => return Err(Refused::TooManyAttributes),
                    Surplus::Skipped => drop(self.attribute()),
                },
                Some(_) => attributes.push(self.attribute()),
            }
        }
    }

    fn attribute(&mut self) -> Attribute<'s> {
        // The first character belongs to the name whatever it is, even `=`.
        let first = self.rest.chars().next().map_or(0, char::len_utf8);
        let is_end = |c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>' | '=');
        let end = self.rest[first..].find(is_end).map_or(self.rest.len(), |end| first + end);
        let name = self.take(end).to_ascii_lowercase();
        let after = self.rest.trim_start_matches(|c: char| c.is_ascii_whitespace());
        let Some(after) = after.strip_prefix('=') else { return Attribute { name, value: "" } };
        self.rest = after.trim_start_matches(|c: char| c.is_ascii_whitespace());
        Attribute { name, value: self.value() }
    }

    fn value(&mut self) -> &'s str {
        for quote in ["\"", "'"] {
            if let Some(quoted) = self.rest.strip_prefix(quote) {
                let (value, after) = quoted.split_once(quote).unwrap_or((quoted, ""));
                self.rest = after;
                return value;
            }
        }
        let is_end = |c: char| c.is_ascii_whitespace() || c == '>';
        let end = self.rest.find(is_end).unwrap_or(self.rest.len());
        self.take(end)
    }

    fn comment(&mut self) {
        self.take("<!--".len());
        // `<!-->` and `<!--->` are complete comments.
        for short in [">", "->"] {
            if let Some(after) = self.rest.strip_prefix(short) {
                self.rest = after;
                return;
            }
        }
        // Every `>` is checked once: searching for each of the two possible ends in turn would
        // take time quadratic in the number of comments.
        let ends = self.rest.match_indices('>').map(|(at, _)| at);
        let is_end = |at: &usize| {
            let before = &self.rest[..*at];
            before.ends_with("--") || before.ends_with("--!")
        };
        let end = ends.into_iter().find(is_end).map_or(self.rest.len(), |at| at + 1);
        self.take(end);
    }

    /// Reads raw content past its end tag.
    fn raw(&mut self, name: &str) -> &'s str {
        let is_end = |c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>');
        let all = self.rest;
        while let Some(at) = self.rest.find("</") {
            let before = all.len() - self.rest.len() + at;
            self.take(at + 2);
            let found = self.rest.get(..name.len()).is_some_and(|n| n.eq_ignore_ascii_case(name));
            if found && self.rest[name.len()..].starts_with(is_end) {
                self.skip_past(">");
                return &all[..before];
            }
        }
        self.rest = "";
        all
    }

    fn skip_past(&mut self, what: &str) {
        self.rest = self.rest.split_once(what).map_or("", |(_, after)| after);
    }

    fn take(&mut self, octets: usize) -> &'s str {
        let (taken, rest) = self.rest.split_at(octets);
        self.rest = rest;
        taken
    }
}

/// Writes text whose character references are already correct.
pub fn write_text(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            c => out.push(c),
        }
    }
}

/// Writes text with empty comments at intervals, each of which ends a text node for the parser.
///
/// html5ever 0.40 scans the rest of a text node for every `&` and every octet 0xC2 that it writes,
/// so half a megabyte of `&` in one node would take it minutes.
pub fn write_text_in_nodes(out: &mut String, text: &str) {
    const NODE_OCTETS: usize = 512;
    let mut rest = text;
    loop {
        let from = rest.floor_char_boundary(NODE_OCTETS);
        // Before one of these, no character reference is split in two.
        let found = rest[from..].find(|c: char| c == '&' || !c.is_ascii());
        let Some(at) = found.filter(|_| from > 0) else { break };
        let (node, after) = rest.split_at(from + at);
        write_text(out, node);
        out.push_str("<!---->");
        rest = after;
    }
    write_text(out, rest);
}

/// Writes ` name="value"`; the value's character references are already correct.
pub fn write_attribute(out: &mut String, name: &str, value: &str) {
    out.push(' ');
    out.push_str(name);
    out.push_str("=\"");
    for c in value.chars() {
        match c {
            '"' => out.push_str("&quot;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            c => out.push(c),
        }
    }
    out.push('"');
}
