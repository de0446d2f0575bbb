//! Starts a gateway on an in-memory store with its SMTP listener on port 0, and speaks to it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use postern::clock::{Clock, Timestamp};
use postern::config;
use postern::gateway::{
    Browser, ChosenBy, Gateway, ItemView, LogIn, NewAccount, Password, Profile, Settings,
};
use postern::mail::address::Address;
use postern::mail::reference::Reference;
use postern::net::listen;
use postern::net::tls::{Identity, provider};
use postern::smtp::Server;
use postern::smtp::verify::Verifier;
use postern::store::memory::MemoryEngine;
use postern::store::{Engine, Store};
use postern::vault::{DaemonKey, PasswordCost, PoolLimits, Vault};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub const PASSWORD: &str = "correct horse";
/// No step takes this long unless it has failed.
pub const DEADLINE: Duration = Duration::from_secs(300);

/// A certificate for `localhost`, created once.
struct Certificate {
    folder: tempfile::TempDir,
    trusted: CertificateDer<'static>,
}

static CERTIFICATE: LazyLock<Certificate> = LazyLock::new(|| {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("cert.pem"), made.cert.pem()).unwrap();
    std::fs::write(folder.path().join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    Certificate { folder, trusted: made.cert.der().clone() }
});

/// A running gateway with the accounts dana, omar and u1, all in `example.org`.
pub struct TestGateway {
    pub gateway: Gateway,
    pub smtp: SocketAddr,
    pub server: Server,
    pub stop: CancellationToken,
    pub tasks: TaskTracker,
}

impl TestGateway {
    pub async fn start() -> TestGateway {
        TestGateway::with(|_| ()).await
    }

    /// Starts a gateway with changed settings.
    pub async fn with(change: impl FnOnce(&mut config::Smtp)) -> TestGateway {
        TestGateway::on(Arc::new(MemoryEngine::new()), change).await
    }

    /// Starts a gateway on the given engine, with changed settings.
    pub async fn on(
        engine: Arc<dyn Engine>,
        change: impl FnOnce(&mut config::Smtp),
    ) -> TestGateway {
        TestGateway::made(engine, change, |server| server).await
    }

    /// Starts a gateway that authenticates senders with `verifier`.
    pub async fn verifying(verifier: Verifier) -> TestGateway {
        let engine = Arc::new(MemoryEngine::new());
        TestGateway::made(engine, |_| (), |server| server.verifying(verifier)).await
    }

    /// Starts a gateway that authenticates senders with `verifier`, with changed settings.
    pub async fn judging(
        verifier: Verifier,
        change: impl FnOnce(&mut config::Smtp),
    ) -> TestGateway {
        let engine = Arc::new(MemoryEngine::new());
        TestGateway::made(engine, change, |server| server.verifying(verifier)).await
    }

    async fn made(
        engine: Arc<dyn Engine>,
        change: impl FnOnce(&mut config::Smtp),
        finish: impl FnOnce(Server) -> Server,
    ) -> TestGateway {
        let gateway = tokio::task::spawn_blocking(|| gateway_on(engine)).await.unwrap();
        let mut config = config::Smtp::for_demo(SocketAddr::from(([127, 0, 0, 1], 0)));
        change(&mut config);
        let listener = listen::bind(config.listen[0]).unwrap();
        let smtp = listener.local_addr().unwrap();
        let tls = Some(identity().server_config(&[]).unwrap());
        let server = finish(Server::new(gateway.clone(), config, "gw.test".to_owned(), tls));
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        tasks.spawn(server.clone().serve(listener, stop.clone(), tasks.clone()));
        TestGateway { gateway, smtp, server, stop, tasks }
    }

    /// Connects a client and reads the greeting.
    pub async fn smtp(&self) -> Client {
        let mut client = self.connect().await;
        client.reply().await.expect("220 gw.test");
        client
    }

    /// Connects a client that has sent STARTTLS and EHLO.
    pub async fn smtp_tls(&self) -> Client {
        let mut client = self.smtp().await;
        client.ehlo().await;
        client.starttls().await;
        client.ehlo().await;
        client
    }

    /// Connects a client that has not read the greeting yet.
    pub async fn connect(&self) -> Client {
        Client::on(TcpStream::connect(self.smtp).await.unwrap())
    }

    /// Returns the items in an account's inbox.
    pub async fn inbox(&self, name: &'static str) -> Vec<ItemView> {
        self.as_owner(name, |gateway, actor| {
            gateway.message_list(actor, "inbox", None, 500).unwrap().items
        })
        .await
    }

    /// Returns the number of messages in an account's inbox.
    pub async fn count(&self, name: &'static str) -> u64 {
        self.as_owner(name, |gateway, actor| {
            gateway.message_list(actor, "inbox", None, 1).unwrap().total
        })
        .await
    }

    /// Returns the octets of a message as they are stored, with the trace fields at the top.
    pub async fn open(&self, name: &'static str, reference: Reference) -> Vec<u8> {
        self.as_owner(name, move |gateway, actor| {
            gateway.message_open(actor, reference, None).unwrap().1.whole().unwrap().to_vec()
        })
        .await
    }

    pub async fn as_owner<T: Send + 'static>(
        &self,
        name: &'static str,
        work: impl FnOnce(&Gateway, &postern::gateway::Actor) -> T + Send + 'static,
    ) -> T {
        let gateway = self.gateway.clone();
        let work = move || {
            let login = LogIn {
                name,
                password: Password::new(PASSWORD).unwrap(),
                code: None,
                browser: Browser {
                    key_thumbprint: "thumb".to_owned(),
                    agent: "test".to_owned(),
                    peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
                    profile: Profile::Browser,
                },
                new_password: None,
            };
            let opened = gateway.session_open(login).unwrap();
            let actor = gateway.session_actor(&opened.token, "thumb").unwrap();
            work(&gateway, &actor)
        };
        tokio::task::spawn_blocking(work).await.unwrap()
    }
}

impl Drop for TestGateway {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

pub fn identity() -> Identity {
    let folder = CERTIFICATE.folder.path();
    Identity::load(&folder.join("cert.pem"), &folder.join("key.pem")).unwrap()
}

/// Returns a gateway for the domain `example.org` with its accounts.
pub fn gateway_on(engine: Arc<dyn Engine>) -> Gateway {
    let cheap = PasswordCost { memory_kib: 64, passes: 1, lanes: 1 };
    let vault = Vault::new(DaemonKey::from_bytes([3; 32]), PoolLimits::default(), cheap);
    let store = Store::new(engine, vault.clone());
    let clock = Clock::set_to(Timestamp(1_795_424_523_000));
    let settings = Settings { domains: vec!["example.org".to_owned()], ..Settings::default() };
    let gateway = Gateway::new(store, vault, clock, settings);
    for name in ["dana", "omar", "u1"] {
        let new = NewAccount {
            name: name.to_owned(),
            display_name: name.to_owned(),
            addresses: vec![Address::parse(&format!("{name}@example.org")).unwrap()],
            password: Password::new(PASSWORD).unwrap(),
            chosen_by: ChosenBy::Owner,
        };
        gateway.account_create(new).unwrap();
    }
    gateway
}

/// A stream, in clear or over TLS.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// An SMTP client that sends what it is told, valid or not.
pub struct Client {
    io: BufReader<Box<dyn Stream>>,
}

/// All lines of one reply of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply(pub Vec<String>);

impl Reply {
    /// Panics unless the last line begins with `start`.
    #[track_caller]
    pub fn expect(&self, start: &str) -> &Reply {
        assert!(self.last().starts_with(start), "expected {start:?}, got {self:?}");
        self
    }

    pub fn last(&self) -> &str {
        self.0.last().map_or("", String::as_str)
    }

    pub fn code(&self) -> &str {
        self.last().get(..3).unwrap_or_default()
    }

    /// Whether some line has `keyword` after its code.
    pub fn has(&self, keyword: &str) -> bool {
        self.0.iter().any(|line| line.get(4..).is_some_and(|rest| rest.starts_with(keyword)))
    }

    /// Returns the reference number of an accepted message.
    #[track_caller]
    pub fn reference(&self) -> Reference {
        let (_, number) = self
            .last()
            .split_once("250 2.0.0 Accepted, reference ")
            .unwrap_or_else(|| panic!("not accepted: {self:?}"));
        number.parse().unwrap()
    }
}

impl Client {
    pub fn on(stream: impl Stream + 'static) -> Client {
        Client { io: BufReader::new(Box::new(stream)) }
    }

    /// Sends octets as they are.
    pub async fn raw(&mut self, octets: &[u8]) {
        let sent = async {
            self.io.write_all(octets).await?;
            self.io.flush().await
        };
        within(sent).await.unwrap();
    }

    /// Sends octets, and ignores whether the server still reads them.
    pub async fn raw_or_gone(&mut self, octets: &[u8]) {
        let sent = async {
            self.io.write_all(octets).await?;
            self.io.flush().await
        };
        let _ = within(sent).await;
    }

    /// Sends a line and reads the reply.
    pub async fn send(&mut self, line: &str) -> Reply {
        self.raw(format!("{line}\r\n").as_bytes()).await;
        self.reply().await
    }

    /// Reads one reply.
    pub async fn reply(&mut self) -> Reply {
        self.try_reply().await.expect("the connection is closed")
    }

    /// Reads one reply; returns `None` if the connection was closed.
    pub async fn try_reply(&mut self) -> Option<Reply> {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            match within(self.io.read_line(&mut line)).await {
                Ok(0) | Err(_) => return None,
                Ok(_) => {}
            }
            let line = line.strip_suffix("\r\n").expect("a reply line ends in CRLF").to_owned();
            let is_last = line.as_bytes().get(3) != Some(&b'-');
            lines.push(line);
            if is_last {
                return Some(Reply(lines));
            }
        }
    }

    /// Panics unless the server closes the connection without sending anything more.
    pub async fn expect_closed(&mut self) {
        let mut rest = Vec::new();
        // A reset closes it as well.
        let _ = within(self.io.read_to_end(&mut rest)).await;
        assert!(rest.is_empty(), "{:?}", String::from_utf8_lossy(&rest));
    }

    pub async fn ehlo(&mut self) -> Reply {
        let reply = self.send("EHLO client.example").await;
        reply.expect("250 ");
        reply
    }

    pub async fn starttls(&mut self) {
        self.send("STARTTLS").await.expect("220 ");
        self.handshake().await;
    }

    /// Does the client's side of the TLS handshake.
    pub async fn handshake(&mut self) {
        let plain = std::mem::replace(&mut self.io, BufReader::new(Box::new(tokio::io::empty())));
        let mut roots = RootCertStore::empty();
        roots.add(CERTIFICATE.trusted.clone()).unwrap();
        let config = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        assert!(plain.buffer().is_empty(), "{:?}", String::from_utf8_lossy(plain.buffer()));
        let name = ServerName::try_from("localhost").unwrap();
        let connector = TlsConnector::from(Arc::new(config));
        let stream = within(connector.connect(name, plain.into_inner())).await.unwrap();
        self.io = BufReader::new(Box::new(stream));
    }

    /// Sends MAIL and one RCPT.
    pub async fn envelope(&mut self, to: &str) {
        self.send("MAIL FROM:<rachel@outside.example>").await.expect("250 2.1.0");
        self.send(&format!("RCPT TO:<{to}>")).await.expect("250 2.1.5");
    }

    /// Sends DATA and `message`, with its dots doubled.
    pub async fn data(&mut self, message: &[u8]) -> Reply {
        self.send("DATA").await.expect("354 ");
        self.raw(&stuffed(message)).await;
        self.reply().await
    }

    /// Delivers a whole message to one recipient.
    pub async fn deliver(&mut self, to: &str, message: &[u8]) -> Reply {
        self.envelope(to).await;
        self.data(message).await
    }
}

/// Returns the message with dots doubled at line starts, and the final dot.
pub fn stuffed(message: &[u8]) -> Vec<u8> {
    let mut wire = Vec::with_capacity(message.len() + 16);
    for line in message.split_inclusive(|octet| *octet == b'\n') {
        if line.first() == Some(&b'.') {
            wire.push(b'.');
        }
        wire.extend_from_slice(line);
    }
    wire.extend_from_slice(b".\r\n");
    wire
}

/// Returns a message with `lines` more lines of text.
pub fn message(lines: usize) -> Vec<u8> {
    let mut message = MESSAGE.to_vec();
    for n in 0..lines {
        message.extend_from_slice(format!("line {n} {}\r\n", "x".repeat(60)).as_bytes());
    }
    message
}

pub const MESSAGE: &[u8] =
    b"From: Rachel <rachel@outside.example>\r\nSubject: The contract\r\n\r\nSecret text.\r\n";

async fn within<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, work).await.expect("nothing happened before the deadline")
}

/// Waits until `condition` holds.
pub async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let started = std::time::Instant::now();
    while !condition() {
        assert!(started.elapsed() < DEADLINE, "timed out waiting for: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
