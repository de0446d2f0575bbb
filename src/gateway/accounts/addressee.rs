//! Who has an address, and whether they take mail: asked for each recipient of each message, and
//! changed only by an administrator.
//!
//! The answers are kept in memory. A change of an account forgets what is known of it, once the
//! change is durable and before its caller has an answer; so nothing that was changed is answered
//! from memory afterwards. An address that nobody has is not kept.
//!
//! What an account stores is kept as well. Each transaction that stores something replaces it once
//! it is durable; one that deletes something need not, since an account that looks full in memory
//! is looked at again. What is stored counts in its own transaction, whatever was answered here.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::gateway::Gateway;
use crate::gateway::error::Error;
use crate::gateway::quota::QuotaView;
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::membership::closed_rows_of;
use crate::gateway::records::tables::ROLE_MAILBOXES;
use crate::store::Read;
use crate::terms::AcceptFrom;

/// What accepting mail for an account depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway) struct Addressee {
    pub account: AccountId,
    pub accept_from: AcceptFrom,
    pub disabled: bool,
    /// Whether the account is in a closed group: then it depends on who writes.
    pub closed: bool,
}

/// Where a sender is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    Outside,
    Inside,
}

impl Origin {
    /// Whether an account that accepts mail from there gets it.
    pub(in crate::gateway) fn is_taken(self, accept_from: AcceptFrom) -> bool {
        match accept_from {
            AcceptFrom::Both => true,
            AcceptFrom::Inside => self == Origin::Inside,
            AcceptFrom::Outside => self == Origin::Outside,
        }
    }
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
    /// How many transactions stored something. A quota that was read before one is not kept after
    /// it.
    stored: u64,
    quotas: HashMap<AccountId, QuotaView>,
}

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

    /// Returns how many transactions stored something.
    pub fn stored(&self) -> u64 {
        self.lock().stored
    }

    /// Keeps the quota of an account that was read after `stored`.
    pub fn keep_quota(&self, stored: u64, account: AccountId, quota: QuotaView) {
        let mut known = self.lock();
        if known.stored != stored {
            return;
        }
        if known.quotas.len() >= KNOWN_MAX {
            known.quotas.clear();
        }
        known.quotas.insert(account, quota);
    }

    /// Whether an account is known to have room for a message of `octets`.
    pub fn has_room(&self, account: AccountId, octets: u64) -> bool {
        self.lock().quotas.get(&account).is_some_and(|quota| quota.has_room(octets))
    }

    /// Replaces the quota of an account, if it is known. Call it in the order of the transactions,
    /// once each is durable.
    pub fn store(&self, account: AccountId, quota: QuotaView) {
        let mut known = self.lock();
        known.stored += 1;
        if let Some(before) = known.quotas.get_mut(&account) {
            *before = quota;
        }
    }

    /// Forgets what is known of an account. Call it once a change of the account is durable.
    pub fn forget(&self, account: AccountId) {
        let mut known = self.lock();
        known.changes += 1;
        known.stored += 1;
        known.quotas.remove(&account);
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
        // One that counts no longer is found out where it is asked who may write.
        let closed = !closed_rows_of(&self.inner.store, account)?.is_empty();
        let addressee = Addressee { account, accept_from, disabled, closed };
        // Whether somebody could read what comes to a role mailbox changes with its group.
        if !self.inner.store.has(&ROLE_MAILBOXES, &account)? {
            self.inner.addressees.keep(changes, normalized, addressee);
        }
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
    use crate::gateway::records::mailbox::Usage;
    use crate::gateway::settings::Quota;
    use crate::terms::Fullness;

    const DANA: Addressee = Addressee {
        account: AccountId([1; 16]),
        accept_from: AcceptFrom::Both,
        disabled: false,
        closed: false,
    };

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

    fn quota(messages: u64) -> QuotaView {
        QuotaView {
            usage: Usage { octets: 0, messages },
            quota: Quota { octets: 1_000, messages: 10 },
            fullness: if messages < 10 { Fullness::Room } else { Fullness::Full },
        }
    }

    #[test]
    fn the_quota_that_is_known_is_that_of_the_last_transaction() {
        let addressees = Addressees::default();
        let has_room = |octets| addressees.has_room(DANA.account, octets);
        assert!(!has_room(1), "nothing is known yet");
        addressees.keep_quota(0, DANA.account, quota(0));
        assert!(has_room(1_000) && !has_room(1_001));
        addressees.store(DANA.account, quota(10));
        assert!(!has_room(1));
        addressees.keep_quota(0, DANA.account, quota(0));
        assert!(!has_room(1), "it was read before something was stored");
        addressees.keep_quota(addressees.stored(), DANA.account, quota(9));
        assert!(has_room(1));
        addressees.forget(DANA.account);
        assert!(!has_room(1));
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
