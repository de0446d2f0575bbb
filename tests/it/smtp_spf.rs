//! SPF against a real DNS server: records that do not follow the standard authorise nobody, and the
//! limits of the standard hold.

use std::net::{IpAddr, Ipv4Addr};

use bytes::Bytes;
use hickory_resolver::proto::rr::rdata::{A, AAAA, MX, PTR, TXT};
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use postern::config;
use postern::mail::address::Address;
use postern::mail::envelope::ReversePath;
use postern::mail::header::{HeaderLimits, gate};
use postern::mail::mailboxes;
use postern::smtp::verify::{Arrived, Verifier};

use crate::dns_stub::{DnsStub, Says};

const MESSAGE: &[u8] = b"From: a@author.example\r\nSubject: x\r\n\r\nText.\r\n";

fn name(text: &str) -> Name {
    Name::from_utf8(format!("{text}.")).unwrap()
}

fn txt(text: &str) -> RData {
    let pieces = text.as_bytes().chunks(255).map(|one| String::from_utf8_lossy(one).into_owned());
    RData::TXT(TXT::new(pieces.collect()))
}

/// Publishes records of one kind at a name.
fn publish(dns: &DnsStub, at: &str, kind: RecordType, records: Vec<RData>) {
    dns.says(at, kind, Says::Records(records));
}

/// The hosts that the records below name.
fn hosts(dns: &DnsStub) {
    let a = |last: u8| RData::A(A(Ipv4Addr::new(192, 0, 2, last)));
    publish(dns, "mail.example.com", RecordType::A, vec![a(1)]);
    publish(
        dns,
        "mail.example.com",
        RecordType::AAAA,
        vec![RData::AAAA(AAAA("2001:db8::1".parse().unwrap()))],
    );
    publish(
        dns,
        "only6.example.com",
        RecordType::AAAA,
        vec![RData::AAAA(AAAA("2001:db8::1".parse().unwrap()))],
    );
    let mx = |host: &str| RData::MX(MX::new(10, name(host)));
    publish(
        dns,
        "mx.example.com",
        RecordType::MX,
        vec![mx("none.example.com"), mx("mail.example.com")],
    );
    let many = (0..11).map(|at| mx(&format!("m{at}.example.com"))).collect();
    publish(dns, "many.example.com", RecordType::MX, many);
    let pointer = |text: &str| RData::PTR(PTR(name(text)));
    publish(
        dns,
        "1.2.0.192.in-addr.arpa",
        RecordType::PTR,
        vec![pointer("liar.example.com"), pointer("mail.example.com")],
    );
    dns.says("1.3.0.192.in-addr.arpa", RecordType::PTR, Says::Fails);
    dns.says("broken.example.com", RecordType::A, Says::Fails);
    dns.says("broken.example.com", RecordType::TXT, Says::Fails);
    publish(dns, "_spf.example.com", RecordType::TXT, vec![txt("v=spf1 ip4:192.0.2.1 -all")]);
    publish(dns, "_bad.example.com", RecordType::TXT, vec![txt("v=spf1 ip4:192.0.2.1/33 -all")]);
    publish(
        dns,
        "_loop.example.com",
        RecordType::TXT,
        vec![txt("v=spf1 include:_loop.example.com -all")],
    );
    publish(dns, "foo:bar/baz.example.com", RecordType::A, vec![a(1)]);
    let record = vec![txt("v=spf1 ip4:192.0.2.1 -all")];
    publish(dns, "foo:bar/baz.example.com", RecordType::TXT, record);
    publish(dns, "a%b c%20d.example.com", RecordType::A, vec![a(9)]);
    publish(dns, "user.mail.example.com", RecordType::A, vec![a(1)]);
    publish(dns, "1.2.0.192.in-addr.test.example.com", RecordType::A, vec![a(9)]);
}

/// Returns the result of SPF for a sender in `domain`.
async fn spf(verifier: &Verifier, peer: &str, domain: &str) -> String {
    let message = Bytes::from_static(MESSAGE);
    let header = gate(&message, &HeaderLimits::default()).unwrap();
    let authors = mailboxes::authors(b"a@author.example").unwrap();
    let from = ReversePath::Address(Address::parse(&format!("user@{domain}")).unwrap());
    let arrived = Arrived {
        peer: peer.parse::<IpAddr>().unwrap(),
        helo: "client.example.net",
        host: "mail.example.org",
        from: &from,
        header: &header,
        authors: &authors,
        message: &message,
    };
    let field = verifier.facts(&arrived).await.field;
    let (_, found) = field.split_once("spf=").unwrap_or_else(|| panic!("{field}"));
    found.split([' ', ';', '\r']).next().unwrap().to_owned()
}

/// A record that other mail servers read in another way authorised forgers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn spf_is_evaluated_as_the_standard_says() {
    let dns = DnsStub::start().await;
    hosts(&dns);
    let smtp = config::Smtp { authentication_timeout_secs: 20, ..config::Smtp::default() };
    let verifier = Verifier::new(&dns.resolver(config::Dnssec::Off), &smtp);
    let (v4, other, v6) = ("192.0.2.1", "192.0.3.1", "2001:db8::1");
    for (at, (record, peer, expected)) in [
        ("v=spf1 a:mail.example.com -all", v4, "pass"),
        ("v=spf1 a:mail.example.com -all", v6, "pass"),
        ("v=spf1 a:mail.example.com -all", "::ffff:192.0.2.1", "pass"),
        ("v=spf1 a:mail.example.com -all", other, "fail"),
        ("v=spf1 a:mail.example.com/22 ~all", other, "pass"),
        ("v=spf1 mx:mx.example.com ~all", v4, "pass"),
        ("v=spf1 mx:mx.example.com ~all", other, "softfail"),
        ("v=spf1 mx:many.example.com ~all", v4, "permerror"),
        ("v=spf1 include:_spf.example.com ?all", v4, "pass"),
        // What is included decides only by a pass.
        ("v=spf1 include:_spf.example.com ?all", other, "neutral"),
        ("v=spf1 include:none.example.com +all", v4, "permerror"),
        ("v=spf1 include:_bad.example.com +all", v4, "permerror"),
        ("v=spf1 include:_loop.example.com +all", v4, "permerror"),
        ("v=spf1 include:broken.example.com +all", v4, "temperror"),
        ("v=spf1 redirect=_spf.example.com", other, "fail"),
        ("v=spf1 redirect=none.example.com", v4, "permerror"),
        ("v=spf1 ?all redirect=_spf.example.com", v4, "neutral"),
        ("v=spf1 ptr:example.com -all", v4, "pass"),
        ("v=spf1 ptr:liar.example.com -all", v4, "fail"),
        ("v=spf1 ptr:example.com -all", other, "fail"),
        ("v=spf1 exists:%{l}.mail.example.com -all", v4, "pass"),
        ("v=spf1 exists:%{ir}.%{v}.test.example.com -all", v4, "pass"),
        ("v=spf1 exists:%{l}.%{p} -all", v4, "pass"),
        ("v=spf1 exists:only6.example.com -all", v6, "fail"),
        ("v=spf1 exists:mail.example.com -all", v6, "pass"),
        ("v=spf1 a:broken.example.com +all", v4, "temperror"),
        // Names may have any characters.
        ("v=spf1 a:foo:bar/baz.example.com -all", v4, "pass"),
        ("v=spf1 exists:a%%b%_c%-d.example.com -all", v4, "pass"),
        ("v=spf1 redirect=foo:bar/baz.example.com", v4, "pass"),
        ("v=spf1 include:foo:bar/baz.example.com -all", other, "fail"),
        ("v=spf1 exists:.a..example.com a:.example.com ip4:192.0.2.1 -all", v4, "pass"),
        // Three queries that find nothing are too many, also before a match.
        ("v=spf1 a:n1.example.com a:n2.example.com ip4:192.0.2.1 -all", v4, "pass"),
        (
            "v=spf1 a:n1.example.com a:n2.example.com a:n3.example.com ip4:192.0.2.1",
            v4,
            "permerror",
        ),
        (
            "v=spf1 a:%{d}%{d}%{d}%{d}%{d}%{d}%{d}%{d}%{d}%{d}%{d}%{d}%{d}.com ip4:192.0.2.1",
            v4,
            "pass",
        ),
        // A record with an error anywhere is not believed in part.
        ("v=spf1 ip4:192.0.2.1 ip4:192.0.2.1/33", v4, "permerror"),
        ("v=spf1 ip4:192.0.2.1 -all \u{e9}", v4, "permerror"),
        ("v=spf1 +all exp=why.example.com exp=why.example.com", v4, "permerror"),
        ("v=spf1 ip4:192.0.2.1 unknown=%{d}:%{t} -all", v4, "pass"),
        ("v=spf10 +all", v4, "none"),
    ]
    .into_iter()
    .enumerate()
    {
        let domain = format!("case{at}.example.com");
        publish(&dns, &domain, RecordType::TXT, vec![txt("something else"), txt(record)]);
        assert_eq!(spf(&verifier, peer, &domain).await, expected, "{record} {peer}");
    }
    let ten = (0..10).map(|_| "mx:mx.example.com").collect::<Vec<_>>().join(" ");
    for (more, expected) in [("", "pass"), ("a ", "permerror")] {
        let record = format!("v=spf1 {ten} {more}ip4:192.0.3.1 -all");
        let domain = format!("ten{}.example.com", more.len());
        publish(&dns, &domain, RecordType::TXT, vec![txt(&record)]);
        assert_eq!(spf(&verifier, other, &domain).await, expected, "{record}");
    }
    let two = vec![txt("v=spf1 +all"), txt("V=SPF1 -all")];
    publish(&dns, "two.example.com", RecordType::TXT, two);
    assert_eq!(spf(&verifier, v4, "two.example.com").await, "permerror");
}

/// A forger owns the zone of the names of his address, and lets it be silent: that must not turn the
/// sender's policy into "could not be checked" (RFC 7208 §5.5).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_reverse_zone_matches_nothing() {
    let dns = DnsStub::start().await;
    hosts(&dns);
    dns.says("1.4.0.192.in-addr.arpa", RecordType::PTR, Says::Silence);
    // The names are there, and the zone that they are in is silent.
    let names = (0..10).map(|at| format!("n{at}.forger.example"));
    let pointers = names
        .map(|text| {
            dns.says(&text, RecordType::A, Says::Silence);
            RData::PTR(PTR(name(&text)))
        })
        .collect();
    publish(&dns, "1.5.0.192.in-addr.arpa", RecordType::PTR, pointers);
    let smtp = config::Smtp { authentication_timeout_secs: 6, ..config::Smtp::default() };
    let verifier = Verifier::new(&dns.resolver(config::Dnssec::Off), &smtp);
    for (at, (record, peer)) in [
        ("v=spf1 ptr -all", "192.0.4.1"),
        (
            "v=spf1 ptr ptr:a.example.com ptr:b.example.com exists:%{p}.example.com -all",
            "192.0.4.1",
        ),
        ("v=spf1 ptr:forger.example -all", "192.0.5.1"),
        // The address has names, so none of these is a query without an answer (§4.6.4).
        (
            "v=spf1 ptr:a.example.com ptr:b.example.com ptr:c.example.com ptr:d.example.com -all",
            "192.0.5.1",
        ),
        ("v=spf1 exists:%{p}.example.com ptr:forger.example -all", "192.0.5.1"),
    ]
    .into_iter()
    .enumerate()
    {
        let domain = format!("silent{at}.example.com");
        publish(&dns, &domain, RecordType::TXT, vec![txt(record)]);
        assert_eq!(spf(&verifier, peer, &domain).await, "fail", "{record} {peer}");
    }
}
