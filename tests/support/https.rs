//! What a browser does besides calling the API: following a link, and opening `http://`.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use rustls_pki_types::ServerName;
use tokio_rustls::TlsConnector;

use super::tls;

/// A server that sends nothing for this long fails the test.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Requests `path` over TLS and passes each piece of the response body to `piece`.
pub async fn follow(at: SocketAddr, ca: &Path, path: &str, mut piece: impl FnMut(&[u8])) {
    let stream = tokio::net::TcpStream::connect(at).await.expect("the server listens");
    let name = ServerName::try_from("localhost").expect("a valid name");
    let connector: TlsConnector = tls::client(ca).into();
    let stream = connector.connect(name, stream).await.expect("the handshake");
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let request =
        Request::get(path).header("host", "localhost").body(Empty::<Bytes>::new()).unwrap();
    let response = sender.send_request(request).await.expect("a response");
    assert_eq!(response.status(), StatusCode::OK, "{path}");
    let mut body = response.into_body();
    while let Some(frame) = tokio::time::timeout(TIMEOUT, body.frame()).await.expect("a frame") {
        if let Ok(octets) = frame.expect("the whole response").into_data() {
            piece(&octets);
        }
    }
}

/// Sends `request` in clear and returns everything that the server answers.
pub fn in_clear(at: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect_timeout(&at, TIMEOUT).expect("the server listens");
    stream.set_read_timeout(Some(TIMEOUT)).unwrap();
    // A server may close before it has read everything; what it sent before that counts.
    let _ = stream.write_all(request.as_bytes());
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

/// A relay between a client and a server that records every octet in both directions.
pub struct Wiretap {
    pub at: SocketAddr,
    passed: Arc<std::sync::Mutex<Vec<u8>>>,
}

impl Wiretap {
    /// Listens in front of `server`. Its threads end with the test process.
    pub fn start(server: SocketAddr) -> Wiretap {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap();
        let passed = Arc::new(std::sync::Mutex::new(Vec::new()));
        let shelf = passed.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let server = TcpStream::connect(server).expect("the server listens");
                let back = (server.try_clone().unwrap(), client.try_clone().unwrap());
                for (from, to) in [(client, server), back] {
                    let shelf = shelf.clone();
                    std::thread::spawn(move || pass(from, to, &shelf));
                }
            }
        });
        Wiretap { at, passed }
    }

    /// Returns everything that has passed so far, in the order in which it was read.
    pub fn passed(&self) -> Vec<u8> {
        self.passed.lock().unwrap().clone()
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, shelf: &std::sync::Mutex<Vec<u8>>) {
    let mut piece = [0; 16 << 10];
    while let Ok(read @ 1..) = from.read(&mut piece) {
        shelf.lock().unwrap().extend_from_slice(&piece[..read]);
        if to.write_all(&piece[..read]).is_err() {
            break;
        }
    }
    // The other side may be gone already.
    let _ = to.shutdown(std::net::Shutdown::Write);
}
