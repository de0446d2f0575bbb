//! DATA and BDAT, and the steps after the last octet.
//!
//! ```text
//! octets → Body (memory share, scanner) → size, flaws → header check → gateway.receive → 250
//! ```
//!
//! Whatever is wrong with a message, it is read to its end first, so that both sides agree on
//! where the next command begins; the octets of a refused message are dropped as they arrive.

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use crate::config;
use crate::gateway::meters::RefusedAt;
use crate::gateway::{self, Arrival, Inbound, Receipt, SenderCheck};
use crate::mail::envelope::Envelope;
use crate::mail::header::{self, HeaderFacts, HeaderLimits, HeaderRefusal};
use crate::mail::mailboxes::{self, FromRefusal, Mailbox};
use crate::mail::status::EnhancedStatus;
use crate::telemetry::redacted;

use super::body::{Body, MinimumRate, smuggles};
use super::command::{Chunk, Dialect};
use super::data::{Framing, Scanned};
use super::judge::judge;
use super::reply::{self, Reply};
use super::session::{End, Flow, Session, Transaction};
use super::verify::{Arrived, AuthFacts};

/// Octets read at once while a message is received: one TLS record.
const DATA_ROOM: usize = 16 * 1024;
/// A chunk larger than this many times the largest message is not read to its end.
const CHUNK_FACTOR_MAX: u64 = 2;

impl<S: AsyncRead + AsyncWrite + Unpin> Session<'_, S> {
    pub(super) async fn on_data(&mut self) -> Flow {
        let declared = match &self.mail {
            None if self.hello.is_none() => return self.refuse(reply::HELLO_FIRST),
            None => return self.refuse(reply::MAIL_FIRST),
            Some(mail) if mail.chunks.is_some() => return self.refuse(reply::CHUNKS_BEGUN),
            Some(mail) if mail.accepted.is_empty() => return self.refuse(reply::NO_RECIPIENTS),
            Some(mail) => mail.envelope.declared_size,
        };
        let mut body = Body::new(&self.shared.budget, &self.shared.config, Framing::Dots);
        // Waiting for memory must not hold back the replies before it.
        self.flush().await?;
        body.begin(declared).await;
        if let Some(refusal) = body.refusal {
            self.mail = None;
            self.refused(None, 0, refusal);
            return self.answer(refusal);
        }
        reply::line(&mut self.out, format_args!("354 End data with <CR><LF>.<CR><LF>"));
        self.read_to_dot(&mut body).await?;
        self.input.shrink();
        match self.mail.take() {
            Some(mail) => self.message_end(mail, body).await,
            None => self.refuse(reply::MAIL_FIRST),
        }
    }

    async fn read_to_dot(&mut self, body: &mut Body) -> Flow {
        let mut rate = MinimumRate::new(&self.shared.config, Instant::now());
        while !self.read_piece(body, &mut rate, DATA_ROOM).await?.ended {}
        Ok(())
    }

    /// Reads what has arrived, or else what arrives next, but at most `octets_max`.
    async fn read_piece(
        &mut self,
        body: &mut Body,
        rate: &mut MinimumRate,
        octets_max: usize,
    ) -> Result<Scanned, End> {
        if self.input.unread().is_empty() {
            let deadline = rate.deadline(Instant::now());
            rate.octets += self.fill(deadline, octets_max).await? as u64;
        }
        let octets = self.input.unread().len().min(octets_max);
        let started = Instant::now();
        body.make_room(octets).await;
        rate.reset(started.elapsed());
        let scanned = body.take(&self.input.unread()[..octets]);
        self.input.used(scanned.used);
        Ok(scanned)
    }

    /// Handles BDAT. A chunk's octets follow its line whatever we reply, so they are read in any
    /// case, unless there are too many of them.
    pub(super) async fn on_bdat(&mut self, octets: u64, place: Chunk) -> Flow {
        let config = &self.shared.config;
        if octets > config.size_octets_max.saturating_mul(CHUNK_FACTOR_MAX) {
            reply::TOO_LARGE.write(&mut self.out);
            return Err(End::OutOfStep);
        }
        let wrong = match &self.mail {
            None if self.hello.is_none() => Some(reply::HELLO_FIRST),
            None => Some(reply::MAIL_FIRST),
            Some(mail) if mail.accepted.is_empty() => Some(reply::NO_RECIPIENTS),
            Some(_) => None,
        };
        if let Some(wrong) = wrong {
            let mut body = Body::new(&self.shared.budget, config, Framing::Counted);
            body.refusal = Some(wrong);
            self.read_chunk(&mut body, octets).await?;
            self.input.shrink();
            return self.refuse(wrong);
        }
        let Some(mut mail) = self.mail.take() else { return self.refuse(reply::MAIL_FIRST) };
        let mut body = match mail.chunks.take() {
            Some(body) => body,
            None => Body::new(&self.shared.budget, config, Framing::Counted),
        };
        self.read_chunk(&mut body, octets).await?;
        self.input.shrink();
        if place == Chunk::Last {
            return self.message_end(mail, body).await;
        }
        let refusal = body.refusal;
        mail.chunks = Some(body);
        self.mail = Some(mail);
        match refusal {
            Some(refusal) => self.answer(refusal),
            None => {
                reply::line(&mut self.out, format_args!("250 2.0.0 {octets} octets received"));
                Ok(())
            }
        }
    }

    async fn read_chunk(&mut self, body: &mut Body, octets: u64) -> Flow {
        let mut rate = MinimumRate::new(&self.shared.config, Instant::now());
        let mut left = octets;
        while left > 0 {
            let here = usize::try_from(left).map_or(DATA_ROOM, |left| left.min(DATA_ROOM));
            left -= self.read_piece(body, &mut rate, here).await?.used as u64;
        }
        Ok(())
    }

    /// Checks the complete message and hands it to the core.
    async fn message_end(&mut self, mail: Transaction, body: Body) -> Flow {
        let (message, share) = match body.finish() {
            Ok(whole) => whole,
            Err(refusal) => {
                self.refused(Some(&mail.envelope), 0, refusal);
                refusal.write(&mut self.out);
                return if smuggles(refusal) { Err(End::OutOfStep) } else { Ok(()) };
            }
        };
        let size = message.len();
        let message = Bytes::from(message);
        let Judged { facts, arrival, auth, sender } =
            match self.judged(&mail.envelope, &message).await {
                Ok(judged) => judged,
                Err(refusal) => {
                    self.refused(Some(&mail.envelope), size, refusal);
                    return self.answer(refusal);
                }
            };
        let from = redacted(&mail.envelope.reverse_path);
        let logged = Logged { from, readers: mail.accepted.len(), size };
        let inbound = Inbound {
            envelope: mail.envelope,
            recipients: mail.accepted,
            facts,
            message,
            arrival,
            authenticated: auth.authenticated,
            sender,
            results: auth.field,
        };
        let received = self.hand_over(inbound).await;
        gateway::wipe_stack();
        drop(share);
        self.handed_over(received, logged)
    }

    /// Replies to a message that was handed to the core.
    fn handed_over(
        &mut self,
        received: Result<Receipt, (String, Reply)>,
        Logged { from, readers, size }: Logged,
    ) -> Flow {
        match received {
            Ok(receipt) => {
                tracing::info!(
                    "ref" = %receipt.reference, peer.ip = %self.peer, from,
                    recipients = readers, size_octets = size, tls = self.tls_version(),
                    "message accepted"
                );
                self.shared.gateway.meters().accepted();
                self.reset();
                reply::line(
                    &mut self.out,
                    format_args!("250 2.0.0 Accepted, reference {}", receipt.reference),
                );
                Ok(())
            }
            Err((error, reply)) => {
                tracing::error!(
                    error, peer.ip = %self.peer, from, recipients = readers,
                    size_octets = size, smtp.reply = reply.code, "message not accepted"
                );
                self.shared.gateway.meters().refused(RefusedAt::Message, reply.status);
                self.answer(reply)
            }
        }
    }

    /// Reads the header, asks the domains of the authors, and judges what they say.
    async fn judged(&self, envelope: &Envelope, message: &Bytes) -> Result<Judged, Reply> {
        let config = &self.shared.config;
        let header = Header::read(message, config)?;
        let arrival = self.arrival(envelope);
        let auth = self.auth_facts(&arrival, envelope, &header, message).await;
        let ours = self.shared.gateway.domains();
        let sender = judge(&header.authors, &auth.authenticity, ours, config)?;
        Ok(Judged { facts: header.facts, arrival, auth, sender })
    }

    /// Hands the message to the core and waits until it is durable. While the core accepts none,
    /// the message is deferred before any of it is stored. A panic on the way fails this message
    /// only.
    async fn hand_over(&self, inbound: Inbound) -> Result<Receipt, (String, Reply)> {
        let pending = self.shared.call(move |gateway| gateway.receive(inbound)).await;
        let pending = pending.map_err(|error| (error.to_string(), reply::of_not_done(&error)))?;
        pending.await.map_err(|error| (error.to_string(), reply::of_error(&error)))
    }

    /// Returns the results of SPF, DKIM and DMARC for a message, if these checks are set up.
    async fn auth_facts(
        &self,
        arrival: &Arrival,
        envelope: &Envelope,
        header: &Header,
        message: &Bytes,
    ) -> AuthFacts {
        let Some(verifier) = self.shared.verifier.get() else { return AuthFacts::default() };
        let arrived = Arrived {
            peer: self.peer,
            helo: &arrival.helo,
            host: &arrival.host,
            from: &envelope.reverse_path,
            header: &header.facts,
            authors: &header.authors,
            message,
        };
        verifier.facts(&arrived).await
    }

    fn arrival(&self, envelope: &Envelope) -> Arrival {
        let hello = self.hello.as_ref();
        let extended = hello.is_some_and(|hello| hello.dialect == Dialect::Extended);
        let (tls, smtputf8) = (self.tls.is_some(), envelope.smtputf8);
        let spoken = Spoken { extended, tls, smtputf8 };
        Arrival {
            peer: self.peer,
            helo: hello.map(|hello| hello.name.clone()).unwrap_or_default(),
            tls: self.tls.clone(),
            protocol: protocol(&spoken),
            host: self.shared.host.clone(),
        }
    }

    fn refused(&self, envelope: Option<&Envelope>, size: usize, reply: Reply) {
        let from = envelope.map(|envelope| redacted(&envelope.reverse_path)).unwrap_or_default();
        tracing::info!(
            peer.ip = %self.peer, from, size_octets = size, tls = self.tls_version(),
            smtp.reply = reply.code, smtp.status = %reply.status, reason = reply.text,
            "message refused"
        );
        self.shared.gateway.meters().refused(RefusedAt::Message, reply.status);
    }

    fn tls_version(&self) -> &str {
        self.tls.as_ref().map_or("none", |tls| tls.version.as_str())
    }
}

/// What the log says of a message.
struct Logged {
    from: String,
    readers: usize,
    size: usize,
}

/// A message that is not refused for what it says about its authors.
struct Judged {
    facts: HeaderFacts,
    arrival: Arrival,
    auth: AuthFacts,
    sender: SenderCheck,
}

/// A header with a single reading.
struct Header {
    facts: HeaderFacts,
    authors: Vec<Mailbox>,
}

impl Header {
    fn read(message: &[u8], config: &config::Smtp) -> Result<Header, Reply> {
        let facts = header::gate(message, &header_limits(config)).map_err(of_header)?;
        let from = facts.value(message, "from").unwrap_or_default();
        let authors = mailboxes::authors(from).map_err(of_from)?;
        Ok(Header { facts, authors })
    }
}

/// How a message arrived.
struct Spoken {
    extended: bool,
    tls: bool,
    smtputf8: bool,
}

/// Returns the protocol name for the trace field (RFC 3848 and RFC 6531 §4.3). There is no name
/// for HELO inside TLS.
fn protocol(spoken: &Spoken) -> &'static str {
    match (spoken.extended, spoken.smtputf8, spoken.tls) {
        (false, _, _) => "SMTP",
        (true, false, false) => "ESMTP",
        (true, false, true) => "ESMTPS",
        (true, true, false) => "UTF8SMTP",
        (true, true, true) => "UTF8SMTPS",
    }
}

fn header_limits(config: &config::Smtp) -> HeaderLimits {
    HeaderLimits {
        header_octets_max: config.header_octets_max,
        line_octets_max: config.header_line_octets_max,
        fields_max: config.header_fields_max,
        received_max: config.received_max,
    }
}

fn of_header(refusal: HeaderRefusal) -> Reply {
    let (code, status) = refusal.reply();
    let text = match refusal {
        HeaderRefusal::TooLarge => "The header is too large",
        HeaderRefusal::LineTooLong => "A header line is too long",
        HeaderRefusal::TooManyFields => "The header has too many fields",
        HeaderRefusal::BareLineEnd => "The header contains a bare CR or LF",
        HeaderRefusal::Nul => "The header contains a NUL character",
        HeaderRefusal::NotAField => "A header line is neither a field nor a continuation",
        HeaderRefusal::Name => "A header field has a malformed name",
        HeaderRefusal::NoFrom => "There is no From field",
        HeaderRefusal::Duplicate(_) => "A header field that may occur only once is repeated",
        HeaderRefusal::Contradiction(_) => "Two Content header fields contradict each other",
        HeaderRefusal::Loop => "Mail loop detected",
    };
    Reply { code, status, text }
}

fn of_from(refusal: FromRefusal) -> Reply {
    let text = match refusal {
        FromRefusal::NoAddress => "The From field names no address",
        FromRefusal::Ambiguous => "The From field can be read in more than one way",
        FromRefusal::Address => "The From field contains an address that is not valid",
        FromRefusal::TooMany => "The From field names too many authors",
    };
    Reply::new(550, EnhancedStatus::MEDIA, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trace_names_the_protocol() {
        for (extended, tls, smtputf8, name) in [
            (false, false, false, "SMTP"),
            (false, true, false, "SMTP"),
            (true, false, false, "ESMTP"),
            (true, true, false, "ESMTPS"),
            (true, false, true, "UTF8SMTP"),
            (true, true, true, "UTF8SMTPS"),
        ] {
            assert_eq!(protocol(&Spoken { extended, tls, smtputf8 }), name);
        }
    }
}
