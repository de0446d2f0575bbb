use super::*;
use crate::mail::header::{HeaderLimits, gate};

fn summarize(message: &[u8]) -> Summary {
    summary(message, &gate(message, &HeaderLimits::default()).unwrap())
}

#[test]
fn the_list_shows_decoded_names_and_subjects() {
    let message = b"From: =?utf-8?B?15PXoNeU?= <dana@example.org>\r\n\
        Subject: =?iso-8859-1?Q?Caf=E9?= und\r\n =?utf-8?Q?Tee?=\r\n\r\nbody";
    let summary = summarize(message);
    assert_eq!(summary.subject, "Café und Tee");
    let from = &summary.authors[0];
    assert_eq!(from.name.as_deref(), Some("דנה"));
    assert_eq!(from.address.as_deref(), Some("dana@example.org"));
}

const MIXED: &[u8] = b"From: a@b.example\r\nMIME-Version: 1.0\r\n\
    Content-Type: multipart/mixed; boundary=x\r\n\r\n\
    --x\r\nContent-Type: multipart/alternative; boundary=y\r\n\r\n\
    --y\r\nContent-Type: text/plain; charset=windows-1255\r\n\r\n\xf9\xec\xe5\xed\r\n\
    --y\r\nContent-Type: text/html\r\n\r\n<b>hi</b>\r\n--y--\r\n\
    --x\r\nContent-Type: image/png; name=\"../../p\xe2\x80\xaegnp.exe\"\r\n\
    Content-Disposition: attachment\r\nContent-Transfer-Encoding: base64\r\n\r\nAAEC\r\n--x--\r\n";

#[test]
fn the_reader_gets_text_html_and_parts() {
    let view = view(MIXED);
    assert_eq!(view.text.as_deref().map(str::trim), Some("שלום"));
    assert_eq!(view.html, ["<b>hi</b>"]);
    assert_eq!(view.parts.len(), 1);
    let part = &view.parts[0];
    assert_eq!((part.content_type.as_str(), part.size, part.inline), ("image/png", 3, false));
    assert!(!part.name.contains(['/', '\u{202e}']), "{:?}", part.name);
    assert_eq!(part_bytes(MIXED, part.index).unwrap().1, [0, 1, 2]);
    assert_eq!(part_bytes(MIXED, 0), None);
    assert_eq!(summarize(MIXED).attachments, 1);
}

/// Returns a message with one part within multipart/mixed.
fn with_part(header: &str, body: &str) -> Vec<u8> {
    format!(
        "From: a@b.example\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n\
         --x\r\n{header}\r\n\r\n{body}\r\n--x--\r\n"
    )
    .into_bytes()
}

fn octets_of_only_part(message: &[u8]) -> Vec<u8> {
    let view = view(message);
    assert_eq!(view.parts.len(), 1, "{:?}", view.parts);
    let (part, octets) = part_bytes(message, view.parts[0].index).unwrap();
    assert_eq!(part.size, octets.len() as u64);
    octets
}

/// P-17: an attachment is returned octet for octet, whatever type it declares.
#[test]
fn attachments_come_out_octet_by_octet() {
    let attached = "Content-Disposition: attachment; filename=a";
    for (kind, encoding, body, expected) in [
        ("text/plain; charset=windows-1255", "8bit", "a\u{e9}\r\nb", "a\u{e9}\r\nb"),
        ("text/plain; charset=utf-16", "base64", "QQBCAA==", "A\0B\0"),
        ("text/csv", "quoted-printable", "a=3Db=\r\nc", "a=bc"),
        ("text/csv", "quoted-printable", "a=3Db=x=\r\nc", "a=b=xc"),
        ("text/html", "7bit", "a --x b", "a --x b"),
        ("application/pdf", "7bit", "a --x b", "a --x b"),
        ("application/pdf", "base64", "QU*JD\r\nRA==", "ABCD"),
        ("application/pdf", "base64", "QUI=\r\nQ0Q=", "ABCD"),
        ("application/pdf", "base64", "", ""),
        ("text/plain", "base64", "!!QUI", "AB"),
        ("application/pdf", "x-unknown", "abc", "abc"),
        ("message/rfc822", "7bit", "Subject: x\r\n\r\ny", "Subject: x\r\n\r\ny"),
        ("message/rfc822", "base64", "U3ViamVjdDogeA0KDQp5", "Subject: x\r\n\r\ny"),
    ] {
        let header =
            format!("Content-Type: {kind}\r\nContent-Transfer-Encoding: {encoding}\r\n{attached}");
        let octets = octets_of_only_part(&with_part(&header, body));
        assert_eq!(String::from_utf8_lossy(&octets), expected, "{kind} {encoding} {body:?}");
    }
}

#[test]
fn the_list_counts_what_the_reader_can_save() {
    let inline = "Content-Type: image/png\r\nContent-ID: <a>\r\nContent-Transfer-Encoding: base64";
    let image = "Content-Type: image/png; name=a.png\r\nContent-Transfer-Encoding: base64";
    let odd =
        b"From: a@b.example\r\nContent-Type: multipart/mixed; boundary*0=x; boundary*1=y\r\n\r\n\
        --xy\r\nContent-Type: image/png\r\n\r\na\r\n--xy--\r\n";
    let nested = with_part(
        "Content-Type: message/rfc822",
        "Subject: a\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n--y\r\n\
         Content-Type: image/png\r\n\r\na\r\n--y\r\nContent-Type: image/png\r\n\r\na\r\n--y--\r\n",
    );
    for (message, expected) in [
        (MIXED.to_vec(), 1),
        (b"From: a@b.example\r\n\r\ntext".to_vec(), 0),
        (b"From: a@b.example\r\nContent-Type: application/pdf\r\n\r\na".to_vec(), 1),
        (
            b"From: a@b.example\r\nContent-Type: text/csv\r\n\
              Content-Disposition: attachment\r\n\r\na"
                .to_vec(),
            1,
        ),
        // No HTML shows it.
        (with_part(inline, "AAEC"), 1),
        (with_part(image, "AAEC"), 1),
        (odd.to_vec(), 1),
        (nested, 1),
    ] {
        let shown = view(&message).parts.iter().filter(|part| !part.inline).count();
        let name = String::from_utf8_lossy(&message);
        assert_eq!(summarize(&message).attachments, expected, "{name}");
        assert_eq!(shown, expected as usize, "{name}");
    }
}

#[test]
fn a_boundary_in_another_spelling_is_guarded_too() {
    let message = b"From: a@b.example\r\n\
        Content-Type: multipart/mixed; boundary*0=x; boundary*1=y\r\n\r\n\
        --xy\r\n\r\nbefore --xy after\r\n--xy--\r\n";
    let view = view(message);
    assert!(view.ambiguous);
    assert!(view.text.unwrap().contains("after"));
}

#[test]
fn a_part_that_ends_in_a_soft_line_break_keeps_its_text() {
    let header = "Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable";
    for (body, expected) in [("abcdef=", "abcdef"), ("=", "")] {
        let view = view(&with_part(header, body));
        assert_eq!((view.text.as_deref(), view.refused), (Some(expected), None));
    }
}

#[test]
fn raw_eight_bit_headers_are_shown() {
    let message = b"From: Andr\xe9 <a@b.example>\r\nSubject: \xfcber\r\nTo: D\xc3\xa9a <d@e.example>\r\n\r\n\xff";
    let view = view(message);
    assert_eq!(view.subject, "\u{fc}ber");
    assert_eq!(view.from[0].name.as_deref(), Some("Andr\u{e9}"));
    assert_eq!(view.to[0].name.as_deref(), Some("D\u{e9}a"));
    assert_eq!(summarize(message).subject, "\u{fc}ber");
}

/// The parser's date swallows the next line if its time zone is a single letter, as in `Z`.
#[test]
fn a_date_does_not_swallow_the_field_after_it() {
    for zone in ["Z", "x", "+0100--x", "GMT"] {
        let date = format!("Mon, 23 Nov 2026 09:00:00 {zone}");
        let message = format!(
            "Received: by x; {date}\r\nDate: {date}\r\nFrom: a@b.example\r\n\
             Resent-Date: {date}\r\nContent-Type: multipart/mixed; boundary=x\r\n\
             Subject: s\r\n\r\n--x\r\n\r\ntext\r\n--x\r\nContent-Type: image/png\r\n\r\na\r\n--x--\r\n"
        );
        let view = view(message.as_bytes());
        assert_eq!(view.from.len(), 1, "{zone}");
        assert_eq!((view.subject.as_str(), view.text.as_deref()), ("s", Some("text")), "{zone}");
        assert_eq!(summarize(message.as_bytes()).attachments, 1, "{zone}");
        assert!(view.date.is_some(), "{zone}");
    }
}

#[test]
fn legacy_charsets_are_decoded() {
    for (charset, octets, expected) in [
        ("iso-8859-1", &b"caf\xe9"[..], "caf\u{e9}"),
        ("iso-8859-8-i", b"\xf9\xec\xe5\xed", "\u{5e9}\u{5dc}\u{5d5}\u{5dd}"),
        ("windows-1251", b"\xcf\xf0", "\u{41f}\u{440}"),
        ("windows-1252", b"\x80\x93", "\u{20ac}\u{201c}"),
        ("koi8-r", b"\xf0\xd2", "\u{41f}\u{440}"),
        ("Shift_JIS", b"\x93\xfa\x96\x7b", "\u{65e5}\u{672c}"),
        ("gb18030", b"\xc4\xe3", "\u{4f60}"),
        ("x-unknown-42", b"a\xffb", "a\u{fffd}b"),
    ] {
        let mut message =
            format!("From: a@b.example\r\nContent-Type: text/plain; charset={charset}\r\n\r\n")
                .into_bytes();
        message.extend_from_slice(octets);
        assert_eq!(view(&message).text.as_deref(), Some(expected), "{charset}");
    }
}

#[test]
fn names_cannot_reach_beyond_what_they_name() {
    for (name, expected) in [
        ("../../etc/passwd", "passwd"),
        ("C:\\a\\b.exe", "b.exe"),
        ("a\u{202e}fdp.exe", "afdp.exe"),
        ("a\r\nb\0c", "a  bc"),
        ("..", ""),
        ("", ""),
    ] {
        assert_eq!(part::file_name(name), expected, "{name:?}");
    }
    let message = with_part("Content-Type: a;b/c<d>\r\nContent-Disposition: attachment", "x");
    assert_eq!(view(&message).parts[0].content_type, "application/octet-stream");
}

#[test]
fn html_made_from_text_is_not_html() {
    let view = view(b"From: a@b.example\r\n\r\njust text");
    assert!(view.html.is_empty());
    assert_eq!(view.text.as_deref(), Some("just text"));
}

#[test]
fn hostile_messages_are_described_and_never_parsed() {
    let deep: String = (0..10_000)
        .map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n"))
        .collect();
    let message = format!("From: a@b.example\r\nSubject: deep\r\n{deep}");
    let shown = view(message.as_bytes());
    assert_eq!(shown.subject, "deep");
    assert!(shown.refused.is_some());
    assert_eq!(summarize(message.as_bytes()).subject, "deep");
    for octets in [&b"\0\xff\xfe"[..], b"From: \xff\xff\r\n\r\n\0\0", b""] {
        let _ = view(octets);
    }
}

/// A sender who writes raw octets in the header writes them like the body.
#[test]
fn raw_header_octets_are_in_the_charset_of_the_body() {
    let message = |charset: &str| {
        let mut octets =
            b"From: \xc8\xe2\xe0\xed <i@x.example>\r\nSubject: \xce\xf2\xf7\xb8\xf2\r\n".to_vec();
        octets.extend(format!("Content-Type: text/plain; charset={charset}\r\n\r\nx").bytes());
        octets
    };
    for charset in ["windows-1251", "\"Windows-1251\"; format=flowed"] {
        let message = message(charset);
        let (shown, listed) = (view(&message), summarize(&message));
        assert_eq!((shown.subject.as_str(), listed.subject.as_str()), ("Отчёт", "Отчёт"));
        assert_eq!(shown.from[0].name.as_deref(), Some("Иван"));
        assert_eq!(listed.authors[0].name.as_deref(), Some("Иван"));
    }
    assert_eq!(view(&message("us-ascii")).from[0].name.as_deref(), Some("Èâàí"));
}

#[test]
fn words_that_are_cut_inside_a_character_are_read() {
    let message = b"From: =?utf-8?Q?Gr=C3?= =?utf-8?Q?=BCn?= <a@b.example>\r\nSubject: =?gb2312?B?MjAyNsTqtqy8vrvh0unNqNaqo7rH?=\r\n\
        \t=?gb2312?B?68v509DNrMrC17zKsbLOvNOyorT4usPXysHP?=\r\n\r\nx";
    let shown = view(message);
    assert_eq!(shown.subject, "2026年冬季会议通知：请所有同事准时参加并带好资料");
    assert_eq!(shown.from[0].name.as_deref(), Some("Grün"));
}

#[test]
fn a_date_that_cannot_be_read_is_shown_as_it_was_written() {
    let read = |date: &str| {
        let message = format!("From: a@b.example\r\nDate: {date}\r\n\r\nx");
        let View { date, date_given, .. } = view(message.as_bytes());
        (date, date_given)
    };
    let gmt = read("Mon, 2 Nov 2026 19:38:50 GMT+0200");
    assert_eq!(gmt, (Some("2026-11-02T19:38:50+02:00".to_owned()), None));
    assert_eq!(read("Mon, 2 Nov 2026 24:00:00 +0000").1.unwrap(), "Mon, 2 Nov 2026 24:00:00 +0000");
    assert_eq!(read(""), (None, None));
    let received = b"Received: by x; nonsense\r\nFrom: a@b.example\r\n\r\n";
    assert_eq!(date(received), None);
    let received = b"Received: from x by y;\r\n Sun, 13 May 2001 03:00:07 +0200\r\n\
        Received: z; Sat, 12 May 2001 03:00:07 +0200\r\nFrom: a@b.example\r\n\r\n";
    assert_eq!(date(received).unwrap(), "2001-05-13T03:00:07+02:00");
}

/// RFC 7103 §7.1: what honest programs repeat adds up, and is marked if programs may differ on it.
#[test]
fn repeated_fields_add_up() {
    let header = "From: a@b.example\r\nTo: c@d.example\r\nReferences: <1@x>\r\n\
        To: e@f.example,\r\n g@h.example\r\nCc: i@j.example\r\nReferences: <2@x>\r\n";
    let message = format!("{header}\r\ntext");
    let addresses = |list: &[NameAddr]| -> Vec<String> {
        list.iter().filter_map(|one| one.address.clone()).collect()
    };
    let shown = view(message.as_bytes());
    assert_eq!(addresses(&shown.to), ["c@d.example", "e@f.example", "g@h.example"]);
    assert_eq!(shown.references, ["1@x", "2@x"]);
    assert!(shown.ambiguous);
    let listed = summarize(message.as_bytes());
    assert_eq!(addresses(&listed.to).len(), 4);
    assert_eq!(listed.ids.references, ["1@x", "2@x"]);
    let facts = gate(message.as_bytes(), &HeaderLimits::default()).unwrap();
    assert_eq!(addresses_in(message.as_bytes(), &facts, "To").len(), 3);
    let same = "From: a@b.example\r\nTo: c@d.example\r\nTO:  c@d.example\r\nMIME-Version: 1.0\r\n\
        MIME-Version: 1.0\r\nContent-Type: text/html\r\nContent-Type: text/html\r\n\r\n<b>x</b>";
    let shown = view(same.as_bytes());
    assert!(!shown.ambiguous && shown.html.len() == 1, "{shown:?}");
}

/// Answers to a message whose Reply-To fields differ would go to whichever a program reads.
#[test]
fn fields_that_contradict_each_other_are_marked_and_not_followed() {
    let read = |fields: &str| view(format!("From: a@b.example\r\n{fields}\r\nx").as_bytes());
    let differing = read("Reply-To: c@d.example\r\nReply-To: e@f.example\r\n");
    assert_eq!((differing.reply_to.len(), differing.ambiguous), (0, true));
    let equal = read("Reply-To: c@d.example\r\nReply-To: c@d.example\r\n");
    assert_eq!((equal.reply_to.is_empty(), equal.ambiguous), (false, false));
    assert!(read("MIME-Version: 1.0\r\nMIME-Version: 2.0\r\n").ambiguous);
}
