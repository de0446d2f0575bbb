//! Checking passwords costs memory and time by design, so few are checked at once, a bounded
//! number waits, and the rest are told to come back.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};

use super::credential::{self, Memory, Password, PasswordCost};
use super::{Error, UnlockKey};

/// How many passwords are checked at once, and how many may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolLimits {
    pub at_once: usize,
    pub waiting: usize,
}

impl Default for PoolLimits {
    fn default() -> Self {
        PoolLimits { at_once: 2, waiting: 256 }
    }
}

/// Where passwords are wrapped and checked. Every call blocks, so it belongs on a thread that
/// may.
pub struct PasswordPool {
    limits: PoolLimits,
    cost: PasswordCost,
    permits: Mutex<Permits>,
    freed: Condvar,
    runs: AtomicU64,
    /// Working memory that no run has at this moment: at most one for each turn.
    memory: Mutex<Vec<Memory>>,
}

/// Tickets are served in the order in which they were drawn.
#[derive(Default)]
struct Permits {
    drawn: u64,
    called: u64,
    running: usize,
}

impl PasswordPool {
    pub fn new(limits: PoolLimits, cost: PasswordCost) -> PasswordPool {
        let limits = PoolLimits { at_once: limits.at_once.max(1), ..limits };
        let (permits, freed, runs) = (Mutex::default(), Condvar::new(), AtomicU64::new(0));
        PasswordPool { limits, cost, permits, freed, runs, memory: Mutex::default() }
    }

    /// Wraps the unlock key by a password, bound to `binding`.
    pub fn wrap(
        &self,
        password: &Password,
        unlock: &UnlockKey,
        binding: &[u8],
    ) -> Result<Vec<u8>, Error> {
        self.in_turn(|memory| credential::wrap(memory, self.cost, password, unlock, binding))
    }

    /// Unwraps it; `Refused` for a wrong password.
    pub fn open(
        &self,
        wrapped: &[u8],
        password: &Password,
        binding: &[u8],
    ) -> Result<UnlockKey, Error> {
        self.in_turn(|memory| credential::unwrap(memory, wrapped, password, binding))
    }

    /// The same work for an account that is not there, so that nobody can tell by the time.
    pub fn decoy(&self, password: &Password) -> Result<(), Error> {
        self.in_turn(|memory| credential::decoy(memory, self.cost, password))
    }

    /// How many hashes were computed so far.
    pub fn runs(&self) -> u64 {
        self.runs.load(Ordering::Relaxed)
    }

    fn in_turn<T>(&self, work: impl FnOnce(&mut Memory) -> Result<T, Error>) -> Result<T, Error> {
        let _turn = self.wait_for_turn()?;
        self.runs.fetch_add(1, Ordering::Relaxed);
        let spare = || self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let mut memory = spare().pop().unwrap_or_default();
        let answer = work(&mut memory);
        spare().push(memory);
        answer
    }

    fn wait_for_turn(&self) -> Result<Permit<'_>, Error> {
        let mut permits = self.permits.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = permits.drawn - permits.called;
        if permits.running >= self.limits.at_once && waiting >= self.limits.waiting as u64 {
            return Err(Error::Busy);
        }
        let ticket = permits.drawn;
        permits.drawn += 1;
        while permits.called != ticket || permits.running >= self.limits.at_once {
            permits = self.freed.wait(permits).unwrap_or_else(PoisonError::into_inner);
        }
        permits.called += 1;
        permits.running += 1;
        self.freed.notify_all();
        Ok(Permit(self))
    }
}

/// A turn in the pool; given back when dropped.
struct Permit<'p>(&'p PasswordPool);

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let mut permits = self.0.permits.lock().unwrap_or_else(PoisonError::into_inner);
        permits.running -= 1;
        drop(permits);
        self.0.freed.notify_all();
    }
}
