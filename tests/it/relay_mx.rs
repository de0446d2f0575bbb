//! Delivery to a domain's own servers: MX, DANE and MTA-STS against servers run by the test.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use hickory_resolver::proto::rr::rdata::TLSA;
use hickory_resolver::proto::rr::rdata::tlsa::{CertUsage, Matching, Selector};
use hickory_resolver::proto::rr::{RData, RecordType};
use postern::config::{self, Dnssec};
use postern::gateway::DeliveryState;
use postern::terms::Choice;
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::dns_stub::{DnsStub, Says};
use crate::harness::until;
use crate::relay_hop::SiteSettings;

const DOMAIN: &str = "outside.example";

/// A self-signed certificate.
struct Certificate {
    config: Arc<ServerConfig>,
    der: CertificateDer<'static>,
    authority: String,
}

impl Certificate {
    fn of(names: &[&str]) -> Certificate {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let made = rcgen::generate_simple_self_signed(names).unwrap();
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let der = made.cert.der().clone();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![der.clone()], PrivateKeyDer::Pkcs8(key))
            .unwrap();
        Certificate { config: Arc::new(config), der, authority: made.cert.pem() }
    }

    /// Returns the TLSA record that names this certificate and no other (RFC 7672 §3.1.1).
    fn tlsa(&self) -> RData {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &self.der);
        let digest = digest.as_ref().to_vec();
        RData::TLSA(TLSA::new(CertUsage::DaneEe, Selector::Full, Matching::Sha256, digest))
    }
}

/// What a mail server received, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Taken {
    tls: bool,
    /// Whether it was the message itself, and not a notification that a message waits.
    message: bool,
}

/// A mail server on one of the loopback addresses; all have the same port, as real ones do.
struct MailServer {
    port: u16,
    taken: Arc<Mutex<Vec<Taken>>>,
}

impl MailServer {
    async fn start(address: Ipv4Addr, port: u16, certificate: Option<&Certificate>) -> MailServer {
        let listener = TcpListener::bind((address, port)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let taken: Arc<Mutex<Vec<Taken>>> = Arc::default();
        let shelf = taken.clone();
        let tls = certificate.map(|one| TlsAcceptor::from(one.config.clone()));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // The session ends when the peer closes the connection; nothing depends on its
                // result.
                tokio::spawn(serve(stream, tls.clone(), shelf.clone()));
            }
        });
        MailServer { port, taken }
    }

    fn taken(&self) -> Vec<Taken> {
        self.taken.lock().unwrap().clone()
    }
}

async fn serve(
    mut stream: TcpStream,
    tls: Option<TlsAcceptor>,
    shelf: Arc<Mutex<Vec<Taken>>>,
) -> Option<()> {
    stream.write_all(b"220 mx ESMTP\r\n").await.ok()?;
    let offer = if tls.is_some() { "250-mx\r\n250 STARTTLS\r\n" } else { "250 mx\r\n" };
    if talk(&mut stream, offer, false, &shelf).await? {
        let mut stream = tls?.accept(stream).await.ok()?;
        talk(&mut stream, "250 mx\r\n", true, &shelf).await?;
    }
    Some(())
}

/// Serves commands until STARTTLS (returns `true`) or the end of the session (returns `false`).
async fn talk(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    offer: &str,
    tls: bool,
    shelf: &Mutex<Vec<Taken>>,
) -> Option<bool> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return Some(false);
        }
        let verb = line.get(..4).unwrap_or_default().to_uppercase();
        let reply = match verb.as_str() {
            "EHLO" => offer,
            "STAR" => "220 go\r\n",
            "DATA" => "354 go\r\n",
            "QUIT" => "221 bye\r\n",
            _ => "250 ok\r\n",
        };
        stream.write_all(reply.as_bytes()).await.ok()?;
        stream.flush().await.ok()?;
        match verb.as_str() {
            "STAR" => return Some(true),
            "QUIT" => return Some(false),
            "DATA" => {
                let mut message = false;
                while line != ".\r\n" {
                    message |= line.starts_with("A line.");
                    line.clear();
                    if stream.read_line(&mut line).await.ok()? == 0 {
                        return Some(false);
                    }
                }
                shelf.lock().unwrap().push(Taken { tls, message });
                stream.write_all(b"250 kept\r\n").await.ok()?;
                stream.flush().await.ok()?;
            }
            _ => {}
        }
    }
}

/// Starts one server per certificate, each on its own loopback address and all on the same port.
async fn servers<const N: usize>(certificates: [Option<&Certificate>; N]) -> [MailServer; N] {
    let mut servers = Vec::new();
    let mut port = 0;
    for (at, certificate) in certificates.into_iter().enumerate() {
        let address = loopback(at);
        let server = MailServer::start(address, port, certificate).await;
        port = server.port;
        servers.push(server);
    }
    servers.try_into().ok().unwrap()
}

/// Returns 127.0.0.1, 127.0.0.2, …
fn loopback(at: usize) -> Ipv4Addr {
    Ipv4Addr::new(127, 0, 0, u8::try_from(at + 1).unwrap())
}

struct Setting<'a> {
    dns: &'a DnsStub,
    dnssec: Dnssec,
    port: u16,
    policy_port: u16,
    authority: Option<&'a Certificate>,
}

impl Setting<'_> {
    async fn site(&self) -> SiteSettings {
        let folder = tempfile::tempdir().unwrap();
        let authorities = match self.authority {
            Some(certificate) => {
                let path = folder.path().join("ca.pem");
                std::fs::write(&path, &certificate.authority).unwrap();
                path
            }
            None => PathBuf::new(),
        };
        let relay = config::Relay {
            port: self.port,
            policy_port: self.policy_port,
            authorities,
            connect_timeout_secs: 2,
            tls_timeout_secs: 2,
            command_timeout_secs: 2,
            data_timeout_secs: 2,
            ..config::Relay::default()
        };
        SiteSettings::on(relay, self.dns.resolver(self.dnssec)).await
    }
}

fn by_mx(dns: &DnsStub, port: u16) -> Setting<'_> {
    Setting { dns, dnssec: Dnssec::Off, port, policy_port: 1, authority: None }
}

/// RFC 5321 §5.1: the most preferred host is tried first, and the next one if it is unreachable; a
/// domain without MX records is its own host.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_best_host_that_answers_gets_the_message() {
    let dns = DnsStub::start().await;
    let [first, second] = servers([None, None]).await;
    dns.mail_hosts(DOMAIN, &[(20, "mx2.outside.example"), (10, "mx1.outside.example")]);
    dns.address("mx1.outside.example", loopback(0));
    dns.address("mx2.outside.example", loopback(1));
    dns.address("direct.example", loopback(1));
    // Nothing listens there.
    dns.address("away.example", loopback(7));
    dns.mail_hosts("half.example", &[(10, "away.example"), (20, "mx2.outside.example")]);
    let site = by_mx(&dns, first.port).site().await;
    for (to, taken) in [
        ("noa@outside.example", [1, 0]),
        ("noa@direct.example", [1, 1]),
        ("noa@half.example", [1, 2]),
    ] {
        let reference = site.send_by(to, Choice::Plain).await;
        assert_eq!(site.settle(reference).await, DeliveryState::Delivered, "{to}");
        assert_eq!([first.taken().len(), second.taken().len()], taken, "{to}");
    }
}

/// A domain that DNS rules out fails at once, and a failed DNS query is retried.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_dns_says_of_a_domain_is_obeyed() {
    let dns = DnsStub::start().await;
    let [server] = servers([None]).await;
    dns.mail_hosts("none.example", &[(0, ".")]);
    dns.mail_hosts("loop.example", &[(10, "gw.test"), (20, "mx1.outside.example")]);
    dns.address("mx1.outside.example", loopback(0));
    dns.text("site.example", "not a mail domain");
    let site = by_mx(&dns, server.port).site().await;
    for (to, status) in [
        // RFC 7505: the domain accepts no mail.
        ("noa@none.example", "5.1.10"),
        // RFC 5321 §5.1: this server is the domain's best host, but does not serve the domain.
        ("noa@loop.example", "5.4.6"),
        ("noa@nowhere.example", "5.1.2"),
        // The domain exists, and has neither a mail host nor an address.
        ("noa@site.example", "5.4.4"),
    ] {
        let reference = site.send_by(to, Choice::Plain).await;
        assert_eq!(site.settle(reference).await, DeliveryState::Failed, "{to}");
        assert!(site.last_notice().await.contains(&format!("Status: {status}")), "{to}");
    }
    for (domain, to, says) in [
        ("fails.example", "noa@fails.example", Says::Fails),
        ("silent.example", "noa@silent.example", Says::Silence),
    ] {
        dns.says(domain, RecordType::MX, says.clone());
        let reference = site.send_by(to, Choice::Plain).await;
        site.tried(reference).await;
        assert_eq!(site.state(reference).await, DeliveryState::Waiting, "{says:?}");
        dns.mail_hosts(domain, &[(10, "mx1.outside.example")]);
        assert_eq!(site.settle(reference).await, DeliveryState::Delivered, "{says:?}");
    }
}

/// VerifiedTls by DANE (RFC 7672): only a host with the certificate that its TLSA record names gets
/// the message, and only if the DNS answers are authenticated by DNSSEC.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_leaves_over_tls_that_dane_vouches_for() {
    let (right, wrong) = (Certificate::of(&["mx1.outside.example"]), Certificate::of(&["x"]));
    for (vouched, named, delivered) in
        [(true, &right, true), (true, &wrong, false), (false, &right, false)]
    {
        let dns = DnsStub::start().await;
        let [server] = servers([Some(&right)]).await;
        dns.mail_hosts(DOMAIN, &[(10, "mx1.outside.example")]);
        dns.address("mx1.outside.example", loopback(0));
        let of = format!("_{}._tcp.mx1.outside.example", server.port);
        dns.says(&of, RecordType::TLSA, Says::Records(vec![named.tlsa()]));
        if vouched {
            dns.vouch();
        }
        let dnssec = Dnssec::TrustServers;
        let site = Setting { dnssec, ..by_mx(&dns, server.port) }.site().await;
        let reference = site.send_by("noa@outside.example", Choice::VerifiedTls).await;
        let taken = match (vouched, delivered) {
            (_, true) => {
                assert_eq!(site.settle(reference).await, DeliveryState::Delivered);
                vec![Taken { tls: true, message: true }]
            }
            // RFC 7672 §2.2: delivery is deferred if the host's certificate does not match.
            (true, false) => {
                site.tried(reference).await;
                assert_eq!(site.state(reference).await, DeliveryState::Waiting);
                Vec::new()
            }
            // Not authenticated: the message goes to a temporary account.
            (false, false) => {
                site.issued(reference).await;
                until("the notification to arrive", || !server.taken().is_empty()).await;
                vec![Taken { tls: true, message: false }]
            }
        };
        assert_eq!(server.taken(), taken, "{vouched} {delivered}");
    }
}

/// VerifiedTls by MTA-STS (RFC 8461): a policy in mode `enforce` suffices, one in mode `testing`
/// does not, and a host that the policy does not name gets no message.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_leaves_over_tls_that_a_policy_vouches_for() {
    let certificate = Certificate::of(&["mx1.outside.example", "mta-sts.outside.example"]);
    for (mode, mx, vouches) in [
        ("enforce", "mx1.outside.example", true),
        ("enforce", "*.outside.example", true),
        ("testing", "mx1.outside.example", false),
        ("enforce", "elsewhere.example", false),
    ] {
        let dns = DnsStub::start().await;
        let [server] = servers([Some(&certificate)]).await;
        let policy = format!("version: STSv1\nmode: {mode}\nmx: {mx}\nmax_age: 86400\n");
        dns.mail_hosts(DOMAIN, &[(10, "mx1.outside.example")]);
        dns.address("mx1.outside.example", loopback(0));
        dns.address("mta-sts.outside.example", loopback(0));
        dns.text("_mta-sts.outside.example", "v=STSv1; id=1;");
        let policy_port = policy_server(&certificate, policy).await;
        let authority = Some(&certificate);
        let setting = Setting { policy_port, authority, ..by_mx(&dns, server.port) };
        let site = setting.site().await;
        let reference = site.send_by("noa@outside.example", Choice::VerifiedTls).await;
        match vouches {
            true => {
                assert_eq!(site.settle(reference).await, DeliveryState::Delivered, "{mode} {mx}");
                assert_eq!(server.taken(), [Taken { tls: true, message: true }]);
                // The policy host does not answer twice; the cached policy still counts.
                let again = site.send_by("eve@outside.example", Choice::VerifiedTls).await;
                assert_eq!(site.settle(again).await, DeliveryState::Delivered, "{mode} {mx}");
                assert_eq!(server.taken().len(), 2);
            }
            false => site.issued(reference).await,
        }
        // A message without the verified-TLS choice must obey an enforced policy, too.
        if mode == "enforce" && !vouches {
            let reference = site.send_by("eve@outside.example", Choice::Plain).await;
            site.tried(reference).await;
            assert_eq!(site.state(reference).await, DeliveryState::Waiting);
            assert_eq!(server.taken(), []);
        }
    }
}

/// Starts a server that answers one request with a policy, and no request after that.
async fn policy_server(certificate: &Certificate, policy: String) -> u16 {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let tls = TlsAcceptor::from(certificate.config.clone());
    tokio::spawn(async move {
        if let Ok((stream, _)) = listener.accept().await {
            let Ok(stream) = tls.accept(stream).await else { return };
            let mut stream = BufReader::new(stream);
            let mut line = String::new();
            while stream.read_line(&mut line).await.is_ok_and(|read| read > 2) {
                line.clear();
            }
            let answer = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: {}\r\n\r\n{policy}",
                policy.len()
            );
            // The client may have closed the connection.
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    });
    port
}
