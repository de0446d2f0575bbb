//! What a peer sends, against what it asks: a connection on which octets arrive that belong to no
//! request is ended. HTTP/2 has frames that ask nothing and are answered by nothing, such as a PING
//! that acknowledges none (RFC 9113 §10.5), and the library reads them for ever.
//!
//! Nothing here knows frames. Each octet that arrives is taken from what the connection may send;
//! each request, and each octet of a body that was read or of an answer that was sent, adds to it. So
//! does time, a little: an event stream on which nothing happens confirms what keeps it open, for days.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};

/// What a connection may send at first: the preface, settings, and whatever is kept for later.
const FIRST_OCTETS: i64 = 1 << 20;

/// The largest part of a body that can be on its way when it is refused: the window of a stream, as
/// the library sets it.
const WINDOW_OCTETS: i64 = 1 << 20;

/// A client confirms what it reads, in some octets for each frame.
const SENT_FOR_ONE: i64 = 64;

/// What each second adds, up to what there is at first: more than the frames that keep a connection
/// open, and far less than any flood.
const EACH_SECOND: i64 = 16;

/// What a peer may still send on one connection, in octets.
pub struct Ledger {
    left: AtomicI64,
    began: Instant,
    /// The seconds since then that were added.
    added_secs: AtomicU64,
    /// What the header of a request may take.
    header: i64,
}

impl Ledger {
    /// Begins with a connection whose requests have headers of at most `header` octets.
    pub fn new(header: usize) -> Arc<Ledger> {
        let header = octets(header);
        let (left, added_secs) = (AtomicI64::new(FIRST_OCTETS + header), AtomicU64::new(0));
        Arc::new(Ledger { left, began: Instant::now(), added_secs, header })
    }

    /// Takes what arrived; returns whether the peer may go on.
    pub fn received(&self, count: usize) -> bool {
        self.received_at(count, self.began.elapsed())
    }

    fn received_at(&self, count: usize, age: Duration) -> bool {
        self.grow(age.as_secs());
        let count = octets(count);
        self.left.fetch_sub(count, Ordering::Relaxed) >= count
    }

    /// Adds what was sent to the peer.
    pub fn sent(&self, count: usize) {
        self.add(octets(count) / SENT_FOR_ONE);
    }

    /// Adds a request, and returns its body, which adds what is read of it.
    pub fn request(self: &Arc<Self>, body: Incoming) -> Counted {
        let window = if body.is_end_stream() { 0 } else { WINDOW_OCTETS };
        self.add(self.header + window);
        Counted { body, ledger: self.clone() }
    }

    /// Adds what the seconds until `age_secs` are worth.
    fn grow(&self, age_secs: u64) {
        let before = self.added_secs.fetch_max(age_secs, Ordering::Relaxed);
        let secs = i64::try_from(age_secs.saturating_sub(before)).unwrap_or(i64::MAX);
        if secs > 0 {
            let more = secs.saturating_mul(EACH_SECOND);
            let grown = |left: i64| Some(left.max(left.saturating_add(more).min(FIRST_OCTETS)));
            // The closure always returns a number, so this cannot fail.
            let _ = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, grown);
        }
    }

    fn add(&self, count: i64) {
        self.left.fetch_add(count, Ordering::Relaxed);
    }
}

fn octets(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A body of a request.
pub struct Counted {
    body: Incoming,
    ledger: Arc<Ledger>,
}

impl Body for Counted {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if let Some(Ok(frame)) = &frame {
            // Twice, because small pieces come in frames of their own.
            let length = frame.data_ref().map_or(0, Bytes::len);
            self.ledger.add(2 * octets(length));
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_only_sends_has_an_end_and_who_reads_has_not() {
        let ledger = Ledger::new(32 << 10);
        let frames = (0..).take_while(|_| ledger.received(17)).count();
        assert_eq!(frames, (FIRST_OCTETS as usize + (32 << 10)) / 17);
        let ledger = Ledger::new(32 << 10);
        // WINDOW_UPDATE for the stream and for the connection, after every 16 KiB.
        for _ in 0..1_000_000 {
            ledger.sent(16 << 10);
            assert!(ledger.received(26));
        }
    }

    /// Regression: after some days, an event stream without events had sent more than it had asked.
    #[test]
    fn a_connection_that_is_only_kept_open_has_no_end_and_a_flood_has_one_however_old_it_is() {
        let ledger = Ledger::new(32 << 10);
        let month = 30 * 24 * 3_600;
        // A PING or its answer every two seconds.
        assert!((0..month).step_by(2).all(|age| ledger.received_at(17, Duration::from_secs(age))));
        let later = Duration::from_secs(12 * month);
        let frames = (0..).take_while(|_| ledger.received_at(17, later)).count();
        assert!(frames <= (FIRST_OCTETS as usize + (32 << 10)) / 17, "{frames}");
    }
}
