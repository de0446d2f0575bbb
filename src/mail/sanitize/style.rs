//! What the values of CSS properties may contain, and which only work together.

use std::borrow::Cow;
use std::fmt::Write;

/// CSS functions that only compute. All others load something, or might in future.
const FUNCTIONS: [&str; 8] = ["rgb", "rgba", "hsl", "hsla", "calc", "min", "max", "clamp"];

/// Returns a style attribute whose text and background belong together, with character references
/// resolved: of a `background`, the colour is kept as `background-color`. If a background has no
/// colour, because it is an image or a gradient, nothing of it is shown, and a text colour that was
/// chosen for it could be the colour of what is shown instead; so it goes too.
pub fn in_pairs(style: &str) -> Cow<'_, str> {
    let pairs = || declarations(style).filter_map(|one| one.split_once(':'));
    let is = |name: &str, known: &str| name.trim().eq_ignore_ascii_case(known);
    if !pairs().any(|(name, _)| is(name, "background") || is(name, "background-image")) {
        return Cow::Borrowed(style);
    }
    let keeps = pairs().any(|(name, value)| {
        is(name, "background-color") || is(name, "background") && colour_in(value).is_some()
    });
    let is_none = pairs().all(|(name, value)| {
        !(is(name, "background") || is(name, "background-image")) || is(value, "none")
    });
    let mut out = String::with_capacity(style.len());
    for (name, value) in pairs() {
        let colour = match is(name, "background") {
            true => colour_in(value),
            false => None,
        };
        match colour {
            Some(colour) => _ = write!(out, "background-color:{colour};"),
            None if is(name, "color") && !keeps && !is_none => {}
            None => _ = write!(out, "{name}:{value};"),
        }
    }
    Cow::Owned(out)
}

/// Splits a style at its semicolons, but not within brackets or quotes.
fn declarations(style: &str) -> impl Iterator<Item = &str> {
    split_outside(style, |c| c == ';')
}

/// Splits a text where `is_end` says so, but not within brackets or quotes.
fn split_outside(text: &str, is_end: impl Fn(char) -> bool) -> impl Iterator<Item = &str> {
    let (mut depth, mut quote) = (0_u32, None);
    text.split(move |c| {
        match (quote, c) {
            (Some(open), c) if open == c => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '(') => depth += 1,
            (None, ')') => depth = depth.saturating_sub(1),
            (None, c) => return depth == 0 && is_end(c),
        }
        false
    })
}

/// Returns the colour in the value of a `background`.
fn colour_in(value: &str) -> Option<&str> {
    /// What else may stand there.
    const WORDS: &str = "auto border-box bottom center contain content-box cover fixed inherit \
        initial left local no-repeat none padding-box repeat repeat-x repeat-y revert \
        revert-layer right round scroll space text top unset !important";
    let value = value.trim();
    let value = value.strip_suffix("!important").unwrap_or(value);
    let is_colour = |word: &&str| {
        let word = word.to_ascii_lowercase();
        let is_name = word.bytes().all(|octet| octet.is_ascii_alphabetic());
        let is_hex = word.strip_prefix('#').is_some_and(|hex| {
            (3..=8).contains(&hex.len()) && hex.bytes().all(|octet| octet.is_ascii_hexdigit())
        });
        let computes =
            ["rgb(", "rgba(", "hsl(", "hsla("].iter().any(|start| word.starts_with(start));
        let known = WORDS.split_ascii_whitespace().any(|known| known == word);
        is_hex || computes || (is_name && !word.is_empty() && !known)
    };
    split_outside(value, |c| c.is_whitespace() || matches!(c, ',' | '/')).find(is_colour)
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
    fn a_text_keeps_its_background_or_loses_its_colour() {
        for (given, expected) in [
            ("color:red", "color:red"),
            ("background:#fff", "background-color:#fff;"),
            ("BACKGROUND: #e4572e; color:#fff", "background-color:#e4572e; color:#fff;"),
            (
                "color:#fff;background:url('a;b.png') no-repeat center / cover, rgb(1, 2, 3)",
                "color:#fff;background-color:rgb(1, 2, 3);",
            ),
            ("background:Navy url(x) !important;color:white", "background-color:Navy;color:white;"),
            (
                "color:white;background-image:url(x);background-color:navy",
                "color:white;background-image:url(x);background-color:navy;",
            ),
            ("color:white;background:url(x) repeat-x", "background:url(x) repeat-x;"),
            (
                "background:linear-gradient(red, blue);color:white;width:1px",
                "background:linear-gradient(red, blue);width:1px;",
            ),
            ("color:black;background:none", "color:black;background:none;"),
            ("background", "background"),
        ] {
            assert_eq!(in_pairs(given), expected, "{given}");
        }
    }

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
