//! What an account knows of signing keys: those of others as it first saw them, and its own.
//!
//! The rows are sealed under the account's current keys, and are sealed anew when these are renewed. So
//! one who can write to the store can delete them or put older ones back that were sealed since the last
//! renewal, and change nothing in them, also with the keys of before. A key that differs from the one that is
//! known is shown as changed until its reader says that it is the right one.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::error::{Error, readable, undamaged};
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::sealed_form;
use crate::gateway::records::search::Sealed;
use crate::gateway::records::tables::{ACCOUNT_KEYS, KNOWN_KEYS};
use crate::store::{Read, Record};
use crate::vault::{AccountSecret, VerifyingKey};

/// A signing key as an account knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownKey {
    pub key: VerifyingKey,
    /// When it was first seen, or accepted in place of another.
    pub since: Timestamp,
    /// The highest number of a register that was seen signed with it.
    pub register: u64,
    /// The digest of that register: another one with its number is not the one that was seen.
    pub register_digest: [u8; 32],
    /// When an own key was lost and another was made without the owner having asked for it.
    pub lost: Option<Timestamp>,
    /// The keys that were known before it, the latest first.
    pub earlier: Vec<VerifyingKey>,
}

/// The most earlier keys that are kept of one account.
const EARLIER_MAX: usize = 8;

/// A register as one sees it: its number, and its digest.
pub(in crate::gateway) type Seen = (u64, [u8; 32]);

impl KnownKey {
    /// A key that is known from now on.
    pub(in crate::gateway) fn new(key: VerifyingKey, since: Timestamp) -> KnownKey {
        let (register, register_digest) = (0, [0; 32]);
        KnownKey { key, since, register, register_digest, lost: None, earlier: Vec::new() }
    }

    /// The same after a register was seen, which counts if it is a later one.
    pub(in crate::gateway) fn after(self, seen: Option<Seen>) -> KnownKey {
        match seen {
            Some((register, register_digest)) if register > self.register => {
                KnownKey { register, register_digest, ..self }
            }
            _ => self,
        }
    }

    /// Whether a register that is seen now is an older one than was seen before, is another one with
    /// the same number, or is not there although there was one.
    pub(in crate::gateway) fn is_rolled_back(&self, seen: Option<Seen>) -> bool {
        let (number, digest) = seen.unwrap_or((0, [0; 32]));
        number < self.register || (number == self.register && digest != self.register_digest)
    }

    /// A key in place of the one that was `known`, if there was one and it differs.
    pub(in crate::gateway) fn instead(
        known: Option<KnownKey>,
        key: VerifyingKey,
        since: Timestamp,
    ) -> KnownKey {
        match known {
            None => KnownKey::new(key, since),
            Some(known) if known.key == key => known,
            Some(known) => {
                let mut earlier = vec![known.key];
                earlier.extend(known.earlier.into_iter().filter(|one| *one != key));
                earlier.truncate(EARLIER_MAX);
                KnownKey { earlier, ..KnownKey::new(key, since) }
            }
        }
    }
}

/// What is to be kept of a key, in place of the row that was looked at.
pub(in crate::gateway) struct NewlyKnownKey {
    of: AccountId,
    before: Option<Sealed>,
    row: Sealed,
}

impl Record for KnownKey {
    const VERSION: u8 = 1;
}

pub(in crate::gateway) fn binding(account: AccountId, of: AccountId) -> Vec<u8> {
    [b"known key\0".as_slice(), &account.0, &of.0].concat()
}

impl Gateway {
    /// What the account that `secret` opens knows of the key of another, or of its own.
    pub(in crate::gateway) fn known_key(
        &self,
        own: (AccountId, &AccountSecret),
        of: AccountId,
    ) -> Result<Option<KnownKey>, Error> {
        let row = self.inner.store.get(&KNOWN_KEYS, &(own.0, of))?;
        row.map(|row| opened(own, of, &row)).transpose()
    }

    /// The same with the row as it is stored; what cannot be read is not known.
    pub(in crate::gateway) fn known_row(
        &self,
        own: (AccountId, &AccountSecret),
        of: AccountId,
    ) -> Result<(Option<Sealed>, Option<KnownKey>), Error> {
        let row = undamaged(self.inner.store.get(&KNOWN_KEYS, &(own.0, of)))?;
        let known = readable(row.as_ref().map(|row| opened(own, of, row)).transpose())?.flatten();
        Ok((row, known))
    }

    /// The row of what an account knows of a key.
    pub(in crate::gateway) fn known_sealed(
        (account, secret): (AccountId, &AccountSecret),
        of: AccountId,
        known: &KnownKey,
    ) -> Result<Sealed, Error> {
        let plain = sealed_form::octets_of(known)?;
        Ok(Sealed(secret.seal_own(&binding(account, of), &plain)?))
    }

    /// Keeps what an account knows of a key in place of the row that was looked at; returns whether
    /// that was still there. A late writer would put back what was known before.
    pub(in crate::gateway) fn known_key_keep(
        &self,
        own: (AccountId, &AccountSecret),
        of: AccountId,
        (before, known): (Option<Sealed>, &KnownKey),
    ) -> Result<bool, Error> {
        let (key, row) = ((own.0, of), Gateway::known_sealed(own, of, known)?);
        let number = own.1.number();
        let done = self.inner.store.transact(move |tx| {
            // What was opened before a renewal keeps nothing after it: it could not be read.
            let keys = tx.get(&ACCOUNT_KEYS, &key.0)?;
            let is_same = keys.is_some_and(|keys| keys.number == number)
                && undamaged(tx.get(&KNOWN_KEYS, &key))? == before;
            if is_same {
                tx.put(&KNOWN_KEYS, &key, &row)?;
            }
            Ok::<_, Error>(is_same)
        });
        done.wait()
    }

    /// What the actor knows of a key, which is `shown` now with a register, and what is to be kept of it.
    /// The first one that is shown is known from then on. Temporary accounts keep nothing.
    pub(in crate::gateway) fn known_key_meet(
        &self,
        actor: &Actor,
        of: AccountId,
        (shown, register): (VerifyingKey, Option<Seen>),
    ) -> Result<(KnownKey, Option<NewlyKnownKey>), Error> {
        let own = (actor.account(), actor.secret());
        let first = || KnownKey::new(shown, self.inner.clock.now());
        if actor.is_temporary() {
            return Ok((first().after(register), None));
        }
        let before = self.inner.store.get(&KNOWN_KEYS, &(own.0, of))?;
        let known = before.as_ref().map(|row| opened(own, of, row)).transpose()?;
        let met = match known.clone() {
            Some(known) if known.key != shown => return Ok((known, None)),
            Some(known) => known.after(register),
            None => first().after(register),
        };
        if known.as_ref() == Some(&met) {
            return Ok((met, None));
        }
        let row = Gateway::known_sealed(own, of, &met)?;
        Ok((met, Some(NewlyKnownKey { of, before, row })))
    }

    /// Keeps what a request came to know of keys, in one transaction. A page can be read, and a message
    /// sent, when nothing can be stored. Another request that was first knows as much.
    pub(in crate::gateway) fn known_keys_keep(&self, actor: &Actor, new: Vec<NewlyKnownKey>) {
        if new.is_empty() {
            return;
        }
        let (account, number) = (actor.account(), actor.secret().number());
        let done = self.inner.store.transact(move |tx| {
            // What was opened before a renewal keeps nothing after it: it could not be read.
            let keys = tx.get(&ACCOUNT_KEYS, &account)?;
            if keys.is_none_or(|keys| keys.number != number) {
                return Ok(());
            }
            for NewlyKnownKey { of, before, row } in &new {
                if undamaged(tx.get(&KNOWN_KEYS, &(account, *of)))? == *before {
                    tx.put(&KNOWN_KEYS, &(account, *of), row)?;
                }
            }
            Ok::<_, Error>(())
        });
        if let Err(error) = done.wait() {
            tracing::warn!(%error, "signing keys were not kept");
        }
    }
}

fn opened(
    (account, secret): (AccountId, &AccountSecret),
    of: AccountId,
    Sealed(sealed): &Sealed,
) -> Result<KnownKey, Error> {
    let damaged = |_| Error::Damaged { what: "a known key cannot be read".to_owned() };
    let plain = secret.open_current(&binding(account, of), sealed).map_err(damaged)?;
    sealed_form::read(KNOWN_KEYS.name, &plain)
}
