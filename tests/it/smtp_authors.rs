//! Who wrote a message: From has a single reading, for the list, for the reader and for DMARC, or
//! the message is refused.

use postern::config;
use postern::smtp::verify::Verifier;

use crate::dns_stub::DnsStub;
use crate::harness::TestGateway;

/// Returns a message from the authors that `from` names.
fn message(from: &str) -> Vec<u8> {
    format!("From: {from}\r\nTo: dana@example.org\r\nSubject: Who\r\n\r\nText.\r\n").into_bytes()
}

/// Programs would read each of these in more than one way: one would show an address that another
/// did not check.
#[tokio::test]
async fn a_from_field_with_more_than_one_reading_is_refused() {
    let gw = TestGateway::start().await;
    let mut smtp = gw.smtp_tls().await;
    for (from, expected) in [
        ("<ceo@signer.example> <a@mx.example>", "more than one way"),
        ("<a@mx.example> ceo@signer.example", "more than one way"),
        ("ceo@signer.example <a@mx.example>", "more than one way"),
        ("=?utf-8?Q?ceo@signer.example?= <a@mx.example>", "more than one way"),
        ("<a@sig ner.example>", "more than one way"),
        ("<a@signer.example(x)>", "more than one way"),
        ("<@signer.example:a@mx.example>", "more than one way"),
        ("<<a@mx.example>>", "more than one way"),
        ("\"ceo@signer.example <a@mx.example>", "more than one way"),
        ("Dana\u{b}<a@mx.example>", "more than one way"),
        ("undisclosed:;", "names no address"),
        ("Dana Levi", "names no address"),
        ("\"ceo@signer.example\"", "names no address"),
        ("<>", "names no address"),
        ("<a@signer.example.>", "not valid"),
        ("<a@signer\u{3002}example>", "not valid"),
        (&["a@b.example"; 11].join(", "), "too many authors"),
    ] {
        let reply = smtp.deliver("dana@example.org", &message(from)).await;
        reply.expect("550 5.6.0 The From field ");
        assert!(reply.last().contains(expected), "{from}: {reply:?}");
    }
    assert_eq!(gw.count("dana").await, 0);
    smtp.deliver("dana@example.org", &message("Rachel <r@mx.example>")).await.reference();
}

/// The list, the reader and DMARC name the same author, in each form that is accepted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_author_who_is_shown_is_the_one_who_is_checked() {
    let dns = DnsStub::start().await;
    let smtp = config::Smtp { authentication_timeout_secs: 5, ..config::Smtp::default() };
    let gw = TestGateway::verifying(Verifier::new(&dns.resolver(config::Dnssec::Off), &smtp)).await;
    for (from, name, address, domain) in [
        ("a@mx.example", None, "a@mx.example", "mx.example"),
        ("\"x@bank.example\" <a@mx.example>", Some("x@bank.example"), "a@mx.example", "mx.example"),
        ("Levi, Dana <a@mx.example>", Some("Levi, Dana"), "a@mx.example", "mx.example"),
        (
            "a@mx.example (Cron <b@bank.example>)",
            Some("Cron <b@bank.example>"),
            "a@mx.example",
            "mx.example",
        ),
        ("Team: a@mx.example;", None, "a@mx.example", "mx.example"),
        ("\"b@bank.example\"@mx.example", None, "\"b@bank.example\"@mx.example", "mx.example"),
        ("a@Bücher.example", None, "a@Bücher.example", "xn--bcher-kva.example"),
    ] {
        let mut smtp = gw.smtp_tls().await;
        let reference = smtp.deliver("dana@example.org", &message(from)).await.reference();
        let listed = gw.inbox("dana").await.into_iter().find(|item| item.reference == reference);
        let listed = listed.unwrap();
        assert_eq!(
            (listed.from_name.as_deref(), listed.from_address.as_deref()),
            (name, Some(address))
        );
        let raw = gw.open("dana", reference).await;
        let shown = postern::mail::message::view(&raw);
        assert_eq!(shown.from[0].name.as_deref(), name, "{from}");
        assert_eq!(shown.from[0].address.as_deref(), Some(address), "{from}");
        let raw = String::from_utf8(raw).unwrap();
        assert!(raw.contains(&format!(" header.from={domain} ")), "{from}: {raw}");
    }
}

/// RFC 7489 §6.6.1: of several authors each is checked; one who is authenticated says nothing for
/// the others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_of_several_authors_is_checked() {
    let dns = DnsStub::start().await;
    dns.text("outside.example", "v=spf1 ip4:127.0.0.1 -all");
    dns.text("_dmarc.outside.example", "v=DMARC1; p=none");
    dns.text("_dmarc.signer.example", "v=DMARC1; p=none");
    let smtp = config::Smtp { authentication_timeout_secs: 5, ..config::Smtp::default() };
    let gw = TestGateway::verifying(Verifier::new(&dns.resolver(config::Dnssec::Off), &smtp)).await;
    for from in [
        "<ceo@signer.example>, <rachel@outside.example>",
        "<rachel@outside.example>, <ceo@signer.example>",
        "Both: rachel@outside.example, ceo@signer.example;",
    ] {
        let mut smtp = gw.smtp_tls().await;
        let reference = smtp.deliver("dana@example.org", &message(from)).await.reference();
        let raw = String::from_utf8(gw.open("dana", reference).await).unwrap();
        assert!(raw.contains("dmarc=pass header.from=outside.example"), "{from}: {raw}");
        assert!(raw.contains("dmarc=fail (policy not aligned) header.from=signer.example"), "{from}: {raw}");
        let answered = gw.gateway.queue_list(50).unwrap();
        assert!(answered.iter().all(|row| row.reference != reference), "{from}");
    }
}
