//! Slows down callers that fail too often (wrong passwords). It never locks, so that an attacker
//! cannot lock anybody out for good, and it does not delay callers below the limit.
//!
//! There is a bucket per key: each failure takes one of `burst` tokens, and one comes back every
//! `refill`. When the bucket is empty, the next attempt has to wait; a success takes nothing. This
//! is GCRA (as in ATM), with one point in time per key. The governor crate has the same
//! arithmetic, but every check there takes a token, and here only failures count.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How many failures are free of delay, and how fast they are forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    pub burst: u32,
    pub refill: Duration,
}

impl Rate {
    /// Five wrong passwords without delay, then one every ten seconds.
    pub const PASSWORDS_PER_ACCOUNT: Rate = Rate { burst: 5, refill: Duration::from_secs(10) };
    /// A caller that is asked for a TOTP code has already given the right password, and three of
    /// the million codes are valid at any time.
    pub const TOTP_PER_ACCOUNT: Rate = Rate { burst: 5, refill: Duration::from_secs(300) };
    /// Many people may share one address.
    pub const PASSWORDS_PER_ADDRESS: Rate = Rate { burst: 30, refill: Duration::from_secs(2) };
}

/// Above this number of keys, those that have recovered are removed.
const KEYS_BEFORE_TIDY: usize = 1_024;

/// The delays of each key.
pub struct Throttle<K> {
    rate: Rate,
    state: Mutex<State<K>>,
}

struct State<K> {
    /// When each key's bucket will be full again.
    full_at: HashMap<K, Instant>,
    tidy_at: usize,
}

impl<K: Eq + Hash + Clone> Throttle<K> {
    pub fn new(rate: Rate) -> Throttle<K> {
        let state = State { full_at: HashMap::new(), tidy_at: KEYS_BEFORE_TIDY };
        Throttle { rate, state: Mutex::new(state) }
    }

    /// Returns how long `key` has to wait before its next attempt; `None` if it may try now.
    pub fn wait(&self, key: &K) -> Option<Duration> {
        self.wait_at(key, Instant::now())
    }

    /// Records a failure of `key`.
    pub fn failed(&self, key: &K) {
        self.failed_at(key, Instant::now());
    }

    /// Removes the keys that have recovered. This also happens automatically as keys accumulate.
    pub fn retain_recent(&self) {
        self.state().retain_recent(Instant::now());
    }

    /// The number of keys in memory.
    pub fn len(&self) -> usize {
        self.state().full_at.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn wait_at(&self, key: &K, now: Instant) -> Option<Duration> {
        let full_at = *self.state().full_at.get(key)?;
        // One token must be left in the bucket.
        let spare = self.rate.refill * self.rate.burst.saturating_sub(1);
        let wait = full_at.saturating_duration_since(now).checked_sub(spare)?;
        (!wait.is_zero()).then_some(wait)
    }

    fn failed_at(&self, key: &K, now: Instant) {
        let mut state = self.state();
        let longest = self.rate.refill * self.rate.burst;
        let from = state.full_at.get(key).map_or(now, |full_at| (*full_at).max(now));
        // Concurrent attempts cannot push the wait beyond one refill.
        let full_at = (from + self.rate.refill).min(now + longest);
        state.full_at.insert(key.clone(), full_at);
        if state.full_at.len() > state.tidy_at {
            state.retain_recent(now);
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State<K>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Eq + Hash> State<K> {
    fn retain_recent(&mut self, now: Instant) {
        self.full_at.retain(|_, full_at| *full_at > now);
        // Twice what is left, so that the amortised cost per failure is constant.
        self.tidy_at = KEYS_BEFORE_TIDY.max(self.full_at.len() * 2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { burst: 5, refill: Duration::from_secs(10) };

    #[test]
    fn five_failures_slow_down_and_do_not_lock() {
        let throttle = Throttle::new(RATE);
        let start = Instant::now();
        for _ in 0..5 {
            assert_eq!(throttle.wait_at(&"u1", start), None);
            throttle.failed_at(&"u1", start);
        }
        assert_eq!(throttle.wait_at(&"u1", start), Some(Duration::from_secs(10)));
        assert_eq!(throttle.wait_at(&"u2", start), None);
        let later = start + Duration::from_secs(10);
        assert_eq!(throttle.wait_at(&"u1", later), None);
        throttle.failed_at(&"u1", later);
        assert_eq!(throttle.wait_at(&"u1", later), Some(Duration::from_secs(10)));
    }

    #[test]
    fn a_thousand_failures_make_nobody_wait_longer_than_one_refill() {
        let throttle = Throttle::new(RATE);
        let start = Instant::now();
        for _ in 0..1_000 {
            throttle.failed_at(&"u1", start);
        }
        assert_eq!(throttle.wait_at(&"u1", start), Some(Duration::from_secs(10)));
    }

    #[test]
    fn keys_that_recovered_are_forgotten() {
        let throttle = Throttle::new(RATE);
        let start = Instant::now();
        for key in 0..10_000 {
            throttle.failed_at(&key, start + Duration::from_secs(key * 20));
        }
        assert!(throttle.len() <= KEYS_BEFORE_TIDY + 1, "{}", throttle.len());
        throttle.state().retain_recent(start + Duration::from_secs(1_000_000));
        assert!(throttle.is_empty());
    }
}
