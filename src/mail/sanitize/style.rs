//! What the values of CSS properties may contain, and which only work together.

use std::borrow::Cow;
use std::fmt::Write;

use super::lists;

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
    /// Of a background, the colour that is shown, which is found only once.
    shown: Option<String>,
}

impl Declaration {
    /// Returns how long it is.
    pub fn octets(&self) -> usize {
        self.name.len() + self.value.len() + self.shown.as_ref().map_or(0, String::len)
    }
}

/// How long a value is at most that is kept. Of a longer background, such as an image in a `data:`
/// URL, only the colour is.
const VALUE_OCTETS_MAX: usize = 512;

/// What the text of an element stands on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ground {
    /// The page; nothing has a colour.
    #[default]
    Page,
    /// A background that is shown, or one of which only the text's colour is known.
    Own,
    /// An image, which is not shown.
    Lost,
}

/// Returns the declarations of a style, with character references resolved, that may be kept; and
/// the backgrounds, of which a colour may be kept.
pub fn kept(style: &str) -> Vec<Declaration> {
    declarations(style).filter_map(declaration).collect()
}

fn declaration(text: &str) -> Option<Declaration> {
    let (name, value) = text.split_once(':')?;
    let name = name.trim().to_ascii_lowercase();
    let value = value.trim();
    let (plain, word) = value.rsplit_once('!').unwrap_or((value, ""));
    let important = word.trim().eq_ignore_ascii_case("important");
    let value = if important { plain.trim_end() } else { value };
    let is_background = is_background(&name);
    // A reference that was not resolved would mean something else in an attribute.
    let is_plain = !value.is_empty() && !value.contains(['&', '\\']);
    let is_short = value.len() <= VALUE_OCTETS_MAX;
    let is_listed = || is_short && lists::CSS.contains(name.as_str()) && is_harmless(value);
    if !(is_plain && (is_background || is_listed())) {
        return None;
    }
    let shown = shown_colour(&name, value).filter(|colour| colour.len() <= VALUE_OCTETS_MAX);
    let shown = shown.map(Cow::into_owned);
    let value = if is_short { value } else { LONG };
    Some(Declaration { name, value: value.to_owned(), important, shown })
}

/// What stands for the value of a long background.
const LONG: &str = "url()";

fn is_background(name: &str) -> bool {
    matches!(name, "background" | "background-image")
}

/// The colours of the page that a message is shown on.
const PAGE: &str = "background-color:#fff;color:#1a1a1a;";

/// Returns one style of declarations, the weakest first, in which text and background belong
/// together (CSS Cascading Level 4 §6.4: what is important comes last). Of a `background`, the colour
/// is kept as `background-color`. If a background has no colour, because it is an image, nothing of
/// it is shown, and a text colour that was chosen for it could be the colour of what is shown
/// instead; so it goes too, here and in the elements inside.
pub fn in_pairs<'d>(
    declared: impl IntoIterator<Item = &'d Declaration>,
    attribute: Ground,
    around: Ground,
) -> (String, Ground) {
    let (important, normal): (Vec<_>, Vec<_>) = declared.into_iter().partition(|one| one.important);
    let mut last: Vec<&Declaration> = Vec::new();
    for one in normal.into_iter().chain(important) {
        let resets = |name: &str| match one.name.as_str() {
            "background" => name.starts_with("background"),
            other => name == other,
        };
        last.retain(|before| !resets(&before.name));
        last.push(one);
    }
    let own = match own_ground(&last) {
        Ground::Page => attribute,
        // The colour of an attribute is shown where an image would have been.
        Ground::Lost if attribute == Ground::Own => Ground::Own,
        own => own,
    };
    let coloured = last.iter().any(|one| one.name == "color");
    let ground = match (own, around) {
        (Ground::Page, Ground::Page) if coloured => Ground::Own,
        (Ground::Page, around) => around,
        (own, _) => own,
    };
    let mut out = String::new();
    if own == Ground::Lost && around == Ground::Own {
        // The colours around it were chosen for something else.
        out.push_str(PAGE);
    }
    for one in last {
        match &one.shown {
            Some(colour) => _ = write!(out, "background-color:{colour};"),
            None if is_background(&one.name) => {}
            None if one.name == "color" && ground == Ground::Lost => {}
            None => _ = write!(out, "{}:{};", one.name, one.value),
        }
    }
    (out, ground)
}

/// Returns the colour of a `background`, or one that stands for a gradient.
fn shown_colour<'v>(name: &str, value: &'v str) -> Option<Cow<'v, str>> {
    if !is_background(name) {
        return None;
    }
    let colour = colour_in(value).map(Cow::Borrowed).or_else(|| match name {
        _ if value.to_ascii_lowercase().contains("gradient(") => gradient_colour(value),
        "background" if is_none(value) => Some(Cow::Borrowed("transparent")),
        _ => None,
    });
    colour.filter(|colour| is_harmless(colour))
}

/// Returns the first colour of a gradient that nothing shines through.
fn gradient_colour(value: &str) -> Option<Cow<'_, str>> {
    let value = value.to_ascii_lowercase();
    let (_, inside) = value.split_once("gradient(")?;
    let is_opaque = |colour: &&str| match colour.strip_prefix('#') {
        Some(hex) => matches!(hex.len(), 3 | 6),
        None => {
            let sees_through = colour.starts_with("rgba(") || colour.starts_with("hsla(");
            !sees_through && !colour.contains('/') && *colour != "transparent"
        }
    };
    let colour = colour_in(inside).filter(is_opaque).filter(|_| !value.contains("url("));
    colour.map(|colour| Cow::Owned(colour.trim_end_matches([')', ' ']).to_owned())).map(
        |colour: Cow<'_, str>| match colour.contains('(') {
            true => Cow::Owned(format!("{colour})")),
            false => colour,
        },
    )
}

fn is_none(value: &str) -> bool {
    ["none", "0", "initial", "unset"].iter().any(|none| value.eq_ignore_ascii_case(none))
}

fn own_ground(declared: &[&Declaration]) -> Ground {
    let sees_through = |value: &str| ["transparent", "inherit"].contains(&value) || is_none(value);
    let is_colour = |one: &&&Declaration| match &one.shown {
        Some(colour) => !sees_through(colour),
        None => one.name == "background-color" && !sees_through(&one.value.to_ascii_lowercase()),
    };
    let is_image = |one: &&Declaration| is_background(&one.name) && !is_none(&one.value);
    match declared.iter().find(is_colour) {
        Some(_) => Ground::Own,
        None if declared.iter().any(|one| is_image(one) && one.shown.is_none()) => Ground::Lost,
        None => Ground::Page,
    }
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
    const WORDS: &str = "at auto border-box bottom center circle closest-corner closest-side \
        contain content-box cover ellipse farthest-corner farthest-side fixed from inherit initial \
        left local no-repeat none padding-box repeat repeat-x repeat-y revert revert-layer right \
        round scroll space text to top unset";
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

    fn paired(style: &str) -> (String, Ground) {
        in_pairs(&kept(style), Ground::Page, Ground::Page)
    }

    #[test]
    fn a_text_keeps_its_background_or_loses_its_colour() {
        use Ground::{Lost, Own, Page};
        for (given, expected, ground) in [
            ("color:red", "color:red;", Own),
            ("width:1px", "width:1px;", Page),
            ("background:#fff", "background-color:#fff;", Own),
            ("BACKGROUND: #e4572e; color:#fff", "background-color:#e4572e;color:#fff;", Own),
            (
                "color:#fff;background:url('a;b.png') no-repeat center / cover, rgb(1, 2, 3)",
                "color:#fff;background-color:rgb(1, 2, 3);",
                Own,
            ),
            (
                "background:Navy url(x) !important;color:white",
                "color:white;background-color:Navy;",
                Own,
            ),
            (
                "color:white;background-image:url(x);background-color:navy",
                "color:white;background-color:navy;",
                Own,
            ),
            ("color:white;background:url(x) repeat-x", "", Lost),
            (
                "background:linear-gradient(to right, rgb(1, 2, 3) 0%, blue);color:white;width:1px",
                "background-color:rgb(1, 2, 3);color:white;width:1px;",
                Own,
            ),
            (
                "background-image:radial-gradient(circle,#123,red);color:white",
                "background-color:#123;color:white;",
                Own,
            ),
            ("background:linear-gradient(rgba(0,0,0,.5),navy),url(x);color:white", "", Lost),
            ("color:black;background:none", "color:black;background-color:transparent;", Own),
            (
                "background:navy;color:white;background:none",
                "color:white;background-color:transparent;",
                Own,
            ),
            (
                "background-color:navy!important;background:url(x);color:#fff",
                "color:#fff;background-color:navy;",
                Own,
            ),
            ("color:red ! IMPORTANT;color:blue", "color:red;", Own),
            ("background", "", Page),
        ] {
            assert_eq!(paired(given), (expected.to_owned(), ground), "{given}");
        }
        let inside = in_pairs(&kept("color:white;width:1px"), Page, Lost);
        assert_eq!(inside, ("width:1px;".to_owned(), Lost));
        let over_dark = in_pairs(&kept("color:white;background:url(x)"), Page, Own);
        assert_eq!(over_dark, (PAGE.to_owned(), Lost));
        let on_own = in_pairs(&kept("color:white;background:url(x)"), Own, Lost);
        assert_eq!(on_own, ("color:white;".to_owned(), Own));
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
