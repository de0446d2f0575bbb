//! One memory budget for all messages that are being received.
//!
//! Each message has a share that grows in steps as its octets arrive, so that a peer that only
//! declares a size holds no more than a first step. A share that cannot grow waits, and the oldest
//! message is served first. If every message that holds memory were waiting, none could ever
//! continue, so the youngest gives up: the oldest always gets through. One eighth is reserved for
//! messages that need only a first step, so that large messages never lock small ones out.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

/// The budget. Clones share it.
#[derive(Clone, Debug)]
pub struct Budget {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// Octets reserved for first steps.
    reserve: usize,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    free: usize,
    /// The age of the next share; older ones have smaller numbers.
    next: u64,
    /// The number of shares that hold octets.
    holders: usize,
    waiting: BTreeMap<Turn, Waiter>,
}

/// The position in the queue. Shares that hold memory come first, so that they can finish; then
/// the order is by age.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    Holder(u64),
    Newcomer(u64),
}

#[derive(Debug)]
struct Waiter {
    octets: usize,
    /// Octets that must stay free after it is served.
    spare: usize,
    sender: oneshot::Sender<bool>,
}

/// No memory became free in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exhausted;

/// A message's part of the budget, returned when dropped.
#[derive(Debug)]
pub struct Share {
    budget: Budget,
    age: u64,
    held: usize,
    /// The request that it waits for.
    asked: Option<Asked>,
}

#[derive(Debug)]
struct Asked {
    octets: usize,
    turn: Turn,
    receiver: oneshot::Receiver<bool>,
    answer: Option<bool>,
}

/// Octets that a message may take while only the reserve is left: one of 64 KiB with its header.
pub const FIRST_STEP_OCTETS: usize = 80 * 1024;
/// The largest step; otherwise a share grows by half of itself, or doubles towards the size that
/// is expected.
const STEP_OCTETS_MAX: usize = 4 << 20;

impl Budget {
    pub fn new(octets: usize) -> Budget {
        let state = State { free: octets, next: 0, holders: 0, waiting: BTreeMap::new() };
        Budget { inner: Arc::new(Inner { reserve: octets / 8, state: Mutex::new(state) }) }
    }

    /// Returns a share that holds nothing yet.
    pub fn share(&self) -> Share {
        let mut state = self.state();
        state.next += 1;
        Share { budget: self.clone(), age: state.next, held: 0, asked: None }
    }

    /// The number of free octets.
    pub fn free(&self) -> usize {
        self.state().free
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn give(&mut self, turn: Turn, octets: usize) {
        self.free -= octets;
        self.holders += usize::from(matches!(turn, Turn::Newcomer(_)));
    }

    /// Returns which waiter can be served now: the first in the queue, or else the first that needs
    /// only a first step, because the reserve is for those whatever else is waiting.
    fn next_turn(&self) -> Option<Turn> {
        let fits = |waiter: &Waiter| self.free >= waiter.octets + waiter.spare;
        let (first, waiter) = self.waiting.first_key_value()?;
        if fits(waiter) {
            return Some(*first);
        }
        let mut newcomers = self.waiting.range(Turn::Newcomer(0)..);
        let (turn, waiter) = newcomers.find(|(_, waiter)| waiter.spare == 0)?;
        fits(waiter).then_some(*turn)
    }

    /// Hands out free octets in queue order, and makes the youngest share give up when all wait.
    fn settle(&mut self) {
        while let Some(turn) = self.next_turn() {
            let Some(waiter) = self.waiting.remove(&turn) else { return };
            // Fails only when the share is being dropped, and then nothing was granted.
            if waiter.sender.send(true).is_ok() {
                self.give(turn, waiter.octets);
            }
        }
        let is_holder = |turn: &&Turn| matches!(turn, Turn::Holder(_));
        let stuck = self.waiting.keys().filter(is_holder).count();
        if stuck < self.holders || stuck < 2 {
            return;
        }
        let youngest = self.waiting.keys().rfind(is_holder).copied();
        if let Some(waiter) = youngest.and_then(|turn| self.waiting.remove(&turn)) {
            // It returns its share itself, which lets the others continue.
            let _ = waiter.sender.send(false);
        }
    }
}

impl Share {
    /// The number of octets it holds.
    pub fn held(&self) -> usize {
        self.held
    }

    /// Grows, by at least one step, until it holds at least `octets`; waits for that no longer
    /// than `timeout`. If the message is expected to need `expected` octets, the steps are larger,
    /// and the last one ends there.
    pub async fn grow_to(
        &mut self,
        octets: usize,
        expected: Option<usize>,
        timeout: Duration,
    ) -> Result<(), Exhausted> {
        if octets <= self.held {
            return Ok(());
        }
        let (step, limit) = match expected.filter(|expected| octets <= *expected) {
            Some(expected) => (self.held, expected),
            None => (self.held / 2, usize::MAX),
        };
        let target = (self.held + step.min(STEP_OCTETS_MAX)).min(limit);
        let more = octets.max(target) - self.held;
        if self.take_or_ask(more) {
            return Ok(());
        }
        let Some(asked) = &mut self.asked else { return Err(Exhausted) };
        if let Ok(Ok(given)) = tokio::time::timeout(timeout, &mut asked.receiver).await {
            asked.answer = Some(given);
        }
        let before = self.held;
        self.withdraw();
        if self.held > before { Ok(()) } else { Err(Exhausted) }
    }

    /// Takes `more` octets, or joins the queue for them. Returns whether it took them.
    fn take_or_ask(&mut self, more: usize) -> bool {
        let mut state = self.budget.state();
        let is_first = self.held == 0 && more <= FIRST_STEP_OCTETS;
        let spare = if is_first { 0 } else { self.budget.inner.reserve };
        let turn = match self.held {
            0 => Turn::Newcomer(self.age),
            _ => Turn::Holder(self.age),
        };
        if (is_first || state.waiting.is_empty()) && state.free >= more + spare {
            state.give(turn, more);
            drop(state);
            self.held += more;
            return true;
        }
        let (sender, receiver) = oneshot::channel();
        state.waiting.insert(turn, Waiter { octets: more, spare, sender });
        state.settle();
        drop(state);
        self.asked = Some(Asked { octets: more, turn, receiver, answer: None });
        false
    }

    /// Leaves the queue and keeps what was granted in the meantime.
    fn withdraw(&mut self) {
        let Some(mut asked) = self.asked.take() else { return };
        let mut state = self.budget.state();
        state.waiting.remove(&asked.turn);
        // Under the lock: either it was granted before this point, or it never will be.
        if asked.answer.unwrap_or_else(|| asked.receiver.try_recv() == Ok(true)) {
            self.held += asked.octets;
        }
        state.settle();
    }

    /// Returns everything to the budget.
    pub fn release(&mut self) {
        self.withdraw();
        if self.held > 0 {
            let mut state = self.budget.state();
            state.free += std::mem::take(&mut self.held);
            state.holders -= 1;
            state.settle();
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.release();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_secs(5);
    const KIB: usize = 1024;

    #[tokio::test]
    async fn octets_come_back_when_a_share_goes() {
        let budget = Budget::new(1_000 * KIB);
        let mut share = budget.share();
        share.grow_to(100 * KIB, None, SOON).await.unwrap();
        share.grow_to(101 * KIB, None, SOON).await.unwrap();
        assert_eq!(share.held(), 150 * KIB, "it grows by half of itself");
        assert_eq!(budget.free(), 850 * KIB);
        drop(share);
        assert_eq!(budget.free(), 1_000 * KIB);
    }

    #[tokio::test]
    async fn a_share_doubles_towards_the_size_that_is_expected_and_ends_there() {
        let budget = Budget::new(1_000 * KIB);
        let mut share = budget.share();
        let mut held = Vec::new();
        for octets in [64, 65, 129, 251, 300] {
            share.grow_to(octets * KIB, Some(250 * KIB), SOON).await.unwrap();
            held.push(share.held() / KIB);
        }
        assert_eq!(held, [64, 128, 250, 375, 375], "beyond it, it grows by half of itself");
    }

    #[tokio::test]
    async fn what_does_not_fit_waits_and_gives_up_in_the_end() {
        let budget = Budget::new(1_000 * KIB);
        let mut large = budget.share();
        large.grow_to(800 * KIB, None, SOON).await.unwrap();
        let mut second = budget.share();
        let briefly = Duration::from_millis(20);
        assert_eq!(second.grow_to(200 * KIB, None, briefly).await, Err(Exhausted));
        assert_eq!((second.held(), budget.free()), (0, 200 * KIB));
        let waits = tokio::spawn(async move { second.grow_to(200 * KIB, None, SOON).await });
        while budget.state().waiting.is_empty() {
            tokio::task::yield_now().await;
        }
        drop(large);
        assert_eq!(waits.await.unwrap(), Ok(()));
        assert_eq!(budget.free(), 1_000 * KIB);
    }

    #[tokio::test]
    async fn small_messages_pass_by_large_ones() {
        let budget = Budget::new(16 * FIRST_STEP_OCTETS);
        let mut large = budget.share();
        large.grow_to(14 * FIRST_STEP_OCTETS, None, SOON).await.unwrap();
        let mut small = budget.share();
        small.grow_to(FIRST_STEP_OCTETS, None, SOON).await.unwrap();
        assert_eq!(budget.free(), FIRST_STEP_OCTETS);
    }

    /// Regression: once the reserve was used up, first steps queued behind large messages and were
    /// deferred although there was room again.
    #[tokio::test]
    async fn a_first_step_that_had_to_wait_passes_by_large_ones_too() {
        let budget = Budget::new(16 * FIRST_STEP_OCTETS);
        let mut large = budget.share();
        large.grow_to(14 * FIRST_STEP_OCTETS, None, SOON).await.unwrap();
        let mut small = [budget.share(), budget.share()];
        for share in &mut small {
            share.grow_to(FIRST_STEP_OCTETS, None, SOON).await.unwrap();
        }
        let waits = tokio::spawn(async move {
            (large.grow_to(14 * FIRST_STEP_OCTETS + 1, None, SOON).await, large)
        });
        let mut late = budget.share();
        let late = tokio::spawn(async move { late.grow_to(FIRST_STEP_OCTETS, None, SOON).await });
        while budget.state().waiting.len() < 2 {
            tokio::task::yield_now().await;
        }
        let [first, second] = small;
        drop(first);
        assert_eq!(late.await.unwrap(), Ok(()));
        assert_eq!(budget.state().waiting.len(), 1, "the large one still waits");
        waits.abort();
        drop(second);
    }

    #[tokio::test]
    async fn when_all_wait_the_youngest_gives_up_at_once_and_the_oldest_gets_through() {
        let budget = Budget::new(1_024 * KIB);
        let mut shares = Vec::new();
        for _ in 0..14 {
            let mut share = budget.share();
            share.grow_to(64 * KIB, None, SOON).await.unwrap();
            shares.push(share);
        }
        // Each wants 800 KiB in total, so only one at a time can have that much.
        let started = std::time::Instant::now();
        let mut tasks = Vec::new();
        for mut share in shares {
            tasks.push(tokio::spawn(async move {
                share.grow_to(800 * KIB, None, Duration::from_secs(60)).await
            }));
        }
        let mut through = 0;
        for task in tasks {
            through += usize::from(task.await.unwrap().is_ok());
        }
        assert!(through >= 1, "{through} got through");
        assert!(started.elapsed() < Duration::from_secs(30), "nobody had to wait for a timeout");
        assert_eq!(budget.free(), 1_024 * KIB);
    }

    #[tokio::test]
    async fn a_peer_that_leaves_while_waiting_leaves_nothing_behind() {
        let budget = Budget::new(1_000 * KIB);
        let mut large = budget.share();
        large.grow_to(800 * KIB, None, SOON).await.unwrap();
        let mut second = budget.share();
        let waits = tokio::spawn(async move { second.grow_to(400 * KIB, None, SOON).await });
        while budget.state().waiting.is_empty() {
            tokio::task::yield_now().await;
        }
        drop(large);
        // Its octets were granted, but it never receives the answer.
        waits.abort();
        assert!(waits.await.is_err());
        assert_eq!(budget.free(), 1_000 * KIB);
        assert!(budget.state().waiting.is_empty());
        assert_eq!(budget.state().holders, 0);
    }
}
