//! Starts a gateway on an in-memory store with its HTTPS listener on port 0, and speaks to it as a
//! browser does: over HTTP/1.1 or HTTP/2, with each request signed.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::{Request, Response, StatusCode, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use postern::clock::Clock;
use postern::config;
use postern::gateway::{
    AcceptedRecipient, Arrival, ChosenBy, Gateway, Inbound, NewAccount, Origin, Password,
    RecipientVerdict, Settings,
};
use postern::mail::address::Address;
use postern::mail::envelope::{Envelope, ForwardPath, ReversePath};
use postern::mail::header::{HeaderLimits, gate};
use postern::mail::reference::Reference;
use postern::net::listen;
use postern::net::remote_image::RemoteImages;
use postern::net::throttles::{self, Throttles};
use postern::net::tls::{Identity, provider};
use postern::store::Store;
use postern::store::memory::MemoryEngine;
use postern::terms::SenderCheck;
use postern::vault::{DaemonKey, PasswordCost, PoolLimits, Vault};
use postern::web::server::Server;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::described::{self, Asked, Told};
use super::web_proof::Key;

pub use super::harness::{DEADLINE, PASSWORD};

pub async fn within<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, work).await.expect("nothing happened before the deadline")
}

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

/// A running gateway with the accounts dana and omar, in `example.org`.
pub struct TestWeb {
    pub gateway: Gateway,
    pub https: SocketAddr,
    pub http: SocketAddr,
    pub stop: CancellationToken,
    pub tasks: TaskTracker,
}

impl TestWeb {
    pub async fn start() -> TestWeb {
        TestWeb::with(|_| ()).await
    }

    /// Starts a gateway with changed settings.
    pub async fn with(change: impl FnOnce(&mut config::Https)) -> TestWeb {
        let gateway = tokio::task::spawn_blocking(gateway).await.unwrap();
        TestWeb::in_front_of(gateway, change).await
    }

    /// Starts another HTTPS server in front of the same gateway, as after a restart.
    pub async fn in_front_of(gateway: Gateway, change: impl FnOnce(&mut config::Https)) -> TestWeb {
        TestWeb::started(gateway, change, None).await
    }

    /// Starts a gateway that may fetch remote images.
    pub async fn fetching(pictures: Option<RemoteImages>) -> TestWeb {
        let gateway = tokio::task::spawn_blocking(gateway).await.unwrap();
        TestWeb::started(gateway, |_| (), pictures).await
    }

    async fn started(
        gateway: Gateway,
        change: impl FnOnce(&mut config::Https),
        pictures: Option<RemoteImages>,
    ) -> TestWeb {
        let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut config = config::Https::for_demo(loopback);
        change(&mut config);
        let (secure, plain) = (listen::bind(loopback).unwrap(), listen::bind(loopback).unwrap());
        let (https, http) = (secure.local_addr().unwrap(), plain.local_addr().unwrap());
        let mut server = Server::new(gateway.clone(), config, &identity(), throttles()).unwrap();
        if let Some(pictures) = pictures {
            server = server.showing(pictures);
        }
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        tasks.spawn(server.clone().serve(secure, stop.clone(), tasks.clone()));
        let redirect = server.serve_redirect(plain, https.port(), stop.clone(), tasks.clone());
        tasks.spawn(redirect);
        TestWeb { gateway, https, http, stop, tasks }
    }

    pub fn clock(&self) -> &Clock {
        self.gateway.clock()
    }

    pub fn origin(&self) -> String {
        format!("https://localhost:{}", self.https.port())
    }

    /// Returns a browser without a session, on an HTTP/2 connection.
    pub async fn browser(&self) -> Browser {
        Browser::on(Wire::http2(self.https).await, self)
    }

    /// Returns a browser at another address of this machine.
    pub async fn browser_at(&self, address: IpAddr) -> Browser {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::new(address, 0)).unwrap();
        let stream = within(socket.connect(self.https)).await.unwrap();
        let stream = shake_on(stream, client_tls(TLS_BOTH, &[b"h2"])).await.unwrap();
        Browser::on(Wire::over(stream, 1 << 20).await, self)
    }

    /// Returns a browser that reads no more than the first `window` octets of a response.
    pub async fn stalling_browser(&self, window: u32) -> Browser {
        Browser::on(Wire::http2_window(self.https, window).await, self)
    }

    /// Returns a browser without a session, on an HTTP/1.1 connection.
    pub async fn old_browser(&self) -> Browser {
        Browser::on(Wire::http1(self.https).await, self)
    }

    /// Returns a browser in which this account is signed in.
    pub async fn signed_in(&self, name: &str) -> Browser {
        let mut browser = self.browser().await;
        browser.sign_in(name, PASSWORD).await.expect_status(201);
        browser
    }

    /// Delivers a message to an account's inbox.
    pub async fn deliver(&self, to: &str, text: &str) -> Reference {
        self.deliver_octets(to, Bytes::from(text.replace('\n', "\r\n"))).await
    }

    pub async fn deliver_octets(&self, to: &str, message: Bytes) -> Reference {
        let to: Vec<AcceptedRecipient> = vec![self.recipient(to)];
        let inbound = Inbound {
            envelope: Envelope::from(ReversePath::parse("sender@outside.example").unwrap()),
            recipients: to,
            facts: gate(&message, &HeaderLimits::default()).unwrap(),
            message,
            arrival: Arrival {
                peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
                helo: "relay.example".to_owned(),
                tls: None,
                protocol: "ESMTP",
                host: "mail.example.org".to_owned(),
            },
            authenticated: false,
            sender: SenderCheck::Unchecked,
            results: String::new(),
        };
        let gateway = self.gateway.clone();
        let received = tokio::task::spawn_blocking(move || gateway.receive(inbound).wait());
        received.await.unwrap().unwrap().reference
    }

    fn recipient(&self, name: &str) -> AcceptedRecipient {
        let path = ForwardPath::parse(&format!("{name}@example.org")).unwrap();
        match self.gateway.recipient_check(&path, Origin::Outside, 0).unwrap() {
            RecipientVerdict::Accept(recipient) => recipient,
            RecipientVerdict::Refuse(reason) => panic!("{name} refused: {reason:?}"),
        }
    }
}

impl Drop for TestWeb {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Failed sign-ins, in memory.
fn throttles() -> Arc<Throttles> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"a test");
    Arc::new(Throttles::in_memory(throttles::Setup {
        key,
        keys_max: 1_000,
        now: 1_790_000_000_000,
    }))
}

fn identity() -> Identity {
    let folder = CERTIFICATE.folder.path();
    Identity::load(&folder.join("cert.pem"), &folder.join("key.pem")).unwrap()
}

fn gateway() -> Gateway {
    let cheap = PasswordCost { memory_kib: 64, passes: 1, lanes: 1 };
    let vault = Vault::new(DaemonKey::from_bytes([3; 32]), PoolLimits::default(), cheap);
    let store = Store::new(Arc::new(MemoryEngine::new()), vault.clone());
    // Near the real time, because clients correct their clock by the Date header.
    let now = Clock::System.now();
    let settings = Settings { domains: vec!["example.org".to_owned()], ..Settings::default() };
    let gateway = Gateway::new(store, vault, Clock::set_to(now), settings);
    for name in ["dana", "omar"] {
        let new = NewAccount {
            name: name.to_owned(),
            display_name: format!("{name} the tester"),
            addresses: vec![Address::parse(&format!("{name}@example.org")).unwrap()],
            password: Password::new(PASSWORD).unwrap(),
            chosen_by: ChosenBy::Owner,
        };
        gateway.account_create(new).unwrap();
    }
    gateway
}

/// Returns a TLS configuration for a client.
pub fn client_tls(
    versions: &[&'static rustls::SupportedProtocolVersion],
    alpn: &[&[u8]],
) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(CERTIFICATE.trusted.clone()).unwrap();
    let mut config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    config
}

pub const TLS_BOTH: &[&rustls::SupportedProtocolVersion] =
    &[&rustls::version::TLS13, &rustls::version::TLS12];

/// Opens a TLS connection without sending anything on it.
pub async fn shake(to: SocketAddr, config: ClientConfig) -> std::io::Result<TlsStream<TcpStream>> {
    shake_on(TcpStream::connect(to).await?, config).await
}

async fn shake_on(
    stream: TcpStream,
    config: ClientConfig,
) -> std::io::Result<TlsStream<TcpStream>> {
    let name = ServerName::try_from("localhost").unwrap();
    within(TlsConnector::from(Arc::new(config)).connect(name, stream)).await
}

/// One connection.
pub enum Wire {
    Http1(hyper::client::conn::http1::SendRequest<Full<Bytes>>),
    Http2(hyper::client::conn::http2::SendRequest<Full<Bytes>>),
}

impl Wire {
    pub async fn http1(to: SocketAddr) -> Wire {
        let stream = shake(to, client_tls(TLS_BOTH, &[b"http/1.1"])).await.unwrap();
        let shaken = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
        let (sender, driver) = shaken.unwrap();
        tokio::spawn(driver);
        Wire::Http1(sender)
    }

    pub async fn http2(to: SocketAddr) -> Wire {
        Wire::http2_window(to, 1 << 20).await
    }

    /// Opens a connection on which each response may send `window` octets that are not read.
    pub async fn http2_window(to: SocketAddr, window: u32) -> Wire {
        Wire::over(shake(to, client_tls(TLS_BOTH, &[b"h2"])).await.unwrap(), window).await
    }

    async fn over(stream: TlsStream<TcpStream>, window: u32) -> Wire {
        let mut builder = hyper::client::conn::http2::Builder::new(TokioExecutor::new());
        builder.initial_stream_window_size(window);
        let (sender, driver) = builder.handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(driver);
        Wire::Http2(sender)
    }

    /// Waits until the server has ended the connection, which this side does not.
    pub async fn ended(&mut self) {
        let ended = async {
            match self {
                Wire::Http1(sender) => {
                    while sender.ready().await.is_ok() {
                        tokio::time::sleep(Duration::from_millis(20)).await;
                    }
                }
                Wire::Http2(sender) => {
                    while sender.ready().await.is_ok() {
                        tokio::time::sleep(Duration::from_millis(20)).await;
                    }
                }
            }
        };
        within(ended).await;
    }

    async fn send(&mut self, request: Request<Full<Bytes>>) -> Response<hyper::body::Incoming> {
        let sent = async {
            match self {
                Wire::Http1(sender) => {
                    sender.ready().await?;
                    sender.send_request(request).await
                }
                Wire::Http2(sender) => sender.send_request(request).await,
            }
        };
        within(sent).await.expect("a response")
    }
}

/// What a browser has: a connection, a key, and a token if it is signed in.
pub struct Browser {
    pub wire: Wire,
    authority: String,
    clock: Clock,
    pub key: Key,
    pub token: Option<String>,
}

/// A response whose body was read completely.
#[derive(Debug)]
pub struct Answer {
    pub version: Version,
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    async fn of(response: Response<hyper::body::Incoming>) -> Answer {
        let (parts, body) = response.into_parts();
        let body = within(body.collect()).await.expect("the whole response").to_bytes();
        Answer { version: parts.version, status: parts.status, headers: parts.headers, body }
    }

    #[track_caller]
    pub fn expect_status(self, status: u16) -> Answer {
        let body = String::from_utf8_lossy(&self.body);
        assert_eq!(self.status.as_u16(), status, "{body}");
        self
    }

    /// Panics unless this is a problem document with that status and code.
    #[track_caller]
    pub fn expect_problem(self, status: u16, code: &str) -> Answer {
        let answer = self.expect_status(status);
        let problem = answer.json();
        assert_eq!(problem["code"], code, "{problem}");
        assert_eq!(problem["status"], status, "{problem}");
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert!(!problem["detail"].as_str().unwrap().is_empty());
        assert!(!problem["errorId"].as_str().unwrap().is_empty());
        answer
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("the response is JSON")
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.body.to_vec()).expect("the response is UTF-8")
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl Browser {
    pub fn on(wire: Wire, web: &TestWeb) -> Browser {
        let authority = format!("localhost:{}", web.https.port());
        let clock = web.clock().clone();
        Browser { wire, authority, clock, key: Key::new(), token: None }
    }

    pub fn url(&self, path: &str) -> String {
        format!("https://{}{path}", self.authority)
    }

    pub fn now(&self) -> i64 {
        self.clock.now().unix_secs()
    }

    /// Signs in, and keeps the token if that succeeds.
    pub async fn sign_in(&mut self, name: &str, password: &str) -> Answer {
        let body = json!({"name": name, "password": password, "profile": "browser"});
        self.token = None;
        let answer = self.post("/api/session", &body).await;
        if answer.status == StatusCode::CREATED {
            self.token = Some(answer.json()["token"].as_str().unwrap().to_owned());
        }
        answer
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        self.signed("GET", path, None).await
    }

    pub async fn delete(&mut self, path: &str) -> Answer {
        self.signed("DELETE", path, None).await
    }

    pub async fn post(&mut self, path: &str, body: &Value) -> Answer {
        self.signed("POST", path, Some(body)).await
    }

    pub async fn put(&mut self, path: &str, body: &Value) -> Answer {
        self.signed("PUT", path, Some(body)).await
    }

    pub async fn patch(&mut self, path: &str, body: &Value) -> Answer {
        self.signed("PATCH", path, Some(body)).await
    }

    /// Sends a signed request.
    pub async fn signed(&mut self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let headers = self.credentials(method, path);
        self.raw(method, path, headers, body.map(Value::to_string)).await
    }

    /// Returns the headers of a signed request.
    pub fn credentials(&self, method: &str, path: &str) -> HeaderMap {
        let claims = self.claims(method, path);
        self.with_proof(&self.key.sign(&self.key.header(), &claims))
    }

    /// Returns the claims of a valid proof for this request.
    pub fn claims(&self, method: &str, path: &str) -> Value {
        let htu = self.url(path.split('?').next().unwrap());
        self.key.claims(method, &htu, self.token.as_deref(), self.now())
    }

    /// Returns headers with this browser's token and the given proof.
    pub fn with_proof(&self, proof: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("dpop", HeaderValue::from_str(proof).unwrap());
        if let Some(token) = &self.token {
            let value = HeaderValue::from_str(&format!("DPoP {token}")).unwrap();
            headers.insert("authorization", value);
        }
        headers
    }

    /// Sends an unsigned GET, as following a link does.
    pub async fn follow(&mut self, path: &str) -> Answer {
        self.raw("GET", path, HeaderMap::new(), None).await
    }

    /// Sends any request and reads the whole response.
    pub async fn raw(
        &mut self,
        method: &str,
        path: &str,
        headers: HeaderMap,
        body: Option<String>,
    ) -> Answer {
        let target = self.target(path);
        self.raw_to(method, &target, headers, body).await
    }

    /// Follows a link as [`Browser::follow`] does, to a target that is sent as it is.
    pub async fn follow_to(&mut self, target: &str, headers: HeaderMap) -> Answer {
        self.raw_to("GET", target, headers, None).await
    }

    /// Sends any request with its target as it is given, and reads the whole response.
    pub async fn raw_to(
        &mut self,
        method: &str,
        target: &str,
        headers: HeaderMap,
        body: Option<String>,
    ) -> Answer {
        let (kind, sent) = (kind_of(&headers), body.clone());
        let answer = Answer::of(self.open_to(method, target, headers, body).await).await;
        let asked = Asked { method, target, kind: &kind, body: sent.as_deref() };
        let (status, kind) = (answer.status.as_u16(), answer.header("content-type"));
        described::check(&asked, &Told { status, kind, body: Some(&answer.body) });
        answer
    }

    fn target(&self, path: &str) -> String {
        match self.wire {
            Wire::Http1(_) => path.to_owned(),
            Wire::Http2(_) => self.url(path),
        }
    }

    /// Sends any request; the body of the response is still to be read.
    pub async fn open(
        &mut self,
        method: &str,
        path: &str,
        headers: HeaderMap,
        body: Option<String>,
    ) -> Response<hyper::body::Incoming> {
        let (target, kind, sent) = (self.target(path), kind_of(&headers), body.clone());
        let response = self.open_to(method, &target, headers, body).await;
        let asked = Asked { method, target: &target, kind: &kind, body: sent.as_deref() };
        let status = response.status().as_u16();
        let kind = response.headers().get("content-type");
        let kind = kind.map_or("", |kind| kind.to_str().unwrap());
        described::check(&asked, &Told { status, kind, body: None });
        response
    }

    /// Sends octets that are no text.
    pub async fn put_octets(&mut self, path: &str, octets: Vec<u8>, more: HeaderMap) -> Answer {
        let (method, target) = ("PUT", self.target(path));
        let mut headers = self.credentials(method, path);
        headers.extend(more);
        let kind = "application/octet-stream";
        headers.insert("content-type", HeaderValue::from_static(kind));
        let answer = Answer::of(self.octets_to(method, &target, headers, Some(octets)).await).await;
        let asked = Asked { method, target: &target, kind, body: Some("octets") };
        let (status, kind) = (answer.status.as_u16(), answer.header("content-type"));
        described::check(&asked, &Told { status, kind, body: Some(&answer.body) });
        answer
    }

    async fn open_to(
        &mut self,
        method: &str,
        uri: &str,
        headers: HeaderMap,
        body: Option<String>,
    ) -> Response<hyper::body::Incoming> {
        self.octets_to(method, uri, headers, body.map(String::into_bytes)).await
    }

    async fn octets_to(
        &mut self,
        method: &str,
        uri: &str,
        headers: HeaderMap,
        body: Option<Vec<u8>>,
    ) -> Response<hyper::body::Incoming> {
        let has_body = body.is_some();
        let body = Full::new(Bytes::from(body.unwrap_or_default()));
        let mut request = Request::builder().method(method).uri(uri).body(body).unwrap();
        *request.headers_mut() = headers;
        if let Wire::Http1(_) = self.wire {
            let host = HeaderValue::from_str(&self.authority).unwrap();
            request.headers_mut().entry("host").or_insert(host);
        }
        if has_body {
            let json = HeaderValue::from_static("application/json");
            request.headers_mut().entry("content-type").or_insert(json);
        }
        self.wire.send(request).await
    }

    /// Returns a link to content of a message.
    pub async fn ticket(&mut self, reference: Reference, request: &Value) -> String {
        let path = format!("/api/messages/{reference}/ticket");
        let ticket = self.post(&path, request).await.expect_status(201).json();
        assert_eq!(ticket["expiresIn"], 60);
        ticket["url"].as_str().unwrap().to_owned()
    }

    /// Opens a message.
    pub async fn read(&mut self, reference: Reference) -> Value {
        let path = format!("/api/messages/{reference}/open");
        self.signed("POST", &path, None).await.expect_status(200).json()
    }
}

/// The type of a request's body: JSON, unless its headers say otherwise.
fn kind_of(headers: &HeaderMap) -> String {
    let kind =
        headers.get("content-type").map_or("application/json", |kind| kind.to_str().unwrap());
    kind.to_owned()
}

pub fn header(name: &'static str, value: &str) -> HeaderMap {
    let value = HeaderValue::from_str(value).unwrap();
    HeaderMap::from_iter([(HeaderName::from_static(name), value)])
}

pub fn base64url(octets: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(octets)
}

pub const MESSAGE: &str = "From: Rachel Green <rachel@outside.example>\n\
    To: dana@example.org\nSubject: The contract\n\nSecret text.\n";
