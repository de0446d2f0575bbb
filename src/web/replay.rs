//! The proofs that were used: each is accepted once (RFC 9449 §11.1).
//!
//! They are kept in memory, up to a limit. A proof that does not fit is refused for now rather than
//! accepted, and one account can use only a part of the space, however many keys it has. Only what
//! was used for an account, or in a browser that it knows, is kept: who is not signed in, and does
//! not sign in, takes no space at all.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::digest::{Context, SHA256};

use crate::clock::Timestamp;
use crate::gateway::AccountId;

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
    /// The proofs in the order in which they can be forgotten: the time, the proof and its account.
    order: VecDeque<(Timestamp, Id, AccountId)>,
    by_account: HashMap<AccountId, usize>,
}

/// One account can use at most one part in this many of the space.
const SHARE: usize = 8;

impl Seen {
    /// Remembers at most `room` proofs, which are valid for `age_secs` before and after their time.
    pub fn new(room: usize, age_secs: u64) -> Seen {
        let age = i64::try_from(age_secs).unwrap_or(i64::MAX / 4);
        Seen { room, keep_secs: 2 * age + 1, state: Mutex::default() }
    }

    /// Says whether a proof was used before, and does not record it.
    pub fn is_used(&self, proof: &Proof) -> bool {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.ids.contains(&id_of(proof))
    }

    /// Records that a proof is used now for `account`, and returns whether it was used before.
    pub fn note(&self, account: AccountId, proof: &Proof, now: Timestamp) -> Use {
        let id = id_of(proof);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.forget(now);
        if state.ids.contains(&id) {
            return Use::Again;
        }
        let here = state.by_account.get(&account).copied().unwrap_or_default();
        if state.ids.len() >= self.room || here >= self.room.div_ceil(SHARE) {
            return Use::NoRoom;
        }
        state.ids.insert(id);
        state.order.push_back((now.plus_secs(self.keep_secs), id, account));
        *state.by_account.entry(account).or_default() += 1;
        Use::First
    }
}

impl State {
    fn forget(&mut self, now: Timestamp) {
        while let Some((until, id, account)) = self.order.front().copied() {
            if until > now {
                return;
            }
            self.order.pop_front();
            self.ids.remove(&id);
            if let Entry::Occupied(mut count) = self.by_account.entry(account) {
                *count.get_mut() -= 1;
                if *count.get() == 0 {
                    count.remove();
                }
            }
        }
    }
}

fn id_of(proof: &Proof) -> Id {
    short_hash(&[&proof.thumbprint, &proof.jti])
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

    const DANA: AccountId = AccountId([1; 16]);

    fn proof(key: &str, jti: &str) -> Proof {
        Proof { thumbprint: key.to_owned(), jti: jti.to_owned() }
    }

    #[test]
    fn a_proof_is_good_once_for_as_long_as_it_could_be_used() {
        let seen = Seen::new(100, 60);
        let now = Timestamp(0);
        assert!(!seen.is_used(&proof("k", "1")));
        assert_eq!(seen.note(DANA, &proof("k", "1"), now), Use::First);
        assert_eq!(seen.note(DANA, &proof("k", "1"), now), Use::Again);
        assert!(seen.is_used(&proof("k", "1")));
        assert_eq!(seen.note(DANA, &proof("k", "2"), now), Use::First);
        assert_eq!(seen.note(DANA, &proof("other", "1"), now), Use::First);
        assert_eq!(seen.note(DANA, &proof("k", "1"), now.plus_secs(120)), Use::Again);
        assert_eq!(seen.note(DANA, &proof("k", "1"), now.plus_secs(121)), Use::First);
    }

    #[test]
    fn memory_is_bounded_and_one_account_cannot_take_it_all() {
        let seen = Seen::new(80, 60);
        let now = Timestamp(0);
        // A key for each proof, as with a session for each.
        for key in 0..10 {
            assert_eq!(seen.note(DANA, &proof(&key.to_string(), "1"), now), Use::First);
        }
        assert_eq!(seen.note(DANA, &proof("k", "more"), now), Use::NoRoom);
        for other in 10..80 {
            let (other, key) = (AccountId([other; 16]), other.to_string());
            assert_eq!(seen.note(other, &proof(&key, "1"), now), Use::First);
        }
        let late = AccountId([100; 16]);
        assert_eq!(seen.note(late, &proof("late", "1"), now), Use::NoRoom);
        let later = now.plus_secs(121);
        assert_eq!(seen.note(late, &proof("late", "1"), later), Use::First);
        let state = seen.state.lock().unwrap();
        assert_eq!((state.ids.len(), state.order.len(), state.by_account.len()), (1, 1, 1));
    }
}
