//! Proofs that were used: each is good once (RFC 9449 §11.1).
//!
//! In memory and bounded. What does not fit is put off rather than let through, and one key may
//! fill only a part, so that nobody can put off everybody else.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::digest::{Context, SHA256};

use crate::clock::Timestamp;

use super::dpop::Proof;

/// What a proof turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    First,
    Again,
    /// There is no room to remember it.
    NoRoom,
}

/// The proofs that were used and are not yet too old to be used again.
pub struct Seen {
    room: usize,
    /// How long a proof could be used again, at the longest: one made ahead of time by the age
    /// that is allowed stays good for twice that.
    keep_secs: i64,
    state: Mutex<State>,
}

type Id = [u8; 16];

#[derive(Default)]
struct State {
    ids: HashSet<Id>,
    /// In the order in which they may be forgotten: when, the proof, its key.
    order: VecDeque<(Timestamp, Id, Id)>,
    by_key: HashMap<Id, usize>,
}

/// One key may fill this part of the room.
const SHARE: usize = 8;

impl Seen {
    /// Remembers at most `room` proofs that are good for `age_secs` before and after their time.
    pub fn new(room: usize, age_secs: u64) -> Seen {
        let age = i64::try_from(age_secs).unwrap_or(i64::MAX / 4);
        Seen { room, keep_secs: 2 * age + 1, state: Mutex::default() }
    }

    /// Notes that a proof is used now, and says whether it is the first time.
    pub fn note(&self, proof: &Proof, now: Timestamp) -> Use {
        let id = short_hash(&[&proof.thumbprint, &proof.jti]);
        let key = short_hash(&[&proof.thumbprint]);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.forget(now);
        if state.ids.contains(&id) {
            return Use::Again;
        }
        let by_key = state.by_key.get(&key).copied().unwrap_or_default();
        if state.ids.len() >= self.room || by_key >= self.room.div_ceil(SHARE) {
            return Use::NoRoom;
        }
        state.ids.insert(id);
        state.order.push_back((now.plus_secs(self.keep_secs), id, key));
        *state.by_key.entry(key).or_default() += 1;
        Use::First
    }
}

impl State {
    fn forget(&mut self, now: Timestamp) {
        while let Some((until, id, key)) = self.order.front().copied() {
            if until > now {
                return;
            }
            self.order.pop_front();
            self.ids.remove(&id);
            if let Entry::Occupied(mut count) = self.by_key.entry(key) {
                *count.get_mut() -= 1;
                if *count.get() == 0 {
                    count.remove();
                }
            }
        }
    }
}

/// Each part with its length, so that no two lists give the same octets.
fn short_hash(parts: &[&str]) -> Id {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part.as_bytes());
    }
    let hash = context.finish();
    *hash.as_ref().first_chunk().expect("SHA-256 gives 32 octets")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proof(key: &str, jti: &str) -> Proof {
        Proof { thumbprint: key.to_owned(), jti: jti.to_owned() }
    }

    #[test]
    fn a_proof_is_good_once_for_as_long_as_it_could_be_used() {
        let seen = Seen::new(100, 60);
        let now = Timestamp(0);
        assert_eq!(seen.note(&proof("k", "1"), now), Use::First);
        assert_eq!(seen.note(&proof("k", "1"), now), Use::Again);
        assert_eq!(seen.note(&proof("k", "2"), now), Use::First);
        assert_eq!(seen.note(&proof("other", "1"), now), Use::First);
        assert_eq!(seen.note(&proof("k", "1"), now.plus_secs(120)), Use::Again);
        assert_eq!(seen.note(&proof("k", "1"), now.plus_secs(121)), Use::First);
    }

    #[test]
    fn memory_is_bounded_and_one_key_cannot_take_it_all() {
        let seen = Seen::new(80, 60);
        let now = Timestamp(0);
        for jti in 0..10 {
            assert_eq!(seen.note(&proof("k", &jti.to_string()), now), Use::First);
        }
        assert_eq!(seen.note(&proof("k", "more"), now), Use::NoRoom);
        for key in 0..70 {
            assert_eq!(seen.note(&proof(&key.to_string(), "1"), now), Use::First);
        }
        assert_eq!(seen.note(&proof("late", "1"), now), Use::NoRoom);
        let later = now.plus_secs(121);
        assert_eq!(seen.note(&proof("late", "1"), later), Use::First);
        let state = seen.state.lock().unwrap();
        assert_eq!((state.ids.len(), state.order.len(), state.by_key.len()), (1, 1, 1));
    }
}
