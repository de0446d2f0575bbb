//! A small blocking SMTP client that sends exactly the octets it is given.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

use rustls::{ClientConnection, StreamOwned};
use rustls_pki_types::ServerName;

use super::tls;

/// A peer that sends nothing for this long fails the test.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Replies larger than this are taken for garbage.
const REPLY_OCTETS_MAX: usize = 64 * 1024;

/// One SMTP session.
pub struct Smtp {
    wire: Wire,
    /// Octets that were read but not yet consumed.
    read: Vec<u8>,
}

enum Wire {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

/// A reply of the server: the code and every line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    pub code: u16,
    pub lines: Vec<String>,
}

/// One message with its envelope.
pub struct Delivery<'m> {
    pub from: &'m str,
    pub to: &'m [&'m str],
    /// The message as sent after DATA, before dot-stuffing; ends with CRLF.
    pub message: &'m [u8],
    /// The parameters of MAIL, such as `BODY=8BITMIME SMTPUTF8`.
    pub parameters: &'m str,
}

impl Smtp {
    /// Connects and reads the greeting.
    pub fn connect(to: SocketAddr) -> Smtp {
        let stream = TcpStream::connect_timeout(&to, TIMEOUT).expect("the server listens");
        stream.set_read_timeout(Some(TIMEOUT)).unwrap();
        stream.set_write_timeout(Some(TIMEOUT)).unwrap();
        stream.set_nodelay(true).unwrap();
        let mut smtp = Smtp { wire: Wire::Plain(stream), read: Vec::new() };
        smtp.reply().expect_code("220");
        smtp
    }

    /// Connects, sends EHLO, switches to TLS with the server `localhost` as certified by the
    /// authority in `ca`, and sends EHLO again.
    pub fn connect_tls(to: SocketAddr, ca: &Path) -> Smtp {
        let mut smtp = Smtp::connect(to);
        smtp.line("EHLO client.example").expect_code("250");
        smtp = smtp.starttls(ca);
        smtp.line("EHLO client.example").expect_code("250");
        smtp
    }

    /// Sends STARTTLS and does the handshake.
    pub fn starttls(mut self, ca: &Path) -> Smtp {
        self.line("STARTTLS").expect_code("220");
        assert!(self.read.is_empty(), "the server sent plaintext after its 220 to STARTTLS");
        let Wire::Plain(stream) = self.wire else { panic!("STARTTLS inside TLS") };
        let name = ServerName::try_from("localhost").expect("a valid name");
        let connection = ClientConnection::new(tls::client(ca), name).expect("a usable config");
        let mut stream = StreamOwned::new(connection, stream);
        stream.flush().expect("the handshake");
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock).expect("the handshake");
        }
        Smtp { wire: Wire::Tls(Box::new(stream)), read: Vec::new() }
    }

    /// Sends a command line and reads its reply.
    pub fn line(&mut self, text: &str) -> Reply {
        self.send(format!("{text}\r\n").as_bytes()).expect("the server reads");
        self.reply()
    }

    /// Sends octets as they are.
    pub fn send(&mut self, octets: &[u8]) -> io::Result<()> {
        match &mut self.wire {
            Wire::Plain(stream) => stream.write_all(octets),
            Wire::Tls(stream) => stream.write_all(octets).and_then(|()| stream.flush()),
        }
    }

    /// Reads one reply; panics if none arrives.
    pub fn reply(&mut self) -> Reply {
        self.try_reply().expect("a reply")
    }

    /// Reads one reply; returns an error if the connection is closed or stays silent.
    pub fn try_reply(&mut self) -> io::Result<Reply> {
        let mut lines: Vec<String> = Vec::new();
        loop {
            let line = self.read_line()?;
            let last = line.as_bytes().get(3) != Some(&b'-');
            lines.push(line);
            if last {
                break;
            }
        }
        let code = lines[0].get(..3).and_then(|c| c.parse().ok());
        let code = code.ok_or_else(|| io::Error::other(format!("not a reply: {lines:?}")))?;
        Ok(Reply { code, lines })
    }

    /// Delivers in one transaction and returns the reply to the final dot, or the first reply that
    /// refuses.
    pub fn deliver(&mut self, mail: &Delivery<'_>) -> Reply {
        let blank = if mail.parameters.is_empty() { "" } else { " " };
        let mut commands = vec![format!("MAIL FROM:<{}>{blank}{}", mail.from, mail.parameters)];
        commands.extend(mail.to.iter().map(|to| format!("RCPT TO:<{to}>")));
        for command in commands {
            let reply = self.line(&command);
            if reply.code != 250 {
                return reply;
            }
        }
        let go = self.line("DATA");
        if go.code != 354 {
            return go;
        }
        self.send(&stuffed(mail.message)).expect("the server reads the message");
        self.reply()
    }

    /// Ends the session with QUIT.
    pub fn quit(mut self) {
        self.line("QUIT").expect_code("221");
    }

    fn read_line(&mut self) -> io::Result<String> {
        loop {
            if let Some(end) = self.read.windows(2).position(|w| w == b"\r\n") {
                let line: Vec<u8> = self.read.drain(..end + 2).take(end).collect();
                return String::from_utf8(line).map_err(io::Error::other);
            }
            if self.read.len() > REPLY_OCTETS_MAX {
                return Err(io::Error::other("the reply has no end"));
            }
            let mut some = [0; 4096];
            let count = match &mut self.wire {
                Wire::Plain(stream) => stream.read(&mut some)?,
                Wire::Tls(stream) => stream.read(&mut some)?,
            };
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.read.extend_from_slice(&some[..count]);
        }
    }
}

impl Reply {
    /// Panics unless the first line begins with `start`, such as `250` or `550 5.1.1`.
    #[track_caller]
    pub fn expect_code(self, start: &str) -> Reply {
        assert!(self.lines[0].starts_with(start), "expected {start}, got {self}");
        self
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines.join(" | "))
    }
}

/// Returns the message with dots doubled at line starts, and the final dot (RFC 5321 §4.5.2).
pub fn stuffed(message: &[u8]) -> Vec<u8> {
    assert!(message.ends_with(b"\r\n"), "a message ends with CRLF");
    let mut out = Vec::with_capacity(message.len() + 64);
    for line in message.split_inclusive(|b| *b == b'\n') {
        if line[0] == b'.' {
            out.push(b'.');
        }
        out.extend_from_slice(line);
    }
    out.extend_from_slice(b".\r\n");
    out
}

/// The reverse of [`stuffed`], for the receiving side: `data` is everything before the final dot.
pub fn unstuffed(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len());
    for line in data.split_inclusive(|b| *b == b'\n') {
        out.extend_from_slice(line.strip_prefix(b".").unwrap_or(line));
    }
    out
}
