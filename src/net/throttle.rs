//! Slows down callers that fail too often (wrong passwords). It never locks, so that an attacker
//! cannot lock anybody out for good, and it does not delay callers below the limit.
//!
//! There is a bucket per key: each failure takes one of `burst` tokens, and one comes back every
//! `refill`. When the bucket is empty, the next attempt has to wait; a success takes nothing. This
//! is GCRA (as in ATM), with one point in time per key. The governor crate has the same
//! arithmetic, but every check there takes a token, and here only failures count.
//!
//! Where those points in time are kept is in `failures`.

use std::time::{Duration, Instant};

use super::failures::{Failures, Key, Millis};

/// How many failures are free of delay, and how fast they are forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    pub burst: u32,
    pub refill: Duration,
}

impl Rate {
    /// Five wrong passwords without delay, then one every ten seconds.
    pub const PASSWORDS_PER_ACCOUNT: Rate = Rate { burst: 5, refill: Duration::from_secs(10) };
    /// An account that is guessed from many networks, from which nobody has signed in to it.
    pub const PASSWORDS_FROM_STRANGERS: Rate = Rate { burst: 30, refill: Duration::from_secs(5) };
    /// A caller that is asked for a TOTP code has already given the right password, and three of
    /// the million codes are valid at any time.
    pub const TOTP_PER_ACCOUNT: Rate = Rate { burst: 5, refill: Duration::from_secs(300) };
    /// A browser that an account knows: its owner may mistype a few times.
    pub const FAILURES_PER_BROWSER: Rate = Rate { burst: 5, refill: Duration::from_secs(600) };
    /// Many people may share one address.
    pub const PASSWORDS_PER_ADDRESS: Rate = Rate { burst: 30, refill: Duration::from_secs(2) };

    /// Returns the latest moment at which any bucket is full again, seen from `now`.
    pub fn latest(self, now: Millis) -> Millis {
        now.saturating_add(millis(self.refill * self.burst))
    }

    /// Returns how long a caller has to wait whose bucket is full at `full_at`; `None` if it may
    /// try now.
    fn wait(self, full_at: Millis, now: Millis) -> Option<Duration> {
        // One token must be left in the bucket.
        let spare = millis(self.refill * self.burst.saturating_sub(1));
        let wait = full_at.saturating_sub(now).saturating_sub(spare);
        (wait > 0).then(|| Duration::from_millis(wait))
    }

    /// Returns when a bucket is full again after one more failure.
    fn after_failure(self, full_at: Option<Millis>, now: Millis) -> Millis {
        let from = full_at.map_or(now, |full_at| full_at.max(now));
        // Concurrent attempts cannot push the wait beyond one refill.
        from.saturating_add(millis(self.refill)).min(self.latest(now))
    }
}

fn millis(time: Duration) -> Millis {
    u64::try_from(time.as_millis()).unwrap_or(Millis::MAX)
}

/// The wall clock as it was at the start, and the time that has passed since: setting the clock
/// while the daemon runs makes nobody wait longer, and forgets nothing.
#[derive(Clone, Copy, Debug)]
pub struct Watch {
    start: Millis,
    started: Instant,
}

impl Watch {
    /// Starts at `start`.
    pub fn start(start: Millis) -> Watch {
        Watch { start, started: Instant::now() }
    }

    /// Returns the current moment.
    pub fn now(&self) -> Millis {
        self.start.saturating_add(millis(self.started.elapsed()))
    }
}

/// The delays of each key.
pub struct Throttle {
    rate: Rate,
    failures: Failures,
    watch: Watch,
}

impl Throttle {
    pub fn new(rate: Rate, failures: Failures, watch: Watch) -> Throttle {
        Throttle { rate, failures, watch }
    }

    /// Returns how long `key` has to wait before its next attempt; `None` if it may try now.
    pub fn wait(&self, key: &Key) -> Option<Duration> {
        self.wait_at(key, self.watch.now())
    }

    /// Records a failure of `key`.
    pub fn failed(&self, key: &Key) {
        self.failed_at(key, self.watch.now());
    }

    /// Returns the number of keys that are kept.
    pub fn keys(&self) -> usize {
        self.failures.len()
    }

    fn wait_at(&self, key: &Key, now: Millis) -> Option<Duration> {
        self.rate.wait(self.failures.full_at(key)?, now)
    }

    fn failed_at(&self, key: &Key, now: Millis) {
        let is_new = self.failures.update(key, |full_at| self.rate.after_failure(full_at, now));
        if is_new {
            self.failures.sweep(now, self.rate.latest(now));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { burst: 5, refill: Duration::from_secs(10) };
    const START: Millis = 1_790_000_000_000;
    const U1: Key = [1; 16];
    const U2: Key = [2; 16];

    fn throttle() -> Throttle {
        Throttle::new(RATE, Failures::in_memory(1_024), Watch::start(START))
    }

    #[test]
    fn five_failures_slow_down_and_do_not_lock() {
        let throttle = throttle();
        for _ in 0..5 {
            assert_eq!(throttle.wait_at(&U1, START), None);
            throttle.failed_at(&U1, START);
        }
        assert_eq!(throttle.wait_at(&U1, START), Some(Duration::from_secs(10)));
        assert_eq!(throttle.wait_at(&U2, START), None);
        let later = START + 10_000;
        assert_eq!(throttle.wait_at(&U1, later), None);
        throttle.failed_at(&U1, later);
        assert_eq!(throttle.wait_at(&U1, later), Some(Duration::from_secs(10)));
    }

    #[test]
    fn a_thousand_failures_make_nobody_wait_longer_than_one_refill() {
        let throttle = throttle();
        for _ in 0..1_000 {
            throttle.failed_at(&U1, START);
        }
        assert_eq!(throttle.wait_at(&U1, START), Some(Duration::from_secs(10)));
    }

    #[test]
    fn the_watch_goes_on_from_where_it_was_started() {
        let watch = Watch::start(START);
        let since = watch.now() - START;
        assert!(since < 60_000, "{since}");
        std::thread::sleep(Duration::from_millis(5));
        assert!(watch.now() >= START + since + 5);
    }

    #[test]
    fn keys_that_recovered_are_forgotten() {
        let throttle = throttle();
        for key in 0..10_000_u64 {
            let octets = (u128::from(key) << 64 | u128::from(key)).to_be_bytes();
            throttle.failed_at(&octets, START + key * 20_000);
            let keys = throttle.keys();
            assert!(keys <= 8, "{keys} keys after {key} failures");
        }
    }
}
