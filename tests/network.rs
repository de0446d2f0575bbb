//! The daemon and the network: which ports it opens, what an eavesdropper sees, and what a browser
//! needs.
//!
//! Each test runs in network namespaces of its own. Needs root and the packages iproute2, nftables
//! and tcpdump.

mod support;

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use rustls::{ClientConfig, ClientConnection, ProtocolVersion, StreamOwned};
use support::day::{Day, Place};
use support::deployment::{Deployment, HOST};
use support::network::{Network, apart};
use support::search::Searcher;
use support::{tls, token, wait_for};

const PASSWORD: &str = "correct horse battery staple 7";
const LIMIT: Duration = Duration::from_secs(60);

/// P-02: exactly three ports are open: SMTP, HTTPS, and plain HTTP, which redirects to HTTPS and
/// does nothing else. Content is served only over TLS, and no TLS version older than 1.2 is
/// accepted.
#[test]
fn a_scan_finds_smtp_the_web_port_and_the_redirect_alone() {
    apart("a_scan_finds_smtp_the_web_port_and_the_redirect_alone", scan);
}

fn scan() {
    let network = Network::start();
    let daemon = Deployment::inside(&network, PASSWORD);
    assert_eq!(open_ports(network.there), [25, 80, 443]);
    assert_eq!(listening_by_udp(daemon.pid()), Vec::<String>::new());
    let secret = token();
    let request = format!(
        "POST /api/session?{secret} HTTP/1.1\r\nHost: {HOST}\r\nCookie: a={secret}\r\n\
         Content-Length: 20\r\n\r\n{secret}"
    );
    let answer = ask(TcpStream::connect((network.there, 80)).unwrap(), &request);
    let (head, body) = answer.split_once("\r\n\r\n").expect("an HTTP response");
    assert!(head.starts_with("HTTP/1.1 308 "), "{head}");
    assert!(head.contains(&format!("\r\nlocation: https://{HOST}/\r\n")), "{head}");
    assert!(body.is_empty() && !head.contains(&secret) && !head.contains("cookie"), "{answer}");
    let both = tls::client(&daemon.ca());
    let (version, page) = fetch(network.there, both.clone());
    assert_eq!(version, Some(ProtocolVersion::TLSv1_3));
    assert!(page.contains("\r\nstrict-transport-security: max-age=31536000\r\n"), "{page}");
    assert!(page.contains("<html"), "{page}");
    let (version, _) = fetch(network.there, tls12(&daemon.ca()));
    assert_eq!(version, Some(ProtocolVersion::TLSv1_2));
    assert_eq!(alert_to_tls_11(network.there), [2, 70], "a fatal alert: protocol_version");
    daemon.stop();
}

/// P-02: all traffic of the daemon during a whole day is captured, and contains no word of that
/// day.
#[test]
fn no_word_of_a_day_is_seen_on_the_cable() {
    apart("no_word_of_a_day_is_seen_on_the_cable", listen_in);
}

fn listen_in() {
    let network = Network::start();
    let password = token();
    let daemon = Deployment::inside(&network, &password);
    let folder = tempfile::tempdir().unwrap();
    let capture = Capture::start(&network, folder.path());
    let mut day = Day::new(10);
    day.begin(&mut daemon.smtp_tls());
    let url = format!("https://{}", network.there);
    let place = Place { url: &url, password: &password, profile: None };
    day.spend(Command::new("node"), &place, || daemon.smtp_tls());
    // One word sent in clear shows that the traffic was captured and that this search finds words.
    let clear = token();
    daemon.smtp().line(&format!("EHLO {clear}.example")).expect_code("250");
    let octets = capture.stop_when_seen(&clear);
    let mut words = day.words();
    words.push(password);
    assert!(words.len() >= 50, "{} words", words.len());
    let mut found = Vec::new();
    Searcher::new(&words).octets(&octets, &mut found, "the capture");
    assert_eq!(found, Vec::<String>::new());
    daemon.stop();
}

/// P-09: from behind a firewall that allows only HTTPS and DNS queries outwards, and nothing
/// inwards, everything works, including mail that arrives while the user is looking.
#[test]
fn a_browser_behind_a_wall_needs_port_443_and_names_alone() {
    apart("a_browser_behind_a_wall_needs_port_443_and_names_alone", look_out);
}

fn look_out() {
    let network = Network::start();
    let daemon = Deployment::beside(&network, PASSWORD);
    names(&network);
    network.resolve_here();
    for port in ["25", "80", "443"] {
        assert!(reaches(&network, port), "port {port} is not reachable before the firewall is up");
    }
    network.wall_in();
    assert!(reaches(&network, "443"));
    for port in ["25", "80"] {
        assert!(!reaches(&network, port), "the firewall lets port {port} through");
    }
    let mut day = Day::new(3);
    day.begin(&mut daemon.smtp_tls());
    let url = format!("https://{HOST}");
    let place = Place { url: &url, password: PASSWORD, profile: None };
    day.spend(network.command("node"), &place, || daemon.smtp_tls());
    daemon.stop();
}

/// Returns every port that accepts a connection.
fn open_ports(at: Ipv4Addr) -> Vec<u16> {
    let is_open = |port: &u16| {
        TcpStream::connect_timeout(&SocketAddr::from((at, *port)), Duration::from_secs(5)).is_ok()
    };
    (1..=u16::MAX).filter(is_open).collect()
}

/// Returns the UDP sockets in a process's network namespace that accept packets from any address.
fn listening_by_udp(pid: u32) -> Vec<String> {
    let tables = ["udp", "udp6"].map(|name| format!("/proc/{pid}/net/{name}"));
    let lines = tables.map(|table| fs::read_to_string(table).expect("a readable kernel table"));
    let rows = lines.iter().flat_map(|text| text.lines().skip(1));
    rows.map(str::to_owned).collect()
}

/// Sends a request and reads to the end.
fn ask(mut stream: impl Read + Write, request: &str) -> String {
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    // How the peer closes the connection does not matter here.
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

/// Returns the negotiated TLS version and the first page.
fn fetch(at: Ipv4Addr, config: Arc<ClientConfig>) -> (Option<ProtocolVersion>, String) {
    let tcp = TcpStream::connect((at, 443)).unwrap();
    tcp.set_read_timeout(Some(LIMIT)).unwrap();
    let connection = ClientConnection::new(config, HOST.try_into().unwrap()).unwrap();
    let mut stream = StreamOwned::new(connection, tcp);
    let page =
        ask(&mut stream, &format!("GET / HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n"));
    (stream.conn.protocol_version(), page)
}

/// Returns a client that supports nothing newer than TLS 1.2.
fn tls12(ca: &Path) -> Arc<ClientConfig> {
    use rustls_pki_types::CertificateDer;
    use rustls_pki_types::pem::PemObject;
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca).unwrap()).unwrap();
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let config = ClientConfig::builder_with_provider(provider.into())
        .with_protocol_versions(&[&rustls::version::TLS12])
        .unwrap();
    config.with_root_certificates(roots).with_no_client_auth().into()
}

/// Sends a TLS 1.1 ClientHello (RFC 4346 §7.4.1.2), which no library here speaks any more, and
/// returns the level and the description of the alert in the answer.
fn alert_to_tls_11(at: Ipv4Addr) -> [u8; 2] {
    let mut hello = vec![3, 2];
    hello.extend_from_slice(&[7; 32]); // random
    hello.push(0); // no session
    hello.extend_from_slice(&[0, 4, 0xc0, 0x13, 0x00, 0x2f, 1, 0]); // two suites, no compression
    // Curve P-256, uncompressed points, ECDSA with SHA-256: only the version is unacceptable.
    hello.extend_from_slice(&[0, 22, 0, 10, 0, 4, 0, 2, 0, 23, 0, 11, 0, 2, 1, 0]);
    hello.extend_from_slice(&[0, 13, 0, 4, 0, 2, 4, 3]);
    let length = u8::try_from(hello.len()).unwrap();
    let mut record = vec![22, 3, 1, 0, length + 4, 1, 0, 0, length];
    record.extend_from_slice(&hello);
    let mut stream = TcpStream::connect((at, 443)).unwrap();
    stream.write_all(&record).unwrap();
    let mut answer = [0; 7];
    stream.read_exact(&mut answer).expect("an alert");
    assert_eq!(answer[0], 21, "not an alert: {answer:?}");
    [answer[5], answer[6]]
}

/// A running tcpdump, on this side of the link.
struct Capture {
    child: Child,
    file: std::path::PathBuf,
}

impl Capture {
    fn start(network: &Network, folder: &Path) -> Capture {
        let file = folder.join("capture");
        let child = Command::new("tcpdump")
            .args(["-i", network.cable, "-s", "0", "-U", "-Z", "root", "-w"])
            .arg(&file)
            .stderr(Stdio::null())
            .spawn()
            .expect("tcpdump is installed (tests/prepare.sh installs it)");
        let capture = Capture { child, file };
        // tcpdump writes the file header once it listens.
        wait_for("tcpdump to listen", LIMIT, || {
            (fs::metadata(&capture.file).ok()?.len() >= 24).then_some(())
        });
        capture
    }

    /// Stops the capture once it contains `word`, which was sent last, and returns all of it.
    fn stop_when_seen(mut self, word: &str) -> Vec<u8> {
        let searcher = Searcher::new(&[word.to_owned()]);
        wait_for("the last word in the capture", LIMIT, || {
            let mut found = Vec::new();
            searcher.octets(&fs::read(&self.file).unwrap(), &mut found, "the capture");
            (!found.is_empty()).then_some(())
        });
        kill_process(Pid::from_child(&self.child), Signal::INT)
            .expect("the child can be signalled");
        self.child.wait().expect("the child can be waited for");
        fs::read(&self.file).unwrap()
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) && self.child.kill().is_ok() {
            let _ = self.child.wait();
        }
    }
}

/// Whether a client inside the namespace can connect to a port of the daemon.
fn reaches(network: &Network, port: &str) -> bool {
    let script = "const [host, port] = process.argv.slice(1);\
        const socket = require('net').connect(Number(port), host);\
        socket.on('connect', () => process.exit(0)).on('error', () => process.exit(1));\
        setTimeout(() => process.exit(1), 3000);";
    let here = network.here.to_string();
    let status = network.command("node").args(["-e", script, &here, port]).status();
    status.expect("node is installed (tests/prepare.sh checks)").success()
}

/// Runs a DNS server (RFC 1035 §4.1) for as long as the test runs: a query for the daemon's IPv4
/// address is answered with this side's address, any other with no record.
fn names(network: &Network) {
    let socket = UdpSocket::bind((network.here, 53)).expect("the address is free");
    let here = network.here;
    std::thread::spawn(move || {
        let mut question = [0; 512];
        while let Ok((length, from)) = socket.recv_from(&mut question) {
            let answer = answer(&question[..length], here);
            socket.send_to(&answer, from).expect("the answer can be sent");
        }
    });
}

/// [`HOST`] as a DNS name in a query.
const DAEMON: &[u8] = b"\x04mail\x04test\x07example\0";

fn answer(question: &[u8], here: Ipv4Addr) -> Vec<u8> {
    let name = question[12..].iter().position(|octet| *octet == 0).expect("a name") + 13;
    let asked = &question[name..name + 4];
    let is_address = asked == [0, 1, 0, 1] && question[12..].starts_with(DAEMON);
    let mut answer = question[..2].to_vec();
    // An authoritative answer without an error, with one question and one record or none.
    answer.extend_from_slice(&[0x85, 0x80, 0, 1, 0, u8::from(is_address), 0, 0, 0, 0]);
    answer.extend_from_slice(&question[12..name + 4]);
    if is_address {
        answer.extend_from_slice(&[0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
        answer.extend_from_slice(&here.octets());
    }
    answer
}
