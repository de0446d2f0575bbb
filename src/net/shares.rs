//! A limited amount of something that many want: octets of memory, turns, places. Each holder, such
//! as an account or a network, has a share, so that no holder can take what the others need.
//!
//! | who wants | gets |
//! | --- | --- |
//! | more than there is | nothing, or waits |
//! | more than its share, with what it holds | nothing, or waits, whatever is free |
//! | a first small amount, holding nothing yet | also what is in reserve |
//! | small amounts, with a reserve | the last eighth of its own share, which large ones leave |
//!
//! Of those that wait, the one that holds the least comes next, and of these the one that came
//! first; who does not fit lets others pass, of its own holder too. So a holder with a hundred
//! requests delays another's first one by no more than the piece of work that ends next.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

/// How much there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub all: usize,
    /// One holder's share. Who wants more than this at once gets as much as this.
    pub each: usize,
    /// What is kept for holders that hold nothing yet and want no more than `small`.
    pub reserve: usize,
    pub small: usize,
}

/// How many requests of one holder wait.
const WAITING_MAX: usize = 256;

/// The limit that was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    All,
    Share,
}

/// The shares of all holders. Clones are the same.
pub struct Shares<K: Eq + Hash + Clone> {
    limits: Limits,
    state: Arc<Mutex<State<K>>>,
}

struct State<K> {
    free: usize,
    held: HashMap<K, Amounts>,
    waiting: HashMap<K, VecDeque<Waiter>>,
    /// The number of the next waiter.
    next: u64,
}

/// What one holder holds.
#[derive(Clone, Copy, Default)]
struct Amounts {
    all: usize,
    /// In amounts that are not small.
    large: usize,
}

struct Waiter {
    number: u64,
    amount: usize,
    served: oneshot::Sender<()>,
}

/// A part of a holder's share; dropping it returns it.
pub struct Held<K: Eq + Hash + Clone> {
    shares: Shares<K>,
    holder: K,
    amount: usize,
    /// What of it was counted as large; what grows by small amounts was not.
    large: usize,
}

impl Limits {
    /// Limits without a reserve.
    pub fn new(all: usize, each: usize) -> Limits {
        Limits { all, each: each.min(all), reserve: 0, small: 0 }
    }

    /// Keeps `reserve` for first amounts of at most `small`, and the last eighth of each share for
    /// amounts of at most that.
    pub fn reserving(self, reserve: usize, small: usize) -> Limits {
        Limits { reserve, small, each: self.each.min(self.all.saturating_sub(reserve)), ..self }
    }

    fn is_small(&self, amount: usize) -> bool {
        amount <= self.small || self.reserve == 0
    }

    /// What of a holder's share large amounts may take together.
    fn large_max(&self) -> usize {
        self.each - self.each / 8
    }

    fn at_most(&self, amount: usize) -> usize {
        amount.min(if self.is_small(amount) { self.each } else { self.large_max() })
    }

    fn large_of(&self, amount: usize) -> usize {
        if self.is_small(amount) { 0 } else { amount }
    }
}

impl<K: Eq + Hash + Clone> Clone for Shares<K> {
    fn clone(&self) -> Self {
        Shares { limits: self.limits, state: self.state.clone() }
    }
}

impl<K: Eq + Hash + Clone> Shares<K> {
    pub fn new(limits: Limits) -> Shares<K> {
        let state =
            State { free: limits.all, held: HashMap::new(), waiting: HashMap::new(), next: 0 };
        Shares { limits, state: Arc::new(Mutex::new(state)) }
    }

    /// Takes `amount` for `holder` if it can be had at once.
    pub fn take(&self, holder: &K, amount: usize) -> Result<Held<K>, Full> {
        let amount = self.limits.at_most(amount);
        let mut state = self.state();
        state.fits(&self.limits, holder, amount)?;
        state.give(&self.limits, holder, amount);
        Ok(self.part(holder, amount))
    }

    /// Takes `amount` for `holder`, and waits for it no longer than `timeout`.
    pub async fn wait(
        &self,
        holder: &K,
        amount: usize,
        timeout: Duration,
    ) -> Result<Held<K>, Full> {
        let amount = self.limits.at_most(amount);
        let Asking { mut served, place } = {
            let mut state = self.state();
            // What waits does not fit.
            if state.fits(&self.limits, holder, amount).is_ok() {
                state.give(&self.limits, holder, amount);
                return Ok(self.part(holder, amount));
            }
            if state.waiting.get(holder).is_some_and(|line| line.len() >= WAITING_MAX) {
                return Err(Full::Share);
            }
            self.ask(&mut state, holder, amount)
        };
        // The place says what came of it, also if the two happen at the same time.
        let _ = tokio::time::timeout(timeout, &mut served).await;
        place.leave()
    }

    /// How many requests of `holder` wait.
    pub fn waiting_for(&self, holder: &K) -> usize {
        self.state().waiting.get(holder).map_or(0, VecDeque::len)
    }

    /// What `holder` holds now.
    pub fn held_by(&self, holder: &K) -> usize {
        self.state().held_by(holder).all
    }

    /// What all hold together.
    pub fn in_use(&self) -> usize {
        self.limits.all - self.state().free
    }

    fn ask(&self, state: &mut State<K>, holder: &K, amount: usize) -> Asking<K> {
        let number = state.next;
        state.next += 1;
        let (sender, served) = oneshot::channel();
        let waiter = Waiter { number, amount, served: sender };
        state.waiting.entry(holder.clone()).or_default().push_back(waiter);
        state.settle(&self.limits);
        let part = self.part(holder, amount);
        Asking { served, place: Place { part: Some(part), number } }
    }

    fn part(&self, holder: &K, amount: usize) -> Held<K> {
        let large = self.limits.large_of(amount);
        Held { shares: self.clone(), holder: holder.clone(), amount, large }
    }

    fn state(&self) -> MutexGuard<'_, State<K>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Eq + Hash + Clone> State<K> {
    fn held_by(&self, holder: &K) -> Amounts {
        self.held.get(holder).copied().unwrap_or_default()
    }

    fn fits(&self, limits: &Limits, holder: &K, amount: usize) -> Result<(), Full> {
        let held = self.held_by(holder);
        let large = limits.large_of(amount);
        let is_over = large > 0 && held.large + large > limits.large_max();
        if is_over || held.all + amount > limits.each {
            return Err(Full::Share);
        }
        let is_first = held.all + amount <= limits.small;
        let spare = if is_first { 0 } else { limits.reserve };
        if self.free >= amount + spare { Ok(()) } else { Err(Full::All) }
    }

    fn give(&mut self, limits: &Limits, holder: &K, amount: usize) {
        // Nothing leaves no row behind.
        if amount == 0 {
            return;
        }
        self.free -= amount;
        let held = self.held.entry(holder.clone()).or_default();
        held.all += amount;
        held.large += limits.large_of(amount);
    }

    /// Takes back a part of what a holder holds.
    fn take_back(&mut self, holder: &K, part: Amounts) {
        self.free += part.all;
        if let Entry::Occupied(mut held) = self.held.entry(holder.clone()) {
            let amounts = held.get_mut();
            amounts.all -= part.all;
            amounts.large -= part.large;
            if amounts.all == 0 {
                held.remove();
            }
        }
    }

    /// Serves those that wait, in their order, as long as something fits.
    fn settle(&mut self, limits: &Limits) {
        while let Some((holder, number)) = self.next_served(limits) {
            let Some(waiter) = self.remove(&holder, number) else { return };
            self.give(limits, &holder, waiter.amount);
            // Who stopped waiting returns it, see `Place`.
            let _ = waiter.served.send(());
        }
    }

    /// Returns who is served now.
    fn next_served(&self, limits: &Limits) -> Option<(K, u64)> {
        let fitting = self.waiting.iter().filter_map(|(holder, line)| {
            let fits = |waiter: &&Waiter| self.fits(limits, holder, waiter.amount).is_ok();
            let first = line.iter().find(fits)?;
            Some((self.held_by(holder).all, first.number, holder))
        });
        let next = fitting.min_by_key(|(held, number, _)| (*held, *number));
        next.map(|(_, number, holder)| (holder.clone(), number))
    }

    /// Removes a waiter, if it is still waiting.
    fn remove(&mut self, holder: &K, number: u64) -> Option<Waiter> {
        let Entry::Occupied(mut line) = self.waiting.entry(holder.clone()) else { return None };
        let at = line.get().iter().position(|waiter| waiter.number == number);
        let waiter = at.and_then(|at| line.get_mut().remove(at));
        if line.get().is_empty() {
            line.remove();
        }
        waiter
    }
}

struct Asking<K: Eq + Hash + Clone> {
    served: oneshot::Receiver<()>,
    place: Place<K>,
}

/// A place among those that wait. Who leaves it takes along what was given in the meantime.
struct Place<K: Eq + Hash + Clone> {
    /// What it waits for, which counts as held only once it has left the line.
    part: Option<Held<K>>,
    number: u64,
}

impl<K: Eq + Hash + Clone> Place<K> {
    fn leave(mut self) -> Result<Held<K>, Full> {
        self.left().ok_or(Full::All)
    }

    fn left(&mut self) -> Option<Held<K>> {
        let mut part = self.part.take()?;
        let mut state = part.shares.state();
        let removed = state.remove(&part.holder, self.number).is_some();
        if removed {
            // The next in line may need less.
            state.settle(&part.shares.limits);
        }
        drop(state);
        if removed {
            (part.amount, part.large) = (0, 0);
            return None;
        }
        Some(part)
    }
}

impl<K: Eq + Hash + Clone> Drop for Place<K> {
    fn drop(&mut self) {
        drop(self.left());
    }
}

impl<K: Eq + Hash + Clone> Held<K> {
    pub fn amount(&self) -> usize {
        self.amount
    }

    /// Keeps at most `amount`, and returns the rest.
    pub fn shrink_to(&mut self, amount: usize) {
        if amount >= self.amount {
            return;
        }
        let large = self.large.min(self.shares.limits.large_of(amount));
        let part = Amounts { all: self.amount - amount, large: self.large - large };
        (self.amount, self.large) = (amount, large);
        let mut state = self.shares.state();
        state.take_back(&self.holder, part);
        state.settle(&self.shares.limits);
    }

    /// Takes more, so that it is `amount`, if that can be had at once. What is added counts as small
    /// if it is small by itself.
    pub fn grow_to(&mut self, amount: usize) -> Result<(), Full> {
        if amount <= self.amount {
            return Ok(());
        }
        let mut more = self.shares.take(&self.holder, amount - self.amount)?;
        self.amount += std::mem::take(&mut more.amount);
        self.large += std::mem::take(&mut more.large);
        Ok(())
    }
}

impl<K: Eq + Hash + Clone> Drop for Held<K> {
    fn drop(&mut self) {
        self.shrink_to(0);
    }
}

impl<K: Eq + Hash + Clone> fmt::Debug for Held<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held").field("amount", &self.amount).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_secs(5);
    const BRIEFLY: Duration = Duration::from_millis(20);

    async fn until_waiting(shares: &Shares<u8>, count: usize) {
        while shares.state().waiting.values().map(VecDeque::len).sum::<usize>() < count {
            tokio::task::yield_now().await;
        }
    }

    #[test]
    fn one_holder_gets_no_more_than_its_share_and_all_no_more_than_there_is() {
        let shares = Shares::new(Limits::new(10, 4));
        let mut a = shares.take(&'a', 3).unwrap();
        assert_eq!(shares.take(&'a', 2).unwrap_err(), Full::Share);
        let _b = shares.take(&'b', 4).unwrap();
        assert_eq!(shares.take(&'c', 4).unwrap_err(), Full::All);
        assert_eq!(shares.take(&'c', 100).unwrap_err(), Full::All, "no more than a share");
        a.shrink_to(1);
        assert_eq!((shares.held_by(&'a'), shares.in_use()), (1, 5));
        assert_eq!(shares.take(&'c', 100).unwrap().amount(), 4);
        drop(a);
        assert_eq!((shares.held_by(&'a'), shares.in_use()), (0, 4));
    }

    /// Regression: what grew by small amounts was taken back as a large one.
    #[test]
    fn what_grew_is_returned_as_it_was_counted() {
        let shares = Shares::new(Limits::new(200, 80).reserving(20, 5));
        for (first, then) in
            [(0, vec![4, 8]), (4, vec![8]), (60, vec![64, 70]), (100, vec![74, 79])]
        {
            let mut held = shares.take(&1, first).unwrap();
            then.iter().for_each(|amount| held.grow_to(*amount).unwrap());
            assert_eq!(shares.held_by(&1), *then.last().unwrap());
            held.shrink_to(6);
            assert_eq!(shares.held_by(&1), 6);
            drop(held);
            assert!(shares.state().held.is_empty() && shares.in_use() == 0, "{first}");
            assert_eq!(shares.take(&1, 70).unwrap().amount(), 70, "{first}");
        }
    }

    /// Regression: the reserve was wanted for nothing, and nothing left a row for each holder.
    #[test]
    fn nothing_more_can_always_be_had_and_leaves_no_row() {
        let shares = Shares::new(Limits::new(100, 60).reserving(20, 5));
        let mut large = shares.take(&1, 50).unwrap();
        let _others: Vec<_> = (2..8).map(|holder| shares.take(&holder, 5).unwrap()).collect();
        let _rest = shares.take(&8, 5).unwrap();
        large.grow_to(50).unwrap();
        large.grow_to(10).unwrap();
        drop(shares.take(&9, 0).unwrap());
        assert_eq!((large.amount(), shares.state().held.contains_key(&9)), (50, false));
    }

    #[test]
    fn the_reserve_is_for_first_small_amounts() {
        let shares = Shares::new(Limits::new(100, 90).reserving(20, 5));
        let _a = shares.take(&'a', 90).unwrap();
        assert_eq!(
            shares.in_use(),
            70,
            "of the 80 beside the reserve, small amounts have the rest"
        );
        let _small = shares.take(&'a', 5).unwrap();
        assert_eq!(shares.take(&'b', 6).unwrap_err(), Full::All);
        let _b = shares.take(&'b', 5).unwrap();
        assert_eq!(shares.take(&'b', 1).unwrap_err(), Full::All, "that is no small one any more");
        let _c = [shares.take(&'c', 2).unwrap(), shares.take(&'c', 3).unwrap()];
    }

    /// Regression: what an account had open already, and what it waited for, kept it from all else.
    #[tokio::test]
    async fn a_holder_that_waits_for_a_large_amount_gets_small_ones_and_large_beside_small() {
        let shares = Shares::new(Limits::new(200, 80).reserving(20, 5));
        let _streams: Vec<_> = (0..4).map(|_| shares.take(&1, 5).unwrap()).collect();
        let mut large = shares.take(&1, 60).unwrap();
        let waits = tokio::spawn({
            let shares = shares.clone();
            async move { shares.wait(&1, 30, SOON).await.map(|held| held.amount()) }
        });
        until_waiting(&shares, 1).await;
        large.shrink_to(4);
        assert_eq!(waits.await.unwrap(), Ok(30), "what has become small is no large amount");
        let waits = tokio::spawn({
            let shares = shares.clone();
            async move { shares.wait(&1, 70, SOON).await.map(|held| held.amount()) }
        });
        until_waiting(&shares, 1).await;
        assert!(shares.wait(&1, 5, BRIEFLY).await.is_ok());
        waits.abort();
    }

    #[tokio::test]
    async fn of_many_that_wait_the_one_that_holds_least_comes_next() {
        let shares = Shares::new(Limits::new(4, 4));
        let mut busy: Vec<_> = (0..4).map(|_| shares.take(&1, 1).unwrap()).collect();
        let (sender, mut order) = tokio::sync::mpsc::unbounded_channel();
        for (number, holder) in [1, 1, 1, 2, 3, 2].into_iter().enumerate() {
            let sender = sender.clone();
            let waiting = shares.clone();
            tokio::spawn(async move {
                let held = waiting.wait(&holder, 1, SOON).await.unwrap();
                sender.send((holder, held)).unwrap();
            });
            until_waiting(&shares, number + 1).await;
        }
        let mut served = Vec::new();
        for _ in 0..4 {
            busy.pop();
            let (holder, held) = order.recv().await.unwrap();
            served.push(holder);
            std::mem::forget(held);
        }
        assert_eq!(served, [2, 3, 1, 1], "the first is down to what the others hold by then");
    }

    #[tokio::test]
    async fn who_waits_for_its_own_share_keeps_nobody_else_waiting() {
        let shares = Shares::new(Limits::new(10, 4));
        let _mine = shares.take(&1, 4).unwrap();
        let waits = tokio::spawn({
            let shares = shares.clone();
            async move { shares.wait(&1, 1, SOON).await.map(|held| held.amount()) }
        });
        until_waiting(&shares, 1).await;
        assert_eq!(shares.wait(&2, 4, BRIEFLY).await.unwrap().amount(), 4);
        drop(_mine);
        assert_eq!(waits.await.unwrap(), Ok(1));
        assert_eq!(shares.in_use(), 0);
    }

    #[tokio::test]
    async fn who_stops_waiting_leaves_nothing_behind() {
        let shares = Shares::new(Limits::new(4, 4));
        let all = shares.take(&1, 4).unwrap();
        assert_eq!(shares.wait(&2, 1, BRIEFLY).await.unwrap_err(), Full::All);
        let waits = tokio::spawn({
            let shares = shares.clone();
            async move { shares.wait(&2, 3, SOON).await }
        });
        until_waiting(&shares, 1).await;
        drop(all);
        // It was given its part, but never learns of it.
        waits.abort();
        drop(waits.await);
        assert_eq!(shares.in_use(), 0);
        assert!(shares.state().waiting.is_empty());
    }

    #[tokio::test]
    async fn a_first_small_amount_passes_by_a_large_one_that_waits() {
        let shares = Shares::new(Limits::new(100, 60).reserving(10, 5));
        let _a = shares.take(&1, 60).unwrap();
        let waits = tokio::spawn({
            let shares = shares.clone();
            async move { shares.wait(&2, 50, SOON).await.map(|held| held.amount()) }
        });
        until_waiting(&shares, 1).await;
        assert_eq!(shares.wait(&3, 5, SOON).await.unwrap().amount(), 5);
        drop(_a);
        assert_eq!(waits.await.unwrap(), Ok(50));
    }
}
