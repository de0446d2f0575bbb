//! Authentication of incoming mail: SPF, DKIM and DMARC against a DNS server run by the test.

use hickory_resolver::proto::rr::rdata::TXT;
use hickory_resolver::proto::rr::{RData, RecordType};
use postern::config;
use postern::mail::reference::Reference;
use postern::relay::dkim::{self, NewKey, Signers};
use postern::smtp::verify::Verifier;

use crate::dns_stub::{DnsStub, Says};
use crate::harness::TestGateway;

const SENDER: &str = "rachel@outside.example";
const MESSAGE: &str = "From: Rachel <rachel@outside.example>\r\nTo: dana@example.org\r\n\
    Subject: The contract\r\nDate: Mon, 2 Mar 2026 10:00:00 +0000\r\n\
    Message-ID: <1@outside.example>\r\n\r\nA message.\r\n";

/// Starts a gateway that authenticates its senders with this DNS server.
async fn asking(dns: &DnsStub, change: impl FnOnce(&mut config::Smtp)) -> TestGateway {
    let mut smtp = config::Smtp { authentication_timeout_secs: 5, ..config::Smtp::default() };
    change(&mut smtp);
    let verifier = Verifier::new(&dns.resolver(config::Dnssec::Off), &smtp);
    TestGateway::verifying(verifier).await
}

/// Delivers a message; returns its Authentication-Results field, and whether the sender was sent an
/// automatic reply.
async fn arrive(gw: &TestGateway, message: &str) -> (String, bool) {
    let reference: Reference = {
        let mut smtp = gw.smtp().await;
        smtp.ehlo().await;
        smtp.send(&format!("MAIL FROM:<{SENDER}>")).await.expect("250 ");
        smtp.send("RCPT TO:<dana@example.org>").await.expect("250 ");
        smtp.send("DATA").await.expect("354 ");
        smtp.raw(format!("{message}.\r\n").as_bytes()).await;
        smtp.reply().await.reference()
    };
    let octets = gw.open("dana", reference).await;
    let text = String::from_utf8(octets).unwrap().replace("\r\n\t", " ").replace("\r\n ", " ");
    let field = text.lines().find_map(|line| line.strip_prefix("Authentication-Results: "));
    let replied = gw.gateway.queue_list(50).unwrap().iter().any(|row| row.reference == reference);
    (field.unwrap_or_default().to_owned(), replied)
}

/// Publishes a key for outside.example and returns the message with its signature.
fn signed(dns: &DnsStub, kind: NewKey, message: &str) -> String {
    signed_with(dns, kind, message, "")
}

/// Like [`signed`]; `more` is added to the record of the key.
fn signed_with(dns: &DnsStub, kind: NewKey, message: &str, more: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let key_file = folder.path().join("key.pem");
    let made = dkim::make(kind, "outside.example", "s1").unwrap();
    dkim::write(&key_file, &made).unwrap();
    dns.text(&made.record.0, &format!("{}{more}", made.record.1));
    let key = config::DkimKey {
        domain: "outside.example".to_owned(),
        selector: "s1".to_owned(),
        key_file,
    };
    let signers = Signers::load(&config::Dkim { keys: vec![key] }).unwrap();
    let mut whole = signers.sign(message.as_bytes());
    whole.extend_from_slice(message.as_bytes());
    String::from_utf8(whole).unwrap()
}

/// P-44: SPF passes for the sending address, so the sender is notified.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn spf_vouches_for_an_aligned_sender() {
    let dns = DnsStub::start().await;
    dns.text("outside.example", "v=spf1 ip4:127.0.0.1 -all");
    dns.text("_dmarc.outside.example", "v=DMARC1; p=reject");
    let gw = asking(&dns, |_| ()).await;
    let (field, replied) = arrive(&gw, MESSAGE).await;
    assert!(field.contains("spf=pass") && field.contains("dmarc=pass"), "{field}");
    assert!(field.starts_with("gw.test;"), "{field}");
    assert!(replied);
    // SPF authenticates the domain of the reverse-path, not another one in From.
    let other = MESSAGE.replace("<rachel@outside.example>", "<boss@bank.example>");
    let (field, replied) = arrive(&gw, &other).await;
    assert!(field.contains("spf=pass") && !field.contains("dmarc=pass"), "{field}");
    assert!(!replied, "{field}");
}

/// P-44: no auto-response goes to a sender address that may be forged.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forged_sender_is_written_down_and_not_answered() {
    let dns = DnsStub::start().await;
    dns.text("outside.example", "v=spf1 ip4:192.0.2.1 -all");
    dns.text("_dmarc.outside.example", "v=DMARC1; p=none");
    let gw = asking(&dns, |_| ()).await;
    let (field, replied) = arrive(&gw, MESSAGE).await;
    assert!(field.contains("spf=fail") && !replied, "{field}");
    // A domain without an SPF record authenticates no sender.
    dns.says("outside.example", RecordType::TXT, Says::NoName);
    let (field, replied) = arrive(&asking(&dns, |_| ()).await, MESSAGE).await;
    assert!(field.contains("spf=none") && !replied, "{field}");
}

/// Signatures made with keys of `postern dkim new` verify, for both kinds of keys; changing the
/// text breaks them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signature_vouches_until_something_is_changed() {
    for kind in [NewKey::Ed25519, NewKey::Rsa] {
        let dns = DnsStub::start().await;
        dns.text("_dmarc.outside.example", "v=DMARC1; p=none");
        let message = signed(&dns, kind, MESSAGE);
        let gw = asking(&dns, |_| ()).await;
        let (field, replied) = arrive(&gw, &message).await;
        assert!(field.contains("dkim=pass") && field.contains("dmarc=pass"), "{kind:?} {field}");
        assert!(replied, "{kind:?} {field}");
        let (field, replied) = arrive(&gw, &message.replace("A message.", "A better.")).await;
        assert!(!field.contains("dkim=pass") && !replied, "{kind:?} {field}");
    }
}

/// RFC 6376 §3.6.1: the record of a key says which hashes and which services it is for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_for_something_else_vouches_for_no_mail() {
    for (more, vouches) in
        [("; h=sha1:sha256; s=email", true), ("; h=sha1", false), ("; s=tlsrpt", false)]
    {
        let dns = DnsStub::start().await;
        dns.text("_dmarc.outside.example", "v=DMARC1; p=none");
        let message = signed_with(&dns, NewKey::Rsa, MESSAGE, more);
        let (field, replied) = arrive(&asking(&dns, |_| ()).await, &message).await;
        assert_eq!(field.contains("dkim=pass") && replied, vouches, "{more} {field}");
        assert_eq!(field.contains("dkim=permerror"), !vouches, "{more} {field}");
        assert!(field.contains("header.d=outside.example"), "{more} {field}");
    }
}

/// RFC 7208 §4.5: a domain with two SPF records vouches for nobody, whichever comes first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_spf_records_are_an_error() {
    let record = |text: &str| RData::TXT(TXT::new(vec![text.to_owned()]));
    let dns = DnsStub::start().await;
    dns.text("_dmarc.outside.example", "v=DMARC1; p=none");
    let other = record("a note for somebody else");
    let good = record("v=spf1 ip4:127.0.0.1 -all");
    let records = Says::Records(vec![other.clone(), good.clone()]);
    dns.says("outside.example", RecordType::TXT, records);
    let (field, replied) = arrive(&asking(&dns, |_| ()).await, MESSAGE).await;
    assert!(field.contains("spf=pass") && replied, "{field}");
    let records = Says::Records(vec![good, record("v=spf1 -all"), other]);
    dns.says("outside.example", RecordType::TXT, records);
    let (field, replied) = arrive(&asking(&dns, |_| ()).await, MESSAGE).await;
    assert!(field.contains("spf=permerror") && !replied, "{field}");
}

/// RFC 9989 §4.10.1: the record of the organisational domain applies to a subdomain.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subdomain_belongs_to_its_organisation() {
    let dns = DnsStub::start().await;
    dns.text("outside.example", "v=spf1 ip4:127.0.0.1 -all");
    dns.text("_dmarc.outside.example", "v=DMARC1; p=none; aspf=r");
    let gw = asking(&dns, |_| ()).await;
    let from = MESSAGE.replace("<rachel@outside.example>", "<rachel@sales.outside.example>");
    let (field, _) = arrive(&gw, &from).await;
    assert!(field.contains("dmarc=pass"), "{field}");
}

/// A failed DNS query is no verdict: the message is accepted and records the temporary error, and
/// the sender is not notified.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dns_that_does_not_answer_decides_nothing() {
    for says in [Says::Silence, Says::Fails] {
        let dns = DnsStub::start().await;
        dns.says("outside.example", RecordType::TXT, says.clone());
        dns.text("_dmarc.outside.example", "v=DMARC1; p=reject");
        let gw = asking(&dns, |_| ()).await;
        let (field, replied) = arrive(&gw, MESSAGE).await;
        assert!(field.contains("spf=temperror"), "{says:?} {field}");
        assert!(!replied && !field.contains("spf=fail") && !field.contains("spf=pass"), "{field}");
    }
    // The same if no query at all is answered.
    let dns = DnsStub::start().await;
    for name in ["outside.example", "_dmarc.outside.example", "s1._domainkey.outside.example"] {
        dns.says(name, RecordType::TXT, Says::Silence);
    }
    let message = signed(&DnsStub::start().await, NewKey::Ed25519, MESSAGE);
    let gw = asking(&dns, |smtp| smtp.authentication_timeout_secs = 2).await;
    let (field, replied) = arrive(&gw, &message).await;
    assert!(field.contains("temperror") && !field.contains("=fail") && !replied, "{field}");
    assert!(field.contains("dmarc=temperror"), "{field}");
}

/// The sender of a message decides how quickly the DNS of his own domain answers, but not whether
/// the author's policy is asked for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_senders_slow_dns_saves_no_forged_message() {
    let dns = DnsStub::start().await;
    dns.text("_dmarc.outside.example", "v=DMARC1; p=reject");
    let silent = [
        "slow.example",
        "_dmarc.slow.example",
        "_dmarc.a.slow.example",
        "s1._domainkey.slow.example",
        "s1._domainkey.a.slow.example",
    ];
    silent.iter().for_each(|name| dns.says(name, RecordType::TXT, Says::Silence));
    let slow = |domain: &str| {
        format!(
            "DKIM-Signature: v=1; a=ed25519-sha256; d={domain}; s=s1; c=relaxed/relaxed; h=from; \
             bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=AAAA\r\n"
        )
    };
    for (fields, more) in [
        (String::new(), ""),
        (slow("slow.example").repeat(8), ""),
        (slow("a.slow.example").repeat(4), "x@a.slow.example, y@slow.example, "),
    ] {
        let gw = asking(&dns, |smtp| smtp.authentication_timeout_secs = 4).await;
        let mut smtp = gw.smtp().await;
        smtp.ehlo().await;
        smtp.send("MAIL FROM:<x@slow.example>").await.expect("250 ");
        smtp.send("RCPT TO:<dana@example.org>").await.expect("250 ");
        smtp.send("DATA").await.expect("354 ");
        let message = format!("{fields}From: {more}ceo@outside.example\r\nSubject: s\r\n\r\n.\r\n");
        smtp.raw(message.as_bytes()).await;
        smtp.reply().await.expect("550 5.7.1 ");
    }
}

/// A trusted relay has already authenticated the sender, and its mail is accepted without checks.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trusted_relay_is_not_asked_about() {
    let dns = DnsStub::start().await;
    let gw = asking(&dns, |smtp| {
        smtp.trusted_relays = vec!["127.0.0.0/8".to_owned().try_into().unwrap()]
    })
    .await;
    let (field, replied) = arrive(&gw, MESSAGE).await;
    assert_eq!((field.as_str(), replied), ("", true));
}
