//! The signing pair of an account: made with the account, or at the next request of one that has
//! none; made anew after a recovery, and after a password of somebody else's choice was replaced (`docs/decisions/0015-signing-and-vouching.md`).
//!
//! The public half lies in a record that one who can write to the store can change. So the owner's
//! session takes the key from the sealed private half, and compares it with the one that the owner
//! knows.

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::accounts::known_key::KnownKey;
use crate::gateway::actor::Actor;
use crate::gateway::error::{Error, readable, undamaged};
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::membership::computed_lapse_in_tx;
use crate::gateway::records::search::Sealed;
use crate::gateway::records::tables::{ACCOUNT_KEYS, KNOWN_KEYS, SIGNING_KEYS};
use crate::gateway::records::vouching::SigningKey;
use crate::store::{Read, Tx};
use crate::vault::{self, AccountSecret, SigningPair, UnlockKey, VerifyingKey};

/// How often a pair is looked for again because another request made one meanwhile.
const TRIES: usize = 3;

pub(in crate::gateway) fn binding(account: AccountId, number: u32) -> Vec<u8> {
    [b"signing key\0".as_slice(), &account.0, &number.to_be_bytes()].concat()
}

/// Makes a pair and its record.
fn made(
    (account, secret): (AccountId, &AccountSecret),
    number: u32,
    now: Timestamp,
) -> Result<(SigningPair, SigningKey), vault::Error> {
    let (pair, sealed_private) = SigningPair::generate(secret, &binding(account, number))?;
    let public = pair.public();
    let row = SigningKey { public, number, sealed_private, since: now, ended: false, signs: true };
    Ok((pair, row))
}

/// The record of the first pair of an account, whose keys `unlock` opens, and that its owner knows it.
pub(in crate::gateway) fn first(
    account: AccountId,
    unlock: &UnlockKey,
    sealed_private: &[u8],
    now: Timestamp,
) -> Result<(SigningKey, Sealed), Error> {
    let secret = unlock.open_account(sealed_private, &account.0)?;
    let (pair, row) = made((account, &secret), 0, now)?;
    let known = KnownKey::new(pair.public(), now);
    Ok((row, Gateway::known_sealed((account, &secret), account, &known)?))
}

/// Ends the pair of an account: its next request makes another. What opened the account before the
/// recovery may be known to somebody else, and with it the pair.
pub(in crate::gateway) fn end_in_tx(tx: &mut Tx<'_>, account: AccountId) -> Result<(), Error> {
    if let Some(mut row) = readable(tx.get(&SIGNING_KEYS, &account))?.flatten() {
        row.ended = true;
        tx.put(&SIGNING_KEYS, &account, &row)?;
        computed_lapse_in_tx(tx, account)?;
    }
    Ok(())
}

/// Fails if `key` is not the account's any more: its pair was ended, or replaced, since it was opened.
pub(in crate::gateway) fn current_in_tx(
    tx: &Tx<'_>,
    account: AccountId,
    key: VerifyingKey,
) -> Result<(), Error> {
    let row = readable(tx.get(&SIGNING_KEYS, &account))?.flatten();
    match row.is_some_and(|row| !row.ended && row.public == key) {
        true => Ok(()),
        false => Err(Error::Busy),
    }
}

impl Gateway {
    /// The record of an account's signing key; `None` for temporary accounts, before the owner has chosen
    /// a password, for one that has made no request since there are such keys, and if it cannot be read.
    pub(in crate::gateway) fn signing_key(
        &self,
        account: AccountId,
    ) -> Result<Option<SigningKey>, Error> {
        Ok(readable(self.inner.store.get(&SIGNING_KEYS, &account))?.flatten())
    }

    /// The actor's signing pair, made now if there is none. Temporary accounts have none, and neither has
    /// an account whose password somebody else chose: that person could open it.
    pub(in crate::gateway) fn signing_pair(&self, actor: &Actor) -> Result<SigningPair, Error> {
        if actor.is_temporary() {
            return Err(Error::Denied { reason: "a temporary account signs nothing" });
        }
        if actor.behind().is_some() {
            return Err(Error::Denied { reason: "a role mailbox signs nothing" });
        }
        if actor.must_choose() {
            return Err(Error::Denied { reason: "the owner has to choose a password first" });
        }
        self.signing_pair_of((actor.account(), actor.secret()))
    }

    /// The signing pair of the account that `secret` opens.
    pub(in crate::gateway) fn signing_pair_of(
        &self,
        own: (AccountId, &AccountSecret),
    ) -> Result<SigningPair, Error> {
        for _ in 0..TRIES {
            let row = undamaged(self.inner.store.get(&SIGNING_KEYS, &own.0))?;
            let (sealed, known) = self.known_row(own, own.0)?;
            let is_known =
                |pair: &SigningPair| known.as_ref().is_none_or(|known| known.key == pair.public());
            let live = row.as_ref().filter(|row| !row.ended);
            let found = live.and_then(|row| {
                SigningPair::open(own.1, &binding(own.0, row.number), &row.sealed_private).ok()
            });
            let (pair, new) = match (found.filter(is_known), live) {
                (Some(pair), Some(row)) if row.public == pair.public() => {
                    if known.is_some() {
                        return Ok(pair);
                    }
                    (pair, row.clone())
                }
                // The public half was changed; the private one says what it is.
                (Some(pair), Some(row)) => {
                    tracing::error!(account.id = %own.0.to_text(), "a signing key was put right");
                    let row = SigningKey { public: pair.public(), ..row.clone() };
                    (pair, row)
                }
                _ => self.signing_made(own, row.as_ref())?,
            };
            let now = self.inner.clock.now();
            let is_lost = known.as_ref().is_some_and(|known| known.key != pair.public())
                && !row.as_ref().is_some_and(|row| row.ended);
            let known = KnownKey::instead(known, pair.public(), now);
            let known = KnownKey { lost: is_lost.then_some(now).or(known.lost), ..known };
            let known = Gateway::known_sealed(own, own.0, &known)?;
            if self.signing_store(own, (row, sealed), (new, known))? {
                return Ok(pair);
            }
        }
        Err(Error::Busy)
    }

    fn signing_made(
        &self,
        own: (AccountId, &AccountSecret),
        before: Option<&SigningKey>,
    ) -> Result<(SigningPair, SigningKey), Error> {
        let number = before.map_or(0, |row| row.number.saturating_add(1));
        let (pair, row) = made(own, number, self.inner.clock.now())?;
        let signs = before.is_none_or(|before| before.signs);
        Ok((pair, SigningKey { signs, ..row }))
    }

    /// Stores the pair, and what its owner knows of it, in place of the rows that were looked at;
    /// returns whether both were still there. One without the other would be a pair that its owner
    /// does not know. What was opened before the account's keys were renewed stores none: a request
    /// that began before a recovery would put its own pair in the place of the owner's.
    fn signing_store(
        &self,
        (account, secret): (AccountId, &AccountSecret),
        (row, known): (Option<SigningKey>, Option<Sealed>),
        (new, known_new): (SigningKey, Sealed),
    ) -> Result<bool, Error> {
        let (own, number) = ((account, account), secret.number());
        let done = self.inner.store.transact(move |tx| {
            let keys = tx.get(&ACCOUNT_KEYS, &account)?;
            if keys.is_none_or(|keys| keys.number != number) {
                return Err(Error::Refused);
            }
            // What cannot be read is replaced, as if it were not there.
            let is_same = undamaged(tx.get(&SIGNING_KEYS, &account))? == row
                && undamaged(tx.get(&KNOWN_KEYS, &own))? == known;
            if is_same {
                tx.put(&SIGNING_KEYS, &account, &new)?;
                computed_lapse_in_tx(tx, account)?;
                tx.put(&KNOWN_KEYS, &own, &known_new)?;
            }
            Ok::<_, Error>(is_same)
        });
        done.wait()
    }
}
