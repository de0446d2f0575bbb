//! Real mail through a real mail server: a private Postfix relays every kind of message to the
//! daemon over STARTTLS, and what a reader gets back is what was sent, octet for octet.
//!
//! Needs root and the package postfix.

mod support;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use support::daemon::{DOMAIN, Daemon};
use support::messages::{self, TOKEN_FIELD, Variant};
use support::postfix::Postfix;
use support::sink::Sink;
use support::smtp::{Delivery, Smtp};

const MESSAGES: usize = 1_000;
const USERS: usize = 50;
/// 30 MB in the decimal sense; a third more in base64.
const ATTACHMENT_OCTETS: usize = 30_000_000;

/// Tests the harness itself: with Postfix between client and sink, no message is changed, lost or
/// duplicated.
#[test]
fn postfix_hands_every_fixture_to_a_sink_unchanged_over_verified_tls() {
    let sink = Sink::start();
    let postfix = Postfix::start(sink.at, &sink.ca);
    let sent = variants(messages::all().len() * 2, 1_000_000);
    inject(postfix.smtp, &sent);
    postfix.wait_until_empty(Duration::from_secs(120));
    assert_all_relayed_over_verified_tls(&postfix);
    check_each_once(&sent, &sink.messages(), &["Received"]);
    postfix.stop();
}

/// P-40: the daemon accepts every message of a real mail server, over TLS that the server verified.
#[test]
fn a_thousand_mixed_messages_come_back_octet_for_octet() {
    let daemon = Daemon::start();
    let postfix = Postfix::start(daemon.smtp, &daemon.ca());
    let sent = variants(MESSAGES, ATTACHMENT_OCTETS);
    inject(postfix.smtp, &sent);
    postfix.wait_until_empty(Duration::from_secs(600));
    assert_all_relayed_over_verified_tls(&postfix);
    postfix.stop();

    let users: Vec<String> = (1..=USERS).map(|n| format!("u{n}")).collect();
    check_each_once(&sent, &daemon.read_all(&users), &["Return-Path", "Received", "Received"]);
    daemon.stop();
}

/// Returns `count` messages: variants of every fixture in turn, no two the same, and a large one.
fn variants(count: usize, attachment_octets: usize) -> Vec<Variant> {
    let fixtures = messages::all();
    let mut all: Vec<Variant> =
        (0..count - 1).map(|n| fixtures[n % fixtures.len()].variant(support::token(), n)).collect();
    let token = support::token();
    let octets = messages::with_attachment(&token, attachment_octets);
    all.push(Variant { fixture: format!("attachment of {attachment_octets}"), token, octets });
    all
}

/// Submits everything to Postfix over four sessions, to the accounts in turn.
fn inject(smtp: SocketAddr, all: &[Variant]) {
    std::thread::scope(|scope| {
        for lane in 0..4 {
            scope.spawn(move || {
                let mut session = Smtp::connect(smtp);
                session.line("EHLO client.example").expect_code("250");
                for (n, one) in all.iter().enumerate().filter(|(n, _)| n % 4 == lane) {
                    let to = format!("u{}@{DOMAIN}", n % USERS + 1);
                    let mail = Delivery {
                        from: "sender@peer.example",
                        to: &[&to],
                        message: &one.octets,
                        parameters: one.parameters(),
                    };
                    session.deliver(&mail).expect_code("250");
                }
                session.quit();
            });
        }
    });
}

fn assert_all_relayed_over_verified_tls(postfix: &Postfix) {
    let log = postfix.log();
    let refused: Vec<&str> = log
        .lines()
        .filter(|line| line.contains("status=") && !line.contains("status=sent"))
        .collect();
    assert!(refused.is_empty(), "not relayed at once:\n{}", refused.join("\n"));
    assert!(log.contains("Verified TLS connection established"), "no verified TLS:\n{log}");
    assert!(!log.contains("Untrusted TLS"), "some TLS was not verified:\n{log}");
}

/// Asserts that every sent message arrived exactly once and unchanged, below exactly the trace
/// fields named.
fn check_each_once(sent: &[Variant], got: &[Vec<u8>], trace: &[&str]) {
    let mut by_token: HashMap<&str, Vec<&[u8]>> = HashMap::new();
    for raw in got {
        by_token.entry(token_of(raw)).or_default().push(raw);
    }
    for one in sent {
        let copies = by_token.remove(one.token.as_str()).unwrap_or_default();
        assert_eq!(copies.len(), 1, "copies of {} ({})", one.fixture, one.token);
        let Some(added) = copies[0].strip_suffix(one.octets.as_slice()) else {
            panic!("{} was changed on the way{}", one.fixture, difference(copies[0], &one.octets));
        };
        assert_eq!(messages::field_names(added), trace, "{}", one.fixture);
    }
    assert!(by_token.is_empty(), "{} messages that were never sent", by_token.len());
}

fn token_of(raw: &[u8]) -> &str {
    let field = TOKEN_FIELD.as_bytes();
    let at =
        raw.windows(field.len()).position(|w| w == field).expect("a token field") + field.len();
    std::str::from_utf8(&raw[at..at + 20]).expect("tokens are ASCII")
}

/// Describes where `got` first differs from `sent`, both compared from the token field on.
fn difference(got: &[u8], sent: &[u8]) -> String {
    let field = TOKEN_FIELD.as_bytes();
    let start = got.windows(field.len()).position(|w| w == field).unwrap_or(0);
    let got = &got[start..];
    let at = got.iter().zip(sent).take_while(|(a, b)| a == b).count();
    let part = |octets: &[u8]| {
        let from = at.saturating_sub(40).min(octets.len());
        octets[from..(at + 40).min(octets.len())].escape_ascii().to_string()
    };
    format!(" at octet {at}:\n  sent {}\n  got  {}", part(sent), part(got))
}
