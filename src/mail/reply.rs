//! Answers and forwards: who gets them, what their subject is, what is quoted; and the closed
//! schema of rich text.

use std::collections::{HashMap, HashSet};

use super::address::Address;
use super::message::{Ids, NameAddr, View};
use super::{plain, quotation, sanitize};
use crate::terms::{Language, RelationKind};

/// An answer as it is begun.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Started {
    pub to: Vec<NameAddr>,
    pub cc: Vec<NameAddr>,
    pub subject: String,
    pub text: String,
}

/// Begins an answer in a language. `is_own` knows the addresses of the one who answers, who writes to
/// none of them unless there is no other.
pub fn begin(
    view: &View,
    kind: RelationKind,
    is_own: impl Fn(&str) -> bool,
    language: Language,
) -> Started {
    let (to, cc) = recipients(view, kind, is_own);
    let prefix = if kind == RelationKind::Forward { "Fwd" } else { "Re" };
    let said = view.text.as_deref().unwrap_or_default().replace("\r\n", "\n");
    let text = match kind {
        RelationKind::Forward => {
            format!("\n\n{}\n{said}\n", quotation::forwarded(language, view))
        }
        _ => format!("\n\n{}\n{}\n", quotation::attribution(language, view), quoted(&said)),
    };
    Started { to, cc, subject: subject(&view.subject, prefix), text }
}

fn recipients(
    view: &View,
    kind: RelationKind,
    is_own: impl Fn(&str) -> bool,
) -> (Vec<NameAddr>, Vec<NameAddr>) {
    if kind == RelationKind::Forward {
        return Default::default();
    }
    let mut seen = HashSet::new();
    let mut fresh = |list: &[NameAddr]| -> Vec<NameAddr> {
        let new = |one: &&NameAddr| {
            let other = one.address.as_deref().filter(|address| !is_own(address));
            other.is_some_and(|address| seen.insert(lookup_form(address)))
        };
        list.iter().filter(new).cloned().collect()
    };
    // RFC 5322 §3.6.2: Reply-To says where answers go.
    let from = if view.reply_to.is_empty() { &view.from } else { &view.reply_to };
    let mut to = fresh(from);
    // One's own message is answered to those who got it.
    if to.is_empty() {
        to = fresh(&view.to);
    }
    let cc = match kind {
        RelationKind::ReplyAll => fresh(&[view.to.clone(), view.cc.clone()].concat()),
        _ => Vec::new(),
    };
    // A message to oneself.
    if to.is_empty() && cc.is_empty() {
        to = from.iter().filter(|one| one.address.is_some()).take(1).cloned().collect();
    }
    (to, cc)
}

/// The form in which two spellings of one address are the same.
fn lookup_form(address: &str) -> String {
    Address::parse(address).map_or_else(|_| address.to_lowercase(), |parsed| parsed.normalized())
}

/// The subject with one prefix, whatever the languages of those before it.
fn subject(subject: &str, prefix: &str) -> String {
    format!("{prefix}: {}", bare_subject(subject))
}

/// The subject without what answers and forwards put in front of it.
pub fn bare_subject(subject: &str) -> &str {
    const KNOWN: [&str; 14] = [
        "re",
        "aw",
        "sv",
        "antw",
        "vs",
        "rif",
        "ref",
        "fwd",
        "fw",
        "wg",
        "tr",
        "rv",
        "השב",
        "תשובה",
    ];
    let mut rest = subject.trim();
    while let Some((head, tail)) = rest.split_once(':') {
        let word = head.trim().split('[').next().unwrap_or_default().to_lowercase();
        if !KNOWN.contains(&word.as_str()) {
            break;
        }
        rest = tail.trim_start();
    }
    rest
}

/// The rich text of a forward, if the message was written in the editor whose schema is closed:
/// then nothing of it is lost. `source` returns the new source of an image.
pub fn forwarded_html(
    view: &View,
    language: Language,
    mut source: impl FnMut(&str) -> Option<String>,
) -> Option<String> {
    sanitize::check_bounds(&view.html).ok()?;
    let said = view.html.concat().replace("\r\n", "\n");
    let mut has_all = true;
    let said = with_images(said.trim_end(), |old| {
        let new = source(old);
        has_all &= new.is_some();
        new
    });
    let is_closed = has_all && !said.is_empty() && closed(&said) == said;
    let head = quotation::forwarded(language, view);
    let head: Vec<String> = head.trim_end().lines().map(escaped).collect();
    is_closed.then(|| format!("<p></p><p>{}</p>{said}", head.join("<br>")))
}

fn quoted(text: &str) -> String {
    let line = |line: &str| match line.starts_with('>') {
        true => format!(">{line}"),
        false => format!("> {line}"),
    };
    text.trim_end().lines().map(line).collect::<Vec<_>>().join("\n")
}

/// The References of an answer: those of the message, and the message (RFC 5322 §3.6.4).
pub fn references(view: &View) -> Vec<String> {
    let Ids { mut references, own } = Ids::of(view);
    references.extend(own);
    references
}

/// A text without what it quotes: lines that begin with `>`, and the line that says who wrote
/// them; of a forward, everything from its mark on.
pub fn without_quotes(text: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if quotation::is_mark(line) {
            break;
        }
        if line.trim_start().starts_with('>') {
            continue;
        }
        let introduces = line.trim_end().ends_with(':')
            && lines.peek().is_some_and(|next| next.trim_start().starts_with('>'));
        if !introduces {
            kept.push(line);
        }
    }
    let mut text = kept.join("\n").trim_end().to_owned();
    text.push('\n');
    text
}

/// HTML without its quotations.
pub fn without_quotes_html(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let closed = closed(html);
    let (mut rest, mut depth) = (closed.as_str(), 0_u32);
    // The closed schema writes tags in one way only, so that they can be found like this.
    while let Some(at) = rest.find('<') {
        if depth == 0 {
            out.push_str(&rest[..at]);
        }
        let end = at + tag_end(&rest[at..]);
        match &rest[at..end] {
            "<blockquote>" => depth += 1,
            "</blockquote>" => depth = depth.saturating_sub(1),
            tag if depth == 0 => out.push_str(tag),
            _ => {}
        }
        rest = &rest[end..];
    }
    if depth == 0 {
        out.push_str(rest);
    }
    out
}

/// Rich text as the editor knows it: paragraphs, emphasis, lists, quotations, code, links to pages
/// and addresses, and images that are files of the same message: `cid:` with the ID of an upload.
/// Anything else is taken out. Of HTML that is too costly to be read as a tree, the words are left.
pub fn closed(html: &str) -> String {
    match sanitize::balanced(html) {
        Some(balanced) => closed_tree(&balanced),
        None => {
            let lines = plain::of_html(html).lines().map(escaped).collect::<Vec<_>>();
            format!("<p>{}</p>", lines.join("<br>"))
        }
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn closed_tree(html: &str) -> String {
    const TAGS: [&str; 14] = [
        "p",
        "br",
        "strong",
        "em",
        "u",
        "s",
        "a",
        "ul",
        "ol",
        "li",
        "blockquote",
        "code",
        "pre",
        "img",
    ];
    let attributes: HashMap<&str, HashSet<&str>> =
        HashMap::from([("a", HashSet::from(["href"])), ("img", HashSet::from(["src", "alt"]))]);
    let cleaned = ammonia::Builder::empty()
        .tags(HashSet::from(TAGS))
        .clean_content_tags(HashSet::from(["script", "style", "title", "template"]))
        .tag_attributes(attributes)
        .generic_attributes(HashSet::new())
        .url_schemes(HashSet::from(["http", "https", "mailto", "cid"]))
        .url_relative(ammonia::UrlRelative::Deny)
        .attribute_filter(|tag, name, value| {
            let is_image = image_id(value).is_some();
            let is_kept = match (tag, name) {
                ("img", "src") => is_image,
                ("a", "href") => !value.trim_start().to_ascii_lowercase().starts_with("cid:"),
                _ => true,
            };
            is_kept.then_some(value.into())
        })
        .link_rel(None)
        .strip_comments(true)
        .clean(html)
        .to_string();
    with_images(&cleaned, |source| image_id(source).map(|_| source.to_owned()))
}

/// Returns the ID of the upload that an image's source names.
pub fn image_id(source: &str) -> Option<&str> {
    let is_id = |id: &&str| id.len() == 32 && id.bytes().all(|octet| octet.is_ascii_hexdigit());
    source.strip_prefix("cid:").filter(is_id)
}

/// Returns the IDs of the uploads that the images of closed rich text name.
pub fn images(closed: &str) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    with_images(closed, |source| {
        ids.extend(image_id(source).map(str::to_owned));
        None
    });
    let mut seen = HashSet::new();
    ids.retain(|id| seen.insert(id.clone()));
    ids
}

/// Returns closed rich text with other sources of its images, which `source` returns for those that
/// they have. An image without a source is taken out.
pub fn with_images(closed: &str, mut source: impl FnMut(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(closed.len());
    let mut rest = closed;
    // In text, `<` is always escaped.
    while let Some(at) = rest.find("<img") {
        let (before, from) = rest.split_at(at);
        let (tag, after) = from.split_at(tag_end(from));
        let named = tag.split_once(" src=\"").and_then(|(_, value)| value.split_once('"'));
        out.push_str(before);
        if let Some((old, new)) = named.and_then(|(old, _)| Some((old, source(old)?))) {
            let (old, new) = (format!(" src=\"{old}\""), format!(" src=\"{new}\""));
            out.push_str(&tag.replacen(&old, &new, 1));
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Returns where a tag ends: `>` may stand in the value of an attribute.
fn tag_end(tag: &str) -> usize {
    let mut is_quoted = false;
    for (at, c) in tag.char_indices() {
        match c {
            '"' => is_quoted = !is_quoted,
            '>' if !is_quoted => return at + 1,
            _ => {}
        }
    }
    tag.len()
}

#[cfg(test)]
mod tests {
    use super::super::message::REFERENCES_MAX;
    use super::*;

    const EN: Language = Language::English;

    fn person(address: &str) -> NameAddr {
        NameAddr { name: None, address: Some(address.to_owned()) }
    }

    fn view() -> View {
        View {
            from: vec![person("rachel@outside.example")],
            to: vec![person("Dana@example.org"), person("omar@example.org")],
            cc: vec![person("rachel@outside.example"), person("mira@example.org")],
            subject: "AW: Re[2]: The contract".to_owned(),
            date: Some("2026-11-23T09:00:00Z".to_owned()),
            message_id: Some("b@x".to_owned()),
            references: vec!["a@x".to_owned()],
            text: Some("first\r\n> older\r\n".to_owned()),
            ..View::default()
        }
    }

    fn addresses(list: &[NameAddr]) -> Vec<&str> {
        list.iter().filter_map(|one| one.address.as_deref()).collect()
    }

    #[test]
    fn an_answer_goes_to_the_right_people_once() {
        let own = |address: &str| address.eq_ignore_ascii_case("dana@example.org");
        let reply = begin(&view(), RelationKind::Reply, own, EN);
        assert_eq!(addresses(&reply.to), ["rachel@outside.example"]);
        assert!(reply.cc.is_empty());
        let all = begin(&view(), RelationKind::ReplyAll, own, EN);
        assert_eq!(addresses(&all.to), ["rachel@outside.example"]);
        assert_eq!(addresses(&all.cc), ["omar@example.org", "mira@example.org"]);
        let asked = View { reply_to: vec![person("office@outside.example")], ..view() };
        assert_eq!(
            addresses(&begin(&asked, RelationKind::Reply, own, EN).to),
            ["office@outside.example"]
        );
        let own_message = View { from: vec![person("dana@example.org")], ..view() };
        assert_eq!(
            addresses(&begin(&own_message, RelationKind::Reply, own, EN).to),
            ["omar@example.org"]
        );
        assert!(begin(&view(), RelationKind::Forward, own, EN).to.is_empty());
    }

    #[test]
    fn subjects_get_one_prefix() {
        let own = |_: &str| false;
        assert_eq!(begin(&view(), RelationKind::Reply, own, EN).subject, "Re: The contract");
        assert_eq!(begin(&view(), RelationKind::Forward, own, EN).subject, "Fwd: The contract");
        assert_eq!(subject("Note: this", "Re"), "Re: Note: this");
        assert_eq!(subject("", "Re"), "Re: ");
    }

    #[test]
    fn what_is_quoted_can_be_taken_out_again() {
        for language in Language::ALL {
            let reply = begin(&view(), RelationKind::Reply, |_| false, language);
            assert!(reply.text.contains("> first\n>> older"), "{}", reply.text);
            let own = format!("I agree.\n{}", reply.text);
            assert_eq!(without_quotes(&own), "I agree.\n");
            let forward = begin(&view(), RelationKind::Forward, |_| false, language);
            assert_eq!(without_quotes(&format!("See below.\n{}", forward.text)), "See below.\n");
        }
        let html =
            "<p>I agree.</p><blockquote><p>a</p><blockquote>b</blockquote></blockquote><p>x</p>";
        assert_eq!(without_quotes_html(html), "<p>I agree.</p><p>x</p>");
    }

    #[test]
    fn references_grow_and_are_bounded() {
        assert_eq!(references(&view()), ["a@x", "b@x"]);
        let long = View { references: (0..300).map(|n| format!("{n}@x")).collect(), ..view() };
        let ids = references(&long);
        assert_eq!(ids.len(), REFERENCES_MAX);
        assert_eq!((ids[0].as_str(), ids[99].as_str()), ("0@x", "b@x"));
        // One that names itself among those it answers stays the last.
        let own = vec!["b@x".to_owned(), "a@x".to_owned()];
        let circle = Ids::of(&View { references: own, ..view() });
        assert_eq!(
            (circle.references, circle.own),
            (vec!["a@x".to_owned()], Some("b@x".to_owned()))
        );
    }

    #[test]
    fn rich_text_is_closed() {
        for (given, expected) in [
            ("<p>a <strong>b</strong></p>", "<p>a <strong>b</strong></p>"),
            ("<p onclick=x style=y>a</p>", "<p>a</p>"),
            ("<script>x</script><img src=x>a", "a"),
            ("<a href=\"javascript:x\">a</a>", "<a>a</a>"),
            ("<a href=\"https://a.example/\">a</a>", "<a href=\"https://a.example/\">a</a>"),
            ("<div><svg><p>a</p></svg></div>", "<p>a</p>"),
            ("<a href=\"cid:0123\">a</a>", "<a>a</a>"),
            ("<a href=\" CID:0123\">a</a>", "<a>a</a>"),
            ("a<img src=\"https://a.example/x.png\">b", "ab"),
            ("a<img src=\"cid:x\" alt=\"y\">b<img>", "ab"),
        ] {
            assert_eq!(closed(given), expected, "{given}");
        }
    }

    /// A stranger's HTML comes here when it is forwarded.
    #[test]
    fn html_that_would_be_a_costly_tree_is_words() {
        let formats: String = (0..4_000).map(|n| format!("<b a={n}>")).collect();
        let deep = format!("{formats}{}last &amp; &lt;words", "<p>".repeat(20_000));
        let long = format!("<p>{}", "word ".repeat(120_000));
        for (html, words) in [(&deep, "last &amp; &lt;words"), (&long, "word word")] {
            let closed = closed(html);
            assert!(closed.contains(words) && closed.len() <= html.len() * 2, "{}", closed.len());
            let view = View { html: vec![html.clone()], ..view() };
            assert_eq!(forwarded_html(&view, EN, |_| None), None);
        }
        let shown =
            View { html: vec!["<p>a<img src=\"https://a.example/\">".to_owned()], ..view() };
        assert_eq!(forwarded_html(&shown, EN, |_| None), None, "an image would be lost");
    }

    #[test]
    fn an_image_of_rich_text_is_a_file_of_the_message() {
        let [heron, owl] = ["0123456789abcdef".repeat(2), "fedcba9876543210".repeat(2)];
        let html = format!(
            "<p>a<img onload=\"x\" src=\"cid:{heron}\" alt=\"a > b &quot;src=\">b\
             <img src=\"cid:{owl}\"><img src=\"cid:{heron}\"></p>"
        );
        let closed = closed(&html);
        assert_eq!(super::closed(&closed), closed, "closed stays closed");
        assert!(!closed.contains("onload"), "{closed}");
        assert_eq!(images(&closed), [heron.clone(), owl]);
        let new =
            |old: &str| Some("cid:1.b@a.example".to_owned()).filter(|_| old.ends_with(&heron));
        let sent = with_images(&closed, new);
        assert_eq!(sent.matches("<img").count(), 2, "{sent}");
        assert_eq!(sent.matches(" src=\"cid:1.b@a.example\"").count(), 2, "{sent}");
        assert!(sent.ends_with("</p>"), "{sent}");
    }
}
