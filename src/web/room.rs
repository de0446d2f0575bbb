//! The waiting rooms of accounts that are guessed from many networks: who is tried next, of those
//! whom an account does not know.
//!
//! One is tried at a time. A room has few seats, each of which comes to its turn while its request can
//! wait. Of those in it, the one with the lowest place goes first, and of equals the one that came
//! first; who comes with a lower place than the last one takes that one's seat. A place is a moment
//! (`net::throttles`): a network that failed at this account, or comes back again and again, moves back,
//! so that four hundred networks that guess without a pause stand behind one that only knocks.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::net::failures::{Key, Millis};

/// Two turns pass in the time that a person waits without a doubt.
const SEATS: usize = 2;

/// One account's room.
#[derive(Default)]
struct Room {
    /// Whether somebody is being tried.
    is_taken: bool,
    seats: Vec<Seat>,
    changed: Arc<Notify>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Seat {
    place: Millis,
    number: u64,
}

/// What there is to do for somebody who waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    Now,
    Later,
    /// Somebody else has the seat.
    Lost,
}

impl Room {
    /// Returns whether there is a seat: one that is free, or that of somebody with a higher place.
    fn enter(&mut self, seat: Seat) -> bool {
        if self.seats.len() >= SEATS {
            let last = self.seats.iter().copied().max();
            let Some(last) = last.filter(|last| last.place > seat.place) else { return false };
            self.leave(last.number);
        }
        self.seats.push(seat);
        true
    }

    fn turn(&self, number: u64) -> Turn {
        match self.seats.iter().min() {
            Some(first) if first.number == number && !self.is_taken => Turn::Now,
            _ if self.seats.iter().any(|seat| seat.number == number) => Turn::Later,
            _ => Turn::Lost,
        }
    }

    fn leave(&mut self, number: u64) {
        self.seats.retain(|seat| seat.number != number);
    }
}

/// All rooms. Clones share them.
#[derive(Clone, Default)]
pub struct Rooms {
    rooms: Arc<Mutex<HashMap<Key, Room>>>,
    /// The number of the next seat. None is used twice, whatever becomes of its room.
    next: Arc<AtomicU64>,
}

impl Rooms {
    /// Takes a seat in the room of an account.
    pub fn enter(&self, account: Key, place: Millis) -> Option<Waiting> {
        let mut rooms = self.lock();
        let room = rooms.entry(account).or_default();
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        if !room.enter(Seat { place, number }) {
            return None;
        }
        let changed = room.changed.clone();
        changed.notify_waiters();
        Some(Waiting { rooms: self.clone(), account, number, changed, is_tried: false })
    }

    /// Whether nobody waits for this account, or is being tried after waiting.
    pub fn is_free(&self, account: &Key) -> bool {
        !self.lock().contains_key(account)
    }

    #[cfg(test)]
    pub fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// A room is changed in one step each time, so that a panic cannot leave it half changed.
    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Room>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A seat, and then the turn. Dropping it lets the next one in.
pub struct Waiting {
    rooms: Rooms,
    account: Key,
    number: u64,
    changed: Arc<Notify>,
    is_tried: bool,
}

impl Waiting {
    /// What to wait for before asking again.
    pub fn changed(&self) -> Arc<Notify> {
        self.changed.clone()
    }

    pub fn turn(&self) -> Turn {
        self.rooms.lock().get(&self.account).map_or(Turn::Lost, |room| room.turn(self.number))
    }

    /// Takes the turn if it has come; returns whether it has.
    pub fn take_turn(&mut self) -> bool {
        let mut rooms = self.rooms.lock();
        let Some(room) = rooms.get_mut(&self.account) else { return false };
        let has_come = room.turn(self.number) == Turn::Now;
        if has_come {
            room.leave(self.number);
            room.is_taken = true;
        }
        drop(rooms);
        self.is_tried |= has_come;
        has_come
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut rooms = self.rooms.lock();
        let Some(room) = rooms.get_mut(&self.account) else { return };
        match self.is_tried {
            true => room.is_taken = false,
            false => room.leave(self.number),
        }
        if room.seats.is_empty() && !room.is_taken {
            rooms.remove(&self.account);
        }
        self.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use crate::net::throttles::SetBack;

    use super::*;

    const ACCOUNT: Key = [7; 16];

    #[test]
    fn the_lowest_place_goes_first_and_takes_the_seat_of_the_highest() {
        let rooms = Rooms::default();
        let mut late = rooms.enter(ACCOUNT, 9).unwrap();
        let mut early = rooms.enter(ACCOUNT, 5).unwrap();
        assert!(rooms.enter(ACCOUNT, 9).is_none(), "the room is full");
        assert_eq!((early.turn(), late.turn()), (Turn::Now, Turn::Later));
        let mut equal = rooms.enter(ACCOUNT, 5).unwrap();
        assert_eq!((early.turn(), equal.turn(), late.turn()), (Turn::Now, Turn::Later, Turn::Lost));
        assert!(early.take_turn() && !equal.take_turn() && !late.take_turn());
        // The turn is no seat.
        let other = rooms.enter(ACCOUNT, 1).unwrap();
        drop(early);
        assert_eq!((other.turn(), equal.turn()), (Turn::Now, Turn::Later));
        drop(other);
        assert!(equal.take_turn());
        drop((equal, late));
        assert!(rooms.is_empty());
        assert!(rooms.enter([8; 16], 1).unwrap().take_turn(), "each account has its own");
    }

    /// Hundreds of networks that guess at one account, and a newcomer that comes in the midst of it
    /// and does as it is told. One is tried every five seconds.
    struct Siege {
        room: Room,
        /// By network; the newcomer is the last.
        set_back: HashMap<usize, Millis>,
        /// The network of each seat.
        sits: HashMap<u64, usize>,
        next: u64,
    }

    const NETWORKS: usize = 420;
    const LANES: usize = 64;

    impl Siege {
        fn knock(&mut self, network: usize, now: Millis) -> Option<u64> {
            let place = self.set_back.get(&network).map_or(now, |until| (*until).max(now));
            self.next += 1;
            let seat = Seat { place, number: self.next };
            if self.room.enter(seat) {
                self.sits.insert(seat.number, network);
                return Some(seat.number);
            }
            self.set_back(network, SetBack::NoRoom, now);
            None
        }

        fn set_back(&mut self, network: usize, by: SetBack, now: Millis) {
            let until = by.after(self.set_back.get(&network).copied(), now);
            self.set_back.insert(network, until);
        }

        fn new() -> Siege {
            let (room, next) = (Room::default(), 0);
            Siege { room, set_back: HashMap::new(), sits: HashMap::new(), next }
        }

        /// Returns after how many milliseconds a newcomer that comes at `comes` is tried. Each lane
        /// guesses again `pause` after it was refused.
        fn lasts(mut self, pause: Millis, comes: Millis) -> Millis {
            let step = pause.min(50);
            let (mut rotation, mut lanes) = (0, vec![(None::<u64>, 0); LANES]);
            let (mut newcomer, mut knocks) = (None::<u64>, comes);
            for now in (0..comes + 3_600_000).step_by(step as usize) {
                for lane in &mut lanes {
                    if lane.0.is_some_and(|number| self.room.turn(number) == Turn::Lost) {
                        *lane = (None, now + pause);
                    }
                    if lane.0.is_none() && lane.1 <= now {
                        rotation = (rotation + 1) % NETWORKS;
                        *lane = (self.knock(rotation, now), now + pause);
                    }
                }
                if newcomer.is_some_and(|number| self.room.turn(number) == Turn::Lost) {
                    (newcomer, knocks) = (None, now + 5_000);
                }
                if newcomer.is_none() && knocks <= now {
                    (newcomer, knocks) = (self.knock(NETWORKS, now), now + 5_000);
                }
                if (now + step).is_multiple_of(5_000)
                    && let Some(first) = self.room.seats.iter().min().copied()
                {
                    self.room.leave(first.number);
                    match self.sits[&first.number] {
                        NETWORKS => return now - comes,
                        network => self.set_back(network, SetBack::Failed, now),
                    }
                }
            }
            panic!("it was never tried");
        }
    }

    /// P-13: networks that come back sooner than they were asked to. Who comes in the order of arrival
    /// is behind 420.
    #[test]
    fn a_newcomer_stands_before_four_hundred_networks_that_guess_without_a_pause() {
        for pause in [10, 100, 300, 600] {
            let lasts = Siege::new().lasts(pause, 1_000);
            assert!(lasts <= 25_000, "a pause of {pause} ms: {lasts} ms");
        }
    }

    /// P-13: networks that come back when they were asked to. Each of them can be before the newcomer
    /// once, and none twice in an hour: a slower pace gives the attacker nothing.
    #[test]
    fn a_newcomer_waits_for_one_try_of_each_network_at_most() {
        const ROUND: Millis = NETWORKS as Millis * 5_000;
        for pause in [800, 1_000, 2_500, 5_000, 10_000] {
            for comes in [1_000, 700_000] {
                let lasts = Siege::new().lasts(pause, comes);
                assert!(lasts <= ROUND, "a pause of {pause} ms, from {comes} ms on: {lasts} ms");
            }
        }
    }

    /// P-13: whatever the pace of the guesses, once each network has failed.
    #[test]
    fn a_newcomer_is_first_when_each_network_has_failed() {
        for pause in [100, 600, 800, 1_000, 2_500, 5_000, 10_000] {
            let lasts = Siege::new().lasts(pause, 2_400_000);
            assert!(lasts <= 10_000, "a pause of {pause} ms: {lasts} ms");
        }
    }

    #[tokio::test]
    async fn who_waits_learns_of_each_change() {
        let rooms = Rooms::default();
        let mut first = rooms.enter(ACCOUNT, 1).unwrap();
        assert!(first.take_turn());
        let mut second = rooms.enter(ACCOUNT, 2).unwrap();
        let changed = second.changed();
        let waits = changed.notified();
        drop(first);
        waits.await;
        assert!(second.take_turn());
    }
}
