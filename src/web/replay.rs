//! The proofs that were used: each is accepted once (RFC 9449 §11.1).
//!
//! They are kept in memory, up to a limit. A proof that does not fit is refused for now rather than
//! accepted, and one key can use only a part of the space, so that no client can block the others.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::digest::{Context, SHA256};

use crate::clock::Timestamp;

use super::dpop::Proof;

/// Whether a proof was used before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    First,
    Again,
    /// There is no space to remember it.
    NoRoom,
}

/// The proofs that were used and are still recent enough to be replayed.
pub struct Seen {
    room: usize,
    /// The longest time for which a proof could be replayed: one whose time is ahead by the
    /// permitted age stays valid for twice that age.
    keep_secs: i64,
    state: Mutex<State>,
}

type Id = [u8; 16];

#[derive(Default)]
struct State {
    ids: HashSet<Id>,
    /// The proofs in the order in which they can be forgotten: the time, the proof and its key.
    order: VecDeque<(Timestamp, Id, Id)>,
    by_key: HashMap<Id, usize>,
}

/// One key can use at most one part in this many of the space.
const SHARE: usize = 8;

impl Seen {
    /// Remembers at most `room` proofs, which are valid for `age_secs` before and after their time.
    pub fn new(room: usize, age_secs: u64) -> Seen {
        let age = i64::try_from(age_secs).unwrap_or(i64::MAX / 4);
        Seen { room, keep_secs: 2 * age + 1, state: Mutex::default() }
    }

    /// Records that a proof is used now, and returns whether it was used before.
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

/// Hashes the parts, each with its length, so that no two lists produce the same input.
fn short_hash(parts: &[&str]) -> Id {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part.as_bytes());
    }
    let hash = context.finish();
    *hash.as_ref().first_chunk().expect("a SHA-256 hash has 32 octets")
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
