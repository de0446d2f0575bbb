//! One session with one peer: its state, reading and writing.
//!
//! Replies are collected until no input is left, and are sent in one write (RFC 2920). Every read
//! has a limit and a deadline.

use std::net::IpAddr;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::gateway::AcceptedRecipient;
use crate::gateway::incoming::inbound::TlsFacts;
use crate::mail::envelope::Envelope;

use super::body::Body;
use super::command::Dialect;
use super::lines::{self, Found};
use super::reply::{self, Reply};
use super::shared::Shared;

/// A session on a stream.
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
    pub(super) refused: u32,
}

/// The name that the peer gave in EHLO or HELO.
pub(super) struct Hello {
    pub(super) name: String,
    pub(super) dialect: Dialect,
}

/// A mail transaction: the envelope, and the chunks of BDAT.
pub(super) struct Transaction {
    pub(super) envelope: Envelope,
    pub(super) accepted: Vec<AcceptedRecipient>,
    pub(super) chunks: Option<Body>,
}

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The peer sent QUIT.
    Quit,
    /// The peer may start its TLS handshake now.
    StartTls,
    /// The peer closed the connection, or it failed.
    Gone,
    TimedOut,
    Stopping,
    TooManyErrors,
    /// Bare line ends or wrong lengths: the start of the next command is ambiguous, so the session
    /// ends.
    OutOfStep,
    TalksEarly,
}

/// `Ok` continues the session.
pub(super) type Flow = Result<(), End>;

/// Received octets that were not consumed yet.
#[derive(Default)]
pub(super) struct Input {
    octets: Vec<u8>,
    start: usize,
}

/// The buffer for commands; an idle session holds no more than this.
pub(super) const COMMAND_ROOM: usize = 4 * 1024;
/// How long a peer's further octets are read after a refusal that ends the session: closing a
/// connection with unread octets would reset it and destroy our reply.
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

    /// Makes room for at least `octets` after the unread ones.
    pub(super) fn make_room(&mut self, octets: usize) -> &mut Vec<u8> {
        if self.start > 0 {
            self.octets.drain(..self.start);
            self.start = 0;
        }
        self.octets.reserve(octets);
        &mut self.octets
    }

    /// Frees the memory that a message needed.
    pub(super) fn shrink(&mut self) {
        if self.octets.is_empty() && self.octets.capacity() > COMMAND_ROOM {
            self.octets = Vec::new();
        }
    }
}

impl<'s, S: AsyncRead + AsyncWrite + Unpin> Session<'s, S> {
    /// A session in clear (`tls` is `None`) or inside TLS.
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

    pub(super) fn answer(&mut self, reply: Reply) -> Flow {
        reply.write(&mut self.out);
        Ok(())
    }

    /// Sends a refusal, and ends the session after too many.
    pub(super) fn refuse(&mut self, reply: Reply) -> Flow {
        reply.write(&mut self.out);
        self.errors += 1;
        match self.errors > self.shared.config.errors_max {
            true => Err(End::TooManyErrors),
            false => Ok(()),
        }
    }

    /// Resets the counters of errors: a client that delivers mail has earned another chance.
    pub(super) fn reset(&mut self) {
        (self.errors, self.refused) = (0, 0);
    }

    /// Waits for a whole line and returns its length; the line stays in the input.
    pub(super) async fn next_line(&mut self) -> Result<usize, End> {
        let limit = self.shared.config.command_octets_max;
        // The timeout is for the whole line, so that a peer cannot send single octets for ever.
        let wait = Duration::from_secs(self.shared.config.command_timeout_secs);
        let mut deadline = None;
        loop {
            match lines::find_line(self.input.unread(), limit) {
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
                    // Outside the select, because a reply that was half written must not be written
                    // again.
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

    /// Discards the rest of a line that is too long; none of it is a command.
    async fn skip_line(&mut self) -> Flow {
        let wait = Duration::from_secs(self.shared.config.command_timeout_secs);
        let deadline = Instant::now() + wait;
        loop {
            let (octets, ended) = lines::skip_line(self.input.unread());
            self.input.used(octets);
            if ended {
                return Ok(());
            }
            self.fill(deadline, COMMAND_ROOM).await?;
        }
    }

    /// Sends pending replies, and reads at least one octet.
    pub(super) async fn fill(&mut self, deadline: Instant, room: usize) -> Result<usize, End> {
        self.flush().await?;
        let read = self.io.read_buf(self.input.make_room(room));
        match timeout_at(deadline, read).await {
            Err(_) => Err(End::TimedOut),
            Ok(Ok(0) | Err(_)) => Err(End::Gone),
            Ok(Ok(octets)) => Ok(octets),
        }
    }

    /// Sends the collected replies in one write.
    pub(super) async fn flush(&mut self) -> Flow {
        if self.out.is_empty() {
            return Ok(());
        }
        let limit = Duration::from_secs(self.shared.config.write_timeout_secs);
        let (io, out) = (&mut self.io, &self.out);
        let sent = timeout(limit, async {
            io.write_all(out).await?;
            // A TLS stream buffers its output until it is flushed.
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

    /// Sends the last reply and closes the connection, except for STARTTLS.
    pub(super) async fn finish(mut self, end: End) -> (End, S) {
        let (last, linger) = match end {
            End::StartTls | End::Gone => return (end, self.io),
            End::Quit => (Some(reply::BYE), false),
            End::TimedOut => (Some(reply::TIMEOUT), false),
            End::Stopping => (Some(reply::STOPPING), false),
            End::TooManyErrors => (Some(reply::TOO_MANY_ERRORS), true),
            End::TalksEarly => (Some(reply::TALKS_EARLY), true),
            // The refusal was sent already.
            End::OutOfStep => (None, true),
        };
        if let Some(last) = last {
            last.write(&mut self.out);
        }
        // A client that does not read the last reply goes without it.
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
