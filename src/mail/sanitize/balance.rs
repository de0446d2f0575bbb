//! Balances HTML before a parser sees it: only allowed tags, each properly closed, and tables that
//! contain only rows and cells.
//!
//! The parser of the HTML standard reopens formatting in every block that follows an unclosed
//! `<b>`, so that 64 KiB of source can become a tree of millions of nodes. Here formatting ends
//! with the block that contains it, which hardly changes real mail.

use super::budget::Budget;
use super::ground::{self, Around, Attributes, Dressed, Ground};
use super::lists;
use super::selector::Element;
use super::settle;
use super::sheet::{self, Sheet};
use super::style::{self, Declaration};
use super::tags::{Attribute, Piece, Reader, write_attribute, write_text_in_nodes};
use super::{DEPTH_MAX, Refused};

/// An open tag.
struct Open {
    name: &'static str,
    /// The name that is written.
    written: &'static str,
    inline: bool,
    /// Its end tag occurred while a block inside it was open; it ends with that block.
    ended: bool,
    /// What the elements inside inherit.
    inside: Around,
}

struct Balance<'b> {
    out: String,
    open: Vec<Open>,
    sheet: &'b Sheet<'b>,
    budget: &'b mut Budget,
    /// The document's root, its body and the open tags, as selectors see them; empty if there are no
    /// style sheets.
    path: Vec<Element>,
    /// How many open tags are ours, which no end tag reaches.
    own: usize,
}

/// Returns the source's allowed tags and its text, well nested, in time linear in the source's
/// length. The style sheets become part of each element's style; if `budget` is not enough for that,
/// they are left out.
pub fn balance(source: &str, budget: &mut Budget) -> Result<String, Refused> {
    let sheet = Sheet::of(source)?;
    let styled = balance_with(source, &sheet, budget)?;
    if !budget.spent {
        return Ok(styled);
    }
    balance_with(source, &sheet.without_rules(), budget)
}

/// Returns the same without any style sheet.
pub fn without_sheets(source: &str, budget: &mut Budget) -> Result<String, Refused> {
    balance_with(source, &Sheet::of(source)?.without_rules(), budget)
}

fn balance_with(source: &str, sheet: &Sheet<'_>, budget: &mut Budget) -> Result<String, Refused> {
    let (out, open, path) = (String::with_capacity(source.len()), Vec::new(), Vec::new());
    let mut balance = Balance { out, open, sheet, budget, path, own: 0 };
    balance.body();
    let mut reader = Reader::new(source);
    while let Some(piece) = reader.piece()? {
        match piece {
            Piece::Text(text) => write_text_in_nodes(&mut balance.out, text),
            Piece::Open(name, attributes) => balance.start(&name, &attributes)?,
            Piece::Close(name) => balance.end(&name),
            Piece::Sheet(..) => {}
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

/// Returns whether a style attribute says what is shown, as it is.
fn is_kept_as_it_is(style: &str) -> bool {
    let changes = style.contains('!') || style::is_nested(style);
    !changes && !style.to_ascii_lowercase().contains("background")
}

/// Returns how long a style attribute with this value is.
fn written_octets(style: &str) -> usize {
    let mut written = String::with_capacity(2 * style.len());
    write_attribute(&mut written, "style", style);
    written.len()
}

/// Returns what the style attribute declares.
fn own_style(attributes: &[Attribute<'_>]) -> Vec<Declaration> {
    let given = attributes.iter().find(|attribute| attribute.name == "style");
    let given = given.filter(|given| is_bearable(given.value));
    given.map_or_else(Vec::new, |given| style::kept(&settle::unescape_all(given.value)))
}

impl<'b> Balance<'b> {
    fn start(&mut self, name: &str, attributes: &[Attribute<'_>]) -> Result<(), Refused> {
        let Some((name, written)) = lists::shown(name) else { return Ok(()) };
        self.close_implied(written);
        if !self.may_stand(written) {
            self.keep_apart(written);
            return Ok(());
        }
        if let Some(implied) = self.implied(written) {
            self.start(implied, &[])?;
        }
        self.enter(name, attributes);
        let inside = self.write_start(written, attributes);
        if lists::VOID.contains(written) {
            self.leave();
            return Ok(());
        }
        if self.open.len() - self.own == DEPTH_MAX {
            return Err(Refused::TooDeep);
        }
        let inline = lists::INLINE.contains(written);
        self.open.push(Open { name, written, inline, ended: false, inside });
        Ok(())
    }

    /// Returns the part of a table that this one stands in, if its tag was left out; selectors see it
    /// too.
    fn implied(&self, name: &str) -> Option<&'static str> {
        let top = self.open.last().map_or("", |open| open.name);
        match (top, name) {
            ("table", "tr") => Some("tbody"),
            ("table" | "tbody" | "thead" | "tfoot", "td" | "th") => Some("tr"),
            _ => None,
        }
    }

    /// Begins with what stands for the document's body, if it has an appearance.
    fn body(&mut self) {
        /// What a body's style may say; its size is ours.
        const KEPT: [&str; 6] = ["background", "color", "direction", "font", "line", "text"];
        let sheet = self.sheet;
        let attributes = &sheet.body;
        self.enter("html", &sheet.html);
        let root_style = own_style(&sheet.html);
        let of_root: Vec<Declaration> =
            self.matching().into_iter().chain(&root_style).cloned().collect();
        self.enter("body", attributes);
        let of_attributes = sheet::of_body(attributes);
        let of_style = own_style(attributes);
        // The root's appearance is weaker than any of the body, which stands on it.
        let of_root = of_root.into_iter().map(|one| Declaration { important: false, ..one });
        let of_root: Vec<Declaration> = of_root.collect();
        let declared = of_root.iter().chain(&of_attributes).chain(self.matching());
        let is_kept =
            |one: &&Declaration| KEPT.contains(&one.name.split('-').next().unwrap_or_default());
        let of_sheets: Vec<&Declaration> = declared.filter(is_kept).collect();
        let of_style: Vec<Declaration> = of_style.iter().filter(is_kept).cloned().collect();
        let image = attributes.iter().any(|attribute| attribute.name == "background");
        let ground = if image { Ground::Lost } else { Ground::Page };
        let attributes = Attributes { ground, ..Attributes::default() };
        let Dressed { style, inside } =
            ground::dress(&of_sheets, &of_style, attributes, &Around::default());
        if !(style.is_empty() && inside == Around::default()) {
            self.out.push_str("<div");
            self.write_style(&style);
            self.out.push('>');
            let (name, written) = ("div", "div");
            // Selectors do not see it: it stands for the body.
            self.open.push(Open { name, written, inline: false, ended: false, inside });
            self.own = 1;
        }
    }

    /// Makes an element the last one of the path, if there are style sheets.
    fn enter(&mut self, name: &str, attributes: &[Attribute<'_>]) {
        if self.sheet.is_empty() {
            return;
        }
        let value = |name: &str| {
            let found = attributes.iter().find(|attribute| attribute.name == name);
            found.map(|attribute| attribute.value)
        };
        let link = name == "a" && value("href").is_some();
        self.path.push(Element::new(name, value("id"), value("class"), link));
    }

    fn leave(&mut self) {
        self.path.pop();
    }

    /// Returns what the style sheets declare for the last element of the path.
    fn matching(&mut self) -> Vec<&'b Declaration> {
        let sheet = self.sheet;
        sheet.matching(&self.path, self.budget)
    }

    /// Returns what the elements inside the new one inherit.
    fn write_start(&mut self, name: &str, attributes: &[Attribute<'_>]) -> Around {
        let (style, inside) = self.style(name, attributes);
        self.out.push('<');
        self.out.push_str(name);
        for (at, attribute) in attributes.iter().enumerate() {
            let known = match attribute.name.as_str() {
                "href" => name == "a",
                "src" => name == "img",
                "color" => inside.ground != Ground::Lost,
                "style" => style.is_none(),
                other => lists::ATTRIBUTES.contains(other),
            };
            // Of duplicate attributes the first counts, as for any parser.
            let again = attributes[..at].iter().any(|before| before.name == attribute.name);
            if known && !again && is_bearable(attribute.value) {
                write_attribute(&mut self.out, &attribute.name, attribute.value);
            }
        }
        self.write_style(&style.unwrap_or_default());
        self.out.push('>');
        inside
    }

    /// Returns an element's style, or `None` if it is what its attribute says, and what the elements
    /// inside inherit.
    fn style(&mut self, name: &str, attributes: &[Attribute<'_>]) -> (Option<String>, Around) {
        let around = self.open.last().map_or_else(Around::default, |open| open.inside.clone());
        let of_sheets = self.matching();
        let value = |name: &str| {
            let found = attributes.iter().find(|attribute| attribute.name == name);
            found.map(|attribute| attribute.value)
        };
        let ground = match (value("bgcolor").map(str::trim), value("background")) {
            (Some(colour), _) if !matches!(colour, "" | "transparent") => Ground::Own,
            (_, Some(_)) => Ground::Lost,
            (_, None) => Ground::Page,
        };
        let colour = value("color").filter(|_| name == "font");
        let is_link = name == "a" && value("href").is_some();
        let own = own_style(attributes);
        let looks = Attributes { ground, colour, is_link };
        let Dressed { style, inside } = ground::dress(&of_sheets, &own, looks, &around);
        // What the element says by itself was paid for by its own length.
        if !of_sheets.is_empty() {
            self.budget.octets(written_octets(&style));
        }
        let changes = !of_sheets.is_empty() || around.changes() || ground == Ground::Lost;
        let is_kept = !changes && value("style").is_none_or(is_kept_as_it_is);
        ((!is_kept).then_some(style), inside)
    }

    fn write_style(&mut self, style: &str) {
        if !style.is_empty() && is_bearable(style) {
            write_attribute(&mut self.out, "style", style);
        }
    }

    fn end(&mut self, name: &str) {
        let Some((name, written)) = lists::shown(name) else { return };
        let beyond: &[&str] = match name {
            "table" => &[],
            "td" | "th" | "tr" | "tbody" | "thead" | "tfoot" | "caption" | "colgroup" => &TABLE,
            _ => &CELLS,
        };
        let Some(at) = self.nearest(&[name], beyond) else {
            if self.in_structure() {
                self.keep_apart(written);
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
        let inner = self.open.iter().enumerate().skip(self.own).rev();
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
            self.leave();
            self.out.push_str("</");
            self.out.push_str(open.written);
            self.out.push('>');
        }
    }
}
