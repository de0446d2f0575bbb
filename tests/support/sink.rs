//! An SMTP sink with STARTTLS that keeps every message. It stands in for a next hop, and tests the
//! harness without the daemon.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use tempfile::TempDir;

use super::{smtp, tls};

/// A listening sink. Its threads end with the test process.
pub struct Sink {
    pub at: SocketAddr,
    pub ca: PathBuf,
    got: Arc<Mutex<Vec<Taken>>>,
    connections: Arc<AtomicUsize>,
    gate: Arc<Gate>,
    _folder: TempDir,
}

/// A message and its envelope.
#[derive(Clone, Debug)]
pub struct Taken {
    /// What followed `MAIL FROM:`, with its parameters.
    pub from: String,
    /// What followed each `RCPT TO:`.
    pub to: Vec<String>,
    /// The message, with dot-stuffing undone.
    pub message: Vec<u8>,
}

/// Whether messages are accepted, and the sessions that wait until they are.
#[derive(Default)]
struct Gate {
    shut: Mutex<bool>,
    opened: Condvar,
}

impl Gate {
    fn pass(&self) {
        drop(self.opened.wait_while(self.shut.lock().unwrap(), |shut| *shut).unwrap());
    }
}

impl Sink {
    pub fn start() -> Sink {
        Sink::start_with(false)
    }

    /// Starts a sink that withholds its greeting from every peer until [`Sink::open`].
    pub fn start_shut() -> Sink {
        Sink::start_with(true)
    }

    /// Accepts every message from now on.
    pub fn open(&self) {
        *self.gate.shut.lock().unwrap() = false;
        self.gate.opened.notify_all();
    }

    fn start_with(shut: bool) -> Sink {
        let folder = tempfile::tempdir().unwrap();
        let ca = folder.path().join("ca.pem");
        let (config, pem) = tls::server();
        std::fs::write(&ca, pem).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap();
        let got = Arc::new(Mutex::new(Vec::new()));
        let gate = Arc::new(Gate { shut: Mutex::new(shut), opened: Condvar::new() });
        let (shelf, waits) = (got.clone(), gate.clone());
        let connections = Arc::new(AtomicUsize::new(0));
        let count = connections.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                count.fetch_add(1, Ordering::SeqCst);
                let (config, shelf, waits) = (config.clone(), shelf.clone(), waits.clone());
                // A peer that disconnects ends only its own session.
                std::thread::spawn(move || {
                    waits.pass();
                    session(stream, config, &shelf)
                });
            }
        });
        Sink { at, ca, got, connections, gate, _folder: folder }
    }

    /// Returns the number of messages so far.
    pub fn count(&self) -> usize {
        self.got.lock().unwrap().len()
    }

    /// Returns the number of connections so far.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Returns every message so far, with dot-stuffing undone.
    pub fn messages(&self) -> Vec<Vec<u8>> {
        self.taken().into_iter().map(|one| one.message).collect()
    }

    /// Returns every message so far with its envelope.
    pub fn taken(&self) -> Vec<Taken> {
        self.got.lock().unwrap().clone()
    }
}

fn session(
    mut stream: TcpStream,
    config: Arc<ServerConfig>,
    shelf: &Mutex<Vec<Taken>>,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.write_all(b"220 sink.example ESMTP\r\n")?;
    if !talk(&mut stream, shelf, true)? {
        return Ok(());
    }
    let connection = ServerConnection::new(config).map_err(io::Error::other)?;
    talk(&mut StreamOwned::new(connection, stream), shelf, false).map(|_| ())
}

/// Serves commands until QUIT (returns `false`) or STARTTLS (returns `true`). In clear it accepts
/// no mail.
fn talk<S: Read + Write>(
    stream: &mut S,
    shelf: &Mutex<Vec<Taken>>,
    clear: bool,
) -> io::Result<bool> {
    let mut stream = BufReader::with_capacity(64 * 1024, stream);
    let (mut from, mut to) = (String::new(), Vec::new());
    loop {
        let mut line = Vec::new();
        if stream.read_until(b'\n', &mut line)? == 0 {
            return Ok(false);
        }
        let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        let text = String::from_utf8_lossy(&line);
        let path = text.split_once(':').map(|(_, path)| path.trim().to_owned());
        match (verb.as_slice(), path) {
            (b"MAIL", Some(path)) => from = path,
            (b"RCPT", Some(path)) => to.push(path),
            _ => {}
        }
        let reply: &[u8] = match verb.as_slice() {
            // Postfix looks for SMTPUTF8 in clear, before it continues to STARTTLS.
            b"EHLO" if clear => b"250-sink.example\r\n250-SMTPUTF8\r\n250 STARTTLS\r\n",
            b"EHLO" => b"250-sink.example\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 PIPELINING\r\n",
            b"STAR" if clear => {
                stream.get_mut().write_all(b"220 go\r\n")?;
                return Ok(true);
            }
            b"MAIL" | b"RCPT" | b"DATA" if clear => b"530 5.7.0 STARTTLS first\r\n",
            b"RCPT" => rcpt(to.last().map_or("", String::as_str)),
            b"MAIL" | b"RSET" | b"NOOP" => b"250 2.0.0 ok\r\n",
            b"DATA" => {
                stream.get_mut().write_all(b"354 go\r\n")?;
                stream.get_mut().flush()?;
                let message = data(&mut stream)?;
                let (from, to) = (std::mem::take(&mut from), std::mem::take(&mut to));
                shelf.lock().unwrap().push(Taken { from, to, message });
                b"250 2.0.0 kept\r\n"
            }
            b"QUIT" => b"221 2.0.0 bye\r\n",
            _ => b"500 5.5.1 what\r\n",
        };
        stream.get_mut().write_all(reply)?;
        stream.get_mut().flush()?;
        if verb == b"QUIT" {
            return Ok(false);
        }
    }
}

/// Refuses recipients whose names begin with `nobody`, and puts off those with `later`.
fn rcpt(path: &str) -> &'static [u8] {
    match path {
        path if path.starts_with("<nobody") => b"550 5.1.1 there is no such person\r\n",
        path if path.starts_with("<later") => b"450 4.2.1 come again\r\n",
        _ => b"250 2.0.0 ok\r\n",
    }
}

fn data(stream: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut octets = Vec::new();
    loop {
        let start = octets.len();
        if stream.read_until(b'\n', &mut octets)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let new_line = start == 0 || octets[..start].ends_with(b"\r\n");
        if new_line && &octets[start..] == b".\r\n" {
            octets.truncate(start);
            return Ok(smtp::unstuffed(&octets));
        }
    }
}
