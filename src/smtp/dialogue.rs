//! The command loop: reads a command, `match`es it, replies.
//!
//! ```text
//! greeting → EHLO → (STARTTLS → a new session on the encrypted stream)
//!          → MAIL → RCPT … → DATA | BDAT … → 250 with the reference number → MAIL …
//! ```
//!
//! After STARTTLS nothing sent before it counts: the session ends, its buffered input is dropped
//! with it, and a new session begins (RFC 3207 §4.2).

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::time::timeout;

use crate::gateway::meters::RefusedAt;
use crate::gateway::{AcceptedRecipient, Gateway, Origin, RecipientVerdict};
use crate::mail::envelope::{Envelope, ForwardPath, Recipient};
use crate::telemetry::redacted;

use super::command::{self, Command, Dialect, Refusal};
use super::reply::{self, Reply};
use super::session::{COMMAND_ROOM, End, Flow, Hello, Session, Transaction};

impl<S: AsyncRead + AsyncWrite + Unpin> Session<'_, S> {
    /// Sends the greeting and runs the session to its end. Returns the stream for what follows.
    pub async fn greet_and_run(mut self) -> (End, S) {
        match self.greet().await {
            Ok(()) => self.run().await,
            Err(end) => self.finish(end).await,
        }
    }

    /// Runs the session to its end, without a greeting (after STARTTLS).
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

    /// Reads one command and replies to it.
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
            // RFC 3207 §4: nothing else is allowed before STARTTLS. A chunk's octets would be
            // taken for commands, so BDAT ends the session.
            Command::Bdat { .. } if needs_tls => {
                reply::TLS_FIRST.write(&mut self.out);
                Err(End::OutOfStep)
            }
            _ if needs_tls => self.refuse(reply::TLS_FIRST),
            Command::Mail(envelope) => self.on_mail(*envelope),
            Command::Rcpt(recipient) => self.on_rcpt(recipient).await,
            Command::Data => self.on_data().await,
            Command::Bdat { octets, place } => self.on_bdat(octets, place).await,
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
            // RFC 8689 §2: it is announced only inside TLS.
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
            // REQUIRETLS is not announced without TLS, so it is unknown there (RFC 8689 §4.1).
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

    async fn on_rcpt(&mut self, recipient: Recipient) -> Flow {
        let Some(mail) = &self.mail else {
            return self.refuse(match self.hello {
                None => reply::HELLO_FIRST,
                Some(_) => reply::MAIL_FIRST,
            });
        };
        if mail.chunks.is_some() {
            return self.refuse(reply::CHUNKS_BEGUN);
        }
        let needs = matches!(&recipient.path, ForwardPath::Address(to) if !to.is_ascii());
        if needs && !mail.envelope.smtputf8 {
            return self.refuse(reply::RECIPIENT_NEEDS_SMTPUTF8);
        }
        if mail.accepted.len() >= self.shared.config.recipients_max {
            return self.answer(reply::TOO_MANY_RECIPIENTS);
        }
        // Unless the peer declares a size (RFC 1870), only a mailbox that is full already is refused
        // here.
        let octets = mail.envelope.declared_size.unwrap_or_default();
        let known = self.shared.gateway.recipient_known(&recipient.path, Origin::Outside, octets);
        let checked = match known {
            Some(verdict) => Ok(Ok(verdict)),
            None => {
                let to = recipient.path.clone();
                let check =
                    move |gateway: &Gateway| gateway.recipient_check(&to, Origin::Outside, octets);
                self.shared.call(check).await
            }
        };
        match checked {
            Ok(Ok(RecipientVerdict::Accept(accepted))) => self.take_recipient(recipient, accepted),
            Ok(Ok(RecipientVerdict::Refuse(reason))) => {
                self.refuse_recipient(&recipient, reply::of_refusal(reason))
            }
            Ok(Err(error)) => self.not_checked(&error, reply::of_error(&error)),
            Err(not_done) => self.not_checked(&not_done, reply::of_not_done(&not_done)),
        }
    }

    fn not_checked(&mut self, error: &dyn std::error::Error, reply: Reply) -> Flow {
        tracing::error!(%error, peer.ip = %self.peer, "a recipient could not be checked");
        self.shared.gateway.meters().refused(RefusedAt::Recipient, reply.status);
        self.answer(reply)
    }

    fn take_recipient(&mut self, recipient: Recipient, accepted: AcceptedRecipient) -> Flow {
        if let Some(mail) = &mut self.mail {
            mail.envelope.recipients.push(recipient);
            mail.accepted.push(accepted);
        }
        self.answer(reply::RECIPIENT_OK)
    }

    /// Refuses a recipient. These refusals are counted apart from errors, because a relay with
    /// stale addresses is not a broken one.
    fn refuse_recipient(&mut self, recipient: &Recipient, reply: Reply) -> Flow {
        tracing::info!(
            peer.ip = %self.peer,
            recipient = redacted(&recipient.path),
            smtp.reply = reply.code,
            smtp.status = %reply.status,
            "recipient refused"
        );
        self.shared.gateway.meters().refused(RefusedAt::Recipient, reply.status);
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
}
