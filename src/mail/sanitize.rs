//! HTML mail made inert: no script, nothing that loads from elsewhere, nothing that escapes its
//! frame. The frame's sandbox and CSP stand behind this; each alone would hold.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use ammonia::{Builder, UrlRelative};

/// HTML that may be shown in the mail frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Safe {
    /// A whole document.
    pub html: String,
    /// How many remote images were left out.
    pub remote_images: u32,
}

/// Why a part is not shown as HTML; its text is shown instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("the HTML part is too large to be shown")]
    TooLarge,
    #[error("the HTML part is nested too deeply to be shown")]
    TooDeep,
    #[error("the HTML part has too many attributes to be shown")]
    TooManyAttributes,
}

/// The HTML parser's work grows with the square of the depth and of the attributes of one tag,
/// so both are bounded by a linear scan before it runs.
const OCTETS_MAX: usize = 512 * 1024;
const DEPTH_MAX: usize = 512;
const ATTRIBUTES_MAX: usize = 256;

/// Properties that never load anything and cannot leave the frame or cover it.
const CSS: [&str; 56] = [
    "background-color",
    "border",
    "border-bottom",
    "border-bottom-color",
    "border-bottom-style",
    "border-bottom-width",
    "border-collapse",
    "border-color",
    "border-left",
    "border-left-color",
    "border-left-style",
    "border-left-width",
    "border-radius",
    "border-right",
    "border-right-color",
    "border-right-style",
    "border-right-width",
    "border-spacing",
    "border-style",
    "border-top",
    "border-top-color",
    "border-top-style",
    "border-top-width",
    "border-width",
    "clear",
    "color",
    "direction",
    "display",
    "float",
    "font-family",
    "font-size",
    "font-style",
    "font-weight",
    "height",
    "letter-spacing",
    "line-height",
    "margin",
    "margin-bottom",
    "margin-left",
    "margin-right",
    "margin-top",
    "max-width",
    "min-width",
    "padding",
    "padding-bottom",
    "padding-left",
    "padding-right",
    "padding-top",
    "text-align",
    "text-decoration",
    "text-indent",
    "text-transform",
    "vertical-align",
    "white-space",
    "width",
    "word-break",
];

const TAGS: [&str; 62] = [
    "a",
    "abbr",
    "address",
    "article",
    "b",
    "bdi",
    "bdo",
    "big",
    "blockquote",
    "br",
    "caption",
    "center",
    "cite",
    "code",
    "col",
    "colgroup",
    "dd",
    "del",
    "details",
    "dfn",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "font",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "i",
    "img",
    "ins",
    "kbd",
    "li",
    "mark",
    "ol",
    "p",
    "pre",
    "q",
    "s",
    "samp",
    "section",
    "small",
    "span",
    "strike",
    "strong",
    "sub",
    "summary",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
];
const MORE_TAGS: [&str; 7] = ["tr", "tt", "u", "ul", "var", "wbr", "time"];

const ATTRIBUTES: [&str; 20] = [
    "align",
    "alt",
    "bgcolor",
    "border",
    "cellpadding",
    "cellspacing",
    "color",
    "colspan",
    "dir",
    "face",
    "height",
    "lang",
    "rowspan",
    "size",
    "span",
    "start",
    "style",
    "title",
    "valign",
    "width",
];

/// Where an inline image is, while ammonia runs: a scheme that nothing else may use.
const CID: &str = "cid:";

static BUILDER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut builder = Builder::empty();
    builder
        .tags(TAGS.into_iter().chain(MORE_TAGS).collect())
        .clean_content_tags(
            [
                "script", "style", "title", "svg", "math", "noscript", "iframe", "object",
                "template", "select", "textarea", "xmp",
            ]
            .into(),
        )
        .generic_attributes(ATTRIBUTES.into())
        .tag_attributes(HashMap::from([
            ("a", HashSet::from(["href"])),
            ("img", HashSet::from(["src"])),
        ]))
        .url_schemes(["http", "https", "mailto", "cid"].into())
        .url_relative(UrlRelative::Deny)
        .link_rel(Some("noopener noreferrer"))
        .set_tag_attribute_value("a", "target", "_blank")
        .filter_style_properties(CSS.into());
    builder
});

/// Makes a part inert. `cid` gives the URL of an inline image by its content id, or `None`.
pub fn html(source: &str, cid: &dyn Fn(&str) -> Option<String>) -> Result<Safe, Refused> {
    check_bounds(source)?;
    let cleaned = BUILDER.clean(source).to_string();
    let (images_done, remote_images) = settle_images(&cleaned, cid);
    let body = settle_styles(&images_done);
    let html = format!(
        "<!doctype html><html><head><meta charset=\"utf-8\">\
         <meta name=\"color-scheme\" content=\"light\"><title>Message</title>\
         <style>body{{margin:12px;font:15px/1.5 system-ui,sans-serif;color:#1a1a1a;\
         background:#fff;overflow-wrap:anywhere}}img{{max-width:100%;height:auto}}\
         table{{max-width:100%}}blockquote{{margin-inline:0;padding-inline-start:12px;\
         border-inline-start:3px solid #ccc}}pre{{white-space:pre-wrap}}</style></head>\
         <body dir=\"auto\">{body}</body></html>"
    );
    Ok(Safe { html, remote_images })
}

/// Bounds depth and attributes without building a tree. Counts every tag that opens and does
/// not close, which is never less than the depth of the tree.
pub fn check_bounds(source: &str) -> Result<(), Refused> {
    if source.len() > OCTETS_MAX {
        return Err(Refused::TooLarge);
    }
    let octets = source.as_bytes();
    let (mut depth, mut at) = (0usize, 0);
    while let Some(found) = memchr::memchr(b'<', &octets[at..]) {
        at += found + 1;
        match octets.get(at) {
            Some(b'/') => depth = depth.saturating_sub(1),
            Some(c) if c.is_ascii_alphabetic() => {
                let end = memchr::memchr(b'>', &octets[at..]).map_or(octets.len(), |e| at + e);
                let tag = &octets[at..end];
                // Every attribute stands behind a blank or a slash.
                let parts = tag.iter().filter(|o| o.is_ascii_whitespace() || **o == b'/').count();
                if parts > 2 * ATTRIBUTES_MAX && attributes(tag) > ATTRIBUTES_MAX {
                    return Err(Refused::TooManyAttributes);
                }
                depth += usize::from(!is_void(tag));
            }
            _ => {}
        }
        if depth > DEPTH_MAX {
            return Err(Refused::TooDeep);
        }
    }
    Ok(())
}

/// How many words a tag holds outside quotes.
fn attributes(tag: &[u8]) -> usize {
    let (mut quote, mut inside, mut words) = (None, false, 0);
    for octet in tag {
        match (quote, octet) {
            (Some(open), octet) if open == *octet => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => quote = Some(*octet),
            (None, o) if o.is_ascii_whitespace() || *o == b'/' => inside = false,
            (None, _) if !inside => (inside, words) = (true, words + 1),
            _ => {}
        }
    }
    words
}

/// Tags that never hold anything, or that the parser closes by itself, so that the endless
/// `<br>` and `<p>` of real mail do not count as depth.
fn is_void(tag: &[u8]) -> bool {
    let name = tag.iter().take_while(|o| o.is_ascii_alphanumeric()).count();
    const VOID: [&[u8]; 18] = [
        b"br", b"img", b"hr", b"meta", b"link", b"input", b"col", b"wbr", b"area", b"base",
        b"embed", b"source", b"p", b"li", b"td", b"tr", b"dt", b"dd",
    ];
    VOID.iter().any(|void| tag[..name].eq_ignore_ascii_case(void))
}

/// Gives inline images their URL and takes every other image away. Works on ammonia's output,
/// whose attributes are always `name="escaped value"`.
fn settle_images(cleaned: &str, cid: &dyn Fn(&str) -> Option<String>) -> (String, u32) {
    let mut out = String::with_capacity(cleaned.len());
    let (mut rest, mut remote) = (cleaned, 0);
    while let Some(at) = rest.find("<img") {
        let (before, tag_on) = rest.split_at(at);
        out.push_str(before);
        // A `>` inside a value is written as such, so the tag's end is looked for outside quotes.
        let end = tag_end(tag_on);
        let (tag, after) = tag_on.split_at(end);
        rest = after;
        let Some(source) = attribute(tag, "src") else { continue };
        match source.strip_prefix(CID) {
            Some(id) => {
                if let Some(url) = cid(&unescape(id)) {
                    out.push_str(&tag.replacen(
                        &format!("src=\"{source}\""),
                        &format!("src=\"{}\"", escape(&url)),
                        1,
                    ));
                }
            }
            None => remote += 1,
        }
    }
    out.push_str(rest);
    (out, remote)
}

fn tag_end(tag: &str) -> usize {
    let mut quoted = false;
    for (at, c) in tag.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '>' if !quoted => return at + 1,
            _ => {}
        }
    }
    tag.len()
}

fn attribute<'t>(tag: &'t str, name: &str) -> Option<&'t str> {
    let start = tag.find(&format!(" {name}=\""))? + name.len() + 3;
    tag[start..].split('"').next()
}

/// Looks at every style again as it came out: escapes resolved, nothing that loads or hides in
/// a function is left.
fn settle_styles(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find(" style=\"") {
        let (before, style_on) = rest.split_at(at);
        out.push_str(before);
        let value_on = &style_on[" style=\"".len()..];
        let end = value_on.find('"').unwrap_or(value_on.len());
        let value = &value_on[..end];
        if is_harmless_style(&unescape(value)) {
            out.push_str(&style_on[..(" style=\"".len() + end + 1).min(style_on.len())]);
        }
        rest = value_on.get(end + 1..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

fn is_harmless_style(style: &str) -> bool {
    let plain = css_unescape(style).to_ascii_lowercase();
    let compact: String = plain.chars().filter(|c| !c.is_whitespace()).collect();
    let bad = ["url(", "image(", "image-set(", "expression(", "@", "/*", "<", "javascript:", "//"];
    !bad.iter().any(|bad| compact.contains(bad))
}

/// CSS escapes: a backslash and up to six hexadecimal digits, or a backslash and any character.
fn css_unescape(style: &str) -> Cow<'_, str> {
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

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;").replace('>', "&gt;")
}

fn unescape(text: &str) -> String {
    text.replace("&quot;", "\"")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&nbsp;", "\u{a0}")
        .replace("&amp;", "&")
}

/// Whether a document, parsed anew, holds no script, no handler and no remote load: the second
/// opinion that tests and fuzzing hold [`html`] to.
pub fn is_inert(document: &str) -> bool {
    let mut everything = Builder::default();
    everything.add_generic_attributes(["style"]);
    let body = document.split_once("<body").map_or(document, |(_, body)| body);
    let lower = body.to_ascii_lowercase();
    let forbidden = [
        "<script",
        "<iframe",
        "<object",
        "<embed",
        "<svg",
        "<math",
        "<style",
        "<link",
        "<meta",
        "<base",
        "<form",
        "<input",
        "<template",
        "<noscript",
    ];
    if forbidden.iter().any(|tag| lower.contains(tag)) {
        return false;
    }
    let mut rest = body;
    while let Some(at) = rest.find('<') {
        let tag = &rest[at..at + tag_end(&rest[at..])];
        if !is_inert_tag(tag) {
            return false;
        }
        rest = &rest[at + tag.len().max(1)..];
    }
    true
}

fn is_inert_tag(tag: &str) -> bool {
    let mut rest = tag;
    while let Some(at) = rest.find("=\"") {
        let name = rest[..at].rsplit([' ', '<']).next().unwrap_or_default().to_ascii_lowercase();
        let value_on = &rest[at + 2..];
        let end = value_on.find('"').unwrap_or(value_on.len());
        let value = unescape(&value_on[..end]);
        let fine = match name.as_str() {
            "style" => is_harmless_style(&value),
            "src" => !value.contains(':') && !value.starts_with("//"),
            "href" => ["http://", "https://", "mailto:"]
                .iter()
                .any(|s| value.to_ascii_lowercase().starts_with(s)),
            "background" | "srcset" | "poster" | "action" | "formaction" => false,
            name => !name.starts_with("on"),
        };
        if !fine {
            return false;
        }
        rest = value_on.get(end + 1..).unwrap_or_default();
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clean(source: &str) -> Safe {
        html(source, &|id| (id == "logo").then(|| "cid/3".to_owned())).unwrap()
    }

    #[test]
    fn hostile_html_comes_out_inert() {
        for source in [
            "<script>alert(1)</script>x",
            "<img src=x onerror=alert(1)>",
            "<a href=\"javascript:alert(1)\">x</a>",
            "<a href=\" java\tscript:alert(1)\">x</a>",
            "<svg><script>alert(1)</script></svg>",
            "<math><mi xlink:href=\"javascript:alert(1)\">x</mi></math>",
            "<div style=\"width:u\\72l(http://x.example/)\">x</div>",
            "<div style=\"background:url(http://x.example/)\">x</div>",
            "<div style=\"width: expression(alert(1))\">x</div>",
            "<div style=\"color:red;background-image:image-set('http://x.example/')\">x</div>",
            "<table background=\"http://x.example/a.gif\"><tr><td>x</table>",
            "<form action=\"http://x.example\"><input name=a></form>",
            "<iframe srcdoc=\"<script>1</script>\"></iframe>",
            "<base href=\"http://x.example/\"><a href=\"y\">x</a>",
            "<meta http-equiv=refresh content=\"0;url=http://x.example\">",
            "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
            "<img srcset=\"http://x.example/a 1x\">",
            "<style>@import 'http://x.example'</style>x",
            "<div style='position:fixed;top:0'>x</div>",
            "<img alt='>\" onload=\"x' src=\"cid:logo\">",
        ] {
            let safe = clean(source);
            assert!(is_inert(&safe.html), "{source}\n{}", safe.html);
            assert!(
                !safe.html.contains("x.example") || safe.html.contains("href=\"http"),
                "{source}"
            );
            assert!(!safe.html.contains("position"), "{source}");
        }
    }

    #[test]
    fn the_second_opinion_can_say_no() {
        for bad in [
            "<body><script>",
            "<body><p onclick=\"x\">",
            "<body><img src=\"http://x.example/\">",
            "<body><a href=\"javascript:x\">",
            "<body><p style=\"width:url(x)\">",
        ] {
            assert!(!is_inert(bad), "{bad}");
        }
    }

    #[test]
    fn what_mail_looks_like_is_kept() {
        let safe = clean(
            "<p style=\"color:red\">a <b>b</b> <a href=\"https://example.org/?a=1&b=2\">c</a></p>",
        );
        for part in
            ["color:red", "<b>b</b>", "https://example.org/?a=1&amp;b=2", "noopener", "_blank"]
        {
            assert!(safe.html.contains(part), "{part}: {}", safe.html);
        }
    }

    #[test]
    fn inline_images_are_shown_and_remote_ones_counted() {
        let safe = clean(
            "<img src=\"cid:logo\"><img src=\"cid:other\"><img src=\"https://t.example/p.gif\">",
        );
        assert!(safe.html.contains("src=\"cid/3\""), "{}", safe.html);
        assert!(!safe.html.contains("t.example"));
        assert_eq!(safe.remote_images, 1);
    }

    #[test]
    fn what_the_parser_cannot_bear_is_refused_before_it() {
        let none = |_: &str| None;
        assert_eq!(html(&"a".repeat(600_000), &none), Err(Refused::TooLarge));
        assert_eq!(html(&"<div>".repeat(30_000), &none), Err(Refused::TooDeep));
        let many: String = (0..5_000).map(|n| format!(" a{n}=1")).collect();
        assert_eq!(html(&format!("<p{many}>"), &none), Err(Refused::TooManyAttributes));
        assert!(html(&"<br>".repeat(100_000), &none).is_ok());
    }
}
