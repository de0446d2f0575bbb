//! Arrival epochs: the keys under which arriving mail is sealed for an account.
//!
//! An epoch costs one encapsulation to the account's public key. Its secret stays in memory for at
//! most [`MESSAGES_MAX`] messages or [`AGE_MAX_SECS`], and is then wiped: from then on only the
//! account's private key opens what was sealed in it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::error::Error;
use crate::gateway::feed::tx::Tx;
use crate::gateway::mailboxes::indexing;
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::mailbox::EpochRecord;
use crate::gateway::records::tables::{ACCOUNT_KEYS, EPOCHS};
use crate::gateway::roles::sealing::RoleSeal;
use crate::store::Read;
use crate::vault::{self, Epoch, PublicKey};

const MESSAGES_MAX: u32 = 1_000;
const AGE_MAX_SECS: i64 = 10 * 60;

/// The open epochs, by account.
#[derive(Default)]
pub(in crate::gateway) struct Epochs {
    open: Mutex<HashMap<AccountId, Arc<Arriving>>>,
}

/// An epoch in which arriving mail is sealed.
pub(in crate::gateway) struct Arriving {
    pub id: u64,
    pub keys: Epoch,
    /// Whether the account's messages are indexed. Accounts never become temporary or cease to be.
    pub is_searched: bool,
    /// The key of the account that it was begun under.
    public: Vec<u8>,
    encapsulation: Vec<u8>,
    started: Timestamp,
    /// The count of `Renewals` when it started. After another, the account may have another key.
    renewals: u64,
    sealed: AtomicU32,
    stored: AtomicBool,
    /// If the account is a role mailbox: how long anything may be sealed in it.
    role: Option<RoleSeal>,
}

impl Arriving {
    /// Writes the epoch's record with the first message that needs it. Each transaction does so
    /// until one is known to have succeeded.
    pub fn store_in_tx(
        self: &Arc<Self>,
        tx: &mut Tx<'_, '_>,
        account: AccountId,
    ) -> Result<(), Error> {
        if !self.stored.load(Ordering::Acquire) {
            let record =
                EpochRecord { encapsulation: self.encapsulation.clone(), started: self.started };
            tx.insert(&EPOCHS, &(account, self.id), &record)?;
            let epoch = self.clone();
            tx.then(move |_| epoch.stored.store(true, Ordering::Release));
        }
        Ok(())
    }

    /// Whether the account's keys open it. Those of a user are renewed, and open what was sealed to the
    /// ones before; a temporary account that was started again has others.
    pub fn is_opened(&self, reader: &impl Read, account: AccountId) -> Result<bool, Error> {
        if self.is_searched {
            return Ok(true);
        }
        // What becomes of messages to an account that was deleted is decided elsewhere.
        let keys = reader.get(&ACCOUNT_KEYS, &account)?;
        Ok(keys.is_none_or(|keys| keys.public == self.public))
    }

    /// Whether its keys change while messages are on their way to it: those of a role mailbox.
    pub fn is_role(&self) -> bool {
        self.role.is_some()
    }

    fn holds(&self, reader: &impl Read, account: AccountId) -> Result<bool, Error> {
        self.role.map_or(Ok(true), |role| role.holds(reader, account))
    }

    /// Fails with `busy` if nobody could open what was sealed in it, or somebody who left a group could:
    /// another try seals it anew.
    pub fn check(&self, reader: &impl Read, account: AccountId) -> Result<(), Error> {
        if !self.holds(reader, account)? {
            return Err(Error::Busy);
        }
        if self.is_opened(reader, account)? { Ok(()) } else { Err(Error::Busy) }
    }

    /// The contents of the epoch's record.
    pub fn record(&self) -> (Vec<u8>, Timestamp) {
        (self.encapsulation.clone(), self.started)
    }

    fn is_over(&self, now: Timestamp) -> bool {
        let age_secs = now.unix_secs() - self.started.unix_secs();
        self.sealed.load(Ordering::Relaxed) >= MESSAGES_MAX
            || !(0..AGE_MAX_SECS).contains(&age_secs)
    }
}

/// The binding of an epoch's encapsulation and keys.
pub(in crate::gateway) fn binding(account: AccountId, epoch: u64) -> [u8; 24] {
    let mut bound = [0; 24];
    bound[..16].copy_from_slice(&account.0);
    bound[16..].copy_from_slice(&epoch.to_be_bytes());
    bound
}

impl Gateway {
    /// The epoch for a message that arrives now; starts one if there is none or it is over.
    pub(in crate::gateway) fn epoch_arriving(
        &self,
        account: AccountId,
    ) -> Result<Arc<Arriving>, Error> {
        let now = self.inner.clock.now();
        let renewals = self.inner.renewals.count();
        let is_current = |epoch: &&Arc<Arriving>| !epoch.is_over(now) && epoch.renewals == renewals;
        let open = self.epochs().get(&account).filter(is_current).cloned();
        if let Some(epoch) = open
            && epoch.holds(&self.inner.store, account)?
        {
            epoch.sealed.fetch_add(1, Ordering::Relaxed);
            return Ok(epoch);
        }
        let epoch = Arc::new(self.epoch_begin(account, now, renewals)?);
        self.epochs().insert(account, epoch.clone());
        Ok(epoch)
    }

    /// Wipes the secrets of epochs that are over. Called from a timer.
    pub fn epochs_expire(&self) {
        let (now, renewals) = (self.inner.clock.now(), self.inner.renewals.count());
        self.epochs().retain(|_, epoch| !epoch.is_over(now) && epoch.renewals == renewals);
    }

    /// `renewals` was read before, so that a renewal in between is not missed.
    fn epoch_begin(
        &self,
        account: AccountId,
        now: Timestamp,
        renewals: u64,
    ) -> Result<Arriving, Error> {
        if let Some(keys) = self.inner.store.get(&ACCOUNT_KEYS, &account)? {
            return self.epoch_of(account, &keys.public_key(), (now, renewals));
        }
        let role = self.role_public(account)?;
        let (public, seal) = role.ok_or(Error::NotFound { what: "account" })?;
        let epoch = self.epoch_of(account, &public, (now, renewals))?;
        Ok(Arriving { role: Some(seal), ..epoch })
    }

    /// An epoch under a key that the account does not have yet.
    pub(in crate::gateway) fn epoch_under(
        &self,
        account: AccountId,
        public: &PublicKey,
    ) -> Result<Arriving, Error> {
        self.epoch_of(account, public, (self.inner.clock.now(), self.inner.renewals.count()))
    }

    fn epoch_of(
        &self,
        account: AccountId,
        public: &PublicKey,
        (now, renewals): (Timestamp, u64),
    ) -> Result<Arriving, Error> {
        let id = u64::from_be_bytes(vault::random_bytes()?);
        let (keys, encapsulation) = vault::epoch_begin(public, &binding(account, id))?;
        Ok(Arriving {
            id,
            keys,
            is_searched: indexing::is_searched(&self.inner.store, account)?,
            public: public.octets.clone(),
            encapsulation,
            started: now,
            renewals,
            sealed: AtomicU32::new(1),
            stored: AtomicBool::new(false),
            role: None,
        })
    }

    /// Makes an epoch the open one, as if a message were packed in it.
    #[cfg(test)]
    pub(in crate::gateway) fn epoch_open(&self, account: AccountId, epoch: Arriving) {
        self.epochs().insert(account, Arc::new(epoch));
    }

    fn epochs(&self) -> std::sync::MutexGuard<'_, HashMap<AccountId, Arc<Arriving>>> {
        self.inner.epochs.open.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
