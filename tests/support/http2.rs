//! HTTP/2 written out frame by frame (RFC 9113 §4.1), as a hostile client does.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf, split};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::tls;

pub const HEADERS: u8 = 1;
pub const PRIORITY: u8 = 2;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PUSH_PROMISE: u8 = 5;
pub const PING: u8 = 6;
pub const GOAWAY: u8 = 7;
pub const WINDOW_UPDATE: u8 = 8;
pub const CONTINUATION: u8 = 9;
/// END_STREAM and END_HEADERS.
pub const WHOLE: u8 = 5;
pub const ACK: u8 = 1;

/// A server that says nothing for this long, and closes nothing, fails the test.
const LIMIT: Duration = Duration::from_secs(60);

/// A connection after the client's preface and its empty SETTINGS.
pub struct Frames {
    read: ReadHalf<TlsStream<TcpStream>>,
    write: WriteHalf<TlsStream<TcpStream>>,
}

/// Returns a frame.
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut octets = length[1..].to_vec();
    octets.extend_from_slice(&[kind, flags]);
    octets.extend_from_slice(&stream.to_be_bytes());
    octets.extend_from_slice(payload);
    octets
}

/// Returns the header block of `GET /healthz`, without compression (RFC 7541 §6.2.2).
pub fn get_healthz() -> Vec<u8> {
    let mut block = vec![0x82, 0x87]; // :method GET, :scheme https
    for (index, value) in [(4u8, "/healthz"), (1, "localhost")] {
        block.extend_from_slice(&[index, u8::try_from(value.len()).unwrap()]);
        block.extend_from_slice(value.as_bytes());
    }
    block
}

impl Frames {
    /// Connects, and trusts the authority in `ca` alone.
    pub async fn connect(to: SocketAddr, ca: &Path) -> Frames {
        let mut config = ClientConfig::clone(&tls::client(ca));
        config.alpn_protocols = vec![b"h2".to_vec()];
        let stream = TcpStream::connect(to).await.expect("the server listens");
        let name = ServerName::try_from("localhost").expect("a valid name");
        let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
        let (read, mut write) = split(stream.expect("the handshake"));
        let mut preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
        preface.extend(frame(SETTINGS, 0, 0, &[]));
        write.write_all(&preface).await.expect("the preface is taken");
        Frames { read, write }
    }

    /// Sends `octets` and reads all that is answered, until the peer ends the connection or has
    /// taken everything; says whether it ended the connection.
    pub async fn send(self, octets: &[u8]) -> bool {
        let Frames { mut read, mut write } = self;
        let sent = async move {
            for piece in octets.chunks(16 << 10) {
                write.write_all(piece).await?;
            }
            // The last answer shows that the frames before it were read.
            write.write_all(&frame(PING, 0, 0, b"the last")).await?;
            Ok::<_, std::io::Error>(write)
        };
        let heard = async move {
            let (mut answer, mut piece) = (Vec::new(), vec![0; 16 << 10]);
            loop {
                match read.read(&mut piece).await {
                    Ok(0) | Err(_) => return true,
                    Ok(octets) => answer.extend_from_slice(&piece[..octets]),
                }
                if answer.windows(8).any(|window| window == b"the last") {
                    return false;
                }
                answer.drain(..answer.len().saturating_sub(8));
            }
        };
        let both = async { tokio::join!(sent, heard) };
        let (sent, ended) = tokio::time::timeout(LIMIT, both).await.expect("an end of the flood");
        ended || sent.is_err()
    }
}
