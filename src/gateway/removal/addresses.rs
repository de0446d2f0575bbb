//! Further addresses of a user, added and removed, and names that are held for a time.
//!
//! An address that somebody had until lately is nobody's: what people write to it is refused, instead of
//! reaching somebody else who got the address too early.

use std::ops::ControlFlow;

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::accounts::account::claim_address_in_tx;
use crate::gateway::error::{Conflict, Error};
use crate::gateway::records::account::HeldName;
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::membership::computed_lapse_in_tx;
use crate::gateway::records::tables::{ADDRESSES, HELD_NAMES};
use crate::mail::address::Address;
use crate::store::{Read, Tx};
use crate::vault::Lookup;

/// The most addresses of one account.
pub const ADDRESSES_MAX: usize = 50;

/// How long a name or an address of somebody who was removed stays nobody's.
pub const HELD_DAYS: i64 = 90;
const DAY_SECS: i64 = 24 * 3600;

/// What becomes of a name or an address that an account had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameAfter {
    /// Nobody gets it for [`HELD_DAYS`].
    Held,
    /// Another account can have it at once.
    Free,
}

impl NameAfter {
    /// When others get a name that is given up now.
    pub(super) fn until(self, now: Timestamp) -> Option<Timestamp> {
        (self == NameAfter::Held).then(|| now.plus_secs(HELD_DAYS * DAY_SECS))
    }
}

/// Holds a name under its keyed hash until a time, if it is held at all. The account that had it gets it
/// back before that.
pub(super) fn hold_in_tx(
    tx: &mut Tx<'_>,
    key: [u8; 16],
    (of, until): (AccountId, Option<Timestamp>),
) -> Result<(), Error> {
    match until {
        Some(until) => Ok(tx.put(&HELD_NAMES, &key, &HeldName { until, of })?),
        None => Ok(()),
    }
}

impl Gateway {
    /// Adds an address in a local domain to an account.
    pub fn account_address_add(&self, name: &str, address: &Address) -> Result<(), Error> {
        let id = self.account_named(name)?;
        if self.temporary(id)?.is_some() {
            return Err(Error::Denied { reason: "a temporary account has one address" });
        }
        let address = self.checked_address(address)?;
        if self.is_composed(&[&address])? {
            return Err(Error::Conflict(Conflict::Exists));
        }
        let (vault, now) = (self.inner.vault.clone(), self.inner.clock.now());
        self.account_change_in(id, move |tx, account| {
            if account.addresses.contains(&address) {
                return Err(Error::Conflict(Conflict::Exists));
            }
            if account.addresses.len() >= ADDRESSES_MAX {
                return Err(Error::OverQuota);
            }
            claim_address_in_tx(tx, &vault, (id, now), &address)?;
            account.addresses.push(address.clone());
            Ok(())
        })
    }

    /// Removes an address from an account. If it was the account's own, the next one takes its place;
    /// the last one stays: `last-address`.
    pub fn account_address_remove(
        &self,
        name: &str,
        address: &Address,
        after: NameAfter,
    ) -> Result<(), Error> {
        let id = self.account_named(name)?;
        let address = self.checked_address(address)?;
        let (vault, now) = (self.inner.vault.clone(), self.inner.clock.now());
        self.account_change_in(id, move |tx, account| {
            let found = account.addresses.iter().position(|one| *one == address);
            let at = found.ok_or(Error::NotFound { what: "address" })?;
            if account.addresses.len() == 1 {
                return Err(Error::Conflict(Conflict::LastAddress));
            }
            account.addresses.remove(at);
            // Attestations name the first address.
            computed_lapse_in_tx(tx, id)?;
            let key = vault.lookup(Lookup::Address, address.as_bytes());
            tx.delete(&ADDRESSES, &key);
            hold_in_tx(tx, key, (id, after.until(now)))
        })
    }

    /// Lets another account have a login name or an address that is held.
    pub fn held_name_release(&self, name: &str) -> Result<(), Error> {
        let vault = &self.inner.vault;
        let mut keys = vec![vault.lookup(Lookup::LoginName, name.trim().to_lowercase().as_bytes())];
        if let Ok(address) = Address::parse(name.trim()) {
            keys.push(vault.lookup(Lookup::Address, address.normalized().as_bytes()));
        }
        let done = self.inner.store.transact(move |tx| {
            let mut found = false;
            for key in &keys {
                found |= tx.has(&HELD_NAMES, key)?;
                tx.delete(&HELD_NAMES, key);
            }
            if found { Ok(()) } else { Err(Error::NotFound { what: "name that is held" }) }
        });
        done.wait()
    }

    /// Forgets at most `limit` names that are held no longer.
    pub(super) fn held_names_expire(&self, limit: usize) -> Result<(), Error> {
        let now = self.inner.clock.now();
        let mut over = Vec::new();
        self.inner.store.scan_readable(&HELD_NAMES, &(), |key: [u8; 16], held| {
            if held.until <= now {
                over.push(key);
            }
            if over.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        if over.is_empty() {
            return Ok(());
        }
        let done = self.inner.store.transact(move |tx| {
            over.iter().for_each(|key| tx.delete(&HELD_NAMES, key));
            Ok::<_, Error>(())
        });
        done.wait()
    }
}
