//! One session with one host (RFC 5321 §3), step by step with mail-send's client: every step has a
//! deadline, and each recipient keeps its own reply.

use std::net::SocketAddr;
use std::time::Duration;

use mail_send::{Credentials, SmtpClient};
use smtp_proto::{
    EXT_CHUNKING, EXT_DSN, EXT_REQUIRE_TLS, EXT_SIZE, EXT_SMTP_UTF8, EXT_START_TLS, EhloResponse,
    Response,
};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use zeroize::Zeroizing;

use crate::gateway::queue::attempt::Attempted;
use crate::gateway::queue::rows::Leased;
use crate::gateway::{self, TlsNeed};
use crate::mail::compose;
use crate::mail::envelope::{DsnReturn, xtext_encode};
use crate::mail::status::EnhancedStatus;

use super::route::{Hop, Tls};
use super::shared::{Shared, blocking};
use super::trust::Check;

/// A message's octets and its signature fields. It is opened only after a host has accepted the
/// recipient, so that it is not in memory while a host is being found.
struct Message {
    signed: Vec<u8>,
    octets: Zeroizing<Vec<u8>>,
}

/// A bidirectional stream, encrypted or not.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// A connection to a host that has replied to EHLO or HELO.
pub struct Connection {
    client: SmtpClient<Box<dyn Stream>>,
    host: String,
    capabilities: u32,
    size_max: usize,
    tls: Protected,
    data_timeout: Duration,
    broken: bool,
}

/// Whether STARTTLS is used.
#[derive(Clone, Copy, PartialEq, Eq)]
enum StartTls {
    WhenOffered,
    Never,
}

/// How the connection is protected.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Protected {
    No,
    Somehow,
    Checked,
}

type Failed = mail_send::Error;

/// What kept a connection from being made.
enum Broken {
    Host(Failed),
    /// Whatever went wrong after TLS was asked for.
    Tls(Failed),
}

impl From<Failed> for Broken {
    fn from(error: Failed) -> Broken {
        Broken::Host(error)
    }
}

impl Connection {
    /// Connects to a hop, trying one address after another, and sends EHLO. An error is already
    /// the outcome of the attempt.
    pub async fn open(shared: &Shared, hop: &Hop, row: &Leased) -> Result<Connection, Attempted> {
        let mut last = Failed::Timeout;
        for address in &hop.addresses {
            let address = SocketAddr::new(*address, hop.port);
            match Connection::greet(shared, hop, address, StartTls::WhenOffered).await {
                Ok(connection) => return connection.logged_in(shared).await,
                // Opportunistic TLS is better than no TLS, and no TLS is better than no mail
                // (RFC 7435): where TLS is broken, the address is tried once more without it.
                Err(Broken::Tls(_))
                    if matches!(hop.tls, Tls::Opportunistic) && !row.require_tls =>
                {
                    match Connection::greet(shared, hop, address, StartTls::Never).await {
                        Ok(connection) => return connection.logged_in(shared).await,
                        Err(Broken::Host(error) | Broken::Tls(error)) => last = error,
                    }
                }
                Err(Broken::Host(error) | Broken::Tls(error)) => last = error,
            }
        }
        Err(not_now(outcome(&hop.host, &last)))
    }

    async fn greet(
        shared: &Shared,
        hop: &Hop,
        address: SocketAddr,
        start_tls: StartTls,
    ) -> Result<Connection, Broken> {
        let config = &shared.config;
        let secs = Duration::from_secs;
        let mut client = SmtpClient::connect(address, secs(config.connect_timeout_secs)).await?;
        client.stream.set_nodelay(true).map_err(Failed::from)?;
        client.timeout = secs(config.tls_timeout_secs);
        if let Tls::Implicit(check) = &hop.tls {
            let connector = connector(shared, Some(check))?;
            let client = client.into_tls(&connector, &hop.host).await?;
            let mut client = boxed(client);
            greeting(&mut client).await?;
            return Ok(Connection::hello(shared, hop, client, Protected::Checked).await?);
        }
        greeting(&mut client).await?;
        let hello = hello(&mut client, &shared.host_name).await?;
        let offered = hello.has_capability(EXT_START_TLS);
        let (check, required) = match &hop.tls {
            Tls::Required(check) => (Some(check), true),
            _ => (None, false),
        };
        let wanted = !matches!(hop.tls, Tls::None) && start_tls == StartTls::WhenOffered;
        if required && !offered {
            return Err(Failed::MissingStartTls.into());
        }
        if !(wanted && offered) {
            return Ok(Connection::with(shared, hop, boxed(client), &hello, Protected::No));
        }
        let connector = connector(shared, check)?;
        let client = client.start_tls(&connector, &hop.host).await.map_err(Broken::Tls)?;
        let protected = if check.is_some() { Protected::Checked } else { Protected::Somehow };
        Connection::hello(shared, hop, boxed(client), protected).await.map_err(Broken::Tls)
    }

    /// Sends EHLO on a stream that is now protected; nothing from before TLS counts (RFC 3207
    /// §4.2).
    async fn hello(
        shared: &Shared,
        hop: &Hop,
        mut client: SmtpClient<Box<dyn Stream>>,
        protected: Protected,
    ) -> Result<Connection, Failed> {
        let hello = hello(&mut client, &shared.host_name).await?;
        Ok(Connection::with(shared, hop, client, &hello, protected))
    }

    fn with(
        shared: &Shared,
        hop: &Hop,
        mut client: SmtpClient<Box<dyn Stream>>,
        hello: &EhloResponse<String>,
        tls: Protected,
    ) -> Connection {
        client.timeout = Duration::from_secs(shared.config.command_timeout_secs);
        Connection {
            client,
            host: hop.host.clone(),
            capabilities: hello.capabilities,
            size_max: hello.size,
            tls,
            data_timeout: Duration::from_secs(shared.config.data_timeout_secs),
            broken: false,
        }
    }

    /// Logs in if the configuration names a user, but never in clear.
    async fn logged_in(mut self, shared: &Shared) -> Result<Connection, Attempted> {
        let user = &shared.config.smarthost_user;
        if user.is_empty() || shared.config.smarthost.is_empty() {
            return Ok(self);
        }
        let deferred = |text: &str| Attempted::Deferred {
            status: EnhancedStatus(4, 7, 0),
            text: text.to_owned(),
            host: Some(self.host.clone()),
        };
        if self.tls == Protected::No {
            return Err(deferred("the password is not sent without TLS"));
        }
        let path = &shared.config.smarthost_password_file;
        let Ok(text) = tokio::fs::read_to_string(path).await else {
            return Err(deferred("the password file cannot be read"));
        };
        let text = Zeroizing::new(text);
        let secret = text.lines().next().unwrap_or_default();
        let host = shared.host_name.clone();
        let hello = match self.client.ehlo(&host).await {
            Ok(hello) => hello,
            Err(error) => return Err(outcome(&self.host, &error)),
        };
        let credentials = Credentials::new(user.as_str(), secret);
        match self.client.authenticate(&credentials, &hello).await {
            Ok(_) => Ok(self),
            Err(_) => Err(deferred("the smarthost rejected authentication")),
        }
    }

    /// Returns whether this connection has the protection that a message requires.
    pub fn serves(&self, row: &Leased) -> bool {
        let needed = match row.tls {
            _ if row.require_tls => Protected::Checked,
            TlsNeed::Opportunistic => Protected::No,
            TlsNeed::Required | TlsNeed::Verified => Protected::Checked,
        };
        self.tls >= needed
    }

    /// Returns the connection if it can be used for another message.
    pub fn kept(self) -> Option<Connection> {
        (!self.broken).then_some(self)
    }

    /// Like [`Connection::send`], on a connection that was used for a message before. Returns
    /// `None` if the host did not accept RSET, so that the message is tried on a new connection.
    pub async fn send_again(&mut self, shared: &Shared, row: &Leased) -> Option<Attempted> {
        match self.client.rset().await {
            Ok(()) => Some(self.send(shared, row).await),
            Err(_) => {
                self.broken = true;
                None
            }
        }
    }

    /// Sends one message to its one recipient.
    pub async fn send(&mut self, shared: &Shared, row: &Leased) -> Attempted {
        match self.steps(shared, row).await {
            Ok(reply) => Attempted::Delivered { by: self.host.clone(), text: shown(&reply) },
            Err(Refused::Here(status, text)) => {
                Attempted::Failed { status, text, host: Some(self.host.clone()) }
            }
            Err(Refused::Unopened(error)) => {
                self.broken = true;
                let status = EnhancedStatus::SYSTEM_TEMPORARY;
                Attempted::Deferred { status, text: error.to_string(), host: None }
            }
            Err(Refused::There(error)) => {
                // After a reply the session can continue; after any other error it cannot.
                self.broken |= !matches!(error, Failed::UnexpectedReply(_));
                outcome(&self.host, &error)
            }
        }
    }

    async fn steps(&mut self, shared: &Shared, row: &Leased) -> Result<Response<String>, Refused> {
        self.suits(row)?;
        accepted(self.client.cmd(self.mail_line(row)).await?)?;
        accepted(self.client.cmd(self.rcpt_line(row)).await?)?;
        let message = opened(shared, row).await.map_err(Refused::Unopened)?;
        if !compose::is_clean(&message.octets) {
            // A host that takes it for a line end could be made to see another message in this one.
            let text = "the message contains a bare line end or a NUL".to_owned();
            return Err(Refused::Here(EnhancedStatus(5, 6, 0), text));
        }
        let command_timeout = std::mem::replace(&mut self.client.timeout, self.data_timeout);
        let done = match self.has(EXT_CHUNKING) {
            true => self.client.bdat(whole(&message).as_slice()).await,
            false => self.data(&message).await,
        };
        self.client.timeout = command_timeout;
        Ok(done?)
    }

    fn has(&self, extension: u32) -> bool {
        self.capabilities & extension != 0
    }

    /// Checks what the host's EHLO reply already rules out.
    fn suits(&self, row: &Leased) -> Result<(), Refused> {
        let takes = u64::try_from(self.size_max).unwrap_or(u64::MAX);
        if self.has(EXT_SIZE) && takes > 0 && row.size > takes {
            let text = format!("the host accepts at most {} octets", self.size_max);
            return Err(Refused::Here(EnhancedStatus::TOO_LARGE, text));
        }
        if row.smtputf8 && !self.has(EXT_SMTP_UTF8) {
            let text = "the host does not support SMTPUTF8, which the address requires".to_owned();
            return Err(Refused::Here(EnhancedStatus::NEEDS_SMTPUTF8, text));
        }
        Ok(())
    }

    /// Returns the MAIL command. Our own types write the paths and hold no character that could end
    /// the command.
    fn mail_line(&self, row: &Leased) -> String {
        let mut line = format!("MAIL FROM:{}", row.reverse_path);
        if self.has(EXT_SIZE) {
            // An estimate (RFC 1870 §6): signatures are not included.
            line.push_str(&format!(" SIZE={}", row.size));
        }
        if row.smtputf8 {
            line.push_str(" SMTPUTF8");
        }
        if row.require_tls && self.has(EXT_REQUIRE_TLS) && self.tls != Protected::No {
            line.push_str(" REQUIRETLS");
        }
        if self.has(EXT_DSN) {
            match row.ret {
                Some(DsnReturn::Full) => line.push_str(" RET=FULL"),
                Some(DsnReturn::HeadersOnly) => line.push_str(" RET=HDRS"),
                None => {}
            }
            if let Some(envid) = &row.envid {
                line.push_str(&format!(" ENVID={}", xtext_encode(envid)));
            }
        }
        line + "\r\n"
    }

    fn rcpt_line(&self, row: &Leased) -> String {
        let mut line = format!("RCPT TO:{}", row.recipient.path.for_ascii_hosts());
        if self.has(EXT_DSN) {
            line.push_str(&format!(" NOTIFY={}", row.recipient.notify));
            if let Some(orcpt) = &row.recipient.orcpt {
                line.push_str(&format!(" ORCPT={orcpt}"));
            }
        }
        line + "\r\n"
    }

    /// Sends the message by DATA with our own dot-stuffing: mail-send does not double a dot at the
    /// very beginning, and adds an extra line to every message.
    async fn data(&mut self, message: &Message) -> Result<Response<String>, Failed> {
        let ready = self.client.cmd("DATA\r\n").await?;
        if ready.code != 354 {
            return Err(Failed::UnexpectedReply(ready));
        }
        let wire = stuffed(message);
        let reply = tokio::time::timeout(self.data_timeout, async {
            self.client.stream.write_all(&wire).await?;
            self.client.stream.flush().await?;
            self.client.read().await
        });
        let reply = reply.await.map_err(|_| Failed::Timeout)??;
        match reply.is_positive_completion() {
            true => Ok(reply),
            false => Err(Failed::UnexpectedReply(reply)),
        }
    }

    /// Sends QUIT; whether that succeeds does not matter.
    pub async fn quit(self) {
        let mut client = self.client;
        client.timeout = Duration::from_secs(5);
        if let Err(error) = client.quit().await {
            tracing::debug!(%error, "QUIT failed");
        }
    }
}

enum Refused {
    /// By us, because the host cannot accept it.
    Here(EnhancedStatus, String),
    /// The message could not be opened.
    Unopened(gateway::Error),
    There(Failed),
}

impl From<Failed> for Refused {
    fn from(error: Failed) -> Refused {
        Refused::There(error)
    }
}

async fn opened(shared: &Shared, row: &Leased) -> Result<Message, gateway::Error> {
    let id = row.id;
    let octets = blocking(shared, move |gateway| gateway.queue_content(id)).await?;
    Ok(Message { signed: shared.signers.sign(&octets), octets })
}

fn boxed<S: Stream + 'static>(client: SmtpClient<S>) -> SmtpClient<Box<dyn Stream>> {
    SmtpClient { stream: Box::new(client.stream), timeout: client.timeout }
}

fn connector(shared: &Shared, check: Option<&Check>) -> Result<tokio_rustls::TlsConnector, Failed> {
    shared.trust.connector(check).map_err(|error| Failed::Tls(Box::new(error)))
}

async fn greeting<S: Stream>(client: &mut SmtpClient<S>) -> Result<(), Failed> {
    let read = tokio::time::timeout(client.timeout, client.read()).await;
    accepted(read.map_err(|_| Failed::Timeout)??)
}

/// Sends EHLO, or HELO to a host that does not know EHLO (RFC 5321 §3.2).
async fn hello<S: Stream>(
    client: &mut SmtpClient<S>,
    name: &str,
) -> Result<EhloResponse<String>, Failed> {
    match client.ehlo(name).await {
        Err(Failed::UnexpectedReply(reply)) if matches!(reply.code, 500 | 502 | 504 | 550) => {
            accepted(client.cmd(format!("HELO {name}\r\n")).await?)?;
            Ok(EhloResponse::new(name.to_owned()))
        }
        said => said,
    }
}

fn accepted(reply: Response<String>) -> Result<(), Failed> {
    match reply.is_positive_completion() {
        true => Ok(()),
        false => Err(Failed::UnexpectedReply(reply)),
    }
}

fn whole(message: &Message) -> Zeroizing<Vec<u8>> {
    Zeroizing::new([message.signed.as_slice(), &message.octets].concat())
}

/// Returns the message as sent by DATA (RFC 5321 §4.5.2): a dot at the beginning of a line is
/// doubled, and a dot alone on its line ends the message.
fn stuffed(message: &Message) -> Zeroizing<Vec<u8>> {
    let mut wire = Zeroizing::new(Vec::with_capacity(message.octets.len() + 4_096));
    for part in [message.signed.as_slice(), &message.octets] {
        for line in part.split_inclusive(|octet| *octet == b'\n') {
            if line.first() == Some(&b'.') {
                wire.push(b'.');
            }
            wire.extend_from_slice(line);
        }
    }
    if !wire.ends_with(b"\r\n") {
        wire.extend_from_slice(b"\r\n");
    }
    wire.extend_from_slice(b".\r\n");
    wire
}

/// Turns a failure into a deferral, because a host that refuses the connection says nothing about
/// the message: another host of the domain may accept it, or the same host later (RFC 5321 §3.1).
fn not_now(done: Attempted) -> Attempted {
    match done {
        Attempted::Failed { status, text, host } => {
            let status = EnhancedStatus(4, status.1, status.2);
            Attempted::Deferred { status, text, host }
        }
        done => done,
    }
}

/// Returns what an error means for the message: a permanent reply (5yz) is a failure, anything else
/// is tried again.
fn outcome(host: &str, error: &Failed) -> Attempted {
    let host = Some(host.to_owned());
    match error {
        Failed::UnexpectedReply(reply) => {
            let (status, text) = (status_of(reply), shown(reply));
            match reply.code {
                500..=599 => Attempted::Failed { status, text, host },
                _ => Attempted::Deferred { status, text, host },
            }
        }
        Failed::MissingStartTls => Attempted::Deferred {
            status: EnhancedStatus(4, 7, 10),
            text: "the host does not offer STARTTLS".to_owned(),
            host,
        },
        Failed::Tls(error) => Attempted::Deferred {
            status: EnhancedStatus(4, 7, 5),
            text: format!("TLS failed: {error}"),
            host,
        },
        other => {
            let text = match other {
                Failed::Io(error) => io_text(error),
                other => other.to_string(),
            };
            Attempted::Deferred { status: EnhancedStatus(4, 4, 2), text, host }
        }
    }
}

/// Returns the host's own enhanced status, or a general one of the reply code's class.
fn status_of(reply: &Response<String>) -> EnhancedStatus {
    let class = if reply.code >= 500 { 5 } else { 4 };
    match reply.esc {
        [0, ..] => EnhancedStatus(class, 0, 0),
        [_, subject, detail] => EnhancedStatus(class, u16::from(subject), u16::from(detail)),
    }
}

/// Says to the sender and to administrators what went wrong with a connection.
fn io_text(error: &std::io::Error) -> String {
    use std::io::ErrorKind;
    let text = match error.kind() {
        ErrorKind::ConnectionRefused => "the host refused the connection",
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::UnexpectedEof => {
            "the host closed the connection"
        }
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => "the host cannot be reached",
        ErrorKind::TimedOut => "the host did not answer in time",
        _ => return format!("the connection failed: {error}"),
    };
    text.to_owned()
}

/// Returns a reply with its enhanced status, as the host sent it.
fn shown(reply: &Response<String>) -> String {
    const CHARS_MAX: usize = 500;
    let text: String = reply
        .message
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(CHARS_MAX)
        .collect();
    match reply.esc {
        [0, ..] => format!("{} {text}", reply.code),
        [class, subject, detail] => format!("{} {class}.{subject}.{detail} {text}", reply.code),
    }
}
