//! The text of HTML, as a reader sees it: what stands in different blocks, rows, cells or list items
//! is apart (HTML Living Standard, rendering section; the steps of `innerText`).
//!
//! It reads what the sanitiser's first step lets through, so that the text and the HTML that is
//! shown say the same. HTML that is too large or too deep for the sanitiser is read as it is:
//! its text is what is shown in its place. It makes no tree, and takes linear time.

use std::cell::RefCell;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{
    BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};

use crate::mail::sanitize;

/// Returns the text of HTML, of which at most [`OCTETS_MAX`]. Quotations have `> ` before each line,
/// list items their marker, and images their alternative text.
pub fn of_html(source: &str) -> String {
    // The tokenizer compares each attribute with all others of its tag, so they must be few.
    let source = sanitize::balanced(source).unwrap_or_else(|| sanitize::bare(source));
    let tokenizer = Tokenizer::new(Sink(RefCell::default()), TokenizerOpts::default());
    let queue = BufferQueue::default();
    queue.push_back(StrTendril::from(source));
    // The sink never asks for a script to be run, so everything is read at once.
    let _ = tokenizer.feed(&queue);
    tokenizer.end();
    tokenizer.sink.0.into_inner().finish()
}

/// Returns where the links and the images of HTML lead, in their order. Each stands with the number of
/// characters before it, without blanks, and so does the end of each link, with no target: so two
/// texts with the same targets agree about which words lead where.
pub fn targets(source: &str) -> Vec<(usize, String)> {
    let source = sanitize::balanced(source).unwrap_or_else(|| sanitize::bare(source));
    let tokenizer = Tokenizer::new(Targets(RefCell::default()), TokenizerOpts::default());
    let queue = BufferQueue::default();
    queue.push_back(StrTendril::from(source));
    let _ = tokenizer.feed(&queue);
    tokenizer.end();
    tokenizer.sink.0.into_inner().found
}

struct Targets(RefCell<Found>);

#[derive(Default)]
struct Found {
    found: Vec<(usize, String)>,
    /// How many characters there were.
    passed: usize,
}

impl TokenSink for Targets {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut all = self.0.borrow_mut();
        let tag = match token {
            Token::TagToken(tag) => tag,
            Token::CharacterTokens(text) => {
                all.passed += text.chars().filter(|c| !c.is_whitespace()).count();
                return TokenSinkResult::Continue;
            }
            _ => return TokenSinkResult::Continue,
        };
        let is_end = tag.kind == TagKind::EndTag;
        let target = match &*tag.name {
            "a" if is_end => Some(""),
            "a" => attribute(&tag, "href"),
            "img" => attribute(&tag, "src"),
            _ if is_end => None,
            name => return raw_content(name),
        };
        let at = all.passed;
        all.found.extend(target.map(|target| (at, target.to_owned())));
        TokenSinkResult::Continue
    }
}

struct Sink(RefCell<Writer>);

impl TokenSink for Sink {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut writer = self.0.borrow_mut();
        match token {
            Token::CharacterTokens(text) => writer.text(&text),
            Token::TagToken(tag) if tag.kind == TagKind::EndTag => writer.close(&tag.name),
            Token::TagToken(tag) => {
                writer.open(&tag);
                return raw_content(&tag.name);
            }
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

/// Tells the tokenizer which tags hold no markup.
fn raw_content(name: &str) -> TokenSinkResult<()> {
    match name {
        "title" | "textarea" => TokenSinkResult::RawData(RawKind::Rcdata),
        "script" => TokenSinkResult::RawData(RawKind::ScriptData),
        name if HIDDEN.contains(&name) => TokenSinkResult::RawData(RawKind::Rawtext),
        _ => TokenSinkResult::Continue,
    }
}

/// Tags whose content is not shown. The sanitiser leaves them out.
const HIDDEN: [&str; 9] =
    ["iframe", "noembed", "noframes", "script", "style", "textarea", "title", "xmp", "noscript"];

const VOID: [&str; 12] =
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"];

/// What a tag does to the line that it stands in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Layout {
    Inline,
    /// Stands on lines of its own.
    Block,
    /// The same, with an empty line before and after it.
    Apart,
    Cell,
}

fn layout(name: &str) -> Layout {
    match name {
        "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "pre" | "blockquote" | "dl" | "figure"
        | "hr" | "listing" => Layout::Apart,
        "address" | "article" | "aside" | "body" | "caption" | "center" | "dd" | "details"
        | "dir" | "div" | "dt" | "fieldset" | "figcaption" | "footer" | "form" | "header"
        | "html" | "legend" | "li" | "main" | "menu" | "nav" | "ol" | "option" | "section"
        | "summary" | "table" | "tbody" | "tfoot" | "thead" | "title" | "tr" | "ul" => {
            Layout::Block
        }
        "td" | "th" => Layout::Cell,
        _ => Layout::Inline,
    }
}

/// A tag that is open.
struct Open {
    name: String,
    layout: Layout,
    hidden: bool,
    preformatted: bool,
}

/// A list that is open: the number of its next item, if it counts them.
type List = Option<i64>;

#[derive(Default)]
struct Writer {
    out: String,
    open: Vec<Open>,
    lists: Vec<List>,
    quotes: usize,
    /// How many open tags hide their content, and how many keep its white space.
    hidden: usize,
    preformatted: usize,
    /// The line ends that come before the next text; 0 while the current line has text.
    line_ends: usize,
    /// The white space that comes before the next text on the same line.
    gap: Option<char>,
    /// A list item's marker, which comes before its text.
    marker: Option<String>,
    /// The spaces that the next line begins with.
    blanks: usize,
    /// How deep the last line was quoted.
    quoted: usize,
    /// The next line end follows `<pre>` directly and does not count.
    after_pre: bool,
}

/// How much text is written, in octets: quotations and lists make it longer than its HTML.
pub const OCTETS_MAX: usize = 8 * 1024 * 1024;
/// How many open tags are remembered. HTML that is shown has far fewer.
const OPEN_MAX: usize = 4096;
/// How many line ends may follow each other: two empty lines.
const LINE_ENDS_MAX: usize = 3;
/// How far an end tag reaches back in HTML that is not well nested.
const REACH_MAX: usize = 64;
/// How deep quotations are marked, and how many spaces a line may begin with.
const QUOTES_MAX: usize = 20;
const BLANKS_MAX: usize = 80;

impl Writer {
    fn open(&mut self, tag: &Tag) {
        let name = &*tag.name;
        match name {
            "br" => return self.line_end(),
            "img" => return self.image(tag),
            "wbr" => return,
            _ => {}
        }
        let style = attribute(tag, "style").map(|style| style.to_ascii_lowercase());
        let style = style.as_deref().unwrap_or_default();
        let layout = laid_out(name, style);
        self.break_before(layout);
        if VOID.contains(&name) || self.open.len() == OPEN_MAX {
            return;
        }
        match name {
            "blockquote" => self.quotes += 1,
            "ul" | "menu" | "dir" => self.lists.push(None),
            "ol" => self.lists.push(Some(number(tag, "start").unwrap_or(1))),
            "li" => self.item(tag),
            _ => {}
        }
        let opened = Open {
            name: name.to_owned(),
            layout,
            hidden: HIDDEN.contains(&name) || declares(style, "display", "none"),
            preformatted: name == "pre" || declares(style, "white-space", "pre"),
        };
        self.after_pre = name == "pre";
        self.hidden += usize::from(opened.hidden);
        self.preformatted += usize::from(opened.preformatted);
        self.open.push(opened);
    }

    fn close(&mut self, name: &str) {
        let at = self.open.iter().rev().take(REACH_MAX).position(|open| open.name == name);
        let Some(back) = at else { return };
        let rest = self.open.len() - back - 1;
        for closed in self.open.split_off(rest).into_iter().rev() {
            self.closed(&closed);
        }
    }

    fn closed(&mut self, tag: &Open) {
        self.hidden -= usize::from(tag.hidden);
        self.preformatted -= usize::from(tag.preformatted);
        self.break_before(tag.layout);
        match tag.name.as_str() {
            "blockquote" => self.quotes = self.quotes.saturating_sub(1),
            "ul" | "ol" | "menu" | "dir" => drop(self.lists.pop()),
            "li" => self.marker = None,
            _ => {}
        }
    }

    fn break_before(&mut self, layout: Layout) {
        if self.hidden > 0 || layout == Layout::Inline {
            return;
        }
        self.end_blank_line();
        match layout {
            Layout::Inline => {}
            Layout::Block => self.line_ends = self.line_ends.max(1),
            Layout::Apart => self.line_ends = self.line_ends.max(2),
            Layout::Cell => self.gap = Some('\t'),
        }
    }

    /// A line end in the text. It ends a line that has text, and makes an empty one otherwise.
    fn line_end(&mut self) {
        if self.hidden == 0 {
            self.blanks = 0;
            self.line_ends += 1;
        }
    }

    /// A line with nothing but spaces is an empty one, which was meant to be seen.
    fn end_blank_line(&mut self) {
        self.line_ends += usize::from(std::mem::take(&mut self.blanks) > 0);
    }

    fn item(&mut self, tag: &Tag) {
        let indent = "  ".repeat(self.lists.len().saturating_sub(1).min(QUOTES_MAX));
        let marker = match self.lists.last_mut() {
            Some(Some(next)) => {
                let value = number(tag, "value").unwrap_or(*next);
                *next = value.saturating_add(1);
                format!("{indent}{value}. ")
            }
            _ => format!("{indent}- "),
        };
        self.marker = Some(marker);
    }

    fn image(&mut self, tag: &Tag) {
        let style = attribute(tag, "style").map(|style| style.to_ascii_lowercase());
        if self.hidden > 0 || style.is_some_and(|style| declares(&style, "display", "none")) {
            return;
        }
        // What stands before an image and after it is apart, whatever the image shows.
        self.gap = self.gap.or(Some(' '));
        if let Some(words) = attribute(tag, "alt") {
            self.text(words);
            self.gap = self.gap.or(Some(' '));
        }
    }

    fn text(&mut self, text: &str) {
        if self.hidden > 0 {
            return;
        }
        for c in text.chars() {
            let after_pre = std::mem::take(&mut self.after_pre);
            match c {
                '\n' if self.preformatted > 0 => self.line_ends += usize::from(!after_pre),
                ' ' | '\t' if self.preformatted > 0 => self.write(c),
                '\r' | '\n' | '\t' | ' ' | '\x0c' => self.space(),
                // It only says that no line may be broken here.
                '\u{a0}' => self.no_break_space(),
                c => self.write(c),
            }
        }
    }

    fn space(&mut self) {
        // After spaces that were meant to be seen, one more is seen too.
        self.blanks += usize::from(self.blanks > 0 && self.gap.is_none());
        self.gap = self.gap.or(Some(' '));
    }

    fn no_break_space(&mut self) {
        match self.out.is_empty() || self.line_ends > 0 {
            true => (self.blanks, self.gap) = (self.blanks + 1, None),
            false => self.write(' '),
        }
    }

    fn write(&mut self, c: char) {
        if self.out.len() >= OCTETS_MAX {
            return;
        }
        if self.out.is_empty() || self.line_ends > 0 {
            self.start_line();
        } else if let Some(gap) = self.gap {
            self.out.push(gap);
        }
        (self.line_ends, self.gap) = (0, None);
        self.out.push(c);
    }

    fn start_line(&mut self) {
        if !self.out.is_empty() {
            let shown = self.out.trim_end_matches([' ', '\t']).len();
            self.out.truncate(shown);
            for ended in 1..=self.line_ends.min(LINE_ENDS_MAX) {
                self.out.push('\n');
                // An empty line belongs to a quotation if both its neighbours do.
                if ended < self.line_ends.min(LINE_ENDS_MAX) {
                    let between = self.quotes.min(self.quoted);
                    self.out.extend(std::iter::repeat_n('>', between));
                }
            }
        }
        self.quoted = self.quotes.min(QUOTES_MAX);
        self.out.extend(std::iter::repeat_n('>', self.quoted));
        if self.quoted > 0 {
            self.out.push(' ');
        }
        if let Some(marker) = self.marker.take() {
            self.out.push_str(&marker);
        }
        self.out.extend(std::iter::repeat_n(' ', self.blanks.min(BLANKS_MAX)));
        self.blanks = 0;
    }

    fn finish(mut self) -> String {
        let shown = self.out.trim_end().len();
        self.out.truncate(shown);
        if shown > 0 {
            self.out.push('\n');
        }
        self.out
    }
}

/// How a tag is laid out; its style may say that the next paragraph stands directly below this one,
/// as in mail that was written in Word.
fn laid_out(name: &str, style: &str) -> Layout {
    match layout(name) {
        Layout::Apart if name == "p" && has_no_margin(style) => Layout::Block,
        Layout::Inline if declares(style, "display", "block") => Layout::Block,
        layout => layout,
    }
}

fn has_no_margin(style: &str) -> bool {
    // The lower one is the third of up to four, or the first if there are fewer.
    let of_all = || {
        let all: Vec<&str> = value(style, "margin")?.split_ascii_whitespace().collect();
        all.get(2).or(all.first()).copied()
    };
    let lower = value(style, "margin-bottom").or_else(of_all);
    lower.is_some_and(|lower| lower.starts_with('0') && !lower.starts_with("0."))
}

fn attribute<'t>(tag: &'t Tag, name: &str) -> Option<&'t str> {
    let found = tag.attrs.iter().find(|attribute| &*attribute.name.local == name);
    found.map(|attribute| &*attribute.value)
}

fn number(tag: &Tag, name: &str) -> Option<i64> {
    attribute(tag, name)?.trim().parse::<i32>().ok().map(i64::from)
}

/// Returns whether a style gives a property a value that starts with `start`.
fn declares(style: &str, property: &str, start: &str) -> bool {
    value(style, property).is_some_and(|value| value.starts_with(start))
}

/// Returns what a style, in lower case, says about a property: the last one that is important, or
/// the last one (CSS Cascading and Inheritance §6.4.4).
fn value<'s>(style: &'s str, property: &str) -> Option<&'s str> {
    let pairs = style.split(';').filter_map(|one| one.split_once(':'));
    let mut all = pairs.filter(|(name, _)| name.trim() == property).map(|(_, value)| value.trim());
    let important = |value: &&str| value.ends_with("!important");
    all.clone().rfind(important).or_else(|| all.next_back())
}

#[cfg(test)]
mod tests;
