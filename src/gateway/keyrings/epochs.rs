//! The epochs of a keyring: opening one, and preparing the next. What was opened is compared with the
//! commitment of its epoch.

use std::ops::ControlFlow;

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::error::{Conflict, Error, readable};
use crate::gateway::groups::epochs::{CHAIN_MAX, Keys, is_wrong};
use crate::gateway::groups::tending::Tended;
use crate::gateway::records::group::Under;
use crate::gateway::records::ids::{AccountId, GroupId, RingId};
use crate::gateway::records::keyring::{
    KeysChanged, Ring, RingEntry, RingEpoch, RingUnder, RingWrap,
};
use crate::gateway::records::queue::Due;
use crate::gateway::records::tables::{
    ACCOUNT_KEYS, ACCOUNTS, GROUPS, KEYS_CHANGED, REMOVALS, RING_ENTRIES, RING_EPOCHS, RING_WRAPS,
    RINGS_OF, TEMPORARY,
};
use crate::store::{Read, Tx};
use crate::vault::{self, RingSecret};

/// How many epochs one step goes back at once, from an epoch whose number is a multiple of it.
pub(super) const FAR: u32 = 100;

/// How many wraps of an entry are tried, where one does not open.
const WAYS_MAX: usize = 4;

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
pub(super) fn chain_binding(under: RingUnder) -> Vec<u8> {
    [b"keyring epoch\0".as_slice(), &under.ring.0, &under.epoch.to_be_bytes()].concat()
}

/// What binds an epoch to the one that is [`FAR`] before it.
fn far_binding(under: RingUnder) -> Vec<u8> {
    [b"keyring far epoch\0".as_slice(), &under.ring.0, &under.epoch.to_be_bytes()].concat()
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
        let entries = self.ring_entries_of(actor, ring, row)?;
        self.ring_keys_by(actor, (ring, &entries), epoch)
    }

    pub(super) fn ring_keys_by(
        &self,
        actor: &Actor,
        (ring, entries): (RingId, &[RingEntry]),
        epoch: u32,
    ) -> Result<Keys<RingSecret>, Error> {
        let (mut found, mut ways) = (Keys::Waiting, Vec::new());
        for entry in entries {
            if self.inner.store.has(&RING_WRAPS, &(ring, *entry, epoch))? {
                match self.ring_back(actor, (ring, *entry), (epoch, epoch))? {
                    Keys::Differ => found = Keys::Differ,
                    Keys::Held(secret) => return Ok(Keys::Held(secret)),
                    Keys::Waiting | Keys::Unproven => {}
                }
            }
        }
        for entry in entries {
            let from = self.ring_wrapped_after(ring, *entry, epoch)?;
            ways.extend(from.into_iter().map(|from| (from, *entry)));
        }
        ways.sort_unstable();
        for (from, entry) in ways {
            match self.ring_back(actor, (ring, entry), (from, epoch))? {
                Keys::Held(secret) => return Ok(Keys::Held(secret)),
                Keys::Differ => found = Keys::Differ,
                Keys::Waiting | Keys::Unproven => {}
            }
        }
        Ok(found)
    }

    /// The first epochs after this one of which an entry has a wrap.
    fn ring_wrapped_after(
        &self,
        ring: RingId,
        entry: RingEntry,
        epoch: u32,
    ) -> Result<Vec<u32>, Error> {
        let mut found = Vec::new();
        self.inner.store.scan_keys(&RING_WRAPS, &(ring, entry), |(_, _, one)| {
            found.extend((one > epoch).then_some(one));
            match found.len() < WAYS_MAX {
                true => ControlFlow::Continue(()),
                false => ControlFlow::Break(()),
            }
        })?;
        Ok(found)
    }

    /// Opens an entry's wrap of one epoch, and goes back from there to another.
    pub(super) fn ring_back(
        &self,
        actor: &Actor,
        (ring, entry): (RingId, RingEntry),
        (at, epoch): (u32, u32),
    ) -> Result<Keys<RingSecret>, Error> {
        match self.ring_unwrap(actor, RingUnder { ring, epoch: at }, entry)? {
            Keys::Held(secret) if at == epoch => {
                self.ring_checked(RingUnder { ring, epoch }, secret)
            }
            Keys::Held(secret) => self.ring_walk((ring, at), &secret, epoch),
            keys => Ok(keys),
        }
    }

    /// Goes back from an opened epoch to an earlier one, a hundred epochs at once where it can.
    pub(super) fn ring_walk(
        &self,
        (ring, mut at): (RingId, u32),
        from: &RingSecret,
        epoch: u32,
    ) -> Result<Keys<RingSecret>, Error> {
        let mut held: Option<RingSecret> = None;
        for _ in 0..CHAIN_MAX {
            let under = RingUnder { ring, epoch: at };
            let Some(row) = self.ring_epoch(under)? else { return Ok(Keys::Differ) };
            let far = row.sealed_far.filter(|_| at.saturating_sub(epoch) >= FAR);
            let (sealed, bound, step) = match (far, row.sealed_earlier) {
                (Some(far), _) => (far, far_binding(under), FAR),
                (None, Some(earlier)) => (earlier, chain_binding(under), 1),
                (None, None) => return Ok(Keys::Waiting),
            };
            let secret = match held.as_ref().unwrap_or(from).open_earlier(&bound, &sealed) {
                Ok(earlier) => earlier,
                Err(error) if is_wrong(&error) => return Ok(Keys::Differ),
                Err(error) => return Err(error.into()),
            };
            at -= step;
            if at <= epoch {
                return self.ring_checked(RingUnder { ring, epoch }, secret);
            }
            held = Some(secret);
        }
        Ok(Keys::Waiting)
    }

    /// Compares what was opened with the commitment of its epoch.
    pub(super) fn ring_checked(
        &self,
        under: RingUnder,
        secret: RingSecret,
    ) -> Result<Keys<RingSecret>, Error> {
        let row = self.ring_epoch(under)?;
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

    pub(super) fn ring_epoch(&self, under: RingUnder) -> Result<Option<RingEpoch>, Error> {
        let key = (under.ring, under.epoch);
        Ok(readable(self.inner.store.get(&RING_EPOCHS, &key))?.flatten())
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
                Err(Error::Conflict(Conflict::GroupKeysWait)) => return Ok(None),
                // One group whose row is damaged is in nobody's way.
                Err(Error::NotFound { .. } | Error::Damaged { .. }) => return Ok(None),
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
        let (mut sealed_earlier, mut sealed_far, mut proof) = (None, None, None);
        if let Some(before) = before {
            proof = Some(before.prove_next(&bound, &commitment)?);
            if row.shares_earlier && number > row.shares_from {
                sealed_earlier = Some(secret.seal_earlier(&bound, before)?);
                sealed_far = self.ring_seal_far((under, &secret), row, before)?;
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
        let began = self.inner.clock.now();
        let row = RingEpoch { commitment, began, sealed_earlier, proof, sealed_far };
        Ok((NextEpoch { number, row, wraps, groups, looked_at }, secret))
    }

    /// Seals the secret of the epoch that is [`FAR`] before, where the epochs lead back to it.
    fn ring_seal_far(
        &self,
        (under, secret): (RingUnder, &RingSecret),
        row: &Ring,
        before: &RingSecret,
    ) -> Result<Option<Vec<u8>>, Error> {
        let far = under.epoch.checked_sub(FAR).filter(|_| under.epoch.is_multiple_of(FAR));
        let Some(far) = far.filter(|far| *far >= row.chain_from.max(1)) else { return Ok(None) };
        Ok(match self.ring_walk((under.ring, row.epoch), before, far)? {
            Keys::Held(far) => Some(secret.seal_earlier(&far_binding(under), &far)?),
            _ => None,
        })
    }

    /// Whether the actor itself opens an epoch that is about to begin. One that its maker does not open
    /// is begun for nobody, or shuts the maker out.
    pub(super) fn ring_opens(&self, actor: &Actor, next: &NextEpoch) -> Result<bool, Error> {
        for (entry, wrap) in &next.wraps {
            let group = match entry {
                RingEntry::Account(account) if *account == actor.account() => return Ok(true),
                RingEntry::Account(_) => continue,
                RingEntry::Group(group) => *group,
            };
            match self.group_opening(actor, Under { group, epoch: wrap.epoch }) {
                Ok(_) => return Ok(true),
                Err(Error::NotFound { .. } | Error::Conflict(_) | Error::KeysDiffer) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }

    /// Does what is due for the keys of the groups among these entries that the actor is in. Each has a
    /// share of its own of what one request does: no other group comes before it.
    pub(super) fn ring_groups_tend(
        &self,
        actor: &Actor,
        groups: impl IntoIterator<Item = GroupId>,
    ) {
        for group in groups {
            let made = match group == GroupId::EVERYBODY && !actor.is_temporary() {
                true => self.everybody_ensure(),
                false => Ok(()),
            };
            if let Err(error) =
                made.and_then(|()| self.group_tend(actor, group, &mut Tended::default()))
            {
                tracing::debug!(%error, "the keys of a group were not tended");
            }
        }
    }
}

impl NextEpoch {
    /// Stores the epoch; the caller stores the keyring. Of epochs that lead back, an entry keeps the wrap
    /// before besides, which proves the next.
    pub fn store_in_tx(&self, tx: &mut Tx<'_>, ring: RingId, row: &mut Ring) -> Result<(), Error> {
        if row.epoch.checked_add(1) != Some(self.number) {
            return Err(Error::Busy);
        }
        tx.put(&RING_EPOCHS, &(ring, self.number), &self.row)?;
        if self.row.sealed_earlier.is_none() {
            row.chain_from = self.number;
        }
        let over = row.chain_from..row.epoch;
        for (entry, wrap) in &self.wraps {
            if !over.is_empty() {
                let mut gone = Vec::new();
                tx.scan_keys(&RING_WRAPS, &(ring, *entry), |key| {
                    gone.extend(over.contains(&key.2).then_some(key));
                    ControlFlow::Continue(())
                })?;
                gone.iter().for_each(|key| tx.delete(&RING_WRAPS, key));
            }
            tx.put(&RING_WRAPS, &(ring, *entry, self.number), wrap)?;
        }
        (row.epoch, row.due, row.looked_at) = (self.number, false, self.looked_at);
        row.groups.clone_from(&self.groups);
        Ok(())
    }
}

/// Puts an entry into a keyring; fails with `Busy` if there is no such account or group any more.
pub(super) fn entry_in_tx(tx: &mut Tx<'_>, ring: RingId, entry: RingEntry) -> Result<(), Error> {
    let is_there = match entry {
        RingEntry::Account(account) => {
            let temporary = readable(tx.get(&TEMPORARY, &account))?.flatten();
            let ends = temporary.is_some_and(|row| row.ending.is_some());
            !ends && tx.has(&ACCOUNTS, &account)? && !tx.has(&REMOVALS, &account)?
        }
        RingEntry::Group(group) => group == GroupId::EVERYBODY || tx.has(&GROUPS, &group)?,
    };
    if !is_there {
        return Err(Error::Busy);
    }
    tx.put(&RING_ENTRIES, &(ring, entry), &Due)?;
    Ok(tx.put(&RINGS_OF, &(entry, ring), &Due)?)
}
