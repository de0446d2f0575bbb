//! One session with one peer: its state, its input and its output.
//!
//! Replies accumulate until there is nothing left to read, and are then sent in one write (RFC
//! 2920). Every read has a limit and a deadline.

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

/// An SMTP session on a stream.
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

/// The peer's HELO or EHLO.
pub(super) struct Hello {
    pub(super) name: String,
    pub(super) dialect: Dialect,
}

/// A mail transaction: the envelope, and the BDAT chunks received so far.
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
    /// A bare line end or a wrong length: where the next command begins is unknown, so none is
    /// read.
    OutOfStep,
    TalksEarly,
}

/// `Ok` continues the session.
pub(super) type Flow = Result<(), End>;

/// Input that has arrived but was not yet processed.
#[derive(Default)]
pub(super) struct Input {
    octets: Vec<u8>,
    start: usize,
}

/// Buffer for commands, in octets. An idle session holds no more than this, and inside TLS one
/// record.
pub(super) const COMMAND_ROOM: usize = 4 * 1024;
/// How long, and how many octets of, what a peer still sends is read after a refusal that ends the
/// session: closing with unread octets would reset the connection and destroy our reply.
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

    /// Reserves space for at least `octets` after the unread input.
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
    /// Creates a session in clear (`tls` is `None`) or inside TLS.
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

    /// Refuses a command, and ends the session after too many refusals.
    pub(super) fn refuse(&mut self, reply: Reply) -> Flow {
        reply.write(&mut self.out);
        self.errors += 1;
        match self.errors > self.shared.config.errors_max {
            true => Err(End::TooManyErrors),
            false => Ok(()),
        }
    }

    /// Resets the error counters after a delivered message.
    pub(super) fn reset(&mut self) {
        (self.errors, self.refused) = (0, 0);
    }

    /// Waits for a complete line and returns its length; the line stays in the input.
    pub(super) async fn next_line(&mut self) -> Result<usize, End> {
        let limit = self.shared.config.command_octets_max;
        // For the whole line, so that a peer cannot send one octet at a time forever.
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
                    // Outside the select: a partly written reply must not be written again.
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

    /// Drops the rest of a line that is too long, so that none of it is taken for a command.
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

    /// Sends pending replies and reads what has arrived, at least one octet.
    pub(super) async fn fill(&mut self, deadline: Instant, room: usize) -> Result<usize, End> {
        self.flush().await?;
        let read = self.io.read_buf(self.input.make_room(room));
        match timeout_at(deadline, read).await {
            Err(_) => Err(End::TimedOut),
            Ok(Ok(0) | Err(_)) => Err(End::Gone),
            Ok(Ok(octets)) => Ok(octets),
        }
    }

    /// Sends the accumulated replies in one write.
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

    /// Sends the last reply and closes, except for STARTTLS.
    pub(super) async fn finish(mut self, end: End) -> (End, S) {
        let (last, linger) = match end {
            End::StartTls | End::Gone => return (end, self.io),
            End::Quit => (Some(reply::BYE), false),
            End::TimedOut => (Some(reply::TIMEOUT), false),
            End::Stopping => (Some(reply::STOPPING), false),
            End::TooManyErrors => (Some(reply::TOO_MANY_ERRORS), true),
            End::TalksEarly => (Some(reply::TALKS_EARLY), true),
            // The refusal is already in the output.
            End::OutOfStep => (None, true),
        };
        if let Some(last) = last {
            last.write(&mut self.out);
        }
        // If the peer does not accept the last reply, the connection closes without it.
        if self.flush().await.is_ok() {
            let _ = timeout(LINGER, self.io.shutdown()).await;
            if linger {
                self.linger().await;
            }
        }
        tracing::debug!(peer.ip = %self.peer, ?end, "session ended");
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
