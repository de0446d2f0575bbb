//! Who wrote a message: From has a single reading, for the list, for the reader and for DMARC, or
//! the message is refused.

use hickory_resolver::proto::rr::rdata::TXT;
use hickory_resolver::proto::rr::{RData, RecordType};
use postern::config::{self, Unconfirmed};
use postern::gateway::{ChosenBy, NewAccount, Password};
use postern::mail::address::Address;
use postern::smtp::verify::Verifier;
use postern::terms::{SenderCheck, SenderWarning};

use crate::dns_stub::{DnsStub, Says};
use crate::harness::{Reply, TestGateway};

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
        assert!(
            raw.contains("dmarc=fail (policy not aligned) header.from=signer.example"),
            "{from}: {raw}"
        );
        let answered = gw.gateway.queue_list(50).unwrap();
        assert!(answered.iter().all(|row| row.reference != reference), "{from}");
    }
}

/// A domain with an SPF record that is not for us, and with this DMARC policy.
fn publish(dns: &DnsStub, domain: &str, policy: &str) {
    dns.text(domain, "v=spf1 ip4:192.0.2.1 -all");
    dns.text(&format!("_dmarc.{domain}"), &format!("v=DMARC1; p={policy}"));
}

/// Starts a gateway with these settings, which authenticates its senders.
async fn judging(dns: &DnsStub, change: fn(&mut config::Smtp)) -> TestGateway {
    let mut smtp = config::Smtp { authentication_timeout_secs: 5, ..config::Smtp::default() };
    change(&mut smtp);
    let verifier = Verifier::new(&dns.resolver(config::Dnssec::Off), &smtp);
    TestGateway::judging(verifier, change).await
}

/// Sends a message with this From and reverse-path, and returns the reply.
async fn send(gw: &TestGateway, reverse_path: &str, from: &str) -> Reply {
    let mut smtp = gw.smtp_tls().await;
    smtp.send(&format!("MAIL FROM:<{reverse_path}>")).await.expect("250 ");
    smtp.send("RCPT TO:<dana@example.org>").await.expect("250 ");
    smtp.data(&message(from)).await
}

/// Returns what the reader of the last message is told about its sender.
async fn told(gw: &TestGateway, reply: Reply) -> SenderCheck {
    let reference = reply.reference();
    let inbox = gw.inbox("dana").await;
    inbox.into_iter().find(|item| item.reference == reference).unwrap().sender
}

/// RFC 9989 §5.3: what the author's domain asks for is done, whatever the envelope says.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_policy_of_the_authors_domain_is_honoured() {
    let dns = DnsStub::start().await;
    for policy in ["reject", "quarantine", "none"] {
        publish(&dns, &format!("{policy}.example"), policy);
    }
    dns.text("outside.example", "v=spf1 ip4:127.0.0.1 -all");
    dns.text("_dmarc.outside.example", "v=DMARC1; p=reject");
    dns.text("plain.example", "v=spf1 ip4:127.0.0.1 -all");
    let gw = judging(&dns, |_| ()).await;
    for reverse_path in ["rachel@outside.example", "ceo@reject.example", ""] {
        let refused = send(&gw, reverse_path, "The Boss <ceo@reject.example>").await;
        refused.expect("550 5.7.1 The domain in From does not authenticate this message");
    }
    let hidden = send(&gw, "r@outside.example", "r@outside.example, ceo@reject.example").await;
    hidden.expect("550 5.7.1 ");
    assert_eq!(gw.count("dana").await, 0);
    for (reverse_path, from, expected) in [
        ("r@outside.example", "ceo@quarantine.example", SenderCheck::Quarantined),
        ("r@outside.example", "ceo@none.example", SenderCheck::Failed),
        ("r@outside.example", "r@outside.example", SenderCheck::Confirmed),
        ("r@plain.example", "r@plain.example", SenderCheck::Confirmed),
        ("r@plain.example", "r@other.example", SenderCheck::Unknown),
        ("r@outside.example", "r@outside.example, a@other.example", SenderCheck::Unknown),
    ] {
        let reply = send(&gw, reverse_path, from).await;
        assert_eq!(told(&gw, reply).await, expected, "{from}");
    }
    let marking = judging(&dns, |smtp| smtp.dmarc_reject = Unconfirmed::Mark).await;
    let reply = send(&marking, "r@outside.example", "ceo@reject.example").await;
    assert_eq!(told(&marking, reply).await, SenderCheck::Failed);
}

/// A stranger is no colleague, and no stranger speaks for the system.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_outside_is_one_of_us_unnoticed() {
    let dns = DnsStub::start().await;
    let gw = judging(&dns, |_| ()).await;
    for reverse_path in ["x@outside.example", "omar@example.org", ""] {
        for from in ["Omar <omar@example.org>", "dana@example.org", "it@mail.example.org"] {
            let reply = send(&gw, reverse_path, from).await;
            assert_eq!(told(&gw, reply).await, SenderCheck::OwnDomain, "{from}");
        }
        for from in
            ["Postern <postmaster@example.org>", "x@outside.example, postmaster@example.org"]
        {
            let refused = send(&gw, reverse_path, from).await;
            refused.expect("550 5.7.1 Mail in the name of this system");
        }
    }
    let strict = judging(&dns, |smtp| smtp.own_domain_unconfirmed = Unconfirmed::Refuse).await;
    send(&strict, "", "Omar <omar@example.org>")
        .await
        .expect("550 5.7.1 Mail from our own domains");
    // Without any checks nothing can confirm it.
    let unchecked = TestGateway::start().await;
    let reply = send(&unchecked, "x@outside.example", "omar@example.org").await;
    assert_eq!(told(&unchecked, reply).await, SenderCheck::OwnDomain);
    // Our own domain's record lets this host send for it.
    dns.text("example.org", "v=spf1 ip4:127.0.0.1 -all");
    dns.text("_dmarc.example.org", "v=DMARC1; p=reject");
    let gw = judging(&dns, |_| ()).await;
    let reply = send(&gw, "omar@example.org", "Omar <omar@example.org>").await;
    assert_eq!(told(&gw, reply).await, SenderCheck::Confirmed);
    send(&gw, "x@outside.example", "Omar <omar@example.org>").await.expect("550 5.7.1 ");
}

/// A trusted relay has checked what it passes on: colleagues' mail by way of it goes on as before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trusted_relay_passes_on_what_our_own_domains_send() {
    let dns = DnsStub::start().await;
    publish(&dns, "reject.example", "reject");
    let gw = judging(&dns, |smtp| {
        smtp.trusted_relays = vec!["127.0.0.0/8".to_owned().try_into().unwrap()];
        smtp.own_domain_unconfirmed = Unconfirmed::Refuse;
    })
    .await;
    for from in ["omar@example.org", "postmaster@example.org", "ceo@reject.example"] {
        let reply = send(&gw, "x@outside.example", from).await;
        assert_eq!(told(&gw, reply).await, SenderCheck::Relay, "{from}");
    }
}

/// What a message says about its sender beside the address is compared with it when it arrives.
#[tokio::test]
async fn what_contradicts_the_sender_is_kept_for_the_reader() {
    let gw = TestGateway::start().await;
    let mut smtp = gw.smtp_tls().await;
    let text =
        b"From: \"ceo@bank.example\" <a@examp1e.org>\r\nReply-To: x@evil.test\r\n\r\nText.\r\n";
    smtp.deliver("dana@example.org", text).await.reference();
    let found: Vec<(SenderWarning, String)> = gw.inbox("dana").await[0]
        .warnings
        .iter()
        .map(|one| (one.kind, one.about.clone()))
        .collect();
    assert_eq!(
        found,
        [
            (SenderWarning::NameAddress, "ceo@bank.example".to_owned()),
            (SenderWarning::ReplyDomain, "evil.test".to_owned()),
            (SenderWarning::Lookalike, "example.org".to_owned()),
        ]
    );
}

/// A domain with two policies has none, and `pct=0` only tries a policy out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_that_is_not_one_is_not_honoured() {
    let dns = DnsStub::start().await;
    publish(&dns, "trial.example", "reject; pct=0");
    publish(&dns, "trial2.example", "quarantine; pct=0");
    publish(&dns, "parent.example", "reject");
    let txt = |text: &str| RData::TXT(TXT::new(vec![text.to_owned()]));
    let two = || Says::Records(vec![txt("v=DMARC1; p=reject"), txt("v=DMARC1; p=none")]);
    for domain in ["two.example", "sub.parent.example"] {
        dns.says(&format!("_dmarc.{domain}"), RecordType::TXT, two());
    }
    let gw = judging(&dns, |_| ()).await;
    for (from, expected) in [
        ("ceo@two.example", SenderCheck::Unknown),
        ("ceo@trial.example", SenderCheck::Quarantined),
        ("ceo@trial2.example", SenderCheck::Failed),
    ] {
        let reply = send(&gw, "x@outside.example", from).await;
        assert_eq!(told(&gw, reply).await, expected, "{from}");
    }
    // The policy of the domain above holds.
    send(&gw, "x@outside.example", "ceo@sub.parent.example").await.expect("550 5.7.1 ");
    // What DNS cannot be asked about is no way round it.
    let label = "ħţáȓɡɿƫɦыȹźȸґտԍøƨϯɭѯҹɼƴġžœφɢɔӷɕ";
    let long = send(&gw, "x@outside.example", &format!("ceo@{label}.parent.example")).await;
    long.expect("550 5.6.0 ");
    assert_eq!(gw.count("dana").await, 3);
}

/// A stranger who only bears the name of a colleague, or of the organisation, is marked, and is not
/// suggested in the colleague's place.
#[tokio::test]
async fn a_stranger_with_a_name_from_inside_is_marked() {
    let gw = TestGateway::start().await;
    let new = NewAccount {
        name: "levi".to_owned(),
        display_name: "Omar Levi".to_owned(),
        addresses: vec![Address::parse("levi@example.org").unwrap()],
        password: Password::new("correct horse battery").unwrap(),
        chosen_by: ChosenBy::Owner,
    };
    let stranger = "Rachel Green <rachel@outside.example>";
    let borrowed = |name: &str, address: &str| format!("{name} <{address}>");
    let warned = async |from: &str| {
        let reply = send(&gw, "x@outside.example", from).await.reference();
        let inbox = gw.inbox("dana").await;
        let item = inbox.into_iter().find(|item| item.reference == reply).unwrap();
        let found = item.warnings.into_iter();
        found.map(|one| (one.kind, one.about, one.author)).collect::<Vec<_>>()
    };
    // The first question reads the names, and who comes later is known as well.
    assert_eq!(warned(stranger).await, []);
    gw.as_owner("dana", |gateway, _| gateway.account_create(new).map(drop).unwrap()).await;
    for name in ["Omar Levi", "\"LEVI, Omar\"", "=?utf-8?Q?=D0=9Emar_Levi?=", "Om\u{200b}ar Levi"] {
        let expected =
            (SenderWarning::BorrowedName, "Omar Levi".to_owned(), "x@evil.test".to_owned());
        assert_eq!(warned(&borrowed(name, "x@evil.test")).await, [expected], "{name}");
    }
    let organisation = warned(&borrowed("Postern", "x@evil.test")).await;
    assert_eq!(organisation[0].0, SenderWarning::BorrowedName);
    assert_eq!(warned(&borrowed("Omar Levi-Cohen", "x@outside.example")).await, []);
    let second = warned("r@outside.example, Omar Levi <x@evil.test>").await;
    assert_eq!(second[0].2, "x@evil.test");
    let people = gw.as_owner("dana", |gateway, actor| gateway.people(actor).unwrap()).await;
    let found: Vec<&str> = people.iter().map(|one| one.address.as_str()).collect();
    assert_eq!(found, ["rachel@outside.example", "x@outside.example"]);
}
