//! A message while it is received: the octets so far, the memory they hold, and why the message
//! will be refused. [`MinimumRate`] says how fast the octets must arrive.

use std::time::Duration;

use tokio::time::Instant;

use crate::config;

use super::budget::{Budget, FIRST_STEP_OCTETS, Share};
use super::data::{Flaw, Framing, Scanned, Scanner};
use super::reply::{self, Reply};

/// A message while it is received.
pub(super) struct Body {
    message: Vec<u8>,
    share: Share,
    scanner: Scanner,
    /// The octets that the message needs, if the size that the peer declared is true.
    expected: Option<usize>,
    size_max: usize,
    timeout: Duration,
    /// Why the message will be refused; once this is set, its octets are dropped.
    pub(super) refusal: Option<Reply>,
}

/// How long a message may take before its average rate is enforced.
const RATE_GRACE: Duration = Duration::from_secs(30);
/// Octets beyond a declared size that may arrive before the end of the message is seen: the final
/// dot, dots that are removed, and the commands that follow. Without them, the last piece would
/// make the whole message grow again.
const FRAMING_OCTETS: usize = 1024;
/// Octets reserved initially for a message of unknown size.
const BEGIN_OCTETS: usize = 8 * 1024;

impl Body {
    pub(super) fn new(budget: &Budget, config: &config::Smtp, framing: Framing) -> Body {
        Body {
            message: Vec::new(),
            share: budget.share(),
            scanner: Scanner::new(framing, config.line_octets_max),
            expected: None,
            size_max: usize::try_from(config.size_octets_max).unwrap_or(usize::MAX),
            timeout: Duration::from_secs(config.memory_wait_secs),
            refusal: None,
        }
    }

    /// Reserves memory for a message of the declared size, but no more than a first step, because
    /// declaring a size costs the peer nothing.
    pub(super) async fn begin(&mut self, declared: Option<u64>) {
        let declared = declared.and_then(|size| usize::try_from(size).ok());
        self.expected = declared.map(|size| size.min(self.size_max) + FRAMING_OCTETS);
        let room = self.expected.map_or(BEGIN_OCTETS, |size| size.min(FIRST_STEP_OCTETS));
        self.make_room(room).await;
    }

    /// Reserves memory for `octets` more. If there is none in time, the message is deferred. Each
    /// step copies what has arrived, so a message of a declared size grows in larger ones. It has
    /// to earn them: beyond the first step, a peer gets about twice the octets that it has sent.
    pub(super) async fn make_room(&mut self, octets: usize) {
        let needed = self.message.len() + octets;
        if self.refusal.is_some() || needed <= self.message.capacity() {
            return;
        }
        match self.share.grow_to(needed, self.expected, self.timeout).await {
            Ok(()) => self.message.reserve_exact(self.share.held() - self.message.len()),
            Err(_) => self.drop_with(reply::NO_ROOM),
        }
    }

    /// Takes a piece for which memory has been reserved.
    pub(super) fn take(&mut self, piece: &[u8]) -> Scanned {
        let scanned = match self.refusal {
            None => self.scanner.scan(piece, |slice| self.message.extend_from_slice(slice)),
            Some(_) => self.scanner.scan(piece, |_| ()),
        };
        debug_assert!(self.message.capacity() <= self.share.held(), "memory beyond the share");
        if let Some(flaw) = self.scanner.flaw() {
            self.drop_with(of_flaw(flaw));
        } else if self.message.len() > self.size_max {
            self.drop_with(reply::TOO_LARGE);
        }
        scanned
    }

    fn drop_with(&mut self, refusal: Reply) {
        self.refusal.get_or_insert(refusal);
        self.message = Vec::new();
        self.share.release();
    }

    /// Returns the message and its memory, or why it is refused. A bare line end or a NUL takes
    /// precedence over every other reason, because it ends the session.
    pub(super) fn finish(self) -> Result<(Vec<u8>, Share), Reply> {
        match (self.scanner.flaw_at_end().map(of_flaw), self.refusal) {
            (Some(flaw), Some(refusal)) => Err(if smuggles(flaw) { flaw } else { refusal }),
            (Some(refusal), None) | (None, Some(refusal)) => Err(refusal),
            (None, None) => Ok((self.message, self.share)),
        }
    }
}

fn of_flaw(flaw: Flaw) -> Reply {
    match flaw {
        Flaw::BareCr | Flaw::BareLf => reply::BARE_LINE_END,
        Flaw::Nul => reply::NUL,
        Flaw::LineTooLong => reply::MESSAGE_LINE_TOO_LONG,
    }
}

/// Returns whether a refusal may hide an attempt at SMTP smuggling: a peer that sends these may
/// also disagree with us about where the next line begins.
pub(super) fn smuggles(refusal: Reply) -> bool {
    refusal == reply::BARE_LINE_END || refusal == reply::NUL
}

/// The rate at which a message must arrive.
pub(super) struct MinimumRate {
    /// When its average rate starts to count.
    since: Instant,
    pub(super) octets: u64,
    pause: Duration,
    octets_per_sec_min: u64,
}

impl MinimumRate {
    pub(super) fn new(config: &config::Smtp, now: Instant) -> MinimumRate {
        MinimumRate {
            since: now + RATE_GRACE,
            octets: 0,
            pause: Duration::from_secs(config.data_timeout_secs),
            octets_per_sec_min: config.octets_per_sec_min,
        }
    }

    /// Returns when the next octet must have arrived: before the pause is too long, and before the
    /// average falls below the minimum rate.
    pub(super) fn deadline(&self, now: Instant) -> Instant {
        let earned = Duration::from_millis(
            self.octets.saturating_mul(1_000) / self.octets_per_sec_min.max(1),
        );
        (now + self.pause).min(self.since + earned)
    }

    /// Excludes the time that the server itself waited, which must not count against the peer.
    pub(super) fn reset(&mut self, waited: Duration) {
        self.since += waited;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_must_come_without_long_pauses_and_not_too_slowly() {
        let config = config::Smtp { octets_per_sec_min: 100, ..config::Smtp::default() };
        let start = Instant::now();
        let after = |secs| start + Duration::from_secs(secs);
        let mut rate = MinimumRate::new(&config, start);
        assert_eq!(rate.deadline(start), after(30), "nothing came: the grace is all there is");
        rate.octets = 1_000;
        assert_eq!(rate.deadline(after(35)), after(40), "1,000 octets earn ten seconds more");
        rate.reset(Duration::from_secs(7));
        assert_eq!(rate.deadline(after(35)), after(47), "what we wait for is not the peer's");
        rate.octets = 10_000_000;
        assert_eq!(rate.deadline(after(50)), after(50 + 180), "a pause must not be too long");
    }
}
