//! What the values of CSS properties may contain, and which are kept.

use std::borrow::Cow;

use super::lists;
use super::paint::Paint;
use super::split::split_outside;

/// CSS functions that only compute. All others load something, or might in future.
const FUNCTIONS: [&str; 8] = ["rgb", "rgba", "hsl", "hsla", "calc", "min", "max", "clamp"];

/// A property and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declaration {
    /// In lower case.
    pub name: String,
    /// Without `!important`.
    pub value: String,
    pub important: bool,
    /// Of a background, what it shows, which is found only once; it has no value then.
    pub paint: Option<Paint>,
}

impl Declaration {
    /// Returns how long it is.
    pub fn octets(&self) -> usize {
        self.name.len() + self.value.len() + self.paint.as_ref().map_or(0, Paint::octets)
    }
}

/// How long a value is at most that is kept.
const VALUE_OCTETS_MAX: usize = 512;

/// Returns the declarations of a style, with character references resolved, that may be kept; and
/// the backgrounds, of which a colour may be kept.
pub fn kept(style: &str) -> Vec<Declaration> {
    let mut kept = split_outside(style, |c| c == ';').filter_map(declaration).collect();
    leave_fallbacks(&mut kept);
    kept
}

/// Leaves the background that is understood where another one, which is not, follows it in the same
/// rule: browsers that do not understand it either show that.
fn leave_fallbacks(declarations: &mut Vec<Declaration>) {
    let mut is_shown = [false; 2];
    declarations.retain(|one| {
        let shown = &mut is_shown[usize::from(one.important)];
        *shown |= matches!(one.paint, Some(Paint::Solid(_)));
        one.paint != Some(Paint::Unread) || !*shown
    });
}

fn declaration(text: &str) -> Option<Declaration> {
    let (name, value) = text.split_once(':')?;
    let name = name.trim().to_ascii_lowercase();
    let value = value.trim();
    let (plain, word) = value.rsplit_once('!').unwrap_or((value, ""));
    let important = word.trim().eq_ignore_ascii_case("important");
    let value = if important { plain.trim_end() } else { value };
    // A reference that was not resolved would mean something else in an attribute.
    if value.is_empty() || value.contains(['&', '\\']) {
        return None;
    }
    if matches!(name.as_str(), "background" | "background-color" | "background-image") {
        let paint = Some(Paint::of(value));
        return Some(Declaration { name, value: String::new(), important, paint });
    }
    let is_listed = value.len() <= VALUE_OCTETS_MAX && lists::CSS.contains(name.as_str());
    let is_kept = is_listed && is_closed(value) && !is_nested(value) && is_harmless(value);
    is_kept.then(|| Declaration { name, value: value.to_owned(), important, paint: None })
}

/// Returns whether a value has functions within functions: the cleaner leaves those open, so that
/// they would swallow the declarations after them.
pub fn is_nested(value: &str) -> bool {
    let mut depth = 0_u32;
    value.chars().any(|c| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > 1
    })
}

/// Returns whether each quote and bracket in a value has its other one.
fn is_closed(value: &str) -> bool {
    let (mut depth, mut quote) = (0_i32, None);
    for c in value.chars() {
        match (quote, c) {
            (Some(open), c) if open == c => quote = None,
            (Some(_), '\n') => return false,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') if depth == 0 => return false,
            (None, ')' | ']' | '}') => depth -= 1,
            (None, _) => {}
        }
    }
    quote.is_none() && depth == 0
}

/// Returns whether a style attribute, with character references resolved, can neither load nor run
/// anything.
pub fn is_harmless(style: &str) -> bool {
    let plain = unescape(style).to_ascii_lowercase();
    let calls_known_only = plain.match_indices('(').all(|(at, _)| {
        let is_name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
        let before = plain[..at].trim_end();
        let name = before.rsplit(|c| !is_name(c)).next().unwrap_or_default();
        FUNCTIONS.contains(&name)
    });
    let compact: String = plain.chars().filter(|c| !c.is_whitespace()).collect();
    let bad = ["@", "/*", "<", "//", "javascript:", "expression", "behavior", "-moz-binding"];
    calls_known_only && !bad.iter().any(|bad| compact.contains(bad))
}

/// Resolves CSS escapes: a backslash and up to six hexadecimal digits, or a backslash and any
/// character.
fn unescape(style: &str) -> Cow<'_, str> {
    if !style.contains('\\') {
        return Cow::Borrowed(style);
    }
    let mut out = String::with_capacity(style.len());
    let mut chars = style.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        let mut code = String::new();
        while code.len() < 6 && chars.peek().is_some_and(char::is_ascii_hexdigit) {
            code.extend(chars.next());
        }
        if code.is_empty() {
            out.extend(chars.next());
        } else {
            chars.next_if(|c| c.is_whitespace());
            let number = u32::from_str_radix(&code, 16).unwrap_or(0xfffd);
            out.push(char::from_u32(number).unwrap_or('\u{fffd}'));
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_only_change_the_appearance_are_kept() {
        for style in [
            "color:red",
            "color:rgb(1, 2, 3);width:calc(100% - 2px)",
            "font-family:\"Segoe UI\", Arial",
            "margin:0 auto",
            "",
        ] {
            assert!(is_harmless(style), "{style}");
        }
    }

    #[test]
    fn values_that_load_or_run_are_not() {
        for style in [
            "width:url(x)",
            "width:u\\72l(x)",
            "width:\\000075rl(x)",
            "width:URL (x)",
            "width:image-set(\"x\" 1x)",
            "width:src(\"x\")",
            "width:-webkit-cross-fade(x)",
            "width:expression(alert(1))",
            "width:exp/**/ression(1)",
            "behavior:x",
            "x:@import",
            "width:(1)",
            "width:j\\61vascript:x",
        ] {
            assert!(!is_harmless(style), "{style}");
        }
    }
}
