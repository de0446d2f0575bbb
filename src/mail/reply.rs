//! Replies and forwards: their recipients, subject and quoted text; and the closed schema of rich
//! text.

use std::collections::{HashMap, HashSet};

use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

use super::message::{Ids, NameAddr, View};

/// How a message is answered or forwarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Reply,
    ReplyAll,
    Forward,
}

/// A reply or forward as it is first shown in the composer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Started {
    pub to: Vec<NameAddr>,
    pub cc: Vec<NameAddr>,
    pub subject: String,
    pub text: String,
    pub html: Option<String>,
}

/// Starts a reply or forward. `own` are the addresses of the replying account, which never becomes
/// a recipient.
pub fn begin(view: &View, kind: Kind, own: &[String]) -> Started {
    let (to, cc) = recipients(view, kind, own);
    let prefix = if kind == Kind::Forward { "Fwd" } else { "Re" };
    let said = said(view);
    let text = match kind {
        Kind::Forward => format!("\n\n{}\n{said}\n", forwarded(view)),
        _ => format!("\n\n{}\n{}\n", attribution(view), quoted(&said)),
    };
    Started { to, cc, subject: subject(&view.subject, prefix), text, html: None }
}

fn recipients(view: &View, kind: Kind, own: &[String]) -> (Vec<NameAddr>, Vec<NameAddr>) {
    if kind == Kind::Forward {
        return Default::default();
    }
    let mut seen: HashSet<String> = own.iter().map(|one| one.to_lowercase()).collect();
    let mut fresh = |list: &[NameAddr]| -> Vec<NameAddr> {
        let new = |one: &&NameAddr| {
            one.address.as_ref().is_some_and(|address| seen.insert(address.to_lowercase()))
        };
        list.iter().filter(new).cloned().collect()
    };
    // RFC 5322 §3.6.2: replies go to Reply-To if there is one.
    let from = if view.reply_to.is_empty() { &view.from } else { &view.reply_to };
    let mut to = fresh(from);
    // A reply to one's own message goes to its recipients.
    if to.is_empty() {
        to = fresh(&view.to);
    }
    let cc = match kind {
        Kind::ReplyAll => fresh(&[view.to.clone(), view.cc.clone()].concat()),
        _ => Vec::new(),
    };
    (to, cc)
}

/// Returns the subject with a single prefix, whatever prefixes it had and in whatever languages.
fn subject(subject: &str, prefix: &str) -> String {
    format!("{prefix}: {}", bare_subject(subject))
}

/// Returns the subject without the prefixes of replies and forwards.
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

/// Returns the content of a message as text.
fn said(view: &View) -> String {
    match (&view.text, &view.html) {
        (Some(text), _) => text.replace("\r\n", "\n"),
        (None, Some(html)) => html_to_text(html),
        (None, None) => String::new(),
    }
}

fn attribution(view: &View) -> String {
    format!("On {}, {} wrote:", date_of(view), name_of(view))
}

/// Returns the date in words, in the time zone of its sender.
fn date_of(view: &View) -> String {
    const FORM: &[BorrowedFormatItem<'_>] = format_description!(
        "[weekday repr:short], [day padding:none] [month repr:short] [year] at [hour]:[minute]"
    );
    let date = view.date.as_deref().and_then(|date| OffsetDateTime::parse(date, &Rfc3339).ok());
    date.and_then(|date| date.format(FORM).ok()).unwrap_or_else(|| "an earlier day".to_owned())
}

fn name_of(view: &View) -> String {
    let Some(from) = view.from.first() else { return "an unknown sender".to_owned() };
    let address = from.address.clone().unwrap_or_default();
    match &from.name {
        Some(name) => format!("{name} <{address}>"),
        None => address,
    }
}

fn forwarded(view: &View) -> String {
    let to: Vec<&str> = view.to.iter().filter_map(|one| one.address.as_deref()).collect();
    format!(
        "---------- Forwarded message ----------\nFrom: {}\nDate: {}\nSubject: {}\nTo: {}\n",
        name_of(view),
        view.date.as_deref().unwrap_or_default(),
        view.subject,
        to.join(", ")
    )
}

fn quoted(text: &str) -> String {
    let line = |line: &str| match line.starts_with('>') {
        true => format!(">{line}"),
        false => format!("> {line}"),
    };
    text.trim_end().lines().map(line).collect::<Vec<_>>().join("\n")
}

/// Returns the References of a reply: those of the message, and the message (RFC 5322 §3.6.4).
pub fn references(view: &View) -> Vec<String> {
    let Ids { mut references, own } = Ids::of(view);
    references.extend(own);
    references
}

/// Returns a text without its quotations: lines that begin with `>`, the attribution line before
/// them, and everything from the marker of a forwarded message on.
pub fn without_quotes(text: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if line.starts_with("---------- Forwarded message") {
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

/// Returns HTML without its quotations.
pub fn without_quotes_html(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let (mut rest, mut depth) = (closed(html), 0_u32);
    // In the closed schema tags have only one form, so they can be found like this.
    while let Some(at) = rest.find('<') {
        if depth == 0 {
            out.push_str(&rest[..at]);
        }
        let end = rest[at..].find('>').map_or(rest.len(), |end| at + end + 1);
        match &rest[at..end] {
            "<blockquote>" => depth += 1,
            "</blockquote>" => depth = depth.saturating_sub(1),
            tag if depth == 0 => out.push_str(tag),
            _ => {}
        }
        rest = rest.split_off(end);
    }
    if depth == 0 {
        out.push_str(&rest);
    }
    out
}

/// Reduces HTML to the rich text that the editor supports: paragraphs, emphasis, lists, quotations,
/// code, links to pages and addresses. Anything else is removed.
pub fn closed(html: &str) -> String {
    const TAGS: [&str; 13] =
        ["p", "br", "strong", "em", "u", "s", "a", "ul", "ol", "li", "blockquote", "code", "pre"];
    let attributes: HashMap<&str, HashSet<&str>> = HashMap::from([("a", HashSet::from(["href"]))]);
    ammonia::Builder::empty()
        .tags(HashSet::from(TAGS))
        .clean_content_tags(HashSet::from(["script", "style", "title", "template"]))
        .tag_attributes(attributes)
        .generic_attributes(HashSet::new())
        .url_schemes(HashSet::from(["http", "https", "mailto"]))
        .url_relative(ammonia::UrlRelative::Deny)
        .link_rel(None)
        .strip_comments(true)
        .clean(html)
        .to_string()
}

/// Returns the text of HTML.
pub fn html_to_text(html: &str) -> String {
    let mut text = String::new();
    let clean = closed(html);
    let mut rest = clean.as_str();
    while let Some(at) = rest.find('<') {
        text.push_str(&rest[..at]);
        let end = rest[at..].find('>').map_or(rest.len(), |end| at + end + 1);
        if matches!(&rest[at..end], "<br>" | "</p>" | "</li>" | "</pre>" | "</blockquote>") {
            text.push('\n');
        }
        rest = &rest[end..];
    }
    text.push_str(rest);
    // The characters that the sanitiser escapes; the ampersand is last, so that nothing is
    // unescaped twice.
    let pairs = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&nbsp;", " "), ("&amp;", "&")];
    pairs.iter().fold(text, |text, (from, to)| text.replace(from, to))
}

#[cfg(test)]
mod tests {
    use super::super::message::REFERENCES_MAX;
    use super::*;

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
        let own = ["dana@example.org".to_owned()];
        let reply = begin(&view(), Kind::Reply, &own);
        assert_eq!(addresses(&reply.to), ["rachel@outside.example"]);
        assert!(reply.cc.is_empty());
        let all = begin(&view(), Kind::ReplyAll, &own);
        assert_eq!(addresses(&all.to), ["rachel@outside.example"]);
        assert_eq!(addresses(&all.cc), ["omar@example.org", "mira@example.org"]);
        let asked = View { reply_to: vec![person("office@outside.example")], ..view() };
        assert_eq!(addresses(&begin(&asked, Kind::Reply, &own).to), ["office@outside.example"]);
        let own_message = View { from: vec![person("dana@example.org")], ..view() };
        assert_eq!(addresses(&begin(&own_message, Kind::Reply, &own).to), ["omar@example.org"]);
        assert!(begin(&view(), Kind::Forward, &own).to.is_empty());
    }

    #[test]
    fn subjects_get_one_prefix() {
        let own = [];
        assert_eq!(begin(&view(), Kind::Reply, &own).subject, "Re: The contract");
        assert_eq!(begin(&view(), Kind::Forward, &own).subject, "Fwd: The contract");
        assert_eq!(subject("Note: this", "Re"), "Re: Note: this");
        assert_eq!(subject("", "Re"), "Re: ");
    }

    #[test]
    fn what_is_quoted_can_be_taken_out_again() {
        let reply = begin(&view(), Kind::Reply, &[]);
        assert!(reply.text.contains("> first\n>> older"), "{}", reply.text);
        let own = format!("I agree.\n{}", reply.text);
        assert_eq!(without_quotes(&own), "I agree.\n");
        let forward = begin(&view(), Kind::Forward, &[]);
        assert_eq!(without_quotes(&format!("See below.\n{}", forward.text)), "See below.\n");
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
        // A message that lists its own id among its references.
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
        ] {
            assert_eq!(closed(given), expected, "{given}");
        }
        assert_eq!(html_to_text("<p>a &lt;b&gt; &amp;lt;</p><p>c</p>"), "a <b> &lt;\nc\n");
    }
}
