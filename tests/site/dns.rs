//! What DNS has to say about the domains, and what it says.

use std::net::Ipv4Addr;

use hickory_resolver::proto::rr::rdata::PTR;
use hickory_resolver::proto::rr::{Name, RData, RecordType};

use crate::dns_stub::{DnsStub, Says};
use crate::support::sink::Sink;
use crate::support::site::{Setup, Site};

/// `postern check-dns` prints each record that the domain needs, with what is there, and ends with status 1
/// while mail would not arrive or would be taken for forged.
#[tokio::test(flavor = "multi_thread")]
async fn the_records_of_a_domain_are_shown_with_what_is_there() {
    let sink = Sink::start();
    let mut site = Site::start(&Setup { people: &[], ..Setup::to(&sink, "") });
    site.end();
    // The key is named relative to the folder of the caller; the daemon runs in another one.
    let words =
        ["dkim", "new", "--domain", "example.org", "--selector", "s1", "--key-file", "s1.pem"];
    let out = site.prepared(&words).current_dir(site.home()).output().unwrap();
    let made = String::from_utf8(out.stdout).unwrap();
    let key = site.home().join("s1.pem");
    assert!(made.contains(&format!("key_file = \"{}\"", key.display())), "{made}");
    let mut configured = std::fs::read_to_string(site.home().join("postern.toml")).unwrap();
    let (_, dkim) = made.split_once("[dkim]").unwrap();
    configured.push_str(&format!("[dkim]{dkim}"));
    std::fs::write(site.home().join("postern.toml"), configured).unwrap();
    let record = made.split('"').find(|part| part.starts_with("v=DKIM1")).unwrap().to_owned();

    let stub = DnsStub::start().await;
    let asked = || {
        let mut command = site.prepared(&["check-dns"]);
        command.env("POSTERN_DNS__SERVERS", format!("[\"{}\"]", stub.at));
        command.env("POSTERN_SERVER__HOST_NAME", "mail.example.org");
        let out = command.output().unwrap();
        (out.status.code().unwrap(), String::from_utf8(out.stdout).unwrap())
    };
    let (status, said) = asked();
    assert_eq!(status, 1);
    for line in [
        "WRONG    mail.example.org A/AAAA",
        "WRONG    example.org MX",
        "wanted 10 mail.example.org",
        "WRONG    example.org TXT",
        "WRONG    s1._domainkey.example.org TXT",
        "warning  _dmarc.example.org TXT",
        "warning  _mta-sts.example.org TXT",
        "warning  _smtp._tls.example.org TXT",
        "found  nothing",
    ] {
        assert!(said.contains(line), "{line} in {said}");
    }
    assert!(said.contains(&record), "{said}");

    stub.address("mail.example.org", Ipv4Addr::new(192, 0, 2, 7));
    let name = Name::from_ascii("mail.example.org.").unwrap();
    let ptr = Says::Records(vec![RData::PTR(PTR(name))]);
    stub.says("7.2.0.192.in-addr.arpa", RecordType::PTR, ptr);
    stub.mail_hosts("example.org", &[(10, "mail.example.org")]);
    stub.text("example.org", "v=spf1 mx -all");
    stub.text("s1._domainkey.example.org", &record);
    stub.text("_dmarc.example.org", "v=DMARC1; p=reject");
    stub.text("_mta-sts.example.org", "v=STSv1; id=1");
    stub.text("_smtp._tls.example.org", "v=TLSRPTv1; rua=mailto:a@example.org");
    let (status, said) = asked();
    assert_eq!(status, 0, "{said}");
    assert!(!said.contains("WRONG") && !said.contains("warning"), "{said}");
    assert!(said.contains("ok       192.0.2.7 PTR"), "{said}");

    stub.says("example.org", RecordType::TXT, Says::Fails);
    let (status, said) = asked();
    assert_eq!(status, 0, "nothing is known to be wrong");
    assert!(said.contains("unknown  example.org TXT"), "{said}");
}
