//! What the values of CSS properties may contain.

use std::borrow::Cow;

/// CSS functions that only compute. All others load something, or might in future.
const FUNCTIONS: [&str; 8] = ["rgb", "rgba", "hsl", "hsla", "calc", "min", "max", "clamp"];

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
