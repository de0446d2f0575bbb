//! What an account knows of signing keys: those of others as it first saw them, and its own.
//!
//! The rows are sealed under the account's own keys, so one who can write to the store can delete
//! them or put older ones back, and change nothing in them. A key that differs from the one that is
//! known is shown as changed until its reader says that it is the right one.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::error::Error;
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::sealed_form;
use crate::gateway::records::search::Sealed;
use crate::gateway::records::tables::KNOWN_KEYS;
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
    /// When an own key was lost and another was made without the owner having asked for it.
    pub lost: Option<Timestamp>,
    /// The keys that were known before it, the latest first.
    pub earlier: Vec<VerifyingKey>,
}

/// The most earlier keys that are kept of one account.
const EARLIER_MAX: usize = 8;

impl KnownKey {
    /// A key that is known from now on.
    pub(in crate::gateway) fn new(key: VerifyingKey, since: Timestamp) -> KnownKey {
        KnownKey { key, since, register: 0, lost: None, earlier: Vec::new() }
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
        (account, secret): (AccountId, &AccountSecret),
        of: AccountId,
    ) -> Result<Option<KnownKey>, Error> {
        let row = self.inner.store.get(&KNOWN_KEYS, &(account, of))?;
        let Some(Sealed(sealed)) = row else { return Ok(None) };
        let damaged = |_| Error::Damaged { what: "a known key cannot be read".to_owned() };
        let plain = secret.open_own(&binding(account, of), &sealed).map_err(damaged)?;
        sealed_form::read(KNOWN_KEYS.name, &plain).map(Some)
    }

    /// Keeps what an account knows of a key.
    pub(in crate::gateway) fn known_key_keep(
        &self,
        (account, secret): (AccountId, &AccountSecret),
        of: AccountId,
        known: &KnownKey,
    ) -> Result<(), Error> {
        let plain = sealed_form::octets_of(known)?;
        let row = Sealed(secret.seal_own(&binding(account, of), &plain)?);
        let done = self
            .inner
            .store
            .transact(move |tx| Ok::<_, Error>(tx.put(&KNOWN_KEYS, &(account, of), &row)?));
        done.wait()
    }

    /// What the actor knows of a key, which is `shown` now by a register with the number `register`.
    /// The first one that is shown is known from then on. Temporary accounts keep nothing.
    pub(in crate::gateway) fn known_key_meet(
        &self,
        actor: &Actor,
        of: AccountId,
        (shown, register): (VerifyingKey, u64),
    ) -> Result<KnownKey, Error> {
        let now = self.inner.clock.now();
        let own = (actor.account(), actor.secret());
        let known = match actor.is_temporary() {
            true => None,
            false => self.known_key(own, of)?,
        };
        let met = match known {
            Some(known) if known.key == shown && register > known.register => {
                KnownKey { register, ..known }
            }
            Some(known) => return Ok(known),
            None => KnownKey { register, ..KnownKey::new(shown, now) },
        };
        if actor.is_temporary() {
            return Ok(met);
        }
        // A message can still be read when nothing can be stored.
        if let Err(error) = self.known_key_keep(own, of, &met) {
            tracing::warn!(%error, "a signing key was not kept");
        }
        Ok(met)
    }
}
