//! Balances HTML before a parser sees it: only allowed tags, each properly closed, and tables that
//! contain only rows and cells.
//!
//! The parser of the HTML standard reopens formatting in every block that follows an unclosed
//! `<b>`, so that 64 KiB of source can become a tree of millions of nodes. Here formatting ends
//! with the block that contains it, which hardly changes real mail.

use std::borrow::Cow;

use super::lists;
use super::settle::unescape;
use super::style;
use super::tags::{Attribute, Piece, Reader, write_attribute, write_text_in_nodes};
use super::{DEPTH_MAX, Refused};

/// An open tag.
struct Open {
    name: &'static str,
    inline: bool,
    /// Its end tag occurred while a block inside it was open; it ends with that block.
    ended: bool,
}

struct Balance {
    out: String,
    open: Vec<Open>,
}

/// Returns the source's allowed tags and its text, well nested, in time linear in the source's
/// length.
pub fn balance(source: &str) -> Result<String, Refused> {
    let mut reader = Reader::new(source);
    let mut balance = Balance { out: String::with_capacity(source.len()), open: Vec::new() };
    while let Some(piece) = reader.piece()? {
        match piece {
            Piece::Text(text) => write_text_in_nodes(&mut balance.out, text),
            Piece::Open(name, attributes) => balance.start(&name, &attributes)?,
            Piece::Close(name) => balance.end(&name),
        }
    }
    balance.close_down_to(0);
    Ok(balance.out)
}

/// The tags that an end tag or an implied end does not reach beyond.
const CELLS: [&str; 4] = ["table", "td", "th", "caption"];
const TABLE: [&str; 1] = ["table"];
/// The tags that may contain only parts of a table.
const STRUCTURE: [&str; 6] = ["table", "tbody", "thead", "tfoot", "tr", "colgroup"];

/// Returns whether an attribute value is neither too long (such as an image in a `data:` URL) nor
/// crafted to slow down the serializer, which scans the rest of it for every `&` (see
/// [`write_text_in_nodes`]).
fn is_bearable(value: &str) -> bool {
    const OCTETS_MAX: usize = 8 * 1024;
    const STEPS_MAX: usize = 256 * 1024;
    let stops = value.bytes().filter(|octet| *octet == b'&' || !octet.is_ascii()).count();
    value.len() <= OCTETS_MAX && stops * value.len() <= STEPS_MAX
}

impl Balance {
    fn start(&mut self, name: &str, attributes: &[Attribute<'_>]) -> Result<(), Refused> {
        let Some(name) = lists::TAGS.get(name).copied() else { return Ok(()) };
        self.close_implied(name);
        if !self.may_stand(name) {
            self.keep_apart(name);
            return Ok(());
        }
        self.write_start(name, attributes);
        if lists::VOID.contains(name) {
            return Ok(());
        }
        if self.open.len() == DEPTH_MAX {
            return Err(Refused::TooDeep);
        }
        self.open.push(Open { name, inline: lists::INLINE.contains(name), ended: false });
        Ok(())
    }

    fn write_start(&mut self, name: &str, attributes: &[Attribute<'_>]) {
        self.out.push('<');
        self.out.push_str(name);
        for (at, attribute) in attributes.iter().enumerate() {
            let known = match attribute.name.as_str() {
                "href" => name == "a",
                "src" => name == "img",
                other => lists::ATTRIBUTES.contains(other),
            };
            // Of duplicate attributes the first counts, as for any parser.
            let again = attributes[..at].iter().any(|before| before.name == attribute.name);
            if known && !again && is_bearable(attribute.value) {
                match attribute.name.as_str() {
                    "style" => self.write_style(attribute.value),
                    name => write_attribute(&mut self.out, name, attribute.value),
                }
            }
        }
        self.out.push('>');
    }

    fn write_style(&mut self, value: &str) {
        let style = unescape(value);
        match style::in_pairs(&style) {
            Cow::Borrowed(_) => write_attribute(&mut self.out, "style", value),
            // Other character references would not mean the same in it.
            Cow::Owned(paired) if !style.contains('&') => {
                write_attribute(&mut self.out, "style", &paired);
            }
            _ => {}
        }
    }

    fn end(&mut self, name: &str) {
        let Some(name) = lists::TAGS.get(name).copied() else { return };
        let beyond: &[&str] = match name {
            "table" => &[],
            "td" | "th" | "tr" | "tbody" | "thead" | "tfoot" | "caption" | "colgroup" => &TABLE,
            _ => &CELLS,
        };
        let Some(at) = self.nearest(&[name], beyond) else {
            if self.in_structure() {
                self.keep_apart(name);
            }
            return;
        };
        if self.open[at].inline && self.open[at..].iter().any(|open| !open.inline) {
            self.open[at].ended = true;
        } else {
            self.close_down_to(at);
        }
    }

    /// Keeps the text before a block that is dropped apart from the text after it.
    fn keep_apart(&mut self, name: &str) {
        if !lists::INLINE.contains(name) {
            self.out.push(' ');
        }
    }

    /// Closes the tags that this start tag closes implicitly.
    fn close_implied(&mut self, name: &'static str) {
        if lists::ENDS_PARAGRAPH.contains(name) {
            self.close_nearest(&["p"], &CELLS);
        }
        match name {
            "li" => self.close_nearest(&["li"], &["ul", "ol", "table", "td", "th", "caption"]),
            "dt" | "dd" => self.close_nearest(&["dt", "dd"], &["dl", "table", "td", "th"]),
            "a" => self.close_link(),
            "table" if self.in_structure() => self.close_nearest(&TABLE, &[]),
            "td" | "th" => self.close_up_to(&["tr", "tbody", "thead", "tfoot", "table"]),
            "tr" => self.close_up_to(&["tbody", "thead", "tfoot", "table"]),
            "tbody" | "thead" | "tfoot" | "caption" | "colgroup" => self.close_up_to(&TABLE),
            "col" => self.close_up_to(&["colgroup", "table"]),
            _ => {}
        }
    }

    /// Closes the outer link when a link starts within a link.
    fn close_link(&mut self) {
        if let Some(at) = self.nearest(&["a"], &CELLS)
            && self.open[at..].iter().all(|open| open.inline)
        {
            self.close_down_to(at);
        }
    }

    fn may_stand(&self, name: &str) -> bool {
        let top = self.open.last().map_or("", |open| open.name);
        match name {
            "td" | "th" => ["tr", "tbody", "thead", "tfoot", "table"].contains(&top),
            "tr" => ["tbody", "thead", "tfoot", "table"].contains(&top),
            "tbody" | "thead" | "tfoot" | "caption" | "colgroup" => top == "table",
            "col" => ["colgroup", "table"].contains(&top),
            _ => !self.in_structure(),
        }
    }

    fn in_structure(&self) -> bool {
        self.open.last().is_some_and(|open| STRUCTURE.contains(&open.name))
    }

    /// Returns the innermost open tag with one of these names, unless a tag in `beyond` is open
    /// inside it.
    fn nearest(&self, names: &[&str], beyond: &[&str]) -> Option<usize> {
        let inner = self.open.iter().enumerate().rev();
        for (at, open) in inner {
            if names.contains(&open.name) {
                return Some(at);
            }
            if beyond.contains(&open.name) {
                return None;
            }
        }
        None
    }

    fn close_nearest(&mut self, names: &[&str], beyond: &[&str]) {
        if let Some(at) = self.nearest(names, beyond) {
            self.close_down_to(at);
        }
    }

    /// Closes everything inside the innermost open tag with one of these names, if there is one.
    fn close_up_to(&mut self, names: &[&str]) {
        if let Some(at) = self.nearest(names, &[]) {
            self.close_down_to(at + 1);
        }
    }

    fn close_down_to(&mut self, length: usize) {
        while self.open.len() > length || self.open.last().is_some_and(|open| open.ended) {
            let Some(open) = self.open.pop() else { return };
            self.out.push_str("</");
            self.out.push_str(open.name);
            self.out.push('>');
        }
    }
}
