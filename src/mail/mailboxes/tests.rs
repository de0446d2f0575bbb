use proptest::prelude::*;

use super::*;

fn read(value: &str) -> Vec<(Option<String>, String)> {
    let found = parse(value, &crate::mail::message::decoded_words);
    let found = found.unwrap_or_else(|e| panic!("{value:?}: {e}"));
    found.into_iter().map(|one| (one.name, one.address)).collect()
}

#[test]
fn a_mailbox_in_each_form_that_is_in_use_is_read() {
    for (value, name, address) in [
        (" a@b.example", None, "a@b.example"),
        ("<a@b.example>", None, "a@b.example"),
        ("< a@b.example >", None, "a@b.example"),
        ("Dana Levi <dana@b.example>", Some("Dana Levi"), "dana@b.example"),
        ("Dana\r\n\tLevi\r\n <dana@b.example>", Some("Dana Levi"), "dana@b.example"),
        ("Dana Levi<dana@b.example>", Some("Dana Levi"), "dana@b.example"),
        ("\"Levi, Dana\" <dana@b.example>", Some("Levi, Dana"), "dana@b.example"),
        ("Levi, Dana <dana@b.example>", Some("Levi, Dana"), "dana@b.example"),
        ("John Q. Public <j@b.example>", Some("John Q. Public"), "j@b.example"),
        ("[Team] Support <s@b.example>", Some("[Team] Support"), "s@b.example"),
        ("DOMAIN\\user <u@b.example>", Some("DOMAIN\\user"), "u@b.example"),
        ("\"Kim (Jira)\" <k@b.example>", Some("Kim (Jira)"), "k@b.example"),
        ("\"Quo \\\"te\\\" d\" <q@b.example>", Some("Quo \"te\" d"), "q@b.example"),
        ("'Dana' via list <l@b.example>", Some("'Dana' via list"), "l@b.example"),
        ("root@b.example (Cron Daemon)", Some("Cron Daemon"), "root@b.example"),
        ("root@b.example (a (nested \\) one) b)", Some("a (nested ) one) b"), "root@b.example"),
        ("(old) a@b.example", Some("old"), "a@b.example"),
        ("Dana (at work) Levi <d@b.example>", Some("Dana Levi"), "d@b.example"),
        ("a@b.example <A@B.example>", Some("a@b.example"), "A@B.example"),
        ("\"x@y.example\" <a@b.example>", Some("x@y.example"), "a@b.example"),
        ("\"john doe\"@b.example", None, "\"john doe\"@b.example"),
        ("\"john\"@b.example", None, "john@b.example"),
        ("\"a@b\\\"c\"@b.example", None, "\"a@b\\\"c\"@b.example"),
        ("a..b.@mobile.example", None, "a..b.@mobile.example"),
        ("a@b_c.example", None, "a@b_c.example"),
        ("a@[192.0.2.1]", None, "a@[192.0.2.1]"),
        ("a@[IPv6:2001:db8::1]", None, "a@[IPv6:2001:db8::1]"),
        ("a@localhost", None, "a@localhost"),
        ("פ@דואר.example", None, "פ@דואר.example"),
        (",, a@b.example ,", None, "a@b.example"),
        ("=?utf-8?Q?Caf=C3=A9?= =?utf-8?Q?_Bar?= <c@b.example>", Some("Café Bar"), "c@b.example"),
        ("=?utf-8?Q?Levi,_Dana?= <d@b.example>", Some("Levi, Dana"), "d@b.example"),
        ("=?utf-8?Q?x=40y.example?= <a@b.example>", Some("x@y.example"), "a@b.example"),
        ("The =?utf-8?Q?Caf=C3=A9?= \"Bar\" <c@b.example>", Some("The Café Bar"), "c@b.example"),
        ("Team: a@b.example;", None, "a@b.example"),
    ] {
        let expected = (name.map(str::to_owned), address.to_owned());
        assert_eq!(read(value), [expected], "{value:?}");
    }
}

#[test]
fn each_of_several_authors_is_found() {
    for value in [
        "One <a@b.example>, c@d.example",
        "One <a@b.example>,, c@d.example (Two)",
        "Team: a@b.example, Two <c@d.example>;",
        "a@b.example, Team: c@d.example;",
        "Team: a@b.example;, c@d.example",
    ] {
        let found = read(value);
        let addresses: Vec<&str> = found.iter().map(|(_, address)| &**address).collect();
        assert_eq!(addresses, ["a@b.example", "c@d.example"], "{value:?}");
    }
}

#[test]
fn what_has_no_single_reading_is_refused() {
    use FromRefusal::*;
    for (value, expected) in [
        ("", NoAddress),
        (" \r\n ", NoAddress),
        ("undisclosed:;", NoAddress),
        ("undisclosed: (nobody);", NoAddress),
        ("root", NoAddress),
        ("Dana Levi", NoAddress),
        ("\"a@b.example\"", NoAddress),
        ("(a@b.example)", NoAddress),
        ("Dana <>", NoAddress),
        ("Dana <dana>", NoAddress),
        ("<c@s.example> <a@b.example>", Ambiguous),
        ("<c@s.example> a@b.example", Ambiguous),
        ("c@s.example <a@b.example>", Ambiguous),
        ("Dana c@s.example <a@b.example>", Ambiguous),
        ("[c@s.example] <a@b.example>", Ambiguous),
        ("=?utf-8?Q?c@s.example?= <a@b.example>", Ambiguous),
        ("=?utf-8?Q?<c@s.example>?= <a@b.example>", Ambiguous),
        ("<<a@b.example>>", Ambiguous),
        ("<a@b.example", Ambiguous),
        ("a@b.example>", Ambiguous),
        ("<a@sig ner.example>", Ambiguous),
        ("<a @b.example>", Ambiguous),
        ("<a@(x)b.example>", Ambiguous),
        ("a(x)@b.example", Ambiguous),
        ("a@b.example c@d.example", Ambiguous),
        ("a@b@c.example", Ambiguous),
        ("<a@b.example@c.example>", Ambiguous),
        ("<@r.example:a@b.example>", Ambiguous),
        ("a@b.example;", Ambiguous),
        ("Team: a@b.example", Ambiguous),
        ("Re: Dana <a@b.example>", Ambiguous),
        ("Team: a@b.example; c@d.example", Ambiguous),
        ("Team: Inner: a@b.example;;", Ambiguous),
        ("Dana\u{b}<a@b.example>", Ambiguous),
        ("\"Dana <a@b.example>", Ambiguous),
        ("Dana (a <a@b.example>", Ambiguous),
        ("Dana) <a@b.example>", Ambiguous),
        ("\"a\".b@b.example", Ambiguous),
        ("<a@b.example.>", Address),
        ("<a@.b.example>", Address),
        ("<a@-b.example>", Address),
        ("<a@b.exa\u{200b}mple>", Address),
        ("<a@b\u{3002}example>", Address),
        ("<a\u{200b}@b.example>", Address),
        ("<a@192.0.2.1>", Address),
        ("<a@[192.0.2.256]>", Address),
        ("<=?utf-8?q?c?=@b.example>", Address),
        ("<a@xn--\u{e9}.example>", Address),
        ("\"a\u{1}\"@b.example", Address),
        ("<@b.example>", Address),
    ] {
        assert_eq!(authors(value.as_bytes()), Err(expected), "{value:?}");
    }
    let many = ["a@b.example"; MAILBOXES_MAX + 1].join(",");
    assert_eq!(authors(many.as_bytes()), Err(TooMany));
    let long = format!("{}@b.example", "a".repeat(ADDRESS_OCTETS_MAX));
    assert_eq!(authors(long.as_bytes()), Err(Address));
}

#[test]
fn a_domain_is_named_as_dns_knows_it() {
    for (value, domain) in [
        ("a@Example.ORG", Some("example.org")),
        ("a@Bücher.example", Some("xn--bcher-kva.example")),
        ("a@XN--bcher-kva.example", Some("xn--bcher-kva.example")),
        ("a@[192.0.2.1]", None),
    ] {
        let found = authors(value.as_bytes()).unwrap();
        assert_eq!(found[0].domain.as_deref(), domain, "{value}");
    }
}

#[test]
fn an_unknown_charset_spoils_a_name_but_no_address() {
    let found = authors(b"Andr\xe9 <a@b.example>").unwrap();
    assert_eq!(found[0].name.as_deref(), Some("André"));
    assert_eq!(authors(b"<a@b\xfccher.example>"), Err(FromRefusal::Address));
    // windows-1250, windows-1252 and Shift_JIS use octets that ISO 8859 has for controls.
    for name in [&b"Tom\x9a Dvo\xf8\xe1k"[..], b"O\x92Brien", b"\x93\xfa\x96{", b"\"Tom\x9a\""] {
        let found = authors(&[name, b" <a@b.example>"].concat()).unwrap();
        assert_eq!(found[0].address, "a@b.example", "{name:?}");
        assert!(found[0].name.as_deref().unwrap().contains('\u{fffd}'), "{found:?}");
    }
    assert_eq!(authors(b"<a@b\x9ccher.example>"), Err(FromRefusal::Address));
}

/// A header may be a quarter of a megabyte. Work that grew with the square of the tokens took
/// minutes for it, whether it was accepted or not.
#[test]
fn a_very_long_field_is_refused_before_it_is_read() {
    for piece in [". ", "a ", "(a) ", "\"a\" ", ",", "a.", "=?utf-8?q?a?= "] {
        let value = format!("{}<a@b.example>", piece.repeat(256 * 1024 / piece.len()));
        assert_eq!(authors(value.as_bytes()), Err(FromRefusal::TooMany), "{piece}");
        let value = format!("{}<a@b.example>", piece.repeat(15 * 1024 / piece.len()));
        assert!(authors(value.as_bytes()).is_ok(), "{piece}");
    }
}

proptest! {
    #[test]
    fn what_is_read_is_read_again(value in "[a-c@<>,;:.()\"\\\\ =?é\\[\\]]{0,24}") {
        for one in authors(value.as_bytes()).unwrap_or_default() {
            let again = authors(format!("<{}>", one.address).as_bytes()).unwrap();
            prop_assert_eq!(&again[0].address, &one.address);
            prop_assert_eq!(&again[0].domain, &one.domain);
        }
    }
}
