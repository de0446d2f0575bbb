//! Checking passwords costs memory and time by design, so only a few are checked at the same time,
//! a limited number waits, and the rest are refused as busy.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::credential::{self, Memory, Password, PasswordCost};
use super::{Error, UnlockKey};

/// How many passwords are checked at the same time, and how many may wait.
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

/// How many passwords were hashed, are being hashed, and wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordLine {
    pub done: u64,
    pub running: u64,
    pub waiting: u64,
}

/// Wraps by passwords and checks them. Every call blocks, so it belongs on a thread that may
/// block.
pub struct PasswordPool {
    limits: PoolLimits,
    cost: PasswordCost,
    permits: Mutex<Permits>,
    freed: Condvar,
    runs: AtomicU64,
    /// Working memory that is not in use at the moment: at most one per permit.
    memory: Mutex<Vec<Spare>>,
}

/// Working memory, and when it was used last.
struct Spare {
    memory: Memory,
    used: Instant,
}

/// The permits, which are given to tickets in the order in which they were drawn.
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

    /// Wraps the unlock key with a password, bound to `binding`.
    pub fn wrap(
        &self,
        password: &Password,
        unlock: &UnlockKey,
        binding: &[u8],
    ) -> Result<Vec<u8>, Error> {
        self.in_turn(|memory| credential::wrap(memory, self.cost, password, unlock, binding))
    }

    /// Unwraps the unlock key; `Refused` if the password is wrong.
    pub fn open(
        &self,
        wrapped: &[u8],
        password: &Password,
        binding: &[u8],
    ) -> Result<UnlockKey, Error> {
        self.in_turn(|memory| credential::unwrap(memory, wrapped, password, binding))
    }

    /// Does the same work for an account that does not exist, so that the time does not reveal
    /// this.
    pub fn decoy(&self, password: &Password) -> Result<(), Error> {
        self.in_turn(|memory| credential::decoy(memory, self.cost, password))
    }

    /// Returns how many passwords are checked at the same time.
    pub fn at_once(&self) -> usize {
        self.limits.at_once
    }

    /// Returns how many hashes were computed so far.
    pub fn runs(&self) -> u64 {
        self.runs.load(Ordering::Relaxed)
    }

    /// Returns how many hashes were computed, are being computed, and wait.
    pub fn line(&self) -> PasswordLine {
        let permits = self.permits.lock().unwrap_or_else(PoisonError::into_inner);
        PasswordLine {
            done: self.runs(),
            running: permits.running as u64,
            waiting: permits.drawn - permits.called,
        }
    }

    fn in_turn<T>(&self, work: impl FnOnce(&mut Memory) -> Result<T, Error>) -> Result<T, Error> {
        let _turn = self.wait_for_turn()?;
        self.runs.fetch_add(1, Ordering::Relaxed);
        // The one that was used last is taken first, so the others can be given back.
        let mut memory = self.spare().pop().map_or_else(Memory::default, |spare| spare.memory);
        let answer = work(&mut memory);
        self.spare().push(Spare { memory, used: Instant::now() });
        answer
    }

    /// Gives back working memory that was not used since a time.
    pub fn give_back(&self, unused_since: Instant) {
        // Without the lock: the allocator wipes what it is given back.
        let unused: Vec<Spare> =
            self.spare().extract_if(.., |spare| spare.used <= unused_since).collect();
        drop(unused);
    }

    /// Returns how many octets of working memory are kept at the moment.
    pub fn kept_octets(&self) -> usize {
        self.spare().iter().map(|spare| spare.memory.octets()).sum()
    }

    fn spare(&self) -> MutexGuard<'_, Vec<Spare>> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
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

/// A permit to run in the pool; it is returned when dropped.
struct Permit<'p>(&'p PasswordPool);

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let mut permits = self.0.permits.lock().unwrap_or_else(PoisonError::into_inner);
        permits.running -= 1;
        drop(permits);
        self.0.freed.notify_all();
    }
}
