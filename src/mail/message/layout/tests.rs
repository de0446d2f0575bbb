use std::fmt::Write;

use crate::mail::header::{HeaderLimits, gate};
use crate::mail::message::{Part, View, file_list, part_bytes, summary, view};

/// A multipart of these parts, each with its header.
fn multipart(subtype: &str, boundary: &str, parts: &[String]) -> String {
    let mut out = format!("Content-Type: multipart/{subtype}; boundary={boundary}\r\n\r\n");
    for part in parts {
        write!(out, "--{boundary}\r\n{part}\r\n").unwrap();
    }
    out + &format!("--{boundary}--\r\n")
}

fn leaf(header: &str, body: &str) -> String {
    format!("{header}\r\n\r\n{body}")
}

fn plain(text: &str) -> String {
    leaf("Content-Type: text/plain", text)
}

fn html(text: &str) -> String {
    leaf("Content-Type: text/html", text)
}

fn pdf() -> String {
    leaf("Content-Type: application/pdf\r\nContent-Disposition: inline; filename=a.pdf", "%PDF")
}

fn png(more: &str) -> String {
    leaf(
        &format!("Content-Type: image/png\r\nContent-Transfer-Encoding: base64{more}"),
        "iVBORw0KGgoAAAAA",
    )
}

fn read(message: &str) -> View {
    let message = format!("From: a@b.example\r\nMIME-Version: 1.0\r\n{message}");
    let facts = gate(message.as_bytes(), &HeaderLimits::default()).unwrap();
    let view = view(message.as_bytes());
    assert_eq!(view.refused, None);
    let listed: Vec<Part> = view.parts.iter().filter(|part| !part.inline).cloned().collect();
    assert_eq!(summary(message.as_bytes(), &facts).attachments as usize, listed.len(), "{message}");
    let files: Vec<Part> =
        file_list(message.as_bytes()).into_iter().map(|(part, _)| part).collect();
    assert_eq!(files, listed);
    for part in &view.parts {
        assert_eq!(part_bytes(message.as_bytes(), part.index).unwrap().0, *part);
        assert!(!part.name.is_empty());
    }
    view
}

fn text(view: &View) -> String {
    view.text.as_deref().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn names(view: &View, inline: bool) -> Vec<&str> {
    let parts = view.parts.iter().filter(|part| part.inline == inline);
    parts.map(|part| part.name.as_str()).collect()
}

/// What Apple Mail writes when a file stands in mid-text, and what mailing lists append.
#[test]
fn every_text_part_is_shown_in_order() {
    let mixed = multipart("mixed", "x", &[html("<b>one</b>"), pdf(), html("two")]);
    let seen = read(&mixed);
    assert_eq!((text(&seen).as_str(), seen.html.len()), ("one two", 2));
    assert_eq!(names(&seen, false), ["a.pdf"]);

    let seen = read(&multipart("alternative", "y", &[plain("one two"), mixed]));
    assert_eq!(
        (text(&seen).as_str(), seen.html),
        ("one two", vec!["<b>one</b>".to_owned(), "two".to_owned()])
    );

    let both = multipart("alternative", "y", &[plain("words"), html("<i>words</i>")]);
    let seen = read(&multipart("mixed", "x", &[both, plain("list <footer>")]));
    assert_eq!(text(&seen), "words list <footer>");
    assert_eq!(seen.html.len(), 2);
    assert!(seen.html[1].contains("list &lt;footer>"), "{:?}", seen.html);
}

#[test]
fn an_alternative_that_says_nothing_counts_as_none() {
    for blank in ["", " \r\n\r\n", "=C2=A0"] {
        let blank = leaf(
            "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable",
            blank,
        );
        let seen = read(&multipart("alternative", "x", &[blank, html("<p>real words</p>")]));
        assert_eq!((text(&seen).as_str(), seen.html.len(), seen.parts.len()), ("real words", 1, 0));
    }
    let empty = html("<html><body><p>&nbsp;</p></body></html>");
    let seen = read(&multipart("alternative", "x", &[plain("real words"), empty]));
    assert_eq!((text(&seen).as_str(), seen.html.len(), seen.parts.len()), ("real words", 0, 0));
    let image = html("<img src=\"https://a.example/a.png\">");
    let seen = read(&multipart("alternative", "x", &[plain("real words"), image]));
    assert_eq!(seen.html.len(), 1);
}

#[test]
fn only_images_that_the_html_shows_are_left_out_of_the_list() {
    let id = |id: &str| {
        format!("\r\nContent-ID: <{id}>\r\nContent-Disposition: inline; filename={id}.png")
    };
    let body = html(
        "<img src=\"cid:used%40x\"> <img src='cid:pdf'> <img src=\"logo.png\"> <script><img src='cid:b'></script>",
    );
    let parts = [
        body,
        png(&id("used@x")),
        png(&id("unused")),
        png(&id("b")),
        png(&id("used@x")),
        png("\r\nContent-Location: logo.png"),
        leaf("Content-Type: application/pdf; name=c.pdf\r\nContent-ID: <pdf>", "%PDF"),
        leaf("Content-Type: text/plain\r\nContent-ID: <text>", "in text"),
    ];
    for subtype in ["related", "mixed"] {
        let seen = read(&multipart(subtype, "x", &parts));
        assert_eq!(names(&seen, true), ["used@x.png", "part-6.png"], "{subtype}");
        let files = names(&seen, false);
        assert_eq!(files[..4], ["unused.png", "b.png", "used@x.png", "c.pdf"], "{subtype}");
        assert_eq!(files.len() + usize::from(text(&seen).contains("in text")), 5, "{subtype}");
        assert_eq!(seen.image("cid:used@x").map(|part| part.index), Some(2));
        assert_eq!(seen.image("logo.png").map(|part| part.index), Some(6));
        assert_eq!(seen.image("cid:unused"), None);
    }
}

/// Mail of word processors names its images so, and a browser shows none of them.
#[test]
fn an_image_whose_url_is_not_shown_is_listed() {
    let long = "a".repeat(1_001);
    for location in ["file:///C:/x/a.png", "thismessage:/a.png", "C:\\a.png", &long] {
        let body = html(&format!("words<img src=\"{location}\">"));
        let image = png(&format!("\r\nContent-Location: {location}"));
        let seen = read(&multipart("related", "x", &[body, image]));
        assert_eq!(names(&seen, false), ["part-2.png"], "{location}");
    }
}

#[test]
fn the_part_that_a_related_one_is_about_may_be_another_than_the_first() {
    let related = "related; start=\"<main>\"; type=\"text/html\"";
    let image = png("\r\nContent-ID: <i>");
    let main = leaf(
        "Content-Type: text/html; name=a.html\r\nContent-ID: <main>",
        "<img src='cid:i'>words",
    );
    let seen = read(&multipart(related, "x", &[image, main]));
    assert_eq!((text(&seen).as_str(), names(&seen, false).len()), ("words", 0));
}

#[test]
fn parts_without_a_name_are_called_after_what_they_are() {
    let attached = |media: &str, body: &str| {
        leaf(&format!("Content-Type: {media}\r\nContent-Disposition: attachment"), body)
    };
    let parts = [
        plain("text"),
        attached("message/rfc822", "Subject: =?utf-8?Q?Caf=C3=A9=3A?= 1/2\r\n\r\nx"),
        attached("message/rfc822", "From: a@b.example\r\n\r\nx"),
        attached("application/msword", "x"),
        attached("text/calendar; method=REQUEST", "BEGIN:VCALENDAR"),
        attached("text/x-log", "x"),
        attached("application/x-other", "x"),
    ];
    let seen = read(&multipart("mixed", "x", &parts));
    let expected =
        ["Café_ 1_2.eml", "message.eml", "part-4.doc", "invite.ics", "part-6.txt", "part-7"];
    assert_eq!(names(&seen, false), expected);
    let types: Vec<&str> = seen.parts.iter().map(|part| part.content_type.as_str()).collect();
    assert_eq!(types[..2], ["message/rfc822", "message/rfc822"]);
}

#[test]
fn a_text_whose_encoding_has_a_wrong_character_is_shown() {
    let body = leaf(
        "Content-Type: text/html; charset=windows-1252\r\nContent-Transfer-Encoding: base64",
        "!PGI+Y2Fm6TwvYj4=",
    );
    assert_eq!(text(&read(&body)), "café");
}

#[test]
fn flowed_text_is_joined() {
    let flowed =
        leaf("Content-Type: text/plain; FORMAT=Flowed; delsp=yes", "no  \r\nplay\r\n> a \r\n> b");
    assert_eq!(read(&flowed).text.unwrap(), "no play\n> ab");
}

/// Makes messages of random structure.
struct Maker {
    rng: fastrand::Rng,
    count: usize,
    /// A word of each part, which occurs in no other part.
    words: Vec<String>,
}

impl Maker {
    fn part(&mut self, level: usize) -> String {
        if level < 4 && self.rng.u8(..3) == 0 {
            let subtype = self.rng.choice(["mixed", "related", "alternative", "signed"]).unwrap();
            let count = self.rng.usize(1..4);
            self.count += 1;
            let boundary = format!("bound{}", self.count);
            let parts: Vec<String> = (0..count).map(|_| self.part(level + 1)).collect();
            return multipart(subtype, &boundary, &parts);
        }
        let word = format!("word{}x", self.words.len());
        self.words.push(word.clone());
        let named = self.rng.choice(["", "; name=a.txt", "; name*=utf-8''b.txt"]).unwrap();
        let disposition = self.rng.choice([
            "",
            "\r\nContent-Disposition: inline",
            "\r\nContent-Disposition: attachment",
        ]);
        let id = self.rng.u8(..4);
        let id = self.rng.choice([
            String::new(),
            format!("\r\nContent-ID: <{id}>"),
            format!("\r\nContent-Location: {id}"),
        ]);
        let header = format!("{named}{}{}\r\n\r\n", disposition.unwrap(), id.unwrap());
        match self.rng.u8(..6) {
            0 | 1 => format!("Content-Type: text/plain{header}{word}"),
            2 => {
                let (a, b) = (self.rng.u8(..4), self.rng.u8(..4));
                format!("Content-Type: text/html{header}{word}<img src=cid:{a}><img src={b}>")
            }
            3 => format!("Content-Type: message/rfc822{header}Subject: s\r\n\r\n{word}"),
            4 => format!("Content-Type: image/png{header}\u{89}PNG\r\n\x1a\n{word}"),
            _ => format!("Content-Type: image/gif{header}GIF89a{word}"),
        }
    }
}

/// Whatever the structure: each part is in a text, or in the HTML, or in the list, and nowhere twice.
#[test]
fn no_part_is_lost_and_none_is_there_twice() {
    for seed in 0..2_000 {
        let mut maker = Maker { rng: fastrand::Rng::with_seed(seed), count: 0, words: Vec::new() };
        let body = maker.part(0);
        let seen = read(&body);
        let message = format!("From: a@b.example\r\nMIME-Version: 1.0\r\n{body}");
        let octets = |part: &Part| part_bytes(message.as_bytes(), part.index).unwrap().1;
        let listed: Vec<String> = seen
            .parts
            .iter()
            .map(|part| String::from_utf8_lossy(&octets(part)).into_owned())
            .collect();
        for word in &maker.words {
            let shown = text(&seen).contains(word.as_str())
                || seen.html.iter().any(|html| html.contains(word.as_str()));
            let files = listed.iter().filter(|file| file.contains(word.as_str())).count();
            assert_eq!(usize::from(shown) + files, 1, "seed {seed}: {word}\n{body}");
        }
        for part in seen.parts.iter().filter(|part| part.inline) {
            let names = [
                part.content_id.clone().map(|id| format!("cid:{id}")),
                part.content_location.clone(),
            ];
            let html = seen.html.concat();
            assert!(
                names.iter().flatten().any(|name| html.contains(&format!("src={name}"))),
                "{body}"
            );
        }
    }
}

/// Older programs and printers put files into the middle of a text.
#[test]
fn a_uuencoded_file_is_a_file_and_no_text() {
    let text = "Before.\r\nbegin 644 price list.txt\r\n#0V%T\r\n`\r\nend\r\nAfter.\r\n";
    let alone = format!("Content-Type: text/plain\r\n\r\n{text}");
    let parts = [leaf("Content-Type: text/plain", text), pdf()];
    for (message, listed) in [
        (alone, vec!["price list.txt"]),
        (multipart("mixed", "x", &parts), vec!["a.pdf", "price list.txt"]),
    ] {
        let view = read(&message);
        assert_eq!((self::text(&view).as_str(), names(&view, false)), ("Before. After.", listed));
        let file = view.parts.last().unwrap();
        let octets = part_bytes(
            format!("From: a@b.example\r\nMIME-Version: 1.0\r\n{message}").as_bytes(),
            file.index,
        );
        assert_eq!(octets.unwrap().1, b"Cat");
    }
}

/// Of alternatives of one kind, the last one is shown (RFC 2046 §5.1.4).
#[test]
fn of_alternatives_of_one_kind_the_last_is_shown() {
    let amp = leaf("Content-Type: text/x-amp-html", "<html amp>fourth</html>");
    let watch = leaf("Content-Type: text/watch-html", "<b>fifth</b>");
    let parts = [plain("first"), watch, amp, html("<i>third</i>"), html("<p>third"), html(" ")];
    let view = read(&multipart("alternative", "x", &parts));
    assert_eq!((text(&view).as_str(), view.html), ("first", vec!["<p>third".to_owned()]));
    assert!(view.parts.is_empty(), "{:?}", view.parts);
    // One that says more is not lost.
    let view = read(&multipart("alternative", "x", &[html("<p>more words"), html("<p>words")]));
    assert_eq!((text(&view).as_str(), names(&view, false)), ("words", vec!["part-1.html"]));
}

/// What says something else is a file, although it consists of the same words.
#[test]
fn alternatives_are_the_same_if_they_say_the_same() {
    let same = |one: &str, other: &str| {
        let view = read(&multipart("alternative", "x", &[html(one), html(other)]));
        view.parts.is_empty()
    };
    let words = "do not pay Bob, pay Ann";
    assert!(same(words, "<p>do not <b>pay</b> Bob,\r\n pay&#32;Ann</p>"));
    for other in ["pay Bob, do not pay Ann", "pay Ann", "do not pay Bob, pay Ann pay Ann"] {
        assert!(!same(words, other) && !same(other, words), "{other}");
    }
    let link = |to: &str| format!("<a href=\"{to}\">pay</a>");
    assert!(same(&link("https://a.example/"), &link("https://a.example&#x2f;")));
    assert!(!same(&link("https://a.example/"), &link("https://b.example/")));
    assert!(!same("pay", &link("https://b.example/")));
    // The same words and links, but not the same word in a link.
    let two = |first: &str, second: &str| format!("<a href=/a>{first}</a> <a href=/b>{second}</a>");
    assert!(same(&two("Cancel", "Pay"), &format!("<p>{}", two("Cancel", " Pay"))));
    for other in [two("Cancel Pay", ""), two("", "Cancel Pay")] {
        assert!(!same(&other, &two("Cancel", "Pay")), "{other}");
    }
    assert!(!same("<a href=/a>Cancel</a> Pay", "<a href=/a>Cancel Pay</a>"));
    let image = |of: &str| format!("pay<img src={of}>");
    assert!(same(&image("cid:a"), &image("cid:a")) && !same(&image("cid:a"), &image("cid:b")));
}

/// A calendar by itself is a file, in the list as well.
#[test]
fn a_calendar_alone_is_a_file() {
    let view = read("Content-Type: text/calendar; method=REQUEST\r\n\r\nBEGIN:VCALENDAR\r\n");
    assert_eq!(names(&view, false), ["invite.ics"]);
}

/// Words are compared up to a limit: a stranger's message must not take many times its size.
#[test]
fn long_alternatives_are_not_compared() {
    for (words, files) in [(1_000, 0), (200_000, 1)] {
        let text = plain(&"ab ".repeat(words));
        let seen = read(&multipart("alternative", "x", &[text.clone(), text]));
        assert_eq!(seen.parts.len(), files, "{words} words");
        assert!(seen.text.unwrap().starts_with("ab ab"));
    }
}
