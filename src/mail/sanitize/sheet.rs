//! The style sheets of a mail: which declarations apply to which element. They become part of each
//! element's `style`, and pass by the same filters as what stands there.
//!
//! Type, class, id, `*`, `:link`, descendants and children are understood (Selectors Level 4); a rule
//! with any other selector is skipped, since its declarations without it would apply too widely. Of
//! the rules for media, those for any screen apply (Media Queries Level 4); those for some widths,
//! dark screens or print do not. Nothing is ever imported.
//!
//! The work is bounded: see [`Budget`].

use std::collections::HashMap;

use super::budget::Budget;
use super::selector::{Element, Key, Selector};
use super::split::split_outside;
use super::style::{self, Declaration};
use super::tags::{Attribute, Piece, Reader};
use super::{Refused, settle};

/// How many selectors are kept, and how many declarations of a rule.
const SELECTORS_MAX: usize = 4_096;
const DECLARATIONS_MAX: usize = 64;
/// How deep rules for media are nested.
const NESTING_MAX: usize = 4;

/// The declarations of a rule.
struct Block {
    declarations: Vec<Declaration>,
    /// How many steps it costs to apply them.
    steps: usize,
}

/// A selector and the declarations that it is for.
struct Rule {
    selector: Selector,
    /// Which of [`Sheet::blocks`].
    block: usize,
}

/// All style sheets of a piece of HTML, its `<html>` and its `<body>`.
#[derive(Default)]
pub struct Sheet<'s> {
    rules: Vec<Rule>,
    blocks: Vec<Block>,
    /// The rules whose last part names each key.
    by_key: HashMap<Key, Vec<usize>>,
    /// The attributes of the `<html>` and the `<body>`.
    pub html: Vec<Attribute<'s>>,
    pub body: Vec<Attribute<'s>>,
}

impl<'s> Sheet<'s> {
    /// Reads the style sheets in a piece of HTML, wherever they stand in it.
    pub fn of(source: &'s str) -> Result<Sheet<'s>, Refused> {
        let mut reader = Reader::new(source);
        let mut sheet = Sheet::default();
        let (mut roots, mut bodies) = (0, 0);
        while let Some(piece) = reader.piece()? {
            match piece {
                Piece::Sheet(attributes, text) => {
                    let media = attributes.iter().find(|attribute| attribute.name == "media");
                    if media.is_none_or(|media| is_for_any_screen(media.value)) {
                        sheet.read(&without_comments(text), 0);
                    }
                }
                Piece::Open(name, attributes) if name == "html" => {
                    roots += 1;
                    if roots == 1 {
                        sheet.html = attributes;
                    }
                }
                Piece::Open(name, attributes) if name == "body" => {
                    bodies += 1;
                    if bodies == 1 {
                        sheet.body = attributes;
                    }
                }
                _ => {}
            }
        }
        Ok(sheet)
    }

    /// Leaves nothing but the `<html>` and the `<body>`.
    pub fn without_rules(self) -> Sheet<'s> {
        Sheet { html: self.html, body: self.body, ..Sheet::default() }
    }

    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    fn read(&mut self, mut text: &str, nested: usize) {
        loop {
            text = after_blanks(text);
            let Some(end) = find_outside(text, |c| matches!(c, '{' | ';')) else { return };
            let (prelude, rest) = (text[..end].trim(), &text[end + 1..]);
            if text[end..].starts_with(';') {
                // `@import` or `@charset`; or a declaration outside any rule.
                text = rest;
                continue;
            }
            let (block, after) = split_block(rest);
            text = after;
            match prelude.strip_prefix('@') {
                None => self.rule(prelude, block),
                Some(rule) => {
                    let media = rule.get(..5).filter(|name| name.eq_ignore_ascii_case("media"));
                    let applies = media.is_some_and(|_| is_for_any_screen(&rule[5..]));
                    if applies && nested < NESTING_MAX {
                        self.read(block, nested + 1);
                    }
                }
            }
        }
    }

    fn rule(&mut self, selectors: &str, block: &str) {
        // Rules within rules would be for other elements.
        if block.contains('{') || is_invalid(selectors) {
            return;
        }
        let mut declarations = style::kept(block);
        declarations.truncate(DECLARATIONS_MAX);
        if declarations.is_empty() {
            return;
        }
        /// How many octets are copied in one step.
        const STEP_OCTETS: usize = 16;
        let steps = declarations.iter().map(|one| 1 + one.octets() / STEP_OCTETS).sum();
        let block = self.blocks.len();
        self.blocks.push(Block { declarations, steps });
        let left = SELECTORS_MAX - self.rules.len();
        for selector in
            split_outside(selectors, |c| c == ',').filter_map(Selector::parse).take(left)
        {
            self.by_key.entry(selector.key()).or_default().push(self.rules.len());
            self.rules.push(Rule { selector, block });
        }
    }

    /// Returns the declarations that apply to the last of `path`, the weakest first; `important` ones
    /// are among them.
    pub fn matching(&self, path: &[Element], budget: &mut Budget) -> Vec<&Declaration> {
        let Some(element) = path.last().filter(|_| !budget.spent) else { return Vec::new() };
        let mut found = Vec::new();
        for at in element.keys().filter_map(|key| self.by_key.get(&key)).flatten() {
            let rule = &self.rules[*at];
            if rule.selector.matches(path, budget) && budget.steps(self.blocks[rule.block].steps) {
                found.push((rule.selector.specificity(), *at));
            }
            if budget.spent {
                return Vec::new();
            }
        }
        found.sort_unstable();
        let blocks = found.iter().map(|(_, at)| &self.blocks[self.rules[*at].block]);
        blocks.flat_map(|block| &block.declarations).collect()
    }
}

/// Returns whether a browser skips a rule because one of its selectors is of another browser only.
fn is_invalid(selectors: &str) -> bool {
    let lower = selectors.to_ascii_lowercase();
    [":-ms-", ":-moz-", ":-o-"].iter().any(|start| lower.contains(start))
}

/// Returns whether a list of media includes every screen.
fn is_for_any_screen(media: &str) -> bool {
    media.trim().is_empty()
        || media.split(',').any(|one| {
            let words: Vec<&str> = one.split_whitespace().collect();
            let is = |word: &str, expected: &str| word.eq_ignore_ascii_case(expected);
            match words[..] {
                [medium] => is(medium, "all") || is(medium, "screen"),
                [only, medium] if is(only, "only") => is(medium, "all") || is(medium, "screen"),
                [not, medium] => is(not, "not") && (is(medium, "print") || is(medium, "speech")),
                _ => false,
            }
        })
}

fn after_blanks(mut text: &str) -> &str {
    loop {
        let rest = text.trim_start_matches(|c: char| c.is_whitespace() || c == '}');
        let rest = rest.strip_prefix("<!--").or_else(|| rest.strip_prefix("-->")).unwrap_or(rest);
        if rest.len() == text.len() {
            return text;
        }
        text = rest;
    }
}

/// Splits a text after the block that it begins in.
fn split_block(text: &str) -> (&str, &str) {
    let mut depth = 0_usize;
    let end = find_outside(text, |c| {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => return true,
            '}' => depth -= 1,
            _ => {}
        }
        false
    });
    end.map_or((text, ""), |end| (&text[..end], &text[end + 1..]))
}

/// Finds a character that is not within quotes, which end with their line at the latest.
fn find_outside(text: &str, mut is: impl FnMut(char) -> bool) -> Option<usize> {
    let (mut quote, mut is_escaped) = (None, false);
    let found = text.char_indices().find(|(_, c)| {
        if std::mem::take(&mut is_escaped) {
            return false;
        }
        is_escaped = *c == '\\';
        match (quote, *c) {
            (Some(open), c) if open == c || c == '\n' => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(*c),
            (None, c) => return is(c),
        }
        false
    });
    found.map(|(at, _)| at)
}

fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("/*") {
        out.extend([before, " "]);
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    out.push_str(rest);
    out
}

/// Returns what the attributes of a `<body>` say about its appearance, as declarations.
pub fn of_body(attributes: &[Attribute<'_>]) -> Vec<Declaration> {
    let named = |name: &str| attributes.iter().find(|attribute| attribute.name == name);
    let colour = |attribute: &str, property: &str| {
        let value = settle::unescape(named(attribute)?.value);
        let value = value.trim();
        let is_hex =
            matches!(value.len(), 3 | 6) && value.bytes().all(|octet| octet.is_ascii_hexdigit());
        let value = if is_hex { format!("#{value}") } else { value.to_owned() };
        style::kept(&format!("{property}:{value}")).pop()
    };
    let given = [colour("bgcolor", "background-color"), colour("text", "color")];
    given.into_iter().flatten().collect()
}
