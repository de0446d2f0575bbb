//! The epochs of a keyring: opening one, and preparing the next.
//!
//! As in a group, whatever the server hands out is checked with what the reader holds: a secret against
//! the commitment of its epoch, and a new epoch against the proof that a holder of the one before left.

use std::ops::ControlFlow;

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::error::{Conflict, Error, readable};
use crate::gateway::groups::epochs::{CHAIN_MAX, Genuine, Keys, follows, is_wrong};
use crate::gateway::records::group::Under;
use crate::gateway::records::ids::{AccountId, GroupId, RingId};
use crate::gateway::records::keyring::{
    KeysChanged, Ring, RingEntry, RingEpoch, RingUnder, RingWrap,
};
use crate::gateway::records::queue::Due;
use crate::gateway::records::search::Sealed;
use crate::gateway::records::tables::{
    ACCOUNT_KEYS, ACCOUNTS, KEYS_CHANGED, RING_ENTRIES, RING_EPOCHS, RING_SEEN, RING_WRAPS,
    RINGS_OF,
};
use crate::store::{Read, Tx};
use crate::vault::{self, RingSecret};

/// An epoch that is about to begin.
#[derive(Clone, Debug)]
pub(super) struct NextEpoch {
    number: u32,
    row: RingEpoch,
    wraps: Vec<(RingEntry, RingWrap)>,
    /// The groups among its entries, each with its epoch, or 0.
    groups: Vec<(GroupId, u32)>,
    looked_at: u64,
}

fn wrap_binding(under: RingUnder, entry: RingEntry) -> Vec<u8> {
    let (ring, epoch) = (under.ring.0, under.epoch.to_be_bytes());
    [b"keyring\0".as_slice(), &ring, &epoch, &entry.octets()].concat()
}

/// What binds an epoch to the one before.
fn chain_binding(under: RingUnder) -> Vec<u8> {
    [b"keyring epoch\0".as_slice(), &under.ring.0, &under.epoch.to_be_bytes()].concat()
}

fn seen_binding(ring: RingId, account: AccountId) -> Vec<u8> {
    [b"keyring seen\0".as_slice(), &ring.0, &account.0].concat()
}

impl Gateway {
    /// The entries that the actor stands for: the own account, and the groups that it is in.
    pub(super) fn ring_entries_of(
        &self,
        actor: &Actor,
        ring: RingId,
        row: &Ring,
    ) -> Result<Vec<RingEntry>, Error> {
        let own = RingEntry::Account(actor.account());
        let mut found = Vec::new();
        if self.inner.store.has(&RING_ENTRIES, &(ring, own))? {
            found.push(own);
        }
        for (group, _) in &row.groups {
            if self.group_holds(*group, actor.account())? {
                found.push(RingEntry::Group(*group));
            }
        }
        Ok(found)
    }

    /// Opens an epoch: by a wrap for one of the actor's entries, or from a later epoch back.
    pub(super) fn ring_keys(
        &self,
        actor: &Actor,
        (ring, row): (RingId, &Ring),
        epoch: u32,
    ) -> Result<Keys<RingSecret>, Error> {
        let mut ways = Vec::new();
        for entry in self.ring_entries_of(actor, ring, row)? {
            let from = self.ring_wrapped_from(ring, entry, epoch)?;
            ways.extend(from.map(|from| (from, entry)));
        }
        ways.sort_unstable();
        let mut found = Keys::Waiting;
        for (from, entry) in ways {
            match self.ring_back(actor, (ring, entry), (from, epoch))? {
                Keys::Held(secret) => return Ok(Keys::Held(secret)),
                Keys::Differ => found = Keys::Differ,
                Keys::Waiting | Keys::Unproven => {}
            }
        }
        Ok(found)
    }

    /// The first epoch, not before this one, of which an entry has a wrap.
    fn ring_wrapped_from(
        &self,
        ring: RingId,
        entry: RingEntry,
        epoch: u32,
    ) -> Result<Option<u32>, Error> {
        if self.inner.store.has(&RING_WRAPS, &(ring, entry, epoch))? {
            return Ok(Some(epoch));
        }
        let mut from = None;
        self.inner.store.scan_keys(&RING_WRAPS, &(ring, entry), |(_, _, one)| {
            if one < epoch {
                return ControlFlow::Continue(());
            }
            from = Some(one);
            ControlFlow::Break(())
        })?;
        Ok(from.filter(|from| from - epoch <= CHAIN_MAX))
    }

    /// Opens an entry's wrap of one epoch, and goes back from there to another.
    fn ring_back(
        &self,
        actor: &Actor,
        (ring, entry): (RingId, RingEntry),
        (mut at, epoch): (u32, u32),
    ) -> Result<Keys<RingSecret>, Error> {
        let mut secret = match self.ring_unwrap(actor, RingUnder { ring, epoch: at }, entry)? {
            Keys::Held(secret) => secret,
            keys => return Ok(keys),
        };
        while at > epoch {
            let under = RingUnder { ring, epoch: at };
            let Some(row) = self.ring_epoch(under)? else { return Ok(Keys::Differ) };
            let Some(sealed) = row.sealed_earlier else { return Ok(Keys::Waiting) };
            secret = match secret.open_earlier(&chain_binding(under), &sealed) {
                Ok(earlier) => earlier,
                Err(error) if is_wrong(&error) => return Ok(Keys::Differ),
                Err(error) => return Err(error.into()),
            };
            at -= 1;
        }
        let row = self.ring_epoch(RingUnder { ring, epoch })?;
        Ok(match row.is_some_and(|row| row.commitment == secret.commitment()) {
            true => Keys::Held(secret),
            false => Keys::Differ,
        })
    }

    fn ring_unwrap(
        &self,
        actor: &Actor,
        under: RingUnder,
        entry: RingEntry,
    ) -> Result<Keys<RingSecret>, Error> {
        let key = (under.ring, entry, under.epoch);
        let found = readable(self.inner.store.get(&RING_WRAPS, &key))?.flatten();
        let Some(wrap) = found else { return Ok(Keys::Differ) };
        let bound = wrap_binding(under, entry);
        let opened = match entry {
            RingEntry::Account(_) => actor.secret().ring_open(&wrap.wrapped, &bound),
            RingEntry::Group(group) => {
                let under = Under { group, epoch: wrap.epoch };
                match self.group_opening(actor, under) {
                    Ok(secret) => secret.ring_open(&wrap.wrapped, &bound),
                    Err(Error::NotFound { .. } | Error::Conflict(_)) => return Ok(Keys::Waiting),
                    Err(Error::KeysDiffer) => return Ok(Keys::Differ),
                    Err(error) => return Err(error),
                }
            }
        };
        match opened {
            Ok(secret) => Ok(Keys::Held(secret)),
            Err(error) if is_wrong(&error) => Ok(Keys::Differ),
            Err(error) => Err(error.into()),
        }
    }

    fn ring_epoch(&self, under: RingUnder) -> Result<Option<RingEpoch>, Error> {
        let key = (under.ring, under.epoch);
        Ok(readable(self.inner.store.get(&RING_EPOCHS, &key))?.flatten())
    }

    /// Opens the epoch in use, and checks that it follows, epoch by epoch, from the latest one that this
    /// account's session knew. A new reader has nothing to compare with.
    pub(super) fn ring_keys_in_use(
        &self,
        actor: &Actor,
        (ring, row): (RingId, &Ring),
    ) -> Result<Keys<RingSecret>, Error> {
        let secret = match self.ring_keys(actor, (ring, row), row.epoch)? {
            Keys::Held(secret) => secret,
            keys => return Ok(keys),
        };
        Ok(match self.ring_genuine(actor, (ring, row))? {
            Genuine::Yes => Keys::Held(secret),
            Genuine::Unproven => Keys::Unproven,
            Genuine::No => Keys::Differ,
        })
    }

    fn ring_genuine(&self, actor: &Actor, (ring, row): (RingId, &Ring)) -> Result<Genuine, Error> {
        let seen = self.inner.store.get(&RING_SEEN, &(actor.account(), ring));
        let Some(Sealed(sealed)) = readable(seen)?.flatten() else { return Ok(Genuine::Yes) };
        let opened = actor.secret().open_own(&seen_binding(ring, actor.account()), &sealed);
        let Ok(plain) = opened else { return Ok(Genuine::No) };
        let Some((known, commitment)) = plain.split_first_chunk::<4>() else {
            return Ok(Genuine::No);
        };
        let known = u32::from_be_bytes(*known);
        let same = self.ring_epoch(RingUnder { ring, epoch: known })?;
        if same.is_none_or(|row| row.commitment != commitment) {
            return Ok(Genuine::No);
        }
        follows((known, row.epoch), |epoch| {
            let under = RingUnder { ring, epoch };
            let Some(next) = self.ring_epoch(under)? else { return Ok(Genuine::No) };
            let before = match self.ring_keys(actor, (ring, row), epoch - 1)? {
                Keys::Held(before) => before,
                Keys::Differ => return Ok(Genuine::No),
                Keys::Waiting | Keys::Unproven => return Ok(Genuine::Unproven),
            };
            let Some(proof) = next.proof else { return Ok(Genuine::Unproven) };
            let proven = before.proves_next(&chain_binding(under), &next.commitment, &proof);
            Ok(if proven { Genuine::Yes } else { Genuine::No })
        })
    }

    /// Remembers, sealed for the account alone, that its session found this epoch to be genuine.
    pub(super) fn ring_seen_note(
        &self,
        actor: &Actor,
        under: RingUnder,
        secret: &RingSecret,
    ) -> Result<(), Error> {
        let key = (actor.account(), under.ring);
        let bound = seen_binding(under.ring, actor.account());
        let plain = [under.epoch.to_be_bytes().as_slice(), &secret.commitment()].concat();
        let seen = readable(self.inner.store.get(&RING_SEEN, &key))?.flatten();
        let is_same = |Sealed(sealed): Sealed| {
            actor.secret().open_own(&bound, &sealed).is_ok_and(|before| *before == plain)
        };
        if seen.is_some_and(is_same) {
            return Ok(());
        }
        let sealed = Sealed(actor.secret().seal_own(&bound, &plain)?);
        let done = self.transact(move |tx| {
            if tx.has(&ACCOUNTS, &key.0)? {
                tx.put(&RING_SEEN, &key, &sealed)?;
            }
            Ok::<_, Error>(())
        });
        done.wait()
    }

    /// How often keys of accounts changed by now.
    pub(super) fn keys_changed(&self) -> Result<u64, Error> {
        let KeysChanged(count) = self.inner.store.get(&KEYS_CHANGED, &())?.unwrap_or_default();
        Ok(count)
    }

    /// The public half of an account that can sign in, temporary or not.
    pub(super) fn ring_public_of(
        &self,
        account: AccountId,
    ) -> Result<Option<vault::PublicKey>, Error> {
        let row = readable(self.inner.store.get(&ACCOUNTS, &account))?.flatten();
        if row.is_none_or(|row| row.disabled) {
            return Ok(None);
        }
        let keys = readable(self.inner.store.get(&ACCOUNT_KEYS, &account))?.flatten();
        Ok(keys.map(|keys| keys.public_key()))
    }

    /// Wraps a secret for an entry; `None` if it has no keys at this time.
    pub(super) fn ring_wrap(
        &self,
        secret: &RingSecret,
        under: RingUnder,
        entry: RingEntry,
    ) -> Result<Option<RingWrap>, Error> {
        let bound = wrap_binding(under, entry);
        let (public, epoch, wrapped) = match entry {
            RingEntry::Account(account) => {
                let Some(key) = self.ring_public_of(account)? else { return Ok(None) };
                let wrapped = secret.wrap_for(&key, &bound);
                (key.octets, 0, wrapped)
            }
            RingEntry::Group(group) => match self.group_public(group) {
                Ok((under, public)) => {
                    let wrapped = secret.wrap_for_group(&public, &bound);
                    (public, under.epoch, wrapped)
                }
                Err(Error::NotFound { .. } | Error::Conflict(Conflict::GroupKeysWait)) => {
                    return Ok(None);
                }
                Err(error) => return Err(error),
            },
        };
        match wrapped {
            Ok(wrapped) => {
                Ok(Some(RingWrap { wrapped, epoch, public: vault::short_digest(&public) }))
            }
            // One entry whose keys are damaged is in nobody's way.
            Err(error) if is_wrong(&error) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Prepares an epoch for these entries, after the one in use, which `before` opened.
    pub(super) fn ring_epoch_prepare(
        &self,
        (ring, row): (RingId, &Ring),
        entries: &[RingEntry],
        before: Option<&RingSecret>,
    ) -> Result<(NextEpoch, RingSecret), Error> {
        let number = row.epoch.checked_add(1).ok_or(Error::OverQuota)?;
        let looked_at = self.keys_changed()?;
        let under = RingUnder { ring, epoch: number };
        let secret = RingSecret::generate()?;
        let (bound, commitment) = (chain_binding(under), secret.commitment());
        let (mut sealed_earlier, mut proof) = (None, None);
        if let Some(before) = before {
            proof = Some(before.prove_next(&bound, &commitment)?);
            if row.shares_earlier && number > row.shares_from {
                sealed_earlier = Some(secret.seal_earlier(&bound, before)?);
            }
        }
        let (mut wraps, mut groups) = (Vec::with_capacity(entries.len()), Vec::new());
        for entry in entries {
            let wrap = self.ring_wrap(&secret, under, *entry)?;
            if let RingEntry::Group(group) = entry {
                groups.push((*group, wrap.as_ref().map_or(0, |wrap| wrap.epoch)));
            }
            wraps.extend(wrap.map(|wrap| (*entry, wrap)));
        }
        let row = RingEpoch { commitment, began: self.inner.clock.now(), sealed_earlier, proof };
        Ok((NextEpoch { number, row, wraps, groups, looked_at }, secret))
    }
}

impl NextEpoch {
    /// Stores the epoch; the caller stores the keyring. Of a keyring whose epochs lead back, an entry keeps
    /// the wrap before besides, which proves the next.
    pub fn store_in_tx(&self, tx: &mut Tx<'_>, ring: RingId, row: &mut Ring) -> Result<(), Error> {
        if row.epoch.checked_add(1) != Some(self.number) {
            return Err(Error::Busy);
        }
        tx.put(&RING_EPOCHS, &(ring, self.number), &self.row)?;
        let before = tx.get(&RING_EPOCHS, &(ring, row.epoch))?;
        let leads_back = before.is_some_and(|before| before.sealed_earlier.is_some());
        let over = row.epoch.checked_sub(1).filter(|_| leads_back && self.leads_back());
        for (entry, wrap) in &self.wraps {
            tx.put(&RING_WRAPS, &(ring, *entry, self.number), wrap)?;
            if let Some(over) = over {
                tx.delete(&RING_WRAPS, &(ring, *entry, over));
            }
        }
        (row.epoch, row.due, row.looked_at) = (self.number, false, self.looked_at);
        row.groups.clone_from(&self.groups);
        Ok(())
    }

    fn leads_back(&self) -> bool {
        self.row.sealed_earlier.is_some()
    }
}

/// Puts an entry into a keyring.
pub(super) fn entry_in_tx(tx: &mut Tx<'_>, ring: RingId, entry: RingEntry) -> Result<(), Error> {
    tx.put(&RING_ENTRIES, &(ring, entry), &Due)?;
    Ok(tx.put(&RINGS_OF, &(entry, ring), &Due)?)
}
