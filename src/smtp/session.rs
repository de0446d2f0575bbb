//! One conversation with one peer: read a line, `match`, answer.
//!
//! ```text
//! greeting → EHLO → (STARTTLS → a new session on the encrypted stream)
//!          → MAIL → RCPT … → DATA | BDAT … → 250 with the reference number → MAIL …
//! ```
//!
//! Replies gather until there is nothing left to read and leave in one write (RFC 2920). Every
//! read has a limit and a deadline. After STARTTLS nothing said before counts: the session ends,
//! what it had buffered is dropped with it, and a new one begins (RFC 3207 §4.2).

use std::net::IpAddr;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::gateway::incoming::inbound::TlsFacts;
use crate::gateway::{AcceptedRecipient, Origin, RecipientVerdict};
use crate::mail::envelope::{Envelope, ForwardPath, Recipient};
use crate::telemetry::redacted;

use super::command::{self, Command, Dialect, Refusal};
use super::gate::{self, Found};
use super::reply::{self, Reply};
use super::server::Shared;
use super::transfer::Chunks;

/// A conversation on a stream.
pub struct Session<'s, S> {
    pub(super) shared: &'s Shared,
    pub(super) io: S,
    pub(super) peer: IpAddr,
    pub(super) tls: Option<TlsFacts>,
    pub(super) stop: CancellationToken,
    pub(super) input: Input,
    pub(super) out: Vec<u8>,
    pub(super) hello: Option<Hello>,
    pub(super) mail: Option<Transaction>,
    errors: u32,
    refused: u32,
}

/// What the peer calls itself.
pub(super) struct Hello {
    pub(super) name: String,
    pub(super) dialect: Dialect,
}

/// A message on its way in: the envelope, and the chunks of a BDAT.
pub(super) struct Transaction {
    pub(super) envelope: Envelope,
    pub(super) accepted: Vec<AcceptedRecipient>,
    pub(super) chunks: Option<Chunks>,
}

/// Why a conversation is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The peer said QUIT.
    Quit,
    /// The peer may begin its TLS handshake now.
    StartTls,
    /// The peer closed the connection, or it broke.
    Gone,
    TimedOut,
    Stopping,
    TooManyErrors,
    /// Bare line ends or wrong lengths: where the next command begins is a guess, so there is
    /// none.
    OutOfStep,
    TalksEarly,
}

/// Going on is `Ok`.
pub(super) type Flow = Result<(), End>;

/// What has arrived and was not yet read.
#[derive(Default)]
pub(super) struct Input {
    octets: Vec<u8>,
    start: usize,
}

/// Room for commands; an idle session holds no more than this.
const COMMAND_ROOM: usize = 4 * 1024;
/// How long, and how much of, what a peer still sends is read after a refusal that ends the
/// conversation: closing on unread octets would reset the connection and destroy our reply.
const LINGER: Duration = Duration::from_secs(2);
const LINGER_OCTETS_MAX: usize = 1 << 20;

impl Input {
    pub(super) fn unread(&self) -> &[u8] {
        &self.octets[self.start..]
    }

    pub(super) fn used(&mut self, octets: usize) {
        self.start += octets;
        if self.start == self.octets.len() {
            self.octets.clear();
            self.start = 0;
        }
    }

    /// Room for at least `octets` behind what is unread.
    fn make_room(&mut self, octets: usize) -> &mut Vec<u8> {
        if self.start > 0 {
            self.octets.drain(..self.start);
            self.start = 0;
        }
        self.octets.reserve(octets);
        &mut self.octets
    }

    /// Gives back what a message needed.
    pub(super) fn shrink(&mut self) {
        if self.octets.is_empty() && self.octets.capacity() > COMMAND_ROOM {
            self.octets = Vec::new();
        }
    }
}

impl<'s, S: AsyncRead + AsyncWrite + Unpin> Session<'s, S> {
    /// A conversation in clear (`tls` is `None`) or inside TLS.
    pub fn new(
        shared: &'s Shared,
        io: S,
        peer: IpAddr,
        tls: Option<TlsFacts>,
        stop: CancellationToken,
    ) -> Self {
        let (input, out) = (Input::default(), Vec::new());
        let (hello, mail) = (None, None);
        Session { shared, io, peer, tls, stop, input, out, hello, mail, errors: 0, refused: 0 }
    }

    /// Greets, and holds the conversation to its end. The stream comes back for what follows.
    pub async fn greet_and_run(mut self) -> (End, S) {
        match self.greet().await {
            Ok(()) => self.run().await,
            Err(end) => self.finish(end).await,
        }
    }

    /// Holds the conversation to its end, without a greeting (after STARTTLS).
    pub async fn run(mut self) -> (End, S) {
        loop {
            if let Err(end) = self.step().await {
                return self.finish(end).await;
            }
        }
    }

    async fn greet(&mut self) -> Flow {
        let delay = Duration::from_millis(self.shared.config.greeting_delay_millis);
        if !delay.is_zero() {
            let early = timeout(delay, self.io.read_buf(self.input.make_room(COMMAND_ROOM))).await;
            match early {
                Err(_) => {}
                Ok(Ok(0) | Err(_)) => return Err(End::Gone),
                Ok(Ok(_)) => return Err(End::TalksEarly),
            }
        }
        reply::line(&mut self.out, format_args!("220 {} ESMTP", self.shared.host));
        Ok(())
    }

    /// One command, one answer.
    async fn step(&mut self) -> Flow {
        let octets = self.next_line().await?;
        let line = &self.input.unread()[..octets];
        let command = command::parse(line);
        self.input.used(octets);
        match command {
            Ok(command) => self.obey(command).await,
            Err(Refusal::Wrong(reply)) => self.refuse(reply),
            Err(Refusal::OutOfStep(reply)) => {
                reply.write(&mut self.out);
                Err(End::OutOfStep)
            }
        }
    }

    async fn obey(&mut self, command: Command) -> Flow {
        let needs_tls = self.shared.config.require_tls && self.tls.is_none();
        match command {
            Command::Hello { name, dialect } => self.on_hello(name, dialect),
            Command::StartTls => self.on_starttls().await,
            Command::Noop => self.answer(reply::NOOP),
            Command::Quit => Err(End::Quit),
            // RFC 3207 §4: nothing else before STARTTLS. A chunk's octets would be taken for
            // commands, so that ends it.
            Command::Bdat { .. } if needs_tls => {
                reply::TLS_FIRST.write(&mut self.out);
                Err(End::OutOfStep)
            }
            _ if needs_tls => self.refuse(reply::TLS_FIRST),
            Command::Mail(envelope) => self.on_mail(*envelope),
            Command::Rcpt(recipient) => self.on_rcpt(recipient),
            Command::Data => self.on_data().await,
            Command::Bdat { octets, last } => self.on_bdat(octets, last).await,
            Command::Rset => self.on_rset(),
            Command::Vrfy => self.answer(reply::VRFY),
            Command::Help => self.answer(reply::HELP),
        }
    }

    fn on_hello(&mut self, name: String, dialect: Dialect) -> Flow {
        self.mail = None;
        self.hello = Some(Hello { name, dialect });
        let (host, out) = (&self.shared.host, &mut self.out);
        if dialect == Dialect::Plain {
            reply::line(out, format_args!("250 {host}"));
            return Ok(());
        }
        reply::line(out, format_args!("250-{host}"));
        out.extend_from_slice(b"250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n");
        out.extend_from_slice(b"250-CHUNKING\r\n250-DSN\r\n250-ENHANCEDSTATUSCODES\r\n");
        match (&self.tls, &self.shared.tls) {
            (None, Some(_)) => out.extend_from_slice(b"250-STARTTLS\r\n"),
            // RFC 8689 §2: announced only inside TLS.
            (Some(_), _) => out.extend_from_slice(b"250-REQUIRETLS\r\n"),
            (None, None) => {}
        }
        let config = &self.shared.config;
        // RFC 9422.
        reply::line(out, format_args!("250-LIMITS RCPTMAX={}", config.recipients_max));
        reply::line(out, format_args!("250 SIZE {}", config.size_octets_max));
        Ok(())
    }

    async fn on_starttls(&mut self) -> Flow {
        match (&self.tls, &self.shared.tls, &self.hello) {
            (Some(_), _, _) => self.refuse(reply::TLS_TWICE),
            (None, None, _) => self.refuse(reply::NOT_IMPLEMENTED),
            (None, Some(_), None) => self.refuse(reply::HELLO_FIRST),
            (None, Some(_), Some(_)) => {
                reply::START_TLS.write(&mut self.out);
                self.flush().await?;
                Err(End::StartTls)
            }
        }
    }

    fn on_mail(&mut self, envelope: Envelope) -> Flow {
        let too_large = |size| size > self.shared.config.size_octets_max;
        match (&self.hello, &self.mail) {
            (None, _) => self.refuse(reply::HELLO_FIRST),
            (Some(_), Some(_)) => self.refuse(reply::MAIL_TWICE),
            // Not announced without TLS, so not known there (RFC 8689 §4.1).
            _ if envelope.require_tls && self.tls.is_none() => {
                self.refuse(reply::UNKNOWN_PARAMETER)
            }
            _ if envelope.declared_size.is_some_and(too_large) => self.refuse(reply::TOO_LARGE),
            _ => {
                let accepted = Vec::new();
                self.mail = Some(Transaction { envelope, accepted, chunks: None });
                self.answer(reply::SENDER_OK)
            }
        }
    }

    fn on_rcpt(&mut self, recipient: Recipient) -> Flow {
        let Some(mail) = &self.mail else {
            return self.refuse(match self.hello {
                None => reply::HELLO_FIRST,
                Some(_) => reply::MAIL_FIRST,
            });
        };
        if mail.chunks.is_some() {
            return self.refuse(reply::CHUNKS_BEGUN);
        }
        let needs = matches!(&recipient.path, ForwardPath::Address(to) if to.needs_smtputf8());
        if needs && !mail.envelope.smtputf8 {
            return self.refuse(reply::RECIPIENT_NEEDS_SMTPUTF8);
        }
        if mail.accepted.len() >= self.shared.config.recipients_max {
            return self.answer(reply::TOO_MANY_RECIPIENTS);
        }
        let from = &mail.envelope.reverse_path;
        match self.shared.gateway.recipient_check(from, &recipient.path, Origin::Outside) {
            Ok(RecipientVerdict::Accept(accepted)) => self.take_recipient(recipient, accepted),
            Ok(RecipientVerdict::Refuse(reason)) => {
                let (code, status, text) = reason.reply();
                self.refuse_recipient(&recipient, Reply { code, status, text })
            }
            Err(error) => {
                tracing::error!(%error, peer.ip = %self.peer, "a recipient could not be checked");
                self.answer(reply::of_error(&error))
            }
        }
    }

    fn take_recipient(&mut self, recipient: Recipient, accepted: AcceptedRecipient) -> Flow {
        if let Some(mail) = &mut self.mail {
            mail.envelope.recipients.push(recipient);
            mail.accepted.push(accepted);
        }
        self.answer(reply::RECIPIENT_OK)
    }

    /// Counted apart from errors: a relay with stale addresses is not a broken one.
    fn refuse_recipient(&mut self, recipient: &Recipient, reply: Reply) -> Flow {
        tracing::info!(
            peer.ip = %self.peer,
            recipient = redacted(&recipient.path),
            smtp.reply = reply.code,
            smtp.status = %reply.status,
            "recipient refused"
        );
        reply.write(&mut self.out);
        self.refused += 1;
        match self.refused > self.shared.config.recipients_refused_max {
            true => Err(End::TooManyErrors),
            false => Ok(()),
        }
    }

    fn on_rset(&mut self) -> Flow {
        self.mail = None;
        self.answer(reply::RESET)
    }

    pub(super) fn answer(&mut self, reply: Reply) -> Flow {
        reply.write(&mut self.out);
        Ok(())
    }

    /// Says no, and ends the conversation with somebody who hears it too often.
    pub(super) fn refuse(&mut self, reply: Reply) -> Flow {
        reply.write(&mut self.out);
        self.errors += 1;
        match self.errors > self.shared.config.errors_max {
            true => Err(End::TooManyErrors),
            false => Ok(()),
        }
    }

    /// Whoever delivers mail has earned another chance.
    pub(super) fn forgive(&mut self) {
        (self.errors, self.refused) = (0, 0);
    }

    /// Waits for a whole line and tells its length; it stays in the input.
    async fn next_line(&mut self) -> Result<usize, End> {
        let limit = self.shared.config.command_octets_max;
        // For the whole line, so that a peer cannot send one octet at a time for ever.
        let wait = Duration::from_secs(self.shared.config.command_timeout_secs);
        let mut deadline = None;
        loop {
            match gate::find_line(self.input.unread(), limit) {
                Found::Line(octets) => return Ok(octets),
                Found::BareLf => {
                    reply::BARE_LF.write(&mut self.out);
                    return Err(End::OutOfStep);
                }
                Found::TooLong => {
                    self.skip_line().await?;
                    self.refuse(reply::LINE_TOO_LONG)?;
                    deadline = None;
                }
                Found::More => {
                    let deadline = *deadline.get_or_insert_with(|| Instant::now() + wait);
                    // Outside the select: what is half said must not be said again.
                    self.flush().await?;
                    let stop = self.stop.clone();
                    tokio::select! {
                        biased;
                        filled = self.fill(deadline, COMMAND_ROOM) => filled?,
                        () = stop.cancelled() => return Err(End::Stopping),
                    };
                }
            }
        }
    }

    /// Drops the rest of a line that is too long: none of it is a command.
    async fn skip_line(&mut self) -> Flow {
        let wait = Duration::from_secs(self.shared.config.command_timeout_secs);
        let deadline = Instant::now() + wait;
        loop {
            let (octets, ended) = gate::skip_line(self.input.unread());
            self.input.used(octets);
            if ended {
                return Ok(());
            }
            self.fill(deadline, COMMAND_ROOM).await?;
        }
    }

    /// Sends what is to be said, and reads what has arrived, at least one octet.
    pub(super) async fn fill(&mut self, deadline: Instant, room: usize) -> Result<usize, End> {
        self.flush().await?;
        let read = self.io.read_buf(self.input.make_room(room));
        match timeout_at(deadline, read).await {
            Err(_) => Err(End::TimedOut),
            Ok(Ok(0) | Err(_)) => Err(End::Gone),
            Ok(Ok(octets)) => Ok(octets),
        }
    }

    /// Sends the replies that have gathered, in one write.
    pub(super) async fn flush(&mut self) -> Flow {
        if self.out.is_empty() {
            return Ok(());
        }
        let limit = Duration::from_secs(self.shared.config.write_timeout_secs);
        let (io, out) = (&mut self.io, &self.out);
        let sent = timeout(limit, async {
            io.write_all(out).await?;
            // A TLS stream keeps what it was given until it is told.
            io.flush().await
        });
        let sent = sent.await;
        self.out.clear();
        match sent {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(End::Gone),
            Err(_) => Err(End::TimedOut),
        }
    }

    /// Says the last word and closes, but for STARTTLS.
    async fn finish(mut self, end: End) -> (End, S) {
        let (last, linger) = match end {
            End::StartTls | End::Gone => return (end, self.io),
            End::Quit => (Some(reply::BYE), false),
            End::TimedOut => (Some(reply::TIMEOUT), false),
            End::Stopping => (Some(reply::STOPPING), false),
            End::TooManyErrors => (Some(reply::TOO_MANY_ERRORS), true),
            End::TalksEarly => (Some(reply::TALKS_EARLY), true),
            // The refusal is already said.
            End::OutOfStep => (None, true),
        };
        if let Some(last) = last {
            last.write(&mut self.out);
        }
        // Whoever does not take the last word goes without it.
        if self.flush().await.is_ok() {
            let _ = timeout(LINGER, self.io.shutdown()).await;
            if linger {
                self.linger().await;
            }
        }
        tracing::debug!(peer.ip = %self.peer, ?end, "conversation ended");
        (end, self.io)
    }

    async fn linger(&mut self) {
        let deadline = Instant::now() + LINGER;
        let mut octets = 0;
        while octets < LINGER_OCTETS_MAX {
            self.input.used(self.input.unread().len());
            let read = self.io.read_buf(self.input.make_room(COMMAND_ROOM));
            match timeout_at(deadline, read).await {
                Ok(Ok(more)) if more > 0 => octets += more,
                _ => return,
            }
        }
    }
}
