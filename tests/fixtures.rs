//! The rules that every file in `fixtures/messages` follows, so that each can travel unchanged.

mod support;

use std::collections::BTreeSet;

use support::{hostile, messages};

/// Header fields that may occur at most once (RFC 5322 §3.6, RFC 2045).
const SINGLE: [&str; 16] = [
    "from",
    "sender",
    "reply-to",
    "to",
    "cc",
    "bcc",
    "message-id",
    "in-reply-to",
    "references",
    "subject",
    "date",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "content-disposition",
    "content-id",
];

#[test]
fn there_are_at_least_seventy_kinds() {
    assert!(messages::all().len() >= 70);
}

#[test]
fn every_message_can_travel_over_smtp_unchanged() {
    for fixture in messages::all() {
        let (name, octets) = (&fixture.name, &fixture.octets);
        assert!(octets.ends_with(b"\r\n"), "{name} does not end with CRLF");
        assert!(!octets.contains(&0), "{name} contains a NUL");
        for line in octets.split_inclusive(|b| *b == b'\n') {
            let text = line.strip_suffix(b"\r\n").unwrap_or_else(|| panic!("{name}: bare LF"));
            assert!(!text.contains(&b'\r'), "{name} contains a bare CR");
            assert!(text.len() <= 998, "{name} has a line of {} octets", text.len());
        }
    }
}

#[test]
fn every_header_can_be_read_in_one_way_only() {
    for fixture in messages::all() {
        let (header, _) = messages::split(&fixture.octets);
        let names = messages::field_names(header);
        for name in &names {
            let graphic = name.bytes().all(|b| b.is_ascii_graphic());
            assert!(graphic && !name.is_empty(), "{}: field name {name:?}", fixture.name);
        }
        for single in SINGLE {
            let count = names.iter().filter(|n| n.eq_ignore_ascii_case(single)).count();
            assert!(count <= 1, "{} has {count} {single} fields", fixture.name);
        }
        assert!(names.iter().any(|n| n.eq_ignore_ascii_case("from")), "{}: no From", fixture.name);
    }
}

#[test]
fn the_table_names_every_file_and_no_other() {
    let table = std::fs::read_to_string(messages::folder().join("README.md")).unwrap();
    let named: BTreeSet<String> = table
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once(".eml`"))
        .map(|(name, _)| name.to_owned())
        .collect();
    let there: BTreeSet<String> = messages::all().into_iter().map(|f| f.name).collect();
    assert_eq!(named, there);
}

#[test]
fn variants_of_one_fixture_differ_and_keep_its_shape() {
    let all = messages::all();
    let mut seen = BTreeSet::new();
    for n in 0..2 * all.len() {
        let variant = all[n % all.len()].variant(support::token(), n);
        let longest = variant.octets.split(|b| *b == b'\n').map(<[u8]>::len).max().unwrap();
        assert!(longest <= 999, "{} grew a line of {longest}", variant.fixture);
        assert!(variant.octets.starts_with(messages::TOKEN_FIELD.as_bytes()));
        assert!(seen.insert(variant.octets), "{} twice", variant.fixture);
    }
}

#[test]
fn hostile_messages_are_as_large_as_they_say() {
    let nested = hostile::nested(10_000);
    assert_eq!(nested.windows(9).filter(|w| w == b"boundary=").count(), 10_000);
    let parts = hostile::parts(200_000);
    assert_eq!(parts.windows(5).filter(|w| w == b"--p\r\n").count(), 200_000);
    assert!(hostile::long_line(50 << 20).len() > 50 << 20);
    assert!(hostile::small().iter().all(|case| case.message.len() < 1 << 20));
}
