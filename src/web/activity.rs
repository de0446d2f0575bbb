//! What happens on a connection, so that one on which nothing happens can be ended: one without a
//! request, and one whose peer does not read an answer. On HTTP/2 neither shows on the connection
//! itself, because its peer goes on answering PINGs (RFC 9113 §6.7), and a stream whose window is
//! empty waits without a timeout of its own (§6.9).

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::net::listen::Permits;

/// What happens on one connection.
pub struct Activity {
    permits: Permits,
    peer: SocketAddr,
    /// Cancelled when another connection needs the place of this one.
    evicted: CancellationToken,
    state: Mutex<State>,
}

struct State {
    next: u64,
    /// The requests that are not answered completely.
    open: HashMap<u64, Progress>,
    idle_since: Instant,
}

struct Progress {
    /// The chunks of the answer that were handed over and are not sent yet.
    unsent: usize,
    /// When the last one was handed over or sent.
    since: Instant,
}

/// Why a connection is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    Idle,
    Stalled,
    Evicted,
}

impl Over {
    pub fn as_str(self) -> &'static str {
        match self {
            Over::Idle => "it was idle",
            Over::Stalled => "its peer does not read",
            Over::Evicted => "its place was needed",
        }
    }
}

/// A request and its answer; dropped when the last octet was sent.
pub struct Exchange {
    activity: Arc<Activity>,
    id: u64,
}

/// A part of an answer that was handed over; dropped when it was sent.
pub struct Unsent(Arc<Exchange>);

impl Activity {
    /// Begins with a connection that has no request.
    pub fn new(permits: Permits, peer: SocketAddr) -> Arc<Activity> {
        let state = State { next: 0, open: HashMap::new(), idle_since: Instant::now() };
        let evicted = CancellationToken::new();
        permits.idle(peer, evicted.clone());
        Arc::new(Activity { permits, peer, evicted, state: Mutex::new(state) })
    }

    /// A request has arrived.
    pub fn begin(self: &Arc<Self>) -> Exchange {
        let mut state = self.state();
        let id = state.next;
        state.next += 1;
        if state.open.is_empty() {
            self.permits.busy(self.peer);
        }
        state.open.insert(id, Progress { unsent: 0, since: Instant::now() });
        Exchange { activity: self.clone(), id }
    }

    /// Waits until there was no request for `idle`, an answer made no progress for `write`, or the
    /// place is needed.
    pub async fn over(&self, idle: Duration, write: Duration) -> Over {
        loop {
            let now = Instant::now();
            let (end, why) = self.state().end(idle, write);
            if let Some(end) = end.filter(|end| *end <= now) {
                tracing::debug!(peer.ip = %self.peer.ip(), ?why, ?end, "connection is over");
                return why;
            }
            // What begins meanwhile ends no sooner than this.
            let look = now + idle.min(write);
            tokio::select! {
                () = sleep_until(end.map_or(look, |end| end.min(look))) => {}
                () = self.evicted.cancelled() => return Over::Evicted,
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn end(&self, idle: Duration, write: Duration) -> (Option<Instant>, Over) {
        if self.open.is_empty() {
            return (Some(self.idle_since + idle), Over::Idle);
        }
        let waiting = || self.open.values().filter(|progress| progress.unsent > 0);
        // Answers that are sent side by side share the line, and each takes longer.
        let write = write * u32::try_from(1 + waiting().count() / 8).unwrap_or(u32::MAX);
        (waiting().map(|progress| progress.since + write).min(), Over::Stalled)
    }
}

impl Exchange {
    /// Hands over a part of the answer.
    pub fn hand_over(self: &Arc<Self>) -> Unsent {
        self.progress(|unsent| unsent + 1);
        Unsent(self.clone())
    }

    fn progress(&self, change: impl FnOnce(usize) -> usize) {
        if let Some(progress) = self.activity.state().open.get_mut(&self.id) {
            progress.unsent = change(progress.unsent);
            progress.since = Instant::now();
        }
    }
}

impl Drop for Unsent {
    fn drop(&mut self) {
        self.0.progress(|unsent| unsent.saturating_sub(1));
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let mut state = self.activity.state();
        state.open.remove(&self.id);
        if state.open.is_empty() {
            state.idle_since = Instant::now();
            if !self.activity.evicted.is_cancelled() {
                self.activity.permits.idle(self.activity.peer, self.activity.evicted.clone());
            }
        }
    }
}

impl Drop for Activity {
    fn drop(&mut self) {
        self.permits.busy(self.peer);
    }
}

#[cfg(test)]
mod tests {
    use crate::net::listen::Limits;

    use super::*;

    const IDLE: Duration = Duration::from_secs(30);
    const WRITE: Duration = Duration::from_secs(60);

    fn activity() -> Arc<Activity> {
        let permits = Permits::new(Limits { connections_max: 1, per_address_max: 1 });
        Activity::new(permits, SocketAddr::from(([127, 0, 0, 1], 1)))
    }

    async fn over_after(activity: &Activity) -> (Over, Duration) {
        let began = Instant::now();
        let over = activity.over(IDLE, WRITE).await;
        (over, began.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_without_a_request_is_over_after_the_idle_time() {
        let activity = activity();
        let exchange = activity.begin();
        let ended = tokio::time::timeout(10 * WRITE, over_after(&activity)).await;
        assert!(ended.is_err(), "a request that takes long is no idle connection");
        drop(exchange);
        let (over, after) = over_after(&activity).await;
        assert_eq!((over, after.as_secs()), (Over::Idle, 30));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_is_not_read_is_over_and_one_that_is_read_slowly_is_not() {
        let activity = activity();
        let exchange = Arc::new(activity.begin());
        let mut last = exchange.hand_over();
        let reader = async {
            for _ in 0..5 {
                tokio::time::sleep(WRITE - Duration::from_secs(1)).await;
                last = exchange.hand_over();
            }
        };
        let (over, ()) = tokio::join!(over_after(&activity), reader);
        assert_eq!((over.0, over.1.as_secs()), (Over::Stalled, 5 * 59 + 60));
        drop(last);
    }

    #[tokio::test(start_paused = true)]
    async fn the_idlest_makes_room_and_a_busy_one_never() {
        let permits = Permits::new(Limits { connections_max: 2, per_address_max: 2 });
        let peers = [1, 2, 3].map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
        let [one, two] = [peers[0], peers[1]].map(|peer| Activity::new(permits.clone(), peer));
        let other = "192.0.2.1".parse().unwrap();
        let _places = [permits.take(peers[0].ip()), permits.take(peers[1].ip())];
        drop(one.begin());
        let third = permits.take(other);
        assert!(third.is_ok() && two.evicted.is_cancelled() && !one.evicted.is_cancelled());
        let _busy = one.begin();
        assert!(permits.take(other).is_err());
    }
}
