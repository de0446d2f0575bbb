//! Who has an address, and whether they take mail: asked for each recipient of each message, and
//! changed only by an administrator.
//!
//! The answers are kept in memory. A change of an account forgets what is known of it, once the
//! change is durable and before its caller has an answer; so nothing that was changed is answered
//! from memory afterwards. An address that nobody has is not kept.
//!
//! Of an account's quota only this is kept: that it had much room, which is then asked for again
//! after some messages. What is stored counts in its own transaction, whatever was answered here.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::gateway::Gateway;
use crate::gateway::error::Error;
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::mailbox::Usage;
use crate::terms::AcceptFrom;

/// What accepting mail for an account depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway) struct Addressee {
    pub account: AccountId,
    pub accept_from: AcceptFrom,
    pub disabled: bool,
}

/// The addressees that were asked for.
#[derive(Default)]
pub(in crate::gateway) struct Addressees {
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// How many changes of accounts there were. What was read before one is not kept after it.
    changes: u64,
    by_address: HashMap<String, Addressee>,
    rooms: HashMap<AccountId, Room>,
}

/// The room that an account had when it was looked at.
struct Room {
    /// How many messages may still be accepted before it is looked at again.
    messages: u64,
    /// The largest of them, in octets.
    octets_each: u64,
}

/// How many messages are accepted before the quota is looked at again.
const ROOM_MESSAGES: u64 = 64;

/// All are forgotten when there are this many.
const KNOWN_MAX: usize = 10_000;

impl Addressees {
    fn known_at(&self, normalized: &str) -> Result<Addressee, u64> {
        let known = self.lock();
        known.by_address.get(normalized).copied().ok_or(known.changes)
    }

    /// Keeps what was read after `changes`.
    fn keep(&self, changes: u64, normalized: &str, addressee: Addressee) {
        let mut known = self.lock();
        if known.changes != changes {
            return;
        }
        if known.by_address.len() >= KNOWN_MAX {
            known.by_address.clear();
        }
        known.by_address.insert(normalized.to_owned(), addressee);
    }

    /// Returns how many changes of accounts there were.
    pub fn changes(&self) -> u64 {
        self.lock().changes
    }

    /// Keeps how much room an account had when it was looked at, after `changes`.
    pub fn keep_room(&self, changes: u64, account: AccountId, room: Usage) {
        let mut known = self.lock();
        if known.changes != changes {
            return;
        }
        if known.rooms.len() >= KNOWN_MAX {
            known.rooms.clear();
        }
        let messages = room.messages.min(ROOM_MESSAGES);
        known.rooms.insert(account, Room { messages, octets_each: room.octets / ROOM_MESSAGES });
    }

    /// Whether an account certainly has room for a message of `octets`; it takes a part of what is
    /// kept.
    pub fn has_room(&self, account: AccountId, octets: u64) -> bool {
        let mut known = self.lock();
        let Some(room) = known.rooms.get_mut(&account) else { return false };
        if room.messages == 0 || octets > room.octets_each {
            return false;
        }
        room.messages -= 1;
        true
    }

    /// Forgets what is known of an account. Call it once a change of the account is durable.
    pub fn forget(&self, account: AccountId) {
        let mut known = self.lock();
        known.changes += 1;
        known.rooms.remove(&account);
        known.by_address.retain(|_, addressee| addressee.account != account);
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Gateway {
    /// The account that has exactly this normalised address.
    pub(in crate::gateway) fn addressee(
        &self,
        normalized: &str,
    ) -> Result<Option<Addressee>, Error> {
        let changes = match self.inner.addressees.known_at(normalized) {
            Ok(known) => return Ok(Some(known)),
            Err(changes) => changes,
        };
        let Some(account) = self.account_at(normalized)? else { return Ok(None) };
        let record = self.account(account)?;
        let (accept_from, disabled) = (record.accept_from, record.disabled);
        let addressee = Addressee { account, accept_from, disabled };
        self.inner.addressees.keep(changes, normalized, addressee);
        Ok(Some(addressee))
    }

    /// As [`Gateway::addressee`], but only from memory.
    pub(in crate::gateway) fn addressee_known(&self, normalized: &str) -> Option<Addressee> {
        self.inner.addressees.known_at(normalized).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DANA: Addressee =
        Addressee { account: AccountId([1; 16]), accept_from: AcceptFrom::Both, disabled: false };

    #[test]
    fn what_was_read_before_a_change_is_not_kept_after_it() {
        let addressees = Addressees::default();
        let changes = addressees.known_at("dana@example.org").unwrap_err();
        addressees.forget(DANA.account);
        addressees.keep(changes, "dana@example.org", DANA);
        let changes = addressees.known_at("dana@example.org").unwrap_err();
        addressees.keep(changes, "dana@example.org", DANA);
        assert_eq!(addressees.known_at("dana@example.org"), Ok(DANA));
        addressees.forget(AccountId([2; 16]));
        assert_eq!(addressees.known_at("dana@example.org"), Ok(DANA), "another account changed");
        addressees.forget(DANA.account);
        assert!(addressees.known_at("dana@example.org").is_err());
    }

    #[test]
    fn room_is_used_up_and_forgotten() {
        let addressees = Addressees::default();
        let has_room = |octets| addressees.has_room(DANA.account, octets);
        assert!(!has_room(1), "nothing is known yet");
        let much = Usage { octets: 64_000, messages: 1_000 };
        addressees.keep_room(0, DANA.account, much);
        assert!(!has_room(1_001), "so many of this size might not fit");
        assert!((0..64).all(|_| has_room(1_000)));
        assert!(!has_room(1));
        addressees.keep_room(0, DANA.account, much);
        addressees.forget(DANA.account);
        assert!(!has_room(1), "its limits may have changed");
        addressees.keep_room(0, DANA.account, much);
        assert!(!has_room(1), "it was looked at before the change");
    }

    #[test]
    fn no_more_are_known_than_the_limit() {
        let addressees = Addressees::default();
        for number in 0..=KNOWN_MAX {
            addressees.keep(0, &format!("{number}@example.org"), DANA);
        }
        assert_eq!(addressees.lock().by_address.len(), 1);
    }
}
