//! What must hold for any octets that reach the `mail` module. Each function panics if it does not
//! hold.

// Each fuzz target uses one of them.
#![allow(dead_code)]

use postern::mail::address::{Address, AddressError};
use postern::mail::alike::{imitated, is_ours, name_looks};
use postern::mail::contacts::table::Columns;
use postern::mail::contacts::vcard::{self, Version};
use postern::mail::contacts::{Contact, Photo, table};
use postern::mail::envelope::{
    ForwardPath, Notify, OriginalRecipient, ReversePath, split_path, xtext_decode, xtext_encode,
};
use postern::mail::header::{HeaderLimits, gate};
use postern::mail::mailboxes;
use postern::mail::mbox::Mbox;
use postern::mail::message::{NameAddr, Octets, View, part_bytes, part_found, summary, view};
use postern::mail::picture;
use postern::mail::reference::Reference;
use postern::mail::results::without_forged;
use postern::mail::sanitize::{html, oracle_is_inert};
use postern::mail::schedule::rule::{Rule, Steps, Unexpanded};
use postern::mail::schedule::times::{self, Zone};
use postern::mail::sound;
use postern::mail::spf::{Mechanism, Record, Values, is_record};
use postern::mail::warnings::warnings;

/// Decodes base64 that has no wrong character in it.
fn decoded(lines: &[u8]) -> Vec<u8> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut out, mut held, mut bits) = (Vec::new(), 0_u32, 0);
    for octet in lines.iter().filter(|octet| !b"\r\n=".contains(octet)) {
        let value = ALPHABET.iter().position(|known| known == octet).expect("it is base64");
        (held, bits) = (held << 6 | u32::try_from(value).expect("it is below 64"), bits + 6);
        if bits >= 8 {
            bits -= 8;
            out.push((held >> bits & 0xff) as u8);
        }
    }
    out
}

/// Every accepted address, path or parameter is written in a form that parses to the same value
/// and cannot break a command or a header.
pub fn address(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(address) = Address::parse(text) {
        let written = address.to_string();
        assert_eq!(Address::parse(&written).as_ref(), Ok(&address));
        assert_harmless(&written);
        assert!(written.len() <= 64 + 1 + 255);
        assert_eq!(split_path(&format!("<{written}> X")).unwrap().1, " X");
        // Lower case can be longer.
        match Address::parse(&address.normalized()) {
            Ok(again) => assert_eq!(again.normalized(), address.normalized()),
            Err(error) => assert_eq!(error, AddressError::TooLong),
        }
    }
    if let Ok(path) = ReversePath::parse(text) {
        assert_eq!(ReversePath::parse(&path.to_string()), Ok(path));
    }
    if let Ok(path) = ForwardPath::parse(text) {
        assert_eq!(ForwardPath::parse(&path.to_string()), Ok(path));
    }
    if let Some((path, rest)) = split_path(text) {
        assert_eq!(format!("{path}{rest}"), text);
    }
    if let Some(decoded) = xtext_decode(text) {
        assert!(!decoded.chars().any(char::is_control));
        assert_eq!(xtext_decode(&xtext_encode(&decoded)), Some(decoded));
    }
    if let Some(orcpt) = OriginalRecipient::parse(text) {
        assert_eq!(OriginalRecipient::parse(&orcpt.to_string()).as_ref(), Some(&orcpt));
    }
    if let Some(notify) = Notify::parse(text) {
        assert_eq!(Notify::parse(&notify.to_string()), Some(notify));
    }
}

/// The authors that a From field names are read again from what is shown of them, and are those that
/// the message list and the message view show.
pub fn authors(data: &[u8]) {
    let Ok(authors) = mailboxes::authors(data) else { return };
    for one in &authors {
        let alone = mailboxes::authors(format!("<{}>", one.address).as_bytes()).unwrap();
        assert_eq!((&alone[0].address, &alone[0].domain), (&one.address, &one.domain));
        assert_harmless(&one.address);
    }
    let message = [b"From: ".as_slice(), data, b"\r\n\r\n"].concat();
    let Ok(facts) = gate(&message, &HeaderLimits::default()) else { return };
    // A line end may end the field.
    if facts.value(&message, "from") != Some(&message[5..message.len() - 4]) {
        return;
    }
    let shown = view(&message);
    assert_plain(&shown);
    let addresses = shown.from.iter().map(|one| one.address.as_deref().unwrap());
    assert!(addresses.eq(authors.iter().map(|one| one.address.as_str())), "{:?}", shown.from);
    assert_eq!(summary(&message, &facts).authors, shown.from);
}

/// What is said to contradict an author is bounded, and the look of a name is found again in itself.
pub fn sender(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let ours = ["example.org".to_owned(), "xn--bcher-kva.example".to_owned()];
    let (name, address) = text.split_once('\n').unwrap_or((text, "a@examp1e.org"));
    let author = NameAddr { name: Some(name.to_owned()), address: Some(address.to_owned()) };
    let replies = NameAddr { name: None, address: Some(name.to_owned()) };
    let found = warnings(&[author.clone(), replies.clone()], &[replies], &ours);
    assert!(found.len() <= 8, "{found:?}");
    let looks = name_looks(name);
    assert!(looks.len() <= 6 && looks.iter().all(|look| !look.is_empty() && !look.contains("  ")));
    assert_eq!(name_looks(&format!(" \u{200b}{name}. ")), looks, "{name:?}");
    let domain = address.rsplit_once('@').map_or(address, |(_, domain)| domain);
    assert!(!(is_ours(domain, &ours) && imitated(domain, &ours).is_some()), "{domain:?}");
}

/// What remains of a message without the results in our name is a message, has none, and lacks
/// nothing else.
pub fn results(data: &[u8]) {
    const HOST: &str = "mail.example.org";
    let Ok(facts) = gate(data, &HeaderLimits::default()) else { return };
    let kept = without_forged(data, &facts, HOST).concat();
    assert!(kept.len() <= data.len());
    let Ok(left) = gate(&kept, &HeaderLimits::default()) else { return };
    assert_eq!(without_forged(&kept, &left, HOST).concat(), kept, "once is enough");
    for name in ["from", "to", "subject", "dkim-signature"] {
        assert!(left.values(&kept, name).eq(facts.values(data, name)), "{name}");
    }
    let claims =
        |value: &[u8]| value.trim_ascii_start().to_ascii_lowercase().starts_with(HOST.as_bytes());
    let mut results = left.values(&kept, "authentication-results");
    assert!(
        !results
            .any(|value| claims(value) && value.trim_ascii_start().get(HOST.len()) == Some(&b';'))
    );
}

/// A record that is accepted names only what DNS can be asked about, or nothing.
pub fn spf(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Some(record) = Record::parse(text) else { return };
    assert!(is_record(text) && text.is_ascii());
    let long = "a-b.".repeat(80);
    let values = Values {
        ip: "2001:db8::1".parse().unwrap(),
        helo: &long,
        local_part: &long,
        sender_domain: "example.org",
        domain: "mail.example.org",
        validated: "unknown",
    };
    let specs = record.directives.iter().filter_map(|one| match &one.mechanism {
        Mechanism::Include(spec) | Mechanism::Exists(spec) => Some(spec),
        Mechanism::A(spec, _) | Mechanism::Mx(spec, _) | Mechanism::Ptr(spec) => spec.as_ref(),
        Mechanism::All | Mechanism::Ip(..) => None,
    });
    for spec in specs.chain(&record.redirect) {
        let name = spec.expand(&values);
        assert!(name.len() <= 253 || !name.contains('.'), "{name}");
    }
}

/// Asserts that nothing in an address ends a line or, outside quotes, a path.
fn assert_harmless(address: &str) {
    assert!(!address.chars().any(char::is_control), "{address:?}");
    let (mut quoted, mut escaped) = (false, false);
    for c in address.chars() {
        assert!(quoted || !matches!(c, '<' | '>' | ' ' | ',' | '(' | ')'), "{address:?}");
        if !escaped && c == '"' {
            quoted = !quoted;
        }
        escaped = quoted && !escaped && c == '\\';
    }
    assert!(!quoted, "{address:?}");
}

/// Every accepted reference number has a single written form, and swapping two neighbouring symbols
/// never produces another valid number.
pub fn reference(data: &[u8]) {
    let from_bytes = data.first_chunk::<16>().and_then(|bytes| Reference::from_bytes(*bytes));
    let from_text = std::str::from_utf8(data).ok().and_then(|text| text.parse().ok());
    let made = data.first_chunk::<16>().map(|bytes| {
        let (millis, random) = bytes.split_at(8);
        let number = |octets: &[u8]| u64::from_be_bytes(octets.try_into().unwrap());
        Reference::from_parts(number(millis), number(random))
    });
    for number in [from_bytes, from_text, made].into_iter().flatten() {
        let text = number.to_string();
        assert_eq!(text.parse(), Ok(number));
        assert_eq!(text.to_lowercase().replace('-', "").parse(), Ok(number));
        assert_eq!(Reference::from_bytes(number.to_bytes()), Some(number));
        for at in 1..text.len() {
            let mut octets = text.clone().into_bytes();
            octets.swap(at - 1, at);
            let swapped = String::from_utf8(octets).unwrap();
            let same = swapped.replace('-', "") == text.replace('-', "");
            assert_eq!(swapped.parse::<Reference>().is_ok(), same, "{text} {swapped}");
        }
    }
}

/// An accepted header has exactly one From, however one searches for it, and the message list and
/// the message view show the same sender and subject.
pub fn header_strict(data: &[u8]) {
    let Ok(facts) = gate(data, &HeaderLimits::default()) else { return };
    let header = &data[..facts.body];
    assert!(!header.contains(&0));
    let lines: Vec<&[u8]> = header.split(|octet| *octet == b'\n').collect();
    for line in &lines[..lines.len() - 1] {
        assert!(line.ends_with(b"\r") && !line[..line.len() - 1].contains(&b'\r'));
    }
    let named = |name: &str| {
        let prefix = format!("{name}:").into_bytes();
        let is = |line: &&&[u8]| {
            line.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(&prefix))
        };
        lines.iter().filter(is).count()
    };
    for name in ["from", "sender", "subject", "date", "message-id"] {
        assert_eq!(named(name), facts.values(data, name).count(), "{name}");
        assert!(named(name) <= 1, "{name}");
    }
    // May be repeated, but not contradict itself.
    assert_eq!(named("content-type"), facts.values(data, "content-type").count());
    let words = |value: &[u8]| value.split(u8::is_ascii_whitespace).collect::<Vec<_>>().concat();
    let mut types = facts.values(data, "content-type").map(words);
    let first = types.next();
    assert!(types.all(|one| Some(one) == first), "content-type");
    assert_eq!(named("from"), 1);
    assert_eq!(named("received"), facts.received);
    let (listed, shown) = (summary(data, &facts), view(data));
    assert_eq!(listed.subject, shown.subject);
    assert_eq!(listed.authors, shown.from);
}

/// What Outlook packs, an opaque signature, and a uuencoded text: no panic, and what is found is a
/// message like any other.
pub fn unpacked(data: &[u8]) {
    for media in ["application/ms-tnef", "application/pkcs7-mime", "message/rfc822"] {
        if let Some(message) = postern::mail::message::unpacked(media, data.to_vec()) {
            message_view(&message);
        }
    }
}

/// A view of any input: no panic, nothing that could change the text around it, and parts that can
/// be fetched and have the size they declare.
pub fn message_view(data: &[u8]) {
    let shown = view(data);
    assert_plain(&shown);
    let mut inline = 0;
    for part in &shown.parts {
        inline += usize::from(part.inline);
        assert!(!part.name.contains(['/', '\\']) && part.name != ".." && part.name != ".");
        assert!(part.content_type.bytes().all(|octet| octet.is_ascii_graphic()));
    }
    for part in shown.parts.iter().take(16) {
        let (again, octets) = part_bytes(data, part.index).expect("a listed part can be fetched");
        assert_eq!((&again, octets.len() as u64), (part, part.size));
        assert!(octets.len() <= data.len());
        let (found, place) = part_found(data, part.index).expect("it is found as well");
        assert_eq!(found, *part);
        match place {
            Octets::Here(found) => assert_eq!(found, octets),
            Octets::At(place) => {
                assert_eq!(place.size, octets.len() as u64);
                assert_eq!(decoded(&data[place.at]), octets);
            }
        }
    }
    if let Ok(facts) = gate(data, &HeaderLimits::default()) {
        let listed = summary(data, &facts);
        assert_eq!(listed.subject, shown.subject);
        assert_eq!(listed.authors, shown.from);
        assert!(listed.attachments as usize <= shown.parts.len() + inline + 1_000);
    }
}

fn assert_plain(view: &View) {
    let people = [&view.from, &view.to, &view.cc, &view.reply_to].into_iter().flatten();
    let names = people.flat_map(|one| [&one.name, &one.address]).flatten();
    let ids = view.message_id.iter().chain(&view.in_reply_to).chain(&view.references);
    let parts = view.parts.iter().flat_map(|part| part.content_id.iter().chain([&part.name]));
    let unseen =
        |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    for line in names.chain(ids).chain(parts).chain([&view.subject]) {
        assert!(!line.contains(unseen), "{line:?}");
    }
    let text = view.text.iter().flat_map(|text| text.chars());
    assert!(!text.filter(|c| !matches!(c, '\n' | '\t')).any(unseen));
}

/// The sanitiser's output is inert, and is still inert after it is sanitised again.
pub fn sanitize(data: &[u8]) {
    let Ok(source) = std::str::from_utf8(data) else { return };
    let Ok(safe) = html(source, &|source| (source == "cid:logo").then(|| "cid/1".to_owned()))
    else {
        return;
    };
    assert!(oracle_is_inert(&safe.html), "{source:?} {}", safe.html);
    assert!(safe.html.len() < 4096 + 64 * source.len(), "{source:?}");
    if let Ok(again) = html(&safe.html, &|_| None) {
        assert!(oracle_is_inert(&again.html), "{source:?} {}", again.html);
    }
}

/// Contacts that were read from a file are within their limits, and what is written of them is read
/// as the same contacts.
pub fn contacts(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (cards, _) = vcard::read(&text, 50);
    let rows = table::read(&text, 50).map(|(rows, _)| rows).unwrap_or_default();
    for read in cards.iter().chain(&rows) {
        let mut fitted = read.contact.clone();
        assert!(fitted.fit().is_empty() && fitted == read.contact, "{fitted:?}");
        for version in [Version::V3, Version::V4] {
            let mut card = String::new();
            vcard::write(&mut card, &read.contact, read.photo.as_ref(), version);
            let (again, more) = vcard::read(&card, 2);
            assert!(again.len() == 1 && !more, "{card}");
            assert_eq!(plain(&again[0].contact), plain(&read.contact), "{card}");
            assert_eq!(again[0].photo, read.photo);
        }
    }
    for read in &rows {
        let columns = Columns::of(&read.contact);
        let mut written = String::new();
        columns.write_names(&mut written);
        columns.write(&mut written, &read.contact);
        for value in postern::mail::contacts::csv::rows(&written).flatten() {
            assert!(!value.trim_start().starts_with(['=', '+', '-', '@']), "{value}");
        }
    }
}

/// A picture that is drawn anew is within its limits, and one that is drawn again is no other kind.
pub fn picture(data: &[u8]) {
    let Some(drawn) = Photo::of(data.to_vec()).and_then(|photo| picture::drawn(&photo)) else {
        return;
    };
    assert!(drawn.width.max(drawn.height) <= picture::DRAWN_SIDE_MAX);
    assert!(drawn.octets.len() <= picture::DRAWN_OCTETS_MAX);
    assert!(["image/jpeg", "image/png"].contains(&drawn.media));
    let again = picture::drawn(&drawn).expect("what was drawn can be drawn");
    assert_eq!((again.width, again.height), (drawn.width, drawn.height));
}

/// What a contact says, without how the card wrote it.
fn plain(contact: &Contact) -> Contact {
    let mut kept = contact.kept.clone();
    kept.sort();
    Contact { kept, source: Vec::new(), ..contact.clone() }
}

/// The messages of an mbox file, none of which is longer than allowed.
pub fn mbox(data: &[u8]) {
    let mut messages = Mbox::new(data, 200);
    let (mut found, mut last) = (0, 0);
    while let Ok(Some(one)) = messages.read_next() {
        assert!(one.octets.is_none_or(|octets| octets.len() <= 200));
        assert!(one.line >= last, "messages stand one after another");
        (found, last) = (found + 1, one.line);
    }
    // Each begins with a line of five octets at least.
    assert!(found * 5 <= data.len());
    assert!(data.starts_with(b"From ") || found == 0);
}

/// What is taken for a recording begins as one, whatever comes after its head, and has a type that is known.
pub fn recording(data: &[u8]) {
    let found = sound::kind(data);
    assert_eq!(found.and_then(sound::known), found);
    let head = data.get(..sound::KNOWN_BY_OCTETS).unwrap_or(data);
    assert_eq!(sound::kind(head), found);
    assert!(found.is_none() || !head.starts_with(b"<"));
}

/// A rule of repetition that is taken can be expanded within its steps: what is found lies in order between
/// the times that were asked for, is the same for a part as for the whole, and is not after the end that
/// the rule has.
pub fn repetition(data: &[u8]) {
    const DAY_SECS: i64 = 86_400;
    let text = String::from_utf8_lossy(data);
    let (Some(zone), Some(first)) =
        (Zone::parse("Europe/Berlin"), times::parse("2020-02-29T02:30:00"))
    else {
        panic!("the zone and the time are known");
    };
    let Ok(rule) = Rule::parse(&text, zone) else { return };
    let (end, part) = (first + 2_000 * DAY_SECS, first + 1_300 * DAY_SECS);
    let starts = |from| rule.starts(first, (from, end), &[], &mut Steps::new(200_000));
    let (whole, later) = (starts(first), starts(part));
    let (Ok(whole), Ok(later)) = (whole, later) else {
        panic!("{text} is taken, and cannot be expanded");
    };
    assert!(whole.len() <= 2_001 && whole.is_sorted(), "{text}");
    assert!(whole.iter().all(|start| (first..=end).contains(start)), "{text}");
    let expected: Vec<_> = whole.iter().copied().filter(|start| *start >= part).collect();
    assert_eq!(later, expected, "{text}");
    let last = rule.last(first, &mut Steps::new(200_000)).expect("it was expanded");
    if let Some(last) = last {
        assert!(whole.iter().all(|start| *start <= last), "{text}");
    }
    let few = rule.starts(first, (first, end), &[], &mut Steps::new(0));
    assert!(few == Ok(Vec::new()) || few == Err(Unexpanded::TooLong), "{text}");
}
